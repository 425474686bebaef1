// Package coupon knows what may be taken off an order, when, how often and for whom.
//
// A coupon takes a percentage or a fixed amount off the lines that it is for; how it is spread over them is the
// arithmetic of package tax. What it takes never changes once it exists, so that a subscription can keep it.
package coupon

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
	"github.com/keystead/keystead/internal/text"
)

// Kind says what a coupon takes.
type Kind string

// The kinds of coupons.
const (
	Percent Kind = "percent"
	Fixed   Kind = "fixed"
)

// Status says whether a coupon can be used.
type Status string

// The statuses. An archived coupon goes on where it was used already.
const (
	Active   Status = "active"
	Archived Status = "archived"
)

// Coupon is a code that makes an order cheaper. Where a limit is not set, it is zero or empty.
type Coupon struct {
	ID      string
	Code    string // unique in the store, regardless of case
	Name    string // for staff and on invoices
	Kind    Kind
	Percent tax.Percent
	Money   money.Money // of a fixed one
	// Charges is for how many charges of a subscription it counts; 0: for all of them.
	Charges int64
	Rules
	Uses      int64
	Status    Status
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Rules say when a coupon may be used.
type Rules struct {
	ProductIDs   []string      // empty: for all products
	Cycles       []civil.Cycle // empty: for all cycles
	StartsOn     civil.Date    // the first day, in the zone of the store; zero: at once
	EndsOn       civil.Date    // the last day; zero: no end
	MaxUses      int64         // in all; 0: any number
	PerCustomer  int64         // by one customer; 0: any number
	Minimum      money.Money   // that the order costs before discount and tax; zero: none
	NewCustomers bool          // only for who has bought nothing yet, and once
}

// Off names what the coupon takes: "20 %", "10.00 EUR".
func (c Coupon) Off() string {
	if c.Kind == Percent {
		return c.Percent.String() + " %"
	}
	return c.Money.String()
}

// The bounds of a coupon.
const (
	maxCode     = 40
	maxProducts = 100
	maxCount    = 1_000_000_000
	maxAmount   = 100_000_000_000_000
)

// NewCoupon is what [Service.Create] needs: either a percentage or an amount.
type NewCoupon struct {
	Code    string
	Name    string
	Percent string      // such as "12.5"; empty: Money counts
	Money   money.Money // zero value: Percent counts
	Charges int64
	Rules

	percent tax.Percent
}

var errCode = errors.New("is not 1 to 40 letters, digits, hyphens and underscores")

func checkCode(s string) (string, error) {
	s = strings.TrimSpace(s)
	bad := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}
	if s == "" || len(s) > maxCode || strings.ContainsFunc(s, bad) {
		return "", errCode
	}
	return s, nil
}

// Validate reports everything that is wrong with n, after bringing it into the form in which it is stored.
func (n *NewCoupon) Validate() error {
	var f fail.Fields
	var err error
	n.Code, err = checkCode(n.Code)
	f.Check("code", err)
	n.Name, err = text.Line(n.Name, text.NameLength)
	f.Check("name", err)
	switch {
	case n.Percent != "" && n.Money != (money.Money{}):
		f.Add("money", "can't be taken beside a percentage")
	case n.Percent != "":
		f.Check("percent", n.checkPercent())
	default:
		if !n.Money.Currency.IsValid() {
			f.Add("money.currency", "is not a current ISO 4217 code")
		}
		if n.Money.Amount < 1 || n.Money.Amount > maxAmount {
			f.Add("money.amount", fmt.Sprintf("is not between 1 and %d", maxAmount))
		}
	}
	f.Check("charges", checkCount(n.Charges))
	n.check(&f, n.Money.Currency)
	return f.Err()
}

func (n *NewCoupon) checkPercent() error {
	p, err := tax.ParsePercent(n.Percent)
	if err != nil || p.IsZero() || p.Fraction().Cmp(tax.MustPercent("100").Fraction()) > 0 {
		return errors.New("is not a number above 0 and up to 100, such as 20 or 12.5")
	}
	n.percent = p
	return nil
}

func checkCount(n int64) error {
	if n < 0 || n > maxCount {
		return fmt.Errorf("is not between 0 (no limit) and %d", maxCount)
	}
	return nil
}

// check notes what is wrong with the rules of a coupon that takes an amount in a currency, or a percentage.
func (r *Rules) check(f *fail.Fields, currency money.Currency) {
	f.Check("product_ids", checkProducts(r.ProductIDs))
	f.Check("cycles", r.checkCycles())
	if !r.StartsOn.IsZero() && !r.StartsOn.IsValid() {
		f.Add("starts_on", "is not a date")
	}
	if !r.EndsOn.IsZero() && (!r.EndsOn.IsValid() || r.EndsOn.Before(r.StartsOn)) {
		f.Add("ends_on", "is not a date from the first day on")
	}
	f.Check("max_uses", checkCount(r.MaxUses))
	f.Check("per_customer", checkCount(r.PerCustomer))
	if r.Minimum.Amount == 0 {
		r.Minimum = money.Money{}
		return
	}
	if r.Minimum.Amount < 0 || r.Minimum.Amount > maxAmount {
		f.Add("minimum.amount", fmt.Sprintf("is not between 0 and %d", maxAmount))
	}
	if !r.Minimum.Currency.IsValid() {
		f.Add("minimum.currency", "is not a current ISO 4217 code")
	} else if currency != "" && r.Minimum.Currency != currency {
		f.Add("minimum.currency", "differs from that of the coupon")
	}
}

func checkProducts(ids []string) error {
	if len(ids) > maxProducts {
		return fmt.Errorf("are more than %d", maxProducts)
	}
	for i, id := range ids {
		if !text.IsID(id) {
			return fmt.Errorf("have %q, which is not the id of a product", id)
		}
		if slices.Contains(ids[:i], id) {
			return fmt.Errorf("have %s twice", id)
		}
	}
	return nil
}

func (r *Rules) checkCycles() error {
	for i, c := range r.Cycles {
		if _, err := civil.ParseCycle(string(c)); err != nil {
			return fmt.Errorf("have %q, which is not a billing cycle", c)
		}
		if slices.Contains(r.Cycles[:i], c) {
			return fmt.Errorf("have %s twice", c)
		}
	}
	return nil
}
