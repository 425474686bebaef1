package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/registrar/account"
)

// Registry is the simulated registry that the domains of a demo store are at. It knows those that the store has.
type Registry interface {
	// Fail has a command for a domain go wrong from now on, after so many that go well: kinds and codes are those of
	// docs/registry.md.
	Fail(kind, command, name string, code, skip int) error
	// Premium sets what a year of a name costs there, in cents.
	Premium(ctx context.Context, name string, yearly int64) error
	// Elsewhere has another registrar hold a name. code authorises its transfer; empty: nothing does.
	Elsewhere(ctx context.Context, name string, until time.Time, code string) error
	// Fund sets what the store's account holds there, in cents.
	Fund(balance int64) error
}

// The registrars of a demo store.
const (
	simulator = "simulator" // reaches the Registry
	byHand    = "By hand"   // staff do what it is asked
)

// tld is an extension that the demo store sells, with its prices in cents.
type tld struct {
	extension         string
	registrar         string
	register, renewal int64 // of a year
	redemption        int64 // fee of a restore; 0: there is none, or staff quote it
	cost              int64 // of a year, to the store
}

var tlds = []tld{
	{"com", simulator, 1199, 1399, 8000, 925},
	{"net", simulator, 1299, 1499, 8000, 1080},
	{"org", simulator, 1099, 1299, 8000, 990},
	{"info", simulator, 499, 1899, 8000, 1950}, // sold below cost
	{"de", simulator, 799, 899, 4500, 420},
	{"eu", simulator, 699, 999, 5000, 480},
	{"uk", simulator, 799, 999, 0, 510},
	{"co.uk", simulator, 799, 999, 0, 510},
	{"fr", simulator, 999, 1199, 6000, 680},
	{"es", simulator, 999, 1199, 6000, 720},
	{"io", simulator, 3900, 4900, 12000, 3650},
	{"sh", simulator, 3900, 4900, 0, 3650},
	{"at", byHand, 1299, 1499, 0, 960},
	{"example", simulator, 900, 1000, 6000, 600},
}

// longer is what a longer term takes off, in percent per year beyond the first.
const longer = 2

// policy is the shipped policy of an extension with the store's own fee; "example", which no registry has, is like "com".
func (t tld) policy() domainname.Policy {
	rows := domainname.Shipped()
	p, found := rows.At(t.extension, civil.Date{Year: 9999, Month: 1, Day: 1})
	if !found {
		p, _ = rows.At("com", civil.Date{Year: 9999, Month: 1, Day: 1})
		p.Extension, p.Source, p.ValidFrom = t.extension, "made up for the demo store", civil.Date{}
		p.RegistryAutoRenews, p.ARGPDays = false, 0
	}
	if t.redemption > 0 {
		p.RedemptionFee = domainname.Fee{eur: t.redemption}
	}
	return p
}

// domainShop sells domains: registrars, extensions, policies, prices and costs.
func (s *story) domainShop(ctx context.Context) error {
	_, err := s.Registrars.Create(ctx, account.Input{Name: byHand, Adapter: "manual", SyncMode: account.SyncOff})
	if err != nil {
		return err
	}
	from := civil.Of(s.Clock.Now(), time.UTC)
	costs := []string{"registrar,extension,kind,years,currency,amount,valid_from,source"}
	for _, t := range tlds {
		p := t.policy()
		shipped := p.ValidFrom
		p.ValidFrom = from
		in := domainname.TLDInput{Extension: t.extension, Registrar: &t.registrar, Policy: &p}
		add := func(kind domainname.PriceKind, years int, amount int64) {
			in.Prices = append(in.Prices, domainname.Price{Extension: t.extension, Kind: kind, Years: years, Currency: eur, Amount: amount, ValidFrom: from})
		}
		for years := p.MinYears; years <= p.MaxYears; years += p.StepYears {
			off := int64(100 - longer*(years-1))
			add(domainname.ForRegistration, years, t.register+t.renewal*int64(years-1)*off/100)
			if years < 10 {
				add(domainname.ForRenewal, years, t.renewal*int64(years)*off/100)
			}
			for _, kind := range []domainname.PriceKind{domainname.ForRegistration, domainname.ForRenewal} {
				cost := money.New(t.cost*int64(years), eur)
				costs = append(costs, fmt.Sprintf("%s,%s,%s,%d,%s,%s,%s,price list", t.registrar, t.extension, kind, years, eur, cost.Decimal(), from))
			}
		}
		add(domainname.ForTransfer, p.MinYears, t.renewal)
		if _, _, err := s.Domains.SetTLD(ctx, in); err != nil {
			return fmt.Errorf(".%s: %w", t.extension, err)
		}
		if !shipped.After(from) {
			continue
		}
		// The shipped row is younger, and knows no fee of the store.
		p.ValidFrom = shipped.AddDays(1)
		if _, err := s.Domains.CreatePolicy(ctx, p); err != nil {
			return fmt.Errorf(".%s: %w", t.extension, err)
		}
	}
	done, err := s.Domains.ImportCosts(ctx, strings.NewReader(strings.Join(costs, "\n")), false)
	if err == nil && len(done.Bad) > 0 {
		err = fmt.Errorf("costs of domains: %v", done.Bad)
	}
	return err
}

