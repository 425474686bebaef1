package epp

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/epp"
	"github.com/keystead/keystead/internal/registry"
)

func asError(err error) *epp.Error {
	e, _ := errors.AsType[*epp.Error](err)
	return e
}

func TestLifeOfADomain(t *testing.T) {
	t.Parallel()
	w := setup(t, registry.Extension{Name: "test", GraceDays: 30, RedemptionDays: 30, CreatePrice: 800, RenewPrice: 900, RestorePrice: 6000})
	ctx := t.Context()
	if g, err := w.Hello(ctx); err != nil || g.Server == "" {
		t.Fatalf("hello: %v, %v", g, err)
	}
	free, err := w.Check(ctx, w.id(), "new.test", "taken.unknown")
	if err != nil || len(free) != 2 || !free[0].Free || free[1].Free {
		t.Fatalf("check: %+v, %v", free, err)
	}
	if _, err := w.CreateContact(ctx, w.id(), epp.Contact{
		ID: "c-1", Name: "Ada & Co", Street: []string{"1 <Main> St"}, City: "London", Country: "GB", Phone: "+44.2012345678", Email: "ada@shop.example", AuthInfo: "secret",
	}); err != nil {
		t.Fatal(err)
	}
	if c, err := w.InfoContact(ctx, w.id(), "c-1"); err != nil || c.Name != "Ada & Co" || c.Street[0] != "1 <Main> St" {
		t.Fatalf("contact: %+v, %v", c, err)
	}
	if _, err := w.UpdateContact(ctx, w.id(), epp.Contact{ID: "c-1", Name: "Ada", City: "London", Country: "GB", Email: "ada@shop.example"}); err != nil {
		t.Fatal(err)
	}
	made, err := w.Create(ctx, w.id(), epp.Create{
		Name: "new.test", Years: 2, Registrant: "c-1", Contacts: []epp.DomainContact{{Role: "admin", ID: "c-1"}},
		Nameservers: []epp.Nameserver{{Name: "ns1.shop.example"}, {Name: "ns2.shop.example"}}, AuthInfo: "pw<&>\"'",
	})
	if err != nil || made.Expires.Date() != civil.On(2028, 11, 22) {
		t.Fatalf("create: %+v, %v", made, err)
	}
	d, err := w.Info(ctx, w.id(), "new.test", "")
	if err != nil || d.AuthInfo != "pw<&>\"'" || d.Sponsor != "leonet" || len(d.Nameservers) != 2 || !slices.Equal(d.RGP, []string{"addPeriod"}) {
		t.Fatalf("info: %+v, %v", d, err)
	}
	if _, err := w.Create(ctx, w.id(), epp.Create{Name: "new.test", Years: 1, AuthInfo: "x"}); code(err) != 2302 || epp.ClassOf(err) != epp.ClassFault {
		t.Errorf("create again: %v", err)
	}

	lock := epp.Parts{Statuses: []string{"clientRenewProhibited", "clientTransferProhibited"}}
	if _, err := w.Update(ctx, w.id(), epp.Update{Name: "new.test", Add: lock}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.renew(t, "new.test", 1); epp.ClassOf(err) != epp.ClassStatus {
		t.Errorf("renew under a lock: %v", err)
	}
	if _, err := w.Update(ctx, w.id(), epp.Update{Name: "new.test", Remove: lock, AuthInfo: "another"}); err != nil {
		t.Fatal(err)
	}
	renewed, err := w.renew(t, "new.test", 1)
	if err != nil || renewed.Expires.Date() != civil.On(2029, 11, 22) || renewed.SvTRID == "" {
		t.Fatalf("renew: %+v, %v", renewed, err)
	}

	w.clock.Set(today.AddDate(0, 1, 0))
	if r, err := w.Delete(ctx, w.id(), "new.test"); err != nil || r.Class != epp.ClassPending {
		t.Fatalf("delete: %+v, %v", r, err)
	}
	if _, err := w.renew(t, "new.test", 1); epp.ClassOf(err) != epp.ClassStatus {
		t.Errorf("renew in redemption: %v", err)
	}
	if _, err := w.Restore(ctx, w.id(), epp.Restore{Name: "new.test"}); err != nil {
		t.Fatal(err)
	}
	if d, _ := w.Info(ctx, w.id(), "new.test", ""); !slices.Equal(d.RGP, []string{"pendingRestore"}) {
		t.Errorf("after the request: %v", d.RGP)
	}
	if _, err := w.RestoreReport(ctx, w.id(), epp.Report{
		Name: "new.test", Before: "as it was", After: "as it is", Deleted: today, Restored: today, Reason: "deleted by mistake",
		Statements: [2]string{"This is so.", "Nothing is hidden."},
	}); err != nil {
		t.Fatal(err)
	}
	if d, _ := w.Info(ctx, w.id(), "new.test", ""); slices.Contains(d.Statuses, "pendingDelete") || d.Expires.Date() != civil.On(2029, 11, 22) {
		t.Errorf("restored: %+v", d)
	}
	if _, err := w.Info(ctx, w.id(), "nobody.test", ""); epp.ClassOf(err) != epp.ClassGone || code(err) != 2303 {
		t.Errorf("info of nothing: %v", err)
	}
}

// A renewal that was done and is sent once more is refused, by each dialect in its own words.
func TestRepeatedRenewalAddsNothing(t *testing.T) {
	t.Parallel()
	for dialect, want := range map[registry.Dialect]int{registry.Modern: 2004, registry.Classic: 2306} {
		w := setup(t, registry.Extension{Name: "test", Dialect: dialect, GraceDays: 30})
		w.put(t, "a.test", "2027-03-10")
		in := epp.Renew{Name: "a.test", Guard: civil.On(2027, 3, 10), Years: 1}
		if _, err := w.Renew(t.Context(), w.id(), in); err != nil {
			t.Fatal(err)
		}
		_, err := w.Renew(t.Context(), w.id(), in)
		if code(err) != want || epp.ClassOf(err) != epp.ClassStale {
			t.Errorf("%s: %v, want %d", dialect, err, want)
		}
		if n := w.added("a.test"); n != 1 {
			t.Errorf("%s: %d years added", dialect, n)
		}
	}
}

// D1 and D2: whether the registry had committed is not to be seen from the outside, and only reading tells.
func TestCutConnection(t *testing.T) {
	t.Parallel()
	for kind, want := range map[registry.FaultKind]string{registry.CutAfter: "2028-03-10", registry.CutBefore: "2027-03-10"} {
		w := setup(t, registry.Extension{Name: "test", GraceDays: 30})
		w.put(t, "a.test", "2027-03-10")
		if err := w.registry.Inject(registry.Fault{Kind: kind, Command: "renew", Times: 1}); err != nil {
			t.Fatal(err)
		}
		_, err := w.renew(t, "a.test", 1)
		if e := asError(err); e == nil || e.Class != epp.ClassUnknown || !e.Sent || e.Class.Outcome() != epp.Unknown {
			t.Fatalf("%s: %v", kind, err)
		}
		if got := w.arrived("renew", "a.test"); got != 1 {
			t.Errorf("%s: sent %d times", kind, got)
		}
		if got := w.expiry(t, "a.test"); got != want {
			t.Errorf("%s: expires %s, want %s", kind, got, want)
		}
		if ids := w.registry.Repeated(); len(ids) != 0 {
			t.Errorf("%s: transaction ids used twice: %v", kind, ids)
		}
	}
}

// A read whose session is found dead is asked again; nothing else is.
func TestOnlyReadsAreAskedTwice(t *testing.T) {
	t.Parallel()
	w := setup(t, registry.Extension{Name: "test"})
	w.put(t, "a.test", "2027-03-10")
	if err := w.registry.Inject(registry.Fault{Kind: registry.CutBefore, Command: "info", Times: 1}); err != nil {
		t.Fatal(err)
	}
	if got := w.expiry(t, "a.test"); got != "2027-03-10" {
		t.Error(got)
	}
	if n := w.arrived("info", "a.test"); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

func TestHabits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		x      registry.Extension
		expiry string
		years  int
		code   int    // of a refusal
		want   string // expiry afterwards
		later  string // then the clock is set
		after  string // and this is the expiry
	}{
		{name: "29 February, modern", expiry: "2028-02-29", years: 1, want: "2029-02-28"},
		{name: "29 February, classic", x: registry.Extension{Dialect: registry.Classic}, expiry: "2028-02-29", years: 1, want: "2029-03-01"},
		{name: "ten years to the instant", expiry: "2027-11-22T12:00:01Z", years: 9, code: 2004, want: "2027-11-22"},
		{name: "exactly ten years", expiry: "2027-11-22T12:00:00Z", years: 9, want: "2036-11-22"},
		{name: "ten years by calendar", x: registry.Extension{Dialect: registry.Classic}, expiry: "2027-12-31", years: 9, want: "2036-12-31"},
		{name: "too long by calendar", x: registry.Extension{Dialect: registry.Classic}, expiry: "2028-01-01", years: 9, code: 2306, want: "2028-01-01"},
		{name: "too early", x: registry.Extension{Earliest: 180, GraceDays: 90}, expiry: "2027-06-01", years: 1, code: 2105, want: "2027-06-01"},
		{name: "too early, as a status", x: registry.Extension{Earliest: 60, EarlyCode: 2304}, expiry: "2027-03-01", years: 1, code: 2304, want: "2027-03-01"},
		{name: "first day", x: registry.Extension{Earliest: 180}, expiry: "2027-05-21", years: 1, want: "2028-05-21"},
		{name: "term not offered", x: registry.Extension{MinYears: 2, Step: 2}, expiry: "2027-03-10", years: 3, code: 2306, want: "2027-03-10"},
		{name: "mode only", x: registry.Extension{ModeOnly: true}, expiry: "2027-02-01", years: 1, code: 2101, want: "2027-02-01", later: "2027-02-01T00:00:00Z", after: "2028-02-01"},
		{name: "moves at expiry", x: registry.Extension{MovesAtExpiry: true}, expiry: "2026-12-10", years: 1, want: "2026-12-10", later: "2026-12-10T00:00:00Z", after: "2027-12-10"},
		{name: "late evening", x: registry.Extension{LateEvening: true, YearsAhead: 10}, expiry: "2027-11-06T22:59:59.999Z", years: 1, want: "2028-11-06"},
		{name: "years ahead", x: registry.Extension{YearsAhead: 3}, expiry: "2027-03-10", years: 3, code: 2004, want: "2027-03-10"},
		{name: "month end", x: registry.Extension{MonthEnd: true}, expiry: "2027-02-28", years: 1, want: "2028-02-29"},
		{name: "grace", x: registry.Extension{GraceDays: 30}, expiry: "2026-10-24", years: 1, want: "2027-10-24"},
		{name: "by itself", x: registry.Extension{AutoRenews: true, ARGPDays: 45}, expiry: "2026-11-21", years: 1, want: "2028-11-21"},
		{name: "later", x: registry.Extension{AsyncMinutes: 10}, expiry: "2027-03-10", years: 1, want: "2027-03-10", later: "2026-11-22T12:10:00Z", after: "2028-03-10"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.x.Name = "test"
			w := setup(t, tt.x)
			w.put(t, "a.test", tt.expiry)
			_, err := w.renew(t, "a.test", tt.years)
			if code(err) != tt.code || err != nil && tt.code == 0 {
				t.Fatalf("renew: %v, want code %d", err, tt.code)
			}
			if got := w.expiry(t, "a.test"); got != tt.want {
				t.Errorf("expires %s, want %s", got, tt.want)
			}
			if tt.later != "" {
				w.registry.SetClock(at(t, tt.later))
				if got := w.expiry(t, "a.test"); got != tt.after {
					t.Errorf("then expires %s, want %s", got, tt.after)
				}
			}
		})
	}
}

