package webhook

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/event"
)

// The vector of the reference libraries of the specification.
func TestSign(t *testing.T) {
	t.Parallel()
	got, err := sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want || err != nil {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	if a, b := newSecret(), newSecret(); a == b || len(a) != len("whsec_")+44 {
		t.Errorf("secrets %s and %s", a, b)
	}
}

func TestPayload(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 13, 0, 0, 1000, time.FixedZone("", 3600))
	for _, c := range []struct {
		e    event.Event
		want string
	}{
		{
			event.Event{Type: "license.created", OccurredAt: at, SubjectID: "lic_1", Data: []byte(`{}`)},
			`{"type":"license.created","timestamp":"2026-03-01T12:00:00.000001Z","data":{"customer_id":null,"subject_id":"lic_1"}}`,
		},
		{
			event.Event{Type: "invoice.paid", OccurredAt: at, SubjectID: "inv_1", CustomerID: "cus_1", Data: []byte(`{"total":{"amount":9007199254740993},"customer_id":"cus_2"}`)},
			`{"type":"invoice.paid","timestamp":"2026-03-01T12:00:00.000001Z","data":{"customer_id":"cus_2","subject_id":"inv_1","total":{"amount":9007199254740993}}}`,
		},
	} {
		if got, err := Payload(c.e); string(got) != c.want || err != nil {
			t.Errorf("%s, %v, want %s", got, err, c.want)
		}
	}
	if _, err := Payload(event.Event{ID: "evt_1", Data: []byte(`[]`)}); err == nil {
		t.Error("data that is no object has a payload")
	}
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	allowed := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
	for _, c := range []struct {
		url        string
		live, test bool
	}{
		{"https://example.com/hooks?key=1", true, true},
		{" https://example.com:8443 ", true, true},
		{"https://93.184.215.14/", true, true},
		{"https://10.1.2.3/", true, true}, // allowed
		{"https://10.2.2.3/", false, true},
		{"https://127.0.0.1/", false, true},
		{"https://[::1]/", false, true},
		{"https://[fd00::1]:8443/", false, true},
		{"https://169.254.169.254/latest/meta-data", false, false},
		{"https://[fe80::1]/", false, false},
		{"https://0.0.0.0/", false, false},
		{"https://[::ffff:127.0.0.1]/", false, true},
		{"http://127.0.0.1:8080/", false, true},
		{"http://localhost/", false, true},
		{"http://192.168.1.2/", false, true},
		{"http://example.com/", false, false},
		{"http://93.184.215.14/", false, false},
		{"", false, false},
		{"example.com", false, false},
		{"//example.com/", false, false},
		{"https://", false, false},
		{"https:example.com", false, false},
		{"ftp://example.com/", false, false},
		{"https://ada:secret@example.com/", false, false},
		{"https://example.com/#top", false, false},
		{"https://example.com/\n", true, true}, // trimmed
		{"https://exa\nmple.com/", false, false},
		{"https://example.com/" + strings.Repeat("a", maxURL), false, false},
	} {
		for mode, want := range map[bool]bool{false: c.live, true: c.test} {
			got, err := checkURL(c.url, mode, allowed)
			if (err == nil) != want {
				t.Errorf("%q in test mode %t: %v", c.url, mode, err)
			}
			if err == nil && got != strings.TrimSpace(c.url) {
				t.Errorf("%q became %q", c.url, got)
			}
		}
	}
}

func TestPermitted(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"93.184.215.14", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"} {
		if !permitted(netip.MustParseAddr(s), false, nil) {
			t.Errorf("%s is public", s)
		}
	}
	for _, s := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.100.100.200", "127.0.0.1", "127.1.2.3", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192",
		"192.168.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
		"::7f00:1", "64:ff9b::7f00:1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001::1", "2001:db8::1", "2002:7f00:1::",
	} {
		a := netip.MustParseAddr(s)
		if permitted(a, false, nil) {
			t.Errorf("%s is not public", s)
		}
		if got := permitted(a, true, nil); got != near(a) {
			t.Errorf("%s in test mode: %t", s, got)
		}
	}
	if !permitted(netip.MustParseAddr("::ffff:10.1.2.3"), false, networks("10.0.0.0/8")) {
		t.Error("an allowed network is refused")
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, eventType string
		want               bool
	}{
		{"*", "invoice.paid", true},
		{"invoice.*", "invoice.paid", true},
		{"invoice.*", "invoices.sealed", false},
		{"invoice.paid", "invoice.paid", true},
		{"invoice.paid", "invoice.paid_late", false},
		{"webhook.endpoint.*", "webhook.endpoint.gone", true},
	} {
		if got := matches(c.pattern, c.eventType); got != c.want {
			t.Errorf("%s for %s: %t", c.pattern, c.eventType, got)
		}
	}
	got, err := tidyPatterns([]string{"license.*", " invoice.paid", "license.*"})
	if err != nil || !slices.Equal(got, []string{"invoice.paid", "license.*"}) {
		t.Errorf("%q, %v", got, err)
	}
	for _, bad := range [][]string{
		nil,
		{""},
		{"invoice"},
		{"*.paid"},
		{"invoice.p*"},
		{"**"},
		{".*"},
		{"Invoice.paid"},
		{"invoice..paid"},
		{"invoice.paid."},
		{"a b.c"},
		{strings.Repeat("a", 99) + ".b"},
		slices.Repeat([]string{"a.b"}, 101),
	} {
		if _, err := tidyPatterns(bad); err == nil {
			t.Errorf("%q are accepted", bad)
		}
	}
}

// Whatever chance draws: the delays grow, and the last attempt is when the three days are over.
func TestRetry(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		giveUp, now := start.Add(patience), start
		for failures := int64(1); ; failures++ {
			random := rapid.Float64Range(0, 0.999).Draw(t, "random")
			asked := rapid.SampledFrom([]time.Duration{0, 0, 0, time.Minute, longestDelay}).Draw(t, "asked for")
			due, again := retry(now, failures, giveUp, asked, random)
			if !again {
				if !now.Equal(giveUp) || failures > 60 {
					t.Fatalf("gave up after %s and %d failures", now.Sub(start), failures)
				}
				return
			}
			waited := due.Sub(now)
			if waited <= 0 || waited > longestDelay || waited < asked && due != giveUp || waited < firstDelay/2 && due != giveUp {
				t.Fatalf("waits %s after %d failures", waited, failures)
			}
			now = due
		}
	})
	if d := delay(1, 0); d != firstDelay/2 {
		t.Errorf("first delay: %s", d)
	}
	if d := delay(1_000_000, 0.999); d > longestDelay {
		t.Errorf("longest delay: %s", d)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "x": 0, "-1": 0, "0": 0, "90": 90 * time.Second, "99999999999": longestDelay, "9999999": longestDelay,
		"Sun, 01 Mar 2026 12:01:00 GMT": time.Minute, "Sun, 01 Mar 2026 11:00:00 GMT": 0, "Sun, 01 Mar 2037 11:00:00 GMT": longestDelay,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	if got := errorText(errors.New("a\x00b\xff" + strings.Repeat("é", maxError))); !strings.HasPrefix(got, "a\ufffdb\ufffd") || len(got) > maxError+10 {
		t.Errorf("%q", got)
	}
}
