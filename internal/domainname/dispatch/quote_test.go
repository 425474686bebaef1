package dispatch

import (
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

// premium makes a domain one that the registry prices by itself, which was not asked for lately.
func premium(d *domainname.Domain) {
	d.Recurring = eur(25000)
	d.Premium = &domainname.Premium{Class: "premium", Renew: domainname.List{1: eur(25000)}, QuotedAt: noon.AddDate(-1, 0, 0)}
}

// asks has the registry ask so much a year to renew a name.
func (b *bench) asks(name string, yearly money.Money) {
	b.fake.Change(name, func(d *registrartest.Domain) { d.Price = map[string]money.Money{"renew": yearly} })
}

// plansQuotes is the pass that plans for premium names.
func (b *bench) plansQuotes() {
	b.Helper()
	_, err := b.planPremium(b.ctx)
	b.must(err)
}

// A premium name is asked for in the days before its automatic invoice, again and again until there is one.
func TestQuoteBeforeTheInvoice(t *testing.T) {
	each(t, func(b *bench) {
		d := b.domain("gold.example", "2027-03-10", premium) // invoiced on 2027-02-24
		b.asks("gold.example", eur(26000))
		at := func(instant time.Time) {
			b.store.Clock.Set(instant)
			b.plansQuotes()
			b.run()
		}
		at(time.Date(2027, 2, 20, 12, 0, 0, 0, time.UTC))
		if n := b.fake.Sent("quote"); n != 0 {
			t.Fatalf("asked %d times, four days ahead", n)
		}
		at(time.Date(2027, 2, 21, 0, 0, 0, 0, time.UTC))
		got := b.load(d.ID)
		if got.Premium.Renew[1] != eur(26000) || !got.Premium.QuotedAt.Equal(b.store.Clock.Now()) || got.Recurring != eur(25000) {
			t.Fatalf("quoted: %+v, promised %s", got.Premium, got.Recurring)
		}
		b.pass(3*24*time.Hour, time.Hour) // by itself
		if got := b.load(d.ID); !got.Premium.Fresh(b.store.Clock.Now()) || b.fake.Sent("quote") != 7 {
			t.Errorf("asked %d times, last at %s", b.fake.Sent("quote"), got.Premium.QuotedAt)
		}
		// Nothing is asked for what nobody is to be invoiced for.
		b.must(b.write(func(tx *db.Tx) error {
			d, err := domainname.Lock(b.ctx, tx, d.ID)
			if err != nil {
				return err
			}
			d.DoNotRenew = true
			return domainname.Save(b.ctx, tx, &d)
		}))
		b.pass(2*24*time.Hour, time.Hour)
		if n := b.fake.Sent("quote"); n != 7 {
			t.Errorf("asked %d times after that", n)
		}
	})
}

// Where the registry tells no price, staff are asked, once for the due date.
func TestQuoteUnknown(t *testing.T) {
	lite(t, func(b *bench) {
		d := b.domain("gold.example", "2026-12-01", premium)
		b.plansQuotes()
		b.pass(36*time.Hour, time.Hour)
		if n := b.tasks(d.ID); n != 1 || b.load(d.ID).Premium.Fresh(b.store.Clock.Now()) {
			t.Errorf("%d tasks, %+v", n, b.load(d.ID).Premium)
		}
		b.asks("gold.example", eur(25000))
		b.pass(24*time.Hour, time.Hour)
		if n := b.tasks(d.ID); n != 0 || !b.load(d.ID).Premium.Fresh(b.store.Clock.Now()) {
			t.Errorf("%d tasks, %+v", n, b.load(d.ID).Premium)
		}
	})
}

// Somebody wants to see the terms: all of them are asked for, and not again for a while.
func TestQuoteOnDemand(t *testing.T) {
	each(t, func(b *bench) {
		d := b.domain("gold.example", "2027-09-10", premium)
		usual := b.domain("usual.example", "2027-09-10")
		b.asks("gold.example", eur(26000))
		if _, err := domainname.New(b.store.DB).SetPrices(b.ctx, domainname.Prices{
			{Extension: "example", Kind: domainname.ForRenewal, Years: 2, Currency: "EUR", Amount: 2400, ValidFrom: day("2020-01-01")},
		}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			b.must(b.Quote(b.ctx, d.ID))
			b.must(b.Quote(b.ctx, usual.ID))
		}
		if got := b.load(d.ID).Premium; len(got.Renew) != 2 || got.Renew[1] != eur(26000) || got.Renew[2] != eur(52000) || b.fake.Sent("quote") != 2 {
			t.Errorf("%+v, asked %d times", got, b.fake.Sent("quote"))
		}
		b.asks("gold.example", eur(27000))
		b.store.Clock.Advance(2 * time.Hour)
		b.quoted = map[string]time.Time{}
		b.must(b.Quote(b.ctx, d.ID))
		if got := b.load(d.ID).Premium; got.Renew[1] != eur(27000) {
			t.Errorf("later: %+v", got)
		}
	})
}

// In the registry's own currency: without a rate it waits for the store, with one the difference is asked for.
func TestC5OtherCurrency(t *testing.T) {
	each(t, func(b *bench) {
		d := b.domain("gold.example", "2027-03-10")
		b.asks("gold.example", money.New(25000, "USD"))
		r := b.paid(d, 1)
		b.run()
		if got := b.is(r, domainname.RenewalHeld, 0); got.Hold != domainname.HeldPrice || len(b.purse.toppedUp) != 0 {
			b.Fatalf("held: %s, %v", got.Hold, b.purse.toppedUp)
		}
		b.must(b.write(func(tx *db.Tx) error {
			if _, err := tx.SQL().ExecContext(b.ctx, `INSERT INTO settings (name, value, updated_at) VALUES ('store.exchange_rates', '{"EUR/USD":"1.0842"}', 1)`); err != nil {
				return err
			}
			r, err := domainname.LoadRenewal(b.ctx, tx, r.ID)
			if err != nil {
				return err
			}
			if err := domainname.MoveRenewal(b.ctx, tx, &r, domainname.OnRelease); err != nil {
				return err
			}
			return domainname.Work(b.ctx, tx, d.ID, tx.Now)
		}))
		b.run()
		b.is(r, domainname.RenewalHeld, 0)
		if len(b.purse.toppedUp) != 1 || b.purse.toppedUp[0] != eur(21858) { // 230.58… − 12.00
			b.Errorf("topped up %v", b.purse.toppedUp)
		}
	})
}

// What is asked for is what is missing: a late fee that was paid is no part of the registry's price, and what was paid above it is.
func TestC5LateFee(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		stage   domainname.Stage
		fee     int64
		asks    int64
		missing int64 // 0: it is sent
	}{
		{"what was paid with the fee", domainname.StageGrace, 500, 1700, 500},
		{"what was paid", domainname.StageGrace, 500, 1200, 0},
		{"a difference was paid before", domainname.StageGrace, 500 + 800, 2000, 0},
		{"and more is asked for", domainname.StageGrace, 500 + 800, 2100, 100},
		{"no fee", domainname.StageActive, 800, 2000, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			lite(t, func(b *bench) {
				d := b.domain("gold.example", "2027-03-10")
				b.asks("gold.example", eur(c.asks))
				r := b.paid(d, 1, func(r *domainname.Renewal) { r.Stage, r.Fee = c.stage, eur(c.fee) })
				b.run()
				if c.missing == 0 {
					b.is(r, domainname.RenewalConfirmed, 1)
					return
				}
				b.is(r, domainname.RenewalHeld, 0)
				if len(b.purse.toppedUp) != 1 || b.purse.toppedUp[0] != eur(c.missing) {
					b.Errorf("topped up %v", b.purse.toppedUp)
				}
			})
		})
	}
}

