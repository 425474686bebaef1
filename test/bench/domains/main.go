// Command domains measures a store with very many domains: the nightly pass of notices and invoices for one day's share and
// after five days of downtime, a domain's terms on offer, the list of 500 domains, a price update of all, and how many
// answers and renewals a second a registrar with 20 ms of latency and 8 sessions gives. It works on a store of its own in a
// temporary folder.
//
//	go run ./test/bench/domains -n 1000000
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime/pprof"
	"slices"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/app/rooms"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

var (
	many    = flag.Int("n", 100_000, "domains, whose terms end evenly over a year")
	asked   = flag.Int("asked", 4000, "domains that the registrar is asked for")
	renewed = flag.Int("renewed", 1000, "renewals that are sent")
	profile = flag.String("cpuprofile", "", "file for a profile of the passes")
	latency = flag.Duration("latency", 20*time.Millisecond, "of the registrar")
)

// today is the day of which one share is measured.
var today = civil.On(2027, time.March, 18)

func main() {
	flag.Parse()
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "domains:", err)
		os.Exit(1)
	}
}

// bench is the store that is measured.
type bench struct {
	*rooms.Rooms
	db    *db.DB
	clock *clock.Test
	wall  clock.Clock
	fake  *registrartest.Fake
}

func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "keystead-domains-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b := &bench{clock: clock.NewTest(today.AddDays(-1).StartIn(time.UTC).Add(5 * time.Minute)), wall: clock.System()}
	if b.db, err = db.Open(ctx, db.Config{Dir: dir, Clock: b.clock, Wall: b.wall}); err != nil {
		return err
	}
	defer func() { _ = b.db.Close() }()
	b.fake = registrartest.New(b.clock)
	b.fake.Before = func(string, string) { time.Sleep(*latency) }
	b.Rooms, err = rooms.Build(ctx, b.db, rooms.Config{
		Dir: dir, Files: dir, Key: crypt.NewKey(), Adapters: map[string]account.Maker{
			"bench": func(account.Account, string) (registrar.Registrar, error) { return b.fake, nil },
		},
	})
	if err != nil {
		return err
	}
	defer func() { _ = b.Close(ctx) }()
	filling := b.effort()
	if err := b.stock(ctx); err != nil {
		return fmt.Errorf("fill the store: %w", err)
	}
	_, took := filling.end()
	fmt.Printf("| what | %d domains |\n|---|---|\n| fill the store | %s |\n", *many, took)
	for _, measure := range []func(context.Context) error{b.passes, b.offers, b.lists, b.prices, b.sync, b.renewals} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	return nil
}

