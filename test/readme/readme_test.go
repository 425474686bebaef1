// Package readme runs what the README and the first pages of docs/ tell a newcomer to type.
package readme

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keystead/keystead/test/drive"
)

// section are the blocks to run of a section of the README.
func section(t *testing.T, title string) []string {
	t.Helper()
	need(t, "bash", "curl", "jq")
	text, err := os.ReadFile(filepath.Join(drive.Root(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "## "+title+"\n")
	if !found {
		t.Fatalf("the README has no section %q", title)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	script := blocks(rest, "sh")
	if len(script) < 4 {
		t.Fatalf("only %d blocks to run", len(script))
	}
	return script
}

// The calls of "Your first product in five minutes" lead from nothing to a valid, activated license.
func TestFirstProduct(t *testing.T) {
	script := section(t, "Your first product in five minutes")
	s := drive.StartDemo(t, "--empty", "--data", t.TempDir())
	out := run(t, script, "http://127.0.0.1:8080", s.URL, "paste-the-admin-token-here", s.Token)
	for _, want := range []string{`"state": "succeeded"`, `"status":"active"`, `"valid":true`, `"identifier":"example.com"`, `"identifier_activated":true`, `"activations_used":1`, `"feature.sso":true`} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %s:\n%s", want, out)
		}
	}
}

// The calls of "Sell and renew domains" renew a domain once, for the years that were paid.
func TestRenewDomain(t *testing.T) {
	script := section(t, "Sell and renew domains")
	s := drive.StartDemo(t, "--data", t.TempDir())
	out := run(t, script, "http://127.0.0.1:8080", s.URL, "paste-the-admin-token-here", s.Token)
	for _, want := range []string{`"reason":`, `"new_expiry":`, `"succeeded"`, `"status": "active"`} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %s:\n%s", want, out)
		}
	}
	if n := strings.Count(out, `{"command":"renew","years":2,"outcome":"confirmed"}`); n != 1 {
		t.Errorf("the registry was told %d times:\n%s", n, out)
	}
}
