package renewal_test

import (
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
)

// Staff have said that a term was renewed elsewhere, and the customer pays for it. Where the registry does not have it by then, staff
// are asked to look, and can have it tried again: nothing is sent for it by itself.
func TestElsewhereIsNotThere(t *testing.T) {
	each(t, noon, func(s *shop) {
		said := func(name string) domainname.Domain {
			t.Helper()
			d := s.put(name, "2026-12-06")
			s.advance(noon)
			s.ok(s.Renewals.Revoke(s.ctx, s.last(d.ID).LineID, true, "at the panel"))
			s.states(d.ID, "automatic satisfied")
			if _, err := s.Renewals.Release(s.ctx, s.last(d.ID).ID, "unpaid"); err == nil {
				s.Error("what nobody has paid is tried again")
			}
			return d
		}
		lost := said("lost.cctld")
		s.pay(s.last(lost.ID).InvoiceID)
		for _, answer := range []string{renewal.ExtendPaid, renewal.InvoiceAgain, renewal.LetGo} {
			_ = s.refused(s.Renewals.Answer(s.ctx, lost.ID, answer, "nobody asks"), "NOTHING_TO_ANSWER", "")
		}
		s.dates(lost.ID, "2026-12-06", "2027-12-06", "2027-12-06") // what is paid for stays so
		s.asked(lost.ID, renewal.TaskLastDay)
		must(s.Renewals.Release(s.ctx, s.last(lost.ID).ID, "it is not there"))(s.T)
		s.states(lost.ID, "automatic paid")
		s.asked(lost.ID)

		done := said("done.cctld")
		s.write(func(tx *db.Tx) error {
			d, err := domainname.Lock(s.ctx, tx, done.ID)
			if err != nil {
				return err
			}
			d.Adopt(d.Expiry.At.AddDate(1, 0, 0), domainname.Reading{Raw: "read", Source: domainname.FromEPP}, tx.Now)
			return domainname.Save(s.ctx, tx, &d)
		})
		s.pay(s.last(done.ID).InvoiceID)
		s.dates(done.ID, "2027-12-06", "2027-12-06", "2027-12-06")
		s.asked(done.ID)
		if _, err := s.Renewals.Release(s.ctx, s.last(done.ID).ID, "why not"); err == nil {
			s.Error("what is done is tried again")
		}
	})
}
