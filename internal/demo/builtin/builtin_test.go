package builtin_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/demo/builtin"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/account"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// bench is a store with the shipped policies, and its registry.
type bench struct {
	*testing.T
	registrar.Registrar
	store    *dbtest.Store
	file     string
	customer string
	n        int
}

func setup(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, store: dbtest.SQLite(t), file: filepath.Join(t.TempDir(), "registry.json")}
	b.store.Clock.Set(noon)
	if _, err := domainname.New(b.store.DB).InstallShipped(t.Context()); err != nil {
		t.Fatal(err)
	}
	c, err := customer.New(b.store.DB, func(context.Context, *db.Tx) (money.Currency, error) { return "EUR", nil }).Create(t.Context(), customer.Input{Email: "ada@example.com", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	b.customer = c.ID
	b.open()
	return b
}

// open opens the registry as another process would, after the one before was killed.
func (b *bench) open() {
	b.Helper()
	r, err := builtin.New(b.store.DB, b.file).Open(account.Account{ID: "rgr_1"}, "")
	if err != nil {
		b.Fatal(err)
	}
	b.Registrar = r
	b.Cleanup(func() { r.Close(context.WithoutCancel(b.Context())) })
}

func (b *bench) id() string {
	b.n++
	return "transaction-" + string(rune('a'+b.n))
}

// put stores a domain that ends at an instant.
func (b *bench) put(name, expiry string, change ...func(*domainname.Domain)) {
	b.Helper()
	n, err := domainname.ParseName(name)
	if err != nil {
		b.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339, expiry)
	if err != nil {
		b.Fatal(err)
	}
	_, extension, _ := strings.Cut(name, ".")
	d := domainname.Domain{
		Name: n, Extension: extension, CustomerID: b.customer, Kind: domainname.Registered, Status: domainname.Active, Term: 1,
		Recurring: money.New(1200, "EUR"), Expiry: domainname.Expiry{At: at, Raw: expiry, Source: domainname.FromImport, ReadAt: noon},
	}
	for _, f := range change {
		f(&d)
	}
	if err := b.store.DB.Write(b.Context(), func(tx *db.Tx) error { return domainname.Insert(b.Context(), tx, &d) }); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) info(name string) registrar.Info {
	b.Helper()
	i, err := b.Info(b.Context(), b.id(), name)
	if err != nil {
		b.Fatal(err)
	}
	return i
}

func (b *bench) expires(name, want string) {
	b.Helper()
	if i := b.info(name); !i.Found || !i.Ours || civil.Of(i.Expiry.At, time.UTC).String() != want {
		b.Errorf("%s: %+v, want %s", name, i, want)
	}
}

func (b *bench) renew(name, guard string) registrar.Answer {
	b.Helper()
	date, err := civil.Parse(guard)
	if err != nil {
		b.Fatal(err)
	}
	return b.Renew(b.Context(), b.id(), registrar.Renewal{Name: name, Years: 1, Guard: date})
}

func TestItKnowsWhatTheStoreHas(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put("shop.com", "2027-03-10T10:00:00Z", func(d *domainname.Domain) { d.Nameservers = []string{"ns1.shop.example", "ns2.shop.example"} })
	i := b.info("shop.com")
	if !i.Ours || i.Expiry.At != time.Date(2027, 3, 10, 10, 0, 0, 0, time.UTC) || !i.Created.At.Before(noon) || len(i.Nameservers) != 2 {
		t.Errorf("%+v", i)
	}
	if i := b.info("nobody.com"); i.Found {
		t.Errorf("%+v", i)
	}
	free, err := b.Check(t.Context(), b.id(), "shop.com", "nobody.com", "nobody.nowhere")
	if err != nil || len(free) != 3 || free[0].Free || !free[1].Free || free[2].Free {
		t.Errorf("%+v, %v", free, err)
	}
}

// Whatever was answered is there after the program was killed.
func TestItSurvivesBeingKilled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put("shop.com", "2027-03-10T10:00:00Z")
	if a := b.renew("shop.com", "2027-03-10"); a.Class != registrar.Done {
		t.Fatalf("%+v", a)
	}
	b.open()
	b.expires("shop.com", "2028-03-10")
	if a := b.renew("shop.com", "2027-03-10"); a.Class != registrar.Policy {
		t.Errorf("the same again: %+v", a)
	}
}