// D5, D6: the registry's own year shows as autoRenewPeriod without renewPeriod; whoever sends pays twice.
func TestRegistryRenewsByItself(t *testing.T) {
	t.Parallel()
	w := setup(t, registry.Extension{Name: "test", AutoRenews: true, ARGPDays: 45, RedemptionDays: 30, RenewPrice: 900})
	w.put(t, "a.test", "2026-11-21T10:00:00Z")
	ctx := t.Context()
	d, err := w.Info(ctx, w.id(), "a.test", "")
	if err != nil || !slices.Equal(d.RGP, []string{"autoRenewPeriod"}) || d.Expires.Text != "2027-11-21T10:00:00.000Z" {
		t.Fatalf("%+v, %v", d, err)
	}
	m, err := w.Poll(ctx, w.id())
	if err != nil || m == nil || !strings.Contains(m.Text, "renewed") || m.Waiting != 1 {
		t.Fatalf("message: %+v, %v", m, err)
	}
	if _, err := w.Ack(ctx, w.id(), m.ID); err != nil {
		t.Fatal(err)
	}
	if m, err := w.Poll(ctx, w.id()); m != nil || err != nil {
		t.Fatalf("message: %+v, %v", m, err)
	}
	if r, err := w.Delete(ctx, w.id(), "a.test"); err != nil || r.Class != epp.ClassPending {
		t.Fatal(r, err)
	}
	if n := w.added("a.test"); n != 0 {
		t.Errorf("%d years charged after the deletion in the grace period", n)
	}
}

