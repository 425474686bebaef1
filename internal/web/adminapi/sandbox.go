package adminapi

import (
	"context"
	"net/http"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
)

// SandboxPayment names a payment that went through the sandbox.
type SandboxPayment struct {
	PaymentID string `json:"payment_id" maxLength:"64" example:"pay_01hx2b6yh4m3nq0r8s5t"`
}

// SandboxRefund is the body of POST /sandbox/refunds.
type SandboxRefund struct {
	PaymentID string `json:"payment_id" maxLength:"64" example:"pay_01hx2b6yh4m3nq0r8s5t"`
	Money     *Money `json:"money,omitempty" doc:"Left out: all of it"`
}

// SandboxThing is something that the sandbox has made, by the name that it goes by there.
type SandboxThing struct {
	ID string `json:"id" example:"sbd_01hx2b6yh4m3nq0r8s5t"`
}

// DisputeOutcome is the body of POST /sandbox/disputes/{id}/close.
type DisputeOutcome struct {
	Outcome string `json:"outcome" enum:"won,lost"`
}

// WebhookFaults is what goes wrong with the sandbox's webhooks on purpose. It is in force until it is set again; what is
// left out is off.
type WebhookFaults struct {
	Duplicate       int  `json:"duplicate,omitempty" minimum:"0" maximum:"100" doc:"Extra copies of each"`
	Reorder         bool `json:"reorder,omitempty" doc:"Those about a charge come out of order"`
	Drop            bool `json:"drop,omitempty" doc:"They do not come at all"`
	DelaySeconds    int  `json:"delay_seconds,omitempty" minimum:"0" maximum:"31536000" doc:"They come so much later"`
	FailAfterEffect bool `json:"fail_after_effect,omitempty" doc:"The answer to every charge and refund is lost, after it has done its work"`
}

// Faults are the faults that are set, all of them.
type Faults struct {
	Duplicate       int  `json:"duplicate"`
	Reorder         bool `json:"reorder"`
	Drop            bool `json:"drop"`
	DelaySeconds    int  `json:"delay_seconds"`
	FailAfterEffect bool `json:"fail_after_effect"`
}

var errNoSandbox = fail.NotFound("NO_SANDBOX", "The sandbox is there in a store in test mode only.")

// sandboxed is an operation on the sandbox: in a live store there is none.
func sandboxed[In, Out any](a *API, f func(ctx context.Context, s *sandbox.Sandbox, in *In) (Out, error)) func(context.Context, *In) (Out, error) {
	return func(ctx context.Context, in *In) (Out, error) {
		if a.Sandbox == nil {
			var none Out
			return none, errNoSandbox
		}
		return f(ctx, a.Sandbox, in)
	}
}

// sandboxReference is the sandbox's name for a payment.
func (a *API) sandboxReference(ctx context.Context, paymentID string) (payment.Payment, error) {
	p, err := a.Payments.ByID(ctx, paymentID)
	if err != nil {
		return p, err
	}
	if p.Gateway != sandbox.Name || p.Reference == "" {
		return p, fail.Invalid("payment_id", "is not of a payment that the sandbox has taken")
	}
	return p, nil
}

func (a *API) sandbox() {
	const tag = "Sandbox"
	codes := []string{"NO_SANDBOX", "PAYMENT_NOT_FOUND"}
	add(a, route{
		Method: http.MethodPost, Path: "/sandbox/disputes", Scope: "sales:write", Tag: tag, Summary: "Have a customer's bank take a payment back",
		Notes: "Test mode only. The store hears of it by a webhook.", Status: http.StatusCreated, Repeat: after, Codes: append([]string{"SANDBOX_NOT_DISPUTABLE"}, codes...),
	}, sandboxed(a, func(ctx context.Context, s *sandbox.Sandbox, in *struct{ Body SandboxPayment }) (SandboxThing, error) {
		p, err := a.sandboxReference(ctx, in.Body.PaymentID)
		if err != nil {
			return SandboxThing{}, err
		}
		id, err := s.Dispute(ctx, p.Reference)
		return SandboxThing{id}, err
	}))
	add(a, route{
		Method: http.MethodPost, Path: "/sandbox/disputes/{id}/close", Scope: "sales:write", Tag: tag, Summary: "Have the bank decide a dispute",
		Notes: "Test mode only. The store hears of it by a webhook.", Status: http.StatusNoContent, Repeat: after,
		Codes: []string{"NO_SANDBOX", "SANDBOX_DISPUTE_NOT_FOUND", "SANDBOX_DISPUTE_CLOSED"},
	}, sandboxed(a, func(ctx context.Context, s *sandbox.Sandbox, in *struct {
		ByID
		Body DisputeOutcome
	},
	) (none, error) {
		return none{}, s.CloseDispute(ctx, in.ID, in.Body.Outcome)
	}))
	add(a, route{
		Method: http.MethodPost, Path: "/sandbox/refunds", Scope: "sales:write", Tag: tag, Summary: "Refund a payment on the sandbox's own pages",
		Notes: "Test mode only. The store hears of it by a webhook.", Status: http.StatusCreated, Repeat: after, Codes: append([]string{"SANDBOX_NOT_REFUNDABLE"}, codes...),
	}, sandboxed(a, func(ctx context.Context, s *sandbox.Sandbox, in *struct{ Body SandboxRefund }) (SandboxThing, error) {
		p, err := a.sandboxReference(ctx, in.Body.PaymentID)
		if err != nil {
			return SandboxThing{}, err
		}
		amount := p.Money
		if in.Body.Money != nil {
			amount = in.Body.Money.value()
		}
		if amount.Currency != p.Money.Currency {
			return SandboxThing{}, fail.Invalid("money.currency", "is not that of the payment")
		}
		id, err := s.RefundCharge(ctx, p.Reference, amount.Amount)
		return SandboxThing{id}, err
	}))
	add(a, route{
		Method: http.MethodPost, Path: "/sandbox/webhook-faults", Scope: "sales:write", Tag: tag, Summary: "Set what goes wrong with the sandbox's webhooks",
		Notes: "Test mode only. In force until it is set again; what is left out is off.", Repeat: after, Codes: []string{"NO_SANDBOX"},
	}, sandboxed(a, func(ctx context.Context, s *sandbox.Sandbox, in *struct{ Body WebhookFaults }) (Faults, error) {
		if err := s.SetFaults(ctx, sandbox.Faults(in.Body)); err != nil {
			return Faults{}, err
		}
		f, err := s.Faults(ctx)
		return Faults(f), err
	}))
	add(a, route{
		Method: http.MethodGet, Path: "/sandbox/webhook-faults", Scope: "sales:read", Tag: tag, Summary: "Show what goes wrong with the sandbox's webhooks",
		Notes: "Test mode only.", Codes: []string{"NO_SANDBOX"},
	}, sandboxed(a, func(ctx context.Context, s *sandbox.Sandbox, _ *struct{}) (Faults, error) {
		f, err := s.Faults(ctx)
		return Faults(f), err
	}))
}
