package payment_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
)

func (x *till) catchUp(t testing.TB) {
	t.Helper()
	if err := x.payments.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	x.settle(t)
}

func (x *till) sweep(t testing.TB) {
	t.Helper()
	if err := x.payments.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	x.settle(t)
}

// What nobody told the store it finds out: a refund on the gateway's pages, a dispute, a charge that was corrected. What
// was found counts once, though its webhook comes after all.
func TestWebhooksThatNeverCome(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		_, refunded := x.paid(t, "ada", sandbox.OK, 1000)
		_, disputed := x.paid(t, "bob", sandbox.OK, 2000)
		x.catchUp(t)
		cyd := x.customer(t, "cyd")
		corrected := x.invoice(t, cyd, 3000)
		x.card(t, cyd, sandbox.Corrected)
		x.charge(t, corrected.ID, pending)
		x.pass(t, 30*time.Hour)
		x.wantBalance(t, corrected.ID, 3000)

		x.faults(t, sandbox.Faults{DelaySeconds: 5 * 24 * 3600})
		if _, err := x.sandbox.RefundCharge(t.Context(), x.payment(t, refunded.ID).Reference, 400); err != nil {
			t.Fatal(err)
		}
		x.dispute(t, disputed.ID)
		x.pass(t, 20*time.Hour)
		if got := x.get(t, disputed.ID); got.Disputes != 0 {
			t.Fatalf("invoice = %+v", got)
		}
		for range 2 {
			x.catchUp(t)
			x.wantRefunds(t, refunded.ID, payment.RefundSucceeded)
			if got := x.get(t, disputed.ID); got.Disputes != 1 || got.Status != billing.Open {
				t.Errorf("invoice = %+v", got)
			}
			x.wantBalance(t, corrected.ID, 0)
			x.proven(t)
			x.pass(t, 6*24*time.Hour)
		}
		if n := x.count(t, "SELECT COUNT(*) FROM gateway_events") - x.count(t, "SELECT COUNT(*) FROM sandbox_events"); n != 0 {
			t.Errorf("%d events too many", n)
		}
	})
}

// A silent gateway is asked for the same time again, and page by page.
func TestCatchUpGoesOnWhereItStood(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		_, inv := x.paid(t, "ada", sandbox.OK, 1000)
		x.catchUp(t)
		charge := x.payment(t, inv.ID).Reference
		x.Clock.Advance(3 * time.Hour)
		x.write(t, func(tx *db.Tx) error {
			for i := range 250 {
				id := fmt.Sprintf("sbe_x%03d", i)
				_, err := tx.SQL().ExecContext(t.Context(), `INSERT INTO sandbox_events (id, charge_id, type, body, copies, created_at)
					VALUES ($1, $2, 'news', $3, 0, $4)`, id, charge, `{"id":"`+id+`","type":"news"}`, tx.Stamp)
				if err != nil {
					return err
				}
			}
			return nil
		})
		x.Clock.Advance(48 * time.Hour)
		x.cut(true)
		if err := x.payments.CatchUp(t.Context()); err == nil {
			t.Error("nobody says that the gateway is silent")
		}
		x.Clock.Advance(48 * time.Hour)
		x.cut(false)
		x.catchUp(t)
		if n := x.count(t, "SELECT COUNT(*) FROM gateway_events WHERE type = 'news' AND state = 'ignored'"); n != 250 {
			t.Errorf("%d of 250 events", n)
		}
	})
}

// A bank decides after the gateway has forgotten what it told: the gateway is asked about the dispute itself.
func TestDisputeIsAskedAbout(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[string]billing.Status{"won": billing.Paid, "lost": billing.Uncollectible} {
		eachTill(t, func(t *testing.T, x *till) {
			_, inv := x.paid(t, "ada", sandbox.OK, 1000)
			id := x.dispute(t, inv.ID)
			x.settle(t)
			x.faults(t, sandbox.Faults{Drop: true})
			x.sweep(t)
			if got := x.get(t, inv.ID); got.Disputes != 1 {
				t.Fatalf("invoice = %+v", got)
			}
			x.closed(t, id, outcome)
			x.settle(t)
			x.sweep(t)
			if got := x.get(t, inv.ID); got.Disputes != 0 || got.Status != want {
				t.Errorf("%s: invoice = %+v", outcome, got)
			}
			x.sweep(t)
			x.proven(t)
		})
	}
}

// A refund whose own questions got lost is asked about.
func TestRefundIsSweptUp(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		_, inv := x.paid(t, "ada", sandbox.OK, 1000)
		x.cut(true)
		x.refund(t, inv.ID, payment.RefundInput{Adjust: true})
		x.wantRefunds(t, inv.ID, payment.RefundPending)
		x.write(t, func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(t.Context(), "DELETE FROM jobs")
			return err
		})
		x.cut(false)
		x.Clock.Advance(25 * time.Hour)
		x.sweep(t)
		x.wantRefunds(t, inv.ID, payment.RefundSucceeded)
		x.proven(t)
	})
}
