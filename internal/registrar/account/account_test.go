package account_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/registrar/registrartest"
	"github.com/keystead/keystead/internal/registry"
	"github.com/keystead/keystead/internal/task/tasktest"
)

// bench is a store's registrars, one of which may be a fake.
type bench struct {
	*account.Service
	store *dbtest.Store
	fake  *registrartest.Fake
	made  int // fakes
}

func setup(t *testing.T, store *dbtest.Store) *bench {
	t.Helper()
	b := &bench{store: store, fake: registrartest.New(store.Clock)}
	b.Service = account.New(store.DB, account.Config{
		Box: crypt.NewBox(crypt.NewKey()),
		Makers: map[string]account.Maker{"fake": func(account.Account, string) (registrar.Registrar, error) {
			b.made++
			return b.fake, nil
		}},
	})
	t.Cleanup(func() { b.Close(context.WithoutCancel(t.Context())) })
	return b
}

func each(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		tasktest.Legible(t, s)
		f(t, setup(t, s))
	})
}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func overEPP(name string) account.Input {
	return account.Input{
		Name: name, Adapter: account.EPP, Secret: "PASS-word1",
		Settings: map[string]string{"address": "epp.registry.example:700", "client_id": "shop-1", "currency": "EUR"},
	}
}

func fieldsOf(err error) []string {
	if err == nil {
		return nil
	}
	e := fail.Of(err)
	if e.Field != "" {
		return []string{e.Field}
	}
	var names []string
	for _, f := range e.Fields {
		names = append(names, f.Field)
	}
	return names
}

func TestInput(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t))
	for _, test := range []struct {
		name   string
		change func(*account.Input)
		fields []string
	}{
		{"good", func(*account.Input) {}, nil},
		{"empty", func(in *account.Input) { *in = account.Input{} }, []string{"name", "adapter"}},
		{"nothing of it", func(in *account.Input) { in.Settings, in.Secret = nil, "" }, []string{"settings.address", "settings.client_id", "secret"}},
		{"no port", func(in *account.Input) { in.Settings["address"] = "epp.registry.example" }, []string{"settings.address"}},
		{"port", func(in *account.Input) { in.Settings["address"] = "epp.registry.example:99999" }, []string{"settings.address"}},
		{"long client", func(in *account.Input) { in.Settings["client_id"] = "more-than-16-characters" }, []string{"settings.client_id"}},
		{"short password", func(in *account.Input) { in.Secret = "short" }, []string{"secret"}},
		{"currency", func(in *account.Input) { in.Settings["currency"] = "Euro" }, []string{"settings.currency"}},
		{"unknown setting", func(in *account.Input) { in.Settings["colour"] = "red" }, []string{"settings.colour"}},
		{"sessions", func(in *account.Input) { in.Settings["sessions"] = "0" }, []string{"settings.sessions"}},
		{"rate", func(in *account.Input) { in.Settings["per_second"] = "fast" }, []string{"settings.per_second"}},
		{"roles", func(in *account.Input) { in.Settings["contact_roles"] = "owner" }, []string{"settings.contact_roles"}},
		{"ca", func(in *account.Input) { in.Settings["ca"] = "-----BEGIN NONSENSE-----" }, []string{"settings.ca"}},
		{"plain over the network", func(in *account.Input) { in.Settings["rest_url"] = "http://registrar.example/" }, []string{"settings.rest_url"}},
		{"key without certificate", func(in *account.Input) { in.ClientKey = "key" }, []string{"client_key"}},
		{"mode", func(in *account.Input) { in.SyncMode = "sometimes" }, []string{"sync_mode"}},
		{"by hand", func(in *account.Input) { in.Adapter, in.Settings, in.Secret = account.Manual, nil, "" }, nil},
		{"built in", func(in *account.Input) { in.Adapter, in.Settings = "fake", map[string]string{"any": "thing"} }, nil},
	} {
		in := overEPP("Registry " + test.name)
		test.change(&in)
		a, err := b.Create(t.Context(), in)
		if got := fieldsOf(err); !slices.Equal(got, test.fields) {
			t.Errorf("%s: wrong are %v (%v), want %v", test.name, got, err, test.fields)
		}
		if err == nil && (a.ID == "" || a.SyncMode != account.SyncOn || a.HasSecret != (in.Secret != "")) {
			t.Errorf("%s: %+v", test.name, a)
		}
	}
}

func TestLifeOfAnAccount(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ctx := event.WithActor(t.Context(), event.Actor{Kind: event.Staff, ID: "stf_1", Name: "Robin"})
		a := must(b.Create(ctx, overEPP("Registry")))(t)
		if _, err := b.Create(ctx, overEPP("Registry")); !slices.Equal(fieldsOf(err), []string{"name"}) {
			t.Errorf("a second of that name: %v", err)
		}
		in := overEPP("Registry one")
		in.Secret = "" // stays
		in.Settings["sessions"] = "8"
		if _, err := b.Change(ctx, a.ID, a.Version+1, in); fail.Of(err).Code != "CHANGED_MEANWHILE" {
			t.Errorf("a change of what isn't there any more: %v", err)
		}
		changed := must(b.Change(ctx, a.ID, a.Version, in))(t)
		if changed.Name != "Registry one" || changed.Settings["sessions"] != "8" || !changed.HasSecret || changed.Version != a.Version+1 {
			t.Errorf("%+v", changed)
		}
		if found := must(b.ByName(ctx, "Registry one"))(t); found.ID != a.ID {
			t.Errorf("%+v", found)
		}
		in.Archived = true
		must(b.Change(ctx, a.ID, changed.Version, in))(t)
		if _, err := b.ByName(ctx, "Registry one"); fail.Of(err).Code != "REGISTRAR_NOT_FOUND" {
			t.Errorf("by name, archived: %v", err)
		}
		if all := must(b.List(ctx))(t); len(all) != 1 || !all[0].Archived {
			t.Errorf("%+v", all)
		}
		if err := b.Restart(ctx, a.ID, "looked at it"); fail.Of(err).Code != "SYNC_RUNS" {
			t.Errorf("restart what runs: %v", err)
		}
		entries, _, err := event.NewLog(b.store.DB).ListAudit(ctx, event.AuditFilter{})
		if err != nil || len(entries) != 3 {
			t.Fatalf("%d audit entries, %v", len(entries), err)
		}
		for _, e := range entries {
			if strings.Contains(e.Before+e.After, "PASS-word1") {
				t.Errorf("the history has the password: %+v", e)
			}
		}
	})
}

