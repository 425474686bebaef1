package portal

import (
	"context"
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/text"
	"github.com/keystead/keystead/internal/web/ui"
)

// soonDays is how far ahead a term's end is soon.
const soonDays = 30

// The ways to look at the list of domains, by the value of the choice "show".
var domainViews = []ui.Option{
	{Value: "", Label: "All"},
	{Value: "unpaid", Label: "To pay"},
	{Value: "ended", Label: "Run out"},
	{Value: "soon", Label: "Ending within 30 days"},
	{Value: "unconfirmed", Label: "Being confirmed"},
	{Value: "never", Label: "Auto renew off"},
}

// domainFilter reads what a list of the visitor's domains is asked for.
func (a *area) domainFilter(r *http.Request) (domainname.Filter, error) {
	q := r.URL.Query()
	f := domainname.Filter{CustomerID: visitorOf(r).customer.ID, Cursor: cursor(r), Limit: perPage, Order: "name"}
	typed, err := text.Line(q.Get("q"), text.NameLength)
	if err != nil {
		return f, errNoPage
	}
	f.Query = strings.ToLower(typed)
	if q.Get("order") == "term_end" {
		f.Order = "term_end"
	}
	switch show := q.Get("show"); show {
	case "":
	case "soon":
		f.EndsFrom, f.EndsBefore = a.soon()
		f.Order = "term_end"
	case "ended":
		f.EndsFrom, f.EndsBefore = a.ended()
		f.Order = "term_end"
	case "unpaid", "unconfirmed", "never":
		f.Special = show
	default:
		return f, errNoPage
	}
	return f, nil
}

func (a *area) domainList(w http.ResponseWriter, r *http.Request) error {
	f, err := a.domainFilter(r)
	if err != nil {
		return err
	}
	rows, next, err := a.Domains.List(r.Context(), f)
	if err != nil {
		return err
	}
	s, err := a.Settings.Get(r.Context())
	if err != nil {
		return err
	}
	v := listView{Page: a.page(w, r, "Domains", "domains"), Head: ui.Head{Title: "Your domains"}, Pager: pager(r, next)}
	asked := r.URL.Query().Get("show") != "" || f.Query != ""
	if len(rows) > 0 || asked {
		v.Head.Actions = []ui.Button{{Label: "Renew several", Icon: "repeat", Href: renewalsAt}}
		v.Filter = &ui.Filter{
			Action: "/account/domains", SearchLabel: "Search domains", SearchName: "q", Search: f.Query,
			Selects: []ui.Select{{Label: "Show", Name: "show", Value: r.URL.Query().Get("show"), Options: domainViews}},
		}
	}
	v.Table = domainTable(r, f)
	domains := make([]domainname.Domain, len(rows))
	for i, row := range rows {
		domains[i] = row.Domain
	}
	unserved, err := a.Renewals.Unserved(r.Context(), domains)
	if err != nil {
		return err
	}
	for _, row := range rows {
		h := holding{Row: row, settings: s, today: domainname.RegistryDate(v.Now), unserved: unserved[row.ID]}
		v.Table.Rows = append(v.Table.Rows, domainRow(h))
	}
	if asked {
		v.Table.Empty = &ui.Empty{Art: "search", Title: "No domain fits", Text: "Search for a part of its name, or show all.", Action: &ui.Button{Label: "Show all", Href: "/account/domains"}}
	}
	return a.list(w, v)
}

func domainTable(r *http.Request, f domainname.Filter) ui.Table {
	t := ui.Table{
		Caption: "Domains", Columns: []ui.Column{
			{Label: "Domain", SortHref: ui.URLWith(r.URL, "order", "")},
			{Label: "Status"},
			{Label: "Term ends", SortHref: ui.URLWith(r.URL, "order", "term_end")},
			{Label: "Auto renew", Narrow: true},
			{Label: "Next", Wide: true},
			{Label: "Renew", Hidden: true, End: true},
		},
		Empty: &ui.Empty{Art: "globe", Title: "No domains yet", Text: "A domain that you order appears here: until when it runs, and what happens next.", Action: &ui.Button{Label: "See what there is", Href: "/"}},
	}
	sorted := 0
	if f.Order == "term_end" {
		sorted = 2
	}
	t.Columns[sorted].Sorted = "ascending"
	return t
}

