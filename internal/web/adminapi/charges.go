package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/payment"
)

// Attempt is one try to collect an invoice through a gateway.
type Attempt struct {
	ID              string     `json:"id" example:"pat_01hx2b6yh4m3nq0r8s5t"`
	PaymentID       string     `json:"payment_id" example:"pay_01hx2b6yh4m3nq0r8s5t" doc:"Tries that follow a failure belong to the same payment"`
	InvoiceID       string     `json:"invoice_id" example:"inv_01hx2b6yh4m3nq0r8s5t"`
	Gateway         string     `json:"gateway" example:"sandbox"`
	PaymentMethodID *string    `json:"payment_method_id" example:"pmt_01hx2b6yh4m3nq0r8s5t" doc:"Null: on the gateway's page"`
	Money           Money      `json:"money"`
	State           string     `json:"state" enum:"succeeded,failed,pending,requires_action"`
	Unanswered      bool       `json:"unanswered" doc:"The gateway has not said what became of it; it is asked until it does, and nothing else is charged meanwhile"`
	Reference       *string    `json:"reference" doc:"The gateway's name for it"`
	Code            *string    `json:"code" example:"card_declined" doc:"Why it failed, in the gateway's words"`
	Detail          *string    `json:"detail" doc:"The same for people"`
	ActionURL       *string    `json:"action_url" doc:"Where its owner confirms it, or pays"`
	CreatedAt       time.Time  `json:"created_at"`
	SettledAt       *time.Time `json:"settled_at"`
}

func showAttempt(a payment.Attempt) Attempt {
	shown := Attempt{
		ID: a.ID, PaymentID: a.PaymentID, InvoiceID: a.InvoiceID, Gateway: a.Gateway, PaymentMethodID: orNull(a.MethodID), Money: moneyOf(a.Money),
		State: string(a.State), Reference: orNull(a.Reference), Code: orNull(a.Code), Detail: orNull(a.Detail), ActionURL: orNull(a.ActionURL),
		CreatedAt: a.CreatedAt.UTC(), SettledAt: utc(a.SettledAt),
	}
	if a.State == payment.AttemptCreated || a.State == payment.AttemptUnknown {
		shown.State, shown.Unanswered = string(payment.StatePending), true
	}
	return shown
}

// Charge is the body of POST /invoices/{id}/charge.
type Charge struct {
	PaymentMethodID string `json:"payment_method_id,omitempty" maxLength:"64" doc:"Default: the customer's default method" example:"pmt_01hx2b6yh4m3nq0r8s5t"`
	Money           *Money `json:"money,omitempty" doc:"Default: the balance"`
}

type chargeInput struct {
	ByID
	Body *Charge
}

func (a *API) charges() {
	const tag = "Payments"
	add(a, route{
		Method: http.MethodPost, Path: "/invoices/{id}/charge", Scope: "sales:write", Tag: tag, Summary: "Charge a saved payment method now", Repeat: after, Long: true,
		Notes: "What the store owes the customer is used first. Answers with the state of the attempt: a card that declines is an answer, not a problem.",
		Codes: []string{codeNoInvoice, codeInvoiceNotOpen, "NO_PAYMENT_METHOD", codeInProgress, codeDisputed},
	}, a.chargeInvoice)
	add(a, route{
		Method: http.MethodGet, Path: "/invoices/{id}/attempts", Scope: "sales:read", Tag: tag, Summary: "List the tries to collect an invoice",
		Notes: "Oldest first, all on one page.", Codes: []string{codeNoInvoice},
	}, func(ctx context.Context, in *ByID) (List[Attempt], error) {
		if _, err := a.Billing.ByID(ctx, in.ID); err != nil {
			return List[Attempt]{}, err
		}
		attempts, err := a.Payments.Attempts(ctx, in.ID)
		return listOf(attempts, "", showAttempt), err
	})
	add(a, route{
		Method: http.MethodPost, Path: "/attempts/{id}/refresh", Scope: "sales:write", Tag: tag, Summary: "Ask the gateway what became of an attempt", Repeat: after, Long: true,
		Codes: []string{"PAYMENT_ATTEMPT_NOT_FOUND"},
	}, func(ctx context.Context, in *ByID) (Attempt, error) {
		attempt, err := a.Payments.Refresh(ctx, in.ID)
		return showAttempt(attempt), err
	})
	add(a, route{
		Method: http.MethodPost, Path: "/charges/release", Scope: "sales:write", Tag: tag, Summary: "Let the charges go on that wait",
		Notes: "When far more fall due than on any day before, they wait until somebody has looked; a task says so. Grace counts from the release.", Codes: []string{"NO_CHARGES_HELD"},
	}, a.releaseCharges)
}

// releaseCharges lets go on what the automation holds back on an unusual day.
func (a *API) releaseCharges(ctx context.Context, _ *struct{}) (none, error) {
	return none{}, a.Payments.Release(ctx)
}

// chargeInvoice charges under a key of the caller's own, if there is one: then a repeat is the same charge at the gateway
// too, even if the first answer was never kept.
func (a *API) chargeInvoice(ctx context.Context, in *chargeInput) (Attempt, error) {
	o := payment.ChargeOptions{Key: chargeKey(ctx)}
	if in.Body != nil {
		o.MethodID = in.Body.PaymentMethodID
		if in.Body.Money != nil {
			o.Amount = in.Body.Money.value()
		}
	}
	attempt, err := a.Payments.Charge(ctx, in.ID, o)
	return showAttempt(attempt), err
}
