// Package drive starts the built program and talks to it from outside, for the tests under test/.
package drive

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/porttest"
)

// Demo is what `keystead demo --json` prints.
type Demo struct {
	URL        string     `json:"url"`
	Staff      Account    `json:"staff"`
	Customer   Account    `json:"customer"`
	AdminToken string     `json:"admin_token"`
	Licenses   []Licensed `json:"licenses"`
}

// Account is a sign-in of the demo store.
type Account struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// Licensed is a license of the demo store.
type Licensed struct {
	Key     string `json:"key"`
	Product string `json:"product"`
	Status  string `json:"status"`
	Type    string `json:"type"`
}

var build = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("KEYSTEAD_BIN"); path != "" {
		return filepath.Abs(path)
	}
	dir, err := os.MkdirTemp("", "keystead-bin-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "keystead")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/keystead")
	cmd.Dir = Root()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
})

// Binary is the program under test: KEYSTEAD_BIN, or built once for this test process.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Root is the folder of the repository, above that of the test's package, in which a test runs.
func Root() string {
	dir, err := os.Getwd()
	for ; err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	panic("not within the repository")
}

// Patience is how long a test waits for what is sure to come, on however busy a machine: what takes longer hangs.
const Patience = 5 * time.Minute

// Server is a running program.
type Server struct {
	URL   string
	Addr  string
	Token string // an admin token, when the store is a demo store
	Demo  Demo

	cmd    *exec.Cmd
	ended  chan struct{}
	errLog *Log
}

// Log keeps what a program writes, to be read while it runs.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// StartDemo starts a demo store with --json and waits until it has said where it is.
func StartDemo(t testing.TB, args ...string) *Server {
	t.Helper()
	addr := porttest.Free(t)
	s := &Server{Addr: addr, ended: make(chan struct{}), errLog: &Log{}}
	s.cmd = exec.Command(Binary(t), append([]string{"demo", "--json", "--listen", addr}, args...)...)
	s.cmd.Stderr = s.errLog
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.start(t)
	if err := json.NewDecoder(stdout).Decode(&s.Demo); err != nil {
		t.Fatalf("demo --json: %v\n%s", err, s.errLog)
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
	s.URL, s.Token = strings.TrimRight(s.Demo.URL, "/"), s.Demo.AdminToken
	return s
}

// StartServe starts `keystead serve` and waits until it answers.
func StartServe(t testing.TB, args ...string) *Server {
	t.Helper()
	addr := porttest.Free(t)
	s := &Server{URL: "http://" + addr, Addr: addr, ended: make(chan struct{}), errLog: &Log{}}
	s.cmd = exec.Command(Binary(t), append([]string{"serve", "--listen", addr}, args...)...)
	s.cmd.Stderr, s.cmd.Stdout = s.errLog, s.errLog
	s.start(t)
	Answers(t, s.URL+"/status", s.ended, s.errLog)
	return s
}

// Answers waits until a program that was started answers at url. It ends the test if the program ends before, and logs what
// it has said.
func Answers(t testing.TB, url string, ended <-chan struct{}, log fmt.Stringer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for {
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			return
		}
		select {
		case <-ended:
			t.Fatalf("the program ended at once:\n%s", log)
		case <-ctx.Done():
			t.Fatalf("the program does not answer: %v\n%s", err, log)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *Server) start(t testing.TB) {
	t.Helper()
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.ended)
	}()
	t.Cleanup(func() {
		s.Stop(t)
		if t.Failed() {
			t.Logf("log of the program:\n%s", s.errLog)
		}
	})
}

// Log is what the program has written to its error stream so far.
func (s *Server) Log() string { return s.errLog.String() }

// Said waits until the program has written something that matches re to its error stream, and gives that: what it
// wrote before it answered may arrive here after the answer.
func (s *Server) Said(t testing.TB, re *regexp.Regexp) string {
	t.Helper()
	for begun := time.Now(); time.Since(begun) < Patience; time.Sleep(10 * time.Millisecond) {
		if found := re.FindString(s.Log()); found != "" {
			return found
		}
	}
	t.Fatalf("the program said nothing like %s:\n%s", re, s.Log())
	return ""
}

