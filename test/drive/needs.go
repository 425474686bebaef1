package drive

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Lacking ends a test that needs what this machine has not: it is skipped, or fails where KEYSTEAD_CI is set.
func Lacking(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("KEYSTEAD_CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// Tool finds a program by the first of its names that is installed.
func Tool(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	Lacking(t, strings.Join(names, " or ")+" is missing")
	return ""
}

// PHP finds PHP with what the library needs.
func PHP(t testing.TB) string {
	t.Helper()
	path := Tool(t, "php")
	if exec.CommandContext(t.Context(), path, "-r", "exit(extension_loaded('sodium') && extension_loaded('json') ? 0 : 1);").Run() != nil {
		Lacking(t, "PHP has no sodium or no JSON")
	}
	return path
}
