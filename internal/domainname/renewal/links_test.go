package renewal_test

import (
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/payment"
)

// automatic is a domain whose term ends on 2027-03-10 with an open automatic line, on 2027-02-25.
func (s *shop) automatic(name string) (domainname.Domain, domainname.Renewal) {
	s.Helper()
	d := s.put(name, "2027-03-10")
	s.advance("2027-02-25T12:00:00Z")
	s.states(d.ID, "automatic open")
	return d, s.last(d.ID)
}

const february = "2027-02-01T12:00:00Z"

func yes() *bool { on := true; return &on }
func no() *bool  { on := false; return &on }

// E1: the same payment any number of times. E2: two payments of one invoice.
func TestE1E2Payments(t *testing.T) {
	each(t, noon, func(s *shop) {
		d := s.put("example.cctld", "2027-03-10")
		o := s.ordered(d.ID)
		for range 5 {
			must(s.Payments.Record(s.ctx, o.InvoiceID, payment.Manual{Money: eur(1200), Reference: "one"}))(s.T)
		}
		s.states(d.ID, "ordered paid")
		must(s.Payments.Record(s.ctx, o.InvoiceID, payment.Manual{Money: eur(1200), Reference: "two"}))(s.T)
		s.credit(s.customer, 1200)
		if s.work(d.ID) != 1 || s.work(d.ID) != 0 {
			s.Error("it was not sent once")
		}
		s.dates(d.ID, "2028-03-10", "2028-03-10", "2028-03-10")
		s.events(d.ID, "renewal_ordered", "renewal_paid", "renewed")
		s.proven()
	})
}

// E3: an order takes the place of the automatic line; the other lines stay.
func TestE3TakesThePlace(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.cctld")
		with := must(s.Billing.AddLine(s.ctx, r.InvoiceID, billing.LineInput{Description: "Hosting", Quantity: 1, UnitAmount: eur(2000)}, "together"))(s.T)
		if with.Total != eur(3000) || s.last(d.ID).InvoiceID != with.ID {
			s.Fatalf("%s on %s, renewal on %s", with.Total, with.ID, s.last(d.ID).InvoiceID)
		}
		o := s.ordered(d.ID)
		s.states(d.ID, "automatic withdrawn", "ordered open")
		rest := s.invoice(s.invoice(with.ID).ReplacedBy)
		if rest.Total != eur(2000) || o.Total != eur(1200) {
			s.Errorf("%s and %s", rest.Total, o.Total)
		}
		s.pay(rest.ID)
		s.states(d.ID, "automatic withdrawn", "ordered open")
		s.pay(o.InvoiceID)
		s.states(d.ID, "automatic withdrawn", "ordered paid")
		if s.work(d.ID) != 1 {
			s.Error("nothing was sent")
		}
		s.proven()
	})
}

func TestE6StillOwed(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.cctld")
		_, err := s.Renewals.Manual(s.ctx, d.ID, renewal.ManualInput{Years: 1, MoveNextDue: no()})
		if e := s.refused(err, "INVALID_INPUT", ""); e.Field != "open_line" {
			s.Error(e)
		}
		_, err = s.Renewals.Manual(s.ctx, d.ID, renewal.ManualInput{Years: 1, OpenLine: renewal.StillOwed})
		if e := s.refused(err, "INVALID_INPUT", ""); e.Field != "move_next_due" {
			s.Error(e)
		}
		must(s.Renewals.Manual(s.ctx, d.ID, renewal.ManualInput{Years: 1, MoveNextDue: no(), OpenLine: renewal.StillOwed}))(s.T)
		if s.work(d.ID) != 1 {
			s.Error("nothing was sent")
		}
		s.states(d.ID, "automatic confirmed")
		s.dates(d.ID, "2028-03-10", "2027-03-10", "2027-03-10")
		line := s.invoice(r.InvoiceID).Lines[0]
		if line.Link.State != billing.Fulfilled || line.Link.Note != "manual renewal of 2027-02-25" {
			s.Errorf("link %+v", line.Link)
		}
		s.proven()
		s.pay(r.InvoiceID)
		s.dates(d.ID, "2028-03-10", "2028-03-10", "2028-03-10")
		s.states(d.ID, "automatic confirmed")
		if line := s.invoice(r.InvoiceID).Lines[0]; line.Link.State != billing.Done || line.Link.Note == "" {
			s.Errorf("link %+v", line.Link)
		}
		if s.work(d.ID) != 0 {
			s.Error("it was sent again")
		}
		s.events(d.ID, "renewal_invoiced", "renewed", "renewal_paid")
		s.proven()
	})
}

