package payment_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
)

func ptr(m money.Money) *money.Money { return &m }

// paid gives a new customer an invoice that a card has paid.
func (x *till) paid(t testing.TB, name, token string, amount int64) (customerID string, inv billing.Invoice) {
	t.Helper()
	customerID = x.customer(t, name)
	inv = x.invoice(t, customerID, amount)
	x.card(t, customerID, token)
	if _, err := x.payments.Charge(t.Context(), inv.ID, payment.ChargeOptions{}); err != nil {
		t.Fatal(err)
	}
	x.settle(t)
	return customerID, x.get(t, inv.ID)
}

func (x *till) refund(t testing.TB, invoiceID string, in payment.RefundInput) []payment.Refund {
	t.Helper()
	refunds, err := x.payments.Refund(t.Context(), invoiceID, in)
	if err != nil {
		t.Fatal(err)
	}
	x.settle(t)
	return refunds
}

func (x *till) wantRefunds(t testing.TB, invoiceID string, want ...payment.RefundState) {
	t.Helper()
	refunds, err := x.payments.Refunds(t.Context(), invoiceID)
	if err != nil {
		t.Fatal(err)
	}
	var got []payment.RefundState
	for _, r := range refunds {
		got = append(got, r.State)
	}
	if !slices.Equal(got, want) {
		t.Errorf("refunds are %v, want %v", got, want)
	}
}

// E5: the money goes back, the debt stays.
func TestE5RefundWithoutAdjustment(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		_, inv := x.paid(t, "ada", sandbox.OK, 24995)
		x.refund(t, inv.ID, payment.RefundInput{})
		x.wantRefunds(t, inv.ID, payment.RefundSucceeded)
		x.wantBalance(t, inv.ID, 24995)
		if p := x.payment(t, inv.ID); p.Refunded != eur(24995) || p.State != payment.Succeeded {
			t.Errorf("payment = %+v", p)
		}
		x.proven(t)
	})
}

// E10: each refund belongs to its payment, and takes back what it gave back.
func TestE10TwoPaymentsTwoRefunds(t *testing.T) {
	t.Parallel()
	for _, named := range []bool{true, false} {
		eachTill(t, func(t *testing.T, x *till) { testE10(t, x, named) })
	}
}

// testE10 names the payments to refund, or leaves it to the store to find that of the amount.
func testE10(t *testing.T, x *till, named bool) {
	t.Helper()
	ada := x.customer(t, "ada")
	inv := x.invoice(t, ada, 1000)
	x.card(t, ada, sandbox.OK)
	var payments []string
	for i, step := range []struct{ amount, balance int64 }{{400, 600}, {600, 0}} {
		a, err := x.payments.Charge(t.Context(), inv.ID, payment.ChargeOptions{Amount: eur(step.amount)})
		if err != nil || a.State != succeeded {
			t.Fatalf("charge %d = %+v, %v", i, a, err)
		}
		payments = append(payments, a.PaymentID)
		x.wantBalance(t, inv.ID, step.balance)
	}
	for i, amount := range []int64{400, 600} {
		in := payment.RefundInput{
			Money: ptr(eur(amount)), Adjust: true, Lines: []billing.LineCredit{{LineID: inv.Lines[0].ID, Amount: eur(amount)}},
		}
		if named {
			in.PaymentID = payments[i]
		}
		refunds := x.refund(t, inv.ID, in)
		if len(refunds) != 1 || refunds[0].PaymentID != payments[i] || refunds[0].Money != eur(amount) || refunds[0].CreditNoteID == "" {
			t.Errorf("refund %d = %+v", i, refunds)
		}
		x.wantBalance(t, inv.ID, 0)
		x.proven(t)
	}
	x.wantRefunds(t, inv.ID, payment.RefundSucceeded, payment.RefundSucceeded)
	if after := x.get(t, inv.ID); after.Credited != eur(1000) || after.Paid != eur(0) || !after.Lines[0].TakenBack {
		t.Errorf("invoice = %+v", after)
	}
	_, err := x.payments.Refund(t.Context(), inv.ID, payment.RefundInput{Money: ptr(eur(1))})
	wantCode(t, err, fail.KindConflict, "REFUND_EXCEEDS_PAID", "")
}

// E11: a paid invoice can't be voided, one whose payment went back can.
func TestE11VoidAfterARefund(t *testing.T) {
	t.Parallel()
	for _, adjust := range []bool{true, false} {
		eachTill(t, func(t *testing.T, x *till) {
			_, inv := x.paid(t, "ada", sandbox.OK, 24995)
			_, err := x.billing.VoidInvoice(t.Context(), inv.ID, "")
			wantCode(t, err, fail.KindConflict, "INVOICE_NOT_OPEN", "")
			x.refund(t, inv.ID, payment.RefundInput{Adjust: adjust})
			if _, err := x.billing.VoidInvoice(t.Context(), inv.ID, ""); err != nil {
				t.Error(err)
			}
			x.proven(t)
		})
	}
}

