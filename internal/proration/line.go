package proration

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/keystead/keystead/internal/money"
)

// Line is the running total of one line for one whole period (rule P5). Whatever was charged and credited, and in
// whatever order, the net is round(price × share billed), less what was credited by hand: so used and unused parts sum
// to the full price for every split (invariant I8), and the credits of a line never exceed the line (invariant I5).
type Line struct {
	// Price is what the whole period costs: unit price × quantity.
	Price money.Money
	// Share is the part of the whole period that is billed now, between 0 and 1; nil is 0.
	Share *big.Rat
	// ByHand is what staff have credited on the line besides. It stays a gift: it limits a later credit to what is left
	// of the line, and is not charged again with a share that is billed anew.
	ByHand money.Money
}

// NewLine returns the line of a price of which nothing is billed yet.
func NewLine(price money.Money) Line {
	return Line{Price: price, Share: new(big.Rat), ByHand: money.New(0, price.Currency)}
}

var (
	errShare   = errors.New("proration: the share billed must stay between 0 and 1")
	errByHand  = errors.New("proration: a credit by hand must be positive and not more than is left of the line")
	errNoPrice = errors.New("proration: the price of a line must not be negative")
)

// Net returns what is billed on the line now, charges minus credits: what is left of it to credit.
func (l Line) Net() (money.Money, error) {
	if l.Price.Amount < 0 {
		return money.Money{}, fmt.Errorf("%w: %s", errNoPrice, l.Price)
	}
	full, err := l.Price.MulRat(l.share())
	if err != nil {
		return money.Money{}, err
	}
	net, err := full.Sub(money.New(l.ByHand.Amount, l.Price.Currency))
	if err != nil {
		return money.Money{}, err
	}
	return money.New(max(0, net.Amount), net.Currency), nil
}

// Charge bills a further share of the period and returns what that costs: the difference between the new net and what
// has been billed already.
func (l *Line) Charge(share *big.Rat) (money.Money, error) {
	if share.Sign() < 0 {
		return money.Money{}, fmt.Errorf("%w: %s more", errShare, share)
	}
	return l.move(new(big.Rat).Add(l.share(), share))
}

// Credit gives back a share of the period and returns what that is worth, as a positive amount. It never gives back more
// than is billed: of a larger share it takes what there is, and an earlier credit by hand limits the amount.
func (l *Line) Credit(share *big.Rat) (money.Money, error) {
	if share.Sign() < 0 {
		return money.Money{}, fmt.Errorf("%w: %s less", errShare, share)
	}
	to := new(big.Rat).Sub(l.share(), share)
	if to.Sign() < 0 {
		to.SetInt64(0)
	}
	moved, err := l.move(to)
	if err != nil {
		return money.Money{}, err
	}
	return moved.Neg()
}

// CreditByHand notes an amount that staff credit on the line.
func (l *Line) CreditByHand(amount money.Money) error {
	left, err := l.Net()
	if err != nil {
		return err
	}
	rest, err := left.Sub(amount)
	if err != nil {
		return err
	}
	if amount.Amount <= 0 || rest.Amount < 0 {
		return fmt.Errorf("%w: %s of %s", errByHand, amount, left)
	}
	sum, err := money.New(l.ByHand.Amount, amount.Currency).Add(amount)
	if err != nil {
		return err
	}
	l.ByHand = sum
	return nil
}

// move sets the share that is billed and returns by how much the net changed.
func (l *Line) move(to *big.Rat) (money.Money, error) {
	if to.Sign() < 0 || to.Cmp(one) > 0 {
		return money.Money{}, fmt.Errorf("%w: %s", errShare, to)
	}
	before, err := l.Net()
	if err != nil {
		return money.Money{}, err
	}
	moved := *l
	moved.Share = to
	after, err := moved.Net()
	if err != nil {
		return money.Money{}, err
	}
	difference, err := after.Sub(before)
	if err != nil {
		return money.Money{}, err
	}
	*l = moved
	return difference, nil
}

var one = big.NewRat(1, 1)

func (l Line) share() *big.Rat {
	if l.Share == nil {
		return new(big.Rat)
	}
	return l.Share
}
