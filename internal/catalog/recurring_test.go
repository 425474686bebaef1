package catalog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// shelf is a product with three plans and an add-on, and another product with a plan.
type shelf struct {
	*catalog.Service
	solo, team, site, addon, foreign catalog.Plan
}

func newShelf(t *testing.T, s *dbtest.Store) shelf {
	t.Helper()
	ctx := t.Context()
	sh := shelf{Service: catalog.New(s.DB)}
	product := func(slug string) catalog.Product {
		p, err := sh.CreateProduct(ctx, catalog.NewProduct{Slug: slug, Name: slug})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	plan := func(p catalog.Product, in catalog.NewPlan) catalog.Plan {
		made, err := sh.CreatePlan(ctx, p.ID, in)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	editor := product("editor")
	sh.solo = plan(editor, catalog.NewPlan{Name: "Solo", ActivationType: "device", ActivationLimit: 1})
	sh.team = plan(editor, catalog.NewPlan{Name: "Team", ActivationType: "device", ActivationLimit: 5})
	sh.site = plan(editor, catalog.NewPlan{Name: "Site", ActivationType: "device"})
	sh.addon = plan(editor, catalog.NewPlan{Name: "Five more", Kind: catalog.KindAddon, ExtraActivations: 5, Visibility: catalog.Hidden})
	sh.foreign = plan(product("viewer"), catalog.NewPlan{Name: "Solo", ActivationType: "device"})
	return sh
}

func TestAddons(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		sh := newShelf(t, s)
		if p := sh.addon; p.Kind != catalog.KindAddon || p.ExtraActivations != 5 || p.Visibility != catalog.Hidden {
			t.Errorf("add-on = %+v", p)
		}
		changed, err := sh.UpdatePlan(ctx, sh.addon.ID, catalog.PlanPatch{ExtraActivations: ptr[int64](10), Visibility: ptr(catalog.Public)})
		if err != nil || changed.ExtraActivations != 10 || changed.Visibility != catalog.Public || changed.Version != 2 {
			t.Errorf("changed = %+v, %v", changed, err)
		}
		var card catalog.Card
		err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
			card, err = catalog.PlanCard(ctx, tx, sh.addon.ID)
			return err
		})
		if err != nil || card.Kind != catalog.KindAddon || card.ExtraActivations != 10 {
			t.Errorf("card = %+v, %v", card, err)
		}
		_, err = sh.UpdatePlan(ctx, sh.addon.ID, catalog.PlanPatch{ActivationLimit: ptr[int64](1)})
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "activation_limit")
		_, err = sh.UpdatePlan(ctx, sh.solo.ID, catalog.PlanPatch{ExtraActivations: ptr[int64](1)})
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "extra_activations")
		for _, price := range []catalog.NewPrice{
			{Cycle: "one_time", Money: eur(100)},
			{Cycle: "monthly", Money: eur(100)},
		} {
			if _, err := sh.CreatePrice(ctx, sh.addon.ID, price); err != nil {
				t.Errorf("%s: %v", price.Cycle, err)
			}
		}
		_, err = sh.CreatePrice(ctx, sh.addon.ID, catalog.NewPrice{Cycle: "one_time", Money: eur(100), ValidFor: civil.Span{Count: 1, Unit: civil.Year}})
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "valid_for")
		_, err = sh.CreatePrice(ctx, sh.addon.ID, catalog.NewPrice{Cycle: "monthly", Money: eur(100), TrialDays: 14})
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "trial_days")
	})
	for name, tt := range map[string]struct {
		in     catalog.NewPlan
		fields []string
	}{
		"an unknown kind":     {catalog.NewPlan{Name: "A", Kind: "pack", ActivationType: "seat"}, []string{"kind"}},
		"a limit":             {catalog.NewPlan{Name: "A", Kind: catalog.KindAddon, ActivationLimit: 1}, []string{"activation_limit"}},
		"fewer activations":   {catalog.NewPlan{Name: "A", Kind: catalog.KindAddon, ExtraActivations: -1}, []string{"extra_activations"}},
		"a license with more": {catalog.NewPlan{Name: "A", ActivationType: "seat", ExtraActivations: 1}, []string{"extra_activations"}},
		"seen by some":        {catalog.NewPlan{Name: "A", ActivationType: "seat", Visibility: "members"}, []string{"visibility"}},
		"a path to nowhere":   {catalog.NewPlan{Name: "A", ActivationType: "seat", Paths: []string{"?"}}, []string{"paths"}},
		"a path twice":        {catalog.NewPlan{Name: "A", ActivationType: "seat", Paths: []string{"pln_1", "pln_1"}}, []string{"paths"}},
	} {
		wantCode(t, tt.in.Validate(), fail.KindInvalid, fail.CodeInvalidInput, tt.fields...)
		if t.Failed() {
			t.Fatal(name)
		}
	}
	change := catalog.PlanPatch{ExtraActivations: ptr[int64](-1), Visibility: ptr(catalog.Visibility("")), Paths: &[]string{"\x00"}}
	wantCode(t, change.Validate(), fail.KindInvalid, fail.CodeInvalidInput, "extra_activations", "visibility", "paths")
}

