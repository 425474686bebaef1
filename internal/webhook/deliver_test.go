package webhook

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
)

func TestDeliver(t *testing.T) {
	each(t, func(t *testing.T, st *dbtest.Store, s *Service, r *receiver) {
		emit(t, st.DB, event.New{Type: "invoice.paid", SubjectID: "inv_0"}) // before there is an endpoint
		e, secret := create(t, s, r.URL, "invoice.*", "license.created")
		other := newReceiver(t)
		_, otherSecret := create(t, s, other.URL, "license.*")

		emit(t, st.DB,
			event.New{Type: "invoice.paid", SubjectID: "inv_1", CustomerID: "cus_1", Data: map[string]any{"total": 4900}},
			event.New{Type: "license.created", SubjectID: "lic_1"},
			event.New{Type: "order.placed", SubjectID: "ord_1"})
		failed := st.DB.Write(t.Context(), func(tx *db.Tx) error {
			return errors.Join(event.Emit(t.Context(), tx, event.New{Type: "invoice.paid", SubjectID: "inv_2"}), errors.New("no"))
		})
		if failed == nil {
			t.Fatal("the transaction is meant to fail")
		}
		runDue(t, s, 3)
		runDue(t, s, 0)

		got := r.take()
		slices.SortFunc(got, func(a, b message) int { return strings.Compare(a.ID, b.ID) })
		if len(got) != 2 {
			t.Fatalf("%d messages, want 2", len(got))
		}
		m := got[0]
		want := map[string]any{"subject_id": "inv_1", "customer_id": "cus_1", "total": 4900.0}
		if diff := cmp.Diff(want, m.Data); diff != "" || m.Type != "invoice.paid" || !m.Timestamp.Equal(st.Clock.Now()) {
			t.Errorf("%s at %s: %s", m.Type, m.Timestamp, diff)
		}
		if m.Sent != strconv.FormatInt(st.Clock.Now().Unix(), 10) || !strings.HasPrefix(m.ID, "evt_") {
			t.Errorf("headers: %s, %s", m.ID, m.Sent)
		}
		if !m.provedBy(secret) || m.provedBy(otherSecret) || len(m.Signatures) != 1 {
			t.Errorf("signatures: %q", m.Signatures)
		}
		if got[1].Type != "license.created" || !got[1].provedBy(secret) {
			t.Errorf("second: %+v", got[1])
		}
		if got := other.take(); len(got) != 1 || !got[0].provedBy(otherSecret) {
			t.Errorf("the other receiver got %+v", got)
		}

		all := deliveries(t, s, DeliveryFilter{EndpointID: e.ID, EventType: "invoice.paid"})
		if len(all) != 1 || all[0].State != Delivered || all[0].LastStatus != 204 || all[0].Attempts != 1 || all[0].EventID != m.ID || all[0].FinishedAt == nil {
			t.Fatalf("deliveries: %+v", all)
		}
		d, err := s.Delivery(t.Context(), all[0].ID)
		if err != nil || string(d.Payload) != string(m.body) || len(d.Tries) != 1 || d.Tries[0].Status != 204 || d.Tries[0].Error != "" {
			t.Errorf("details: %+v, %v", d, err)
		}
	})
}

// Each answer that is no success is tried again; the log says why.
func TestFaults(t *testing.T) {
	t.Parallel()
	closes := func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		status int
		says   string
		kept   string
	}{
		"server error": {status(500, "kaput\x00\xff"), 500, "status 500", "kaput\ufffd\ufffd"},
		"not found":    {status(404, ""), 404, "status 404", ""},
		"too many":     {status(429, ""), 429, "status 429", ""},
		"hangs":        {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 0, "no answer within", ""},
		"closes":       {closes, 0, "EOF", ""},
		"redirects": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, 307, "redirect", ""},
		"huge header": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 2*maxHeaderSize))
		}, 0, "exceeded", ""},
		"huge body": {status(503, strings.Repeat("long ", 1<<20)), 503, "status 503", strings.Repeat("long ", 205)[:1024]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := dbtest.SQLite(t)
			s, r := newService(t, st.DB), newReceiver(t)
			if name == "hangs" {
				s.client.Timeout = 50 * time.Millisecond
			}
			e, _ := create(t, s, r.URL, "*")
			r.answer(c.answer)
			emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_1"})
			runDue(t, s, 1)
			if n := len(r.take()); n != 1 && name != "closes" { // the transport may try a closed connection again
				t.Errorf("asked %d times", n)
			}
			d := only(t, s)
			if d.State != Pending || d.LastStatus != c.status || !strings.Contains(d.LastError, c.says) {
				t.Errorf("after a failure: %+v", d.Delivery)
			}
			if !d.DueAt.Equal(st.Clock.Now().Add(firstDelay * 3 / 4)) {
				t.Errorf("due %s later", d.DueAt.Sub(st.Clock.Now()))
			}
			if len(d.Tries) != 1 || d.Tries[0].Answer != c.kept || d.Tries[0].Status != c.status || d.Tries[0].Error != d.LastError {
				t.Errorf("tries: %+v", d.Tries)
			}
			if since := endpoint(t, s, e.ID).FailingSince; since == nil || !since.Equal(st.Clock.Now()) {
				t.Errorf("failing since %v", since)
			}
			r.answer(nil)
			runDue(t, s, 0)
			st.Clock.Set(d.DueAt)
			runDue(t, s, 1)
			d = only(t, s)
			if d.State != Delivered || len(d.Tries) != 2 || d.LastError != "" || len(r.take()) != 1 {
				t.Errorf("after a success: %+v", d)
			}
			if since := endpoint(t, s, e.ID).FailingSince; since != nil {
				t.Errorf("still failing since %v", since)
			}
		})
	}
}

