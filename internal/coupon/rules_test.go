package coupon_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
)

func eur(n int64) money.Money { return money.New(n, "EUR") }

func day(t testing.TB, s string) civil.Date {
	t.Helper()
	d, err := civil.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// line is a part of an order of so many cents.
func line(product string, cycle civil.Cycle, cents int64) coupon.Line {
	return coupon.Line{ProductID: product, Cycle: cycle, Amount: eur(cents)}
}

func TestRules(t *testing.T) {
	t.Parallel()
	today := day(t, "2027-03-15")
	for name, tt := range map[string]struct {
		change  func(c *coupon.Coupon)
		change2 func(o *coupon.Occasion)
		code    string // empty: it may be used
	}{
		"no rules at all":               {},
		"archived":                      {change: func(c *coupon.Coupon) { c.Status = coupon.Archived }, code: "COUPON_ENDED"},
		"begins tomorrow":               {change: func(c *coupon.Coupon) { c.StartsOn = today.AddDays(1) }, code: "COUPON_NOT_BEGUN"},
		"begins today":                  {change: func(c *coupon.Coupon) { c.StartsOn = today }},
		"ended yesterday":               {change: func(c *coupon.Coupon) { c.EndsOn = today.AddDays(-1) }, code: "COUPON_ENDED"},
		"ends today":                    {change: func(c *coupon.Coupon) { c.EndsOn = today }},
		"one use is left":               {change: func(c *coupon.Coupon) { c.MaxUses, c.Uses = 3, 2 }},
		"used up":                       {change: func(c *coupon.Coupon) { c.MaxUses, c.Uses = 3, 3 }, code: "COUPON_USED_UP"},
		"used, without a limit":         {change: func(c *coupon.Coupon) { c.Uses = 1000 }, change2: func(o *coupon.Occasion) { o.UsedBy = 7 }},
		"used once of two times":        {change: func(c *coupon.Coupon) { c.PerCustomer = 2 }, change2: func(o *coupon.Occasion) { o.UsedBy = 1 }},
		"used twice of two times":       {change: func(c *coupon.Coupon) { c.PerCustomer = 2 }, change2: func(o *coupon.Occasion) { o.UsedBy = 2 }, code: "COUPON_USED"},
		"a new customer":                {change: func(c *coupon.Coupon) { c.NewCustomers = true }},
		"an old customer":               {change: func(c *coupon.Coupon) { c.NewCustomers = true }, change2: func(o *coupon.Occasion) { o.Bought = true }, code: "COUPON_NEW_CUSTOMERS"},
		"a new customer's second order": {change: func(c *coupon.Coupon) { c.NewCustomers = true }, change2: func(o *coupon.Occasion) { o.UsedBy = 1 }, code: "COUPON_NEW_CUSTOMERS"},
		"an old customer, for all":      {change2: func(o *coupon.Occasion) { o.Bought = true }},
		"dollars, a percentage":         {change2: func(o *coupon.Occasion) { o.Currency = "USD" }},
		"dollars, an amount in euros": {
			change: func(c *coupon.Coupon) { c.Kind, c.Percent, c.Money = coupon.Fixed, tax.Percent{}, eur(500) }, change2: func(o *coupon.Occasion) { o.Currency = "USD" },
			code: "COUPON_CURRENCY",
		},
		"dollars, a minimum in euros": {
			change: func(c *coupon.Coupon) { c.Minimum = eur(1) }, change2: func(o *coupon.Occasion) { o.Currency = "USD" }, code: "COUPON_CURRENCY",
		},
		"exactly the minimum":           {change: func(c *coupon.Coupon) { c.Minimum = eur(15000) }},
		"a cent below the minimum":      {change: func(c *coupon.Coupon) { c.Minimum = eur(15001) }, code: "COUPON_MINIMUM"},
		"the minimum of the whole cart": {change: func(c *coupon.Coupon) { c.Minimum, c.ProductIDs = eur(15000), []string{"prd_a"} }},
		"one of its products":           {change: func(c *coupon.Coupon) { c.ProductIDs = []string{"prd_x", "prd_b"} }},
		"none of its products":          {change: func(c *coupon.Coupon) { c.ProductIDs = []string{"prd_x"} }, code: "COUPON_NOT_FOR_THIS"},
		"one of its cycles":             {change: func(c *coupon.Coupon) { c.Cycles = []civil.Cycle{civil.Annual} }},
		"none of its cycles":            {change: func(c *coupon.Coupon) { c.Cycles = []civil.Cycle{civil.Monthly} }, code: "COUPON_NOT_FOR_THIS"},
		"product and cycle of two lines": {
			change: func(c *coupon.Coupon) { c.ProductIDs, c.Cycles = []string{"prd_a"}, []civil.Cycle{civil.Annual} }, code: "COUPON_NOT_FOR_THIS",
		},
		"nothing in the cart": {change2: func(o *coupon.Occasion) { o.Lines = nil }, code: "COUPON_NOT_FOR_THIS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := coupon.Coupon{Code: "SPRING", Kind: coupon.Percent, Percent: tax.MustPercent("20"), Status: coupon.Active}
			o := coupon.Occasion{
				On: today, Currency: "EUR", Lines: []coupon.Line{line("prd_a", civil.OneTime, 10000), line("prd_b", civil.Annual, 5000)},
			}
			if tt.change != nil {
				tt.change(&c)
			}
			if tt.change2 != nil {
				tt.change2(&o)
			}
			err := c.Check(o)
			if tt.code == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if e := fail.Of(err); e == nil || e.Kind != fail.KindInvalid || e.Code != tt.code || len(e.Fields) != 1 || e.Fields[0].Field != "coupon" {
				t.Errorf("error = %v, want %s of the coupon", err, tt.code)
			}
		})
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	fixed := func(cents int64) coupon.Coupon { return coupon.Coupon{Kind: coupon.Fixed, Money: eur(cents)} }
	percent := func(s string) coupon.Coupon {
		return coupon.Coupon{Kind: coupon.Percent, Percent: tax.MustPercent(s)}
	}
	only := func(c coupon.Coupon, product string) coupon.Coupon {
		c.ProductIDs = []string{product}
		return c
	}
	once := func(c coupon.Coupon) coupon.Coupon {
		c.Cycles = []civil.Cycle{civil.OneTime}
		return c
	}
	cart := func(cents ...int64) (lines []coupon.Line) {
		for i, n := range cents {
			cycle := civil.OneTime
			if i%2 == 1 {
				cycle = civil.Annual
			}
			lines = append(lines, line("prd_"+string(rune('a'+i)), cycle, n))
		}
		return lines
	}
	for name, tt := range map[string]struct {
		coupon coupon.Coupon
		lines  []coupon.Line
		want   []int64
	}{
		"D1: ten over four lines":             {fixed(1000), cart(10000, 5000, 3000, 2000), []int64{500, 250, 150, 100}},
		"D2: more than all":                   {fixed(11000), cart(10000), []int64{10000}},
		"D4: on one of two lines":             {only(fixed(25000), "prd_b"), cart(17900, 39900), []int64{0, 25000}},
		"P6: the largest remainder first":     {fixed(100), cart(100, 100, 100), []int64{34, 33, 33}},
		"a fifth":                             {percent("20"), cart(4900, 1000), []int64{980, 200}},
		"a fifth of all, rounded once":        {percent("20"), cart(1, 1, 1), []int64{1, 0, 0}},
		"all of it":                           {percent("100"), cart(4999, 1), []int64{4999, 1}},
		"half a percent of half a cent":       {percent("0.5"), cart(50), []int64{0}},
		"of what is paid once":                {once(percent("50")), cart(1000, 1000, 501), []int64{500, 0, 251}},
		"of nothing":                          {percent("50"), cart(0, 0), []int64{0, 0}},
		"an amount of nothing":                {fixed(500), cart(0), []int64{0}},
		"nothing it is for":                   {only(fixed(500), "prd_z"), cart(1000), []int64{0}},
		"more than what it is for, not above": {only(fixed(5000), "prd_a"), cart(1000, 9000), []int64{1000, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			discounts, err := tt.coupon.Apply("EUR", tt.lines)
			if err != nil {
				t.Fatal(err)
			}
			var got []int64
			for _, d := range discounts {
				got = append(got, d.Amount)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("discounts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAgain(t *testing.T) {
	t.Parallel()
	c := coupon.Coupon{Kind: coupon.Fixed, Money: eur(1000), Rules: coupon.Rules{Cycles: []civil.Cycle{civil.Monthly}}}
	for name, tt := range map[string]struct {
		line coupon.Line
		want money.Money
	}{
		"another month":   {line("prd_a", civil.Monthly, 4900), eur(1000)},
		"a cheap month":   {line("prd_a", civil.Monthly, 400), eur(400)},
		"a year now":      {line("prd_a", civil.Annual, 4900), eur(0)},
		"another country": {coupon.Line{ProductID: "prd_a", Cycle: civil.Monthly, Amount: money.New(4900, "USD")}, money.New(0, "USD")},
	} {
		if got, err := c.Again(tt.line); err != nil || got != tt.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// Whatever the cart: a coupon takes from each line between nothing and all of it, from lines that it is not for
// nothing, and in all exactly what it says or all that there is.
func TestApplyLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		products, cycles := []string{"prd_a", "prd_b", "prd_c"}, civil.Cycles()
		lines := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) coupon.Line {
			return line(rapid.SampledFrom(products).Draw(t, "product"), rapid.SampledFrom(cycles).Draw(t, "cycle"), rapid.Int64Range(0, 1_000_000).Draw(t, "amount"))
		}), 1, 8).Draw(t, "lines")
		c := coupon.Coupon{Kind: coupon.Fixed, Money: eur(rapid.Int64Range(1, 3_000_000).Draw(t, "fixed"))}
		c.ProductIDs = rapid.SliceOfDistinct(rapid.SampledFrom(products), rapid.ID[string]).Draw(t, "products")
		c.Cycles = rapid.SliceOfDistinct(rapid.SampledFrom(cycles), rapid.ID[civil.Cycle]).Draw(t, "cycles")
		discounts, err := c.Apply("EUR", lines)
		if err != nil {
			t.Fatal(err)
		}
		var taken, there int64
		for i, l := range lines {
			eligible := (len(c.ProductIDs) == 0 || slices.Contains(c.ProductIDs, l.ProductID)) && (len(c.Cycles) == 0 || slices.Contains(c.Cycles, l.Cycle))
			if eligible {
				there += l.Amount.Amount
			}
			d := discounts[i].Amount
			if d < 0 || d > l.Amount.Amount || (!eligible && d != 0) {
				t.Fatalf("%d off a line of %d", d, l.Amount.Amount)
			}
			taken += d
		}
		if want := min(c.Money.Amount, there); taken != want {
			t.Fatalf("took %d, want %d", taken, want)
		}
	})
}
