package webhook

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/background"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

const (
	perEndpoint = 8                // deliveries that are sent to one endpoint at once
	pollEvery   = time.Second      // how often a process looks for what others wrote and for what has fallen due
	errPause    = 10 * time.Second // how long it waits instead when the database did not answer
	stopGrace   = 5 * time.Second  // how long Stop waits for attempts before it cuts them off
	lookAgain   = 50 * time.Millisecond
)

// sender is the part of the service that runs.
type sender struct {
	wake        chan struct{} // holds at most one: look for deliveries now
	dispatching sync.Mutex    // one at a time looks for deliveries

	background background.Loop

	mu       sync.Mutex
	begun    int64            // attempts so far
	settled  int64            // of these, when RunDue last found nothing left to do
	underWay map[int64]string // the endpoints of those that have not ended, by their number
	ended    chan struct{}    // closed, and replaced, when one ends
}

func (s *sender) init() {
	s.wake, s.underWay, s.ended = make(chan struct{}, 1), map[int64]string{}, make(chan struct{})
}

// free returns how many more attempts may be made at once for an endpoint.
func (s *sender) free(endpointID string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := perEndpoint
	for _, id := range s.underWay {
		if id == endpointID {
			n--
		}
	}
	return n
}

// begin takes note of an attempt and returns what is to be called at its end.
func (s *sender) begin(endpointID string) (end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun++
	number := s.begun
	s.underWay[number] = endpointID
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.underWay, number)
		close(s.ended)
		s.ended = make(chan struct{})
	}
}

// watch returns how many attempts have begun, whether some are under way, and a channel that is closed when the next one ends.
func (s *sender) watch() (begun int64, busy bool, ended <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun, len(s.underWay) > 0, s.ended
}

// settle notes that of so many attempts nothing is left to be done.
func (s *sender) settle(begun int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settled = begun
}

// stirred reports whether attempts have begun since nothing was left to do: what comes of them may be due.
func (s *sender) stirred() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun > s.settled
}

