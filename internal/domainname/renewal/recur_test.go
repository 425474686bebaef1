package renewal_test

import (
	"testing"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/payment"
)

// No gateway that is shipped declares subscriptions of its own: none is ever offered. A flow that is to declare them needs
// more than that ([renewal.MayRecur] says when it may be offered, and nobody ends one yet).
func TestNoGatewayHasSubscriptions(t *testing.T) {
	each(t, noon, func(s *shop) {
		all := s.Payments.Gateways()
		if len(all) == 0 {
			s.Fatal("no gateways")
		}
		for _, g := range all {
			if g.Can.Subscriptions {
				s.Errorf("%s declares subscriptions", g.Name)
			}
		}
	})
}

// Section 7: what comes in for an invoice that is paid already, as a subscription's payment would, becomes credit and renews
// nothing.
func TestPaymentOfWhatIsPaid(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.cctld")
		s.pay(r.InvoiceID)
		before := s.domain(d.ID)
		for range 2 { // the same money told twice is taken once
			must(s.Payments.Record(s.ctx, r.InvoiceID, payment.Manual{Money: eur(1000), Reference: "sub_1 2027"}))(s.T)
		}
		if after := s.domain(d.ID); after.PaidThrough != before.PaidThrough || after.NextDue != before.NextDue {
			s.Errorf("paid through %s, next due %s: they moved twice", after.PaidThrough, after.NextDue)
		}
		s.states(d.ID, "automatic paid")
		s.credit(s.customer, 1000)
		if n := s.work(d.ID); n != 1 {
			s.Errorf("%d sent", n)
		}
		if got := s.last(d.ID).State; got != domainname.RenewalConfirmed {
			s.Errorf("%s", got)
		}
		s.proven()
	})
}
