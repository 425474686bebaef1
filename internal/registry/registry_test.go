package registry

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/clock"
)

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newRegistry(t interface{ Fatal(...any) }, c clock.Clock) *Registry {
	r := New(c)
	r.AddAccount("one", "password-1", nil)
	r.AddAccount("two", "password-2", nil)
	for _, x := range Personalities() {
		if err := r.AddExtension(x); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// ask has a logged-in registrar say a command, and returns the code.
func ask(t interface{ Fatalf(string, ...any) }, r *Registry, account, trid, inside string) int {
	document := `<epp xmlns="urn:ietf:params:xml:ns:epp-1.0"><command>` + inside + `<clTRID>` + trid + `</clTRID></command></epp>`
	q, err := read([]byte(document))
	if err != nil {
		t.Fatalf("%s: %v", document, err)
	}
	d := (&visit{registry: r, account: account}).decide(q.Command)
	if !d.cut {
		wellFormed(t, d.reply.document(d.clTRID, d.svTRID))
	}
	return d.reply.code
}

func wellFormed(t interface{ Fatalf(string, ...any) }, document []byte) {
	for d := xml.NewDecoder(bytes.NewReader(document)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%s: %v", document, err)
		}
	}
}

func domainCommand(verb, attrs, name, inside string) string {
	return fmt.Sprintf(`<%s%s><domain:%s xmlns:domain="%s"><domain:name>%s</domain:name>%s</domain:%s></%s>`, verb, attrs, verb, nsDomain, name, inside, verb, verb)
}

// step is one thing that happens in a random history.
type step struct {
	Kind, Account, Name string
	Years, Hours        int
}

func play(t *rapid.T, steps []step) *Registry {
	c := clock.NewTest(start)
	r := newRegistry(t, c)
	for i, s := range steps {
		trid := fmt.Sprintf("step-%d", i)
		d, _ := r.Domain(s.Name)
		authInfo := `<domain:authInfo><domain:pw>pw</domain:pw></domain:authInfo>`
		period := fmt.Sprintf(`<domain:period unit="y">%d</domain:period>`, s.Years)
		switch s.Kind {
		case "wait":
			c.Advance(time.Duration(s.Hours) * time.Hour)
		case "create":
			ask(t, r, s.Account, trid, domainCommand("create", "", s.Name, period+authInfo))
		case "renew":
			ask(t, r, s.Account, trid, domainCommand("renew", "", s.Name, "<domain:curExpDate>"+d.Expiry.Format(time.DateOnly)+"</domain:curExpDate>"+period))
		case "delete":
			ask(t, r, s.Account, trid, domainCommand("delete", "", s.Name, ""))
		case "request", "approve", "reject", "cancel":
			ask(t, r, s.Account, trid, domainCommand("transfer", ` op="`+s.Kind+`"`, s.Name, authInfo))
		case "restore":
			for _, op := range []string{`op="request"/>`, `op="report"><rgp:report><rgp:resReason>r</rgp:resReason><rgp:statement>a</rgp:statement><rgp:statement>b</rgp:statement></rgp:report></rgp:restore>`} {
				ask(t, r, s.Account, trid+op[4:6], domainCommand("update", "", s.Name, "")+
					`<extension><rgp:update xmlns:rgp="`+nsRGP+`"><rgp:restore `+op+`</rgp:update></extension>`)
			}
		case "mode":
			_ = r.SetMode(s.Name, ModeExpire)
		}
	}
	return r
}

// Whatever happens: the ledger of each domain is a chain from one expiry to the next that ends at the present one,
// and the same history makes the same registry.
func TestLedgerProvesEveryYear(t *testing.T) {
	t.Parallel()
	names := []string{}
	for _, x := range Personalities() {
		names = append(names, "a."+x.Name)
	}
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
			return step{
				Kind:    rapid.SampledFrom([]string{"wait", "wait", "create", "renew", "renew", "delete", "request", "approve", "reject", "cancel", "restore", "mode"}).Draw(t, "kind"),
				Account: rapid.SampledFrom([]string{"one", "two"}).Draw(t, "account"),
				Name:    rapid.SampledFrom(names).Draw(t, "name"),
				Years:   rapid.IntRange(1, 10).Draw(t, "years"),
				Hours:   rapid.SampledFrom([]int{1, 24, 24 * 30, 24 * 365}).Draw(t, "hours"),
			}
		}), 1, 60).Draw(t, "steps")
		r := play(t, steps)

		last := map[string]Entry{}
		for _, e := range r.Ledger() {
			before, known := last[e.Name]
			if e.Kind != "create" && known && !e.Before.Equal(before.After) && r.extension(e.Name).Name != "at-expiry" {
				t.Fatalf("%+v follows %+v", e, before)
			}
			if e.Years > 0 && !e.After.After(e.Before) {
				t.Fatalf("%+v adds nothing", e)
			}
			last[e.Name] = e
		}
		for _, name := range names {
			if d, found := r.Domain(name); found && d.Arrears == 0 && !d.Expiry.Equal(last[name].After) {
				t.Fatalf("%s expires %v, its ledger ends with %+v", name, d.Expiry, last[name])
			}
		}
		again := play(t, steps)
		if diff := cmp.Diff(r.Ledger(), again.Ledger()); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(r.Journal(), again.Journal()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestEndsInOrder(t *testing.T) {
	t.Parallel()
	c := clock.NewTest(start)
	r := newRegistry(t, c)
	for _, name := range []string{"b.modern", "a.modern"} {
		if err := r.Put(Domain{Name: name, Sponsor: "one", Expiry: start.AddDate(0, 0, 1)}); err != nil {
			t.Fatal(err)
		}
	}
	day := func(n int) []string {
		c.Set(start.AddDate(0, 0, 1+n))
		d, _ := r.Domain("a.modern")
		return append(d.statuses(), d.rgp(r.extension("a.modern"), c.Now())...)
	}
	for _, tt := range []struct {
		day  int
		want string
	}{{0, "ok"}, {29, "ok"}, {30, "pendingDelete redemptionPeriod"}, {59, "pendingDelete redemptionPeriod"}, {60, "pendingDelete pendingDelete"}} {
		if got := strings.Join(day(tt.day), " "); got != tt.want {
			t.Errorf("day %d after the expiry: %s, want %s", tt.day, got, tt.want)
		}
	}
	c.Set(start.AddDate(1, 0, 0))
	if d, found := r.Domain("a.modern"); found {
		t.Errorf("%+v is still there", d)
	}
	texts := []string{}
	for _, m := range r.state.Accounts["one"].Messages {
		texts = append(texts, m.Text)
	}
	want := []string{"a.modern is in its redemption period", "b.modern is in its redemption period", "a.modern was deleted", "b.modern was deleted"}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Error(diff)
	}
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	c := clock.NewTest(start)
	r := newRegistry(t, c)
	pw := `<domain:authInfo><domain:pw>pw</domain:pw></domain:authInfo>`
	if code := ask(t, r, "one", "abc", domainCommand("create", "", "a.auto", pw)); code != codeOK {
		t.Fatal(code)
	}
	if code := ask(t, r, "one", "abd", domainCommand("create", "", "a.classic", pw)); code != codeOK {
		t.Fatal(code)
	}
	r.SetClock(start.AddDate(1, 0, 1))
	path := filepath.Join(t.TempDir(), "registry.json")
	n, err := r.Save(path)
	if err != nil || n != r.Changed() {
		t.Fatal(n, err)
	}
	again := New(c)
	if found, err := again.Load(path); err != nil || !found {
		t.Fatal(found, err)
	}
	if diff := cmp.Diff(r.Ledger(), again.Ledger()); diff != "" {
		t.Error(diff)
	}
	if !again.Now().Equal(start.AddDate(1, 0, 1)) {
		t.Error(again.Now())
	}
	if code := ask(t, again, "one", "abc", domainCommand("info", "", "a.classic", "")); code != 0 {
		t.Errorf("a transaction id used before the restart: %d", code)
	}
	if found, err := again.Load(path + "x"); found || err != nil {
		t.Error(found, err)
	}
}

func TestIdentityIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := LoadIdentity(dir, start, "localhost")
	if err != nil {
		t.Fatal(err)
	}
	second, err := LoadIdentity(dir, start.AddDate(1, 0, 0), "localhost")
	if err != nil || !bytes.Equal(first.CA, second.CA) {
		t.Error("another one after the restart", err)
	}
}

func TestRulesAreChecked(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]Extension{
		"name":     {Name: "Bad Name"},
		"dialect":  {Name: "test", Dialect: "dutch"},
		"terms":    {Name: "test", MinYears: 5, MaxYears: 2},
		"currency": {Name: "test", Currency: "XXZ"},
		"days":     {Name: "test", GraceDays: -1},
		"code":     {Name: "test", EarlyCode: 2000},
	} {
		if New(clock.NewTest(start)).AddExtension(x) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	r := newRegistry(t, clock.NewTest(start))
	for _, f := range []Fault{{Kind: "none"}, {Kind: Answer, Code: 42}, {Kind: Slow, Delay: -1}, {Kind: Slow, Times: -1}} {
		if r.Inject(f) == nil {
			t.Errorf("%+v is accepted", f)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	r := newRegistry(t, clock.NewTest(start))
	if err := r.Put(Domain{Name: "a.modern", Sponsor: "one", Expiry: start.AddDate(1, 0, 0), Statuses: map[string]bool{"serverRenewProhibited": true}}); err != nil {
		t.Fatal(err)
	}
	pw := `<domain:authInfo><domain:pw>pw</domain:pw></domain:authInfo>`
	for name, tt := range map[string]struct {
		account, command string
		code             int
	}{
		"stranger":          {"", domainCommand("info", "", "a.modern", ""), codeUse},
		"stranger, classic": {"", domainCommand("info", "", "a.classic", ""), codeAuthInfo},
		"registry's lock":   {"one", domainCommand("renew", "", "a.modern", "<domain:curExpDate>2027-11-22</domain:curExpDate>"), codeStatusProhibits},
		"another's":         {"two", domainCommand("renew", "", "a.modern", "<domain:curExpDate>2027-11-22</domain:curExpDate>"), codeAuthorization},
		"months":            {"one", domainCommand("renew", "", "a.modern", `<domain:curExpDate>2027-11-22</domain:curExpDate><domain:period unit="m">12</domain:period>`), codePolicy},
		"no date":           {"one", domainCommand("renew", "", "a.modern", ""), codeMissing},
		"no such date":      {"one", domainCommand("renew", "", "a.modern", "<domain:curExpDate>soon</domain:curExpDate>"), codeValueSyntax},
		"unknown extension": {"one", domainCommand("create", "", "a.nowhere", pw), codePolicy},
		"bad name":          {"one", domainCommand("create", "", "-a.modern", pw), codeValueSyntax},
		"unknown contact":   {"one", domainCommand("create", "", "b.modern", "<domain:registrant>nobody</domain:registrant>"+pw), codeNotThere},
		"server status":     {"one", domainCommand("update", "", "a.modern", `<domain:add><domain:status s="serverHold"/></domain:add>`), codePolicy},
		"own transfer":      {"one", domainCommand("transfer", ` op="request"`, "a.modern", pw), codeNotTransferable},
		"no transfer":       {"one", domainCommand("transfer", ` op="approve"`, "a.modern", ""), codeNotTransferring},
		"nothing":           {"one", "", codeUnknownCommand},
	} {
		if got := ask(t, r, tt.account, "trid-"+name, tt.command); got != tt.code {
			t.Errorf("%s: %d, want %d", name, got, tt.code)
		}
	}
}

// Whatever a client sends, it is answered with a document or hung up on, and the registry stays whole.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(`<epp xmlns="urn:ietf:params:xml:ns:epp-1.0"><hello/></epp>`))
	for _, command := range []string{
		domainCommand("info", "", "a.auto", ""), domainCommand("renew", "", "a.auto", "<domain:curExpDate>2027-11-22</domain:curExpDate>"),
		domainCommand("check", "", "a.auto", "") + `<extension><fee:check xmlns:fee="` + nsFee + `"><fee:currency>EUR</fee:currency><fee:command name="renew"/></fee:check></extension>`,
		domainCommand("create", "", "b.auto", `<domain:authInfo><domain:pw>x</domain:pw></domain:authInfo>`),
		domainCommand("transfer", ` op="request"`, "a.auto", ""), domainCommand("update", "", "a.auto", `<domain:add/>`), `<poll op="req"/>`, `<logout/>`,
		`<check><contact:check xmlns:contact="` + nsContact + `"><contact:id>abc</contact:id></contact:check></check>`,
	} {
		f.Add([]byte(`<epp xmlns="urn:ietf:params:xml:ns:epp-1.0"><command>` + command + `<clTRID>abc-123</clTRID></command></epp>`))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		if _, err := receive(bytes.NewReader(document)); err == nil && len(document) < 5 {
			t.Error("a frame of nothing")
		}
		q, err := read(document)
		if err != nil || q.Command == nil {
			return
		}
		r := newRegistry(t, clock.NewTest(start))
		if err := r.Put(Domain{Name: "a.auto", Sponsor: "one", AuthInfo: "x", Expiry: start.AddDate(1, 0, 0)}); err != nil {
			t.Fatal(err)
		}
		for _, account := range []string{"", "one", "two"} {
			d := (&visit{registry: r, account: account}).decide(q.Command)
			if !d.cut {
				wellFormed(t, d.reply.document(d.clTRID, d.svTRID))
			}
		}
		r.SetClock(start.AddDate(12, 0, 0))
	})
}
