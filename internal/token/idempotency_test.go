package token

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
)

var created = Answer{Status: 201, ContentType: "application/json", Body: []byte(`{"id":"ord_1"}`)}

// post is what a face does with a request that has a key: it returns the first answer or does the work.
func post(s *Service, tokenID, key, request string, work func() (Answer, error)) (a Answer, replayed bool, err error) {
	err = s.db.Write(context.Background(), func(tx *db.Tx) error {
		a, replayed = Answer{}, false
		kept, err := s.Claim(context.Background(), tx, tokenID, key, request)
		if err != nil {
			return err
		}
		if kept != nil {
			a, replayed = *kept, true
			return nil
		}
		if a, err = work(); err != nil {
			return err
		}
		return s.Keep(context.Background(), tx, tokenID, key, a)
	})
	return a, replayed, err
}

func TestIdempotency(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		tokens := New(s.DB)
		one, _ := create(t, tokens, nil, "*")
		two, _ := create(t, tokens, nil, "*")
		works, broken := 0, errors.New("broken")
		work := func() (Answer, error) { works++; return created, nil }
		expect := func(tokenID, key, request string, replayed bool, wantWorks int) {
			t.Helper()
			a, again, err := post(tokens, tokenID, key, request, work)
			if err != nil || again != replayed || !cmp.Equal(a, created) || works != wantWorks {
				t.Errorf("%s %s: %+v, replayed %v, %v, worked %d times", key, request, a, again, err, works)
			}
		}
		if _, _, err := post(tokens, one.ID, "k", "order 1", func() (Answer, error) { return Answer{}, broken }); !errors.Is(err, broken) {
			t.Fatal(err)
		}
		expect(one.ID, "k", "order 1", false, 1) // what failed left nothing
		expect(one.ID, "k", "order 1", true, 1)
		expect(two.ID, "k", "order 2", false, 2) // keys count per token
		expect(one.ID, "K", "order 2", false, 3)
		if _, _, err := post(tokens, one.ID, "k", "order 2", work); !errors.Is(err, errKeyReused) || works != 3 {
			t.Errorf("another request: %v, worked %d times", err, works)
		}

		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			if a, err := tokens.Lookup(t.Context(), tx, one.ID, "k", "order 1"); err != nil || a == nil || !cmp.Equal(*a, created) {
				t.Errorf("Lookup = %+v, %v", a, err)
			}
			if a, err := tokens.Lookup(t.Context(), tx, one.ID, "new", "order 1"); err != nil || a != nil {
				t.Errorf("Lookup of a new key = %+v, %v", a, err)
			}
			if err := tokens.Keep(t.Context(), tx, one.ID, "new", created); err == nil {
				t.Error("an answer was kept for a key that was not claimed")
			}
			if err := tokens.Keep(t.Context(), tx, one.ID, "k", Answer{Status: 500}); err == nil {
				t.Error("an answer was replaced")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Clock.Advance(keepAnswers)
		if err := tokens.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		expect(one.ID, "k", "order 1", true, 3)
		s.Clock.Advance(time.Microsecond)
		if err := tokens.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		expect(one.ID, "k", "order 1", false, 4)
	})
}

// The second of two first uses waits for the first: it gets its answer, or, if that one failed, the key.
func TestFirstUsesAtTheSameTime(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		tokens := New(s.DB)
		one, _ := create(t, tokens, nil, "*")
		for _, outcome := range []error{nil, errors.New("broken")} {
			key := "works"
			if outcome != nil {
				key = "fails"
			}
			claimed, done := make(chan struct{}), make(chan error)
			go func() {
				_, _, err := post(tokens, one.ID, key, "order", func() (Answer, error) {
					close(claimed)
					return created, outcome
				})
				done <- err
			}()
			<-claimed
			worked := false
			a, replayed, err := post(tokens, one.ID, key, "order", func() (Answer, error) { worked = true; return created, nil })
			if err != nil || !cmp.Equal(a, created) || worked != (outcome != nil) || replayed == worked {
				t.Errorf("%s: the second one got %+v, replayed %v, %v, worked %v", key, a, replayed, err, worked)
			}
			if err := <-done; !errors.Is(err, outcome) {
				t.Errorf("%s: the first one: %v", key, err)
			}
		}
	})
}

func TestManyFirstUses(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		tokens := New(s.DB)
		one, _ := create(t, tokens, nil, "*")
		const n = 6
		fresh := make(chan bool)
		for range n {
			go func() {
				a, replayed, err := post(tokens, one.ID, "k", "order", func() (Answer, error) { return created, nil })
				if err != nil || !cmp.Equal(a, created) {
					t.Errorf("%+v, %v", a, err)
				}
				fresh <- !replayed
			}()
		}
		worked := 0
		for range n {
			if <-fresh {
				worked++
			}
		}
		if worked != 1 {
			t.Errorf("worked %d times", worked)
		}
	})
}
