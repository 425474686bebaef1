package licenseapi_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// waits returns how long a refused caller is told to wait.
func (a answer) waits(t *testing.T) time.Duration {
	t.Helper()
	a.refused(t, "RATE_LIMITED")
	seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
	if err != nil || seconds < 1 {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	return time.Duration(seconds) * time.Second
}

// elsewhere is the same caller from an address outside of 203.0.113.0/24.
func (c caller) elsewhere() caller {
	c.ip = strings.Replace(c.ip, "203.0.113.", "198.51.100.", 1)
	return c
}

// calls are one call of every endpoint that is answered, or refused for another reason than a limit.
var calls = []struct {
	name string
	call func(t *testing.T, c caller, key string) answer
}{
	{"activate", func(t *testing.T, c caller, key string) answer {
		return c.post(t, "activate", map[string]any{"license_key": key, "identifier": "example.com"})
	}},
	{"deactivate", func(t *testing.T, c caller, key string) answer {
		return c.post(t, "deactivate", map[string]any{"license_key": key, "identifier": "example.com"})
	}},
	{"validate", func(t *testing.T, c caller, key string) answer {
		return c.post(t, "validate", map[string]any{"license_key": key})
	}},
	{"updates", func(t *testing.T, c caller, key string) answer {
		return c.get(t, "updates", "widget", "license_key", key)
	}},
	{"downloads", func(t *testing.T, c caller, key string) answer {
		return c.get(t, "downloads", "widget", "license_key", key)
	}},
}

// 60 a minute per IP and endpoint.
func TestCallsPerMinute(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		c.set(t, map[string]any{"limits.per_minute": 60})
		key := c.license(t, facts{})
		for _, e := range calls {
			for i := range 60 {
				if a := e.call(t, c, key); a.status == http.StatusTooManyRequests {
					t.Fatalf("%s: call %d is refused", e.name, i+1)
				}
			}
			wait := e.call(t, c, key).waits(t)
			other := c.elsewhere()
			if a := e.call(t, other, key); a.status == http.StatusTooManyRequests {
				t.Errorf("%s: another address is refused", e.name)
			}
			c.Clock.Advance(wait)
			if a := e.call(t, c, key); a.status == http.StatusTooManyRequests {
				t.Errorf("%s: refused after %s", e.name, wait)
			}
		}
	})
}

// 40 an hour per IP for unknown keys, whatever the endpoint.
func TestUnknownKeysPerHour(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		c.set(t, map[string]any{"limits.unknown_per_hour": 40})
		for i := range 40 {
			calls[i%len(calls)].call(t, c, "no-such-key").refused(t, "LICENSE_NOT_FOUND")
		}
		var wait time.Duration
		for _, e := range calls {
			wait = e.call(t, c, "no-such-key").waits(t)
		}
		if wait > time.Hour {
			t.Errorf("told to wait %s", wait)
		}
		other := c.elsewhere()
		calls[0].call(t, other, "no-such-key").refused(t, "LICENSE_NOT_FOUND")
		c.Clock.Advance(wait)
		calls[0].call(t, c, "no-such-key").refused(t, "LICENSE_NOT_FOUND")
	})
}

// In dialect 1.9 an unknown key is no error of validate, but it is still an unknown key.
func TestUnknownKeysInDialect19(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		c.set(t, map[string]any{"compat.licensedock": "1.9", "limits.unknown_per_hour": 40})
		for i := range 40 {
			if a := c.post(t, "validate", map[string]any{"license_key": "no-such-key"}); a.status == http.StatusTooManyRequests {
				t.Fatalf("call %d is refused", i+1)
			}
		}
		c.post(t, "validate", map[string]any{"license_key": "no-such-key"}).waits(t)
	})
}

func TestExemptNetworks(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		c.set(t, map[string]any{"limits.per_minute": 5, "limits.unknown_per_hour": 3, "limits.exempt": []string{"203.0.113.0/24"}})
		defer c.set(t, map[string]any{"limits.per_minute": 100_000, "limits.unknown_per_hour": 100_000, "limits.exempt": nil})
		for range 12 {
			for _, e := range calls {
				e.call(t, c, "no-such-key").refused(t, "LICENSE_NOT_FOUND")
			}
		}
		outside := c.elsewhere()
		for range 3 {
			calls[0].call(t, outside, "no-such-key").refused(t, "LICENSE_NOT_FOUND")
		}
		calls[0].call(t, outside, "no-such-key").waits(t)
	})
}