// estate is a domain that a customer has brought along from elsewhere.
type estate struct {
	who  int
	name string
	ends int // days from now
	off  bool
	free string // what is subscribed to with it; "-": nothing
	ago  int    // days since it is here; 0: arrived
}

// arrived is since when most domains are in the store.
const arrived = 60

var estates = []estate{
	// The first customer has something of everything.
	{who: 0, name: "marlowe.com", ends: 212},
	{who: 0, name: "marlowe-daughters.com", ends: 9},
	{who: 0, name: "bücher.example", ends: 123},
	{who: 0, name: "marlowe.org", ends: 45, off: true},
	{who: 0, name: "ada-marlowe.co.uk", ends: 75},
	{who: 0, name: "marlowe.uk", ends: 26},
	{who: 0, name: "marlowe.de", ends: 21},
	{who: 0, name: "gold.example", ends: 33},
	{who: 0, name: "fieldnotes.example", ends: 90, free: "fieldnote"},
	{who: 0, name: "old-harbour.net", ends: -8, ago: 20},
	{who: 0, name: "marlowe-prints.io", ends: -47, off: true},

	{who: 1, name: "lindqvist.com", ends: 12},
	{who: 2, name: "zielony.org", ends: 17},
	{who: 4, name: "atelier-fontaine.example", ends: 40},
	{who: 5, name: "minato-press.net", ends: 24},
	{who: 7, name: "baumgartner.com", ends: 150},
	{who: 14, name: "petrova-books.io", ends: -50},
	{who: 14, name: "petrova-books.es", ends: -20},
	{who: 14, name: "petrova-books.sh", ends: -44}, // nobody knows yet what its restore costs
	{who: 17, name: "free-prizes.info", ends: 240},
	{who: 18, name: "solberg.com", ends: 6},
	{who: 22, name: "erabliere.example", ends: 61, free: "-"},
	{who: 20, name: "horvathova.com", ends: 300},
	{who: 23, name: "harbourlight.net", ends: 5},
	{who: 23, name: "harbourlight.info", ends: 5},
	{who: 23, name: "harbourlight.io", ends: -3},
}

// own lets the domains appear, and what becomes of each.
func (s *story) own() {
	for i, e := range estates {
		ago := e.ago
		if ago == 0 {
			ago = arrived
		}
		s.at(s.now.Add(-days(ago)).Add(-time.Duration(i)*17*time.Minute), func(ctx context.Context) error { return s.bring(ctx, e) })
	}
	s.domainOrders()
	s.domainTroubles()
}

// bring takes a domain into the store that exists at the registry already.
func (s *story) bring(ctx context.Context, e estate) error {
	if err := s.join(ctx, e.who); err != nil {
		return err
	}
	until := s.now.Add(days(e.ends)).Truncate(time.Second)
	in := domainname.Input{
		Name: e.name, CustomerID: s.customers[e.who], Expiry: until.UTC().Format(time.RFC3339), DoNotRenew: e.off, Source: domainname.FromImport,
	}
	if e.free != "" {
		in.Recurring = new(money.New(0, eur))
	}
	for _, it := range s.sold {
		if it.who == e.who && it.license.ProductSlug == e.free && it.license.SubscriptionID != "" {
			in.BundledWith = it.license.SubscriptionID
		}
	}
	if _, err := s.Domains.Create(ctx, in); err != nil {
		return fmt.Errorf("%s: %w", e.name, err)
	}
	return nil
}

