package dispatch

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
)

const (
	lookEvery = time.Second      // how often the loop looks for what has fallen due
	errPause  = 10 * time.Second // how long it waits instead when the database did not answer
	atOnce    = 200              // how many due domains are looked for at once
	maxLooks  = 20               // at one domain in one run: it says again and again that it is due
)

// Start begins to work in the background and returns at once. It goes on until [Service.Stop] is called or ctx ends.
func (s *Service) Start(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		return
	}
	ctx, s.cancel = context.WithCancel(ctx)
	s.stopped = make(chan struct{})
	go s.loop(ctx, s.stopped)
}

// Stop begins nothing more and waits for what has begun: a command that was sent is read back, or its outcome stays unknown
// until somebody looks again. Stopping what does not run does nothing.
func (s *Service) Stop() {
	s.mu.Lock()
	cancel, stopped := s.cancel, s.stopped
	s.cancel = nil
	s.mu.Unlock()
	if cancel == nil {
		return
	}
	cancel()
	<-stopped
}

func (s *Service) loop(ctx context.Context, stopped chan<- struct{}) {
	defer close(stopped)
	for ctx.Err() == nil {
		wait := lookEvery
		if _, err := s.run(context.WithoutCancel(ctx), ctx.Done()); err != nil && ctx.Err() == nil {
			s.log.Error("work at registrars", "err", err)
			wait = errPause
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// RunDue does all that is due now, several domains at once, and returns how many it looked at.
func (s *Service) RunDue(ctx context.Context) (n int, err error) { return s.run(ctx, ctx.Done()) }

// run is RunDue that begins nothing new once stop is closed.
func (s *Service) run(ctx context.Context, stop <-chan struct{}) (n int, err error) {
	if held, err := s.held(ctx); held || err != nil {
		return 0, err
	}
	if err := s.poll(ctx); err != nil {
		s.log.Warn("messages of registrars can't be read; they are read later", "err", err)
	}
	looks := map[string]int{}
	for {
		select {
		case <-stop:
			return n, ctx.Err()
		default:
		}
		var ids []string
		err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
			ids, err = domainname.DueWork(ctx, tx, atOnce)
			return err
		})
		if err != nil {
			return n, err
		}
		due := ids[:0]
		for _, id := range ids {
			if looks[id]++; looks[id] <= maxLooks {
				due = append(due, id)
			}
		}
		if len(due) == 0 {
			return n, nil
		}
		worked, err := s.each(ctx, stop, due)
		n += worked
		if err != nil || worked == 0 {
			return n, err
		}
	}
}

func (s *Service) held(ctx context.Context) (bool, error) {
	if s.config.Held == nil {
		return false, nil
	}
	return s.config.Held(ctx)
}

// each looks at domains, several at once. A domain that fails stops no other one.
func (s *Service) each(ctx context.Context, stop <-chan struct{}, ids []string) (n int, err error) {
	var (
		group sync.WaitGroup
		mu    sync.Mutex
	)
	slots := make(chan struct{}, s.config.Workers)
	for _, id := range ids {
		select {
		case slots <- struct{}{}:
		case <-stop:
			group.Wait()
			return n, err
		}
		group.Go(func() {
			defer func() { <-slots }()
			ok, failed := s.look(ctx, id)
			mu.Lock()
			defer mu.Unlock()
			if ok {
				n++
			}
			if failed != nil && (ctx.Err() != nil || errors.Is(failed, errKilled)) {
				err = failed
			}
		})
	}
	group.Wait()
	return n, err
}
