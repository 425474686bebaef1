package faults_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/app/rooms"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/registrar/epp"
	"github.com/keystead/keystead/internal/registrar/rest"
	"github.com/keystead/keystead/internal/registry"
)

const (
	login    = "registrar-1"
	password = "LAB-PASSWORD"
)

// world is a store, built as the program builds it, and the registry that it reaches over EPP and TLS.
type world struct {
	testing.TB
	ctx      context.Context
	store    *dbtest.Store
	db       *db.DB
	key      crypt.Key
	files    string
	registry *registry.Registry
	address  string
	plain    string // the registry's API without a guard
	identity *registry.Identity

	*rooms.Rooms
	life       *life
	registrars map[string]string // ids by adapter
	distant    bool              // the registry is far away
	patience   time.Duration     // for how long an answer is waited for; 0: for as long as a busy machine needs

	mu    sync.Mutex
	heard []time.Time           // when the registry was told something, by the machine's clock
	hear  func(document []byte) // is called with what it is told; nil: nobody is
}

// came is when the registry was told something.
func (w *world) came() []time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.heard
}

// life is that of a process: it ends when somebody dies in it.
type life struct {
	mu       sync.Mutex
	deaths   map[string]death // by the name of the domain whose command somebody dies of
	died     chan struct{}    // closed when somebody has
	buried   chan struct{}    // closed when the store of the dead process is closed
	once     *sync.Once
	adapters []registrar.Registrar
}

// death is when a process dies of a command.
type death int

const (
	beforeSending death = iota + 1
	afterSending
)

// dies ends the process if it is to die of this command at this moment. It does not return before nobody can be reached.
func (l *life) dies(name string, when death) bool {
	l.mu.Lock()
	if l.deaths[name] != when {
		l.mu.Unlock()
		return false
	}
	delete(l.deaths, name)
	l.mu.Unlock()
	l.once.Do(func() { close(l.died) })
	<-l.buried
	return true
}

// mortal is a registrar whose process may die of a renewal, a registration or a transfer.
type mortal struct {
	registrar.Registrar
	life *life
}

func (m mortal) Renew(ctx context.Context, transaction string, in registrar.Renewal) registrar.Answer {
	return m.lives(in.Name, func() registrar.Answer { return m.Registrar.Renew(ctx, transaction, in) })
}

// lives sends a command about a name, of which somebody may die.
func (m mortal) lives(name string, send func() registrar.Answer) registrar.Answer {
	if m.life.dies(name, beforeSending) {
		return registrar.Answer{Class: registrar.Unknown}
	}
	a := send()
	if m.life.dies(name, afterSending) {
		return registrar.Answer{Class: registrar.Unknown}
	}
	return a
}

// listed is one that has a list of orders, too.
type listed struct {
	mortal
	registrar.Orders
}

