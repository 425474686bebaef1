package ui_test

import (
	"bytes"
	"html/template"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/keystead/keystead/internal/document"
	"github.com/keystead/keystead/internal/web/ui"
)

func parse(t *testing.T) *ui.Pages {
	t.Helper()
	pages, err := ui.Parse(os.DirFS("testdata/sample"), "*.html")
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// gallery shows every component with one piece of text everywhere.
type gallery struct {
	ui.Page
	Head         ui.Head
	Buttons      []ui.Button
	Menu         ui.Menu
	Statuses     []string
	Icons        []string
	Callouts     []ui.Callout
	Stats        []ui.Stat
	Tabs         ui.Tabs
	Filter       ui.Filter
	Table        ui.Table
	NoRows, Bare ui.Table
	Pager        ui.Pager
	CardHead     ui.CardHead
	Key          ui.Key
	Details      ui.Details
	Timeline     ui.Timeline
	NoEvents     ui.Timeline
	Charts       []template.HTML
	Steps        ui.Steps
	Form         ui.Form
	Plans        []ui.Plan
	Empties      []ui.Empty
	Papers       []ui.Paper
}

func galleryWith(face ui.Face, s string) gallery {
	v := gallery{Page: staffPage(s, "licenses")}
	v.Face, v.TestMode, v.Path, v.Search = face, s, "/"+s, s
	v.Store = ui.Store{Name: s, HomeURL: "/" + s}
	v.User = &ui.User{Name: s, Email: s, Role: s, AccountURL: "/" + s, SignOutURL: "/" + s}
	v.Nav = append(v.Nav, ui.NavItem{Group: s, Section: s, Label: s, Href: "/" + s, Icon: s, Count: 1, CountLabel: s})
	v.Crumbs = []ui.Crumb{{Label: s, Href: "/" + s}, {Label: s}}
	v.Flash = []ui.Flash{{Kind: ui.Success, Text: s}, {Kind: ui.Danger, Text: s}, {Kind: ui.Warn, Text: s}, {Kind: ui.Info, Text: s}}
	v.Acting = &ui.Acting{Customer: s, StopURL: "/" + s}
	v.Footer = []ui.Link{{Label: s, Href: s}}

	confirm := func(id string) *ui.Confirm {
		return &ui.Confirm{
			ID: id, Title: s, Text: s, Effects: []string{s, s}, Action: "/" + s, Label: s, Cancel: "/" + s,
			Fields: []ui.Field{{Name: "why", Label: s, Hint: s, Scope: id}}, Hidden: []ui.Hidden{{Name: s, Value: s}},
		}
	}
	harmless := confirm("c0")
	harmless.Tone = ui.Info
	act := ui.Button{Label: s, Href: "/" + s, Kind: ui.Primary, Icon: "plus"}
	v.Buttons = []ui.Button{
		act,
		{Label: s},
		{Label: s, Kind: ui.Quiet, Name: s, Value: s},
		{Label: s, Post: true, Href: "/" + s, Hidden: []ui.Hidden{{Name: s, Value: s}}},
		{Label: s, Kind: ui.Dangerous, Href: "/x", Confirm: confirm("c1")},
		{Label: s, Href: "/x", Confirm: harmless},
		{Label: s, IconOnly: true, Icon: "edit", Href: s},
		{Label: s, Disabled: true},
		{Label: s, External: true, Href: "https://example.org/" + s},
	}
	v.Menu = ui.Menu{Label: s, Items: []ui.Button{{Label: s, Href: s}, {Label: s, Href: s, Post: true}, {Label: s, Href: s, Kind: ui.Dangerous, Confirm: confirm("c2")}}}
	v.Head = ui.Head{Title: s, Sub: s, Meta: []ui.Cell{ui.Text(s)}, Badges: []ui.Badge{{Text: s, Tone: ui.Info}}, Actions: []ui.Button{act}, More: &ui.Menu{Items: []ui.Button{{Label: s, Href: s}}}}
	v.Statuses = []string{"active", "open", "past_due", "failed", "expired", s}
	v.Icons = ui.IconNames()
	for _, tone := range []ui.Tone{ui.Info, ui.Success, ui.Warn, ui.Danger, ui.Neutral} {
		v.Callouts = append(v.Callouts, ui.Callout{Tone: tone, Title: s, Text: s, List: []string{s}, Actions: []ui.Button{act}})
	}
	v.Stats = []ui.Stat{
		{Label: s, Value: s, Sub: s, Href: "/" + s, Delta: &ui.Delta{Text: s, Up: true, Than: s}, Spark: ui.Sparkline([]float64{1, 2})},
		{Label: s, Value: s, Delta: &ui.Delta{Text: s, Bad: true}},
		{Label: s, Delta: &ui.Delta{Text: s, Flat: true}},
		{},
	}
	v.Tabs = ui.Tabs{Label: s, Items: []ui.Tab{{Label: s, Href: s, Current: true, Count: 3}, {Label: s, Href: s}}}
	v.Filter = ui.Filter{
		Action: "/" + s, SearchLabel: s, SearchName: "q", Search: s, Placeholder: s, Selects: []ui.Select{{Label: s, Name: s, Value: s, Options: []ui.Option{{Value: s, Label: s}}}},
		Hidden: []ui.Hidden{{Name: s, Value: s}}, Chips: []ui.Chip{{Label: s, Value: s, RemoveHref: s}}, ClearHref: s, Actions: []ui.Button{act},
	}
	cells := []ui.Cell{
		ui.Mono(s).To("/" + s).With(s).Copyable(), ui.Person(s, s), ui.Status(s), ui.Used(7, 5), ui.Used(3, 0), ui.Text(s).Bold(),
		ui.Count(1234567), ui.HTML(v.Ago(now)), ui.Act(ui.Button{Label: s, Href: "/x", Confirm: confirm("c3")}),
		{},
	}
	v.Table = ui.Table{
		ID: "t", Caption: s, Bulk: &ui.Bulk{Action: "/" + s, Buttons: []ui.Button{{Label: s, Name: s, Value: s}}}, Rows: []ui.Row{{ID: s, Cells: cells, Tone: ui.Warn}, {}},
		Totals: []ui.Total{{Label: s, Value: s, Strong: true}},
	}
	for range cells {
		v.Table.Columns = append(v.Table.Columns, ui.Column{Label: s, SortHref: "/" + s, Sorted: "descending"})
	}
	v.NoRows = ui.Table{Empty: &ui.Empty{Title: s, Text: s}}
	v.Pager = ui.Pager{PrevHref: "/" + s, NextHref: "/" + s, Text: s}
	v.CardHead = ui.CardHead{Title: s, Text: s, Count: 9, Actions: []ui.Button{act}}
	v.Key = ui.Key{Label: s, Value: s, Large: true}
	v.Details = ui.Details{Wide: true, Items: []ui.Detail{{Label: s, Value: ui.Text(s), Hint: s, Action: &ui.Button{Label: s, Href: s}}, {Label: s}}}
	v.Timeline = ui.Timeline{MoreHref: s, Events: []ui.Event{{What: s, Href: s, Actor: s, Icon: s, Before: s, After: s, Why: s, When: v.At(now)}, {}}}
	chart := ui.Chart{Title: s, Labels: []string{s, s}, Series: []ui.Series{{Name: s, Values: []float64{1, 2}}, {Name: s, Values: []float64{math.NaN()}}}, Format: func(float64) string { return s }}
	parts := []ui.Slice{{Name: s, Value: 3}, {Name: s, Value: 1}}
	v.Charts = []template.HTML{ui.Line(chart), ui.Area(chart), ui.Bars(chart), ui.Donut(s, parts, chart.Format), ui.ShareBar(s, parts, chart.Format), ui.Line(ui.Chart{Title: s}), ui.Donut(s, nil, nil)}
	v.Steps = ui.Steps{Items: []ui.Step{{Label: s, State: "done"}, {Label: s, State: "current"}, {Label: s}}}
	var fields []ui.Field
	for _, k := range []ui.FieldKind{ui.InputText, ui.InputEmail, ui.InputPassword, ui.InputNumber, ui.InputDate, ui.InputURL, ui.InputFile, ui.InputSelect, ui.InputTextarea, ui.InputCheckbox, ui.InputSwitch, ui.InputRadio} {
		fields = append(fields, ui.Field{Kind: k, Name: "n" + string(k), Label: s, Value: s, Hint: s, Error: s, Placeholder: s, Required: true, Prefix: s, Suffix: s, Options: []ui.Option{{Value: s, Label: s, Hint: s}}, Aside: &ui.Link{Label: s, Href: s}})
	}
	v.Form = ui.Form{Action: "/" + s, Error: s, Submit: s, Cancel: s, Hidden: []ui.Hidden{{Name: s, Value: s}}, Sections: []ui.FormSection{{Title: s, Text: s, Fields: fields}}}
	v.Plans = []ui.Plan{{Name: s, Text: s, Price: s, Unit: s, Note: s, Features: []string{s}, Action: act, Highlight: s}}
	for _, a := range []string{"key", "list", "search", "invoice", "globe", "box", "done", s} {
		v.Empties = append(v.Empties, ui.Empty{Art: a, Title: s, Text: s, Action: &act, Second: &ui.Button{Label: s, Href: s}})
	}
	for _, mode := range []document.TaxMode{document.NoTax, document.Inclusive} {
		party := document.Party{Name: s, Company: s, Email: s, Address: s + "\n" + s, Country: s, TaxID: s}
		v.Papers = append(v.Papers, ui.DocumentPaper(document.Document{
			Number: s, TaxMode: mode, Seller: party, Buyer: party, Refers: &document.Reference{Number: s}, Notes: s,
			Lines: []document.Line{{Description: s, TaxRate: s}}, Taxes: []document.Tax{{Name: s, Rate: s, Text: s}},
		}.Sheet()))
	}
	return v
}

var hostile = map[string]string{
	"empty":   "",
	"script":  `<script>alert(1)</script>`,
	"quotes":  `" onmouseover="alert(1)" x='`,
	"url":     `javascript:alert(1)`,
	"close":   `</title></textarea></style><img src=x onerror=alert(1)>`,
	"long":    strings.Repeat("Donaudampfschifffahrt", 10)[:200],
	"rtl":     "متجر البرامج \u202eevil",
	"invalid": "a\x00b\xff",
}

func TestEveryComponentWithAnyText(t *testing.T) {
	t.Parallel()
	pages := parse(t)
	for name, text := range hostile {
		for _, face := range []ui.Face{ui.Staff, ui.Portal, ui.Public, ui.Auth} {
			var b bytes.Buffer
			if err := pages.Write(&b, "gallery", galleryWith(face, text)); err != nil {
				t.Fatalf("%s on %s: %v", name, face, err)
			}
			check(t, name+" on "+string(face), b.Bytes())
		}
	}
}

// What a question says of a harmless act does not look like a danger.
func TestHarmlessQuestionsAreCalm(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := parse(t).Write(&b, "gallery", galleryWith(ui.Staff, "text")); err != nil {
		t.Fatal(err)
	}
	dialogs := regexp.MustCompile(`(?s)<dialog [^>]*id="(c\d)".*?</dialog>`).FindAllStringSubmatch(b.String(), -1)
	if len(dialogs) < 4 {
		t.Fatalf("%d dialogs", len(dialogs))
	}
	for _, d := range dialogs {
		if calm := strings.Contains(d[0], `class="effects calm"`); calm != (d[1] == "c0") || calm == strings.Contains(d[0], "btn-danger") {
			t.Errorf("%s", d[0])
		}
	}
}

func TestSamplePages(t *testing.T) {
	t.Parallel()
	pages := parse(t)
	for name, s := range samples() {
		var b bytes.Buffer
		if err := pages.Write(&b, s.page, s.view); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		check(t, name, b.Bytes())
		if n := b.Len(); n > 100_000 {
			t.Errorf("%s: %d bytes", name, n)
		}
	}
}

// check holds a page to the rules: nothing inline, nothing that runs, one main, one h1,
// unique ids, names on all controls, and references that lead somewhere.
func check(t *testing.T, name string, page []byte) {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var mains, headings int
	ids := map[string]bool{}
	var refs, labelled []string
	controls := map[string]bool{}
	var walk func(n *html.Node, inLabel bool)
	walk = func(n *html.Node, inLabel bool) {
		if n.Type == html.ElementNode {
			attr := map[string]string{}
			for _, a := range n.Attr {
				attr[a.Key] = a.Val
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
					t.Errorf("%s: <%s %s>", name, n.Data, a.Key)
				}
				if strings.HasPrefix(strings.ToLower(a.Val), "javascript:") && (a.Key == "href" || a.Key == "action" || a.Key == "src" || a.Key == "formaction") {
					t.Errorf("%s: %s=%q", name, a.Key, a.Val)
				}
			}
			if id, ok := attr["id"]; ok {
				if ids[id] {
					t.Errorf("%s: two elements have the id %q", name, id)
				}
				ids[id] = true
			}
			refs = append(refs, strings.Fields(attr["aria-describedby"])...)
			refs = append(refs, strings.Fields(attr["aria-labelledby"])...)
			switch n.Data {
			case "main":
				mains++
			case "h1":
				headings++
			case "style":
				t.Errorf("%s: <style>", name)
			case "script":
				if attr["src"] != ui.AssetURL("keystead.js") || n.FirstChild != nil {
					t.Errorf("%s: a foreign script", name)
				}
			case "img":
				if _, ok := attr["alt"]; !ok {
					t.Errorf("%s: <img> without alt", name)
				}
				if attr["src"] == "x" {
					t.Errorf("%s: text became an element", name)
				}
			case "label":
				inLabel = true
				if attr["for"] != "" {
					labelled = append(labelled, attr["for"])
				}
			case "input", "select", "textarea":
				if attr["type"] != "hidden" && attr["aria-label"] == "" && !inLabel {
					if _, ok := attr["aria-label"]; !ok {
						controls[attr["id"]] = true
					}
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, inLabel)
		}
	}
	walk(doc, false)
	if mains != 1 || headings != 1 && !strings.Contains(name, "gallery") {
		t.Errorf("%s: %d main, %d h1", name, mains, headings)
	}
	for _, r := range refs {
		if !ids[r] {
			t.Errorf("%s: reference to %q, which isn't there", name, r)
		}
	}
	for _, l := range labelled {
		delete(controls, l)
	}
	for c := range controls {
		t.Errorf("%s: control %q has no label", name, c)
	}
}

func TestAListOfFiftyRowsStaysSmall(t *testing.T) {
	t.Parallel()
	v := licenseListView()
	for len(v.Table.Rows) < 50 {
		v.Table.Rows = append(v.Table.Rows, v.Table.Rows...)
	}
	v.Table.Rows = v.Table.Rows[:50]
	var b bytes.Buffer
	if err := parse(t).Write(&b, "list", v); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 100_000 {
		t.Errorf("a list of 50 rows has %d bytes", b.Len())
	}
}

func TestRenderWritesAllOrNothing(t *testing.T) {
	t.Parallel()
	pages := parse(t)
	w := httptest.NewRecorder()
	if err := pages.Render(w, http.StatusOK, "dashboard", signInView()); err == nil {
		t.Error("a view without the page's fields was rendered")
	}
	if w.Body.Len() > 0 || len(w.Header()) > 0 {
		t.Errorf("a failed page left %d bytes and %v", w.Body.Len(), w.Header())
	}
	if err := pages.Render(w, http.StatusTeapot, "error", errorView()); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusTeapot || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("got %d %v", w.Code, w.Header())
	}
	if err := pages.Render(httptest.NewRecorder(), 200, "nowhere", errorView()); err == nil {
		t.Error("an unknown page was rendered")
	}
}

