package epp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/registrar/epp"
	"github.com/keystead/keystead/internal/registry"
)

// inBubble runs f with a registry behind pipes, in a synctest bubble: what waits, waits no real time.
func inBubble(t *testing.T, config epp.Config, f func(t *testing.T, w *world)) {
	t.Helper()
	mustIdentity(t)
	synctest.Test(t, func(t *testing.T) {
		w := bare(t, registry.Extension{Name: "test", GraceDays: 30})
		w.put(t, "a.test", "2027-03-10")
		ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
		server := mustIdentity(t).TLS()
		config.Address = "localhost:700"
		config.Dial = func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go w.registry.Converse(ctx, tls.Server(far, server))
			return near, nil
		}
		w.Client = w.client(t, config)
		f(t, w)
		w.Close(ctx)
		stop()
		synctest.Wait()
	})
}

// D15: whatever a hostile registry sends, the command ends in time, as unknown, its session with it, and the next
// command finds a new one.
func TestHostileAnswers(t *testing.T) {
	for _, kind := range []registry.FaultKind{
		registry.ShortHeader, registry.HugeHeader, registry.HalfFrame, registry.Silence, registry.EntityBomb, registry.OuterEntity,
		registry.NotUTF8, registry.NoClTRID, registry.OtherClTRID, registry.UnknownCode, registry.TooDeep,
	} {
		t.Run(string(kind), func(t *testing.T) {
			inBubble(t, epp.Config{FrameTimeout: 10 * time.Second}, func(t *testing.T, w *world) {
				if got := w.expiry(t, "a.test"); got != "2027-03-10" {
					t.Fatal(got)
				}
				if err := w.registry.Inject(registry.Fault{Kind: kind, Command: "renew", Times: 1}); err != nil {
					t.Fatal(err)
				}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				begin := time.Now()
				_, err := w.Renew(t.Context(), w.id(), epp.Renew{Name: "a.test", Guard: civil.On(2027, 3, 10), Years: 1})
				took := time.Since(begin)
				runtime.ReadMemStats(&after)
				if e := asError(err); e == nil || e.Class != epp.ClassUnknown || !e.Sent {
					t.Fatalf("renew: %v", err)
				}
				if took > 10*time.Second {
					t.Errorf("took %v", took)
				}
				if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
					t.Errorf("took %d bytes of memory", n)
				}
				if kind != registry.UnknownCode && w.Stats() != (epp.Stats{}) {
					t.Errorf("the session goes on: %+v", w.Stats())
				}
				if got := w.expiry(t, "a.test"); got != "2028-03-10" {
					t.Errorf("read afterwards: %s", got)
				}
			})
		})
	}
}

func TestSlowAnswerIsUnknownAfterTheDeadline(t *testing.T) {
	inBubble(t, epp.Config{FrameTimeout: 10 * time.Second}, func(t *testing.T, w *world) {
		if err := w.registry.Inject(registry.Fault{Kind: registry.Slow, Command: "renew", Delay: 30 * time.Second, Times: 1}); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		_, err := w.renew(t, "a.test", 1)
		if epp.ClassOf(err) != epp.ClassUnknown || time.Since(begin) != 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		if got := w.expiry(t, "a.test"); got != "2028-03-10" {
			t.Error(got)
		}
	})
}

func TestEndOfContext(t *testing.T) {
	inBubble(t, epp.Config{}, func(t *testing.T, w *world) {
		if err := w.registry.Inject(registry.Fault{Kind: registry.Silence, Command: "renew", Times: 1}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		in := epp.Renew{Name: "a.test", Guard: civil.On(2027, 3, 10), Years: 1}
		if _, err := w.Renew(ctx, w.id(), in); epp.ClassOf(err) != epp.ClassUnknown || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("while it waits: %v", err)
		}
		if _, err := w.Renew(ctx, w.id(), in); epp.ClassOf(err) != epp.ClassSession {
			t.Errorf("before it leaves: %v", err)
		}
		if n := w.arrived("renew", "a.test"); n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
}

// No more sessions than allowed, and every command gets its turn.
func TestPoolIsLimited(t *testing.T) {
	inBubble(t, epp.Config{Sessions: 3}, func(t *testing.T, w *world) {
		if err := w.registry.Inject(registry.Fault{Kind: registry.Slow, Command: "info", Delay: time.Second}); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		done := make(chan error)
		for range 9 {
			id := w.id()
			go func() {
				_, err := w.Info(context.WithoutCancel(t.Context()), id, "a.test", "")
				if s := w.Stats(); s.Busy+s.Idle > 3 {
					err = errors.New("more than three sessions")
				}
				done <- err
			}()
		}
		for range 9 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("nine commands of a second in three sessions took %v", took)
		}
		if n := w.arrived("login", ""); n != 3 {
			t.Errorf("%d logins", n)
		}
	})
}

// A session that the registry closed while it was idle is replaced before anything is sent that matters; with
// keep-alive it isn't even closed.
func TestIdleSessions(t *testing.T) {
	for _, tt := range []struct {
		alive  bool
		logins int
	}{{false, 2}, {true, 1}} {
		inBubble(t, epp.Config{}, func(t *testing.T, w *world) {
			if tt.alive {
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan struct{})
				go func() { w.Run(ctx); close(ended) }()
				defer func() { stop(); <-ended }()
			}
			if got := w.expiry(t, "a.test"); got != "2027-03-10" {
				t.Fatal(got)
			}
			time.Sleep(61 * time.Minute) // of the bubble: the simulator hangs up after ten minutes of silence
			if _, err := w.Renew(t.Context(), w.id(), epp.Renew{Name: "a.test", Guard: civil.On(2027, 3, 10), Years: 1}); err != nil {
				t.Error(err)
			}
			if n := w.arrived("login", ""); n != tt.logins {
				t.Errorf("%d logins, want %d", n, tt.logins)
			}
		})
	}
}

