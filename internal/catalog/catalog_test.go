package catalog_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

func eur(n int64) money.Money { return money.New(n, "EUR") }

func ptr[T any](v T) *T { return &v }

func wantCode(t *testing.T, err error, kind fail.Kind, code string, fields ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", code)
	}
	e := fail.Of(err)
	if e.Kind != kind || e.Code != code {
		t.Fatalf("error = %v, want %s %s", err, kind, code)
	}
	var got []string
	for _, f := range e.Fields {
		got = append(got, f.Field)
	}
	if diff := cmp.Diff(fields, got); diff != "" {
		t.Fatalf("fields (-want +got):\n%s", diff)
	}
}

func TestProducts(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		c := catalog.New(s.DB)
		p, err := c.CreateProduct(ctx, catalog.NewProduct{
			Slug: "photo-editor-2", Name: " Photo Editor ", Description: "Line one\r\nline two", Key: catalog.KeyFormat{Prefix: "Owned-", Length: 10},
		})
		if err != nil {
			t.Fatal(err)
		}
		want := catalog.Product{
			ID: p.ID, Slug: "photo-editor-2", Name: "Photo Editor", Description: "Line one\nline two", RequiresLicense: true,
			Key: catalog.KeyFormat{Prefix: "Owned-", Length: 10}, SelfRemoval: true, Status: catalog.Active, Version: 1,
			Bindings: catalog.Bindings{SelfReissue: true}, PackName: "Support and Upgrade Pack", PrivateSuffixes: []string{},
			CreatedAt: dbtest.Start, UpdatedAt: dbtest.Start,
		}
		if diff := cmp.Diff(want, p); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		for _, read := range []func() (catalog.Product, error){
			func() (catalog.Product, error) { return c.Product(ctx, p.ID) },
			func() (catalog.Product, error) { return c.ProductBySlug(ctx, p.Slug) },
		} {
			if got, err := read(); err != nil || !cmp.Equal(got, want) {
				t.Errorf("read = %+v, %v", got, err)
			}
		}

		_, err = c.CreateProduct(ctx, catalog.NewProduct{Slug: p.Slug, Name: "Another"})
		wantCode(t, err, fail.KindConflict, "SLUG_TAKEN")
		for _, id := range []string{"prd_unknown", "", "prd_\xff"} {
			_, err = c.Product(ctx, id)
			wantCode(t, err, fail.KindNotFound, "PRODUCT_NOT_FOUND")
			_, err = c.UpdateProduct(ctx, id, catalog.ProductPatch{})
			wantCode(t, err, fail.KindNotFound, "PRODUCT_NOT_FOUND")
			_, err = c.Plans(ctx, id)
			wantCode(t, err, fail.KindNotFound, "PRODUCT_NOT_FOUND")
			_, err = c.CreatePlan(ctx, id, catalog.NewPlan{Name: "A", ActivationType: "seat"})
			wantCode(t, err, fail.KindNotFound, "PRODUCT_NOT_FOUND")
		}
		for _, slug := range []string{"unknown", "Not A Slug\x00"} {
			_, err = c.ProductBySlug(ctx, slug)
			wantCode(t, err, fail.KindNotFound, "PRODUCT_NOT_FOUND")
		}

		s.Clock.Advance(1e9)
		changed, err := c.UpdateProduct(ctx, p.ID, catalog.ProductPatch{
			Name: ptr("Editor"), RequiresLicense: ptr(false), SelfRemoval: ptr(false), SelfRemovalsPer30d: ptr[int64](3),
			Key: &catalog.KeyFormat{Prefix: "E-"}, Status: ptr(catalog.Archived), Version: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		want.Name, want.RequiresLicense, want.SelfRemoval, want.SelfRemovalsPer30d = "Editor", false, false, 3
		want.Key, want.Status, want.Version, want.UpdatedAt = catalog.KeyFormat{Prefix: "E-", Length: 32}, catalog.Archived, 2, s.Clock.Now()
		if diff := cmp.Diff(want, changed); diff != "" {
			t.Errorf("changed (-want +got):\n%s", diff)
		}
		_, err = c.UpdateProduct(ctx, p.ID, catalog.ProductPatch{Name: ptr("Late"), Version: 1})
		wantCode(t, err, fail.KindConflict, "CHANGED_MEANWHILE")
		same, err := c.UpdateProduct(ctx, p.ID, catalog.ProductPatch{Name: ptr("Editor")})
		if err != nil || !cmp.Equal(same, want) {
			t.Errorf("changing nothing = %+v, %v", same, err)
		}
		if diff := cmp.Diff([]string{"product.created", "product.updated"}, eventTypes(t, s.DB, p.ID)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		audits := auditEntries(t, s.DB, p.ID)
		if len(audits) != 2 || !strings.Contains(audits[1].Before, `"name":"Photo Editor"`) || !strings.Contains(audits[1].After, `"name":"Editor"`) ||
			strings.Contains(audits[1].After, "description") {
			t.Errorf("audit = %+v", audits)
		}
	})
}

func TestProductsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in     catalog.NewProduct
		fields []string
	}{
		"nothing":           {catalog.NewProduct{}, []string{"slug", "name"}},
		"upper case":        {catalog.NewProduct{Slug: "Editor", Name: "E"}, []string{"slug"}},
		"two hyphens":       {catalog.NewProduct{Slug: "a--b", Name: "E"}, []string{"slug"}},
		"a hyphen at last":  {catalog.NewProduct{Slug: "a-", Name: "E"}, []string{"slug"}},
		"a long slug":       {catalog.NewProduct{Slug: strings.Repeat("a", 65), Name: "E"}, []string{"slug"}},
		"a long name":       {catalog.NewProduct{Slug: "a", Name: strings.Repeat("ü", 256)}, []string{"name"}},
		"a broken name":     {catalog.NewProduct{Slug: "a", Name: "a\nb", Description: "\xff"}, []string{"name", "description"}},
		"a short key":       {catalog.NewProduct{Slug: "a", Name: "E", Key: catalog.KeyFormat{Length: 7}}, []string{"key.length"}},
		"a long key":        {catalog.NewProduct{Slug: "a", Name: "E", Key: catalog.KeyFormat{Length: 65}}, []string{"key.length"}},
		"a prefix in space": {catalog.NewProduct{Slug: "a", Name: "E", Key: catalog.KeyFormat{Prefix: "a b", Length: 10}}, []string{"key.prefix"}},
		"negative removals": {catalog.NewProduct{Slug: "a", Name: "E", SelfRemovalsPer30d: -1}, []string{"self_removals_per_30d"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantCode(t, tt.in.Validate(), fail.KindInvalid, fail.CodeInvalidInput, tt.fields...)
		})
	}
	patch := catalog.ProductPatch{
		Name: ptr(""), Description: ptr("\x00"), Key: &catalog.KeyFormat{Length: -1}, SelfRemovalsPer30d: ptr[int64](-1),
		Status: ptr(catalog.Status("gone")),
	}
	wantCode(t, patch.Validate(), fail.KindInvalid, fail.CodeInvalidInput, "name", "description", "key.length", "self_removals_per_30d", "status")
}

