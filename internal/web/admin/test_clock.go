package admin

import (
	"net/http"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// leaps are how far the clock of a test store is moved by one click.
var leaps = []struct {
	by, label string
	days      int
	months    int
}{{by: "day", label: "+1 day", days: 1}, {by: "month", label: "+1 month", months: 1}, {by: "year", label: "+1 year", months: 12}}

// clockText is an instant as the pages of a test store write it.
const clockText = "2 January 2006, 15:04 MST"

// testClock shows the clock of a test store, and lets staff move it. form is one that comes back with errors.
func (a *area) testClock(r *http.Request, p ui.Page, mayMove bool, form *ui.Form) (card, error) {
	s, err := a.Settings.Get(r.Context())
	if err != nil {
		return card{}, err
	}
	c := card{
		Head:    ui.CardHead{Title: "Test clock", Text: "It stands still until it is moved. All that falls due on the way happens then, in order."},
		Details: &ui.Details{Items: []ui.Detail{{Label: "Stands at", Value: ui.Text(p.Now.In(s.TimeZone).Format(clockText)).With(p.Now.UTC().Format(time.RFC3339)).Bold()}}},
	}
	if !mayMove {
		return c, nil
	}
	for _, l := range leaps {
		c.Head.Actions = append(c.Head.Actions, ui.Button{Label: l.label, Href: "/admin/automation/clock", Post: true, Small: true, Hidden: []ui.Hidden{{Name: "by", Value: l.by}}})
	}
	if form == nil {
		f := clockForm(civil.Of(p.Now, s.TimeZone).AddDays(1).String(), "00:00")
		form = &f
	}
	c.Form = form
	return c, nil
}

func clockForm(date, hour string) ui.Form {
	return ui.Form{
		Action: "/admin/automation/clock", Submit: "Advance", Stacked: true,
		Sections: []ui.FormSection{{Fields: []ui.Field{
			{Kind: ui.InputDate, Name: "date", Label: "Advance to", Value: date, Required: true, Short: true, Hint: "In the store's time zone."},
			{Name: "time", Label: "Time of day", Value: hour, Short: true, Placeholder: "00:00", Pattern: "[0-2][0-9]:[0-5][0-9]", Optional: true},
		}}},
	}
}

func (a *area) clockAdvance(w http.ResponseWriter, r *http.Request) error {
	now, err := a.Automation.TestClock()
	if err != nil {
		return err
	}
	s, err := a.Settings.Get(r.Context())
	if err != nil {
		return err
	}
	to, wrong := leapTo(r, now, s.TimeZone)
	if len(wrong) > 0 {
		return a.clockAgain(w, r, wrong, "")
	}
	web.UnhurriedUpload(w)
	report, err := a.Automation.Advance(r.Context(), to, nil)
	if err != nil {
		byField, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		if message, ok := byField["to"]; ok {
			byField = map[string]string{"date": message}
		}
		return a.clockAgain(w, r, byField, whole)
	}
	return done(w, r, "/admin/automation", "The clock stands at "+report.Now.In(s.TimeZone).Format(clockText)+". "+ranWords(report))
}

// leapTo is where a form sends the clock: one of the leaps, or a date and a time of day.
func leapTo(r *http.Request, now time.Time, zone *time.Location) (to time.Time, wrong map[string]string) {
	for _, l := range leaps {
		if r.PostFormValue("by") == l.by {
			local := now.In(zone)
			day := civil.Of(now, zone).AddMonthsClamped(l.months).AddDays(l.days)
			return time.Date(day.Year, day.Month, day.Day, local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), zone), nil
		}
	}
	wrong = map[string]string{}
	day, err := civil.Parse(strings.TrimSpace(r.PostFormValue("date")))
	if err != nil {
		wrong["date"] = "is not a date"
	}
	hour := strings.TrimSpace(r.PostFormValue("time"))
	if hour == "" || hour == "00:00" {
		return day.StartIn(zone), wrong
	}
	at, err := time.Parse("15:04", hour)
	if err != nil {
		wrong["time"] = "is not a time of day, such as 09:30"
	}
	return time.Date(day.Year, day.Month, day.Day, at.Hour(), at.Minute(), 0, 0, zone), wrong
}

// clockAgain shows the form with what is wrong with it.
func (a *area) clockAgain(w http.ResponseWriter, r *http.Request, byField map[string]string, whole string) error {
	v := sheetView{Page: a.page(r, "Automation", "automation"), Head: ui.Head{Title: "Automation"}}
	f := ui.WithErrors(clockForm(r.PostFormValue("date"), r.PostFormValue("time")), byField, whole)
	c, err := a.testClock(r, v.Page, true, &f)
	if err != nil {
		return err
	}
	v.Full = []card{c}
	return a.pages.Render(w, http.StatusUnprocessableEntity, "sheet", v)
}
