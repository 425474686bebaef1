package webhook

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
)

// inBubble runs f with webhooks whose clock is the bubble's: sleeping moves it, and takes no time. What is sent goes to
// the test instead of the network.
func inBubble(t *testing.T, f func(t *testing.T, d *db.DB, s *Service)) {
	t.Parallel()
	dir := dbtest.SQLiteDir(t)
	synctest.Test(t, func(t *testing.T) {
		d, err := db.Open(t.Context(), db.Config{Dir: dir, Clock: clock.System()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}()
		s := newService(t, d)
		defer s.Stop()
		f(t, d, s)
	})
}

func TestLoopSendsAtOnceAndRetries(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB, s *Service) {
		var asked atomic.Int64
		s.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			if asked.Add(1) == 1 {
				return nil, errors.New("connection refused")
			}
			return noContent(r), nil
		})
		create(t, s, "https://example.com/", "license.*")
		s.Start(t.Context())
		s.Start(t.Context()) // goes on
		synctest.Wait()
		emit(t, d, event.New{Type: "license.created", SubjectID: "lic_1"})
		synctest.Wait()
		if got := only(t, s); got.State != Pending || got.LastError != "connection refused" {
			t.Fatalf("%+v", got.Delivery)
		}
		time.Sleep(firstDelay*3/4 + pollEvery)
		synctest.Wait()
		if got := only(t, s); got.State != Delivered || asked.Load() != 2 {
			t.Errorf("%+v", got.Delivery)
		}
		s.Stop()
		s.Stop()
		emit(t, d, event.New{Type: "license.created", SubjectID: "lic_2"})
		time.Sleep(time.Minute)
		if asked.Load() != 2 {
			t.Error("what was stopped has sent something")
		}
		s.Start(t.Context())
		synctest.Wait()
		if asked.Load() != 3 {
			t.Error("what was started again has sent nothing")
		}
	})
}

// An endpoint that hangs takes its own places, not those of others.
func TestSlowEndpointStopsNoOther(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB, s *Service) {
		var hanging, most, sent atomic.Int64
		s.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host == "slow.example.com" {
				most.Store(max(most.Load(), hanging.Add(1)))
				defer hanging.Add(-1)
				return nil, hang(r.Context())
			}
			sent.Add(1)
			return noContent(r), nil
		})
		create(t, s, "https://slow.example.com/", "license.*")
		create(t, s, "https://fast.example.com/", "license.*")
		events := make([]event.New, 50)
		for i := range events {
			events[i] = event.New{Type: "license.created", SubjectID: "lic_1"}
		}
		s.Start(t.Context())
		emit(t, d, events...)
		synctest.Wait()
		if sent.Load() != 50 || hanging.Load() != perEndpoint {
			t.Errorf("%d sent at once, %d hang", sent.Load(), hanging.Load())
		}
		time.Sleep(timeout + time.Millisecond)
		synctest.Wait()
		if n := len(deliveries(t, s, DeliveryFilter{State: Sending})); n != perEndpoint || most.Load() != perEndpoint {
			t.Errorf("%d are being sent, %d at most", n, most.Load())
		}
		tried := 0
		for _, d := range deliveries(t, s, DeliveryFilter{State: Pending}) {
			if d.LastError == errTimeout.Error() {
				tried++
			}
		}
		if tried != perEndpoint {
			t.Errorf("%d ran into the timeout, want %d", tried, perEndpoint)
		}
	})
}

// Stop waits a moment; what it cuts off is not counted as a failure and is sent again at the next start.
func TestStopGivesBack(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB, s *Service) {
		var asked atomic.Int64
		s.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			if asked.Add(1) == 1 {
				return nil, hang(r.Context())
			}
			return noContent(r), nil
		})
		create(t, s, "https://example.com/", "license.*")
		s.Start(t.Context())
		emit(t, d, event.New{Type: "license.created", SubjectID: "lic_1"})
		synctest.Wait()
		start := time.Now()
		s.Stop()
		if waited := time.Since(start); waited != stopGrace {
			t.Errorf("Stop waited %s", waited)
		}
		if got := only(t, s); got.State != Pending || got.LastError != "" || len(got.Tries) != 0 || got.DueAt.After(start) {
			t.Errorf("%+v", got)
		}
		s.Start(t.Context())
		synctest.Wait()
		if got := only(t, s); got.State != Delivered {
			t.Errorf("%+v", got)
		}
	})
}

