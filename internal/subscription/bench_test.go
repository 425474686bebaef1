package subscription_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/money"
)

// BenchmarkMonthEnd invoices many renewals that fall due on one day: invoices, lines, links, ledger, events, mails.
func BenchmarkMonthEnd(b *testing.B) {
	const many = 20_000
	for b.Loop() {
		b.StopTimer()
		store := dbtest.SQLite(b)
		store.Clock.Set(time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC))
		r := roomstest.InTestMode(b, store, roomstest.Log())
		seed(b, r, store, many)
		store.Clock.Set(time.Date(2027, 3, 18, 0, 0, 0, 0, time.UTC))
		b.StartTimer()
		started := time.Now() //nolint:forbidigo // a benchmark measures
		report, err := r.Automation.RunFor(b.Context(), "")
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(report.Ran["subscriptions.assess"].Done)/time.Since(started).Seconds(), "renewals/s")
	}
}

// seed writes monthly subscriptions that are paid from 1 March to 1 April 2027, without the history of how they came about.
func seed(b *testing.B, r *roomstest.Rooms, store *dbtest.Store, n int) {
	b.Helper()
	ctx := b.Context()
	product, err := r.Catalog.CreateProduct(ctx, catalog.NewProduct{Slug: "widget", Name: "Widget"})
	if err != nil {
		b.Fatal(err)
	}
	plan, err := r.Catalog.CreatePlan(ctx, product.ID, catalog.NewPlan{Name: "Team", ActivationType: "device", ActivationLimit: 2})
	if err != nil {
		b.Fatal(err)
	}
	price, err := r.Catalog.CreatePrice(ctx, plan.ID, catalog.NewPrice{Cycle: "monthly", Money: money.New(1000, "EUR")})
	if err != nil {
		b.Fatal(err)
	}
	err = store.DB.Write(ctx, func(tx *db.Tx) error {
		for i := range n {
			id := fmt.Sprintf("%08d", i)
			for _, sql := range []string{
				`INSERT INTO customers (id, email, email_fold, name, name_fold, currency, created_at, updated_at) VALUES ('cus_` + id + `', 'c` + id + `@example.com', 'c` + id + `@example.com', 'Customer ` + id + `', 'customer ` + id + `', 'EUR', 0, 0)`,
				`INSERT INTO orders (id, customer_id, kind, status, gateway, currency, total, created_at, completed_at) VALUES ('ord_` + id + `', 'cus_` + id + `', 'sale', 'completed', 'manual', 'EUR', 1000, 0, 0)`,
				`INSERT INTO order_items (id, order_id, position, price_id, description, quantity, unit_amount, setup_fee) VALUES ('itm_` + id + `', 'ord_` + id + `', 1, '` + price.ID + `', 'Widget', 1, 1000, 0)`,
				fmt.Sprintf(`INSERT INTO subscriptions (id, customer_id, order_item_id, kind, product_id, plan_id, price_id, description, status, currency, unit_amount, quantity, cycle, anchor, gateway, started_on, next_due, next_at, created_at, updated_at)
					VALUES ('sub_%s', 'cus_%s', 'itm_%s', 'license', '%s', '%s', '%s', 'Widget – Team', 'active', 'EUR', 1000, 1, 'monthly', '2027-03-01', 'manual', '2027-03-01', '2027-04-01', %d, 0, 0)`,
					id, id, id, product.ID, plan.ID, price.ID, time.Date(2027, 3, 18, 0, 0, 0, 0, time.UTC).UnixMicro()),
				`INSERT INTO subscription_periods (subscription_id, starts_on, ends_on, due_on, price_id, amount, state) VALUES ('sub_` + id + `', '2027-03-01', '2027-04-01', '2027-03-01', '` + price.ID + `', 1000, 'given')`,
			} {
				if _, err := tx.SQL().ExecContext(ctx, sql); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