// Next due moves once, whether staff or the money moves it.
func TestE6NextDueMovesOnce(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.cctld")
		must(s.Renewals.Manual(s.ctx, d.ID, renewal.ManualInput{Years: 1, MoveNextDue: yes(), OpenLine: renewal.StillOwed}))(s.T)
		s.work(d.ID)
		s.dates(d.ID, "2028-03-10", "2027-03-10", "2028-03-10")
		s.pay(r.InvoiceID)
		s.dates(d.ID, "2028-03-10", "2028-03-10", "2028-03-10")
	})
}

func TestE6bNotOwed(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.cctld")
		must(s.Renewals.Manual(s.ctx, d.ID, renewal.ManualInput{Years: 1, MoveNextDue: yes(), OpenLine: renewal.NotOwed, Reason: "a gift"}))(s.T)
		s.states(d.ID, "automatic withdrawn", "manual paid")
		s.dates(d.ID, "2027-03-10", "2028-03-10", "2027-03-10")
		if s.work(d.ID) != 1 {
			s.Error("nothing was sent")
		}
		s.dates(d.ID, "2028-03-10", "2028-03-10", "2028-03-10")
		must(s.Payments.Record(s.ctx, r.InvoiceID, payment.Manual{Money: eur(1000), Reference: "under way"}))(s.T)
		s.credit(s.customer, 1000)
		s.advance("2027-03-20T12:00:00Z")
		s.states(d.ID, "automatic withdrawn", "manual confirmed")
		s.proven()
	})
}

func TestE6cInvoicedForIt(t *testing.T) {
	each(t, february, func(s *shop) {
		d := s.put("example.cctld", "2027-03-10")
		must(s.Renewals.Manual(s.ctx, d.ID, renewal.ManualInput{Years: 1, MoveNextDue: no()}))(s.T)
		if s.work(d.ID) != 1 {
			s.Error("nothing was sent")
		}
		s.dates(d.ID, "2028-03-10", "2027-03-10", "2027-03-10")
		s.advance("2027-02-23T23:00:00Z")
		s.bills(s.customer)
		s.advance("2027-02-24T12:00:00Z")
		list := s.bills(s.customer, "2027-02-24 2027-03-10 open 10.00")
		s.states(d.ID, "manual confirmed")
		s.pay(list[0].ID)
		s.dates(d.ID, "2028-03-10", "2028-03-10", "2028-03-10")
		if s.work(d.ID) != 0 {
			s.Error("it was sent again")
		}
		s.advance("2027-03-20T12:00:00Z")
		s.states(d.ID, "manual confirmed")
		s.proven()
	})
}

// E8: one invoice, three domains: each line is fulfilled, and refunded, by itself.
func TestE8EachByItself(t *testing.T) {
	each(t, noon, func(s *shop) {
		ids := []string{}
		for _, name := range []string{"one.cctld", "two.cctld", "three.cctld"} {
			ids = append(ids, s.put(name, "2027-03-10").ID)
		}
		o := s.ordered(ids...)
		s.pay(o.InvoiceID)
		s.work(ids[0])
		s.work(ids[2])
		two := s.last(ids[1])
		must(s.Payments.Refund(s.ctx, o.InvoiceID, payment.RefundInput{
			Adjust: true, Reason: "can't be renewed", Lines: []billing.LineCredit{{LineID: two.LineID, Amount: eur(1200)}},
		}))(s.T)
		s.states(ids[0], "ordered confirmed")
		s.states(ids[1], "ordered refunded")
		s.states(ids[2], "ordered confirmed")
		s.dates(ids[1], "2027-03-10", "2027-03-10", "2027-03-10")
		s.dates(ids[2], "2028-03-10", "2028-03-10", "2028-03-10")
		s.events(ids[1], "renewal_ordered", "renewal_paid", "renewal_refunded")
		s.proven()
	})
}

func TestRefundOfWhatIsDone(t *testing.T) {
	each(t, noon, func(s *shop) {
		d := s.put("example.cctld", "2027-03-10")
		o := s.ordered(d.ID)
		s.pay(o.InvoiceID)
		s.work(d.ID)
		must(s.Payments.Refund(s.ctx, o.InvoiceID, payment.RefundInput{Adjust: true, Reason: "goodwill"}))(s.T)
		s.states(d.ID, "ordered confirmed")
		s.dates(d.ID, "2028-03-10", "2028-03-10", "2028-03-10")
	})
}

