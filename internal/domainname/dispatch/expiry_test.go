package dispatch

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/watch"
	"github.com/keystead/keystead/internal/job"
)

// F6: terms end while 1,000 renewals are on their way, and the calendar writes down what is over all the while. What is renewed,
// or paid and not confirmed, is never shown as expired, and what nobody has paid for is.
func TestF6(t *testing.T) {
	each(t, func(b *bench) {
		paid, unpaid := 1000, 50
		if testing.Short() {
			paid = 200
		}
		b.patience = time.Minute
		b.rules(func(p *domainname.Policy) {
			p.Extension, p.GraceDays, p.RedemptionDays, p.GraceFee, p.RedemptionFee = "ends", 0, 0, nil, nil
		})
		auto := automation.New(b.store.DB, job.NewQueue(b.store.DB, nil), automation.Options{})
		for _, task := range watch.New(b.store.DB, watch.Config{Registrars: b}).Standing() {
			auto.Register(task)
		}
		ids := make([]string, 0, paid+unpaid)
		for i := range paid + unpaid {
			d := b.domain(fmt.Sprintf("d%d.ends", i), "2026-11-22")
			ids = append(ids, d.ID)
			if i < paid {
				b.paid(d, 1)
			}
		}
		b.store.Clock.Set(time.Date(2026, 11, 22, 23, 59, 59, 0, time.UTC))
		midnight := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
		var sent atomic.Int64
		b.fake.Before = func(command, _ string) {
			if command == "renew" && sent.Add(1) == int64(paid/2) {
				b.store.Clock.Set(midnight)
			}
		}
		look := func(from, step int) {
			b.must(b.store.DB.Read(b.ctx, func(tx *db.Tx) error {
				for i := from; i < paid; i += step {
					if err := b.neverOver(tx, ids[i]); err != nil {
						return err
					}
				}
				return nil
			}))
		}

		over := make(chan struct{})
		var calendar sync.WaitGroup
		calendar.Go(func() {
			for round := 0; ; round++ {
				select {
				case <-over:
					return
				default:
				}
				if _, err := auto.RunDue(b.ctx); err != nil {
					b.Error(err)
					return
				}
				look(round%10, 10)
			}
		})
		b.run()
		close(over)
		calendar.Wait()
		_, err := auto.RunDue(b.ctx)
		b.must(err)
		look(0, 1)
		for i, id := range ids {
			d := b.load(id)
			want, until, times := domainname.Active, "2027-11-22", 1
			if i >= paid {
				want, until, times = domainname.Expired, "2026-11-22", 0
			}
			if n := b.fake.Sent("renew", d.Name.String()); d.Status != want || d.Expiry.Date().String() != until || n != times {
				b.Errorf("%s is %s until %s, sent %d; want %s until %s, %d", d.Name, d.Status, d.Expiry.Date(), n, want, until, times)
			}
		}
	})
}

// neverOver checks that a domain is over neither in the store nor as it is shown.
func (b *bench) neverOver(tx *db.Tx, id string) error {
	ctx := context.WithoutCancel(b.ctx)
	d, err := domainname.Load(ctx, tx, id)
	if err != nil {
		return err
	}
	open, err := domainname.OpenRenewal(ctx, tx, id)
	if err != nil {
		return err
	}
	p, err := policyOf(ctx, tx, d)
	if err != nil {
		return err
	}
	if shown := domainname.Assess(d, *p, open, tx.Now).Status; shown == domainname.Expired || d.Status == domainname.Expired {
		b.Errorf("%s, until %s, is %s and shown as %s", d.Name, d.Expiry.Date(), d.Status, shown)
	}
	return nil
}
