package tax

import (
	"errors"
	"fmt"

	"github.com/keystead/keystead/internal/money"
)

// Coupon takes a fixed amount or a percentage off the lines it is for. The amount is in terms of the prices: net, or
// gross where prices include tax.
type Coupon struct {
	Fixed   money.Money
	Percent Percent // 0: Fixed counts
	Lines   []int   // the eligible lines by their index; nil for all
}

var (
	errCoupon   = errors.New("a coupon takes either a fixed amount of the document's currency or a percentage, never less than 0")
	errEligible = errors.New("a coupon is for a line that is not there, or for one twice")
)

// apply takes a coupon off the lines (rule P8): never more than they still cost, split in proportion to that by largest
// remainder (rule P6), so that the parts sum exactly. Lines that are not positive have nothing to take from.
func (d *Document) apply(c Coupon) (taken money.Money, err error) {
	fixed := c.Percent.IsZero()
	if (fixed && c.Fixed.Currency != d.Currency) || (!fixed && c.Fixed.Amount != 0) || c.Fixed.Amount < 0 {
		return money.Money{}, errCoupon
	}
	eligible, err := d.eligible(c)
	if err != nil {
		return money.Money{}, err
	}
	var sum int64
	weights := make([]int64, len(d.Lines))
	for i, l := range d.Lines {
		if eligible[i] {
			weights[i] = max(0, l.Left().Amount)
			sum += weights[i]
		}
	}
	if sum == 0 {
		return d.money(0), nil
	}
	want := c.Fixed.Amount
	if !fixed {
		want = times(sum, c.Percent.Fraction())
	}
	taken = d.money(min(want, sum))
	parts, err := taken.Split(weights)
	if err != nil {
		return money.Money{}, err
	}
	for i, part := range parts {
		d.Lines[i].Discount.Amount += part.Amount
	}
	return taken, nil
}

func (d *Document) eligible(c Coupon) ([]bool, error) {
	is := make([]bool, len(d.Lines))
	if c.Lines == nil {
		for i := range is {
			is[i] = true
		}
		return is, nil
	}
	for _, i := range c.Lines {
		if i < 0 || i >= len(is) || is[i] {
			return nil, fmt.Errorf("%w: %d", errEligible, i)
		}
		is[i] = true
	}
	return is, nil
}