// Money that goes back while the debt stays: nothing is sent until it is paid again.
func TestMoneyAway(t *testing.T) {
	each(t, noon, func(s *shop) {
		d := s.put("example.cctld", "2027-03-10")
		o := s.ordered(d.ID)
		s.pay(o.InvoiceID)
		must(s.Payments.Refund(s.ctx, o.InvoiceID, payment.RefundInput{Reason: "paid by mistake"}))(s.T)
		s.states(d.ID, "ordered held staff")
		s.pay(o.InvoiceID)
		s.states(d.ID, "ordered paid")
		s.proven()
	})
}

func TestE11DoNotRenew(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.cctld")
		must(s.Renewals.SetAutoRenew(s.ctx, d.ID, false, "by the customer"))(s.T)
		s.states(d.ID, "automatic withdrawn")
		must(s.Payments.Record(s.ctx, r.InvoiceID, payment.Manual{Money: eur(1000), Reference: "under way"}))(s.T)
		s.credit(s.customer, 1000)
		o := s.ordered(d.ID)
		if o.Total != eur(1200) {
			s.Errorf("later order %s", o.Total)
		}
		s.payAll(s.customer)
		s.states(d.ID, "automatic withdrawn", "ordered paid")
		s.events(d.ID, "renewal_invoiced", "auto_renew_changed", "renewal_withdrawn", "renewal_ordered", "renewal_paid")
		s.proven()
	})
}

func TestE12PayButDoNotRenew(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.cctld")
		s.ok(s.Renewals.Revoke(s.ctx, r.LineID, false, "pay but do not renew"))
		s.states(d.ID, "automatic revoked")
		s.pay(r.InvoiceID)
		s.dates(d.ID, "2027-03-10", "2027-03-10", "2027-03-10")
		s.advance("2027-03-09T12:00:00Z")
		s.states(d.ID, "automatic revoked")
		s.bills(s.customer, "2027-02-24 2027-03-10 paid 10.00")
		s.events(d.ID, "renewal_invoiced", "link_revoked")
		s.asked(d.ID, renewal.TaskUnpaid)
		s.proven()
		// Staff have it invoiced again.
		s.ok(s.Renewals.Answer(s.ctx, d.ID, renewal.InvoiceAgain, "the customer wants it"))
		s.asked(d.ID)
		s.advance("2027-03-09T13:00:00Z")
		s.states(d.ID, "automatic withdrawn", "automatic open")
	})
}

// E12, and the registry is read a year ahead afterwards: staff are asked, and until they answer its date is the term's end.
func TestE12YearAhead(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.cctld")
		s.ok(s.Renewals.Revoke(s.ctx, r.LineID, false, "pay but do not renew"))
		s.pay(r.InvoiceID)
		s.write(func(tx *db.Tx) error {
			d, err := domainname.Lock(s.ctx, tx, d.ID)
			if err != nil {
				return err
			}
			d.Adopt(d.Expiry.At.AddDate(1, 0, 0), domainname.Reading{Raw: "read", Source: domainname.FromEPP}, tx.Now)
			return domainname.Save(s.ctx, tx, &d)
		})
		s.advance("2027-02-26T12:00:00Z")
		s.asked(d.ID, renewal.TaskUnpaid)
		if end, ahead := s.domain(d.ID).TermEnd(); end.String() != "2028-03-10" || ahead != 0 {
			s.Errorf("the term ends on %s, %d years ahead", end, ahead)
		}
		s.ok(s.Renewals.Answer(s.ctx, d.ID, renewal.ExtendPaid, "it was paid"))
		s.dates(d.ID, "2028-03-10", "2028-03-10", "2028-03-10")
		s.asked(d.ID)
		s.advance("2027-03-12T12:00:00Z")
		s.states(d.ID, "automatic revoked")
	})
}

// That staff let a domain go turns its automatic invoices off, which is told as whenever they are.
func TestLetGoIsTold(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.cctld")
		s.ok(s.Renewals.Revoke(s.ctx, r.LineID, false, "pay but do not renew"))
		s.ok(s.Renewals.Answer(s.ctx, d.ID, renewal.LetGo, "nobody wants it"))
		if !s.domain(d.ID).DoNotRenew {
			s.Error("it renews by itself")
		}
		s.events(d.ID, "renewal_invoiced", "link_revoked", "auto_renew_changed")
	})
}

