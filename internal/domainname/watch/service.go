// Package watch reads registries in rolling batches and says what a difference means: a date that is corrected, a year that
// is there already, a domain that has left. It also writes down which status a domain has reached by the calendar.
//
// A run takes the leases of some domains of one registrar, reads them outside of any transaction, and then:
//
//  1. takes in what was read of those that are there and ours, many in one transaction, each under its domain's lock;
//  2. keeps back those that were not found or are somebody else's until the run is over;
//  3. stops, if too many of its answers were bad, and acts upon none of those: the registrar is read again when staff say so.
//
// An error never writes a date.
package watch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/background"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/registrar"
)

// Registrars opens accounts.
type Registrars interface {
	Open(ctx context.Context, id string) (registrar.Registrar, error)
}

// Renewals is the money side of renewals.
type Renewals interface {
	Lost(ctx context.Context, tx *db.Tx, d *domainname.Domain, open *domainname.Renewal, cause string) error
	YearsThere(ctx context.Context, tx *db.Tx, d *domainname.Domain, open *domainname.Renewal, cause string) error
}

// Config is what a [Service] needs besides the store.
type Config struct {
	Registrars Registrars
	Renewals   Renewals
	Held       func(context.Context) (bool, error) // a restored store acts upon nothing until staff confirm
	Logger     *slog.Logger                        // nil: nothing is logged
}

// Service reads registries. It is safe for concurrent use.
type Service struct {
	db     *db.DB
	config Config
	log    *slog.Logger

	background background.Loop

	mu   sync.Mutex
	shut map[string]time.Time // registrars that could not be opened, and when that is tried again
}

// New returns the sync of a store.
func New(d *db.DB, c Config) *Service {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Held == nil {
		c.Held = func(context.Context) (bool, error) { return false, nil }
	}
	return &Service{db: d, config: c, log: c.Logger, shut: map[string]time.Time{}}
}

// The kinds of this room's tasks of automation.
const (
	TaskSync     = "domains.sync"
	TaskStanding = "domains.standing"
)

// Tasks is the automation of a test store, whose clock leaps; a live store's sync looks by itself.
func (s *Service) Tasks() []automation.Task {
	return []automation.Task{{
		Kind: TaskSync, Order: automation.OrderUpkeep,
		Next: func(ctx context.Context, tx *db.Tx, after time.Time) (next time.Time, ok bool, err error) {
			if !s.db.Still() {
				return time.Time{}, false, nil
			}
			from := clock.FromTime(after)
			all, err := tx.NextSyncs(ctx, &from)
			if err != nil {
				return time.Time{}, false, err
			}
			for _, at := range all {
				if at == 0 {
					continue
				}
				if t := clock.Instant(at).Time(); !ok || t.Before(next) {
					next, ok = t, true
				}
			}
			return next, ok, nil
		},
		Due: func(ctx context.Context, tx *db.Tx, customerID string) (bool, error) {
			if !s.db.Still() || customerID != "" {
				return false, nil
			}
			all, _, err := s.syncable(db.With(ctx, tx))
			return len(all) > 0, err
		},
		Run: func(ctx context.Context, p *automation.Pass) error {
			if !s.db.Still() || p.CustomerID() != "" {
				return nil
			}
			for ctx.Err() == nil {
				n, err := s.RunDue(ctx)
				p.DoneMany(n)
				if err != nil || n == 0 {
					return err
				}
			}
			return nil
		},
	}}
}

// Standing is the automation that writes down the statuses which the calendar has brought. It reaches nobody outside.
func (s *Service) Standing() []automation.Task { return []automation.Task{s.standingTask()} }

// pause is how long a registrar is left alone that could not be opened.
const pause = time.Minute

// rests reports whether a registrar could not be opened lately.
func (s *Service) rests(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shut[id].After(s.db.Clock().Now())
}

func (s *Service) rest(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shut[id] = s.db.Clock().Now().Add(pause)
}
