package billing_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
)

// books is a store that has nothing but billing: invoices for one customer, and money by hand.
type books struct {
	*dbtest.Store
	billing  *billing.Service
	jobs     *job.Queue
	terms    billing.Terms
	buyer    customer.Customer
	work     *worker
	observed []billing.Invoice
	n        int // for what must differ
}

// worker fulfils lines unless it is told not to.
type worker struct {
	refuse error
	done   []billing.Line
	undone bool // of nothing more is done than to count its money
}

func (w *worker) Fulfil(_ context.Context, tx *db.Tx, line billing.Line) (string, error) {
	if w.refuse != nil {
		return "", w.refuse
	}
	w.done = append(w.done, line)
	return tx.NewID("lic"), nil
}

// Undone implements billing.Undoer.
func (w *worker) Undone(context.Context, *db.Tx, string) (bool, error) { return w.undone, nil }

// InvoiceChanged implements billing.Observer.
func (b *books) InvoiceChanged(_ context.Context, _ *db.Tx, inv billing.Invoice) error {
	b.observed = append(b.observed, inv)
	return nil
}

func eachBooks(t *testing.T, f func(t *testing.T, b *books)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) { f(t, openBooks(t, s)) })
}

func openBooks(t testing.TB, s *dbtest.Store) *books {
	t.Helper()
	b := &books{Store: s, jobs: job.NewQueue(s.DB, nil), work: &worker{}, terms: billing.Terms{
		Zone: time.UTC, NumberFormat: "INV-{n}", CreditNumberFormat: "CN-{n}", DueDays: 14,
		Seller: billing.Party{Name: "Example Software", Country: "FR"},
	}}
	b.billing = billing.New(s.DB, func(context.Context, *db.Tx) (billing.Terms, error) { return b.terms, nil }, b.jobs)
	b.billing.Observe(b)
	b.billing.Register(billing.LinkRenewal, b.work)
	customers := customer.New(s.DB, func(context.Context, *db.Tx) (money.Currency, error) { return "EUR", nil })
	var err error
	if b.buyer, err = customers.Create(context.Background(), customer.Input{Email: "ada@example.com", Name: "Ada"}); err != nil {
		t.Fatal(err)
	}
	return b
}

// taxed makes the store one with tax: these rates, in percent, by tax class, for buyers in France.
func (b *books) taxed(t testing.TB, mode tax.Mode, rates map[string]string) {
	t.Helper()
	b.terms.Tax = billing.TaxTerms{Mode: mode, Country: "FR"}
	for class, rate := range rates {
		b.exec(t, `INSERT INTO tax_rates (id, country, class, name, rate, valid_from, created_at)
			VALUES ($1, 'FR', $2, 'VAT', $3, '2000-01-01', 0)`, "txr_"+class, class, rate)
	}
}

func (b *books) exec(t testing.TB, q string, args ...any) {
	t.Helper()
	b.write(t, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(ctx, q, args...)
		return err
	})
}

// try runs f in a transaction that holds the customer's lock.
func (b *books) try(f func(ctx context.Context, tx *db.Tx) error) error {
	ctx := context.Background()
	return b.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := customer.Lock(ctx, tx, b.buyer.ID); err != nil {
			return err
		}
		return f(ctx, tx)
	})
}

func (b *books) write(t testing.TB, f func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := b.try(f); err != nil {
		t.Fatal(err)
	}
}

// line is a line of a new invoice with work to be done.
func line(amount int64) billing.NewLine {
	return billing.NewLine{Description: "A month", Quantity: 1, UnitAmount: eur(amount), Kind: billing.LinkRenewal, Target: "sub_1"}
}

func (b *books) new(lines ...billing.NewLine) billing.NewInvoice {
	return billing.NewInvoice{
		CustomerID: b.buyer.ID, Kind: billing.KindRenewal, Currency: "EUR", Buyer: billing.Party{Name: "Ada", Country: "FR"}, Lines: lines,
	}
}

func (b *books) issue(t testing.TB, lines ...billing.NewLine) (inv billing.Invoice) {
	t.Helper()
	b.write(t, func(ctx context.Context, tx *db.Tx) (err error) {
		inv, err = b.billing.Issue(ctx, tx, b.new(lines...))
		return err
	})
	return inv
}

