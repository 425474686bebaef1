package licensed

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestStoreFiles(t *testing.T) {
	t.Parallel()
	r := licensedRig(t)
	r.clock.advance(day)
	if _, err := r.ForceUpdate(context.Background()); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	files, err := os.ReadDir(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		names[f.Name()] = true
		if fi, err := f.Info(); err != nil || (runtime.GOOS != "windows" && fi.Mode().Perm() != 0o600) {
			t.Errorf("%s: %v, %v", f.Name(), fi.Mode(), err)
		}
	}
	for _, suffix := range []string{keyFile, leaseFile, reserveFile, stateFile, lockFile} {
		if !names["license.json"+suffix] {
			t.Errorf("license.json%s is missing", suffix)
		}
		delete(names, "license.json"+suffix)
	}
	if len(names) > 0 {
		t.Errorf("litter: %v", names)
	}
}

// Whatever happens to a file, the license works on as far as it can, and the administrator is told what is wrong.
func TestDamage(t *testing.T) {
	t.Parallel()
	write := func(suffix, content string) func(*rig) {
		return func(r *rig) {
			if err := os.WriteFile(r.path(suffix), []byte(content), 0o600); err != nil {
				panic(err)
			}
		}
	}
	cut := func(suffix string) func(*rig) {
		return func(r *rig) {
			fi, err := os.Stat(r.path(suffix))
			if err != nil {
				panic(err)
			}
			if err := os.Truncate(r.path(suffix), fi.Size()/2); err != nil {
				panic(err)
			}
		}
	}
	folder := func(suffix string) func(*rig) {
		return func(r *rig) {
			_ = os.Remove(r.path(suffix))
			if err := os.Mkdir(r.path(suffix), 0o700); err != nil {
				panic(err)
			}
		}
	}
	mode := func(suffix string, m os.FileMode) func(*rig) {
		return func(r *rig) {
			if err := os.Chmod(r.path(suffix), m); err != nil {
				panic(err)
			}
		}
	}
	gone := func(suffix string) func(*rig) { return func(r *rig) { _ = os.Remove(r.path(suffix)) } }
	both := func(fs ...func(*rig)) func(*rig) {
		return func(r *rig) {
			for _, f := range fs {
				f(r)
			}
		}
	}
	for name, c := range map[string]struct {
		damage func(*rig)
		state  State // while the server is away
		fault  Reason
	}{
		"key gone":                   {gone(keyFile), NoKey, ""},
		"key empty":                  {write(keyFile, ""), NoKey, KeyFile},
		"key blank":                  {write(keyFile, " \n"), NoKey, KeyFile},
		"key truncated":              {cut(keyFile), NoKey, KeyFile},
		"key of another program":     {write(keyFile, `{"name":"left-pad","version":"1.3.0"}`), NoKey, KeyFile},
		"key null":                   {write(keyFile, "null"), NoKey, KeyFile},
		"key is a folder":            {folder(keyFile), NoKey, KeyFile},
		"key huge":                   {write(keyFile, strings.Repeat(" ", maxFile+1)), NoKey, KeyFile},
		"key for everybody to write": {mode(keyFile, 0o666), Valid, Permissions},
		"key for everybody to read":  {mode(keyFile, 0o644), Valid, Permissions},
		"lease gone":                 {gone(leaseFile), Valid, ""},
		"lease empty":                {write(leaseFile, ""), Valid, LeaseFile},
		"lease truncated":            {cut(leaseFile), Valid, LeaseFile},
		"lease of another program":   {write(leaseFile, `{"lease":"a.b.c"}`), Valid, LeaseFile},
		"lease is a folder":          {folder(leaseFile), Valid, LeaseFile},
		"lease for everybody":        {mode(leaseFile, 0o666), Valid, Permissions},
		"both leases truncated":      {both(cut(leaseFile), cut(reserveFile)), Unverified, LeaseFile},
		"both leases gone":           {both(gone(leaseFile), gone(reserveFile)), Unverified, ""},
		"state gone":                 {gone(stateFile), Valid, ""},
		"state empty":                {write(stateFile, ""), Valid, StateFile},
		"state garbage":              {write(stateFile, "\x00\x01"), Valid, StateFile},
		"state absurd":               {write(stateFile, `{"seen":9223372036854775807,"reading":-9223372036854775808,"next":9223372036854775807}`), Valid, StateFile},
		"state half":                 {write(stateFile, `{"seen":5}`), Valid, StateFile},
		"state list":                 {write(stateFile, `[]`), Valid, StateFile},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := licensedRig(t)
			if _, err := r.ForceUpdate(context.Background()); err != nil { // makes a reserve
				t.Fatal(err)
			}
			r.server.with(func() { r.server.change = func(c map[string]any) { c["jti"] = "j2" } })
			if _, err := r.ForceUpdate(context.Background()); err != nil {
				t.Fatal(err)
			}
			c.damage(r)
			r.server.down(true)
			r.clock.advance(2 * hour * 1e9)
			for _, l := range []*License{r.License, r.another()} {
				st := l.Check(context.Background())
				if st.State != c.state {
					t.Errorf("%s, want %s", st.State, c.state)
				}
				found := c.fault == "" && len(st.Faults) == 0
				for _, f := range st.Faults {
					found = found || f.Code == c.fault
					if strings.Contains(f.Detail, r.dir) {
						t.Errorf("%q names the directory", f.Detail)
					}
				}
				// A check whose result can be saved writes the state anew.
				if !found && c.fault != StateFile {
					t.Errorf("faults %v, want %q", st.Faults, c.fault)
				}
			}
			// And it heals, where files can be put in the place of what is there.
			r.server.down(false)
			r.clock.advance(7 * hour * 1e9)
			if c.state == NoKey {
				if err := r.SetKey(context.Background(), testKey); err != nil {
					if strings.HasSuffix(name, "folder") {
						return
					}
					t.Fatal(err)
				}
			}
			if st, _ := r.ForceUpdate(context.Background()); st.State != Valid {
				t.Errorf("with the server: %s, %v", st.State, st.Faults)
			}
		})
	}
}

