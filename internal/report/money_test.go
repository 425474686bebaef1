package report_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/order/ordertest"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/report"
)

// shop is a store that sells one thing to one customer, by hand or through the sandbox.
type shop struct {
	*testing.T
	*ordertest.Shop
	*report.Service
	sandbox  *sandbox.Sandbox
	auto     *automation.Service
	customer customer.Customer
	price    catalog.Price
}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func open(t *testing.T, s *dbtest.Store) *shop {
	t.Helper()
	ctx := t.Context()
	sh := &shop{T: t, Shop: ordertest.New(s), Service: report.New(s.DB)}
	sh.sandbox = sandbox.New(s.DB, sh.Jobs, crypt.NewKey(), func(ctx context.Context, header http.Header, body []byte) error {
		return sh.Payments.Intake(ctx, sandbox.Name, header, body)
	})
	sh.Payments.UseGateway(sh.sandbox)
	sh.auto = automation.New(s.DB, sh.Jobs, automation.Options{})
	for _, task := range sh.Payments.Tasks() {
		sh.auto.Register(task)
	}
	sh.customer = must(sh.Customers.Create(ctx, customer.Input{Email: "ada@example.com", Name: "Ada", Company: "Engines"}))(t)
	product := must(sh.Catalog.CreateProduct(ctx, catalog.NewProduct{Slug: "widget", Name: "Widget"}))(t)
	plan := must(sh.Catalog.CreatePlan(ctx, product.ID, catalog.NewPlan{Name: "Pro", ActivationType: "device"}))(t)
	sh.price = must(sh.Catalog.CreatePrice(ctx, plan.ID, catalog.NewPrice{Cycle: string(civil.OneTime), Money: eur(5000)}))(t)
	return sh
}

func eur(cents int64) money.Money { return money.New(cents, "EUR") }

// owes orders one thing.
func (s *shop) owes() billing.Invoice {
	s.Helper()
	o := must(s.Orders.Place(s.Context(), order.Input{CustomerID: s.customer.ID, Items: []order.Item{{PriceID: s.price.ID, Quantity: 1}}}))(s.T)
	return must(s.Billing.ByID(s.Context(), o.InvoiceID))(s.T)
}

func (s *shop) pay(i billing.Invoice, cents int64, reference string) {
	s.Helper()
	must(s.Payments.Record(s.Context(), i.ID, payment.Manual{Money: eur(cents), Reference: reference}))(s.T)
}

