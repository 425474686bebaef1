package licensed

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The server is away from day 1 on: nothing happens before day 7, three days of grace, then the admin area is off; and
// it is back as soon as the server is.
func TestOutage(t *testing.T) {
	t.Parallel()
	r := licensedRig(t)
	r.wantState(Valid, "")
	r.server.down(true)
	before := r.server.requests()
	for d := 1; d <= 6; d++ {
		r.clock.set(noon.Add(time.Duration(d) * day))
		r.wantState(Valid, "")
	}
	r.clock.set(noon.Add(7*day - time.Second))
	r.wantState(Valid, "")
	if n := r.server.requests(); n != before {
		t.Fatalf("asked %d times before a check was due", n-before)
	}
	for _, c := range []struct {
		at    time.Duration
		state State
		left  int
	}{
		{7 * day, Grace, 3},
		{7*day + time.Second, Grace, 3},
		{8 * day, Grace, 2},
		{9 * day, Grace, 1},
		{10*day - time.Second, Grace, 1},
		{10 * day, Lapsed, 0},
		{11 * day, Lapsed, 0},
	} {
		r.clock.set(noon.Add(c.at))
		if st := r.wantState(c.state, ""); st.DaysLeft != c.left {
			t.Fatalf("%v: %d days left, want %d", c.at, st.DaysLeft, c.left)
		}
	}
	r.server.down(false)
	r.clock.advance(hour * time.Second)
	st := r.wantState(Valid, "")
	if !st.LastCheck.Equal(r.clock.Now()) || !st.NextCheck.Equal(r.clock.Now().Add(7*day)) || st.LastError != "" {
		t.Errorf("last check %v, next %v, error %q", st.LastCheck, st.NextCheck, st.LastError)
	}
}

// Before anybody has asked, a check is due; a status asks nobody.
func TestStatusAsksNobody(t *testing.T) {
	t.Parallel()
	r := licensedRig(t)
	r.clock.advance(8 * day)
	before := r.server.requests()
	if st := r.Status(); st.State != Due {
		t.Errorf("state %s, want Due", st.State)
	}
	if n := r.server.requests(); n != before {
		t.Errorf("asked %d times", n-before)
	}
}

