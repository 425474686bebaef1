package dispatch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/background"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
)

const (
	lookEvery = time.Second      // how often is looked for what has fallen due
	errPause  = 10 * time.Second // how long it waits instead when the database did not answer
	atOnce    = 200              // how many due domains are looked for at once
	maxLooks  = 20               // at one domain in one run: it says again and again that it is due
)

// Start begins to work in the background and returns at once. It goes on until [Service.Stop] is called or ctx ends.
func (s *Service) Start(ctx context.Context) { s.background.Start(ctx, s.loop) }

// Stop begins nothing more and waits for what has begun: a command that was sent is read back, or its outcome stays unknown
// until somebody looks again. Stopping what does not run does nothing.
func (s *Service) Stop() { s.background.Stop() }

// loop begins the lane of each registrar that isn't at work. One that takes its time holds up no other one.
func (s *Service) loop(ctx context.Context) {
	var (
		group sync.WaitGroup
		busy  sync.Map
	)
	defer group.Wait()
	for ctx.Err() == nil {
		wait := lookEvery
		lanes, err := s.lanes(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Error("work at registrars", "err", err)
			wait = errPause
		}
		for _, l := range lanes {
			if _, is := busy.LoadOrStore(l.registrar, true); is {
				continue
			}
			group.Go(func() {
				defer busy.Delete(l.registrar)
				if err := s.shift(ctx, l); err != nil && ctx.Err() == nil {
					s.log.Error("work at a registrar", "registrar", l.registrar, "err", err)
					background.Pause(ctx, errPause, nil)
				}
			})
		}
		background.Pause(ctx, wait, nil)
	}
}

// shift is one turn of the loop in a lane.
func (s *Service) shift(ctx context.Context, l lane) error {
	if !s.gate.Enter() {
		return nil
	}
	defer s.gate.Leave()
	_, err := s.run(context.WithoutCancel(ctx), ctx.Done(), l)
	return err
}

// Pause lets the loop begin nothing until resume is called, and returns when what it has begun is settled. [Service.RunDue]
// works meanwhile.
func (s *Service) Pause(ctx context.Context) (resume func(), err error) { return s.gate.Close(ctx) }

// lane is the work at one registrar.
type lane struct {
	registrar string // empty: at domains that have none
	archived  bool   // its messages are not read any more
}

// lanes are those of all registrars; none while the store holds back.
func (s *Service) lanes(ctx context.Context) ([]lane, error) {
	if held, err := s.held(ctx); held || err != nil {
		return nil, err
	}
	all := []lane{{archived: true}}
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.RegistrarsByID(ctx)
		all = all[:1]
		for _, r := range rows {
			all = append(all, lane{r.ID, r.Status == "archived"})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("registrars: %w", err)
	}
	return all, nil
}

// RunDue does all that is due now, at all registrars beside each other, and returns at how many domains it looked.
func (s *Service) RunDue(ctx context.Context) (n int, err error) {
	lanes, err := s.lanes(ctx)
	if err != nil {
		return 0, err
	}
	var (
		group sync.WaitGroup
		mu    sync.Mutex
	)
	for _, l := range lanes {
		group.Go(func() {
			worked, failed := s.run(ctx, ctx.Done(), l)
			mu.Lock()
			defer mu.Unlock()
			n, err = n+worked, errors.Join(err, failed)
		})
	}
	group.Wait()
	return n, err
}

// run does what is due at a registrar, and begins nothing new once stop is closed.
func (s *Service) run(ctx context.Context, stop <-chan struct{}, l lane) (n int, err error) {
	if s.pollNow(l) {
		if err := s.pollOne(ctx, l.registrar); err != nil && ctx.Err() == nil {
			s.log.Warn("messages of a registrar can't be read; they are read later", "registrar", l.registrar, "err", err)
		}
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
			ids, err = domainname.DueWork(ctx, tx, l.registrar, atOnce)
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
