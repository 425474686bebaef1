package automation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

const (
	leaseTime = time.Minute            // after which another process may go on for a dead one
	askAgain  = 200 * time.Millisecond // how often a process that waits for its turn looks
)

var errLeaseLost = errors.New("another process took over the automation")

// take waits until nobody else runs the tasks, in this process or another, and keeps it so until leave is called. The
// context that it returns ends when that can't be kept up.
func (s *Service) take(ctx context.Context) (held context.Context, leave func(), err error) {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	for {
		held, leave, ok, err := s.lease(ctx)
		if ok || err != nil {
			return held, leave, err
		}
		select {
		case <-time.After(askAgain):
		case <-ctx.Done():
			<-s.turn
			return nil, nil, ctx.Err()
		}
	}
}

// tryTake is take for whoever would rather come back later.
func (s *Service) tryTake(ctx context.Context) (held context.Context, leave func(), ok bool, err error) {
	select {
	case s.turn <- struct{}{}:
	default:
		return nil, nil, false, nil
	}
	held, leave, ok, err = s.lease(ctx)
	if !ok && err == nil {
		<-s.turn
	}
	return held, leave, ok, err
}

// lease takes the lease for the one of this process whose turn it is. An error ends the turn.
func (s *Service) lease(ctx context.Context) (held context.Context, leave func(), ok bool, err error) {
	ok, err = s.renew(ctx)
	if err != nil {
		<-s.turn
		return nil, nil, false, fmt.Errorf("lease of the automation: %w", err)
	}
	if !ok {
		return nil, nil, false, nil
	}
	held, lose := context.WithCancelCause(ctx)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		s.keep(held, lose)
	}()
	return held, func() {
		lose(nil)
		<-kept
		leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTime)
		defer cancel()
		err := s.db.Write(leaving, func(tx *db.Tx) error {
			return tx.LeaveAutomation(leaving, query.LeaveAutomationParams{Holder: s.holder, LookedAt: tx.Stamp})
		})
		if err != nil {
			s.log.Warn("the lease of the automation could not be given back; it ends by itself", "err", err)
		}
		<-s.turn
	}, true, nil
}

func (s *Service) renew(ctx context.Context) (ok bool, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.TakeAutomation(ctx, query.TakeAutomationParams{
			Holder: s.holder, LeaseUntil: clock.FromTime(tx.Wall.Add(leaseTime)), LookedAt: tx.Stamp, Wall: int64(tx.WallStamp),
		})
		ok = n == 1
		return err
	})
	return ok, err
}

// keep renews the lease until ctx ends. If it can't, it ends ctx before the lease is over.
func (s *Service) keep(ctx context.Context, lose context.CancelCauseFunc) {
	tick := time.NewTicker(leaseTime / 3)
	defer tick.Stop()
	misses := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		ok, err := s.renew(ctx)
		if err != nil {
			misses++
		} else {
			misses = 0
		}
		if misses == 2 || err == nil && !ok {
			lose(errLeaseLost)
			return
		}
	}
}
