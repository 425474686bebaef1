// Package epp drives the EPP client and the registry simulator, which know nothing of each other, against one another
// and against judges that nobody here wrote: the schemas of the RFCs, Net::EPP, and what another server once said.
package epp

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/registrar/epp"
	"github.com/keystead/keystead/internal/registry"
)

var today = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// identity is good at any time: in a synctest bubble it is the year 2000.
var identity = sync.OnceValues(func() (*registry.Identity, error) {
	return registry.NewIdentity(time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), "localhost", "127.0.0.1")
})

// world is a registry, and a client of it.
type world struct {
	*epp.Client
	registry *registry.Registry
	clock    *clock.Test
	address  string

	mu     sync.Mutex
	frames []frame
	trids  int

	// afterwards is called when the next request of the plain interface is done, whose answer is kept back; nil: it isn't.
	afterwards func(path string)
}

type frame struct {
	sent     bool // by the registry
	document []byte
}

// setup serves a registry on loopback.
func setup(t testing.TB, extensions ...registry.Extension) *world {
	t.Helper()
	w := bare(t, extensions...)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.address = l.Addr().String()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- w.registry.Serve(ctx, l, mustIdentity(t)) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	w.Client = w.client(t, epp.Config{})
	return w
}

// bare is a registry that nobody serves yet.
func bare(t testing.TB, extensions ...registry.Extension) *world {
	t.Helper()
	w := &world{clock: clock.NewTest(today)}
	w.registry = registry.New(w.clock)
	w.registry.Watch(func(sent bool, document []byte) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.frames = append(w.frames, frame{sent, bytes.Clone(document)})
	})
	w.registry.AddAccount("leonet", "LAB-PASSWORD", nil)
	w.registry.AddAccount("other", "OTHER-PASSWORD", nil)
	w.registry.PutContact(registry.Contact{ID: "lab-c1", Sponsor: "leonet", Form: "int", Name: "Lab", City: "Berlin", Country: "DE", Email: "lab@lab.example"})
	for _, x := range extensions {
		if err := w.registry.AddExtension(x); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func mustIdentity(t testing.TB) *registry.Identity {
	t.Helper()
	i, err := identity()
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// client makes one more client.
func (w *world) client(t testing.TB, config epp.Config) *epp.Client {
	t.Helper()
	if config.Address == "" {
		config.Address = w.address
	}
	if config.ClientID == "" {
		config.ClientID, config.Password = "leonet", "LAB-PASSWORD"
	}
	if config.Roots == nil {
		config.Roots = mustIdentity(t).Roots()
	}
	c, err := epp.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.WithoutCancel(t.Context())) })
	return c
}

// id is a fresh transaction id.
func (w *world) id() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trids++
	return fmt.Sprintf("intent-%d", w.trids)
}

// put makes a domain that expires at an instant, written as YYYY-MM-DDTHH:MM:SSZ or YYYY-MM-DD.
func (w *world) put(t testing.TB, name, expiry string) {
	t.Helper()
	if err := w.registry.Put(registry.Domain{Name: name, Sponsor: "leonet", AuthInfo: "auth-1234", Expiry: at(t, expiry)}); err != nil {
		t.Fatal(err)
	}
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if got, err := time.Parse(layout, text); err == nil {
			return got
		}
	}
	t.Fatalf("%q is no time", text)
	return time.Time{}
}

// renew sends one renewal with the guard that the registry shows.
func (w *world) renew(t testing.TB, name string, years int) (*epp.Renewed, error) {
	t.Helper()
	d, err := w.Info(t.Context(), w.id(), name, "")
	if err != nil {
		t.Fatal(err)
	}
	return w.Renew(t.Context(), w.id(), epp.Renew{Name: name, Guard: d.Expires.Date(), Years: years})
}

// expiry is the date that the registry shows.
func (w *world) expiry(t testing.TB, name string) string {
	t.Helper()
	d, err := w.Info(t.Context(), w.id(), name, "")
	if err != nil {
		t.Fatal(err)
	}
	return d.Expires.Date().String()
}

// added counts the years that were added to a domain for money.
func (w *world) added(name string) int {
	n := 0
	for _, e := range w.registry.Ledger() {
		if e.Name == name && e.Kind != "create" {
			n += e.Years
		}
	}
	return n
}

// arrived counts the commands that reached the registry.
func (w *world) arrived(verb, name string) int {
	n := 0
	for _, c := range w.registry.Journal() {
		if c.Verb == verb && c.Name == name {
			n++
		}
	}
	return n
}

func code(err error) int {
	if e := asError(err); e != nil {
		return e.Code
	}
	return 0
}