func TestPendingRenewalEndsByMessage(t *testing.T) {
	t.Parallel()
	w := setup(t, registry.Extension{Name: "test", AsyncMinutes: 10})
	w.put(t, "a.test", "2027-03-10")
	in := epp.Renew{Name: "a.test", Guard: civil.On(2027, 3, 10), Years: 1}
	r, err := w.Renew(t.Context(), "the-intent", in)
	if err != nil || r.Class != epp.ClassPending {
		t.Fatalf("%+v, %v", r, err)
	}
	if _, err := w.Renew(t.Context(), w.id(), in); epp.ClassOf(err) != epp.ClassStatus {
		t.Errorf("a second one meanwhile: %v", err)
	}
	w.clock.Advance(10 * time.Minute)
	m, err := w.Poll(t.Context(), w.id())
	if err != nil || m == nil || m.Action == nil || !m.Action.Done || m.Action.ClTRID != "the-intent" || m.Action.SvTRID != r.SvTRID {
		t.Fatalf("%+v, %v", m, err)
	}
}

func TestTransfer(t *testing.T) {
	t.Parallel()
	w := setup(t, registry.Extension{Name: "test", TransferPrice: 900})
	w.put(t, "a.test", "2027-03-10")
	w.put(t, "b.test", "2027-03-10")
	other := w.client(t, epp.Config{ClientID: "other", Password: "OTHER-PASSWORD"})
	ctx := t.Context()
	if _, err := other.Transfer(ctx, w.id(), epp.Transfer{Name: "a.test", Op: epp.TransferRequest, AuthInfo: "wrong"}); code(err) != 2202 {
		t.Errorf("wrong authorisation: %v", err)
	}
	for _, name := range []string{"a.test", "b.test"} {
		s, err := other.Transfer(ctx, w.id(), epp.Transfer{Name: name, Op: epp.TransferRequest, AuthInfo: "auth-1234", Years: 1})
		if err != nil || s.Class != epp.ClassPending || s.Status != "pending" {
			t.Fatalf("%+v, %v", s, err)
		}
	}
	if m, err := w.Poll(ctx, w.id()); err != nil || m.Transfer == nil || m.Transfer.Requester != "other" {
		t.Fatalf("%+v, %v", m, err)
	}
	if s, err := w.Transfer(ctx, w.id(), epp.Transfer{Name: "a.test", Op: epp.TransferApprove}); err != nil || s.Status != "clientApproved" {
		t.Fatalf("%+v, %v", s, err)
	}
	if _, err := w.renew(t, "a.test", 1); code(err) != 2201 || epp.ClassOf(err) != epp.ClassGone {
		t.Errorf("renew what went away: %v", err)
	}
	w.clock.Advance(5 * 24 * time.Hour)
	if s, err := other.Transfer(ctx, w.id(), epp.Transfer{Name: "b.test", Op: epp.TransferQuery}); err != nil || s.Status != "serverApproved" {
		t.Fatalf("%+v, %v", s, err)
	}
	if d, _ := w.registry.Domain("b.test"); d.Sponsor != "other" || d.Expiry != at(t, "2028-03-10") {
		t.Errorf("%+v", d)
	}
}

