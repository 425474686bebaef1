package admin

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

// found is how many hits of each kind the search shows.
const found = 8

// search looks for one text everywhere: keys, identifiers, e-mail addresses, names, numbers. A single exact hit is
// opened at once.
func (a *area) search(w http.ResponseWriter, r *http.Request) error {
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	v := sheetView{Page: a.page(r, "Search", "")}
	v.Search = q
	v.Head = ui.Head{Title: "Search"}
	if q == "" {
		v.Left = []card{{Empty: &ui.Empty{Art: "search", Title: "Search everything", Text: "A license key, an e-mail address, a name, an invoice number, a domain."}}}
		return a.sheet(w, v)
	}
	v.Head.Sub = "for “" + q + "”"
	if to := recordHref(q); to != "" {
		http.Redirect(w, r, to, http.StatusSeeOther)
		return nil
	}
	role, exact := visitorOf(r).staff.Role, ""
	var people []customer.Customer
	if role.Can(staff.LicensesRead) {
		licenses, _, err := a.Licenses.List(r.Context(), license.Filter{Query: q, Limit: found})
		if err != nil {
			return err
		}
		for _, l := range licenses {
			if l.Key == q {
				exact = "/admin/licenses/" + l.ID
			}
		}
		if len(licenses) > 0 {
			t := licenseTable(v.Page, licenses, true)
			t.Flush = true
			v.Left = append(v.Left, card{Head: ui.CardHead{Title: "Licenses", Actions: allOf("/admin/licenses?q=" + url.QueryEscape(q))}, Table: &t})
		}
	}
	if role.Can(staff.CustomersRead) {
		customers, _, err := a.Customers.List(r.Context(), customer.Filter{Query: q, Limit: found})
		if err != nil {
			return err
		}
		people = customers
		t := ui.Table{Caption: "Customers", Flush: true, Columns: []ui.Column{{Label: "Customer"}, {Label: "Company"}}}
		for _, c := range customers {
			if strings.EqualFold(c.Email, q) {
				exact = "/admin/customers/" + c.ID
			}
			t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.Person(c.Name, c.Email).To("/admin/customers/" + c.ID), ui.Text(c.Company)}})
		}
		if len(customers) > 0 {
			v.Left = append(v.Left, card{Head: ui.CardHead{Title: "Customers", Actions: allOf("/admin/customers?q=" + url.QueryEscape(q))}, Table: &t})
		}
	}
	if role.Can(staff.DomainsRead) {
		cards, page, err := a.searchDomains(r, q)
		if err != nil {
			return err
		}
		v.Left, exact = append(v.Left, cards...), cmp.Or(exact, page)
	}
	if role.Can(staff.SalesRead) {
		invoices, _, err := a.Billing.List(r.Context(), billing.Filter{Query: q, Limit: found})
		if err != nil {
			return err
		}
		byPlace, err := a.invoicesAtPlace(r.Context(), q)
		if err != nil {
			return err
		}
		for _, i := range append(byPlace, invoices...) {
			if strings.EqualFold(i.Number, q) {
				exact = "/admin/invoices/" + i.ID
			}
		}
		if len(invoices) > 0 {
			t := invoiceTable(v.Page, invoices, true)
			t.Flush = true
			v.Left = append(v.Left, card{Head: ui.CardHead{Title: "Invoices", Actions: allOf("/admin/invoices?q=" + url.QueryEscape(q))}, Table: &t})
		}
		orders, _, err := a.Orders.List(r.Context(), order.Filter{Query: q, Limit: found})
		if err != nil {
			return err
		}
		if len(orders) > 0 {
			t := orderTable(v.Page, orders, true)
			t.Flush = true
			v.Left = append(v.Left, card{Head: ui.CardHead{Title: "Orders", Actions: allOf("/admin/orders?q=" + url.QueryEscape(q))}, Table: &t})
		}
		more, page, err := a.searchMoney(r.Context(), v.Page, q, people)
		if err != nil {
			return err
		}
		v.Left = append(v.Left, more...)
		if exact == "" {
			exact = page
		}
	}
	if exact != "" {
		http.Redirect(w, r, exact, http.StatusSeeOther)
		return nil
	}
	if len(v.Left) == 0 {
		v.Left = []card{{Empty: &ui.Empty{Art: "search", Title: "Nothing found", Text: "The search looks at the beginning of keys, addresses, names, numbers and identifiers, and at any part of a domain."}}}
	}
	return a.sheet(w, v)
}

// invoicesAtPlace finds the invoices at the place in the series with which a number ends: INV-2026-2 begins as so many
// later ones do that it would not be among them.
func (a *area) invoicesAtPlace(ctx context.Context, number string) ([]billing.Invoice, error) {
	place := number[len(strings.TrimRight(number, "0123456789")):]
	if place == "" || place == number || len(place) > 18 {
		return nil, nil
	}
	invoices, _, err := a.Billing.List(ctx, billing.Filter{Query: place, Limit: found})
	return invoices, err
}
