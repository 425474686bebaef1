package epp

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/porttest"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/epp"
	"github.com/keystead/keystead/internal/registrar/rest"
	"github.com/keystead/keystead/internal/registry"
)

// adapter is the registry as the store reaches it.
func (w *world) adapter(t testing.TB, config epp.Config, options epp.Options) *epp.Registrar {
	t.Helper()
	if config.Address == "" {
		config.Address = w.address
	}
	if config.ClientID == "" {
		config.ClientID, config.Password = "leonet", "LAB-PASSWORD"
	}
	config.Roots = mustIdentity(t).Roots()
	r, err := epp.NewRegistrar(config, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(context.WithoutCancel(t.Context())) })
	return r
}

func euros(cents int64) *money.Money {
	m := money.New(cents, "EUR")
	return &m
}

// judgeFrames has the judge look at all that went over the wire.
func (w *world) judgeFrames(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	documents := make([][]byte, 0, len(w.frames))
	for _, f := range w.frames {
		documents = append(documents, f.document)
	}
	if err := judge(t, documents...); err != nil {
		t.Errorf("of %d frames:\n%v", len(documents), err)
	}
}

// lifeOfAnAccount has the adapter say all that it can say.
func lifeOfAnAccount(t *testing.T) *world {
	t.Helper()
	w := setup(t, registry.Extension{
		Name: "test", GraceDays: 30, RedemptionDays: 30, CreatePrice: 800, RenewPrice: 900, TransferPrice: 700, RestorePrice: 6000,
		Premium: map[string]int64{"gold.test": 25000}, Hosts: registry.HostObjects,
	}, registry.Extension{Name: "async", AsyncMinutes: 10})
	ctx := t.Context()
	ours := w.adapter(t, epp.Config{}, epp.Options{Currency: "EUR", Roles: []string{"admin", "tech", "billing"}})
	theirs := w.adapter(t, epp.Config{ClientID: "other", Password: "OTHER-PASSWORD"}, epp.Options{})
	done := func(what string, a registrar.Answer) registrar.Answer {
		t.Helper()
		if a.Class != registrar.Done || a.Reference == "" {
			t.Fatalf("%s: %+v", what, a)
		}
		return a
	}
	info := func(name string) registrar.Info {
		t.Helper()
		i, err := ours.Info(ctx, w.id(), name)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}

	if free, err := ours.Check(ctx, w.id(), "new.test", "taken.unknown"); err != nil || len(free) != 2 || !free[0].Free || free[1].Free {
		t.Errorf("check: %+v, %v", free, err)
	}
	if i := info("new.test"); i.Found {
		t.Errorf("before it is registered: %+v", i)
	}
	ada := registrar.Contact{Name: "Ada Müller", Company: "Müller & Co", Address: []string{"Haus 3", "Weg 1", "10115 Berlin"}, Country: "DE", Email: "ada@shop.example", Phone: "+49 30 123456"}
	a := done("register", ours.Register(ctx, w.id(), registrar.Registration{Name: "new.test", Years: 2, Registrant: ada, Nameservers: []string{"ns1.shop.example", "ns2.shop.example"}}))
	if a.Expiry.Raw == "" || civil.Of(a.Expiry.At, time.UTC) != civil.On(2028, 11, 22) {
		t.Errorf("registered until %+v", a.Expiry)
	}
	i := info("new.test")
	if !i.Found || !i.Ours || i.Sponsor != "leonet" || i.Expiry.Raw != a.Expiry.Raw || i.Registrant == "" || len(i.Nameservers) != 2 || i.AuthCode == "" ||
		!slices.Equal(i.RGP, []string{"addPeriod"}) {
		t.Errorf("info: %+v", i)
	}
	done("register another with the same contact", ours.Register(ctx, w.id(), registrar.Registration{Name: "new2.test", Years: 1, Registrant: ada}))
	if second := info("new2.test"); second.Registrant != i.Registrant {
		t.Errorf("contact %s, then %s", i.Registrant, second.Registrant)
	}
	if a := ours.Register(ctx, w.id(), registrar.Registration{Name: "new.test", Years: 1, Registrant: ada}); a.Class != registrar.Fault || a.Code != 2302 {
		t.Errorf("register again: %+v", a)
	}
	if a := ours.Register(ctx, w.id(), registrar.Registration{Name: "new3.test", Years: 1, Registrant: registrar.Contact{Name: "Nobody"}}); a.Class != registrar.Fault || w.arrived("create", "new3.test") != 0 {
		t.Errorf("register without an address: %+v", a)
	}

	hosts := []string{"ns2.shop.example", "ns3.shop.example"}
	update := registrar.Update{Name: "new.test", Nameservers: &hosts, AddStatuses: []string{"clientTransferProhibited"}, Registrant: &registrar.Contact{Name: "Grace", Address: []string{"London"}, Country: "gb", Email: "grace@shop.example"}, AuthCode: "Secret-123"}
	if a := done("update", ours.Update(ctx, w.id(), update)); a.AuthCode != "Secret-123" {
		t.Errorf("update: %+v", a)
	}
	i = info("new.test")
	slices.Sort(i.Nameservers)
	if !slices.Equal(i.Nameservers, hosts) || !slices.Contains(i.Statuses, "clientTransferProhibited") || i.AuthCode != "Secret-123" {
		t.Errorf("after the update: %+v", i)
	}
	update.AuthCode = ""
	sent := w.arrived("update", "new.test")
	if a := ours.Update(ctx, w.id(), update); a.Class != registrar.Done || w.arrived("update", "new.test") != sent {
		t.Errorf("update to what is there: %+v, sent %d", a, w.arrived("update", "new.test")-sent)
	}

	renewal := registrar.Renewal{Name: "new.test", Years: 3, Guard: civil.On(2028, 11, 22)}
	if a := done("renew", ours.Renew(ctx, w.id(), renewal)); civil.Of(a.Expiry.At, time.UTC) != civil.On(2031, 11, 22) {
		t.Errorf("renewed until %+v", a.Expiry)
	}
	if a := ours.Renew(ctx, w.id(), renewal); a.Class != registrar.Policy || a.Code != 2004 || w.added("new.test") != 3 {
		t.Errorf("renew again: %+v, added %d", a, w.added("new.test"))
	}

	w.put(t, "gold.test", "2027-03-10")
	q, err := ours.Quote(ctx, w.id(), registrar.Quoting{Name: "gold.test", Command: "renew", Years: 2, Currency: "EUR"})
	if err != nil || !q.Known || !q.Premium || q.Class != "premium" || q.Price != *euros(50000) {
		t.Errorf("quote of a premium name: %+v, %v", q, err)
	}
	if q, err = ours.Quote(ctx, w.id(), registrar.Quoting{Name: "free.test", Command: "register", Years: 2}); err != nil || !q.Known || q.Premium || q.Price != *euros(1600) {
		t.Errorf("quote: %+v, %v", q, err)
	}
	if q, err = theirs.Quote(ctx, w.id(), registrar.Quoting{Name: "free.test", Command: "register", Years: 2}); err != nil || q.Known {
		t.Errorf("quote without a currency: %+v, %v", q, err)
	}
	premium := registrar.Renewal{Name: "gold.test", Years: 1, Guard: civil.On(2027, 3, 10)}
	if a := ours.Renew(ctx, w.id(), premium); a.Class != registrar.Fault || a.Code != 2003 {
		t.Errorf("premium without a price: %+v", a)
	}
	premium.Price = euros(25000)
	done("renew a premium name", ours.Renew(ctx, w.id(), premium))

	w.put(t, "late.async", "2027-03-10")
	id := w.id()
	if a := ours.Renew(ctx, id, registrar.Renewal{Name: "late.async", Years: 1, Guard: civil.On(2027, 3, 10)}); a.Class != registrar.Pending {
		t.Errorf("renew later: %+v", a)
	}
	w.clock.Set(today.Add(11 * time.Minute))
	m, err := ours.Poll(ctx, w.id())
	if err != nil || m == nil || m.Name != "late.async" || m.Transaction != id || m.Done == nil || !*m.Done || m.Body == "" {
		t.Fatalf("message: %+v, %v", m, err)
	}
	for range 2 { // the second finds it gone
		if err := ours.Ack(ctx, w.id(), m.ID); err != nil {
			t.Error(err)
		}
	}
	if m, err := ours.Poll(ctx, w.id()); err != nil || m != nil {
		t.Errorf("message: %+v, %v", m, err)
	}

	if err := w.registry.Put(registry.Domain{Name: "away.test", Sponsor: "other", AuthInfo: "auth-1234", Expiry: at(t, "2027-03-10")}); err != nil {
		t.Fatal(err)
	}
	if i := info("away.test"); !i.Found || i.Ours || i.Sponsor != "other" {
		t.Errorf("another's: %+v", i)
	}
	if s, err := ours.TransferState(ctx, w.id(), "away.test"); err != nil || s.State != "none" {
		t.Errorf("before the transfer: %+v, %v", s, err)
	}
	if a := ours.Transfer(ctx, w.id(), registrar.TransferIn{Name: "away.test", AuthCode: "wrong", Years: 1}); a.Class != registrar.NotOurs || a.Code != 2202 || strings.Contains(a.Message, "2202") || strings.Contains(a.Message, "epp") {
		t.Errorf("transfer by a wrong code: %+v", a)
	}
	if a := ours.Transfer(ctx, w.id(), registrar.TransferIn{Name: "away.test", AuthCode: "auth-1234", Years: 1}); a.Class != registrar.Pending {
		t.Errorf("transfer: %+v", a)
	}
	if s, err := ours.TransferState(ctx, w.id(), "away.test"); err != nil || s.State != "pending" {
		t.Errorf("during the transfer: %+v, %v", s, err)
	}
	if s, err := theirs.TransferState(ctx, w.id(), "away.test"); err != nil || s.State != "none" {
		t.Errorf("the other side's view: %+v, %v", s, err)
	}
	w.clock.Set(today.AddDate(0, 0, 6))
	if s, err := ours.TransferState(ctx, w.id(), "away.test"); err != nil || s.State != "done" || !info("away.test").Ours {
		t.Errorf("after the transfer: %+v, %v", s, err)
	}

	w.put(t, "back.test", "2026-10-01")
	if i := info("back.test"); !slices.Contains(i.RGP, "redemptionPeriod") {
		t.Fatalf("in redemption: %+v", i)
	}
	if a := ours.Renew(ctx, w.id(), registrar.Renewal{Name: "back.test", Years: 1, Guard: civil.On(2026, 10, 1)}); a.Class != registrar.Status {
		t.Errorf("renew in redemption: %+v", a)
	}
	done("restore", ours.Restore(ctx, w.id(), registrar.Restore{Name: "back.test"}))
	done("report", ours.Report(ctx, w.id(), registrar.RestoreReport{Name: "back.test", Before: "back.test", After: "back.test", Deleted: today.AddDate(0, 0, -20), Restored: today, Reason: "Registrant request"}))
	if i := info("back.test"); civil.Of(i.Expiry.At, time.UTC) != civil.On(2027, 10, 1) || len(i.RGP) != 0 {
		t.Errorf("restored: %+v", i)
	}
	if a := ours.SetMode(ctx, w.id(), "back.test", registrar.ModeExpire); a.Class != registrar.Fault {
		t.Errorf("a mode without an interface for it: %+v", a)
	}
	if again := w.registry.Repeated(); len(again) != 0 {
		t.Errorf("sent twice: %v", again)
	}
	return w
}

