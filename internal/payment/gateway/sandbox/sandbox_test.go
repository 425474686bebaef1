package sandbox_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment/gateway"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
)

// bank is a sandbox with a receiver that keeps what it is told.
type bank struct {
	*dbtest.Store
	*sandbox.Sandbox
	jobs *job.Queue
	told []gateway.Event
	deaf bool
}

func open(s *dbtest.Store) *bank {
	b := &bank{Store: s, jobs: job.NewQueue(s.DB, nil)}
	b.Sandbox = sandbox.New(s.DB, b.jobs, crypt.Key{1}, func(_ context.Context, h http.Header, body []byte) error {
		if b.deaf {
			return errors.New("deaf")
		}
		e, err := b.ParseWebhook(h, body, s.Clock.Now())
		if err != nil {
			return err
		}
		b.told = append(b.told, e)
		return nil
	})
	return b
}

func each(t *testing.T, f func(t *testing.T, b *bank)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) { f(t, open(s)) })
}

func eur(n int64) money.Money { return money.New(n, "EUR") }

func (b *bank) pass(t *testing.T, d time.Duration) {
	t.Helper()
	b.Clock.Advance(d)
	if _, err := b.jobs.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// types are those of the events that were told, which are forgotten.
func (b *bank) types() (types []string) {
	for _, e := range b.told {
		types = append(types, e.Type)
	}
	b.told = nil
	return types
}

func (b *bank) charge(t *testing.T, key, card string, amount int64) (gateway.Outcome, error) {
	t.Helper()
	m, err := b.AttachMethod(t.Context(), "cus_1", card)
	if err != nil {
		t.Fatal(err)
	}
	return b.Sandbox.Charge(t.Context(), gateway.Charge{
		Key: key, Money: eur(amount), CustomerID: "cus_1", MethodToken: m.Token, InvoiceNumber: "INV-1",
	})
}

func TestCards(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for _, tt := range []struct {
		card   string
		now    gateway.State
		code   string
		lost   bool // the answer
		events []string
		later  map[time.Duration][]string // what is told when so much more time has passed
		in     []time.Duration
	}{
		{card: sandbox.OK, now: gateway.Succeeded, events: []string{"charge.succeeded"}},
		{card: sandbox.Decline, now: gateway.Failed, code: "card_declined", events: []string{"charge.failed"}},
		{card: sandbox.Insufficient, now: gateway.Failed, code: "insufficient_funds", events: []string{"charge.failed"}},
		{card: sandbox.Auth, now: gateway.RequiresAction, events: []string{"charge.requires_action"}},
		{card: sandbox.Timeout, now: gateway.Succeeded, lost: true, events: []string{"charge.succeeded"}},
		{
			card: sandbox.Disputed, now: gateway.Succeeded, events: []string{"charge.succeeded"},
			in: []time.Duration{2 * day, day}, later: map[time.Duration][]string{day: {"dispute.open"}},
		},
		{
			card: sandbox.Pending, now: gateway.Pending, events: []string{"charge.pending"},
			in: []time.Duration{23 * time.Hour, time.Hour}, later: map[time.Duration][]string{time.Hour: {"charge.succeeded"}},
		},
		{
			card: sandbox.PendingFails, now: gateway.Pending, events: []string{"charge.pending"},
			in: []time.Duration{day}, later: map[time.Duration][]string{day: {"charge.failed"}},
		},
	} {
		t.Run(tt.card, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, b *bank) {
				o, err := b.charge(t, "key", tt.card, 5000)
				if (err != nil) != tt.lost {
					t.Fatalf("= %+v, %v", o, err)
				}
				found, err := b.FindCharge(t.Context(), "key", "")
				if err != nil || found.State != tt.now || found.Code != tt.code || found.Reference == "" {
					t.Errorf("found = %+v, %v", found, err)
				}
				if !tt.lost && !cmp.Equal(o, found) {
					t.Errorf("answer = %+v, found %+v", o, found)
				}
				b.pass(t, 0)
				if diff := cmp.Diff(tt.events, b.types()); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
				for _, d := range tt.in {
					b.pass(t, d)
					if diff := cmp.Diff(tt.later[d], b.types()); diff != "" {
						t.Errorf("events after %s more (-want +got):\n%s", d, diff)
					}
				}
			})
		})
	}
}

