package payment_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
)

func (x *till) dispute(t testing.TB, invoiceID string) string {
	t.Helper()
	id, err := x.sandbox.Dispute(t.Context(), x.payment(t, invoiceID).Reference)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (x *till) closed(t testing.TB, id, outcome string) {
	t.Helper()
	if err := x.sandbox.CloseDispute(t.Context(), id, outcome); err != nil {
		t.Fatal(err)
	}
}

// E7: a partial capture, a chargeback of it, and its reversal.
func TestE7PartialCaptureChargebackReversal(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		_, inv := x.paid(t, "ada", sandbox.Partial, 24995)
		x.wantBalance(t, inv.ID, 23995)
		if p := x.payment(t, inv.ID); p.Money != eur(1000) {
			t.Errorf("payment = %+v", p)
		}
		id := x.dispute(t, inv.ID)
		x.settle(t)
		x.wantBalance(t, inv.ID, 24995)
		if p := x.payment(t, inv.ID); p.Dispute != payment.DisputeOpen || p.State != payment.Succeeded {
			t.Errorf("payment = %+v", p)
		}
		x.proven(t)
		x.closed(t, id, "won")
		x.settle(t)
		x.wantBalance(t, inv.ID, 23995)
		if p := x.payment(t, inv.ID); p.Dispute != payment.DisputeWon {
			t.Errorf("payment = %+v", p)
		}
		x.proven(t)
	})
}

func TestDisputeLost(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		ada, inv := x.paid(t, "ada", sandbox.Disputed, 1000)
		x.pass(t, 3*24*time.Hour)
		if got := x.get(t, inv.ID); got.Status != billing.Open || got.Disputes != 1 {
			t.Fatalf("invoice = %+v", got)
		}
		disputes, err := x.payments.Disputes(t.Context(), inv.ID)
		if err != nil || len(disputes) != 1 || disputes[0].Status != payment.DisputeOpen || disputes[0].Money != eur(1000) {
			t.Fatalf("disputes = %+v, %v", disputes, err)
		}
		// Staff are asked to answer the bank until it is decided.
		asked := func(state string) {
			t.Helper()
			got := x.strings(t, "SELECT state FROM staff_tasks WHERE kind = 'dispute.opened' AND subject_id = $1 AND detail LIKE '€10.00 paid for invoice %Answer on the pages of sandbox until %'", disputes[0].ID)
			if !slices.Equal(got, []string{state}) {
				t.Errorf("asked: %q, want %q", got, state)
			}
		}
		asked("open")
		x.closed(t, disputes[0].Reference, "lost")
		x.settle(t)
		asked("done")
		if got := x.get(t, inv.ID); got.Status != billing.Uncollectible || got.Disputes != 0 || x.credit(t, ada) != 0 {
			t.Errorf("invoice = %+v, credit %d", got, x.credit(t, ada))
		}
		events := x.strings(t, "SELECT type FROM events WHERE subject_id = $1 ORDER BY seq", disputes[0].ID)
		if diff := cmp.Diff([]string{"dispute.opened", "task.opened", "dispute.lost"}, events); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		x.proven(t)
	})
}

// That a dispute is over is told before that it began, and twice.
func TestDisputeToldInAnyOrder(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[string]billing.Status{"won": billing.Paid, "lost": billing.Uncollectible} {
		eachTill(t, func(t *testing.T, x *till) {
			_, inv := x.paid(t, "ada", sandbox.OK, 1000)
			x.faults(t, sandbox.Faults{Reorder: true, Duplicate: 1})
			x.closed(t, x.dispute(t, inv.ID), outcome)
			for range 4 {
				x.Clock.Advance(10 * time.Minute)
				x.settle(t)
			}
			if got := x.get(t, inv.ID); got.Status != want || got.Disputes != 0 {
				t.Errorf("%s: invoice = %+v", outcome, got)
			}
			if n := x.count(t, "SELECT COUNT(*) FROM staff_tasks WHERE state = 'open'"); n != 0 {
				t.Errorf("%s: %d tasks are open", outcome, n)
			}
			order := x.strings(t, "SELECT type FROM gateway_events WHERE type LIKE 'dispute.%' ORDER BY received_at")
			if diff := cmp.Diff([]string{"dispute." + outcome, "dispute.open"}, order); diff != "" {
				t.Errorf("%s: events came (-want +got):\n%s", outcome, diff)
			}
			x.proven(t)
		})
	}
}

