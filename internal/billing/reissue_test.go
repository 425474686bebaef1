package billing_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

func (b *books) remove(lineID string, r billing.Removal) (inv billing.Invoice, err error) {
	err = b.try(func(ctx context.Context, tx *db.Tx) error {
		inv, err = b.billing.RemoveLine(ctx, tx, lineID, r)
		return err
	})
	return inv, err
}

// collecting makes invoices begin with a step, two days before they are due.
func (b *books) collecting() {
	b.terms.Collect = func(_ billing.Kind, dueOn civil.Date, _ money.Money) (string, civil.Date) {
		return "charge", dueOn.AddDays(-2)
	}
}

// A line that is removed takes its consequence with it and nothing else: the invoice is issued anew, and what was paid
// pays the new one.
func TestRemoveALine(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		b.collecting()
		old := b.issue(t, line(1000), line(2000), billing.NewLine{Description: "fee", Quantity: 1, UnitAmount: eur(500)})
		b.pay(t, old.ID, 700)
		b.observed = nil
		inv, err := b.remove(old.Lines[1].ID, billing.Removal{Why: "cancelled"})
		if err != nil {
			t.Fatal(err)
		}
		was := b.wantInvoice(t, old.ID, billing.Void, 0, 0, 0)
		now := b.wantInvoice(t, inv.ID, billing.Open, 800, 700, 0)
		if diff := cmp.Diff(now, inv); diff != "" {
			t.Errorf("what was returned is not what is there (-there +returned):\n%s", diff)
		}
		if was.ReplacedBy != now.ID || now.Replaces != was.ID || now.Number != "INV-2" || now.DueOn != was.DueOn ||
			now.Step != "charge" || now.StepOn != was.DueOn.AddDays(-2) || was.Step != "" {
			t.Errorf("was %+v\nnow %+v", was, now)
		}
		if len(now.Lines) != 2 || now.Lines[0].ID != old.Lines[0].ID || now.Lines[1].ID != old.Lines[2].ID || now.Lines[0].Link.State != billing.Pending {
			t.Errorf("lines = %+v", now.Lines)
		}
		if len(b.observed) != 1 || b.observed[0].ID != old.ID || b.observed[0].ReplacedBy != now.ID {
			t.Errorf("observed %+v", b.observed)
		}
		if owed := b.owed(t); owed != 0 {
			t.Errorf("credit = %d", owed)
		}
		b.proven(t)

		// Less than what was paid: it is paid, and the rest is credit.
		inv, err = b.remove(now.Lines[0].ID, billing.Removal{})
		if err != nil {
			t.Fatal(err)
		}
		b.wantInvoice(t, inv.ID, billing.Paid, 0, 500, 0)
		if owed := b.owed(t); owed != 200 {
			t.Errorf("credit = %d", owed)
		}
		if len(b.work.done) != 0 {
			t.Errorf("done: %+v", b.work.done)
		}
		_, err = b.remove(now.Lines[1].ID, billing.Removal{})
		wantCode(t, err, fail.KindConflict, "INVOICE_NOT_OPEN")
		_, err = b.remove("lin_unknown", billing.Removal{})
		wantCode(t, err, fail.KindNotFound, "LINE_NOT_FOUND")
		b.proven(t)
	})
}

func TestRemoveTheLastLine(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		old := b.issue(t, line(1000))
		b.pay(t, old.ID, 300)
		inv, err := b.remove(old.Lines[0].ID, billing.Removal{Why: "cancelled"})
		if err != nil || inv.ID != old.ID || inv.Status != billing.Void || inv.ReplacedBy != "" {
			t.Errorf("%+v, %v", inv, err)
		}
		if owed := b.owed(t); owed != 300 {
			t.Errorf("credit = %d", owed)
		}
		b.proven(t)
	})
}

// While somebody pays an invoice nobody may pull it away, unless he knows.
func TestRemoveWhileSomebodyPays(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		old := b.issue(t, line(1000), line(2000))
		b.exec(t, `INSERT INTO payments (id, invoice_id, customer_id, gateway, currency, amount, applied, state, received_at, created_at)
			VALUES ('pay_x', $1, $2, 'sandbox', 'EUR', 3000, 0, 'pending', 0, 0)`, old.ID, b.buyer.ID)
		b.exec(t, `INSERT INTO payment_attempts (id, payment_id, invoice_id, gateway, idempotency_key, currency, amount, state, created_at)
			VALUES ('att_x', 'pay_x', $1, 'sandbox', 'k', 'EUR', 3000, 'unknown', 0)`, old.ID)
		_, err := b.remove(old.Lines[0].ID, billing.Removal{})
		wantCode(t, err, fail.KindConflict, "PAYMENT_IN_PROGRESS")
		_, err = b.billing.DeleteLine(t.Context(), old.ID, old.Lines[0].ID, "")
		wantCode(t, err, fail.KindConflict, "PAYMENT_IN_PROGRESS")
		b.wantInvoice(t, old.ID, billing.Open, 3000, 0, 0)
		if _, err := b.remove(old.Lines[0].ID, billing.Removal{InFlight: true}); err != nil {
			t.Fatal(err)
		}
		b.proven(t)
	})
}

