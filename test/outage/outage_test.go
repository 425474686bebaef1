// Package outage lets both example programs live through all that can happen to a license server, on every day from the
// last check to after the end, and holds what visitors and administrators see against the rules of docs/offline.md.
//
// The programs are the real ones, started once each; the server's rooms are the real ones, behind a line that is cut,
// slowed down and tampered with. Days pass by moving the programs' clocks and the server's.
package outage

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/test/drive"
)

var update = flag.Bool("update", false, "write the tables of docs/offline.md anew")

const (
	day      = 24 * time.Hour
	interval = 7  // days between two checks, as plans have it that say nothing
	end      = 10 // the day on which silence ends it
	last     = 11 // the last day that is looked at
)

// silences are the ways in which a server does not answer, and one in which it does.
var silences = []struct {
	name    string
	state   weather
	answers bool
	why     string // what the administrator is told of the last try
}{
	{"up", up, true, ""},
	{"down", down, false, "unreachable"},
	{"slow", slow, false, "timeout"},
	{"answers 500", says(500, "application/json", `{"error":{"code":"INTERNAL_ERROR","message":"Sorry."}}`), false, "bad_status"},
	{"answers 429", says(429, "application/json", `{"error":{"code":"RATE_LIMITED","message":"Slowly."}}`), false, "rate_limited"},
	{"garbage", says(200, "application/json", "\x00\xff{]\x1f\x8b"), false, "bad_answer"},
	{"an HTML page", says(200, "text/html", "<!doctype html><title>Sign in to the hotel's network</title>"), false, "bad_answer"},
	{"a redirect", func(_ *line, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}, false, "redirect"},
	{"a wrong signature", forged, false, "bad_lease"},
	{"an old answer again", replayed, false, "bad_lease"},
	{"a no without signature", says(200, "application/json", `{"data":{"valid":false,"status":"revoked","reason":"revoked"}}`), false, "bad_answer"},
	{"has forgotten the key", says(403, "application/json", `{"error":{"code":"LICENSE_NOT_FOUND","message":"No such license."}}`), false, "license_not_found"},
}

// rule is what must be seen on a day after the last check, whatever the program is written in.
func rule(answers bool, d int) verdict {
	switch {
	case answers || d < interval:
		return verdict{On: true, State: "Valid"}
	case d < end:
		return verdict{On: true, State: "Grace"}
	}
	return verdict{State: "Lapsed"}
}

func TestSilence(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t)
			key := v.sell(0).Key
			p := k.install(t, v, place{})
			hurried := k.install(t, v, place{data: p.data, hurried: true})
			for _, s := range silences {
				visited := p
				if s.name == "slow" {
					visited = hurried
				}
				// A new installation, on a later day: signed answers of former rounds are still about.
				v.wait(day, p, hurried)
				p.forget()
				v.set(up)
				if code, body := p.enter(key); code != http.StatusOK {
					t.Fatalf("%s: entering the key: %d\n%s", s.name, code, body)
				}
				v.set(s.state)
				v.wait(time.Minute, p, hurried)
				for d := 0; d <= last; d++ {
					when := fmt.Sprintf("%s, day %d", s.name, d)
					if got, want := visited.look(when), rule(s.answers, d); got != want {
						t.Errorf("%s: %v, want %v", when, got, want)
					}
					if why := visited.info().LastError; d >= interval && why != s.why {
						t.Errorf("%s: the last try came to %q, want %q", when, why, s.why)
					}
					v.wait(day, p, hurried)
				}
				v.set(up)
				if got, want := p.look("answers again"), rule(true, 0); got != want {
					t.Errorf("%s, then it answers again: %v, want %v", s.name, got, want)
				}
			}
		})
	}
}

// A refusal is what a signed answer brings about: it counts at once, and an answer ends it.
type refusal struct {
	name   string
	lasts  time.Duration // of the license; 0: for ever
	refuse func(v *vendor, l license.License)
	reason string
	day    int // on which the program comes to know
	mend   string
	mended func(v *vendor, p *program, l license.License)
}

func status(s license.Status) func(*vendor, license.License) {
	return func(v *vendor, l license.License) { v.edit(l.ID, license.Patch{Status: &s, Reason: "outage"}) }
}

