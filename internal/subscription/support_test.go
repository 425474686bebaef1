package subscription_test

import (
	"testing"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/release"
)

// support is a shop with a product whose purchase includes a year of support, and with packs that are bought once or in
// cycles. Ann has bought the product.
type support struct {
	*shop
	product, once, pack, monthly string
	customer, key, license       string
}

func (s *shop) withSupport() *support {
	s.Helper()
	u := &support{shop: s, product: must(s.Catalog.Plan(s.ctx, s.plan))(s.T).ProductID, once: s.price("one_time", 9900)}
	year := civil.Span{Count: 1, Unit: civil.Year}
	packs := must(s.Catalog.CreatePlan(s.ctx, u.product, catalog.NewPlan{Kind: catalog.KindAddon, Name: "Pack", Support: &year}))(s.T)
	price := func(cycle string, amount int64) string {
		return must(s.Catalog.CreatePrice(s.ctx, packs.ID, catalog.NewPrice{Cycle: cycle, Money: money.New(amount, "EUR")}))(s.T).ID
	}
	u.pack, u.monthly = price("one_time", 4900), price("monthly", 500)
	u.customer = s.customer("ann", "")
	u.license = u.sell(u.customer, order.Item{PriceID: u.once, Quantity: 1}).LicenseIDs[0]
	u.key = s.license(u.license).Key
	return u
}

// sell places an order and pays it.
func (s *shop) sell(customerID string, item order.Item) order.Order {
	s.Helper()
	o := must(s.Orders.Place(s.ctx, order.Input{CustomerID: customerID, Items: []order.Item{item}}))(s.T)
	if o.Total.Amount > 0 {
		s.pay(o.InvoiceID, o.Total.Amount)
	}
	return must(s.Orders.ByID(s.ctx, o.ID))(s.T)
}

// refuse places an order that must not be taken, and returns why.
func (s *shop) refuse(customerID string, item order.Item) string {
	s.Helper()
	_, err := s.Orders.Place(s.ctx, order.Input{CustomerID: customerID, Items: []order.Item{item}})
	e := fail.Of(err)
	if err == nil || len(e.Fields) == 0 {
		s.Errorf("order of %+v: %v", item, err)
		return ""
	}
	return e.Fields[0].Field + " " + e.Fields[0].Message
}

// buyPack buys a year more.
func (u *support) buyPack() order.Order {
	u.Helper()
	return u.sell(u.customer, order.Item{PriceID: u.pack, Quantity: 1, LicenseID: u.license})
}

func (u *support) until(want string) {
	u.Helper()
	l := u.shop.license(u.license)
	got := "no end"
	if l.UpdatesUntil != nil {
		got = l.UpdatesUntil.Format(time.DateOnly)
	}
	if got != want {
		u.Errorf("support until %s, want %s", got, want)
	}
	if l.Status != license.Active {
		u.Errorf("the license is %s", l.Status)
	}
}

// released publishes a version, dated on a day.
func (u *support) released(version, day string) {
	u.Helper()
	at := must(time.Parse(time.DateOnly, day))(u.T)
	r := must(u.Releases.Create(u.ctx, release.Input{ProductID: u.product, Version: version, ReleasedAt: &at}))(u.T)
	must(u.Releases.Publish(u.ctx, r.ID))(u.T)
}

// wantRuns checks which versions may run, and what the newest of them is.
func (u *support) wantRuns(versions map[string]bool, newest string) {
	u.Helper()
	for version, want := range versions {
		a := must(u.Checks.Check(u.ctx, check.Request{Key: u.key, Version: version}))(u.T)
		if a.VersionAllowed != want || a.NewestAllowed != newest || !a.Valid {
			u.Errorf("version %s: allowed %t, newest %s, valid %t; want %t, %s", version, a.VersionAllowed, a.NewestAllowed, a.Valid, want, newest)
		}
		_, err := u.Checks.Activate(u.ctx, check.Request{Key: u.key, Version: version, Identifier: "host"}, "")
		if refused := err != nil && fail.Of(err).Code == license.CodeUpgradePeriodEnded; refused == want {
			u.Errorf("version %s: activation %v", version, err)
		}
	}
}

