package renewal_test

import (
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/payment"
)

// disputedRenewal is a domain that was renewed, and whose payment is disputed then.
func (s *shop) disputedRenewal(name string) (domainID, dispute string) {
	s.Helper()
	d := s.put(name, "2027-03-10", func(d *domainname.Domain) { d.DoNotRenew = true })
	o := s.ordered(d.ID)
	must(s.Payments.Charge(s.ctx, o.InvoiceID, payment.ChargeOptions{}))(s.T)
	if s.work(d.ID) != 1 {
		s.Fatal("not sent")
	}
	list, _, err := s.Payments.List(s.ctx, payment.Filter{InvoiceID: o.InvoiceID})
	s.ok(err)
	dispute = must(s.Sandbox.Dispute(s.ctx, list[0].Reference))(s.T)
	return d.ID, dispute
}

// E9: a dispute after a renewal holds the account: what the customer pays besides waits, and no saved method is charged for the
// customer's domains. It is over when the dispute is won; when it is lost, staff say so.
func TestE9AccountHeld(t *testing.T) {
	t.Parallel()
	for _, outcome := range []string{"won", "lost"} {
		t.Run(outcome, func(t *testing.T) {
			each(t, noon, func(s *shop) {
				must(s.Payments.AddMethod(s.ctx, s.customer, "sandbox", "tok_ok"))(s.T)
				done, dispute := s.disputedRenewal("done.cctld")
				due := s.put("due.cctld", "2026-12-04")
				s.advance("2026-11-22T13:00:00Z")
				s.asked(done, renewal.TaskDispute)
				s.dates(done, "2028-03-10", "2028-03-10", "2028-03-10")
				s.states(due.ID, "automatic open")

				// Another customer's goes on.
				mine := s.customer
				s.customer = s.buyer("bob", "")
				other := s.put("other.cctld", "2027-03-10")
				s.pay(s.ordered(other.ID).InvoiceID)
				if s.work(other.ID) != 1 {
					s.Error("another customer's account is held")
				}
				s.customer = mine

				paid := s.put("paid.cctld", "2027-03-10")
				s.pay(s.ordered(paid.ID).InvoiceID)
				s.work(paid.ID)
				s.states(paid.ID, "ordered held staff")
				if out := must(s.Renewals.Outlook(s.ctx, paid.ID))(s.T); !out.AccountHeld || s.last(paid.ID).Cause != domainname.WaitsForAccount {
					s.Errorf("held: %v, because %q", out.AccountHeld, s.last(paid.ID).Cause)
				}
				// What staff have sent is sent.
				released := s.put("released.cctld", "2027-03-10")
				s.pay(s.ordered(released.ID).InvoiceID)
				s.work(released.ID)
				must(s.Renewals.Release(s.ctx, s.last(released.ID).ID, "known for years"))(s.T)
				if s.work(released.ID) != 1 {
					s.Error("what staff have released is not sent")
				}
				s.advance("2026-12-05T12:00:00Z")
				s.states(due.ID, "automatic open")
				s.states(paid.ID, "ordered held staff")

				s.ok(s.Sandbox.CloseDispute(s.ctx, dispute, outcome))
				s.advance("2026-12-05T13:00:00Z")
				if outcome == "lost" {
					s.states(paid.ID, "ordered held staff")
					tasks, _, err := s.Tasks.Open(s.ctx, "", 100)
					s.ok(err)
					for _, t := range tasks {
						if t.Kind == renewal.TaskDispute {
							s.ok(s.Tasks.Done(s.ctx, t.ID))
						}
					}
				}
				s.advance("2026-12-06T12:00:00Z")
				s.asked(done)
				if why := s.last(paid.ID).Cause; why == domainname.WaitsForAccount || must(s.Renewals.Outlook(s.ctx, paid.ID))(s.T).AccountHeld {
					s.Errorf("the account is still held: %q", why)
				}
				// It has no registrar: what waits now waits for staff, as every other that has none.
				must(s.Renewals.Release(s.ctx, s.last(paid.ID).ID, ""))(s.T)
				if s.work(paid.ID) != 1 {
					s.Error("it is not sent")
				}
				s.advance("2026-12-12T12:00:00Z")
				if inv := s.invoice(s.last(due.ID).InvoiceID); inv.Status != billing.Paid {
					s.Errorf("the automatic invoice is %s", inv.Status)
				}
				s.dates(done, "2028-03-10", "2028-03-10", "2028-03-10")
				s.proven()
			})
		})
	}
}
