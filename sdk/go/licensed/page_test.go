package licensed

import (
	"bytes"
	"context"
	"html/template"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// site is an application with a public page, an admin area and the License Information page, and a browser.
type site struct {
	*rig
	handler http.Handler
	signed  string // who is signed in
	cookie  string
	token   string
	header  http.Header
}

func newSite(r *rig) *site {
	s := &site{rig: r, header: http.Header{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "public") })
	mux.Handle("/admin/", r.Admin(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "admin") })))
	mux.Handle("/admin/license", r.Page(Auth{
		Session: func(*http.Request) string { return s.signed },
		Confirm: func(_ *http.Request, name, password string) bool { return name == "ann" && password == "right" },
	}))
	s.handler = mux
	return s
}

func (s *site) send(req *http.Request) (int, string) {
	s.t.Helper()
	for k, v := range s.header {
		req.Header[k] = v
	}
	if s.cookie != "" {
		req.AddCookie(&http.Cookie{Name: tokenCookie, Value: s.cookie})
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, req)
	for _, c := range w.Result().Cookies() {
		s.cookie = c.Value
	}
	body := w.Body.String()
	if m := regexp.MustCompile(`name="token" value="([^"]*)"`).FindStringSubmatch(body); m != nil {
		s.token = m[1]
	}
	if strings.Contains(body, "ZgotmplZ") || strings.Contains(body, "<no value>") {
		s.t.Errorf("a template went wrong: %s", body)
	}
	return w.Code, body
}

func (s *site) get(path string) (int, string) {
	return s.send(httptest.NewRequest(http.MethodGet, path, nil))
}

