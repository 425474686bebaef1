// Package watch reads registries in rolling batches and says what a difference means: a date that is corrected, a year that
// is there already, a domain that has left. It also writes down which status a domain has reached by the calendar.
package watch

import (
	"context"
	"log/slog"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
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
	Settled(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal) error
}

// Config is what a [Service] needs besides the store.
type Config struct {
	Registrars Registrars
	Renewals   Renewals
	Held       func(context.Context) (bool, error)
	Logger     *slog.Logger
}

// Service reads registries. It is safe for concurrent use.
type Service struct {
	db     *db.DB
	config Config
}

// New returns the sync of a store.
func New(d *db.DB, c Config) *Service { return &Service{db: d, config: c} }

var errNotBuilt = fail.Conflict("NOT_BUILT", "This is not built yet.")

// Tasks is the automation: sync, and the statuses that the calendar brings.
func (s *Service) Tasks() []automation.Task { return nil }

// Start begins to read in the background; Stop waits for what has begun.
func (s *Service) Start(ctx context.Context) {}

// Stop ends it.
func (s *Service) Stop() {}

// RunDue reads what is due now and returns how many domains it asked for.
func (s *Service) RunDue(ctx context.Context) (n int, err error) { return 0, errNotBuilt }

// Finding is what a reading found that differs.
type Finding struct {
	RunID, DomainID, Name string
	Finding               string // corrected, ahead, held, unreadable, not_found, other_sponsor, failed; empty: nothing
	Stored, Read          string
	Applied               bool
	At                    time.Time
}

// Sync reads one domain now. Of a domain whose reading was held, staff can take the registry's date with [Service.Adopt].
func (s *Service) Sync(ctx context.Context, domainID string) (Finding, error) {
	return Finding{}, errNotBuilt
}

// Adopt takes a date that was held for review: paid says that paid-through follows.
func (s *Service) Adopt(ctx context.Context, domainID string, paid bool, why string) (domainname.Domain, error) {
	return domainname.Domain{}, errNotBuilt
}

// Run is one pass over some domains of a registrar.
type Run struct {
	ID, RegistrarID, Registrar, Mode       string
	Asked, Changed, Held, Negative, Failed int
	Stopped                                bool
	At                                     time.Time
	FinishedAt                             *time.Time
}

// Runs lists the runs, newest first.
func (s *Service) Runs(ctx context.Context, cursor string, limit int) (runs []Run, next string, err error) {
	return nil, "", errNotBuilt
}

// Findings lists what differed, newest first; of a run or of a domain if they are named.
func (s *Service) Findings(ctx context.Context, runID, domainID string, limit int) ([]Finding, error) {
	return nil, errNotBuilt
}
