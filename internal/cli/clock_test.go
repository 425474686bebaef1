package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/app"
	"github.com/keystead/keystead/internal/demo"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/web/adminapi"
)

// emptyStore is the folder of an empty demo store whose clock stands at an instant.
func emptyStore(t *testing.T, now string) string {
	t.Helper()
	dir := t.TempDir()
	var at instant
	if err := at.UnmarshalText([]byte(now)); err != nil {
		t.Fatal(err)
	}
	c := &demoCommand{Empty: true, Now: at}
	if _, err := c.prepare(t.Context(), quiet(), dir, discard); err != nil {
		t.Fatal(err)
	}
	config, err := c.config(quiet(), dir, discard)
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestClockStandsAndMoves(t *testing.T) {
	t.Parallel()
	dir := emptyStore(t, "2027-01-31T09:00:00Z")
	shows := func(want string) {
		t.Helper()
		if got := strings.TrimSpace(must(t, "clock", "show", "--data", dir).out); got != want {
			t.Errorf("the clock stands at %s, want %s", got, want)
		}
	}
	shows("2027-01-31T09:00:00Z")
	shows("2027-01-31T09:00:00Z")
	must(t, "clock", "advance", "--data", dir, "12h")
	shows("2027-01-31T21:00:00Z")
	must(t, "clock", "advance", "--data", dir, "2027-03-01")
	shows("2027-03-01T00:00:00Z")
	var ran adminapi.Run
	if err := json.Unmarshal([]byte(must(t, "clock", "advance", "--data", dir, "--json", "2027-02-01T00:00:00Z").out), &ran); err != nil || len(ran.Ran) != 0 {
		t.Errorf("into the past: %+v, %v", ran, err)
	}
	shows("2027-03-01T00:00:00Z")
	for _, wrong := range []string{"soon", "2027-02-30", "1q"} {
		if r := keystead(t, "clock", "advance", "--data", dir, wrong); r.status != misuse || !strings.Contains(r.err, "no point in time") || !strings.Contains(r.err, "Try 'keystead clock advance --help'.") {
			t.Errorf("%s: %d %s", wrong, r.status, r.err)
		}
	}
	if r := must(t, "automation", "run", "--data", dir); !strings.Contains(r.err, "Nothing was due.") {
		t.Errorf("run: %s%s", r.out, r.err)
	}
	if r := must(t, "automation", "dry-run", "--data", dir, "--until", "30d"); !strings.Contains(r.err, "Nothing would happen until 2027-03-31T00:00:00Z.") {
		t.Errorf("dry run: %s%s", r.out, r.err)
	}
}

// Months and years are those of the calendar in the store's zone, as on the page of the test clock.
func TestClockMovesByMonthsAndYears(t *testing.T) {
	t.Parallel()
	dir := emptyStore(t, "2027-01-31T09:00:00Z")
	for _, step := range []struct{ by, to string }{{"1m", "2027-02-28T09:00:00Z"}, {"1y", "2028-02-28T09:00:00Z"}, {"2d", "2028-03-01T09:00:00Z"}} {
		must(t, "clock", "advance", "--data", dir, step.by)
		if got := strings.TrimSpace(must(t, "clock", "show", "--data", dir).out); got != step.to {
			t.Errorf("%s on, the clock stands at %s, want %s", step.by, got, step.to)
		}
	}
}

func TestLiveStoresHaveNoClock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, err := app.Open(t.Context(), app.Config{Dir: dir, Logger: discard})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"clock", "show"}, {"clock", "advance", "1d"}} {
		r := keystead(t, append(command, "--data", dir)...)
		if r.status != failed || !strings.Contains(r.err, "live store") {
			t.Errorf("%v: %d %s", command, r.status, r.err)
		}
	}
}

// A year in which nothing happens is little work, which tells of no machine's speed: some seventy transactions.
func TestYearOfAnEmptyStore(t *testing.T) {
	t.Parallel()
	a := openStore(t, emptyStore(t, "2027-01-01"))
	begun := a.DB.Begun()
	r, err := a.Automation.Advance(t.Context(), a.DB.Clock().Now().AddDate(1, 0, 0), nil)
	if n := a.DB.Begun() - begun; err != nil || n > 100 {
		t.Errorf("%+v, %v, after %d transactions", r, err, n)
	}
}

// The past of a filled store lies before its clock, wherever that stands.
func TestDemoStoreOfAnotherTime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := &demoCommand{}
	if err := c.Now.UnmarshalText([]byte("2031-05-05T10:00:00Z")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.prepare(t.Context(), quiet(), dir, discard); err != nil {
		t.Fatal(err)
	}
	config, err := c.config(quiet(), dir, discard)
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close(t.Context()) }()
	if got := a.DB.Clock().Now().Format(time.RFC3339); got != "2031-05-05T10:00:00Z" {
		t.Errorf("the clock stands at %s", got)
	}
	if _, err := os.Stat(filepath.Join(dir, keptFile)); err != nil {
		t.Error(err)
	}
	before := len(census(t, a))
	r, err := a.DryRun(t.Context(), a.DB.Clock().Now().AddDate(1, 0, 0))
	if err != nil || len(r.Happenings) == 0 {
		t.Errorf("a dry run over a year: %+v, %v", r, err)
	}
	moved, err := a.Automation.Advance(t.Context(), a.DB.Clock().Now().AddDate(1, 0, 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	// What was foretold has happened.
	for kind, c := range r.Ran {
		if moved.Ran[kind] != c {
			t.Errorf("%s: the dry run told of %+v, and it was %+v", kind, c, moved.Ran[kind])
		}
	}
	if after := len(census(t, a)); before == 0 || after == 0 {
		t.Error("the store is empty")
	}
}

// What is about security goes by the machine's clock: a test store that leaps a year ahead signs nobody out.
func TestSecretsDoNotAgeWithATestStore(t *testing.T) {
	t.Parallel()
	dir := emptyStore(t, "2027-01-01")
	a, ctx := openStore(t, dir), t.Context()
	text, err := os.ReadFile(filepath.Join(dir, keptFile))
	if err != nil {
		t.Fatal(err)
	}
	var kept demo.Access
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	in, err := a.SignIn.StaffPassword(ctx, kept.Staff.Email, kept.Staff.Password, signin.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	soon := a.DB.Wall().Now().Add(time.Hour)
	_, secret, err := a.Tokens.Create(ctx, "short", []string{"*"}, &soon)
	if err != nil {
		t.Fatal(err)
	}
	link, err := a.SignIn.StaffLink(ctx, in.Session.StaffID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Automation.Advance(ctx, a.DB.Clock().Now().AddDate(1, 0, 0), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := a.SignIn.StaffSession(ctx, in.Token); err != nil {
		t.Errorf("session: %v", err)
	}
	if _, err := a.Tokens.Authenticate(ctx, secret); err != nil {
		t.Errorf("token: %v", err)
	}
	if _, err := a.SignIn.LookAtLink(ctx, link); err != nil {
		t.Errorf("link: %v", err)
	}
	past := a.DB.Wall().Now().Add(-time.Hour)
	if _, _, err := a.Tokens.Create(ctx, "over", []string{"*"}, &past); err == nil {
		t.Error("a token that has ended was made")
	}
}