// A registry that can't be reached is left in peace for longer and longer.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dials := 0
		w := bare(t)
		c := w.client(t, epp.Config{Address: "localhost:700", Dial: func(context.Context, string, string) (net.Conn, error) {
			dials++
			return nil, errors.New("no route")
		}})
		for range 600 {
			_, err := c.Check(t.Context(), w.id(), "a.test")
			if e := asError(err); e == nil || e.Class != epp.ClassSession || e.Sent {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if dials < 10 || dials > 20 {
			t.Errorf("%d dials in ten minutes", dials)
		}
	})
}

func TestSessionIsRefused(t *testing.T) {
	t.Parallel()
	w := setup(t, registry.Extension{Name: "test"})
	day := 24 * time.Hour
	stale, err := registry.NewIdentity(time.Now().Add(-10*day), time.Now().Add(-day), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	wrongName, err := registry.NewIdentity(time.Now().Add(-day), time.Now().Add(day), "registry.example")
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	identities := make(chan *registry.Identity, 1)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			w.registry.Converse(context.WithoutCancel(t.Context()), tls.Server(conn, (<-identities).TLS()))
		}
	}()
	for _, tt := range []struct {
		name  string
		shown *registry.Identity
		roots *registry.Identity
	}{
		{"expired certificate", stale, stale},
		{"certificate of another name", wrongName, wrongName},
		{"certificate of another authority", mustIdentity(t), stale},
	} {
		identities <- tt.shown
		c := w.client(t, epp.Config{Address: l.Addr().String(), Roots: tt.roots.Roots()})
		_, err := c.Check(t.Context(), w.id(), "a.test")
		e := asError(err)
		if _, is := errors.AsType[*tls.CertificateVerificationError](err); !is || e.Class != epp.ClassSession || e.Sent {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	c := w.client(t, epp.Config{ClientID: "leonet", Password: "not-this-one"})
	if _, err := c.Check(t.Context(), w.id(), "a.test"); epp.ClassOf(err) != epp.ClassSession || !errors.Is(err, epp.ErrLogin) {
		t.Errorf("wrong password: %v", err)
	}
}

// Codes that end a session do, and what was said in it still counts.
func TestCodesThatEndTheSession(t *testing.T) {
	t.Parallel()
	for code, class := range map[int]epp.Class{2500: epp.ClassUnknown, 2501: epp.ClassSession, 2502: epp.ClassSession, 2400: epp.ClassUnknown} {
		w := setup(t, registry.Extension{Name: "test"})
		w.put(t, "a.test", "2027-03-10")
		if err := w.registry.Inject(registry.Fault{Kind: registry.Answer, Command: "renew", Code: code, Times: 1}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.renew(t, "a.test", 1); epp.ClassOf(err) != class {
			t.Errorf("%d: %v", code, err)
		}
		idle := 0
		if code < 2500 {
			idle = 1
		}
		if got := w.Stats(); got != (epp.Stats{Idle: idle}) {
			t.Errorf("%d: %+v", code, got)
		}
		if _, err := w.renew(t, "a.test", 1); err != nil {
			t.Errorf("%d: afterwards %v", code, err)
		}
	}
}

// Secrets never reach the log.
func TestLogHasNoSecrets(t *testing.T) {
	t.Parallel()
	w := setup(t, registry.Extension{Name: "test"})
	var log strings.Builder
	c := w.client(t, epp.Config{Sessions: 1, Record: func(f epp.Frame) { log.Write(f.Text) }})
	if _, err := c.Create(t.Context(), w.id(), epp.Create{Name: "a.test", Years: 1, AuthInfo: "hush&hush"}); err != nil {
		t.Fatal(err)
	}
	if d, err := c.Info(t.Context(), w.id(), "a.test", ""); err != nil || d.AuthInfo != "hush&hush" {
		t.Fatal(d, err)
	}
	if s := log.String(); strings.Contains(s, "hush") || strings.Contains(s, "LAB-PASSWORD") || !strings.Contains(s, "a.test") {
		t.Error(s)
	}
}
