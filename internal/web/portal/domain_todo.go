package portal

import (
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/web/ui"
)

// todo says what is to be done about a domain, or what is being done.
func (h holding) todo(inPerson bool, ahead renewal.Outlook) (all []ui.Callout) {
	if ahead.AccountHeld {
		all = append(all, ui.Callout{
			Tone: ui.Warn, Title: "A payment for one of your domains is disputed",
			Text: "Your bank or card company has asked for the money back. Until that is settled, no renewal is charged to a saved payment method, and what you pay for is renewed only when we have looked at it. Your domains stay as they are. If it was not you who asked, tell them so.",
		})
	}
	if c := h.todoUnderWay(inPerson); c != nil {
		return append(all, *c)
	}
	owed, status := h.todoOwed(ahead), h.todoStatus()
	if owed != nil && status != nil && (h.Standing.Status == domainname.Grace || h.Standing.Status == domainname.Redemption) {
		// What has run out is kept by paying for it: that is one thing.
		status.Text, status.Actions = owed.Title+". "+owed.Text+" "+status.Text, owed.Actions
		owed = nil
	}
	for _, c := range []*ui.Callout{owed, status} {
		if c != nil {
			all = append(all, *c)
		}
	}
	return all
}

// todoUnderWay is about a renewal that is paid and not confirmed.
func (h holding) todoUnderWay(inPerson bool) *ui.Callout {
	r := h.underWay()
	if r == nil {
		return nil
	}
	c := &ui.Callout{
		Tone: ui.Info, Title: "Paid, being confirmed",
		Text: "Your payment has arrived. We renew it until " + day(r.Expected) + " at the registry, and write to you when that is confirmed. You have nothing to do.",
	}
	switch {
	case r.State == domainname.RenewalArranged:
		c.Tone, c.Title = ui.Success, "Paid, and the renewal is arranged"
		c.Text = "The registry renews it on " + day(h.ends()) + " until " + day(r.Expected) + ". Its date moves on that day; you have nothing to do."
	case r.State != domainname.RenewalHeld:
	case r.Hold == domainname.HeldTopUp:
		c.Tone, c.Title = ui.Warn, "A fee is missing"
		c.Text = "Your payment came when the registry already asked for more. It is kept, and nothing was sent to the registry yet. Pay the difference, and the domain is renewed. If you don't want that, write to us: you get your money back in full."
		if to := bill(r); to != "" {
			c.Actions = []ui.Button{{Label: "To its invoice", Href: to, Kind: ui.Primary, Small: true}}
		}
	case r.Hold == domainname.HeldPrice:
		c.Tone, c.Title = ui.Warn, "The registry asks for another price"
		c.Text = "Your payment is kept, and nothing was sent to the registry yet. If you don't accept the price, write to us: you get your money back in full."
		switch {
		case r.FeeInvoiceID != "":
			c.Title, c.Text = "The difference to the new price is to be paid", "You have accepted the registry's price. It is renewed as soon as the difference is paid."
			c.Actions = []ui.Button{{Label: "To its invoice", Href: bill(r), Kind: ui.Primary, Small: true}}
		case h.asked == nil:
			c.Text += " We are still finding out what it asks for."
		default:
			c.Title = "The registry asks for " + show(h.asked.Price) + " in place of " + show(r.Price)
		}
		if inPerson && h.waitsForPrice() && h.asked != nil {
			c.Actions = []ui.Button{{Label: "Accept the price", Kind: ui.Primary, Small: true, Href: h.href("/accept-price"), Confirm: h.acceptQuestion(r)}}
		}
	}
	return c
}

// todoOwed is about a renewal that waits for its money.
func (h holding) todoOwed(ahead renewal.Outlook) *ui.Callout {
	r := h.owed()
	open, sum, paid := h.toPay()
	if r == nil || len(open) == 0 {
		return nil
	}
	c := &ui.Callout{
		Tone: ui.Info, Title: "Its renewal is to be paid: " + show(sum),
		Text:    "When the invoice is paid, it is renewed for " + years(r.Years) + ", until " + day(r.Expected) + ". Without payment it is not renewed.",
		Actions: []ui.Button{{Label: "To its invoice", Href: invoiceHref(open[0]), Kind: ui.Primary, Small: true}},
	}
	if len(open) > 1 {
		c.Text = "When both invoices are paid, that of the renewal and that of its fee, it is renewed for " + years(r.Years) + ", until " + day(r.Expected) + ". Without payment it is not renewed."
		c.Actions[0].Label = "To the invoice of the renewal"
		c.Actions = append(c.Actions, ui.Button{Label: "To the invoice of its fee", Href: invoiceHref(open[1]), Small: true})
	}
	if paid.Amount > 0 {
		c.Text += " You have paid " + show(paid) + " for its fee already: that counts for the renewal, and becomes your credit if it is not made."
	}
	if ahead.Standing.Stage != domainname.StageActive {
		c.Tone = ui.Warn
	}
	return c
}

