package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"testing"
)

func TestIdentify(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	seen := map[string]bool{}
	for _, c := range []struct{ remote, forwarded, want string }{
		{"192.0.2.1:80", "", "192.0.2.1"},
		{"192.0.2.1:80", "198.51.100.7", "192.0.2.1"},
		{"10.1.1.1:80", "198.51.100.7, 203.0.113.9, 10.2.2.2", "203.0.113.9"},
		{"10.1.1.1:80", "nonsense", "10.1.1.1"},
		{"[2001:db8::1]:80", "", "2001:db8::1"},
		{"[fe80::1%eth0]:80", "", "fe80::1"},
		{"[::ffff:192.0.2.1]:80", "", "192.0.2.1"},
		{"@", "", ""}, // a unix socket
		{"", "", ""},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		Identify(func() []netip.Prefix { return trusted }, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if got := ClientAddress(r.Context()); got != c.want {
				t.Errorf("%q, %q: client %q, want %q", c.remote, c.forwarded, got, c.want)
			}
			id := RequestID(r.Context())
			if !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(id) || seen[id] || id != RequestID(r.Context()) {
				t.Errorf("request %q", id)
			}
			seen[id] = true
		})).ServeHTTP(httptest.NewRecorder(), r)
	}
}
