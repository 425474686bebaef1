package account

import (
	"testing"
	"time"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/registrar"
)

func paced(t *testing.T, s *dbtest.Store) (*Service, Account) {
	t.Helper()
	r := New(s.DB, Config{Box: crypt.NewBox(crypt.NewKey())})
	t.Cleanup(func() { r.Close(t.Context()) })
	a, err := r.Create(t.Context(), Input{
		Name: "Registry", Adapter: EPP, Secret: "PASS-word1",
		Settings: map[string]string{"address": "epp.registry.example:700", "client_id": "shop-1", "per_second": "10"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, a
}

// The turns that one process was lent are given to no other one, and none is lent whose time is too late. A clock that was
// set back holds nothing up, and neither does what was lent before staff have changed the rate.
func TestTurns(t *testing.T) {
	t.Parallel()
	s := dbtest.Postgres(t)
	r, a := paced(t, s)
	other := New(s.Open(t), Config{Box: crypt.NewBox(crypt.NewKey())})
	const gap = 100 * time.Millisecond
	lend := func(r *Service, want registrar.Turns) registrar.Loan {
		t.Helper()
		if want.Patience == 0 {
			want.Patience = registrar.Patient
		}
		want.Gap = gap
		loan, err := r.lender(a.ID)(t.Context(), want)
		if err != nil {
			t.Fatal(err)
		}
		return loan
	}
	for i, step := range []struct {
		by   *Service
		want registrar.Turns
		loan registrar.Loan
	}{
		{r, registrar.Turns{N: 5}, registrar.Loan{In: 0, Lent: true}},
		{other, registrar.Turns{N: 2}, registrar.Loan{In: 5 * gap, Lent: true}},
		{r, registrar.Turns{N: 1, Lead: gap}, registrar.Loan{In: 7 * gap, Lent: true}},
		{r, registrar.Turns{N: 3, Lead: 10 * gap}, registrar.Loan{In: 10 * gap, Lent: true}},
		{other, registrar.Turns{N: 3, Patience: 12 * gap}, registrar.Loan{In: 13 * gap}},
		{other, registrar.Turns{N: 3, Patience: 13 * gap}, registrar.Loan{In: 13 * gap, Lent: true}},
	} {
		if loan := lend(step.by, step.want); loan != step.loan {
			t.Errorf("%d: %+v, want %+v", i, loan, step.loan)
		}
	}
	s.Clock.Advance(time.Hour)
	if loan := lend(other, registrar.Turns{N: 1}); loan != (registrar.Loan{Lent: true}) {
		t.Errorf("an hour later: %+v", loan)
	}
	s.Clock.Set(s.Clock.Now().AddDate(0, 0, -2))
	if loan := lend(r, registrar.Turns{N: 600}); loan != (registrar.Loan{Lent: true}) {
		t.Errorf("two days back: %+v", loan)
	}
	if _, err := r.Change(t.Context(), a.ID, a.Version, Input{Name: a.Name, Adapter: a.Adapter, Settings: a.Settings, SyncMode: SyncOn}); err != nil {
		t.Fatal(err)
	}
	if loan := lend(r, registrar.Turns{N: 1}); loan != (registrar.Loan{Lent: true}) {
		t.Errorf("after a change: %+v", loan)
	}
}

// All that reaches a registrar keeps one pace, and SQLite, which one process has for itself, is asked for no turns.
func TestOnePaceOfAnAccount(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		r, a := paced(t, s)
		p := r.pace(a)
		if p == nil || r.pace(a) != p || p.PerSecond() != 10 {
			t.Errorf("paces %v and %v", p, r.pace(a))
		}
		begun := s.DB.Begun()
		if err := p.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := s.DB.Begun() - begun; n != 0 && s.Engine == db.SQLite {
			t.Errorf("%d transactions for a turn", n)
		}
		a.Settings["per_second"] = "20"
		if faster := r.pace(a); faster == p || faster.PerSecond() != 20 {
			t.Errorf("%v after the change", faster)
		}
		delete(a.Settings, "per_second")
		if r.pace(a) != nil {
			t.Error("a pace without a rate")
		}
	})
}
