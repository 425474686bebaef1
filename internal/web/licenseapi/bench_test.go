package licenseapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/app/rooms"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/web/licenseapi"
)

// BenchmarkValidate is the handler alone: what a check costs besides HTTP.
func BenchmarkValidate(b *testing.B) {
	dir := b.TempDir()
	d, err := db.Open(b.Context(), db.Config{Dir: dir, Clock: clock.System()})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	err = d.Write(b.Context(), func(tx *db.Tx) error {
		for _, q := range []string{
			`INSERT INTO customers (id, email, email_fold, name, name_fold, currency, created_at, updated_at) VALUES ('cus_1', 'a@example.com', 'a@example.com', 'A', 'a', 'EUR', 0, 0)`,
			`INSERT INTO products (id, slug, name, requires_license, status, created_at, updated_at) VALUES ('prd_1', 'widget', 'Widget', TRUE, 'active', 0, 0)`,
			`INSERT INTO plans (id, product_id, name, license_type, activation_type, activation_limit, entitlements, status, created_at, updated_at) VALUES ('pln_1', 'prd_1', 'Developer', 'purchased', 'domain', 5, '{"feature.sso":true}', 'active', 0, 0)`,
			`INSERT INTO licenses (id, key, key_lookup, customer_id, product_id, plan_id, type, status, activation_limit, created_at, updated_at) VALUES ('lic_00000000000000000001', 'KEY-1', 'KEY-1', 'cus_1', 'prd_1', 'pln_1', 'purchased', 'active', 5, 0, 0)`,
			`INSERT INTO license_checks (license_id) VALUES ('lic_00000000000000000001')`,
			`INSERT INTO activations (id, license_id, identifier, activated_at, last_seen_at) VALUES ('act_1', 'lic_00000000000000000001', 'example.com', 0, 0)`,
		} {
			if _, err := tx.SQL().ExecContext(b.Context(), q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	r, err := rooms.Build(b.Context(), d, rooms.Config{Dir: dir, Key: crypt.NewKey()})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = r.Close(b.Context()) }()
	if _, err := r.Settings.Patch(b.Context(), map[string]json.RawMessage{"limits.per_minute": json.RawMessage("100000")}); err != nil {
		b.Fatal(err)
	}
	h := licenseapi.New(licenseapi.Config{Licenses: r.Licenses, Checks: r.Checks, Releases: r.Releases, Settings: r.Settings, Clock: clock.System()})
	b.ReportAllocs()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := httptest.NewRequest(http.MethodPost, "/api/v1/licenses/validate", strings.NewReader(`{"license_key":"KEY-1","identifier":"example.com"}`))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				b.Errorf("%d %s", w.Code, w.Body)
				return
			}
		}
	})
}
