// Package readme runs what the README tells a newcomer to type.
package readme

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/test/drive"
)

// The calls of "Your first product in five minutes" lead from nothing to a valid, activated license.
func TestFirstProduct(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("KEYSTEAD_CI") != "" {
				t.Fatalf("%s is missing", tool)
			}
			t.Skipf("%s is missing", tool)
		}
	}
	text, err := os.ReadFile(filepath.Join(drive.Root(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "## Your first product in five minutes")
	if !found {
		t.Fatal("the README has no section \"Your first product in five minutes\"")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var script strings.Builder
	script.WriteString("set -euo pipefail\n")
	blocks := 0
	for rest := section; ; blocks++ {
		_, after, ok := strings.Cut(rest, "```sh\n")
		if !ok {
			break
		}
		block, tail, _ := strings.Cut(after, "```")
		script.WriteString(block)
		rest = tail
	}
	if blocks < 5 {
		t.Fatalf("only %d blocks to run", blocks)
	}
	s := drive.StartDemo(t, "--empty", "--data", t.TempDir())
	commands := strings.NewReplacer("http://127.0.0.1:8080", s.URL, "paste-the-admin-token-here", s.Token).Replace(script.String())

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "bash", "-c", commands).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{`"state": "succeeded"`, `"status":"active"`, `"valid":true`, `"identifier":"example.com"`, `"identifier_activated":true`, `"activations_used":1`, `"feature.sso":true`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the output lacks %s:\n%s", want, out)
		}
	}
}
