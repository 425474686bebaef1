// Package airgap lets installations without a way to the license server have lease files: with each library, for request
// files as the libraries write them.
package airgap

import (
	"encoding/json"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
	"github.com/keystead/keystead/test/drive"
)

// clients return the command of an installation with each library.
var clients = map[string]func(t *testing.T) []string{
	"go": func(t *testing.T) []string {
		t.Helper()
		program := filepath.Join(t.TempDir(), "goclient")
		build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
		build.Dir = filepath.Join(drive.Root(), "test", "airgap", "goclient")
		build.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return []string{program}
	},
	"php": func(t *testing.T) []string {
		t.Helper()
		return []string{drive.PHP(t), "-d", "error_reporting=-1", "-d", "display_errors=stderr", filepath.Join(drive.Root(), "test", "airgap", "client.php")}
	},
}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestLibraries(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	s.Clock.Set(time.Now()) // that of the installations
	r := roomstest.New(t, s, roomstest.Log())
	widget := must(r.Catalog.CreateProduct(t.Context(), catalog.NewProduct{Slug: "widget", Name: "Widget"}))(t)
	enforced := catalog.Bindings{EnforceDomain: true, EnforceDirectory: true}
	must(r.Catalog.UpdateProduct(t.Context(), widget.ID, catalog.ProductPatch{Bindings: &enforced}))(t)
	plan := must(r.Catalog.CreatePlan(t.Context(), widget.ID, catalog.NewPlan{
		Name: "Box", ActivationType: "domain", ActivationLimit: 1, Checks: catalog.Checks{IntervalDays: 7, GraceDays: 3, FileDays: 365},
	}))(t)
	ada := must(r.Customers.Create(t.Context(), customer.Input{Email: "ada@example.com", Name: "Ada", Currency: "EUR"}))(t)
	var roots []string
	for _, root := range must(r.Keys.Of(t.Context(), widget.ID))(t).Roots {
		roots = append(roots, root.PublicKey)
	}
	for name, command := range clients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append(command(t), t.TempDir(), strings.Join(roots, ","), "intra.example.test")
			run := func(verb, what string) (string, error) {
				cmd := exec.CommandContext(t.Context(), args[0], append(args[1:], verb, what)...)
				var complaints strings.Builder
				cmd.Stderr = &complaints
				out, err := cmd.Output()
				if err == nil && complaints.Len() > 0 {
					t.Errorf("%s %s: %s", name, verb, &complaints)
				}
				return string(out), err
			}
			var l license.License
			err := s.DB.Write(t.Context(), func(tx *db.Tx) (err error) {
				l, err = r.Licenses.Issue(t.Context(), tx, license.IssueInput{CustomerID: ada.ID, PlanID: plan.ID, Quantity: 1})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			request := must(run("request", l.Key))(t)
			parsed := must(check.ParseFileRequest([]byte(request)))(t)
			f := must(r.Checks.File(t.Context(), l.ID, parsed, netip.Addr{}))(t)
			if again := must(r.Checks.File(t.Context(), l.ID, parsed, netip.Addr{}))(t); again != f {
				t.Errorf("another file for the same request: %+v", again)
			}
			file := filepath.Join(t.TempDir(), "lease.json")
			if err := os.WriteFile(file, check.FileContent(f), 0o600); err != nil {
				t.Fatal(err)
			}
			var is struct{ State string }
			if err := json.Unmarshal([]byte(must(run("load", file))(t)), &is); err != nil || is.State != "Valid" {
				t.Errorf("%v, %v", is, err)
			}
			if out, err := run("load", file); err == nil {
				t.Errorf("the file counts a second time: %s", out)
			}
		})
	}
}