// The loop finds what another process wrote, and what a process left that died.
func TestLoopFindsWhatOthersLeft(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB, s *Service) {
		var asked atomic.Int64
		s.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			asked.Add(1)
			return noContent(r), nil
		})
		e, _ := create(t, s, "https://example.com/", "license.*")
		emit(t, d, event.New{Type: "license.created", SubjectID: "lic_1"}, event.New{Type: "license.created", SubjectID: "lic_2"})
		if taken, err := s.claim(t.Context(), e.ID, 1); len(taken) != 1 || err != nil {
			t.Fatalf("%d, %v", len(taken), err)
		}
		s.Start(t.Context())
		synctest.Wait()
		if asked.Load() != 1 {
			t.Errorf("%d asked, want one", asked.Load())
		}
		time.Sleep(leaseTime + pollEvery)
		synctest.Wait()
		if asked.Load() != 2 {
			t.Errorf("%d asked, want both", asked.Load())
		}
	})
}

// A sender that panics is a failure like others.
func TestPanic(t *testing.T) {
	t.Parallel()
	st := dbtest.SQLite(t)
	s := newService(t, st.DB)
	s.client.Transport = roundTrip(func(*http.Request) (*http.Response, error) { panic("oh") })
	create(t, s, "https://example.com/", "*")
	emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_1"})
	runDue(t, s, 1)
	if d := only(t, s); d.State != Pending || d.LastError != "a fault of the sender" {
		t.Errorf("%+v", d)
	}
}

// RunDue settles all that is due, however much that is, and whatever a loop does beside it.
func TestRunDueBesideALoop(t *testing.T) {
	each(t, func(t *testing.T, st *dbtest.Store, s *Service, r *receiver) {
		create(t, s, r.URL, "license.*")
		s.Start(t.Context())
		defer s.Stop()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 25 {
					emit(t, st.DB, event.New{Type: "license.created", SubjectID: "lic_1"})
				}
			})
		}
		wg.Wait()
		if _, err := s.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(deliveries(t, s, DeliveryFilter{State: Delivered})); n != 100 {
			t.Errorf("%d delivered, want 100", n)
		}
		ids := map[string]bool{}
		for _, m := range r.take() {
			if ids[m.ID] {
				t.Errorf("%s was sent twice", m.ID)
			}
			ids[m.ID] = true
		}
	})
}

// A loop that is paused begins nothing, and what it has begun is settled: nobody else would find that as due.
func TestPause(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB, s *Service) {
		let := make(chan struct{})
		s.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			<-let
			return noContent(r), nil
		})
		create(t, s, "https://example.com/", "license.*")
		s.Start(t.Context())
		emit(t, d, event.New{Type: "license.created", SubjectID: "lic_1"})
		synctest.Wait()
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Pause(impatient); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("paused while something is sent: %v", err)
		}
		go close(let)
		resume, err := s.Pause(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := only(t, s); got.State != Delivered {
			t.Errorf("%+v", got.Delivery)
		}
		emit(t, d, event.New{Type: "license.created", SubjectID: "lic_2"})
		time.Sleep(time.Minute)
		if n := len(deliveries(t, s, DeliveryFilter{State: Pending})); n != 1 {
			t.Errorf("%d wait while the loop is paused", n)
		}
		resume()
		synctest.Wait()
		if n := len(deliveries(t, s, DeliveryFilter{State: Delivered})); n != 2 {
			t.Errorf("%d delivered", n)
		}
	})
}

// What a loop begins while RunDue waits for what it had begun before is waited for, too.
func TestRunDueWaitsForAll(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB, s *Service) {
		s.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			time.Sleep(3 * time.Second)
			return noContent(r), nil
		})
		create(t, s, "https://example.com/", "license.*")
		s.Start(t.Context())
		emit(t, d, event.New{Type: "license.created", SubjectID: "lic_1"})
		synctest.Wait()
		go func() {
			time.Sleep(time.Second)
			emit(t, d, event.New{Type: "license.created", SubjectID: "lic_2"})
		}()
		if _, err := s.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(deliveries(t, s, DeliveryFilter{State: Delivered})); n != 2 {
			t.Errorf("%d delivered", n)
		}
	})
}

// A cut-off RunDue gives back what it had begun.
func TestRunDueIsCutOff(t *testing.T) {
	inBubble(t, func(t *testing.T, d *db.DB, s *Service) {
		s.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) { return nil, hang(r.Context()) })
		create(t, s, "https://example.com/", "license.*")
		emit(t, d, event.New{Type: "license.created", SubjectID: "lic_1"})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if n, err := s.RunDue(ctx); n != 1 || err == nil {
			t.Errorf("%d, %v", n, err)
		}
		if got := only(t, s); got.State != Pending || len(got.Tries) != 0 {
			t.Errorf("%+v", got)
		}
	})
}