func TestReceivables(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, store *dbtest.Store) {
		s := open(t, store)
		ctx := t.Context()
		if sums := must(s.Ageing(ctx, time.UTC))(t); len(sums) != 0 {
			t.Errorf("nobody owes anything: %+v", sums)
		}
		// Due 14 days after it is issued; so late it is today.
		late := map[int]billing.Invoice{}
		for _, days := range []int{104, 91, 90, 61, 60, 31, 30, 1, 0, -14} {
			store.Clock.Set(dbtest.Start.AddDate(0, 0, 104-days))
			late[days] = s.owes()
		}
		store.Clock.Set(dbtest.Start.AddDate(0, 0, 118))
		s.pay(late[0], 1000, "a part")
		s.pay(late[1], 5000, "all")
		sums := must(s.Ageing(ctx, time.UTC))(t)
		if len(sums) != 1 || sums[0].Currency != "EUR" || sums[0].Total != (report.OpenInvoices{Invoices: 9, Balance: eur(44000)}) {
			t.Fatalf("sums %+v", sums)
		}
		for age, want := range map[report.Age]report.OpenInvoices{
			report.NotDue: {Invoices: 2, Balance: eur(9000)}, report.Late30: {Invoices: 1, Balance: eur(5000)}, report.Late60: {Invoices: 2, Balance: eur(10000)},
			report.Late90: {Invoices: 2, Balance: eur(10000)}, report.Later: {Invoices: 2, Balance: eur(10000)},
		} {
			if got := sums[0].By[age]; got != want {
				t.Errorf("%s: %+v, want %+v", age, got, want)
			}
			n, sum := int64(0), eur(0)
			for r, err := range s.AllReceivables(ctx, time.UTC, report.ReceivableFilter{Age: age, Currency: "EUR"}) {
				if err != nil {
					t.Fatal(err)
				}
				if r.Age != age || r.CustomerName != "Ada" || r.Company != "Engines" {
					t.Errorf("%s has %+v", age, r)
				}
				n, sum = n+1, eur(sum.Amount+r.Balance.Amount)
			}
			if n != want.Invoices || sum != want.Balance {
				t.Errorf("the invoices that are %s sum to %d, %s", age, n, sum)
			}
		}

		var seen []int
		f := report.ReceivableFilter{Limit: 2}
		for {
			found, next, err := s.Receivables(ctx, time.UTC, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range found {
				seen = append(seen, r.DaysLate)
			}
			if f.Cursor = next; next == "" {
				break
			}
		}
		if got := fmt.Sprint(seen); got != "[104 91 90 61 60 31 30 0 -14]" {
			t.Errorf("paged by age: %s", got)
		}
		// At midnight in Tokyo the next day has begun.
		store.Clock.Set(dbtest.Start.AddDate(0, 0, 118).Add(4 * time.Hour))
		tokyo := must(time.LoadLocation("Asia/Tokyo"))(t)
		if got := must(s.Ageing(ctx, tokyo))(t)[0].By[report.NotDue].Invoices; got != 1 {
			t.Errorf("%d invoices are not due in Tokyo", got)
		}
		for _, bad := range []report.ReceivableFilter{{Age: "old"}, {Cursor: "x"}} {
			if _, _, err := s.Receivables(ctx, time.UTC, bad); fail.Of(err).Kind != fail.KindInvalid {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		if row, head := (report.Receivable{}).CSV(), report.ReceivableCSVHeader; len(row) != len(head) {
			t.Errorf("%d columns under %d heads", len(row), len(head))
		}
	})
}

func TestWhatWentBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, store *dbtest.Store) {
		s := open(t, store)
		ctx := t.Context()
		var notes []string
		for n := range 3 {
			i := s.owes()
			s.pay(i, 6000, fmt.Sprintf("TRF-%d", n)) // 10.00 too much
			part := eur(2500)
			must(s.Payments.Refund(ctx, i.ID, payment.RefundInput{Money: &part, Adjust: true, Reason: "goodwill"}))(t)
			for _, note := range must(s.Billing.CreditNotes(ctx, i.ID))(t) {
				notes = append(notes, note.Number)
			}
		}
		found, next, err := s.Refunds(ctx, report.ReturnFilter{Limit: 2, State: "succeeded", CustomerID: s.customer.ID})
		if err != nil || len(found) != 2 || next == "" || found[0].Money != eur(2500) || found[0].CustomerName != "Ada" || found[0].To != "gateway" || !found[0].Adjust || found[0].Reason != "goodwill" {
			t.Fatalf("%+v %q %v", found, next, err)
		}
		rest, next, err := s.Refunds(ctx, report.ReturnFilter{Limit: 2, Cursor: next})
		if err != nil || len(rest) != 1 || next != "" || rest[0].ID >= found[1].ID {
			t.Errorf("%+v %q %v", rest, next, err)
		}
		listed, next, err := s.CreditNotes(ctx, report.NoteFilter{Limit: 2, CustomerID: s.customer.ID})
		if err != nil || len(listed) != 2 || next == "" || listed[0].Note != notes[2] || listed[0].Total != eur(1500) || listed[0].Freed != eur(1500) || listed[0].Cause != "refund" {
			t.Fatalf("%+v %q %v", listed, next, err)
		}
		if one, _, err := s.CreditNotes(ctx, report.NoteFilter{Query: notes[1]}); err != nil || len(one) != 1 || one[0].Note != notes[1] || one[0].CustomerName != "Ada" {
			t.Errorf("by number: %+v %v", one, err)
		}
		if last, _, err := s.CreditNotes(ctx, report.NoteFilter{Limit: 2, Cursor: next}); err != nil || len(last) != 1 {
			t.Errorf("the last page: %+v %v", last, err)
		}

		moves := must(s.CreditMoves(ctx, s.customer.ID, 100))(t)
		sum, after := int64(0), int64(0)
		for k := len(moves) - 1; k >= 0; k-- {
			if sum += moves[k].By.Amount; moves[k].After.Amount != sum {
				t.Errorf("after %+v the customer is owed %d", moves[k], sum)
			}
			after = moves[k].After.Amount
		}
		c := must(s.Customers.ByID(ctx, s.customer.ID))(t)
		if got := c.CreditIn("EUR").Amount; got != after || len(moves) == 0 || moves[0].InvoiceID == "" || moves[0].Number == "" {
			t.Errorf("credit %d, its history ends at %d: %+v", got, after, moves)
		}
		if few := must(s.CreditMoves(ctx, s.customer.ID, 2))(t); len(few) != 2 || few[0] != moves[0] || few[1] != moves[1] {
			t.Errorf("the latest two: %+v", few)
		}
		if none := must(s.CreditMoves(ctx, "no id!", 2))(t); len(none) != 0 {
			t.Errorf("of nobody: %+v", none)
		}
		for what, err := range map[string]error{
			"state":    second(s.Refunds(ctx, report.ReturnFilter{State: "odd"})),
			"customer": second(s.Refunds(ctx, report.ReturnFilter{CustomerID: "no id!"})),
			"cursor":   second(s.Disputes(ctx, report.ReturnFilter{Cursor: "x"})),
			"notes":    second(s.CreditNotes(ctx, report.NoteFilter{CustomerID: "no id!"})),
			"number":   second(s.CreditNotes(ctx, report.NoteFilter{Query: "a\nb"})),
			"page":     second(s.CreditNotes(ctx, report.NoteFilter{Cursor: "x"})),
		} {
			if fail.Of(err).Kind != fail.KindInvalid {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func second[A, B any](_ A, _ B, err error) error { return err }

func TestDisputes(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, store *dbtest.Store) {
		s := open(t, store)
		ctx := t.Context()
		must(s.Payments.AddMethod(ctx, s.customer.ID, sandbox.Name, sandbox.OK))(t)
		for range 2 {
			i := s.owes()
			try := must(s.Payments.Charge(ctx, i.ID, payment.ChargeOptions{}))(t)
			must(s.sandbox.Dispute(ctx, try.Reference))(t)
			must(s.auto.RunDue(ctx))(t)
		}
		all, next, err := s.Disputes(ctx, report.ReturnFilter{Limit: 1, CustomerID: s.customer.ID})
		if err != nil || len(all) != 1 || next == "" || all[0].Status != "open" || all[0].Money != eur(5000) || all[0].CustomerName != "Ada" || all[0].ClosedAt != nil {
			t.Fatalf("%+v %q %v", all, next, err)
		}
		d := all[0]
		if err := s.sandbox.CloseDispute(ctx, d.Reference, "lost"); err != nil {
			t.Fatal(err)
		}
		must(s.auto.RunDue(ctx))(t)
		open, _, err := s.Disputes(ctx, report.ReturnFilter{State: "open"})
		if err != nil || len(open) != 1 || open[0].ID == d.ID {
			t.Errorf("%+v %v", open, err)
		}
		for _, name := range []string{d.ID, d.Reference} {
			if got := must(s.Dispute(ctx, name))(t); got.ID != d.ID || got.Status != "lost" || got.ClosedAt == nil {
				t.Errorf("%s: %+v", name, got)
			}
		}
		for _, name := range []string{"", "dsp_none", "a\nb"} {
			if _, err := s.Dispute(ctx, name); fail.Of(err).Kind != fail.KindNotFound {
				t.Errorf("%q: %v", name, err)
			}
		}
	})
}
