package domainname

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

// DateMoves says when the registry's date follows a renewal.
type DateMoves string

// When the date moves.
const (
	AtOnce   DateMoves = "at_once"
	AtExpiry DateMoves = "at_expiry" // only on the day of the expiry: until then the renewal is arranged
)

// Rounding says to which day of its month a registry moves an expiry.
type Rounding string

// The roundings.
const (
	NoRounding Rounding = "none"
	MonthEnd   Rounding = "month_end"
)

// Policy is what a registry allows for the domains of an extension, from a day on until the next row of the extension
// counts. Rows are never changed once they have counted, so the history shows which one decided.
type Policy struct {
	ID        string
	Extension string
	ValidFrom civil.Date // by UTC, as registries count

	// The terms are MinYears, MinYears+StepYears … up to MaxYears.
	MinYears, MaxYears, StepYears int
	// Earliest is how many days before the term's end a renewal is possible at first; nil: at any time.
	Earliest *int
	// GraceDays is for how many days after the term's end a plain renewal is possible; 0: none.
	GraceDays int
	GraceFee  Fee
	// Latest is, without grace, the last day of a plain renewal counted from the term's end: 0 or negative; nil is 0.
	Latest *int
	// RedemptionDays is for how many days a restore is possible after that; 0: none.
	RedemptionDays int
	RedemptionFee  Fee // empty: staff quote it

	// RegistryAutoRenews: the registry adds a year by itself, and takes it back without a fee for ARGPDays.
	RegistryAutoRenews bool
	ARGPDays           int
	// ExplicitRenew: there is a renew command. Without one the registrar is told to renew or to let expire.
	ExplicitRenew  bool
	DateMoves      DateMoves
	ExpiryRounding Rounding
	// DueMargin is how many days before the last plain day a renewal falls due where there is no grace.
	DueMargin int
	// YearsAheadLimit is how many years may be added now, unless the registry reports another number; nil: any.
	YearsAheadLimit *int

	Source string     // where this was read
	ReadOn civil.Date // when
}

// Fee is an amount in each currency for which it is set.
type Fee map[money.Currency]int64

// Unset reports whether no currency has the fee.
func (f Fee) Unset() bool { return len(f) == 0 }

// defaultDueMargin is how long a renewal is due before its last plain day, where nothing else was said.
const defaultDueMargin = 3

// maxDays bounds every number of days in a policy.
const maxDays = 3650

// Validate reports everything that is wrong with p, after bringing it into the form in which it is stored.
func (p *Policy) Validate() error {
	var f fail.Fields
	extension, err := ParseExtension(p.Extension)
	f.Check("extension", err)
	if err == nil {
		p.Extension = extension
	}
	if p.ValidFrom.IsZero() || !p.ValidFrom.IsValid() {
		f.Add("valid_from", "is required")
	}
	p.checkTerms(&f)
	p.checkDays(&f)
	p.checkChoices(&f)
	f.Check("grace_fee", p.GraceFee.check())
	f.Check("redemption_fee", p.RedemptionFee.check())
	p.Source, err = text.Line(p.Source, text.NotesLength)
	f.Check("source", err)
	return f.Err()
}

func (p *Policy) checkTerms(f *fail.Fields) {
	if p.MinYears < 1 || p.MinYears > maxTerm {
		f.Add("min_years", "is not between 1 and 10")
	}
	if p.MaxYears < p.MinYears || p.MaxYears > maxTerm {
		f.Add("max_years", "is not between the shortest term and 10")
	}
	if p.StepYears < 1 || p.StepYears > maxTerm {
		f.Add("step_years", "is not between 1 and 10")
	}
	if p.YearsAheadLimit != nil && (*p.YearsAheadLimit < 0 || *p.YearsAheadLimit > maxTerm) {
		f.Add("years_ahead_limit", "is not between 0 and 10")
	}
}

func (p *Policy) checkDays(f *fail.Fields) {
	for _, d := range []struct {
		field string
		days  int
	}{
		{"grace_days", p.GraceDays},
		{"redemption_days", p.RedemptionDays},
		{"argp_days", p.ARGPDays},
		{"due_margin", p.DueMargin},
	} {
		if d.days < 0 || d.days > maxDays {
			f.Add(d.field, fmt.Sprintf("is not between 0 and %d", maxDays))
		}
	}
	if p.Earliest != nil && (*p.Earliest < 0 || *p.Earliest > maxDays) {
		f.Add("earliest", fmt.Sprintf("is not between 0 and %d", maxDays))
	}
	switch {
	case p.Latest == nil:
	case p.GraceDays > 0:
		f.Add("latest", "is for extensions without grace_days")
	case *p.Latest > 0 || *p.Latest < -maxDays:
		f.Add("latest", fmt.Sprintf("is not between %d and 0", -maxDays))
	case p.Earliest != nil && *p.Earliest < -*p.Latest:
		f.Add("earliest", "lies after the last day for a renewal")
	}
	if p.ARGPDays > 0 && !p.RegistryAutoRenews {
		f.Add("argp_days", "is for registries that renew by themselves")
	}
}

func (p *Policy) checkChoices(f *fail.Fields) {
	if p.DateMoves == "" {
		p.DateMoves = AtOnce
	}
	if p.DateMoves != AtOnce && p.DateMoves != AtExpiry {
		f.Add("date_moves", "is not one of at_once, at_expiry")
	}
	if p.ExpiryRounding == "" {
		p.ExpiryRounding = NoRounding
	}
	if p.ExpiryRounding != NoRounding && p.ExpiryRounding != MonthEnd {
		f.Add("expiry_rounding", "is not one of none, month_end")
	}
}

// maxAmount keeps every sum far from the end of 64 bits.
const maxAmount = 100_000_000_000_000

func (f Fee) check() error {
	for currency, amount := range f {
		if !currency.IsValid() {
			return fmt.Errorf("is in %q, which is not a current ISO 4217 code", string(currency))
		}
		if amount < 0 || amount > maxAmount {
			return fmt.Errorf("is not between 0 and %d in %s", maxAmount, currency)
		}
	}
	return nil
}

// Allows reports whether a registration or a renewal may be for so many years.
func (p Policy) Allows(years int) bool {
	return p.StepYears > 0 && years >= p.MinYears && years <= p.MaxYears && (years-p.MinYears)%p.StepYears == 0
}

// Expiry is the expiry to which a term leads, as far as it can be foretold.
func (p Policy) Expiry(end civil.Date, years int) civil.Date {
	expiry := AddYears(end, years)
	if p.ExpiryRounding == MonthEnd {
		expiry = civil.On(expiry.Year, expiry.Month+1, 0)
	}
	return expiry
}

// Policies are rows of one or more extensions.
type Policies []Policy

// At returns the row of an extension that counts on a day.
func (ps Policies) At(extension string, day civil.Date) (Policy, bool) {
	var at Policy
	found := false
	for _, p := range ps {
		if p.Extension == extension && !p.ValidFrom.After(day) && (!found || p.ValidFrom.After(at.ValidFrom)) {
			at, found = p, true
		}
	}
	return at, found
}

// Sort brings the rows into the order of their extensions and days.
func (ps Policies) Sort() {
	slices.SortFunc(ps, func(a, b Policy) int {
		return cmp.Or(cmp.Compare(a.Extension, b.Extension), a.ValidFrom.Compare(b.ValidFrom))
	})
}
