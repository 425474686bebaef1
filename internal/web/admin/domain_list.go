package admin

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

const domainsAt = "/admin/domains"

// expiringWithin are the days that the list offers to look ahead.
var expiringWithin = []int{7, 30, 60, 90, 365}

// specials are the filters of the list that are about renewals, as people call them.
var specials = []ui.Option{
	{Value: "", Label: "Any"},
	{Value: "unpaid", Label: "Unpaid"},
	{Value: "unconfirmed", Label: "Paid, not confirmed"},
	{Value: "failed", Label: "Needs a person"},
	{Value: "never", Label: "Never by itself"},
}

func specialText(value string) string {
	for _, o := range specials {
		if o.Value == value {
			return o.Label
		}
	}
	return value
}

func withinText(days string) string { return days + " days" }

// registryToday is today as registries count, which windows and stages go by.
func (a *area) registryToday() civil.Date { return domainname.RegistryDate(a.Clock.Now()) }

func (a *area) domainFilter(r *http.Request) domainname.Filter {
	q := r.URL.Query()
	f := domainname.Filter{
		Query: q.Get("q"), Status: domainname.Status(q.Get("status")), CustomerID: q.Get("customer_id"), Extension: q.Get("extension"),
		RegistrarID: q.Get("registrar_id"), Special: q.Get("special"), Cursor: cursor(r), Limit: perPage,
	}
	if q.Get("sort") == "term_end" {
		f.Order = "term_end"
	}
	if days, err := strconv.Atoi(q.Get("within")); err == nil && days > 0 && days <= 3650 {
		f.EndsFrom = a.registryToday()
		f.EndsBefore = f.EndsFrom.AddDays(days + 1)
	}
	if on, err := civil.Parse(q.Get("ends_on")); err == nil {
		f.EndsFrom, f.EndsBefore = on, on.AddDays(1)
	}
	return f
}

func (a *area) domainList(w http.ResponseWriter, r *http.Request) error {
	f := a.domainFilter(r)
	rows, next, err := a.Domains.List(r.Context(), f)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Domains", "domains")}
	role := visitorOf(r).staff.Role
	v.Head = ui.Head{Title: "Domains", Actions: []ui.Button{{Label: "Export CSV", Href: csvHref(r, domainsAt+".csv"), Icon: "download"}}}
	if role.Can(staff.DomainsWrite) {
		v.Head.Actions = append(v.Head.Actions, ui.Button{Label: "Add a domain", Href: domainsAt + "/new", Icon: "plus"})
	}
	v.Tabs = domainTabs("list")
	if r.URL.RawQuery == "" {
		all, more, err := a.dangers(r.Context())
		if err != nil {
			return err
		}
		v.Callouts = dangerCallout(all, more, a.registryToday())
	}
	if v.Filter, err = a.domainFilters(r, f); err != nil {
		return err
	}
	v.Table = domainTable(rows)
	end := &v.Table.Columns[3]
	end.SortHref = ui.URLWith(r.URL, "sort", "term_end")
	if f.Order == "term_end" {
		end.Sorted, end.SortHref = "ascending", ui.URLWith(r.URL, "sort", "")
	}
	v.Table.Empty = &ui.Empty{Art: "globe", Title: "No domains yet", Text: "A paid order registers one. Domains that are registered elsewhere can be added one by one, or all at once from a table (CSV): keystead import domains FILE --dry-run tells first what would happen."}
	if len(v.Filter.Chips) > 0 {
		v.Table.Empty = &ui.Empty{Art: "search", Title: "No domain found", Action: &ui.Button{Label: "Show all", Href: domainsAt}}
	}
	v.Pager = pager(r, next)
	return a.list(w, v)
}

// domainTabs lead to the views of all domains.
func domainTabs(current string) ui.Tabs {
	t := ui.Tabs{Label: "Domains"}
	for _, x := range []struct{ name, label, href string }{
		{"list", "All", domainsAt},
		{"danger", "In danger", dangerAt},
		{"calendar", "Calendar", domainsAt + "/calendar"},
		{"unconfirmed", "Waiting for the registry", domainsAt + "/unconfirmed"},
		{"prices", "Price updates", domainPricesAt},
		{"loss", "Below cost", domainsAt + "/below-cost"},
		{"notices", "Notices", domainsAt + "/notices"},
	} {
		t.Items = append(t.Items, ui.Tab{Label: x.label, Href: x.href, Current: x.name == current})
	}
	return t
}

