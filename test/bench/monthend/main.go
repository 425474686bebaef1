// Command monthend measures the first of a month: very many subscriptions that are invoiced on one day, with lines, links,
// ledger, events and mails, while customers go on buying. It works on a store of its own in a temporary folder.
//
//	go run ./test/bench/monthend -n 1000000
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/app/rooms"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
)

var (
	many    = flag.Int("n", 1_000_000, "subscriptions that are due")
	profile = flag.String("cpuprofile", "", "file for a profile of the run")
)

func main() {
	flag.Parse()
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "monthend:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "keystead-monthend-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	now := clock.NewTest(time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC))
	d, err := db.Open(ctx, db.Config{Dir: dir, Clock: now})
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	r, err := rooms.Build(ctx, d, rooms.Config{Dir: dir, Files: dir, Key: crypt.NewKey()})
	if err != nil {
		return err
	}
	defer func() { _ = r.Close(ctx) }()
	price, err := stock(ctx, d, r)
	if err != nil {
		return fmt.Errorf("fill the store: %w", err)
	}
	now.Set(time.Date(2027, 3, 18, 0, 0, 0, 0, time.UTC))

	buyer, err := r.Customers.Create(ctx, customer.Input{Email: "buyer@example.com", Name: "Buyer"})
	if err != nil {
		return err
	}
	buying, stop := context.WithCancel(ctx)
	defer stop()
	sales := make(chan []time.Duration)
	go func() { sales <- buy(buying, r, buyer.ID, price) }()
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
	wall := clock.System()
	began := wall.Now()
	report, err := r.Automation.RunFor(ctx, "")
	took := wall.Now().Sub(began)
	stop()
	lasted := <-sales
	if err != nil {
		return err
	}
	slices.Sort(lasted)
	fmt.Printf("| month-end | %d subscriptions due | %.1f s | %.0f invoices/s | %d checkouts meanwhile, p50 %s, p99 %s |\n",
		report.Ran["subscriptions.assess"].Done, took.Seconds(), float64(report.Ran["subscriptions.assess"].Done)/took.Seconds(), len(lasted),
		at(lasted, 50), at(lasted, 99))
	return nil
}

func at(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)*percent/100].Round(100 * time.Microsecond)
}

// buy places orders one after another, with a short pause between them, and returns how long each took.
func buy(ctx context.Context, r *rooms.Rooms, customerID, priceID string) []time.Duration {
	var lasted []time.Duration
	wall := clock.System()
	for ctx.Err() == nil {
		began := wall.Now()
		_, err := r.Orders.Place(ctx, order.Input{CustomerID: customerID, Items: []order.Item{{PriceID: priceID, Quantity: 1}}})
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				fmt.Fprintln(os.Stderr, "checkout:", err)
			}
			break
		}
		lasted = append(lasted, wall.Now().Sub(began))
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
	return lasted
}

// stock fills the store with monthly subscriptions that are paid from 1 March to 1 April 2027, without the history of how
// they came about.
func stock(ctx context.Context, d *db.DB, r *rooms.Rooms) (price string, err error) {
	product, err := r.Catalog.CreateProduct(ctx, catalog.NewProduct{Slug: "widget", Name: "Widget"})
	if err != nil {
		return "", err
	}
	plan, err := r.Catalog.CreatePlan(ctx, product.ID, catalog.NewPlan{Name: "Team", ActivationType: "device", ActivationLimit: 2})
	if err != nil {
		return "", err
	}
	p, err := r.Catalog.CreatePrice(ctx, plan.ID, catalog.NewPrice{Cycle: "monthly", Money: money.New(1000, "EUR")})
	if err != nil {
		return "", err
	}
	due := time.Date(2027, 3, 18, 0, 0, 0, 0, time.UTC).UnixMicro()
	tables := []struct{ into, row string }{
		{
			"customers (id, email, email_fold, name, name_fold, currency, created_at, updated_at)",
			"('cus_%[1]s', 'c%[1]s@example.com', 'c%[1]s@example.com', 'Customer %[1]s', 'customer %[1]s', 'EUR', 0, 0)",
		},
		{
			"orders (id, customer_id, kind, status, gateway, currency, total, created_at, completed_at)",
			"('ord_%[1]s', 'cus_%[1]s', 'sale', 'completed', 'manual', 'EUR', 1000, 0, 0)",
		},
		{
			"order_items (id, order_id, position, price_id, description, quantity, unit_amount, setup_fee)",
			"('itm_%[1]s', 'ord_%[1]s', 1, '" + p.ID + "', 'Widget', 1, 1000, 0)",
		},
		{
			"subscriptions (id, customer_id, order_item_id, kind, product_id, plan_id, price_id, description, status, currency, unit_amount, " +
				"quantity, cycle, anchor, gateway, started_on, next_due, next_at, created_at, updated_at)",
			"('sub_%[1]s', 'cus_%[1]s', 'itm_%[1]s', 'license', '" + product.ID + "', '" + plan.ID + "', '" + p.ID + "', 'Widget – Team', 'active', 'EUR', " +
				"1000, 1, 'monthly', '2027-03-01', 'manual', '2027-03-01', '2027-04-01', " + fmt.Sprint(due) + ", 0, 0)",
		},
		{
			"subscription_periods (subscription_id, starts_on, ends_on, due_on, price_id, amount, state)",
			"('sub_%[1]s', '2027-03-01', '2027-04-01', '2027-03-01', '" + p.ID + "', 1000, 'given')",
		},
	}
	const atOnce = 200
	for from := 0; from < *many; from += 20 * atOnce {
		err := d.Write(ctx, func(tx *db.Tx) error {
			for part := from; part < min(from+20*atOnce, *many); part += atOnce {
				for _, t := range tables {
					var rows []string
					for i := part; i < min(part+atOnce, *many); i++ {
						rows = append(rows, fmt.Sprintf(t.row, fmt.Sprintf("%08d", i)))
					}
					if _, err := tx.SQL().ExecContext(ctx, "INSERT INTO "+t.into+" VALUES "+strings.Join(rows, ", ")); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return "", err
		}
	}
	return p.ID, nil
}