// A dispute is the first that is heard of a charge whose answer was lost.
func TestDisputeOfAChargeThatNobodyKnows(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		x.faults(t, sandbox.Faults{Drop: true})
		ada := x.customer(t, "ada")
		inv := x.invoice(t, ada, 1000)
		x.card(t, ada, sandbox.Timeout)
		x.charge(t, inv.ID, unknown)
		x.faults(t, sandbox.Faults{})
		reference := x.strings(t, "SELECT id FROM sandbox_charges")[0]
		if _, err := x.sandbox.Dispute(t.Context(), reference); err != nil {
			t.Fatal(err)
		}
		x.settle(t)
		if got := x.get(t, inv.ID); got.Status != billing.Open || got.Disputes != 1 || got.Paid != eur(0) {
			t.Errorf("invoice = %+v", got)
		}
		x.proven(t)
	})
}

// What is left after a refund is disputed; the customer has spent the credit meanwhile.
func TestDisputeAfterARefundToSpentCredit(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		ada, inv := x.paid(t, "ada", sandbox.OK, 1000)
		x.refund(t, inv.ID, payment.RefundInput{Money: ptr(eur(300)), Adjust: true})
		x.refund(t, inv.ID, payment.RefundInput{Money: ptr(eur(200)), To: payment.ToCredit, Adjust: true})
		x.invoice(t, ada, 5000)
		err := x.use(t, ada)
		if err != nil || x.credit(t, ada) != 0 {
			t.Fatalf("credit = %d, %v", x.credit(t, ada), err)
		}
		id := x.dispute(t, inv.ID)
		x.settle(t)
		x.wantBalance(t, inv.ID, 500)
		x.proven(t)
		asked := x.strings(t, "SELECT state FROM staff_tasks WHERE kind = 'dispute.uncovered' AND detail LIKE '%had spent €2.00 already%'")
		if !slices.Equal(asked, []string{"open"}) {
			t.Errorf("staff are asked %v", asked)
		}
		x.closed(t, id, "won")
		x.settle(t)
		x.wantBalance(t, inv.ID, 0)
		if credit := x.credit(t, ada); credit != 0 {
			t.Errorf("credit = %d", credit)
		}
		if n := x.count(t, "SELECT COUNT(*) FROM staff_tasks WHERE state = 'open'"); n != 0 {
			t.Errorf("%d questions are left", n)
		}
		x.proven(t)
	})
}

// The invoice was paid otherwise while the dispute was open: what comes back is credit.
func TestDisputeWonTooLate(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		ada, inv := x.paid(t, "ada", sandbox.OK, 1000)
		id := x.dispute(t, inv.ID)
		x.settle(t)
		if _, err := x.payments.Record(t.Context(), inv.ID, payment.Manual{Money: eur(1000), Reference: "wire"}); err != nil {
			t.Fatal(err)
		}
		x.closed(t, id, "won")
		x.settle(t)
		if got := x.get(t, inv.ID); got.Status != billing.Paid || x.credit(t, ada) != 1000 {
			t.Errorf("invoice = %+v, credit %d", got, x.credit(t, ada))
		}
		x.proven(t)
		// It can go back as what no invoice has used.
		x.refund(t, inv.ID, payment.RefundInput{Money: ptr(eur(1000)), Adjust: true})
		if got := x.get(t, inv.ID); got.Credited != eur(0) || got.Status != billing.Paid || x.credit(t, ada) != 0 {
			t.Errorf("invoice = %+v, credit %d", got, x.credit(t, ada))
		}
		x.proven(t)
	})
}

func TestDisputesThatAreRefused(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		ctx := t.Context()
		_, inv := x.paid(t, "ada", sandbox.OK, 1000)
		id := x.dispute(t, inv.ID)
		_, err := x.sandbox.Dispute(ctx, x.payment(t, inv.ID).Reference)
		wantCode(t, err, fail.KindConflict, "SANDBOX_NOT_DISPUTABLE", "")
		_, err = x.sandbox.Dispute(ctx, "sbc_unknown")
		wantCode(t, err, fail.KindNotFound, "SANDBOX_CHARGE_NOT_FOUND", "")
		wantCode(t, x.sandbox.CloseDispute(ctx, id, "draw"), fail.KindInvalid, fail.CodeInvalidInput, "outcome")
		wantCode(t, x.sandbox.CloseDispute(ctx, "sbd_unknown", "won"), fail.KindNotFound, "SANDBOX_DISPUTE_NOT_FOUND", "")
		x.closed(t, id, "won")
		wantCode(t, x.sandbox.CloseDispute(ctx, id, "lost"), fail.KindConflict, "SANDBOX_DISPUTE_CLOSED", "")
		_, err = x.sandbox.RefundCharge(ctx, x.payment(t, inv.ID).Reference, 1001)
		wantCode(t, err, fail.KindConflict, "SANDBOX_NOT_REFUNDABLE", "")
	})
}