func TestFlawedTemplatesAreFoundAtStart(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"syntax":  `{{if}}`,
		"unknown": `{{template "nothing" .}}`,
		"context": `<a href="{{if .Title}}x{{else}}"{{end}}>`,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(dir+"/p.html", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ui.Parse(os.DirFS(dir), "*.html"); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := ui.Parse(os.DirFS(t.TempDir()), "*.html"); err == nil {
		t.Error("no pages at all: no error")
	}
}

func TestAssets(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"keystead.css", "keystead.js", "icon.svg"} {
		address := ui.AssetURL(name)
		if !regexp.MustCompile(`^/assets/[a-z]+-[0-9a-f]{12}\.[a-z]+$`).MatchString(address) {
			t.Errorf("address %s", address)
		}
		r := httptest.NewRequest(http.MethodGet, address, nil)
		r.Header.Set("Accept-Encoding", "gzip, br")
		w := httptest.NewRecorder()
		ui.Assets().ServeHTTP(w, r)
		if w.Code != 200 || w.Header().Get("Content-Encoding") != "gzip" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
	w := httptest.NewRecorder()
	ui.Assets().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/assets/keystead-000000000000.css", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("an old address answered %d", w.Code)
	}
}

func TestThemeSwitch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ theme, back, cookie, location string }{
		{"dark", "/admin?x=1", "dark", "/admin?x=1"},
		{"light", "//elsewhere.example", "light", "/"},
		{"", "https://elsewhere.example", "", "/"},
		{"dark", `/\elsewhere.example`, "dark", "/"},
		{"dark", "/\t/elsewhere.example", "dark", "/"},
		{"<b>", "", "", "/"},
	} {
		form := url.Values{"theme": {c.theme}, "return": {c.back}}
		r := httptest.NewRequest(http.MethodPost, ui.ThemePath, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		ui.ThemeSwitch().ServeHTTP(w, r)
		res := w.Result()
		if got := res.Cookies()[0].Value; got != c.cookie {
			t.Errorf("%q: cookie %q", c.theme, got)
		}
		if got := res.Header.Get("Location"); got != c.location {
			t.Errorf("return to %q: %q", c.back, got)
		}
		again := httptest.NewRequest(http.MethodGet, "/", nil)
		again.AddCookie(&http.Cookie{Name: "theme", Value: c.theme})
		if got := ui.ThemeOf(again); string(got) != c.cookie {
			t.Errorf("%q: read as %q", c.theme, got)
		}
	}
}

