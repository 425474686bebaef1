// Package faults_test proves that what was paid for is done at the registry once: it renews very many domains with the whole
// program against the registry simulator, over EPP and TLS, with every habit that the simulator knows and with everything that
// goes wrong on the way. In the end the registry's own ledger is the witness.
package faults_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/registry"
)

var (
	renewals = flag.Int("renewals", 300, "how many domains are renewed")
	seed     = flag.Uint64("seed", 1, "of the run: the same seed plans the same domains, faults and deaths")
	atOnce   = flag.Int("batch", 60, "how many domains live through the same days: more of them make a long run a shorter one")
	show     = flag.Bool("show", false, "log what goes wrong")
)

// TestFaults renews domains while everything goes wrong.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		store func(testing.TB) *dbtest.Store
		n     int
	}{"sqlite": {dbtest.SQLite, *renewals}, "postgres": {dbtest.Postgres, min(*renewals, 2**atOnce)}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() {
				c.n = min(c.n, *atOnce)
			}
			run(t, c.store(t), c.n)
		})
	}
}

// tally is what a run has come to.
type tally struct {
	domains, years, commands      int
	confirmed, satisfied, waiting int
	faults, deaths, restarts      int
	released                      int
	why                           map[string]int // what the rest waits for
}

func run(t *testing.T, store *dbtest.Store, n int) {
	w := newWorld(t, store)
	r := rand.New(rand.NewPCG(*seed, 0))
	sum := tally{why: map[string]int{}}
	for sum.domains < n {
		w.batch(r, min(*atOnce, n-sum.domains), &sum)
	}
	if again := w.registry.Repeated(); len(again) > 0 {
		t.Errorf("%d transaction ids came twice", len(again))
		for _, c := range w.registry.Journal() {
			if slices.Contains(again, c.ClTRID) {
				t.Logf("  %+v", c)
			}
		}
	}
	proven := "0 double, 0 lost, 0 silent"
	if t.Failed() {
		proven = "NOT IN ORDER"
	}
	t.Logf("seed %d: %d renewals of %d years, %d commands sent, %d faults, %d deaths, %d restarts: %d confirmed, %d satisfied, %d left to staff with a reason, "+
		"%d sent again by staff; %s",
		*seed, sum.domains, sum.years, sum.commands, sum.faults, sum.deaths, sum.restarts, sum.confirmed, sum.satisfied, sum.waiting, sum.released, proven)
	for _, why := range slices.Sorted(maps.Keys(sum.why)) {
		t.Logf("%5d × %s", sum.why[why], why)
	}
}

// subject is a domain whose renewal is paid.
type subject struct {
	domain  domainname.Domain
	renewal domainname.Renewal
	twice   bool // the registry extends twice
}

// batch renews some domains and proves what became of them.
func (w *world) batch(r *rand.Rand, n int, sum *tally) {
	w.Helper()
	first := sum.domains
	subjects := map[string]*subject{}
	for len(subjects) < n {
		w.order(r, min(1+r.IntN(3), n-len(subjects)), &first, subjects)
	}
	names := make([]string, 0, n)
	for name := range subjects {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		w.plan(r, name, subjects[name], sum)
	}
	// Things happen: time passes, processes die or are restarted, registries come back.
	for i := range 80 {
		if w.work() {
			sum.deaths++
			w.store.Clock.Advance(6 * time.Minute) // its leases end
		}
		if r.IntN(10) == 0 {
			_, err := w.Automation.RunDue(w.ctx) // statuses, invoices, notices, what is given up
			w.must(err)
		}
		if r.IntN(20) == 0 {
			w.restart()
			sum.restarts++
		}
		w.store.Clock.Advance(time.Duration(1+r.IntN(25)) * time.Minute)
		if i == 40 {
			w.registry.Heal()
			w.fund()
		}
	}
	// Domains whose date moves at the expiry come to it.
	for range 5 * 8 {
		w.store.Clock.Advance(3 * time.Hour)
		w.work()
	}
	w.staff(names, subjects, sum)
	w.prove(names, subjects, sum)
	sum.domains += n
}

func (w *world) fund() { w.must(w.registry.Fund(login, 1_000_000_000_00)) }