// post sends a form of the page, as a browser that has opened it.
func (s *site) post(fields ...string) (int, string) {
	s.t.Helper()
	if s.token == "" {
		s.get("/admin/license")
	}
	form := url.Values{"token": {s.token}}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	req := httptest.NewRequest(http.MethodPost, "/admin/license", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.send(req)
}

func wantPage(t *testing.T, code int, body string, wantCode int, holds ...string) {
	t.Helper()
	if code != wantCode {
		t.Fatalf("status %d, want %d: %s", code, wantCode, body)
	}
	for _, h := range holds {
		if not, is := strings.CutPrefix(h, "!"); is && strings.Contains(body, not) {
			t.Errorf("the page holds %q", not)
		} else if !is && !strings.Contains(body, h) {
			t.Errorf("the page lacks %q: %s", h, body)
		}
	}
}

func TestAdminGate(t *testing.T) {
	t.Parallel()
	r := licensedRig(t)
	s := newSite(r)
	public := func() {
		t.Helper()
		n := r.server.requests()
		code, body := s.get("/")
		wantPage(t, code, body, 200, "public")
		if r.server.requests() != n {
			t.Error("the public page asks the server")
		}
	}
	code, body := s.get("/admin/")
	wantPage(t, code, body, 200, "admin")
	r.server.down(true)
	for _, d := range []time.Duration{7, 8, 9} {
		r.clock.set(noon.Add(d * day))
		code, body = s.get("/admin/")
		wantPage(t, code, body, 200, "admin")
		public()
	}
	r.clock.set(noon.Add(10 * day))
	code, body = s.get("/admin/x")
	wantPage(t, code, body, 403, "admin area is off", `href="/admin/license"`, "Enter a new license key", "#lapsed", "out of order", "!ksl></html>")
	public()
	n := r.server.requests()
	s.get("/admin/")
	if r.server.requests() != n {
		t.Error("asked more than once a minute")
	}
	s.header.Set("Accept", "application/json")
	code, body = s.get("/admin/")
	wantPage(t, code, body, 403, `"code":"LICENSE_LAPSED"`, `"license_page":"/admin/license"`)
	s.header.Del("Accept")
	r.server.down(false)
	r.clock.advance(time.Minute)
	code, body = s.get("/admin/")
	wantPage(t, code, body, 200, "admin")
	r.server.with(func() { r.server.keys[testKey] = "expired" })
	if _, err := r.ForceUpdate(context.Background()); err != nil {
		t.Fatal(err)
	}
	code, body = s.get("/admin/")
	wantPage(t, code, body, 403, "has expired", "#expired")
	public()
}

func TestPageShowsAll(t *testing.T) {
	t.Parallel()
	r := licensedRig(t, func(c *Config) {
		c.Identifier = Fixed("example.com")
		c.Place = Fixed(Place{"example.com", "192.0.2.7", "/srv/www"})
	})
	r.server.with(func() {
		r.server.change = func(c map[string]any) {
			c["dom"], c["ips"], c["dir"] = []string{"example.com", "*.example.org"}, []string{"192.0.2.0/24"}, []string{"/srv/www"}
			c["lex"], c["upd"] = noon.AddDate(1, 0, 0).Unix(), noon.AddDate(0, 6, 0).Unix()
			c["cus"] = map[string]string{"name": "<script>alert(1)</script>", "company": "Müller & Söhne"}
		}
	})
	if _, err := r.ForceUpdate(context.Background()); err != nil {
		t.Fatal(err)
	}
	s := newSite(r)
	s.signed = "ann"
	code, body := s.get("/admin/license")
	wantPage(t, code, body, 200, "License Information", "••••••••8F90", "!"+testKey, "&lt;script&gt;", "!<script>", "Müller &amp; Söhne",
		"purchased (Developer)", "example.com, *.example.org", "192.0.2.0/24", "/srv/www", "0 of 5", "Support and Upgrade Pack, active, due 2028-03-10",
		"feature.sso: yes", "projects.max: 25", "10 March 2028", "10 September 2027", "10 March 2027, 12:00 UTC", "17 March 2027, 12:00 UTC",
		"Force license update", "Change license key", `data-license-state="Valid"`, "prefers-color-scheme", "viewport")
	r.server.down(true)
	r.clock.advance(8 * day)
	r.Check(context.Background())
	code, body = s.get("/admin/license")
	wantPage(t, code, body, 200, "yes, 2 days left", "for 2 more days", "#bad_status")
}

// Without a session there is the reason and the form, and nothing else.
func TestPageLockedOut(t *testing.T) {
	t.Parallel()
	r := licensedRig(t)
	s := newSite(r)
	code, body := s.get("/admin/license")
	wantPage(t, code, body, 200, "Change license key", "!8F90", "!Müller", "!Force license update", "!Valid", "!reveal", "!Developer")
	r.server.with(func() { r.server.keys[testKey] = "suspended"; r.server.keys["NEW"] = statusActive })
	_, _ = r.ForceUpdate(context.Background())
	code, body = s.get("/admin/license")
	wantPage(t, code, body, 200, "is suspended", "#suspended", "!8F90", "!Müller", "!Force license update", "!reveal", "!10 March")

	for _, fields := range [][]string{
		{"action", "check"}, {"action", "reveal", "password", "right"}, {"action", "request", "password", "right"}, {"action", "load"}, {"action", "activate"},
	} {
		code, body = s.post(fields...)
		wantPage(t, code, body, 403, "Please sign in", "#not_signed_in", "!8F90")
	}
	code, body = s.post("action", "change", "name", "ann", "password", "wrong", "key", "NEW")
	wantPage(t, code, body, 403, "Name or password", "#wrong_password", "!License saved")
	if r.Key() != testKey {
		t.Fatal("the key was changed")
	}
	code, body = s.post("action", "change", "name", "ann", "password", "right", "key", "UNKNOWN")
	wantPage(t, code, body, 422, "knows no such key", "#license_not_found")
	code, body = s.post("action", "change", "name", "ann", "password", "right", "key", "NEW")
	wantPage(t, code, body, 200, "License saved", "Zoë Müller", `data-license-state="Valid"`, "!Force license update")
	code, body = s.get("/admin/")
	wantPage(t, code, body, 200, "admin")
}

func TestPageSignedIn(t *testing.T) {
	t.Parallel()
	r := licensedRig(t, func(c *Config) { c.Identifier = Fixed("example.com") })
	s := newSite(r)
	s.signed = "ann"
	code, body := s.post("action", "reveal", "password", "wrong")
	wantPage(t, code, body, 403, "#wrong_password", "!"+testKey)
	code, body = s.post("action", "reveal", "password", "right")
	wantPage(t, code, body, 200, testKey)
	r.clock.advance(time.Hour)
	code, body = s.post("action", "check")
	wantPage(t, code, body, 200, "License checked", "10 March 2027, 13:00 UTC")
	r.server.down(true)
	code, body = s.post("action", "check")
	wantPage(t, code, body, 422, "out of order", "#bad_status", "Zoë")
	r.server.down(false)
	r.server.with(func() { r.server.needs = true })
	code, body = s.post("action", "check")
	wantPage(t, code, body, 200, "not activated in this place", "Activate here")
	code, body = s.post("action", "activate")
	wantPage(t, code, body, 200, "License saved", "!Activate here")
	code, body = s.post("action", "else")
	wantPage(t, code, body, 422)
	// The name has to be one's own.
	s.signed = "bob"
	code, body = s.post("action", "change", "name", "ann", "password", "right", "key", testKey)
	wantPage(t, code, body, 403, "#wrong_password")
}

func TestPageLeaseFile(t *testing.T) {
	t.Parallel()
	r := install(t, func(c *Config) { c.Server = "" })
	s := newSite(r)
	s.signed = "ann"
	code, body := s.get("/admin/license")
	wantPage(t, code, body, 200, "No license key has been entered", "Enter a license key", "#nokey")
	code, body = s.post("action", "request", "key", testKey, "password", "wrong")
	wantPage(t, code, body, 403, "!"+testKey)
	code, body = s.post("action", "request", "key", testKey, "password", "right")
	wantPage(t, code, body, 200, `"license_key": "`+testKey+`"`, `"nonce"`)
	nonce := regexp.MustCompile(`"nonce": "([^"]*)"`).FindStringSubmatch(body)[1]
	claims := r.server.claims(map[string]string{"license_key": testKey, "nonce": nonce}, statusActive)
	upload := func(content string) (int, string) {
		var form bytes.Buffer
		m := multipart.NewWriter(&form)
		_ = m.WriteField("token", s.token)
		_ = m.WriteField("action", "load")
		f, err := m.CreateFormFile("lease", "lease.txt")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(f, content)
		_ = m.Close()
		req := httptest.NewRequest(http.MethodPost, "/admin/license", &form)
		req.Header.Set("Content-Type", m.FormDataContentType())
		return s.send(req)
	}
	code, body = upload("no lease")
	wantPage(t, code, body, 422, "#lease_file_refused")
	code, body = upload(r.server.signer.sign(claims))
	wantPage(t, code, body, 200, "License saved", `data-license-state="Valid"`)
	code, body = upload(strings.Repeat("x", 2*maxForm))
	wantPage(t, code, body, 403, "#form_expired")
}

// A form counts only if it was filled in on a page of ours, in the same browser.
func TestPageForgery(t *testing.T) {
	t.Parallel()
	r := licensedRig(t)
	for name, change := range map[string]func(*site){
		"no token":         func(s *site) { s.token = " " },
		"another token":    func(s *site) { s.token = strings.Repeat("A", tokenLength) },
		"no cookie":        func(s *site) { s.cookie = "" },
		"short cookie":     func(s *site) { s.cookie, s.token = "x", "x" },
		"from another":     func(s *site) { s.header.Set("Sec-Fetch-Site", "cross-site") },
		"from a neighbour": func(s *site) { s.header.Set("Sec-Fetch-Site", "same-site") },
		"old browser":      func(s *site) { s.header.Set("Origin", "https://evil.example") },
		"sandboxed":        func(s *site) { s.header.Set("Origin", "null") },
	} {
		s := newSite(r)
		s.signed = "ann"
		s.get("/admin/license")
		change(s)
		n := r.server.requests()
		code, body := s.post("action", "check")
		wantPage(t, code, body, 403, "#form_expired")
		if r.server.requests() != n {
			t.Errorf("%s: the form counted", name)
		}
	}
	s := newSite(r)
	s.signed = "ann"
	s.header.Set("Origin", "http://example.com") // httptest's host
	code, body := s.post("action", "check")
	wantPage(t, code, body, 200, "License checked")
	s.header.Set("Sec-Fetch-Site", "same-origin")
	code, body = s.post("action", "check")
	wantPage(t, code, body, 200, "License checked")
	if code, _ := s.send(httptest.NewRequest(http.MethodPut, "/admin/license", nil)); code != http.StatusMethodNotAllowed {
		t.Errorf("PUT: %d", code)
	}
}

func TestPasswordsAreLimited(t *testing.T) {
	t.Parallel()
	r := licensedRig(t)
	s := newSite(r)
	try := func(password string) int {
		code, _ := s.post("action", "change", "name", "ann", "password", password, "key", testKey)
		return code
	}
	for i := range attemptsAtOnce {
		if code := try("wrong"); code != 403 {
			t.Fatalf("attempt %d: %d", i, code)
		}
	}
	if code := try("right"); code != 429 {
		t.Errorf("one more attempt: %d", code)
	}
	r.clock.advance(attemptEvery)
	if code := try("right"); code != 200 {
		t.Errorf("a minute later: %d", code)
	}
	r.clock.advance(-365 * day)
	if code := try("right"); code != 200 {
		t.Errorf("with the clock set back: %d", code)
	}
	for i := range 2 * attemptsAtOnce {
		if code := try("right"); code != 200 {
			t.Errorf("with the right password, time %d: %d", i, code)
		}
	}
}

// Who knows one password gets no further guesses at another by it, and strangers lock nobody out who is signed in.
func TestForgivenessIsBounded(t *testing.T) {
	t.Parallel()
	now := noon
	l := newLimiter(func() time.Time { return now })
	guesses := 0
	for range 50 {
		if l.allow("a", "ann") {
			guesses++
		}
		if l.allow("a", "mallory") {
			l.forgive("a")
		}
	}
	if guesses > attemptsAtOnce {
		t.Errorf("%d guesses", guesses)
	}
	now = now.Add(attemptsAtOnce*attemptEvery + time.Second)
	for i := range 3 * attemptsAtOnce {
		if !l.allow("a", "ann") {
			t.Fatalf("right password, time %d", i)
		}
		l.forgive("a")
	}

	r := licensedRig(t)
	s := newSite(r)
	for range 2 * attemptsAtOnce {
		s.post("action", "change", "name", "ann", "password", "wrong", "key", testKey)
	}
	s.signed = "ann"
	code, body := s.post("action", "reveal", "password", "right")
	wantPage(t, code, body, 200, testKey)
}

func TestRemoteAddress(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"192.0.2.7:5555": "192.0.2.7", "[2001:db8:1:2:3::4]:80": "2001:db8:1:2::/64", "[::ffff:192.0.2.7]:1": "192.0.2.7",
		"[fe80::1%eth0]:1": "fe80::/64", "@": "@", "": "",
	} {
		if got := remoteAddress(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	l := newLimiter((&testClock{now: noon}).Now)
	for i := range maxAddresses + 100 {
		l.allow(string(rune(i)), "ann")
	}
	if len(l.tries) > maxAddresses {
		t.Errorf("remembers %d addresses", len(l.tries))
	}
}

func TestPageInOwnFrame(t *testing.T) {
	t.Parallel()
	r := licensedRig(t)
	h := r.Page(Auth{
		Session: func(*http.Request) string { return "ann" },
		Layout: func(w http.ResponseWriter, _ *http.Request, title string, body template.HTML) {
			_, _ = io.WriteString(w, "<html><title>"+title+"</title>"+string(body))
		},
	})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	wantPage(t, w.Code, w.Body.String(), 200, "<title>License Information</title>", "Zoë", "!<!doctype")
	if h := w.Header(); h.Get("Content-Type") != "text/html; charset=utf-8" || h.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", h)
	}
}

// Every reason has a sentence of its own.
func TestSentences(t *testing.T) {
	t.Parallel()
	for _, r := range []Reason{
		Revoked, Cancelled, Expired, Suspended, Banned, WrongDomain, WrongIP, WrongDirectory, NotActivated, VersionNotAllowed,
		LicenseNotFound, ProductMismatch, LimitReached, ActivationRefused, ActivationNotFound, UpgradePeriodEnded, LicenseInactive, LicenseExpired, BadKey,
		Unreachable, TimedOut, Redirected, BadStatus, BadAnswer, BadLease, RateLimited, Busy, NoServer, KeyFile, LeaseFile, StateFile,
		Permissions, NotWritable, ClockWrong, WrongPassword, TooManyAttempts, FormExpired, NotSignedIn, NoRequest, NotOurLease,
	} {
		if strings.HasPrefix(r.Sentence(), "The license server says") {
			t.Errorf("%s has no sentence", r)
		}
	}
	for _, s := range []State{Valid, Due, Grace, Lapsed, Invalid, Unverified, NoKey} {
		if got := (Status{State: s}).Sentence(); strings.HasPrefix(got, "The license server says") {
			t.Errorf("%s has no sentence", s)
		}
	}
	if got := Reason("frozen").Sentence(); !strings.Contains(got, "frozen") {
		t.Error(got)
	}
}
