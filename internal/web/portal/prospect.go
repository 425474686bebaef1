package portal

import (
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/web/ui"
)

// sentence is how a subscription stands, in a line.
func (o outlook) sentence(p ui.Page) string {
	paidUntil := lastDay(o.sub.PaidUntil())
	switch o.standing.Status {
	case subscription.Trialing:
		if o.method == nil && o.sub.Unit.Amount > 0 {
			return "On trial until " + moment(p, *o.sub.TrialEndsAt)
		}
		return "On trial until " + moment(p, *o.sub.TrialEndsAt) + ", then " + priceOf(o.sub)
	case subscription.Active:
		owed, unpaid := o.owed()
		switch {
		case o.overdue():
			return "Paid until " + paidUntil + "; " + show(owed) + " have been due since " + day(o.bill.DueOn)
		case unpaid:
			return "Paid until " + paidUntil + "; " + show(owed) + " are due on " + day(o.bill.DueOn)
		default:
			return "Paid until " + paidUntil + "; it renews on " + day(o.sub.NextDue)
		}
	case subscription.PastDue:
		return "Suspended, because a payment is missing"
	case subscription.Suspended:
		if o.disputed() {
			return "Suspended, because a payment for it is disputed"
		}
		return "Paused by " + p.Store.Name
	case subscription.Cancelled:
		return "Cancelled; it runs until " + lastDay(o.sub.CancelOn)
	case subscription.Expired:
		return o.ending(p)
	}
	return string(o.standing.Status)
}

// ending says since when it is over, and why.
func (o outlook) ending(p ui.Page) string {
	why, on := o.sub.EndReason, o.sub.EndedOn
	if !o.sub.Ended() {
		why, on = o.standing.End, o.standing.EndOn
	}
	said := "Ended on " + day(on)
	switch why {
	case subscription.EndedCancelled:
		return said + ", as it was cancelled"
	case subscription.EndedUnpaid:
		if o.sub.TrialEndsAt != nil && len(o.sub.Periods) <= 1 {
			return said + ", with its trial"
		}
		return said + ", because it was not paid"
	case subscription.EndedRefunded:
		return said + ", as it was refunded"
	case subscription.EndedDisputeLost:
		return said + ", because its payment was taken back"
	case subscription.EndedByStaff:
		return said + " by " + p.Store.Name
	case subscription.NotEnded:
	}
	return said
}

// todo says what is to be done about a subscription, if something is.
func (o outlook) todo(p ui.Page) *ui.Callout {
	switch o.standing.Status {
	case subscription.Trialing:
		if o.method == nil && o.sub.Unit.Amount > 0 {
			c := &ui.Callout{Tone: ui.Warn, Title: "It ends with the trial", Text: "There is no payment method that can be charged then."}
			if !o.canAdd {
				c.Text += " If it is to go on, write to us before."
				return c
			}
			c.Text += " Add one, and it goes on by itself."
			c.Actions = []ui.Button{{Label: "Add a payment method", Href: newMethod, Small: true, Kind: ui.Primary}}
			return c
		}
	case subscription.Active:
		return o.todoActive()
	case subscription.PastDue:
		c := &ui.Callout{Tone: ui.Danger, Title: "Suspended: a payment is missing", Text: "Pay, and it works again at once. Nothing is lost.", Actions: o.pay()}
		if owed, ok := o.owed(); ok {
			c.Title = "Suspended: " + show(owed) + " are missing"
		}
		if d := o.dates(); !d.ended.IsZero() {
			c.Text += " On " + day(d.ended) + " it ends for good."
		}
		return c
	case subscription.Suspended:
		if o.disputed() {
			return &ui.Callout{
				Tone: ui.Warn, Title: "A payment for it is disputed",
				Text: "Your bank or card company has asked for the money back. Until that is settled nothing is invoiced. If it was not you who asked, tell them so.",
			}
		}
		return &ui.Callout{
			Tone: ui.Warn, Title: p.Store.Name + " has paused this subscription",
			Text: "Until it goes on, nothing is invoiced or charged, and it can't be used. Write to us to have it go on.",
		}
	case subscription.Cancelled:
		if o.again() {
			return &ui.Callout{
				Tone: ui.Info, Title: "It ends after " + lastDay(o.sub.CancelOn), Text: "Until then everything works as before, and you can change your mind: it then goes on as if nothing had been.",
				Actions: []ui.Button{{Label: "Resume", Href: o.href("/resume"), Post: true, Kind: ui.Primary, Small: true}},
			}
		}
	case subscription.Expired:
		return o.todoExpired()
	}
	return nil
}

