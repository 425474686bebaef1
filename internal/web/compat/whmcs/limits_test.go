package whmcs_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/web/compat/whmcs"
)

// Who tries many keys learns nothing more, not even from a key that is right; who runs where a license is bound gets the
// truth all the same.
func TestUnknownKeysAreLimited(t *testing.T) {
	each(t, everything, func(t *testing.T, v *vendor) {
		v.set(t, "limits.unknown_per_hour", 40)
		bound, open, elsewhere := v.issue(t, license.IssueInput{}), v.issue(t, license.IssueInput{}), v.issue(t, license.IssueInput{})
		v.ask(t, "licensekey", bound.Key, "domain", "example.com").says(t, "Active")
		v.ask(t, "licensekey", elsewhere.Key, "domain", "other.example").says(t, "Active")
		for i := range 40 {
			if a := v.ask(t, "licensekey", fmt.Sprintf("guess-%d", i)); a.body != "<status>Invalid</status>" {
				t.Fatalf("guess %d: %d %s", i, a.status, a.body)
			}
		}
		refused := v.ask(t, "licensekey", "guess-40").silent(t, http.StatusTooManyRequests)
		if refused.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		v.ask(t, "licensekey", open.Key, "domain", "example.com").silent(t, http.StatusTooManyRequests)
		v.ask(t, "licensekey", open.Key).silent(t, http.StatusTooManyRequests)
		v.ask(t, "licensekey", elsewhere.Key, "domain", "example.com").silent(t, http.StatusTooManyRequests)
		v.ask(t, "licensekey", bound.Key, "domain", "example.com").says(t, "Active")
		_, err := v.Licenses.PlaceHold(t.Context(), bound.ID, license.HoldStaff, "why not")
		ok(t, err)
		v.ask(t, "licensekey", bound.Key, "domain", "example.com").says(t, "Suspended")

		v.askFrom(t, "198.51.100.1", "licensekey", open.Key, "domain", "example.com").says(t, "Active")
		v.askFrom(t, "198.51.100.1", "licensekey", "guess").says(t, "Invalid")
		v.Clock.Advance(time.Hour)
		v.ask(t, "licensekey", "guess").says(t, "Invalid")
	})
}

// The address of an exempt network may try what it likes.
func TestExempt(t *testing.T) {
	each(t, everything, func(t *testing.T, v *vendor) {
		v.set(t, "limits.unknown_per_hour", 2)
		v.set(t, "limits.exempt", []string{"203.0.113.0/24"})
		for range 5 {
			v.ask(t, "licensekey", "guess").says(t, "Invalid")
		}
	})
}

// Software that is refused asks on every page. It is told the truth each time, however often it asks, and at once when
// that changes.
func TestOften(t *testing.T) {
	each(t, catalog.Bindings{EnforceDomain: true}, func(t *testing.T, v *vendor) {
		v.set(t, "limits.per_minute", 5)
		l := v.issue(t, license.IssueInput{})
		v.ask(t, "licensekey", l.Key, "domain", "example.com").says(t, "Active")
		for range 20 {
			v.ask(t, "licensekey", l.Key, "domain", "other.example").says(t, "Invalid", "message", "Domain Invalid")
		}
		v.ask(t, "licensekey", l.Key, "domain", "example.com").says(t, "Active")
		_, err := v.Licenses.PlaceHold(t.Context(), l.ID, license.HoldStaff, "why not")
		ok(t, err)
		for range 20 {
			v.ask(t, "licensekey", l.Key, "domain", "example.com").says(t, "Suspended")
		}
		_, err = v.Licenses.LiftHold(t.Context(), l.ID, license.HoldStaff, license.LiftInput{Why: "well"})
		ok(t, err)
		v.ask(t, "licensekey", l.Key, "domain", "example.com").says(t, "Active")
		_, err = v.Licenses.Reissue(t.Context(), l.ID, "moved")
		ok(t, err)
		v.ask(t, "licensekey", l.Key, "domain", "other.example").says(t, "Active")
		fresh := v.issue(t, license.IssueInput{})
		v.ask(t, "licensekey", fresh.Key, "domain", "fresh.example").says(t, "Active")

		// Every one that was answered counts.
		if n := must(v.Licenses.ByID(t.Context(), l.ID))(t).CheckCount; n != 44 {
			t.Errorf("%d checks, want 44", n)
		}
	})
}

// A server that can't answer says nothing, and never Invalid.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]func(t *testing.T, v *vendor){
		"closed": func(t *testing.T, v *vendor) {
			ok(t, v.Close(t.Context()))
			ok(t, v.DB.Close())
		},
		"failing": func(t *testing.T, v *vendor) {
			v.exec(t, "ALTER TABLE licenses RENAME TO away")
			t.Cleanup(func() { v.exec(t, "ALTER TABLE away RENAME TO licenses") })
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, everything, func(t *testing.T, v *vendor) { askWhileAway(t, v, away) })
		})
	}
}

func askWhileAway(t *testing.T, v *vendor, away func(t *testing.T, v *vendor)) {
	here := []string{"domain", "example.com", "ip", "192.0.2.7", "dir", "/a", "check_token", "t"}
	known, fresh := v.issue(t, license.IssueInput{}), v.issue(t, license.IssueInput{})
	v.ask(t, append(here, "licensekey", known.Key)...).says(t, "Active")
	away(t, v)
	for _, fields := range [][]string{
		append(here, "licensekey", fresh.Key),
		append(here, "licensekey", "no-such-key"),
		append(here, "licensekey", known.Key, "domain", "elsewhere.example"),
	} {
		a := v.ask(t, fields...)
		if a.status < http.StatusInternalServerError {
			t.Errorf("%s: %d %s", fields, a.status, a.body)
		}
		a.silent(t, a.status)
	}
	// What is in memory may still be answered, rightly.
	if a := v.ask(t, append(here, "licensekey", known.Key)...); a.status == http.StatusOK {
		a.says(t, "Active", "md5hash", hash("t"))
	} else {
		a.silent(t, a.status)
	}
}

// A panic is a server that can't answer.
func TestPanic(t *testing.T) {
	t.Parallel()
	h := whmcs.New(whmcs.Config{Log: roomstest.Log()}) // without anything to answer from
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, whmcs.Path, strings.NewReader("licensekey=x")))
	if w.Code != http.StatusInternalServerError || w.Body.Len() > 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
