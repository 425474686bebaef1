package billing_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/tax"
)

// Whatever sequence of invoices, payments, credit notes, refunds, disputes, edits and endings happens, in a store with or
// without tax: an invoice owes what I3 says, says what it said when it was issued (I4), adds up (I14), and the books are
// in order (I1, I5, I9 and all else that Verify proves).
func TestAnyLifeOfInvoicesKeepsTheBooks(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		b := openBooks(t, s)
		b.taxed(t, tax.None, map[string]string{"standard": "19", "reduced": "7", "odd": "8.1"})
		runs, enough := 0, 30
		if s.Engine == db.Postgres || testing.Short() {
			enough = 8
		}
		rapid.Check(t, func(rt *rapid.T) {
			if runs++; runs > enough {
				return
			}
			l := &lives{books: b, t: t}
			b.terms.Tax.Mode = rapid.SampledFrom([]tax.Mode{tax.None, tax.Exclusive, tax.Inclusive}).Draw(rt, "mode")
			b.terms.NumberAtPayment = rapid.IntRange(0, 4).Draw(rt, "proforma") == 0
			rt.Repeat(map[string]func(*rapid.T){
				"issue":       l.issueOne,
				"pay":         l.payOne,
				"use credit":  l.useCreditOn,
				"credit":      l.creditSum,
				"credit line": l.creditLine,
				"refund":      l.refundSum,
				"charge back": l.chargeBack,
				"win":         l.winDispute,
				"void":        l.voidOne,
				"write off":   l.writeOffOne,
				"remove line": l.removeLine,
				"add line":    l.addLine,
				"take off":    l.takeOff,
				"break":       func(*rapid.T) { l.toggleWork() },
				"seal":        l.seal,
				"":            l.compare,
			})
			b.work.refuse = nil
			b.proven(t)
			if t.Failed() {
				rt.FailNow()
			}
		})
	})
}

// lives is what a model of a few numbers says of invoices.
type lives struct {
	*books
	t        *testing.T
	all      []*life
	disputes []*dispute
}

type life struct {
	issued  billing.Invoice // as it was issued
	charged int64
	credit  int64 // credited
	paid    int64 // what counts of payments, less what was taken back
	ended   bool  // void or uncollectible
	void    bool
}

func (f *life) owes() int64 { return f.charged - f.credit - f.paid }

type dispute struct {
	*life
	id     string
	amount int64
}

func (l *lives) pick(rt *rapid.T) *life {
	if len(l.all) == 0 {
		rt.Skip("no invoices")
	}
	return l.all[rapid.IntRange(0, len(l.all)-1).Draw(rt, "invoice")]
}

// allowed ends the test if err is not an answer that people get.
func allowed(rt *rapid.T, err error) {
	var e *fail.Error
	if err != nil && (!errors.As(err, &e) || e.Kind == fail.KindInternal) {
		rt.Fatalf("an error that is no answer: %v", err)
	}
}

func (l *lives) took(inv billing.Invoice) *life {
	f := &life{issued: inv, charged: inv.Total.Amount}
	l.all = append(l.all, f)
	return f
}

func newLine(rt *rapid.T) billing.NewLine {
	in := line(rapid.Int64Range(0, 5000).Draw(rt, "amount"))
	in.Quantity = rapid.Int64Range(1, 3).Draw(rt, "quantity")
	in.TaxClass = rapid.SampledFrom([]string{"standard", "reduced", "odd", "untaxed"}).Draw(rt, "class")
	in.Discount = eur(rapid.Int64Range(0, in.Quantity*in.UnitAmount.Amount).Draw(rt, "discount"))
	if rapid.Bool().Draw(rt, "idle") {
		in.Kind, in.Target = "", ""
	}
	return in
}

func (l *lives) issueOne(rt *rapid.T) {
	var lines []billing.NewLine
	for range rapid.IntRange(1, 4).Draw(rt, "lines") {
		lines = append(lines, newLine(rt))
	}
	l.took(l.issue(l.t, lines...))
}

func (l *lives) payOne(rt *rapid.T) {
	f := l.pick(rt)
	amount := rapid.OneOf(rapid.Just(max(1, f.owes())), rapid.Int64Range(1, 8000)).Draw(rt, "money")
	l.pay(l.t, f.issued.ID, amount)
	f.receive(amount)
}

// receive is the model of money that reaches an invoice.
func (f *life) receive(amount int64) (applied int64) {
	if f.ended {
		return 0
	}
	applied = min(amount, f.owes())
	f.paid += applied
	return applied
}

func (l *lives) useCreditOn(rt *rapid.T) {
	f := l.pick(rt)
	credit := l.owed(l.t)
	l.useCredit(l.t, f.issued.ID)
	f.receive(credit)
}

