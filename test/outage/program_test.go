package outage

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/porttest"
	"github.com/keystead/keystead/test/drive"
)

// kind is one of the example programs.
type kind struct {
	name   string
	start  func(t *testing.T, addr string) *exec.Cmd
	public string // on the page that is open to everyone
	prefix string // of the names of the License Information page's fields
}

var kinds = []kind{
	{name: "go-webapp", start: goWebapp, public: "Open to everyone, always."},
	{name: "php-addon", start: phpAddon, public: "Welcome to our shop", prefix: "keystead_"},
}

var buildWebapp = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "keystead-outage-")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "go-webapp")
	cmd := exec.Command("go", "build", "-o", program, ".")
	cmd.Dir = filepath.Join(drive.Root(), "examples", "go-webapp")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the example: %w\n%s", err, out)
	}
	return program, nil
})

func goWebapp(t *testing.T, addr string) *exec.Cmd {
	t.Helper()
	program, err := buildWebapp()
	ok(t, err)
	cmd := exec.Command(program)
	cmd.Env = []string{"LICENSED_DEMO_LISTEN=" + addr}
	return cmd
}

func phpAddon(t *testing.T, addr string) *exec.Cmd {
	t.Helper()
	return exec.Command(drive.PHP(t), "-d", "variables_order=EGPCS", "-d", "error_reporting=-1", "-d", "display_errors=1", "-d", "html_errors=0",
		"-S", addr, filepath.Join(drive.Root(), "examples", "php-addon", "index.php"))
}

// place is where a program is installed.
type place struct {
	data       string // folder; empty: a new one
	domain     string // empty: home
	identifier string // empty: home
	hurried    bool   // it waits for the license server no longer than a second, too short for a busy machine that answers
}

// program is an example that runs.
type program struct {
	kind
	t      *testing.T
	url    string
	data   string
	clock  string // file
	admin  *http.Client
	nobody *http.Client
}

// install starts an example as a customer of v, with the vendor's time.
func (k kind) install(t *testing.T, v *vendor, at place) *program {
	t.Helper()
	if at.data == "" {
		at.data = t.TempDir()
	}
	if at.domain == "" {
		at.domain = home
	}
	if at.identifier == "" {
		at.identifier = home
	}
	timeout := "60s"
	if at.hurried {
		timeout = "1s"
	}
	p := &program{kind: k, t: t, data: at.data, clock: filepath.Join(t.TempDir(), "clock"), admin: browser(t), nobody: browser(t)}
	v.wait(0, p)
	addr := porttest.Free(t)
	p.url = "http://" + addr
	cmd := k.start(t, addr)
	log := &drive.Log{}
	cmd.Stderr = log
	cmd.Env = append(cmd.Env, "PATH="+os.Getenv("PATH"), "LICENSED_DEMO_SERVER="+v.url, "LICENSED_DEMO_PRODUCT="+product, "LICENSED_DEMO_ROOT_KEYS="+v.roots,
		"LICENSED_DEMO_DATA="+at.data, "LICENSED_DEMO_DOMAIN="+at.domain, "LICENSED_DEMO_IDENTIFIER="+at.identifier,
		"LICENSED_DEMO_NOW="+p.clock, "LICENSED_DEMO_TIMEOUT="+timeout)
	ok(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("log of %s:\n%s", k.name, log)
		}
	})
	drive.Answers(t, p.url+"/", ended, log)
	if code, body := p.post(p.admin, "/login", url.Values{"name": {"admin"}, "password": {"demo"}}); code != http.StatusSeeOther {
		t.Fatalf("signing in: %d %s", code, body)
	}
	return p
}