// A key stands for one request, whoever repeats it.
func TestKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bank) {
		ctx := t.Context()
		m, err := b.AttachMethod(ctx, "cus_1", sandbox.Partial)
		if err != nil {
			t.Fatal(err)
		}
		in := gateway.Charge{Key: "key", Money: eur(5000), CustomerID: "cus_1", MethodToken: m.Token, Metadata: map[string]string{"b": "2", "a": "1"}}
		first, err := b.Charge(ctx, in)
		if err != nil || first.Captured != eur(1000) {
			t.Fatalf("first = %+v, %v", first, err)
		}
		if again, err := b.Charge(ctx, in); err != nil || !cmp.Equal(again, first) {
			t.Errorf("again = %+v, %v", again, err)
		}
		other := in
		other.Money = eur(6000)
		if o, err := b.Charge(ctx, other); err == nil {
			t.Errorf("another amount = %+v", o)
		}
		refund := gateway.Refund{Key: "refund", ChargeKey: "key", Money: eur(400)}
		back, err := b.Refund(ctx, refund)
		if err != nil || back.State != gateway.RefundSucceeded {
			t.Fatalf("refund = %+v, %v", back, err)
		}
		if again, err := b.Refund(ctx, refund); err != nil || again != back {
			t.Errorf("refund again = %+v, %v", again, err)
		}
		if found, err := b.FindRefund(ctx, "refund", ""); err != nil || found != back {
			t.Errorf("found = %+v, %v", found, err)
		}
		refund.Money = eur(500)
		if o, err := b.Refund(ctx, refund); err == nil {
			t.Errorf("another amount = %+v", o)
		}
		// No more than was captured.
		if o, err := b.Refund(ctx, gateway.Refund{Key: "rest", ChargeKey: "key", Money: eur(601)}); err != nil || o.State != gateway.RefundFailed {
			t.Errorf("too much = %+v, %v", o, err)
		}
		if o, err := b.Refund(ctx, gateway.Refund{Key: "rest 2", ChargeKey: "key", Money: eur(600)}); err != nil || o.State != gateway.RefundSucceeded {
			t.Errorf("the rest = %+v, %v", o, err)
		}
		for name, err := range map[string]error{
			"charge": errOf(b.FindCharge(ctx, "other", "")), "refund": errOf(b.FindRefund(ctx, "other", "")),
			"cancel": errOf(b.CancelCharge(ctx, "other", "")), "refund of none": errOf(b.Refund(ctx, gateway.Refund{Key: "x", ChargeKey: "other", Money: eur(1)})),
		} {
			if !errors.Is(err, gateway.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		// A method is charged as long as it is attached. Whose it is, the store knows: a guest may become somebody else.
		if o, err := b.Charge(ctx, gateway.Charge{Key: "k2", Money: eur(1), CustomerID: "cus_2", MethodToken: m.Token}); err != nil || o.State != gateway.Succeeded {
			t.Errorf("another customer = %+v, %v", o, err)
		}
		if o, err := b.Charge(ctx, gateway.Charge{Key: "k3", Money: eur(1), CustomerID: "cus_1", MethodToken: "sbm_other"}); err != nil || o.Code != "no_such_method" {
			t.Errorf("no method = %+v, %v", o, err)
		}
		if err := b.DetachMethod(ctx, m.Token); err != nil {
			t.Fatal(err)
		}
		if o, err := b.Charge(ctx, gateway.Charge{Key: "k4", Money: eur(1), CustomerID: "cus_1", MethodToken: m.Token}); err != nil || o.Code != "no_such_method" {
			t.Errorf("detached = %+v, %v", o, err)
		}
	})
}

func errOf[T any](_ T, err error) error { return err }

func TestPage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bank) {
		ctx := t.Context()
		page := func(key string) string {
			o, err := b.Checkout(ctx, gateway.Checkout{Key: key, Money: eur(5000), CustomerID: "cus_1", InvoiceNumber: "INV-1", SaveMethod: true, ReturnURL: "/back"})
			if err != nil || o.State != gateway.RequiresAction || o.ActionURL != "/sandbox/pay/"+o.Reference {
				t.Fatalf("checkout = %+v, %v", o, err)
			}
			return o.Reference
		}
		id := page("one")
		if again := page("one"); again != id {
			t.Errorf("the same key gives another page: %s", again)
		}
		s, err := b.Session(ctx, id)
		if err != nil || !s.Open() || s.Money != eur(5000) || s.ReturnURL != "/back" || len(s.Cards) < 8 {
			t.Errorf("session = %+v, %v", s, err)
		}
		_, err = b.Pay(ctx, id, "tok_gold")
		if e := fail.Of(err); err == nil || e.Field != "card" {
			t.Errorf("a card that is none: %v", err)
		}
		// A card that wants a confirmation gets its own step.
		if s, err = b.Pay(ctx, id, sandbox.Auth); err != nil || !s.Open() || !s.Confirm {
			t.Errorf("session = %+v, %v", s, err)
		}
		if s, err = b.Pay(ctx, id, ""); err != nil || s.State != gateway.Succeeded {
			t.Errorf("session = %+v, %v", s, err)
		}
		o, err := b.FindCharge(ctx, "one", "")
		if err != nil || o.Method == nil || o.Captured != eur(5000) {
			t.Fatalf("found = %+v, %v", o, err)
		}
		// What is over stays over.
		if s, err = b.Cancel(ctx, id); err != nil || s.State != gateway.Succeeded {
			t.Errorf("cancelled too late = %+v, %v", s, err)
		}
		if o, err := b.CancelCharge(ctx, "one", ""); err != nil || o.State != gateway.Succeeded {
			t.Errorf("cancelled too late = %+v, %v", o, err)
		}
		// The card was saved.
		if o, err = b.Sandbox.Charge(ctx, gateway.Charge{Key: "two", Money: eur(1), CustomerID: "cus_1", MethodToken: o.Method.Token}); err != nil || o.State != gateway.RequiresAction {
			t.Errorf("charge of the saved card = %+v, %v", o, err)
		}
		if s, err = b.Cancel(ctx, page("three")); err != nil || s.State != gateway.Failed || s.Detail == "" {
			t.Errorf("cancelled = %+v, %v", s, err)
		}
		for _, id := range []string{"sbc_unknown", "?"} {
			_, session := b.Session(ctx, id)
			_, pay := b.Pay(ctx, id, sandbox.OK)
			for _, err := range []error{session, pay} {
				if fail.Of(err).Code != "SANDBOX_PAGE_NOT_FOUND" {
					t.Errorf("%s: %v", id, err)
				}
			}
		}
	})
}

