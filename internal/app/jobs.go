package app

import (
	"context"
	"errors"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/job"
)

// registerJobs names who does what the queue brings: what was enqueued by a change, and what comes round by itself.
func (a *App) registerJobs() {
	a.Jobs.Register(billing.RetryJob, func(ctx context.Context, j job.Job) error {
		var lineID string
		if err := j.Decode(&lineID); err != nil {
			return err
		}
		return a.Billing.RetryFulfilment(ctx, lineID)
	})
	for _, p := range []struct {
		kind   string
		period time.Duration
		do     func(context.Context) error
	}{
		{"licenses.write_down", time.Minute, a.Licenses.WriteDown},
		{"licenses.anomalies", 24 * time.Hour, a.Licenses.ReportAnomalies},
		{"logs.prune", 24 * time.Hour, a.prune},
	} {
		a.Jobs.Register(p.kind, func(ctx context.Context, _ job.Job) error { return p.do(ctx) })
		a.Jobs.Every(p.kind, p.period)
	}
}

// prune forgets what is only kept for a while.
func (a *App) prune(ctx context.Context) error {
	s, err := a.Settings.Get(ctx)
	if err != nil {
		return err
	}
	now := a.DB.Clock().Now()
	_, rejected := a.Licenses.PruneRejected(ctx, now.AddDate(0, 0, -s.RejectedDays))
	_, verifications := a.Licenses.PruneVerifications(ctx, now.AddDate(0, 0, -s.VerificationDays))
	_, downloads := a.Licenses.PruneDownloads(ctx, now.AddDate(0, 0, -s.VerificationDays))
	_, jobs := a.Jobs.Prune(ctx)
	// One log that can't be pruned keeps no other from it.
	return errors.Join(rejected, verifications, downloads, jobs, a.SignIn.Prune(ctx), a.Tokens.Prune(ctx))
}