func domainRow(h holding) ui.Row {
	badge := h.badge()
	row := ui.Row{Cells: []ui.Cell{ui.Text(h.name()).To(h.href("")), {Badge: &badge}, ui.Day(h.ends()), ui.Text(h.autoRenew()), h.next(), {}}}
	if h.mayRenew() {
		row.Cells[5] = ui.Act(ui.Button{Label: h.renewWord(), Small: true, Href: h.href("/renew")})
	}
	return row
}

// soon are the days on which a term's end is soon: from the first to before the second.
func (a *area) soon() (from, before civil.Date) {
	from = domainname.RegistryDate(a.Clock.Now())
	return from, from.AddDays(soonDays + 1)
}

// longestAfter is for how many days after its end a domain can be kept, at most.
const longestAfter = 200

// ended are the days on which the term of a domain ended that can perhaps be kept: from the first to before the second.
func (a *area) ended() (from, before civil.Date) {
	before = domainname.RegistryDate(a.Clock.Now())
	return before.AddDays(-longestAfter), before
}

// hasDomains reports whether a customer has any. It is a help for the navigation, no reason for a page to fail.
func (a *area) hasDomains(ctx context.Context, customerID string) bool {
	if a.Domains == nil {
		return false
	}
	rows, _, err := a.Domains.List(ctx, domainname.Filter{CustomerID: customerID, Limit: 1})
	if err != nil {
		a.Log.Warn("domains of a customer", "customer", customerID, "err", err)
	}
	return len(rows) > 0
}

// domainCallouts tell of domains that wait for something, where the portal begins.
func (a *area) domainCallouts(r *http.Request) ([]ui.Callout, error) {
	me := visitorOf(r).customer.ID
	if !a.hasDomains(r.Context(), me) {
		return nil, nil
	}
	from, before := a.soon()
	first, last := a.ended()
	unpaid := func(row domainname.Row) bool { return row.Open == nil || row.Open.State == domainname.RenewalOpen }
	var all []ui.Callout
	for _, c := range []struct {
		filter    domainname.Filter
		tone      ui.Tone
		one, many string
		said      string
		href      string
		counts    func(domainname.Row) bool
	}{
		{
			domainname.Filter{EndsFrom: first, EndsBefore: last},
			ui.Danger, "1 domain has run out", " domains have run out", "For some days each can still be renewed or restored. After that anybody can register it.", "/account/domains?show=ended",
			func(row domainname.Row) bool {
				return unpaid(row) && (row.Standing.Status == domainname.Grace || row.Standing.Status == domainname.Redemption)
			},
		},
		{
			domainname.Filter{Special: "unpaid"},
			ui.Info, "1 renewal of a domain waits for payment", " renewals of domains wait for payment", "A domain is renewed when its invoice is paid, and not before.", "/account/domains?show=unpaid",
			func(domainname.Row) bool { return true },
		},
		{
			domainname.Filter{EndsFrom: from, EndsBefore: before},
			ui.Warn, "1 domain ends within 30 days", " domains end within 30 days", "See what happens to each, and renew those that you want to keep.", "/account/domains?show=soon",
			func(row domainname.Row) bool { return unpaid(row) && row.Standing.Status == domainname.Active },
		},
	} {
		c.filter.CustomerID, c.filter.Limit = me, perPage
		rows, more, err := a.Domains.List(r.Context(), c.filter)
		if err != nil {
			return nil, err
		}
		n := 0
		for _, row := range rows {
			if c.counts(row) {
				n++
			}
		}
		if n == 0 {
			continue
		}
		title := c.one
		if n > 1 {
			title = ui.Number(n) + c.many
		}
		if more != "" {
			title = "More than " + title
		}
		all = append(all, ui.Callout{Tone: c.tone, Title: title, Text: c.said, Actions: []ui.Button{{Label: "Show", Href: c.href, Small: true}}})
	}
	return all, nil
}