var refusals = []refusal{
	{
		name: "revoked", refuse: status(license.Revoked), reason: "revoked", day: interval,
		mend: "another key is entered", mended: func(v *vendor, p *program, _ license.License) { p.replaceKey(v.sell(0).Key) },
	},
	{
		name: "suspended", refuse: status(license.Suspended), reason: "suspended", day: interval,
		mend: "it is paid", mended: func(v *vendor, _ *program, l license.License) { status(license.Active)(v, l) },
	},
	{
		name: "expired", lasts: 5 * day, reason: "expired", day: 5,
		mend: "it is renewed", mended: func(v *vendor, _ *program, l license.License) {
			until := v.store.Clock.Now().Add(365 * day)
			v.edit(l.ID, license.Patch{ExpiresAt: license.OptionalTime{Set: true, Time: &until}, Reason: "outage"})
		},
	},
}

func (p *program) replaceKey(key string) {
	p.t.Helper()
	if code, body := p.enter(key); code != http.StatusOK {
		p.t.Errorf("%s: another key is refused: %d\n%s", p.name, code, body)
	}
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t)
			p := k.install(t, v, place{})
			for _, c := range refusals {
				v.wait(day, p)
				p.forget()
				l := v.sell(c.lasts)
				p.replaceKey(l.Key)
				if c.refuse != nil {
					c.refuse(v, l)
				}
				v.wait(time.Minute, p)
				for d := 0; d <= last; d++ {
					when := fmt.Sprintf("%s, day %d", c.name, d)
					if got, want := p.look(when), c.rule(d); got != want {
						t.Errorf("%s: %v, want %v", when, got, want)
					}
					if d == c.day {
						v.set(down) // what was said stays said
					}
					v.wait(day, p)
				}
				v.set(up)
				c.mended(v, p, l)
				v.wait(time.Minute, p)
				if got, want := p.look(c.mend), rule(true, 0); got != want {
					t.Errorf("%s, then %s: %v, want %v", c.name, c.mend, got, want)
				}
			}
		})
	}
}

func (c refusal) rule(d int) verdict {
	if d < c.day {
		return verdict{On: true, State: "Valid"}
	}
	return verdict{State: "Invalid", Reason: c.reason}
}

// A copy that runs elsewhere is off there at once, with the server and without it; the original runs on.
func TestMoved(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t)
			original := k.install(t, v, place{})
			l := v.sell(0)
			original.replaceKey(l.Key)
			moved := k.install(t, v, place{data: original.copyData(), domain: "other.example.net"})
			idle := k.install(t, v, place{data: original.copyData(), identifier: "copy.example.net"})
			for _, line := range []struct {
				name  string
				state weather
			}{{"cut", down}, {"up", up}} {
				v.set(line.state)
				v.wait(2*time.Minute, original, moved, idle)
				for _, x := range []struct {
					*program
					want verdict
				}{
					{original, rule(true, 0)},
					{moved, verdict{State: "Invalid", Reason: "wrong_domain"}},
					{idle, verdict{State: "Invalid", Reason: "not_activated"}},
				} {
					if got := x.look(line.name); got != x.want {
						t.Errorf("the line is %s: %v, want %v", line.name, got, x.want)
					}
				}
			}
			// The vendor allows the new domain; the other one activates itself.
			domains := []string{home, "other.example.net"}
			v.edit(l.ID, license.Patch{Places: license.PlacesPatch{Domains: &domains}, Reason: "outage"})
			if code, body := idle.act(idle.admin, "activate", nil); code != http.StatusOK {
				t.Errorf("activate here: %d\n%s", code, body)
			}
			v.wait(2*time.Minute, moved, idle)
			for _, p := range []*program{moved, idle} {
				if got, want := p.look("mended"), rule(true, 0); got != want {
					t.Errorf("mended: %v, want %v", got, want)
				}
			}
		})
	}
}

// copyData copies the installation's data to another folder.
func (p *program) copyData() string {
	p.t.Helper()
	to := p.t.TempDir()
	ok(p.t, os.CopyFS(to, os.DirFS(p.data)))
	for _, name := range []string{"license.json", "license.json.lease", "license.json.state"} {
		ok(p.t, os.Chmod(filepath.Join(to, name), 0o600))
	}
	return to
}

