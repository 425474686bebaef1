package payment_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
)

// I3, I6, I10: whatever is charged, refunded and disputed in whatever order, however webhooks are doubled, mixed up,
// delayed or lost, and wherever a process dies between two steps: in the end everything is settled, the gateway has made
// one charge for each key, and the books agree with the gateway's.
func TestWhateverHappensTheBooksAgree(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		runs, enough := 0, 60
		if s.Engine == db.Postgres || testing.Short() {
			enough = 12 // the rules are the same on both; what differs is shown by a few
		}
		rapid.Check(t, func(rt *rapid.T) {
			if runs++; runs > enough {
				return
			}
			w := newWorld(t, rt, s, runs)
			rt.Repeat(map[string]func(*rapid.T){
				"invoice":  w.invoice,
				"card":     w.card,
				"charge":   w.charge,
				"request":  w.request,
				"checkout": w.checkout,
				"owner":    w.owner,
				"return":   w.returned,
				"wire":     w.wire,
				"refund":   w.refund,
				"elsewhere": func(rt *rapid.T) {
					if !w.lossy {
						w.elsewhere(rt)
					}
				},
				"dispute": func(rt *rapid.T) {
					if !w.lossy {
						w.dispute(rt)
					}
				},
				"end":     w.end,
				"faults":  w.faulty,
				"pass":    w.pass,
				"restart": w.restart,
			})
			w.settle()
			if t.Failed() {
				rt.FailNow()
			}
		})
	})
}

// mishap is what goes wrong at a step.
type mishap int

const (
	fine         mishap = iota
	lostRequest         // the line breaks before the request arrives
	lostAnswer          // the line breaks before the answer arrives
	diesBefore          // the process dies, the request was not sent
	diesAfter           // the process dies, the request has done its work
	brokenCommit        // a transaction fails
	mishaps
)

var errCommit = errors.New("the transaction failed")

// world is a store to which all kinds of things happen.
type world struct {
	t         *testing.T
	rt        *rapid.T
	till      *till
	lossy     bool // webhooks may be lost: then nothing happens of which only they tell
	customers []string
	invoices  []string
	wires     int

	mishaps []mishap // of the steps to come
	kill    context.CancelFunc
}

func newWorld(t *testing.T, rt *rapid.T, s *dbtest.Store, run int) *world {
	w := &world{t: t, rt: rt, lossy: rapid.Bool().Draw(rt, "lossy")}
	w.till = newTill(t, s)
	w.till.line.broken = w.broken
	event.Listen(s.DB, func(context.Context, *db.Tx, event.Event) error {
		if w.next(brokenCommit) == brokenCommit {
			return errCommit
		}
		return nil
	})
	for i := range 2 {
		w.customers = append(w.customers, w.till.customer(t, fmt.Sprintf("c%d-%d", run, i)))
	}
	for _, id := range w.customers {
		w.invoices = append(w.invoices, w.till.invoice(t, id, 5000).ID)
		w.till.card(t, id, sandbox.OK)
	}
	return w
}

// next takes the mishap of this step, if it is one of those that can happen here.
func (w *world) next(here ...mishap) mishap {
	if len(w.mishaps) == 0 {
		return fine
	}
	m := w.mishaps[0]
	w.mishaps = w.mishaps[1:]
	for _, possible := range here {
		if m == possible {
			return m
		}
	}
	return fine
}

// broken is how the line to the gateway is.
func (w *world) broken() (before, after bool) {
	switch w.next(lostRequest, lostAnswer, diesBefore, diesAfter) {
	case diesBefore:
		w.kill()
		return true, false
	case lostRequest:
		return true, false
	case diesAfter:
		w.kill()
		return false, true
	case lostAnswer:
		return false, true
	case fine, brokenCommit, mishaps:
	}
	return false, false
}

