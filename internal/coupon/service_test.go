package coupon_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
)

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

var percentages = cmpopts.EquateComparable(tax.Percent{})

func TestCoupons(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		product, err := catalog.New(s.DB).CreateProduct(ctx, catalog.NewProduct{Slug: "editor", Name: "Editor"})
		if err != nil {
			t.Fatal(err)
		}
		coupons := coupon.New(s.DB)
		rules := coupon.Rules{
			ProductIDs: []string{product.ID}, Cycles: []civil.Cycle{civil.Annual}, StartsOn: day(t, "2027-01-01"), EndsOn: day(t, "2027-12-31"),
			MaxUses: 100, PerCustomer: 1, Minimum: eur(5000), NewCustomers: true,
		}
		c, err := coupons.Create(ctx, coupon.NewCoupon{Code: " Spring-27 ", Name: "Spring", Percent: "12.50", Charges: 3, Rules: rules})
		if err != nil {
			t.Fatal(err)
		}
		want := coupon.Coupon{
			ID: c.ID, Code: "Spring-27", Name: "Spring", Kind: coupon.Percent, Percent: tax.MustPercent("12.5"), Charges: 3, Rules: rules,
			Status: coupon.Active, Version: 1, CreatedAt: dbtest.Start, UpdatedAt: dbtest.Start,
		}
		if diff := cmp.Diff(want, c, percentages); diff != "" || c.Off() != "12.5 %" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		plain, err := coupons.Create(ctx, coupon.NewCoupon{Code: "TEN", Money: eur(1000)})
		wantPlain := coupon.Coupon{
			ID: plain.ID, Code: "TEN", Kind: coupon.Fixed, Money: eur(1000), Status: coupon.Active, Version: 1,
			CreatedAt: dbtest.Start, UpdatedAt: dbtest.Start,
		}
		if diff := cmp.Diff(wantPlain, plain, percentages); diff != "" || err != nil || plain.Off() != "10.00 EUR" {
			t.Errorf("a plain one, %v (-want +got):\n%s", err, diff)
		}
		_, err = coupons.Create(ctx, coupon.NewCoupon{Code: "ten", Money: eur(1)})
		wantCode(t, err, fail.KindConflict, "COUPON_CODE_TAKEN")
		_, err = coupons.Create(ctx, coupon.NewCoupon{Code: "a", Money: eur(1), Rules: coupon.Rules{ProductIDs: []string{"prd_unknown"}}})
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "product_ids")

		s.Clock.Advance(time.Hour)
		changed, err := coupons.Update(ctx, c.ID, coupon.Patch{
			Name: ptr("Summer"), ProductIDs: &[]string{}, Cycles: &[]civil.Cycle{}, StartsOn: ptr(civil.Date{}), EndsOn: ptr(day(t, "2027-09-30")),
			MaxUses: ptr[int64](0), PerCustomer: ptr[int64](2), Minimum: ptr(money.Money{}), NewCustomers: ptr(false), Status: ptr(coupon.Archived), Version: 1,
		})
		want.Name, want.Status, want.Version, want.UpdatedAt = "Summer", coupon.Archived, 2, s.Clock.Now()
		want.Rules = coupon.Rules{EndsOn: day(t, "2027-09-30"), PerCustomer: 2}
		if diff := cmp.Diff(want, changed, percentages); diff != "" || err != nil {
			t.Errorf("changed, %v (-want +got):\n%s", err, diff)
		}
		if same, err := coupons.Update(ctx, c.ID, coupon.Patch{Name: ptr("Summer"), PerCustomer: ptr[int64](2)}); err != nil || same.Version != 2 {
			t.Errorf("changing nothing = %+v, %v", same, err)
		}
		_, err = coupons.Update(ctx, c.ID, coupon.Patch{Name: ptr("Late"), Version: 1})
		wantCode(t, err, fail.KindConflict, "CHANGED_MEANWHILE")
		_, err = coupons.Update(ctx, c.ID, coupon.Patch{
			Name: ptr("\x00"), ProductIDs: &[]string{"?"}, Cycles: &[]civil.Cycle{"weekly"}, StartsOn: ptr(day(t, "2027-10-01")), MaxUses: ptr[int64](-1),
			PerCustomer: ptr[int64](-1), Minimum: ptr(eur(-1)), Status: ptr(coupon.Status("gone")),
		})
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "name", "product_ids", "cycles", "ends_on", "max_uses", "per_customer", "minimum.amount", "status")
		_, err = coupons.Update(ctx, plain.ID, coupon.Patch{Minimum: ptr(money.New(1, "USD"))})
		wantCode(t, err, fail.KindInvalid, fail.CodeInvalidInput, "minimum.currency")
		for _, id := range []string{"cpn_unknown", "", "\xff"} {
			_, err = coupons.ByID(ctx, id)
			wantCode(t, err, fail.KindNotFound, "COUPON_NOT_FOUND")
			_, err = coupons.Update(ctx, id, coupon.Patch{})
			wantCode(t, err, fail.KindNotFound, "COUPON_NOT_FOUND")
		}
		err = s.DB.Read(ctx, func(tx *db.Tx) error {
			for _, code := range []string{"spring-27", " SPRING-27 "} {
				if got, err := coupon.ByCode(ctx, tx, code); err != nil || got.ID != c.ID {
					t.Errorf("by code %q: %+v, %v", code, got, err)
				}
			}
			for _, code := range []string{"", "unknown", "a b", "\x00", strings.Repeat("x", 41)} {
				_, err := coupon.ByCode(ctx, tx, code)
				wantCode(t, err, fail.KindInvalid, "COUPON_NOT_FOUND", "coupon")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var events, audits int
		err = s.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.SQL().QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM events WHERE subject_id = $1),
				(SELECT COUNT(*) FROM audit_log WHERE subject_id = $1)`, c.ID).Scan(&events, &audits)
		})
		if err != nil || events != 2 || audits != 2 {
			t.Errorf("%d events, %d audit entries, %v", events, audits, err)
		}
	})
}

func TestCouponsThatAreRefused(t *testing.T) {
	t.Parallel()
	ten := func(change func(*coupon.NewCoupon)) coupon.NewCoupon {
		in := coupon.NewCoupon{Code: "TEN", Money: eur(1000)}
		change(&in)
		return in
	}
	percent := func(s string) coupon.NewCoupon { return coupon.NewCoupon{Code: "P", Percent: s} }
	for name, tt := range map[string]struct {
		in     coupon.NewCoupon
		fields []string
	}{
		"nothing":             {coupon.NewCoupon{}, []string{"code", "money.currency", "money.amount"}},
		"a code of words":     {ten(func(c *coupon.NewCoupon) { c.Code = "ten off" }), []string{"code"}},
		"a long code":         {ten(func(c *coupon.NewCoupon) { c.Code = strings.Repeat("x", 41) }), []string{"code"}},
		"an umlaut":           {ten(func(c *coupon.NewCoupon) { c.Code = "grün" }), []string{"code"}},
		"a name of lines":     {ten(func(c *coupon.NewCoupon) { c.Name = "a\nb" }), []string{"name"}},
		"both":                {ten(func(c *coupon.NewCoupon) { c.Percent = "5" }), []string{"money"}},
		"nothing off":         {ten(func(c *coupon.NewCoupon) { c.Money.Amount = 0 }), []string{"money.amount"}},
		"less than nothing":   {ten(func(c *coupon.NewCoupon) { c.Money.Amount = -1 }), []string{"money.amount"}},
		"too much":            {ten(func(c *coupon.NewCoupon) { c.Money.Amount = math.MaxInt64 }), []string{"money.amount"}},
		"an old currency":     {ten(func(c *coupon.NewCoupon) { c.Money.Currency = "DEM" }), []string{"money.currency"}},
		"zero percent":        {percent("0"), []string{"percent"}},
		"more than all":       {percent("100.000001"), []string{"percent"}},
		"a negative percent":  {percent("-5"), []string{"percent"}},
		"words":               {percent("ten"), []string{"percent"}},
		"negative charges":    {ten(func(c *coupon.NewCoupon) { c.Charges = -1 }), []string{"charges"}},
		"negative uses":       {ten(func(c *coupon.NewCoupon) { c.MaxUses = -1 }), []string{"max_uses"}},
		"negative uses each":  {ten(func(c *coupon.NewCoupon) { c.PerCustomer = -1 }), []string{"per_customer"}},
		"ends before":         {ten(func(c *coupon.NewCoupon) { c.StartsOn, c.EndsOn = day(t, "2027-02-01"), day(t, "2027-01-31") }), []string{"ends_on"}},
		"no such day":         {ten(func(c *coupon.NewCoupon) { c.StartsOn = civil.Date{Year: 2027, Month: 2, Day: 30} }), []string{"starts_on"}},
		"a negative minimum":  {ten(func(c *coupon.NewCoupon) { c.Minimum = eur(-1) }), []string{"minimum.amount"}},
		"a foreign minimum":   {ten(func(c *coupon.NewCoupon) { c.Minimum = money.New(1, "USD") }), []string{"minimum.currency"}},
		"an unknown minimum":  {coupon.NewCoupon{Code: "P", Percent: "5", Rules: coupon.Rules{Minimum: money.New(1, "?")}}, []string{"minimum.currency"}},
		"an unknown cycle":    {ten(func(c *coupon.NewCoupon) { c.Cycles = []civil.Cycle{"weekly"} }), []string{"cycles"}},
		"a cycle twice":       {ten(func(c *coupon.NewCoupon) { c.Cycles = []civil.Cycle{"annual", "annual"} }), []string{"cycles"}},
		"a product twice":     {ten(func(c *coupon.NewCoupon) { c.ProductIDs = []string{"prd_a", "prd_a"} }), []string{"product_ids"}},
		"a broken product id": {ten(func(c *coupon.NewCoupon) { c.ProductIDs = []string{"\x00"} }), []string{"product_ids"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantCode(t, tt.in.Validate(), fail.KindInvalid, fail.CodeInvalidInput, tt.fields...)
		})
	}
}

func TestListCoupons(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		ctx := t.Context()
		coupons := coupon.New(s.DB)
		for i, code := range []string{"b-1", "A", "B-2", "c", "b-10", "D"} {
			c, err := coupons.Create(ctx, coupon.NewCoupon{Code: code, Percent: "10"})
			if err != nil {
				t.Fatal(err)
			}
			if i%3 == 0 {
				if _, err := coupons.Update(ctx, c.ID, coupon.Patch{Status: ptr(coupon.Archived)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, tt := range []struct {
			filter coupon.Filter
			want   []string
		}{
			{coupon.Filter{}, []string{"A", "b-1", "b-10", "B-2", "c", "D"}},
			{coupon.Filter{Query: "B"}, []string{"b-1", "b-10", "B-2"}},
			{coupon.Filter{Query: "b-1"}, []string{"b-1", "b-10"}},
			{coupon.Filter{Status: coupon.Archived}, []string{"b-1", "c"}},
			{coupon.Filter{Status: coupon.Active, Query: "b"}, []string{"b-10", "B-2"}},
			{coupon.Filter{Query: "none"}, nil},
		} {
			for _, limit := range []int{1, 2, 200} {
				var got []string
				f := tt.filter
				f.Limit = limit
				for {
					page, next, err := coupons.List(ctx, f)
					if err != nil {
						t.Fatal(err)
					}
					for _, c := range page {
						got = append(got, c.Code)
					}
					if f.Cursor = next; next == "" {
						break
					}
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%+v, %d a page (-want +got):\n%s", tt.filter, limit, diff)
				}
			}
		}
		n := 0
		for c, err := range coupons.All(ctx, coupon.Filter{}) {
			if err != nil || len(c.CSV()) != len(coupon.CSVHeader) {
				t.Fatal(fmt.Sprint(c.CSV()), err)
			}
			n++
		}
		if n != 6 {
			t.Errorf("%d exported", n)
		}
		for _, f := range []coupon.Filter{{Status: "gone"}, {Query: "\x00"}, {Cursor: "?"}} {
			if _, _, err := coupons.List(ctx, f); fail.Of(err) == nil || fail.Of(err).Kind != fail.KindInvalid {
				t.Errorf("%+v: %v", f, err)
			}
		}
	})
}
