package subscription_test

import (
	"context"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
)

// answer is what a check from a domain says: "valid", or why not.
func (s *shop) answer(key, domain string) string {
	s.Helper()
	a := must(s.Checks.Check(s.ctx, check.Request{Key: key, Place: license.Place{Domain: domain}}))(s.T)
	if a.Valid {
		return "valid"
	}
	return a.Reason
}

// activated is what an activation says: "yes", or the code of its refusal.
func (s *shop) activated(key, identifier string) string {
	s.Helper()
	if _, err := s.Checks.Activate(s.ctx, check.Request{Key: key, Identifier: identifier}, ""); err != nil {
		return fail.Of(err).Code
	}
	return "yes"
}

func (s *shop) developmentPrice(amount int64, cycle string) string {
	s.Helper()
	product := must(s.Catalog.Plan(s.ctx, s.plan))(s.T).ProductID
	plan := must(s.Catalog.CreatePlan(s.ctx, product, catalog.NewPlan{Name: "Development " + cycle, LicenseType: catalog.Development, ActivationLimit: 3}))(s.T)
	return must(s.Catalog.CreatePrice(s.ctx, plan.ID, catalog.NewPrice{Cycle: cycle, Money: money.New(amount, "EUR")}))(s.T).ID
}

func (s *shop) as(customerID string) context.Context {
	return event.WithActor(s.ctx, event.Actor{Kind: event.Customer, ID: customerID, Name: "Ann"})
}

func TestDevelopmentLicense(t *testing.T) {
	each(t, "2026-01-01", func(s *shop) {
		u := s.withSupport()
		ann := s.as(u.customer)
		_, err := s.Licenses.RequestDevelopment(ann, u.license)
		if err == nil || fail.Of(err).Code != license.CodeNoDevelopment {
			t.Fatalf("without a plan: %v", err)
		}
		price := s.developmentPrice(1900, "one_time")

		// One is free; further ones are bought.
		free := must(s.Licenses.RequestDevelopment(ann, u.license))(t)
		if free.Type != license.Development || free.ParentID != u.license || !free.Free || free.ActivationType != license.Domain {
			t.Fatalf("license %+v", free)
		}
		if _, err := s.Licenses.RequestDevelopment(ann, u.license); err == nil || fail.Of(err).Code != license.CodeDevelopmentTaken {
			t.Errorf("a second one: %v", err)
		}
		if _, err := s.Licenses.RequestDevelopment(s.as(s.customer("bob", "")), u.license); err == nil || fail.Of(err).Code != license.CodeNotFound {
			t.Errorf("of somebody else: %v", err)
		}
		if _, err := s.Licenses.RequestDevelopment(ann, free.ID); err == nil || fail.Of(err).Code != license.CodeParentNotCurrent {
			t.Errorf("beside a development license: %v", err)
		}
		if got := s.refuse(u.customer, order.Item{PriceID: price, Quantity: 1}); got != "items.0.license_id is required: a development license is for who holds a purchased one" {
			t.Error(got)
		}
		if got := s.refuse(u.customer, order.Item{PriceID: price, Quantity: 1, LicenseID: free.ID}); got != "items.0.license_id is not a purchased license" {
			t.Error(got)
		}
		bought := s.license(s.sell(u.customer, order.Item{PriceID: price, Quantity: 1, LicenseID: u.license}).LicenseIDs[0])
		if bought.ParentID != u.license || bought.Free || bought.Type != license.Development {
			t.Errorf("license %+v", bought)
		}

		// It runs in protected places, whatever the protocol.
		for host, want := range map[string]string{
			"localhost": "yes", "shop.test": "yes", "192.168.1.7": "yes", "shop.example.com": license.CodeRefused, "8.8.8.8": license.CodeRefused,
		} {
			if got := s.activated(free.Key, host); got != want {
				t.Errorf("activation on %s: %s, want %s", host, got, want)
			}
		}
		if got := s.answer(free.Key, "app.lan") + " " + s.answer(free.Key, "shop.example.com"); got != "valid wrong_domain" {
			t.Error(got)
		}
		if _, err := s.Licenses.AddActivation(s.ctx, free.ID, license.AddInput{Identifier: "shop.example.com", Override: true}); err == nil || fail.Of(err).Code != license.CodeRefused {
			t.Errorf("staff add a public host: %v", err)
		}
		hosts := []string{"shop.example.com"}
		must(s.Licenses.Patch(s.ctx, free.ID, license.Patch{Places: license.PlacesPatch{AllowedHosts: &hosts}}))(t)
		if got := s.answer(free.Key, "shop.example.com") + " " + s.answer(free.Key, "www2.example.com"); got != "valid wrong_domain" {
			t.Error(got)
		}
		s.proven()
	})
}

