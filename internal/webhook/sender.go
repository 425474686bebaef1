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
	gate       background.Gate // for the loop, and for the attempts that it has begun

	mu       sync.Mutex
	underWay map[string]int // attempts that have not ended, by endpoint
	over     int            // attempts that have
	ended    chan struct{}  // closed, and replaced, when one ends
}

func (s *sender) init() {
	s.wake, s.underWay, s.ended = make(chan struct{}, 1), map[string]int{}, make(chan struct{})
}

// free returns how many more attempts may be made at once for an endpoint.
func (s *sender) free(endpointID string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return perEndpoint - s.underWay[endpointID]
}

// begin takes note of an attempt and returns what is to be called at its end.
func (s *sender) begin(endpointID string) (end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.underWay[endpointID]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.underWay[endpointID]--; s.underWay[endpointID] == 0 {
			delete(s.underWay, endpointID)
		}
		s.over++
		close(s.ended)
		s.ended = make(chan struct{})
	}
}

// watch returns whether attempts are under way, how many are over, and a channel that is closed when the next one ends.
func (s *sender) watch() (busy bool, over int, ended <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.underWay) > 0, s.over, s.ended
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
		if err := s.turn(claiming, sending, &attempts); err != nil && claiming.Err() == nil {
			s.log.Error("look for webhook deliveries", "err", err)
			pause = errPause
		}
		background.Pause(claiming, pause, s.sender.wake)
	}
	grace := time.AfterFunc(stopGrace, cancel)
	defer grace.Stop()
	attempts.Wait()
}

// turn is one turn of the loop. What it begins keeps the gate until it ends.
func (s *Service) turn(claiming, sending context.Context, attempts *sync.WaitGroup) error {
	if !s.sender.gate.Enter() {
		return nil
	}
	defer s.sender.gate.Leave()
	_, _, err := s.dispatch(claiming, s.db.Clock().Now(), func(p parcel) {
		s.sender.gate.Bring()
		s.attempt(sending, p, attempts, s.sender.gate.Leave)
	})
	return err
}

// Pause lets the loop begin nothing until resume is called, and returns when what it has begun is settled. [Service.RunDue]
// works meanwhile.
func (s *Service) Pause(ctx context.Context) (resume func(), err error) {
	open, err := s.sender.gate.Close(ctx)
	if err != nil {
		return nil, err
	}
	return func() { open(); s.look() }, nil
}

// RunDue sends all that is due now and waits until that is settled, as well as what is under way. It returns how many
// deliveries it dealt with. A delivery that fails stops nothing: it is due again later.
func (s *Service) RunDue(ctx context.Context) (total int, err error) {
	var own sync.WaitGroup
	defer own.Wait()
	now := s.db.Clock().Now()
	for {
		_, before, _ := s.sender.watch()
		n, more, err := s.dispatch(ctx, now, func(p parcel) { s.attempt(ctx, p, &own, func() {}) })
		if total += n; err != nil {
			return total, err
		}
		if n > 0 {
			continue
		}
		busy, over, ended := s.sender.watch()
		if !busy && !more && over == before {
			return total, nil
		}
		if over > before {
			continue // what has ended may have brought about more: who was told of it, or what waits for an endpoint that was disabled
		}
		var again <-chan time.Time
		if more { // all places are taken, or another process was faster
			again = time.After(lookAgain)
		}
		select {
		case <-ended:
		case <-again:
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

// dispatch has begin send what is due at an instant, to each endpoint as much as it may be sent at once. It returns how many
// deliveries it dealt with, and whether there was anything to do, which may be more.
func (s *Service) dispatch(claiming context.Context, now time.Time, begin func(parcel)) (total int, more bool, err error) {
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
		n, err := s.serve(claiming, w, begin)
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
func (s *Service) serve(claiming context.Context, w query.ListWebhookWorkRow, begin func(parcel)) (int, error) {
	if State(w.State) != Enabled {
		return s.abandon(claiming, w.ID)
	}
	free := s.sender.free(w.ID)
	if free <= 0 {
		return 0, nil
	}
	parcels, err := s.claim(claiming, w.ID, free)
	for _, p := range parcels {
		begin(p)
	}
	return len(parcels), err
}

// attempt begins an attempt, and calls ended at its end.
func (s *Service) attempt(sending context.Context, p parcel, attempts *sync.WaitGroup, ended func()) {
	end := s.sender.begin(p.endpointID)
	attempts.Go(func() {
		defer func() { end(); ended(); s.look() }()
		s.send(sending, p)
	})
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
