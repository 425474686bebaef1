package renewal_test

import (
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
)

// asksMore does what the worker does when the registry asks for another price than was paid.
func (s *shop) asksMore(id string, price, missing money.Money) {
	s.Helper()
	s.write(func(tx *db.Tx) error {
		d, err := domainname.Lock(s.ctx, tx, id)
		if err != nil {
			return err
		}
		r, err := domainname.OpenRenewal(s.ctx, tx, id)
		if err != nil {
			return err
		}
		d.Premium = &domainname.Premium{Class: "gold", Renew: domainname.List{1: price}, QuotedAt: tx.Now}
		if err := domainname.Save(s.ctx, tx, &d); err != nil {
			return err
		}
		return s.Renewals.TopUp(s.ctx, tx, &d, r, missing, domainname.HeldPrice, "premium")
	})
}

// The registry raises its price again after the customer has paid the difference: that can be accepted, too, and all that was
// paid comes back when the domain is lost.
func TestPriceRaisedTwice(t *testing.T) {
	each(t, noon, func(s *shop) {
		d := s.put("gold.cctld", "2027-05-01")
		s.pay(s.ordered(d.ID).InvoiceID) // 12.00
		s.asksMore(d.ID, eur(25000), eur(23800))
		first := must(s.Renewals.AcceptPrice(s.ctx, s.last(d.ID).ID, eur(25000)))(s.T)
		s.pay(first)
		s.states(d.ID, "ordered paid")

		s.asksMore(d.ID, eur(30000), eur(5000))
		if r := s.last(d.ID); r.FeeInvoiceID != "" {
			s.Errorf("it waits for invoice %s, which is paid", r.FeeInvoiceID)
		}
		second := must(s.Renewals.AcceptPrice(s.ctx, s.last(d.ID).ID, eur(30000)))(s.T)
		if second == first || s.invoice(second).Total != eur(5000) {
			s.Errorf("invoice %s of %s", second, s.invoice(second).Total)
		}
		s.pay(second)
		s.states(d.ID, "ordered paid")

		s.write(func(tx *db.Tx) error {
			d, err := domainname.Lock(s.ctx, tx, d.ID)
			if err != nil {
				return err
			}
			r, err := domainname.OpenRenewal(s.ctx, tx, d.ID)
			if err != nil {
				return err
			}
			return s.Renewals.Lost(s.ctx, tx, &d, r, "another sponsor")
		})
		s.credit(s.customer, 1200+23800+5000)
		s.proven()
	})
}

// A fee of its own that was paid is no reason to believe that a price was accepted.
func TestPriceAfterFee(t *testing.T) {
	each(t, "2026-09-17T12:00:00Z", func(s *shop) {
		d := s.put("gold.cctld", "2026-10-01")
		s.advance("2026-10-02T12:00:00Z") // the fee of the grace is asked for by itself
		s.payAll(s.customer)
		s.states(d.ID, "automatic paid")
		s.asksMore(d.ID, eur(25000), eur(24000))
		if r := s.last(d.ID); r.FeeInvoiceID != "" {
			s.Errorf("it waits for invoice %s, which is paid", r.FeeInvoiceID)
		}
		s.pay(must(s.Renewals.AcceptPrice(s.ctx, s.last(d.ID).ID, eur(25000)))(s.T))
		s.states(d.ID, "automatic paid")
		inv := s.invoice(s.last(d.ID).InvoiceID)
		must(s.Payments.Refund(s.ctx, inv.ID, refundAll(inv)))(s.T)
		s.states(d.ID, "automatic refunded")
		s.credit(s.customer, 24000+500)
		s.proven()
	})
}

// A late fee that was paid by itself comes back when the renewal is given up that it was for.
func TestFeePaidAlone(t *testing.T) {
	each(t, "2026-09-17T12:00:00Z", func(s *shop) {
		ben := s.buyer("ben", "")
		off, voided := s.put("off.cctld", "2026-10-01"), s.put("voided.cctld", "2026-10-01", func(d *domainname.Domain) { d.CustomerID = ben })
		s.advance("2026-10-02T12:00:00Z")
		for _, d := range []domainname.Domain{off, voided} {
			s.pay(s.last(d.ID).FeeInvoiceID)
			s.states(d.ID, "automatic open")
		}
		must(s.Renewals.SetAutoRenew(s.ctx, off.ID, false, ""))(s.T)
		s.states(off.ID, "automatic withdrawn")
		s.credit(s.customer, 500)
		invoice := s.last(voided.ID).InvoiceID
		s.write(func(tx *db.Tx) error { return second(s.Billing.Void(s.ctx, tx, invoice, "not wanted")) })
		s.states(voided.ID, "automatic revoked")
		s.credit(ben, 500)
		s.proven()
	})
}

func refundAll(inv billing.Invoice) payment.RefundInput {
	in := payment.RefundInput{Adjust: true, Reason: "not at that price"}
	for _, l := range inv.Lines {
		in.Lines = append(in.Lines, billing.LineCredit{LineID: l.ID, Amount: l.Amount})
	}
	return in
}

// What is accepted is what was shown, in the customer's own currency: another rate of exchange is another price.
func TestAcceptedAsShown(t *testing.T) {
	each(t, noon, func(s *shop) {
		d := s.put("gold.cctld", "2027-05-01")
		s.pay(s.ordered(d.ID).InvoiceID) // 12.00
		s.asksMore(d.ID, money.New(25000, "USD"), eur(21858))
		r := s.last(d.ID)
		if _, known, err := s.Renewals.AskedPrice(s.ctx, r); known || err != nil {
			s.Errorf("known %v, %v", known, err)
		}
		_ = s.refused(second(s.Renewals.AcceptPrice(s.ctx, r.ID, money.New(25000, "USD"))), "TERM_NOT_AVAILABLE", "quote_needed")
		rate := func(of string) { s.set(map[string]any{"store.exchange_rates": map[string]string{"EUR/USD": of}}) }
		rate("1.0842")
		asked, known, err := s.Renewals.AskedPrice(s.ctx, r)
		if asked != (domainname.RegistryPrice{Price: eur(23058), Missing: eur(21858)}) || !known || err != nil {
			s.Errorf("asked %+v, known %v, %v", asked, known, err)
		}
		rate("1.05")
		_ = s.refused(second(s.Renewals.AcceptPrice(s.ctx, r.ID, asked.Price)), "PRICE_CHANGED", "")
		s.states(d.ID, "ordered held price")
		rate("1.0842")
		if inv := s.invoice(must(s.Renewals.AcceptPrice(s.ctx, r.ID, asked.Price))(s.T)); inv.Total != eur(21858) {
			s.Errorf("asked for %s", inv.Total)
		}
		if _, known, err := s.Renewals.AskedPrice(s.ctx, domainname.Renewal{DomainID: d.ID, State: domainname.RenewalPaid}); known || err != nil {
			s.Errorf("nothing waits, and a price is known: %v", err)
		}
	})
}