// do runs a verb to which mishaps happen. Only what they cause, and refusals, may come of it.
func (w *world) do(rt *rapid.T, verb func(ctx context.Context) error) {
	w.mishaps = rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 3*int(mishaps)), func(n int) mishap {
		if n >= int(mishaps) {
			return fine
		}
		return mishap(n)
	}), 0, 12).Draw(rt, "mishaps")
	ctx, cancel := context.WithCancel(w.t.Context())
	w.kill = cancel
	err := verb(ctx)
	cancel()
	w.mishaps, w.kill = nil, func() {}
	switch {
	case err == nil, errors.Is(err, errLine), errors.Is(err, errCommit), errors.Is(err, context.Canceled):
	default:
		switch fail.Of(err).Kind {
		case fail.KindConflict, fail.KindInvalid, fail.KindNotFound, fail.KindUnavailable:
		default:
			rt.Fatalf("unexpected: %v", err)
		}
	}
}

func (w *world) anInvoice(rt *rapid.T) string {
	return rapid.SampledFrom(w.invoices).Draw(rt, "invoice")
}

func (w *world) invoice(rt *rapid.T) {
	if len(w.invoices) < 6 {
		id := rapid.SampledFrom(w.customers).Draw(rt, "customer")
		w.invoices = append(w.invoices, w.till.invoice(w.t, id, rapid.Int64Range(1, 30000).Draw(rt, "amount")).ID)
	}
}

func (w *world) card(rt *rapid.T) {
	cards := []string{
		sandbox.OK, sandbox.OK, sandbox.Decline, sandbox.Auth, sandbox.Timeout, sandbox.Pending, sandbox.PendingFails, sandbox.Partial,
		sandbox.RefundFailing,
	}
	if !w.lossy {
		cards = append(cards, sandbox.Corrected, sandbox.Disputed)
	}
	id, token := rapid.SampledFrom(w.customers).Draw(rt, "customer"), rapid.SampledFrom(cards).Draw(rt, "card")
	w.do(rt, func(ctx context.Context) error {
		_, err := w.till.payments.AddMethod(ctx, id, sandbox.Name, token)
		return err
	})
}

func (w *world) charge(rt *rapid.T) {
	id := w.anInvoice(rt)
	var o payment.ChargeOptions
	if rapid.Bool().Draw(rt, "part") {
		o.Amount = eur(rapid.Int64Range(1, 3000).Draw(rt, "amount"))
	}
	if rapid.Bool().Draw(rt, "keyed") {
		o.Key = id + rapid.SampledFrom([]string{" 1", " 2"}).Draw(rt, "key")
	}
	w.do(rt, func(ctx context.Context) error {
		_, err := w.till.payments.Charge(ctx, id, o)
		return err
	})
}

// request is a charge of the automation: in the night, by a job.
func (w *world) request(rt *rapid.T) {
	id := w.anInvoice(rt)
	key := id + rapid.SampledFrom([]string{" try 1", " try 2", " try 3"}).Draw(rt, "key")
	w.do(rt, func(ctx context.Context) error {
		return w.till.DB.Write(ctx, func(tx *db.Tx) error {
			inv, err := billing.LockWithCustomer(ctx, tx, id)
			if err != nil {
				return err
			}
			_, err = w.till.payments.RequestCharge(ctx, tx, inv, payment.ChargeOptions{Key: key, Automatic: true})
			if errors.Is(err, payment.ErrNothingDue) {
				return nil
			}
			return err
		})
	})
}

func (w *world) checkout(rt *rapid.T) {
	id, save := w.anInvoice(rt), rapid.Bool().Draw(rt, "save")
	w.do(rt, func(ctx context.Context) error {
		_, err := w.till.payments.Checkout(ctx, id, payment.CheckoutOptions{Gateway: sandbox.Name, SaveMethod: save})
		return err
	})
}

