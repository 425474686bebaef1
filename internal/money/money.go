package money

import (
	"errors"
	"fmt"
	"math"
)

var (
	// ErrOverflow is returned when a result does not fit into 64 bits.
	ErrOverflow = errors.New("amount is too large")
	// ErrCurrencyMismatch is returned when two currencies meet in one sum.
	ErrCurrencyMismatch = errors.New("amounts are in different currencies")
)

// Money is an amount in the minor units of its currency: 4900 EUR is 49.00 €,
// 4900 JPY is 4900 ¥. In JSON it is {"amount":4900,"currency":"EUR"}.
//
// Two values are equal (==) if amount and currency are. Arithmetic between
// currencies is an error, and the zero value has a currency of its own, "".
type Money struct {
	Amount   int64    `json:"amount"`
	Currency Currency `json:"currency"`
}

// New returns an amount in minor units of c.
func New(amount int64, c Currency) Money { return Money{Amount: amount, Currency: c} }

// Sum adds amounts, all of them in c; without any, it is zero in c.
func Sum(c Currency, amounts ...Money) (Money, error) {
	total := New(0, c)
	for _, m := range amounts {
		var err error
		if total, err = total.Add(m); err != nil {
			return Money{}, err
		}
	}
	return total, nil
}

// Add returns m + other. It fails with [ErrCurrencyMismatch] or [ErrOverflow].
func (m Money) Add(other Money) (Money, error) {
	if m.Currency != other.Currency {
		return Money{}, fmt.Errorf("%w: %s and %s", ErrCurrencyMismatch, m.Currency, other.Currency)
	}
	sum := m.Amount + other.Amount
	if (sum > m.Amount) != (other.Amount > 0) {
		return Money{}, fmt.Errorf("%w: %s + %s", ErrOverflow, m, other)
	}
	return New(sum, m.Currency), nil
}

// Sub returns m − other. It fails with [ErrCurrencyMismatch] or [ErrOverflow].
func (m Money) Sub(other Money) (Money, error) {
	if m.Currency != other.Currency {
		return Money{}, fmt.Errorf("%w: %s and %s", ErrCurrencyMismatch, m.Currency, other.Currency)
	}
	difference := m.Amount - other.Amount
	if (difference < m.Amount) != (other.Amount > 0) {
		return Money{}, fmt.Errorf("%w: %s - %s", ErrOverflow, m, other)
	}
	return New(difference, m.Currency), nil
}

// Neg returns −m. It fails with [ErrOverflow] for the smallest amount, which
// has no opposite.
func (m Money) Neg() (Money, error) {
	if m.Amount == math.MinInt64 {
		return Money{}, fmt.Errorf("%w: opposite of %s", ErrOverflow, m)
	}
	return New(-m.Amount, m.Currency), nil
}

// MulInt returns m × n, such as a price times a quantity. It fails with
// [ErrOverflow].
func (m Money) MulInt(n int64) (Money, error) {
	product, err := mulDiv(m.Amount, n, 1)
	if err != nil {
		return Money{}, fmt.Errorf("%s times %d: %w", m, n, err)
	}
	return New(product, m.Currency), nil
}

// String returns amount and code for logs and messages to developers: "49.00
// EUR". See [Money.Format] for people.
func (m Money) String() string { return m.Decimal() + " " + string(m.Currency) }