func TestAdapter(t *testing.T) {
	t.Parallel()
	lifeOfAnAccount(t)
}

func TestEveryFrameOfTheAdapterIsValid(t *testing.T) {
	t.Parallel()
	schemas(t)
	lifeOfAnAccount(t).judgeFrames(t)
}

// D15: whatever a hostile registry sends, the store hears that nobody knows, and the command has left once.
func TestHostileAnswersToTheAdapter(t *testing.T) {
	for _, kind := range []registry.FaultKind{
		registry.CutBefore, registry.CutAfter, registry.ShortHeader, registry.HugeHeader, registry.HalfFrame, registry.Silence, registry.EntityBomb,
		registry.OuterEntity, registry.NotUTF8, registry.NoClTRID, registry.OtherClTRID, registry.UnknownCode, registry.TooDeep,
	} {
		t.Run(string(kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := bare(t, registry.Extension{Name: "test", GraceDays: 30})
				w.put(t, "a.test", "2027-03-10")
				ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
				server := mustIdentity(t).TLS()
				r := w.adapter(t, epp.Config{Address: "localhost:700", FrameTimeout: 10 * time.Second, Dial: func(context.Context, string, string) (net.Conn, error) {
					near, far := net.Pipe()
					go w.registry.Converse(ctx, tls.Server(far, server))
					return near, nil
				}}, epp.Options{})
				if err := w.registry.Inject(registry.Fault{Kind: kind, Command: "renew", Times: 1}); err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				a := r.Renew(t.Context(), w.id(), registrar.Renewal{Name: "a.test", Guard: civil.On(2027, 3, 10), Years: 1})
				if a.Class != registrar.Unknown || time.Since(begin) > 10*time.Second {
					t.Errorf("%+v after %v", a, time.Since(begin))
				}
				if n := w.arrived("renew", "a.test"); n != 1 || len(w.registry.Repeated()) != 0 {
					t.Errorf("sent %d times, repeated %v", n, w.registry.Repeated())
				}
				want := "2028-03-10"
				if kind == registry.CutBefore {
					want = "2027-03-10"
				}
				if i, err := r.Info(t.Context(), w.id(), "a.test"); err != nil || !strings.HasPrefix(i.Expiry.Raw, want) {
					t.Errorf("read afterwards: %+v, %v", i, err)
				}
				r.Close(ctx)
				stop()
				synctest.Wait()
			})
		})
	}
}

