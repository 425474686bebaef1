package account_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/task"
)

// What was refused for lack of money is an alert, whatever the costs that are known say; and costs that are not known are said.
func TestRefusedForMoney(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		c := must(customer.New(b.store.DB, func(context.Context, *db.Tx) (money.Currency, error) { return "EUR", nil }).Create(ctx, customer.Input{Email: "ada@example.com", Name: "Ada"}))(t)
		a := must(b.Create(ctx, account.Input{Name: "Fake", Adapter: "fake"}))(t)
		b.put(t, c.ID, a.ID, "due.test", "2026-03-20")
		for _, name := range []string{"one.test", "two.test"} {
			b.refused(t, c.ID, a.ID, name)
		}
		b.fake.Fund(money.New(500, "EUR"))
		if err := b.Upkeep(ctx); err != nil {
			t.Fatal(err)
		}
		f := must(b.Funds(ctx, a.ID))(t)
		if f.Refused != 2 || f.Unpriced != 3 || f.Needed.Amount != 0 || f.LowSince.IsZero() {
			t.Errorf("%+v", f)
		}
		tasks, _, err := task.New(b.store.DB).Open(ctx, "", 10)
		if err != nil || len(tasks) != 1 || tasks[0].Kind != account.TaskFunds {
			t.Fatalf("%+v, %v", tasks, err)
		}
		for _, want := range []string{"It refused 2 commands for lack of money", "3 commands of unknown cost"} {
			if !strings.Contains(tasks[0].Detail, want) {
				t.Errorf("%q is not in %q", want, tasks[0].Detail)
			}
		}
		if strings.Contains(tasks[0].Detail, "until") {
			t.Errorf("it names a day: %s", tasks[0].Detail)
		}
	})
}

// What is to be paid today and is not covered is told without a day that is over.
func TestFundsOfToday(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		c := must(customer.New(b.store.DB, func(context.Context, *db.Tx) (money.Currency, error) { return "EUR", nil }).Create(ctx, customer.Input{Email: "ada@example.com", Name: "Ada"}))(t)
		a := must(b.Create(ctx, account.Input{Name: "Fake", Adapter: "fake"}))(t)
		b.put(t, c.ID, a.ID, "due.test", "2026-03-01")
		b.exec(t, `INSERT INTO domain_costs (registrar_id, extension, kind, years, currency, valid_from, amount, source, updated_at) VALUES ($1, 'test', 'renew', 1, 'EUR', '2026-01-01', 800, '', 0)`, a.ID)
		b.fake.Fund(money.New(100, "EUR"))
		if err := b.Upkeep(ctx); err != nil {
			t.Fatal(err)
		}
		tasks, _, err := task.New(b.store.DB).Open(ctx, "", 10)
		if err != nil || len(tasks) != 1 || !strings.Contains(tasks[0].Detail, "does not cover what is to be paid today") || strings.Contains(tasks[0].Detail, "until") {
			t.Errorf("%+v, %v", tasks, err)
		}
		if f := must(b.Funds(ctx, a.ID))(t); f.Days >= 0 || !f.Until.IsZero() {
			t.Errorf("%+v", f)
		}
	})
}

// refused stores a registration that is paid and that the registrar refused for lack of money.
func (b *bench) refused(t *testing.T, customerID, registrarID, name string) {
	t.Helper()
	ctx := t.Context()
	d := domainname.Domain{
		Name: must(domainname.ParseName(name))(t), Extension: "test", CustomerID: customerID, RegistrarID: registrarID, Kind: domainname.Registered,
		Status: domainname.PendingRegistration, BoughtYears: 1, Recurring: money.New(0, "EUR"),
	}
	if err := b.store.DB.Write(ctx, func(tx *db.Tx) error { return domainname.Insert(ctx, tx, &d) }); err != nil {
		t.Fatal(err)
	}
	b.exec(t, `INSERT INTO registrar_commands (id, transaction_id, registrar_id, domain_id, attempt, command, guard_kind, outcome, created_at, settled_at)
		VALUES ($1, $1, $2, $3, 1, 'register', 'none', 'money', $4, $4)`, "cmd_"+d.ID, registrarID, d.ID, time.Now().UnixMicro())
}

func (b *bench) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	err := b.store.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(t.Context(), statement, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The password is to be entered again for another address, and for another who is trusted with it; each is called what it is.
func TestWhyThePasswordAgain(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		a := must(b.Create(ctx, overEPP("Registry")))(t)
		for name, want := range map[string]string{"address": "it would go to another address", "server_name": "the settings say who is trusted with it"} {
			in := overEPP("Registry")
			in.Secret, in.Settings[name] = "", "epp.other.example:700"
			_, err := b.Change(ctx, a.ID, a.Version, in)
			if e := fail.Of(err); e == nil || !strings.Contains(e.Error()+e.Detail, want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
	})
}
