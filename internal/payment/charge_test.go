package payment_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
)

const (
	created   = payment.AttemptCreated
	unknown   = payment.AttemptUnknown
	pending   = payment.AttemptPending
	waiting   = payment.AttemptRequiresAction
	succeeded = payment.AttemptSucceeded
	failed    = payment.AttemptFailed
)

// E1: a charge that fails and is tried again is one payment with two tries.
func TestE1FailedChargeThenRetry(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		ada := x.customer(t, "ada")
		inv := x.invoice(t, ada, 24995)
		x.card(t, ada, sandbox.Decline)
		a := x.charge(t, inv.ID, failed)
		if a.Code != "card_declined" || a.Detail == "" || a.InFlight() {
			t.Errorf("attempt = %+v", a)
		}
		x.settle(t)
		x.wantBalance(t, inv.ID, 24995)
		x.pass(t, 8*24*time.Hour)
		x.card(t, ada, sandbox.OK)
		x.charge(t, inv.ID, succeeded)
		x.settle(t)
		x.wantBalance(t, inv.ID, 0)

		p := x.payment(t, inv.ID)
		if p.State != payment.Succeeded || p.Money != eur(24995) || p.Applied != eur(24995) || !p.ReceivedAt.Equal(x.Clock.Now()) {
			t.Errorf("payment = %+v", p)
		}
		if diff := cmp.Diff([]payment.AttemptState{failed, succeeded}, x.attempts(t, inv.ID)); diff != "" {
			t.Errorf("attempts (-want +got):\n%s", diff)
		}
		events := x.strings(t, "SELECT type FROM events WHERE subject_id = $1 ORDER BY seq", p.ID)
		if diff := cmp.Diff([]string{"payment.failed", "payment.received"}, events); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		x.proven(t)
	})
}

// E8, F8: the same key again is the same charge; with other facts it is refused.
func TestE8TheSameKeyChargesOnce(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		ada := x.customer(t, "ada")
		inv, other := x.invoice(t, ada, 24995), x.invoice(t, ada, 24995)
		x.card(t, ada, sandbox.OK)
		o := payment.ChargeOptions{Key: "K", Amount: eur(1000)}
		first, err := x.payments.Charge(t.Context(), inv.ID, o)
		if err != nil || first.State != succeeded {
			t.Fatalf("first = %+v, %v", first, err)
		}
		again, err := x.payments.Charge(t.Context(), inv.ID, o)
		if err != nil || !cmp.Equal(again, first) {
			t.Errorf("again = %+v, %v, want %+v", again, err, first)
		}
		_, err = x.payments.Charge(t.Context(), inv.ID, payment.ChargeOptions{Key: "K", Amount: eur(1100)})
		wantCode(t, err, fail.KindConflict, "IDEMPOTENCY_KEY_REUSED", "")
		_, err = x.payments.Charge(t.Context(), other.ID, o)
		wantCode(t, err, fail.KindConflict, "IDEMPOTENCY_KEY_REUSED", "")
		x.settle(t)
		x.wantBalance(t, inv.ID, 23995)
		if n := x.count(t, "SELECT COUNT(*) FROM sandbox_charges"); n != 1 {
			t.Errorf("%d charges", n)
		}
		x.proven(t)
	})
}

// E13: nobody knows what became of a charge. Until the gateway was asked, there is no second one.
func TestE13UnknownOutcome(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		x.faults(t, sandbox.Faults{Drop: true})
		ada := x.customer(t, "ada")
		inv := x.invoice(t, ada, 24995)
		x.card(t, ada, sandbox.Timeout)
		x.charge(t, inv.ID, unknown)
		x.wantBalance(t, inv.ID, 24995)
		_, err := x.payments.Charge(t.Context(), inv.ID, payment.ChargeOptions{})
		wantCode(t, err, fail.KindConflict, "PAYMENT_IN_PROGRESS", "")
		if !errors.Is(err, payment.ErrInProgress) {
			t.Errorf("%v is not ErrInProgress", err)
		}
		x.pass(t, time.Hour)
		x.wantBalance(t, inv.ID, 0)
		if n := x.count(t, "SELECT COUNT(*) FROM sandbox_charges"); n != 1 {
			t.Errorf("%d charges", n)
		}
		x.proven(t)
	})
}

