package renewal_test

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
)

// A year that the registry has added by itself and nobody pays for: staff are asked when the customer's last day to pay is over, once,
// while deleting still returns the fee.
func TestUndoIsAskedFor(t *testing.T) {
	each(t, february, func(s *shop) {
		s.set(map[string]any{"mail.staff": []string{"eve@store.example"}})
		d, r := s.automatic("example.gtld")
		own := s.put("own.gtld", "2027-03-10", func(d *domainname.Domain) { d.DoNotRenew = true })
		paid := s.put("paid.gtld", "2027-03-10")
		s.advance("2027-03-11T12:00:00Z")
		s.ahead(d.ID, "automatic satisfied")
		s.ahead(own.ID)
		s.ahead(paid.ID, "automatic satisfied")
		s.pay(s.last(paid.ID).InvoiceID)
		s.advance("2027-04-09T23:59:59Z")
		s.asked(d.ID)
		s.advance("2027-04-20T12:00:00Z")
		s.alerted(d.ID, renewal.TaskUndo, "2027-04-10")
		s.alerted(own.ID, renewal.TaskUndo, "2027-04-10")
		s.asked(paid.ID)
		detail := s.question(d.ID, renewal.TaskUndo)
		for _, want := range []string{"example.gtld", "until 10 March 2028", "was 9 April 2027", "until 24 April 2027, 10:00 UTC returns its fee;"} {
			if !strings.Contains(detail, want) {
				s.Errorf("%q is not in %q", want, detail)
			}
		}
		s.payAll(s.customer)
		s.asked(d.ID)
		s.asked(own.ID, renewal.TaskUndo)
		s.write(func(tx *db.Tx) error {
			d, err := domainname.Lock(s.ctx, tx, own.ID)
			if err != nil {
				return err
			}
			return s.Renewals.GiveUp(s.ctx, tx, &d, "nobody pays for it")
		})
		s.asked(own.ID)
		s.states(d.ID, "automatic satisfied")
		if r.ID != s.last(d.ID).ID {
			s.Error("it was invoiced again")
		}
	})
}

// Where the customer may pay until the registry keeps its fee, staff are asked before that; and what they renewed themselves they are
// not asked about.
func TestUndoIsAskedForInTime(t *testing.T) {
	each(t, february, func(s *shop) {
		s.set(map[string]any{"mail.staff": []string{"eve@store.example"}})
		s.policy("short", func(p *domainname.Policy) { p.RegistryAutoRenews, p.ARGPDays = true, 30 })
		s.policy("kept", func(p *domainname.Policy) { p.RegistryAutoRenews, p.ARGPDays = true, 0 })
		off := func(d *domainname.Domain) { d.DoNotRenew = true }
		short, kept, late := s.put("example.short", "2027-03-10", off), s.put("example.kept", "2027-03-10", off), s.put("late.short", "2027-01-20", off)
		for _, d := range []domainname.Domain{short, kept, late} {
			s.ahead(d.ID)
		}
		s.advance("2027-04-30T12:00:00Z")
		s.alerted(short.ID, renewal.TaskUndo, "2027-04-06")
		s.alerted(late.ID, renewal.TaskUndo, "2027-02-16")
		s.asked(kept.ID)
		if detail := s.question(short.ID, renewal.TaskUndo); !strings.Contains(detail, "last day to pay is 9 April 2027") {
			s.Error(detail)
		}
	})
}

// question is what staff are asked about a domain.
func (s *shop) question(id, kind string) string {
	s.Helper()
	tasks, _, err := s.Tasks.Open(s.ctx, "", 100)
	s.ok(err)
	for _, t := range tasks {
		if t.SubjectID == id && t.Kind == kind {
			return t.Detail
		}
	}
	s.Errorf("nothing is asked of kind %s", kind)
	return ""
}
