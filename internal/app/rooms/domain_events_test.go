package rooms_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// What happens to domains is told with the change: to whom it happened, of what, and what it costs.
func TestDomainEvents(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, store *dbtest.Store) {
		store.Clock.Set(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
		fake := registrartest.New(store.Clock)
		s := &orderer{T: t, Rooms: roomstest.InTestMode(t, store, roomstest.Log(), roomstest.Reach("fake", fake)), store: store}
		reg, err := s.Registrars.Create(t.Context(), account.Input{Name: "Fake", Adapter: "fake", SyncMode: account.SyncOn})
		s.must(err)
		s.ada, err = s.Customers.Create(t.Context(), customer.Input{Email: "ada@example.com", Name: "Ada"})
		s.must(err)
		s.policy(domainname.Policy{GraceDays: 30, GraceFee: domainname.Fee{"EUR": 500}, RedemptionDays: 30, RedemptionFee: domainname.Fee{"EUR": 8000}})
		s.cost("", map[int]int64{1: 1200})
		var mu sync.Mutex
		told := map[string][]event.Event{} // by type, as it was committed
		event.Listen(store.DB, func(_ context.Context, tx *db.Tx, e event.Event) error {
			tx.OnCommit(func() {
				mu.Lock()
				defer mu.Unlock()
				told[e.Type] = append(told[e.Type], e)
			})
			return nil
		})
		run := func() {
			t.Helper()
			if _, err := s.Automation.RunDue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		own := func(name string, until civil.Date) string {
			t.Helper()
			id := s.owns(name, until)
			s.must(store.DB.Write(t.Context(), func(tx *db.Tx) error {
				d, err := domainname.Lock(t.Context(), tx, id)
				if err != nil {
					return err
				}
				d.RegistrarID = reg.ID
				return domainname.Save(t.Context(), tx, &d)
			}))
			fake.Expires(name, until.String()+"T10:00:00Z")
			return id
		}
		pay := func(id string) order.Order {
			t.Helper()
			o, err := s.orders(renewalItem(id, "", 1))
			s.must(err)
			_, err = s.Payments.Record(t.Context(), o.InvoiceID, payment.Manual{Money: o.Total, Reference: id})
			s.must(err)
			return o
		}
		far := civil.On(2027, 3, 10)

		pay(own("renewed.example", far))
		run()
		odd := own("odd.example", far)
		pay(odd)
		fake.Expires("odd.example", "2027-08-01T10:00:00Z")
		run()
		refunded := pay(own("refunded.example", far))
		_, err = s.Payments.Refund(t.Context(), refunded.InvoiceID, payment.RefundInput{Adjust: true, Reason: "goodwill"})
		s.must(err)
		own("invoiced.example", civil.On(2026, 12, 1))
		off := own("off.example", civil.On(2026, 12, 2))
		revoked := own("revoked.example", civil.On(2026, 12, 3))
		run()
		_, err = s.Renewals.SetAutoRenew(t.Context(), off, false, "asked")
		s.must(err)
		all, err := s.Domains.Renewals(t.Context(), revoked, 1)
		s.must(err)
		_, err = s.Billing.RevokeFulfilment(t.Context(), all[0].InvoiceID, all[0].LineID, "pay but do not renew")
		s.must(err)
		_, err = s.Domains.Change(t.Context(), odd, domainname.Patch{Recurring: new(money.New(1100, "EUR")), Reason: "agreed"})
		s.must(err)

		mu.Lock()
		defer mu.Unlock()
		for _, kind := range []string{
			"renewal_ordered", "renewal_paid", "renewal_submitted", "renewed", "renewal_attention", "renewal_refunded", "renewal_invoiced", "auto_renew_changed",
			"renewal_withdrawn", "link_revoked", "price_changed",
		} {
			events := told["domain."+kind]
			if len(events) == 0 {
				t.Errorf("nobody tells of domain.%s", kind)
				continue
			}
			for _, e := range events {
				var data map[string]any
				s.must(json.Unmarshal(e.Data, &data))
				if e.CustomerID != s.ada.ID || len(e.SubjectID) != 24 || data["name"] == nil {
					t.Errorf("%s of %q, customer %q: %s", e.Type, e.SubjectID, e.CustomerID, e.Data)
				}
				dated := kind != "auto_renew_changed" && kind != "price_changed"
				if dated && (data["renewal_id"] == nil || data["base"] == nil || data["expires_on"] == nil || data["price"] == nil || data["invoice_id"] == nil) {
					t.Errorf("%s lacks ids, dates or amounts: %s", e.Type, e.Data)
				}
			}
		}
		stored, err := event.NewLog(store.DB).List(t.Context(), "", event.Filter{Type: "domain.renewal_attention"})
		if err != nil || !slices.ContainsFunc(stored, func(e event.Event) bool { return e.SubjectID == odd }) {
			t.Errorf("%v, %v", stored, err)
		}
	})
}
