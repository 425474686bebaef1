package renewal_test

import (
	"testing"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/payment"
)

// beside is a domain in its grace whose automatic line stands on one invoice with the late fee.
func (s *shop) beside(name string) (domainname.Domain, domainname.Renewal) {
	s.Helper()
	s.set(map[string]any{"domains.fee_billing": "replace"})
	d := s.put(name, "2026-10-01")
	s.advance("2026-10-02T12:00:00Z")
	r := s.last(d.ID)
	if inv := s.invoice(r.InvoiceID); inv.Total != eur(1500) || len(inv.Lines) != 2 || inv.Lines[1].With != r.LineID {
		s.Fatalf("%+v", inv.Lines)
	}
	return d, r
}

// say has staff reword a line, and put the lines of its invoice into another order.
func (s *shop) say(invoiceID, lineID, words string) billing.Invoice {
	s.Helper()
	var lines []billing.LineInput
	for _, l := range s.invoice(invoiceID).Lines {
		in := billing.LineInput{ID: l.ID, Description: l.Description, Quantity: l.Quantity, UnitAmount: l.UnitAmount}
		if l.ID == lineID {
			in.Description = words
		}
		lines = append([]billing.LineInput{in}, lines...)
	}
	return must(s.Billing.PutLines(s.ctx, invoiceID, lines, "in other words"))(s.T)
}

// A late fee beside its renewal ends with it: nobody is asked for the fee of what is not wanted, or ordered in another way.
func TestFeeEndsWithItsRenewal(t *testing.T) {
	each(t, "2026-09-17T12:00:00Z", func(s *shop) {
		d, _ := s.beside("gone.cctld")
		must(s.Renewals.SetAutoRenew(s.ctx, d.ID, false, ""))(s.T)
		s.states(d.ID, "automatic withdrawn")
		if owes := s.owes(s.customer); owes != 0 {
			s.Errorf("not wanted, and %d are asked for", owes)
		}
		d = s.put("ordered.cctld", "2026-10-01", func(d *domainname.Domain) { d.NextDue = day(t, "2026-10-03") })
		s.advance("2026-10-02T18:00:00Z")
		if o := s.ordered(d.ID); o.Total != eur(1700) || s.owes(s.customer) != 1700 {
			s.Errorf("ordered for %s, and %d are asked for", o.Total, s.owes(s.customer))
		}
		s.proven()
	})
}

// It is what it is whatever its line says: in the next stage another fee takes its place.
func TestFeeInOtherWords(t *testing.T) {
	each(t, "2026-09-17T12:00:00Z", func(s *shop) {
		d, r := s.beside("example.cctld")
		inv := s.say(r.InvoiceID, s.invoice(r.InvoiceID).Lines[1].ID, "Surcharge")
		if inv.Lines[0].Description != "Surcharge" || inv.Lines[0].With != r.LineID || inv.Lines[1].With != "" {
			s.Fatalf("%+v", inv.Lines)
		}
		s.advance("2026-11-01T12:00:00Z")
		if owes := s.owes(s.customer); owes != 9000 {
			s.Errorf("in redemption %d", owes)
		}
		s.payAll(s.customer)
		s.states(d.ID, "automatic paid")
		report, err := s.Reports.Recurring(s.ctx, time.UTC, "EUR")
		s.ok(err)
		if p := report.Products; len(p) != 2 || p[0].Name != "Late fees of .cctld" || p[0].Amount != eur(8000) || p[1].Name != "Renewals of .cctld" || p[1].Amount != eur(1000) {
			s.Errorf("by product %+v", p)
		}
		s.proven()
	})
}

// What was asked for by an invoice of its own is not asked for again where the store has changed how it asks.
func TestFeeIsNotAskedForTwice(t *testing.T) {
	t.Parallel()
	for name, rest := range map[string]int64{"unpaid": 9000, "paid": 8500} {
		t.Run(name, func(t *testing.T) {
			each(t, "2026-09-17T12:00:00Z", func(s *shop) {
				d := s.put("example.cctld", "2026-10-01")
				s.advance("2026-10-02T12:00:00Z")
				if name == "paid" {
					s.pay(s.last(d.ID).FeeInvoiceID)
				}
				s.set(map[string]any{"domains.fee_billing": "replace"})
				s.advance("2026-11-01T12:00:00Z")
				if owes := s.owes(s.customer); owes != rest {
					s.Errorf("%d are asked for instead of %d", owes, rest)
				}
				s.proven()
			})
		})
	}
}

// And so is one that was ordered: its money goes back as the fee's does.
func TestOrderedFeeInOtherWords(t *testing.T) {
	each(t, "2026-10-02T12:00:00Z", func(s *shop) {
		d := s.put("example.cctld", "2026-10-01", func(d *domainname.Domain) { d.DoNotRenew = true })
		o := s.ordered(d.ID)
		inv := s.say(o.InvoiceID, s.invoice(o.InvoiceID).Lines[1].ID, "Surcharge")
		s.pay(inv.ID)
		s.states(d.ID, "ordered paid")
		must(s.Payments.Refund(s.ctx, inv.ID, payment.RefundInput{Adjust: true, Reason: "a mistake", Lines: []billing.LineCredit{{LineID: inv.Lines[0].ID, Amount: eur(500)}}}))(s.T)
		s.states(d.ID, "ordered held staff")
		s.proven()
	})
}

