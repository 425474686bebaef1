package payment_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/order/ordertest"
	"github.com/keystead/keystead/internal/payment"
)

func each(t *testing.T, f func(t *testing.T, shop *ordertest.Shop)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) { f(t, ordertest.New(s)) })
}

func TestPartsAndOverpayment(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ada, price := shop.NewCustomer(t, "ada"), shop.NewPrice(t, "editor", 24995, 0)
		o := shop.Place(t, ada.ID, price)

		p := shop.Pay(t, o.InvoiceID, 1000, "first")
		if p.Applied != eur(1000) {
			t.Errorf("first payment = %+v", p)
		}
		if inv := shop.Invoice(t, o.InvoiceID); inv.Status != billing.Open || inv.Balance() != eur(23995) {
			t.Errorf("invoice = %+v", inv)
		}
		p = shop.Pay(t, o.InvoiceID, 30000, "second")
		if p.Money != eur(30000) || p.Applied != eur(23995) {
			t.Errorf("second payment = %+v", p)
		}
		if inv := shop.Invoice(t, o.InvoiceID); inv.Status != billing.Paid || inv.Paid != eur(24995) {
			t.Errorf("invoice = %+v", inv)
		}
		if credit := shop.Credit(t, ada.ID); credit != 6005 {
			t.Errorf("credit = %d", credit)
		}
		if diff := cmp.Diff([]string{"payment.received", "payment.unapplied"}, shop.Events(t, p.ID)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if o = shop.Order(t, o.ID); o.Status != order.Completed {
			t.Errorf("order = %+v", o)
		}
		shop.Proven(t)
	})
}

// E8, F8: the same again moves nothing and answers as the first time; other facts are refused.
func TestAPaymentCountsOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ctx := t.Context()
		ada, price := shop.NewCustomer(t, "ada"), shop.NewPrice(t, "editor", 24995, 0)
		o, other := shop.Place(t, ada.ID, price), shop.Place(t, ada.ID, price)
		received := shop.Clock.Now().Add(-time.Hour)
		in := payment.Manual{Money: eur(1000), Reference: "K", ReceivedAt: received}

		first, err := shop.Payments.Record(ctx, o.InvoiceID, in)
		if err != nil || !first.ReceivedAt.Equal(received) {
			t.Fatalf("first = %+v, %v", first, err)
		}
		shop.Clock.Advance(time.Minute)
		for _, again := range []payment.Manual{in, {Money: eur(1000), Reference: " K "}} {
			p, err := shop.Payments.Record(ctx, o.InvoiceID, again)
			if err != nil || p != first {
				t.Errorf("again = %+v, %v, want %+v", p, err, first)
			}
		}
		for name, attempt := range map[string]struct {
			invoice string
			in      payment.Manual
		}{
			"another amount":   {o.InvoiceID, payment.Manual{Money: eur(1100), Reference: "K"}},
			"another currency": {o.InvoiceID, payment.Manual{Money: money.New(1000, "USD"), Reference: "K"}},
			"another invoice":  {other.InvoiceID, in},
			"another time":     {o.InvoiceID, payment.Manual{Money: eur(1000), Reference: "K", ReceivedAt: received.Add(time.Second)}},
		} {
			t.Log(name)
			_, err := shop.Payments.Record(ctx, attempt.invoice, attempt.in)
			wantCode(t, err, fail.KindConflict, "PAYMENT_EXISTS", "")
		}
		if inv := shop.Invoice(t, o.InvoiceID); inv.Balance() != eur(23995) {
			t.Errorf("balance = %v", inv.Balance())
		}
		if n := shop.Count(t, "SELECT COUNT(*) FROM payments"); n != 1 {
			t.Errorf("%d payments", n)
		}
		shop.Proven(t)
	})
}

func TestPaymentsThatAreRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ctx := t.Context()
		o := shop.Place(t, shop.NewCustomer(t, "ada").ID, shop.NewPrice(t, "editor", 4900, 0))
		now := shop.Clock.Now()
		for field, in := range map[string]payment.Manual{
			"money.amount":   {Money: eur(0), Reference: "a"},
			"money.currency": {Money: money.New(4900, "USD"), Reference: "a"},
			"reference":      {Money: eur(4900), Reference: "  "},
			"received_at":    {Money: eur(4900), Reference: "a", ReceivedAt: now.Add(25 * time.Hour)},
		} {
			_, err := shop.Payments.Record(ctx, o.InvoiceID, in)
			wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, field)
		}
		_, err := shop.Payments.Record(ctx, o.InvoiceID, payment.Manual{Money: money.New(-1, "XXX"), ReceivedAt: time.Unix(0, 0)})
		if e := fail.Of(err); len(e.Fields) != 4 {
			t.Errorf("fields = %v, want all four", e.Fields)
		}
		_, err = shop.Payments.Record(ctx, "inv_unknown", payment.Manual{Money: eur(4900), Reference: "a"})
		wantCode(t, err, fail.KindNotFound, "INVOICE_NOT_FOUND", "")
		if n := shop.Count(t, "SELECT COUNT(*) FROM payments"); n != 0 {
			t.Errorf("%d payments", n)
		}
	})
}

func TestMoneyForAnInvoiceThatTakesNoneIsCredit(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ctx := t.Context()
		price := shop.NewPrice(t, "editor", 4900, 0)
		for name, end := range map[string]func(o order.Order) error{
			"paid": func(o order.Order) error {
				shop.Pay(t, o.InvoiceID, 4900, "for "+o.ID)
				return nil
			},
			"void": func(o order.Order) error {
				_, err := shop.Orders.Cancel(ctx, o.ID, "")
				return err
			},
			"uncollectible": func(o order.Order) error {
				_, err := shop.Billing.WriteOff(ctx, o.InvoiceID, "")
				return err
			},
		} {
			c := shop.NewCustomer(t, name)
			o := shop.Place(t, c.ID, price)
			if err := end(o); err != nil {
				t.Fatal(err)
			}
			before := shop.Invoice(t, o.InvoiceID)
			p := shop.Pay(t, o.InvoiceID, 4900, "late for "+o.ID)
			if p.Applied != eur(0) || shop.Credit(t, c.ID) != 4900 {
				t.Errorf("%s: payment %+v, credit %d", name, p, shop.Credit(t, c.ID))
			}
			want := []string{"payment.received", "payment.unapplied"}
			if before.Status != billing.Paid {
				want = append(want, "task.opened") // it may be meant for something else
			}
			if diff := cmp.Diff(want, shop.Events(t, p.ID)); diff != "" {
				t.Errorf("%s: events (-want +got):\n%s", name, diff)
			}
			after := shop.Invoice(t, o.InvoiceID)
			before.Version, after.Version = 0, 0
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("%s: the invoice changed (-before +after):\n%s", name, diff)
			}
		}
		shop.Proven(t)
	})
}

// P13: credit pays the oldest open invoice first, then new ones, in its own currency only.
func TestCreditIsUsedOnTheOldestInvoiceFirst(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ada, price := shop.NewCustomer(t, "ada"), shop.NewPrice(t, "editor", 4900, 0)
		dollars := shop.NewPriceIn(t, "viewer", "USD", 4900, 0)
		foreign := shop.Place(t, ada.ID, dollars)
		oldest, second, third := shop.Place(t, ada.ID, price), shop.Place(t, ada.ID, price), shop.Place(t, ada.ID, price)

		shop.Pay(t, third.InvoiceID, 4900+4900+1000, "too much")
		for _, want := range []struct {
			order  order.Order
			status order.Status
			paid   int64
		}{{third, order.Completed, 4900}, {oldest, order.Completed, 4900}, {second, order.Pending, 1000}, {foreign, order.Pending, 0}} {
			if got := shop.Order(t, want.order.ID); got.Status != want.status {
				t.Errorf("order %s is %s, want %s", got.InvoiceNumber, got.Status, want.status)
			}
			if got := shop.Invoice(t, want.order.InvoiceID); got.Paid.Amount != want.paid {
				t.Errorf("invoice %s has %v paid, want %d", got.Number, got.Paid, want.paid)
			}
		}
		if credit := shop.Credit(t, ada.ID); credit != 0 {
			t.Errorf("credit = %d", credit)
		}
		payments, _, err := shop.Payments.List(t.Context(), payment.Filter{InvoiceID: oldest.InvoiceID})
		if err != nil || len(payments) != 1 || payments[0].Gateway != payment.CreditGateway || payments[0].Money != eur(4900) ||
			payments[0].Reference != payments[0].ID {
			t.Errorf("payments of the oldest = %+v, %v", payments, err)
		}

		// What is left of it waits for the next order.
		shop.Pay(t, second.InvoiceID, 3900+6000, "more")
		next := shop.Place(t, ada.ID, price)
		if next.Status != order.Completed || len(next.LicenseIDs) != 1 || shop.Credit(t, ada.ID) != 1100 {
			t.Errorf("next order = %+v, credit %d", next, shop.Credit(t, ada.ID))
		}
		shop.Proven(t)
	})
}