// D17: a renewal that was done and comes again is refused differently by each dialect, and never done again.
func TestResendsByDialect(t *testing.T) {
	t.Parallel()
	w := setup(t, registry.Personalities()...)
	r := w.adapter(t, epp.Config{}, epp.Options{})
	for _, test := range []struct {
		name, expiry string
		code         int
		class        registrar.Class
	}{
		{"a.modern", "2027-03-10", 2004, registrar.Policy},
		{"a.classic", "2027-03-10", 2306, registrar.Policy},
		{"a.window", "2027-03-10", 2004, registrar.Policy},
		{"a.window-status", "2027-01-10", 2004, registrar.Policy},
		{"b.window", "2028-03-10", 2105, registrar.Policy},        // too early for a second year
		{"b.window-status", "2028-03-10", 2304, registrar.Status}, // the same, said as a status
		{"a.mode", "2027-03-10", 2101, registrar.Fault},
	} {
		w.put(t, test.name, test.expiry)
		in := registrar.Renewal{Name: test.name, Years: 1, Guard: civil.Of(at(t, test.expiry), time.UTC)}
		first := r.Renew(t.Context(), w.id(), in)
		a := r.Renew(t.Context(), w.id(), in)
		if a.Class != test.class || a.Code != test.code {
			t.Errorf("%s: %+v", test.name, a)
		}
		if n := w.added(test.name); n > 1 || n == 1 != (first.Class == registrar.Done) {
			t.Errorf("%s: %d years added", test.name, n)
		}
	}
}

