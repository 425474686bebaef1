package admin

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
	"github.com/keystead/keystead/internal/report"
	"github.com/keystead/keystead/internal/web/ui"
)

const checksAt = "/admin/checks"

// results are what the log of checks holds, with the words for them.
var results = []ui.Option{
	{Value: "", Label: "Any"},
	{Value: "bound", Label: "Bound to a place"},
	{Value: license.WrongDomain, Label: "Wrong domain"},
	{Value: license.WrongIP, Label: "Wrong address"},
	{Value: license.WrongDirectory, Label: "Wrong directory"},
	{Value: check.Banned, Label: "Banned"},
	{Value: check.NotActivated, Label: "Not activated"},
	{Value: check.VersionNotAllowed, Label: "Version not allowed"},
	{Value: string(license.Expired), Label: "Expired"},
	{Value: string(license.Suspended), Label: "Suspended"},
	{Value: string(license.Revoked), Label: "Revoked"},
	{Value: string(license.Cancelled), Label: "Cancelled"},
}

func resultWords(result string) string {
	for _, o := range results {
		if o.Value == result && result != "" {
			return o.Label
		}
	}
	return sentence(result)
}

// resultTones are those of what is out of the ordinary; the rest is over, not wrong.
var resultTones = map[string]ui.Tone{
	"bound": ui.Info, license.WrongDomain: ui.Warn, license.WrongIP: ui.Warn, license.WrongDirectory: ui.Warn, check.NotActivated: ui.Warn,
	check.VersionNotAllowed: ui.Warn, string(license.Suspended): ui.Warn, check.Banned: ui.Danger, string(license.Revoked): ui.Danger,
}

func resultCell(result string) ui.Cell {
	return ui.Cell{Badge: &ui.Badge{Text: resultWords(result), Tone: cmp.Or(resultTones[result], ui.Neutral)}}
}

// verificationList shows the checks that were answered with anything but "valid", and changes of place.
func (a *area) verificationList(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := license.VerificationFilter{
		LicenseID: q.Get("license_id"), ProductID: q.Get("product_id"), Result: q.Get("result"), IP: q.Get("ip"), Cursor: cursor(r), Limit: perPage,
	}
	if days, err := strconv.Atoi(q.Get("days")); err == nil && days > 0 {
		f.Since = a.Clock.Now().AddDate(0, 0, -min(days, 3650))
	}
	v := listView{Page: a.page(r, "Checks", "checks"), Head: ui.Head{Title: "Checks", Sub: "Those that were not answered with a plain yes, and changes of place."}, Tabs: checkTabs(checksAt)}
	found, next, err := a.Licenses.Verifications(r.Context(), f)
	if err != nil {
		bad, _, ok := fieldErrors(err)
		if !ok || bad["ip"] == "" {
			return err
		}
		v.Callouts = []ui.Callout{{Tone: ui.Warn, Title: "Nothing can be looked for", Text: "“" + ui.Clip(q.Get("ip"), 60) + "” is not an address such as 192.0.2.1."}}
	}
	days, err := a.Reports.CheckDays(r.Context(), f.LicenseID)
	if err != nil {
		return err
	}
	v.Cards = checkCharts(days)
	products, _, err := a.Catalog.Products(r.Context(), catalogAll)
	if err != nil {
		return err
	}
	named, offered := map[string]string{}, []ui.Option{{Value: "", Label: "Any"}}
	for _, p := range products {
		named[p.ID] = p.Name
		offered = append(offered, ui.Option{Value: p.ID, Label: ui.Clip(p.Name, 60)})
	}
	v.Filter = ui.Filter{
		Action: checksAt, SearchLabel: "Search by address", SearchName: "ip", Search: q.Get("ip"), Placeholder: "IP address", ClearHref: checksAt,
		Selects: []ui.Select{
			{Label: "Answer", Name: "result", Value: f.Result, Options: results},
			{Label: "Product", Name: "product_id", Value: f.ProductID, Options: offered},
			{Label: "Since", Name: "days", Value: q.Get("days"), Options: []ui.Option{{Value: "", Label: "Ever"}, {Value: "1", Label: "A day"}, {Value: "7", Label: "A week"}, {Value: "30", Label: "30 days"}}},
		},
		Chips: chips(r, chipName{param: "ip", label: "Address"}, chipName{"result", "Answer", resultWords},
			chipName{"product_id", "Product", func(id string) string { return cmp.Or(named[id], id) }}, chipName{param: "license_id", label: "License"},
			chipName{"days", "Since", func(n string) string { return n + " days" }}),
	}
	if f.LicenseID != "" {
		v.Filter.Hidden = []ui.Hidden{{Name: "license_id", Value: f.LicenseID}}
	}
	v.Table = verificationTable(v.Page, found, true)
	v.Table.Empty = &ui.Empty{Art: "done", Title: "Nothing out of the ordinary", Text: "Checks are listed here that were refused, or bound a license to a place."}
	v.Pager = pager(r, next)
	return a.list(w, v)
}