func (a *area) domainFilters(r *http.Request, f domainname.Filter) (ui.Filter, error) {
	extensions, err := a.extensionOptions(r)
	if err != nil {
		return ui.Filter{}, err
	}
	registrars, names, err := a.registrarOptions(r)
	if err != nil {
		return ui.Filter{}, err
	}
	within := ui.Select{Label: "Ends within", Name: "within", Value: r.URL.Query().Get("within"), Options: []ui.Option{{Value: "", Label: "Any time"}}}
	for _, n := range expiringWithin {
		days := strconv.Itoa(n)
		within.Options = append(within.Options, ui.Option{Value: days, Label: withinText(days)})
	}
	out := ui.Filter{
		Action: domainsAt, SearchLabel: "Search domains", SearchName: "q", Search: f.Query, Placeholder: "A part of the name", ClearHref: domainsAt,
		Selects: []ui.Select{
			{Label: "Status", Name: "status", Value: string(f.Status), Options: options(domainStatuses()...)},
			within,
			{Label: "Renewal", Name: "special", Value: f.Special, Options: specials},
			{Label: "Extension", Name: "extension", Value: f.Extension, Options: extensions},
			{Label: "Registrar", Name: "registrar_id", Value: f.RegistrarID, Options: registrars},
		},
		Chips: chips(r, chipName{param: "q", label: "Search"}, chipName{"status", "Status", statusText}, chipName{"within", "Ends within", withinText},
			chipName{param: "ends_on", label: "Ends on"}, chipName{"special", "Renewal", specialText}, chipName{param: "extension", label: "Extension"},
			chipName{"registrar_id", "Registrar", func(id string) string { return names[id] }}, chipName{param: "customer_id", label: "Customer"}),
	}
	for _, name := range []string{"customer_id", "ends_on", "sort"} {
		if value := r.URL.Query().Get(name); value != "" {
			out.Hidden = append(out.Hidden, ui.Hidden{Name: name, Value: value})
		}
	}
	return out, nil
}

func domainStatuses() []string {
	var out []string
	for _, s := range []domainname.Status{
		domainname.Active, domainname.Grace, domainname.Redemption, domainname.Expired, domainname.Pending, domainname.PendingRegistration,
		domainname.PendingTransfer, domainname.TransferredAway, domainname.Cancelled, domainname.Fraud,
	} {
		out = append(out, string(s))
	}
	return out
}

// extensionOptions are the extensions that have a policy.
func (a *area) extensionOptions(r *http.Request) ([]ui.Option, error) {
	all, err := a.Domains.Policies(r.Context(), "")
	if err != nil {
		return nil, err
	}
	out := []ui.Option{{Value: "", Label: "Any"}}
	for _, p := range all { // by extension
		if out[len(out)-1].Value != p.Extension {
			out = append(out, ui.Option{Value: p.Extension, Label: "." + p.Extension})
		}
	}
	return out, nil
}

// registrarOptions are the registrars, and what each is called.
func (a *area) registrarOptions(r *http.Request) ([]ui.Option, map[string]string, error) {
	all, err := a.Registrars.List(r.Context())
	if err != nil {
		return nil, nil, err
	}
	out, names := []ui.Option{{Value: "", Label: "Any"}}, map[string]string{}
	for _, x := range all {
		names[x.ID] = x.Name
		out = append(out, ui.Option{Value: x.ID, Label: x.Name})
	}
	return out, names, nil
}

// nameCell is a domain as people read it, with the name as registries write it below where that differs.
func nameCell(n domainname.Name, id string) ui.Cell {
	c := ui.Text(n.Unicode()).Bold().To(domainsAt + "/" + id)
	if n.Unicode() != n.String() {
		c = c.With(n.String())
	}
	return c
}

// standingBadges say how a domain stands.
func standingBadges(s domainname.Standing) []ui.Badge {
	out := []ui.Badge{ui.StatusBadge(string(s.Status))}
	if s.Confirming {
		out = append(out, ui.Badge{Text: "Paid, being confirmed", Tone: ui.Info})
	}
	return out
}

func standingCell(s domainname.Standing) ui.Cell {
	b := ui.StatusBadge(string(s.Status))
	c := ui.Cell{Badge: &b}
	if s.Confirming {
		c.Sub = "Paid, being confirmed"
	}
	return c
}

// domainTable shows domains; used by their own list, by the search and by the calendar.
func domainTable(rows []domainname.Row) ui.Table {
	t := ui.Table{ID: "domains", Caption: "Domains", Columns: []ui.Column{
		{Label: "Domain"},
		{Label: "Customer"},
		{Label: "Status"},
		{Label: "Term end"},
		{Label: "Paid through", Narrow: true},
		{Label: "Next due"},
		{Label: "Recurring", End: true},
		{Label: "Auto renew", Narrow: true},
		{Label: "Renewal"},
	}}
	for _, d := range rows {
		end, _ := d.TermEnd()
		t.Rows = append(t.Rows, ui.Row{Tone: domainTone(d), Cells: []ui.Cell{
			nameCell(d.Name, d.ID), ui.Text(d.CustomerName).To("/admin/customers/" + d.CustomerID), standingCell(d.Standing), dayCell(end),
			dayCell(d.PaidThrough), dueCell(d), recurringCell(d.Domain), autoRenewCell(d), openCell(d.Open),
		}})
	}
	return t
}