func TestARecordIsEnoughToRegister(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ada := registrar.Contact{Name: "Ada", Email: "ada@example.com"}
	if a := b.Register(t.Context(), b.id(), registrar.Registration{Name: "new.co.uk", Years: 2, Registrant: ada}); a.Class != registrar.Done {
		t.Fatalf("%+v", a)
	}
	b.expires("new.co.uk", "2028-11-22")
	if a := b.Register(t.Context(), b.id(), registrar.Registration{Name: "new.nowhere", Years: 1, Registrant: ada}); a.Class == registrar.Done {
		t.Errorf("an extension that the store has not: %+v", a)
	}
	if a := b.Transfer(t.Context(), b.id(), registrar.TransferIn{Name: "moving.com", AuthCode: "code-1", Years: 1, Registrant: ada}); a.Class != registrar.Pending {
		t.Fatalf("transfer: %+v", a)
	}
	b.store.Clock.Advance(6 * 24 * time.Hour)
	if s, err := b.TransferState(t.Context(), b.id(), "moving.com"); err != nil || s.State != "done" || !b.info("moving.com").Ours {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestItFollowsThePolicies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put("auto.com", "2026-11-25T10:00:00Z")
	b.put("mode.de", "2026-11-25T10:00:00Z")
	b.put("ended.de", "2026-11-25T10:00:00Z")
	b.put("grace.fi", "2026-11-25T10:00:00Z")
	b.put("policyless.nowhere", "2027-11-25T10:00:00Z")
	for _, name := range []string{"auto.com", "mode.de", "ended.de", "grace.fi"} {
		b.expires(name, "2026-11-25")
	}
	if a := b.renew("policyless.nowhere", "2027-11-25"); a.Class != registrar.Done {
		t.Errorf("without a policy: %+v", a)
	}
	if a := b.renew("mode.de", "2026-11-25"); a.Class != registrar.Fault {
		t.Errorf("renew by command: %+v", a)
	}
	if a := b.SetMode(t.Context(), b.id(), "ended.de", registrar.ModeExpire); a.Class != registrar.Done {
		t.Errorf("mode: %+v", a)
	}
	if a := b.SetMode(t.Context(), b.id(), "auto.com", registrar.ModeExpire); a.Class != registrar.Fault {
		t.Errorf("mode where there is a command: %+v", a)
	}
	b.store.Clock.Advance(5 * 24 * time.Hour)
	b.expires("auto.com", "2027-11-25")
	b.expires("mode.de", "2027-11-25")
	if i := b.info("ended.de"); !slices.Contains(i.RGP, "redemptionPeriod") {
		t.Errorf("told to expire: %+v", i)
	}
	if a := b.renew("grace.fi", "2026-11-25"); a.Class != registrar.Done {
		t.Errorf("in grace: %+v", a)
	}

	one := 1
	if _, err := domainname.New(b.store.DB).CreatePolicy(t.Context(), domainname.Policy{
		Extension: "fi", ValidFrom: civil.On(2026, 12, 1), MinYears: 1, MaxYears: 1, StepYears: 1, Earliest: &one, ExplicitRenew: true,
		DateMoves: domainname.AtOnce, ExpiryRounding: domainname.NoRounding,
	}); err != nil {
		t.Fatal(err)
	}
	b.store.Clock.Advance(4 * 24 * time.Hour)
	if a := b.renew("grace.fi", "2027-11-25"); a.Class != registrar.Policy || a.Code != 2105 {
		t.Errorf("by the new policy: %+v", a)
	}
}

// What is gone at the registry does not come back because the store's record is still there.
func TestWhatIsGoneStaysGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put("gone.fi", "2026-11-25T10:00:00Z")
	b.put("expired.de", "2026-11-25T10:00:00Z", func(d *domainname.Domain) { d.Mode = domainname.ModeExpire })
	b.expires("gone.fi", "2026-11-25")
	b.expires("expired.de", "2026-11-25")
	b.store.Clock.Advance(120 * 24 * time.Hour)
	for range 2 {
		for _, name := range []string{"gone.fi", "expired.de"} {
			if i := b.info(name); i.Found {
				t.Errorf("%s: %+v", name, i)
			}
		}
		b.open()
	}
}