func TestUpgradePaths(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		sh := newShelf(t, s)
		may := func(from, to catalog.Plan) (ok bool) {
			err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
				ok, err = catalog.MayChange(ctx, tx, from.ID, to.ID)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return ok
		}
		// Without paths: every other plan of the product and kind.
		for _, tt := range []struct {
			from, to catalog.Plan
			want     bool
		}{
			{sh.solo, sh.team, true},
			{sh.team, sh.solo, true},
			{sh.solo, sh.solo, false},
			{sh.solo, sh.addon, false},
			{sh.solo, sh.foreign, false},
			{sh.solo, catalog.Plan{ID: "pln_unknown"}, false},
		} {
			if got := may(tt.from, tt.to); got != tt.want {
				t.Errorf("%s → %s: %t", tt.from.Name, tt.to.Name, got)
			}
		}
		team, err := sh.UpdatePlan(ctx, sh.team.ID, catalog.PlanPatch{Paths: &[]string{sh.site.ID}, Version: 1})
		if err != nil || !cmp.Equal(team.Paths, []string{sh.site.ID}) || team.Version != 2 {
			t.Fatalf("with a path: %+v, %v", team, err)
		}
		if may(sh.team, sh.solo) || !may(sh.team, sh.site) || !may(sh.solo, sh.team) {
			t.Error("a path is not kept")
		}
		if same, err := sh.UpdatePlan(ctx, team.ID, catalog.PlanPatch{Paths: &[]string{sh.site.ID}}); err != nil || same.Version != 2 {
			t.Errorf("the same path: %+v, %v", same, err)
		}
		for _, bad := range []string{sh.team.ID, sh.addon.ID, sh.foreign.ID, "pln_unknown"} {
			_, err := sh.UpdatePlan(ctx, sh.team.ID, catalog.PlanPatch{Paths: &[]string{bad}})
			wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "paths")
		}
		made, err := sh.CreatePlan(ctx, sh.solo.ProductID, catalog.NewPlan{Name: "Old", ActivationType: "device", Paths: []string{sh.solo.ID, sh.team.ID}})
		if err != nil {
			t.Fatal(err)
		}
		plans, err := sh.Plans(ctx, sh.solo.ProductID)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string][]string{}
		for _, p := range plans {
			got[p.ID] = p.Paths
		}
		want := map[string][]string{
			sh.solo.ID: nil, sh.team.ID: {sh.site.ID}, sh.site.ID: nil, sh.addon.ID: nil, made.ID: {sh.solo.ID, sh.team.ID},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("paths of the plans (-want +got):\n%s", diff)
		}
		if team, err = sh.UpdatePlan(ctx, team.ID, catalog.PlanPatch{Paths: &[]string{}}); err != nil || len(team.Paths) != 0 || !may(sh.team, sh.solo) {
			t.Errorf("without its path: %+v, %v", team, err)
		}
	})
}

