package payment_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
)

// signed is a webhook as the sandbox sends it.
func (x *till) signed(t testing.TB, e gateway.Event, at time.Time) (http.Header, []byte) {
	t.Helper()
	body, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	h.Set(sandbox.SignatureHeader, x.sandbox.Sign(body, at))
	return h, body
}

func TestForgedStaleAndReplayedWebhooksChangeNothing(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		var log bytes.Buffer
		x.payments = payment.New(x.DB, x.billing, job.NewQueue(x.DB, nil), slog.New(slog.NewTextHandler(&log, nil)))
		x.payments.UseGateway(x.sandbox)
		ada := x.customer(t, "ada")
		inv := x.invoice(t, ada, 1000)
		x.card(t, ada, sandbox.Pending)
		a := x.charge(t, inv.ID, pending)
		paid := gateway.Event{ID: "evt_1", Type: "charge.succeeded", Charge: &gateway.ChargeEvent{
			Outcome: gateway.Outcome{State: gateway.Succeeded, Reference: a.Reference, Captured: eur(1000)},
		}}
		now := x.Clock.Now()
		good, body := x.signed(t, paid, now)
		other := sandbox.New(x.DB, job.NewQueue(x.DB, nil), crypt.Key{2}, nil)
		header := func(value string) http.Header { return http.Header{sandbox.SignatureHeader: {value}} }
		old, _ := x.signed(t, paid, now.Add(-6*time.Minute))
		future, _ := x.signed(t, paid, now.Add(6*time.Minute))
		for name, tt := range map[string]struct {
			header http.Header
			body   []byte
			code   string
		}{
			"another secret": {header(other.Sign(body, now)), body, "WEBHOOK_FORGED"},
			"another body":   {good, bytes.Replace(body, []byte("1000"), []byte("9000"), 1), "WEBHOOK_FORGED"},
			"another time":   {header("t=1" + good.Get(sandbox.SignatureHeader)[2:]), body, "WEBHOOK_FORGED"},
			"no signature":   {http.Header{}, body, "WEBHOOK_FORGED"},
			"half of one":    {header(good.Get(sandbox.SignatureHeader)[:40]), body, "WEBHOOK_FORGED"},
			"no time":        {header(strings.Split(good.Get(sandbox.SignatureHeader), ",")[1]), body, "WEBHOOK_FORGED"},
			"old":            {old, body, "WEBHOOK_STALE"},
			"of the future":  {future, body, "WEBHOOK_STALE"},
			"no JSON":        {header(x.sandbox.Sign([]byte("{"), now)), []byte("{"), "WEBHOOK_UNREADABLE"},
			"without an id":  {header(x.sandbox.Sign([]byte("{}"), now)), []byte("{}"), "WEBHOOK_UNREADABLE"},
		} {
			err := x.payments.Intake(t.Context(), sandbox.Name, tt.header, tt.body)
			if e := fail.Of(err); err == nil || e.Kind != fail.KindMalformed || e.Code != tt.code {
				t.Errorf("%s: %v, want %s", name, err, tt.code)
			}
		}
		err := x.payments.Intake(t.Context(), "paypal", good, body)
		wantCode(t, err, fail.KindNotFound, "GATEWAY_NOT_FOUND", "")
		if n := x.count(t, "SELECT COUNT(*) FROM gateway_events"); n != 0 {
			t.Errorf("%d events are kept", n)
		}
		if taken := x.payments.Taken(); taken.Refused != 10 || taken.New != 0 || strings.Count(log.String(), "webhook refused") != 10 {
			t.Errorf("taken = %+v; log:\n%s", taken, log.String())
		}
		x.wantBalance(t, inv.ID, 1000)

		// Genuine, and then played again: it counts once.
		for range 3 {
			if err := x.payments.Intake(t.Context(), sandbox.Name, good, body); err != nil {
				t.Fatal(err)
			}
			if _, err := x.payments.ApplyDue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		x.wantBalance(t, inv.ID, 0)
		if p := x.payment(t, inv.ID); p.Money != eur(1000) || x.credit(t, ada) != 0 {
			t.Errorf("payment = %+v, credit %d", p, x.credit(t, ada))
		}
		if taken := x.payments.Taken(); taken.New != 1 || taken.Repeated != 2 || strings.Count(log.String(), "webhook repeated") != 2 {
			t.Errorf("taken = %+v; log:\n%s", taken, log.String())
		}
	})
}

