package rooms

import (
	"context"
	"errors"
	"time"

	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/webhook"
)

// registerJobs names the upkeep that comes round by itself. What a change enqueues is registered by the room it belongs
// to.
func (r *Rooms) registerJobs() {
	for _, upkeep := range []struct {
		kind  string
		every time.Duration
		do    func(context.Context) error
	}{
		{"payments.catch_up", time.Hour, r.Payments.CatchUp},
		{"payments.sweep", 24 * time.Hour, r.Payments.Sweep},
		{"logs.prune", 24 * time.Hour, r.prune},
		{"signing_keys.upkeep", 24 * time.Hour, r.Keys.Upkeep},
		{"registrars.upkeep", time.Hour, r.Registrars.Upkeep},
	} {
		r.Jobs.Register(upkeep.kind, func(ctx context.Context, _ job.Job) error { return upkeep.do(ctx) })
		r.Jobs.Lately(upkeep.kind, upkeep.every)
	}
	r.usePostman()
}

// gatewayEventsKept is how long what gateways told is kept. A gateway repeats itself for days, not for months.
const gatewayEventsKept = 90 * 24 * time.Hour

// prune forgets what is only kept for a while.
func (r *Rooms) prune(ctx context.Context) error {
	s, err := r.Settings.Get(ctx)
	if err != nil {
		return err
	}
	now := r.clock.Now()
	_, rejected := r.Licenses.PruneRejected(ctx, now.AddDate(0, 0, -s.RejectedDays))
	_, verifications := r.Licenses.PruneVerifications(ctx, now.AddDate(0, 0, -s.VerificationDays))
	_, downloads := r.Licenses.PruneDownloads(ctx, now.AddDate(0, 0, -s.VerificationDays))
	_, told := r.Payments.PruneEvents(ctx, now.Add(-gatewayEventsKept))
	_, jobs := r.Jobs.Prune(ctx)
	_, webhooks := r.Webhooks.Prune(ctx, now.Add(-webhook.KeepLog))
	_, frames := r.Registrars.PruneFrames(ctx, now.Add(-account.KeepFrames))
	// One log that can't be pruned keeps no other from it.
	return errors.Join(rejected, verifications, downloads, told, jobs, webhooks, frames, r.SignIn.Prune(ctx), r.Tokens.Prune(ctx), r.Automation.Prune(ctx), r.Orders.Prune(ctx))
}