func verificationTable(p ui.Page, found []license.Verification, withLicense bool) ui.Table {
	t := ui.Table{Caption: "Checks", Columns: []ui.Column{{Label: "When"}, {Label: "Answer"}, {Label: "Place"}, {Label: "From"}, {Label: "Version", Narrow: true}}}
	if withLicense {
		t.Columns = slices.Insert(t.Columns, 1, ui.Column{Label: "License"})
	}
	for _, c := range found {
		cells := []ui.Cell{ui.HTML(p.Ago(c.At)), resultCell(c.Result), placeCell(c), ui.Mono(c.IP).With(ui.Clip(c.UserAgent, 60)), ui.Text(c.Version)}
		if withLicense {
			cells = slices.Insert(cells, 1, ui.Mono(shortKey(c.Key)).With(ui.Clip(c.CustomerName, 60)+", "+ui.Clip(c.ProductName, 60)).To("/admin/licenses/"+c.LicenseID))
		}
		t.Rows = append(t.Rows, ui.Row{Cells: cells})
	}
	return t
}

// placeCell is the place that software named.
func placeCell(c license.Verification) ui.Cell {
	name := cmp.Or(c.Place.Domain, c.Identifier, "Not said")
	var more []string
	for _, part := range []string{c.Place.IP, c.Place.Directory} {
		if part != "" {
			more = append(more, ui.Clip(part, 80))
		}
	}
	return ui.Mono(ui.Clip(name, 60)).With(strings.Join(more, ", "))
}

// mostSeries is how many answers a chart tells apart.
const mostSeries = 5

// checkCharts draw how often was asked, and what was not answered with a plain yes.
func checkCharts(d report.CheckDays) []card {
	labels := ui.DayLabels(d.First.StartIn(time.UTC), report.Days)
	all := make([]float64, report.Days)
	for i, n := range d.Checks {
		all[i] = float64(n)
	}
	c := card{Head: ui.CardHead{Title: "Answers other than valid", Text: strconv.Itoa(report.Days) + " days, each in UTC"}}
	series := loggedSeries(d)
	if len(series) == 0 {
		c = card{Head: ui.CardHead{Title: "All checks", Text: c.Head.Text}}
		c.Chart = ui.Area(ui.Chart{Title: "Checks a day", Labels: labels, Series: []ui.Series{{Name: "Checks", Values: all}}, Short: true})
		return []card{c}
	}
	c.Chart = ui.Bars(ui.Chart{Title: "Answers other than valid, a day", Labels: labels, Series: series, Short: true})
	return []card{c, {
		Head:  ui.CardHead{Title: "All checks", Text: c.Head.Text},
		Chart: ui.Area(ui.Chart{Title: "Checks a day", Labels: labels, Series: []ui.Series{{Name: "Checks", Values: all}}, Short: true}),
	}}
}

// loggedSeries are the most frequent answers, one series each, and the others together.
func loggedSeries(d report.CheckDays) []ui.Series {
	sum := func(result string) (n int64) {
		for _, of := range d.Logged[result] {
			n += of
		}
		return n
	}
	names := slices.SortedFunc(maps.Keys(d.Logged), func(x, y string) int { return cmp.Or(cmp.Compare(sum(y), sum(x)), cmp.Compare(x, y)) })
	var out []ui.Series
	for i, name := range names {
		if i < mostSeries {
			out = append(out, ui.Series{Name: resultWords(name), Values: make([]float64, report.Days)})
		} else if i == mostSeries {
			out = append(out, ui.Series{Name: "Others", Values: make([]float64, report.Days)})
		}
		for day, n := range d.Logged[name] {
			out[min(i, mostSeries)].Values[day] += float64(n)
		}
	}
	return out
}
