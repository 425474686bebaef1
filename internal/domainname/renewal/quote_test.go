package renewal_test

import (
	"testing"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// premium runs a test on a store whose registrar prices gold.cctld by itself, and which has promised 250.00 for it. Its
// automatic invoice is due on 2026-12-06.
func premium(t *testing.T, asks money.Money, f func(s *shop, fake *registrartest.Fake, d domainname.Domain)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, store *dbtest.Store) {
		fake := registrartest.New(store.Clock)
		s := open(t, store, noon, roomstest.Reach("lab", fake))
		s.write(func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(s.ctx, `INSERT INTO registrars (id, name, adapter, sync_mode, status, created_at) VALUES ('reg_1', 'lab', 'lab', 'on', 'active', 0)`)
			return err
		})
		d := s.put("gold.cctld", "2026-12-20", func(d *domainname.Domain) {
			d.RegistrarID, d.Recurring = "reg_1", eur(25000)
			d.Premium = &domainname.Premium{Class: "gold", Renew: domainname.List{1: eur(25000)}, QuotedAt: instant(t, "2026-01-01")}
		})
		fake.Put(registrartest.Domain{Name: "gold.cctld", Expiry: "2026-12-20T10:00:00Z", Price: map[string]money.Money{"renew": asks}})
		f(s, fake, d)
	})
}

func TestPremiumInvoice(t *testing.T) {
	premium(t, eur(25000), func(s *shop, fake *registrartest.Fake, d domainname.Domain) {
		s.advance("2026-12-06T01:00:00Z")
		s.states(d.ID, "automatic open")
		s.asked(d.ID)
		if inv := s.invoice(s.last(d.ID).InvoiceID); inv.Total != eur(25000) || inv.IssuedOn.String() != "2026-12-06" {
			s.Errorf("%s on %s", inv.Total, inv.IssuedOn)
		}
		s.payAll(s.customer)
		s.advance("2026-12-07T01:00:00Z")
		s.states(d.ID, "automatic confirmed")
		if sent := fake.Commands("renew"); len(sent) != 1 || sent[0].Price == nil || *sent[0].Price != eur(25000) {
			s.Errorf("sent %+v", sent)
		}
		s.proven()
	})
}

// The registry asks for more than was promised: nothing is invoiced until the customer accepts that.
func TestPremiumDearer(t *testing.T) {
	premium(t, eur(30000), func(s *shop, fake *registrartest.Fake, d domainname.Domain) {
		s.advance("2026-12-08T01:00:00Z")
		s.states(d.ID)
		s.asked(d.ID, renewal.TaskPrice)
		s.events(d.ID, "price_differs")
		o := s.ordered(d.ID)
		if o.Total != eur(30000) {
			s.Errorf("ordered for %s", o.Total)
		}
		s.asked(d.ID)
		s.pay(o.InvoiceID)
		s.advance("2026-12-09T01:00:00Z")
		s.states(d.ID, "ordered confirmed")
		if sent := fake.Commands("renew"); len(sent) != 1 || sent[0].Price == nil || *sent[0].Price != eur(30000) {
			s.Errorf("sent %+v", sent)
		}
		if got := s.domain(d.ID).Recurring; got != eur(25000) {
			s.Errorf("the promise is %s", got)
		}
		s.proven()
	})
}

// Staff promise what the registry asks: it is invoiced the day after.
func TestPremiumPromisedAnew(t *testing.T) {
	premium(t, eur(30000), func(s *shop, _ *registrartest.Fake, d domainname.Domain) {
		s.advance("2026-12-06T01:00:00Z")
		s.states(d.ID)
		must(s.Domains.Change(s.ctx, d.ID, domainname.Patch{Recurring: new(eur(30000))}))(s.T)
		s.advance("2026-12-07T01:00:00Z")
		s.states(d.ID, "automatic open")
		s.asked(d.ID)
		if got := s.last(d.ID).Price; got != eur(30000) {
			s.Errorf("invoiced %s", got)
		}
	})
}