func TestPackExtendsWhatIsCurrent(t *testing.T) {
	each(t, "2026-01-01", func(s *shop) {
		u := s.withSupport()
		u.until("2027-01-01")
		u.advance("2026-06-01")
		u.buyPack()
		u.until("2028-01-01")
		u.released("2.0.0", "2027-06-01")
		u.released("3.0.0", "2028-02-01")
		u.wantRuns(map[string]bool{"2.0.0": true, "v3.0.0": false, "unknown": true}, "2.0.0")
		u.buyPack() // another one at once: they are counted together
		u.until("2029-01-01")
		u.wantRuns(map[string]bool{"3.0.0": true}, "3.0.0")
		u.proven()
	})
}

func TestLapsedSupportCoversWhatWasReleasedInIt(t *testing.T) {
	each(t, "2026-01-01", func(s *shop) {
		u := s.withSupport()
		u.released("1.1.0", "2026-05-01")
		u.released("2.0.0", "2027-02-01")
		u.advance("2027-03-01")
		u.wantRuns(map[string]bool{"1.1.0": true, "2.0.0": false}, "1.1.0")
		a := must(u.Checks.Check(u.ctx, check.Request{Key: u.key, Version: "2.0.0"}))(t)
		if a.Reason != check.NotActivated && a.Reason != check.VersionNotAllowed {
			t.Errorf("reason %s", a.Reason)
		}
		u.until("2027-01-01")
		u.proven()
	})
}

func TestPackAfterAGap(t *testing.T) {
	each(t, "2026-01-01", func(s *shop) {
		u := s.withSupport()
		u.released("2.0.0", "2027-03-01")
		u.advance("2027-06-01")
		u.wantRuns(map[string]bool{"2.0.0": false}, "")
		u.buyPack()
		u.until("2028-06-01")
		u.released("3.0.0", "2028-05-01")
		u.released("4.0.0", "2028-06-02")
		// What came in the gap runs as well.
		u.wantRuns(map[string]bool{"2.0.0": true, "3.0.0": true, "4.0.0": false}, "3.0.0")
		u.proven()
	})
}

func TestPackPaidLate(t *testing.T) {
	each(t, "2026-01-01", func(s *shop) {
		u := s.withSupport()
		u.advance("2026-12-28")
		o := must(u.Orders.Place(u.ctx, order.Input{CustomerID: u.customer, Items: []order.Item{{PriceID: u.pack, Quantity: 1, LicenseID: u.license}}}))(t)
		u.advance("2027-01-05")
		u.until("2027-01-01")
		u.pay(o.InvoiceID, o.Total.Amount)
		u.until("2028-01-05")
		u.proven()
	})
}

func TestRefundedPackEnds(t *testing.T) {
	each(t, "2026-01-01", func(s *shop) {
		u := s.withSupport()
		u.advance("2026-03-01")
		first := u.buyPack()
		u.buyPack()
		u.until("2029-01-01")
		heard := u.shop.license(u.license).Version
		// The later one stays where it was: what was promised for it does not move.
		must(u.Payments.Refund(u.ctx, first.InvoiceID, payment.RefundInput{To: payment.ToCredit, Adjust: true, Reason: "asked for"}))(t)
		u.until("2029-01-01")
		periods := must(u.Licenses.Support(u.ctx, u.license))(t)
		if len(periods) != 3 || periods[1].TakenBackAt == nil || periods[2].TakenBackAt != nil {
			t.Errorf("periods %+v", periods)
		}
		if now := u.shop.license(u.license).Version; now <= heard {
			t.Errorf("version %d after %d", now, heard)
		}
		u.proven()
	})
}

