package portal

import (
	"context"
	"net/http"
	"slices"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/web/ui"
)

// autoRenewAsk says what turning a domain's invoices on or off does, and asks.
func (a *area) autoRenewAsk(w http.ResponseWriter, r *http.Request) error {
	h, err := a.ownDomain(r)
	if err != nil {
		return err
	}
	if h.autoRenewDetail(true) == nil {
		return say(w, r, h.href(""), ui.Info, "This domain does not renew any more.")
	}
	q, err := a.autoRenewQuestion(r.Context(), h)
	if err != nil {
		return err
	}
	p := a.page(w, r, "Auto renew", "domains")
	return a.confirm(w, p, q)
}

func (a *area) autoRenewQuestion(ctx context.Context, h holding) (ui.Confirm, error) {
	q := ui.Confirm{ID: "auto-renew", Text: h.name(), Action: h.href("/auto-renew"), Cancel: h.href(""), Tone: ui.Info}
	if h.DoNotRenew {
		q.Title, q.Label = "Turn auto renew on?", "Turn on"
		q.Hidden = []ui.Hidden{{Name: "on", Value: "yes"}}
		q.Effects = h.turnedOn()
		return q, nil
	}
	q.Title, q.Label = "Turn auto renew off?", "Turn off"
	q.Hidden = []ui.Hidden{{Name: "on", Value: "no"}}
	var err error
	q.Effects, err = a.turnedOff(ctx, h)
	return q, err
}

// turnedOn says what follows from turning it on.
func (h holding) turnedOn() []string {
	h.DoNotRenew = false
	all := []string{"Invoices are made by themselves. The domain is renewed when you pay, and never without payment."}
	switch on, ok := h.invoiceOn(); {
	case h.Free():
		return []string{"It is free of charge: no invoice is made for it."}
	case h.Term == 0:
		all = append(all, "At the moment there is no term for which it could renew by itself: renew it yourself, or write to us.")
	case ok && h.Standing.Status == domainname.Active && h.open() == nil:
		all = append(all, "On "+day(on)+" you get an invoice of "+show(h.Recurring)+" for "+years(h.Term)+", before tax, due on "+day(h.NextDue)+".")
	case h.open() == nil:
		all = append(all, "It is too late for an invoice by itself: renew it yourself, if that is still offered.")
	}
	return all
}

// turnedOff says what follows from turning it off.
func (a *area) turnedOff(ctx context.Context, h holding) ([]string, error) {
	all := []string{"No invoice is made for it by itself any more. Until " + day(h.ends()) + " nothing else changes."}
	if h.ends().IsZero() {
		all = []string{"No invoice is made for it by itself any more."}
	}
	r := h.owed()
	switch {
	case h.underWay() != nil:
		all = append(all, "The renewal that you have paid for is made all the same.")
	case r == nil || r.Kind != domainname.Automatic || r.InvoiceID == "":
		all = append(all, "If you do nothing, the registration ends then. You can still renew it yourself in time.")
	case !h.settings.DomainWithdraw:
		all = append(all, "The open invoice stays payable: if you pay it, the domain is renewed.")
	default:
		inv, err := a.Billing.ByID(ctx, r.InvoiceID)
		if err != nil {
			return nil, err
		}
		open, _, paid := h.toPay()
		withdrawn := "The open invoice " + numberOf(inv) + " of " + show(inv.Total) + " is withdrawn."
		besides := func(l billing.InvoiceLine) bool { return l.ID != r.LineID && l.With != r.LineID }
		if len(open) > 0 && slices.ContainsFunc(inv.Lines, besides) {
			withdrawn = "Its renewal for " + show(open[0].Sum) + " is taken off invoice " + numberOf(inv) + ", which is made anew for the rest."
		}
		if len(open) > 1 {
			withdrawn += " So is the one of its fee, of " + show(open[1].Sum) + "."
		}
		if paid.Amount > 0 {
			withdrawn += " What you have paid for its fee, " + show(paid) + ", becomes your credit."
		}
		all = append(all, withdrawn, "Money that is on its way for it already becomes your credit.", "If you do nothing, the registration ends then. You can still renew it yourself in time.")
	}
	return all, nil
}