// Who is locked out enters another key: not while the server is silent, and at once when it answers.
func TestKeyChangedWhileLockedOut(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t)
			p := k.install(t, v, place{})
			old, other := v.sell(0).Key, v.sell(0).Key
			p.replaceKey(old)
			v.set(down)
			v.wait(last*day, p)
			lapsed := verdict{State: "Lapsed"}
			if got := p.look("locked out"); got != lapsed {
				t.Fatalf("locked out: %v, want %v", got, lapsed)
			}
			if code, body := p.enter(other); code != http.StatusUnprocessableEntity || !strings.Contains(body, "#unreachable") {
				t.Errorf("a key that nobody can check: %d\n%s", code, body)
			}
			if got := p.look("refused"); got != lapsed || !strings.HasSuffix(p.info().Key, old[len(old)-4:]) {
				t.Errorf("after a key that nobody could check: %v with %s, want %v with the old key", got, p.info().Key, lapsed)
			}
			v.set(up)
			if code, body := p.act(p.nobody, "change", map[string]string{"name": "admin", "password": "guess", "key": other}); code == http.StatusOK || !strings.Contains(body, "#wrong_password") {
				t.Errorf("a wrong password: %d\n%s", code, body)
			}
			p.replaceKey(other)
			if got, want := p.look("another key"), rule(true, 0); got != want || !strings.HasSuffix(p.info().Key, other[len(other)-4:]) {
				t.Errorf("another key: %v with %s, want %v", got, p.info().Key, want)
			}
		})
	}
}

// The tables of docs/offline.md are those that were just proven.
func TestTables(t *testing.T) {
	t.Parallel()
	path := filepath.Join(drive.Root(), "docs", "offline.md")
	raw, err := os.ReadFile(path)
	ok(t, err)
	text := string(raw)
	for name, table := range map[string]string{"silence": silenceTable(), "refusal": refusalTable()} {
		t.Logf("%s\n%s", name, table)
		begin, until := "<!-- "+name+": test/outage -->\n", "<!-- /"+name+" -->"
		before, rest, found := strings.Cut(text, begin)
		_, after, closed := strings.Cut(rest, until)
		if !found || !closed {
			t.Fatalf("docs/offline.md has no place for the table %s", name)
		}
		text = before + begin + table + until + after
	}
	if text == string(raw) {
		return
	}
	if !*update {
		t.Fatal("docs/offline.md does not show what was proven: go test ./test/outage -run Tables -args -update")
	}
	ok(t, os.WriteFile(path, []byte(text), 0o600))
}

// row writes a line of a table. Days that look alike share a cell's text, not the cell.
func row(b *strings.Builder, first string, cells ...string) {
	b.WriteString("| " + first)
	for _, c := range cells {
		b.WriteString(" | " + c)
	}
	b.WriteString(" |\n")
}

func head(b *strings.Builder, first, final string) {
	cells := make([]string, 0, last+2)
	for d := range last + 1 {
		cells = append(cells, fmt.Sprint(d))
	}
	cells = append(cells, final)
	row(b, first, cells...)
	b.WriteString("|---" + strings.Repeat("|:-:", len(cells)) + "|\n")
}

func (v verdict) cell() string {
	switch {
	case v.State == "Grace":
		return "grace"
	case v.On:
		return "on"
	}
	return "**off**"
}

func silenceTable() string {
	var b strings.Builder
	head(&b, "the server, days after the last check", "answers again")
	for _, s := range silences {
		var cells []string
		for d := range last + 1 {
			cells = append(cells, rule(s.answers, d).cell())
		}
		row(&b, s.name, append(cells, rule(true, 0).cell())...)
	}
	return b.String()
}

func refusalTable() string {
	var b strings.Builder
	head(&b, "the license, days after the last check", "mended")
	for _, c := range refusals {
		var cells []string
		for d := range last + 1 {
			cells = append(cells, c.rule(d).cell())
		}
		row(&b, c.name, append(cells, "on: "+c.mend)...)
	}
	return b.String()
}
