// Package account keeps the registrars of a store: which adapter reaches them, with which settings and secret, in which
// mode they are read, and what their account holds.
package account

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/patch"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/epp"
	"github.com/keystead/keystead/internal/text"
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
	// UnreachableSince is since when it can't be reached; nil: it could be when that was tried last.
	UnreachableSince *time.Time
	Version          int64
	CreatedAt        time.Time
}

// Input is a registrar as staff enter it.
type Input struct {
	Name     string
	Adapter  string
	Settings map[string]string
	Secret   string // the password; empty: it keeps the one that it has
	// ClientKey is the private key of the client certificate among the settings, in PEM. Empty: it keeps the one that it has,
	// as long as there is a certificate.
	ClientKey string
	SyncMode  SyncMode
	Archived  bool
}

// Maker opens an account by its settings and its password.
type Maker func(a Account, secret string) (registrar.Registrar, error)

// Config is what a [Service] needs besides the store.
type Config struct {
	Box *crypt.Box
	// Makers are the adapters that the program was built with, by name, beside epp, rest and manual.
	Makers map[string]Maker
	// Offline says that no registrar may be reached: the store is a copy in which time is let pass. StandIn answers for all
	// of them there; nil: none does.
	Offline bool
	StandIn Maker
	Logger  *slog.Logger
}

// Service holds the verbs of registrars. It is safe for concurrent use.
type Service struct {
	db     *db.DB
	config Config
	frames *frames
	// observe is told what came of commands.
	observe atomic.Pointer[func(string, epp.Observation)]

	mu     sync.Mutex
	open   map[string]opened // by the account's id
	closed bool
	ending sync.WaitGroup // of adapters whose account has changed

	pacing sync.Mutex
	paces  map[string]*registrar.Pace // by the account's id
}

// New returns the registrars of a store.
func New(d *db.DB, c Config) *Service {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{db: d, config: c, frames: &frames{db: d, log: c.Logger}, open: map[string]opened{}, paces: map[string]*registrar.Pace{}}
}

var (
	errNotFound  = fail.NotFound("REGISTRAR_NOT_FOUND", "There is no such registrar.")
	errChanged   = fail.Conflict("CHANGED_MEANWHILE", "Somebody else changed this registrar meanwhile. Look at it again.")
	errNameTaken = fail.Invalid("name", "is that of another registrar")
	errRuns      = fail.Conflict("SYNC_RUNS", "The sync of this registrar is not stopped.")
)

// List returns all registrars by name.
func (s *Service) List(ctx context.Context) ([]Account, error) {
	var all []Account
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.Registrars(ctx)
		if err != nil {
			return fmt.Errorf("registrars: %w", err)
		}
		all = make([]Account, len(rows))
		for i, r := range rows {
			if all[i], err = accountOf(r); err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

// ByID returns a registrar.
func (s *Service) ByID(ctx context.Context, id string) (Account, error) {
	if !text.IsID(id) {
		return Account{}, errNotFound
	}
	return s.find(ctx, func(tx *db.Tx) (query.Registrar, error) { return tx.Registrar(ctx, id) })
}

// ByName returns the registrar with a name that is not archived.
func (s *Service) ByName(ctx context.Context, name string) (Account, error) {
	return s.find(ctx, func(tx *db.Tx) (query.Registrar, error) { return tx.RegistrarByName(ctx, name) })
}

func (s *Service) find(ctx context.Context, read func(tx *db.Tx) (query.Registrar, error)) (a Account, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		a, err = found(read(tx))
		return err
	})
	return a, err
}

func found(r query.Registrar, err error) (Account, error) {
	if db.NotFound(err) {
		return Account{}, errNotFound
	}
	if err != nil {
		return Account{}, fmt.Errorf("registrar: %w", err)
	}
	return accountOf(r)
}

func accountOf(r query.Registrar) (Account, error) {
	a := Account{
		ID: r.ID, Name: r.Name, Adapter: r.Adapter, HasSecret: r.Secret != "", SyncMode: SyncMode(r.SyncMode), Archived: r.Status == "archived",
		StoppedAt: clock.TimePtr(r.StoppedAt), BalanceAt: clock.TimePtr(r.BalanceReadAt), UnreachableSince: clock.TimePtr(r.UnreachableSince),
		Version: r.Version, CreatedAt: r.CreatedAt.Time(),
	}
	if r.Balance != nil {
		a.Balance = money.New(*r.Balance, money.Currency(r.BalanceCurrency))
	}
	if err := json.Unmarshal([]byte(r.Settings), &a.Settings); err != nil {
		return Account{}, fmt.Errorf("registrar %s: its settings: %w", r.ID, err)
	}
	return a, nil
}

