package adminapi

import (
	"context"
	"errors"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/subscription"
)

var errNoPeriod = fail.NotFound(codeNoPeriod, "There is no such period that waits for a decision.")

// SubscriptionChange is the body of POST /subscriptions/{id}/change.
type SubscriptionChange struct {
	PriceID  string `json:"price_id,omitempty" maxLength:"64" doc:"Left out: stays" example:"prc_01hx2b6yh4m3nq0r8s5t"`
	Quantity *int64 `json:"quantity,omitempty" minimum:"1" maximum:"100000" doc:"Left out: stays"`
	When     string `json:"when,omitempty" enum:"now,renewal" doc:"Default: now"`
	Preview  bool   `json:"preview,omitempty" doc:"Only say what it would do"`
}

// ChangeEffect is what a change of a subscription does, or would do. No amount is negative.
type ChangeEffect struct {
	Credit      Money    `json:"credit" doc:"For the unused part of what was paid, tax included"`
	Charge      Money    `json:"charge" doc:"For the same time at the new price, tax included"`
	ToPay       Money    `json:"to_pay"`
	EffectiveOn string   `json:"effective_on" example:"2027-03-20" doc:"A date"`
	InvoiceID   *string  `json:"invoice_id" example:"inv_01hx2b6yh4m3nq0r8s5t" doc:"Null where nothing is invoiced, and in a preview"`
	Pending     bool     `json:"pending" doc:"The change waits for its invoice to be paid"`
	Attempt     *Attempt `json:"attempt" doc:"The charge of the customer's default method; null: none was made"`
}

type changeSubscriptionInput struct {
	ByID
	Body SubscriptionChange
}

// changeSubscription changes a subscription, and charges what that costs once the change is committed: a gateway is
// never called inside a transaction. Whatever the charge comes to, the change stands and waits for its money.
func (a *API) changeSubscription(ctx context.Context, in *changeSubscriptionInput) (ChangeEffect, error) {
	change := subscription.ChangeInput{PriceID: in.Body.PriceID, When: subscription.Now}
	if in.Body.When != "" {
		change.When = subscription.When(in.Body.When)
	}
	if in.Body.Quantity != nil {
		change.Quantity = *in.Body.Quantity
	}
	if in.Body.Preview {
		done, err := a.Subscriptions.PreviewChange(ctx, in.ID, change)
		return showChange(done), err
	}
	done, err := a.Subscriptions.Change(ctx, in.ID, change)
	if err != nil {
		return ChangeEffect{}, err
	}
	shown := showChange(done)
	if !done.Pending {
		return shown, nil
	}
	attempt, err := a.Payments.Charge(ctx, done.InvoiceID, payment.ChargeOptions{})
	switch {
	case err == nil:
		made := showAttempt(attempt)
		shown.Attempt = &made
	case !errors.Is(err, payment.ErrNoMethod):
		a.Log.Warn("a change of a subscription could not be charged at once", "invoice", done.InvoiceID, "err", err)
	}
	inv, err := a.Billing.ByID(ctx, done.InvoiceID)
	shown.Pending = inv.Status == billing.Open
	return shown, err
}

func showChange(c subscription.Changed) ChangeEffect {
	return ChangeEffect{
		Credit: moneyOf(c.Credit), Charge: moneyOf(c.Charge), ToPay: moneyOf(c.ToPay), EffectiveOn: c.EffectiveOn.String(),
		InvoiceID: orNull(c.InvoiceID), Pending: c.Pending,
	}
}