// A premium name without a price just now is not sent.
func TestC5NoPrice(t *testing.T) {
	lite(t, func(b *bench) {
		d := b.domain("gold.example", "2027-03-10", premium, func(d *domainname.Domain) { d.Premium.QuotedAt = noon })
		r := b.paid(d, 1)
		b.run()
		if got := b.is(r, domainname.RenewalHeld, 0); got.Hold != domainname.HeldPrice {
			b.Errorf("held: %s", got.Hold)
		}
	})
}

// A registration names the price that the registry asks for.
func TestPremiumRegistration(t *testing.T) {
	lite(t, func(b *bench) {
		b.fake.Own = map[string]map[string]money.Money{"gold.example": {"register": eur(50000), "renew": eur(25000)}}
		d := b.domain("gold.example", "2027-11-22", func(d *domainname.Domain) {
			d.Status, d.Expiry, d.BoughtYears = domainname.PendingRegistration, domainname.Expiry{}, 1
		})
		b.fake.Remove("gold.example")
		b.must(b.write(func(tx *db.Tx) error { return domainname.Work(b.ctx, tx, d.ID, tx.Now) }))
		b.run()
		sent := b.fake.Commands("register")
		if len(sent) != 1 || sent[0].Price == nil || *sent[0].Price != eur(50000) || sent[0].Code != 1000 {
			t.Errorf("sent %+v", sent)
		}
		if b.purse.command.Price != eur(50000) || b.purse.renewal.Price != eur(25000) {
			t.Errorf("told of %+v, %+v", b.purse.command, b.purse.renewal)
		}
	})
}

