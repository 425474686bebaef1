package event_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
)

func write(t *testing.T, d *db.DB, ctx context.Context, events ...event.New) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		for _, e := range events {
			if err := event.Emit(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// all lists everything as a program does that asks again and again.
func all(t *testing.T, l *event.Log, f event.Filter, n int) (subjects []string) {
	t.Helper()
	for after := ""; len(subjects) < n; {
		events, err := l.List(t.Context(), after, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			subjects = append(subjects, e.SubjectID)
			after = e.ID
		}
	}
	return subjects
}

func TestList(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		l := event.NewLog(s.DB)
		if events, err := l.List(t.Context(), "", event.Filter{}); len(events) != 0 || err != nil {
			t.Fatalf("an empty store: %v, %v", events, err)
		}
		ann := event.WithActor(t.Context(), event.Actor{Kind: event.Staff, ID: "stf_1", Name: "Ann", IP: "192.0.2.1"})
		write(t, s.DB, ann, event.New{Type: "license.created", SubjectID: "lic_1", CustomerID: "cus_1", Data: map[string]int{"n": 1}})
		write(t, s.DB, t.Context(),
			event.New{Type: "license.held", SubjectID: "lic_1", CustomerID: "cus_1"},
			event.New{Type: "license.created", SubjectID: "lic_2", CustomerID: "cus_2"})

		if got := all(t, l, event.Filter{Limit: 2}, 3); !slices.Equal(got, []string{"lic_1", "lic_1", "lic_2"}) {
			t.Errorf("all: %q", got)
		}
		events, err := l.List(t.Context(), "", event.Filter{})
		if err != nil || len(events) != 3 {
			t.Fatalf("%d events, %v", len(events), err)
		}
		first := events[0]
		want := event.Event{
			ID: first.ID, Type: "license.created", OccurredAt: s.Clock.Now(), ActorKind: event.Staff, ActorID: "stf_1",
			SubjectID: "lic_1", CustomerID: "cus_1", Data: []byte(`{"n":1}`),
		}
		if diff := cmp.Diff(want, first); diff != "" {
			t.Error(diff)
		}
		if string(events[1].Data) != "{}" || events[1].ActorKind != event.System {
			t.Errorf("second: %+v", events[1])
		}
		for _, tt := range []struct {
			name   string
			after  string
			filter event.Filter
			want   []string
		}{
			{"a type", "", event.Filter{Type: "license.created"}, []string{events[0].ID, events[2].ID}},
			{"a subject", "", event.Filter{SubjectID: "lic_1"}, []string{events[0].ID, events[1].ID}},
			{"a customer", "", event.Filter{CustomerID: "cus_2"}, []string{events[2].ID}},
			{"all of them", events[0].ID, event.Filter{Type: "license.held", SubjectID: "lic_1", CustomerID: "cus_1"}, []string{events[1].ID}},
			{"after the last", events[2].ID, event.Filter{}, nil},
			{"a limit", "", event.Filter{Limit: 1}, []string{events[0].ID}},
		} {
			got, err := l.List(t.Context(), tt.after, tt.filter)
			if !slices.Equal(ids(got), tt.want) || err != nil {
				t.Errorf("%s: %q, %v, want %q", tt.name, ids(got), err, tt.want)
			}
		}
		for _, tt := range []struct {
			before string
			filter event.Filter
			want   []string
		}{
			{"", event.Filter{Limit: 2}, []string{events[2].ID, events[1].ID}},
			{events[1].ID, event.Filter{Limit: 2}, []string{events[0].ID}},
			{"", event.Filter{SubjectID: "lic_1"}, []string{events[1].ID, events[0].ID}},
		} {
			got, err := l.Recent(t.Context(), tt.before, tt.filter)
			if !slices.Equal(ids(got), tt.want) || err != nil {
				t.Errorf("recent %+v: %q, %v, want %q", tt, ids(got), err, tt.want)
			}
		}
		for _, after := range []string{"evt_unknown", "evt'", "\x00"} {
			_, err := l.List(t.Context(), after, event.Filter{})
			if got := fail.Of(err); got.Kind != fail.KindInvalid || got.Field != "after" {
				t.Errorf("after %q: %v", after, err)
			}
		}
		_, err = l.Recent(t.Context(), "-", event.Filter{Type: "\x00", CustomerID: "\xff"})
		if got := fail.Of(err).Fields; len(got) != 3 || got[0].Field != "type" || got[1].Field != "customer" || got[2].Field != "before" {
			t.Errorf("fields: %v", got)
		}
	})
}

func ids(events []event.Event) (ids []string) {
	for _, e := range events {
		ids = append(ids, e.ID)
	}
	return ids
}

