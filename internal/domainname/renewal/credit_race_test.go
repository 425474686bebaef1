package renewal_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// Account credit that many want at once: orders of renewals, each twice, and of something else, while automatic renewals are invoiced.
// No cent of it is spent twice and no renewal is made or paid twice; what it pays is paid, and nothing is left of it while something
// is open.
func TestCreditIsRacedFor(t *testing.T) {
	const ordered, automatic, others = 6, 4, 4
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, store *dbtest.Store) {
		fake := registrartest.New(store.Clock)
		s := open(t, store, "2026-12-06T12:00:00Z", roomstest.Reach("lab", fake))
		s.write(func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(s.ctx, `INSERT INTO registrars (id, name, adapter, sync_mode, status, created_at) VALUES ('reg_1', 'lab', 'lab', 'on', 'active', 0)`)
			return err
		})
		put := func(name, end string) string {
			fake.Expires(name, end+"T10:00:00Z")
			return s.put(name, end, func(d *domainname.Domain) { d.RegistrarID = "reg_1" }).ID
		}
		product := must(s.Catalog.CreateProduct(s.ctx, catalog.NewProduct{Slug: "help", Name: "Help"}))(s.T)
		plan := must(s.Catalog.CreatePlan(s.ctx, product.ID, catalog.NewPlan{Name: "Hour", ActivationType: "device", ActivationLimit: 1}))(s.T)
		price := must(s.Catalog.CreatePrice(s.ctx, plan.ID, catalog.NewPrice{Cycle: "one_time", Money: eur(700)}))(s.T)
		const credit = 7777
		first := must(s.Orders.Place(s.ctx, order.Input{CustomerID: s.customer, Items: []order.Item{{PriceID: price.ID, Quantity: 1}}}))(s.T)
		must(s.Payments.Record(s.ctx, first.InvoiceID, payment.Manual{Money: eur(700 + credit), Reference: "wire"}))(s.T)
		s.credit(s.customer, credit)

		var domains []string
		var race []func() error
		for i := range ordered {
			id := put(fmt.Sprintf("ordered%d.cctld", i), "2027-03-10")
			domains = append(domains, id)
			for range 2 {
				race = append(race, func() error { _, err := s.order(id); return err })
			}
		}
		for i := range automatic {
			domains = append(domains, put(fmt.Sprintf("automatic%d.cctld", i), "2026-12-20"))
			race = append(race, func() error { _, err := s.Automation.RunDue(s.ctx); return err })
		}
		for range others {
			race = append(race, func() error {
				_, err := s.Orders.Place(s.ctx, order.Input{CustomerID: s.customer, Items: []order.Item{{PriceID: price.ID, Quantity: 1}}})
				return err
			})
		}
		if len(race) != 20 {
			s.Fatalf("%d at once", len(race))
		}
		failed, start := make([]error, len(race)), make(chan struct{})
		var wg sync.WaitGroup
		for i, f := range race {
			wg.Go(func() {
				<-start
				failed[i] = f()
			})
		}
		close(start)
		wg.Wait()
		refused := 0
		for i, err := range failed {
			if e := (*fail.Error)(nil); errors.As(err, &e) && e.Kind == fail.KindConflict && i < 2*ordered {
				refused++
			} else if err != nil {
				s.Error(err)
			}
		}
		s.advance("2026-12-06T12:01:00Z") // what the passes that gave way to each other have left

		spent, paid := int64(0), map[string]bool{}
		payments, _, err := s.Payments.List(s.ctx, payment.Filter{CustomerID: s.customer})
		s.ok(err)
		for _, p := range payments {
			if p.Gateway == payment.CreditGateway {
				spent += p.Money.Amount
			}
		}
		if spent != credit {
			s.Errorf("%d of %d are spent", spent, credit)
		}
		s.credit(s.customer, 0)
		partly, owed := 0, int64(0)
		for _, inv := range s.bills(s.customer) {
			if owed += inv.Balance().Amount; inv.Status == billing.Paid {
				paid[inv.ID] = true
			} else if inv.Paid.Amount > 0 {
				partly++
			}
		}
		asked, made := int64(others*700-credit), 0
		for _, id := range domains {
			terms, times := map[civil.Date]bool{}, 0
			for _, r := range s.renewals(id) {
				want := domainname.RenewalOpen
				if paid[r.InvoiceID] {
					want = domainname.RenewalConfirmed
					times++
				}
				if r.State != want || terms[r.Base] {
					s.Errorf("a renewal of %s is %s, and its invoice paid: %t; of that term before: %t", r.Base, r.State, paid[r.InvoiceID], terms[r.Base])
				}
				terms[r.Base] = true
				asked += r.Price.Amount
				made++
			}
			if sent := fake.Sent("renew", s.domain(id).Name.String()); sent != times {
				s.Errorf("%d renewals are paid, and %d sent", times, sent)
			}
		}
		if owed != asked || partly > 1 {
			s.Errorf("%d are owed, want %d; %d invoices are paid in part", owed, asked, partly)
		}
		// The second order of a domain is refused while the first is open, and renews the next term once that is confirmed.
		if made+refused != 2*ordered+automatic {
			s.Errorf("%d renewals, %d refused: %v", made, refused, failed)
		}
		stuck := 0
		s.write(func(tx *db.Tx) error {
			return tx.SQL().QueryRowContext(s.ctx, `SELECT COUNT(*) FROM fulfilments WHERE state = 'failed'`).Scan(&stuck)
		})
		if lines := must(s.Billing.FailedLines(s.ctx, 10))(s.T); len(lines) > 0 || stuck > 0 {
			s.Errorf("failed: %+v", lines)
		}
		s.proven()
	})
}
