package portal

import (
	"net/http"

	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// methodNew lets a customer of a test store choose a card that does what is to be tried. In a live store a method is saved
// on the page of a gateway, while something is paid there.
func (a *area) methodNew(w http.ResponseWriter, r *http.Request) error {
	if !a.canAdd() {
		return errNoPage
	}
	return a.methodView(w, r, http.StatusOK, sandbox.OK, nil)
}

func (a *area) methodView(w http.ResponseWriter, r *http.Request, status int, token string, problem error) error {
	choice := ui.Field{Kind: ui.InputRadio, Name: "token", Label: "Test card", Value: token, Required: true}
	for _, c := range sandbox.Cards() {
		choice.Options = append(choice.Options, ui.Option{Value: c.Token, Label: c.Label, Hint: c.What})
	}
	f := ui.Form{Action: newMethod, Submit: "Save card", Cancel: "/account/payment-methods", Stacked: true, Sections: []ui.FormSection{{Fields: []ui.Field{choice}}}}
	if problem != nil {
		byField, whole, ok := explained(problem)
		if !ok {
			return problem
		}
		f = ui.WithErrors(f, byField, whole)
	}
	v := sheetView{Page: a.page(w, r, "Add a payment method", "methods"), Head: ui.Head{Title: "Add a payment method", Sub: "It becomes the default one: renewals are charged to it."}}
	v.Crumbs = []ui.Crumb{{Label: "Payment methods", Href: "/account/payment-methods"}, {Label: "Add"}}
	v.Cards = []card{{Form: &f}}
	return a.sheet(w, status, v)
}

func (a *area) methodSave(w http.ResponseWriter, r *http.Request) error {
	if !a.canAdd() {
		return errNoPage
	}
	me, token := visitorOf(r).customer.ID, r.PostFormValue("token")
	saved, err := a.Payments.Methods(r.Context(), me)
	if err != nil {
		return err
	}
	if len(saved) >= mostMethods {
		return say(w, r, "/account/payment-methods", ui.Warn, "You have as many as can be saved. Remove one first.")
	}
	m, err := a.Payments.AddMethod(r.Context(), me, sandbox.Name, token)
	if err != nil {
		return a.methodView(w, r, web.FormStatus(w, err), token, err)
	}
	said := m.Label + " is saved. Renewals are charged to it from now on."
	if a.toPay(r, visitorOf(r)) > 0 {
		said += " What is open already you can pay with it now."
	}
	return done(w, r, "/account/payment-methods", said)
}