// domainOf finds a domain of the story.
func (s *story) domainOf(ctx context.Context, name string) (d domainname.Domain, err error) {
	n, err := domainname.ParseName(name)
	if err != nil {
		return d, err
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		d, err = domainname.ByName(ctx, tx, n)
		return err
	})
	return d, err
}

// buyDomain orders something about a domain, and pays for it by a card of the sandbox that works, if it is to be paid.
func (s *story) buyDomain(ctx context.Context, who int, item order.DomainItem, pays bool) error {
	if err := s.join(ctx, who); err != nil {
		return err
	}
	ctx = s.asCustomer(ctx, who)
	name := item.Name
	if item.Action == domainname.ForRenewal {
		d, err := s.domainOf(ctx, item.Name)
		if err != nil {
			return err
		}
		item.DomainID, item.Name = d.ID, ""
	}
	placed, err := s.Orders.Place(ctx, order.Input{CustomerID: s.customers[who], Items: []order.Item{{Domain: &item, Quantity: 1}}})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if !pays || placed.Status == order.Completed {
		return nil
	}
	method, err := s.goodCard(ctx, who)
	if err != nil {
		return err
	}
	_, err = s.Payments.Charge(ctx, placed.InvoiceID, payment.ChargeOptions{MethodID: method})
	return err
}

// goodCard is a card of a customer that works; which one is charged by itself does not change.
func (s *story) goodCard(ctx context.Context, who int) (string, error) {
	saved, err := s.Payments.Methods(ctx, s.customers[who])
	if err != nil {
		return "", err
	}
	key := fmt.Sprint(who, " ", sandbox.OK)
	if id := s.cards[key]; slices.ContainsFunc(saved, func(m payment.Method) bool { return m.ID == id }) {
		return id, nil
	}
	m, err := s.Payments.AddMethod(ctx, s.customers[who], sandbox.Name, sandbox.OK)
	s.cards[key] = m.ID
	return m.ID, err
}

// domainOrders are orders that end well, or are still under way.
func (s *story) domainOrders() {
	renewal := func(ago time.Duration, who int, name string, years int) {
		s.at(s.now.Add(-ago), func(ctx context.Context) error {
			return s.buyDomain(ctx, who, order.DomainItem{Action: domainname.ForRenewal, Name: name, Years: years}, true)
		})
	}
	renewal(days(19), 0, "ada-marlowe.co.uk", 2)
	renewal(days(31), 20, "horvathova.com", 3)
	renewal(days(3), 0, "marlowe.de", 1)

	registration := func(ago time.Duration, who int, name string, years int, pays bool) {
		s.at(s.now.Add(-ago), func(ctx context.Context) error {
			return s.buyDomain(ctx, who, order.DomainItem{Action: domainname.ForRegistration, Name: name, Years: years}, pays)
		})
	}
	registration(days(41), 0, "lighthouse-keepers.net", 2, true)
	registration(days(26), 12, "okafor-studio.com", 10, true)
	registration(4*time.Hour, 8, "tideline.at", 1, true)
	registration(26*time.Hour, 10, "dewit.eu", 1, false)
	s.at(s.now.Add(-days(9)), func(ctx context.Context) error { // somebody else was faster
		const name = "casa-almeida.com"
		if err := s.Registry.Elsewhere(ctx, name, s.now.Add(days(330)).Truncate(time.Second), ""); err != nil {
			return err
		}
		return s.buyDomain(ctx, 11, order.DomainItem{Action: domainname.ForRegistration, Name: name, Years: 1}, true)
	})

	s.at(s.now.Add(-days(2)), func(ctx context.Context) error {
		item := order.DomainItem{Action: domainname.ForTransfer, Name: "raman-clinic.com", AuthCode: "Raman-2-Keystead"}
		if err := s.Registry.Elsewhere(ctx, item.Name, s.now.Add(days(170)).Truncate(time.Second), item.AuthCode); err != nil {
			return err
		}
		return s.buyDomain(ctx, 9, item, true)
	})
}