// relookup is the license room as far as the catalog knows it.
type relookup func(ctx context.Context, tx *db.Tx, productID string, ignoreCase bool) error

func (f relookup) RelookupKeys(ctx context.Context, tx *db.Tx, productID string, ignoreCase bool) error {
	return f(ctx, tx, productID, ignoreCase)
}

func TestSwitchingCaseChangesTheKeys(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		c := catalog.New(s.DB)
		var asked []bool
		var refuse error
		c.UseKeys(relookup(func(_ context.Context, _ *db.Tx, _ string, ignoreCase bool) error {
			asked = append(asked, ignoreCase)
			return refuse
		}))
		p, err := c.CreateProduct(ctx, catalog.NewProduct{Slug: "editor", Name: "Editor"})
		if err != nil {
			t.Fatal(err)
		}
		for _, ignore := range []bool{false, true, true, false} {
			if p, err = c.UpdateProduct(ctx, p.ID, catalog.ProductPatch{KeyIgnoreCase: &ignore}); err != nil || p.KeyIgnoreCase != ignore {
				t.Fatalf("product = %+v, %v", p, err)
			}
		}
		if !slices.Equal(asked, []bool{true, false}) {
			t.Errorf("keys were changed %v", asked)
		}
		refuse = fail.Conflict("KEYS_COLLIDE", "Two keys would be the same.")
		_, err = c.UpdateProduct(ctx, p.ID, catalog.ProductPatch{KeyIgnoreCase: ptr(true), Name: ptr("Another")})
		wantCode(t, err, fail.KindConflict, "KEYS_COLLIDE")
		if now, err := c.Product(ctx, p.ID); err != nil || !cmp.Equal(now, p) {
			t.Errorf("product = %+v, %v, want it unchanged", now, err)
		}
	})
}

