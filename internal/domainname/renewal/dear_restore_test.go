package renewal_test

import (
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
)

// The registry asks for more for the restore of a premium name than was paid for it. When staff have entered what it costs, the
// registry is read again and the rest is asked for.
func TestDearRestoreIsEntered(t *testing.T) {
	each(t, "2026-11-10T12:00:00Z", func(s *shop) {
		d := s.put("example.cctld", "2026-10-01", func(d *domainname.Domain) { d.Status, d.DoNotRenew = domainname.Redemption, true })
		s.pay(s.ordered(d.ID).InvoiceID)
		s.states(d.ID, "ordered paid")
		dispatched := func(f func(tx *db.Tx, d *domainname.Domain, r *domainname.Renewal) error) {
			s.write(func(tx *db.Tx) error {
				d, err := domainname.Lock(s.ctx, tx, d.ID)
				if err != nil {
					return err
				}
				r, err := domainname.OpenRenewal(s.ctx, tx, d.ID)
				if err != nil {
					return err
				}
				return f(tx, &d, r)
			})
		}
		dispatched(func(tx *db.Tx, _ *domainname.Domain, r *domainname.Renewal) error {
			r.Hold, r.Cause = domainname.HeldStaff, domainname.WaitsForPremium
			return domainname.MoveRenewal(s.ctx, tx, r, domainname.OnHold)
		})
		must(s.Renewals.QuoteRestore(s.ctx, d.ID, eur(9500), "told by phone"))(s.T)
		s.states(d.ID, "ordered paid")
		dispatched(func(tx *db.Tx, d *domainname.Domain, r *domainname.Renewal) error {
			return s.Renewals.TopUp(s.ctx, tx, d, r, eur(1500), domainname.HeldTopUp, domainname.WaitsForRestore)
		})
		s.states(d.ID, "ordered held top_up")
		s.payAll(s.customer)
		s.states(d.ID, "ordered paid")
		if r := s.last(d.ID); r.Fee != eur(9500) || s.owes(s.customer) != 0 {
			s.Errorf("paid %s for the restore, owes %d", r.Fee, s.owes(s.customer))
		}
		s.proven()
	})
}
