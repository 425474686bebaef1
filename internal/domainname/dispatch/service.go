// Package dispatch does at the registries what was paid for, exactly once: it is the only one that sends commands which
// change something. docs/domains.md has the protocol.
//
// One worker at a time is at a domain: it holds the domain's lease, by the wall clock. What is to be done is found in the
// facts: a domain that waits for its registration or transfer, a renewal that is paid or unclear, a mode to be set. Each
// command is committed before it is sent, and read back before anything is said about it.
package dispatch

import (
	"context"
	"log/slog"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
)

// Registrars opens accounts.
type Registrars interface {
	Open(ctx context.Context, id string) (registrar.Registrar, error)
}

// Renewals is the money side of renewals.
type Renewals interface {
	Lost(ctx context.Context, tx *db.Tx, d *domainname.Domain, open *domainname.Renewal, cause string) error
	TopUp(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, missing money.Money, hold domainname.Hold, why string) error
	Settled(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal) error
}

// Registrations is the money side of registrations and transfers.
type Registrations interface {
	Confirmed(ctx context.Context, tx *db.Tx, d *domainname.Domain, r domainname.Reading) error
	Refused(ctx context.Context, tx *db.Tx, d *domainname.Domain, why string) error
	Secret(d domainname.Domain) (string, error)
}

// Config is what a [Service] needs besides the store.
type Config struct {
	Registrars    Registrars
	Renewals      Renewals
	Registrations Registrations
	Held          func(context.Context) (bool, error) // a restored store sends nothing until staff confirm
	Logger        *slog.Logger
}

// Service is the worker. It is safe for concurrent use.
type Service struct {
	db     *db.DB
	config Config
}

// New returns the worker of a store.
func New(d *db.DB, c Config) *Service { return &Service{db: d, config: c} }

var errNotBuilt = fail.Conflict("NOT_BUILT", "This is not built yet.")

// Start begins to work in the background; Stop waits for what has begun.
func (s *Service) Start(ctx context.Context) {}

// Stop ends it.
func (s *Service) Stop() {}

// RunDue does all that is due now, several domains at once, and returns how many it looked at.
func (s *Service) RunDue(ctx context.Context) (n int, err error) { return 0, errNotBuilt }

// Tasks is the automation of a test store, whose clock leaps; a live store's worker looks by itself.
func (s *Service) Tasks() []automation.Task { return nil }

// Command is a line of what a registrar was told about a domain.
type Command struct {
	ID, Transaction, Command, Outcome, Message string
	RenewalID                                  string
	Years, Attempt, Code                       int
	CreatedAt, SettledAt                       string // RFC 3339; empty: not yet
}

// Commands lists what registrars were told about a domain, newest first.
func (s *Service) Commands(ctx context.Context, domainID string, limit int) ([]Command, error) {
	return nil, errNotBuilt
}

// Act is something that staff, or the holder, have done at the registrar at once.
type Act struct {
	Nameservers *[]string
	Lock        *bool // against transfers
	AuthCode    bool  // make a new one, and tell it
	Registrant  *domainname.Registrant
	Reason      string
}

// Do carries out an act and returns what came of it; the code that was asked for is in answer.AuthCode and nowhere else.
func (s *Service) Do(ctx context.Context, domainID string, act Act) (answer registrar.Answer, err error) {
	return registrar.Answer{}, errNotBuilt
}

// ByHand is what staff say who did by hand what the registrar "manual" was asked for: the new expiry, or why it can't be done.
type ByHand struct {
	Expiry    string // as it was read: RFC 3339 or a date
	Reference string
	Refused   string
}

// ByHand takes in what staff did by hand.
func (s *Service) ByHand(ctx context.Context, domainID string, in ByHand) error { return errNotBuilt }
