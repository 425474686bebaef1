package billing_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/tax"
)

// rich makes a store in which everything that can become of an invoice has.
func rich(t *testing.T, b *books) {
	t.Helper()
	b.taxed(t, tax.Exclusive, map[string]string{"standard": "20", "reduced": "5.5"})
	discounted := line(10000)
	discounted.Discount = eur(1000)
	credited := b.issue(t, discounted, billing.NewLine{Description: "book", Quantity: 1, UnitAmount: eur(2000), TaxClass: "reduced"})
	b.pay(t, credited.ID, credited.Total.Amount)
	b.credit(t, credited.ID, billing.Crediting{Cause: billing.CauseGoodwill, Amount: eur(1500)})
	if _, err := b.billing.PDF(t.Context(), credited.ID); err != nil {
		t.Fatal(err)
	}
	b.issue(t, line(20000), billing.NewLine{Description: "suspended time", Quantity: 1, UnitAmount: eur(-900)})
	lost := b.issue(t, line(3000))
	b.pay(t, lost.ID, 600)
	if _, err := b.billing.WriteOff(t.Context(), lost.ID, "gone"); err != nil {
		t.Fatal(err)
	}
	b.credit(t, lost.ID, billing.Crediting{Cause: billing.CauseGoodwill, Amount: eur(1000)})
	reissued := b.issue(t, line(4000), line(5000))
	b.pay(t, reissued.ID, 700)
	if _, err := b.remove(reissued.Lines[1].ID, billing.Removal{Why: "cancelled"}); err != nil {
		t.Fatal(err)
	}
	disputed := b.issue(t, line(6000))
	b.pay(t, disputed.ID, 7200)
	b.chargeBack(t, disputed.ID, "dsp_1", 7200)
	refunded := b.issue(t, line(100))
	b.pay(t, refunded.ID, 120)
	b.refund(t, refunded.ID, 60, true, billing.Crediting{})
	if _, err := b.billing.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.proven(t)
}

// Each way of tampering with a store in which everything has happened is found, under the name of the rule that it breaks.
// An entry that is changed breaks the seal, too.
func TestVerifyFindsWhatIsWrongInARichStore(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		rich(t, b)
		for name, tt := range richTampers {
			t.Run(name, func(t *testing.T) {
				found := map[string]bool{}
				for _, d := range tamperedBooks(t, b, tt.tamper) {
					found[d.Check] = true
					if d.Subject == "" || d.Want == d.Got {
						t.Errorf("difference = %+v", d)
					}
				}
				want := slices.Sorted(slices.Values(tt.rules))
				if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, want) {
					t.Errorf("found %v, want %v", got, want)
				}
			})
		}
		b.proven(t)
	})
}

var richTampers = map[string]tamper{
	"a tax booked as revenue": {
		"UPDATE ledger_entries SET account = 'revenue' WHERE account = 'tax' AND amount < -1000 AND transaction_id IN (SELECT id FROM ledger_transactions WHERE kind = 'invoice.finalised')",
		[]string{"invoice.revenue", "invoice.tax", "ledger.seal"},
	},
	"a loss booked as revenue": {
		"UPDATE ledger_entries SET account = 'revenue' WHERE account = 'loss' AND transaction_id IN (SELECT id FROM ledger_transactions WHERE kind = 'invoice.written_off')",
		[]string{"invoice.revenue", "invoice.loss", "ledger.seal"},
	},
	"a note lost": {
		"DELETE FROM credit_note_lines",
		[]string{"credit_note.total", "line.credited"},
	},
	"a note of more": {
		"UPDATE credit_notes SET net = net + 1, total = total + 1 WHERE sequence = 1",
		[]string{"credit_note.total", "invoice.credited", "invoice.revenue"},
	},
	"a tax of a note changed": {
		"UPDATE credit_note_taxes SET tax = tax + 100000",
		[]string{"credit_note.total", "credit_note.exceeds"},
	},
	"a credit not kept": {
		"UPDATE invoices SET credited = credited - 1 WHERE status = 'uncollectible'",
		[]string{"invoice.credited", "invoice.loss"},
	},
	"a line credited more":         {"UPDATE invoice_lines SET credited = credited + 1 WHERE credited > 0", []string{"line.credited"}},
	"a discount credited more":     {"UPDATE invoice_lines SET discount_credited = discount_credited + 1 WHERE discount > 0", []string{"line.credited"}},
	"a discount changed":           {"UPDATE invoice_lines SET discount = discount + 1, total = total - 1 WHERE discount > 0", []string{"invoice.total", "invoice.tax_category"}},
	"a tax rate changed":           {"UPDATE invoice_taxes SET rate = '19' WHERE rate = '20'", []string{"invoice.tax_category", "credit_note.exceeds"}},
	"a tax moved":                  {"UPDATE invoice_taxes SET tax = tax + 1 WHERE rate = '20'", []string{"invoice.taxes", "invoice.tax_category"}},
	"a tax without a category":     {"DELETE FROM invoice_taxes WHERE invoice_id NOT IN (SELECT invoice_id FROM credit_notes)", []string{"invoice.taxes"}},
	"a dispute forgotten":          {"UPDATE invoices SET disputes = 0", []string{"invoice.disputes"}},
	"a dispute invented":           {"UPDATE disputes SET status = 'won', closed_at = 1", []string{"invoice.disputes", "payout.ledger"}},
	"a refund forgotten":           {"UPDATE payments SET refunded = 0", []string{"payment.refunded"}},
	"a refund invented":            {"UPDATE refunds SET amount = amount + 1", []string{"payment.refunded", "payout.ledger"}},
	"a replaced invoice that asks": {"UPDATE invoices SET status = 'open' WHERE id IN (SELECT replaces FROM invoices)", []string{"invoice.replaced", "invoice.receivable", "invoice.revenue", "invoice.tax"}},
	"a file changed":               {"UPDATE documents SET pdf = 'aGVsbG8='", []string{"document.file"}},
	"a file that is none":          {"UPDATE documents SET pdf = '?'", []string{"document.file"}},
	"a credit note's number":       {"UPDATE credit_notes SET sequence = 9 WHERE sequence = 2", []string{"number.count", "number.gap"}},
	"a credit note's date":         {"UPDATE credit_notes SET issued_on = '2025-01-01' WHERE sequence = 2", []string{"number.order"}},
	"what counts forgotten":        {"UPDATE invoices SET paid = paid - 1 WHERE status = 'open' AND paid > 0", []string{"invoice.paid", "invoice.receivable"}},
	"what counted changed":         {"UPDATE payments SET applied = applied - 1", []string{"payment.applied"}},
}

// Every rule is named by a test that breaks it.
func TestEveryRuleIsBroken(t *testing.T) {
	t.Parallel()
	broken := map[string]bool{}
	for _, table := range []map[string]tamper{tampers, richTampers} {
		for _, tt := range table {
			for _, rule := range tt.rules {
				broken[rule] = true
			}
		}
	}
	for _, rule := range billing.Rules() {
		if !broken[rule] {
			t.Errorf("no test breaks %s", rule)
		}
	}
}