// In another currency it needs a rate of the store.
func TestPremiumOtherCurrency(t *testing.T) {
	premium(t, money.New(25000, "USD"), func(s *shop, _ *registrartest.Fake, d domainname.Domain) {
		s.advance("2026-12-06T01:00:00Z")
		s.states(d.ID)
		s.asked(d.ID, renewal.TaskQuote)
		s.set(map[string]any{"store.exchange_rates": map[string]string{"EUR/USD": "1.0842"}})
		s.advance("2026-12-07T13:00:00Z")
		s.states(d.ID, "automatic open")
		s.asked(d.ID)
		if _, o, err := s.Renewals.Offer(s.ctx, s.put("other.cctld", "2027-05-01").ID, domainname.ByCustomer); err != nil || len(o.On()) == 0 {
			s.Errorf("%+v %v", o, err)
		}
	})
}

// noFee is an extension for whose restores staff quote the fee.
func noFee(p *domainname.Policy) { p.RedemptionFee = nil }

// Money that came before the quote is kept, and waits for the fee.
func TestC7QuoteAfterPayment(t *testing.T) {
	each(t, "2026-09-17T12:00:00Z", func(s *shop) {
		s.policy("quoted", noFee)
		d := s.put("example.quoted", "2026-10-01")
		s.advance("2026-11-01T12:00:00Z")
		s.states(d.ID, "automatic open")
		s.asked(d.ID, renewal.TaskQuote)
		open := s.last(d.ID).InvoiceID
		_, err := s.Payments.Checkout(s.ctx, open, payment.CheckoutOptions{Gateway: "sandbox", ReturnURL: "https://store.example.com"})
		if e := fail.Of(err); e == nil || e.More["reason"] != domainname.QuoteNeeded {
			s.Errorf("a page to pay on: %v", err)
		}
		s.payAll(s.customer) // by wire
		s.states(d.ID, "automatic held top_up")
		s.asked(d.ID, renewal.TaskQuote)

		_, err = s.Renewals.QuoteRestore(s.ctx, d.ID, money.New(8000, "USD"), "")
		_ = s.refused(err, "INVALID_INPUT", "")
		must(s.Renewals.QuoteRestore(s.ctx, d.ID, eur(8000), "told by phone"))(s.T)
		s.asked(d.ID)
		if owes := s.owes(s.customer); owes != 8000-500 { // that of the grace is paid
			s.Errorf("owes %d", owes)
		}
		s.payAll(s.customer)
		s.states(d.ID, "automatic paid")
		s.proven()
	})
}

// A saved card is not charged before the fee is known, and is when it is. Until then that is nobody's fault: it waits for staff.
func TestC7QuoteBeforeCharge(t *testing.T) {
	each(t, "2026-09-17T12:00:00Z", func(s *shop) {
		s.set(map[string]any{"billing.retry_days": []int{40}})
		s.policy("quoted", noFee)
		s.customer = s.buyer("carl", "tok_decline")
		d := s.put("example.quoted", "2026-10-01")
		s.advance("2026-11-01T12:00:00Z")
		must(s.Payments.AddMethod(s.ctx, s.customer, "sandbox", "tok_ok"))(s.T)
		s.advance("2026-11-12T12:00:00Z") // a day after it is to be tried again
		s.states(d.ID, "automatic open")
		must(s.Renewals.QuoteRestore(s.ctx, d.ID, eur(8000), "told by phone"))(s.T)
		s.advance("2026-11-13T12:00:00Z")
		if r := s.last(d.ID); r.PaidAt == nil || r.Fee != eur(8000) || s.owes(s.customer) != 0 {
			s.Errorf("%+v, owes %d", r, s.owes(s.customer))
		}
		s.proven()
	})
}