func TestParallelRecordingsOfOnePayment(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		const n = 50
		price := shop.NewPrice(t, "editor", 4900, 0)
		o := shop.Place(t, shop.NewCustomer(t, "ada").ID, price)
		foreign := shop.Place(t, shop.NewCustomer(t, "bob").ID, price)
		shops := []*ordertest.Shop{shop}
		if shop.Open != nil {
			shops = append(shops, shop.Second(t))
		}

		var wg sync.WaitGroup
		var mu sync.Mutex
		ids := map[string]bool{}
		conflicts := 0
		for i := range n {
			wg.Go(func() {
				invoice := o.InvoiceID
				if i%10 == 9 {
					invoice = foreign.InvoiceID // of another customer, whose lock does not keep the two apart
				}
				p, err := shops[i%len(shops)].Payments.Record(t.Context(), invoice, payment.Manual{Money: eur(4900), Reference: "wire"})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					ids[p.ID] = true
					return
				}
				if fail.Of(err).Code != "PAYMENT_EXISTS" {
					t.Errorf("recording %d: %v", i, err)
				}
				conflicts++
			})
		}
		wg.Wait()
		if len(ids) != 1 || (conflicts != n/10 && conflicts != n-n/10) {
			t.Errorf("%d payments, %d conflicts", len(ids), conflicts)
		}
		if n := shop.Count(t, "SELECT COUNT(*) FROM payments"); n != 1 {
			t.Errorf("%d payments are stored", n)
		}
		if n := shop.Count(t, "SELECT COUNT(*) FROM events WHERE type = $1", ordertest.Issued); n != 1 {
			t.Errorf("%d licenses", n)
		}
		shop.Proven(t)
	})
}

// Different payments of one invoice at once: it is paid once, and all that is beyond it is credit.
func TestParallelPaymentsOfOneInvoice(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		const n = 20
		ada := shop.NewCustomer(t, "ada")
		o := shop.Place(t, ada.ID, shop.NewPrice(t, "editor", 4900, 0))
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() { shop.Pay(t, o.InvoiceID, 1000, fmt.Sprint("wire ", i)) })
		}
		wg.Wait()
		if inv := shop.Invoice(t, o.InvoiceID); inv.Status != billing.Paid || inv.Paid != eur(4900) {
			t.Errorf("invoice = %+v", inv)
		}
		if credit := shop.Credit(t, ada.ID); credit != n*1000-4900 {
			t.Errorf("credit = %d", credit)
		}
		if n := shop.Count(t, "SELECT COUNT(*) FROM events WHERE type = $1", ordertest.Issued); n != 1 {
			t.Errorf("%d licenses", n)
		}
		shop.Proven(t)
	})
}

// A process that dies after the payment was written, before the commit, leaves nothing behind.
func TestAnInterruptedPaymentLeavesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ada := shop.NewCustomer(t, "ada")
		o := shop.Place(t, ada.ID, shop.NewPrice(t, "editor", 4900, 0))
		events := shop.Count(t, "SELECT COUNT(*) FROM events")

		died := errors.New("the process died")
		err := shop.DB.Write(t.Context(), func(tx *db.Tx) error {
			ctx := db.With(t.Context(), tx)
			if _, err := shop.Payments.Record(ctx, o.InvoiceID, payment.Manual{Money: eur(6000), Reference: "wire"}); err != nil {
				return err
			}
			return died
		})
		if !errors.Is(err, died) {
			t.Fatal(err)
		}
		for table, want := range map[string]int{"payments": 0, "ledger_transactions": 1, "customer_credits": 0, "events": events, "jobs": 0} {
			if n := shop.Count(t, "SELECT COUNT(*) FROM "+table); n != want {
				t.Errorf("%d rows of %s, want %d", n, table, want)
			}
		}
		if inv := shop.Invoice(t, o.InvoiceID); inv.Status != billing.Open || inv.Paid != eur(0) {
			t.Errorf("invoice = %+v", inv)
		}
		shop.Proven(t)
		shop.Pay(t, o.InvoiceID, 6000, "wire")
		shop.Proven(t)
	})
}