// owner goes to a page that waits, and pays, confirms, or leaves.
func (w *world) owner(rt *rapid.T) {
	open := w.till.strings(w.t, "SELECT id FROM sandbox_charges WHERE state = 'requires_action' ORDER BY id")
	if len(open) == 0 {
		return
	}
	id := rapid.SampledFrom(open).Draw(rt, "page")
	card := rapid.SampledFrom([]string{sandbox.OK, sandbox.Auth, sandbox.Decline, sandbox.Pending, sandbox.Partial}).Draw(rt, "card")
	leaves := rapid.IntRange(0, 3).Draw(rt, "leaves") == 0
	w.do(rt, func(ctx context.Context) error {
		if leaves {
			_, err := w.till.sandbox.Cancel(ctx, id)
			return err
		}
		_, err := w.till.sandbox.Pay(ctx, id, card)
		return err
	})
}

func (w *world) returned(rt *rapid.T) {
	id := w.anInvoice(rt)
	w.do(rt, func(ctx context.Context) error {
		_, err := w.till.payments.Returned(ctx, id)
		return err
	})
}

func (w *world) wire(rt *rapid.T) {
	id, amount := w.anInvoice(rt), rapid.Int64Range(1, 8000).Draw(rt, "amount")
	w.wires++
	w.do(rt, func(ctx context.Context) error {
		_, err := w.till.payments.Record(ctx, id, payment.Manual{Money: eur(amount), Reference: fmt.Sprint(id, " ", w.wires)})
		return err
	})
}

func (w *world) refund(rt *rapid.T) {
	id := w.anInvoice(rt)
	in := payment.RefundInput{Adjust: rapid.Bool().Draw(rt, "adjust")}
	if rapid.Bool().Draw(rt, "part") {
		m := eur(rapid.Int64Range(1, 4000).Draw(rt, "amount"))
		in.Money = &m
	}
	if in.Adjust && rapid.IntRange(0, 2).Draw(rt, "to") == 0 {
		in.To = payment.ToCredit
	}
	w.do(rt, func(ctx context.Context) error {
		_, err := w.till.payments.Refund(ctx, id, in)
		return err
	})
}

func (w *world) aCharge(rt *rapid.T) string {
	charges := w.till.strings(w.t, "SELECT id FROM sandbox_charges WHERE state = 'succeeded' ORDER BY id")
	if len(charges) == 0 {
		return ""
	}
	return rapid.SampledFrom(charges).Draw(rt, "charge")
}

// elsewhere refunds on the gateway's own pages.
func (w *world) elsewhere(rt *rapid.T) {
	if id := w.aCharge(rt); id != "" {
		amount := rapid.Int64Range(1, 3000).Draw(rt, "amount")
		w.do(rt, func(ctx context.Context) error {
			_, err := w.till.sandbox.RefundCharge(ctx, id, amount)
			return err
		})
	}
}

// dispute opens a dispute, or ends one.
func (w *world) dispute(rt *rapid.T) {
	open := w.till.strings(w.t, "SELECT id FROM sandbox_disputes WHERE status = 'open' ORDER BY id")
	if len(open) > 0 && rapid.Bool().Draw(rt, "close") {
		id, outcome := rapid.SampledFrom(open).Draw(rt, "dispute"), rapid.SampledFrom([]string{"won", "lost"}).Draw(rt, "outcome")
		w.do(rt, func(ctx context.Context) error { return w.till.sandbox.CloseDispute(ctx, id, outcome) })
		return
	}
	if id := w.aCharge(rt); id != "" {
		w.do(rt, func(ctx context.Context) error {
			_, err := w.till.sandbox.Dispute(ctx, id)
			return err
		})
	}
}

// end ends an invoice without its money.
func (w *world) end(rt *rapid.T) {
	if rapid.IntRange(0, 3).Draw(rt, "seldom") != 0 {
		return
	}
	id := w.anInvoice(rt)
	verb := w.till.billing.VoidInvoice
	if rapid.Bool().Draw(rt, "write off") {
		verb = w.till.billing.WriteOff
	}
	w.do(rt, func(ctx context.Context) error {
		_, err := verb(ctx, id, "")
		return err
	})
}

