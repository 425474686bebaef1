package renewal_test

import (
	"fmt"
	"testing"
	"time"
)

// What is paid for domains is in the revenue by product, so that its parts are all of it; what falls due of them is in what is
// foreseen.
func TestRevenueOfDomains(t *testing.T) {
	each(t, "2026-11-22T12:00:00Z", func(s *shop) {
		plain, late := s.put("plain.cctld", "2027-03-10"), s.put("late.gtld", "2026-11-20")
		s.hosting("monthly", 2000)
		s.pay(s.ordered(plain.ID, late.ID).InvoiceID)
		soon := s.put("soon.cctld", "2026-12-20")
		r, err := s.Reports.Recurring(s.ctx, time.UTC, "EUR")
		s.ok(err)
		got := ""
		for _, p := range r.Products {
			got += fmt.Sprintf("%s %d, ", p.Name, p.Amount.Amount)
		}
		if want := "Hosting 2000, Renewals of .cctld 1200, Renewals of .gtld 1200, Late fees of .gtld 500, "; got != want {
			s.Errorf("by product %s", got)
		}
		if r.Countries[0].Amount != eur(4900) {
			s.Errorf("by country %+v", r.Countries)
		}
		if r.Due[0].Count != 2 || r.Due[0].Amount != eur(2000+soon.Recurring.Amount) {
			s.Errorf("due within 30 days: %+v", r.Due[0])
		}
	})
}