func TestPremiumAndFunds(t *testing.T) {
	t.Parallel()
	w := setup(t, registry.Extension{Name: "test", RenewPrice: 900, Premium: map[string]int64{"gold.test": 25000}})
	w.put(t, "gold.test", "2027-03-10")
	w.put(t, "plain.test", "2027-03-10")
	ctx := t.Context()
	quotes, err := w.CheckFees(ctx, w.id(), "EUR", []epp.FeeCommand{{Command: "renew", Years: 2}, {Command: "restore"}}, "gold.test", "plain.test")
	if err != nil || len(quotes) != 4 || quotes[0].Fees[0] != "500.00" || quotes[0].Standard || quotes[2].Fees[0] != "18.00" || !quotes[2].Standard {
		t.Fatalf("%+v, %v", quotes, err)
	}
	in := epp.Renew{Name: "gold.test", Guard: civil.On(2027, 3, 10), Years: 1}
	if _, err := w.Renew(ctx, w.id(), in); code(err) != 2003 {
		t.Errorf("without the fee: %v", err)
	}
	in.Fee = &epp.Fee{Currency: "EUR", Amount: "12.00"}
	if _, err := w.Renew(ctx, w.id(), in); code(err) != 2004 {
		t.Errorf("with the usual fee: %v", err)
	}
	in.Fee.Amount = "250.00"
	if r, err := w.Renew(ctx, w.id(), in); err != nil || r.Fee.Fees[0] != "250.00" {
		t.Errorf("with its fee: %+v, %v", r, err)
	}
	if err := w.registry.Fund("leonet", 899); err != nil {
		t.Fatal(err)
	}
	if _, err := w.renew(t, "plain.test", 1); epp.ClassOf(err) != epp.ClassMoney {
		t.Errorf("without money: %v", err)
	}
	if err := w.registry.Fund("leonet", 900); err != nil {
		t.Fatal(err)
	}
	if _, err := w.renew(t, "plain.test", 1); err != nil {
		t.Error(err)
	}
}

