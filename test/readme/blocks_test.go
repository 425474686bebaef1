package readme

import (
	"context"
	"os/exec"
	"strings"
	"testing"

	"github.com/keystead/keystead/test/drive"
)

// need ends a test that misses a tool.
func need(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		drive.Tool(t, tool)
	}
}

// blocks are the blocks of code in a text that are marked as being in a language.
func blocks(text, language string) []string {
	var found []string
	for {
		_, after, ok := strings.Cut(text, "\n```"+language+"\n")
		if !ok {
			return found
		}
		block, rest, _ := strings.Cut(after, "\n```")
		found = append(found, block+"\n")
		text = "\n" + rest
	}
}

// run runs blocks as one script, in which a reader's own values take the place of the examples: old, new, … It returns
// what was printed.
func run(t *testing.T, blocks []string, own ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), drive.Patience)
	defer cancel()
	script := "set -euo pipefail\n" + strings.NewReplacer(own...).Replace(strings.Join(blocks, "\n"))
	out, err := exec.CommandContext(ctx, "bash", "-c", script).Output()
	if err != nil {
		stderr := ""
		if exit, is := err.(*exec.ExitError); is { //nolint:errorlint // as it was returned
			stderr = string(exit.Stderr)
		}
		t.Fatalf("%v\n%s\n%s", err, out, stderr)
	}
	return string(out)
}