func (w *world) faulty(rt *rapid.T) {
	f := sandbox.Faults{
		Duplicate: rapid.IntRange(0, 2).Draw(rt, "duplicate"), Reorder: rapid.Bool().Draw(rt, "reorder"),
		DelaySeconds:    rapid.SampledFrom([]int{0, 0, 30, 5000, 100_000}).Draw(rt, "delay"),
		FailAfterEffect: rapid.IntRange(0, 4).Draw(rt, "fail after effect") == 0,
		Drop:            w.lossy && rapid.Bool().Draw(rt, "drop"),
	}
	w.till.faults(w.t, f)
}

// pass lets time pass, and what falls due happen, with mishaps.
func (w *world) pass(rt *rapid.T) {
	w.till.Clock.Advance(time.Duration(rapid.SampledFrom([]int{0, 1, 20, 70, 600, 1500, 4400}).Draw(rt, "minutes")) * time.Minute)
	w.do(rt, func(ctx context.Context) error {
		_, err := w.till.automation.RunDue(ctx)
		return err
	})
}

// restart is another process over the same store.
func (w *world) restart(*rapid.T) {
	w.till = openTill(w.till.Store, w.till.DB)
	w.till.line.broken = w.broken
}

// settle lets everything come to its end, without mishaps, and looks at what became of it.
func (w *world) settle() {
	w.till.faults(w.t, sandbox.Faults{})
	for range 40 {
		w.till.Clock.Advance(6 * time.Hour)
		w.till.settle(w.t)
	}
	for what, q := range map[string]string{
		"attempts are in flight":    "SELECT COUNT(*) FROM payment_attempts WHERE settled_at IS NULL",
		"refunds are pending":       "SELECT COUNT(*) FROM refunds WHERE state = 'pending'",
		"events are not applied":    "SELECT COUNT(*) FROM gateway_events WHERE state IN ('received', 'failed')",
		"jobs have failed":          "SELECT COUNT(*) FROM jobs WHERE state = 'failed'",
		"charges have no attempt":   "SELECT COUNT(*) FROM sandbox_charges AS c WHERE NOT EXISTS (SELECT 1 FROM payment_attempts AS a WHERE a.idempotency_key = c.key)",
		"payments go beyond I6":     "SELECT COUNT(*) FROM payments WHERE refunded > amount",
		"invoices are beyond I3":    brokenI3,
		"charges are in the air":    "SELECT COUNT(*) FROM sandbox_charges WHERE state IN ('pending', 'requires_action')",
		"payments have no attempt":  "SELECT COUNT(*) FROM payments WHERE gateway = 'sandbox' AND NOT EXISTS (SELECT 1 FROM payment_attempts AS a WHERE a.payment_id = payments.id)",
		"events are of unknown end": "SELECT COUNT(*) FROM gateway_events WHERE state = 'applied' AND settled_at IS NULL",
	} {
		if n := w.till.count(w.t, q); n != 0 {
			w.t.Errorf("%d %s", n, what)
		}
	}
	for _, s := range w.till.strings(w.t, "SELECT type || ': ' || error FROM gateway_events WHERE state IN ('received', 'failed')") {
		w.t.Error(s)
	}
	w.till.proven(w.t)
}

// brokenI3 counts invoices that are not paid by what arrived less what went back and was charged back: by what counted
// of each payment, and what of that refunds and disputes took. A void invoice has set free what it had, and a credit
// note may have set free more than its refund took.
const brokenI3 = `
	SELECT COUNT(*) FROM (
		SELECT invoices.id, invoices.paid, invoices.status,
			(SELECT COALESCE(SUM(payments.applied), 0) FROM payments WHERE payments.invoice_id = invoices.id)
				- (SELECT COALESCE(SUM(refunds.counted), 0) FROM refunds WHERE refunds.invoice_id = invoices.id)
				- (SELECT COALESCE(SUM(disputes.counted), 0) FROM disputes WHERE disputes.invoice_id = invoices.id) AS kept
		FROM invoices
	) AS books
	WHERE books.status IN ('open', 'paid', 'uncollectible') AND books.paid <> books.kept`
