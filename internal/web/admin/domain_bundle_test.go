package admin

import (
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar/account"
)

// land is one of everything that is about domains.
type land struct {
	registrar account.Account
	domain    domainname.Row     // with a date that waits for review
	renewal   domainname.Renewal // of domain, held
	run       string             // of sync
	priced    string             // a bulk update of what domains cost
}

// extension is that of the tests' domains; its policy is that of most generic ones.
const extension = "com"

// newLand makes one of everything that is about domains. text stands wherever people can write what they like.
func (b *bundle) newLand(e *estate, text string) {
	b.Helper()
	ctx, t := b.Context(), b.T
	line := string([]rune(text)[:min(60, len([]rune(text)))])
	e.land.registrar = must(b.Registrars.Create(ctx, account.Input{Name: line, Adapter: "fake"}))(t)
	name := e.land.registrar.Name
	today := domainname.RegistryDate(b.clock.Now())
	var prices domainname.Prices
	for years := 1; years <= 3; years++ {
		prices = append(prices, domainname.Price{Extension: extension, Kind: domainname.ForRenewal, Years: years, Currency: "EUR", Amount: int64(1200 * years), ValidFrom: today})
	}
	_, _, err := b.Domains.SetTLD(ctx, domainname.TLDInput{Extension: extension, Registrar: &name, Prices: prices, Policy: &domainname.Policy{
		Extension: extension, ValidFrom: civil.On(2020, 1, 1), MinYears: 1, MaxYears: 10, StepYears: 1, GraceDays: 30, GraceFee: domainname.Fee{"EUR": 500},
		RedemptionDays: 30, RegistryAutoRenews: true, ARGPDays: 45, ExplicitRenew: true, DueMargin: 3, Source: line,
	}})
	must(0, err)(t)
	end := today.AddDays(100)
	b.fake.Expires("example.com", end.String()+"T10:00:00Z")
	recurring := eur(1000)
	d := must(b.Domains.Create(ctx, domainname.Input{Name: "example.com", CustomerID: e.customer.ID, Expiry: end.String() + "T10:00:00Z", PaidThrough: end, Term: 1, Recurring: &recurring, Source: domainname.FromStaff}))(t)
	e.land.renewal = b.held(d, end, domainname.HeldPrice)
	b.fake.Expires("example.com", end.AddDays(50).String()+"T10:00:00Z")
	found := must(b.Watch.Sync(ctx, d.ID))(t)
	e.run = found.RunID
	err = b.db.Write(ctx, func(tx *db.Tx) error {
		d, err := domainname.Lock(ctx, tx, d.ID)
		if err != nil {
			return err
		}
		d.Unanswered, d.Registrant = true, domainname.Registrant{Name: line, Company: line, Address: line + "\n" + line, Email: "ada@example.com"}
		return domainname.Save(ctx, tx, &d)
	})
	must(0, err)(t)
	e.domain = must(b.Domains.ByID(ctx, d.ID))(t)
	e.priced = must(b.Domains.SchedulePriceUpdate(ctx, domainname.PriceUpdate{
		Change: domainname.PriceChange{Mode: domainname.ByPercent, Value: "5"}, StartsOn: today.AddDays(90), Reason: line,
	}))(t).ID
}

// held is a renewal of a domain that is paid for and waits for staff.
func (b *bundle) held(d domainname.Domain, base civil.Date, hold domainname.Hold) domainname.Renewal {
	b.Helper()
	ctx := b.Context()
	now := b.clock.Now().Add(-time.Hour)
	n := domainname.Renewal{
		DomainID: d.ID, CustomerID: d.CustomerID, Base: base, Years: 1, Kind: domainname.Ordered, State: domainname.RenewalPaid, Price: eur(1200), Fee: money.New(0, "EUR"),
		Stage: domainname.StageActive, Expected: domainname.AddYears(base, 1), PaidAt: &now,
	}
	err := b.db.Write(ctx, func(tx *db.Tx) error {
		p, _, err := domainname.PolicyAt(ctx, tx, d.Extension, domainname.RegistryDate(tx.Now))
		if err != nil {
			return err
		}
		n.PolicyID = p.ID
		if err := domainname.InsertRenewal(ctx, tx, &n); err != nil {
			return err
		}
		n.Hold, n.Cause = hold, "the registry says so"
		return domainname.MoveRenewal(ctx, tx, &n, domainname.OnHold)
	})
	must(0, err)(b.T)
	return n
}

// landPath are the ids of an address that is about domains.
func (e estate) landPath(noun string) string {
	switch noun {
	case "domains":
		return e.domain.ID
	case "registrars":
		return e.land.registrar.ID
	case "domain-prices":
		return e.priced
	}
	return ""
}
