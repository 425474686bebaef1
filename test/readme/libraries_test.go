package readme

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/porttest"
	"github.com/keystead/keystead/test/drive"
)

// guide is a page that leads to a licensed program.
type guide struct {
	t       *testing.T
	text    string
	server  *drive.Server
	key     string
	program string // the whole one, with the reader's own values
	addr    string // where it listens
	dir     string
	prefix  string // of the fields on the License Information page
}

// follow does what a page says up to the point where the program is there.
func follow(t *testing.T, page, language string) *guide {
	t.Helper()
	need(t, "bash", "curl", "jq")
	raw, err := os.ReadFile(filepath.Join(drive.Root(), "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	g := &guide{t: t, text: string(raw), server: drive.StartDemo(t, "--empty", "--data", data), addr: porttest.Free(t), dir: t.TempDir()}
	out := run(t, blocks(g.text, "sh"), "http://127.0.0.1:8080", g.server.URL, "paste-the-admin-token-here", g.server.Token,
		"bin/keystead", drive.Binary(t), "./my-store", data)
	printed := strings.Split(strings.TrimSpace(out), "\n")
	if len(printed) != 5 {
		t.Fatalf("the page's commands print price, customer, key and two root keys, not\n%s", out)
	}
	g.key = printed[2]
	own := strings.NewReplacer("http://127.0.0.1:8080", g.server.URL, "127.0.0.1:8090", g.addr,
		"paste-the-first-root-key", printed[3], "paste-the-second-root-key", printed[4])
	g.program = own.Replace(blocks(g.text, language)[0])
	return g
}

func (g *guide) write(name, content string) {
	g.t.Helper()
	path := filepath.Join(g.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		g.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		g.t.Fatal(err)
	}
}

// serve starts the program and waits until it answers.
func (g *guide) serve(name string, args ...string) {
	g.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = g.dir
	log := &drive.Log{}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	g.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if g.t.Failed() {
			g.t.Logf("log of the program:\n%s", log)
		}
	})
	drive.Answers(g.t, "http://"+g.addr+"/", ended, log)
}

// tryOut does what the page tells a reader to do with the program.
func (g *guide) tryOut() {
	g.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		g.t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: drive.Patience}
	send := func(method, path string, form url.Values, password string) (int, string) {
		g.t.Helper()
		req, err := http.NewRequestWithContext(g.t.Context(), method, "http://"+g.addr+path, strings.NewReader(form.Encode()))
		if err != nil {
			g.t.Fatal(err)
		}
		if form != nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		if password != "" {
			req.SetBasicAuth("admin", password)
		}
		res, err := browser.Do(req)
		if err != nil {
			g.t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		var body bytes.Buffer
		_, _ = body.ReadFrom(res.Body)
		return res.StatusCode, body.String()
	}
	see := func(path, password string, code int, want string) {
		g.t.Helper()
		if got, body := send("GET", path, nil, password); got != code || !strings.Contains(body, want) {
			g.t.Fatalf("%s answers %d, want %d with %q:\n%s", path, got, code, want, body)
		}
	}
	act := func(action string, fields ...string) {
		g.t.Helper()
		_, page := send("GET", "/admin/license", nil, "secret")
		token := regexp.MustCompile(`name="` + g.prefix + `token" value="([^"]+)"`).FindStringSubmatch(page)
		if token == nil {
			g.t.Fatalf("the page has no form:\n%s", page)
		}
		form := url.Values{g.prefix + "token": {token[1]}, g.prefix + "action": {action}}
		for i := 0; i < len(fields); i += 2 {
			form.Set(g.prefix+fields[i], fields[i+1])
		}
		if code, body := send("POST", "/admin/license", form, "secret"); code != http.StatusOK {
			g.t.Fatalf("%s: %d\n%s", action, code, body)
		}
	}
	const welcome, inside = "Welcome to the shop.", "Here the shop is run."

	see("/", "", 200, welcome)
	see("/admin/", "", 401, "Please sign in.")
	see("/admin/", "guess", 401, "Please sign in.")
	see("/admin/", "secret", 403, "No license key has been entered yet.")
	act("change", "name", "admin", "password", "secret", "key", g.key)
	see("/admin/", "secret", 200, inside)

	var found struct {
		Data []struct {
			ID              string `json:"id"`
			ActivationsUsed int    `json:"activations_used"`
		} `json:"data"`
	}
	g.server.Admin(g.t, "GET", "/licenses", nil, 200, &found)
	if len(found.Data) != 1 || found.Data[0].ActivationsUsed != 1 {
		g.t.Fatalf("not activated: %+v", found)
	}
	license := "/licenses/" + found.Data[0].ID
	g.server.Admin(g.t, "PATCH", license, map[string]any{"status": "suspended", "reason": "trying it out"}, 200, nil)
	see("/admin/", "secret", 200, inside)
	act("check")
	see("/admin/", "secret", 403, "suspended")
	see("/", "", 200, welcome)
	g.server.Admin(g.t, "PATCH", license, map[string]any{"status": "active", "reason": "tried it out"}, 200, nil)
	act("check")
	see("/admin/", "secret", 200, inside)
}

