package tax

import (
	"fmt"

	"github.com/keystead/keystead/internal/money"
)

// InProportion returns what to credit of each line, before its discount, so that the credit note gives back a total with
// tax, spread over the lines in proportion to what is left of them. The whole of what is left gives [Document.Left].
//
// Where prices are net, not every total can be reached, as net and tax are each whole minor units: at 20 % there is no
// net for a total of 0.03. The credit note is then below the total by a unit or two, and never above.
func (d Document) InProportion(so Credited, total money.Money) ([]money.Money, error) {
	all := d.Left(so)
	full, err := d.Credit(so, all)
	if err != nil {
		return nil, err
	}
	if total.Currency != d.Currency || total.Amount < 0 || total.Amount > full.Total.Amount {
		return nil, fmt.Errorf("%w: %s of %s", errNote, total, full.Total)
	}
	if total == full.Total {
		return all, nil
	}
	s := spread{document: d, so: so, left: all}
	return s.nearest(total.Amount)
}

// spread credits sums in proportion to what is left of the lines.
type spread struct {
	document Document
	so       Credited
	left     []money.Money
}

// nearest finds the sum whose note gives back the most without exceeding the total.
func (s spread) nearest(total int64) ([]money.Money, error) {
	var whole int64
	for _, m := range s.left {
		whole += max(m.Amount, -m.Amount)
	}
	low, high := int64(0), whole
	for low < high {
		middle := low + (high-low+1)/2
		_, gives, err := s.credit(middle)
		if err != nil {
			return nil, err
		}
		if gives <= total {
			low = middle
		} else {
			high = middle - 1
		}
	}
	// Rounding makes the totals waver a little as the sum grows, so the neighbours are looked at as well.
	var best []money.Money
	most := int64(-1)
	for sum := max(0, low-neighbours); sum <= min(whole, low+neighbours); sum++ {
		amounts, gives, err := s.credit(sum)
		if err != nil {
			return nil, err
		}
		if gives <= total && gives > most {
			best, most = amounts, gives
		}
	}
	return best, nil
}

const neighbours = 8

// credit spreads a sum over the lines and returns the total of its note.
func (s spread) credit(sum int64) ([]money.Money, int64, error) {
	weights := make([]int64, len(s.left))
	for i, m := range s.left {
		weights[i] = max(m.Amount, -m.Amount)
	}
	amounts, err := s.document.money(sum).Split(weights)
	if err != nil {
		return nil, 0, err
	}
	for i, m := range s.left {
		if m.Amount < 0 {
			amounts[i].Amount = -amounts[i].Amount
		}
	}
	note, err := s.document.Credit(s.so, amounts)
	return amounts, note.Total.Amount, err
}
