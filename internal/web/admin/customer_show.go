package admin

import (
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

// beside is how many rows of another list a record's page shows.
const beside = 10

func (a *area) customerShow(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	c, err := a.Customers.ByID(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(r, c.Name, "customers"), Lead: true}
	v.Crumbs = []ui.Crumb{{Label: "Customers", Href: "/admin/customers"}, {Label: c.Name}}
	v.Head = ui.Head{Title: c.Name, Sub: c.Email}
	if c.Guest {
		v.Head.Badges = []ui.Badge{{Text: "Guest", Tone: ui.Neutral}}
		v.Callouts = []ui.Callout{{Tone: ui.Info, Title: "Ordered without signing in", Text: "Another customer has this address. What is here joins them when the owner of the mailbox opens the link that was sent."}}
	}
	role := visitorOf(r).staff.Role
	if role.Can(staff.SalesWrite) {
		v.Head.Actions = append(v.Head.Actions, ui.Button{Label: "New order", Href: "/admin/orders/new?customer=" + c.ID, Icon: "plus", Kind: ui.Primary})
	}
	if role.Can(staff.CustomersWrite) {
		v.Head.Actions = append(v.Head.Actions, ui.Button{Label: "Edit", Href: "/admin/customers/" + c.ID + "/edit", Icon: "edit"})
		v.Head.More = &ui.Menu{Label: "More", Items: []ui.Button{
			{Label: "Portal link", Icon: "link", Href: "/admin/customers/" + c.ID + "/link", Post: true},
			{Label: "Use the portal as this customer", Icon: "user", Href: "/admin/customers/" + c.ID + "/act", Post: true},
		}}
	}
	v.Left = append(v.Left, card{Head: ui.CardHead{Title: "Facts"}, Details: a.customerFacts(v.Page, c)})
	if role.Can(staff.LicensesRead) {
		licenses, _, err := a.Licenses.List(ctx, license.Filter{CustomerID: c.ID, Limit: beside})
		if err != nil {
			return err
		}
		t := licenseTable(v.Page, licenses, false)
		t.Flush, t.Empty = true, &ui.Empty{Art: "key", Title: "No licenses", Text: "A paid order issues one."}
		v.Right = append(v.Right, card{Head: ui.CardHead{Title: "Licenses", Actions: allOf("/admin/licenses?customer_id=" + c.ID)}, Table: &t})
	}
	if role.Can(staff.DomainsRead) {
		domains, err := a.domainCard(ctx, c.ID)
		if err != nil {
			return err
		}
		v.Right = append(v.Right, domains)
	}
	if role.Can(staff.SalesRead) {
		money, err := a.customerMoney(r, v.Page, c, role.Can(staff.SalesWrite))
		if err != nil {
			return err
		}
		v.Right = append(v.Right, money...)
		orders, _, err := a.Orders.List(ctx, order.Filter{CustomerID: c.ID, Limit: beside})
		if err != nil {
			return err
		}
		invoices, _, err := a.Billing.List(ctx, billing.Filter{CustomerID: c.ID, Limit: beside})
		if err != nil {
			return err
		}
		ot, it := orderTable(v.Page, orders, false), invoiceTable(v.Page, invoices, false)
		ot.Flush, it.Flush = true, true
		ot.Empty, it.Empty = &ui.Empty{Art: "list", Title: "No orders"}, &ui.Empty{Art: "invoice", Title: "No invoices"}
		v.Right = append(v.Right,
			card{Head: ui.CardHead{Title: "Orders", Actions: allOf("/admin/orders?customer_id=" + c.ID)}, Table: &ot},
			card{Head: ui.CardHead{Title: "Invoices", Actions: allOf("/admin/invoices?customer_id=" + c.ID)}, Table: &it})
	}
	if role.Can(staff.EventsRead) {
		mails, err := a.mailCard(ctx, v.Page, c.ID)
		if err != nil {
			return err
		}
		v.Right = append(v.Right, mails...)
	}
	story, err := a.story(r, v.Page, event.Filter{CustomerID: c.ID, Limit: 20})
	if err != nil {
		return err
	}
	v.Left = append(v.Left, card{Head: ui.CardHead{Title: "Story"}, Timeline: story})
	return a.sheet(w, v)
}

// placeText is the country with its state.
func placeText(c customer.Customer) string {
	country := ""
	if c.Country != "" {
		country = ui.CountryName(c.Country)
	}
	if c.State == "" {
		return country
	}
	return c.State + ", " + country
}

func allOf(href string) []ui.Button {
	return []ui.Button{{Label: "All", Href: href, Small: true}}
}

func (a *area) customerFacts(p ui.Page, c customer.Customer) *ui.Details {
	d := &ui.Details{Items: []ui.Detail{
		{Label: "E-mail", Value: ui.Text(c.Email).Copyable()},
		{Label: "Company", Value: ui.Text(c.Company)},
		{Label: "Address", Value: ui.Text(strings.ReplaceAll(c.Address, "\n", ", "))},
		{Label: "Country", Value: ui.Text(placeText(c))},
		{Label: "Tax id", Value: ui.Text(c.TaxID)},
		{Label: "Language", Value: ui.Text(languageNames[c.Language])},
		{Label: "Currency", Value: ui.Text(string(c.Currency))},
		{Label: "Time zone", Value: ui.Text(c.TimeZone)},
		{Label: "Client group", Value: ui.Text(c.Group)},
		{Label: "Customer since", Value: ui.HTML(p.Day(c.CreatedAt))},
		{Label: "Id", Value: ui.Mono(c.ID).Copyable()},
	}}
	for _, m := range c.Credit {
		d.Items = append(d.Items, ui.Detail{Label: "Credit", Value: ui.Text(m.Format("en")), Hint: "Open invoices use it by themselves."})
	}
	signIn := "Can't sign in yet: make a portal link"
	if c.HasPassword {
		signIn = "Has a password"
	}
	d.Items = append(d.Items, ui.Detail{Label: "Portal", Value: ui.Text(signIn)})
	return d
}

// customerLink makes a one-time link by which the customer sets a password, and shows it once.
func (a *area) customerLink(w http.ResponseWriter, r *http.Request) error {
	c, err := a.Customers.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	secret, err := a.SignIn.CustomerLink(r.Context(), c.ID)
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(r, "Portal link", "customers")}
	v.Crumbs = []ui.Crumb{{Label: "Customers", Href: "/admin/customers"}, {Label: c.Name, Href: "/admin/customers/" + c.ID}, {Label: "Portal link"}}
	v.Head = ui.Head{Title: "Portal link for " + c.Name, Sub: "Whoever opens it sets the password of " + c.Email + ". It works once, and is shown only now."}
	v.Left = []card{{Key: &ui.Key{Label: "Link", Value: a.absolute(r, "/account/link/"+secret)}}}
	return a.sheet(w, v)
}
