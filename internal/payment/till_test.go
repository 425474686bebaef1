package payment_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway"
	"github.com/keystead/keystead/internal/payment/gateway/manual"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
)

func eur(n int64) money.Money { return money.New(n, "EUR") }

func wantCode(t *testing.T, err error, kind fail.Kind, code, field string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", code)
	}
	e := fail.Of(err)
	named := slices.ContainsFunc(e.Fields, func(f fail.FieldError) bool { return f.Field == field })
	if e.Kind != kind || e.Code != code || (field != "" && !named) {
		t.Fatalf("error = %v of fields %v, want %s %s of field %q", err, e.Fields, kind, code, field)
	}
}

// till is a store that collects money through the sandbox: its rooms, wired as the program wires them, and no orders.
type till struct {
	*dbtest.Store
	customers  *customer.Service
	billing    *billing.Service
	payments   *payment.Service
	sandbox    *sandbox.Sandbox
	jobs       *job.Queue
	automation *automation.Service
	line       *flaky
}

func newTill(t testing.TB, s *dbtest.Store) *till {
	t.Helper()
	err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.AddStoreFact(t.Context(), query.AddStoreFactParams{Name: "store_id", Value: "sto_test"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return openTill(s, s.DB)
}

// openTill is what a process does when it starts.
func openTill(s *dbtest.Store, d *db.DB) *till {
	x := &till{Store: s, jobs: job.NewQueue(d, nil)}
	x.automation = automation.New(d, x.jobs, automation.Options{})
	x.customers = customer.New(d, func(context.Context, *db.Tx) (money.Currency, error) { return "EUR", nil })
	x.billing = billing.New(d, func(context.Context, *db.Tx) (billing.Terms, error) {
		return billing.Terms{Zone: time.UTC, NumberFormat: "INV-{n}", CreditNumberFormat: "CN-{n}", DueDays: 14}, nil
	}, x.jobs)
	x.payments = payment.New(d, x.billing, x.jobs, nil)
	x.sandbox = sandbox.New(d, x.jobs, crypt.Key{1}, func(ctx context.Context, h http.Header, body []byte) error {
		return x.payments.Intake(ctx, sandbox.Name, h, body)
	})
	x.line = &flaky{Gateway: x.sandbox}
	x.payments.UseGateway(manual.Manual{})
	x.payments.UseGateway(x.line)
	for _, task := range x.payments.Tasks() {
		x.automation.Register(task)
	}
	return x
}

func eachTill(t *testing.T, f func(t *testing.T, x *till)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) { f(t, newTill(t, s)) })
}

// flaky is the line to a gateway. It may break before a request arrives, or before its answer does.
type flaky struct {
	gateway.Gateway
	mu     sync.Mutex
	broken func() (before, after bool)
}

var errLine = errors.New("the line broke")

func (f *flaky) breaks() (before, after bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken == nil {
		return false, false
	}
	return f.broken()
}

func over[T any](f *flaky, call func() (T, error)) (T, error) {
	var none T
	before, after := f.breaks()
	if before {
		return none, errLine
	}
	v, err := call()
	if after {
		return none, errLine
	}
	return v, err
}

func (f *flaky) Charge(ctx context.Context, in gateway.Charge) (gateway.Outcome, error) {
	return over(f, func() (gateway.Outcome, error) { return f.Gateway.Charge(ctx, in) })
}

func (f *flaky) Checkout(ctx context.Context, in gateway.Checkout) (gateway.Outcome, error) {
	return over(f, func() (gateway.Outcome, error) { return f.Gateway.Checkout(ctx, in) })
}

func (f *flaky) FindCharge(ctx context.Context, key, reference string) (gateway.Outcome, error) {
	return over(f, func() (gateway.Outcome, error) { return f.Gateway.FindCharge(ctx, key, reference) })
}

func (f *flaky) CancelCharge(ctx context.Context, key, reference string) (gateway.Outcome, error) {
	return over(f, func() (gateway.Outcome, error) { return f.Gateway.CancelCharge(ctx, key, reference) })
}

func (f *flaky) Refund(ctx context.Context, in gateway.Refund) (gateway.RefundOutcome, error) {
	return over(f, func() (gateway.RefundOutcome, error) { return f.Gateway.Refund(ctx, in) })
}

func (f *flaky) FindRefund(ctx context.Context, key, reference string) (gateway.RefundOutcome, error) {
	return over(f, func() (gateway.RefundOutcome, error) { return f.Gateway.FindRefund(ctx, key, reference) })
}

