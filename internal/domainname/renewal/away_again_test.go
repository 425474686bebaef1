package renewal_test

import (
	"fmt"
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/payment"
)

// late is a domain in its grace, whose automatic line and late fee are asked for by an invoice each.
func (s *shop) late(name string) (domainname.Domain, domainname.Renewal) {
	s.Helper()
	d := s.put(name, "2026-10-01")
	s.advance("2026-10-02T12:00:00Z")
	r := s.last(d.ID)
	if r.FeeInvoiceID == "" {
		s.Fatal("no fee is asked for")
	}
	return d, r
}

// dispute has the customer's bank take a charge of an invoice back.
func (s *shop) dispute(invoiceID string) (reference string) {
	s.Helper()
	must(s.Payments.Charge(s.ctx, invoiceID, payment.ChargeOptions{}))(s.T)
	list, _, err := s.Payments.List(s.ctx, payment.Filter{InvoiceID: invoiceID})
	s.ok(err)
	return must(s.Sandbox.Dispute(s.ctx, list[0].Reference))(s.T)
}

// unsent is a paid renewal that waits since money went back that was paid for it.
func (s *shop) unsent(id string) {
	s.Helper()
	if s.work(id) != 0 {
		s.Error("it is sent, and not paid for")
	}
	if r := s.last(id); r.State != domainname.RenewalHeld || r.Hold != domainname.HeldStaff {
		s.Errorf("it is %s %s", r.State, r.Hold)
	}
}

// asksAbout is how many questions of a kind about a domain wait for staff.
func (s *shop) asksAbout(id, kind string, want int) {
	s.Helper()
	tasks, _, err := s.Tasks.Open(s.ctx, "", 100)
	s.ok(err)
	got := 0
	for _, t := range tasks {
		if t.SubjectID == id && t.Kind == kind {
			got++
		}
	}
	if got != want {
		s.Errorf("%d questions of the kind %s, want %d: %+v", got, kind, want, tasks)
	}
}

const september = "2026-09-17T12:00:00Z"

// The fee of a renewal is disputed before or after its line is paid: nothing is sent, and it goes on by itself when that is won.
func TestFeeDisputed(t *testing.T) {
	t.Parallel()
	for _, first := range []bool{true, false} {
		t.Run(fmt.Sprint("before its line ", first), func(t *testing.T) {
			each(t, september, func(s *shop) {
				d, r := s.late("example.cctld")
				must(s.Payments.AddMethod(s.ctx, s.customer, "sandbox", "tok_ok"))(s.T)
				if !first {
					s.pay(r.InvoiceID)
				}
				reference := s.dispute(r.FeeInvoiceID)
				s.advance("2026-10-02T13:00:00Z")
				if first {
					s.pay(r.InvoiceID)
				}
				s.unsent(d.ID)
				s.asksAbout(d.ID, renewal.TaskDispute, 1)
				s.ok(s.Sandbox.CloseDispute(s.ctx, reference, "won"))
				s.advance("2026-10-02T14:00:00Z")
				s.asksAbout(d.ID, renewal.TaskDispute, 0)
				if r := s.last(d.ID); r.Cause == domainname.WaitsForMoney || r.Cause == domainname.WaitsForAccount {
					s.Errorf("it waits still, because %q", r.Cause)
				}
				s.proven()
			})
		})
	}
}

// A lost dispute about the fee is for staff: the year was paid, the fee was not. They send it, or give the year's money back.
func TestFeeDisputeLost(t *testing.T) {
	each(t, september, func(s *shop) {
		d, r := s.late("example.cctld")
		must(s.Payments.AddMethod(s.ctx, s.customer, "sandbox", "tok_ok"))(s.T)
		s.pay(r.InvoiceID)
		reference := s.dispute(r.FeeInvoiceID)
		s.ok(s.Sandbox.CloseDispute(s.ctx, reference, "lost"))
		s.advance("2026-10-02T13:00:00Z")
		s.unsent(d.ID)
		s.asksAbout(d.ID, renewal.TaskDispute, 1)
		must(s.Renewals.Release(s.ctx, r.ID, "a good customer"))(s.T)
		if s.work(d.ID) != 1 {
			s.Error("what staff have released is not sent")
		}
		s.proven()
	})
}

