// Package dispatch does at the registries what was paid for, exactly once: it is the only one that sends commands which
// change something. docs/domains.md has the protocol.
//
// One worker at a time is at a domain: it holds the domain's lease, in real time. What is to be done is found in the
// facts: a command whose outcome isn't known, a domain that waits for its registration or transfer, a renewal that is paid
// or unclear, a mode to be set. Each command is committed before it is sent, and read back before anything is said about it.
//
// A process may die after any statement. Whoever takes the lease next finds the command without an outcome, reads the
// registry first, and goes on from what it says.
package dispatch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/background"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
)

// Registrars opens accounts.
type Registrars interface {
	Open(ctx context.Context, id string) (registrar.Registrar, error)
}

// Renewals is the money side of renewals.
type Renewals interface {
	// Due brings a paid renewal in line with its money, directly before something is sent for it. Of one whose restore is begun,
	// so that it is to be reported in any case, staff are told what its money does.
	Due(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal) error
	// Away reports whether any of the money of a paid renewal is not the store's just now. It only looks.
	Away(ctx context.Context, tx *db.Tx, d domainname.Domain, r domainname.Renewal) (bool, error)
	Lost(ctx context.Context, tx *db.Tx, d *domainname.Domain, open *domainname.Renewal, cause string) error
	// GiveUp withdraws what is unpaid of a domain that is about to be deleted, and turns its automatic invoices off. It is a
	// conflict while money is there, or on its way.
	GiveUp(ctx context.Context, tx *db.Tx, d *domainname.Domain, why string) error
	// YearsThere notes that the registry has the years already that an unpaid renewal asks for.
	YearsThere(ctx context.Context, tx *db.Tx, d *domainname.Domain, open *domainname.Renewal, cause string) error
	TopUp(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, missing money.Money, hold domainname.Hold, cause string) error
	Settled(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal) error
}

// Registrations is the money side of registrations and transfers.
type Registrations interface {
	// Wanted ends a domain whose money went back, directly before it is asked for. wait says why that has to wait; empty: it
	// has not.
	Wanted(ctx context.Context, tx *db.Tx, d *domainname.Domain, command, renewal registrar.Quote) (wait string, err error)
	Confirmed(ctx context.Context, tx *db.Tx, d *domainname.Domain, r domainname.Reading) error
	Refused(ctx context.Context, tx *db.Tx, d *domainname.Domain, why string) error
	Secret(d domainname.Domain) (string, error)
}

// Config is what a [Service] needs besides the store.
type Config struct {
	Registrars    Registrars
	Renewals      Renewals
	Registrations Registrations
	Held          func(context.Context) (bool, error) // a restored store sends nothing until staff confirm; nil: it never is
	// Copied reports whether the store was restored from a backup since an instant: the original may have done what was to be
	// done then. Nil: it never was.
	Copied  func(context.Context, time.Time) (bool, error)
	Workers int          // at how many domains of a registrar to work at once; 0: 8
	Logger  *slog.Logger // nil: nothing is logged
}

// Service is the worker. It is safe for concurrent use.
type Service struct {
	db     *db.DB
	config Config
	log    *slog.Logger

	patience time.Duration // for how long an answer is waited for
	// reach is called with the name of each point that is reached; an error ends the work there, as the end of the process
	// would. Only tests set it.
	reach func(point, domainID string) error

	background background.Loop
	gate       background.Gate // for the loop

	mu     sync.Mutex
	polled map[string]time.Time // when each registrar's messages were read last
	quoted map[string]time.Time // when prices of domains were asked for on demand lately, by the wall
}

// workers is at how many domains of a registrar work goes on at once.
const workers = 8

// New returns the worker of a store.
func New(d *db.DB, c Config) *Service {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Workers == 0 {
		c.Workers = workers
	}
	return &Service{db: d, config: c, log: c.Logger, patience: time.Minute, polled: map[string]time.Time{}, quoted: map[string]time.Time{}}
}

// point is passed where a process may end with something half done.
func (s *Service) point(name, domainID string) error {
	if s.reach == nil {
		return nil
	}
	return s.reach(name, domainID)
}

// Command is a line of what a registrar was told about a domain.
type Command struct {
	ID, Transaction, Command, Outcome, Message string
	RenewalID                                  string
	Years, Attempt, Code                       int
	CreatedAt, SettledAt                       string // RFC 3339; empty: not yet
}
