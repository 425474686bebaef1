package billing_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/tax"
)

// BenchmarkIssueRenewals is the month's end as far as billing goes: an invoice with its line, its link, the ledger and the
// event. The time is that of one invoice.
func BenchmarkIssueRenewals(b *testing.B) {
	for _, mode := range []tax.Mode{tax.None, tax.Exclusive} {
		for _, batch := range []int{1, 50, 500} {
			b.Run(fmt.Sprintf("sqlite/%s/%d", mode, batch), func(b *testing.B) { issueRenewals(b, dbtest.SQLite(b), mode, batch) })
			b.Run(fmt.Sprintf("postgres/%s/%d", mode, batch), func(b *testing.B) { issueRenewals(b, dbtest.Postgres(b), mode, batch) })
		}
	}
}

func issueRenewals(b *testing.B, s *dbtest.Store, mode tax.Mode, batch int) {
	books := openBooks(b, s)
	books.taxed(b, mode, map[string]string{"standard": "20"})
	const customers = 10_000
	books.write(b, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(ctx, fmt.Sprintf(`INSERT INTO customers (id, email, email_fold, name, name_fold, currency, created_at, updated_at)
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			SELECT 'cus_' || i, 'c' || i, 'c' || i, 'c', 'c', 'EUR', 0, 0 FROM n`, customers))
		return err
	})
	ins := make([]billing.NewInvoice, batch)
	done := 0
	for b.Loop() {
		if done%batch == 0 {
			for i := range ins {
				sold := line(4900)
				sold.SubscriptionID = fmt.Sprintf("sub_%d", done+i)
				sold.Period = civil.Period{Start: civil.On(2026, 4, 1), End: civil.On(2026, 5, 1)}
				ins[i] = books.new(sold)
				ins[i].CustomerID = fmt.Sprintf("cus_%d", (done+i)%customers+1)
				ins[i].DueOn = sold.Period.Start
			}
			err := books.DB.Write(context.Background(), func(tx *db.Tx) error {
				_, err := books.billing.IssueRenewals(context.Background(), tx, ins)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		done++
	}
}