// What can't be applied is put off, does not stop the rest, and is a task for staff in the end.
func TestEventsThatCannotBeApplied(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		_, inv := x.paid(t, "ada", sandbox.OK, 1000)
		p := x.payment(t, inv.ID)
		tooMuch := &gateway.RefundEvent{
			ChargeReference: p.Reference, Money: eur(5000), Outcome: gateway.RefundOutcome{State: gateway.RefundSucceeded, Reference: "sbr_odd"},
		}
		x.tell(t, gateway.Event{ID: "evt_odd", Type: "refund.succeeded", Refund: tooMuch})
		x.tell(t, gateway.Event{ID: "evt_other", Type: "customer.created"})
		x.tell(t, gateway.Event{ID: "evt_foreign", Type: "charge.succeeded", Charge: &gateway.ChargeEvent{
			Key: "ks_foreign", Outcome: gateway.Outcome{State: gateway.Succeeded, Reference: "sbc_foreign", Captured: eur(700)},
		}})
		states := func() map[string]string {
			found := map[string]string{}
			for _, s := range x.strings(t, "SELECT event_id || ' ' || state FROM gateway_events WHERE event_id LIKE 'evt_%'") {
				id, state, _ := strings.Cut(s, " ")
				found[id] = state
			}
			return found
		}
		if got := states(); got["evt_odd"] != "received" || got["evt_other"] != "ignored" || got["evt_foreign"] != "ignored" {
			t.Errorf("states = %v", got)
		}
		if n := x.count(t, "SELECT COUNT(*) FROM staff_tasks WHERE kind = 'payment.unplaced' AND subject_id = 'sandbox sbc_foreign'"); n != 1 {
			t.Errorf("%d tasks for money that belongs to nothing", n)
		}
		x.pass(t, 20*time.Hour)
		if got := states(); got["evt_odd"] != "failed" {
			t.Errorf("states = %v", got)
		}
		if n := x.count(t, "SELECT COUNT(*) FROM staff_tasks WHERE kind = 'gateway_event.failed'"); n != 1 {
			t.Errorf("%d tasks", n)
		}
		x.proven(t)

		x.Clock.Advance(100 * 24 * time.Hour)
		n, err := x.payments.PruneEvents(t.Context(), x.Clock.Now().Add(-90*24*time.Hour))
		if err != nil || n != 3 || len(states()) != 1 {
			t.Errorf("pruned %d, %v; left %v", n, err, states())
		}
	})
}

// Webhooks per second that are verified, deduplicated and durable, from many connections at once.
func BenchmarkIntake(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *dbtest.Store{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			x := newTill(b, open(b))
			now := x.Clock.Now()
			type message struct {
				header http.Header
				body   []byte
			}
			messages := make([]message, b.N)
			for i := range messages {
				h, body := x.signed(b, gateway.Event{ID: fmt.Sprintf("evt_%09d", i), Type: "charge.pending", Charge: &gateway.ChargeEvent{
					Key: "ks_0123456789012345678901234567890123456789", Outcome: gateway.Outcome{State: gateway.Pending, Reference: "sbc_0123456789"},
				}}, now)
				messages[i] = message{h, body}
			}
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range 64 {
				wg.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						m := messages[i-1]
						if err := x.payments.Intake(b.Context(), sandbox.Name, m.header, m.body); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "webhooks/s")
		})
	}
}
