package renewal_test

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/db"
)

// heldMails are the mails that say that a paid renewal of a domain waits for money, oldest first.
func (s *shop) heldMails(id string) (texts []string) {
	s.Helper()
	var ids []string
	s.write(func(tx *db.Tx) error {
		ids = nil
		rows, err := tx.SQL().QueryContext(s.ctx, `SELECT id FROM mails WHERE kind = 'domain_held' AND subject_id = $1 ORDER BY id`, id)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return rows.Err()
	})
	for _, id := range ids {
		texts = append(texts, must(s.Mail.ByID(s.ctx, id))(s.T).Text)
	}
	return texts
}

// A customer is written to whenever a paid renewal waits for something else of theirs: a price that is raised once more must be
// accepted once more. What it waits for still is not told again.
func TestHeldIsToldForEachPrice(t *testing.T) {
	each(t, noon, func(s *shop) {
		var d0 string
		told := func(at string, amounts ...string) {
			s.Helper()
			s.advance(at)
			texts := s.heldMails(d0)
			if len(texts) != len(amounts) {
				s.Fatalf("told %d times, want %d: %q", len(texts), len(amounts), texts)
			}
			for i, amount := range amounts {
				if !strings.Contains(texts[i], amount) {
					s.Errorf("the mail lacks %s:\n%s", amount, texts[i])
				}
			}
		}
		d := s.put("gold.cctld", "2027-05-01")
		d0 = d.ID
		s.pay(s.ordered(d.ID).InvoiceID) // 12.00
		told("2026-11-22T12:10:00Z")
		s.asksMore(d.ID, eur(25000), eur(23800))
		told("2026-11-22T12:20:00Z", "€238.00")
		s.asksMore(d.ID, eur(30000), eur(28800)) // before the customer has accepted that
		told("2026-11-22T12:30:00Z", "€238.00", "€288.00")
		s.asksMore(d.ID, eur(30000), eur(28800)) // the same again
		told("2026-11-22T12:40:00Z", "€238.00", "€288.00")
	})
}
