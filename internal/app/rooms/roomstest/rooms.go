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
)

// Rooms are the rooms over a test's store, built as the program builds them and not started.
type Rooms struct {
	*rooms.Rooms
	Files string // the folder of release files
	// Broken is why no paid line can be fulfilled; nil: it can.
	Broken error
}

// New builds the rooms of a live store. They are closed before the store is.
func New(t testing.TB, s *dbtest.Store, log *slog.Logger) *Rooms { return build(t, s, log, false) }

// InTestMode builds the rooms of a store in test mode: with the sandbox, and a clock that stands still.
func InTestMode(t testing.TB, s *dbtest.Store, log *slog.Logger) *Rooms {
	t.Helper()
	if err := s.DB.StandStill(t.Context(), s.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	return build(t, s, log, true)
}

func build(t testing.TB, s *dbtest.Store, log *slog.Logger, testMode bool) *Rooms {
	t.Helper()
	files := t.TempDir()
	built, err := rooms.Build(t.Context(), s.DB, rooms.Config{Dir: s.Config.Dir, Files: files, Key: crypt.NewKey(), TestMode: testMode, Logger: log})
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
