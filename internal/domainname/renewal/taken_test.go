package renewal_test

import (
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname/renewal"
)

// What the registry has made, and the customer did not want, is ordered after all: the order pays for the year that is there, and
// nothing is sent for it.
func TestOrderedAfterItWasWithdrawn(t *testing.T) {
	each(t, february, func(s *shop) {
		d, _ := s.automatic("example.gtld")
		s.ahead(d.ID, "automatic satisfied")
		must(s.Renewals.SetAutoRenew(s.ctx, d.ID, false, ""))(s.T)
		s.states(d.ID, "automatic withdrawn")
		s.pay(s.ordered(d.ID).InvoiceID)
		if s.work(d.ID) != 0 {
			s.Error("a second year was sent")
		}
		s.states(d.ID, "automatic withdrawn", "ordered satisfied")
		s.dates(d.ID, "2028-03-10", "2028-03-10", "2028-03-10")
		s.proven()
	})
}

// The same of what staff have renewed by hand, still owed, and taken away: the customer pays for one year, and one was sent.
func TestOrderedAfterItWasTakenAway(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.gtld")
		must(s.Renewals.Manual(s.ctx, d.ID, renewal.ManualInput{Years: 1, MoveNextDue: no(), OpenLine: renewal.StillOwed}))(s.T)
		if s.work(d.ID) != 1 {
			s.Error("not sent")
		}
		s.void(r.InvoiceID, "a mistake")
		s.states(d.ID, "automatic revoked")
		s.pay(s.ordered(d.ID).InvoiceID)
		if s.work(d.ID) != 0 {
			s.Error("a second year was sent")
		}
		s.states(d.ID, "automatic revoked", "ordered satisfied")
		s.dates(d.ID, "2028-03-10", "2028-03-10", "2028-03-10")
		s.proven()
	})
}

// A renewal that is made and paid can't be taken away, whoever writes it.
func TestPaidIsNotTakenAway(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.gtld")
		s.ahead(d.ID, "automatic satisfied")
		s.pay(r.InvoiceID)
		for _, state := range []string{"withdrawn", "revoked"} {
			err := s.store.DB.Write(s.ctx, func(tx *db.Tx) error {
				_, err := tx.SQL().ExecContext(s.ctx, `UPDATE domain_renewals SET state = $1 WHERE id = $2`, state, r.ID)
				return err
			})
			if err == nil {
				s.Errorf("it is paid, and %s", state)
			}
		}
		s.states(d.ID, "automatic satisfied")
	})
}

// An order that comes while staff are asked what becomes of the year that nobody paid for is the answer: it pays for that year.
func TestOrderedWhileStaffAreAsked(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.gtld")
		s.ahead(d.ID, "automatic satisfied")
		s.void(r.InvoiceID, "a mistake")
		s.advance("2027-02-27T12:00:00Z")
		s.asked(d.ID, renewal.TaskUnpaid)
		s.pay(s.ordered(d.ID).InvoiceID)
		s.asked(d.ID)
		if s.work(d.ID) != 0 {
			s.Error("a second year was sent")
		}
		s.states(d.ID, "automatic revoked", "ordered satisfied")
		s.dates(d.ID, "2028-03-10", "2028-03-10", "2028-03-10")
		s.proven()
	})
}
