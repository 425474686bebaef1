package whmcs_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/web/compat/whmcs"
)

// BenchmarkVerify is the handler alone: what a check costs besides HTTP.
func BenchmarkVerify(b *testing.B) {
	s := dbtest.SQLite(b)
	ctx := b.Context()
	r := roomstest.New(b, s, roomstest.Log())
	p, err := r.Catalog.CreateProduct(ctx, catalog.NewProduct{Slug: "widget", Name: "Widget", Bindings: &catalog.Bindings{EnforceDomain: true}})
	if err != nil {
		b.Fatal(err)
	}
	plan, err := r.Catalog.CreatePlan(ctx, p.ID, catalog.NewPlan{Name: "Developer", ActivationType: "domain", Entitlements: map[string]any{"feature.sso": true}})
	if err != nil {
		b.Fatal(err)
	}
	c, err := r.Customers.Create(ctx, customer.Input{Email: "ann@example.com", Name: "Ann"})
	if err != nil {
		b.Fatal(err)
	}
	var l license.License
	err = s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		l, err = r.Licenses.Issue(ctx, tx, license.IssueInput{CustomerID: c.ID, PlanID: plan.ID, Quantity: 1})
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	h := whmcs.New(whmcs.Config{Checks: r.Checks, Settings: r.Settings, Log: roomstest.Log()})
	body := "licensekey=" + l.Key + "&domain=shop.example.com&ip=192.0.2.7&dir=%2Fsrv%2Fshop&check_token=1690000000abc&"
	b.ReportAllocs()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := httptest.NewRequest(http.MethodPost, "/whmcs"+whmcs.Path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "<status>Active</status>") {
				b.Errorf("%d %s", w.Code, w.Body)
				return
			}
		}
	})
}
