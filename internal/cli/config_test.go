package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The configuration file says what flags and variables do not, and a mistake in it is told with its line.
func TestConfigFile(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"fine":        {"# a remark\n\n data = store \nname=x=y\n", ""},
		"no value":    {"data", "line 1 is not of the form 'name = value'"},
		"no name":     {"\n= x", "line 2 is not"},
		"twice":       {"data = a\ndata = b", "line 2 sets data again"},
		"unknown":     {"data = a\ndate = b", "line 2: there is no setting date"},
		"itself":      {"data = a\nconfig = a", "there is no setting config"},
		"a bad value": {"data = store\nexpires = soon", "no point in time"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keystead.conf")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			r := keystead(t, "token", "create", "--scope", "*", "--config", path)
			if c.says == "" {
				if r.status != failed || !strings.Contains(r.err, "there is no store") {
					t.Errorf("status %d: %s", r.status, r.err)
				}
				return
			}
			if r.status != misuse || !strings.Contains(r.err, c.says) {
				t.Errorf("status %d, %q; want %d and %q", r.status, r.err, misuse, c.says)
			}
		})
	}
}

// A flag goes before its variable, a variable before the file.
func TestPrecedence(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "keystead.conf")
	if err := os.WriteFile(path, []byte("data = "+dir+"/from-file"), 0o600); err != nil {
		t.Fatal(err)
	}
	says := func(want string, args ...string) {
		t.Helper()
		if r := keystead(t, append([]string{"verify"}, args...)...); r.status != failed || !strings.Contains(r.err, want) {
			t.Errorf("status %d: %s, want %s", r.status, r.err, want)
		}
	}
	says("from-file", "--config", path)
	t.Setenv("KEYSTEAD_CONFIG", path)
	says("from-file")
	t.Setenv("KEYSTEAD_DATA", dir+"/from-variable")
	says("from-variable")
	says("from-flag", "--data", dir+"/from-flag")
}

func TestInstant(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2027-03-20":                "2027-03-20T00:00:00Z",
		"2027-03-20T03:21:26Z":      "2027-03-20T03:21:26Z",
		"2027-03-20T05:21:26+02:00": "2027-03-20T03:21:26Z",
		"soon":                      "", "": "", "90": "", "-3d": "", "2027-02-30": "", "123456d": "",
	} {
		var i instant
		err := i.UnmarshalText([]byte(text))
		if (err == nil) != (want != "") {
			t.Errorf("%q: %v", text, err)
		}
		if got := time.Time(i).Format(time.RFC3339); want != "" && got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	var i instant
	if err := i.UnmarshalText([]byte("90d")); err != nil {
		t.Fatal(err)
	}
	if off := time.Until(time.Time(i)) - 90*24*time.Hour; off.Abs() > time.Minute {
		t.Errorf("90d is off by %s", off)
	}
}
