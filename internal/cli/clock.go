package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/keystead/keystead/internal/app"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/web/adminapi"
)

type clockCommand struct {
	Show    showClockCommand    `cmd:"" help:"Show where the clock of a test store stands."`
	Advance advanceClockCommand `cmd:"" help:"Move the clock of a test store, and run what falls due on the way."`
}

type showClockCommand struct{ storeFlags }

// Help implements kong.HelpProvider.
func (showClockCommand) Help() string {
	return `A test store has a clock of its own, which stands still until it is moved. A live store has none.

Examples:

	keystead clock show --data ./store`
}

// Run shows the clock.
func (c *showClockCommand) Run(ctx context.Context, s *session) error {
	return c.with(ctx, s, func(api *client) error {
		var clock adminapi.TestClock
		if err := api.get(ctx, "/test-clock", &clock); err != nil {
			return err
		}
		_, err := fmt.Fprintln(s.out, clock.Now.Format(time.RFC3339))
		return err
	})
}

type advanceClockCommand struct {
	storeFlags
	JSON bool   `name:"json" help:"Print what ran as the admin API does."`
	To   string `arg:"" placeholder:"TO" help:"An instant, a civil date of the store's zone (its first instant), or a span from where the clock stands, such as 12h, 90d, 1m (a month) or 1y."`
}

// Help implements kong.HelpProvider.
func (advanceClockCommand) Help() string {
	return `All that falls due on the way runs in the order of time, as if the time had passed: invoices, charges, reminders,
holds, mails. It ends when all is settled. An instant that is not later than the clock's only settles what is due.

Examples:

	keystead clock advance --data ./store 2027-02-28
	keystead clock advance --data ./store 2027-01-31T09:00:00Z
	keystead clock advance --data ./store 30d
	keystead clock advance --data ./store 1m`
}

// Run moves the clock.
func (c *advanceClockCommand) Run(ctx context.Context, s *session) error {
	return c.with(ctx, s, func(api *client) error {
		to, err := storeTime(ctx, api, c.To)
		if err != nil {
			return err
		}
		var ran adminapi.Run
		if err := api.post(ctx, "/test-clock/advance", adminapi.NewTime{To: to.Format(time.RFC3339Nano)}, &ran); err != nil {
			return err
		}
		return printRun(s, ran, c.JSON)
	})
}

// storeTime reads a point in time as a store sees it: spans begin where its clock stands, and dates are of its zone.
func storeTime(ctx context.Context, api *client, text string) (time.Time, error) {
	var is app.About
	if err := api.call(ctx, http.MethodGet, app.AboutPath, nil, &is); err != nil {
		return time.Time{}, err
	}
	zone, err := time.LoadLocation(is.TimeZone)
	if err != nil {
		return time.Time{}, fmt.Errorf("the store's time zone: %w", err)
	}
	if months, ok := monthsOf(text); ok {
		local := is.Now.In(zone)
		day := civil.Of(is.Now, zone).AddMonthsClamped(months)
		return time.Date(day.Year, day.Month, day.Day, local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), zone).UTC(), nil
	}
	if n, ok := spanOf(text); ok {
		return is.Now.Add(n), nil
	}
	if date, err := civil.Parse(text); err == nil {
		return date.StartIn(zone).UTC(), nil
	}
	var at instant
	if err := at.UnmarshalText([]byte(text)); err != nil {
		return time.Time{}, &usageError{fmt.Sprintf("%q is no point in time: write 2027-03-20, 2027-03-20T03:21:26Z, or a span such as 12h, 90d, 1m or 1y", text)}
	}
	return time.Time(at), nil
}

var civilSpan = regexp.MustCompile(`^([0-9]{1,3})([my])$`)

// monthsOf reads a span of months or years: from 31 January, "1m" leads to the last day of February.
func monthsOf(text string) (months int, ok bool) {
	m := civilSpan.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	if m[2] == "y" {
		n *= 12
	}
	return n, err == nil
}

// printRun prints what a run did.
func printRun(s *session, ran adminapi.Run, asJSON bool) error {
	if asJSON {
		return indented(s).Encode(ran)
	}
	s.say("The store's clock stands at %s.", ran.Now.Format(time.RFC3339))
	kinds := maps.Clone(ran.Ran)
	maps.Copy(kinds, ran.Held)
	if len(kinds) == 0 {
		s.say("Nothing was due.")
		return nil
	}
	t := newTable("WORK", "RAN", "FAILED", "WAITING")
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		t.row(kind, strconv.Itoa(ran.Ran[kind]), strconv.Itoa(ran.Failed[kind]), strconv.Itoa(ran.Held[kind]))
	}
	return t.print(s.out)
}

func indented(s *session) *json.Encoder {
	e := json.NewEncoder(s.out)
	e.SetIndent("", "  ")
	return e
}