func TestURLWith(t *testing.T) {
	t.Parallel()
	u, _ := url.Parse("/admin/licenses?q=a+b&after=9&status=active")
	for want, pairs := range map[string][]string{
		"/admin/licenses?q=a+b&status=active":              nil,
		"/admin/licenses?q=a+b":                            {"status", ""},
		"/admin/licenses?after=12&q=a+b&status=active":     {"after", "12"},
		"/admin/licenses?q=a+b&sort=-expires&status=trial": {"status", "trial", "sort", "-expires"},
		"/admin/licenses":                                  {"status", "", "q", ""},
	} {
		if got := ui.URLWith(u, pairs...); got != want {
			t.Errorf("%v: %s, want %s", pairs, got, want)
		}
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	r := reader()
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{now, "just now"},
		{now.Add(-3 * time.Second), "just now"},
		{now.Add(-50 * time.Second), "a minute ago"},
		{now.Add(3 * time.Second), "in a minute"},
		{now.Add(-5 * time.Minute), "5 min ago"},
		{now.Add(5 * time.Hour), "in 5 h"},
		{now.Add(-30 * time.Hour), "yesterday"},
		{now.Add(30 * time.Hour), "tomorrow"},
		{now.Add(-12 * day), "12 days ago"},
		{now.Add(45 * day), "in 45 days"},
		{now.Add(46 * day), "7 Jan 2027"},
	} {
		if got := string(r.Ago(c.at)); !strings.Contains(got, ">"+c.want+"<") {
			t.Errorf("%s: %s, want %s", c.at, got, c.want)
		}
	}
	// Half past eleven at night in UTC is tomorrow in the reader's zone.
	late := time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC)
	want := `<time datetime="2026-11-22T23:30:00Z" title="Monday, 23 November 2026, 00:30:00 CET">23 Nov 2026</time>`
	if got := string(r.Day(late)); got != want {
		t.Errorf("got %s", got)
	}
	if got := string(r.At(time.Time{})); strings.Contains(got, "0001") {
		t.Errorf("the zero time is %s", got)
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 1234: "1\u202f234", 12345: "12\u202f345", -1234567: "−1\u202f234\u202f567"} {
		if got := ui.Number(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
	for amount, want := range map[int64]string{0: "0.00 EUR", 5: "0.05 EUR", -120: "−1.20 EUR", math.MinInt64: "−92\u202f233\u202f720\u202f368\u202f547\u202f758.08 EUR"} {
		if got := (ui.Reader{}).Money(amount, "EUR"); got != want {
			t.Errorf("%d: %s", amount, got)
		}
	}
}

// A row without an action says nothing where others have a button; an address has a line of its own on a phone.
func TestCellsWithoutActionsAndWithAddresses(t *testing.T) {
	t.Parallel()
	v := licenseListView()
	v.Table = ui.Table{Columns: []ui.Column{{Label: "Method"}, {Label: "To"}, {Label: "Since"}, {Label: "Act", Hidden: true}}, Rows: []ui.Row{
		{Cells: []ui.Cell{ui.Text("Card"), ui.Text("ada@example.com"), {}, {}}},
	}}
	var b bytes.Buffer
	if err := parse(t).Write(&b, "list", v); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), `<span class="none">`); n != 1 {
		t.Errorf("%d cells say that they are empty, want the one of the column with a head", n)
	}
	if n := strings.Count(b.String(), `class="wide `); n != 1 {
		t.Errorf("%d cells hold an address", n)
	}
}