// Create adds a registrar.
func (s *Service) Create(ctx context.Context, in Input) (a Account, err error) {
	if err := s.validate(&in, Account{}); err != nil {
		return Account{}, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		id := tx.NewID("rgr")
		settings, secret, err := s.columns(id, in, secrets{})
		if err != nil {
			return err
		}
		err = tx.InsertRegistrar(ctx, query.InsertRegistrarParams{
			ID: id, Name: in.Name, Adapter: in.Adapter, Settings: settings, Secret: secret, SyncMode: string(in.SyncMode), Status: in.status(), CreatedAt: tx.Stamp,
		})
		if db.Duplicate(err) {
			return errNameTaken
		}
		if err != nil {
			return fmt.Errorf("registrar %s: %w", in.Name, err)
		}
		a, err = record(ctx, tx, "registrar.created", Account{ID: id}, in)
		return err
	})
	return a, err
}

// Change replaces what staff enter of a registrar. version is the one that was read.
func (s *Service) Change(ctx context.Context, id string, version int64, in Input) (a Account, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		row, err := tx.Registrar(ctx, id)
		before, err := found(row, err)
		if err != nil {
			return err
		}
		changed := in
		if err := s.validate(&changed, before); err != nil {
			return err
		}
		kept, err := s.unseal(row)
		if err != nil {
			return err
		}
		settings, secret, err := s.columns(id, changed, kept)
		if err != nil {
			return err
		}
		n, err := tx.UpdateRegistrar(ctx, query.UpdateRegistrarParams{
			ID: id, Version: version, Name: changed.Name, Adapter: changed.Adapter, Settings: settings, Secret: secret,
			SyncMode: string(changed.SyncMode), Status: changed.status(),
		})
		if db.Duplicate(err) {
			return errNameTaken
		}
		if err != nil {
			return fmt.Errorf("registrar %s: %w", id, err)
		}
		if n == 0 {
			return errChanged
		}
		a, err = record(ctx, tx, "registrar.updated", before, changed)
		return err
	})
	return a, err
}

func (in Input) status() string {
	if in.Archived {
		return "archived"
	}
	return "active"
}

// shown is what the history tells of a registrar: everything but secrets.
func shown(name, adapter string, settings map[string]string, mode SyncMode, archived bool) map[string]any {
	return map[string]any{"name": name, "adapter": adapter, "settings": settings, "sync_mode": string(mode), "archived": archived}
}

// record writes a change into the history, and reads what came of it.
func record(ctx context.Context, tx *db.Tx, what string, before Account, in Input) (Account, error) {
	if err := event.Emit(ctx, tx, event.New{Type: what, SubjectID: before.ID, Data: map[string]any{"name": in.Name, "adapter": in.Adapter}}); err != nil {
		return Account{}, err
	}
	after := shown(in.Name, in.Adapter, in.Settings, in.SyncMode, in.Archived)
	if in.Secret != "" || in.ClientKey != "" {
		after["secret"] = "set"
	}
	was := ""
	if before.Name != "" {
		was = patch.JSON(shown(before.Name, before.Adapter, before.Settings, before.SyncMode, before.Archived))
	}
	if err := event.Audit(ctx, tx, event.Change{What: what, SubjectID: before.ID, Before: was, After: patch.JSON(after)}); err != nil {
		return Account{}, err
	}
	return found(tx.Registrar(ctx, before.ID))
}

// Restart lets the sync of a registrar run again that was stopped.
func (s *Service) Restart(ctx context.Context, id, why string) error {
	why, err := text.Required(why, 255)
	if err != nil {
		return fail.Invalid("reason", err.Error())
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := found(tx.Registrar(ctx, id)); err != nil {
			return err
		}
		n, err := tx.RestartRegistrar(ctx, id)
		if err != nil {
			return fmt.Errorf("registrar %s: %w", id, err)
		}
		if n == 0 {
			return errRuns
		}
		if err := event.Emit(ctx, tx, event.New{Type: "registrar.sync_restarted", SubjectID: id, Data: map[string]any{"reason": why}}); err != nil {
			return err
		}
		return event.Audit(ctx, tx, event.Change{What: "registrar.sync_restarted", SubjectID: id, Why: why})
	})
}