func (b *books) invoice(t testing.TB, id string) billing.Invoice {
	t.Helper()
	inv, err := b.billing.ByID(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

// on locks an invoice and runs f with it.
func (b *books) on(invoiceID string, f func(ctx context.Context, tx *db.Tx, inv billing.Invoice) (billing.Invoice, error)) (inv billing.Invoice, err error) {
	err = b.try(func(ctx context.Context, tx *db.Tx) error {
		locked, err := billing.Lock(ctx, tx, invoiceID)
		if err != nil {
			return err
		}
		inv, err = f(ctx, tx, locked)
		return err
	})
	return inv, err
}

func (b *books) mustOn(t testing.TB, invoiceID string, f func(ctx context.Context, tx *db.Tx, inv billing.Invoice) (billing.Invoice, error)) billing.Invoice {
	t.Helper()
	inv, err := b.on(invoiceID, f)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func (b *books) unique(prefix string) string {
	b.n++
	return fmt.Sprintf("%s_%d", prefix, b.n)
}

// pay books a payment of money for an invoice, as the room of payments does.
func (b *books) pay(t testing.TB, invoiceID string, amount int64) (paymentID string) {
	t.Helper()
	b.mustOn(t, invoiceID, func(ctx context.Context, tx *db.Tx, inv billing.Invoice) (billing.Invoice, error) {
		m := money.New(amount, inv.Total.Currency)
		applied, credit := inv.Accepts(m)
		paymentID = b.unique("pay")
		_, err := tx.SQL().ExecContext(ctx, `INSERT INTO payments (id, invoice_id, customer_id, gateway, reference, currency, amount, applied, state, received_at, created_at)
			VALUES ($1, $2, $3, 'manual', $4, $5, $6, $7, 'succeeded', 0, 0)`, paymentID, inv.ID, b.buyer.ID, paymentID, string(m.Currency), amount, applied.Amount)
		if err != nil {
			return inv, err
		}
		return b.billing.Receive(ctx, tx, inv, billing.Receipt{PaymentID: paymentID, Applied: applied, Credit: credit})
	})
	return paymentID
}

// useCredit pays an invoice from the customer's credit as far as that goes.
func (b *books) useCredit(t testing.TB, invoiceID string) {
	t.Helper()
	b.mustOn(t, invoiceID, func(ctx context.Context, tx *db.Tx, inv billing.Invoice) (billing.Invoice, error) {
		credit, err := billing.CreditOf(ctx, tx, b.buyer.ID, inv.Total.Currency)
		if err != nil {
			return inv, err
		}
		applied, _ := inv.Accepts(credit)
		if applied.Amount == 0 {
			return inv, nil
		}
		id := b.unique("pay")
		_, err = tx.SQL().ExecContext(ctx, `INSERT INTO payments (id, invoice_id, customer_id, gateway, reference, currency, amount, applied, state, received_at, created_at)
			VALUES ($1, $2, $3, 'credit', $1, $4, $5, $5, 'succeeded', 0, 0)`, id, inv.ID, b.buyer.ID, string(applied.Currency), applied.Amount)
		if err != nil {
			return inv, err
		}
		return b.billing.Receive(ctx, tx, inv, billing.Receipt{PaymentID: id, Applied: applied, FromCredit: true})
	})
}

// refund pays money back, with a credit note or without.
func (b *books) refund(t testing.TB, invoiceID string, amount int64, adjust bool, c billing.Crediting) (note billing.CreditNote) {
	t.Helper()
	b.mustOn(t, invoiceID, func(ctx context.Context, tx *db.Tx, inv billing.Invoice) (_ billing.Invoice, err error) {
		if len(c.Lines) == 0 {
			c.Amount = eur(amount)
		}
		c.Cause = billing.CauseRefund
		inv, note, err = b.giveBack(ctx, tx, inv, amount, adjust, c)
		return inv, err
	})
	return note
}

// giveBack is what the room of payments does for a refund.
func (b *books) giveBack(
	ctx context.Context, tx *db.Tx, inv billing.Invoice, amount int64, adjust bool, c billing.Crediting,
) (_ billing.Invoice, note billing.CreditNote, err error) {
	if adjust {
		c.Refund = eur(amount)
		note, inv, err = b.billing.Credit(ctx, tx, inv, c)
	} else {
		inv, err = b.billing.Unapply(ctx, tx, inv, billing.Taking{Amount: eur(amount), Kind: billing.TakenRefund, SourceID: b.unique("tak")})
	}
	if err != nil {
		return inv, note, err
	}
	return inv, note, b.payBack(ctx, tx, inv, amount)
}

// payBack takes money out of the bank, payment by payment.
func (b *books) payBack(ctx context.Context, tx *db.Tx, inv billing.Invoice, amount int64) error {
	payments, err := tx.PaymentsOfInvoice(ctx, inv.ID)
	if err != nil {
		return err
	}
	for _, p := range payments {
		part := min(amount, p.Amount-p.Refunded)
		if part == 0 {
			continue
		}
		amount -= part
		id := b.unique("rfd")
		_, err := tx.SQL().ExecContext(ctx, `INSERT INTO refunds (id, payment_id, invoice_id, destination, currency, amount, counted, state, adjust, origin, gateway, reference, created_at, settled_at)
			VALUES ($1, $2, $3, 'gateway', 'EUR', $4, $4, 'succeeded', TRUE, 'staff', 'manual', $1, 0, 0)`, id, p.ID, inv.ID, part)
		if err != nil {
			return err
		}
		if _, err := tx.SQL().ExecContext(ctx, "UPDATE payments SET refunded = refunded + $1 WHERE id = $2", part, p.ID); err != nil {
			return err
		}
		uncovered, err := b.billing.PayOut(ctx, tx, b.buyer.ID, inv, eur(part), billing.TakenRefund, id)
		if err != nil {
			return err
		}
		if uncovered.Amount != 0 {
			return fmt.Errorf("%s were not covered", uncovered)
		}
	}
	if amount != 0 {
		return fmt.Errorf("%d of a refund came from no payment", amount)
	}
	return nil
}

// chargeBack is what the room of payments does when a dispute is opened.
func (b *books) chargeBack(t testing.TB, invoiceID, id string, amount int64) {
	t.Helper()
	b.mustOn(t, invoiceID, func(ctx context.Context, tx *db.Tx, inv billing.Invoice) (billing.Invoice, error) {
		_, err := tx.SQL().ExecContext(ctx, `INSERT INTO disputes (id, payment_id, invoice_id, gateway, reference, currency, amount, counted, status, opened_at)
			SELECT $1, MIN(id), $2, 'sandbox', $1, 'EUR', CAST($3 AS BIGINT), CAST($3 AS BIGINT), 'open', 0 FROM payments`, id, inv.ID, amount)
		if err != nil {
			return inv, err
		}
		inv, err = b.billing.Unapply(ctx, tx, inv, billing.Taking{Amount: eur(amount), Kind: billing.TakenChargeback, SourceID: id})
		if err != nil {
			return inv, err
		}
		if _, err := b.billing.PayOut(ctx, tx, b.buyer.ID, inv, eur(amount), billing.TakenChargeback, id); err != nil {
			return inv, err
		}
		return b.billing.Disputed(ctx, tx, inv, 1)
	})
}

// win is what the room of payments does when a dispute is won: the money counts again, as far as the invoice takes it.
func (b *books) win(t testing.TB, invoiceID, id string, amount int64) (applied int64) {
	t.Helper()
	b.mustOn(t, invoiceID, func(ctx context.Context, tx *db.Tx, inv billing.Invoice) (billing.Invoice, error) {
		if _, err := tx.SQL().ExecContext(ctx, "UPDATE disputes SET status = 'won', closed_at = 1 WHERE id = $1", id); err != nil {
			return inv, err
		}
		back, err := b.billing.PayIn(ctx, tx, b.buyer.ID, inv, eur(amount), billing.TakenChargeback, id)
		if err != nil {
			return inv, err
		}
		counts, _ := inv.Accepts(back)
		applied = counts.Amount
		if inv, err = b.billing.Receive(ctx, tx, inv, billing.Receipt{SourceID: id, Applied: counts, FromCredit: true}); err != nil {
			return inv, err
		}
		return b.billing.Disputed(ctx, tx, inv, -1)
	})
	return applied
}

func (b *books) credit(t testing.TB, invoiceID string, c billing.Crediting) (note billing.CreditNote) {
	t.Helper()
	b.mustOn(t, invoiceID, func(ctx context.Context, tx *db.Tx, inv billing.Invoice) (_ billing.Invoice, err error) {
		note, inv, err = b.billing.Credit(ctx, tx, inv, c)
		return inv, err
	})
	return note
}

// owed is what the store owes the customer.
func (b *books) owed(t testing.TB) (credit int64) {
	t.Helper()
	b.write(t, func(ctx context.Context, tx *db.Tx) error {
		m, err := billing.CreditOf(ctx, tx, b.buyer.ID, "EUR")
		credit = m.Amount
		return err
	})
	return credit
}

// proven fails the test unless the books are in order.
func (b *books) proven(t testing.TB) {
	t.Helper()
	differences, err := b.billing.Verify(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences {
		t.Errorf("%s of %s: want %s, got %s", d.Check, d.Subject, d.Want, d.Got)
	}
}

// wantInvoice compares what became of an invoice.
func (b *books) wantInvoice(t testing.TB, id string, status billing.Status, balance, paid, credited int64) billing.Invoice {
	t.Helper()
	inv := b.invoice(t, id)
	if inv.Status != status || inv.Balance().Amount != balance || inv.Paid.Amount != paid || inv.Credited.Amount != credited {
		t.Fatalf("invoice is %s, owes %v, paid %v, credited %v; want %s, %d, %d, %d", inv.Status, inv.Balance(), inv.Paid, inv.Credited,
			status, balance, paid, credited)
	}
	return inv
}

func (b *books) observedStatuses() (seen []billing.Status) {
	for _, inv := range b.observed {
		seen = append(seen, inv.Status)
	}
	return slices.Clip(seen)
}