// E14: pending, then failed, then succeeded after all. A retry that is on its way is dropped.
func TestE14CorrectedToSuccess(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		ada := x.customer(t, "ada")
		inv := x.invoice(t, ada, 24995)
		x.card(t, ada, sandbox.Corrected)
		x.charge(t, inv.ID, pending)
		x.settle(t)
		x.wantBalance(t, inv.ID, 24995)
		x.pass(t, 24*time.Hour)
		if diff := cmp.Diff([]payment.AttemptState{failed}, x.attempts(t, inv.ID)); diff != "" {
			t.Fatalf("attempts after a day (-want +got):\n%s", diff)
		}
		x.wantBalance(t, inv.ID, 24995)

		// A retry is written just before the correction arrives, and its turn comes after it.
		x.Clock.Advance(23 * time.Hour)
		x.settle(t)
		x.card(t, ada, sandbox.OK)
		err := x.DB.Write(t.Context(), func(tx *db.Tx) error {
			locked, err := billing.LockWithCustomer(t.Context(), tx, inv.ID)
			if err != nil {
				return err
			}
			_, err = x.payments.RequestCharge(t.Context(), tx, locked, payment.ChargeOptions{})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		first, err := x.payments.Attempts(t.Context(), inv.ID)
		if err != nil {
			t.Fatal(err)
		}
		x.tell(t, gateway.Event{ID: "evt_correction", Type: "charge.succeeded", Charge: &gateway.ChargeEvent{
			Outcome: gateway.Outcome{State: gateway.Succeeded, Reference: first[0].Reference, Captured: eur(24995)},
		}})
		x.pass(t, 2*time.Hour)
		x.wantBalance(t, inv.ID, 0)
		if diff := cmp.Diff([]payment.AttemptState{succeeded, failed}, x.attempts(t, inv.ID)); diff != "" {
			t.Errorf("attempts (-want +got):\n%s", diff)
		}
		if n := x.count(t, "SELECT COUNT(*) FROM sandbox_charges"); n != 1 {
			t.Errorf("%d charges", n)
		}
		if credit := x.credit(t, ada); credit != 0 {
			t.Errorf("credit = %d", credit)
		}
		x.proven(t)
	})
}

// E20: the gateway is asked when the customer returns; the webhook never arrives.
func TestE20TheReturnPageAsksTheGateway(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		x.faults(t, sandbox.Faults{Drop: true})
		ada := x.customer(t, "ada")
		inv := x.invoice(t, ada, 1000)
		a, err := x.payments.Checkout(t.Context(), inv.ID, payment.CheckoutOptions{Gateway: sandbox.Name, ReturnURL: "/thanks", SaveMethod: true})
		if err != nil || a.State != waiting || a.ActionURL == "" {
			t.Fatalf("checkout = %+v, %v", a, err)
		}
		// Nothing has been paid, whatever an address says.
		if a, err := x.payments.Returned(t.Context(), inv.ID); err != nil || a.State != waiting {
			t.Errorf("returned before paying = %+v, %v", a, err)
		}
		page, err := x.sandbox.Session(t.Context(), a.Reference)
		if err != nil || !page.Open() || page.Money != eur(1000) || page.InvoiceNumber != inv.Number || page.ReturnURL != "/thanks" || page.Confirm {
			t.Errorf("page = %+v, %v", page, err)
		}
		if page, err = x.sandbox.Pay(t.Context(), a.Reference, sandbox.OK); err != nil || page.Open() {
			t.Fatalf("paid = %+v, %v", page, err)
		}
		if a, err = x.payments.Returned(t.Context(), inv.ID); err != nil || a.State != succeeded {
			t.Errorf("returned = %+v, %v", a, err)
		}
		x.wantBalance(t, inv.ID, 0)
		events := x.count(t, "SELECT COUNT(*) FROM events")
		if again, err := x.payments.Returned(t.Context(), inv.ID); err != nil || !cmp.Equal(again, a) {
			t.Errorf("returned again = %+v, %v", again, err)
		}
		if n := x.count(t, "SELECT COUNT(*) FROM events"); n != events {
			t.Errorf("loading the page again wrote %d events", n-events)
		}
		methods, err := x.payments.Methods(t.Context(), ada)
		if err != nil || len(methods) != 1 || !methods[0].Default || methods[0].Label == "" {
			t.Errorf("methods = %+v, %v", methods, err)
		}
		x.charge(t, x.invoice(t, ada, 500).ID, succeeded)
		x.proven(t)
	})
}