func newWorld(t testing.TB, store *dbtest.Store) *world {
	t.Helper()
	w := &world{TB: t, ctx: t.Context(), store: store, db: store.DB, key: crypt.NewKey(), files: t.TempDir(), registrars: map[string]string{}}
	store.Clock.Set(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	w.serve()
	w.life = &life{deaths: map[string]death{}}
	w.build()
	t.Cleanup(func() {
		w.end()
		if err := w.db.Close(); err != nil {
			t.Error(err)
		}
	})
	for adapter, name := range map[string]string{"lab": "over EPP", "plain": "without a guard"} {
		a, err := w.Registrars.Create(w.ctx, account.Input{Name: name, Adapter: adapter, SyncMode: account.SyncOff})
		w.must(err)
		w.registrars[adapter] = a.ID
	}
	for _, x := range registry.Personalities() {
		w.sell(x)
	}
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// serve begins the registry.
func (w *world) serve() {
	w.registry = registry.New(w.store.Clock)
	w.registry.Watch(func(sent bool, document []byte) {
		if sent {
			return
		}
		w.mu.Lock()
		w.heard = append(w.heard, time.Now())
		hear := w.hear
		w.mu.Unlock()
		if hear != nil {
			hear(document)
		}
	})
	w.registry.AddAccount(login, password, nil)
	for _, x := range registry.Personalities() {
		w.must(w.registry.AddExtension(x))
	}
	var err error
	w.identity, err = registry.NewIdentity(time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC), "localhost", "127.0.0.1")
	w.must(err)
	l, err := (&net.ListenConfig{}).Listen(w.ctx, "tcp", "127.0.0.1:0")
	w.must(err)
	w.address = l.Addr().String()
	ctx, stop := context.WithCancel(context.WithoutCancel(w.ctx))
	ended := make(chan error, 1)
	go func() { ended <- w.registry.Serve(ctx, l, w.identity) }()
	server := httptest.NewServer(w.registry.Handler())
	w.plain = server.URL + "/rest"
	w.Cleanup(func() {
		server.Close()
		stop()
		if err := <-ended; err != nil {
			w.Error(err)
		}
	})
}

// build builds the program over the store, as at its start.
func (w *world) build() {
	w.Helper()
	w.life.died, w.life.buried, w.life.once, w.life.adapters = make(chan struct{}), make(chan struct{}), &sync.Once{}, nil
	built, err := rooms.Build(w.ctx, w.db, rooms.Config{
		Dir: w.store.Config.Dir, Files: w.files, Key: w.key, Adapters: map[string]account.Maker{"lab": w.overEPP, "plain": w.plainly},
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	w.must(err)
	w.Rooms = built
}

func (w *world) overEPP(a account.Account, _ string) (registrar.Registrar, error) {
	beside, err := rest.New(rest.Config{URL: w.plain, Account: login, Password: password, Currency: "EUR", Timeout: w.patient()})
	if err != nil {
		return nil, err
	}
	r, err := epp.NewRegistrar(epp.Config{
		Address: w.address, ClientID: login, Password: password, Roots: w.identity.Roots(), Sessions: 8, FrameTimeout: w.patient(),
		ConnectTimeout: w.patient(), Record: w.Registrars.Frames(a.ID),
	}, epp.Options{Currency: "EUR", Beside: beside})
	if err != nil {
		return nil, err
	}
	w.life.adapters = append(w.life.adapters, r)
	if w.distant {
		return distant{r}, nil
	}
	return mortal{r, w.life}, nil
}

func (w *world) plainly(account.Account, string) (registrar.Registrar, error) {
	c, err := rest.New(rest.Config{URL: w.plain, Account: login, Password: password, Currency: "EUR", Timeout: w.patient()})
	if err != nil {
		return nil, err
	}
	w.life.adapters = append(w.life.adapters, c)
	return listed{mortal{c, w.life}, c}, nil
}

// patient is for how long an answer is waited for.
func (w *world) patient() time.Duration { return cmp.Or(w.patience, time.Minute) }

// work does what is due, and survives the death of the process: a new one is built over what the old one has committed.
func (w *world) work() (died bool) {
	w.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := w.Dispatch.RunDue(w.ctx)
		done <- err
	}()
	select {
	case err := <-done:
		w.must(err)
		return false
	case <-w.life.died:
	}
	// Nothing of the dead process reaches the store or the registry any more.
	w.must(w.db.Close())
	for _, a := range w.life.adapters {
		a.Close(w.ctx)
	}
	close(w.life.buried)
	if err := <-done; err == nil {
		w.Log("the process had done its work when it died")
	}
	_ = w.Close(w.ctx) // what it counted is lost with it
	var err error
	w.db, err = db.Open(w.ctx, w.store.Config)
	w.must(err)
	w.build()
	return true
}

// restart ends the process in good order and begins another one.
func (w *world) restart() {
	w.end()
	w.build()
}

// end ends the process in good order.
func (w *world) end() {
	w.Helper()
	if err := w.Close(context.WithoutCancel(w.ctx)); err != nil && !errors.Is(err, context.Canceled) {
		w.Error(err)
	}
}

// sell has the store sell an extension by the rules that the registry has for it.
func (w *world) sell(x registry.Extension) {
	w.Helper()
	p := domainname.Policy{
		Extension: x.Name, ValidFrom: civil.On(2020, 1, 1), MinYears: x.MinYears, MaxYears: x.MaxYears, StepYears: x.Step, GraceDays: x.GraceDays,
		RedemptionDays: x.RedemptionDays, RegistryAutoRenews: x.AutoRenews, ARGPDays: x.ARGPDays, ExplicitRenew: !x.ModeOnly, DueMargin: 3,
		DateMoves: domainname.AtOnce, ExpiryRounding: domainname.NoRounding, RedemptionFee: domainname.Fee{"EUR": 8000}, Source: "registry",
	}
	if x.AutoRenews {
		p.GraceDays = 40
	}
	if x.MovesAtExpiry {
		p.DateMoves = domainname.AtExpiry
	}
	if x.MonthEnd {
		p.ExpiryRounding = domainname.MonthEnd
	}
	if x.Earliest > 0 {
		p.Earliest = &x.Earliest
	}
	_, err := w.Domains.CreatePolicy(w.ctx, p)
	w.must(err)
	var prices domainname.Prices
	for years := 1; years <= 5; years++ {
		if p.Allows(years) {
			prices = append(prices, domainname.Price{
				Extension: x.Name, Kind: domainname.ForRenewal, Years: years, Currency: "EUR", ValidFrom: p.ValidFrom, Amount: int64(1200 * years),
			})
		}
	}
	_, err = w.Domains.SetPrices(w.ctx, prices)
	w.must(err)
}

// put brings a domain to the registry and to the store.
func (w *world) put(name string, expiry time.Time, customerID, adapter string) domainname.Domain {
	w.Helper()
	w.must(w.registry.Put(registry.Domain{Name: name, Sponsor: login, AuthInfo: "auth-1234", Expiry: expiry, Created: expiry.AddDate(-1, 0, 0)}))
	n, err := domainname.ParseName(name)
	w.must(err)
	d := domainname.Domain{
		Name: n, Extension: name[len(label(name))+1:], CustomerID: customerID, RegistrarID: w.registrars[adapter], Kind: domainname.Registered,
		Status: domainname.Active, Term: 1,
		Expiry: domainname.Expiry{At: expiry, Raw: expiry.Format(time.RFC3339Nano), Source: domainname.FromEPP, ReadAt: w.store.Clock.Now().AddDate(0, 0, -3)},
	}
	d.Recurring.Amount, d.Recurring.Currency = 1200, "EUR"
	d.PaidThrough, d.NextDue = d.Expiry.Date(), d.Expiry.Date()
	w.must(w.db.Write(w.ctx, func(tx *db.Tx) error { return domainname.Insert(w.ctx, tx, &d) }))
	return d
}

func label(name string) string {
	for i, c := range name {
		if c == '.' {
			return name[:i]
		}
	}
	return name
}

func (w *world) count(what string, args ...any) (n int) {
	w.Helper()
	w.must(w.db.Read(w.ctx, func(tx *db.Tx) error { return tx.SQL().QueryRowContext(w.ctx, what, args...).Scan(&n) }))
	return n
}
