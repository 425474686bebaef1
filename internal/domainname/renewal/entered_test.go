package renewal_test

import (
	"testing"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// mute is [premium] at a registrar that tells no prices.
func mute(t *testing.T, f func(s *shop, fake *registrartest.Fake, d domainname.Domain)) {
	premium(t, eur(25000), func(s *shop, fake *registrartest.Fake, d domainname.Domain) {
		fake.Caps.Quote = false
		fake.Change("gold.cctld", func(d *registrartest.Domain) { d.Price = nil })
		f(s, fake, d)
	})
}

// Where no registrar tells a price staff enter it: the automatic invoice is made at the promise, and the renewal is sent.
func TestEnteredPrice(t *testing.T) {
	mute(t, func(s *shop, fake *registrartest.Fake, d domainname.Domain) {
		s.advance("2026-12-06T01:00:00Z")
		s.states(d.ID)
		s.asked(d.ID, renewal.TaskQuote)
		_ = s.refused(second(s.order(d.ID)), "TERM_NOT_AVAILABLE", "quote_needed")
		_ = s.refused(second(s.Renewals.QuoteRenewal(s.ctx, d.ID, 1, money.New(25000, "USD"), "")), "INVALID_INPUT", "")
		_ = s.refused(second(s.Renewals.QuoteRenewal(s.ctx, d.ID, 1, eur(0), "")), "INVALID_INPUT", "")
		_ = s.refused(second(s.Renewals.QuoteRenewal(s.ctx, d.ID, 10, eur(25000), "")), "INVALID_INPUT", "")
		must(s.Renewals.QuoteRenewal(s.ctx, d.ID, 1, eur(24000), "told by phone"))(s.T)
		s.asked(d.ID)
		s.advance("2026-12-07T01:00:00Z")
		s.states(d.ID, "automatic open")
		if got := s.last(d.ID).Price; got != eur(25000) { // as it was promised
			s.Errorf("invoiced %s", got)
		}
		s.payAll(s.customer)
		s.advance("2026-12-08T01:00:00Z")
		s.states(d.ID, "automatic confirmed")
		if sent := fake.Commands("renew"); len(sent) != 1 || sent[0].Price == nil || *sent[0].Price != eur(24000) {
			s.Errorf("sent %+v", sent)
		}
		// It was for that term alone.
		_ = s.refused(second(s.order(d.ID)), "TERM_NOT_AVAILABLE", "quote_needed")
		s.proven()
	})
}

// Above the promise no invoice is made by itself: the customer orders at the new price.
func TestEnteredPriceAbovePromise(t *testing.T) {
	mute(t, func(s *shop, _ *registrartest.Fake, d domainname.Domain) {
		must(s.Renewals.QuoteRenewal(s.ctx, d.ID, 1, eur(30000), "told by phone"))(s.T)
		s.advance("2026-12-08T01:00:00Z")
		s.states(d.ID)
		s.asked(d.ID, renewal.TaskPrice)
		o := s.ordered(d.ID)
		if o.Total != eur(30000) {
			s.Errorf("ordered for %s", o.Total)
		}
		s.pay(o.InvoiceID)
		s.advance("2026-12-09T01:00:00Z")
		s.states(d.ID, "ordered confirmed")
		s.proven()
	})
}

// A renewal that was paid before its price is known waits for staff to enter it, and for the difference, if there is one.
func TestEnteredPriceOfPaid(t *testing.T) {
	premium(t, eur(25000), func(s *shop, fake *registrartest.Fake, d domainname.Domain) {
		o := s.ordered(d.ID)
		fake.Caps.Quote = false
		fake.Change("gold.cctld", func(d *registrartest.Domain) { d.Price = nil })
		s.advance("2026-11-24T12:00:00Z") // what the registry has told is old
		s.pay(o.InvoiceID)
		s.advance("2026-11-24T13:00:00Z")
		s.states(d.ID, "ordered held price")
		must(s.Renewals.QuoteRenewal(s.ctx, d.ID, 1, eur(26000), "told by phone"))(s.T)
		s.advance("2026-11-24T14:00:00Z")
		s.states(d.ID, "ordered held price")
		s.pay(must(s.Renewals.AcceptPrice(s.ctx, s.last(d.ID).ID, eur(26000)))(s.T))
		s.advance("2026-11-24T15:00:00Z")
		s.states(d.ID, "ordered confirmed")
		if sent := fake.Commands("renew"); len(sent) != 1 {
			s.Errorf("sent %+v", sent)
		}
		s.proven()
	})
}

// What the registry tells itself is not entered over.
func TestPriceThatIsKnown(t *testing.T) {
	premium(t, eur(25000), func(s *shop, _ *registrartest.Fake, d domainname.Domain) {
		s.Renewals.AskPrice(s.ctx, d.ID)
		_ = s.refused(second(s.Renewals.QuoteRenewal(s.ctx, d.ID, 1, eur(20000), "")), "PRICE_KNOWN", "")
	})
}
