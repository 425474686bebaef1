package tax

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"

	"github.com/keystead/keystead/internal/money"
)

// Line is a line of a document before its discount: the amount as the price says it, so net or, where prices include
// tax, gross. It may be negative, such as what a plan change gives back.
type Line struct {
	Amount   money.Money
	Category Category
}

// Document is what an invoice says in figures. Amounts are in terms of the prices where nothing else is said: net, or
// gross if prices include tax. A document that was stored can be put together again from its fields; [Document.Credit]
// needs the mode, the lines and the subtotals.
type Document struct {
	Mode      Mode
	Currency  money.Currency
	Lines     []DocumentLine
	Coupons   []money.Money // what each coupon took
	Subtotals []Subtotal    // in the order in which their categories occur
	LineTotal money.Money   // net of the lines, before discounts (EN 16931: BT-106)
	Allowance money.Money   // net of the discounts (BT-107)
	Net       money.Money   // total without tax (BT-109)
	Tax       money.Money   // BT-110
	Total     money.Money   // total with tax (BT-112)
}

// DocumentLine is a line with its share of the coupons.
type DocumentLine struct {
	Line
	Discount money.Money // in terms of the prices, never more than the amount
	Net      money.Money // before the discount, without tax (BT-131)
}

// Left is what the line costs after its discount, in terms of the prices.
func (l DocumentLine) Left() money.Money {
	return money.New(l.Amount.Amount-l.Discount.Amount, l.Amount.Currency)
}

// Subtotal has the figures of one category.
type Subtotal struct {
	Category Category    `json:"category"`
	Base     money.Money `json:"base"` // lines less discounts, without tax (BT-116)
	Tax      money.Money `json:"tax"`  // BT-117
}

var (
	errLines     = errors.New("tax: the lines are too large, or in several currencies")
	errNoCompute = errors.New("tax: unknown mode")
)

// Compute makes a document of lines and coupons. Coupons apply in the order given (rule P8). Tax is computed once per
// category and rate (rule P7) and rounded half away from zero: from the base or, where prices include tax, by taking
// the net out of the gross. With mode [None] the categories of the lines don't count and there is no tax.
//
// The figures satisfy BR-CO-10 and BR-CO-13 to BR-CO-17 (invariant I14). Where prices include tax, the tax of a category
// is within one minor unit of base × rate, as gross amounts don't always have an exact net.
func Compute(mode Mode, currency money.Currency, lines []Line, coupons []Coupon) (Document, error) {
	if err := validate(mode, currency, lines); err != nil {
		return Document{}, err
	}
	d := Document{Mode: mode, Currency: currency}
	for _, l := range lines {
		if mode == None {
			l.Category = Category{Code: OutOfScope}
		}
		d.Lines = append(d.Lines, DocumentLine{Line: l, Discount: d.money(0), Net: l.Amount})
	}
	for i, c := range coupons {
		taken, err := d.apply(c)
		if err != nil {
			return Document{}, fmt.Errorf("coupon %d: %w", i+1, err)
		}
		d.Coupons = append(d.Coupons, taken)
	}
	d.subtotal()
	return d, nil
}

// maxSum leaves room for the tax at the highest rate on top of all lines.
const maxSum = math.MaxInt64 / 32

func validate(mode Mode, currency money.Currency, lines []Line) error {
	if _, err := ParseMode(string(mode)); err != nil {
		return fmt.Errorf("%w: %q", errNoCompute, mode)
	}
	var sum int64
	for i, l := range lines {
		a := l.Amount.Amount
		if a > maxSum || a < -maxSum || l.Amount.Currency != currency {
			return fmt.Errorf("%w: line %d, %s", errLines, i+1, l.Amount)
		}
		if sum += max(a, -a); sum > maxSum {
			return fmt.Errorf("%w: line %d, %s", errLines, i+1, l.Amount)
		}
		if err := l.Category.Validate(); mode != None && err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return nil
}

func (d *Document) money(amount int64) money.Money { return money.New(amount, d.Currency) }

// subtotal computes the figures of each category, the nets of the lines, and the totals.
func (d *Document) subtotal() {
	var order []Category
	members := map[Category][]int{}
	for i, l := range d.Lines {
		if len(members[l.Category]) == 0 {
			order = append(order, l.Category)
		}
		members[l.Category] = append(members[l.Category], i)
	}
	var lines int64
	for _, c := range order {
		var before, after int64
		for _, i := range members[c] {
			before += d.Lines[i].Amount.Amount
			after += d.Lines[i].Left().Amount
		}
		lineTotal, base, tax := before, after, times(after, c.Rate.Fraction())
		if d.Mode == Inclusive {
			lineTotal, base = netOf(before, c.Rate), netOf(after, c.Rate)
			tax = after - base
			d.netLines(members[c], lineTotal, c.Rate)
		}
		lines += lineTotal
		d.Subtotals = append(d.Subtotals, Subtotal{Category: c, Base: d.money(base), Tax: d.money(tax)})
	}
	d.total(lines)
}

// netLines gives the lines of a category nets that sum exactly to its own, by largest remainder (rule P6).
func (d *Document) netLines(members []int, total int64, rate Percent) {
	type rest struct {
		line     int
		fraction *big.Rat
	}
	var rests []rest
	for _, i := range members {
		exact := exactNet(d.Lines[i].Amount.Amount, rate)
		// Div rounds down for negative amounts too, as the denominator is positive.
		down := new(big.Int).Div(exact.Num(), exact.Denom()).Int64()
		d.Lines[i].Net = d.money(down)
		total -= down
		rests = append(rests, rest{i, exact.Sub(exact, new(big.Rat).SetInt64(down))})
	}
	slices.SortStableFunc(rests, func(a, b rest) int { return b.fraction.Cmp(a.fraction) })
	for _, r := range rests[:total] {
		d.Lines[r.line].Net.Amount++
	}
}

func (d *Document) total(lines int64) {
	var base, tax int64
	for _, s := range d.Subtotals {
		base += s.Base.Amount
		tax += s.Tax.Amount
	}
	d.LineTotal, d.Allowance = d.money(lines), d.money(lines-base)
	d.Net, d.Tax, d.Total = d.money(base), d.money(tax), d.money(base+tax)
}

// netOf returns the net of a gross amount (rule P7).
func netOf(gross int64, rate Percent) int64 { return round(exactNet(gross, rate)) }

func exactNet(gross int64, rate Percent) *big.Rat {
	divisor := new(big.Rat).Add(big.NewRat(1, 1), rate.Fraction())
	return divisor.Quo(new(big.Rat).SetInt64(gross), divisor)
}

// times returns amount × factor, rounded.
func times(amount int64, factor *big.Rat) int64 {
	return round(new(big.Rat).Mul(new(big.Rat).SetInt64(amount), factor))
}

// round can't overflow: documents are bounded when they are validated.
func round(r *big.Rat) int64 {
	n, err := money.RoundHalfAway(r)
	if err != nil {
		panic(fmt.Sprintf("tax: %v: %s", err, r))
	}
	return n
}
