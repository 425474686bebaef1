package faults_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/registrar"
)

// latency is how far away the registry is.
const latency = 20 * time.Millisecond

// distant is a registrar that is far away.
type distant struct{ registrar.Registrar }

func (d distant) Info(ctx context.Context, transaction, name string) (registrar.Info, error) {
	time.Sleep(latency)
	return d.Registrar.Info(ctx, transaction, name)
}

func (d distant) Quote(ctx context.Context, transaction string, q registrar.Quoting) (registrar.Quote, error) {
	time.Sleep(latency)
	return d.Registrar.Quote(ctx, transaction, q)
}

func (d distant) Renew(ctx context.Context, transaction string, in registrar.Renewal) registrar.Answer {
	time.Sleep(latency)
	return d.Registrar.Renew(ctx, transaction, in)
}

// Renewals from end to end: read, commit, send, read, commit, with a registry that is 20 ms away.
func BenchmarkRenewals(b *testing.B) {
	w := newWorld(b, dbtest.SQLite(b))
	w.distant = true
	c, err := w.Customers.Create(w.ctx, customer.Input{Email: "ada@example.com", Name: "Ada"})
	w.must(err)
	for i := range b.N {
		d := w.put(fmt.Sprintf("d%d.modern", i), w.store.Clock.Now().AddDate(0, 1, 0), c.ID, "lab")
		o, err := w.Orders.Place(w.ctx, order.Input{CustomerID: c.ID, Items: []order.Item{{Domain: &order.DomainItem{Action: domainname.ForRenewal, DomainID: d.ID, Years: 1}}}})
		w.must(err)
		_, err = w.Payments.Record(w.ctx, o.InvoiceID, payment.Manual{Money: o.Total, Reference: fmt.Sprint(i)})
		w.must(err)
	}
	b.ResetTimer()
	_, err = w.Dispatch.RunDue(w.ctx)
	w.must(err)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "renewals/s")
	if n := len(w.registry.Ledger()); n != b.N {
		b.Errorf("%d years were added for %d renewals", n, b.N)
	}
}
