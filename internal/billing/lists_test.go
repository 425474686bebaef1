package billing_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
)

// A page of invoices says of each what the invoice says by itself.
func TestListOfARichStore(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		rich(t, b)
		n := 0
		for inv, err := range b.billing.All(t.Context(), billing.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			if diff := cmp.Diff(b.invoice(t, inv.ID), inv); diff != "" {
				t.Errorf("(-itself +listed):\n%s", diff)
			}
		}
		if n != 7 {
			t.Errorf("%d invoices", n)
		}
		sold := line(100)
		sold.SubscriptionID = "sub_9"
		sold.Period = civil.Period{Start: civil.On(2026, 1, 31), End: civil.On(2026, 2, 28)}
		inv := b.issue(t, sold)
		found, _, err := b.billing.List(t.Context(), billing.Filter{SubscriptionID: "sub_9", Status: billing.Open})
		if err != nil || len(found) != 1 || found[0].ID != inv.ID || found[0].Lines[0].Period != sold.Period {
			t.Errorf("%+v, %v", found, err)
		}
		if found, _, err := b.billing.List(t.Context(), billing.Filter{OrderID: "ord_9"}); err != nil || len(found) != 0 {
			t.Errorf("%+v, %v", found, err)
		}
		for _, f := range []billing.Filter{{OrderID: "?"}, {SubscriptionID: "?"}} {
			_, _, err := b.billing.List(t.Context(), f)
			wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput)
		}
	})
}

func TestListNotes(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		ctx := t.Context()
		b.taxed(t, tax.Inclusive, map[string]string{"standard": "20"})
		var all []billing.CreditNote // newest first
		first := b.issue(t, line(10000))
		second := b.issue(t, line(10000))
		for i := range 12 {
			inv := first
			if i%3 == 0 {
				inv = second
			}
			note := b.credit(t, inv.ID, billing.Crediting{Cause: billing.CauseGoodwill, Amount: eur(int64(100 + i))})
			all = append([]billing.CreditNote{note}, all...)
		}
		of := func(f billing.NoteFilter) (found []billing.CreditNote) {
			f.Limit = 5
			for {
				notes, next, err := b.billing.ListNotes(ctx, f)
				if err != nil {
					t.Fatal(err)
				}
				found = append(found, notes...)
				if f.Cursor = next; next == "" {
					return found
				}
			}
		}
		same := cmp.AllowUnexported(billing.CreditNote{})
		if diff := cmp.Diff(all, of(billing.NoteFilter{CustomerID: b.buyer.ID}), same); diff != "" {
			t.Errorf("all (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]billing.CreditNote{all[2], all[5], all[8], all[11]}, of(billing.NoteFilter{InvoiceID: second.ID}), same); diff != "" {
			t.Errorf("of an invoice (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]billing.CreditNote{all[0], all[1], all[2], all[11]}, of(billing.NoteFilter{Query: "CN-1"}), same); diff != "" {
			t.Errorf("by number (-want +got):\n%s", diff)
		}
		for n, err := range b.billing.AllNotes(ctx, billing.NoteFilter{}) {
			if err != nil || len(n.CSV()) != len(billing.NoteCSVHeader) {
				t.Error(n.CSV(), err)
			}
		}
		for _, f := range []billing.NoteFilter{{CustomerID: "?"}, {InvoiceID: "?"}, {Query: "\x00"}, {Cursor: "?"}} {
			_, _, err := b.billing.ListNotes(ctx, f)
			wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput)
		}
		_, err := b.billing.CreditNoteByID(ctx, "?")
		wantCode(t, err, fail.KindNotFound, "CREDIT_NOTE_NOT_FOUND")
	})
}

// What the store owes a guest goes with him to his account.
func TestMoveCredit(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		customers := customer.New(b.DB, func(context.Context, *db.Tx) (money.Currency, error) { return "EUR", nil })
		bob, err := customers.Create(t.Context(), customer.Input{Email: "bob@example.com", Name: "Bob"})
		if err != nil {
			t.Fatal(err)
		}
		inv := b.issue(t, line(1000))
		b.pay(t, inv.ID, 1500)
		for range 2 { // the second time nothing is left
			b.write(t, func(ctx context.Context, tx *db.Tx) error {
				return b.billing.MoveCredit(ctx, tx, b.buyer.ID, bob.ID, "EUR")
			})
		}
		if bob, err = customers.ByID(t.Context(), bob.ID); err != nil || bob.CreditIn("EUR") != eur(500) || b.owed(t) != 0 {
			t.Errorf("Bob has %v, the other %d, %v", bob.Credit, b.owed(t), err)
		}
		b.proven(t)
	})
}