// E13: the line is copied, and the original removed.
func TestE13RemovedLine(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.cctld")
		line := s.invoice(r.InvoiceID).Lines[0]
		inv := must(s.Billing.AddLine(s.ctx, r.InvoiceID, billing.LineInput{Description: line.Description, Quantity: 1, UnitAmount: line.UnitAmount}, "a copy"))(s.T)
		inv = must(s.Billing.DeleteLine(s.ctx, inv.ID, r.LineID, "paid elsewhere"))(s.T)
		s.states(d.ID, "automatic revoked")
		s.pay(inv.ID)
		s.dates(d.ID, "2027-03-10", "2027-03-10", "2027-03-10")
		s.advance("2027-03-09T12:00:00Z")
		s.states(d.ID, "automatic revoked")
		s.proven()
	})
}

func TestE14SetBack(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.cctld")
		s.ok(s.Renewals.Revoke(s.ctx, r.LineID, false, ""))
		s.ok(s.Renewals.Restore(s.ctx, r.LineID, ""))
		s.states(d.ID, "automatic open")
		s.pay(r.InvoiceID)
		s.states(d.ID, "automatic paid")
		if s.work(d.ID) != 1 {
			s.Error("nothing was sent")
		}
		s.proven()
	})
}

// The late fee that was given back with the link is asked for again once that is set back.
func TestFeeOfWhatIsSetBack(t *testing.T) {
	each(t, september, func(s *shop) {
		d, r := s.late("example.cctld")
		s.ok(s.Renewals.Revoke(s.ctx, r.LineID, false, ""))
		if owes := s.owes(s.customer); owes != 1000 {
			s.Errorf("revoked: %d are to be paid", owes)
		}
		s.ok(s.Renewals.Restore(s.ctx, r.LineID, ""))
		s.states(d.ID, "automatic open")
		s.advance("2026-10-03T12:00:00Z")
		if owes := s.owes(s.customer); owes != 1500 {
			s.Errorf("set back: %d are to be paid", owes)
		}
		s.payAll(s.customer)
		s.states(d.ID, "automatic paid")
		s.credit(s.customer, 0)
		s.proven()
	})
}

func TestPaidWithoutTheFeeOfWhatIsSetBack(t *testing.T) {
	each(t, september, func(s *shop) {
		d, r := s.late("example.cctld")
		s.ok(s.Renewals.Revoke(s.ctx, r.LineID, false, ""))
		s.ok(s.Renewals.Restore(s.ctx, r.LineID, ""))
		s.pay(r.InvoiceID)
		s.states(d.ID, "automatic held top_up")
		if owes := s.owes(s.customer); owes != 500 {
			s.Errorf("paid without its fee: %d are to be paid", owes)
		}
		s.payAll(s.customer)
		s.states(d.ID, "automatic paid")
		s.proven()
	})
}

// What stands beside it on its own invoice was never given back.
func TestFeeBesideWhatIsSetBack(t *testing.T) {
	each(t, "2026-09-17T12:00:00Z", func(s *shop) {
		d, r := s.beside("example.cctld")
		s.ok(s.Renewals.Revoke(s.ctx, r.LineID, false, ""))
		s.ok(s.Renewals.Restore(s.ctx, r.LineID, ""))
		s.advance("2026-10-03T12:00:00Z")
		if owes := s.owes(s.customer); owes != 1500 {
			s.Errorf("beside it: %d are to be paid", owes)
		}
		s.payAll(s.customer)
		s.states(d.ID, "automatic paid")
		s.proven()
	})
}

func TestRenewedElsewhere(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.cctld")
		s.ok(s.Renewals.Revoke(s.ctx, r.LineID, true, "at the other panel"))
		s.states(d.ID, "automatic satisfied")
		if link := s.invoice(r.InvoiceID).Lines[0].Link; link.State != billing.Fulfilled || link.Note != "renewal elsewhere" {
			s.Errorf("link %+v", link)
		}
		s.dates(d.ID, "2027-03-10", "2027-03-10", "2027-03-10")
		s.pay(r.InvoiceID)
		s.dates(d.ID, "2027-03-10", "2028-03-10", "2028-03-10")
		if s.work(d.ID) != 0 {
			s.Error("it was sent")
		}
		s.proven()
	})
}