// What breaks after the payment was inserted takes the payment with it, and the same payment can be recorded again.
func TestAPaymentThatCannotBeBookedIsNotKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		o := shop.Place(t, shop.NewCustomer(t, "ada").ID, shop.NewPrice(t, "editor", 4900, 0))
		in := payment.Manual{Money: eur(4900), Reference: "wire"}

		shop.Exec(t, "ALTER TABLE ledger_entries RENAME TO lost_entries")
		if _, err := shop.Payments.Record(t.Context(), o.InvoiceID, in); err == nil {
			t.Fatal("a payment was recorded past the ledger")
		}
		shop.Exec(t, "ALTER TABLE lost_entries RENAME TO ledger_entries")
		if n := shop.Count(t, "SELECT COUNT(*) FROM payments"); n != 0 {
			t.Errorf("%d payments are stored", n)
		}
		shop.Proven(t)

		if _, err := shop.Payments.Record(t.Context(), o.InvoiceID, in); err != nil {
			t.Errorf("recorded again: %v", err)
		}
		shop.Proven(t)
	})
}

// Even an order that is out of step with its invoice keeps no payment from being recorded. Verify finds it.
func TestAnOrderOutOfStepKeepsNoPaymentOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		o := shop.Place(t, shop.NewCustomer(t, "ada").ID, shop.NewPrice(t, "editor", 4900, 0))
		shop.Exec(t, "UPDATE orders SET status = 'cancelled'")
		shop.Pay(t, o.InvoiceID, 4900, "wire")
		if inv := shop.Invoice(t, o.InvoiceID); inv.Status != billing.Paid || inv.Lines[0].Link.State != billing.Done {
			t.Errorf("invoice = %+v", inv)
		}
		if diff := cmp.Diff([]string{"order.created", "order.out_of_step"}, shop.Events(t, o.ID)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		differences, err := shop.Billing.Verify(t.Context())
		if err != nil || len(differences) != 1 || differences[0].Check != "order.status" {
			t.Errorf("verify = %v, %v", differences, err)
		}
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, shop *ordertest.Shop) {
		ctx := t.Context()
		ada, bob := shop.NewCustomer(t, "ada"), shop.NewCustomer(t, "bob")
		price := shop.NewPrice(t, "editor", 4900, 0)
		hers, his := shop.Place(t, ada.ID, price), shop.Place(t, bob.ID, price)
		var all, ofAda []string
		for i := range 5 {
			inv := hers.InvoiceID
			if i%2 == 1 {
				inv = his.InvoiceID
			}
			p := shop.Pay(t, inv, 100, fmt.Sprint("wire ", i))
			all = append([]string{p.ID}, all...)
			if i%2 == 0 {
				ofAda = append([]string{p.ID}, ofAda...)
			}
			if got, err := shop.Payments.ByID(ctx, p.ID); err != nil || got != p {
				t.Errorf("by id: %+v, %v, want %+v", got, err, p)
			}
		}
		for name, tt := range map[string]struct {
			filter payment.Filter
			want   []string
		}{
			"all":            {payment.Filter{}, all},
			"of a customer":  {payment.Filter{CustomerID: ada.ID}, ofAda},
			"of an invoice":  {payment.Filter{InvoiceID: hers.InvoiceID}, ofAda},
			"by a reference": {payment.Filter{Reference: "wire 4"}, all[:1]},
		} {
			var ids []string
			tt.filter.Limit = 2
			for cursor := ""; ; {
				tt.filter.Cursor = cursor
				payments, next, err := shop.Payments.List(ctx, tt.filter)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range payments {
					ids = append(ids, p.ID)
				}
				if cursor = next; next == "" {
					break
				}
			}
			if diff := cmp.Diff(tt.want, ids); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		for field, f := range map[string]payment.Filter{
			"invoice_id": {InvoiceID: "?"}, "customer_id": {CustomerID: "?"}, "reference": {Reference: "\x00"}, "cursor": {Cursor: "?"},
		} {
			_, _, err := shop.Payments.List(ctx, f)
			wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, field)
		}
		for _, id := range []string{"pay_unknown", "\x00"} {
			_, err := shop.Payments.ByID(ctx, id)
			wantCode(t, err, fail.KindNotFound, "PAYMENT_NOT_FOUND", "")
		}
	})
}
