package proration

import (
	"errors"
	"fmt"

	"github.com/keystead/keystead/internal/money"
)

var errSettle = errors.New("proration: paid and credited amounts must not be negative, and the credit not more than the total")

// Settle splits a credit note into what goes back to the customer and what stays as account credit (case C25): only
// what was paid beyond the used part is refunded; the rest pays what is still open.
func Settle(total, paid, credit money.Money) (refund, account money.Money, err error) {
	used, err := total.Sub(credit)
	if err != nil {
		return money.Money{}, money.Money{}, err
	}
	beyond, err := paid.Sub(used)
	if err != nil {
		return money.Money{}, money.Money{}, err
	}
	if paid.Amount < 0 || credit.Amount < 0 || used.Amount < 0 {
		return money.Money{}, money.Money{}, fmt.Errorf("%w: %s of %s, %s paid", errSettle, credit, total, paid)
	}
	refund = money.New(min(max(0, beyond.Amount), credit.Amount), total.Currency)
	account, err = credit.Sub(refund)
	return refund, account, err
}
