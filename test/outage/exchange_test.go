package outage

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
)

// What one library has written the other one reads: an add-on in PHP and a program in Go that share a folder know the
// same license, and ask the server once for both.
func TestLibrariesShareFiles(t *testing.T) {
	t.Parallel()
	for i, writer := range kinds {
		reader := kinds[1-i]
		t.Run(reader.name+" reads what "+writer.name+" wrote", func(t *testing.T) {
			t.Parallel()
			v := newVendor(t)
			data := t.TempDir()
			w, r := writer.install(t, v, place{data: data}), reader.install(t, v, place{data: data})
			both := func(when string, want verdict) {
				t.Helper()
				if got := w.look(when); got != want {
					t.Errorf("%s: %s is %v, want %v", when, w.name, got, want)
				}
				asked := v.count()
				if got := r.look(when); got != want {
					t.Errorf("%s: %s is %v, want %v", when, r.name, got, want)
				}
				if n := v.count() - asked; n != 0 {
					t.Errorf("%s: %s asked %d times after %s had", when, r.name, n, w.name)
				}
				if a, b := w.info(), r.info(); a.Key != b.Key || a.LastError != b.LastError {
					t.Errorf("%s: %+v and %+v", when, a, b)
				}
			}
			grace := verdict{On: true, State: "Grace"}

			both("no key", verdict{State: "NoKey"})
			l := v.sell(0)
			w.replaceKey(l.Key)
			both("entered", rule(true, 0))

			v.set(down)
			v.wait(interval*day, w, r)
			both("silence", grace)
			v.wait(day, w, r)
			both("more silence", grace)

			v.set(up)
			v.wait(day, w, r)
			both("answered", rule(true, 0))
			// The lease is damaged, and the one before serves: its check was due two days ago.
			v.set(down)
			ok(t, os.WriteFile(filepath.Join(data, "license.json.lease"), []byte("{"), 0o600))
			v.wait(2*time.Minute, w, r)
			both("damaged", grace)
			v.set(up)
			v.wait(2*time.Hour, w, r)
			both("mended", rule(true, 0))

			revoked := license.Revoked
			v.edit(l.ID, license.Patch{Status: &revoked, Reason: "exchange"})
			if code, body := w.act(w.admin, "check", nil); code != http.StatusOK {
				t.Errorf("force update: %d\n%s", code, body)
			}
			both("revoked", verdict{State: "Invalid", Reason: "revoked"})
			w.replaceKey(v.sell(0).Key)
			both("another key", rule(true, 0))

			code, file := w.act(w.admin, "request", map[string]string{"password": "demo"})
			var request struct {
				LicenseKey string `json:"license_key"`
				Identifier string `json:"identifier"`
				Nonce      string `json:"nonce"`
				Domain     string `json:"domain"`
			}
			if err := json.Unmarshal([]byte(file), &request); err != nil || code != http.StatusOK {
				t.Fatalf("request file: %d, %v\n%s", code, err, file)
			}
			judged, err := v.Checks.Judge(t.Context(), check.Request{
				Key: request.LicenseKey, Product: product, Identifier: request.Identifier, Place: license.Place{Domain: request.Domain},
			})
			ok(t, err)
			signed, err := v.Checks.AppendLease(t.Context(), nil, judged, request.Nonce)
			ok(t, err)
			if code, body := r.act(r.admin, "load", map[string]string{"lease": string(signed)}); code != http.StatusOK {
				t.Errorf("lease file: %d\n%s", code, body)
			}
			both("lease file", rule(true, 0))
		})
	}
}
