package portal

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/web/ui"
)

// offeredTerm is a term on offer, by itself or together with a restore, or why there is none.
func offeredTerm(o domainname.Offer, years int) (domainname.Term, *domainname.Refusal) {
	i := slices.IndexFunc(o.Restores, func(t domainname.Term) bool { return t.Years == years })
	if i >= 0 {
		return o.Restores[i], nil
	}
	return o.Term(years)
}

// domainRenewPage lets its holder choose for how long a domain is renewed.
func (a *area) domainRenewPage(w http.ResponseWriter, r *http.Request) error {
	h, err := a.ownDomain(r)
	if err != nil {
		return err
	}
	_, offer, err := a.Renewals.Offer(r.Context(), h.ID, domainname.ByCustomer)
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(w, r, "Renew", "domains"), Head: ui.Head{Title: "Renew " + h.name(), Sub: h.sentence() + "."}}
	v.Crumbs = domainCrumbs(h, "Renew")
	if c := termsCard(h, offer, true); c != nil {
		v.Cards = []card{*c}
	} else {
		v.Cards = []card{{Text: domainname.Refusal{Reason: domainname.NotActive}.Sentence("en")}}
	}
	return a.sheet(w, http.StatusOK, v)
}

// chosen is a renewal that somebody wants, at what it costs now.
type chosen struct {
	holding

	term    domainname.Term
	restore bool
}

// wanted is a renewal that somebody asks for.
type wanted struct {
	holding

	years int
}

// choose looks up what a renewal costs now, or why it is not on offer.
func (a *area) choose(ctx context.Context, want wanted) (chosen, *domainname.Refusal, error) {
	_, offer, err := a.Renewals.Offer(ctx, want.ID, domainname.ByCustomer)
	if err != nil {
		return chosen{}, nil, err
	}
	term, refusal := offeredTerm(offer, want.years)
	return chosen{want.holding, term, len(offer.Restores) > 0}, refusal, nil
}

// agreedTo is what was shown of the money and the dates, so that nobody agrees to what they have not seen.
func agreedTo(all []chosen) string {
	said := ""
	for _, c := range all {
		said += c.ID + " " + strconv.Itoa(c.term.Years) + " " + sumOf(c.term.Price, c.term.Fee) + " " + c.term.Expiry.String() + ";"
	}
	return said
}

// renewalOrder is the order of renewals.
func renewalOrder(customerID string, all []chosen) order.Input {
	in := order.Input{CustomerID: customerID}
	for _, c := range all {
		in.Items = append(in.Items, order.Item{Domain: &order.DomainItem{Action: domainname.ForRenewal, DomainID: c.ID, Years: c.term.Years}, Quantity: 1})
	}
	return in
}

// typedYears reads a number of years; what is none is 0, which nothing is offered for.
func typedYears(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// domainReview shows what a renewal costs and does, and asks whether it is ordered.
func (a *area) domainReview(w http.ResponseWriter, r *http.Request) error {
	h, err := a.ownDomain(r)
	if err != nil {
		return err
	}
	c, refusal, err := a.choose(r.Context(), wanted{h, typedYears(r.URL.Query().Get("years"))})
	if err != nil {
		return err
	}
	if refusal != nil {
		return say(w, r, h.href("/renew"), ui.Warn, refusal.Sentence("en"))
	}
	title := "Renew " + h.name() + " for " + years(c.term.Years) + "?"
	if c.restore {
		title = "Restore " + h.name() + " and renew it for " + years(c.term.Years) + "?"
	}
	v := sheetView{Page: a.page(w, r, "Renew", "domains"), Head: ui.Head{Title: title}}
	v.Crumbs = append(domainCrumbs(h, "Renew")[:2], ui.Crumb{Label: "Renew", Href: h.href("/renew")}, ui.Crumb{Label: "Review"})
	f := ui.Form{Action: h.href("/renew"), Submit: "Order the renewal", Cancel: h.href("/renew"), Back: true, Stacked: true}
	f.Hidden = []ui.Hidden{{Name: "years", Value: strconv.Itoa(c.term.Years)}}
	if err := a.reviewCards(r, &v, []chosen{c}, f); err != nil {
		return err
	}
	return a.sheet(w, http.StatusOK, v)
}

// reviewCards show what is about to be ordered.
func (a *area) reviewCards(r *http.Request, v *sheetView, all []chosen, f ui.Form) error {
	me := visitorOf(r).customer
	quote, err := a.Orders.Quote(r.Context(), renewalOrder(me.ID, all))
	if err != nil {
		return err
	}
	t := ui.Table{Caption: "What is ordered", Flush: true, Columns: []ui.Column{{Label: "Renewal"}, {Label: "Until now"}, {Label: "Then registered until"}, {Label: "Price", End: true}}}
	replaced := 0
	for _, c := range all {
		price := ui.Text(show(c.term.Price))
		if c.term.Fee.Amount > 0 {
			price = price.With("and a fee of " + show(c.term.Fee))
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.Text(c.name()).With(years(c.term.Years)), ui.Text(brief(c.ends())), ui.Text(brief(c.term.Expiry)), price}})
		if c.owed() != nil {
			replaced++
		}
	}
	inv := quote.Invoice
	if inv.Tax.Amount > 0 {
		t.Totals = append(t.Totals, ui.Total{Label: "Tax", Value: show(inv.Tax)})
	}
	t.Totals = append(t.Totals, ui.Total{Label: "Total", Value: show(inv.Total), Strong: true})
	text := "You get an invoice. When it is paid, we renew at the registry, and write to you when that is confirmed. The new date counts from the end of the term, not from the day of your payment."
	if credit := me.CreditIn(inv.Total.Currency); credit.Amount > 0 && inv.Total.Amount > 0 {
		text += " Your credit of " + show(credit) + " is used first."
	}
	if replaced == 1 {
		text += " The open invoice for the automatic renewal is withdrawn, or made anew without it."
	} else if replaced > 1 {
		text += " The open invoices for the automatic renewals are withdrawn, or made anew without them."
	}
	f.Hidden = append(f.Hidden, ui.Hidden{Name: "agreed", Value: agreedTo(all)}, ui.Hidden{Name: "request", Value: rand.Text()})
	f.Sections = []ui.FormSection{{Title: "What happens then", Text: text}}
	v.Cards = []card{{Table: &t}, {Form: &f}}
	return nil
}