// An invoice that a credit note refers to can't be issued anew: its line is credited.
func TestRemoveALineOfACreditedInvoice(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		inv := b.issue(t, line(1000), line(2000))
		b.credit(t, inv.ID, billing.Crediting{Lines: []billing.LineCredit{{LineID: inv.Lines[0].ID, Amount: eur(100)}}, Cause: billing.CauseGoodwill})
		after, err := b.remove(inv.Lines[0].ID, billing.Removal{Why: "cancelled"})
		if err != nil || after.ID != inv.ID {
			t.Fatalf("%+v, %v", after, err)
		}
		after = b.wantInvoice(t, inv.ID, billing.Open, 2000, 0, 1000)
		if after.Lines[0].Link.State != billing.Revoked || after.Lines[0].TakenBack || after.Lines[1].Link.State != billing.Pending {
			t.Errorf("lines = %+v", after.Lines)
		}
		_, err = b.billing.DeleteLine(t.Context(), inv.ID, inv.Lines[1].ID, "")
		wantCode(t, err, fail.KindConflict, "INVOICE_CREDITED")
		b.proven(t)
	})
}

// What is done can't be taken away by deleting its line; it can be credited.
func TestALineThatIsDoneStays(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		inv := b.issue(t, line(1000), line(2000))
		b.pay(t, inv.ID, 3000)
		b.refund(t, inv.ID, 1000, false, billing.Crediting{})
		_, err := b.remove(inv.Lines[0].ID, billing.Removal{})
		wantCode(t, err, fail.KindConflict, "LINE_DELIVERED")
		_, err = b.billing.DeleteLine(t.Context(), inv.ID, inv.Lines[0].ID, "")
		wantCode(t, err, fail.KindConflict, "LINE_DELIVERED")
		// Another line may be added: the links that are done go with the new invoice.
		anew, err := b.billing.AddLine(t.Context(), inv.ID, billing.LineInput{Description: "work", Quantity: 2, UnitAmount: eur(50)}, "")
		if err != nil {
			t.Fatal(err)
		}
		now := b.wantInvoice(t, anew.ID, billing.Open, 1100, 2000, 0)
		if now.Lines[0].Link.State != billing.Done || now.Lines[0].Link.Target == "" {
			t.Errorf("lines = %+v", now.Lines)
		}
		b.proven(t)
	})
}

func TestEditLines(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		ctx := t.Context()
		first := b.issue(t, line(1000))
		added, err := b.billing.AddLine(ctx, first.ID, billing.LineInput{Description: " Support ", Quantity: 3, UnitAmount: eur(200)}, "agreed")
		if err != nil || added.Total != eur(1600) || added.Replaces != first.ID || added.Lines[1].Description != "Support" {
			t.Fatalf("%+v, %v", added, err)
		}
		// A call to the old id acts on the new one.
		put, err := b.billing.PutLines(ctx, first.ID, []billing.LineInput{
			{ID: first.Lines[0].ID, Description: "A month, cheaper", Quantity: 1, UnitAmount: eur(900)},
			{Description: "Gift", Quantity: 1, UnitAmount: eur(-100)},
		}, "")
		if err != nil || put.Total != eur(800) || put.Replaces != added.ID || put.Lines[0].Link == nil || put.Lines[0].ID != first.Lines[0].ID {
			t.Fatalf("%+v, %v", put, err)
		}
		revoked, err := b.billing.RevokeFulfilment(ctx, first.ID, first.Lines[0].ID, "")
		if err != nil || revoked.ID != put.ID || revoked.Lines[0].Link.State != billing.Revoked {
			t.Fatalf("%+v, %v", revoked, err)
		}
		deleted, err := b.billing.DeleteLine(ctx, added.ID, put.Lines[1].ID, "")
		if err != nil || deleted.Total != eur(900) || deleted.Lines[0].Link.State != billing.Revoked {
			t.Fatalf("%+v, %v", deleted, err)
		}
		for name, in := range map[string][]billing.LineInput{
			"nothing said":     {{Quantity: 1, UnitAmount: eur(1)}},
			"nothing of it":    {{Description: "a", UnitAmount: eur(1)}},
			"another currency": {{Description: "a", Quantity: 1, UnitAmount: money.New(1, "USD")}},
			"a foreign line":   {{ID: "lin_other", Description: "a", Quantity: 1, UnitAmount: eur(1)}},
			"less than none":   {{Description: "a", Quantity: 1, UnitAmount: eur(-1)}},
		} {
			if _, err := b.billing.PutLines(ctx, first.ID, in, ""); fail.Of(err).Kind != fail.KindInvalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err = b.billing.DeleteLine(ctx, first.ID, "lin_other", "")
		wantCode(t, err, fail.KindNotFound, "LINE_NOT_FOUND")
		b.pay(t, deleted.ID, 900)
		_, err = b.billing.AddLine(ctx, first.ID, billing.LineInput{Description: "a", Quantity: 1, UnitAmount: eur(1)}, "")
		wantCode(t, err, fail.KindConflict, "INVOICE_NOT_OPEN")
		b.proven(t)
	})
}

func TestEditADraft(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		var draft billing.Invoice
		b.write(t, func(ctx context.Context, tx *db.Tx) (err error) {
			draft, err = b.billing.Draft(ctx, tx, b.new(line(1000)))
			return err
		})
		edited, err := b.billing.AddLine(t.Context(), draft.ID, billing.LineInput{Description: "a", Quantity: 1, UnitAmount: eur(1)}, "")
		if err != nil || edited.ID != draft.ID || edited.Status != billing.Draft || edited.Total != eur(1001) || edited.Lines[0].ID != draft.Lines[0].ID {
			t.Fatalf("%+v, %v", edited, err)
		}
		b.write(t, func(ctx context.Context, tx *db.Tx) error {
			inv, err := b.billing.Finalise(ctx, tx, edited)
			if err == nil && (inv.ID != draft.ID || inv.Number != "INV-1" || inv.Status != billing.Open || inv.Lines[1].ID != edited.Lines[1].ID) {
				t.Errorf("%+v", inv)
			}
			return err
		})
		b.proven(t)
	})
}
