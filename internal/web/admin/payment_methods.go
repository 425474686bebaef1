package admin

import (
	"context"
	"net/http"

	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/web/ui"
)

// methodCard shows a customer's saved payment methods.
func (a *area) methodCard(ctx context.Context, p ui.Page, customerID string, mayWrite bool) (card, error) {
	methods, err := a.Payments.Methods(ctx, customerID)
	if err != nil {
		return card{}, err
	}
	base := "/admin/customers/" + customerID + "/methods"
	c := card{Head: ui.CardHead{Title: "Payment methods"}}
	if mayWrite && a.Sandbox != nil {
		c.Head.Actions = []ui.Button{{Label: "Add sandbox card", Href: base + "/new", Small: true}}
	}
	c.Table = &ui.Table{ID: "methods", Flush: true, Caption: "Payment methods", Columns: []ui.Column{{Label: "Method"}, {Label: "Saved"}}, Empty: &ui.Empty{Art: "list", Title: "No saved payment method", Text: "Customers save one when they pay, or in their portal. Renewals are charged to the default one."}}
	if mayWrite {
		c.Table.Columns = append(c.Table.Columns, ui.Column{Label: "Make it the default", Hidden: true}, ui.Column{Label: "Remove", Hidden: true})
	}
	for _, m := range methods {
		sub := gatewayName(m.Gateway)
		if !m.ExpiresOn.IsZero() {
			sub += ", expires " + dateText(m.ExpiresOn)
		}
		if m.Default {
			sub = "Default · " + sub
		}
		row := ui.Row{Cells: []ui.Cell{ui.Text(m.Label).With(sub), ui.HTML(p.Day(m.CreatedAt))}}
		if mayWrite {
			first := ui.Cell{}
			if !m.Default {
				first = ui.Act(ui.Button{Label: "Make default", Href: base + "/" + m.ID + "/default", Post: true})
			}
			row.Cells = append(row.Cells, first, ui.Act(ui.Button{Label: "Remove", Href: base + "/" + m.ID + "/remove", Kind: ui.Quiet}))
		}
		c.Table.Rows = append(c.Table.Rows, row)
	}
	return c, nil
}

func (a *area) methodNew(w http.ResponseWriter, r *http.Request) error {
	return a.methodForm(w, r, http.StatusOK, "", nil, "")
}

func (a *area) methodForm(w http.ResponseWriter, r *http.Request, status int, token string, byField map[string]string, whole string) error {
	if a.Sandbox == nil {
		return errNoPage
	}
	c, err := a.Customers.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	field := ui.Field{Kind: ui.InputRadio, Name: "token", Label: "Card", Value: token}
	for _, c := range sandbox.Cards() {
		if field.Value == "" {
			field.Value = c.Token
		}
		field.Options = append(field.Options, ui.Option{Value: c.Token, Label: c.Name, Hint: c.What})
	}
	base := "/admin/customers/" + c.ID
	v := formView{Page: a.page(r, "Add sandbox card", "customers"), Head: ui.Head{Title: "Add a sandbox card", Sub: "It becomes the default of " + c.Name + ": renewals are charged to it."}}
	v.Crumbs = []ui.Crumb{{Label: "Customers", Href: "/admin/customers"}, {Label: c.Name, Href: base}, {Label: "Add sandbox card"}}
	v.Form = ui.WithErrors(ui.Form{Action: base + "/methods", Submit: "Save card", Cancel: base, Sections: []ui.FormSection{{Title: "What the card does", Fields: []ui.Field{field}}}}, byField, whole)
	return a.form(w, status, v)
}

func (a *area) methodAdd(w http.ResponseWriter, r *http.Request) error {
	if a.Sandbox == nil {
		return errNoPage
	}
	id, token := r.PathValue("id"), r.PostFormValue("token")
	m, err := a.Payments.AddMethod(r.Context(), id, a.Sandbox.Name(), token)
	if err != nil {
		byField, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return a.methodForm(w, r, http.StatusUnprocessableEntity, token, byField, whole)
	}
	return done(w, r, "/admin/customers/"+id, m.Label+" was saved, and is the default.")
}

func (a *area) methodDefault(w http.ResponseWriter, r *http.Request) error {
	m, err := a.Payments.SetDefaultMethod(r.Context(), r.PathValue("id"), r.PathValue("method"))
	if err != nil {
		return err
	}
	return done(w, r, "/admin/customers/"+r.PathValue("id"), m.Label+" is the default.")
}

func (a *area) methodRemoveQuestion(r *http.Request) (*ui.Confirm, error) {
	methods, err := a.Payments.Methods(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	var gone *payment.Method
	for i, m := range methods {
		if m.ID == r.PathValue("method") {
			gone = &methods[i]
		}
	}
	if gone == nil {
		return nil, errNoPage
	}
	effects := []string{"It is forgotten here and at the gateway."}
	switch {
	case len(methods) == 1:
		effects = append(effects, "Nothing can be charged any more: renewals have to be paid by hand.")
	case gone.Default:
		next := methods[len(methods)-1]
		if next.ID == gone.ID {
			next = methods[len(methods)-2]
		}
		effects = append(effects, "Renewals are charged to "+next.Label+" from now on.")
	}
	base := "/admin/customers/" + r.PathValue("id")
	return &ui.Confirm{
		ID: "remove", Title: "Remove " + gone.Label + "?", Effects: effects, Action: base + "/methods/" + gone.ID + "/remove", Label: "Remove", Cancel: base,
	}, nil
}

func (a *area) methodRemove(r *http.Request) (to, text string, err error) {
	id := r.PathValue("id")
	return "/admin/customers/" + id, "The payment method was removed.", a.Payments.RemoveMethod(r.Context(), id, r.PathValue("method"))
}