func (o outlook) todoActive() *ui.Callout {
	if period, ok := o.undecided(); ok {
		return &ui.Callout{
			Tone: ui.Info, Title: "The time from " + day(period.Start) + " is neither invoiced nor paid",
			Text: "Nothing is asked of you at the moment: we look into it and write to you.",
		}
	}
	if !o.overdue() {
		return nil
	}
	owed, _ := o.owed()
	c := &ui.Callout{Tone: ui.Warn, Title: show(owed) + " have been due since " + day(o.bill.DueOn), Actions: o.pay()}
	if o.method != nil {
		c.Actions = append(c.Actions, ui.Button{Label: "Use another card", Href: "/account/payment-methods", Small: true})
	}
	d := o.dates()
	switch {
	case !d.suspended.IsZero():
		c.Text = "It still works until " + lastDay(d.suspended) + ". After that it is suspended until it is paid."
	case !d.ended.IsZero():
		c.Text = "It still works until " + lastDay(d.ended) + ". After that it ends for good."
	}
	if !d.charged.IsZero() {
		c.Text += " We charge " + label(*o.method) + " again on " + day(d.charged) + "."
	}
	return c
}

func (o outlook) todoExpired() *ui.Callout {
	c := &ui.Callout{Tone: ui.Info, Title: "This subscription is over"}
	why := o.sub.EndReason
	if !o.sub.Ended() {
		why = o.standing.End
	}
	switch why {
	case subscription.EndedRefunded, subscription.EndedDisputeLost, subscription.EndedByStaff:
		c.Text = "Write to us if you think this is a mistake."
	case subscription.EndedUnpaid, subscription.EndedCancelled, subscription.NotEnded:
		c.Text = "It can't be resumed. You can buy it again at any time."
		c.Actions = []ui.Button{{Label: "Buy it again", Href: "/buy/" + o.sub.PriceID, Small: true}}
	}
	return c
}

// pay leads to what is unpaid.
func (o outlook) pay() []ui.Button {
	if o.bill == nil {
		return toInvoices()
	}
	return []ui.Button{{Label: "Pay " + show(o.bill.Balance()), Href: "/account/invoices/" + o.bill.ID, Kind: ui.Primary, Small: true}}
}

func (o outlook) href(below string) string { return "/account/subscriptions/" + o.sub.ID + below }

// ahead are the days that lie ahead, in order; next is what the next renewal will ask for.
func (o outlook) ahead(next money.Money) (plan, unless []ui.Event) {
	d := o.dates()
	if d.due.IsZero() {
		return nil, nil
	}
	add := func(to *[]ui.Event, on ui.Event) { *to = append(*to, on) }
	amount := next
	if o.bill != nil {
		amount = o.bill.Balance()
	}
	if amount.Amount == 0 {
		add(&plan, ui.Event{When: when(d.due), What: "It renews, and nothing is to be paid.", Icon: "repeat"})
		return plan, nil
	}
	if !d.invoiced.IsZero() && o.bill == nil && d.invoiced != d.charged {
		add(&plan, ui.Event{When: when(d.invoiced), What: "You get the invoice of " + show(amount) + ".", Icon: "invoice"})
	}
	credit := o.customer.CreditIn(amount.Currency)
	switch {
	case o.bill == nil && credit.Amount >= amount.Amount:
		add(&plan, ui.Event{When: when(d.due), What: "It renews, paid from your credit of " + show(credit) + ".", Icon: "repeat", Tone: ui.Success})
		return plan, nil
	case o.bill == nil && credit.Amount > 0:
		amount.Amount -= credit.Amount
	}
	switch {
	case !d.charged.IsZero():
		add(&plan, ui.Event{When: when(d.charged), What: show(amount) + " are charged to " + label(*o.method) + ".", Icon: "card", Tone: ui.Success})
	case o.bill != nil && d.due.Before(o.today()):
		add(&plan, ui.Event{When: when(d.due), What: show(amount) + " were due.", Icon: "warn", Tone: ui.Warn})
	default:
		add(&plan, ui.Event{When: when(d.due), What: show(amount) + " are due.", Icon: "card", Tone: ui.Info})
	}
	if !d.suspended.IsZero() && o.standing.Status == subscription.Active {
		add(&unless, ui.Event{When: when(d.suspended), What: "It is suspended until it is paid. Nothing is lost.", Icon: "pause", Tone: ui.Warn})
	}
	if !d.ended.IsZero() {
		add(&unless, ui.Event{When: when(d.ended), What: "It ends for good.", Icon: "x", Tone: ui.Danger})
	}
	if o.standing.Status == subscription.Trialing && o.method == nil {
		plan = []ui.Event{{When: when(d.due), What: "The trial is over, and it ends.", Icon: "x", Tone: ui.Warn}}
	}
	return plan, unless
}

// pendingChange tells of a change that takes effect when its invoice is paid.
func (o outlook) pendingChange() *ui.Callout {
	if o.change == nil {
		return nil
	}
	c := &ui.Callout{
		Tone: ui.Info, Title: "A change waits for its payment", Text: "It takes effect as soon as invoice " + o.change.Number + " is paid. If nobody pays it, everything stays as it is.",
		Actions: []ui.Button{{Label: "Pay " + show(o.change.Balance()), Href: "/account/invoices/" + o.change.ID, Kind: ui.Primary, Small: true}},
	}
	for _, line := range o.change.Lines {
		if line.Link != nil && line.Link.Kind == billing.LinkChange && line.Description != o.sub.Description {
			c.Title = "The change to " + line.Description + " waits for its payment"
		}
	}
	return c
}
