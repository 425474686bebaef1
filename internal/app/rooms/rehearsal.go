package rooms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/backup"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/registrar/account"
)

// DryRun tells what would happen until an instant, with amounts. It does not foretell: it copies the store into a
// temporary one, in which nothing reaches the world outside, and lets the time pass there. The store itself is only read.
func (r *Rooms) DryRun(ctx context.Context, until time.Time) (is automation.Rehearsal, err error) {
	if err := automation.CheckRehearsal(r.clock.Now(), until); err != nil {
		return is, err
	}
	select { // one at a time: each is a store
	case r.rehearsing <- struct{}{}:
		defer func() { <-r.rehearsing }()
	case <-ctx.Done():
		return is, ctx.Err()
	}
	dir, err := os.MkdirTemp("", "keystead-dry-run-")
	if err != nil {
		return is, fmt.Errorf("dry run: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	d, err := db.Open(ctx, db.Config{Dir: dir, Clock: clock.NewTest(r.clock.Now()), Wall: r.db.Wall(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return is, fmt.Errorf("dry run: %w", err)
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	ctx = db.Relaxed(ctx)
	now, err := backup.Copy(ctx, r.db, d)
	if err != nil {
		return is, fmt.Errorf("dry run: %w", err)
	}
	if err := d.StandStill(ctx, now); err != nil {
		return is, err
	}
	c := r.config
	c.Dir, c.Files, c.TestMode, c.Rehearsal, c.Logger = dir, filepath.Join(dir, "files"), true, true, slog.New(slog.DiscardHandler)
	var standIn account.Maker
	if c.StandIn != nil {
		if standIn, err = c.StandIn(d, dir); err != nil {
			return is, fmt.Errorf("dry run: %w", err)
		}
	}
	copied, err := build(ctx, d, c, standIn)
	if err != nil {
		return is, fmt.Errorf("dry run: %w", err)
	}
	defer func() { err = errors.Join(err, copied.Close(context.WithoutCancel(ctx))) }()
	return copied.rehearse(ctx, until)
}

// rehearse lets the time pass in a copy.
func (r *Rooms) rehearse(ctx context.Context, until time.Time) (is automation.Rehearsal, err error) {
	is.From = r.clock.Now()
	report, err := r.Automation.Advance(ctx, until, nil)
	if err != nil {
		return automation.Rehearsal{}, fmt.Errorf("dry run: %w", err)
	}
	is.Until, is.Ran = report.Now, report.Ran
	for after := ""; ; {
		page, err := r.Events.List(ctx, after, event.Filter{Limit: 200})
		if err != nil || len(page) == 0 {
			return is, err
		}
		for _, e := range page {
			is.Add(e)
		}
		after = page[len(page)-1].ID
	}
}