// Kill ends the program as a power cut would: SIGKILL, no farewell.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.ended
}

// Stop asks the program to end and waits for it.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	select {
	case <-s.ended:
		return
	default:
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(Patience):
		_ = s.cmd.Process.Kill()
		<-s.ended
		t.Errorf("the program did not end within %s of SIGTERM", Patience)
	}
}

// Admin calls the admin API; path is relative to its base. A status other than want fails the test. The answer is
// decoded into out unless that is nil.
func (s *Server) Admin(t testing.TB, method, path string, body any, want int, out any) {
	t.Helper()
	status, answer := s.call(t, method, "/api/admin/v1"+path, body)
	if status != want {
		t.Fatalf("%s %s: status %d, want %d: %s", method, path, status, want, answer)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, answer)
		}
	}
}

// License calls the license API with a JSON body and returns the status and the answer.
func (s *Server) License(t testing.TB, verb string, body any) (int, []byte) {
	t.Helper()
	return s.call(t, http.MethodPost, "/api/v1/licenses/"+verb, body)
}

func (s *Server) call(t testing.TB, method, path string, body any) (int, []byte) {
	t.Helper()
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, s.URL+path, in)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if s.Token != "" {
		req.Header.Set("Authorization", "Bearer "+s.Token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}

// Sold is a license that was bought through the admin API.
type Sold struct{ CustomerID, ProductID, PlanID, PriceID, OrderID, InvoiceID, LicenseID, Key string }

// Sell defines a product with one plan, orders it for a new customer and records the payment. name makes slug and
// e-mail unique within the store.
func (s *Server) Sell(t testing.TB, name string, limit int) Sold {
	t.Helper()
	var sold Sold
	var made struct {
		ID         string   `json:"id"`
		InvoiceID  string   `json:"invoice_id"`
		LicenseIDs []string `json:"license_ids"`
	}
	s.Admin(t, "POST", "/products", map[string]any{"slug": name, "name": name, "requires_license": true}, 201, &made)
	sold.ProductID = made.ID
	s.Admin(t, "POST", "/products/"+sold.ProductID+"/plans", map[string]any{"name": "Standard", "activation_type": "domain", "activation_limit": limit}, 201, &made)
	sold.PlanID = made.ID
	s.Admin(t, "POST", "/plans/"+sold.PlanID+"/prices", map[string]any{"cycle": "one_time", "money": map[string]any{"amount": 4900, "currency": "EUR"}}, 201, &made)
	sold.PriceID = made.ID
	s.Admin(t, "POST", "/customers", map[string]any{"email": name + "@example.com", "name": name}, 201, &made)
	sold.CustomerID = made.ID
	s.Admin(t, "POST", "/orders", map[string]any{"customer_id": sold.CustomerID, "items": []any{map[string]any{"price_id": sold.PriceID, "quantity": 1}}, "gateway": "manual"}, 201, &made)
	sold.OrderID, sold.InvoiceID = made.ID, made.InvoiceID
	s.Admin(t, "POST", "/invoices/"+sold.InvoiceID+"/payments", map[string]any{"gateway": "manual", "money": map[string]any{"amount": 4900, "currency": "EUR"}, "reference": "bank " + name}, 201, nil)
	s.Admin(t, "GET", "/orders/"+sold.OrderID, nil, 200, &made)
	if len(made.LicenseIDs) != 1 {
		t.Fatalf("order %s has licenses %v, want one", sold.OrderID, made.LicenseIDs)
	}
	sold.LicenseID = made.LicenseIDs[0]
	var issued struct {
		Key string `json:"key"`
	}
	s.Admin(t, "GET", "/licenses/"+sold.LicenseID, nil, 200, &issued)
	sold.Key = issued.Key
	return sold
}

// Fail runs a command that must fail and returns what it printed.
func Fail(t testing.TB, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, Binary(t), args...).CombinedOutput()
	if err == nil {
		t.Fatalf("keystead %s succeeded: %s", strings.Join(args, " "), out)
	}
	return string(out)
}