// What only reads like a fee is none: it goes back, and the renewal goes on.
func TestOnlyCalledFee(t *testing.T) {
	each(t, february, func(s *shop) {
		d, r := s.automatic("example.cctld")
		inv := must(s.Billing.AddLine(s.ctx, r.InvoiceID, billing.LineInput{Description: "Late fee for the renewal of example.cctld", Quantity: 1, UnitAmount: eur(300)}, ""))(s.T)
		s.pay(inv.ID)
		s.states(d.ID, "automatic paid")
		must(s.Payments.Refund(s.ctx, inv.ID, payment.RefundInput{Adjust: true, Reason: "a mistake", Lines: []billing.LineCredit{{LineID: inv.Lines[1].ID, Amount: eur(300)}}}))(s.T)
		s.states(d.ID, "automatic paid")
		s.proven()
	})
}

// E13 with a fee: the renewal's text and amount are copied and the line removed. Everything is paid, and nothing renewed.
func TestE13WithFee(t *testing.T) {
	each(t, "2026-09-17T12:00:00Z", func(s *shop) {
		d, r := s.beside("example.cctld")
		with := must(s.Billing.AddLine(s.ctx, r.InvoiceID, billing.LineInput{Description: "Renewal", Quantity: 1, UnitAmount: eur(1000)}, "pay only"))(s.T)
		without := must(s.Billing.DeleteLine(s.ctx, with.ID, r.LineID, "pay only"))(s.T)
		if without.Total != eur(1500) || len(without.Lines) != 2 || without.Lines[0].With != "" {
			s.Fatalf("%+v", without.Lines)
		}
		s.states(d.ID, "automatic revoked")
		s.pay(without.ID)
		s.states(d.ID, "automatic revoked")
		s.credit(s.customer, 0)
		s.proven()
	})
}

// lineBack has staff refund a part of a line, by the way it came unless it shall be credit.
func (s *shop) lineBack(invoiceID, lineID string, amount int64, to payment.Destination) []payment.Refund {
	s.Helper()
	in := payment.RefundInput{To: to, Adjust: true, Reason: "not wanted", Lines: []billing.LineCredit{{LineID: lineID, Amount: eur(amount)}}}
	return must(s.Payments.Refund(s.ctx, invoiceID, in))(s.T)
}

// The late fee of a renewal that is given back before it was done is owed to nobody: it goes where the rest goes, by the same credit
// note, and with the last of it. What stands on the invoice besides stays.
func TestFeeGoesBackWithItsRenewal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		to     payment.Destination
		before int64   // is given back of the fee
		parts  []int64 // are given back of the renewal
		back   int64   // with the last of them
		credit int64
	}{
		"by the way it came":       {parts: []int64{1000}, back: 1500},
		"as credit":                {to: payment.ToCredit, parts: []int64{1000}, back: 1500, credit: 1500},
		"in parts":                 {parts: []int64{400, 600}, back: 1100},
		"a part of the fee before": {before: 200, parts: []int64{1000}, back: 1300},
		"all of the fee before":    {before: 500, parts: []int64{1000}, back: 1000},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, "2026-09-17T12:00:00Z", func(s *shop) {
				d, r := s.beside("example.cctld")
				fee := s.invoice(r.InvoiceID).Lines[1].ID
				inv := must(s.Billing.AddLine(s.ctx, r.InvoiceID, billing.LineInput{Description: "Help", Quantity: 1, UnitAmount: eur(2000)}, "asked for"))(s.T)
				s.pay(inv.ID)
				s.states(d.ID, "automatic paid")
				if c.before > 0 {
					s.lineBack(inv.ID, fee, c.before, "")
				}
				var back []payment.Refund
				for _, part := range c.parts {
					back = s.lineBack(inv.ID, r.LineID, part, c.to)
				}
				if len(back) != 1 || back[0].Money != eur(c.back) {
					s.Errorf("%+v go back, want %d", back, c.back)
				}
				notes := must(s.Billing.CreditNotes(s.ctx, inv.ID))(s.T)
				if last := notes[len(notes)-1]; last.ID != back[0].CreditNoteID || last.Total != eur(c.back) {
					s.Errorf("credit note %+v", last)
				}
				s.states(d.ID, "automatic refunded")
				s.dates(d.ID, "2026-10-01", "2026-10-01", "2026-10-01")
				s.credit(s.customer, c.credit)
				if inv = s.invoice(inv.ID); inv.Credited != eur(1500) || inv.Status != billing.Paid || s.owes(s.customer) != 0 {
					s.Errorf("%s, credited %s", inv.Status, inv.Credited)
				}
				in := payment.RefundInput{Adjust: true, Reason: "once more", Lines: []billing.LineCredit{{LineID: r.LineID, Amount: eur(1000)}}}
				if _, err := s.Payments.Refund(s.ctx, inv.ID, in); err == nil {
					s.Error("it goes back twice")
				}
				s.proven()
			})
		})
	}
}