func TestPackInCycles(t *testing.T) {
	each(t, "2026-01-31", func(s *shop) {
		u := s.withSupport()
		u.until("2027-01-31")
		u.advance("2027-01-31")
		_, sub := u.buyFor(u.customer, u.monthly, u.license)
		u.until("2027-02-28")
		pay := func() string {
			t.Helper()
			open, _, err := u.Billing.List(u.ctx, filterOf(u.customer))
			if err != nil || open[0].Balance().Amount != 500 {
				t.Fatalf("invoices %+v %v", open, err)
			}
			u.pay(open[0].ID, 500)
			return open[0].ID
		}
		u.advance("2027-02-20")
		pay()
		u.until("2027-03-31") // the subscription counts from the 31st, and so does what it pays for
		u.advance("2027-03-25")
		last := pay()
		u.until("2027-04-30")
		must(u.Payments.Refund(u.ctx, last, payment.RefundInput{To: payment.ToCredit, Adjust: true, Reason: "asked for"}))(t)
		u.until("2027-03-31")
		// Unpaid, it simply ends.
		u.advance("2027-08-01")
		u.until("2027-03-31")
		if got := u.sub(sub.ID); !got.Ended() {
			t.Errorf("the subscription is %s", got.Status)
		}
		u.proven()
	})
}

func TestPacksThatNobodyNeeds(t *testing.T) {
	each(t, "2026-01-01", func(s *shop) {
		u := s.withSupport()
		leased := must(s.Catalog.CreatePlan(s.ctx, u.product, catalog.NewPlan{Name: "Leased", LicenseType: catalog.Leased, ActivationType: "device", ActivationLimit: 1}))(t)
		forever := must(s.Catalog.CreatePlan(s.ctx, u.product, catalog.NewPlan{Name: "Forever", ActivationType: "device", ActivationLimit: 1, Support: &civil.Span{}}))(t)
		price := func(plan, cycle string) string {
			return must(s.Catalog.CreatePrice(s.ctx, plan, catalog.NewPrice{Cycle: cycle, Money: money.New(100, "EUR")}))(t).ID
		}
		month := s.sell(u.customer, order.Item{PriceID: price(leased.ID, "monthly"), Quantity: 1}).LicenseIDs[0]
		always := s.sell(u.customer, order.Item{PriceID: price(forever.ID, "one_time"), Quantity: 1}).LicenseIDs[0]
		for id, want := range map[string]string{
			month:  "items.0.license_id is a leased license: it has support and upgrades as long as it runs",
			always: "items.0.license_id is a license whose support and upgrades have no end",
		} {
			if got := s.refuse(u.customer, order.Item{PriceID: u.pack, Quantity: 1, LicenseID: id}); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		if got := s.refuse(u.customer, order.Item{PriceID: u.pack, Quantity: 2, LicenseID: u.license}); got != "items.0.quantity of a support pack is 1: it is for one license" {
			t.Error(got)
		}
	})
}

func TestLeasedRunsWhileItIsPaid(t *testing.T) {
	each(t, "2026-01-01", func(s *shop) {
		product := must(s.Catalog.Plan(s.ctx, s.plan))(t).ProductID
		leased := must(s.Catalog.CreatePlan(s.ctx, product, catalog.NewPlan{Name: "Leased", LicenseType: catalog.Leased, ActivationType: "device", ActivationLimit: 1}))(t)
		price := must(s.Catalog.CreatePrice(s.ctx, leased.ID, catalog.NewPrice{Cycle: "monthly", Money: money.New(900, "EUR")}))(t)
		ann := s.customer("ann", "")
		_, sub := s.buy(ann, price.ID)
		l := s.license(sub.LicenseID)
		u := &support{shop: s, product: product, customer: ann, license: l.ID, key: l.Key}
		if l.Type != license.Leased || l.UpdatesUntil != nil || l.SupportUntil() == nil || !l.SupportUntil().Equal(*l.ExpiresAt) {
			t.Errorf("license %+v", l)
		}
		u.released("9.0.0", "2026-01-20")
		u.wantRuns(map[string]bool{"9.0.0": true}, "9.0.0")
		s.advance("2026-03-01")
		a := must(s.Checks.Check(s.ctx, check.Request{Key: l.Key, Version: "9.0.0"}))(t)
		if a.Valid || a.Reason != string(license.Suspended) && a.Reason != string(license.Expired) {
			t.Errorf("unpaid: valid %t, %s", a.Valid, a.Reason)
		}
	})
}