func TestListenersHearOfCommittedChanges(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		c := catalog.New(s.DB)
		var heard atomic.Int64
		c.OnChange(func(_ context.Context, tx *db.Tx) error {
			tx.OnCommit(func() { heard.Add(1) })
			return nil
		})
		p, err := c.CreateProduct(ctx, catalog.NewProduct{Slug: "editor", Name: "Editor"})
		if err != nil || heard.Load() != 1 {
			t.Fatalf("heard %d, %v", heard.Load(), err)
		}
		if _, err := c.CreateProduct(ctx, catalog.NewProduct{Slug: "editor", Name: "Editor"}); err == nil || heard.Load() != 1 {
			t.Errorf("heard %d after a change that failed", heard.Load())
		}
		undo := errors.New("undo")
		err = s.DB.Write(ctx, func(tx *db.Tx) error {
			if _, err := c.UpdateProduct(db.With(ctx, tx), p.ID, catalog.ProductPatch{Name: ptr("X")}); err != nil {
				return err
			}
			return undo
		})
		if !errors.Is(err, undo) || heard.Load() != 1 {
			t.Errorf("heard %d after a change that was rolled back, %v", heard.Load(), err)
		}
	})
}

func TestPlans(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		c := catalog.New(s.DB)
		product, err := c.CreateProduct(ctx, catalog.NewProduct{Slug: "editor", Name: "Editor", Key: catalog.KeyFormat{Prefix: "E-", Length: 20}})
		if err != nil {
			t.Fatal(err)
		}
		plan, err := c.CreatePlan(ctx, product.ID, catalog.NewPlan{
			Name: "Team", ActivationType: "seat", ActivationLimit: 5,
			Entitlements: map[string]any{"feature.sso": true, "projects.max": 25.0, "region": "eu"},
		})
		if err != nil {
			t.Fatal(err)
		}
		want := catalog.Plan{
			ID: plan.ID, ProductID: product.ID, Kind: catalog.KindLicense, Visibility: catalog.Public, Name: "Team", LicenseType: "purchased", ActivationType: "seat", ActivationLimit: 5,
			Support: civil.Span{Count: 1, Unit: civil.Year}, Checks: catalog.Checks{IntervalDays: 7, GraceDays: 3},
			Entitlements: catalog.Entitlements{"feature.sso": true, "projects.max": int64(25), "region": "eu"},
			Status:       catalog.Active, Version: 1, CreatedAt: dbtest.Start, UpdatedAt: dbtest.Start,
		}
		if diff := cmp.Diff(want, plan); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		_, err = c.CreatePlan(ctx, product.ID, catalog.NewPlan{Name: "Team", ActivationType: "seat"})
		wantCode(t, err, fail.KindConflict, "PLAN_NAME_TAKEN")
		solo, err := c.CreatePlan(ctx, product.ID, catalog.NewPlan{Name: "Solo", ActivationType: "device"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.UpdatePlan(ctx, solo.ID, catalog.PlanPatch{Name: ptr("Team")})
		wantCode(t, err, fail.KindConflict, "PLAN_NAME_TAKEN")

		changed, err := c.UpdatePlan(ctx, plan.ID, catalog.PlanPatch{
			ActivationLimit: ptr[int64](0), Entitlements: map[string]any{}, Status: ptr(catalog.Archived), Version: 1,
		})
		want.ActivationLimit, want.Entitlements, want.Status, want.Version = 0, catalog.Entitlements{}, catalog.Archived, 2
		if diff := cmp.Diff(want, changed); diff != "" || err != nil {
			t.Errorf("changed, %v (-want +got):\n%s", err, diff)
		}
		_, err = c.UpdatePlan(ctx, plan.ID, catalog.PlanPatch{Name: ptr("Late"), Version: 1})
		wantCode(t, err, fail.KindConflict, "CHANGED_MEANWHILE")
		if same, err := c.UpdatePlan(ctx, plan.ID, catalog.PlanPatch{Entitlements: map[string]any{}}); err != nil || same.Version != 2 {
			t.Errorf("changing nothing = %+v, %v", same, err)
		}
		plans, err := c.Plans(ctx, product.ID)
		if diff := cmp.Diff([]catalog.Plan{want, solo}, plans); diff != "" || err != nil {
			t.Errorf("plans, %v (-want +got):\n%s", err, diff)
		}
		if diff := cmp.Diff([]string{"plan.created", "plan.updated"}, eventTypes(t, s.DB, plan.ID)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}

		// The card shows an archived plan as well: what was sold stays valid.
		var card catalog.Card
		err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
			card, err = catalog.PlanCard(ctx, tx, plan.ID)
			return err
		})
		wantCard := catalog.Card{
			ProductID: product.ID, ProductSlug: "editor", ProductName: "Editor", RequiresLicense: true, KeyPrefix: "E-", KeyLength: 20,
			SelfRemoval: true, SelfReissue: true, PackName: "Support and Upgrade Pack", PrivateSuffixes: []string{},
			Support: civil.Span{Count: 1, Unit: civil.Year}, PlanID: plan.ID, PlanName: "Team", Kind: catalog.KindLicense, LicenseType: "purchased", ActivationType: "seat",
			Entitlements: catalog.Entitlements{},
		}
		if diff := cmp.Diff(wantCard, card); diff != "" || err != nil {
			t.Errorf("card, %v (-want +got):\n%s", err, diff)
		}
		for _, id := range []string{"pln_unknown", "\x00"} {
			_, err = c.Plan(ctx, id)
			wantCode(t, err, fail.KindNotFound, "PLAN_NOT_FOUND")
			_, err = c.UpdatePlan(ctx, id, catalog.PlanPatch{})
			wantCode(t, err, fail.KindNotFound, "PLAN_NOT_FOUND")
			_, err = c.Prices(ctx, id)
			wantCode(t, err, fail.KindNotFound, "PLAN_NOT_FOUND")
		}
	})
}

