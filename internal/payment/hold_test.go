package payment_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/recovery"
)

// ask has an invoice charged as the automation does: an attempt that a job will hand over.
func (x *till) ask(t testing.TB, invoiceID, key string) (a payment.Attempt) {
	t.Helper()
	err := x.DB.Write(t.Context(), func(tx *db.Tx) error {
		inv, err := billing.LockWithCustomer(t.Context(), tx, invoiceID)
		if err == nil {
			a, err = x.payments.RequestCharge(t.Context(), tx, inv, payment.ChargeOptions{Key: key})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// original charges an attempt as the store did of which this one was restored.
func (x *till) original(t testing.TB, a payment.Attempt) {
	t.Helper()
	err := x.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(t.Context(), "UPDATE payment_attempts SET state = 'created', settled_at = NULL, reference = NULL WHERE id = $1", a.ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	key := x.strings(t, "SELECT idempotency_key FROM payment_attempts WHERE id = $1", a.ID)[0]
	token := x.strings(t, "SELECT token FROM payment_methods WHERE id = $1", a.MethodID)[0]
	inv := x.get(t, a.InvoiceID)
	if _, err := x.sandbox.Charge(t.Context(), gateway.Charge{Key: key, Money: a.Money, CustomerID: inv.CustomerID, MethodToken: token}); err != nil {
		t.Fatal(err)
	}
}

// counted counts the charges that a gateway is asked for.
type counted struct {
	gateway.Gateway
	charges atomic.Int64
}

func (c *counted) Charge(ctx context.Context, in gateway.Charge) (gateway.Outcome, error) {
	c.charges.Add(1)
	return c.Gateway.Charge(ctx, in)
}

func TestRecovery(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		ctx := event.WithActor(t.Context(), event.Actor{Kind: event.Staff, ID: "stf_1", Name: "Grace"})
		asked := &counted{Gateway: x.line}
		x.payments.UseGateway(asked)
		ada := x.customer(t, "ada")
		x.card(t, ada, sandbox.OK)
		known := x.invoice(t, ada, 1000)  // the original had it charged
		later := x.invoice(t, ada, 2000)  // and this one, of which it hears only when its turn has come
		fresh := x.invoice(t, ada, 3000)  // nobody has charged this one
		silent := x.invoice(t, ada, 4000) // and of this one the gateway does not speak
		knownTry, laterTry := x.ask(t, known.ID, "1"), x.ask(t, later.ID, "2")
		x.ask(t, fresh.ID, "3")
		x.ask(t, silent.ID, "4")
		x.original(t, knownTry)

		err := x.DB.Write(ctx, func(tx *db.Tx) error { return recovery.Mark(ctx, tx, tx.Now) })
		if err != nil {
			t.Fatal(err)
		}
		r := recovery.New(x.DB, recovery.Config{Ask: x.payments.FindAll})
		x.payments.UseRecovery(r)
		x.jobs.HoldWhile(r.Held)

		for name, act := range map[string]func() error{
			"charge": func() error { _, err := x.payments.Charge(ctx, fresh.ID, payment.ChargeOptions{}); return err },
			"checkout": func() error {
				_, err := x.payments.Checkout(ctx, fresh.ID, payment.CheckoutOptions{Gateway: sandbox.Name})
				return err
			},
			"method": func() error { _, err := x.payments.AddMethod(ctx, ada, sandbox.Name, sandbox.OK); return err },
		} {
			if err := act(); !errors.Is(err, recovery.ErrHeld) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n, err := x.jobs.RunDue(ctx); n != 0 || err != nil {
			t.Errorf("%d jobs ran, %v", n, err)
		}
		// Asking what became of something is allowed, and asks for nothing.
		if a, err := x.payments.Refresh(ctx, laterTry.ID); err != nil || a.State != payment.AttemptCreated {
			t.Errorf("refreshed: %+v, %v", a, err)
		}
		if n := asked.charges.Load(); n != 0 {
			t.Fatalf("%d charges in recovery", n)
		}
		is, err := r.State(ctx)
		if err != nil || is.Since == nil || is.Waiting.Charges != 4 || is.Waiting.Unanswered != 0 {
			t.Errorf("state = %+v, %v", is, err)
		}

		done, err := r.Confirm(ctx)
		if err != nil || done.Settled != 1 || done.Silent != 0 {
			t.Fatalf("confirmed: %+v, %v", done, err)
		}
		x.wantBalance(t, known.ID, 0)
		if _, err := r.Confirm(ctx); err == nil {
			t.Error("confirmed twice")
		}
		x.original(t, laterTry)
		silentTry := x.strings(t, "SELECT id FROM payment_attempts WHERE invoice_id = $1", silent.ID)[0]
		if err := x.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(ctx, "UPDATE jobs SET state = 'done', finished_at = run_at WHERE payload LIKE $1", "%"+silentTry+"%")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		x.settle(t)
		for _, inv := range []billing.Invoice{known, later, fresh} {
			x.wantBalance(t, inv.ID, 0)
		}
		if n := asked.charges.Load(); n != 1 {
			t.Errorf("%d charges were asked for, want that of the fresh invoice alone", n)
		}
		// While the line is broken nothing is asked for, and nothing is lost.
		x.line.broken = func() (bool, bool) { return true, false }
		if _, err := x.payments.Refresh(ctx, silentTry); err != nil {
			t.Error(err)
		}
		x.line.broken = nil
		if n := asked.charges.Load(); n != 1 {
			t.Errorf("%d charges although the gateway did not say whether it had heard of it", n)
		}
		if a, err := x.payments.Refresh(ctx, silentTry); err != nil || a.State != payment.AttemptSucceeded {
			t.Errorf("in the end: %+v, %v", a, err)
		}
		x.proven(t)
		if n := x.count(t, "SELECT COUNT(*) FROM audit_log WHERE what = $1", recovery.EventConfirmed); n != 1 {
			t.Errorf("%d confirmations in the audit log", n)
		}
	})
}
