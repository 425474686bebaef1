package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/staff"
)

// story is everything that happens in a demo store, in the order of time.
type story struct {
	Store
	now       time.Time
	chance    *rand.Rand // always the same
	steps     []step
	prices    map[string]string // ids by product, plan and currency
	customers []string          // ids, as in people
	sold      []*sold
	payments  int
}

// step is something that happens at an instant.
type step struct {
	at time.Time
	do func(ctx context.Context) error
}

// at lets something happen later.
func (s *story) at(t time.Time, do func(ctx context.Context) error) {
	s.steps = append(s.steps, step{t, do})
}

// Fill lets the story happen, from [Past] until now, and returns a customer who can sign in. It tells progress how far
// it is.
func Fill(ctx context.Context, st Store, now time.Time, progress func(done, total int64)) (*Account, error) {
	s := &story{
		Store: st, now: now, chance: rand.New(rand.NewPCG(1, 2)), prices: map[string]string{}, customers: make([]string, len(people)),
	}
	owner, err := s.owner(ctx)
	if err != nil {
		return nil, err
	}
	ctx = event.WithActor(ctx, event.Actor{Kind: event.Staff, ID: owner.ID, Name: owner.Name})
	if err := s.stock(ctx); err != nil {
		return nil, fmt.Errorf("catalog of the demo store: %w", err)
	}
	s.sell()
	s.check()
	for ago := 420; ago > 0; ago -= 7 {
		s.at(now.Add(-days(ago)), s.settle)
	}
	if err := s.tell(ctx, progress); err != nil {
		return nil, err
	}
	s.Clock.Set(now)
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	return s.letIn(ctx, 0)
}

func (s *story) owner(ctx context.Context) (staff.Staff, error) {
	all, err := s.Staff.List(ctx)
	if err != nil {
		return staff.Staff{}, err
	}
	if len(all) == 0 {
		return staff.Staff{}, fmt.Errorf("the demo store has no owner")
	}
	return all[0], nil
}

// tell lets every step happen at its time. A step may add steps that come after it.
func (s *story) tell(ctx context.Context, progress func(done, total int64)) error {
	begun := s.Clock.Now()
	for len(s.steps) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		next := 0
		for i, st := range s.steps {
			if st.at.Before(s.steps[next].at) {
				next = i
			}
		}
		st := s.steps[next]
		s.steps = slices.Delete(s.steps, next, next+1)
		if st.at.After(s.now) {
			continue // has not happened yet
		}
		if st.at.After(s.Clock.Now()) {
			s.Clock.Set(st.at)
		}
		if err := st.do(ctx); err != nil {
			return fmt.Errorf("demo store at %s: %w", st.at.Format(time.DateTime), err)
		}
		progress(int64(st.at.Sub(begun)), int64(s.now.Sub(begun)))
	}
	return nil
}

// settle writes down what time alone has changed, as the server does every minute.
func (s *story) settle(ctx context.Context) error {
	return s.Licenses.WriteDown(ctx)
}

// letIn gives a customer a password.
func (s *story) letIn(ctx context.Context, who int) (*Account, error) {
	a := &Account{Email: people[who].email, Password: newPassword()}
	link, err := s.SignIn.CustomerLink(ctx, s.customers[who])
	if err != nil {
		return nil, fmt.Errorf("password of a demo customer: %w", err)
	}
	if _, err := s.SignIn.UseLink(ctx, link, a.Password, signin.Meta{}); err != nil {
		return nil, fmt.Errorf("password of a demo customer: %w", err)
	}
	return a, nil
}