// A fee that was paid and goes back while it is still owed: staff hear of it, and it goes on when it is paid again. The same of one
// that another fee came after.
func TestFeeTakenBack(t *testing.T) {
	each(t, september, func(s *shop) {
		d, r := s.late("example.cctld")
		s.payAll(s.customer)
		s.states(d.ID, "automatic paid")
		must(s.Payments.Refund(s.ctx, r.FeeInvoiceID, payment.RefundInput{Reason: "the wrong account"}))(s.T)
		s.unsent(d.ID)
		s.asked(d.ID, renewal.TaskMoneyBack)
		s.pay(r.FeeInvoiceID)
		s.asked(d.ID)
		s.states(d.ID, "automatic paid")

		s.asksMore(d.ID, eur(25000), eur(24000))
		s.pay(must(s.Renewals.AcceptPrice(s.ctx, r.ID, eur(25000)))(s.T))
		s.states(d.ID, "automatic paid")
		must(s.Payments.Refund(s.ctx, r.FeeInvoiceID, payment.RefundInput{Reason: "the wrong account"}))(s.T)
		s.unsent(d.ID)
		s.asked(d.ID, renewal.TaskMoneyBack)
		s.pay(r.FeeInvoiceID)
		s.asked(d.ID)
		if s.work(d.ID) != 1 {
			s.Error("it is not sent")
		}
		s.states(d.ID, "automatic confirmed")
		// What is done stays done.
		must(s.Payments.Refund(s.ctx, r.FeeInvoiceID, payment.RefundInput{Reason: "the wrong account"}))(s.T)
		s.states(d.ID, "automatic confirmed")
		s.asked(d.ID)
		s.proven()
	})
}

// A fee that is refunded for good, by itself or on the order's invoice, is for staff to decide about: they send it all the same, or
// refund the rest.
func TestFeeRefunded(t *testing.T) {
	each(t, september, func(s *shop) {
		apart, r := s.late("apart.cctld")
		beside := s.put("beside.cctld", "2026-09-30", func(d *domainname.Domain) { d.DoNotRenew = true })
		o := s.ordered(beside.ID)
		s.payAll(s.customer)
		fee := s.invoice(r.FeeInvoiceID).Lines[0]
		refund := func(invoiceID string, line billing.InvoiceLine) {
			in := payment.RefundInput{Adjust: true, Reason: "goodwill", Lines: []billing.LineCredit{{LineID: line.ID, Amount: line.Amount}}}
			must(s.Payments.Refund(s.ctx, invoiceID, in))(s.T)
		}
		refund(r.FeeInvoiceID, fee)
		lines := s.invoice(o.InvoiceID).Lines
		if len(lines) != 2 || lines[1].Link != nil {
			s.Fatalf("lines %+v", lines)
		}
		refund(o.InvoiceID, lines[1])
		for _, id := range []string{apart.ID, beside.ID} {
			s.unsent(id)
			s.asked(id, renewal.TaskMoneyBack)
		}
		must(s.Renewals.Release(s.ctx, r.ID, "goodwill"))(s.T)
		s.asked(apart.ID)
		if s.work(apart.ID) != 1 {
			s.Error("what staff have released is not sent")
		}
		refund(o.InvoiceID, lines[0])
		s.states(beside.ID, "ordered refunded")
		s.asked(beside.ID)
		s.proven()
	})
}

// A free domain whose service was paid for and is not any more: nothing is sent for it before the service is paid again.
func TestServiceTakenBack(t *testing.T) {
	each(t, "2025-12-20T12:00:00Z", func(s *shop) {
		sub, _ := s.hosting("annual", 6000)
		d := s.put("example.cctld", "2026-12-20", func(d *domainname.Domain) { d.Recurring, d.BundledWith = eur(0), sub })
		s.advance("2026-12-10T12:00:00Z")
		bills := s.bills(s.customer)
		invoice := bills[len(bills)-1].ID
		s.pay(invoice)
		s.states(d.ID, "free paid")
		must(s.Payments.Refund(s.ctx, invoice, payment.RefundInput{Reason: "the wrong account"}))(s.T)
		s.unsent(d.ID)
		s.asked(d.ID, renewal.TaskMoneyBack)
		s.pay(invoice)
		s.asked(d.ID)
		s.states(d.ID, "free paid")
		must(s.Payments.Refund(s.ctx, invoice, payment.RefundInput{Adjust: true, Reason: "not wanted"}))(s.T)
		s.unsent(d.ID)
		s.asked(d.ID, renewal.TaskMoneyBack)
		s.proven()
	})
}
