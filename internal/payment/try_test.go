package payment_test

import (
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
)

// renewal issues an invoice for a period of a subscription, from which more takes something off.
func (x *till) renewal(t *testing.T, customerID, subscriptionID, start, end string, more ...billing.NewLine) billing.Invoice {
	t.Helper()
	inv := x.invoice(t, customerID, 1000, more...)
	err := x.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(t.Context(), "UPDATE invoice_lines SET subscription_id = $1, period_start = $2, period_end = $3 WHERE invoice_id = $4 AND amount > 0",
			subscriptionID, start, end, inv.ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func (x *till) keys(t *testing.T, invoiceID string) []string {
	return x.strings(t, "SELECT idempotency_key FROM payment_attempts WHERE invoice_id = $1 ORDER BY id", invoiceID)
}

// A store that was restored from a backup, and so invoices a period anew, asks its gateway for the same charge again. In
// one store each try of a period is another charge, also where its invoice was made anew.
func TestChargesOfAPeriodHaveItsKey(t *testing.T) {
	t.Parallel()
	t.Run("plain", func(t *testing.T) { chargesOfAPeriodHaveItsKey(t) })
	t.Run("suspended time is taken off", func(t *testing.T) {
		chargesOfAPeriodHaveItsKey(t, billing.NewLine{SubscriptionID: "sub_1", Description: "Suspended time", Quantity: 1, UnitAmount: eur(-100)})
	})
}

func chargesOfAPeriodHaveItsKey(t *testing.T, off ...billing.NewLine) {
	t.Parallel()
	var first [2]string
	for i := range first {
		x := newTill(t, dbtest.SQLite(t))
		for range i {
			x.invoice(t, x.customer(t, "other"), 100) // the invoice has another id here
		}
		customer := x.customer(t, "ada")
		x.card(t, customer, sandbox.Decline)
		inv := x.renewal(t, customer, "sub_1", "2027-02-01", "2027-03-01", off...)
		x.charge(t, inv.ID, payment.AttemptFailed)
		x.charge(t, inv.ID, payment.AttemptFailed)
		again := x.renewal(t, customer, "sub_1", "2027-02-01", "2027-03-01", off...)
		x.charge(t, again.ID, payment.AttemptFailed)
		next := x.renewal(t, customer, "sub_1", "2027-03-01", "2027-04-01")
		x.charge(t, next.ID, payment.AttemptFailed)

		keys := append(append(x.keys(t, inv.ID), x.keys(t, again.ID)...), x.keys(t, next.ID)...)
		seen := map[string]bool{}
		for _, k := range keys {
			if seen[k] {
				t.Errorf("two charges have the key %s", k)
			}
			seen[k] = true
		}
		if len(keys) != 4 {
			t.Fatalf("%d charges, want 4", len(keys))
		}
		first[i] = keys[0]
	}
	if first[0] != first[1] {
		t.Errorf("the first charge of the period has the keys %s and %s", first[0], first[1])
	}
}
