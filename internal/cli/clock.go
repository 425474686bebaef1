package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
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
	To   string `arg:"" placeholder:"TO" help:"An instant, a civil date of the store's zone (its first instant), or a span from where the clock stands, such as 90d or 12h."`
}

// Help implements kong.HelpProvider.
func (advanceClockCommand) Help() string {
	return `All that falls due on the way runs in the order of time, as if the time had passed: invoices, charges, reminders,
holds, mails. It ends when all is settled. An instant that is not later than the clock's only settles what is due.

Examples:

	keystead clock advance --data ./store 2027-02-28
	keystead clock advance --data ./store 2027-01-31T09:00:00Z
	keystead clock advance --data ./store 30d`
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
	if n, ok := spanOf(text); ok {
		return is.Now.Add(n), nil
	}
	if date, err := civil.Parse(text); err == nil {
		zone, err := time.LoadLocation(is.TimeZone)
		if err != nil {
			return time.Time{}, fmt.Errorf("the store's time zone: %w", err)
		}
		return date.StartIn(zone).UTC(), nil
	}
	var at instant
	if err := at.UnmarshalText([]byte(text)); err != nil {
		return time.Time{}, &usageError{err.Error()}
	}
	return time.Time(at), nil
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
