package proration

import (
	"fmt"
	"math/big"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
)

// Stretch is a stretch of service that a line bills: a whole period, or a stub of one.
type Stretch struct {
	Line   Line
	Term   Term
	Period civil.Period
}

// Begin bills a stretch of a price and returns what it costs: the price for the whole period of the term, and its share
// for a stub, such as the first period before a bill day or the rest of one after a pause.
func Begin(price money.Money, term Term, period civil.Period) (Stretch, money.Money, error) {
	share, err := term.Share(period)
	if err != nil {
		return Stretch{}, money.Money{}, err
	}
	return begin(price, term, period, share)
}

func begin(price money.Money, term Term, period civil.Period, share *big.Rat) (Stretch, money.Money, error) {
	s := Stretch{Line: NewLine(price), Term: term, Period: period}
	charge, err := s.Line.Charge(share)
	if err != nil {
		return Stretch{}, money.Money{}, err
	}
	return s, charge, nil
}

// Credit gives back a part of the stretch, such as the time for which it was suspended (rule P12), and returns the
// amount.
func (s *Stretch) Credit(part civil.Period) (money.Money, error) {
	share, err := s.Term.Share(part.Clip(s.Period))
	if err != nil {
		return money.Money{}, err
	}
	return s.Line.Credit(share)
}

// Cancel ends the stretch at an instant and returns the credit for its unused part (rules P2, P5). All profiles but
// seconds count from the local date of the instant; a last day of service is therefore cancelled at the start of the day
// after it.
func (s *Stretch) Cancel(at time.Time) (money.Money, error) {
	unused, err := s.unused(at)
	if err != nil {
		return money.Money{}, err
	}
	credit, err := s.Line.Credit(unused)
	if err != nil {
		return money.Money{}, err
	}
	s.end(at)
	return credit, nil
}

// Change is what a change of plan at once does to the bill. Both amounts are positive.
type Change struct {
	Credit money.Money // for the unused part of the old stretch
	Charge money.Money // for the new stretch
	// ToPay is the charge less the credit. Where it is negative, its opposite is account credit.
	ToPay money.Money
	Next  Stretch
}

// Change ends the stretch at an instant and begins another price there, which is billed to the end of the whole period
// of its term (rules P2, P5).
func (s *Stretch) Change(at time.Time, price money.Money, term Term) (Change, error) {
	date := term.dateOf(at)
	if !term.Whole.Contains(date) {
		return Change{}, fmt.Errorf("proration: a change on %s is not in the new period %s", date, term.Whole)
	}
	old := *s
	credit, err := old.Cancel(at)
	if err != nil {
		return Change{}, err
	}
	rest, err := term.ShareFrom(at, term.Whole.End)
	if err != nil {
		return Change{}, err
	}
	next, charge, err := begin(price, term, civil.Period{Start: date, End: term.Whole.End}, rest)
	if err != nil {
		return Change{}, err
	}
	toPay, err := charge.Sub(credit)
	if err != nil {
		return Change{}, err
	}
	*s = old
	return Change{Credit: credit, Charge: charge, ToPay: toPay, Next: next}, nil
}

// unused returns the share of the stretch from an instant on. Before its start, that is all of it.
func (s *Stretch) unused(at time.Time) (*big.Rat, error) {
	if s.Term.dateOf(at).Before(s.Period.Start) {
		return s.Term.Share(s.Period)
	}
	return s.Term.ShareFrom(at, s.Period.End)
}

// end shortens the stretch to what is used.
func (s *Stretch) end(at time.Time) {
	if date := s.Term.dateOf(at); date.Before(s.Period.End) {
		s.Period = civil.Period{Start: s.Period.Start, End: later(date, s.Period.Start)}
	}
}

func later(a, b civil.Date) civil.Date {
	if a.Before(b) {
		return b
	}
	return a
}