func (a *area) autoRenew(w http.ResponseWriter, r *http.Request) error {
	h, err := a.ownDomain(r)
	if err != nil {
		return err
	}
	on := r.PostFormValue("on")
	if on != "yes" && on != "no" {
		return fail.Malformed("ON", "The form is not complete.")
	}
	if _, err := a.Renewals.SetAutoRenew(r.Context(), h.ID, on == "yes", ""); err != nil {
		if _, whole, ok := explained(err); ok {
			return say(w, r, h.href(""), ui.Warn, whole)
		}
		return err
	}
	if on == "yes" {
		return done(w, r, h.href(""), "Auto renew is on.")
	}
	return done(w, r, h.href(""), "Auto renew is off.")
}

// priced is a domain with what the registry asks for the renewal that waits for its price to be accepted.
func (a *area) priced(ctx context.Context, h holding) (holding, error) {
	if !h.waitsForPrice() {
		return h, nil
	}
	asked, known, err := a.Renewals.AskedPrice(ctx, *h.underWay())
	if known {
		h.asked = &asked
	}
	return h, err
}

// acceptQuestion asks whether the price of the registry is accepted, and names it: that one is accepted, and no other.
func (h holding) acceptQuestion(r *domainname.Renewal) *ui.Confirm {
	q := &ui.Confirm{
		ID: "accept-price", Title: "Accept the registry's price?", Text: h.name(), Tone: ui.Info, Action: h.href("/accept-price"), Label: "Accept", Cancel: h.href(""),
		Hidden: []ui.Hidden{{Name: "price", Value: h.asked.Price.Decimal()}},
		Effects: []string{
			"The renewal costs " + show(h.asked.Price) + " in place of " + show(r.Price) + ", before tax.", "You get an invoice of the difference: " + show(h.asked.Missing) + ", before tax.",
			"When that is paid, the domain is renewed until " + day(r.Expected) + ".",
		},
	}
	if h.asked.Missing.Amount <= 0 {
		q.Effects = []string{"The renewal costs " + show(h.asked.Price) + ", which you have paid already. It is renewed until " + day(r.Expected) + "."}
	}
	return q
}

// waitsForPrice reports whether a renewal waits for its holder to accept another price.
func (h holding) waitsForPrice() bool {
	r := h.underWay()
	return r != nil && r.State == domainname.RenewalHeld && r.Hold == domainname.HeldPrice && r.FeeInvoiceID == ""
}

// priceToAccept is a domain one of whose renewals waits for its price, and is told so. ok is false where an answer was given already.
func (a *area) priceToAccept(w http.ResponseWriter, r *http.Request) (h holding, ok bool, err error) {
	if h, err = a.ownDomain(r); err != nil {
		return h, false, err
	}
	if h, err = a.priced(r.Context(), h); err != nil {
		return h, false, err
	}
	switch {
	case !h.waitsForPrice():
		return h, false, say(w, r, h.href(""), ui.Info, "No price waits to be accepted.")
	case h.asked == nil:
		return h, false, say(w, r, h.href(""), ui.Info, "We are still finding out what the registry asks for. Please look again later.")
	}
	return h, true, nil
}

func (a *area) acceptAsk(w http.ResponseWriter, r *http.Request) error {
	h, ok, err := a.priceToAccept(w, r)
	if err != nil || !ok {
		return err
	}
	return a.confirm(w, a.page(w, r, "Accept the price", "domains"), *h.acceptQuestion(h.underWay()))
}

// accept accepts the price that was shown.
func (a *area) accept(w http.ResponseWriter, r *http.Request) error {
	h, ok, err := a.priceToAccept(w, r)
	if err != nil || !ok {
		return err
	}
	shown, err := money.ParseDecimal(r.PostFormValue("price"), h.asked.Price.Currency)
	if err != nil {
		return fail.Malformed("PRICE", "The form is not complete.")
	}
	invoice, err := a.Renewals.AcceptPrice(r.Context(), h.underWay().ID, shown)
	if err != nil && fail.Of(err).Code == "PRICE_CHANGED" {
		return say(w, r, h.href("/accept-price"), ui.Warn, "The price has changed meanwhile. Please look at it again.")
	}
	if err != nil {
		if _, whole, ok := explained(err); ok {
			return say(w, r, h.href(""), ui.Warn, whole)
		}
		return err
	}
	if invoice == "" {
		return done(w, r, h.href(""), "Accepted. The domain is renewed now.")
	}
	return say(w, r, "/account/invoices/"+invoice, ui.Info, "Accepted. Pay this invoice, and the domain is renewed.")
}