func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	ok(t, err)
	return &http.Client{Jar: jar, Timeout: drive.Patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// setClock puts the program's clock ahead of the machine's. The file is replaced as a whole: it is read at any time.
func (p *program) setClock(ahead time.Duration) {
	p.t.Helper()
	ok(p.t, os.WriteFile(p.clock+".new", []byte(ahead.String()), 0o600))
	ok(p.t, os.Rename(p.clock+".new", p.clock))
}

// forget takes key and lease away.
func (p *program) forget() {
	p.t.Helper()
	files, err := filepath.Glob(filepath.Join(p.data, "license.json*"))
	ok(p.t, err)
	for _, f := range files {
		if !strings.HasSuffix(f, ".lock") {
			ok(p.t, os.Remove(f))
		}
	}
}

func (p *program) get(as *http.Client, path string) (int, string) {
	p.t.Helper()
	return p.send(as, http.MethodGet, path, nil)
}

func (p *program) post(as *http.Client, path string, form url.Values) (int, string) {
	p.t.Helper()
	return p.send(as, http.MethodPost, path, form)
}

var complaint = regexp.MustCompile(`(Warning|Notice|Deprecated|Fatal error): `)

func (p *program) send(as *http.Client, method, path string, form url.Values) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, strings.NewReader(form.Encode()))
	ok(p.t, err)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := as.Do(req)
	ok(p.t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	ok(p.t, err)
	if c := complaint.Find(body); c != nil {
		p.t.Errorf("%s: PHP complains: %s", path, body)
	}
	return res.StatusCode, string(body)
}

var token = regexp.MustCompile(`name="(?:keystead_)?token" value="([^"]+)"`)

// act sends a form of the License Information page.
func (p *program) act(as *http.Client, action string, fields map[string]string) (int, string) {
	p.t.Helper()
	_, page := p.get(as, "/admin/license")
	found := token.FindStringSubmatch(page)
	if found == nil {
		p.t.Fatalf("the page has no form:\n%s", page)
	}
	form := url.Values{p.prefix + "token": {found[1]}, p.prefix + "action": {action}}
	for name, v := range fields {
		form.Set(p.prefix+name, v)
	}
	return p.post(as, "/admin/license", form)
}

// enter enters a license key as someone who is not signed in, and returns what the page answers.
func (p *program) enter(key string) (int, string) {
	p.t.Helper()
	return p.act(p.nobody, "change", map[string]string{"name": "admin", "password": "demo", "key": key})
}

// verdict is what is seen of a license from outside.
type verdict struct {
	On     bool   // the admin area
	State  string // Valid, Due, Grace, …
	Reason string // why it is Invalid
}

func (v verdict) String() string {
	s := "off"
	if v.On {
		s = "on"
	}
	s += ", " + v.State
	if v.Reason != "" {
		s += " (" + v.Reason + ")"
	}
	return s
}

// look visits every part of the program: the page for the public first, so that nothing has asked the server before.
// That page and the License Information page answer whatever the license says; this is asserted here, for every cell.
func (p *program) look(when string) verdict {
	p.t.Helper()
	if code, body := p.get(p.nobody, "/"); code != http.StatusOK || !strings.Contains(body, p.public) {
		p.t.Errorf("%s, %s: the public page answers %d\n%s", p.name, when, code, body)
	}
	code, body := p.get(p.admin, "/admin/")
	v := verdict{On: code == http.StatusOK}
	if !v.On && (code != http.StatusForbidden || !strings.Contains(body, "The admin area is off") || !strings.Contains(body, "/admin/license")) {
		p.t.Errorf("%s, %s: the admin area answers %d\n%s", p.name, when, code, body)
	}
	if code, body := p.get(p.nobody, "/admin/license"); code != http.StatusOK || !strings.Contains(body, p.prefix+"key") {
		p.t.Errorf("%s, %s: the page that takes a new key answers %d\n%s", p.name, when, code, body)
	}
	info := p.info()
	v.State = info.State
	if v.State == "Invalid" {
		v.Reason = info.Reason
	}
	return v
}

// info is what both examples tell programs; the names differ in case only.
func (p *program) info() (info struct {
	State, Reason string
	LastError     string `json:"lastError"` // of the Go example
	LastErr       string `json:"last_error"`
	Key           string
},
) {
	p.t.Helper()
	code, body := p.get(p.admin, "/admin/license.json")
	if err := json.Unmarshal([]byte(body), &info); err != nil || code != http.StatusOK {
		p.t.Fatalf("%s: license.json answers %d: %v\n%s", p.name, code, err, body)
	}
	if info.LastError == "" {
		info.LastError = info.LastErr
	}
	return info
}
