package money

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"
	"slices"
)

var errWeights = errors.New("weights must not be negative and must not all be zero")

// Split divides m in proportion to weights, by largest remainder (rule P6):
// every part is rounded towards zero, then the units left over go one by one to
// the parts with the largest remainders, the earlier one first on a tie. The
// parts always sum to m exactly, and a part of weight 0 is 0. A negative amount
// splits as its opposite does.
//
// It fails if there are no weights, if one is negative, if they are all zero
// while m is not, and with [ErrOverflow] if their sum does not fit into 64 bits.
func (m Money) Split(weights []int64) ([]Money, error) {
	var total int64
	for _, w := range weights {
		if w < 0 {
			return nil, fmt.Errorf("split %s: %w", m, errWeights)
		}
		if total += w; total < 0 {
			return nil, fmt.Errorf("split %s: sum of weights: %w", m, ErrOverflow)
		}
	}
	if len(weights) == 0 || (total == 0 && m.Amount != 0) {
		return nil, fmt.Errorf("split %s: %w", m, errWeights)
	}

	shares := largestRemainder(magnitude(m.Amount), weights, uint64(total))
	parts := make([]Money, len(weights))
	for i, share := range shares {
		// No share exceeds the amount, so it fits with the same sign.
		amount, err := signed(share, m.Amount < 0)
		if err != nil {
			return nil, fmt.Errorf("split %s: %w", m, err)
		}
		parts[i] = New(amount, m.Currency)
	}
	return parts, nil
}

// largestRemainder divides units in proportion to weights that sum to total.
func largestRemainder(units uint64, weights []int64, total uint64) []uint64 {
	shares := make([]uint64, len(weights))
	if units == 0 {
		return shares
	}
	remainders := make([]uint64, len(weights))
	byRemainder := make([]int, len(weights))
	left := units
	for i, w := range weights {
		// A weight is at most the total, so the quotient is at most units.
		high, low := bits.Mul64(units, uint64(w))
		shares[i], remainders[i] = bits.Div64(high, low, total)
		byRemainder[i] = i
		left -= shares[i]
	}
	slices.SortStableFunc(byRemainder, func(a, b int) int { return cmp.Compare(remainders[b], remainders[a]) })
	for _, i := range byRemainder[:left] {
		shares[i]++
	}
	return shares
}
