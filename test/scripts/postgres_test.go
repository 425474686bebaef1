package scripts

import (
	"context"
	"encoding/json"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/test/drive"
)

// A demo store on PostgreSQL is like any other. Commands open the database beside the server, and a second server on
// the same database knows what the first one does.
func TestPostgres(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	url := dbtest.PostgresURL(t)
	s := drive.StartDemo(t, "--data", dir, "--database-url", url)
	if len(s.Demo.Licenses) < 20 || s.Demo.Customer.Email == "" {
		t.Errorf("the demo store is rather empty: %+v", s.Demo)
	}
	store := []string{"--database-url", url, "--files", filepath.Join(dir, "files"), "--master-key-file", filepath.Join(dir, "master.key")}
	run := func(args ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), drive.Patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, drive.Binary(t), append(args, store...)...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v: %s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	for what, want := range map[string]string{"verify": "No differences", "doctor": "PostgreSQL", "migrate": "up to date"} {
		if out := run(what); !strings.Contains(out, want) {
			t.Errorf("%s: %s", what, out)
		}
	}
	second := drive.StartServe(t, store...)
	second.Token = strings.TrimSpace(run("token", "create", "--scope", "licenses:read"))
	var page struct {
		Data []json.RawMessage `json:"data"`
	}
	second.Admin(t, "GET", "/licenses?limit=200", nil, http.StatusOK, &page)
	if len(page.Data) != len(s.Demo.Licenses) {
		t.Errorf("the second server has %d licenses, the first %d", len(page.Data), len(s.Demo.Licenses))
	}
	s.Stop(t)
	again := drive.StartDemo(t, "--data", dir, "--database-url", url)
	if again.Token != s.Token {
		t.Error("the demo store is not continued")
	}
}
