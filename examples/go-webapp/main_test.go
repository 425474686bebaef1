package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWithoutLicense(t *testing.T) {
	t.Parallel()
	lic, err := license(func(name string) string {
		return map[string]string{
			"LICENSED_DEMO_PRODUCT": "widget", "LICENSED_DEMO_DATA": t.TempDir(), "LICENSED_DEMO_ROOT_KEYS": strings.Repeat("A", 43) + ",",
		}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	h := routes(lic, accounts{"admin", "demo"})
	var cookies []*http.Cookie
	send := func(method, path string, form url.Values, wantCode int, want string) {
		t.Helper()
		req := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, c := range cookies {
			req.AddCookie(c)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		cookies = append(cookies, w.Result().Cookies()...)
		if w.Code != wantCode || !strings.Contains(w.Body.String(), want) {
			t.Fatalf("%s %s: %d, %s", method, path, w.Code, w.Body)
		}
	}
	send("GET", "/", nil, 200, "always")
	send("GET", "/admin/", nil, 303, "/login")
	send("GET", "/admin/license", nil, 200, "No license key has been entered")
	send("POST", "/login", url.Values{"name": {"admin"}, "password": {"no"}}, 403, "not right")
	send("POST", "/login", url.Values{"name": {"admin"}, "password": {"demo"}}, 303, "")
	send("GET", "/admin/", nil, 403, "admin area is off")
	send("GET", "/admin/license.json", nil, 200, `"State":"NoKey"`)
	send("GET", "/", nil, 200, "always")
}

func TestClock(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "now")
	now := clock(file)
	for content, want := range map[string]time.Duration{"168h\n": 168 * time.Hour, "-1h": -time.Hour, "later": 0} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if moved := time.Until(now()) - want; moved > time.Minute || moved < -time.Minute {
			t.Errorf("%q moves the clock by %v", content, moved+want)
		}
	}
}
