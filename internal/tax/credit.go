package tax

import (
	"errors"
	"fmt"

	"github.com/keystead/keystead/internal/money"
)

// Credited is what the credit notes of a document have given back so far. The zero value is nothing.
type Credited struct {
	Lines     []CreditedLine // by the index of the line; may be shorter than the document
	Subtotals []Subtotal     // by category; those without a credit may be missing
}

// CreditedLine is what has been credited of a line, in terms of the prices.
type CreditedLine struct {
	Amount   money.Money // before the discount
	Discount money.Money // its share of the line's discount
}

// Note is what a credit note says in figures, all of them positive for a document that is: what is given back.
type Note struct {
	Lines     []CreditedLine // one for each line of the document
	Subtotals []Subtotal     // of the categories whose lines are credited
	Net       money.Money
	Tax       money.Money
	Total     money.Money
}

// And returns what has been credited together with another note.
func (c Credited) And(n Note) Credited {
	var sum Credited
	for i, l := range n.Lines {
		before := c.line(i)
		sum.Lines = append(sum.Lines, CreditedLine{
			Amount:   money.New(before.Amount.Amount+l.Amount.Amount, l.Amount.Currency),
			Discount: money.New(before.Discount.Amount+l.Discount.Amount, l.Amount.Currency),
		})
	}
	sum.Subtotals = append(sum.Subtotals, c.Subtotals...)
	for _, s := range n.Subtotals {
		sum.add(s)
	}
	return sum
}

func (c *Credited) add(s Subtotal) {
	for i := range c.Subtotals {
		if have := &c.Subtotals[i]; have.Category == s.Category {
			have.Base.Amount += s.Base.Amount
			have.Tax.Amount += s.Tax.Amount
			return
		}
	}
	c.Subtotals = append(c.Subtotals, s)
}

func (c Credited) line(i int) CreditedLine {
	if i >= len(c.Lines) {
		return CreditedLine{}
	}
	return c.Lines[i]
}

func (c Credited) subtotal(category Category) Subtotal {
	for _, s := range c.Subtotals {
		if s.Category == category {
			return s
		}
	}
	return Subtotal{Category: category}
}

var (
	errNote = errors.New("a credit must not be more than is left of its line")
	// ErrExceeds is returned for a credit note that would give back more of a category than is left of it, or charge
	// where the document gives back. It happens only where positive and negative lines meet in one category.
	ErrExceeds = errors.New("a credit note must not exceed its invoice")
)

// Left returns, for each line, what is not credited yet, before its discount: what a full credit gives back.
func (d Document) Left(so Credited) []money.Money {
	left := make([]money.Money, len(d.Lines))
	for i, l := range d.Lines {
		left[i] = money.New(l.Amount.Amount-so.line(i).Amount.Amount, d.Currency)
	}
	return left
}

// Credit makes a credit note over so much of each line, given before the line's discount, after what has been credited
// so far (rule P9).
//
// A credited part takes its share of the line's discount, the one that completes the line takes what is left of it. The
// tax of a category is base × rate, but never more than is left in the category; the note that brings the credited base
// up to the invoiced one takes all that is left. Hence credit notes never exceed the document, and sum to it exactly,
// per category, however it is split (invariant I5).
func (d Document) Credit(so Credited, amounts []money.Money) (Note, error) {
	if len(amounts) != len(d.Lines) {
		return Note{}, fmt.Errorf("%w: %d amounts for %d lines", errNote, len(amounts), len(d.Lines))
	}
	note := Note{Net: d.money(0), Tax: d.money(0), Total: d.money(0)}
	parts := map[Category]int64{} // what is credited of each, after discounts
	for i, l := range d.Lines {
		credited, err := l.credit(so.line(i), amounts[i])
		if err != nil {
			return Note{}, fmt.Errorf("line %d: %w", i+1, err)
		}
		note.Lines = append(note.Lines, credited)
		if credited.Amount.Amount != 0 {
			parts[l.Category] += credited.Amount.Amount - credited.Discount.Amount
		}
	}
	for _, whole := range d.Subtotals {
		amount, ok := parts[whole.Category]
		if !ok {
			continue
		}
		s, err := d.creditCategory(whole, so.subtotal(whole.Category), amount)
		if err != nil {
			return Note{}, fmt.Errorf("category %s: %w", whole.Category, err)
		}
		note.Subtotals = append(note.Subtotals, s)
		note.Net.Amount += s.Base.Amount
		note.Tax.Amount += s.Tax.Amount
	}
	note.Total.Amount = note.Net.Amount + note.Tax.Amount
	return note, nil
}

// credit returns the credited part of a line with its share of the discount.
func (l DocumentLine) credit(so CreditedLine, amount money.Money) (CreditedLine, error) {
	sign := int64(1)
	if l.Amount.Amount < 0 {
		sign = -1
	}
	left := sign * (l.Amount.Amount - so.Amount.Amount)
	credited := sign * amount.Amount
	if amount.Currency != l.Amount.Currency || credited < 0 || credited > left {
		return CreditedLine{}, fmt.Errorf("%w: %s of %s", errNote, amount, money.New(sign*left, l.Amount.Currency))
	}
	// Only positive lines have a discount.
	discountLeft := l.Discount.Amount - so.Discount.Amount
	share, err := l.Discount.Share(credited, max(1, sign*l.Amount.Amount))
	if err != nil {
		return CreditedLine{}, err
	}
	// What stays of the discount must fit into what stays of the line. So nothing stays when the line is complete, and
	// no part is negative.
	discount := min(max(share.Amount, discountLeft-(left-credited)), discountLeft)
	return CreditedLine{Amount: amount, Discount: money.New(discount, amount.Currency)}, nil
}

// creditCategory computes base and tax of what a note credits of a category, in terms of the prices and after discounts.
func (d Document) creditCategory(whole, so Subtotal, amount int64) (Subtotal, error) {
	baseLeft := whole.Base.Amount - so.Base.Amount
	taxLeft := whole.Tax.Amount - so.Tax.Amount
	left := baseLeft
	if d.Mode == Inclusive {
		left += taxLeft
	}
	// With one sign in a category this follows from the limits of the lines.
	if !within(amount, left, whole.Base.Amount+whole.Tax.Amount) {
		return Subtotal{}, fmt.Errorf("%w: %s of %s", ErrExceeds, d.money(amount), d.money(left))
	}
	base, tax := baseLeft, taxLeft
	switch {
	case amount == left: // completes the category
	case d.Mode == Inclusive:
		tax = amount - netOf(amount, whole.Category.Rate)
		tax = between(tax, amount-baseLeft, taxLeft)
		base = amount - tax
	default:
		base = amount
		tax = between(times(base, whole.Category.Rate.Fraction()), 0, taxLeft)
	}
	return Subtotal{Category: whole.Category, Base: d.money(base), Tax: d.money(tax)}, nil
}

// within reports whether n lies between 0 and left, on the side of zero on which the whole is.
func within(n, left, whole int64) bool {
	if whole < 0 {
		return n <= 0 && n >= left
	}
	return n >= 0 && n <= left
}

// between limits n to what lies between two bounds, given in any order.
func between(n, a, b int64) int64 { return min(max(n, min(a, b)), max(a, b)) }
