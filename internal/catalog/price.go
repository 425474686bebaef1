package catalog

import (
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// PriceStatus says whether a price can be ordered.
type PriceStatus string

// The statuses of a price.
const (
	PriceActive  PriceStatus = "active"
	PriceRetired PriceStatus = "retired"
)

// Price is what a plan costs. It never changes: [Service.ReplacePrice] makes its next version and retires it, so that
// every order keeps pointing at exactly what was agreed.
type Price struct {
	ID       string
	PlanID   string
	Replaces string // the version before; empty for the first
	Cycle    civil.Cycle
	Money    money.Money
	SetupFee money.Money // in the same currency; amount 0: none
	ValidFor civil.Span  // of what is paid once; zero: for ever
	// TrialDays is how long a subscriber may try before the price counts, TrialMoney what that costs for one.
	TrialDays  int64
	TrialMoney money.Money
	// TaxClass says by which of the rates of a place it is taxed.
	TaxClass string
	Version  int64
	Status   PriceStatus
	// CreatedAt is also the instant at which the version before was retired.
	CreatedAt time.Time
}

// The bounds of a price.
const (
	// maxAmount keeps every sum of lines far from the end of 64 bits.
	maxAmount = 100_000_000_000_000
	// maxTrialDays is a year; whoever tries longer has no need to buy.
	maxTrialDays = 366
	maxTaxClass  = 32
)

// StandardTax is the tax class of whatever names none.
const StandardTax = "standard"

// NewPrice is what [Service.CreatePrice] and [Service.ReplacePrice] need.
type NewPrice struct {
	Cycle      string
	Money      money.Money
	SetupFee   money.Money // zero value: none
	ValidFor   civil.Span  // zero value: for ever; only for what is paid once
	TrialDays  int64       // only for what is paid again and again
	TrialMoney money.Money // zero value: the trial is free
	TaxClass   string      // empty: StandardTax
}

// Validate reports everything that is wrong with n, after bringing it into the form in which it is stored.
func (n *NewPrice) Validate() error {
	var f fail.Fields
	cycle, err := civil.ParseCycle(n.Cycle)
	if err != nil {
		f.Add("cycle", fmt.Sprintf("is not one of %s", cycleNames()))
	}
	if !n.Money.Currency.IsValid() {
		f.Add("money.currency", "is not a current ISO 4217 code")
	}
	f.Check("money.amount", checkAmount(n.Money.Amount))
	n.SetupFee = n.besides(&f, "setup_fee", n.SetupFee)
	if !n.ValidFor.IsZero() {
		f.Check("valid_for", n.ValidFor.Validate())
		if cycle.Recurs() {
			f.Add("valid_for", "is for what is paid once: a subscription runs while it is paid for")
		}
	}
	n.checkTrial(&f, cycle)
	if n.TaxClass == "" {
		n.TaxClass = StandardTax
	}
	f.Check("tax_class", checkTaxClass(n.TaxClass))
	return f.Err()
}

func cycleNames() string {
	var names []string
	for _, c := range civil.Cycles() {
		names = append(names, string(c))
	}
	return strings.Join(names, ", ")
}

// besides checks an amount that stands beside the price, in its currency.
func (n *NewPrice) besides(f *fail.Fields, name string, m money.Money) money.Money {
	if m == (money.Money{}) {
		m.Currency = n.Money.Currency
	}
	if m.Currency != n.Money.Currency {
		f.Add(name+".currency", "differs from the currency of the price")
	}
	f.Check(name+".amount", checkAmount(m.Amount))
	return m
}

func (n *NewPrice) checkTrial(f *fail.Fields, cycle civil.Cycle) {
	n.TrialMoney = n.besides(f, "trial_money", n.TrialMoney)
	switch {
	case n.TrialDays < 0 || n.TrialDays > maxTrialDays:
		f.Add("trial_days", fmt.Sprintf("is not between 0 and %d", maxTrialDays))
	case n.TrialDays > 0 && cycle == civil.OneTime:
		f.Add("trial_days", "are for subscriptions: what is paid once has no trial")
	case n.TrialDays == 0 && n.TrialMoney.Amount != 0:
		f.Add("trial_money", "is the price of a trial, and there is none")
	}
}

func checkTaxClass(s string) error {
	bad := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' && r != '-' }
	if len(s) > maxTaxClass || strings.ContainsFunc(s, bad) {
		return fmt.Errorf("is not at most %d of a-z, 0-9, underscore and hyphen", maxTaxClass)
	}
	return nil
}

// suits reports what a price of a plan can't have.
func (n *NewPrice) suits(plan Plan) error {
	var f fail.Fields
	kind := plan.Kind
	if kind == KindLicense && plan.LicenseType == Trial {
		if n.Cycle != string(civil.OneTime) {
			f.Add("cycle", "of a trial is one_time: it ends, and nothing is charged")
		}
		if n.Money.Amount != 0 || n.SetupFee.Amount != 0 {
			f.Add("money", "of a trial is zero")
		}
		if n.ValidFor.IsZero() {
			f.Add("valid_for", "is required: how long may it be tried?")
		}
	}
	if kind == KindAddon && !n.ValidFor.IsZero() {
		f.Add("valid_for", "is for licenses: an add-on that is paid once lasts as long as its license")
	}
	if kind == KindAddon && n.TrialDays > 0 {
		f.Add("trial_days", "are for licenses: an add-on has no trial")
	}
	return f.Err()
}

func checkAmount(n int64) error {
	if n < 0 || n > maxAmount {
		return fmt.Errorf("is not between 0 and %d", maxAmount)
	}
	return nil
}

// Offer is a price with what stands around it: all that an order needs to know of it.
type Offer struct {
	PriceID         string
	PlanID          string
	ProductID       string
	ProductName     string
	PlanName        string
	Kind            PlanKind
	LicenseType     string
	Support         civil.Span // see [Plan]
	Visibility      Visibility
	RequiresLicense bool
	Cycle           civil.Cycle
	Money           money.Money // of one
	SetupFee        money.Money
	ValidFor        civil.Span // of what is paid once; zero: for ever
	TrialDays       int64
	TrialMoney      money.Money // of one
	TaxClass        string
	// OnSale says that price, plan and product can all be ordered.
	OnSale bool
}

// IsPack reports whether it sells support for a license that is there.
func (o Offer) IsPack() bool { return o.Kind == KindAddon && !o.Support.IsZero() }

// Name is how the offer stands on orders and invoices.
func (o Offer) Name() string { return o.ProductName + " – " + o.PlanName }