// D19: the class of what a registry server once answered.
func TestRecordedAnswersToTheAdapter(t *testing.T) {
	t.Parallel()
	all := recordings(t)
	for _, test := range []struct {
		number, name, guard string
		class               registrar.Class
		code                int
	}{
		{"07", "r09166a.test", "2027-11-22", registrar.Done, 1000},
		{"08", "r09166a.test", "2027-11-22", registrar.Policy, 2306}, // stale date
		{"13", "r09166a.test", "2029-11-22", registrar.Policy, 2004}, // period 0
		{"16", "nobody.test", "2027-11-22", registrar.NotOurs, 2303}, // unknown
		{"23", "r09166k.test", "2027-11-22", registrar.Status, 2304}, // locked
		{"26", "r09166g.test", "2026-11-21", registrar.Policy, 2306}, // ARGP, by the old date
		{"27", "r09166g.test", "2027-11-21", registrar.Done, 1000},   // and by the new one
		{"32", "r09166x.test", "2027-11-22", registrar.Status, 2304}, // redemption
		{"49", "r09166a.test", "2027-11-22", registrar.Unknown, 0},   // repeated id: the connection is closed
	} {
		t.Run(test.number+" "+all[test.number].name, func(t *testing.T) {
			t.Parallel()
			trid := all[test.number].trid()
			address := cannedAt(t, all, all[test.number].response)
			r := (&world{address: address}).adapter(t, epp.Config{}, epp.Options{})
			guard, err := civil.Parse(test.guard)
			if err != nil {
				t.Fatal(err)
			}
			if a := r.Renew(t.Context(), trid, registrar.Renewal{Name: test.name, Guard: guard, Years: 1}); a.Class != test.class || a.Code != test.code {
				t.Errorf("%+v", a)
			}
		})
	}
	for number, want := range map[string]struct{ name, guard string }{
		"06": {"r09166a.test", "2027-11-22"}, "09": {"r09166a.test", "2028-11-22"}, "22": {"r09166k.test", "2027-11-22"},
		"25": {"r09166g.test", "2027-11-21"}, "28": {"r09166g.test", "2028-11-21"}, "31": {"r09166x.test", "2027-11-22"},
	} {
		t.Run(number+" guard", func(t *testing.T) {
			t.Parallel()
			r := (&world{address: cannedAt(t, all, all[number].response)}).adapter(t, epp.Config{}, epp.Options{})
			i, err := r.Info(t.Context(), all[number].trid(), want.name)
			date, _, _ := strings.Cut(i.Expiry.Raw, "T")
			if err != nil || !i.Ours || date != want.guard || civil.Of(i.Expiry.At, time.UTC).String() != want.guard {
				t.Errorf("%+v, %v", i, err)
			}
		})
	}
}

