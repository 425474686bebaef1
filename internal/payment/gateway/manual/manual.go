// Package manual is the gateway without a gateway: a bank transfer, cash. Customers are told how to pay, with the number
// of the invoice as the reference, and staff record what arrives.
package manual

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/payment/gateway"
)

// Manual can do nothing by itself.
type Manual struct{}

// Name implements gateway.Gateway.
func (Manual) Name() string { return "manual" }

// Can implements gateway.Gateway.
func (Manual) Can() gateway.Capabilities { return gateway.Capabilities{} }

// Charge implements gateway.Gateway.
func (Manual) Charge(context.Context, gateway.Charge) (gateway.Outcome, error) {
	return gateway.Outcome{}, gateway.ErrUnable
}

// Checkout implements gateway.Gateway.
func (Manual) Checkout(context.Context, gateway.Checkout) (gateway.Outcome, error) {
	return gateway.Outcome{}, gateway.ErrUnable
}

// FindCharge implements gateway.Gateway.
func (Manual) FindCharge(context.Context, string, string) (gateway.Outcome, error) {
	return gateway.Outcome{}, gateway.ErrNotFound
}

// CancelCharge implements gateway.Gateway.
func (Manual) CancelCharge(context.Context, string, string) (gateway.Outcome, error) {
	return gateway.Outcome{}, gateway.ErrNotFound
}

// Refund implements gateway.Gateway.
func (Manual) Refund(context.Context, gateway.Refund) (gateway.RefundOutcome, error) {
	return gateway.RefundOutcome{}, gateway.ErrUnable
}

// FindRefund implements gateway.Gateway.
func (Manual) FindRefund(context.Context, string, string) (gateway.RefundOutcome, error) {
	return gateway.RefundOutcome{}, gateway.ErrNotFound
}

// FindDispute implements gateway.Gateway.
func (Manual) FindDispute(context.Context, string) (gateway.DisputeEvent, error) {
	return gateway.DisputeEvent{}, gateway.ErrNotFound
}

// EventsSince implements gateway.Gateway.
func (Manual) EventsSince(context.Context, time.Time, string) ([]gateway.Event, string, error) {
	return nil, "", nil
}

// AttachMethod implements gateway.Gateway.
func (Manual) AttachMethod(context.Context, string, string) (gateway.Method, error) {
	return gateway.Method{}, gateway.ErrUnable
}

// DetachMethod implements gateway.Gateway.
func (Manual) DetachMethod(context.Context, string) error { return nil }

// ParseWebhook implements gateway.Gateway.
func (Manual) ParseWebhook(http.Header, []byte, time.Time) (gateway.Event, error) {
	return gateway.Event{}, gateway.ErrForged
}