// domainTroubles are what goes wrong with domains.
func (s *story) domainTroubles() {
	trouble := func(ago time.Duration, who int, name string, fail func(ctx context.Context) error) {
		s.at(s.now.Add(-ago), func(ctx context.Context) error {
			if err := fail(ctx); err != nil {
				return err
			}
			return s.buyDomain(ctx, who, order.DomainItem{Action: domainname.ForRenewal, Name: name, Years: 1}, true)
		})
	}
	fault := func(kind, command, name string, code int) func(context.Context) error {
		return func(context.Context) error { return s.Registry.Fail(kind, command, name, code, 0) }
	}
	trouble(90*time.Minute, 0, "marlowe.uk", func(context.Context) error { // nobody knows whether it was renewed
		if err := s.Registry.Fail("cut_after", "renew", "marlowe.uk", 0, 0); err != nil {
			return err
		}
		return s.Registry.Fail("cut_before", "info", "marlowe.uk", 0, 1)
	})
	trouble(5*time.Hour, 1, "lindqvist.com", fault("answer", "renew", "lindqvist.com", 2104)) // no funds
	trouble(7*time.Hour, 2, "zielony.org", fault("twice", "renew", "zielony.org", 0))         // fits nothing
	trouble(time.Hour, 5, "minato-press.net", func(ctx context.Context) error {               // staff say when
		return s.set(ctx, "domains.renew_on_payment", false)
	})
	s.at(s.now.Add(-30*time.Minute), func(ctx context.Context) error { return s.set(ctx, "domains.renew_on_payment", true) })

	s.premium("gold.example", days(4), 25000)
	s.premium("atelier-fontaine.example", days(1), 18000)
	// It is ordered at one price, and the registry asks for another when it is paid.
	trouble(23*time.Hour, 4, "atelier-fontaine.example", func(ctx context.Context) error { return s.Registry.Premium(ctx, "atelier-fontaine.example", 24000) })

	s.at(s.now.Add(-days(30)), func(ctx context.Context) error { // moved by its owner
		return s.Registry.Elsewhere(ctx, "baumgartner.com", s.now.Add(days(150)).Truncate(time.Second), "")
	})
	s.at(s.now.Add(-days(12)), func(ctx context.Context) error {
		d, err := s.domainOf(ctx, "free-prizes.info")
		if err != nil {
			return err
		}
		_, err = s.Domains.Change(ctx, d.ID, domainname.Patch{Status: new(domainname.Fraud), Reason: "Phishing, reported by two banks"})
		return err
	})
	s.at(s.now.Add(-days(2)), func(ctx context.Context) error {
		_, err := s.Domains.SchedulePriceUpdate(ctx, domainname.PriceUpdate{
			Filter: domainname.PriceFilter{Extension: "com", Currency: eur}, Change: domainname.PriceChange{Mode: domainname.ByDelta, Value: "1.00"},
			StartsOn: civil.Of(s.now, time.UTC).AddDays(40), NoticeDays: new(30), Reason: "The registry charges more from the new year",
		})
		return err
	})
	s.at(s.now.Add(-20*time.Minute), func(context.Context) error { return s.Registry.Fund(48000) })
}

// premium has the registry ask its own price for a name, which the store knows.
func (s *story) premium(name string, ago time.Duration, yearly int64) {
	s.at(s.now.Add(-ago), func(ctx context.Context) error {
		if err := s.Registry.Premium(ctx, name, yearly); err != nil {
			return err
		}
		d, err := s.domainOf(ctx, name)
		if err != nil {
			return err
		}
		return s.DB.Write(ctx, func(tx *db.Tx) error {
			d, err := domainname.Lock(ctx, tx, d.ID)
			if err != nil {
				return err
			}
			d.Premium = &domainname.Premium{Class: "premium", Renew: domainname.List{}, QuotedAt: s.now}
			for years := 1; years <= 9; years++ {
				d.Premium.Renew[years] = money.New(yearly*int64(years), eur)
			}
			d.Recurring = d.Premium.Renew[1]
			return domainname.Save(ctx, tx, &d)
		})
	})
}

// set changes a setting.
func (s *story) set(ctx context.Context, key string, on bool) error {
	value, err := json.Marshal(on)
	if err != nil {
		return err
	}
	_, err = s.Settings.Patch(ctx, map[string]json.RawMessage{key: value})
	return err
}
