package billing_test

import (
	"errors"
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/order/ordertest"
)

// tamper is a change of a store, and the rules that it breaks.
type tamper struct {
	tamper string
	rules  []string
}

var tampers = map[string]tamper{
	"an entry changed": {
		"UPDATE ledger_entries SET amount = amount + 1 WHERE account = 'bank' AND amount = 6000",
		[]string{"ledger.transaction", "ledger.currency", "payment.ledger"},
	},
	"an entry lost": {
		"DELETE FROM ledger_entries WHERE account = 'customer_credit' AND amount < 0",
		[]string{"ledger.transaction", "ledger.currency", "customer.credit"},
	},
	"a transaction lost": {
		"DELETE FROM ledger_entries WHERE transaction_id IN (SELECT id FROM ledger_transactions WHERE kind = 'credit.used')",
		[]string{"ledger.transaction", "customer.credit", "invoice.paid", "invoice.receivable", "payment.applied", "payment.ledger"},
	},
	"credit from nowhere":     {"UPDATE customer_credits SET amount = amount + 1", []string{"customer.credit"}},
	"a payment counted less":  {"UPDATE payments SET applied = applied - 1 WHERE applied > 0", []string{"payment.applied"}},
	"a total changed":         {"UPDATE invoices SET net = net + 1, total = total + 1 WHERE status = 'open'", []string{"invoice.total", "invoice.receivable", "invoice.revenue", "order.status"}},
	"a line changed":          {"UPDATE invoice_lines SET amount = amount + 1, total = total + 1 WHERE id IN (SELECT MIN(id) FROM invoice_lines)", []string{"line.total", "invoice.total"}},
	"an invoice made void":    {"UPDATE invoices SET status = 'void' WHERE status = 'open'", []string{"invoice.receivable", "invoice.revenue", "order.status", "fulfilment.state"}},
	"an invoice not settled":  {"UPDATE invoices SET status = 'open', paid_at = NULL WHERE number = 'INV-2026-1'", []string{"invoice.status"}},
	"a number too many taken": {"UPDATE number_series SET last_number = last_number + 1", []string{"number.count"}},
	"a number changed":        {"UPDATE invoices SET sequence = 7 WHERE sequence = 2", []string{"number.count", "number.gap"}},
	"a date changed":          {"UPDATE invoices SET issued_on = '2027-01-01' WHERE sequence = 1", []string{"number.order"}},
	"an order changed":        {"UPDATE orders SET status = 'cancelled' WHERE status = 'pending'", []string{"order.status"}},
	"a coupon used by nobody": {
		"INSERT INTO coupons (id, code, code_fold, kind, percent, uses, status, created_at, updated_at) VALUES ('cpn_x', 'X', 'x', 'percent', '10', 1, 'active', 0, 0)",
		[]string{"coupon.uses"},
	},
	"a link reset":             {"UPDATE fulfilments SET state = 'pending' WHERE line_id IN (SELECT MIN(line_id) FROM fulfilments WHERE state = 'done')", []string{"order.status", "fulfilment.state"}},
	"a link done by nobody":    {"UPDATE fulfilments SET state = 'done', target = 'lic_x' WHERE state = 'pending'", []string{"fulfilment.state", "fulfilment.target.license"}},
	"a license lost":           {"DELETE FROM events WHERE type = '" + ordertest.Issued + "'", []string{"fulfilment.target.license"}},
	"nothing, all being right": {"UPDATE orders SET reason = 'unimportant'", nil},
}

// Each way of tampering with a store in which all is well is found, under the name of the rule that it breaks.
func TestVerifyFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ada, price := shop.NewCustomer(t, "ada"), shop.NewPrice(t, "editor", 4900, 0)
		paid := shop.Place(t, ada.ID, price)
		shop.Pay(t, paid.InvoiceID, 6000, "wire")
		shop.Place(t, ada.ID, price) // takes the credit of 1100 and stays open
		void := shop.Place(t, ada.ID, price)
		shop.Pay(t, void.InvoiceID, 100, "part")
		if _, err := shop.Orders.Cancel(t.Context(), void.ID, ""); err != nil {
			t.Fatal(err)
		}
		bob := shop.NewCustomer(t, "bob")
		shop.Pay(t, shop.Place(t, bob.ID, price).InvoiceID, 5000, "rich") // keeps a credit
		shop.Proven(t)

		for name, tt := range tampers {
			t.Run(name, func(t *testing.T) {
				rules := map[string]bool{}
				for _, d := range tampered(t, shop, tt.tamper) {
					rules[d.Check] = true
					if d.Subject == "" || d.Want == d.Got {
						t.Errorf("difference = %+v", d)
					}
				}
				for _, want := range tt.rules {
					if !rules[want] {
						t.Errorf("%s is not named; found %v", want, rules)
					}
					delete(rules, want)
				}
				for extra := range rules {
					t.Errorf("%s is named", extra)
				}
			})
		}
		shop.Proven(t)
	})
}

// tampered returns what Verify finds after a change, which is undone.
func tampered(t *testing.T, shop *ordertest.Shop, change string) []billing.Difference {
	t.Helper()
	return tamperedWith(t, shop.DB, shop.Billing, change)
}

func tamperedWith(t *testing.T, d *db.DB, b *billing.Service, change string) (found []billing.Difference) {
	t.Helper()
	undo := errors.New("undo")
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		if _, err := tx.SQL().ExecContext(t.Context(), change); err != nil {
			return err
		}
		var err error
		if found, err = b.Verify(db.With(t.Context(), tx)); err != nil {
			return err
		}
		return undo
	})
	if !errors.Is(err, undo) {
		t.Fatal(err)
	}
	return found
}
