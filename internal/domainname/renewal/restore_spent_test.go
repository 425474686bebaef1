package renewal_test

import (
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/payment"
)

// Money that goes back while the registry restores what it was paid for: the restore goes on to its end, and staff are told, once.
func TestMoneyBackWhileRestored(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		back func(s *shop, invoiceID string)
		told string
	}{
		"refunded": {func(s *shop, invoiceID string) {
			must(s.Payments.Refund(s.ctx, invoiceID, payment.RefundInput{Adjust: true, Reason: "changed their mind"}))(s.T)
		}, renewal.TaskUnpaid},
		"the debt stays": {func(s *shop, invoiceID string) {
			must(s.Payments.Refund(s.ctx, invoiceID, payment.RefundInput{Reason: "paid by mistake"}))(s.T)
		}, renewal.TaskUnpaid},
		"nothing": {func(*shop, string) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, "2026-11-10T12:00:00Z", func(s *shop) {
				d := s.put("example.cctld", "2026-10-01", func(d *domainname.Domain) { d.Status, d.DoNotRenew = domainname.Redemption, true })
				o := s.ordered(d.ID)
				s.pay(o.InvoiceID)
				s.write(func(tx *db.Tx) error { // what the worker does when the restore has begun
					open, err := domainname.OpenRenewal(s.ctx, tx, d.ID)
					if err != nil {
						return err
					}
					return domainname.MoveRenewal(s.ctx, tx, open, domainname.OnSend)
				})
				c.back(s, o.InvoiceID)
				for range 2 {
					if r := s.due(d.ID); r.State != domainname.RenewalSubmitted {
						s.Fatalf("renewal %+v", r)
					}
				}
				s.states(d.ID, "ordered submitted")
				if c.told == "" {
					s.asked(d.ID)
				} else {
					s.asked(d.ID, c.told)
				}
			})
		})
	}
}

// A restore whose report was not taken, and which staff refund then, is not reported: they are told what follows, once. Of one that the
// registry has not begun nothing is said.
func TestRefundedBeforeItsReport(t *testing.T) {
	t.Parallel()
	for name, begun := range map[string]bool{"begun": true, "not begun": false} {
		t.Run(name, func(t *testing.T) {
			each(t, "2026-11-10T12:00:00Z", func(s *shop) {
				d := s.put("example.cctld", "2026-10-01", func(d *domainname.Domain) { d.Status, d.DoNotRenew = domainname.Redemption, true })
				o := s.ordered(d.ID)
				s.pay(o.InvoiceID)
				s.write(func(tx *db.Tx) error { // what the worker does when the report is refused
					r, err := domainname.OpenRenewal(s.ctx, tx, d.ID)
					if err != nil {
						return err
					}
					if _, err := tx.SQL().ExecContext(s.ctx, `INSERT INTO registrars (id, name, adapter, sync_mode, status, created_at) VALUES ('reg_1', 'lab', 'lab', 'on', 'active', 0)`); err != nil {
						return err
					}
					err = tx.InsertRegistrarCommand(s.ctx, query.InsertRegistrarCommandParams{
						ID: tx.NewID("cmd"), TransactionID: "restore-1", RegistrarID: "reg_1", DomainID: d.ID, RenewalID: &r.ID, Attempt: 1, Command: "restore", GuardKind: "none",
						CreatedAt: tx.Stamp,
					})
					if err != nil {
						return err
					}
					now, err := domainname.Lock(s.ctx, tx, d.ID)
					if err != nil {
						return err
					}
					if now.State.ReadAt = tx.Now; begun {
						now.State.RGP = []string{"pendingRestore"}
					}
					if err := domainname.Save(s.ctx, tx, &now); err != nil {
						return err
					}
					if err := domainname.MoveRenewal(s.ctx, tx, r, domainname.OnSend); err != nil {
						return err
					}
					r.Hold, r.Cause = domainname.HeldRegistry, domainname.RefusedAgain
					return domainname.MoveRenewal(s.ctx, tx, r, domainname.OnHold)
				})
				must(s.Payments.Refund(s.ctx, o.InvoiceID, payment.RefundInput{Adjust: true, Reason: "give it up"}))(s.T)
				s.states(d.ID, "ordered refunded")
				if begun {
					s.asked(d.ID, renewal.TaskUnpaid)
				} else {
					s.asked(d.ID)
				}
				s.proven()
			})
		})
	}
}
