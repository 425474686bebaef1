package renewal_test

import (
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/payment"
)

// A renewal that is arranged by a mode is not made yet. While its payment is disputed it waits, as every other that was not sent:
// the mode is taken back at the start of the last plain day, and set anew when the dispute is won. One that was sent, and whose date
// moves later, is made.
func TestDisputedWhileArranged(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]bool{"by a mode": false, "sent": true} {
		t.Run(name, func(t *testing.T) {
			each(t, noon, func(s *shop) {
				must(s.Payments.AddMethod(s.ctx, s.customer, "sandbox", "tok_ok"))(s.T)
				d := s.byMode()
				o := s.ordered(d.ID)
				must(s.Payments.Charge(s.ctx, o.InvoiceID, payment.ChargeOptions{}))(s.T)
				s.write(func(tx *db.Tx) error {
					r, err := domainname.OpenRenewal(s.ctx, tx, d.ID)
					if err != nil || !sent {
						return domainname.MoveRenewal(s.ctx, tx, r, domainname.OnMode)
					}
					if _, err := tx.SQL().ExecContext(s.ctx, `INSERT INTO registrars (id, name, adapter, sync_mode, status, created_at) VALUES ('reg_1', 'lab', 'lab', 'on', 'active', 0)`); err != nil {
						return err
					}
					expected := r.Expected.String()
					err = tx.InsertRegistrarCommand(s.ctx, query.InsertRegistrarCommandParams{
						ID: tx.NewID("cmd"), TransactionID: "renew-1", RegistrarID: "reg_1", DomainID: d.ID, RenewalID: &r.ID, Attempt: 1, Command: "renew", GuardKind: "none",
						Years: 1, ExpectedOn: &expected, CreatedAt: tx.Stamp,
					})
					if err != nil {
						return err
					}
					if err := domainname.MoveRenewal(s.ctx, tx, r, domainname.OnSend); err != nil {
						return err
					}
					return domainname.MoveRenewal(s.ctx, tx, r, domainname.OnDoneLater)
				})
				list, _, err := s.Payments.List(s.ctx, payment.Filter{InvoiceID: o.InvoiceID})
				s.ok(err)
				dispute := must(s.Sandbox.Dispute(s.ctx, list[0].Reference))(s.T)
				s.advance("2026-11-22T13:00:00Z")
				s.asked(d.ID, renewal.TaskDispute)
				s.dates(d.ID, "2027-02-01", "2028-02-01", "2028-01-22")
				if sent {
					s.states(d.ID, "ordered arranged")
					return
				}
				s.states(d.ID, "ordered held staff")
				if r := s.last(d.ID); !r.MoneyAway() {
					s.Errorf("it waits for %q", r.Cause)
				}
				s.ok(s.Sandbox.CloseDispute(s.ctx, dispute, "won"))
				s.advance("2026-11-22T14:00:00Z")
				if r := s.last(d.ID); r.MoneyAway() {
					s.Errorf("it waits for %q", r.Cause)
				}
				s.asksAbout(d.ID, renewal.TaskDispute, 0)
			})
		})
	}
}

// A renewal that waits for more money goes on waiting for that while its payment is disputed. The worker is called: it tells a
// registrar that renews by itself to let the name expire.
func TestDisputedWhileMoreIsAskedFor(t *testing.T) {
	each(t, noon, func(s *shop) {
		must(s.Payments.AddMethod(s.ctx, s.customer, "sandbox", "tok_ok"))(s.T)
		d := s.byMode()
		o := s.ordered(d.ID)
		must(s.Payments.Charge(s.ctx, o.InvoiceID, payment.ChargeOptions{}))(s.T)
		s.asksMore(d.ID, eur(25000), eur(23800))
		away := func(want bool) {
			s.Helper()
			s.states(d.ID, "ordered held price")
			d, r := s.domain(d.ID), s.last(d.ID)
			s.write(func(tx *db.Tx) error {
				got, err := s.Renewals.Away(s.ctx, tx, d, r)
				if got != want {
					s.Errorf("the money is away: %t", got)
				}
				return err
			})
		}
		called := func(want int) { // by what is heard of the invoice
			s.Helper()
			s.write(func(tx *db.Tx) error {
				if _, err := tx.SQL().ExecContext(s.ctx, `UPDATE domains SET work_at = NULL WHERE id = $1`, d.ID); err != nil {
					return err
				}
				inv, err := billing.LockWithCustomer(s.ctx, tx, o.InvoiceID)
				if err != nil {
					return err
				}
				if err := s.Renewals.InvoiceChanged(s.ctx, tx, inv); err != nil {
					return err
				}
				n := 0
				err = tx.SQL().QueryRowContext(s.ctx, `SELECT COUNT(*) FROM domains WHERE id = $1 AND work_at IS NOT NULL`, d.ID).Scan(&n)
				if n != want {
					s.Errorf("the worker is called %d times, want %d", n, want)
				}
				return err
			})
		}
		away(false)
		called(0)
		list, _, err := s.Payments.List(s.ctx, payment.Filter{InvoiceID: o.InvoiceID})
		s.ok(err)
		dispute := must(s.Sandbox.Dispute(s.ctx, list[0].Reference))(s.T)
		s.advance("2026-11-22T13:00:00Z")
		away(true)
		called(1)
		s.ok(s.Sandbox.CloseDispute(s.ctx, dispute, "won"))
		s.advance("2026-11-22T14:00:00Z")
		away(false)
		called(0)
		s.proven()
	})
}
