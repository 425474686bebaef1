package renewal_test

import (
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
)

// domains.withdraw_on_do_not_renew off: the line stays payable when auto renew is turned off, and no other is made.
func TestLineStaysWithoutAutoRenew(t *testing.T) {
	each(t, february, func(s *shop) {
		s.set(map[string]any{"domains.withdraw_on_do_not_renew": false})
		d, r := s.automatic("example.cctld")
		must(s.Renewals.SetAutoRenew(s.ctx, d.ID, false, "by the customer"))(s.T)
		s.states(d.ID, "automatic open")
		s.advance("2027-03-01T12:00:00Z")
		s.states(d.ID, "automatic open")
		s.pay(r.InvoiceID)
		s.states(d.ID, "automatic paid")
		if s.work(d.ID) != 1 {
			s.Error("nothing was sent")
		}
		s.dates(d.ID, "2028-03-10", "2028-03-10", "2028-03-10")
		s.advance("2028-03-05T12:00:00Z")
		s.states(d.ID, "automatic confirmed")
		s.proven()
	})
}

// domains.renewal_orders off: customers order none, and are told so; invoices are made and staff renew all the same.
func TestNoRenewalOrders(t *testing.T) {
	each(t, february, func(s *shop) {
		s.set(map[string]any{"domains.renewal_orders": false})
		d := s.put("example.cctld", "2027-03-10")
		_ = s.refused(second(s.order(d.ID)), "TERM_NOT_AVAILABLE", "orders_off")
		s.states(d.ID)
		s.bills(s.customer)
		other := s.put("other.cctld", "2027-06-10")
		must(s.Renewals.Manual(s.ctx, other.ID, renewal.ManualInput{Years: 1, MoveNextDue: yes()}))(s.T)
		s.states(other.ID, "manual paid")
		s.advance("2027-02-24T12:00:00Z")
		s.states(d.ID, "automatic open")
		s.pay(s.last(d.ID).InvoiceID)
		if s.work(d.ID) != 1 {
			s.Error("what was invoiced is not sent")
		}
		s.proven()
	})
}

// domains.order_days: an ordered renewal that nobody pays is given up so many days after the order.
func TestOrderDays(t *testing.T) {
	each(t, noon, func(s *shop) {
		s.set(map[string]any{"domains.order_days": 3})
		d := s.put("example.cctld", "2027-06-10", func(d *domainname.Domain) { d.DoNotRenew = true })
		s.ordered(d.ID)
		s.advance("2026-11-24T23:59:59Z")
		s.states(d.ID, "ordered open")
		s.advance("2026-11-25T00:30:00Z")
		s.states(d.ID, "ordered withdrawn")
		if inv := s.invoice(s.last(d.ID).InvoiceID); inv.Status != billing.Void {
			s.Errorf("the invoice is %s", inv.Status)
		}
		s.proven()
	})
}