// A success whose body never ends, or that is endless, is a success.
func TestBodyOfSuccess(t *testing.T) {
	t.Parallel()
	st := dbtest.SQLite(t)
	s, r := newService(t, st.DB), newReceiver(t)
	s.client.Timeout = 50 * time.Millisecond
	create(t, s, r.URL, "*")
	r.answer(func(w http.ResponseWriter, req *http.Request) {
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write([]byte("thanks"))
		_ = http.NewResponseController(w).Flush()
		<-req.Context().Done()
	})
	emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_1"})
	runDue(t, s, 1)
	if d := only(t, s); d.State != Delivered || d.LastStatus != 200 || d.Tries[0].Answer != "thanks" {
		t.Errorf("%+v", d)
	}
}

// A receiver that asks to be left alone for a while is.
func TestRetryAfterIsHeeded(t *testing.T) {
	t.Parallel()
	st := dbtest.SQLite(t)
	s, r := newService(t, st.DB), newReceiver(t)
	create(t, s, r.URL, "*")
	r.answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_1"})
	runDue(t, s, 1)
	if d := only(t, s); !d.DueAt.Equal(st.Clock.Now().Add(10 * time.Minute)) {
		t.Errorf("due at %s", d.DueAt)
	}
}

func TestGone(t *testing.T) {
	each(t, func(t *testing.T, st *dbtest.Store, s *Service, r *receiver) {
		e, _ := create(t, s, r.URL, "license.*")
		watcher := newReceiver(t)
		create(t, s, watcher.URL, "webhook.*")
		runDue(t, s, 0) // nobody is told of itself

		r.answer(status(http.StatusGone, "bye"))
		emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_1"})
		runDue(t, s, 2)
		got := endpoint(t, s, e.ID)
		if got.State != Disabled || got.DisabledWhy != Gone {
			t.Errorf("endpoint: %+v", got)
		}
		if d := deliveries(t, s, DeliveryFilter{EndpointID: e.ID})[0]; d.State != Failed || d.LastStatus != 410 {
			t.Errorf("delivery: %+v", d)
		}
		if types := eventsOf(t, st.DB, e.ID); types[0] != `webhook.endpoint_disabled {"why":"gone"}` {
			t.Errorf("events: %q", types)
		}
		if told := watcher.take(); len(told) != 1 || told[0].Type != "webhook.endpoint_disabled" || told[0].Data["subject_id"] != e.ID {
			t.Errorf("the watcher was told %+v", told)
		}
		// Nothing is written down for it any more, until it is enabled again.
		emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_2"})
		if _, err := s.Enable(t.Context(), e.ID); err != nil {
			t.Fatal(err)
		}
		r.answer(nil)
		r.take()
		emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_3"})
		if _, err := s.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := r.take(); len(got) != 1 || got[0].Data["subject_id"] != "lic_3" {
			t.Errorf("after it was enabled: %+v", got)
		}
	})
}