// E22: the return page and the webhook report the same payment.
func TestE22ReportedTwice(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		x.faults(t, sandbox.Faults{Duplicate: 3, Reorder: true})
		ada := x.customer(t, "ada")
		inv := x.invoice(t, ada, 1000)
		a, err := x.payments.Checkout(t.Context(), inv.ID, payment.CheckoutOptions{Gateway: sandbox.Name})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.sandbox.Pay(t.Context(), a.Reference, sandbox.OK); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if _, err := x.payments.Returned(t.Context(), inv.ID); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Go(func() { x.Clock.Advance(time.Hour); x.settle(t) })
		wg.Wait()
		x.pass(t, 2*time.Hour)
		x.wantBalance(t, inv.ID, 0)
		if p := x.payment(t, inv.ID); p.Money != eur(1000) {
			t.Errorf("payment = %+v", p)
		}
		if n := x.count(t, "SELECT COUNT(*) FROM gateway_events"); n != 1 {
			t.Errorf("%d events are kept, want 1", n)
		}
		if taken := x.payments.Taken(); taken.New != 1 || taken.Repeated != 3 {
			t.Errorf("taken = %+v", taken)
		}
		x.proven(t)
	})
}

func TestConfirmedByItsOwner(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		ada := x.customer(t, "ada")
		inv := x.invoice(t, ada, 1000)
		x.card(t, ada, sandbox.Auth)
		a := x.charge(t, inv.ID, waiting)
		p := x.payment(t, inv.ID)
		if events := x.strings(t, "SELECT type FROM events WHERE subject_id = $1", p.ID); !slices.Equal(events, []string{"payment.action_required"}) {
			t.Errorf("events = %v", events)
		}
		if p.State != payment.StateRequiresAction {
			t.Errorf("payment = %+v", p)
		}
		page, err := x.sandbox.Session(t.Context(), a.Reference)
		if err != nil || !page.Confirm {
			t.Errorf("page = %+v, %v", page, err)
		}
		if _, err := x.sandbox.Pay(t.Context(), a.Reference, ""); err != nil {
			t.Fatal(err)
		}
		x.settle(t)
		x.wantBalance(t, inv.ID, 0)

		// Whom nobody confirms is given up after 23 hours, so that the next day's try finds the way free.
		inv = x.invoice(t, ada, 1000)
		x.charge(t, inv.ID, waiting)
		x.pass(t, 22*time.Hour)
		if got := x.attempts(t, inv.ID); !slices.Equal(got, []payment.AttemptState{waiting}) {
			t.Errorf("attempts after 22 hours = %v", got)
		}
		x.pass(t, time.Hour)
		if got := x.attempts(t, inv.ID); !slices.Equal(got, []payment.AttemptState{failed}) {
			t.Errorf("attempts after 23 hours = %v", got)
		}
		x.charge(t, inv.ID, waiting)
		x.proven(t)
	})
}

