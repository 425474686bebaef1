package dispatch

import (
	"slices"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// A restore that the registry has begun is reported whatever becomes of its money meanwhile, and wherever the process ends: without
// the report the registry deletes the name, and the restore is paid for by the store either way.
func TestReportedInAnyCase(t *testing.T) {
	t.Parallel()
	reported := func(b *bench, reports int) {
		b.Helper()
		if restores, n := b.fake.Sent("restore"), b.fake.Sent("report"); restores != 1 || n != reports {
			b.Fatalf("%d restores, %d reports", restores, n)
		}
		if there, _ := b.fake.Domain("gold.example"); len(there.RGP) != 0 || there.Expiry != "2027-10-01T10:00:00Z" {
			b.Fatalf("at the registry: %+v", there)
		}
	}
	for _, point := range []string{"sent", "answered", "settled"} {
		t.Run("the process ends: "+point, func(t *testing.T) {
			each(t, func(b *bench) {
				_, r := b.inRedemption(nil)
				b.kill(point)
				b.dies()
				b.purse.refunded = true
				b.run()
				b.is(r, domainname.RenewalConfirmed, 0)
				reported(b, 1)
				b.once(r)
				if !slices.Contains(b.purse.begun, r.ID) {
					b.Error("nobody was told of its money")
				}
			})
		})
		t.Run("the process ends at the report: "+point, func(t *testing.T) {
			each(t, func(b *bench) {
				_, r := b.inRedemption(nil)
				b.killAfter(point, 1)
				b.dies()
				b.purse.refunded = true
				b.run()
				b.is(r, domainname.RenewalConfirmed, 0)
				reported(b, 1)
				b.once(r)
			})
		})
	}
	t.Run("the process ends: committed", func(t *testing.T) { // nothing was sent, so nothing is
		each(t, func(b *bench) {
			_, r := b.inRedemption(nil)
			b.kill("committed")
			b.dies()
			b.purse.refunded = true
			b.pass(time.Hour, time.Minute)
			b.is(r, domainname.RenewalRefunded, 0)
			if b.fake.Sent("restore") != 0 {
				b.Error("it was restored")
			}
		})
	})
	t.Run("cut off", func(t *testing.T) {
		each(t, func(b *bench) {
			_, r := b.inRedemption(nil)
			b.fake.Break(fault{Kind: registrartest.CutBefore, Command: "report", Times: 3})
			b.run()
			b.is(r, domainname.RenewalSubmitted, 0)
			b.purse.refunded = true
			b.after(time.Minute)
			b.after(5 * time.Minute)
			b.is(r, domainname.RenewalSubmitted, 0)
			b.after(30 * time.Minute)
			b.is(r, domainname.RenewalConfirmed, 0)
			reported(b, 4)
		})
	})
	t.Run("refused for long", func(t *testing.T) {
		each(t, func(b *bench) {
			_, r := b.inRedemption(nil)
			b.fake.Break(fault{Kind: registrartest.CutBefore, Command: "report", Times: 4})
			b.pass(48*time.Hour, time.Minute)
			if got := b.held(r, domainname.HeldRegistry, 0); got.Cause != domainname.RefusedAgain || b.fake.Sent("report") != 4 {
				b.Fatalf("held because of %s, %d reports", got.Cause, b.fake.Sent("report"))
			}
			b.purse.refunded = true
			b.goesOn(r, func(_ *db.Tx, _ *domainname.Domain, _ *domainname.Renewal) error { return nil })
			b.is(r, domainname.RenewalConfirmed, 0)
			reported(b, 5)
		})
	})
	t.Run("years beyond the restore", func(t *testing.T) { // are not sent without their money
		each(t, func(b *bench) {
			_, r := b.inRedemption(nil, func(d *domainname.Domain) { d.Term = 2 })
			b.kill("settled")
			b.dies()
			b.purse.refunded = true
			b.run()
			b.is(r, domainname.RenewalRefunded, 0)
			reported(b, 1)
		})
	})
}