// walk moves the clock from one due delivery to the next.
func walk(t *testing.T, st *dbtest.Store, s *Service, until time.Time) (steps int) {
	t.Helper()
	for {
		var at time.Time
		var ok bool
		err := st.DB.Read(t.Context(), func(tx *db.Tx) (err error) {
			at, ok, err = NextDue(t.Context(), tx, tx.Now)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if !ok || at.After(until) {
			st.Clock.Set(until)
			return steps
		}
		st.Clock.Set(at)
		if _, err := s.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if steps++; steps > 100 {
			t.Fatal("it never ends")
		}
	}
}

func TestThreeDays(t *testing.T) {
	each(t, func(t *testing.T, st *dbtest.Store, s *Service, r *receiver) {
		start := st.Clock.Now()
		e, _ := create(t, s, r.URL, "license.*")
		r.answer(status(500, ""))
		emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_1"})
		runDue(t, s, 1)
		walk(t, st, s, start.Add(48*time.Hour))
		emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_2"})
		runDue(t, s, 1)
		if e := endpoint(t, s, e.ID); e.State != Enabled || !e.FailingSince.Equal(start) {
			t.Fatalf("after two days: %+v", e)
		}
		walk(t, st, s, start.Add(patience+time.Second))
		got := endpoint(t, s, e.ID)
		if got.State != Disabled || got.DisabledWhy != Failing || !got.UpdatedAt.Equal(start.Add(patience)) {
			t.Errorf("after three days: %+v", got)
		}
		all := deliveries(t, s, DeliveryFilter{})
		first, second := all[1], all[0]
		if first.State != Failed || first.LastStatus != 500 || !first.FinishedAt.Equal(start.Add(patience)) || first.Attempts < 20 || first.Attempts > 40 {
			t.Errorf("the first: %+v", first)
		}
		if second.State != Failed || second.LastError != "the endpoint is disabled" || second.FinishedAt.After(first.FinishedAt.Add(time.Second)) {
			t.Errorf("the second: %+v", second)
		}
		if types := eventsOf(t, st.DB, e.ID); types[0] != `webhook.endpoint_disabled {"why":"failing"}` {
			t.Errorf("events: %q", types)
		}

		// Once it is back, what it missed is replayed.
		r.answer(nil)
		if _, err := s.Replay(t.Context(), second.ID); !errors.Is(err, errDisabled) {
			t.Errorf("replay to a disabled endpoint: %v", err)
		}
		if _, err := s.ReplayFailed(t.Context(), e.ID, start); !errors.Is(err, errDisabled) {
			t.Errorf("replay to a disabled endpoint: %v", err)
		}
		if got, err := s.Enable(t.Context(), e.ID); err != nil || got.State != Enabled || got.FailingSince != nil {
			t.Fatalf("%+v, %v", got, err)
		}
		if n, err := s.ReplayFailed(t.Context(), e.ID, start.Add(time.Hour)); n != 1 || err != nil {
			t.Errorf("%d replayed, %v, want one", n, err)
		}
		r.take()
		runDue(t, s, 1)
		if got := r.take(); len(got) != 1 || got[0].ID != second.EventID {
			t.Errorf("replayed: %+v", got)
		}
		if n, err := s.ReplayFailed(t.Context(), e.ID, start); n != 1 || err != nil {
			t.Errorf("%d replayed, %v, want one", n, err)
		}
		runDue(t, s, 1)
		if n := len(deliveries(t, s, DeliveryFilter{State: Delivered})); n != 2 {
			t.Errorf("%d delivered, want both", n)
		}
	})
}

// A success between failures begins the three days of the endpoint anew, not those of a delivery that never succeeds.
func TestSuccessBetween(t *testing.T) {
	t.Parallel()
	st := dbtest.SQLite(t)
	s, r := newService(t, st.DB), newReceiver(t)
	start := st.Clock.Now()
	e, _ := create(t, s, r.URL, "*")
	r.answer(status(500, ""))
	emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_1"})
	runDue(t, s, 1)
	walk(t, st, s, start.Add(24*time.Hour))
	bad := only(t, s).EventID
	r.answer(func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Webhook-Id") == bad {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_2"})
	runDue(t, s, 1)
	if since := endpoint(t, s, e.ID).FailingSince; since != nil {
		t.Fatalf("failing since %s", since)
	}
	walk(t, st, s, start.Add(patience+time.Hour))
	if d := deliveries(t, s, DeliveryFilter{State: Failed}); len(d) != 1 || d[0].EventID != bad {
		t.Errorf("failed: %+v", d)
	}
	if e := endpoint(t, s, e.ID); e.State != Enabled {
		t.Errorf("endpoint: %+v", e)
	}
}

func TestReplay(t *testing.T) {
	each(t, func(t *testing.T, st *dbtest.Store, s *Service, r *receiver) {
		create(t, s, r.URL, "license.*")
		emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_1"})
		runDue(t, s, 1)
		before := only(t, s)
		st.Clock.Advance(100 * 24 * time.Hour)
		if d, err := s.Replay(t.Context(), before.ID); err != nil || d.State != Pending || d.FinishedAt != nil {
			t.Fatalf("%+v, %v", d, err)
		}
		r.answer(status(500, ""))
		runDue(t, s, 1)
		if d := only(t, s); d.State != Pending || len(d.Tries) != 2 {
			t.Errorf("a replay that fails: %+v", d)
		}
		r.answer(nil)
		if _, err := s.Replay(t.Context(), before.ID); err != nil { // does not wait for the next attempt
			t.Fatal(err)
		}
		runDue(t, s, 1)
		if d := only(t, s); d.State != Delivered || len(d.Tries) != 3 || d.Attempts != 3 {
			t.Errorf("after the replays: %+v", d)
		}
		got := r.take()
		if len(got) != 3 || got[0].ID != got[2].ID || got[0].Sent == got[2].Sent || string(got[0].body) != string(got[2].body) {
			t.Errorf("received: %+v", got)
		}
		if _, err := s.Replay(t.Context(), "whd_none"); !errors.Is(err, errDeliveryNotFound) {
			t.Errorf("replay of nothing: %v", err)
		}
		if _, err := s.ReplayFailed(t.Context(), "whe_none", time.Time{}); !errors.Is(err, errEndpointNotFound) {
			t.Errorf("replay to nobody: %v", err)
		}
	})
}

// A process that dies while it sends loses nothing.
func TestRestart(t *testing.T) {
	each(t, func(t *testing.T, st *dbtest.Store, s *Service, r *receiver) {
		e, _ := create(t, s, r.URL, "license.*")
		emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_1"})
		taken, err := s.claim(t.Context(), e.ID, perEndpoint)
		if err != nil || len(taken) != 1 {
			t.Fatalf("%d taken, %v", len(taken), err)
		}
		if _, err := s.Replay(t.Context(), taken[0].id); !errors.Is(err, errSending) {
			t.Errorf("replay of what is being sent: %v", err)
		}
		later := newService(t, st.DB)
		runDue(t, later, 0) // it is leased
		st.Clock.Advance(leaseTime)
		runDue(t, later, 1)
		if d := only(t, later); d.State != Delivered || d.Attempts != 2 || len(d.Tries) != 1 {
			t.Errorf("%+v", d)
		}
		// Who was taken for dead has no say any more.
		if err := s.settle(t.Context(), taken[0], outcome{err: errors.New("no answer")}); !errors.Is(err, errLeaseLost) {
			t.Errorf("settle without a lease: %v", err)
		}
		if err := s.release(t.Context(), taken[0]); !errors.Is(err, errLeaseLost) {
			t.Errorf("release without a lease: %v", err)
		}
		if d := only(t, s); d.State != Delivered {
			t.Errorf("%+v", d)
		}
	})
}

// Several processes that serve one store send each delivery once.
func TestProcesses(t *testing.T) {
	t.Parallel()
	st := dbtest.Postgres(t)
	r := newReceiver(t)
	services := []*Service{newService(t, st.DB), newService(t, st.Open(t)), newService(t, st.Open(t))}
	e, _ := create(t, services[0], r.URL, "license.*")
	var events []event.New
	for range 100 {
		events = append(events, event.New{Type: "license.created", SubjectID: "lic_1"})
	}
	emit(t, st.DB, events...)
	var wg sync.WaitGroup
	for _, s := range services {
		wg.Go(func() {
			if _, err := s.RunDue(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	ids := map[string]int{}
	for _, m := range r.take() {
		ids[m.ID]++
	}
	for id, n := range ids {
		if n != 1 {
			t.Errorf("%s was sent %d times", id, n)
		}
	}
	if len(ids) != 100 {
		t.Errorf("%d were sent, want 100", len(ids))
	}

	// Another process still remembers an endpoint that is gone: the event is written all the same.
	emit(t, services[1].db, event.New{Type: "order.placed", SubjectID: "ord_1"})
	if err := services[0].Delete(t.Context(), e.ID); err != nil {
		t.Fatal(err)
	}
	emit(t, services[1].db, event.New{Type: "license.created", SubjectID: "lic_2"})
	if n := len(deliveries(t, services[0], DeliveryFilter{State: Pending})); n != 0 {
		t.Errorf("%d deliveries to nobody", n)
	}
}

// Names may lead anywhere, and elsewhere tomorrow: what counts is the address when it is dialled.
func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	st := dbtest.SQLite(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the server was asked") }))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "https://"), ":")
	var allowed []netip.Prefix
	s := New(st.DB, Config{Box: crypt.NewBox(crypt.Key{1}), Allowed: func(context.Context) ([]netip.Prefix, error) { return allowed, nil }})
	create(t, s, "https://localhost:"+port+"/", "*")
	emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_1"})
	runDue(t, s, 1)
	d := deliveries(t, s, DeliveryFilter{EventType: "license.created"})[0]
	if d.State != Pending || !strings.Contains(d.LastError, "which is not a public address") {
		t.Fatalf("%+v", d)
	}
	// Allowed, it is reached; that nobody vouches for its certificate is another matter.
	allowed = networks("127.0.0.0/8", "::1/128")
	if _, err := s.Replay(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	runDue(t, s, 1)
	if d := deliveries(t, s, DeliveryFilter{EventType: "license.created"})[0]; !strings.Contains(d.LastError, "certificate") {
		t.Errorf("%+v", d)
	}
}