func TestPlansThatAreRefused(t *testing.T) {
	t.Parallel()
	in := catalog.NewPlan{LicenseType: "rented", ActivationType: "planet", ActivationLimit: -1, Entitlements: map[string]any{"A": true}}
	wantCode(t, in.Validate(), fail.KindInvalid, fail.CodeInvalidInput, "name", "license_type", "activation_type", "activation_limit", "entitlements")
	patch := catalog.PlanPatch{
		Name: ptr(" "), ActivationLimit: ptr[int64](1_000_001), Entitlements: map[string]any{"a": nil}, Status: ptr(catalog.Status("")),
	}
	wantCode(t, patch.Validate(), fail.KindInvalid, fail.CodeInvalidInput, "name", "activation_limit", "entitlements", "status")
}

func TestEntitlements(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]map[string]any{
		"a capital":         {"SSO": true},
		"no name":           {"": true},
		"a long name":       {strings.Repeat("a", 65): true},
		"a fraction":        {"a": 1.5},
		"a number too big":  {"a": math.Pow(2, 60)},
		"no number":         {"a": math.NaN()},
		"a long text":       {"a": strings.Repeat("x", 256)},
		"a broken text":     {"a": "\x00"},
		"a list":            {"a": []any{1}},
		"null":              {"a": nil},
		"a JSON fraction":   {"a": json.Number("1e2")},
		"an endless number": {"a": json.Number("99999999999999999999")},
	} {
		if got, err := catalog.CheckEntitlements(raw); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	many := map[string]any{}
	for i := range 101 {
		many[strings.Repeat("a", i%50+1)+string(rune('a'+i/50))] = true
	}
	if _, err := catalog.CheckEntitlements(many); err == nil {
		t.Errorf("%d entries were accepted", len(many))
	}
	for _, stored := range []string{"", "[]", "{", `{"A":1}`} {
		if got, err := catalog.DecodeEntitlements(stored); err == nil {
			t.Errorf("%q decodes to %v", stored, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.MapOf(
			rapid.StringMatching(`[a-z0-9._-]{1,64}`),
			rapid.OneOf(rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.StringMatching(`[ -~]{0,40}`).AsAny()),
		).Draw(t, "entitlements")
		checked, err := catalog.CheckEntitlements(raw)
		if err != nil {
			t.Fatal(err)
		}
		back, err := catalog.DecodeEntitlements(checked.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(checked, back); diff != "" {
			t.Fatalf("stored and read back (-want +got):\n%s", diff)
		}
	})
}

func TestPrices(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		c := catalog.New(s.DB)
		product, err := c.CreateProduct(ctx, catalog.NewProduct{Slug: "editor", Name: "Editor"})
		if err != nil {
			t.Fatal(err)
		}
		plan, err := c.CreatePlan(ctx, product.ID, catalog.NewPlan{Name: "Team", ActivationType: "seat"})
		if err != nil {
			t.Fatal(err)
		}
		first, err := c.CreatePrice(ctx, plan.ID, catalog.NewPrice{Cycle: "one_time", Money: eur(4900)})
		want := catalog.Price{
			ID: first.ID, PlanID: plan.ID, Cycle: civil.OneTime, Money: eur(4900), SetupFee: eur(0), TrialMoney: eur(0),
			TaxClass: "standard", Version: 1, Status: catalog.PriceActive, CreatedAt: dbtest.Start,
		}
		if diff := cmp.Diff(want, first); diff != "" || err != nil {
			t.Errorf("first, %v (-want +got):\n%s", err, diff)
		}

		s.Clock.Advance(1e9)
		second, err := c.ReplacePrice(ctx, first.ID, catalog.NewPrice{
			Cycle: "one_time", Money: eur(5900), SetupFee: eur(1000), ValidFor: civil.Span{Count: 1, Unit: civil.Year},
		})
		want2 := catalog.Price{
			ID: second.ID, PlanID: plan.ID, Replaces: first.ID, Cycle: civil.OneTime, Money: eur(5900), SetupFee: eur(1000),
			ValidFor: civil.Span{Count: 1, Unit: civil.Year}, TrialMoney: eur(0), TaxClass: "standard", Version: 2, Status: catalog.PriceActive, CreatedAt: s.Clock.Now(),
		}
		if diff := cmp.Diff(want2, second); diff != "" || err != nil {
			t.Errorf("second, %v (-want +got):\n%s", err, diff)
		}
		want.Status = catalog.PriceRetired
		for _, read := range []func() ([]catalog.Price, error){
			func() ([]catalog.Price, error) { return c.Prices(ctx, plan.ID) },
			func() ([]catalog.Price, error) { return c.ProductPrices(ctx, product.ID) },
		} {
			prices, err := read()
			if diff := cmp.Diff([]catalog.Price{want, want2}, prices); diff != "" || err != nil {
				t.Errorf("prices, %v (-want +got):\n%s", err, diff)
			}
		}
		_, err = c.ReplacePrice(ctx, first.ID, catalog.NewPrice{Cycle: "one_time", Money: eur(1)})
		wantCode(t, err, fail.KindConflict, "PRICE_RETIRED")
		_, err = c.ReplacePrice(ctx, second.ID, catalog.NewPrice{Cycle: "one_time", Money: money.New(1, "USD")})
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "money.currency")
		if still, err := c.Price(ctx, second.ID); err != nil || still != want2 {
			t.Errorf("second after a failed replacement = %+v, %v", still, err)
		}
		gone, err := c.RetirePrice(ctx, second.ID)
		if err != nil || gone.Status != catalog.PriceRetired {
			t.Errorf("retired = %+v, %v", gone, err)
		}
		_, err = c.RetirePrice(ctx, second.ID)
		wantCode(t, err, fail.KindConflict, "PRICE_RETIRED")
		for _, id := range []string{"prc_unknown", "\x00"} {
			_, err = c.Price(ctx, id)
			wantCode(t, err, fail.KindNotFound, "PRICE_NOT_FOUND")
			_, err = c.RetirePrice(ctx, id)
			wantCode(t, err, fail.KindNotFound, "PRICE_NOT_FOUND")
			_, err = c.CreatePrice(ctx, id, catalog.NewPrice{Cycle: "one_time", Money: eur(1)})
			wantCode(t, err, fail.KindNotFound, "PLAN_NOT_FOUND")
		}
		if diff := cmp.Diff([]string{"price.created", "price.retired"}, eventTypes(t, s.DB, second.ID)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestAPriceIsReplacedOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		c := catalog.New(s.DB)
		product, err := c.CreateProduct(ctx, catalog.NewProduct{Slug: "editor", Name: "Editor"})
		if err != nil {
			t.Fatal(err)
		}
		plan, err := c.CreatePlan(ctx, product.ID, catalog.NewPlan{Name: "Team", ActivationType: "seat"})
		if err != nil {
			t.Fatal(err)
		}
		first, err := c.CreatePrice(ctx, plan.ID, catalog.NewPrice{Cycle: "one_time", Money: eur(4900)})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var won atomic.Int64
		for i := range 20 {
			wg.Go(func() {
				_, err := c.ReplacePrice(ctx, first.ID, catalog.NewPrice{Cycle: "one_time", Money: eur(int64(5000 + i))})
				if err == nil {
					won.Add(1)
				} else if fail.Of(err).Code != "PRICE_RETIRED" {
					t.Errorf("replacement %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if prices, err := c.Prices(ctx, plan.ID); err != nil || len(prices) != 2 || won.Load() != 1 {
			t.Errorf("%d won, prices = %+v, %v", won.Load(), prices, err)
		}
	})
}

func TestPricesThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in     catalog.NewPrice
		fields []string
	}{
		"nothing":            {catalog.NewPrice{}, []string{"cycle", "money.currency"}},
		"no such cycle":      {catalog.NewPrice{Cycle: "weekly", Money: eur(1)}, []string{"cycle"}},
		"a negative amount":  {catalog.NewPrice{Cycle: "one_time", Money: eur(-1)}, []string{"money.amount"}},
		"an amount too big":  {catalog.NewPrice{Cycle: "one_time", Money: eur(math.MaxInt64)}, []string{"money.amount"}},
		"no such currency":   {catalog.NewPrice{Cycle: "one_time", Money: money.New(1, "XXX")}, []string{"money.currency"}},
		"a negative fee":     {catalog.NewPrice{Cycle: "one_time", Money: eur(1), SetupFee: eur(-1)}, []string{"setup_fee.amount"}},
		"a foreign fee":      {catalog.NewPrice{Cycle: "one_time", Money: eur(1), SetupFee: money.New(1, "USD")}, []string{"setup_fee.currency"}},
		"valid for nothing":  {catalog.NewPrice{Cycle: "one_time", Money: eur(1), ValidFor: civil.Span{Unit: civil.Day}}, []string{"valid_for"}},
		"an unknown unit":    {catalog.NewPrice{Cycle: "one_time", Money: eur(1), ValidFor: civil.Span{Count: 1, Unit: "hour"}}, []string{"valid_for"}},
		"valid for too long": {catalog.NewPrice{Cycle: "one_time", Money: eur(1), ValidFor: civil.Span{Count: 101, Unit: civil.Year}}, []string{"valid_for"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantCode(t, tt.in.Validate(), fail.KindInvalid, fail.CodeInvalidInput, tt.fields...)
		})
	}
}

func TestListProducts(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		c := catalog.New(s.DB)
		var all, active []string
		for _, slug := range []string{"a", "b", "c", "d", "e"} {
			p, err := c.CreateProduct(ctx, catalog.NewProduct{Slug: slug, Name: slug})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, slug)
			if slug == "b" {
				if _, err := c.UpdateProduct(ctx, p.ID, catalog.ProductPatch{Status: ptr(catalog.Archived)}); err != nil {
					t.Fatal(err)
				}
				continue
			}
			active = append(active, slug)
		}
		for status, want := range map[catalog.Status][]string{"": all, catalog.Active: active, catalog.Archived: {"b"}} {
			var slugs []string
			f := catalog.Filter{Status: status, Limit: 2}
			for {
				products, next, err := c.Products(ctx, f)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range products {
					slugs = append(slugs, p.Slug)
				}
				if f.Cursor = next; next == "" {
					break
				}
			}
			if diff := cmp.Diff(want, slugs); diff != "" {
				t.Errorf("status %q (-want +got):\n%s", status, diff)
			}
		}
		_, _, err := c.Products(ctx, catalog.Filter{Status: "gone", Cursor: "\x00"})
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "status", "cursor")
	})
}

