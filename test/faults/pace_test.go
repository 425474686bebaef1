package faults_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/app/rooms"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/registrar/account"
)

// Two processes on one database keep a registrar's rate together: the registry itself counts the commands that come.
func TestPaceOfTwoProcesses(t *testing.T) {
	t.Parallel()
	const (
		rate    = 25
		domains = 30
	)
	store := dbtest.Postgres(t)
	store.Config.Wall = clock.System()
	open := func() *db.DB {
		d, err := db.Open(t.Context(), store.Config)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	store.DB = open()
	w := newWorld(t, store)
	a, err := w.Registrars.Create(w.ctx, account.Input{
		Name: "with a rate", Adapter: account.EPP, Secret: password, SyncMode: account.SyncOff,
		Settings: map[string]string{
			"address": w.address, "client_id": login, "ca": string(w.identity.CA), "server_name": "localhost", "per_second": fmt.Sprint(rate),
			"sessions": "1", // of each process
		},
	})
	w.must(err)
	w.registrars["paced"] = a.ID
	c, err := w.Customers.Create(w.ctx, customer.Input{Email: "ada@example.com", Name: "Ada"})
	w.must(err)
	for i := range domains {
		d := w.put(fmt.Sprintf("d%d.modern", i), w.store.Clock.Now().AddDate(0, 1, 0), c.ID, "paced")
		o, err := w.Orders.Place(w.ctx, order.Input{CustomerID: c.ID, Items: []order.Item{{Domain: &order.DomainItem{Action: domainname.ForRenewal, DomainID: d.ID, Years: 1}}}})
		w.must(err)
		_, err = w.Payments.Record(w.ctx, o.InvoiceID, payment.Manual{Money: o.Total, Reference: fmt.Sprint(i)})
		w.must(err)
	}

	beside := open()
	other, err := rooms.Build(w.ctx, beside, rooms.Config{Files: t.TempDir(), Key: w.key})
	w.must(err)
	defer func() {
		w.must(other.Close(context.WithoutCancel(w.ctx)))
		w.must(beside.Close())
	}()
	// No process does all before the other one has begun, however slow that is: who is there first waits for it.
	var asked atomic.Int32
	both := make(chan struct{})
	w.hear = func(document []byte) {
		if !bytes.Contains(document, []byte("<info>")) {
			return
		}
		if asked.Add(1) == 2 {
			close(both)
		}
		<-both
	}
	begun := time.Now()
	var (
		processes sync.WaitGroup
		worked    [2]int
	)
	for i, r := range []*rooms.Rooms{w.Rooms, other} {
		processes.Go(func() {
			n, err := r.Dispatch.RunDue(w.ctx)
			if err != nil {
				t.Error(err)
			}
			worked[i] = n
		})
	}
	processes.Wait()

	// Nothing comes before its turn, and no turn is given before the beginning. What comes late for whatever reason says nothing.
	came := slices.DeleteFunc(w.came(), begun.After)
	n, span := len(came), came[len(came)-1].Sub(begun)
	t.Logf("%d commands within %s; the processes worked at %v domains", n, span, worked)
	if least := time.Duration(n-1) * time.Second / rate; span < least-least/10 {
		t.Errorf("%d commands within %s, that is %.1f a second", n, span, float64(n-1)/span.Seconds())
	}
	if worked[0] == 0 || worked[1] == 0 {
		t.Errorf("the processes worked at %v domains", worked)
	}
	if years := len(w.registry.Ledger()); years != domains {
		t.Errorf("%d years were added for %d renewals", years, domains)
	}
}
