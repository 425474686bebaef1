package cli

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/keystead/keystead/internal/app"
)

// discard is a log that nobody reads.
var discard = slog.New(slog.DiscardHandler)

// templates is a folder for what is made once for all tests.
var templates string

func TestMain(m *testing.M) { os.Exit(withTemplates(m)) }

func withTemplates(m *testing.M) int {
	var err error
	if templates, err = os.MkdirTemp("", "keystead-cli-test-"); err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(templates) }()
	return m.Run()
}

// filled is a folder with a demo store.
var filled = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(templates, "demo")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	_, err := (&demoCommand{}).prepare(context.Background(), quiet(), dir, discard)
	return dir, err
})

func quiet() *session {
	return &session{in: strings.NewReader(""), out: io.Discard, err: io.Discard, version: "test"}
}

// demoStore is a filled demo store of the test's own.
func demoStore(t *testing.T) string {
	t.Helper()
	from, err := filled()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{masterKeyFile, keptFile} {
		if err := os.Chmod(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// openStore opens the store in a folder as a server would.
func openStore(t *testing.T, dir string) *app.App {
	t.Helper()
	a, err := app.Open(t.Context(), app.Config{Dir: dir, Logger: discard, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return a
}

// result is what a command printed and how it ended.
type result struct {
	status   int
	out, err string
}

// keystead runs a command in this process.
func keystead(t *testing.T, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	status := run(args, &session{in: strings.NewReader(""), out: &out, err: &errs, version: "test"})
	return result{status, out.String(), errs.String()}
}

// must runs a command that succeeds.
func must(t *testing.T, args ...string) result {
	t.Helper()
	r := keystead(t, args...)
	if r.status != done {
		t.Fatalf("keystead %s: status %d\n%s%s", strings.Join(args, " "), r.status, r.out, r.err)
	}
	return r
}