// What has failed when the money is taken back waits for the money, and is done when it is paid again.
func TestFailedWorkOfAnInvoiceThatIsOpenAgain(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		b.work.refuse = errors.New("not today")
		inv := b.issue(t, line(1000))
		b.pay(t, inv.ID, 1000)
		b.refund(t, inv.ID, 1000, false, billing.Crediting{})
		if got := b.wantInvoice(t, inv.ID, billing.Open, 1000, 0, 0); got.Lines[0].Link.State != billing.Pending {
			t.Errorf("link = %+v", got.Lines[0].Link)
		}
		b.work.refuse = nil
		wantCode(t, b.billing.RetryFulfilment(t.Context(), inv.Lines[0].ID), fail.KindConflict, "INVOICE_NOT_PAID")
		b.proven(t)
		b.pay(t, inv.ID, 1000)
		if got := b.invoice(t, inv.ID); got.Lines[0].Link.State != billing.Done || len(b.work.done) != 1 {
			t.Errorf("link = %+v, done %d times", got.Lines[0].Link, len(b.work.done))
		}
		b.proven(t)
	})
}

// The job that tries again finds nothing to do for an invoice that is open again, and is no failure.
func TestRetryJobOfAnInvoiceThatIsOpenAgain(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		b.work.refuse = errors.New("not today")
		inv := b.issue(t, line(1000))
		b.pay(t, inv.ID, 1000)
		b.refund(t, inv.ID, 1000, false, billing.Crediting{})
		b.Clock.Advance(3600e9)
		if _, err := b.jobs.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if jobs, _, err := b.jobs.List(t.Context(), job.Filter{}); err != nil || len(jobs) != 1 || jobs[0].LastError != "" {
			t.Errorf("%+v, %v", jobs, err)
		}
	})
}

// What collecting does next is kept with an open invoice, and nowhere else.
func TestStepsOfCollecting(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		b.collecting()
		inv := b.issue(t, line(1000))
		want := func(step string, on civil.Date) {
			t.Helper()
			if got := b.invoice(t, inv.ID); got.Step != step || got.StepOn != on {
				t.Errorf("step %q on %s, want %q on %s", got.Step, got.StepOn, step, on)
			}
		}
		want("charge", inv.DueOn.AddDays(-2))
		set := func() {
			b.write(t, func(ctx context.Context, tx *db.Tx) error {
				return b.billing.SetStep(ctx, tx, inv.ID, "remind 1", inv.DueOn.AddDays(3))
			})
		}
		set()
		b.pay(t, inv.ID, 100)
		want("remind 1", inv.DueOn.AddDays(3))
		b.pay(t, inv.ID, 900)
		want("", civil.Date{})
		set() // too late
		want("", civil.Date{})
		b.refund(t, inv.ID, 500, false, billing.Crediting{})
		want("charge", inv.DueOn.AddDays(-2))
		b.refund(t, inv.ID, 500, true, billing.Crediting{})
		want("charge", inv.DueOn.AddDays(-2))
		if _, err := b.billing.WriteOff(t.Context(), inv.ID, ""); err != nil {
			t.Fatal(err)
		}
		want("", civil.Date{})
		free := b.issue(t, line(0))
		if free.Status != billing.Paid || free.Step != "" {
			t.Errorf("%+v", free)
		}
		b.proven(t)
	})
}

// Credit notes that come after an invoice was given up take what was paid first, and then lower the loss.
func TestCreditAfterAWriteOff(t *testing.T) {
	t.Parallel()
	eachBooks(t, func(t *testing.T, b *books) {
		inv := b.issue(t, line(1000))
		b.pay(t, inv.ID, 400)
		if _, err := b.billing.WriteOff(t.Context(), inv.ID, "gone"); err != nil {
			t.Fatal(err)
		}
		if note := b.credit(t, inv.ID, billing.Crediting{Cause: billing.CauseGoodwill, Amount: eur(700)}); note.Freed != eur(400) {
			t.Errorf("freed %v", note.Freed)
		}
		b.wantInvoice(t, inv.ID, billing.Uncollectible, 0, 0, 700)
		b.proven(t)
		_, err := b.on(inv.ID, func(ctx context.Context, tx *db.Tx, inv billing.Invoice) (billing.Invoice, error) {
			return b.billing.Unapply(ctx, tx, inv, billing.Taking{Amount: eur(1), Kind: billing.TakenRefund, SourceID: "x"})
		})
		wantCode(t, err, fail.KindConflict, "NOT_PAID")
	})
}