func TestOffers(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		c := catalog.New(s.DB)
		product, err := c.CreateProduct(ctx, catalog.NewProduct{Slug: "editor", Name: "Editor"})
		if err != nil {
			t.Fatal(err)
		}
		plan, err := c.CreatePlan(ctx, product.ID, catalog.NewPlan{Name: "Team", ActivationType: "seat"})
		if err != nil {
			t.Fatal(err)
		}
		price, err := c.CreatePrice(ctx, plan.ID, catalog.NewPrice{Cycle: "one_time", Money: eur(4900), SetupFee: eur(100)})
		if err != nil {
			t.Fatal(err)
		}
		offer := func() (o catalog.Offer) {
			err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
				o, err = catalog.PriceOffer(ctx, tx, price.ID)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return o
		}
		want := catalog.Offer{
			PriceID: price.ID, PlanID: plan.ID, ProductID: product.ID, ProductName: "Editor", PlanName: "Team", RequiresLicense: true,
			Kind: catalog.KindLicense, LicenseType: catalog.Purchased, Support: civil.Span{Count: 1, Unit: civil.Year},
			Visibility: catalog.Public, Cycle: civil.OneTime, Money: eur(4900), SetupFee: eur(100),
			TrialMoney: eur(0), TaxClass: "standard", OnSale: true,
		}
		if got := offer(); got != want || got.Name() != "Editor – Team" {
			t.Errorf("offer = %+v", got)
		}
		want.OnSale = false
		for name, set := range map[string]func(catalog.Status) error{
			"product": func(s catalog.Status) error {
				_, err := c.UpdateProduct(ctx, product.ID, catalog.ProductPatch{Status: &s})
				return err
			},
			"plan": func(s catalog.Status) error {
				_, err := c.UpdatePlan(ctx, plan.ID, catalog.PlanPatch{Status: &s})
				return err
			},
		} {
			for _, status := range []catalog.Status{catalog.Archived, catalog.Active} {
				if err := set(status); err != nil {
					t.Fatal(err)
				}
				if got := offer(); got.OnSale != (status == catalog.Active) {
					t.Errorf("offer of a %s that is %s = %+v", name, status, got)
				}
			}
		}
		if _, err := c.RetirePrice(ctx, price.ID); err != nil {
			t.Fatal(err)
		}
		if got := offer(); got != want {
			t.Errorf("offer at a retired price = %+v", got)
		}
	})
}

func eventTypes(t *testing.T, d *db.DB, subjectID string) (types []string) {
	t.Helper()
	err := d.Read(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.SQL().QueryContext(t.Context(), "SELECT type FROM events WHERE subject_id = $1 ORDER BY seq", subjectID)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var what string
			if err := rows.Scan(&what); err != nil {
				return err
			}
			types = append(types, what)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return types
}

func auditEntries(t *testing.T, d *db.DB, subjectID string) (changes []event.Change) {
	t.Helper()
	err := d.Read(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.SQL().QueryContext(t.Context(), "SELECT what, before, after FROM audit_log WHERE subject_id = $1 ORDER BY id", subjectID)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			c := event.Change{SubjectID: subjectID}
			if err := rows.Scan(&c.What, &c.Before, &c.After); err != nil {
				return err
			}
			changes = append(changes, c)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return changes
}