func TestDevelopmentFollowsItsParent(t *testing.T) {
	each(t, "2026-01-01", func(s *shop) {
		u := s.withSupport()
		price := s.developmentPrice(500, "monthly")
		free := must(s.Licenses.RequestDevelopment(s.as(u.customer), u.license))(t)
		_, sub := s.buyFor(u.customer, price, u.license)
		rented := s.license(sub.LicenseID)
		if rented.ParentID != u.license {
			t.Fatalf("license %+v", rented)
		}
		want := func(status license.Status, reasons ...license.HoldReason) {
			t.Helper()
			for _, id := range []string{free.ID, rented.ID} {
				l := s.license(id)
				if l.Status != status || len(l.Holds) != len(reasons) || len(reasons) > 0 && l.Holds[0].Reason != reasons[0] {
					t.Errorf("%s is %s with %+v, want %s with %v", id, l.Status, l.Holds, status, reasons)
				}
				answer := "valid"
				if status != license.Active {
					answer = string(status)
				}
				if got := s.answer(l.Key, "localhost"); got != answer {
					t.Errorf("check of %s: %s, want %s", id, got, answer)
				}
			}
			s.proven()
		}
		want(license.Active)
		must(s.Licenses.PlaceHold(s.ctx, u.license, license.HoldStaff, "asked for it"))(t)
		want(license.Suspended, license.HoldParent)
		must(s.Licenses.LiftHold(s.ctx, u.license, license.HoldStaff, license.LiftInput{Why: "all is well"}))(t)
		want(license.Active)

		// Time stops the parent at that very second, whether or not anything was written down.
		ends := s.store.Clock.Now().Add(time.Hour)
		must(s.Licenses.Patch(s.ctx, u.license, license.Patch{ExpiresAt: license.OptionalTime{Set: true, Time: &ends}}))(t)
		want(license.Active)
		s.store.Clock.Advance(time.Hour)
		want(license.Suspended, license.HoldParent)
		if err := s.Licenses.WriteDown(s.ctx); err != nil {
			t.Fatal(err)
		}
		want(license.Suspended, license.HoldParent)
		if got := s.refuse(u.customer, order.Item{PriceID: price, Quantity: 1, LicenseID: u.license}); got != "items.0.license_id is a license that is not active" {
			t.Error(got)
		}
		must(s.Licenses.Patch(s.ctx, u.license, license.Patch{ExpiresAt: license.OptionalTime{Set: true}}))(t)
		want(license.Active)

		// A full refund revokes the parent.
		orders := s.license(u.license).OrderID
		must(s.Payments.Refund(s.ctx, must(s.Orders.ByID(s.ctx, orders))(t).InvoiceID, payment.RefundInput{To: payment.ToCredit, Adjust: true, Reason: "asked for"}))(t)
		want(license.Suspended, license.HoldParent)
		s.proven()
	})
}

func (s *shop) trialPlan() string {
	s.Helper()
	product := must(s.Catalog.Plan(s.ctx, s.plan))(s.T).ProductID
	plan := must(s.Catalog.CreatePlan(s.ctx, product, catalog.NewPlan{Name: "Trial", LicenseType: catalog.Trial, ActivationType: "device", ActivationLimit: 1}))(s.T)
	for name, bad := range map[string]catalog.NewPrice{
		"costs":     {Cycle: "one_time", Money: money.New(1, "EUR"), ValidFor: civil.Span{Count: 14, Unit: civil.Day}},
		"no end":    {Cycle: "one_time", Money: money.New(0, "EUR")},
		"in cycles": {Cycle: "monthly", Money: money.New(0, "EUR")},
	} {
		if _, err := s.Catalog.CreatePrice(s.ctx, plan.ID, bad); err == nil {
			s.Errorf("price of a trial: %s", name)
		}
	}
	return must(s.Catalog.CreatePrice(s.ctx, plan.ID, catalog.NewPrice{Cycle: "one_time", Money: money.New(0, "EUR"), ValidFor: civil.Span{Count: 14, Unit: civil.Day}}))(s.T).ID
}

