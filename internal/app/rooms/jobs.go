package rooms

import (
	"context"
	"errors"
	"time"

	"github.com/keystead/keystead/internal/job"
)

// registerJobs names the upkeep that comes round by itself. What a change enqueues is registered by the room it belongs
// to.
func (r *Rooms) registerJobs() {
	r.Jobs.Register("logs.prune", func(ctx context.Context, _ job.Job) error { return r.prune(ctx) })
	r.Jobs.Lately("logs.prune", 24*time.Hour)
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
	return errors.Join(rejected, verifications, downloads, jobs, r.SignIn.Prune(ctx), r.Tokens.Prune(ctx), r.Automation.Prune(ctx))
}
