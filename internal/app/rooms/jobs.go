package rooms

import (
	"context"
	"errors"
	"time"

	"github.com/keystead/keystead/internal/job"
)

// registerJobs names the work that comes round by itself. What a change enqueues is registered by the room it belongs
// to.
func (r *Rooms) registerJobs() {
	for _, p := range []struct {
		kind   string
		period time.Duration
		do     func(context.Context) error
	}{
		{"licenses.write_down", time.Minute, r.Licenses.WriteDown},
		{"licenses.anomalies", 24 * time.Hour, r.Licenses.ReportAnomalies},
		{"logs.prune", 24 * time.Hour, r.prune},
	} {
		r.Jobs.Register(p.kind, func(ctx context.Context, _ job.Job) error { return p.do(ctx) })
		r.Jobs.Every(p.kind, p.period)
	}
}

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
	_, jobs := r.Jobs.Prune(ctx)
	// One log that can't be pruned keeps no other from it.
	return errors.Join(rejected, verifications, downloads, jobs, r.SignIn.Prune(ctx), r.Tokens.Prune(ctx))
}