// So does a transfer: without it the registry refuses, and a customer who has paid for the name loses it.
func TestPremiumTransfer(t *testing.T) {
	lite(t, func(b *bench) {
		d := b.awaited("gold.example", domainname.PendingTransfer)
		b.fake.Put(registrartest.Domain{
			Name: "gold.example", Expiry: "2027-11-22T10:00:00Z", Sponsor: registrartest.Them, AuthCode: "secret",
			Price: map[string]money.Money{"transfer": eur(30000), "renew": eur(25000)},
		})
		b.run()
		sent := b.fake.Commands("transfer")
		if len(sent) != 1 || sent[0].Price == nil || *sent[0].Price != eur(30000) || sent[0].Code != 1001 {
			t.Errorf("sent %+v", sent)
		}
		if b.purse.command.Price != eur(30000) || b.purse.renewal.Price != eur(25000) {
			t.Errorf("told of %+v, %+v", b.purse.command, b.purse.renewal)
		}
		b.status(d, domainname.PendingTransfer)
	})
}

// Without a price a premium name is not registered: it is asked for again, and staff hear of it.
func TestPremiumRegistrationWithoutPrice(t *testing.T) {
	lite(t, func(b *bench) {
		d := b.domain("gold.example", "2027-11-22", func(d *domainname.Domain) {
			d.Status, d.Expiry, d.BoughtYears = domainname.PendingRegistration, domainname.Expiry{}, 1
			d.Premium = &domainname.Premium{Class: "premium", Renew: domainname.List{1: eur(25000)}, QuotedAt: noon}
		})
		b.fake.Remove("gold.example")
		b.must(b.write(func(tx *db.Tx) error { return domainname.Work(b.ctx, tx, d.ID, tx.Now) }))
		for range 6 {
			b.run()
			b.store.Clock.Set(b.store.Clock.Now().Add(time.Hour))
		}
		if n := b.fake.Sent("register"); n != 0 || b.tasks(d.ID) != 1 {
			t.Errorf("sent %d times, %d tasks", n, b.tasks(d.ID))
		}
		b.fake.Own = map[string]map[string]money.Money{"gold.example": {"register": eur(50000), "renew": eur(25000)}}
		b.run()
		if sent := b.fake.Commands("register"); len(sent) != 1 || sent[0].Price == nil || *sent[0].Price != eur(50000) {
			t.Errorf("sent %+v", sent)
		}
	})
}

// inRedemption is a domain in redemption since its grace ended on 2026-10-31, whose renewal and restore (80.00) are paid. The registry
// asks so much for the restore; nothing: it does not tell.
func (b *bench) inRedemption(asks map[string]money.Money, change ...func(*domainname.Domain)) (domainname.Domain, domainname.Renewal) {
	b.Helper()
	b.store.Clock.Set(time.Date(2026, 11, 10, 12, 0, 0, 0, time.UTC))
	d := b.domain("gold.example", "2026-10-01", append(change, func(d *domainname.Domain) { d.Status = domainname.Redemption })...)
	b.fake.Change("gold.example", func(d *registrartest.Domain) {
		d.RGP, d.Statuses, d.Price = []string{"redemptionPeriod"}, []string{"pendingDelete"}, asks
	})
	return d, b.paid(d, d.Term, func(r *domainname.Renewal) { r.Stage, r.Fee = domainname.StageRedemption, eur(8000) })
}

// goesOn has something done to a held renewal that lets it go on.
func (b *bench) goesOn(r domainname.Renewal, change func(tx *db.Tx, d *domainname.Domain, r *domainname.Renewal) error) {
	b.Helper()
	b.must(b.write(func(tx *db.Tx) error {
		d, err := domainname.Lock(b.ctx, tx, r.DomainID)
		if err != nil {
			return err
		}
		r, err := domainname.LoadRenewal(b.ctx, tx, r.ID)
		if err != nil {
			return err
		}
		if err := change(tx, &d, &r); err != nil {
			return err
		}
		if err := domainname.MoveRenewal(b.ctx, tx, &r, domainname.OnRelease); err != nil {
			return err
		}
		return domainname.Work(b.ctx, tx, d.ID, tx.Now)
	}))
	b.run()
}

// restoredFor checks that one restore was sent, which named a price, and that it has led to a renewed domain.
func (b *bench) restoredFor(r domainname.Renewal, price *money.Money) {
	b.Helper()
	b.is(r, domainname.RenewalConfirmed, 0)
	sent := b.fake.Commands("restore")
	if len(sent) != 1 || (sent[0].Price == nil) != (price == nil) || price != nil && *sent[0].Price != *price {
		b.Fatalf("restores %+v", sent)
	}
	b.once(r)
}

