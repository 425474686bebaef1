package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/staff"
)

// story is everything that people do in a demo store, in the order of time. What happens by itself happens in between.
type story struct {
	Store
	now       time.Time
	chance    *rand.Rand // always the same
	steps     []step     // still to come, in the order of time
	owner     staff.Staff
	prices    map[string]string // ids by product, plan, cycle and currency
	plans     map[string]string // ids by product and plan
	customers []string          // ids, as in people
	cards     map[string]string // ids of payment methods, by customer and card
	sold      []*sold
	payments  int
}

// step is something that happens at an instant.
type step struct {
	at time.Time
	do func(ctx context.Context) error
}

// at lets something happen later, after all that happens before or at the same time.
func (s *story) at(t time.Time, do func(ctx context.Context) error) {
	i, _ := slices.BinarySearchFunc(s.steps, t, func(st step, t time.Time) int {
		if st.at.After(t) {
			return 1
		}
		return -1
	})
	s.steps = slices.Insert(s.steps, i, step{t, do})
}

// Fill lets the story happen, from the time at which the store's clock stands until now, and returns a customer who can
// sign in. It tells progress how far it is. The automation must not have started.
func Fill(ctx context.Context, st Store, now time.Time, progress func(done, total int64)) (*Account, error) {
	s := &story{
		Store: st, now: now, chance: rand.New(rand.NewPCG(1, 2)), prices: map[string]string{}, plans: map[string]string{},
		cards: map[string]string{}, customers: make([]string, len(people)),
	}
	all, err := s.Staff.List(ctx)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("the demo store has no owner")
	}
	s.owner = all[0]
	relaxed := db.Relaxed(s.asOwner(ctx))
	if err := s.open(relaxed); err != nil {
		return nil, err
	}
	if err := s.stock(relaxed); err != nil {
		return nil, fmt.Errorf("catalog of the demo store: %w", err)
	}
	if s.Registry != nil {
		if err := s.domainShop(relaxed); err != nil {
			return nil, fmt.Errorf("domains of the demo store: %w", err)
		}
		s.own()
	}
	s.sell()
	s.subscribe()
	s.bank()
	s.check()
	if err := s.tell(ctx, progress); err != nil {
		return nil, err
	}
	return s.letIn(s.asOwner(ctx), 0)
}

// asOwner is for what the owner of the store does.
func (s *story) asOwner(ctx context.Context) context.Context {
	return event.WithActor(ctx, event.Actor{Kind: event.Staff, ID: s.owner.ID, Name: s.owner.Name})
}

// open says what customers are told about the store.
func (s *story) open(ctx context.Context) error {
	_, err := s.Settings.Patch(ctx, map[string]json.RawMessage{
		"store.address":        json.RawMessage(`"Keystead Demo\n12 Archway Lane\nLondon N19 5QT"`),
		"billing.payment_note": json.RawMessage(`"Account holder: Keystead Demo\nIBAN: DE02 1203 0000 0000 2020 51\nBIC: BYLADEM1001"`),
	})
	if err != nil {
		return fmt.Errorf("settings of the demo store: %w", err)
	}
	return nil
}

// tell lets the clock advance and every step happen at its time, as if it were due work of the store. It is the first work
// of its instant, so that all that follows from it is done there too, and it leaves no record.
func (s *story) tell(ctx context.Context, progress func(done, total int64)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	s.Automation.Register(automation.Task{
		Kind: "demo.story",
		Next: func(_ context.Context, _ *db.Tx, after time.Time) (time.Time, bool, error) {
			for _, st := range s.steps {
				if st.at.After(after) {
					return st.at, true, nil
				}
			}
			return time.Time{}, false, nil
		},
		Due: func(ctx context.Context, tx *db.Tx, _ string) (bool, error) {
			if len(s.steps) > 0 && !s.steps[0].at.After(tx.Now) {
				return true, nil
			}
			return tx.HasDueMail(ctx, query.HasDueMailParams{Now: &tx.Stamp, RealNow: &tx.WallStamp})
		},
		Run: func(ctx context.Context, _ *automation.Pass) error {
			for len(s.steps) > 0 && !s.steps[0].at.After(s.Clock.Now()) {
				st := s.steps[0]
				s.steps = s.steps[1:]
				if err := st.do(s.asOwner(ctx)); err != nil {
					stop(fmt.Errorf("demo store at %s: %w", st.at.Format(time.DateTime), err))
					return err
				}
			}
			return s.post(ctx)
		},
	})
	begun := s.Clock.Now()
	_, err := s.Automation.Advance(ctx, s.now, func(at time.Time) { progress(int64(at.Sub(begun)), int64(s.now.Sub(begun))) })
	return err
}

// post has every mail arrive that waits: the people of the story were written to, though a demo store reaches nobody. What the
// store writes later waits for a mail server.
func (s *story) post(ctx context.Context) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(ctx, `UPDATE mails SET state = 'sent', settled_at = $1, tried_at = $1, due_at = NULL, tries = 1 WHERE state = 'queued'`, int64(tx.Stamp))
		return err
	})
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
