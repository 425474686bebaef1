package billing_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/document"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/tax"
)

// I4, I12: what was handed out stays as it was, byte for byte, whatever becomes of the invoice and of the settings.
func TestADocumentIsDrawnOnce(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		ctx := t.Context()
		b.taxed(t, tax.Exclusive, map[string]string{"standard": "20"})
		b.terms.PaymentNote = "IBAN FR76"
		sold := line(10000)
		sold.Period = civil.Period{Start: civil.On(2026, 3, 1), End: civil.On(2026, 4, 1)}
		sold.Discount = eur(1000)
		inv := b.issue(t, sold)

		before, err := b.billing.Document(ctx, inv.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := before.Validate(); err != nil || before.Kind != document.Invoice || before.Number != "INV-1" || before.Total != 10800 ||
			before.Payment.Instructions != "IBAN FR76" || before.Lines[0].Discount != 1000 {
			t.Errorf("%+v, %v", before, err)
		}
		first, err := b.billing.PDF(ctx, inv.ID)
		if err != nil || !bytes.HasPrefix(first.PDF, []byte("%PDF")) {
			t.Fatalf("%d bytes, %v", len(first.PDF), err)
		}
		b.terms.PaymentNote, b.terms.Language = "Another bank", "de"
		b.pay(t, inv.ID, inv.Total.Amount)
		note := b.credit(t, inv.ID, billing.Crediting{Cause: billing.CauseGoodwill, Amount: eur(1080), Reason: "late"})
		second, err := b.billing.PDF(ctx, inv.ID)
		if err != nil || !bytes.Equal(first.PDF, second.PDF) {
			t.Errorf("another file, %v", err)
		}
		after, err := b.billing.Document(ctx, inv.ID)
		if diff := cmp.Diff(before, after); diff != "" || err != nil {
			t.Errorf("%v, (-before +after):\n%s", err, diff)
		}

		paper, err := b.billing.PDFOfNote(ctx, note.ID)
		if err != nil || paper.Kind != document.CreditNote || paper.Refers.Number != "INV-1" || paper.Language != "de" || paper.Notes != "late" ||
			paper.Net != 900 || paper.Tax != 180 {
			t.Errorf("%+v, %v", paper.Document, err)
		}
		words, err := b.billing.DocumentOfNote(ctx, note.ID)
		if diff := cmp.Diff(paper.Document, words); diff != "" || err != nil {
			t.Errorf("%v, (-file +words):\n%s", err, diff)
		}
		for _, id := range []string{"inv_x", "?"} {
			_, err := b.billing.PDF(ctx, id)
			wantCode(t, err, fail.KindNotFound, "INVOICE_NOT_FOUND")
			_, err = b.billing.PDFOfNote(ctx, id)
			wantCode(t, err, fail.KindNotFound, "CREDIT_NOTE_NOT_FOUND")
		}
		b.proven(t)
	})
}

// Who has paid, as by card in the shop, gets an invoice that does not ask for the money again.
func TestTheDocumentOfAnInvoicePaidBefore(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		b.terms.PaymentNote = "IBAN FR76"
		inv := b.issue(t, line(1000))
		b.pay(t, inv.ID, 1000)
		p, err := b.billing.PDF(t.Context(), inv.ID)
		if err != nil {
			t.Fatal(err)
		}
		if s := p.Sheet(); s.Lead != "Paid in full" || s.Pay != nil {
			t.Errorf("%q, %+v", s.Lead, s.Pay)
		}
		b.terms.PaymentNote = ""
		open, err := b.billing.Document(t.Context(), b.issue(t, line(1000)).ID)
		if s := open.Sheet(); err != nil || !strings.Contains(s.Lead, " due by ") || s.Pay != nil {
			t.Errorf("%q, %+v, %v", s.Lead, s.Pay, err)
		}
		b.proven(t)
	})
}

// A proforma invoice is none: its file is not kept, and becomes an invoice's when it is paid.
func TestTheDocumentOfAProformaInvoice(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		ctx := t.Context()
		b.terms.NumberAtPayment = true
		inv := b.issue(t, line(1000))
		p, err := b.billing.PDF(ctx, inv.ID)
		if err != nil || p.Kind != document.Proforma || p.Payment.Reference != inv.ID {
			t.Fatalf("%+v, %v", p.Document, err)
		}
		b.pay(t, inv.ID, 1000)
		p, err = b.billing.PDF(ctx, inv.ID)
		if err != nil || p.Kind != document.Invoice || p.Number != "INV-1" {
			t.Fatalf("%+v, %v", p.Document, err)
		}
		var draft billing.Invoice
		b.write(t, func(ctx context.Context, tx *db.Tx) (err error) {
			draft, err = b.billing.Draft(ctx, tx, b.new(line(1)))
			return err
		})
		_, err = b.billing.PDF(ctx, draft.ID)
		wantCode(t, err, fail.KindConflict, "INVOICE_DRAFT")
		b.proven(t)
	})
}

// An invoice that replaces another says so.
func TestTheDocumentOfAnInvoiceIssuedAnew(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		old := b.issue(t, line(1000), line(2000))
		inv, err := b.remove(old.Lines[0].ID, billing.Removal{})
		if err != nil {
			t.Fatal(err)
		}
		d, err := b.billing.Document(t.Context(), inv.ID)
		if err != nil || d.Replaces == nil || d.Replaces.Number != old.Number {
			t.Errorf("%+v, %v", d, err)
		}
	})
}
