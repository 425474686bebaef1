package faults_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/registry"
)

// F6: the calendar writes down that terms are over while renewals are sent. What is renewed is never shown as expired.
func TestF6(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLite(t))
	n := 60
	if testing.Short() {
		n = 15
	}
	c, err := w.Customers.Create(w.ctx, customer.Input{Email: "ada@example.com", Name: "Ada"})
	w.must(err)
	subjects := map[string]*subject{}
	for i := range n {
		// The last day of a plain renewal ends in a minute.
		name := fmt.Sprintf("d%d.window", i)
		d := w.put(name, time.Date(2026, 8, 24, 23, 59, 30, 0, time.UTC), c.ID, "lab")
		o, err := w.Orders.Place(w.ctx, order.Input{CustomerID: c.ID, Items: []order.Item{{Domain: &order.DomainItem{Action: domainname.ForRenewal, DomainID: d.ID, Years: 1}}}})
		w.must(err)
		_, err = w.Payments.Record(w.ctx, o.InvoiceID, payment.Manual{Money: o.Total, Reference: name})
		w.must(err)
		subjects[name] = &subject{domain: d}
		w.must(w.registry.Inject(registry.Fault{Kind: registry.Slow, Command: "renew", Name: name, Delay: time.Duration(i%7) * time.Millisecond}))
	}
	stop := make(chan struct{})
	var both sync.WaitGroup
	both.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := w.Automation.RunDue(w.ctx); err != nil {
				t.Error(err)
				return
			}
			w.never(t, subjects)
		}
	})
	for range 5 {
		_, err := w.Dispatch.RunDue(w.ctx)
		w.must(err)
	}
	w.store.Clock.Set(time.Date(2026, 11, 23, 0, 0, 1, 0, time.UTC))
	_, err = w.Dispatch.RunDue(w.ctx)
	w.must(err)
	close(stop)
	both.Wait()
	_, err = w.Automation.RunDue(w.ctx)
	w.must(err)
	w.never(t, subjects)
	for name, s := range subjects {
		w.must(w.db.Read(w.ctx, func(tx *db.Tx) error {
			d, err := domainname.Load(w.ctx, tx, s.domain.ID)
			if err == nil && (d.Status != domainname.Active || d.Expiry.Date().Year != 2027) {
				t.Errorf("%s is %s until %s", name, d.Status, d.Expiry.Date())
			}
			return err
		}))
	}
}

// never checks that no domain is over, in the store and as it is shown.
func (w *world) never(t *testing.T, subjects map[string]*subject) {
	t.Helper()
	for name, s := range subjects {
		err := w.db.Read(w.ctx, func(tx *db.Tx) error {
			d, err := domainname.Load(w.ctx, tx, s.domain.ID)
			if err != nil {
				return err
			}
			open, err := domainname.OpenRenewal(w.ctx, tx, d.ID)
			if err != nil {
				return err
			}
			p, _, err := domainname.PolicyAt(w.ctx, tx, d.Extension, domainname.RegistryDate(tx.Now))
			if shown := domainname.Assess(d, p, open, tx.Now).Status; shown == domainname.Expired || d.Status == domainname.Expired {
				t.Errorf("%s is %s, and shown as %s", name, d.Status, shown)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