// A transfer of a premium name names the price, as its registration and its renewal do.
func TestPremiumTransfer(t *testing.T) {
	t.Parallel()
	w := setup(t, registry.Extension{Name: "test", TransferPrice: 700, Premium: map[string]int64{"gold.test": 25000}})
	if err := w.registry.Put(registry.Domain{Name: "gold.test", Sponsor: "other", AuthInfo: "auth-1234", Expiry: at(t, "2027-03-10")}); err != nil {
		t.Fatal(err)
	}
	ours := w.adapter(t, epp.Config{}, epp.Options{Currency: "EUR"})
	q, err := ours.Quote(t.Context(), w.id(), registrar.Quoting{Name: "gold.test", Command: "transfer", Years: 1})
	if err != nil || !q.Known || !q.Premium || q.Price != money.New(25000, "EUR") {
		t.Fatalf("%+v, %v", q, err)
	}
	in := registrar.TransferIn{Name: "gold.test", AuthCode: "auth-1234", Years: 1}
	if a := ours.Transfer(t.Context(), w.id(), in); a.Code != 2003 {
		t.Errorf("without the price: %+v", a)
	}
	in.Price = new(money.New(700, "EUR"))
	if a := ours.Transfer(t.Context(), w.id(), in); a.Code != 2004 {
		t.Errorf("at the usual price: %+v", a)
	}
	in.Price = &q.Price
	if a := ours.Transfer(t.Context(), w.id(), in); a.Class != registrar.Pending {
		t.Errorf("at its price: %+v", a)
	}
}

