// Package roomstest gives tests the rooms of the program, over a store of their own.
package roomstest

import (
	"context"
	"log/slog"
	"os"
	"testing"

	"github.com/keystead/keystead/internal/app/rooms"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/account"
)

// Rooms are the rooms over a test's store, built as the program builds them and not started.
type Rooms struct {
	*rooms.Rooms
	Files string // the folder of release files
	// Broken is why no paid line can be fulfilled; nil: it can.
	Broken error
}

// New builds the rooms of a live store. They are closed before the store is.
func New(t testing.TB, s *dbtest.Store, log *slog.Logger, more ...Option) *Rooms {
	t.Helper()
	return build(t, s, log, false, more)
}

// Option changes what the rooms are built with.
type Option func(*rooms.Config)

// Reach has the registrars of an adapter reached by r.
func Reach(adapter string, r registrar.Registrar) Option {
	return func(c *rooms.Config) {
		if c.Adapters == nil {
			c.Adapters = map[string]account.Maker{}
		}
		c.Adapters[adapter] = func(account.Account, string) (registrar.Registrar, error) { return r, nil }
	}
}

// InTestMode builds the rooms of a store in test mode: with the sandbox, and a clock that stands still.
func InTestMode(t testing.TB, s *dbtest.Store, log *slog.Logger, more ...Option) *Rooms {
	t.Helper()
	if err := s.DB.StandStill(t.Context(), s.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	return build(t, s, log, true, more)
}

func build(t testing.TB, s *dbtest.Store, log *slog.Logger, testMode bool, more []Option) *Rooms {
	t.Helper()
	files := t.TempDir()
	config := rooms.Config{Dir: s.Config.Dir, Files: files, Key: crypt.NewKey(), TestMode: testMode, Logger: log}
	for _, change := range more {
		change(&config)
	}
	built, err := rooms.Build(t.Context(), s.DB, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := built.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close the rooms: %v", err)
		}
	})
	r := &Rooms{Rooms: built, Files: files}
	r.Billing.Register(billing.KindLicense, breakable{rooms.LicenseIssuer{Licenses: r.Licenses}, r})
	return r
}

// breakable fulfils lines as the program does, or fails.
type breakable struct {
	billing.Fulfiller
	rooms *Rooms
}

// Fulfil implements billing.Fulfiller.
func (b breakable) Fulfil(ctx context.Context, tx *db.Tx, line billing.Line) (string, error) {
	if b.rooms.Broken != nil {
		return "", b.rooms.Broken
	}
	return b.Fulfiller.Fulfil(ctx, tx, line)
}

// Log is the logger of tests: silent, unless KEYSTEAD_TEST_LOG is set.
func Log() *slog.Logger {
	if os.Getenv("KEYSTEAD_TEST_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return slog.New(slog.DiscardHandler)
}
