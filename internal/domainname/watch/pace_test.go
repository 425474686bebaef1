package watch

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/registrartest"
	"github.com/keystead/keystead/internal/setting"
)

// paced is a registrar that keeps its pace and notes when it is asked for what.
type paced struct {
	*registrartest.Fake
	pace *registrar.Pace

	mu    sync.Mutex
	asked []time.Time
	reads map[string][]time.Time // by name
}

// Open implements Registrars.
func (p *paced) Open(context.Context, string) (registrar.Registrar, error) { return p, nil }

// Info implements registrar.Registrar.
func (p *paced) Info(ctx context.Context, transaction, name string) (registrar.Info, error) {
	if err := p.pace.Wait(ctx); err != nil {
		return registrar.Info{}, err
	}
	p.mu.Lock()
	p.asked = append(p.asked, time.Now())
	p.reads[name] = append(p.reads[name], time.Now())
	p.mu.Unlock()
	return p.Fake.Info(ctx, transaction, name)
}

// F7: the sync of a live store, by its own loop and over nine days: 10,000 domains at a registrar that takes two requests a second.
// Each is read daily in the last 35 days of its term, else weekly, and the limit is never passed.
func TestF7Loop(t *testing.T) {
	t.Parallel()
	many := 10_000
	if testing.Short() {
		many = 300
	}
	dir := dbtest.SQLiteDir(t)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(noon))
		d, err := db.Open(t.Context(), db.Config{Dir: dir, Clock: clock.System()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}()
		p := &paced{Fake: registrartest.New(clock.System()), pace: registrar.NewPace(2, nil), reads: map[string][]time.Time{}}
		p.Caps.PerSecond, p.Caps.Parallel = 2, 4
		ends := manyDomains(t, d, p, many)
		s := New(d, Config{Registrars: p})
		begun := time.Now()
		s.Start(t.Context())
		time.Sleep(9 * daily)
		s.Stop()

		slices.SortFunc(p.asked, time.Time.Compare)
		for i, at := range p.asked {
			if i >= 2 && at.Sub(p.asked[i-2]) < time.Second {
				t.Fatalf("three requests within %s", at.Sub(p.asked[i-2]))
			}
		}
		var slowest [2]time.Duration
		for name, end := range ends {
			from := end.AddDate(0, 0, -near)
			last := begun
			for _, at := range append(p.reads[name], begun.Add(9*daily)) {
				kind := 0
				if last.Before(from) {
					kind = 1
				}
				if at.After(from.Add(daily)) && last.Before(from) && last != begun {
					t.Errorf("%s: read at %s and then at %s: not on the first of the last 35 days", name, last, at)
				}
				slowest[kind] = max(slowest[kind], at.Sub(last))
				last = at
			}
		}
		t.Logf("%d requests, at most %s daily and %s weekly", len(p.asked), slowest[0], slowest[1])
		if slowest[0] > daily+2*time.Hour || slowest[1] > weekly+2*time.Hour {
			t.Errorf("between two readings: %s near the end, %s else", slowest[0], slowest[1])
		}
	})
}

// slowly answers each question after a time.
type slowly struct {
	*paced
	takes time.Duration
}

// Open implements Registrars.
func (s *slowly) Open(context.Context, string) (registrar.Registrar, error) { return s, nil }

// Info implements registrar.Registrar.
func (s *slowly) Info(ctx context.Context, transaction, name string) (registrar.Info, error) {
	time.Sleep(s.takes)
	return s.paced.Info(ctx, transaction, name)
}

// What a slow registry says is taken in before the leases of its domains are over, however many are read at once.
func TestSlowRegistry(t *testing.T) {
	t.Parallel()
	dir := dbtest.SQLiteDir(t)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(noon))
		d, err := db.Open(t.Context(), db.Config{Dir: dir, Clock: clock.System()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}()
		if _, err := setting.New(d).Patch(t.Context(), map[string]json.RawMessage{"domains.sync_batch": json.RawMessage("200")}); err != nil {
			t.Fatal(err)
		}
		p := &paced{Fake: registrartest.New(clock.System()), reads: map[string][]time.Time{}}
		p.Caps.Parallel = 4
		names := manyDomains(t, d, p, 200)
		s := New(d, Config{Registrars: &slowly{p, 20 * time.Second}})
		begun := time.Now()
		for range 10 {
			if n, err := s.RunDue(t.Context()); err != nil || n == 0 {
				break
			}
		}
		once := 0
		for name := range names {
			if len(p.reads[name]) == 1 {
				once++
			}
		}
		var read int
		err = d.Read(t.Context(), func(tx *db.Tx) error {
			return tx.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM domains WHERE sync_at > $1", int64(clock.FromTime(begun.Add(time.Hour)))).Scan(&read)
		})
		if err != nil || read != len(names) || once != len(names) {
			t.Errorf("%d of %d domains were read once, and of %d it was taken in, after %s: %v", once, len(names), read, time.Since(begun), err)
		}
	})
}

// manyDomains puts domains into a store, whose terms end over a year, all due to be read now, and returns when each ends.
func manyDomains(t *testing.T, d *db.DB, p *paced, n int) map[string]time.Time {
	t.Helper()
	ctx := t.Context()
	c, err := customer.New(d, func(context.Context, *db.Tx) (money.Currency, error) { return "EUR", nil }).Create(ctx, customer.Input{Email: "ada@example.com", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	ends := map[string]time.Time{}
	err = d.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.SQL().ExecContext(ctx, "INSERT INTO registrars (id, name, adapter, sync_mode, status, created_at) VALUES ('rgr_1', 'fake', 'fake', 'on', 'active', 0)"); err != nil {
			return err
		}
		for i := range n {
			name := fmt.Sprintf("f7-%d.gtld", i)
			end := domainname.RegistryDate(noon).AddDays(1 + i*365/n)
			parsed, err := domainname.ParseName(name)
			if err != nil {
				return err
			}
			raw := end.String() + "T10:00:00Z"
			one := domainname.Domain{
				Name: parsed, Extension: "gtld", CustomerID: c.ID, RegistrarID: "rgr_1", Kind: domainname.Registered, Status: domainname.Active,
				Expiry:      domainname.Expiry{At: end.StartIn(time.UTC).Add(10 * time.Hour), Raw: raw, Source: domainname.FromEPP, ReadAt: noon},
				PaidThrough: end, NextDue: end, Term: 1, Recurring: money.New(1000, "EUR"),
			}
			if err := domainname.Insert(ctx, tx, &one); err != nil {
				return err
			}
			if err := domainname.SyncAt(ctx, tx, one.ID, tx.Now); err != nil {
				return err
			}
			p.Expires(name, raw)
			ends[name] = end.StartIn(time.UTC)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ends
}
