package renewal_test

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/payment"
)

// deleting has staff ask the registry to delete a domain, which has not answered yet.
func (s *shop) deleting(id string) {
	s.Helper()
	s.ok(s.giveUp(id))
	s.write(func(tx *db.Tx) error {
		if _, err := tx.SQL().ExecContext(s.ctx, `INSERT INTO registrars (id, name, adapter, sync_mode, status, created_at) VALUES ('reg_1', 'lab', 'lab', 'on', 'active', 0)`); err != nil {
			return err
		}
		return tx.InsertRegistrarCommand(s.ctx, query.InsertRegistrarCommandParams{
			ID: tx.NewID("cmd"), TransactionID: "delete-1", RegistrarID: "reg_1", DomainID: id, Attempt: 1, Command: "delete", GuardKind: "none", CreatedAt: tx.Stamp,
		})
	})
}

// While a registry is asked to delete a domain, nobody renews it, in no place; what is paid for it all the same is credit. It is as
// before when the registry has it still.
func TestNoRenewalWhileItIsDeleted(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.gtld")
		s.deleting(d.ID)
		s.states(d.ID, "automatic withdrawn")
		for _, by := range []domainname.Asker{domainname.ByCustomer, domainname.ByStaff, domainname.ByAutomation} {
			_, o, err := s.Renewals.Offer(s.ctx, d.ID, by)
			s.ok(err)
			if o.Refusal == nil || o.Refusal.Reason != domainname.NotActive || !strings.Contains(o.Refusal.Sentence("en"), "deleted") || len(o.On()) > 0 {
				s.Errorf("by %s: %+v, %d terms", by, o.Refusal, len(o.On()))
			}
		}
		_, err := s.order(d.ID)
		if e := s.refused(err, "TERM_NOT_AVAILABLE", "not_active"); !strings.Contains(e.Detail, "deleted") {
			s.Error(e.Detail)
		}
		_, err = s.Renewals.Manual(s.ctx, d.ID, renewal.ManualInput{Years: 1, MoveNextDue: no()})
		_ = s.refused(err, "TERM_NOT_AVAILABLE", "not_active")
		// Turned on again, no invoice is made: neither of many domains, nor of one.
		must(s.Renewals.SetAutoRenew(s.ctx, d.ID, true, ""))(s.T)
		s.advance("2027-02-26T12:00:00Z")
		s.states(d.ID, "automatic withdrawn")
		s.asked(d.ID, renewal.TaskNotOnSale)
		// The customer has wired what the invoice asked for before.
		must(s.Payments.Record(s.ctx, r.InvoiceID, payment.Manual{Money: eur(1000), Reference: "late"}))(s.T)
		s.credit(s.customer, 1000)
		s.states(d.ID, "automatic withdrawn")

		s.write(func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(s.ctx, `UPDATE registrar_commands SET outcome = 'not_done', settled_at = 1`)
			return err
		})
		s.pay(s.ordered(d.ID).InvoiceID)
		s.states(d.ID, "automatic withdrawn", "ordered paid")
		s.proven()
	})
}