func (f *flaky) FindDispute(ctx context.Context, reference string) (gateway.DisputeEvent, error) {
	return over(f, func() (gateway.DisputeEvent, error) { return f.Gateway.FindDispute(ctx, reference) })
}

func (f *flaky) EventsSince(ctx context.Context, since time.Time, cursor string) (events []gateway.Event, next string, err error) {
	before, after := f.breaks()
	if before || after {
		return nil, "", errLine
	}
	return f.Gateway.EventsSince(ctx, since, cursor)
}

// cut has the line to the gateway break, or mends it.
func (x *till) cut(broken bool) {
	x.line.mu.Lock()
	defer x.line.mu.Unlock()
	x.line.broken = func() (before, after bool) { return broken, false }
}

func (x *till) customer(t testing.TB, name string) string {
	t.Helper()
	c, err := x.customers.Create(t.Context(), customer.Input{Email: name + "@example.com", Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// invoice issues an open invoice of one line that does nothing.
func (x *till) invoice(t testing.TB, customerID string, amount int64, more ...billing.NewLine) billing.Invoice {
	t.Helper()
	var inv billing.Invoice
	err := x.DB.Write(t.Context(), func(tx *db.Tx) error {
		if _, err := customer.Lock(t.Context(), tx, customerID); err != nil {
			return err
		}
		var err error
		inv, err = x.billing.Issue(t.Context(), tx, billing.NewInvoice{
			CustomerID: customerID, Kind: billing.KindManual, Currency: "EUR",
			Lines: append([]billing.NewLine{{Description: "Work", Quantity: 1, UnitAmount: eur(amount)}}, more...),
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func (x *till) card(t testing.TB, customerID, token string) payment.Method {
	t.Helper()
	m, err := x.payments.AddMethod(t.Context(), customerID, sandbox.Name, token)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// charge charges an invoice now and wants the attempt to come to a state.
func (x *till) charge(t testing.TB, invoiceID string, want payment.AttemptState) payment.Attempt {
	t.Helper()
	a, err := x.payments.Charge(t.Context(), invoiceID, payment.ChargeOptions{})
	if err != nil || a.State != want {
		t.Fatalf("charge = %+v, %v, want %s", a, err, want)
	}
	return a
}

// settle does what is due now, until nothing is.
func (x *till) settle(t testing.TB) {
	t.Helper()
	if _, err := x.automation.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// pass lets time pass, an hour at a time.
func (x *till) pass(t testing.TB, d time.Duration) {
	t.Helper()
	for ; d > 0; d -= time.Hour {
		x.Clock.Advance(min(d, time.Hour))
		x.settle(t)
	}
}

func (x *till) get(t testing.TB, invoiceID string) billing.Invoice {
	t.Helper()
	inv, err := x.billing.ByID(t.Context(), invoiceID)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func (x *till) wantBalance(t testing.TB, invoiceID string, want int64) {
	t.Helper()
	if inv := x.get(t, invoiceID); inv.Balance() != eur(want) {
		t.Errorf("balance = %s (%s), want %d", inv.Balance(), inv.Status, want)
	}
}

func (x *till) credit(t testing.TB, customerID string) int64 {
	t.Helper()
	c, err := x.customers.ByID(t.Context(), customerID)
	if err != nil {
		t.Fatal(err)
	}
	return c.CreditIn("EUR").Amount
}

// use has a customer's credit used.
func (x *till) use(t testing.TB, customerID string) error {
	t.Helper()
	return x.DB.Write(t.Context(), func(tx *db.Tx) error {
		if _, err := customer.Lock(t.Context(), tx, customerID); err != nil {
			return err
		}
		return x.payments.UseCredit(t.Context(), tx, customerID, "EUR")
	})
}

func (x *till) count(t testing.TB, q string, args ...any) (n int) {
	t.Helper()
	err := x.DB.Read(t.Context(), func(tx *db.Tx) error { return tx.SQL().QueryRowContext(t.Context(), q, args...).Scan(&n) })
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return n
}

// strings returns the one column that a query gives.
func (x *till) strings(t testing.TB, q string, args ...any) (all []string) {
	t.Helper()
	err := x.DB.Read(t.Context(), func(tx *db.Tx) error {
		all = nil
		rows, err := tx.SQL().QueryContext(t.Context(), q, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			all = append(all, s)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return all
}

func (x *till) payment(t testing.TB, invoiceID string) payment.Payment {
	t.Helper()
	payments, _, err := x.payments.List(t.Context(), payment.Filter{InvoiceID: invoiceID})
	if err != nil || len(payments) != 1 {
		t.Fatalf("payments = %+v, %v, want one", payments, err)
	}
	return payments[0]
}

func (x *till) attempts(t testing.TB, invoiceID string) (states []payment.AttemptState) {
	t.Helper()
	attempts, err := x.payments.Attempts(t.Context(), invoiceID)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range attempts {
		states = append(states, a.State)
	}
	return states
}

// faults has the sandbox misbehave.
func (x *till) faults(t testing.TB, f sandbox.Faults) {
	t.Helper()
	if err := x.sandbox.SetFaults(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// tell sends an event as the sandbox would, and has it applied.
func (x *till) tell(t testing.TB, e gateway.Event) {
	t.Helper()
	body, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	h.Set(sandbox.SignatureHeader, x.sandbox.Sign(body, x.Clock.Now()))
	if err := x.payments.Intake(t.Context(), sandbox.Name, h, body); err != nil {
		t.Fatal(err)
	}
	if _, err := x.payments.ApplyDue(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// proven fails the test unless the books are in order and agree with the sandbox's.
func (x *till) proven(t testing.TB) {
	t.Helper()
	differences, err := x.billing.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences {
		t.Errorf("%s of %s: want %s, got %s", d.Check, d.Subject, d.Want, d.Got)
	}
	for _, s := range x.strings(t, booksApart) {
		t.Error(s)
	}
	for _, s := range x.strings(t, untold) {
		t.Error(s)
	}
}

// untold finds what staff are asked without an event that says so.
const untold = `SELECT kind || ' of ' || subject_id || ' is asked in silence' FROM staff_tasks WHERE NOT EXISTS (
	SELECT 1 FROM events WHERE events.type = 'task.opened' AND events.subject_id = staff_tasks.subject_id)`

// booksApart finds what the store and the sandbox do not say alike.
const booksApart = `
	SELECT 'payment ' || payments.id || ' is no charge of the sandbox' FROM payments
	WHERE payments.gateway = 'sandbox' AND payments.state = 'succeeded' AND NOT EXISTS (
		SELECT 1 FROM sandbox_charges AS c WHERE c.id = payments.reference AND c.state = 'succeeded' AND c.captured = payments.amount)
	UNION ALL
	SELECT 'charge ' || c.id || ' is no payment' FROM sandbox_charges AS c
	WHERE c.state = 'succeeded' AND NOT EXISTS (
		SELECT 1 FROM payments WHERE payments.reference = c.id AND payments.state = 'succeeded' AND payments.gateway = 'sandbox')
	UNION ALL
	SELECT 'charge ' || c.id || ' gave back ' || c.refunded || ', the payment otherwise' FROM sandbox_charges AS c
	JOIN payments ON payments.reference = c.id AND payments.gateway = 'sandbox'
	WHERE c.refunded <> (SELECT COALESCE(SUM(refunds.amount), 0) FROM refunds
		WHERE refunds.payment_id = payments.id AND refunds.destination = 'gateway' AND refunds.state <> 'failed')
	UNION ALL
	SELECT 'payment ' || payments.id || ' has refunds that do not add up' FROM payments
	WHERE payments.refunded <> (SELECT COALESCE(SUM(refunds.amount), 0) FROM refunds
		WHERE refunds.payment_id = payments.id AND refunds.destination = 'gateway' AND refunds.state <> 'failed')
	UNION ALL
	SELECT 'dispute ' || d.id || ' is ' || d.status || ' there' FROM sandbox_disputes AS d
	WHERE NOT EXISTS (SELECT 1 FROM disputes WHERE disputes.reference = d.id AND disputes.status = d.status AND disputes.amount = d.amount)
	UNION ALL
	SELECT 'attempt ' || a.id || ' is ' || a.state || ', charge ' || c.id || ' is ' || c.state FROM payment_attempts AS a
	JOIN sandbox_charges AS c ON c.key = a.idempotency_key
	WHERE a.settled_at IS NOT NULL AND a.state <> c.state AND c.state IN ('succeeded', 'failed')
	UNION ALL
	SELECT 'the bank has ' || books.bank || ', the sandbox ' || books.sandbox FROM (
		SELECT (SELECT COALESCE(SUM(ledger_entries.amount), 0) FROM ledger_entries WHERE ledger_entries.account = 'bank')
				- (SELECT COALESCE(SUM(payments.amount - payments.refunded), 0) FROM payments WHERE payments.gateway = 'manual') AS bank,
			(SELECT COALESCE(SUM(c.captured - c.refunded), 0) FROM sandbox_charges AS c)
				- (SELECT COALESCE(SUM(d.amount), 0) FROM sandbox_disputes AS d WHERE d.status <> 'won') AS sandbox
	) AS books WHERE books.bank <> books.sandbox`