// wait waits until the attempts have ended that are under way now.
func (s *sender) wait(ctx context.Context) error {
	s.mu.Lock()
	newest := s.begun
	s.mu.Unlock()
	for {
		s.mu.Lock()
		ended, some := s.ended, false
		for number := range s.underWay {
			some = some || number <= newest
		}
		s.mu.Unlock()
		if !some {
			return nil
		}
		select {
		case <-ended:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// look makes a running loop look for deliveries now.
func (s *Service) look() {
	select {
	case s.sender.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Start begins to send in the background, and returns at once. It goes on until [Service.Stop] is called or ctx ends.
// Starting again what runs already does nothing.
func (s *Service) Start(ctx context.Context) { s.sender.background.Start(ctx, s.loop) }

// Stop begins no more attempts and waits a moment for those under way; then it cuts them off, which gives them back.
// Stopping what does not run does nothing.
func (s *Service) Stop() {
	s.sender.background.Stop()
	s.client.CloseIdleConnections()
}

func (s *Service) loop(claiming context.Context) {
	// An attempt may finish, so its context outlives claiming.
	sending, cancel := context.WithCancel(context.WithoutCancel(claiming))
	defer cancel()
	var attempts sync.WaitGroup
	for claiming.Err() == nil {
		pause := pollEvery
		if _, _, err := s.dispatch(claiming, sending, s.db.Clock().Now(), &attempts); err != nil && claiming.Err() == nil {
			s.log.Error("look for webhook deliveries", "err", err)
			pause = errPause
		}
		background.Pause(claiming, pause, s.sender.wake)
	}
	grace := time.AfterFunc(stopGrace, cancel)
	defer grace.Stop()
	attempts.Wait()
}

// RunDue sends all that is due now and waits until that is settled, as well as what was under way. It returns how many
// deliveries it dealt with. A delivery that fails stops nothing: it is due again later.
func (s *Service) RunDue(ctx context.Context) (total int, err error) {
	var own sync.WaitGroup
	defer own.Wait()
	now := s.db.Clock().Now()
	for settled := false; ; {
		begun, busy, ended := s.sender.watch()
		n, more, err := s.dispatch(ctx, ctx, now, &own)
		total += n
		switch {
		case err != nil:
			return total, err
		case !more && (settled || !busy):
			s.sender.settle(begun)
			return total, nil
		case !more:
			// What ends now may bring about more: who was told of it, or what waits for an endpoint that was disabled.
			if err := s.sender.wait(ctx); err != nil {
				return total, err
			}
			settled = true
			continue
		case n > 0:
			settled = false
			continue
		}
		// All places are taken, or another process was faster.
		select {
		case <-ended:
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return total, ctx.Err()
		}
	}
}

// NextDue returns the first instant after the given one at which a delivery falls due.
func NextDue(ctx context.Context, tx *db.Tx, after time.Time) (at time.Time, ok bool, err error) {
	all, err := tx.ListNextWebhookDue(ctx, clock.FromTime(after))
	if err != nil {
		return time.Time{}, false, fmt.Errorf("next webhook delivery: %w", err)
	}
	for _, due := range all {
		if t := clock.Instant(due).Time(); due != 0 && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	return at, ok, nil
}

// dispatch begins to send what is due at an instant, to each endpoint as much as it may be sent at once. It returns how
// many deliveries it dealt with, and whether there was anything to do, which may be more.
func (s *Service) dispatch(claiming, sending context.Context, now time.Time, attempts *sync.WaitGroup) (total int, more bool, err error) {
	s.sender.dispatching.Lock()
	defer s.sender.dispatching.Unlock()
	if held, err := s.held(claiming); err != nil || held {
		return 0, false, err
	}
	var work []query.ListWebhookWorkRow
	err = s.db.Read(claiming, func(tx *db.Tx) (err error) {
		work, err = workAt(claiming, tx, now)
		return err
	})
	if err != nil {
		return 0, false, err
	}
	var problems []error
	for _, w := range work {
		n, err := s.serve(claiming, sending, w, attempts)
		total += n
		problems = append(problems, err)
	}
	return total, len(work) > 0, errors.Join(problems...)
}

// workAt lists the endpoints with something to do at an instant.
func workAt(ctx context.Context, tx *db.Tx, at time.Time) ([]query.ListWebhookWorkRow, error) {
	return tx.ListWebhookWork(ctx, query.ListWebhookWorkParams{Now: clock.FromTime(at), Wall: &tx.WallStamp})
}

// serve deals with what is due for one endpoint.
func (s *Service) serve(claiming, sending context.Context, w query.ListWebhookWorkRow, attempts *sync.WaitGroup) (int, error) {
	if State(w.State) != Enabled {
		return s.abandon(claiming, w.ID)
	}
	free := s.sender.free(w.ID)
	if free <= 0 {
		return 0, nil
	}
	parcels, err := s.claim(claiming, w.ID, free)
	for _, p := range parcels {
		end := s.sender.begin(p.endpointID)
		attempts.Go(func() {
			defer func() { end(); s.look() }()
			s.send(sending, p)
		})
	}
	return len(parcels), err
}

// send makes an attempt and stores what came of it. When ctx ends it is cut off.
func (s *Service) send(ctx context.Context, p parcel) {
	o := s.guarded(ctx, p)
	// The outcome is stored even if the sender is being stopped.
	storing, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTime/2)
	defer cancel()
	log := s.log.With("endpoint", p.endpointID, "delivery", p.id, "attempt", p.attempt)
	var err error
	if o.err != nil && ctx.Err() != nil {
		err = s.release(storing, p)
	} else {
		if o.err != nil {
			log.Info("webhook was not delivered", "status", o.status, "err", o.err)
		}
		err = s.settle(storing, p, o)
	}
	switch {
	case errors.Is(err, errLeaseLost):
		log.Warn("webhook attempt ran longer than its lease; another took over")
	case err != nil:
		log.Error("store the outcome of a webhook attempt; it will be sent again", "err", err)
	}
}

// guarded is try; a panic becomes an error.
func (s *Service) guarded(ctx context.Context, p parcel) (o outcome) {
	defer func() {
		if v := recover(); v != nil {
			s.log.Error("panic in a webhook attempt", "panic", v, "stack", string(debug.Stack()))
			o = outcome{err: errors.New("a fault of the sender")}
		}
	}()
	return s.try(ctx, p)
}