// todoStatus is about where the domain stands in its life.
func (h holding) todoStatus() *ui.Callout {
	var renew []ui.Button
	if h.mayRenew() {
		renew = []ui.Button{{Label: "Renew it", Href: h.href("/renew"), Small: true}}
	}
	switch h.Standing.Status {
	case domainname.Active:
		return h.todoActive()
	case domainname.Grace:
		if h.keptOn() {
			return &ui.Callout{
				Tone: ui.Danger, Title: "It has run out, and can still be renewed",
				Text: "Its last day was " + day(h.Standing.Window.LastPlain) + ", but the registry has not let go of it yet: it may any day. A renewal counts from " + day(h.ends()) + ", not from the day of your payment.", Actions: renew,
			}
		}
		return &ui.Callout{
			Tone: ui.Warn, Title: "It has run out, and can still be renewed until " + day(h.Standing.Window.LastPlain),
			Text: "It may no longer be reachable. A renewal counts from " + day(h.ends()) + ", not from the day of your payment." + h.afterGrace(), Actions: renew,
		}
	case domainname.Redemption:
		if renew != nil {
			renew[0].Label = "Restore it"
		}
		return &ui.Callout{
			Tone: ui.Danger, Title: "It has run out, and can only be restored, until " + day(h.Standing.Window.LastRestore),
			Text: "A restore costs a fee besides the renewal. After that day the registry releases the domain, and anybody can register it.", Actions: renew,
		}
	case domainname.Expired:
		return &ui.Callout{Tone: ui.Danger, Title: "The registration has ended", Text: "Nothing more can be done here. If you want it back, write to us at once."}
	case domainname.Pending:
		return &ui.Callout{Tone: ui.Info, Title: "It waits for your payment", Text: "As soon as its invoice is paid, the registry is asked.", Actions: toInvoices()}
	case domainname.PendingRegistration:
		return &ui.Callout{Tone: ui.Info, Title: "The registry is asked to register it", Text: "We write to you when it is done. If it is refused, what you paid becomes your credit."}
	case domainname.PendingTransfer:
		return &ui.Callout{Tone: ui.Info, Title: "The transfer is under way", Text: "The registrar that has it now is asked to let it go, which can take a week. If it is refused, what you paid becomes your credit."}
	case domainname.TransferredAway:
		return &ui.Callout{Tone: ui.Info, Title: "It is with another registrar", Text: "We can't renew or change it any more. If you did not move it yourself, write to us at once."}
	case domainname.Cancelled, domainname.Fraud:
	}
	return nil
}

func (h holding) afterGrace() string {
	if h.Standing.Window.LastRestore.IsZero() {
		return " After that it is lost."
	}
	return " After that it can only be restored, for a fee."
}

func (h holding) todoActive() *ui.Callout {
	free := h.Free() && h.open() == nil
	switch {
	case h.State.RGP != nil && h.ends().IsZero():
		return nil
	case free && h.DoNotRenew:
		return &ui.Callout{Tone: ui.Info, Title: "It is not renewed", Text: "It ends on " + day(h.ends()) + ". It is free of charge and can't be renewed by yourself: turn auto renew on, or write to us when you want to keep it."}
	case free && h.BundledWith != "" && h.unserved:
		return &ui.Callout{
			Tone: ui.Warn, Title: "It does not renew with its service any more", Text: "The service that it is free with has ended, or is cancelled or paused, so nothing pays for the time after " + day(h.ends()) +
				". Write to us when you want to keep the domain, or resume the service if you still can.",
			Actions: []ui.Button{{Label: "To the service", Href: "/account/subscriptions/" + h.BundledWith, Small: true}},
		}
	case free && h.BundledWith != "":
		return &ui.Callout{
			Tone: ui.Info, Title: "Free with a service of yours", Text: "It renews at no charge when that is paid. It can't be renewed, or paid for, by itself.",
			Actions: []ui.Button{{Label: "To the service", Href: "/account/subscriptions/" + h.BundledWith, Small: true}},
		}
	case free:
		return &ui.Callout{Tone: ui.Info, Title: "Free of charge", Text: "It can't be renewed by yourself. Write to us when you want to keep it."}
	case h.Standing.Stage == domainname.StageTooLate:
		return &ui.Callout{Tone: ui.Warn, Title: "It is too late to renew it here", Text: "It runs until " + day(h.ends()) + ". Write to us at once: sometimes something can still be done." + h.afterGrace()}
	case h.DoNotRenew && h.open() == nil:
		return &ui.Callout{Tone: ui.Info, Title: "It is not renewed by itself", Text: "It ends on " + day(h.ends()) + ", unless you renew it or turn auto renew on."}
	}
	return nil
}