// order has a customer order the renewal of some domains, and pay for it, maybe twice.
func (w *world) order(r *rand.Rand, n int, serial *int, subjects map[string]*subject) {
	w.Helper()
	c, err := w.Customers.Create(w.ctx, customer.Input{Email: fmt.Sprintf("c%d@example.com", *serial), Name: fmt.Sprint("Customer ", *serial)})
	w.must(err)
	in := order.Input{CustomerID: c.ID}
	all := registry.Personalities()
	var made []*subject
	for range n {
		x := all[r.IntN(len(all))]
		name := fmt.Sprintf("d%d.%s", *serial, x.Name)
		*serial++
		adapter := "lab"
		if x.Name == "modern" && r.IntN(2) == 0 {
			adapter = "plain"
		}
		s := &subject{domain: w.put(name, w.expiry(r, x), c.ID, adapter)}
		subjects[name] = s
		made = append(made, s)
		years := 1
		if x.MaxYears > 1 {
			years = 1 + r.IntN(3)
		}
		in.Items = append(in.Items, order.Item{Domain: &order.DomainItem{Action: domainname.ForRenewal, DomainID: s.domain.ID, Years: years}})
	}
	if _, err := w.Orders.Place(w.ctx, in); err != nil {
		w.Fatalf("order of %+v: %v", made[0].domain, err)
	}
	invoices, _, err := w.Billing.List(w.ctx, billing.Filter{CustomerID: c.ID})
	w.must(err)
	for _, inv := range invoices {
		for again := range 1 + r.IntN(2) {
			// The second one is a message that came twice, or a customer who paid twice: it renews nothing.
			paid := payment.Manual{Money: inv.Total, Reference: fmt.Sprintf("%s-%d", inv.ID, again*r.IntN(2))}
			if _, err := w.Payments.Record(w.ctx, inv.ID, paid); err != nil && again == 0 {
				w.Fatal(err)
			}
		}
	}
	w.must(w.db.Read(w.ctx, func(tx *db.Tx) error {
		for _, s := range made {
			open, err := domainname.OpenRenewal(w.ctx, tx, s.domain.ID)
			if err != nil {
				return err
			}
			if open == nil || open.State != domainname.RenewalPaid {
				return fmt.Errorf("%s is not paid: %+v", s.domain.Name, open)
			}
			s.renewal = *open
		}
		return nil
	}))
}

// expiry is when a domain of an extension ends: soon, or a while ago where it can still be renewed or restored.
func (w *world) expiry(r *rand.Rand, x registry.Extension) time.Time {
	days := 5 + r.IntN(45)
	switch {
	case x.ModeOnly || x.MovesAtExpiry:
		days = 3
	case x.MonthEnd:
		days = 20
	case x.AutoRenews && r.IntN(3) == 0, x.GraceDays > 0 && r.IntN(4) == 0:
		days = -(1 + r.IntN(20))
	case x.GraceDays == 30 && x.RedemptionDays > 0 && r.IntN(6) == 0:
		days = -(33 + r.IntN(15)) // in redemption
	}
	at := w.store.Clock.Now().AddDate(0, 0, days).Truncate(time.Hour)
	if x.MonthEnd {
		at = time.Date(at.Year(), at.Month()+1, 0, 12, 0, 0, 0, time.UTC)
	}
	if x.LateEvening {
		at = time.Date(at.Year(), at.Month(), at.Day(), 22, 59, 59, 999_000_000, time.UTC)
	}
	return at
}

// plan says what goes wrong with a domain.
func (w *world) plan(r *rand.Rand, name string, s *subject, sum *tally) {
	w.Helper()
	lied := false
	for range r.IntN(4) {
		f := registry.Fault{Name: name, Command: "renew", Times: 1 + r.IntN(2), Skip: max(0, r.IntN(4)-2)}
		switch r.IntN(12) {
		case 0, 1:
			f.Kind = registry.CutBefore
		case 2, 3:
			f.Kind = registry.CutAfter
		case 4:
			f.Kind, f.Delay = registry.Slow, 50*time.Millisecond
		case 5, 6:
			f.Kind, f.Commit = registry.Answer, r.IntN(2) == 0
			f.Code = []int{2004, 2105, 2304, 2306, 2308, 2400, 2500, 2104, 2302}[r.IntN(9)]
		case 7:
			f.Kind, f.Command = registry.CutBefore, "info"
		case 8:
			f.Kind, f.Command, f.Times = registry.CutAfter, []string{"restore", "check", "info"}[r.IntN(3)], 1
		case 9:
			f.Kind = []registry.FaultKind{registry.NotUTF8, registry.NoClTRID, registry.OtherClTRID, registry.UnknownCode, registry.ShortHeader, registry.EntityBomb}[r.IntN(6)]
		case 10:
			if r.IntN(4) > 0 {
				continue
			}
			f.Kind, f.Times, f.Skip, s.twice = registry.Twice, 1, 0, true
		case 11:
			if lied {
				continue // twice in a row it would be believed, as it should
			}
			lied = true
			f.Kind, f.Command, f.Times = registry.NotSponsor, "info", 1
		}
		w.must(w.registry.Inject(f))
		sum.faults++
		if *show {
			w.Logf("%s: %+v", name, f)
		}
	}
	if r.IntN(50) == 0 {
		w.life.deaths[name] = []death{beforeSending, afterSending}[r.IntN(2)]
	}
}

