package mail

import (
	"context"
	"time"

	"github.com/keystead/keystead/internal/background"
	"github.com/keystead/keystead/internal/db"
)

const (
	pollEvery = 2 * time.Second  // how often the loop looks for what others queued and for what has fallen due
	errPause  = 10 * time.Second // how long it waits instead when the database did not answer
)

// Start begins to send mails in the background, each when its time has come, and returns at once. It goes on until
// [Service.Stop] is called or ctx ends. What runs already goes on.
func (s *Service) Start(ctx context.Context) { s.background.Start(ctx, s.loop) }

// Stop begins no more tries and waits for those that run. Stopping what does not run does nothing.
func (s *Service) Stop() { s.background.Stop() }

func (s *Service) loop(ctx context.Context) {
	told := "" // what is missing
	for ctx.Err() == nil {
		wait := pollEvery
		if err := s.turn(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("send mails", "err", err)
			wait = errPause
		}
		if missing := s.waitFor(ctx); missing != told {
			if told = missing; missing != "" {
				s.log.Warn("mails wait in the outbox: " + missing)
			}
		}
		background.Pause(ctx, wait, s.wake)
	}
}

// turn is one turn of the loop.
func (s *Service) turn(ctx context.Context) error {
	if !s.gate.Enter() {
		return nil
	}
	defer s.gate.Leave()
	_, err := s.SendDue(ctx)
	return err
}

// Pause lets the loop begin nothing until resume is called, and returns when what it has begun is settled. [Service.SendDue]
// works meanwhile.
func (s *Service) Pause(ctx context.Context) (resume func(), err error) {
	open, err := s.gate.Close(ctx)
	if err != nil {
		return nil, err
	}
	return func() { open(); s.look() }, nil
}

// waitFor returns what is missing for mails to be sent, if there are any.
func (s *Service) waitFor(ctx context.Context) string {
	now, err := s.settings.Get(ctx)
	if err != nil {
		return "" // SendDue has said so
	}
	_, missing, err := s.server(ctx, now)
	if err != nil || missing == "" {
		return ""
	}
	waits := false
	err = s.db.Read(ctx, func(tx *db.Tx) (err error) {
		waits, err = tx.HasMail(ctx)
		return err
	})
	if err != nil || !waits {
		return ""
	}
	return missing
}