// Where nothing can be written, the license works in memory, and a key is not wasted.
func TestNotWritable(t *testing.T) {
	t.Parallel()
	r := install(t)
	blocked := filepath.Join(r.dir, "blocked")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l := r.another(func(c *Config) { c.Store = File(filepath.Join(blocked, "license.json")); c.Identifier = Fixed("x") })
	r.server.needs = true
	wantProblem(t, l.SetKey(context.Background(), testKey), NotWritable, false)
	if r.server.requests() != 0 {
		t.Error("a key that can't be kept was activated")
	}
}

// A store that could be written once is read all the same. The names of the new files are taken by folders that are not
// empty: unlike permissions, that stops root too.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	r := licensedRig(t)
	for _, suffix := range []string{keyFile, leaseFile, reserveFile, stateFile} {
		if err := os.MkdirAll(r.path(suffix)+".tmp/x", 0o700); err != nil {
			t.Fatal(err)
		}
	}
	r.wantState(Valid, "")
	r.clock.advance(8 * day)
	st := r.wantState(Valid, "")
	if len(st.Faults) != 1 || st.Faults[0].Code != NotWritable {
		t.Errorf("faults %v", st.Faults)
	}
	n := r.server.requests()
	r.clock.advance(day)
	r.wantState(Valid, "")
	if r.server.requests() != n {
		t.Error("asked again although the answer is in memory")
	}
	r.server.down(true)
	r.clock.advance(7 * day)
	r.wantState(Grace, "")
	wantProblem(t, r.SetKey(context.Background(), testKey), NotWritable, false)
	r.wantState(Grace, "")
}

// A no leaves no reserve that could come back as a yes.
func TestNoReserveAfterNo(t *testing.T) {
	t.Parallel()
	r := licensedRig(t)
	_, _ = r.ForceUpdate(context.Background())
	r.server.with(func() { r.server.keys[testKey] = "revoked" })
	_, _ = r.ForceUpdate(context.Background())
	r.wantState(Invalid, Revoked)
	r.server.down(true)
	if err := os.Remove(r.path(leaseFile)); err != nil {
		t.Fatal(err)
	}
	r.clock.advance(hour * 1e9)
	r.wantState(Unverified, BadStatus)
}

// The power fails between the new lease and the new key: the old key is still good.
func TestHalfChangedKey(t *testing.T) {
	t.Parallel()
	r := licensedRig(t)
	key, err := os.ReadFile(r.path(""))
	if err != nil {
		t.Fatal(err)
	}
	lease, err := os.ReadFile(r.path(leaseFile))
	if err != nil {
		t.Fatal(err)
	}
	r.server.with(func() { r.server.keys["OTHER"] = statusActive })
	if err := r.SetKey(context.Background(), "OTHER"); err != nil {
		t.Fatal(err)
	}
	for suffix, content := range map[string][]byte{keyFile: key, reserveFile: lease} {
		if err := os.WriteFile(r.path(suffix), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.server.down(true)
	if st := r.another().Status(); st.State != Valid || st.Lease.KeyHash != hashKey(testKey) {
		t.Errorf("%s, %+v", st.State, st.Lease)
	}
}

// However many want to know at once, in however many goroutines and processes, one asks.
func TestOneAsks(t *testing.T) {
	t.Parallel()
	r := licensedRig(t)
	r.clock.advance(8 * day)
	before := r.server.requests()
	var wg sync.WaitGroup
	for range 4 {
		l := r.another()
		for range 10 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				if st := l.Check(context.Background()); st.State != Valid {
					t.Errorf("state %s", st.State)
				}
			}()
		}
	}
	wg.Wait()
	if n := r.server.requests() - before; n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// The same with real processes: the test's program, started again as an installation whose check is due.
func TestProcessesShareStore(t *testing.T) {
	t.Parallel()
	const asChild = "LICENSED_TEST_CHILD"
	if server := os.Getenv(asChild); server != "" {
		l, err := New(Config{
			Server: server, Product: "widget", Store: File(os.Getenv(asChild + "_STORE")),
			RootKeys: []string{base64url.EncodeToString(publicOf(signingKey("root")))},
			Now:      (&testClock{now: noon.Add(8 * day)}).Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		if st := l.Check(context.Background()); st.State != Valid {
			t.Fatalf("%+v", st)
		}
		return
	}
	r := licensedRig(t)
	r.clock.advance(8 * day)
	before := r.server.requests()
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			cmd := exec.Command(os.Args[0], "-test.run=^TestProcessesShareStore$") //nolint:gosec // this test
			cmd.Env = append(os.Environ(), asChild+"="+r.server.URL, asChild+"_STORE="+r.path(""))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		}()
	}
	wg.Wait()
	if n := r.server.requests() - before; n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// While another process asks and the server is slow, one does not wait for ever.
func TestBusy(t *testing.T) {
	t.Parallel()
	r := licensedRig(t)
	unlock, err := r.cfg.Store.lock(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	r.clock.advance(8 * day)
	l := r.another(func(c *Config) { c.Timeout = 60e6 })
	if st := l.Check(context.Background()); st.State != Due {
		t.Errorf("state %s", st.State)
	}
	wantProblem(t, l.SetKey(context.Background(), testKey), Busy, true)
}