// The restore of a premium name names the price, too; that of a plain one need not.
func TestPremiumRestore(t *testing.T) {
	t.Parallel()
	w := setup(t, registry.Extension{Name: "test", GraceDays: 30, RedemptionDays: 30, RenewPrice: 900, RestorePrice: 6000, Premium: map[string]int64{"gold.test": 25000}})
	w.clock.Set(at(t, "2026-09-01"))
	for _, name := range []string{"gold.test", "plain.test"} {
		w.put(t, name, "2026-10-01")
	}
	w.clock.Set(today)
	ours := w.adapter(t, epp.Config{}, epp.Options{Currency: "EUR"})
	ctx := t.Context()
	q, err := ours.Quote(ctx, w.id(), registrar.Quoting{Name: "gold.test", Command: "restore", Currency: "EUR"})
	if err != nil || !q.Known || !q.Premium || q.Price != money.New(6000, "EUR") {
		t.Fatalf("%+v, %v", q, err)
	}
	if err := w.registry.Inject(registry.Fault{Kind: registry.Answer, Command: "check", Code: 2307, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if q, err := ours.Quote(ctx, w.id(), registrar.Quoting{Name: "gold.test", Command: "restore", Currency: "EUR"}); err != nil || q.Known {
		t.Errorf("a registry that does not tell it: %+v, %v", q, err)
	}
	in := registrar.Restore{Name: "gold.test"}
	if a := ours.Restore(ctx, w.id(), in); a.Code != 2003 || a.Class != registrar.Fault {
		t.Errorf("without the price: %+v", a)
	}
	for _, other := range []money.Money{money.New(5999, "EUR"), money.New(6001, "EUR"), money.New(6000, "USD")} {
		in.Price = &other
		if a := ours.Restore(ctx, w.id(), in); a.Code != 2004 || a.Class != registrar.Policy {
			t.Errorf("at %s: %+v", other, a)
		}
	}
	if all := w.registry.Ledger(); len(all) != 0 {
		t.Fatalf("charged: %+v", all)
	}
	if err := w.registry.Fund("leonet", 5999); err != nil {
		t.Fatal(err)
	}
	in.Price = &q.Price
	if a := ours.Restore(ctx, w.id(), in); a.Class != registrar.Money {
		t.Errorf("without money: %+v", a)
	}
	if err := w.registry.Fund("leonet", 1_000_000); err != nil {
		t.Fatal(err)
	}
	if a := ours.Restore(ctx, w.id(), in); a.Class != registrar.Done {
		t.Fatalf("at its price: %+v", a)
	}
	if d, err := w.Info(ctx, w.id(), "gold.test", ""); err != nil || !slices.Equal(d.RGP, []string{"pendingRestore"}) {
		t.Errorf("%+v, %v", d, err)
	}
	if a := ours.Restore(ctx, w.id(), registrar.Restore{Name: "plain.test"}); a.Class != registrar.Done {
		t.Errorf("a plain name: %+v", a)
	}
}

func TestRestore(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fromNow bool
		want    string
	}{{false, "2027-10-01"}, {true, "2027-11-22"}} {
		w := setup(t, registry.Extension{Name: "test", GraceDays: 30, RedemptionDays: 30, RestoreFromNow: tt.fromNow})
		w.clock.Set(at(t, "2026-09-01"))
		w.put(t, "a.test", "2026-10-01")
		w.clock.Set(today)
		if _, err := w.Restore(t.Context(), w.id(), epp.Restore{Name: "a.test"}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.RestoreReport(t.Context(), w.id(), epp.Report{Name: "a.test", Before: "x", After: "x", Deleted: today, Restored: today, Reason: "late", Statements: [2]string{"a", "b"}}); err != nil {
			t.Fatal(err)
		}
		if got := w.expiry(t, "a.test"); got != tt.want {
			t.Errorf("from now %t: expires %s, want %s", tt.fromNow, got, tt.want)
		}
	}
}

// The plain interface has no guard: asking twice renews twice, and only the list of orders tells.
func TestPlainInterfaceRenewsAsOftenAsAsked(t *testing.T) {
	t.Parallel()
	w := bare(t, registry.Extension{Name: "test", RenewPrice: 900}, registry.Extension{Name: "mode", ModeOnly: true})
	w.put(t, "a.test", "2027-03-10")
	w.put(t, "a.mode", "2027-03-10")
	h := w.registry.Handler()
	ask := func(method, path, body string) *httptest.ResponseRecorder {
		q := httptest.NewRequestWithContext(context.WithoutCancel(t.Context()), method, path, strings.NewReader(body))
		q.SetBasicAuth("leonet", "LAB-PASSWORD")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, q)
		return rec
	}
	for range 2 {
		if got := ask(http.MethodPost, "/rest/domains/a.test/renew", `{"years":1,"reference":"same"}`); got.Code != http.StatusOK {
			t.Fatal(got.Code, got.Body)
		}
	}
	if n := w.added("a.test"); n != 2 {
		t.Errorf("%d years added", n)
	}
	for path, want := range map[string]int{"/rest/orders": 2, "/rest/orders/same": 2, "/rest/orders/another": 0} {
		if got := ask(http.MethodGet, path, ""); got.Code != http.StatusOK || strings.Count(got.Body.String(), `"renew"`) != want {
			t.Error(path, got.Code, got.Body)
		}
	}
	if got := ask(http.MethodPut, "/rest/domains/a.mode/mode", `{"mode":"expire"}`); got.Code != http.StatusOK {
		t.Error(got.Code, got.Body)
	}
	if got := ask(http.MethodGet, "/rdap/domain/a.test", ""); !strings.Contains(got.Body.String(), "2029-03-10") {
		t.Error(got.Body)
	}
	if got := ask(http.MethodGet, "/rdap/domain/none.test", ""); got.Code != http.StatusNotFound {
		t.Error(got.Code)
	}
	if got := ask(http.MethodPut, "/control/clock", `{"now":"2027-03-11T00:00:00Z"}`); got.Code != http.StatusOK {
		t.Error(got.Code, got.Body)
	}
	if d, found := w.registry.Domain("a.mode"); found {
		t.Errorf("with mode expire and no redemption it is gone, not %+v", d)
	}
	for path, body := range map[string]string{"/control/faults": `{"kind":"nonsense"}`, "/control/clock": `{"now":"soon"}`} {
		method := http.MethodPost
		if path == "/control/clock" {
			method = http.MethodPut
		}
		if got := ask(method, path, body); got.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}
