package registration_test

import (
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/setting"
)

// gold are the prices of a name for which a registry has a class of its own: it renews for less than it is registered for.
func gold(currency money.Currency) map[string]money.Money {
	return map[string]money.Money{
		"register": money.New(50_000, currency), "renew": money.New(25_000, currency), "transfer": money.New(30_000, currency),
	}
}

func (s *shop) quoteNeeded(err error) {
	s.Helper()
	if e := fail.Of(err); e == nil || e.Code != domainname.CodeTerm || e.More["reason"] != domainname.QuoteNeeded {
		s.Fatalf("error = %v, want quote_needed", err)
	}
}

func TestPremiumSearch(t *testing.T) {
	each(t, func(s *shop) {
		s.checker.own = map[string]map[string]money.Money{"gold.example": gold("EUR"), "gold.test": {}}
		found, err := s.reg.Search(s.ctx, "gold.example", "", "")
		if err != nil || len(found) != 2 {
			t.Fatalf("%+v, %v", found, err)
		}
		f := found[0]
		if !f.Premium || !f.Free || len(f.Years) != 4 || f.Years[0].Price != eur(50_000) || *f.Years[0].Renew != eur(25_000) || f.Years[1].Price != eur(100_000) {
			t.Errorf("premium: %+v", f)
		}
		// No price is told: it is not sold, and the page says why.
		if f = found[1]; !f.Premium || len(f.Years) != 0 || !strings.Contains(f.Reason, "has not told it") {
			t.Errorf("without a price: %+v", f)
		}
		_, err = s.order(register("gold.test", 1))
		s.quoteNeeded(err)

		s.checker.taken = []string{"silver.example"}
		s.checker.own["silver.example"] = gold("EUR")
		if found, err = s.reg.Search(s.ctx, "silver.example", "", ""); err != nil || found[0].Free || found[0].Years != nil || *found[0].Transfer != eur(30_000) {
			t.Errorf("taken: %+v, %v", found, err)
		}
	})
}

// What is ordered, and promised, is the registry's price; the renewal is never priced from the registration.
func TestPremiumOrder(t *testing.T) {
	each(t, func(s *shop) {
		s.checker.own = map[string]map[string]money.Money{"gold.example": gold("EUR"), "dollar.example": gold("USD")}
		o := s.placed(register("gold.example", 1))
		if o.Total != eur(50_000) {
			t.Errorf("total %s", o.Total)
		}
		s.Pay(t, o.InvoiceID, o.Total.Amount, "p1")
		d := s.domain(s.Order(t, o.ID).DomainIDs[0])
		if d.Premium == nil || d.Premium.Class != "gold" || d.Premium.Renew[1] != eur(25_000) || d.Term != 1 || d.Recurring != eur(25_000) {
			t.Errorf("placed: %+v, %d years for %s", d.Premium, d.Term, d.Recurring)
		}

		// In the registry's currency only: without a rate it is not sold, with one it is converted and rounded once.
		_, err := s.order(register("dollar.example", 1))
		s.quoteNeeded(err)
		rates := map[string]json.RawMessage{"store.exchange_rates": []byte(`{"EUR/USD":"1.0842"}`)}
		if _, err := setting.New(s.DB).Patch(s.ctx, rates); err != nil {
			t.Fatal(err)
		}
		if o := s.placed(register("dollar.example", 1)); o.Total != eur(46_117) { // 461.169…
			t.Errorf("converted: %s", o.Total)
		}

		// Confirmed, it stays premium and renews by what the registry asks.
		d = s.confirmed(d.ID, "2027-11-22T12:00:00Z")
		if d.Premium == nil || d.Term != 1 || d.Recurring != eur(25_000) || d.Status != domainname.Active {
			t.Errorf("confirmed: %+v, %d years for %s", d.Premium, d.Term, d.Recurring)
		}
	})
}

// Directly before it is sent the registrar is asked again.
func TestPremiumBeforeSending(t *testing.T) {
	each(t, func(s *shop) {
		s.checker.own = map[string]map[string]money.Money{"gold.example": gold("EUR"), "golden.example": gold("EUR")}
		quote := func(amount int64) registrar.Quote {
			return registrar.Quote{Known: true, Premium: true, Class: "gold", Price: eur(amount)}
		}
		for _, tt := range []struct {
			name             string
			command, renewal registrar.Quote
			waits            bool
			term             int
			recurring        int64
		}{
			{"usual.example", registrar.Quote{Known: true, Price: eur(900)}, registrar.Quote{}, false, 1, 1200},
			{"dear.example", quote(50_000), quote(25_000), true, 1, 1200},
			{"cheap.example", quote(150), quote(700), false, 1, 700},
			{"silent.example", quote(150), registrar.Quote{}, false, 0, 0},
			// Nobody was shown what it renews for: at more than was promised no invoice is made by itself.
			{"later.example", quote(150), quote(25_000), false, 1, 1200},
			// Ordered as a premium name, it renews by what was shown then, whatever the registry asks now, or does not say.
			{"gold.example", quote(50_000), quote(31_000), false, 1, 25_000},
			{"golden.example", quote(50_000), registrar.Quote{}, false, 1, 25_000},
		} {
			o := s.placed(register(tt.name, 1))
			s.Pay(t, o.InvoiceID, o.Total.Amount, tt.name)
			id := s.Order(t, o.ID).DomainIDs[0]
			var wait string
			s.judged(id, func(tx *db.Tx, d *domainname.Domain) (err error) {
				wait, err = s.reg.Wanted(s.ctx, tx, d, tt.command, tt.renewal)
				return err
			})
			d := s.domain(id)
			if (wait != "") != tt.waits || d.Term != tt.term || d.Recurring != eur(tt.recurring) {
				t.Errorf("%s: waits %q, %d years for %s", tt.name, wait, d.Term, d.Recurring)
			}
		}
	})
}

// Somebody who orders many names waits no longer than for one.
func TestManyNamesAreAskedAboutAtOnce(t *testing.T) {
	each(t, func(s *shop) {
		const names = 4
		var asked atomic.Int64
		all := make(chan struct{})
		s.checker.gate = func() {
			if asked.Add(1) == names {
				close(all)
			}
			<-all // or one waits for the other, and this hangs
		}
		s.placed(register("a.example", 1), register("b.example", 1), register("c.test", 1), transfer("d.test", "code"))
		if n := asked.Load(); n != names {
			t.Errorf("%d were asked about", n)
		}
	})
}
