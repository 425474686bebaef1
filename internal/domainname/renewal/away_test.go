package renewal_test

import (
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/payment"
)

// underWay has a command be under way for a paid renewal while f happens, which the registry turns out not to have done. It
// returns the renewal as it is when the command is to be sent again.
func (s *shop) underWay(domainID string, f func()) (r domainname.Renewal) {
	s.Helper()
	move := func(on domainname.RenewalTrigger) {
		s.write(func(tx *db.Tx) error {
			open, err := domainname.OpenRenewal(s.ctx, tx, domainID)
			if err != nil {
				return err
			}
			return domainname.MoveRenewal(s.ctx, tx, open, on)
		})
	}
	move(domainname.OnSend)
	f()
	move(domainname.OnReadBase)
	return s.due(domainID)
}

// due asks the money side whether the paid renewal of a domain is to be sent.
func (s *shop) due(domainID string) (r domainname.Renewal) {
	s.Helper()
	s.write(func(tx *db.Tx) error {
		d, err := domainname.Lock(s.ctx, tx, domainID)
		if err != nil {
			return err
		}
		open, err := domainname.OpenRenewal(s.ctx, tx, domainID)
		if err != nil {
			return err
		}
		r = *open
		return s.Renewals.Due(s.ctx, tx, &d, &r)
	})
	return r
}

// What was refunded while nobody knew what became of its command is not sent again.
func TestRefundedWhileUnderWay(t *testing.T) {
	each(t, noon, func(s *shop) {
		d := s.put("example.cctld", "2027-03-10")
		o := s.ordered(d.ID)
		s.pay(o.InvoiceID)
		r := s.underWay(d.ID, func() {
			must(s.Payments.Refund(s.ctx, o.InvoiceID, payment.RefundInput{Adjust: true, Reason: "changed their mind"}))(s.T)
			s.states(d.ID, "ordered submitted")
		})
		if r.State != domainname.RenewalRefunded {
			s.Fatalf("renewal %+v", r)
		}
		s.dates(d.ID, "2027-03-10", "2027-03-10", "2027-03-10")
		s.events(d.ID, "renewal_ordered", "renewal_paid", "renewal_refunded")
		s.proven()
	})
}

// The same, the debt staying: it waits, until it is paid again or staff have it sent.
func TestMoneyAwayWhileUnderWay(t *testing.T) {
	each(t, noon, func(s *shop) {
		d := s.put("example.cctld", "2027-03-10")
		o := s.ordered(d.ID)
		s.pay(o.InvoiceID)
		r := s.underWay(d.ID, func() {
			must(s.Payments.Refund(s.ctx, o.InvoiceID, payment.RefundInput{Reason: "paid by mistake"}))(s.T)
		})
		if r.State != domainname.RenewalHeld || r.Hold != domainname.HeldStaff {
			s.Fatalf("renewal %+v", r)
		}
		must(s.Renewals.Release(s.ctx, r.ID, "they will pay"))(s.T)
		if r = s.due(d.ID); r.State != domainname.RenewalPaid {
			s.Fatalf("renewal %+v", r)
		}
	})
}

// The fee that a refunded renewal has waited for is not asked for any more; one that was paid is credit.
func TestFeeOfWhatIsRefunded(t *testing.T) {
	t.Parallel()
	for name, paid := range map[string]bool{"open": false, "paid": true} {
		t.Run(name, func(t *testing.T) {
			each(t, "2026-09-25T12:00:00Z", func(s *shop) {
				d := s.put("example.cctld", "2026-10-01")
				o := s.ordered(d.ID)
				s.store.Clock.Set(instant(s.T, "2026-10-02T12:00:00Z"))
				s.pay(o.InvoiceID)
				s.states(d.ID, "ordered held top_up")
				r := s.last(d.ID)
				if paid {
					s.pay(r.FeeInvoiceID)
					s.states(d.ID, "ordered paid")
				}
				must(s.Payments.Refund(s.ctx, o.InvoiceID, payment.RefundInput{Adjust: true, Reason: "too dear"}))(s.T)
				s.states(d.ID, "ordered refunded")
				if fee := s.invoice(r.FeeInvoiceID); !paid && fee.Status != billing.Void {
					s.Errorf("the fee is %s", fee.Status)
				}
				if s.credit(s.customer, map[bool]int64{false: 0, true: 500}[paid]); s.owes(s.customer) != 0 {
					s.Errorf("owes %d", s.owes(s.customer))
				}
				s.proven()
			})
		})
	}
}
