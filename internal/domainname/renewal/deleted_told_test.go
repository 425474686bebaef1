package renewal_test

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
)

// Whoever is told that a domain was deleted reads what a restore costs; and that it is renewed, that this will not happen by itself
// again while auto renew is off.
func TestToldOfDeletionAndRestore(t *testing.T) {
	each(t, noon, func(s *shop) {
		d := s.put("example.cctld", "2026-12-20", func(d *domainname.Domain) { d.DoNotRenew = true })
		s.write(func(tx *db.Tx) error {
			return event.Emit(s.ctx, tx, event.New{Type: "domain.deleted", SubjectID: d.ID, CustomerID: s.customer, Data: map[string]any{
				"name": d.Name.String(), "shown": d.Name.Unicode(), "restore": true, "last_day": "2026-12-22",
			}})
		})
		s.pay(s.ordered(d.ID).InvoiceID)
		if s.work(d.ID) != 1 {
			s.Fatal("nothing was sent")
		}
		on := s.put("on.cctld", "2026-12-20")
		s.pay(s.ordered(on.ID).InvoiceID)
		s.work(on.ID)
		s.advance("2026-11-22T13:00:00Z")
		s.told(d.ID, "domain_deleted", `"amount":8000`)
		s.told(d.ID, "domain_renewed", `"Off":true`)
		s.told(on.ID, "domain_renewed", `"Off":false`)
	})
}

// told looks for a part of what the one mail of a kind about a domain says.
func (s *shop) told(id, kind, part string) {
	s.Helper()
	var data string
	s.write(func(tx *db.Tx) error {
		return tx.SQL().QueryRowContext(s.ctx, `SELECT data FROM mails WHERE kind = $1 AND subject_id = $2`, kind, id).Scan(&data)
	})
	if !strings.Contains(data, part) {
		s.Errorf("%s: %q is not in %s", kind, part, data)
	}
}