func TestTrialIsHadOnce(t *testing.T) {
	each(t, "2026-01-01", func(s *shop) {
		trial := s.trialPlan()
		ann, bob := s.customer("ann", ""), s.customer("bob", "")
		l := s.license(s.sell(ann, order.Item{PriceID: trial, Quantity: 1}).LicenseIDs[0])
		if l.Type != license.Trial || l.ExpiresAt == nil || l.ExpiresAt.Format(time.DateOnly) != "2026-01-15" {
			t.Fatalf("license %+v", l)
		}
		for _, item := range []order.Item{{PriceID: trial, Quantity: 1}, {PriceID: trial, Quantity: 2}} {
			s.refuse(ann, item)
		}
		// Neither does another customer try it in the same place.
		other := s.license(s.sell(bob, order.Item{PriceID: trial, Quantity: 1}).LicenseIDs[0])
		if got := s.activated(l.Key, "host-1") + " " + s.activated(other.Key, "host-1") + " " + s.activated(other.Key, "host-2"); got != "yes "+license.CodeRefused+" yes" {
			t.Error(got)
		}
		refused := must(s.Licenses.Rejected(s.ctx, other.ID))(t)
		if len(refused) != 1 || refused[0].Identifier != "host-1" {
			t.Errorf("rejected %+v", refused)
		}
		s.advance("2026-01-15")
		if got := s.answer(l.Key, ""); got != string(license.Expired) {
			t.Errorf("after the trial: %s", got)
		}
		s.proven()
	})
}

func TestTrialThatIsBoughtKeepsItsKey(t *testing.T) {
	each(t, "2026-01-01", func(s *shop) {
		trial, once, monthly := s.trialPlan(), s.price("one_time", 9900), s.price("monthly", 900)
		ann, bob := s.customer("ann", ""), s.customer("bob", "")
		onTrial := s.license(s.sell(ann, order.Item{PriceID: trial, Quantity: 1}).LicenseIDs[0])
		s.activated(onTrial.Key, "host-1")
		s.advance("2026-02-01") // it is over by now
		bought := s.license(s.sell(ann, order.Item{PriceID: once, Quantity: 3}).LicenseIDs[0])
		if bought.ID != onTrial.ID || bought.Key != onTrial.Key || bought.Type != license.Purchased || bought.Status != license.Active ||
			bought.ExpiresAt != nil || bought.ActivationLimit != 6 || bought.ActivationsUsed != 1 || bought.PlanName != "Team" ||
			bought.UpdatesUntil == nil || bought.UpdatesUntil.Format(time.DateOnly) != "2027-02-01" {
			t.Errorf("license %+v", bought)
		}
		if got := s.answer(onTrial.Key, ""); got != "valid" {
			t.Errorf("the key says %s", got)
		}
		// The next one is another license.
		if next := s.sell(ann, order.Item{PriceID: once, Quantity: 1}).LicenseIDs[0]; next == bought.ID {
			t.Error("the same license was sold twice")
		}
		// A subscription takes over what is on trial, and a refund of it revokes what was bought.
		onTrial = s.license(s.sell(bob, order.Item{PriceID: trial, Quantity: 1}).LicenseIDs[0])
		o := s.sell(bob, order.Item{PriceID: monthly, Quantity: 1, LicenseID: onTrial.ID})
		rented := s.license(o.LicenseIDs[0])
		if rented.ID != onTrial.ID || rented.ExpiresAt == nil || rented.ExpiresAt.Format(time.DateOnly) != "2026-03-01" || rented.Status != license.Active {
			t.Errorf("license %+v", rented)
		}
		s.proven()
		must(s.Payments.Refund(s.ctx, o.InvoiceID, payment.RefundInput{To: payment.ToCredit, Adjust: true, Reason: "asked for"}))(t)
		if got := s.license(rented.ID).Status; got != license.Revoked {
			t.Errorf("after the refund: %s", got)
		}
		s.proven()
	})
}
