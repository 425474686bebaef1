package outage

import (
	"cmp"
	"encoding/json"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/web/licenseapi"
)

const (
	product = "widget"
	home    = "shop.example.com" // where the software runs and is activated
)

// vendor is a license server with one product, whose clock is moved, and the line that leads to it.
type vendor struct {
	*roomstest.Rooms
	*line
	t       *testing.T
	store   *dbtest.Store
	product string
	roots   string // as the examples take them
	plan    string
	buyer   string

	mu    sync.Mutex
	ahead time.Duration // of the machine's clock
}

// newVendor opens a store of its own. Licenses are bound to a domain there.
func newVendor(t *testing.T) *vendor {
	t.Helper()
	ctx := t.Context()
	s := dbtest.SQLite(t)
	s.Clock.Set(time.Now())
	v := &vendor{Rooms: roomstest.New(t, s, roomstest.Log()), t: t, store: s}
	v.Index.Start()
	v.line = &line{server: licenseapi.New(licenseapi.Config{
		Licenses: v.Licenses, Checks: v.Checks, Releases: v.Releases, Settings: v.Settings, Clock: s.Clock, Log: roomstest.Log(),
	})}
	front := httptest.NewServer(v.line)
	t.Cleanup(front.Close)
	v.url = front.URL

	_, err := v.Settings.Patch(ctx, map[string]json.RawMessage{"limits.per_minute": []byte("100000"), "limits.unknown_per_hour": []byte("100000")})
	ok(t, err)
	p, err := v.Catalog.CreateProduct(ctx, catalog.NewProduct{Slug: product, Name: "Widget", KeyIgnoreCase: true, Bindings: &catalog.Bindings{EnforceDomain: true}})
	ok(t, err)
	buyer, err := v.Customers.Create(ctx, customer.Input{Email: "ada@example.com", Name: "Ada Lovelace"})
	ok(t, err)
	keys, err := v.Keys.Of(ctx, p.ID)
	ok(t, err)
	v.product = p.ID
	v.roots, v.plan, v.buyer = keys.Roots[0].PublicKey+","+keys.Roots[1].PublicKey, v.offer(p.ID, catalog.NewPlan{Name: "Developer"}), buyer.ID
	return v
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// offer adds a plan to a product: what p does not say is as usual.
func (v *vendor) offer(productID string, p catalog.NewPlan) string {
	v.t.Helper()
	p.LicenseType = cmp.Or(p.LicenseType, "purchased")
	p.ActivationType = "domain"
	p.ActivationLimit = cmp.Or(p.ActivationLimit, 5)
	p.Entitlements = map[string]any{"feature.sso": true}
	plan, err := v.Catalog.CreatePlan(v.t.Context(), productID, p)
	ok(v.t, err)
	return plan.ID
}

// sell issues a license that ends after a time; 0: never.
func (v *vendor) sell(lasts time.Duration) license.License {
	v.t.Helper()
	return v.sellOf(v.plan, lasts)
}

func (v *vendor) sellOf(plan string, lasts time.Duration) license.License {
	v.t.Helper()
	var sold license.License
	ok(v.t, v.store.DB.Write(v.t.Context(), func(tx *db.Tx) (err error) {
		in := license.IssueInput{CustomerID: v.buyer, PlanID: plan, Quantity: 1}
		if lasts != 0 {
			end := tx.Now.Add(lasts)
			in.ExpiresAt = &end
		}
		sold, err = v.Licenses.Issue(v.t.Context(), tx, in)
		return err
	}))
	return sold
}

// edit is what staff do by hand.
func (v *vendor) edit(id string, p license.Patch) {
	v.t.Helper()
	_, err := v.Licenses.Patch(v.t.Context(), id, p)
	ok(v.t, err)
}

// wait lets time pass, here and in the programs that keep this vendor's time.
func (v *vendor) wait(d time.Duration, programs ...*program) {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ahead += d
	v.store.Clock.Set(time.Now().Add(v.ahead))
	for _, p := range programs {
		p.setClock(v.ahead)
	}
}
