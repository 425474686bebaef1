// Package readme runs what the README and the first pages of docs/ tell a newcomer to type.
package readme

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keystead/keystead/test/drive"
)

// The calls of "Your first product in five minutes" lead from nothing to a valid, activated license.
func TestFirstProduct(t *testing.T) {
	need(t, "bash", "curl", "jq")
	text, err := os.ReadFile(filepath.Join(drive.Root(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "## Your first product in five minutes")
	if !found {
		t.Fatal("the README has no section \"Your first product in five minutes\"")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	script := blocks(section, "sh")
	if len(script) < 5 {
		t.Fatalf("only %d blocks to run", len(script))
	}
	s := drive.StartDemo(t, "--empty", "--data", t.TempDir())
	out := run(t, script, "http://127.0.0.1:8080", s.URL, "paste-the-admin-token-here", s.Token)
	for _, want := range []string{`"state": "succeeded"`, `"status":"active"`, `"valid":true`, `"identifier":"example.com"`, `"identifier_activated":true`, `"activations_used":1`, `"feature.sso":true`} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %s:\n%s", want, out)
		}
	}
}
