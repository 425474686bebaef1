package renewal_test

import (
	"testing"

	"github.com/keystead/keystead/internal/domainname"
)

// Without grace, an order that is placed in redemption asks for the restore: it can be paid until the last day of that, and is given
// up then. What was ordered before, for less, ends with the last plain day.
func TestOrderInRedemption(t *testing.T) {
	each(t, noon, func(s *shop) {
		s.policy("nograce", func(p *domainname.Policy) { p.GraceDays, p.GraceFee = 0, nil })
		d := s.put("paid.nograce", "2026-11-20") // redemption from 11-21 to 12-20
		o := s.ordered(d.ID)
		if o.Total != eur(9200) {
			t.Errorf("it costs %s", o.Total)
		}
		s.advance("2026-11-25T12:00:00Z")
		s.states(d.ID, "ordered open")
		s.pay(o.InvoiceID)
		s.states(d.ID, "ordered paid")
		s.credit(s.customer, 0)

		late := s.put("late.nograce", "2026-11-20")
		s.set(map[string]any{"domains.order_days": 60})
		s.ordered(late.ID)
		s.advance("2026-12-20T23:00:00Z")
		s.states(late.ID, "ordered open")
		s.advance("2026-12-21T12:00:00Z")
		s.states(late.ID, "ordered withdrawn")

		before := s.put("before.nograce", "2026-12-22")
		s.ordered(before.ID)
		s.advance("2026-12-23T12:00:00Z")
		s.states(before.ID, "ordered withdrawn")
	})
}
