package webhook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
)

func TestEndpoints(t *testing.T) {
	each(t, func(t *testing.T, st *dbtest.Store, s *Service, _ *receiver) {
		e, secret, err := s.Create(t.Context(), Input{URL: "https://example.com/T0/B0?key=s3cret", Description: " The books ", EventTypes: []string{"invoice.*", "payment.received"}})
		if err != nil {
			t.Fatal(err)
		}
		want := Endpoint{
			ID: e.ID, URL: "https://example.com/T0/B0?key=s3cret", Description: "The books", EventTypes: []string{"invoice.*", "payment.received"},
			State: Enabled, Version: 1, CreatedAt: st.Clock.Now(), UpdatedAt: st.Clock.Now(),
		}
		if diff := cmp.Diff(want, e); diff != "" {
			t.Error(diff)
		}
		if all, err := s.Endpoints(t.Context()); len(all) != 1 || err != nil || cmp.Diff(want, all[0]) != "" {
			t.Errorf("list: %+v, %v", all, err)
		}

		// An edit names what it changes; one that was made from an older state changes nothing.
		url, books := "https://example.com/T1", "Books"
		at := st.Clock.Advance(time.Hour)
		e, err = s.Update(t.Context(), e.ID, Patch{URL: &url, Description: &books, Version: 1})
		want.URL, want.Description, want.Version, want.UpdatedAt = url, books, 2, at
		if diff := cmp.Diff(want, e); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
		if _, err := s.Update(t.Context(), e.ID, Patch{EventTypes: []string{"*"}, Version: 1}); !errors.Is(err, errChanged) {
			t.Errorf("an old edit: %v", err)
		}
		if e, err = s.Update(t.Context(), e.ID, Patch{Description: &books}); err != nil || e.Version != 2 {
			t.Errorf("an edit of nothing: %+v, %v", e, err)
		}
		if e, err = s.Update(t.Context(), e.ID, Patch{EventTypes: []string{"license.*"}}); err != nil || !slices.Equal(e.EventTypes, []string{"license.*"}) {
			t.Errorf("%+v, %v", e, err)
		}

		// By hand off and on; again is nothing new.
		for range 2 {
			if e, err = s.Disable(t.Context(), e.ID); err != nil || e.State != Disabled || e.DisabledWhy != ByHand {
				t.Errorf("%+v, %v", e, err)
			}
		}
		for range 2 {
			if e, err = s.Enable(t.Context(), e.ID); err != nil || e.State != Enabled || e.DisabledWhy != "" {
				t.Errorf("%+v, %v", e, err)
			}
		}
		if _, _, err := s.Rotate(t.Context(), e.ID, time.Hour); err != nil {
			t.Error(err)
		}
		if err := s.Delete(t.Context(), e.ID); err != nil {
			t.Fatal(err)
		}
		kinds := []string{"deleted", "secret_rotated", "enabled", "disabled", "updated", "updated", "created"}
		for i, line := range eventsOf(t, st.DB, e.ID) {
			if i >= len(kinds) || !strings.HasPrefix(line, "webhook.endpoint_"+kinds[i]+" ") {
				t.Errorf("event %d: %s", i, line)
			}
		}
		entries, _, err := event.NewLog(st.DB).ListAudit(t.Context(), event.AuditFilter{SubjectID: e.ID})
		if err != nil || len(entries) != len(kinds) {
			t.Errorf("%d entries in the audit log, %v", len(entries), err)
		}
		for _, entry := range entries {
			if line := entry.Before + entry.After; strings.Contains(line, "s3cret") || strings.Contains(line, "T0") || strings.Contains(line, secret) {
				t.Errorf("the audit log says %s", line)
			}
		}

		// What is deleted is gone for every verb, and its secret with it.
		_, _, rotate := s.Rotate(t.Context(), e.ID, 0)
		_, update := s.Update(t.Context(), e.ID, Patch{Description: &url})
		_, enable := s.Enable(t.Context(), e.ID)
		_, disable := s.Disable(t.Context(), e.ID)
		_, get := s.ByID(t.Context(), e.ID)
		_, odd := s.ByID(t.Context(), "'")
		for _, err := range []error{rotate, update, enable, disable, get, odd, s.Delete(t.Context(), e.ID)} {
			if !errors.Is(err, errEndpointNotFound) {
				t.Errorf("after it was deleted: %v", err)
			}
		}
		if all, err := s.Endpoints(t.Context()); len(all) != 0 || err != nil {
			t.Errorf("list: %+v, %v", all, err)
		}
		err = st.DB.Read(t.Context(), func(tx *db.Tx) error {
			row, err := tx.GetWebhookEndpoint(t.Context(), e.ID)
			if row.Secret != "" || row.OldSecret != nil {
				t.Error("secrets outlive their endpoint")
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestInputIsChecked(t *testing.T) {
	t.Parallel()
	st := dbtest.SQLite(t)
	s := New(st.DB, Config{Box: crypt.NewBox(crypt.Key{1})})
	_, _, err := s.Create(t.Context(), Input{URL: "http://127.0.0.1/", Description: "a\nb"})
	var fields []string
	for _, f := range fail.Of(err).Fields {
		fields = append(fields, f.Field)
	}
	if !slices.Equal(fields, []string{"url", "description", "event_types"}) {
		t.Errorf("%v: %q", err, fields)
	}
	if _, err := s.Update(t.Context(), "whe_1", Patch{EventTypes: []string{}}); fail.Of(err).Field != "event_types" {
		t.Errorf("no event types: %v", err)
	}
	if _, _, err := s.Rotate(t.Context(), "whe_1", -1); fail.Of(err).Field != "overlap" {
		t.Errorf("an overlap in the past: %v", err)
	}
	if _, _, err := s.Deliveries(t.Context(), DeliveryFilter{State: "lost", EndpointID: "?", EventType: "\x00"}); len(fail.Of(err).Fields) != 3 {
		t.Errorf("a filter of nonsense: %v", err)
	}
	if _, _, err := s.Deliveries(t.Context(), DeliveryFilter{Cursor: "?"}); fail.Of(err).Field != "cursor" {
		t.Errorf("a cursor of nonsense: %v", err)
	}
	for i := range maxEndpoints {
		create(t, s, fmt.Sprintf("https://example.com/%d", i), "*")
	}
	if _, _, err := s.Create(t.Context(), Input{URL: "https://example.com/", EventTypes: []string{"*"}}); !errors.Is(err, errTooMany) {
		t.Errorf("one too many: %v", err)
	}
}

func TestRotate(t *testing.T) {
	each(t, func(t *testing.T, st *dbtest.Store, s *Service, r *receiver) {
		e, first := create(t, s, r.URL, "license.*")
		received := func() message {
			t.Helper()
			emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_1"})
			runDue(t, s, 1)
			got := r.take()
			if len(got) != 1 {
				t.Fatalf("%d messages", len(got))
			}
			return got[0]
		}
		got, second, err := s.Rotate(t.Context(), e.ID, 24*time.Hour)
		if err != nil || got.OldSecretEndsAt == nil || !got.OldSecretEndsAt.Equal(st.Clock.Now().Add(24*time.Hour)) || second == first {
			t.Fatalf("%+v, %v", got, err)
		}
		if m := received(); len(m.Signatures) != 2 || !m.provedBy(first) || !m.provedBy(second) {
			t.Errorf("while both sign: %q", m.Signatures)
		}
		st.Clock.Advance(24 * time.Hour)
		if m := received(); len(m.Signatures) != 1 || m.provedBy(first) || !m.provedBy(second) {
			t.Errorf("after the overlap: %q", m.Signatures)
		}
		_, third, err := s.Rotate(t.Context(), e.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		_, fourth, err := s.Rotate(t.Context(), e.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if m := received(); len(m.Signatures) != 2 || m.provedBy(second) || !m.provedBy(third) || !m.provedBy(fourth) {
			t.Errorf("after two rotations: %q", m.Signatures)
		}
		got, fifth, err := s.Rotate(t.Context(), e.ID, 0)
		if err != nil || got.OldSecretEndsAt != nil {
			t.Fatalf("%+v, %v", got, err)
		}
		if m := received(); len(m.Signatures) != 1 || !m.provedBy(fifth) {
			t.Errorf("at once: %q", m.Signatures)
		}
	})
}

// Secrets are stored sealed, each for its endpoint; without the key nothing is sent unsigned.
func TestSecretsAreSealed(t *testing.T) {
	t.Parallel()
	st := dbtest.SQLite(t)
	s, r := newService(t, st.DB), newReceiver(t)
	e, secret := create(t, s, r.URL, "*")
	var sealed string
	err := st.DB.Read(t.Context(), func(tx *db.Tx) error {
		row, err := tx.GetWebhookEndpoint(t.Context(), e.ID)
		sealed = row.Secret
		return err
	})
	if err != nil || strings.Contains(sealed, secret[len(secretPrefix):]) {
		t.Errorf("stored: %s, %v", sealed, err)
	}
	if got, err := s.open(sealed, e.ID); got != secret || err != nil {
		t.Errorf("opened: %v", err)
	}
	if _, err := s.open(sealed, "whe_other"); !errors.Is(err, crypt.ErrSealed) {
		t.Errorf("opened for another endpoint: %v", err)
	}
	other := New(st.DB, Config{Box: crypt.NewBox(crypt.Key{2}), TestMode: true})
	emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_1"})
	runDue(t, other, 1)
	if d := only(t, s); d.State != Pending || !strings.Contains(d.LastError, "secret") || len(r.take()) != 0 {
		t.Errorf("without the key: %+v", d)
	}
}

func TestDeletedEndpoint(t *testing.T) {
	each(t, func(t *testing.T, st *dbtest.Store, s *Service, r *receiver) {
		e, _ := create(t, s, r.URL, "license.*")
		emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_1"})
		if err := s.Delete(t.Context(), e.ID); err != nil {
			t.Fatal(err)
		}
		emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_2"})
		runDue(t, s, 1)
		if d := only(t, s); d.State != Failed || d.LastError != "the endpoint is deleted" || len(r.take()) != 0 {
			t.Errorf("%+v", d)
		}
		if _, err := s.Replay(t.Context(), only(t, s).ID); !errors.Is(err, errEndpointNotFound) {
			t.Errorf("replay: %v", err)
		}
	})
}

func TestListAndPrune(t *testing.T) {
	each(t, func(t *testing.T, st *dbtest.Store, s *Service, r *receiver) {
		a, _ := create(t, s, r.URL, "license.*")
		b, _ := create(t, s, r.URL, "license.*", "order.*")
		bad := newReceiver(t)
		bad.answer(status(500, "no"))
		c, _ := create(t, s, bad.URL, "order.*")
		for range 3 {
			emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_1"}, event.New{Type: "order.placed", SubjectID: "ord_1"})
		}
		if _, err := s.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			f    DeliveryFilter
			want int
		}{
			{DeliveryFilter{}, 12},
			{DeliveryFilter{EndpointID: a.ID}, 3},
			{DeliveryFilter{State: Delivered}, 9},
			{DeliveryFilter{EventType: "order.placed"}, 6},
			{DeliveryFilter{EndpointID: b.ID, EventType: "order.placed", State: Delivered}, 3},
			{DeliveryFilter{EndpointID: a.ID, State: Pending}, 0},
			{DeliveryFilter{EndpointID: "whe_none"}, 0},
		} {
			if got := deliveries(t, s, c.f); len(got) != c.want {
				t.Errorf("%+v: %d deliveries, want %d", c.f, len(got), c.want)
			}
		}
		// Pages hold each once, the newest first.
		var ids []string
		for cursor := ""; ; {
			page, next, err := s.Deliveries(t.Context(), DeliveryFilter{EndpointID: b.ID, EventType: "license.created", Limit: 2, Cursor: cursor})
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range page {
				ids = append(ids, d.ID)
			}
			if cursor = next; next == "" {
				break
			}
		}
		if len(ids) != 3 || !slices.IsSortedFunc(ids, func(a, b string) int { return strings.Compare(b, a) }) {
			t.Errorf("pages: %q", ids)
		}

		// What waits is not forgotten, however old; the rest goes, and then the endpoints that were deleted.
		st.Clock.Advance(time.Hour)
		emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_2"})
		for _, id := range []string{a.ID, b.ID} {
			if err := s.Delete(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := s.Prune(t.Context(), st.Clock.Now()); err != nil || n != 9 {
			t.Errorf("pruned %d, %v", n, err)
		}
		if left := deliveries(t, s, DeliveryFilter{}); len(left) != 5 || len(deliveries(t, s, DeliveryFilter{EndpointID: c.ID, State: Pending})) != 3 {
			t.Errorf("left: %+v", left)
		}
		if _, err := s.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		st.Clock.Advance(KeepLog)
		if n, err := s.Prune(t.Context(), st.Clock.Now().Add(-KeepLog+time.Second)); err != nil || n != 2 {
			t.Errorf("pruned %d, %v", n, err)
		}
		err := st.DB.Read(t.Context(), func(tx *db.Tx) error {
			if _, err := tx.GetWebhookEndpoint(t.Context(), a.ID); !db.NotFound(err) {
				t.Errorf("a deleted endpoint that nothing names is kept: %v", err)
			}
			_, err := tx.GetWebhookEndpoint(t.Context(), c.ID)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// What a transaction does that is rolled back is not remembered, and a store without endpoints is asked only once.
func TestRemembered(t *testing.T) {
	each(t, func(t *testing.T, st *dbtest.Store, s *Service, r *receiver) {
		broken := errors.New("broken")
		e, _ := create(t, s, r.URL, "license.*")
		err := st.DB.Write(t.Context(), func(tx *db.Tx) error {
			ctx := db.With(t.Context(), tx)
			if _, err := s.Disable(ctx, e.ID); err != nil {
				return err
			}
			// The same transaction sees that nobody wants it.
			if err := event.Emit(ctx, tx, event.New{Type: "license.created", SubjectID: "lic_0"}); err != nil {
				return err
			}
			return broken
		})
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
		emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_1"})
		if all := s.remembered.Load(); all == nil || len(*all) != 1 {
			t.Errorf("remembered: %v", all)
		}
		if d := only(t, s); d.State != Pending {
			t.Errorf("%+v", d)
		}
		if err := s.Delete(t.Context(), e.ID); err != nil {
			t.Fatal(err)
		}
		emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_2"})
		if all := s.remembered.Load(); all == nil || len(*all) != 0 {
			t.Errorf("remembered: %v", all)
		}
	})
}

// A store that nobody listens to pays next to nothing for an event.
func BenchmarkHearNobody(b *testing.B) {
	st := dbtest.SQLite(b)
	s := New(st.DB, Config{Box: crypt.NewBox(crypt.Key{1})})
	s.remember(context.Background())
	err := st.DB.Write(context.Background(), func(tx *db.Tx) error {
		for b.Loop() {
			if err := s.hear(context.Background(), tx, event.Event{Type: "license.created"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