// Quoted before it is paid: the customer pays price and fee, on demand and by the automatic line.
func TestC7QuoteBeforePayment(t *testing.T) {
	each(t, "2026-09-17T12:00:00Z", func(s *shop) {
		s.policy("quoted", noFee)
		auto := s.put("auto.quoted", "2026-10-01")
		demand := s.put("demand.quoted", "2026-10-01", func(d *domainname.Domain) { d.DoNotRenew = true })
		s.advance("2026-11-10T12:00:00Z")
		_ = s.refused(second(s.order(demand.ID)), "TERM_NOT_AVAILABLE", "quote_needed")
		for _, id := range []string{auto.ID, demand.ID} {
			must(s.Renewals.QuoteRestore(s.ctx, id, eur(7500), ""))(s.T)
		}
		if o := s.ordered(demand.ID); o.Total != eur(1200+7500) {
			s.Errorf("on demand %s", o.Total)
		}
		s.payAll(s.customer)
		s.states(auto.ID, "automatic paid")
		s.states(demand.ID, "ordered paid")
		if r := s.last(auto.ID); r.Fee != eur(7500) || r.Stage != domainname.StageRedemption {
			s.Errorf("%s in %s", r.Fee, r.Stage)
		}
		// It was for that term alone.
		for _, id := range []string{auto.ID, demand.ID} {
			if s.work(id) != 1 {
				s.Error("nothing was sent")
			}
		}
		s.advance("2027-11-15T12:00:00Z")
		_ = s.refused(second(s.order(demand.ID)), "TERM_NOT_AVAILABLE", "quote_needed")
		s.proven()
	})
}

// Fees are converted by the store's rate where they are not set in the currency of the domain, and rounded once.
func TestC7FeeInOtherCurrency(t *testing.T) {
	each(t, "2026-09-17T12:00:00Z", func(s *shop) {
		s.set(map[string]any{"store.exchange_rates": map[string]string{"EUR/USD": "1.0842"}})
		d := s.put("example.cctld", "2026-10-01", func(d *domainname.Domain) { d.Recurring, d.DoNotRenew = money.New(1100, "USD"), true })
		if _, err := s.Domains.SetPrices(s.ctx, domainname.Prices{
			{Extension: "cctld", Kind: domainname.ForRenewal, Years: 1, Currency: "USD", ValidFrom: day(s.T, "2020-01-01"), Amount: 1300},
		}); err != nil {
			s.Fatal(err)
		}
		s.advance("2026-10-02T12:00:00Z")
		if o := s.ordered(d.ID); o.Total != money.New(1300+542, "USD") { // 5.421
			s.Errorf("in grace %s", o.Total)
		}
		s.advance("2026-11-02T12:00:00Z")
		if o := s.ordered(d.ID); o.Total != money.New(1300+8674, "USD") { // 86.736
			s.Errorf("in redemption %s", o.Total)
		}
	})
}

// A restore that turns out to cost less: the customer pays the rest of what was asked for, and what was paid too much is credit. Nothing
// waits for it.
func TestQuoteLowered(t *testing.T) {
	each(t, "2026-09-17T12:00:00Z", func(s *shop) {
		s.policy("quoted", noFee)
		apart := s.put("apart.quoted", "2026-10-01")
		demand := s.put("demand.quoted", "2026-10-01", func(d *domainname.Domain) { d.DoNotRenew = true })
		s.advance("2026-11-10T12:00:00Z")
		quote := func(fee int64) {
			s.Helper()
			for _, id := range []string{apart.ID, demand.ID} {
				must(s.Renewals.QuoteRestore(s.ctx, id, eur(fee), ""))(s.T)
			}
		}
		quote(8000)
		o := s.ordered(demand.ID)
		if owes := s.owes(s.customer); owes != 1000+8000+1200+8000 {
			s.Errorf("owes %d", owes)
		}
		quote(6000)
		if owes := s.owes(s.customer); owes != 1000+6000+1200+6000 {
			s.Errorf("owes %d after that", owes)
		}
		if inv := s.invoice(o.InvoiceID); inv.Balance() != eur(1200+6000) {
			s.Errorf("the order asks for %s", inv.Balance())
		}
		s.payAll(s.customer)
		s.credit(s.customer, 0)
		quote(5500)
		s.credit(s.customer, 2*500)
		for id, kind := range map[string]string{apart.ID: "automatic", demand.ID: "ordered"} {
			s.states(id, kind+" paid")
			if r := s.last(id); r.Fee != eur(5500) {
				s.Errorf("the fee is %s", r.Fee)
			}
			s.asked(id)
		}
		quote(0) // it turns out to be free
		for _, id := range []string{apart.ID, demand.ID} {
			if s.work(id) != 1 {
				s.Error("it is not sent")
			}
		}
		s.credit(s.customer, 2*6000)
		s.proven()
	})
}