// passes lets the automation of a day run: at first over a store that was taken over on that day, then of one day, then
// after five days on which nothing ran.
func (b *bench) passes(ctx context.Context) error {
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	for _, p := range []struct {
		name string
		day  civil.Date
	}{{"first pass over a store that was taken over", today.AddDays(-1)}, {"one day", today}, {"after five days of downtime", today.AddDays(5)}} {
		b.clock.Set(p.day.StartIn(time.UTC).Add(5 * time.Minute))
		before, err := b.counts(ctx)
		if err != nil {
			return err
		}
		effort := b.effort()
		report, err := b.Automation.RunFor(ctx, "")
		if err != nil {
			return err
		}
		_, took := effort.end()
		after, err := b.counts(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("| %s | %s: %d notices, %d invoices, %d statuses; %d failures |\n", p.name, took, after.notices-before.notices,
			after.invoices-before.invoices, report.Ran["domains.standing"].Done, report.Failed())
	}
	return nil
}

type counts struct{ notices, invoices int }

func (b *bench) counts(ctx context.Context) (c counts, err error) {
	err = b.db.Read(ctx, func(tx *db.Tx) error {
		return tx.SQL().QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM domain_notices WHERE state = 'sent'), (SELECT COUNT(*) FROM invoices)`).Scan(&c.notices, &c.invoices)
	})
	return c, err
}

// offers asks which terms of a domain are on offer.
func (b *bench) offers(ctx context.Context) error {
	var lasted []time.Duration
	for i := range 1000 {
		began := b.wall.Now()
		if _, _, err := b.Renewals.Offer(ctx, idOf(i*7919%*many), domainname.ByCustomer); err != nil {
			return err
		}
		lasted = append(lasted, b.wall.Now().Sub(began))
	}
	fmt.Printf("| terms on offer for one domain, 1,000 times | %s |\n", spread(lasted))
	return nil
}

// lists reads all domains of the customer who has 500 of them, page by page.
func (b *bench) lists(ctx context.Context) error {
	var lasted []time.Duration
	for range 50 {
		began := b.wall.Now()
		n, cursor := 0, ""
		for {
			rows, next, err := b.Domains.List(ctx, domainname.Filter{CustomerID: "cus_00000000", Limit: 200, Cursor: cursor})
			if err != nil {
				return err
			}
			n += len(rows)
			if cursor = next; cursor == "" {
				break
			}
		}
		if n != min(*many, 500) {
			return fmt.Errorf("the list has %d domains", n)
		}
		lasted = append(lasted, b.wall.Now().Sub(began))
	}
	fmt.Printf("| list of 500 domains of a customer, 50 times | %s |\n", spread(lasted))
	return nil
}

// prices previews and applies an update of all prices while customers look at terms.
func (b *bench) prices(ctx context.Context) error {
	u := domainname.PriceUpdate{
		Change: domainname.PriceChange{Mode: domainname.ByPercent, Value: "5"}, StartsOn: today.AddDays(5), Reason: "bench",
	}
	effort := b.effort()
	preview, err := b.Domains.PreviewPriceUpdate(ctx, u)
	if err != nil {
		return err
	}
	_, took := effort.end()
	fmt.Printf("| price update, preview | %s: %d domains |\n", took, preview.Changed)
	looking, stop := context.WithCancel(ctx)
	defer stop()
	var lasted, written []time.Duration
	var others sync.WaitGroup
	others.Go(func() {
		for i := 0; looking.Err() == nil; i++ {
			began := b.wall.Now()
			if _, _, err := b.Renewals.Offer(looking, idOf(i*7919%*many), domainname.ByCustomer); err != nil {
				return
			}
			lasted = append(lasted, b.wall.Now().Sub(began))
			began = b.wall.Now()
			if b.exec(looking, "UPDATE customers SET version = version + 1 WHERE id = (SELECT customer_id FROM domains WHERE id = $1)", idOf(i*7919%*many)) != nil {
				return
			}
			written = append(written, b.wall.Now().Sub(began))
			time.Sleep(10 * time.Millisecond)
		}
	})
	effort = b.effort()
	if _, err = b.Domains.SchedulePriceUpdate(ctx, u); err == nil {
		err = b.Domains.ResumePriceUpdates(ctx)
	}
	if err == nil {
		err = b.Domains.ApplyPriceUpdates(ctx, today.AddDays(5))
	}
	_, took = effort.end()
	stop()
	others.Wait()
	if err != nil {
		return err
	}
	fmt.Printf("| price update, written down and applied | %s; terms on offer meanwhile: %s; a change of a customer: %s |\n", took, spread(lasted), spread(written))
	return nil
}

// sync reads domains at the registrar.
func (b *bench) sync(ctx context.Context) error {
	n := min(*asked, *many)
	for i := range n {
		b.fake.Expires(nameOf(i), endOf(i).String()+"T10:00:00Z")
	}
	err := b.exec(ctx, "UPDATE domains SET sync_at = 1 WHERE id < $1 AND status IN ('active', 'grace', 'redemption')", idOf(n))
	if err != nil {
		return err
	}
	if err := b.set(ctx, "domains.sync_batch", "1000"); err != nil {
		return err
	}
	effort := b.effort()
	total := 0
	for {
		n, err := b.Watch.RunDue(ctx)
		if err != nil {
			return err
		}
		if total += n; n == 0 {
			break
		}
	}
	took, words := effort.end()
	fmt.Printf("| sync, %s latency, 8 sessions | %d answers in %s: %.0f/s |\n", *latency, total, words, float64(total)/took.Seconds())
	return nil
}

// renewals sends paid renewals.
func (b *bench) renewals(ctx context.Context) error {
	var some []int // whose terms end later than any that are invoiced
	for i := 0; i < *many && len(some) < *renewed; i++ {
		if endOf(i).After(today.AddDays(60)) {
			some = append(some, i)
		}
	}
	err := b.db.Write(ctx, func(tx *db.Tx) error {
		policy, _, err := domainname.PolicyAt(ctx, tx, "com", today)
		if err != nil {
			return err
		}
		for _, i := range some {
			d, err := domainname.Lock(ctx, tx, idOf(i))
			if err != nil {
				return err
			}
			r := domainname.Renewal{
				DomainID: d.ID, CustomerID: d.CustomerID, Base: endOf(i), Years: 1, Kind: domainname.Ordered, State: domainname.RenewalPaid, PaidAt: &tx.Now,
				Price: d.Recurring, Fee: d.Recurring, Stage: domainname.StageActive, PolicyID: policy.ID, Expected: domainname.AddYears(endOf(i), 1),
				PaidBefore: d.PaidThrough, DueBefore: d.NextDue,
			}
			r.Fee.Amount = 0
			d.PaidThrough = r.Expected
			if err := domainname.InsertRenewal(ctx, tx, &r); err != nil {
				return err
			}
			if err := domainname.Save(ctx, tx, &d); err != nil {
				return err
			}
			if err := domainname.Work(ctx, tx, d.ID, tx.Now); err != nil {
				return err
			}
			b.fake.Expires(nameOf(i), endOf(i).String()+"T10:00:00Z")
		}
		return nil
	})
	if err != nil {
		return err
	}
	effort := b.effort()
	for {
		n, err := b.Dispatch.RunDue(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	took, words := effort.end()
	confirmed := 0
	err = b.db.Read(ctx, func(tx *db.Tx) error {
		return tx.SQL().QueryRowContext(ctx, "SELECT COUNT(*) FROM domain_renewals WHERE state = 'confirmed'").Scan(&confirmed)
	})
	fmt.Printf("| renewals, same registrar | %d confirmed, %d sent in %s: %.0f/s |\n", confirmed, b.fake.Sent("renew"), words, float64(confirmed)/took.Seconds())
	return err
}

// spread is how long things took.
func spread(lasted []time.Duration) string {
	if len(lasted) == 0 {
		return "none"
	}
	slices.Sort(lasted)
	at := func(percent int) time.Duration { return lasted[len(lasted)*percent/100].Round(10 * time.Microsecond) }
	return fmt.Sprintf("p50 %s, p95 %s, slowest %s", at(50), at(95), lasted[len(lasted)-1].Round(10*time.Microsecond))
}
