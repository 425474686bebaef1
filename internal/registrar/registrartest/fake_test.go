package registrartest_test

import (
	"context"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/registrartest"
)

const name = "example.cctld"

func setup() *registrartest.Fake {
	f := registrartest.New(clock.NewTest(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)))
	f.Expires(name, "2027-03-10T10:00:00Z")
	return f
}

func renew(f *registrartest.Fake, transaction, guard string) registrar.Answer {
	date, _ := civil.Parse(guard)
	return f.Renew(context.Background(), transaction, registrar.Renewal{Name: name, Years: 1, Guard: date})
}

func TestARenewalIsGuarded(t *testing.T) {
	t.Parallel()
	f := setup()
	if a := renew(f, "t-1", "2027-03-10"); a.Class != registrar.Done || a.Expiry.Raw != "2028-03-10T10:00:00Z" {
		t.Errorf("first: %+v", a)
	}
	if a := renew(f, "t-2", "2027-03-10"); a.Class != registrar.Policy || a.Code != 2004 {
		t.Errorf("again: %+v", a)
	}
	f.Caps.Guard = registrar.GuardNone
	if a := renew(f, "t-3", "2027-03-10"); a.Class != registrar.Done || a.Expiry.Raw != "2029-03-10T10:00:00Z" {
		t.Errorf("without a guard: %+v", a)
	}
	if n := f.Sent("renew", name); n != 3 || len(f.Repeated()) != 0 {
		t.Errorf("sent %d, repeated %v", n, f.Repeated())
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		fault  registrartest.Fault
		class  registrar.Class
		expiry string
	}{
		{registrartest.Fault{Kind: registrartest.CutBefore}, registrar.Unknown, "2027-03-10T10:00:00Z"},
		{registrartest.Fault{Kind: registrartest.CutAfter}, registrar.Unknown, "2028-03-10T10:00:00Z"},
		{registrartest.Fault{Kind: registrartest.Unreachable}, registrar.Session, "2027-03-10T10:00:00Z"},
		{registrartest.Fault{Kind: registrartest.Code, Code: 2400}, registrar.Unknown, "2027-03-10T10:00:00Z"},
		{registrartest.Fault{Kind: registrartest.Code, Code: 2306, Commit: true}, registrar.Policy, "2028-03-10T10:00:00Z"},
		{registrartest.Fault{Kind: registrartest.Twice}, registrar.Done, "2029-03-10T10:00:00Z"},
		{registrartest.Fault{Kind: registrartest.Later}, registrar.Pending, "2027-03-10T10:00:00Z"},
		{registrartest.Fault{Kind: registrartest.AtExpiry}, registrar.Done, "2027-03-10T10:00:00Z"},
		{registrartest.Fault{Kind: registrartest.CutAfter, Command: "info"}, registrar.Done, "2028-03-10T10:00:00Z"},
	} {
		f := setup()
		f.Break(test.fault)
		a := renew(f, "t-1", "2027-03-10")
		if d, _ := f.Domain(name); a.Class != test.class || d.Expiry != test.expiry {
			t.Errorf("%+v: %s, %s", test.fault, a.Class, d.Expiry)
		}
	}
}

func TestSlowEndsWithItsContext(t *testing.T) {
	t.Parallel()
	f := setup()
	f.Break(registrartest.Fault{Kind: registrartest.Slow, Times: 1})
	ctx, cancel := context.WithCancel(t.Context())
	f.Before = func(string, string) { time.AfterFunc(time.Millisecond, cancel) }
	a := f.Renew(ctx, "t-1", registrar.Renewal{Name: name, Years: 1, Guard: civil.On(2027, 3, 10)})
	if d, _ := f.Domain(name); a.Class != registrar.Unknown || d.Expiry != "2028-03-10T10:00:00Z" {
		t.Errorf("%+v, %s", a, d.Expiry)
	}
}

func TestWhatIsPendingEndsWithAMessage(t *testing.T) {
	t.Parallel()
	f := setup()
	f.Break(registrartest.Fault{Kind: registrartest.Later, Times: 1})
	renew(f, "t-1", "2027-03-10")
	f.Finish(name, true)
	m, err := f.Poll(t.Context(), "t-2")
	if err != nil || m == nil || m.Transaction != "t-1" || m.Done == nil || !*m.Done {
		t.Fatalf("message %+v, %v", m, err)
	}
	if err := f.Ack(t.Context(), "t-3", m.ID); err != nil {
		t.Fatal(err)
	}
	if m, _ := f.Poll(t.Context(), "t-4"); m != nil {
		t.Errorf("message %+v is still there", m)
	}
	if d, _ := f.Domain(name); d.Expiry != "2028-03-10T10:00:00Z" {
		t.Error(d.Expiry)
	}
}

func TestFunds(t *testing.T) {
	t.Parallel()
	f := setup()
	f.Prices = map[string]money.Money{"renew": money.New(900, "EUR")}
	f.Fund(money.New(1000, "EUR"))
	if a := renew(f, "t-1", "2027-03-10"); a.Class != registrar.Done {
		t.Errorf("first: %+v", a)
	}
	if a := renew(f, "t-2", "2028-03-10"); a.Class != registrar.Money {
		t.Errorf("second: %+v", a)
	}
	if b, known, err := f.Balance(t.Context()); err != nil || !known || b != money.New(100, "EUR") {
		t.Errorf("balance %v, %v, %v", b, known, err)
	}
}
