package readme

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/keystead/keystead/test/drive"
)

// The worked example of docs/registry.md, from an empty store to a renewal that a registry has locked: every command as
// it is written there, and what the page says comes of it.
func TestRegistry(t *testing.T) {
	t.Parallel()
	need(t, "bash", "curl", "jq")
	const begin = "2027-03-01T09:00:00Z"
	page := source(t, "docs", "registry.md")
	_, example, found := strings.Cut(page, "## A worked example\n")
	if !found {
		t.Fatal("docs/registry.md has no worked example")
	}
	example, _, _ = strings.Cut(example, "\n## ")
	for _, start := range []string{"registry --data ./my-registry --now " + begin, "demo --empty --data ./my-store --now " + begin} {
		if !strings.Contains(example, "bin/keystead "+start+"\n") {
			t.Errorf("the example does not begin with %s", start)
		}
	}

	folder := t.TempDir()
	r := startRegistry(t, folder, begin)
	s := drive.StartDemo(t, "--empty", "--data", t.TempDir(), "--now", begin)
	out := run(t, blocks(example, "sh"), "http://127.0.0.1:8080", s.URL, "http://127.0.0.1:7701", r.HTTP, "127.0.0.1:7700", r.EPP,
		"./my-registry", folder, "paste-the-admin-token-here", s.Token, "paste-the-password-of-registrar-1", r.Passwords["registrar-1"])

	for _, want := range []string{
		`{"reached":true,"message":null}`,
		`{"name":"ivymoss.com","status":"active","registry":"2028-03-01","paid_through":"2028-03-01"}`,
		`{"kind":"domain_renewed",`,
		`{"name":"ivymoss.com","years":1,"after":"2029-03-01","amount":900}`,
		`{"name":"fernhill.com","status":"grace","registry":"2029-03-01","paid_through":"2028-03-01"`,
		`"total":{"amount":500,"currency":"EUR"}`,
		`{"name":"fernhill.com","status":"redemption","registry":"2028-03-01"`,
		`"restore_price":{"amount":9400,"currency":"EUR"}`,
		`{"name":"fernhill.com","status":"active","registry":"2029-03-01","paid_through":"2029-03-01"`,
		`{"name":"ivymoss.com","state":"held","hold":"funds","last_safe_day":"2029-02-28"}`,
		"The account at the registrar has not enough funds.",
		`{"name":"ivymoss.com","status":"active","registry":"2030-03-01","paid_through":"2030-03-01"`,
		`{"name":"fernhill.com","state":"held","hold":"lock"}`,
		`{"name":"fernhill.com","status":"active","registry":"2031-03-01","paid_through":"2031-03-01"`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %s", want)
		}
	}
	if n := strings.Count(out, `{"name":"fernhill.com","years":1,"after":"2030-03-01"}`); n != 1 {
		t.Errorf("a renewal whose answer was lost stands in the ledger %d times", n)
	}
	if !strings.HasSuffix(strings.TrimSpace(out), "[]") {
		t.Error("something waits for the registry in the end")
	}
	if t.Failed() {
		t.Log(out)
	}
}

// simulated is what `keystead registry --json` says.
type simulated struct {
	EPP       string            `json:"epp"`
	HTTP      string            `json:"http"`
	Passwords map[string]string `json:"passwords"`
}

func startRegistry(t *testing.T, folder, now string) simulated {
	t.Helper()
	cmd := exec.Command(drive.Binary(t), "registry", "--json", "--data", folder, "--now", now,
		"--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0")
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	var r simulated
	if err := json.NewDecoder(stdout).Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}