// F10: the registry has the year already; paying moves the dates and sends nothing.
func TestF10YearAtTheRegistry(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.cctld")
		s.write(func(tx *db.Tx) error {
			d, err := domainname.Lock(s.ctx, tx, d.ID)
			if err != nil {
				return err
			}
			open, err := domainname.OpenRenewal(s.ctx, tx, d.ID)
			if err != nil {
				return err
			}
			d.Adopt(d.Expiry.At.AddDate(1, 0, 0), domainname.Reading{Raw: "read", Source: domainname.FromEPP}, tx.Now)
			if err := s.Renewals.YearsThere(s.ctx, tx, &d, open, "year already at the registry"); err != nil {
				return err
			}
			return domainname.Save(s.ctx, tx, &d)
		})
		s.states(d.ID, "automatic satisfied")
		s.dates(d.ID, "2028-03-10", "2027-03-10", "2027-03-10")
		s.pay(r.InvoiceID)
		s.dates(d.ID, "2028-03-10", "2028-03-10", "2028-03-10")
		s.proven()
	})
}

// F9 and D10: an unpaid line goes, what was paid is credit.
func TestLost(t *testing.T) {
	each(t, february, func(s *shop) {
		unpaid, _ := s.automatic("unpaid.cctld")
		paid := s.put("paid.cctld", "2027-06-10")
		s.pay(s.ordered(paid.ID).InvoiceID)
		for _, id := range []string{unpaid.ID, paid.ID} {
			s.write(func(tx *db.Tx) error {
				if _, err := tx.LockCustomer(s.ctx, s.customer); err != nil {
					return err
				}
				d, err := domainname.Lock(s.ctx, tx, id)
				if err != nil {
					return err
				}
				open, err := domainname.OpenRenewal(s.ctx, tx, id)
				if err != nil {
					return err
				}
				if err := s.Renewals.Lost(s.ctx, tx, &d, open, "transferred away"); err != nil {
					return err
				}
				d.Status = domainname.TransferredAway
				return domainname.Save(s.ctx, tx, &d)
			})
			s.states(id, map[string]string{unpaid.ID: "automatic lost", paid.ID: "ordered lost"}[id])
			if !s.domain(id).DoNotRenew {
				s.Error("it renews")
			}
		}
		s.dates(paid.ID, "2027-06-10", "2027-06-10", "2027-06-10")
		s.credit(s.customer, 1200)
		if owes := s.owes(s.customer); owes != 0 {
			s.Errorf("owes %d", owes)
		}
		s.proven()
	})
}

// E9: a dispute after the renewal: nothing is un-renewed, and staff hear of it. What is not sent yet waits until it is over.
func TestE9Dispute(t *testing.T) {
	each(t, noon, func(s *shop) {
		must(s.Payments.AddMethod(s.ctx, s.customer, "sandbox", "tok_ok"))(s.T)
		disputed := func(name string, done bool) (domainID, dispute string) {
			d := s.put(name, "2027-03-10", func(d *domainname.Domain) { d.DoNotRenew = true })
			o := s.ordered(d.ID)
			must(s.Payments.Charge(s.ctx, o.InvoiceID, payment.ChargeOptions{}))(s.T)
			s.states(d.ID, "ordered paid")
			if done {
				s.work(d.ID)
			}
			list, _, err := s.Payments.List(s.ctx, payment.Filter{InvoiceID: o.InvoiceID})
			s.ok(err)
			return d.ID, must(s.Sandbox.Dispute(s.ctx, list[0].Reference))(s.T)
		}
		done, _ := disputed("done.cctld", true)
		waiting, id := disputed("waiting.cctld", false)
		s.advance("2026-11-22T13:00:00Z")
		s.states(done, "ordered confirmed")
		s.dates(done, "2028-03-10", "2028-03-10", "2028-03-10")
		s.asked(done, renewal.TaskDispute)
		if all := s.renewals(waiting); all[0].State != domainname.RenewalHeld || all[0].Cause != domainname.WaitsForMoney {
			s.Errorf("renewal %+v", all[0])
		}
		s.ok(s.Sandbox.CloseDispute(s.ctx, id, "won"))
		s.advance("2026-11-22T14:00:00Z")
		if all := s.renewals(waiting); all[0].Cause == domainname.WaitsForMoney {
			s.Errorf("renewal %+v", all[0])
		}
	})
}