// staff look at what waits for them, as people would: what the registry did not do is sent again, what it did is entered.
func (w *world) staff(names []string, subjects map[string]*subject, sum *tally) {
	w.Helper()
	ledger := w.ledger(subjects)
	for _, name := range names {
		s := subjects[name]
		now := w.load(s)
		switch {
		case now.State != domainname.RenewalHeld && now.State != domainname.RenewalAttention:
			continue
		case w.asked(s) == 0:
			w.Errorf("%s is %s (%s %s), and nobody was asked", name, now.State, now.Hold, now.Cause)
		case ledger[name].years == 0:
			if _, err := w.Renewals.Release(w.ctx, now.ID, "not done"); err != nil {
				w.Errorf("%s: %v", name, err)
			}
			sum.released++
		case now.State == domainname.RenewalAttention && ledger[name].years == now.Years:
			there, _ := w.registry.Domain(name)
			if err := w.Dispatch.ByHand(w.ctx, s.domain.ID, dispatch.ByHand{Expiry: there.Expiry.Format(time.RFC3339Nano)}); err != nil {
				w.Errorf("%s, %s until %s: %v", name, now.State, there.Expiry, err)
			}
		}
	}
	for range 60 {
		w.store.Clock.Advance(time.Hour)
		w.work()
	}
}

func (w *world) load(s *subject) (r domainname.Renewal) {
	w.Helper()
	w.must(w.db.Read(w.ctx, func(tx *db.Tx) (err error) {
		r, err = domainname.LoadRenewal(w.ctx, tx, s.renewal.ID)
		return err
	}))
	return r
}

func (w *world) asked(s *subject) int {
	return w.count(`SELECT COUNT(*) FROM staff_tasks WHERE subject_id = $1`, s.domain.ID)
}

// added is what the registry's ledger says of a domain: the years that were added, and those that commands asked for, each
// counted once even where the registry did it twice.
type added struct{ years, asked int }

func (w *world) ledger(subjects map[string]*subject) map[string]added {
	all, seen := map[string]added{}, map[string]bool{}
	for _, e := range w.registry.Ledger() {
		if subjects[e.Name] == nil {
			continue
		}
		a := all[e.Name]
		a.years += e.Years
		if e.ClTRID != "" && !seen[e.ClTRID] {
			a.asked += min(e.Years, w.told(e.ClTRID)) // what is taken on may be doubled within one entry
			seen[e.ClTRID] = true
		}
		all[e.Name] = a
	}
	return all
}

// told is how many years a command has asked for: a restore is for one.
func (w *world) told(transaction string) int {
	w.Helper()
	return w.count(`SELECT CASE WHEN command = 'restore' THEN 1 ELSE years END FROM registrar_commands WHERE transaction_id = $1`, transaction)
}

// prove compares what was paid with what the registry has added.
func (w *world) prove(names []string, subjects map[string]*subject, sum *tally) {
	w.Helper()
	ledger := w.ledger(subjects)
	sent := map[string]int{}
	for _, c := range w.registry.Journal() {
		if c.Verb == "renew" && subjects[c.Name] != nil {
			sent[c.Name]++
		}
	}
	for _, name := range names {
		s, has := subjects[name], ledger[name]
		now := w.load(s)
		sum.years += now.Years
		sum.commands += sent[name]
		told := w.count(`SELECT COUNT(*) FROM events WHERE subject_id = $1 AND type IN ('domain.renewed', 'domain.renewal_satisfied')`, s.domain.ID)
		flying := w.count(`SELECT COUNT(*) FROM registrar_commands WHERE domain_id = $1 AND settled_at IS NULL`, s.domain.ID)
		failed := false
		fail := func(format string, args ...any) {
			failed = true
			w.Errorf("%s, %d years from %s, %s (%s %s): %s", name, now.Years, now.Base, now.State, now.Hold, now.Cause, fmt.Sprintf(format, args...))
		}
		if has.asked > now.Years {
			fail("commands have added %d", has.asked)
		}
		switch now.State {
		case domainname.RenewalConfirmed, domainname.RenewalSatisfied:
			if has.years != now.Years {
				fail("the registry has added %d", has.years)
			}
			if told != 1 {
				fail("told %d times", told)
			}
			if flying != 0 {
				fail("a command is in flight")
			}
			if now.State == domainname.RenewalConfirmed {
				sum.confirmed++
			} else {
				sum.satisfied++
			}
		case domainname.RenewalHeld, domainname.RenewalAttention:
			sum.waiting++
			sum.why[fmt.Sprintf("%s %s %s, %d of %d years added", now.State, now.Hold, now.Cause, has.years, now.Years)]++
			if has.years > now.Years && !s.twice {
				fail("the registry has added %d", has.years)
			}
			if told != 0 {
				fail("told %d times", told)
			}
			if w.asked(s) == 0 {
				fail("nobody was asked")
			}
		default:
			fail("it is not over, and the registry has added %d", has.years)
		}
		if paid := w.count(`SELECT COUNT(*) FROM domain_renewals WHERE domain_id = $1`, s.domain.ID); paid != 1 {
			fail("%d rows in the ledger of renewals", paid)
		}
		if failed {
			commands, _ := w.Dispatch.Commands(w.ctx, s.domain.ID, 20)
			for _, c := range commands {
				w.Logf("  %+v", c)
			}
		}
	}
}