// plainly is the registry's plain interface as the store reaches it.
func (w *world) plainly(t *testing.T, config rest.Config) *rest.Client {
	t.Helper()
	handler := w.registry.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, q *http.Request) {
		if w.afterwards == nil {
			handler.ServeHTTP(rw, q)
			return
		}
		handler.ServeHTTP(httptest.NewRecorder(), q)
		w.afterwards(q.URL.Path)
		w.afterwards = nil
		<-q.Context().Done() // whoever asked has given up
	}))
	t.Cleanup(server.Close)
	config.URL, config.Account, config.HTTP = server.URL+"/rest", "leonet", server.Client()
	if config.Password == "" {
		config.Password = "LAB-PASSWORD"
	}
	c, err := rest.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.WithoutCancel(t.Context())) })
	return c
}

// D13: without a guard, a time-out says nothing; the date and the list of orders do.
func TestPlainAdapter(t *testing.T) {
	t.Parallel()
	w := setup(t, registry.Extension{Name: "test", GraceDays: 30, RenewPrice: 900}, registry.Extension{Name: "mode", ModeOnly: true})
	w.put(t, "a.test", "2027-03-10")
	w.put(t, "b.mode", "2027-03-10")
	ctx := t.Context()
	if err := w.registry.Fund("leonet", 1000); err != nil {
		t.Fatal(err)
	}
	var exchanges []rest.Exchange
	c := w.plainly(t, rest.Config{Currency: "EUR", Record: func(e rest.Exchange) { exchanges = append(exchanges, e) }})
	if caps := c.Capabilities(); caps.Guard != registrar.GuardNone || caps.Settle != 2*time.Minute {
		t.Errorf("%+v", caps)
	}
	id := w.id()
	gaveUp, giveUp := context.WithCancel(ctx)
	w.afterwards = func(path string) {
		if strings.HasSuffix(path, "/renew") {
			giveUp()
		}
	}
	if a := c.Renew(gaveUp, id, registrar.Renewal{Name: "a.test", Years: 1}); a.Class != registrar.Unknown {
		t.Errorf("gave up: %+v", a)
	}
	if i, err := c.Info(ctx, w.id(), "a.test"); err != nil || !i.Ours || !strings.HasPrefix(i.Expiry.Raw, "2028-03-10") {
		t.Errorf("read afterwards: %+v, %v", i, err)
	}
	for transaction, want := range map[string]bool{id: true, "another": false} {
		if ordered, err := c.Ordered(ctx, transaction); err != nil || ordered != want {
			t.Errorf("%s is in the list of orders: %t, %v", transaction, ordered, err)
		}
	}
	if b, known, err := c.Balance(ctx); err != nil || !known || b != *euros(100) {
		t.Errorf("balance %v, %v, %v", b, known, err)
	}
	for _, test := range []struct {
		fault *registry.Fault
		name  string
		class registrar.Class
	}{
		{nil, "a.test", registrar.Money},
		{nil, "none.test", registrar.NotOurs},
		{nil, "b.mode", registrar.Fault},
		{&registry.Fault{Kind: registry.CutBefore, Times: 1}, "a.test", registrar.Unknown},
		{&registry.Fault{Kind: registry.Answer, Code: 2306, Times: 1}, "a.test", registrar.Policy},
	} {
		if test.fault != nil {
			if err := w.registry.Inject(*test.fault); err != nil {
				t.Fatal(err)
			}
		}
		if a := c.Renew(ctx, w.id(), registrar.Renewal{Name: test.name, Years: 1}); a.Class != test.class {
			t.Errorf("%s: %+v, want %s", test.name, a, test.class)
		}
	}
	if a := c.SetMode(ctx, w.id(), "b.mode", registrar.ModeExpire); a.Class != registrar.Done {
		t.Errorf("set mode: %+v", a)
	}
	if d, _ := w.registry.Domain("b.mode"); d.Mode != registry.ModeExpire {
		t.Error(d.Mode)
	}
	if i, err := c.Info(ctx, w.id(), "none.test"); err != nil || i.Found {
		t.Errorf("%+v, %v", i, err)
	}
	if a := w.plainly(t, rest.Config{Password: "wrong"}).Renew(ctx, w.id(), registrar.Renewal{Name: "a.test", Years: 1}); a.Class != registrar.Session {
		t.Errorf("wrong password: %+v", a)
	}
	for _, e := range exchanges {
		if strings.Contains(e.Request+e.Answer, "LAB-PASSWORD") {
			t.Errorf("the log has the password: %+v", e)
		}
	}
	if len(exchanges) == 0 || w.added("a.test") != 1 {
		t.Errorf("%d exchanges, %d years", len(exchanges), w.added("a.test"))
	}
}

// The adapter says the mode, and reads the balance, through the interface beside EPP.
func TestBesideEPP(t *testing.T) {
	t.Parallel()
	w := setup(t, registry.Extension{Name: "mode", ModeOnly: true})
	w.put(t, "b.mode", "2027-03-10")
	if err := w.registry.Fund("leonet", 4200); err != nil {
		t.Fatal(err)
	}
	r := w.adapter(t, epp.Config{}, epp.Options{Beside: w.plainly(t, rest.Config{Currency: "EUR"})})
	if !r.Capabilities().SetMode {
		t.Error("no mode to be set")
	}
	if a := r.SetMode(t.Context(), w.id(), "b.mode", registrar.ModeExpire); a.Class != registrar.Done {
		t.Errorf("set mode: %+v", a)
	}
	if b, known, err := r.Balance(t.Context()); err != nil || !known || b != *euros(4200) {
		t.Errorf("balance %v, %v, %v", b, known, err)
	}
	c, err := rest.New(rest.Config{URL: "http://" + porttest.Free(t), Account: "leonet", Password: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if a := c.SetMode(t.Context(), w.id(), "b.mode", registrar.ModeRenew); a.Class != registrar.Session {
		t.Errorf("nobody there: %+v", a)
	}
}
