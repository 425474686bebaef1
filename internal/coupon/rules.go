package coupon

import (
	"fmt"
	"slices"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
)

// Line is what a coupon may be taken off: a line of an order before discount and tax.
type Line struct {
	ProductID string
	Cycle     civil.Cycle
	Amount    money.Money
}

// Occasion is the order for which a coupon is asked for, with what is known of who places it.
type Occasion struct {
	On       civil.Date // today in the zone of the store
	Currency money.Currency
	Lines    []Line
	UsedBy   int64 // how often this customer has used the coupon
	Bought   bool  // whether this customer has bought anything yet
}

// refused is why a coupon can't be used here. It is about the field of an order that names it.
func refused(code, detail string) error {
	e := fail.Invalid("coupon", detail)
	e.Code = code
	return e
}

var errUnknown = refused("COUPON_NOT_FOUND", "is not a coupon of this store")

var errUsedUp = refused("COUPON_USED_UP", "has been used as often as it may be")

// Check returns why the coupon can't be used on an occasion, or nil. What is told first is what the customer can do
// least about.
func (c Coupon) Check(o Occasion) error {
	switch {
	case c.Status != Active:
		return refused("COUPON_ENDED", "is not valid any more")
	case !c.EndsOn.IsZero() && o.On.After(c.EndsOn):
		return refused("COUPON_ENDED", "ended on "+c.EndsOn.String())
	case !c.StartsOn.IsZero() && o.On.Before(c.StartsOn):
		return refused("COUPON_NOT_BEGUN", "begins on "+c.StartsOn.String())
	case c.MaxUses > 0 && c.Uses >= c.MaxUses:
		return errUsedUp
	case c.NewCustomers && (o.Bought || o.UsedBy > 0):
		return refused("COUPON_NEW_CUSTOMERS", "is for new customers, for their first order")
	case c.PerCustomer > 0 && o.UsedBy >= c.PerCustomer:
		return refused("COUPON_USED", fmt.Sprintf("can be used %s by each customer", times(c.PerCustomer)))
	case c.Kind == Fixed && c.Money.Currency != o.Currency:
		return refused("COUPON_CURRENCY", fmt.Sprintf("is for orders in %s", c.Money.Currency))
	case c.Minimum.Amount > 0 && c.Minimum.Currency != o.Currency:
		return refused("COUPON_CURRENCY", fmt.Sprintf("is for orders in %s", c.Minimum.Currency))
	}
	var total int64
	for _, line := range o.Lines {
		total += line.Amount.Amount
	}
	if total < c.Minimum.Amount {
		return refused("COUPON_MINIMUM", fmt.Sprintf("is for orders of %s or more", c.Minimum))
	}
	if !slices.ContainsFunc(o.Lines, c.IsFor) {
		return refused("COUPON_NOT_FOR_THIS", "is not for anything in this order")
	}
	return nil
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// IsFor reports whether the coupon may be taken off a line, whatever it costs.
func (c Coupon) IsFor(l Line) bool {
	return (len(c.ProductIDs) == 0 || slices.Contains(c.ProductIDs, l.ProductID)) &&
		(len(c.Cycles) == 0 || slices.Contains(c.Cycles, l.Cycle))
}

// Apply returns what the coupon takes off each line: never more than it costs, in proportion to what the lines cost,
// summing exactly (rules P6 and P8). A line that the coupon is not for has no discount.
func (c Coupon) Apply(currency money.Currency, lines []Line) ([]money.Money, error) {
	take := tax.Coupon{Fixed: c.Money, Percent: c.Percent, Lines: []int{}}
	document := make([]tax.Line, len(lines))
	for i, l := range lines {
		document[i].Amount = l.Amount
		if c.IsFor(l) {
			take.Lines = append(take.Lines, i)
		}
	}
	computed, err := tax.Compute(tax.None, currency, document, []tax.Coupon{take})
	if err != nil {
		return nil, fmt.Errorf("coupon %s: %w", c.ID, err)
	}
	discounts := make([]money.Money, len(lines))
	for i, l := range computed.Lines {
		discounts[i] = l.Discount
	}
	return discounts, nil
}

// Again returns what the coupon takes off one further charge of a subscription; nothing from one that it is not for,
// such as after a change to another cycle, or in another currency.
func (c Coupon) Again(l Line) (money.Money, error) {
	if c.Kind == Fixed && c.Money.Currency != l.Amount.Currency {
		return money.New(0, l.Amount.Currency), nil
	}
	discounts, err := c.Apply(l.Amount.Currency, []Line{l})
	if err != nil {
		return money.Money{}, err
	}
	return discounts[0], nil
}