// note is the model of a credit note.
func (f *life) note(total, freed int64) {
	f.credit += total
	f.paid -= freed
}

func (l *lives) creditWith(rt *rapid.T, f *life, c billing.Crediting) {
	c.Cause = rapid.SampledFrom([]billing.Cause{billing.CauseGoodwill, billing.CauseRefund, billing.CauseCancellation}).Draw(rt, "cause")
	var note billing.CreditNote
	_, err := l.on(f.issued.ID, func(ctx context.Context, tx *db.Tx, inv billing.Invoice) (_ billing.Invoice, err error) {
		note, inv, err = l.billing.Credit(ctx, tx, inv, c)
		return inv, err
	})
	if allowed(rt, err); err != nil {
		return
	}
	if note.Net.Amount+note.Tax.Amount != note.Total.Amount || (len(c.Lines) == 0 && c.Amount.Amount > 0 && c.Amount.Amount < note.Total.Amount) {
		rt.Fatalf("note of %v and %v is %v, asked for %v", note.Net, note.Tax, note.Total, c.Amount)
	}
	owes := f.owes()
	if f.ended {
		owes = 0
	}
	if freed := max(c.Refund.Amount, note.Total.Amount-owes); !f.ended && note.Freed.Amount != max(0, freed) {
		rt.Fatalf("a note of %v on what owes %d frees %v", note.Total, owes, note.Freed)
	}
	f.note(note.Total.Amount, note.Freed.Amount)
	if err := l.paper(note.ID); err != nil {
		rt.Fatalf("note %s: %v", note.Number, err)
	}
}

func (l *lives) paper(noteID string) error {
	d, err := l.billing.DocumentOfNote(context.Background(), noteID)
	if err != nil {
		return err
	}
	return d.Validate()
}

func (l *lives) creditSum(rt *rapid.T) {
	f := l.pick(rt)
	c := billing.Crediting{Amount: eur(rapid.Int64Range(0, max(1, f.charged)).Draw(rt, "sum"))}
	l.creditWith(rt, f, c)
}

func (l *lives) creditLine(rt *rapid.T) {
	f := l.pick(rt)
	of := rapid.SampledFrom(f.issued.Lines).Draw(rt, "line")
	amount := rapid.OneOf(rapid.Just(of.Amount.Amount), rapid.Int64Range(0, max(1, of.Amount.Amount))).Draw(rt, "part")
	l.creditWith(rt, f, billing.Crediting{Lines: []billing.LineCredit{{LineID: of.ID, Amount: eur(amount)}}})
}

// refundSum gives money back: with a credit note, or so that the debt stays.
func (l *lives) refundSum(rt *rapid.T) {
	f := l.pick(rt)
	if f.paid <= 0 || f.void {
		rt.Skip("nothing to give back")
	}
	amount := rapid.OneOf(rapid.Just(f.paid), rapid.Int64Range(1, f.paid)).Draw(rt, "refund")
	adjust := rapid.Bool().Draw(rt, "adjust")
	var note billing.CreditNote
	_, err := l.on(f.issued.ID, func(ctx context.Context, tx *db.Tx, inv billing.Invoice) (_ billing.Invoice, err error) {
		inv, note, err = l.giveBack(ctx, tx, inv, amount, adjust, billing.Crediting{Amount: eur(amount), Cause: billing.CauseRefund})
		return inv, err
	})
	if allowed(rt, err); err != nil {
		return
	}
	if adjust {
		f.note(note.Total.Amount, note.Freed.Amount)
	} else {
		f.paid -= amount
	}
}

func (l *lives) chargeBack(rt *rapid.T) {
	f := l.pick(rt)
	if f.paid <= 0 || f.void {
		rt.Skip("nothing to charge back")
	}
	d := &dispute{life: f, id: l.unique("dsp"), amount: rapid.Int64Range(1, f.paid).Draw(rt, "disputed")}
	l.books.chargeBack(l.t, f.issued.ID, d.id, d.amount)
	f.paid -= d.amount
	l.disputes = append(l.disputes, d)
}

func (l *lives) winDispute(rt *rapid.T) {
	if len(l.disputes) == 0 {
		rt.Skip("no disputes")
	}
	d := l.disputes[0]
	l.disputes = l.disputes[1:]
	d.paid += l.win(l.t, d.issued.ID, d.id, d.amount)
}

func (l *lives) voidOne(rt *rapid.T) {
	f := l.pick(rt)
	_, err := l.billing.VoidInvoice(context.Background(), f.issued.ID, "")
	if allowed(rt, err); err != nil {
		return
	}
	f.ended, f.void, f.paid = true, true, 0
}