// Money that is named goes back, and no more of it: the rest is credit.
func TestNamedMoneyGoesBackWithoutTheFee(t *testing.T) {
	each(t, "2026-09-17T12:00:00Z", func(s *shop) {
		d, r := s.beside("example.cctld")
		s.pay(r.InvoiceID)
		in := payment.RefundInput{Money: new(eur(1000)), Adjust: true, Reason: "not wanted", Lines: []billing.LineCredit{{LineID: r.LineID, Amount: eur(1000)}}}
		if back := must(s.Payments.Refund(s.ctx, r.InvoiceID, in))(s.T); len(back) != 1 || back[0].Money != eur(1000) {
			s.Errorf("%+v", back)
		}
		s.states(d.ID, "automatic refunded")
		s.credit(s.customer, 500)
		s.proven()
	})
}

// The fee of what is done is owed, and so is it while the registry may have done it; if it turns out that it has not, it is credit.
func TestFeeOfWhatIsDone(t *testing.T) {
	each(t, "2026-09-17T12:00:00Z", func(s *shop) {
		d, r := s.beside("done.cctld")
		s.pay(r.InvoiceID)
		if s.work(d.ID) != 1 {
			s.Fatal("it is not sent")
		}
		if back := s.lineBack(r.InvoiceID, r.LineID, 1000, ""); back[0].Money != eur(1000) {
			s.Errorf("%+v", back)
		}
		s.states(d.ID, "automatic confirmed")
		s.credit(s.customer, 0)

		d = s.put("sent.cctld", "2026-10-01", func(d *domainname.Domain) { d.DoNotRenew = true })
		o := s.ordered(d.ID)
		s.pay(o.InvoiceID)
		s.underWay(d.ID, func() {
			if back := s.lineBack(o.InvoiceID, s.last(d.ID).LineID, 1200, ""); back[0].Money != eur(1200) {
				s.Errorf("%+v", back)
			}
			s.states(d.ID, "ordered submitted")
			s.credit(s.customer, 0)
		})
		s.states(d.ID, "ordered refunded")
		s.credit(s.customer, 500)
		s.proven()
	})
}

// An invoice that takes something off elsewhere gives back no more than was paid, and hinders nothing by that.
func TestBackFromAnInvoiceThatTakesSomethingOff(t *testing.T) {
	t.Parallel()
	off := func(s *shop, r domainname.Renewal, amount int64) billing.Invoice {
		inv := must(s.Billing.AddLine(s.ctx, r.InvoiceID, billing.LineInput{Description: "Goodwill", Quantity: 1, UnitAmount: eur(amount)}, "a loyal customer"))(s.T)
		s.pay(inv.ID)
		return inv
	}
	t.Run("refunded", func(t *testing.T) {
		each(t, "2026-09-17T12:00:00Z", func(s *shop) {
			d, r := s.beside("example.cctld")
			inv := off(s, r, -300)
			if back := s.lineBack(inv.ID, r.LineID, 1000, ""); len(back) != 1 || back[0].Money != eur(1200) {
				s.Errorf("%+v", back)
			}
			s.states(d.ID, "automatic refunded")
			s.credit(s.customer, 0)
			s.proven()
		})
	})
	t.Run("refunded, without room for the fee", func(t *testing.T) {
		each(t, "2026-09-17T12:00:00Z", func(s *shop) {
			d, r := s.beside("example.cctld")
			inv := off(s, r, -500)
			if back := s.lineBack(inv.ID, r.LineID, 1000, ""); len(back) != 1 || back[0].Money != eur(1000) {
				s.Errorf("%+v", back)
			}
			s.states(d.ID, "automatic refunded")
			s.credit(s.customer, 0)
			s.proven()
		})
	})
	t.Run("lost", func(t *testing.T) {
		each(t, february, func(s *shop) {
			d, r := s.automatic("example.cctld")
			off(s, r, -200)
			s.states(d.ID, "automatic paid")
			s.write(func(tx *db.Tx) error {
				if _, err := customer.Lock(s.ctx, tx, s.customer); err != nil {
					return err
				}
				d, err := domainname.Lock(s.ctx, tx, d.ID)
				if err != nil {
					return err
				}
				open, err := domainname.OpenRenewal(s.ctx, tx, d.ID)
				if err != nil {
					return err
				}
				if err := s.Renewals.Lost(s.ctx, tx, &d, open, "another sponsor"); err != nil {
					return err
				}
				return domainname.Save(s.ctx, tx, &d)
			})
			s.states(d.ID, "automatic lost")
			s.credit(s.customer, 800)
			s.proven()
		})
	})
}
