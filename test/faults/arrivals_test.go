package faults_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registry"
)

// Register implements registrar.Registrar.
func (m mortal) Register(ctx context.Context, transaction string, in registrar.Registration) registrar.Answer {
	return m.lives(in.Name, func() registrar.Answer { return m.Registrar.Register(ctx, transaction, in) })
}

// Transfer implements registrar.Registrar.
func (m mortal) Transfer(ctx context.Context, transaction string, in registrar.TransferIn) registrar.Answer {
	return m.lives(in.Name, func() registrar.Answer { return m.Registrar.Transfer(ctx, transaction, in) })
}

// TestArrivals registers and transfers names while connections break and processes die: what is paid for is at the registry once,
// or its money is the customer's credit, or staff are asked.
func TestArrivals(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]func(testing.TB) *dbtest.Store{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newWorld(t, store(t)).arrivals(min(*renewals, *atOnce))
		})
	}
}

func (w *world) arrivals(n int) {
	r := rand.New(rand.NewPCG(*seed, 2))
	w.registry.AddAccount("registrar-2", password, nil)
	extensions := []string{"modern", "classic", "auto"}
	for _, x := range extensions {
		_, _, err := w.Domains.SetTLD(w.ctx, domainname.TLDInput{Extension: x, Registrar: new("over EPP"), Prices: domainname.Prices{
			{Kind: domainname.ForRegistration, Years: 1, Currency: "EUR", Amount: 1500}, {Kind: domainname.ForTransfer, Years: 1, Currency: "EUR", Amount: 1200},
		}})
		w.must(err)
	}
	names, faults, deaths := []string{}, 0, 0
	for i := range n {
		name, verb := fmt.Sprintf("a%d.%s", i, extensions[r.IntN(len(extensions))]), "create"
		item := order.DomainItem{Action: domainname.ForRegistration, Name: name, Years: 1}
		if i%2 == 1 {
			verb, item.Action, item.AuthCode = "transfer", domainname.ForTransfer, "auth-1234"
			now := w.store.Clock.Now()
			w.must(w.registry.Put(registry.Domain{Name: name, Sponsor: "registrar-2", AuthInfo: "auth-1234", Expiry: now.AddDate(0, 6, 0), Created: now.AddDate(-1, 0, 0)}))
		}
		for range r.IntN(3) {
			f := registry.Fault{Name: name, Command: verb, Times: 1 + r.IntN(2), Kind: []registry.FaultKind{registry.CutBefore, registry.CutAfter, registry.NotUTF8, registry.Answer}[r.IntN(4)]}
			if f.Kind == registry.Answer {
				f.Code, f.Commit = []int{2400, 2500, 2306, 2104}[r.IntN(4)], r.IntN(2) == 0
			}
			w.must(w.registry.Inject(f))
			faults++
		}
		if r.IntN(4) == 0 {
			w.life.deaths[name] = []death{beforeSending, afterSending}[r.IntN(2)]
		}
		c, err := w.Customers.Create(w.ctx, customer.Input{Email: fmt.Sprintf("a%d@example.com", i), Name: "Ada", Address: "1 Lane\n12345 Town", Country: "DE"})
		w.must(err)
		_, err = w.Orders.Place(w.ctx, order.Input{CustomerID: c.ID, Items: []order.Item{{Domain: &item}}})
		w.must(err)
		invoices, _, err := w.Billing.List(w.ctx, billing.Filter{CustomerID: c.ID})
		w.must(err)
		_, err = w.Payments.Record(w.ctx, invoices[0].ID, payment.Manual{Money: invoices[0].Total, Reference: name})
		w.must(err)
		names = append(names, name)
	}
	for i := range 100 {
		if w.work() {
			deaths++
			w.store.Clock.Advance(6 * time.Minute) // its leases end
		}
		if r.IntN(20) == 0 {
			w.restart()
		}
		w.store.Clock.Advance(time.Duration(1+r.IntN(25)) * time.Minute)
		if i == 40 {
			w.registry.Heal()
		}
	}
	for range 60 * 8 { // transfers end by silence, those that were asked for again later than others
		w.store.Clock.Advance(3 * time.Hour)
		if died := w.work(); !died && w.arrived() {
			break
		}
	}
	came := w.proveArrivals(names)
	broken := 0
	for _, c := range w.registry.Journal() {
		if c.Fault != "" {
			broken++
		}
	}
	w.Logf("seed %d: %d names, %d faults planned, %d commands went wrong, %d deaths: %v", *seed, n, faults, broken, deaths, came)
	if *seed == 1 && (deaths == 0 || broken == 0) {
		w.Error("nothing went wrong")
	}
	if found, err := w.Billing.Verify(w.ctx); err != nil || len(found) > 0 {
		w.Errorf("the books differ: %+v, %v", found, err)
	}
	if again := w.registry.Repeated(); len(again) > 0 {
		w.Errorf("transaction ids came twice: %v", again)
	}
}

// arrived reports whether nothing is on its way any more but what staff are asked about.
func (w *world) arrived() bool {
	return w.count(`SELECT COUNT(*) FROM domains WHERE (status IN ('pending_registration', 'pending_transfer')
			OR EXISTS (SELECT 1 FROM registrar_commands c WHERE c.domain_id = domains.id AND c.settled_at IS NULL))
		AND NOT EXISTS (SELECT 1 FROM staff_tasks t WHERE t.subject_id = domains.id AND t.state = 'open')`) == 0
}

// proveArrivals compares what was paid for with what the registry's ledger has, and counts how it came.
func (w *world) proveArrivals(names []string) map[domainname.Status]int {
	w.Helper()
	added := map[string]int{}
	for _, e := range w.registry.Ledger() {
		if e.Account == login && (e.Kind == "create" || e.Kind == "transfer") {
			added[e.Name]++
		}
	}
	came := map[domainname.Status]int{}
	for _, name := range names {
		var d domainname.Domain
		all, _, err := w.Domains.List(w.ctx, domainname.Filter{Query: name})
		w.must(err)
		for _, found := range all {
			if found.Name.String() == name {
				d = found.Domain
			}
		}
		came[d.Status]++
		there, ok := w.registry.Domain(name)
		ours := ok && there.Sponsor == login
		told := w.count(`SELECT COUNT(*) FROM events WHERE subject_id = $1 AND type IN ('domain.registered', 'domain.transferred_in')`, d.ID)
		asked := w.count(`SELECT COUNT(*) FROM staff_tasks WHERE subject_id = $1 AND state = 'open'`, d.ID)
		flying := w.count(`SELECT COUNT(*) FROM registrar_commands WHERE domain_id = $1 AND settled_at IS NULL`, d.ID)
		credit := w.count(`SELECT COALESCE(SUM(amount), 0) FROM customer_credits WHERE customer_id = $1`, d.CustomerID)
		var right bool
		switch d.Status {
		case domainname.Active:
			right = ours && added[name] == 1 && told == 1 && flying == 0 && credit == 0
		case domainname.Cancelled:
			right = !ours && added[name] == 0 && told == 0 && flying == 0 && credit > 0
		default:
			right = asked > 0 && added[name] <= 1
		}
		if !right {
			commands, _ := w.Dispatch.Commands(w.ctx, d.ID, 20)
			w.Errorf("%s is %s: ours %t, added %d times, told %d times, %d questions, %d in flight, credit %d; %+v", name, d.Status, ours, added[name], told, asked, flying, credit, commands)
		}
	}
	return came
}