func (l *lives) writeOffOne(rt *rapid.T) {
	f := l.pick(rt)
	_, err := l.billing.WriteOff(context.Background(), f.issued.ID, "")
	if allowed(rt, err); err == nil {
		f.ended = true
	}
}

func (l *lives) removeLine(rt *rapid.T) {
	f := l.pick(rt)
	of := rapid.SampledFrom(f.issued.Lines).Draw(rt, "line")
	before := l.invoice(l.t, f.issued.ID)
	if before.Status == billing.Void {
		rt.Skip("void")
	}
	inv, err := l.remove(of.ID, billing.Removal{})
	if allowed(rt, err); err != nil {
		return
	}
	switch {
	case inv.ID == f.issued.ID && inv.Status == billing.Void:
		f.ended, f.void, f.paid = true, true, 0
	case inv.ID == f.issued.ID: // credited instead
		f.credit, f.paid = inv.Credited.Amount, inv.Paid.Amount
	default:
		l.replaced(f, inv)
	}
}

// replaced is the model of an invoice that was issued anew: what was paid pays the new one.
func (l *lives) replaced(f *life, by billing.Invoice) {
	now := l.took(by)
	now.receive(f.paid)
	f.ended, f.void, f.paid = true, true, 0
}

func (l *lives) addLine(rt *rapid.T) {
	f := l.pick(rt)
	if l.invoice(l.t, f.issued.ID).Status != billing.Open {
		rt.Skip("not open")
	}
	inv, err := l.billing.AddLine(context.Background(), f.issued.ID, billing.LineInput{
		Description: "more", Quantity: 1, UnitAmount: eur(rapid.Int64Range(-500, 500).Draw(rt, "more")), TaxClass: "standard",
	}, "")
	if allowed(rt, err); err == nil {
		l.replaced(f, inv)
	}
}

// takeOff issues an invoice with a line below zero, as a renewal after suspended time has one.
func (l *lives) takeOff(rt *rapid.T) {
	price := rapid.Int64Range(0, 9000).Draw(rt, "price")
	var inv billing.Invoice
	err := l.try(func(ctx context.Context, tx *db.Tx) (err error) {
		renewal := line(price)
		renewal.ID = tx.NewID("lin")
		in := l.new(renewal, billing.NewLine{
			With: renewal.ID, Description: "suspended time", Quantity: 1, UnitAmount: eur(-rapid.Int64Range(0, price).Draw(rt, "off")),
		})
		in.Kind = billing.KindRenewal
		inv, err = l.billing.Issue(ctx, tx, in)
		return err
	})
	if allowed(rt, err); err == nil {
		l.took(inv)
	}
}

func (l *lives) toggleWork() {
	if l.work.refuse == nil {
		l.work.refuse = errors.New("not today")
	} else {
		l.work.refuse = nil
	}
}

func (l *lives) seal(rt *rapid.T) {
	if _, err := l.billing.Seal(context.Background()); err != nil {
		rt.Fatal(err)
	}
}

// frozen is what never changes of an invoice; a proforma invoice takes number and date when it is paid.
var frozen = []cmp.Option{
	cmpopts.IgnoreFields(billing.Invoice{}, "Status", "Credited", "Paid", "Disputes", "ReplacedBy", "Step", "StepOn", "Version", "PaidAt", "Number", "IssuedOn"),
	cmpopts.IgnoreFields(billing.InvoiceLine{}, "Credited", "DiscountCredited", "TakenBack", "Link"),
}

func (l *lives) compare(rt *rapid.T) {
	for _, f := range l.all {
		inv := l.invoice(l.t, f.issued.ID)
		if inv.Paid.Amount != f.paid || inv.Credited.Amount != f.credit {
			rt.Fatalf("%s %s has %v paid, %v credited; the model says %d, %d", inv.Number, inv.Status, inv.Paid, inv.Credited, f.paid, f.credit)
		}
		want := f.owes()
		if f.ended {
			want = 0
		}
		if inv.Balance().Amount != want || (inv.Status == billing.Paid) != (!f.ended && want == 0) {
			rt.Fatalf("%s %s owes %v; the model says %d", inv.Number, inv.Status, inv.Balance(), want)
		}
		if diff := cmp.Diff(f.issued, inv, frozen...); diff != "" || (f.issued.Number != "" && f.issued.Number != inv.Number) {
			rt.Fatalf("the invoice changed after it was issued (-issued +now):\n%s", diff)
		}
		d, err := l.billing.Document(context.Background(), inv.ID)
		if err == nil {
			err = d.Validate()
		}
		if err != nil {
			rt.Fatalf("document of %s: %v", inv.Number, err)
		}
	}
}
