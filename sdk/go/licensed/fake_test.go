package licensed

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

const (
	day     = 24 * time.Hour
	testKey = "A1B2C3D4-E5F60718-293A4B5C-6D7E8F90"
)

var noon = time.Date(2027, 3, 10, 12, 0, 0, 0, time.UTC)

// testClock is moved by the tests.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

func (c *testClock) advance(d time.Duration) { c.set(c.Now().Add(d)) }

func signingKey(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("test key " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func publicOf(k ed25519.PrivateKey) ed25519.PublicKey {
	public, _ := k.Public().(ed25519.PublicKey)
	return public
}

// signToken makes a JWS of anything.
func signToken(head, payload map[string]any, k ed25519.PrivateKey) string {
	part := func(v map[string]any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return base64url.EncodeToString(raw)
	}
	signed := part(head) + "." + part(payload)
	return signed + "." + base64url.EncodeToString(ed25519.Sign(k, []byte(signed)))
}

// lease is what a server signs leases with.
type signer struct {
	root, key ed25519.PrivateKey
	serial    int64
}

func (s signer) sign(claims map[string]any) string {
	statement := signToken(
		map[string]any{"alg": algorithm, "kid": thumbprint(publicOf(s.root)), "typ": statementType},
		map[string]any{
			"aud": "widget", "ser": s.serial, "nbf": noon.AddDate(-10, 0, 0).Unix(), "exp": noon.AddDate(50, 0, 0).Unix(),
			"jwk": map[string]string{"kty": "OKP", "crv": "Ed25519", "x": base64url.EncodeToString(publicOf(s.key))},
		}, s.root)
	return signToken(map[string]any{"alg": algorithm, "kid": thumbprint(publicOf(s.key)), "typ": leaseType, "kst": statement}, claims, s.key)
}

// fakeServer is a license server of few manners. Its members are set before or between requests.
type fakeServer struct {
	*httptest.Server
	clock  *testClock
	signer signer

	mu        sync.Mutex
	keys      map[string]string // license key: status in leases
	active    map[string]bool   // activated identifiers
	needs     bool              // an activation
	limit     int
	change    func(claims map[string]any) // of the next leases
	misbehave func(http.ResponseWriter, *http.Request, map[string]string) bool
	asked     map[string]int // by verb
	last      map[string]string
}

func newServer(t *testing.T) *fakeServer {
	t.Helper()
	s := &fakeServer{
		clock: &testClock{now: noon}, signer: signer{signingKey("root"), signingKey("signing"), 3},
		keys: map[string]string{testKey: statusActive}, active: map[string]bool{}, limit: 5, asked: map[string]int{},
	}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

// with changes the server while it may be serving.
func (s *fakeServer) with(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *fakeServer) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.asked {
		n += c
	}
	return n
}

func (s *fakeServer) serve(w http.ResponseWriter, r *http.Request) {
	verb := filepath.Base(r.URL.Path)
	var p map[string]string
	if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.asked[verb]++
	s.last = p
	misbehave := s.misbehave
	s.mu.Unlock()
	if misbehave != nil && misbehave(w, r, p) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	code, answer := s.answer(verb, p)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *fakeServer) answer(verb string, p map[string]string) (int, map[string]any) {
	refuse := func(code, lease string) (int, map[string]any) {
		e := map[string]any{"code": code, "message": "no"}
		if lease != "" {
			e["lease"] = lease
		}
		return http.StatusForbidden, map[string]any{"error": e}
	}
	status, known := s.keys[p["license_key"]]
	if !known {
		return refuse("LICENSE_NOT_FOUND", "")
	}
	id := p["identifier"]
	switch {
	case verb == "deactivate" && !s.active[id]:
		return refuse("ACTIVATION_NOT_FOUND", "")
	case verb == "deactivate":
		delete(s.active, id)
		return http.StatusOK, map[string]any{"data": map[string]any{"status": "deactivated"}}
	case verb == "activate" && status == statusActive && !s.active[id]:
		if len(s.active) >= s.limit {
			return refuse("ACTIVATION_LIMIT_REACHED", s.signer.sign(s.claims(p, "not_activated")))
		}
		s.active[id] = true
	case status == statusActive && s.needs && !s.active[id]:
		status = "not_activated"
	}
	return http.StatusOK, map[string]any{"data": map[string]any{"license_key": p["license_key"], "lease": s.signer.sign(s.claims(p, status))}}
}

// claims are those of a lease for a request.
func (s *fakeServer) claims(p map[string]string, status string) map[string]any {
	now := s.clock.Now().Unix()
	c := map[string]any{
		"iss": s.URL, "aud": "widget", "sub": "lic_1", "kfp": hashKey(p["license_key"]), "jti": "j1", "iat": now, "nbf": now,
		"chk": now, "exp": now, "sta": status, "lty": "purchased", "pln": "Developer", "ent": map[string]any{"feature.sso": true, "projects.max": 25},
		"cus": map[string]string{"name": "Zoë Müller", "company": "Müller & Söhne <GmbH>"}, "nce": p["nonce"], "acu": len(s.active), "acl": s.limit,
		"adn": []map[string]string{{"name": "Support and Upgrade Pack", "due": "2028-03-10", "status": "active"}},
	}
	if status == statusActive {
		c["chk"], c["exp"] = now+int64(7*day/time.Second), now+int64(10*day/time.Second)
	}
	if p["identifier"] != "" {
		c["idt"] = p["identifier"]
	}
	if s.change != nil {
		s.change(c)
	}
	return c
}

// rig is an installation with a server.
type rig struct {
	*License
	t      *testing.T
	server *fakeServer
	clock  *testClock // of both, until the test gives the installation another
	dir    string
}

// install makes an installation that has no key.
func install(t *testing.T, change ...func(*Config)) *rig {
	t.Helper()
	s := newServer(t)
	r := &rig{t: t, server: s, clock: s.clock, dir: t.TempDir()}
	r.License = r.another(change...)
	return r
}

// licensedRig makes an installation whose license was just verified.
func licensedRig(t *testing.T, change ...func(*Config)) *rig {
	t.Helper()
	r := install(t, change...)
	if err := r.SetKey(context.Background(), testKey); err != nil {
		t.Fatal(err)
	}
	return r
}

// another returns one more process of the same installation.
func (r *rig) another(change ...func(*Config)) *License {
	r.t.Helper()
	cfg := Config{
		Server: r.server.URL, Product: "widget", Version: "2.1.0", Store: File(r.path("")), Now: r.clock.Now, Timeout: time.Minute, // which a busy machine does not take
		RootKeys: []string{base64url.EncodeToString(publicOf(r.server.signer.root)), base64url.EncodeToString(publicOf(signingKey("spare")))},
	}
	for _, c := range change {
		c(&cfg)
	}
	l, err := New(cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	return l
}

func (r *rig) path(suffix string) string { return filepath.Join(r.dir, "license.json"+suffix) }

// wantState checks once, as software does now and then.
func (r *rig) wantState(want State, reason Reason) Status {
	r.t.Helper()
	st := r.Check(context.Background())
	if st.State != want || st.Reason != reason {
		r.t.Fatalf("%v: %s (%s, last error %q), want %s (%s)", r.clock.Now().Sub(noon), st.State, st.Reason, st.LastError, want, reason)
	}
	return st
}

// down makes the server unreachable in a way that costs no time.
func (s *fakeServer) down(yes bool) {
	s.with(func() {
		s.misbehave = nil
		if yes {
			s.misbehave = func(w http.ResponseWriter, _ *http.Request, _ map[string]string) bool {
				w.WriteHeader(http.StatusServiceUnavailable)
				return true
			}
		}
	})
}