// Whatever comes that is not a signed answer to this request is silence: it neither ends nor prolongs a lease.
func TestSilence(t *testing.T) {
	t.Parallel()
	status := func(code int, body string) func(http.ResponseWriter, *http.Request, map[string]string) bool {
		return func(w http.ResponseWriter, _ *http.Request, _ map[string]string) bool {
			w.WriteHeader(code)
			_, _ = w.Write([]byte(body))
			return true
		}
	}
	signed := func(change func(*signer), claims func(map[string]any)) func(*rig) {
		return func(r *rig) {
			change(&r.server.signer)
			r.server.change = claims
		}
	}
	behave := func(f func(http.ResponseWriter, *http.Request, map[string]string) bool) func(*rig) {
		return func(r *rig) { r.server.misbehave = f }
	}
	for name, c := range map[string]struct {
		change func(*rig)
		want   Reason
	}{
		"500":           {behave(status(500, `{"error":{"code":"INTERNAL_ERROR"}}`)), BadStatus},
		"503":           {behave(status(503, "")), BadStatus},
		"429":           {behave(status(429, "")), RateLimited},
		"404":           {behave(status(404, "404 page not found\n")), BadAnswer},
		"garbage":       {behave(status(200, "\x00\xff{{{")), BadAnswer},
		"empty":         {behave(status(200, "")), BadAnswer},
		"web page":      {behave(status(200, "<!DOCTYPE html><html><body>Welcome to our hotel</body></html>")), BadAnswer},
		"null":          {behave(status(200, "null")), BadAnswer},
		"data and more": {behave(status(200, `{"data":{"lease":"x"},"error":{"code":"X"}}`)), BadAnswer},
		"no lease":      {behave(status(200, `{"data":{"valid":true,"status":"active"}}`)), BadAnswer},
		"not a lease":   {behave(status(200, `{"data":{"lease":"a.b.c"}}`)), BadLease},
		"endless":       {behave(status(200, `{"data":{"lease":"`+strings.Repeat("A", maxAnswer)+`"}}`)), BadAnswer},
		"unknown key":   {func(r *rig) { clear(r.server.keys) }, LicenseNotFound},
		"unsigned no":   {behave(status(403, `{"error":{"code":"LICENSE_INACTIVE","message":"suspended"}}`)), LicenseInactive},
		"odd code":      {behave(status(403, `{"error":{"code":"<script>"}}`)), BadAnswer},
		"redirect": {behave(func(w http.ResponseWriter, r *http.Request, _ map[string]string) bool {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			return true
		}), Redirected},
		"slow": {behave(func(_ http.ResponseWriter, r *http.Request, _ map[string]string) bool {
			<-r.Context().Done()
			return true
		}), TimedOut},
		"hangs up": {behave(func(http.ResponseWriter, *http.Request, map[string]string) bool { panic(http.ErrAbortHandler) }), Unreachable},
		"breaks off": {behave(func(w http.ResponseWriter, _ *http.Request, _ map[string]string) bool {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"data":`))
			return true
		}), Unreachable},
		"foreign root":      {signed(func(s *signer) { s.root = signingKey("foreign") }, nil), BadLease},
		"older key":         {signed(func(s *signer) { s.serial = 2 }, nil), BadLease},
		"wrong nonce":       {signed(func(*signer) {}, func(c map[string]any) { c["nce"] = "other" }), BadLease},
		"no nonce":          {signed(func(*signer) {}, func(c map[string]any) { delete(c, "nce") }), BadLease},
		"a replayed no":     {signed(func(*signer) {}, func(c map[string]any) { c["sta"], c["nce"] = "revoked", "old" }), BadLease},
		"another product":   {signed(func(*signer) {}, func(c map[string]any) { c["aud"] = "gadget" }), BadLease},
		"another license":   {signed(func(*signer) {}, func(c map[string]any) { c["kfp"] = hashKey("other") }), BadLease},
		"refused, unsigned": {signed(func(s *signer) { s.key = signingKey("other") }, func(c map[string]any) { c["exp"] = 0 }), BadLease},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := licensedRig(t)
			if name == "slow" {
				r.License = r.another(func(c *Config) { c.Timeout = 100 * time.Millisecond })
			}
			r.server.with(func() { c.change(r) })
			_, err := r.ForceUpdate(context.Background())
			var p *Problem
			if !errors.As(err, &p) || p.Code != c.want || !p.Silence {
				t.Fatalf("a forced update: %v, want silence: %s", err, c.want)
			}
			if st := r.Status(); st.State != Valid || st.LastError != c.want {
				t.Errorf("day 0: %s, last error %s", st.State, st.LastError)
			}
			r.clock.advance(9 * day)
			if st := r.wantState(Grace, ""); st.DaysLeft != 1 || st.LastError != c.want {
				t.Errorf("day 9: %d days left, last error %s", st.DaysLeft, st.LastError)
			}
			r.clock.advance(day)
			r.wantState(Lapsed, "")
		})
	}
}

func TestServerGone(t *testing.T) {
	t.Parallel()
	r := licensedRig(t)
	// A connection that stays keeps the port: nobody else answers there while this server is gone.
	kept, err := net.Dial("tcp", r.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = kept.Close() }()
	r.server.Close()
	r.clock.advance(8 * day)
	if st := r.wantState(Grace, ""); st.LastError != Unreachable {
		t.Errorf("last error %s", st.LastError)
	}
}

// A signed no counts at once; it is asked about hourly, and when the admin area is opened.
func TestDefiniteNo(t *testing.T) {
	t.Parallel()
	r := licensedRig(t)
	r.server.with(func() { r.server.keys[testKey] = "suspended" })
	r.clock.advance(2 * day)
	r.wantState(Valid, "") // nobody has asked
	st, err := r.ForceUpdate(context.Background())
	if err != nil || st.State != Invalid || st.Reason != Suspended {
		t.Fatalf("%+v, %v", st, err)
	}
	n := r.server.requests()
	asked := func(after time.Duration, opened bool, want int) {
		t.Helper()
		r.clock.advance(after)
		if opened {
			r.check(context.Background(), opening, true)
		} else {
			r.Check(context.Background())
		}
		if got := r.server.requests() - n; got != want {
			t.Fatalf("%v later asked %d times, want %d", after, got, want)
		}
		n += want
	}
	asked(10*time.Second, true, 0)
	asked(50*time.Second, true, 1)
	asked(0, true, 0)
	asked(59*time.Minute, false, 0)
	asked(time.Minute, false, 1)
	r.server.with(func() { r.server.keys[testKey] = statusActive })
	asked(time.Minute, true, 1)
	r.wantState(Valid, "")
}

// Tries become rare while the server is silent, and are spread.
func TestBackOff(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int64{1: minute, 2: 2 * minute, 3: 4 * minute, 9: 256 * minute, 10: maxBackOff, 1000: maxBackOff} {
		low, mid, high := backOff(n, 0), backOff(n, 0.5), backOff(n, 0.999999)
		if mid != want || low != want*8/10 || high > maxBackOff || high != min(want*12/10, maxBackOff) {
			t.Errorf("%d failures: %d to %d to %d, want about %d", n, low, mid, high, want)
		}
	}
	r := licensedRig(t)
	r.server.down(true)
	n := r.server.requests()
	for range 3 * 24 * 60 { // each minute of the grace
		r.clock.advance(time.Minute)
		if r.clock.Now().Before(noon.Add(7 * day)) {
			r.clock.set(noon.Add(7 * day))
		}
		r.Check(context.Background())
	}
	if asked := r.server.requests() - n; asked < 15 || asked > 30 {
		t.Errorf("asked %d times in three days", asked)
	}
}

// A slow own clock, one that is set back and one that jumps: the time of the leases counts.
func TestOwnClock(t *testing.T) {
	t.Parallel()
	own := &testClock{now: noon.AddDate(-40, 0, 0)}
	r := install(t, func(c *Config) { c.Now = own.Now })
	if err := r.SetKey(context.Background(), testKey); err != nil {
		t.Fatal(err)
	}
	clocks := func(d time.Duration) { own.advance(d); r.clock.advance(d) }
	fault := func(st Status) bool { return len(st.Faults) == 1 && st.Faults[0].Code == ClockWrong }
	if st := r.wantState(Valid, ""); !fault(st) {
		t.Errorf("faults %v", st.Faults)
	}
	n := r.server.requests()
	for range 10 {
		clocks(time.Minute)
		r.wantState(Valid, "")
	}
	if r.server.requests() != n {
		t.Error("a slow clock makes for a flood of questions")
	}
	r.server.down(true)
	clocks(9 * day)
	r.wantState(Grace, "")
	clocks(2 * day)
	r.wantState(Lapsed, "")
	r.server.down(false)
	clocks(hour * time.Second)
	r.wantState(Valid, "")
	own.set(r.clock.Now()) // somebody sets the clock right
	if st := r.wantState(Valid, ""); len(st.Faults) != 0 {
		t.Errorf("faults %v", st.Faults)
	}
	n = r.server.requests()
	own.advance(-365 * day) // and wrong again: asked at once
	r.wantState(Valid, "")
	if r.server.requests() != n+1 {
		t.Errorf("asked %d times", r.server.requests()-n)
	}
	own.set(r.clock.Now().AddDate(5, 0, 0)) // ahead: a fresh lease is accepted all the same
	r.wantState(Valid, "")
	if r.server.requests() != n+2 {
		t.Errorf("asked %d times", r.server.requests()-n)
	}
}

// Without what was remembered, a lease from the future is not believed, and the server is asked.
func TestFutureLease(t *testing.T) {
	t.Parallel()
	r := licensedRig(t)
	r.server.down(true)
	own := &testClock{now: noon.AddDate(-1, 0, 0)}
	if err := r.cfg.Store.remove(stateFile); err != nil {
		t.Fatal(err)
	}
	l := r.another(func(c *Config) { c.Now = own.Now })
	if st := l.Check(context.Background()); st.State != Unverified || st.Reason != BadStatus {
		t.Errorf("%s, %s", st.State, st.Reason)
	}
	own.set(noon)
	if st := l.Status(); st.State != Valid {
		t.Errorf("with the right clock: %s", st.State)
	}
}

// Inside a request nobody waits for a server that is slow, and the answer counts once it is there.
func TestCheckInRequest(t *testing.T) {
	t.Parallel()
	r := licensedRig(t)
	arrived, goOn := make(chan struct{}), make(chan struct{})
	r.server.with(func() {
		r.server.misbehave = func(http.ResponseWriter, *http.Request, map[string]string) bool {
			close(arrived)
			<-goOn
			return false
		}
	})
	r.clock.advance(8 * day)
	ctx := context.WithValue(context.Background(), http.ServerContextKey, &http.Server{})
	if st := r.Check(ctx); st.State != Due {
		t.Errorf("state %s, want Due", st.State)
	}
	<-arrived
	if st := r.Check(ctx); st.State != Due {
		t.Errorf("state %s, want Due", st.State)
	}
	ended, end := context.WithCancel(context.Background())
	end()
	if st := r.Check(ended); st.State != Due { // a caller who goes away takes nobody's answer along
		t.Errorf("state %s, want Due", st.State)
	}
	close(goOn)
	r.wantState(Valid, "")
	if n := r.server.requests(); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}