func TestRecurringPrices(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		sh := newShelf(t, s)
		for _, cycle := range civil.Cycles()[1:] {
			price, err := sh.CreatePrice(ctx, sh.solo.ID, catalog.NewPrice{
				Cycle: string(cycle), Money: eur(4900), SetupFee: eur(500), TrialDays: 14, TrialMoney: eur(100), TaxClass: "reduced",
			})
			want := catalog.Price{
				ID: price.ID, PlanID: sh.solo.ID, Cycle: cycle, Money: eur(4900), SetupFee: eur(500), TrialDays: 14, TrialMoney: eur(100),
				TaxClass: "reduced", Version: 1, Status: catalog.PriceActive, CreatedAt: dbtest.Start,
			}
			if diff := cmp.Diff(want, price); diff != "" || err != nil {
				t.Errorf("%s, %v (-want +got):\n%s", cycle, err, diff)
			}
		}
		monthly, err := sh.CreatePrice(ctx, sh.solo.ID, catalog.NewPrice{Cycle: "monthly", Money: eur(900), TrialDays: 30})
		if err != nil {
			t.Fatal(err)
		}
		_, err = sh.ReplacePrice(ctx, monthly.ID, catalog.NewPrice{Cycle: "annual", Money: eur(9000)})
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "cycle")
		next, err := sh.ReplacePrice(ctx, monthly.ID, catalog.NewPrice{Cycle: "monthly", Money: eur(1000)})
		if err != nil || next.Version != 2 || next.TrialDays != 0 || next.TaxClass != catalog.StandardTax {
			t.Errorf("replaced = %+v, %v", next, err)
		}
		var offer catalog.Offer
		err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
			offer, err = catalog.PriceOffer(ctx, tx, monthly.ID)
			return err
		})
		if err != nil || offer.Cycle != civil.Monthly || offer.TrialDays != 30 || offer.TrialMoney != eur(0) || offer.OnSale {
			t.Errorf("offer = %+v, %v", offer, err)
		}
	})
}

func TestRecurringPricesThatAreRefused(t *testing.T) {
	t.Parallel()
	monthly := func(change func(*catalog.NewPrice)) catalog.NewPrice {
		in := catalog.NewPrice{Cycle: "monthly", Money: eur(900)}
		change(&in)
		return in
	}
	for name, tt := range map[string]struct {
		in    catalog.NewPrice
		field string
	}{
		"a negative trial":     {monthly(func(p *catalog.NewPrice) { p.TrialDays = -1 }), "trial_days"},
		"an endless trial":     {monthly(func(p *catalog.NewPrice) { p.TrialDays = 367 }), "trial_days"},
		"a trial of what ends": {catalog.NewPrice{Cycle: "one_time", Money: eur(1), TrialDays: 1}, "trial_days"},
		"the price of nothing": {monthly(func(p *catalog.NewPrice) { p.TrialMoney = eur(1) }), "trial_money"},
		"a trial that pays":    {monthly(func(p *catalog.NewPrice) { p.TrialDays, p.TrialMoney = 1, eur(-1) }), "trial_money.amount"},
		"a foreign trial":      {monthly(func(p *catalog.NewPrice) { p.TrialDays, p.TrialMoney = 1, money.New(1, "USD") }), "trial_money.currency"},
		"a validity":           {monthly(func(p *catalog.NewPrice) { p.ValidFor = civil.Span{Count: 1, Unit: civil.Year} }), "valid_for"},
		"a class of its own":   {monthly(func(p *catalog.NewPrice) { p.TaxClass = "Books & more" }), "tax_class"},
	} {
		err := tt.in.Validate()
		if err == nil {
			t.Fatalf("%s: no error", name)
		}
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, tt.field)
	}
}