// The younger transaction takes the lower number and commits last. Its event must not be stepped over.
func TestListWaitsForLateCommits(t *testing.T) {
	t.Parallel()
	s := dbtest.Postgres(t)
	l := event.NewLog(s.DB)
	var (
		olderBegan, youngerEmitted = make(chan struct{}), make(chan struct{})
		olderDone, seen            = make(chan struct{}), make(chan struct{})
		wg                         sync.WaitGroup
	)
	wg.Go(func() {
		defer close(olderDone)
		err := s.DB.Write(context.Background(), func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(context.Background(), "INSERT INTO store_facts (name, value) VALUES ('begun', '')")
			close(olderBegan)
			if err != nil {
				return err
			}
			<-youngerEmitted
			return event.Emit(context.Background(), tx, event.New{Type: "a.older", SubjectID: "older"})
		})
		if err != nil {
			t.Error(err)
		}
	})
	wg.Go(func() {
		<-olderBegan
		err := s.DB.Write(context.Background(), func(tx *db.Tx) error {
			err := event.Emit(context.Background(), tx, event.New{Type: "a.younger", SubjectID: "younger"})
			close(youngerEmitted)
			<-seen
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-olderDone
	recent, err := l.Recent(t.Context(), "", event.Filter{})
	if len(recent) != 1 || err != nil {
		t.Errorf("the older one is not committed: %v, %v", recent, err)
	}
	if events, err := l.List(t.Context(), "", event.Filter{}); len(events) != 0 || err != nil {
		t.Errorf("listed %v, %v while an event before it may still come", events, err)
	}
	close(seen)
	wg.Wait()
	if got := all(t, l, event.Filter{}, 2); !slices.Equal(got, []string{"younger", "older"}) {
		t.Errorf("then: %q", got)
	}
}

func TestListWaitsForNobodyElse(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		l := event.NewLog(s.DB)
		write(t, s.DB, t.Context(), event.New{Type: "a.b", SubjectID: "x"})
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			if _, err := tx.SQL().ExecContext(t.Context(), "INSERT INTO store_facts (name, value) VALUES ('long', '')"); err != nil {
				return err
			}
			if events, err := l.List(t.Context(), "", event.Filter{}); len(events) != 1 || err != nil {
				t.Errorf("a long transaction that tells of nothing delays %v, %v", events, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// One reader polls while several write, some of them in vain. It sees each event once, in the order of the log.
func TestListMissesNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		const writers, each = 4, 15
		vain := errors.New("in vain")
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					err := s.DB.Write(context.Background(), func(tx *db.Tx) error {
						for part := range 3 {
							e := event.New{Type: "a.b", SubjectID: fmt.Sprintf("%d_%d_%d", w, i, part)}
							if err := event.Emit(context.Background(), tx, e); err != nil {
								return err
							}
						}
						if i%5 == 4 {
							return vain
						}
						return nil
					})
					if err != nil && !errors.Is(err, vain) {
						t.Error(err)
					}
				}
			})
		}
		const want = writers * (each - each/5) * 3
		l := event.NewLog(s.DB)
		seen := all(t, l, event.Filter{Limit: 7}, want)
		wg.Wait()
		if len(seen) != want {
			t.Errorf("saw %d events, want %d", len(seen), want)
		}
		if again := all(t, event.NewLog(s.DB), event.Filter{Limit: 200}, want); !slices.Equal(seen, again) {
			t.Errorf("saw %q, the log has %q", seen, again)
		}
	})
}

func TestListAudit(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		l := event.NewLog(s.DB)
		ann := event.Actor{Kind: event.Staff, ID: "stf_1", Name: "Ann", IP: "192.0.2.1"}
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			for i, actor := range []event.Actor{ann, {Kind: event.System}, ann} {
				ctx := event.WithActor(t.Context(), actor)
				c := event.Change{What: "product.updated", SubjectID: fmt.Sprintf("prd_%d", i%2), Before: "{}", After: `{"name":"x"}`, Why: "asked"}
				if err := event.Audit(ctx, tx, c); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		entries, next, err := l.ListAudit(t.Context(), event.AuditFilter{})
		if len(entries) != 3 || next != "" || err != nil {
			t.Fatalf("%d entries, next %q, %v", len(entries), next, err)
		}
		want := event.AuditEntry{ID: entries[0].ID, At: s.Clock.Now(), Actor: ann, Change: event.Change{
			What: "product.updated", SubjectID: "prd_0", Before: "{}", After: `{"name":"x"}`, Why: "asked",
		}}
		if diff := cmp.Diff(want, entries[0]); diff != "" {
			t.Error(diff)
		}
		first, next, err := l.ListAudit(t.Context(), event.AuditFilter{Limit: 2})
		if len(first) != 2 || next == "" || err != nil {
			t.Fatalf("%d entries, next %q, %v", len(first), next, err)
		}
		rest, next, err := l.ListAudit(t.Context(), event.AuditFilter{Limit: 2, Cursor: next})
		if len(rest) != 1 || rest[0] != entries[2] || next != "" || err != nil {
			t.Errorf("second page: %v, next %q, %v", rest, next, err)
		}
		for _, tt := range []struct {
			filter event.AuditFilter
			want   int
		}{{event.AuditFilter{SubjectID: "prd_0"}, 2}, {event.AuditFilter{ActorID: "stf_1"}, 2}, {event.AuditFilter{SubjectID: "prd_1", ActorID: "stf_1"}, 0}} {
			if got, _, err := l.ListAudit(t.Context(), tt.filter); len(got) != tt.want || err != nil {
				t.Errorf("%+v: %d entries, %v, want %d", tt.filter, len(got), err, tt.want)
			}
		}
		if _, _, err := l.ListAudit(t.Context(), event.AuditFilter{Cursor: "?"}); fail.Of(err).Field != "cursor" {
			t.Errorf("cursor: %v", err)
		}
		if _, _, err := l.ListAudit(t.Context(), event.AuditFilter{ActorID: "\x00", SubjectID: "\x00"}); len(fail.Of(err).Fields) != 2 {
			t.Errorf("fields: %v", err)
		}
	})
}