// The restore of a premium name is asked for at the price that the registry asks just then. More than was agreed: a person looks first.
func TestRestoreOfAPremiumName(t *testing.T) {
	t.Parallel()
	asks := func(amount int64) map[string]money.Money {
		return map[string]money.Money{"restore": eur(amount), "renew": eur(1200)}
	}
	t.Run("not dearer", func(t *testing.T) {
		each(t, func(b *bench) {
			_, r := b.inRedemption(asks(8000))
			b.run()
			b.restoredFor(r, new(eur(8000)))
		})
	})
	t.Run("a plain name", func(t *testing.T) {
		lite(t, func(b *bench) {
			b.fake.Prices = map[string]money.Money{"restore": eur(9000)}
			_, r := b.inRedemption(nil)
			b.run()
			b.restoredFor(r, nil)
		})
	})
	t.Run("dearer, by staff's word", func(t *testing.T) {
		each(t, func(b *bench) {
			_, r := b.inRedemption(asks(8001))
			b.run()
			if got := b.held(r, domainname.HeldStaff, 0); got.Cause != domainname.WaitsForPremium || b.fake.Sent("restore") != 0 {
				b.Fatalf("held because of %s, %d restores", got.Cause, b.fake.Sent("restore"))
			}
			b.pass(24*time.Hour, time.Hour)
			b.held(r, domainname.HeldStaff, 0)
			b.goesOn(r, func(_ *db.Tx, _ *domainname.Domain, r *domainname.Renewal) error {
				r.Cause = domainname.ByStaffsWord
				return nil
			})
			b.restoredFor(r, new(eur(8001)))
		})
	})
	t.Run("dearer, and entered", func(t *testing.T) {
		each(t, func(b *bench) {
			_, r := b.inRedemption(asks(9000))
			b.run()
			b.held(r, domainname.HeldStaff, 0)
			b.goesOn(r, func(tx *db.Tx, d *domainname.Domain, r *domainname.Renewal) error {
				return domainname.QuoteRestore(b.ctx, tx, d, domainname.RestoreQuote{Fee: eur(9500), Term: r.Base, At: tx.Now})
			})
			b.is(r, domainname.RenewalHeld, 0)
			if len(b.purse.toppedUp) != 1 || b.purse.toppedUp[0] != eur(1500) || b.fake.Sent("restore") != 0 {
				b.Fatalf("asked for %v, %d restores", b.purse.toppedUp, b.fake.Sent("restore"))
			}
			b.goesOn(r, func(_ *db.Tx, _ *domainname.Domain, r *domainname.Renewal) error {
				r.Fee = eur(9500)
				return nil
			})
			b.restoredFor(r, new(eur(9000)))
		})
	})
	t.Run("not told", func(t *testing.T) {
		lite(t, func(b *bench) {
			_, r := b.inRedemption(nil, premium)
			b.run()
			if got := b.held(r, domainname.HeldStaff, 0); got.Cause != domainname.WaitsForQuote {
				b.Fatalf("held because of %s", got.Cause)
			}
			b.goesOn(r, func(tx *db.Tx, d *domainname.Domain, r *domainname.Renewal) error {
				return domainname.QuoteRestore(b.ctx, tx, d, domainname.RestoreQuote{Fee: eur(8000), Term: r.Base, At: tx.Now})
			})
			b.restoredFor(r, nil)
		})
	})
	t.Run("a currency without a rate", func(t *testing.T) {
		lite(t, func(b *bench) {
			_, r := b.inRedemption(map[string]money.Money{"restore": money.New(100, "USD")})
			b.run()
			b.held(r, domainname.HeldStaff, 0)
		})
	})
	t.Run("late by the store", func(t *testing.T) {
		for amount, state := range map[int64]domainname.RenewalState{8000: domainname.RenewalConfirmed, 8001: domainname.RenewalHeld} {
			late := func(b *bench) {
				b.store.Clock.Set(time.Date(2026, 10, 31, 12, 0, 0, 0, time.UTC))
				d := b.domain("gold.example", "2026-10-01", func(d *domainname.Domain) { d.Status = domainname.Grace })
				r := b.paid(d, 1, func(r *domainname.Renewal) { r.Stage, r.Fee = domainname.StageGrace, eur(500) })
				b.store.Clock.Set(time.Date(2026, 11, 10, 12, 0, 0, 0, time.UTC))
				b.fake.Change("gold.example", func(d *registrartest.Domain) {
					d.RGP, d.Price = []string{"redemptionPeriod"}, asks(amount)
				})
				b.run()
				b.is(r, state, 0)
			}
			t.Run(string(state), func(t *testing.T) { lite(t, late) })
		}
	})
	t.Run("another price after a crash", func(t *testing.T) {
		each(t, func(b *bench) {
			_, r := b.inRedemption(asks(8000))
			b.kill("committed")
			b.dies()
			b.fake.Change("gold.example", func(d *registrartest.Domain) { d.Price = asks(7000) })
			b.pass(2*time.Minute, time.Minute)
			b.restoredFor(r, new(eur(7000)))
		})
	})
}
