package renewal_test

import (
	"slices"
	"testing"

	"github.com/keystead/keystead/internal/domainname"
)

// A late fee that is paid alone counts for its renewal: what is left to pay is told without it. If the renewal is not made, it is
// credit; an order uses that up.
func TestFeePaidBeforeItsRenewal(t *testing.T) {
	each(t, september, func(s *shop) {
		told := func(id string, want ...domainname.Bill) {
			s.Helper()
			if row := must(s.Domains.ByID(s.ctx, id))(s.T); !slices.Equal(row.Bills, want) {
				s.Errorf("%+v, want %+v", row.Bills, want)
			}
		}
		d, r := s.late("example.cctld")
		own, fee := domainname.Bill{InvoiceID: r.InvoiceID, Sum: eur(1000)}, domainname.Bill{InvoiceID: r.FeeInvoiceID, Sum: eur(500)}
		told(d.ID, own, fee)
		if out := must(s.Renewals.Outlook(s.ctx, d.ID))(s.T); out.Steps[0].What != "charge" || out.Steps[0].Sum != eur(1500) {
			s.Errorf("%+v", out.Steps[0])
		}
		s.pay(r.FeeInvoiceID)
		s.states(d.ID, "automatic open")
		fee.Paid = true
		told(d.ID, own, fee)
		if out := must(s.Renewals.Outlook(s.ctx, d.ID))(s.T); out.Steps[0].What != "charge" || out.Steps[0].Sum != eur(1000) {
			s.Errorf("%+v", out.Steps[0])
		}
		// The next stage asks for the rest of its own fee.
		s.advance("2026-11-01T12:00:00Z")
		told(d.ID, own, fee, domainname.Bill{InvoiceID: s.last(d.ID).FeeInvoiceID, Sum: eur(7500)})
		must(s.Renewals.SetAutoRenew(s.ctx, d.ID, false, ""))(s.T)
		s.states(d.ID, "automatic withdrawn")
		told(d.ID)
		s.credit(s.customer, 500)
		if o := s.ordered(d.ID); o.Total != eur(9200) || s.owes(s.customer) != 8700 {
			s.Errorf("%s, and %d are to be paid", o.Total, s.owes(s.customer))
		}
		s.credit(s.customer, 0)
		s.payAll(s.customer)
		s.states(d.ID, "automatic withdrawn", "ordered paid")
		s.proven()
	})
}
