package renewal_test

import (
	"slices"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/report"
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
		want := []report.Part{
			{Name: "Hosting", Amount: eur(2000)},
			{Name: "Renewals of .cctld", Amount: eur(1200)},
			{Name: "Renewals of .gtld", Amount: eur(1200)},
			{Name: "Late fees of .gtld", Amount: eur(500)},
		}
		if !slices.Equal(r.Products, want) {
			s.Errorf("by product %+v", r.Products)
		}
		if r.Countries[0].Amount != eur(4900) {
			s.Errorf("by country %+v", r.Countries)
		}
		if r.Due[0].Count != 2 || r.Due[0].Amount != eur(2000+soon.Recurring.Amount) {
			s.Errorf("due within 30 days: %+v", r.Due[0])
		}
	})
}
