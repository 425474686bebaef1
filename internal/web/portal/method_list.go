package portal

import (
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/web/ui"
)

func (a *area) methodList(w http.ResponseWriter, r *http.Request) error {
	me := visitorOf(r)
	saved, err := a.Payments.Methods(r.Context(), me.customer.ID)
	if err != nil {
		return err
	}
	today, err := a.today(r)
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(w, r, "Payment methods", "methods"), Head: ui.Head{Title: "Payment methods", Sub: "Renewals are charged to the default one by themselves."}}
	mayAdd := !me.acting() && a.canAdd() && len(saved) < mostMethods
	if mayAdd && len(saved) > 0 {
		v.Head.Actions = []ui.Button{{Label: "Add", Icon: "plus", Kind: ui.Primary, Href: newMethod}}
	}
	if n := a.toPay(r, me); n > 0 && !me.acting() {
		v.Callouts = append(v.Callouts, openInvoices(n))
	}
	for _, m := range saved {
		v.Cards = append(v.Cards, a.methodCard(v.Page, m, saved, today, !me.acting()))
	}
	if len(saved) == 0 {
		v.Empty = &ui.Empty{Art: "invoice", Title: "No payment method saved", Text: "With one, renewals are paid by themselves. Without, you get invoices to pay."}
		if mayAdd {
			v.Empty.Action = &ui.Button{Label: "Add a payment method", Kind: ui.Primary, Href: newMethod}
		}
	}
	return a.sheet(w, http.StatusOK, v)
}

func (a *area) methodCard(p ui.Page, m payment.Method, saved []payment.Method, today civil.Date, inPerson bool) card {
	c := card{Head: ui.CardHead{Title: m.Label, Text: "Saved on " + date(p, m.CreatedAt) + "."}}
	if until := expiry(m); until != "" {
		c.Head.Text = "Good until the end of " + until + ". " + c.Head.Text
	}
	switch {
	case !m.ExpiresOn.IsZero() && m.ExpiresOn.Before(today):
		c.Badge = &ui.Badge{Text: "Expired", Tone: ui.Danger}
	case !a.chargeable(m):
		c.Badge = &ui.Badge{Text: "Can't be charged", Tone: ui.Warn}
	case m.Default:
		c.Badge = &ui.Badge{Text: "Default", Tone: ui.Success}
	}
	if !inPerson {
		return c
	}
	if !m.Default {
		c.Head.Actions = append(c.Head.Actions, ui.Button{Label: "Make default", Small: true, Href: methodHref(m, "/default"), Post: true})
	}
	c.Head.Actions = append(c.Head.Actions, ui.Button{Label: "Remove", Kind: ui.Quiet, Small: true, Href: methodHref(m, "/remove"), Confirm: dropQuestion(m, saved)})
	return c
}

const newMethod = "/account/payment-methods/new"

func methodHref(m payment.Method, below string) string {
	return "/account/payment-methods/" + m.ID + below
}

// expiry is the month until whose end a method is good; empty if it has none.
func expiry(m payment.Method) string {
	if m.ExpiresOn.IsZero() {
		return ""
	}
	return m.ExpiresOn.StartIn(time.UTC).Format("January 2006")
}

// canAdd reports whether there is a gateway whose cards can be saved here.
func (a *area) canAdd() bool { return a.Sandbox != nil }

// methodDefault makes a method the one that is charged.
func (a *area) methodDefault(w http.ResponseWriter, r *http.Request) error {
	m, err := a.ownMethod(r)
	if err != nil {
		return err
	}
	if _, err := a.Payments.SetDefaultMethod(r.Context(), m.CustomerID, m.ID); err != nil {
		return err
	}
	return done(w, r, "/account/payment-methods", "Renewals are charged to "+m.Label+" from now on.")
}

func dropQuestion(m payment.Method, saved []payment.Method) *ui.Confirm {
	c := &ui.Confirm{
		ID: "remove-" + m.ID, Title: "Remove " + m.Label + "?", Action: methodHref(m, "/remove"), Label: "Remove", Cancel: "/account/payment-methods",
		Effects: []string{"It is forgotten here and at " + gatewayName(m.Gateway) + "."},
	}
	switch {
	case len(saved) == 1:
		c.Effects = append(c.Effects, "Nothing is left that can be charged: renewals are invoiced, and you pay them yourself. A trial ends without going on.")
	case m.Default:
		c.Effects = append(c.Effects, "Renewals are charged to another of your payment methods.")
	}
	return c
}

// dropAsk is the question as a page.
func (a *area) dropAsk(w http.ResponseWriter, r *http.Request) error {
	m, err := a.ownMethod(r)
	if err != nil {
		return err
	}
	saved, err := a.Payments.Methods(r.Context(), m.CustomerID)
	if err != nil {
		return err
	}
	return a.confirm(w, a.page(w, r, "Remove", "methods"), *dropQuestion(m, saved))
}

func (a *area) drop(w http.ResponseWriter, r *http.Request) error {
	m, err := a.ownMethod(r)
	if err != nil {
		return err
	}
	if err := a.Payments.RemoveMethod(r.Context(), m.CustomerID, m.ID); err != nil {
		return err
	}
	return done(w, r, "/account/payment-methods", m.Label+" is removed.")
}

// mostMethods is more than anybody needs.
const mostMethods = 20
