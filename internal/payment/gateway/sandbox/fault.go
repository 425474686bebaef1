package sandbox

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
)

// Faults is what goes wrong on purpose, from when it is set until it is set again.
type Faults struct {
	Duplicate    int  // extra copies of each webhook
	Reorder      bool // webhooks about a charge come out of order
	Drop         bool // webhooks do not come at all
	DelaySeconds int  // webhooks come so much later
	// FailAfterEffect loses the answer to every charge, checkout and refund, after it has done its work.
	FailAfterEffect bool
}

const (
	maxCopies = 100
	maxDelay  = 365 * 24 * 3600
)

// SetFaults sets what goes wrong. The zero value: nothing.
func (s *Sandbox) SetFaults(ctx context.Context, f Faults) error {
	var bad fail.Fields
	if f.Duplicate < 0 || f.Duplicate > maxCopies {
		bad.Add("duplicate", fmt.Sprintf("is not between 0 and %d", maxCopies))
	}
	if f.DelaySeconds < 0 || f.DelaySeconds > maxDelay {
		bad.Add("delay_seconds", fmt.Sprintf("is not between 0 and %d", maxDelay))
	}
	if err := bad.Err(); err != nil {
		return err
	}
	return s.write(ctx, func(tx *db.Tx) error {
		return tx.SetSandboxFaults(ctx, query.SetSandboxFaultsParams{
			Duplicate: int64(f.Duplicate), Reorder: f.Reorder, Drops: f.Drop, DelaySeconds: int64(f.DelaySeconds), FailAfterEffect: f.FailAfterEffect,
		})
	})
}

// Faults returns what is set to go wrong.
func (s *Sandbox) Faults(ctx context.Context) (Faults, error) {
	var f Faults
	err := s.read(ctx, func(tx *db.Tx) (err error) {
		f, err = faultsIn(ctx, tx)
		return err
	})
	return f, err
}

func faultsIn(ctx context.Context, tx *db.Tx) (Faults, error) {
	r, err := tx.SandboxFaults(ctx)
	if db.NotFound(err) {
		return Faults{}, nil
	}
	if err != nil {
		return Faults{}, fmt.Errorf("sandbox: %w", err)
	}
	return Faults{
		Duplicate: int(r.Duplicate), Reorder: r.Reorder, Drop: r.Drops, DelaySeconds: int(r.DelaySeconds), FailAfterEffect: r.FailAfterEffect,
	}, nil
}
