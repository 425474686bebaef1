package account_test

import (
	"context"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/registrar/registrartest"
	"github.com/keystead/keystead/internal/task"
)

func day(t *testing.T, s string) civil.Date {
	t.Helper()
	return must(civil.Parse(s))(t)
}

func TestCover(t *testing.T) {
	t.Parallel()
	today := day(t, "2026-11-22")
	for _, test := range []struct {
		name    string
		balance int64
		needs   map[string]int64
		until   string
		all     bool
	}{
		{"nothing needed", 0, nil, "2027-01-21", true},
		{"enough", 3000, map[string]int64{"2026-11-25": 1000, "2026-12-15": 2000}, "2027-01-21", true},
		{"a cent short", 2999, map[string]int64{"2026-11-25": 1000, "2026-12-15": 2000}, "2026-12-14", false},
		{"not the first", 999, map[string]int64{"2026-11-25": 1000, "2026-12-15": 2000}, "2026-11-24", false},
		{"not today's", 999, map[string]int64{"2026-11-22": 1000}, "2026-11-21", false},
		{"overdue is today's", 999, map[string]int64{"2026-10-01": 1000}, "2026-11-21", false},
		{"below zero", -1, map[string]int64{"2026-12-01": 1}, "2026-11-30", false},
		{"the last day counts", 0, map[string]int64{"2027-01-21": 1}, "2027-01-20", false},
		{"beyond the last day", 0, map[string]int64{"2027-01-22": 1}, "2027-01-21", true},
	} {
		var needs []account.Need
		for on, cost := range test.needs {
			needs = append(needs, account.Need{On: day(t, on), Cost: cost})
		}
		if until, all := account.Cover(test.balance, needs, today, 60); until.String() != test.until || all != test.all {
			t.Errorf("%s: until %s, %t; want %s, %t", test.name, until, all, test.until, test.all)
		}
	}
}

// put stores an active domain of the registrar that falls due on a day.
func (b *bench) put(t *testing.T, customerID, registrarID, name, due string) {
	t.Helper()
	n := must(domainname.ParseName(name))(t)
	d := domainname.Domain{
		Name: n, Extension: "test", CustomerID: customerID, RegistrarID: registrarID, Kind: domainname.Registered, Status: domainname.Active,
		PaidThrough: day(t, due), NextDue: day(t, due), Term: 1, Recurring: money.New(1200, "EUR"),
		Expiry: domainname.Expiry{At: day(t, due).StartIn(time.UTC), Raw: due, Source: domainname.FromRegistrar, ReadAt: b.store.Clock.Now()},
	}
	if err := b.store.DB.Write(t.Context(), func(tx *db.Tx) error { return domainname.Insert(t.Context(), tx, &d) }); err != nil {
		t.Fatal(err)
	}
}

func TestFunds(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		c := must(customer.New(b.store.DB, func(context.Context, *db.Tx) (money.Currency, error) { return "EUR", nil }).Create(ctx, customer.Input{Email: "ada@example.com", Name: "Ada"}))(t)
		a := must(b.Create(ctx, account.Input{Name: "Fake", Adapter: "fake"}))(t)
		b.put(t, c.ID, a.ID, "a.test", "2026-03-05")
		b.put(t, c.ID, a.ID, "b.test", "2026-03-20")
		b.put(t, c.ID, a.ID, "c.test", "2026-06-20") // beyond the horizon
		if err := b.store.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(ctx, `INSERT INTO domain_costs (registrar_id, extension, kind, years, currency, valid_from, amount, source, updated_at)
				VALUES ($1, 'test', 'renew', 1, 'EUR', '2026-01-01', 800, '', 0), ($1, 'test', 'renew', 1, 'EUR', '2026-02-01', 900, '', 0)`, a.ID)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if f := must(b.Funds(ctx, a.ID))(t); f.Known {
			t.Errorf("before it was read: %+v", f)
		}
		b.fake.Fund(money.New(1700, "EUR"))
		low := func() (n int) {
			for _, e := range must(event.NewLog(b.store.DB).List(ctx, "", event.Filter{Type: "registrar.funds_low"}))(t) {
				if e.SubjectID == a.ID {
					n++
				}
			}
			return n
		}
		for range 3 {
			if err := b.Upkeep(ctx); err != nil {
				t.Fatal(err)
			}
		}
		f := must(b.Funds(ctx, a.ID))(t)
		if !f.Known || f.All || f.Until != day(t, "2026-03-19") || f.Days != 18 || f.Needed != money.New(1800, "EUR") || f.Unpriced != 0 || low() != 0 {
			t.Errorf("%+v, told %d times", f, low())
		}
		b.store.Clock.Advance(6 * 24 * time.Hour) // 12 days are left
		for range 3 {
			if err := b.Upkeep(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if f := must(b.Funds(ctx, a.ID))(t); f.LowSince != day(t, "2026-03-07") || low() != 1 {
			t.Errorf("%+v, told %d times", f, low())
		}
		b.store.Clock.Advance(24 * time.Hour)
		if err := b.Upkeep(ctx); err != nil || low() != 2 {
			t.Errorf("on the next day: told %d times, %v", low(), err)
		}
		if tasks, _, err := task.New(b.store.DB).Open(ctx, "", 10); err != nil || len(tasks) != 1 || tasks[0].Kind != account.TaskFunds {
			t.Errorf("%+v, %v", tasks, err)
		}
		b.fake.Fund(money.New(1800, "EUR"))
		if err := b.Upkeep(ctx); err != nil {
			t.Fatal(err)
		}
		if f := must(b.Funds(ctx, a.ID))(t); !f.All || !f.LowSince.IsZero() {
			t.Errorf("paid in: %+v", f)
		}
		if tasks, _, err := task.New(b.store.DB).Open(ctx, "", 10); err != nil || len(tasks) != 0 {
			t.Errorf("%+v, %v", tasks, err)
		}
	})
}

func TestUnreachableForAnHour(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		a := must(b.Create(ctx, account.Input{Name: "Fake", Adapter: "fake"}))(t)
		told := func() int {
			return len(must(event.NewLog(b.store.DB).List(ctx, "", event.Filter{Type: "registrar.unreachable"}))(t))
		}
		b.fake.Break(registrartest.Fault{Kind: registrartest.Unreachable})
		start := b.store.Clock.Now()
		for i, want := range []int{0, 0, 1, 1} {
			if err := b.Upkeep(ctx); err != nil || told() != want {
				t.Errorf("after %v: told %d times, %v", time.Duration(i)*30*time.Minute, told(), err)
			}
			b.store.Clock.Advance(30 * time.Minute)
		}
		if is := must(b.ByID(ctx, a.ID))(t); is.UnreachableSince == nil || !is.UnreachableSince.Equal(start) {
			t.Errorf("%+v", is)
		}
		b.fake.Heal()
		if err := b.Upkeep(ctx); err != nil {
			t.Fatal(err)
		}
		if is := must(b.ByID(ctx, a.ID))(t); is.UnreachableSince != nil {
			t.Errorf("%+v", is)
		}
	})
}
