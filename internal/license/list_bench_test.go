package license

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db"
)

var benchLicenses = flag.Int("licenses", 10_000, "size of the store of BenchmarkList")

// fill makes a store of n licenses: a customer has four, 20 products of three plans each, in every status, most of them
// checked in the last 60 days; every third has two activations.
const fill = `
WITH RECURSIVE n(i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < CAST($1 AS BIGINT)) `

var fillTables = []struct {
	one int // of so many licenses
	sql string
}{
	{4, `INSERT INTO customers (id, email, email_fold, name, name_fold, company, company_fold, currency, created_at, updated_at)
	    SELECT 'cus_' || i, 'user' || i || '@example.com', 'user' || i || '@example.com', 'Name ' || (i % 5000), 'name ' || (i % 5000),
	    'Company ' || (i % 700), 'company ' || (i % 700), 'EUR', 0, 0 FROM n`},
	{1, `INSERT INTO licenses (id, key, key_lookup, customer_id, product_id, plan_id, type, status, outcome, activation_limit, near_limit,
	    expires_at, grace_until, ends_at, created_at, updated_at)
	    SELECT 'lic_' || (1000000000 + i), 'K' || ((i * 7919) % 99999989) || '-' || i, 'K' || ((i * 7919) % 99999989) || '-' || i,
	    'cus_' || (i / 4), 'prd_' || (i % 20), 'pln_' || (i % 60), 'purchased',
	    CASE WHEN i % 100 < 60 THEN 'active' WHEN i % 100 < 90 THEN 'expired' WHEN i % 100 < 99 THEN 'cancelled' WHEN i % 1000 < 999 THEN 'revoked' ELSE 'suspended' END,
	    CASE WHEN i % 100 BETWEEN 90 AND 98 THEN 'cancelled' WHEN i % 100 = 99 AND i % 1000 < 999 THEN 'revoked' ELSE '' END,
	    5, i % 50 = 7, e, CASE WHEN i % 1000 = 999 THEN 1 ELSE e END, e, i, i
	    FROM (SELECT i, CASE WHEN i % 100 >= 60 AND i % 100 < 90 THEN 1000000 * i WHEN i % 3 = 0 THEN NULL ELSE 4000000000000000 + 1000000 * i END AS e FROM n) x`},
	{1, `INSERT INTO license_checks (license_id, check_count, last_check_at, last_check_ip)
	    SELECT 'lic_' || (1000000000 + i), i % 9, CASE WHEN i % 9 = 0 THEN 0 ELSE CAST($2 AS BIGINT) - 1000000 * ((i * 37) % 5184000) END, '192.0.2.1' FROM n`},
	{3, `INSERT INTO activations (id, license_id, identifier, activated_at, last_seen_at)
	    SELECT 'act_' || i, 'lic_' || (1000000000 + 3 * i), 'site' || i || '.example.com', 0, 0 FROM n`},
	{3, `INSERT INTO activations (id, license_id, identifier, activated_at, last_seen_at)
	    SELECT 'act_b' || i, 'lic_' || (1000000000 + 3 * i), 'www' || i || '.example.net', 0, 0 FROM n`},
}

// BenchmarkList measures the first, the second and a far page of each filter. Run it with -licenses 1000000.
func BenchmarkList(b *testing.B) {
	d := openBench(b)
	fillStore(b, d)
	s := New(d)
	for name, f := range map[string]Filter{
		"all":                      {},
		"status":                   {Status: Active},
		"rare status":              {Status: Suspended},
		"product":                  {ProductID: "prd_3"},
		"product and status":       {ProductID: "prd_3", Status: Expired},
		"product and rare status":  {ProductID: "prd_19", Status: Suspended},
		"plan":                     {PlanID: "pln_3"},
		"near limit":               {NearLimit: true},
		"near limit and product":   {NearLimit: true, ProductID: "prd_7"},
		"near limit, none":         {NearLimit: true, ProductID: "prd_8"},
		"not seen":                 {NotSeenDays: 30},
		"not seen, rare status":    {NotSeenDays: 30, Status: Suspended},
		"not seen, newest":         {NotSeenDays: 30, Sort: ByNewest},
		"expiry":                   {Sort: ByExpiry},
		"expiry of active":         {Sort: ByExpiry, Status: Active},
		"expiry of product":        {Sort: ByExpiry, Status: Active, ProductID: "prd_5"},
		"last seen":                {Sort: ByLastSeen},
		"last seen of product":     {Sort: ByLastSeen, ProductID: "prd_5"},
		"last seen of rare status": {Sort: ByLastSeen, Status: Suspended},
		"key":                      {Query: "K7919-1"},
		"key prefix":               {Query: "K7"},
		"any key":                  {Query: "k"},
		"e-mail":                   {Query: "user4711@example.com"},
		"e-mail prefix":            {Query: "user"},
		"e-mail, rare status":      {Query: "user", Status: Suspended},
		"name":                     {Query: "Name 4"},
		"company":                  {Query: "comp"},
		"identifier":               {Query: "https://site77.example.com/"},
		"identifier prefix":        {Query: "site"},
		"product name":             {Query: "product 1"},
		"customer":                 {CustomerID: "cus_7"},
		"nothing":                  {Query: "zzz"},
	} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			rows := 0
			for range b.N {
				f := f
				for range 3 {
					start := time.Now()
					licenses, next, err := s.List(context.Background(), f)
					took = append(took, time.Since(start))
					if err != nil {
						b.Fatal(err)
					}
					rows += len(licenses)
					if f.Cursor = next; next == "" {
						break
					}
				}
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
			b.ReportMetric(float64(rows)/float64(len(took)), "rows/page")
		})
	}
}

func fillStore(b *testing.B, d *db.DB) {
	b.Helper()
	write := func(q string, args ...any) {
		err := d.Write(context.Background(), func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(context.Background(), q, args...)
			return err
		})
		if err != nil {
			b.Fatalf("%s: %v", q, err)
		}
	}
	for i := range 20 {
		write(fmt.Sprintf(`INSERT INTO products (id, slug, name, requires_license, status, created_at, updated_at)
			VALUES ('prd_%d', 'product-%d', 'Product %d', TRUE, 'active', 0, 0)`, i, i, i))
	}
	for i := range 60 {
		write(fmt.Sprintf(`INSERT INTO plans (id, product_id, name, license_type, activation_type, activation_limit, status, created_at, updated_at)
			VALUES ('pln_%d', 'prd_%d', 'Plan %d', 'purchased', 'domain', 5, 'active', 0, 0)`, i, i%20, i))
	}
	now := d.Clock().Now()
	for _, t := range fillTables {
		args := []any{int64(*benchLicenses / t.one)}
		if strings.Contains(t.sql, "$2") {
			args = append(args, now.UnixMicro())
		}
		i := strings.Index(t.sql, "SELECT") // a WITH stands before it
		head, tail := t.sql[:i], t.sql[i:]
		write(head+fill+tail, args...)
	}
	if d.Engine() == db.Postgres {
		write("ANALYZE")
	}
}