func TestRefundToCredit(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		ada, inv := x.paid(t, "ada", sandbox.OK, 10000)
		refunds := x.refund(t, inv.ID, payment.RefundInput{Money: ptr(eur(3000)), To: payment.ToCredit, Adjust: true, Reason: "late"})
		if len(refunds) != 1 || refunds[0].State != payment.RefundSucceeded || refunds[0].To != payment.ToCredit || x.credit(t, ada) != 3000 {
			t.Errorf("refunds = %+v, credit %d", refunds, x.credit(t, ada))
		}
		x.wantBalance(t, inv.ID, 0)
		x.proven(t)
		// The rest goes back to the card.
		x.refund(t, inv.ID, payment.RefundInput{Adjust: true})
		if p := x.payment(t, inv.ID); p.Refunded != eur(10000) || x.credit(t, ada) != 3000 {
			t.Errorf("payment = %+v, credit %d", p, x.credit(t, ada))
		}
		x.proven(t)
	})
}

// What no invoice has used goes back first, and touches no line.
func TestRefundOfAnOverpayment(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		ada := x.customer(t, "ada")
		inv := x.invoice(t, ada, 1000)
		x.card(t, ada, sandbox.Pending)
		x.charge(t, inv.ID, pending)
		if _, err := x.payments.Record(t.Context(), inv.ID, payment.Manual{Money: eur(1000), Reference: "wire"}); err != nil {
			t.Fatal(err)
		}
		x.pass(t, 25*time.Hour)
		if x.credit(t, ada) != 1000 {
			t.Fatalf("credit = %d", x.credit(t, ada))
		}
		refunds := x.refund(t, inv.ID, payment.RefundInput{Money: ptr(eur(1000)), Adjust: true})
		if len(refunds) != 1 || refunds[0].Gateway != sandbox.Name || refunds[0].CreditNoteID != "" || refunds[0].Adjust {
			t.Errorf("refunds = %+v", refunds)
		}
		if after := x.get(t, inv.ID); after.Status != billing.Paid || after.Credited != eur(0) || x.credit(t, ada) != 0 {
			t.Errorf("invoice = %+v, credit %d", after, x.credit(t, ada))
		}
		x.proven(t)
		// What is left is the bank transfer, which staff send back by hand.
		refunds = x.refund(t, inv.ID, payment.RefundInput{Adjust: true})
		if len(refunds) != 1 || refunds[0].Gateway != payment.ManualGateway || refunds[0].State != payment.RefundSucceeded {
			t.Errorf("refunds = %+v", refunds)
		}
		x.proven(t)
	})
}

// Used credit becomes credit again, wherever the rest goes.
func TestRefundOfUsedCredit(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		ada, first := x.paid(t, "ada", sandbox.OK, 1000)
		x.refund(t, first.ID, payment.RefundInput{Money: ptr(eur(400)), To: payment.ToCredit, Adjust: true})
		inv := x.invoice(t, ada, 1000)
		x.charge(t, inv.ID, succeeded)
		x.settle(t)
		refunds := x.refund(t, inv.ID, payment.RefundInput{Adjust: true})
		if len(refunds) != 2 || refunds[0].Money.Amount+refunds[1].Money.Amount != 1000 || x.credit(t, ada) != 400 {
			t.Errorf("refunds = %+v, credit %d", refunds, x.credit(t, ada))
		}
		x.proven(t)
	})
}

func TestRefundsThatAreRefused(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		_, inv := x.paid(t, "ada", sandbox.OK, 1000)
		line := []billing.LineCredit{{LineID: inv.Lines[0].ID, Amount: eur(10)}}
		for field, in := range map[string]payment.RefundInput{
			"money.amount":   {Money: ptr(eur(0))},
			"money.currency": {Money: ptr(money.New(1, "USD"))},
			"to":             {To: "bank"},
			"adjust":         {To: payment.ToCredit},
			"lines":          {Lines: line},
			"keep_license":   {KeepLicense: true, Reason: "so"},
			"reason":         {KeepLicense: true, Adjust: true},
			"payment_id":     {PaymentID: "pay_other"},
		} {
			_, err := x.payments.Refund(t.Context(), inv.ID, in)
			wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, field)
		}
		_, err := x.payments.Refund(t.Context(), inv.ID, payment.RefundInput{Money: ptr(eur(1001)), Adjust: true})
		wantCode(t, err, fail.KindConflict, "REFUND_EXCEEDS_PAID", "")
		_, err = x.payments.Refund(t.Context(), "inv_unknown", payment.RefundInput{})
		wantCode(t, err, fail.KindNotFound, "INVOICE_NOT_FOUND", "")
		if _, err := x.sandbox.Dispute(t.Context(), x.payment(t, inv.ID).Reference); err != nil {
			t.Fatal(err)
		}
		x.settle(t)
		_, err = x.payments.Refund(t.Context(), inv.ID, payment.RefundInput{})
		wantCode(t, err, fail.KindConflict, "DISPUTE_OPEN", "")
		_, err = x.payments.Charge(t.Context(), inv.ID, payment.ChargeOptions{})
		wantCode(t, err, fail.KindConflict, "DISPUTE_OPEN", "")
		x.proven(t)
	})
}