// domainRenew orders the renewal of one domain.
func (a *area) domainRenew(w http.ResponseWriter, r *http.Request) error {
	h, err := a.ownDomain(r)
	if err != nil {
		return err
	}
	n := typedYears(r.PostFormValue("years"))
	return a.placeRenewals(w, r, []wanted{{h, n}}, h.href(""), h.href("/renew/review?years="+strconv.Itoa(n)))
}

// renewalKey is the request key of an order that a form of this page has the random part of.
func renewalKey(r *http.Request) (string, error) {
	request := r.PostFormValue("request")
	if len(request) < 20 || len(request) > 40 {
		return "", fail.Malformed("REQUEST", "The form is not complete.")
	}
	return "portal " + visitorOf(r).customer.ID + " " + request, nil
}

// placeRenewals orders renewals, and leads to the invoice; back is where a refusal is shown, review where the amounts are.
// A form that is sent twice leads to the same invoice.
func (a *area) placeRenewals(w http.ResponseWriter, r *http.Request, all []wanted, back, review string) error {
	key, err := renewalKey(r)
	if err != nil {
		return err
	}
	var found []chosen
	sent := false // perhaps, by this form
	for _, want := range all {
		c, refusal, err := a.choose(r.Context(), want)
		switch {
		case err != nil:
			return err
		case refusal == nil:
		case refusal.Reason == domainname.AlreadyOpen:
			sent, c.term.Years = true, want.years
		default:
			return say(w, r, back, ui.Warn, want.name()+": "+refusal.Sentence("en"))
		}
		found = append(found, c)
	}
	if !sent && agreedTo(found) != r.PostFormValue("agreed") {
		return say(w, r, review, ui.Warn, "Prices or dates have changed meanwhile. Please look at them again.")
	}
	in := renewalOrder(visitorOf(r).customer.ID, found)
	in.RequestKey = key
	o, err := a.Orders.Place(r.Context(), in)
	if err != nil {
		if e := fail.Of(err); e.Kind == fail.KindInvalid || e.Kind == fail.KindConflict {
			return say(w, r, back, ui.Warn, e.Detail)
		}
		return err
	}
	return a.afterRenewalOrder(w, r, o, found, back)
}

// afterRenewalOrder leads to where the order goes on.
func (a *area) afterRenewalOrder(w http.ResponseWriter, r *http.Request, o order.Order, found []chosen, back string) error {
	if o.Status == order.Completed {
		return done(w, r, back, "Paid from your credit. We write to you when the registry has confirmed it.")
	}
	return say(w, r, "/account/invoices/"+o.InvoiceID, ui.Info, "Ordered. Pay this invoice, and "+renewedThen(found))
}

func renewedThen(found []chosen) string {
	switch {
	case len(found) > 1:
		return "the domains are renewed."
	case found[0].restore:
		return "the domain is restored and renewed."
	default:
		return "the domain is renewed."
	}
}