// Two tabs, the automation and an impatient customer pay at once: there is one charge.
func TestManyChargeAtOnce(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		ada := x.customer(t, "ada")
		inv := x.invoice(t, ada, 1000)
		x.card(t, ada, sandbox.OK)
		tills := []*till{x}
		if x.Open != nil {
			tills = append(tills, openTill(x.Store, x.Open(t)))
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		ids := map[string]bool{}
		for i := range 20 {
			wg.Go(func() {
				a, err := tills[i%len(tills)].payments.Charge(t.Context(), inv.ID, payment.ChargeOptions{})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					ids[a.ID] = true
				case errors.Is(err, payment.ErrInProgress), errors.Is(err, payment.ErrNothingDue):
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		x.settle(t)
		if n := x.count(t, "SELECT COUNT(*) FROM sandbox_charges"); n != 1 || len(ids) != 1 {
			t.Errorf("%d charges, %d attempts", n, len(ids))
		}
		x.wantBalance(t, inv.ID, 0)
		x.proven(t)
	})
}

func TestManyPayOnOnePage(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		ada := x.customer(t, "ada")
		inv := x.invoice(t, ada, 1000)
		var wg sync.WaitGroup
		var mu sync.Mutex
		pages := map[string]bool{}
		for range 10 {
			wg.Go(func() {
				a, err := x.payments.Checkout(t.Context(), inv.ID, payment.CheckoutOptions{Gateway: sandbox.Name})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					pages[a.Reference] = true
				case errors.Is(err, payment.ErrInProgress): // the page is being made
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(pages) != 1 {
			t.Fatalf("pages = %v", pages)
		}
		for reference := range pages {
			for range 5 {
				wg.Go(func() {
					if _, err := x.sandbox.Pay(t.Context(), reference, sandbox.OK); err != nil {
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
		x.settle(t)
		x.wantBalance(t, inv.ID, 0)
		if n := x.count(t, "SELECT COUNT(*) FROM sandbox_charges"); n != 1 {
			t.Errorf("%d charges", n)
		}
		x.proven(t)
	})
}

func TestChargesThatAreRefused(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		ada, bob := x.customer(t, "ada"), x.customer(t, "bob")
		inv := x.invoice(t, ada, 1000)
		_, err := x.payments.Charge(t.Context(), inv.ID, payment.ChargeOptions{})
		wantCode(t, err, fail.KindConflict, "NO_PAYMENT_METHOD", "")
		his := x.card(t, bob, sandbox.OK)
		_, err = x.payments.Charge(t.Context(), inv.ID, payment.ChargeOptions{MethodID: his.ID})
		wantCode(t, err, fail.KindConflict, "NO_PAYMENT_METHOD", "")
		hers := x.card(t, ada, sandbox.OK)
		_, err = x.payments.Charge(t.Context(), inv.ID, payment.ChargeOptions{Amount: eur(1001)})
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "money")
		_, err = x.payments.Charge(t.Context(), "inv_unknown", payment.ChargeOptions{})
		wantCode(t, err, fail.KindNotFound, "INVOICE_NOT_FOUND", "")
		if err := x.payments.RemoveMethod(t.Context(), ada, hers.ID); err != nil {
			t.Fatal(err)
		}
		_, err = x.payments.Charge(t.Context(), inv.ID, payment.ChargeOptions{MethodID: hers.ID})
		wantCode(t, err, fail.KindConflict, "NO_PAYMENT_METHOD", "")
		_, err = x.payments.Checkout(t.Context(), inv.ID, payment.CheckoutOptions{Gateway: "manual"})
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "gateway")
		_, err = x.payments.Checkout(t.Context(), inv.ID, payment.CheckoutOptions{Gateway: "paypal"})
		wantCode(t, err, fail.KindNotFound, "GATEWAY_NOT_FOUND", "")
		x.card(t, ada, sandbox.OK)
		x.charge(t, inv.ID, succeeded)
		_, err = x.payments.Charge(t.Context(), inv.ID, payment.ChargeOptions{})
		wantCode(t, err, fail.KindConflict, "INVOICE_NOT_OPEN", "")

		err = x.DB.Write(t.Context(), func(tx *db.Tx) error {
			ctx := db.With(t.Context(), tx)
			_, charge := x.payments.Charge(ctx, inv.ID, payment.ChargeOptions{})
			_, checkout := x.payments.Checkout(ctx, inv.ID, payment.CheckoutOptions{Gateway: sandbox.Name})
			_, method := x.payments.AddMethod(ctx, ada, sandbox.Name, sandbox.OK)
			_, asked := x.sandbox.FindCharge(ctx, "key", "")
			for what, err := range map[string]error{"charge": charge, "checkout": checkout, "method": method, "question": asked} {
				if err == nil {
					t.Errorf("a %s inside a transaction", what)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// Money that arrives for an invoice that takes none is credit, and somebody is told.
func TestLateSuccessIsCredit(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		ada := x.customer(t, "ada")
		inv := x.invoice(t, ada, 1000)
		x.card(t, ada, sandbox.Pending)
		x.charge(t, inv.ID, pending)
		if _, err := x.billing.VoidInvoice(t.Context(), inv.ID, "not wanted"); err != nil {
			t.Fatal(err)
		}
		x.pass(t, 25*time.Hour)
		if credit := x.credit(t, ada); credit != 1000 {
			t.Errorf("credit = %d", credit)
		}
		p := x.payment(t, inv.ID)
		events := x.strings(t, "SELECT type FROM events WHERE subject_id = $1 ORDER BY seq", p.ID)
		if diff := cmp.Diff([]string{"payment.received", "payment.unapplied", "task.opened"}, events); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if tasks := x.strings(t, "SELECT kind FROM staff_tasks WHERE subject_id = $1", p.ID); !slices.Equal(tasks, []string{"late_money"}) {
			t.Errorf("tasks = %v", tasks)
		}
		x.proven(t)
	})
}

func TestMethods(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, x *till) {
		ctx := t.Context()
		ada, bob := x.customer(t, "ada"), x.customer(t, "bob")
		first, second := x.card(t, ada, sandbox.OK), x.card(t, ada, sandbox.Decline)
		labels := func() (labels []string) {
			methods, err := x.payments.Methods(ctx, ada)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range methods {
				label := m.Label
				if m.Default {
					label += " *"
				}
				labels = append(labels, label)
			}
			return labels
		}
		want := func(want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, labels()); diff != "" {
				t.Errorf("methods (-want +got):\n%s", diff)
			}
		}
		want("Sandbox •••• 4242", "Sandbox •••• 0002 *")
		if m, err := x.payments.SetDefaultMethod(ctx, ada, first.ID); err != nil || !m.Default {
			t.Errorf("default = %+v, %v", m, err)
		}
		want("Sandbox •••• 4242 *", "Sandbox •••• 0002")
		if err := x.payments.RemoveMethod(ctx, ada, first.ID); err != nil {
			t.Fatal(err)
		}
		want("Sandbox •••• 0002 *")
		x.settle(t)
		if n := x.count(t, "SELECT COUNT(*) FROM sandbox_methods WHERE NOT attached"); n != 1 {
			t.Errorf("%d methods are detached", n)
		}
		for _, id := range []string{first.ID, "pmt_unknown", "?"} {
			wantCode(t, x.payments.RemoveMethod(ctx, ada, id), fail.KindNotFound, "PAYMENT_METHOD_NOT_FOUND", "")
			_, err := x.payments.SetDefaultMethod(ctx, ada, id)
			wantCode(t, err, fail.KindNotFound, "PAYMENT_METHOD_NOT_FOUND", "")
		}
		wantCode(t, x.payments.RemoveMethod(ctx, bob, second.ID), fail.KindNotFound, "PAYMENT_METHOD_NOT_FOUND", "")
		_, err := x.payments.AddMethod(ctx, ada, sandbox.Name, "tok_gold")
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "token")
		_, err = x.payments.AddMethod(ctx, ada, "manual", "x")
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "gateway")
		_, err = x.payments.AddMethod(ctx, "cus_unknown", sandbox.Name, sandbox.OK)
		wantCode(t, err, fail.KindNotFound, "CUSTOMER_NOT_FOUND", "")
	})
}
