package license

import (
	"context"
	"flag"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
)

var benchPostgres = flag.Bool("postgres", false, "run the benchmarks on PostgreSQL")

// openBench opens an empty store for a benchmark.
func openBench(b *testing.B) *db.DB {
	b.Helper()
	config := db.Config{Clock: clock.System()}
	if *benchPostgres {
		config.URL = dbtest.PostgresURL(b)
	} else {
		config.Dir = dbtest.SQLiteDir(b)
	}
	d, err := db.Open(context.Background(), config)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.Close() })
	return d
}

// BenchmarkActivate measures new activations, from 16 clients at once.
func BenchmarkActivate(b *testing.B) {
	d := openBench(b)
	s := New(d)
	const licenses = 2000
	keys := make([]string, licenses)
	err := d.Write(context.Background(), func(tx *db.Tx) error {
		for _, q := range []string{
			`INSERT INTO customers (id, email, email_fold, name, name_fold, currency, created_at, updated_at) VALUES ('cus_a', 'a', 'a', 'a', 'a', 'EUR', 0, 0)`,
			`INSERT INTO products (id, slug, name, requires_license, status, created_at, updated_at) VALUES ('prd_a', 'a', 'A', TRUE, 'active', 0, 0)`,
			`INSERT INTO plans (id, product_id, name, license_type, activation_type, activation_limit, status, created_at, updated_at)
			 VALUES ('pln_a', 'prd_a', 'A', 'purchased', 'domain', 1000000, 'active', 0, 0)`,
		} {
			if _, err := tx.SQL().ExecContext(context.Background(), q); err != nil {
				return err
			}
		}
		for i := range keys {
			l, err := s.Issue(context.Background(), tx, IssueInput{CustomerID: "cus_a", PlanID: "pln_a", Quantity: 1})
			if err != nil {
				return err
			}
			keys[i] = l.Key
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	var n atomic.Int64
	b.SetParallelism(8)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			_, err := s.Activate(as(software), ActivateInput{Key: keys[i%licenses], Identifier: fmt.Sprintf("https://www.site%d.example/", i)})
			if err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "activations/s")
}
