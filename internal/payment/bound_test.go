package payment_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/setting"
)

func (x *till) write(t testing.TB, f func(tx *db.Tx) error) {
	t.Helper()
	if err := x.DB.Write(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func (x *till) held(t testing.TB, due int64) (held bool) {
	t.Helper()
	x.write(t, func(tx *db.Tx) (err error) {
		held, err = x.payments.Held(t.Context(), tx, due)
		return err
	})
	return held
}

// busy writes that the automation made so many charges on each of the last days.
func (x *till) busy(t testing.TB, days int, charges int64) {
	t.Helper()
	x.write(t, func(tx *db.Tx) error {
		for i := range days {
			day := civil.Of(tx.Now, time.UTC).AddDays(-1 - i).String()
			if _, err := tx.SQL().ExecContext(t.Context(), "INSERT INTO charge_days (day, charges) VALUES ($1, $2)", day, charges); err != nil {
				return err
			}
		}
		return nil
	})
}

// How unusual a day may be is for the store to say.
func TestSafetyBoundIsASetting(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		x.payments.KeepBound()
		x.busy(t, 60, 30)
		settings := setting.New(x.DB)
		set := func(name, value string) {
			t.Helper()
			if _, err := settings.Patch(t.Context(), map[string]json.RawMessage{name: json.RawMessage(value)}); err != nil {
				t.Fatal(err)
			}
		}
		set("billing.hold_factor", "0")
		if x.held(t, 1_000_000) {
			t.Error("held although no day is too unusual")
		}
		set("billing.hold_factor", "2")
		if x.held(t, 100) {
			t.Error("as few as never wait are held")
		}
		set("billing.hold_above", "10")
		if x.held(t, 60) || !x.held(t, 61) {
			t.Error("not held beyond twice the busiest day")
		}
	})
}

// An unusual day's charges wait until staff release them.
func TestSafetyBound(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		ctx := t.Context()
		if x.held(t, 1_000_000) {
			t.Error("a store in test mode holds charges")
		}
		x.payments.KeepBound()
		if x.held(t, 1_000_000) {
			t.Error("a store without history holds charges")
		}
		x.busy(t, 59, 30)
		if x.held(t, 1_000_000) {
			t.Error("a store of 59 days holds charges")
		}
		x.Clock.Advance(24 * time.Hour)
		wantCode(t, x.payments.Release(ctx), fail.KindConflict, "NO_CHARGES_HELD", "")

		// What was charged today counts.
		ada := x.customer(t, "ada")
		inv := x.invoice(t, ada, 1000)
		x.card(t, ada, sandbox.OK)
		x.write(t, func(tx *db.Tx) error {
			locked, err := billing.LockWithCustomer(ctx, tx, inv.ID)
			if err != nil {
				return err
			}
			_, err = x.payments.RequestCharge(ctx, tx, locked, payment.ChargeOptions{Automatic: true})
			return err
		})
		if x.held(t, 5*30-1) {
			t.Error("five times the busiest day is held")
		}
		if !x.held(t, 5*30) {
			t.Fatal("more than five times the busiest day is not held")
		}
		day := civil.Of(x.Clock.Now(), time.UTC)
		if tasks := x.strings(t, "SELECT kind || ' ' || subject_id || ' ' || state FROM staff_tasks"); !cmp.Equal(tasks, []string{"charges.held " + day.String() + " open"}) {
			t.Errorf("tasks = %q", tasks)
		}
		// They wait on the next day as well, however few.
		x.Clock.Advance(24 * time.Hour)
		if !x.held(t, 1) {
			t.Error("held charges are let go on the next day")
		}
		released := func(due civil.Date) (on civil.Date, waited bool) {
			x.write(t, func(tx *db.Tx) (err error) {
				on, waited, err = payment.Released(ctx, tx, due)
				return err
			})
			return on, waited
		}
		if on, waited := released(day); !waited || !on.IsZero() {
			t.Errorf("released = %v, %v", on, waited)
		}
		x.Clock.Advance(24 * time.Hour)
		if err := x.payments.Release(ctx); err != nil {
			t.Fatal(err)
		}
		if x.held(t, 1_000_000) {
			t.Error("released charges are held")
		}
		for due, want := range map[civil.Date]bool{day.AddDays(-1): false, day: true, day.AddDays(1): true, day.AddDays(2): false} {
			on, waited := released(due)
			if waited != want || (want && on != day.AddDays(2)) {
				t.Errorf("due on %s: released on %v, waited %v", due, on, waited)
			}
		}
		if n := x.count(t, "SELECT COUNT(*) FROM staff_tasks WHERE state = 'open'"); n != 0 {
			t.Errorf("%d tasks are open", n)
		}
	})
}
