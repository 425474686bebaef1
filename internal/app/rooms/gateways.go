package rooms

import (
	"context"
	"net/http"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/payment/gateway/manual"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
)

// useGateways gives payments their gateways. The sandbox is there in a store in test mode, and nowhere else: a live
// store that has anything of it is not opened.
func (r *Rooms) useGateways(ctx context.Context, d *db.DB, c Config) error {
	r.Payments.UseGateway(manual.Manual{})
	r.Payments.OnIntake(r.Automation.Look)
	if !c.TestMode {
		r.Payments.KeepBound()
		return sandbox.RefuseLive(ctx, d)
	}
	receive := func(ctx context.Context, header http.Header, body []byte) error {
		return r.Payments.Intake(ctx, sandbox.Name, header, body)
	}
	r.Sandbox = sandbox.New(d, r.Jobs, c.Key.Derive("sandbox webhooks"), receive)
	r.Payments.UseGateway(r.Sandbox)
	return nil
}
