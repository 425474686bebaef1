package money

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
)

// RoundHalfAway rounds an exact value to the nearest integer, halves away from
// zero: 5/2 is 3 and −5/2 is −3 (rule P4). It fails with [ErrOverflow].
func RoundHalfAway(r *big.Rat) (int64, error) {
	quotient, remainder := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	if remainder.Lsh(remainder, 1).CmpAbs(r.Denom()) >= 0 {
		quotient.Add(quotient, big.NewInt(int64(r.Sign())))
	}
	if !quotient.IsInt64() {
		return 0, ErrOverflow
	}
	return quotient.Int64(), nil
}

// MulRat returns m × r rounded once, half away from zero, such as a base times
// a tax rate. It fails with [ErrOverflow].
func (m Money) MulRat(r *big.Rat) (Money, error) {
	exact := new(big.Rat).SetInt64(m.Amount)
	amount, err := RoundHalfAway(exact.Mul(exact, r))
	if err != nil {
		return Money{}, fmt.Errorf("%s times %s: %w", m, r, err)
	}
	return New(amount, m.Currency), nil
}

// Share returns m × part / whole rounded once, half away from zero, such as the
// price of a period times the share of its days that is used. The product is
// exact, in 128 bits. It fails if whole is not positive, and with [ErrOverflow].
func (m Money) Share(part, whole int64) (Money, error) {
	if whole <= 0 {
		return Money{}, fmt.Errorf("share of %s: whole is %d, not positive", m, whole)
	}
	amount, err := mulDiv(m.Amount, part, whole)
	if err != nil {
		return Money{}, fmt.Errorf("%d/%d of %s: %w", part, whole, m, err)
	}
	return New(amount, m.Currency), nil
}

// mulDiv returns a × b / c rounded half away from zero, for c above 0.
func mulDiv(a, b, c int64) (int64, error) {
	high, low := bits.Mul64(magnitude(a), magnitude(b))
	divisor := uint64(c)
	if high >= divisor {
		return 0, ErrOverflow
	}
	quotient, remainder := bits.Div64(high, low, divisor)
	// The remainder is below the divisor, so this does not overflow where
	// doubling the remainder would.
	if remainder >= divisor-remainder {
		quotient++
		if quotient == 0 {
			return 0, ErrOverflow
		}
	}
	return signed(quotient, (a < 0) != (b < 0))
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

func signed(magnitude uint64, negative bool) (int64, error) {
	switch {
	case negative && magnitude <= 1<<63:
		return int64(-magnitude), nil
	case !negative && magnitude <= math.MaxInt64:
		return int64(magnitude), nil
	default:
		return 0, ErrOverflow
	}
}