// openCell is the renewal that is not over.
func openCell(n *domainname.Renewal) ui.Cell {
	if n == nil {
		return ui.Cell{}
	}
	c := ui.Status(string(n.State))
	c.Sub = openText(*n)
	return c
}

// domainCard are the domains of a customer.
func (a *area) domainCard(ctx context.Context, customerID string) (card, error) {
	rows, _, err := a.Domains.List(ctx, domainname.Filter{CustomerID: customerID, Limit: beside})
	t := ui.Table{ID: "domains", Flush: true, Caption: "Domains", Columns: []ui.Column{{Label: "Domain"}, {Label: "Status"}, {Label: "Term end"}, {Label: "Next due"}, {Label: "Renewal"}}}
	for _, d := range rows {
		end, _ := d.TermEnd()
		t.Rows = append(t.Rows, ui.Row{Tone: domainTone(d), Cells: []ui.Cell{
			nameCell(d.Name, d.ID), standingCell(d.Standing), dayCell(end), dueCell(d).With(yesNo(d.DoNotRenew && d.Standing.Status.Renewable(), "does not renew", "")), openCell(d.Open),
		}})
	}
	return card{Head: ui.CardHead{Title: "Domains", Actions: allOf(domainsAt + "?customer_id=" + customerID)}, Table: &t}, err
}

// solid keeps a short text on one line.
func solid(s string) string { return strings.ReplaceAll(s, " ", "\u00a0") }

// dayCell is a day on one line.
func dayCell(d civil.Date) ui.Cell { return ui.Text(solid(dateText(d))) }

// openText says for what an open renewal waits.
func openText(n domainname.Renewal) string {
	if n.State == domainname.RenewalHeld {
		return renewalHoldWords[n.Hold]
	}
	return yearsText(n.Years)
}

func domainTone(d domainname.Row) ui.Tone {
	switch {
	case d.Standing.Status == domainname.Redemption, d.Open != nil && (d.Open.State == domainname.RenewalHeld || d.Open.State == domainname.RenewalAttention):
		return ui.Danger
	case d.Standing.Status == domainname.Grace || d.Unanswered:
		return ui.Warn
	default:
		return ""
	}
}

// dueCell is when the next renewal falls due of what is still renewed.
func dueCell(d domainname.Row) ui.Cell {
	if !d.Standing.Status.Renewable() {
		return ui.Cell{}
	}
	return dayCell(d.NextDue)
}

func autoRenewCell(d domainname.Row) ui.Cell {
	if !d.Standing.Status.Renewable() {
		return ui.Cell{}
	}
	return ui.Text(yesNo(d.DoNotRenew, "Off", "On"))
}

func recurringCell(d domainname.Domain) ui.Cell {
	switch {
	case d.Term == 0:
		return ui.Text("–").With("does not renew by itself")
	case d.Free():
		return ui.Text("Free")
	default:
		return ui.Text(d.Recurring.Format("en")).With(everyText(d.Term))
	}
}

func yearsText(n int) string { return many(n, "year", "years") }

func everyText(years int) string {
	if years == 1 {
		return "a year"
	}
	return "every " + yearsText(years)
}

var domainCSVHead = []string{
	"id", "name", "unicode", "extension", "customer_id", "customer", "registrar", "status", "confirming", "registry_expiry", "term_end", "paid_through",
	"next_due", "term_years", "recurring", "currency", "auto_renew", "open_renewal", "last_plain_day",
}

func (a *area) domainCSV(w http.ResponseWriter, r *http.Request) error {
	f := a.domainFilter(r)
	f.Limit = 0
	rows := page.Walk(func(cursor string) ([]domainname.Row, string, error) {
		f.Cursor = cursor
		return a.Domains.List(r.Context(), f)
	})
	return writeCSV(w, "domains", domainCSVHead, rows, func(d domainname.Row) []string {
		end, _ := d.TermEnd()
		open := ""
		if d.Open != nil {
			open = string(d.Open.State)
		}
		return []string{
			d.ID, d.Name.String(), d.Name.Unicode(), d.Extension, d.CustomerID, d.CustomerName, d.Registrar, string(d.Standing.Status), strconv.FormatBool(d.Confirming),
			d.Expiry.Date().String(), end.String(), d.PaidThrough.String(), d.NextDue.String(), strconv.Itoa(d.Term), d.Recurring.Decimal(),
			string(d.Recurring.Currency), strconv.FormatBool(!d.DoNotRenew), open, d.Standing.Window.LastPlain.String(),
		}
	})
}
