package billing_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/billing"
)

func TestGaps(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		var last billing.Invoice
		for range 5 {
			last = b.issue(t, line(1000))
		}
		b.credit(t, last.ID, billing.Crediting{Cause: billing.CauseGoodwill, Amount: eur(1)})
		want := []billing.Series{
			{Name: "credit_note", Last: 1, LastOn: last.IssuedOn, Documents: 1},
			{Name: "invoice", Last: 5, LastOn: last.IssuedOn, Documents: 5},
		}
		got, err := b.billing.Gaps(t.Context())
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		b.exec(t, "UPDATE number_series SET last_number = 9 WHERE series = 'invoice'")
		b.exec(t, "UPDATE invoices SET sequence = 7 WHERE sequence = 5")
		b.exec(t, "UPDATE invoices SET sequence = NULL, number = NULL WHERE sequence = 2")
		want[1].Last, want[1].Documents, want[1].Gaps = 9, 4, []billing.Gap{{First: 2, Last: 2}, {First: 5, Last: 6}, {First: 8, Last: 9}}
		got, err = b.billing.Gaps(t.Context())
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

// Credit notes have a series of their own, and the wording of its numbers.
func TestNumbersOfCreditNotes(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		b.terms.CreditNumberFormat = "CN-{yyyy}{mm}-{n}"
		inv := b.issue(t, line(1000))
		for i, want := range []string{"CN-202603-1", "CN-202603-2"} {
			note := b.credit(t, inv.ID, billing.Crediting{Cause: billing.CauseGoodwill, Amount: eur(int64(100 + i))})
			if note.Number != want {
				t.Errorf("number = %s, want %s", note.Number, want)
			}
			stored, err := b.billing.CreditNoteByID(t.Context(), note.ID)
			if diff := cmp.Diff(note, stored, cmp.AllowUnexported(billing.CreditNote{})); diff != "" || err != nil {
				t.Errorf("%v (-returned +stored):\n%s", err, diff)
			}
		}
		notes, err := b.billing.CreditNotes(t.Context(), inv.ID)
		if err != nil || len(notes) != 2 || notes[0].Total != eur(100) {
			t.Errorf("%+v, %v", notes, err)
		}
		b.wantInvoice(t, inv.ID, billing.Open, 799, 0, 201)
		b.proven(t)
	})
}
