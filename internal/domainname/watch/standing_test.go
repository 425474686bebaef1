package watch

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// Statuses are written down on the days on which the calendar brings them, and tell of it once.
func TestCalendar(t *testing.T) {
	each(t, func(b *bundle) {
		b.must(b.store.DB.StandStill(b.ctx, noon))
		b.exec("UPDATE registrars SET sync_mode = 'off'")
		d := b.put("old.cctld", "2026-11-25")
		to := func(day string) string {
			b.Helper()
			_, err := b.auto.Advance(b.ctx, b.day(day).StartIn(time.UTC), nil)
			b.must(err)
			return string(b.read(d.ID).Status)
		}
		for _, tt := range []struct{ day, want string }{
			{"2026-11-25", "active"}, {"2026-11-26", "grace"}, {"2026-12-25", "grace"}, {"2026-12-26", "redemption"}, {"2027-01-24", "redemption"}, {"2027-01-25", "expired"},
		} {
			b.want(tt.day, to(tt.day), tt.want)
		}
		b.want("events", fmt.Sprint(b.events(EventGrace), b.events(EventRedemption), b.events(EventExpired)), "1 1 1")
		b.want("holder", b.text("SELECT holder_at_end FROM domains"), `{"name":"Ada","email":"ada@example.com"}`)
		b.want("read on", b.count("SELECT count(*) FROM domains WHERE sync_at IS NOT NULL"), 0)

		// Back, when its term goes on.
		d = b.put("back.cctld", "2026-12-20")
		b.want("first", to("2027-01-26"), "redemption")
		b.write(func(tx *db.Tx) error {
			d, err := domainname.Lock(b.ctx, tx, d.ID)
			if err != nil {
				return err
			}
			d.Expiry.At, d.PaidThrough = d.Expiry.At.AddDate(1, 0, 0), b.day("2027-12-20")
			return domainname.Save(b.ctx, tx, &d)
		})
		b.want("then", to("2027-01-27"), "active")
		b.want("events", b.events(EventRestored), 1)
	})
}

// A name that the registry has still, by a reading of this day, stays in grace; one that it calls deleted is in redemption
// before the calendar.
func TestRegistryWinsOverCalendar(t *testing.T) {
	each(t, func(b *bundle) {
		kept, gone := b.put("kept.gtld", "2026-10-01"), b.put("deleted.gtld", "2026-11-20")
		b.fake.Change("deleted.gtld", func(d *registrartest.Domain) {
			d.Statuses, d.RGP = []string{"pendingDelete"}, []string{"redemptionPeriod"}
		})
		b.due()
		_, err := b.auto.RunDue(b.ctx)
		b.must(err)
		b.want("kept", b.read(kept.ID).Status, domainname.Grace)
		b.want("deleted", b.read(gone.ID).Status, domainname.Redemption)
		// What was read longer ago than a day counts no more.
		b.exec("UPDATE registrars SET sync_mode = 'off'")
		b.sleep(25 * time.Hour)
		_, err = b.auto.RunDue(b.ctx)
		b.must(err)
		b.want("kept", b.read(kept.ID).Status, domainname.Redemption)
	})
}

// F6: expiry handling and a renewal at the same instant never end in a domain that is renewed and expired.
func TestF6RenewalAtExpiry(t *testing.T) {
	each(t, func(b *bundle) {
		const all = 1000
		b.exec("UPDATE registrars SET sync_mode = 'off'")
		b.exec("UPDATE tld_policies SET grace_days = 0, redemption_days = 0, grace_fee = '{}', redemption_fee = '{}'")
		ids := make([]string, all)
		for i := range ids {
			ids[i] = b.put(fmt.Sprintf("f6-%d.cctld", i), "2026-11-22").ID
		}
		b.store.Clock.Set(noon.Add(12 * time.Hour)) // the first instant after the term
		var both sync.WaitGroup
		begin := make(chan struct{})
		errs := make(chan error, 2*all)
		both.Go(func() {
			<-begin
			_, err := b.auto.RunDue(b.ctx)
			errs <- err
		})
		for _, id := range ids {
			both.Go(func() {
				<-begin
				// As the registrar's worker does: under the lock, from what it reads there.
				errs <- b.store.DB.Write(b.ctx, func(tx *db.Tx) error {
					d, err := domainname.Lock(b.ctx, tx, id)
					if err != nil || d.Status == domainname.Expired {
						return err
					}
					d.Expiry.At, d.PaidThrough = d.Expiry.At.AddDate(1, 0, 0), domainname.AddYears(d.PaidThrough, 1)
					return domainname.Save(b.ctx, tx, &d)
				})
			})
		}
		close(begin)
		both.Wait()
		close(errs)
		for err := range errs {
			b.must(err)
		}
		b.want("renewed and not active", b.count("SELECT count(*) FROM domains WHERE expires_on > '2027-01-01' AND status <> 'active'"), 0)
		b.want("not renewed and active", b.count("SELECT count(*) FROM domains WHERE expires_on < '2027-01-01' AND status <> 'expired'"), 0)
		b.want("failures", strings.TrimSpace(fmt.Sprint(b.count("SELECT count(*) FROM automation_failures"))), 0)
	})
}
