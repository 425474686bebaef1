package renewal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
)

// corrected has the registry's date read some days off, as sync takes it; due says that next due follows.
func (s *shop) corrected(id string, days int, due bool) {
	s.Helper()
	s.write(func(tx *db.Tx) error {
		d, err := domainname.Lock(s.ctx, tx, id)
		if err != nil {
			return err
		}
		at := d.Expiry.At.AddDate(0, 0, days)
		read, bad := d.Take(domainname.Reading{Raw: at.Format(time.RFC3339), Source: domainname.FromEPP}, tx.Now)
		if bad != nil || read.Finding != domainname.Corrected {
			s.Errorf("%+v %v", read, bad)
		}
		if due {
			d.NextDue = d.NextDue.AddDays(days)
		}
		return domainname.Save(s.ctx, tx, &d)
	})
}

// A term whose end was corrected by some days is the same one: what was revoked of it is not invoiced again, and staff are asked.
func TestRevokedTermIsCorrected(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.cctld")
		s.ok(s.Renewals.Revoke(s.ctx, r.LineID, false, "pay but do not renew"))
		s.pay(r.InvoiceID)
		s.corrected(d.ID, 3, true)
		s.advance("2027-03-09T12:00:00Z")
		s.states(d.ID, "automatic revoked")
		s.bills(s.customer, "2027-02-24 2027-03-10 paid 10.00")
		s.asked(d.ID, renewal.TaskUnpaid)
		s.ok(s.Renewals.Answer(s.ctx, d.ID, renewal.InvoiceAgain, "the customer wants it"))
		s.advance("2027-03-09T13:00:00Z")
		s.states(d.ID, "automatic withdrawn", "automatic open")
		s.proven()
	})
}

// What the registry has made for a term is in the way of another renewal of it, though its end was corrected meanwhile.
func TestOwedYearOfACorrectedTerm(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.gtld")
		s.corrected(d.ID, -2, true)
		s.ahead(d.ID, "automatic satisfied")
		_, err := s.order(d.ID)
		if e := s.refused(err, "RENEWAL_OPEN", ""); e.More["invoice_id"] != r.InvoiceID {
			s.Errorf("%+v", e.More)
		}
		s.advance("2027-03-09T12:00:00Z")
		s.states(d.ID, "automatic satisfied")
		unpaid := must(s.Domains.ByID(s.ctx, d.ID))(s.T)
		if unpaid.Owed == nil || unpaid.Owed.ID != r.ID {
			s.Errorf("owed %+v", unpaid.Owed)
		}
		s.pay(r.InvoiceID)
		s.dates(d.ID, "2028-03-08", "2028-03-08", "2028-03-08")
		s.proven()
	})
}

// A renewal that was ordered early and revoked is asked about when its term is about to end, however that was corrected, and by its
// end as it is now.
func TestRevokedEarlyTermIsCorrected(t *testing.T) {
	each(t, "2026-11-22T12:00:00Z", func(s *shop) {
		d := s.put("example.cctld", "2027-03-10")
		s.ordered(d.ID)
		s.ok(s.Renewals.Revoke(s.ctx, s.last(d.ID).LineID, false, "pay but do not renew"))
		s.corrected(d.ID, 3, true)
		s.advance("2027-01-20T12:00:00Z")
		s.states(d.ID, "ordered revoked")
		s.asked(d.ID)
		s.advance("2027-02-05T12:00:00Z")
		s.asked(d.ID, renewal.TaskUnpaid)
		if detail := s.question(d.ID, renewal.TaskUnpaid); !strings.Contains(detail, "its term ends on 13 March 2027") {
			s.Error(detail)
		}
		s.proven()
	})
}

// What staff are asked about can be answered, though the end was corrected more than once.
func TestRevokedTermIsCorrectedTwice(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.cctld")
		s.ok(s.Renewals.Revoke(s.ctx, r.LineID, false, "pay but do not renew"))
		s.corrected(d.ID, 5, false)
		s.corrected(d.ID, 5, false)
		s.advance("2027-02-27T12:00:00Z")
		s.asked(d.ID, renewal.TaskUnpaid)
		s.ok(s.Renewals.Answer(s.ctx, d.ID, renewal.InvoiceAgain, "the customer wants it"))
		s.advance("2027-02-28T12:00:00Z")
		s.states(d.ID, "automatic withdrawn", "automatic open")
		s.proven()
	})
}
