package admin

import (
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/web/ui"
)

// calendarView is the shape of the calendar of renewals.
type calendarView struct {
	ui.Page
	Head     ui.Head
	Callouts []ui.Callout
	Tabs     ui.Tabs
	Stats    []ui.Stat
	Month    ui.Month
}

// dayWords are what falls on the days of the calendar.
var dayWords = map[string]struct {
	label string
	tone  ui.Tone
}{
	"due": {"due", ui.Info}, "term_end": {"end", ui.Neutral}, "last_plain": {"last day", ui.Warn}, "last_safe": {"last safe day", ui.Danger},
}

const calendarAt = domainsAt + "/calendar"

func (a *area) domainCalendar(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	st, err := a.Settings.Get(r.Context())
	if err != nil {
		return err
	}
	today := civil.Of(a.Clock.Now(), st.TimeZone)
	if on, err := civil.Parse(q.Get("day")); err == nil {
		return a.calendarDay(w, r, on)
	}
	first := civil.On(today.Year, today.Month, 1)
	if month, err := civil.Parse(q.Get("month") + "-01"); err == nil {
		first = month
	}
	last := civil.On(first.Year, first.Month+1, 1)
	days, err := a.Domains.Calendar(r.Context(), first, last)
	if err != nil {
		return err
	}
	title := first.StartIn(time.UTC).Format("January 2006")
	v := calendarView{Page: a.page(r, "Renewals in "+title, "domains"), Tabs: domainTabs("calendar")}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: domainsAt}, {Label: "Calendar"}}
	before, after := civil.On(first.Year, first.Month-1, 1), last
	v.Head = ui.Head{Title: title, Sub: "Due dates go by the store's zone, the registries' dates by UTC.", Actions: []ui.Button{
		{Label: "Month before", Href: monthHref(before), Icon: "left", IconOnly: true}, {Label: "This month", Href: calendarAt}, {Label: "Month after", Href: monthHref(after), Icon: "right", IconOnly: true},
	}}
	v.Stats = calendarStats(days, st.Currency)
	entries := map[civil.Date][]ui.MonthEntry{}
	for _, d := range days {
		words, known := dayWords[d.What]
		if !known || d.Count == 0 {
			continue
		}
		label := words.label
		if d.What == "term_end" && d.Count == 1 {
			label = "ends"
		}
		e := ui.MonthEntry{Text: ui.Number(d.Count) + " " + label, Tone: words.tone, Href: calendarAt + "?day=" + d.On.String() + "&what=" + d.What}
		if d.What == "due" {
			e.Sub = d.Total.Format("en")
		}
		if d.What == "term_end" {
			e.Href = domainsAt + "?ends_on=" + d.On.String()
		}
		entries[d.On] = append(entries[d.On], e)
	}
	v.Month = ui.MonthOf("Renewals in "+title, first, today, entries)
	v.Month.Empty = "Nothing falls due and nothing ends in this month."
	return a.pages.Render(w, http.StatusOK, "calendar", v)
}

func monthHref(d civil.Date) string { return calendarAt + "?month=" + d.String()[:len("2006-01")] }

func calendarStats(days []domainname.Day, currency money.Currency) []ui.Stat {
	count, due := map[string]int{}, money.New(0, currency)
	for _, d := range days {
		count[d.What] += d.Count
		if d.What == "due" {
			if sum, err := due.Add(d.Total); err == nil {
				due = sum
			}
		}
	}
	return []ui.Stat{
		{Label: "Due", Value: due.Format("en"), Sub: many(count["due"], "renewal", "renewals")},
		{Label: "Terms that end", Value: ui.Number(count["term_end"])},
		{Label: "Last day to renew", Value: ui.Number(count["last_plain"]), Sub: "without a restore"},
		{Label: "Last safe day", Value: ui.Number(count["last_safe"]), Sub: "of what is paid and not renewed"},
	}
}

// calendarDay lists what falls on one day.
func (a *area) calendarDay(w http.ResponseWriter, r *http.Request, on civil.Date) error {
	what := r.URL.Query().Get("what")
	days, err := a.Domains.Calendar(r.Context(), on, on.AddDays(1))
	if err != nil {
		return err
	}
	title := on.StartIn(time.UTC).Format("Monday, 2 January 2006")
	v := sheetView{Page: a.page(r, title, "domains"), Head: ui.Head{Title: title}, Tabs: domainTabs("calendar")}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: domainsAt}, {Label: "Calendar", Href: monthHref(on)}, {Label: dateText(on)}}
	for _, d := range days {
		words, known := dayWords[d.What]
		if !known || d.Count == 0 || what != "" && d.What != what {
			continue
		}
		t := domainTable(d.Rows)
		t.ID, t.Flush = d.What, true
		c := card{Head: ui.CardHead{Title: sentence(words.label), Count: d.Count}, Table: &t}
		if d.What == "due" {
			c.Head.Text = d.Total.Format("en") + " in all"
		}
		if len(d.Rows) < d.Count {
			c.Head.Text += " The first " + ui.Number(len(d.Rows)) + "."
		}
		v.Full = append(v.Full, c)
	}
	if len(v.Full) == 0 {
		v.Full = []card{{Empty: &ui.Empty{Art: "done", Title: "Nothing on this day"}}}
	}
	return a.sheet(w, v)
}