func TestLicenseGo(t *testing.T) {
	t.Parallel()
	g := follow(t, "license-go.md", "go")
	g.write("go.mod", "module example.com/my-program\n\ngo 1.22\n\nrequire github.com/keystead/keystead/sdk/go v0.0.0\n\nreplace github.com/keystead/keystead/sdk/go => "+
		filepath.ToSlash(filepath.Join(drive.Root(), "sdk", "go"))+"\n")
	g.write("main.go", g.program)
	// The other blocks are parts of functions.
	parts := "package main\n\nimport (\n\t\"context\"\n\t\"errors\"\n\t\"fmt\"\n\t\"log\"\n\n\t\"github.com/keystead/keystead/sdk/go/licensed\"\n)\n\n" +
		"func parts(ctx context.Context, lic *licensed.License, cfg licensed.Config, key string) (context.Context, error) {\n"
	for _, part := range blocks(g.text, "go")[1:] {
		parts += "{\n" + part + "}\n"
	}
	g.write("parts.go", parts+"return ctx, errors.New(key + cfg.Server)\n}\n")
	g.do("go", "vet", ".")
	if wild := g.do("gofmt", "-l", "main.go"); wild != "" {
		t.Error("the program is not formatted by gofmt")
	}
	g.do("go", "build", "-o", "program", ".")
	g.serve(filepath.Join(g.dir, "program"))
	g.tryOut()
}

// do runs a command in the program's folder.
func (g *guide) do(name string, args ...string) string {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.t.Context(), drive.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = g.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		g.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestLicensePHP(t *testing.T) {
	t.Parallel()
	php := drive.PHP(t)
	g := follow(t, "license-php.md", "php")
	g.prefix = "keystead_"
	library, err := json.Marshal(filepath.Join(drive.Root(), "sdk", "php", "autoload.php"))
	if err != nil {
		t.Fatal(err)
	}
	g.write("vendor/autoload.php", "<?php require "+string(library)+";\n")
	g.write("index.php", g.program)
	strict := []string{"-d", "error_reporting=-1", "-d", "display_errors=1", "-d", "html_errors=0"}
	g.serve(php, append(strict, "-S", g.addr, "index.php")...)
	g.tryOut()
	// The other blocks use what the program has made.
	program, _, _ := strings.Cut(g.program, "\nswitch (")
	for i, want := range []string{"Valid \n", "up to 25 projects\n", "", "", ""} {
		parts := blocks(g.text, "php")[1:]
		if len(parts) != 5 {
			t.Fatalf("%d parts", len(parts))
		}
		g.write("part.php", program+"\n"+parts[i])
		if out := g.do(php, append(strict, "part.php")...); out != want {
			t.Errorf("part %d prints %q, want %q", i+1, out, want)
		}
	}
}