func TestFaults(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bank) {
		ctx := t.Context()
		set := func(f sandbox.Faults) {
			t.Helper()
			if err := b.SetFaults(ctx, f); err != nil {
				t.Fatal(err)
			}
			if got, err := b.Faults(ctx); err != nil || got != f {
				t.Errorf("faults = %+v, %v, want %+v", got, err, f)
			}
		}
		set(sandbox.Faults{Duplicate: 2})
		if _, err := b.charge(t, "doubled", sandbox.OK, 100); err != nil {
			t.Fatal(err)
		}
		b.pass(t, 0)
		if len(b.told) != 3 || b.told[0].ID != b.told[1].ID || b.told[0].ID != b.told[2].ID {
			t.Errorf("told = %+v", b.told)
		}
		b.told = nil

		set(sandbox.Faults{Reorder: true})
		o, err := b.charge(t, "mixed", sandbox.OK, 100)
		if err != nil {
			t.Fatal(err)
		}
		id, err := b.Dispute(ctx, o.Reference)
		if err == nil {
			err = b.CloseDispute(ctx, id, "lost")
		}
		if err != nil {
			t.Fatal(err)
		}
		b.pass(t, time.Hour)
		if got := b.types(); !slices.Equal(got, []string{"dispute.lost", "dispute.open", "charge.succeeded"}) {
			t.Errorf("told %q", got)
		}

		set(sandbox.Faults{DelaySeconds: 90})
		if _, err := b.charge(t, "late", sandbox.OK, 100); err != nil {
			t.Fatal(err)
		}
		b.pass(t, 89*time.Second)
		if len(b.told) != 0 {
			t.Errorf("told too early: %+v", b.told)
		}
		b.pass(t, time.Second)
		if len(b.types()) != 1 {
			t.Error("not told")
		}

		set(sandbox.Faults{Drop: true, FailAfterEffect: true})
		if o, err := b.charge(t, "lost", sandbox.OK, 100); err == nil {
			t.Errorf("answer = %+v", o)
		}
		if o, err := b.FindCharge(ctx, "lost", ""); err != nil || o.State != gateway.Succeeded {
			t.Errorf("found = %+v, %v", o, err)
		}
		b.pass(t, time.Hour)
		if len(b.told) != 0 {
			t.Errorf("told = %+v", b.told)
		}

		// Who does not listen is told again.
		set(sandbox.Faults{})
		b.deaf = true
		if _, err := b.charge(t, "again", sandbox.OK, 100); err != nil {
			t.Fatal(err)
		}
		b.pass(t, 0)
		b.deaf = false
		b.pass(t, time.Hour)
		if len(b.types()) != 1 {
			t.Error("not told again")
		}
		for field, f := range map[string]sandbox.Faults{"duplicate": {Duplicate: -1}, "delay_seconds": {DelaySeconds: -1}} {
			if err := b.SetFaults(ctx, f); fail.Of(err).Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
	})
}

// A live store in which a sandbox has left something is not opened.
func TestRefuseLive(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bank) {
		if err := sandbox.RefuseLive(t.Context(), b.DB); err != nil {
			t.Error(err)
		}
		if _, err := b.AttachMethod(t.Context(), "cus_1", sandbox.OK); err != nil {
			t.Fatal(err)
		}
		if err := sandbox.RefuseLive(t.Context(), b.DB); err == nil {
			t.Error("a store with a card of the sandbox is taken for a live one")
		}
	})
}