// A refund that the bank does not take leaves the money as credit, and a task.
func TestRefundThatFails(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		ada, inv := x.paid(t, "ada", sandbox.RefundFailing, 1000)
		refunds := x.refund(t, inv.ID, payment.RefundInput{Adjust: true})
		x.wantRefunds(t, inv.ID, payment.RefundPending)
		if p := x.payment(t, inv.ID); p.Refunded != eur(1000) {
			t.Errorf("payment = %+v", p)
		}
		x.pass(t, 2*time.Hour)
		x.wantRefunds(t, inv.ID, payment.RefundFailed)
		if p := x.payment(t, inv.ID); p.Refunded != eur(0) || x.credit(t, ada) != 1000 {
			t.Errorf("payment = %+v, credit %d", p, x.credit(t, ada))
		}
		id := refunds[0].ID
		if diff := cmp.Diff([]string{"refund.created", "refund.failed", "task.opened"}, x.strings(t, "SELECT type FROM events WHERE subject_id = $1 ORDER BY seq", id)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if n := x.count(t, "SELECT COUNT(*) FROM staff_tasks WHERE kind = 'refund.failed' AND subject_id = $1", id); n != 1 {
			t.Errorf("%d tasks", n)
		}
		x.proven(t)
		// It can be tried again: the money is there.
		x.refund(t, inv.ID, payment.RefundInput{Adjust: true})
		x.pass(t, 2*time.Hour)
		x.wantRefunds(t, inv.ID, payment.RefundFailed, payment.RefundFailed)
		x.proven(t)
	})
}

// A refund whose answer is lost is asked about, and made once.
func TestRefundWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		x.faults(t, sandbox.Faults{Drop: true})
		_, inv := x.paid(t, "ada", sandbox.Timeout, 1000)
		x.pass(t, time.Hour)
		x.wantBalance(t, inv.ID, 0)
		x.refund(t, inv.ID, payment.RefundInput{Adjust: true})
		x.wantRefunds(t, inv.ID, payment.RefundPending)
		x.pass(t, 2*time.Hour)
		x.wantRefunds(t, inv.ID, payment.RefundSucceeded)
		if n := x.count(t, "SELECT COUNT(*) FROM sandbox_refunds"); n != 1 {
			t.Errorf("%d refunds", n)
		}
		x.proven(t)
	})
}

// A refund that was made at the gateway counts once, however often it is told, and takes back what was sold.
func TestRefundAtTheGateway(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		x.faults(t, sandbox.Faults{Duplicate: 2})
		_, inv := x.paid(t, "ada", sandbox.OK, 1000)
		p := x.payment(t, inv.ID)
		for range 2 {
			if _, err := x.sandbox.RefundCharge(t.Context(), p.Reference, 500); err != nil {
				t.Fatal(err)
			}
			x.settle(t)
			x.wantBalance(t, inv.ID, 0)
			x.proven(t)
		}
		after := x.get(t, inv.ID)
		if after.Credited != eur(1000) || !after.Lines[0].TakenBack {
			t.Errorf("invoice = %+v", after)
		}
		refunds, err := x.payments.Refunds(t.Context(), inv.ID)
		if err != nil || len(refunds) != 2 || refunds[0].Origin != payment.ByGateway || refunds[0].State != payment.RefundSucceeded {
			t.Errorf("refunds = %+v, %v", refunds, err)
		}
	})
}

// Staff refund in the store what somebody has just refunded at the gateway: it goes back once.
func TestRefundFromBothSides(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		ada, inv := x.paid(t, "ada", sandbox.OK, 1000)
		x.faults(t, sandbox.Faults{DelaySeconds: 60})
		if _, err := x.sandbox.RefundCharge(t.Context(), x.payment(t, inv.ID).Reference, 1000); err != nil {
			t.Fatal(err)
		}
		x.refund(t, inv.ID, payment.RefundInput{Adjust: true}) // refused by the gateway: nothing is left
		x.pass(t, 3*time.Hour)
		x.wantRefunds(t, inv.ID, payment.RefundFailed, payment.RefundSucceeded)
		if credit := x.credit(t, ada); credit != 0 {
			t.Errorf("credit = %d", credit)
		}
		x.proven(t)
	})
}
