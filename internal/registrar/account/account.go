// Package account keeps the registrars of a store: which adapter reaches them, with which settings and secret, in which
// mode they are read, and what their account holds.
package account

import (
	"context"
	"log/slog"
	"time"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
)

// SyncMode says what reading a registry may change.
type SyncMode string

// The modes.
const (
	SyncOn     SyncMode = "on"
	SyncNotify SyncMode = "notify" // differences are reported, nothing is written
	SyncOff    SyncMode = "off"
)

// Account is a registrar of the store.
type Account struct {
	ID        string
	Name      string // unique
	Adapter   string // epp, manual, or one that the program was built with
	Settings  map[string]string
	HasSecret bool
	SyncMode  SyncMode
	Archived  bool
	// StoppedAt is since when sync is stopped because too many answers were bad; nil: it runs.
	StoppedAt *time.Time
	// Balance is what the account held when it was read last; BalanceAt nil: never.
	Balance   money.Money
	BalanceAt *time.Time
	Version   int64
	CreatedAt time.Time
}

// Input is a registrar as staff enter it. Secret empty: it keeps the one that it has.
type Input struct {
	Name     string
	Adapter  string
	Settings map[string]string
	Secret   string
	SyncMode SyncMode
	Archived bool
}

// Maker opens an account by its settings and its secret.
type Maker func(a Account, secret string) (registrar.Registrar, error)

// Config is what a [Service] needs besides the store.
type Config struct {
	Box    *crypt.Box
	Makers map[string]Maker // by the adapter's name
	Logger *slog.Logger
}

// Service holds the verbs of registrars. It is safe for concurrent use.
type Service struct {
	db     *db.DB
	config Config
}

// New returns the registrars of a store.
func New(d *db.DB, c Config) *Service { return &Service{db: d, config: c} }

var errNotBuilt = fail.Conflict("NOT_BUILT", "This is not built yet.")

// List returns all registrars by name.
func (s *Service) List(ctx context.Context) ([]Account, error) { return nil, errNotBuilt }

// ByID returns a registrar.
func (s *Service) ByID(ctx context.Context, id string) (Account, error) {
	return Account{}, errNotBuilt
}

// ByName returns the registrar with a name that is not archived.
func (s *Service) ByName(ctx context.Context, name string) (Account, error) {
	return Account{}, errNotBuilt
}

// Create adds a registrar.
func (s *Service) Create(ctx context.Context, in Input) (Account, error) {
	return Account{}, errNotBuilt
}

// Change replaces what staff enter of a registrar. version is the one that was read.
func (s *Service) Change(ctx context.Context, id string, version int64, in Input) (Account, error) {
	return Account{}, errNotBuilt
}

// Open returns what reaches a registrar. It is shared and stays open until the account changes or the service is closed.
func (s *Service) Open(ctx context.Context, id string) (registrar.Registrar, error) {
	return nil, errNotBuilt
}

// Restart lets the sync of a registrar run again that was stopped.
func (s *Service) Restart(ctx context.Context, id, why string) error { return errNotBuilt }

// Close ends all sessions.
func (s *Service) Close(ctx context.Context) {}
