package event_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
)

func TestListen(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		// On PostgreSQL a write may run twice, so what is heard counts when it is committed.
		heard := map[string][]event.Event{}
		listen := func(name string, types ...string) {
			event.Listen(s.DB, func(_ context.Context, tx *db.Tx, e event.Event) error {
				tx.OnCommit(func() { heard[name] = append(heard[name], e) })
				return nil
			}, types...)
		}
		listen("all")
		listen("two", "license.created", "license.ended")
		listen("none", "license")

		ann := event.WithActor(t.Context(), event.Actor{Kind: event.Staff, ID: "stf_1", Name: "Ann"})
		write(t, s.DB, ann,
			event.New{Type: "license.created", SubjectID: "lic_1", CustomerID: "cus_1", Data: map[string]int{"n": 1}},
			event.New{Type: "license.held", SubjectID: "lic_1"},
			event.New{Type: "license.ended", SubjectID: "lic_1"})

		stored, err := event.NewLog(s.DB).List(t.Context(), "", event.Filter{})
		if err != nil || len(stored) != 3 {
			t.Fatalf("%d events, %v", len(stored), err)
		}
		want := map[string][]event.Event{"all": stored, "two": {stored[0], stored[2]}}
		if diff := cmp.Diff(want, heard); diff != "" {
			t.Error(diff)
		}
	})
}

// What a listener does belongs to the transaction of the event, and so does its failure.
func TestListenInTransaction(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		broken := errors.New("broken")
		event.Listen(s.DB, func(ctx context.Context, tx *db.Tx, e event.Event) error {
			// The event is there already, and a listener may tell of something itself.
			if _, err := tx.EventSeq(ctx, e.ID); err != nil {
				return err
			}
			return event.Emit(ctx, tx, event.New{Type: "license.heard", SubjectID: e.SubjectID})
		}, "license.created")
		event.Listen(s.DB, func(_ context.Context, _ *db.Tx, e event.Event) error {
			if e.SubjectID == "lic_bad" {
				return broken
			}
			return nil
		}, "license.heard")

		emit := func(subject string) error {
			return s.DB.Write(t.Context(), func(tx *db.Tx) error {
				return event.Emit(t.Context(), tx, event.New{Type: "license.created", SubjectID: subject})
			})
		}
		if err := emit("lic_1"); err != nil {
			t.Fatal(err)
		}
		if err := emit("lic_bad"); !errors.Is(err, broken) {
			t.Errorf("a listener's failure: %v", err)
		}
		// In a savepoint a failure undoes what the savepoint did, and nothing else.
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			bad := tx.Savepoint(t.Context(), func() error {
				return event.Emit(t.Context(), tx, event.New{Type: "license.created", SubjectID: "lic_bad"})
			})
			if !errors.Is(bad, broken) {
				t.Errorf("in a savepoint: %v", bad)
			}
			return event.Emit(t.Context(), tx, event.New{Type: "license.created", SubjectID: "lic_2"})
		})
		if err != nil {
			t.Fatal(err)
		}
		got := all(t, event.NewLog(s.DB), event.Filter{}, 4)
		if !slices.Equal(got, []string{"lic_1", "lic_1", "lic_2", "lic_2"}) {
			t.Errorf("subjects: %q", got)
		}
		// Another store has listeners of its own.
		other := dbtest.SQLite(t)
		write(t, other.DB, t.Context(), event.New{Type: "license.created", SubjectID: "lic_bad"})
	})
}

func TestListenMany(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		var one, many []string
		event.Listen(s.DB, func(_ context.Context, tx *db.Tx, e event.Event) error {
			tx.OnCommit(func() { one = append(one, e.SubjectID) })
			return nil
		}, "a")
		event.ListenMany(s.DB, func(_ context.Context, tx *db.Tx, events []event.Event) error {
			tx.OnCommit(func() {
				heard := ""
				for _, e := range events {
					heard += e.SubjectID
				}
				many = append(many, heard)
			})
			return nil
		}, "a", "b")
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			all := []event.New{{Type: "a", SubjectID: "1"}, {Type: "c", SubjectID: "2"}, {Type: "b", SubjectID: "3"}, {Type: "a", SubjectID: "4"}}
			if err := event.EmitAll(t.Context(), tx, all); err != nil {
				return err
			}
			if err := event.EmitAll(t.Context(), tx, all[1:2]); err != nil {
				return err
			}
			return event.Emit(t.Context(), tx, event.New{Type: "b", SubjectID: "5"})
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"1", "4"}, one); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"134", "5"}, many); diff != "" {
			t.Error(diff)
		}
		gone := errors.New("no")
		event.ListenMany(s.DB, func(context.Context, *db.Tx, []event.Event) error { return gone }, "d")
		err = s.DB.Write(t.Context(), func(tx *db.Tx) error {
			return event.EmitAll(t.Context(), tx, []event.New{{Type: "d"}, {Type: "d"}})
		})
		if !errors.Is(err, gone) {
			t.Errorf("%v", err)
		}
	})
}