func TestOpenIsSharedUntilTheAccountChanges(t *testing.T) {
	t.Parallel()
	b := setup(t, dbtest.SQLite(t))
	ctx := t.Context()
	a := must(b.Create(ctx, account.Input{Name: "Fake", Adapter: "fake"}))(t)
	for range 3 {
		if r := must(b.Open(ctx, a.ID))(t); r != registrar.Registrar(b.fake) {
			t.Fatal("another one")
		}
	}
	if b.made != 1 {
		t.Errorf("made %d times", b.made)
	}
	must(b.Change(ctx, a.ID, a.Version, account.Input{Name: "Fake", Adapter: "fake", SyncMode: account.SyncOff}))(t)
	must(b.Open(ctx, a.ID))(t)
	if b.made != 2 {
		t.Errorf("made %d times after a change", b.made)
	}
	b.Close(ctx)
	if !b.fake.Closed() {
		t.Error("not closed")
	}
	if _, err := b.Open(ctx, a.ID); err == nil {
		t.Error("open after the end")
	}
}

// served is a registry on loopback.
func served(t *testing.T) (*registry.Registry, account.Input) {
	t.Helper()
	identity, err := registry.NewIdentity(time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	r := registry.New(clock.NewTest(dbtest.Start))
	r.AddAccount("shop-1", "PASS-word1", nil)
	if err := r.AddExtension(registry.Extension{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	if err := r.Put(registry.Domain{Name: "a.test", Sponsor: "shop-1", AuthInfo: "code-of-a", Expiry: dbtest.Start.AddDate(1, 0, 0)}); err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- r.Serve(ctx, l, identity) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	in := overEPP("Registry")
	in.Settings["address"], in.Settings["ca"] = l.Addr().String(), string(identity.CA)
	return r, in
}

func TestOverEPP(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		_, in := served(t)
		ctx := t.Context()
		a := must(b.Create(ctx, in))(t)
		if err := b.Test(ctx, a.ID); err != nil {
			t.Fatal(err)
		}
		r := must(b.Open(ctx, a.ID))(t)
		if i, err := r.Info(ctx, "trans-1", "a.test"); err != nil || !i.Ours {
			t.Fatalf("%+v, %v", i, err)
		}
		frames := must(b.FramesOf(ctx, "trans-1"))(t)
		if len(frames) != 2 || !frames[0].Sent || frames[1].Sent || frames[0].Command != "info" || frames[0].RegistrarID != a.ID {
			t.Fatalf("%+v", frames)
		}
		var all []account.Frame
		for cursor := ""; ; {
			page, next, err := b.LastFrames(ctx, a.ID, cursor, 3)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, page...)
			if cursor = next; cursor == "" {
				break
			}
		}
		if len(all) < 6 { // greeting, login and its answer, twice
			t.Errorf("%d frames", len(all))
		}
		for _, f := range all {
			if strings.Contains(f.Body, "PASS-word1") || strings.Contains(f.Body, "code-of-a") {
				t.Errorf("the log has a secret: %s", f.Body)
			}
		}
		if n, err := b.PruneFrames(ctx, b.store.Clock.Now()); err != nil || n != 0 {
			t.Errorf("pruned %d, %v", n, err)
		}
		if n, err := b.PruneFrames(ctx, b.store.Clock.Now().Add(time.Second)); err != nil || n != len(all) {
			t.Errorf("pruned %d of %d, %v", n, len(all), err)
		}

		in.Secret = "WRONG-word"
		must(b.Change(ctx, a.ID, a.Version, in))(t)
		if err := b.Test(ctx, a.ID); fail.Of(err).Code != "REGISTRAR_UNREACHABLE" || strings.Contains(err.Error(), "WRONG-word") {
			t.Errorf("a wrong password: %v", err)
		}
	})
}

// Who may change the address of a registrar has the password sent nowhere that he doesn't know it for.
func TestThePasswordStaysWhereItIs(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		a := must(b.Create(ctx, overEPP("Lab")))(t)
		for setting, value := range map[string]string{"address": "epp.elsewhere.example:700", "server_name": "elsewhere.example", "rest_url": "https://elsewhere.example/"} {
			in := overEPP("Lab")
			in.Secret = ""
			in.Settings[setting] = value
			if _, err := b.Change(ctx, a.ID, a.Version, in); !slices.ContainsFunc(fail.Of(err).Fields, func(f fail.FieldError) bool { return f.Field == "secret" }) {
				t.Errorf("another %s: %v", setting, err)
			}
		}
		in := overEPP("Lab 2")
		in.Secret, in.Settings["sessions"] = "", "2"
		a = must(b.Change(ctx, a.ID, a.Version, in))(t)
		in = overEPP("Lab")
		in.Settings["address"] = "epp.elsewhere.example:700"
		must(b.Change(ctx, a.ID, a.Version, in))(t)
	})
}
