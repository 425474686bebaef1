package notice_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/notice"
	"github.com/keystead/keystead/internal/setting"
)

// BenchmarkInvoiceIssued is what a night's renewals cost with a mail about each, and without.
//
//	go test -bench InvoiceIssued -benchtime 20x ./internal/notice
func BenchmarkInvoiceIssued(b *testing.B) {
	for engine, store := range map[string]func(testing.TB) *dbtest.Store{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		for _, told := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/told=%v", engine, told), func(b *testing.B) { benchmarkIssue(b, store(b), told) })
		}
	}
}

// batch is how many renewals one transaction invoices.
const batch = 500

func benchmarkIssue(b *testing.B, s *dbtest.Store, told bool) {
	ctx := b.Context()
	bill := billing.New(s.DB, func(_ context.Context, tx *db.Tx) (billing.Terms, error) {
		return billing.Terms{
			Zone: tx.Now.Location(), NumberFormat: "INV-{n}", DueDays: 14,
			Collect: func(_ billing.Kind, due civil.Date, _ money.Money) (string, civil.Date) { return "charge", due },
		}, nil
	}, job.NewQueue(s.DB, nil))
	if told {
		notice.New(s.DB, mail.New(s.DB, mail.Config{Settings: setting.New(s.DB), Box: crypt.NewBox(crypt.NewKey())}), nil)
	}
	customers := customer.New(s.DB, func(context.Context, *db.Tx) (money.Currency, error) { return "EUR", nil })
	invoices := make([]billing.NewInvoice, batch)
	for i := range invoices {
		c, err := customers.Create(ctx, customer.Input{Email: fmt.Sprintf("c%d@example.com", i), Name: fmt.Sprint("Customer ", i)})
		if err != nil {
			b.Fatal(err)
		}
		invoices[i] = billing.NewInvoice{
			CustomerID: c.ID, Kind: billing.KindRenewal, Currency: "EUR", Buyer: billing.Party{Name: c.Name, Email: c.Email},
			Lines: []billing.NewLine{{Description: "Widget", Quantity: 1, UnitAmount: eur(1000), Discount: eur(0)}},
		}
	}
	for b.Loop() {
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := bill.IssueRenewals(ctx, tx, invoices)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*batch), "µs/invoice")
}
