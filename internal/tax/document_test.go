package tax_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
)

func TestModes(t *testing.T) {
	t.Parallel()
	lines := []tax.Line{at(t, "100.00", "19"), at(t, "10.00", "7.7")}
	tests := []struct {
		mode                           tax.Mode
		lineTotal, allow, net, vat, to string
		categories                     map[string]string
	}{
		{tax.None, "110.00", "11.00", "99.00", "0.00", "99.00", map[string]string{"O 0": "99.00 + 0.00"}},
		{tax.Exclusive, "110.00", "11.00", "99.00", "17.79", "116.79", map[string]string{"S 19": "90.00 + 17.10", "S 7.7": "9.00 + 0.69"}},
		{tax.Inclusive, "93.32", "9.33", "83.99", "15.01", "99.00", map[string]string{"S 19": "75.63 + 14.37", "S 7.7": "8.36 + 0.64"}},
	}
	for _, tt := range tests {
		d := compute(t, tt.mode, lines, tax.Coupon{Percent: tax.MustPercent("10")})
		name := string(tt.mode)
		is(t, name+": lines", d.LineTotal, tt.lineTotal)
		is(t, name+": allowance", d.Allowance, tt.allow)
		is(t, name+": net", d.Net, tt.net)
		is(t, name+": VAT", d.Tax, tt.vat)
		is(t, name+": total", d.Total, tt.to)
		compare(t, name+": categories", tt.categories, subtotals(d.Subtotals))
	}
}

func TestCoupons(t *testing.T) {
	t.Parallel()
	percent := func(s string) tax.Coupon { return tax.Coupon{Percent: tax.MustPercent(s)} }
	tests := []struct {
		name    string
		lines   []string
		coupons []tax.Coupon
		taken   []string
		shares  []string
	}{
		{"a percentage is split like an amount", []string{"0.05", "0.05"}, []tax.Coupon{percent("50")}, []string{"0.05"}, []string{"0.03", "0.02"}},
		{"rounded once", []string{"1.11", "1.11", "1.11"}, []tax.Coupon{percent("10")}, []string{"0.33"}, []string{"0.11", "0.11", "0.11"}},
		{"each on what is left", []string{"100.00"}, []tax.Coupon{percent("50"), percent("50")}, []string{"50.00", "25.00"}, []string{"75.00"}},
		{"all and more", []string{"100.00"}, []tax.Coupon{percent("150")}, []string{"100.00"}, []string{"100.00"}},
		{"nothing left", []string{"1.00"}, []tax.Coupon{percent("100"), percent("10")}, []string{"1.00", "0.00"}, []string{"1.00"}},
		{"of nothing", []string{"0.00"}, []tax.Coupon{{Fixed: eur(t, "5.00")}}, []string{"0.00"}, []string{"0.00"}},
		{"for no line", []string{"1.00"}, []tax.Coupon{{Fixed: eur(t, "5.00"), Lines: []int{}}}, []string{"0.00"}, []string{"0.00"}},
		{"none from what gives back", []string{"-5.00", "1.00"}, []tax.Coupon{{Fixed: eur(t, "5.00")}}, []string{"1.00"}, []string{"0.00", "1.00"}},
		{"none without lines", nil, []tax.Coupon{{Fixed: eur(t, "5.00")}}, []string{"0.00"}, nil},
	}
	for _, tt := range tests {
		var lines []tax.Line
		for _, a := range tt.lines {
			lines = append(lines, at(t, a, "20"))
		}
		d := compute(t, tax.Exclusive, lines, tt.coupons...)
		for i, want := range tt.taken {
			is(t, tt.name+": taken", d.Coupons[i], want)
		}
		for i, want := range tt.shares {
			is(t, tt.name+": share", d.Lines[i].Discount, want)
		}
	}
}

func TestComputeRefuses(t *testing.T) {
	t.Parallel()
	good := at(t, "1.00", "20")
	for name, tt := range map[string]struct {
		mode   tax.Mode
		line   tax.Line
		coupon tax.Coupon
	}{
		"no mode":             {"", good, tax.Coupon{Fixed: eur(t, "1.00")}},
		"another currency":    {tax.Exclusive, tax.Line{Amount: money.New(1, "USD")}, tax.Coupon{Fixed: eur(t, "1.00")}},
		"too large":           {tax.Exclusive, tax.Line{Amount: money.New(math.MaxInt64/2, "EUR")}, tax.Coupon{Fixed: eur(t, "1.00")}},
		"too small":           {tax.Exclusive, tax.Line{Amount: money.New(math.MinInt64, "EUR")}, tax.Coupon{Fixed: eur(t, "1.00")}},
		"standard without":    {tax.Exclusive, tax.Line{Amount: eur(t, "1.00"), Category: tax.Category{Code: tax.Standard}}, tax.Coupon{Fixed: eur(t, "1.00")}},
		"reverse with a rate": {tax.Exclusive, tax.Line{Amount: eur(t, "1.00"), Category: tax.Category{Code: tax.ReverseCharge, Rate: good.Category.Rate}}, tax.Coupon{}},
		"unknown category":    {tax.Exclusive, tax.Line{Amount: eur(t, "1.00"), Category: tax.Category{Code: "X"}}, tax.Coupon{Fixed: eur(t, "1.00")}},
		"coupon: currency":    {tax.Exclusive, good, tax.Coupon{Fixed: money.New(1, "USD")}},
		"coupon: negative":    {tax.Exclusive, good, tax.Coupon{Fixed: eur(t, "-1.00")}},
		"coupon: both":        {tax.Exclusive, good, tax.Coupon{Fixed: eur(t, "1.00"), Percent: good.Category.Rate}},
		"coupon: no line":     {tax.Exclusive, good, tax.Coupon{Fixed: eur(t, "1.00"), Lines: []int{1}}},
		"coupon: line below":  {tax.Exclusive, good, tax.Coupon{Fixed: eur(t, "1.00"), Lines: []int{-1}}},
		"coupon: line twice":  {tax.Exclusive, good, tax.Coupon{Fixed: eur(t, "1.00"), Lines: []int{0, 0}}},
	} {
		if d, err := tax.Compute(tt.mode, "EUR", []tax.Line{tt.line}, []tax.Coupon{tt.coupon}); err == nil {
			t.Errorf("%s: %+v", name, d)
		}
	}
	half := tax.Line{Amount: money.New(math.MaxInt64/40, "EUR")}
	if _, err := tax.Compute(tax.None, "EUR", []tax.Line{half, half}, nil); err == nil {
		t.Error("lines that are too large together were computed")
	}
}

// anyDocument draws lines of any currency, rates and coupons. Amounts are small enough for rounding to bite.
func anyDocument(mode tax.Mode, negative bool) *rapid.Generator[tax.Document] {
	return rapid.Custom(func(t *rapid.T) tax.Document {
		c := rapid.SampledFrom([]money.Currency{"EUR", "JPY", "KWD"}).Draw(t, "currency")
		rates := []string{"0", "5.5", "7.7", "8.875", "19", "20", "25", "99.999999"}
		least := int64(0)
		if negative {
			least = -20000
		}
		var lines []tax.Line
		for range rapid.IntRange(1, 6).Draw(t, "lines") {
			lines = append(lines, tax.Line{
				Amount:   money.New(rapid.Int64Range(least, 20000).Draw(t, "amount"), c),
				Category: tax.Rated(tax.MustPercent(rapid.SampledFrom(rates).Draw(t, "rate"))),
			})
		}
		var coupons []tax.Coupon
		for range rapid.IntRange(0, 3).Draw(t, "coupons") {
			var coupon tax.Coupon
			if rapid.Bool().Draw(t, "fixed") {
				coupon.Fixed = money.New(rapid.Int64Range(0, 20000).Draw(t, "off"), c)
			} else {
				coupon.Percent = tax.MustPercent(rapid.SampledFrom([]string{"1", "12.5", "50", "90"}).Draw(t, "percent"))
			}
			for i := range lines {
				if rapid.Bool().Draw(t, "eligible") {
					coupon.Lines = append(coupon.Lines, i)
				}
			}
			coupons = append(coupons, coupon)
		}
		d, err := tax.Compute(mode, c, lines, coupons)
		if err != nil {
			t.Fatal(err)
		}
		return d
	})
}

var modes = []tax.Mode{tax.None, tax.Exclusive, tax.Inclusive}

// I14, P6, P8: the sums of every document agree, to the unit.
func TestDocumentAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		mode := rapid.SampledFrom(modes).Draw(t, "mode")
		d := anyDocument(mode, true).Draw(t, "document")

		var nets, discounts, taken, base, vat int64
		left := map[tax.Category]int64{}
		for _, l := range d.Lines {
			nets += l.Net.Amount
			discounts += l.Discount.Amount
			left[l.Category] += l.Left().Amount
			if l.Discount.Amount < 0 || (l.Discount.Amount > 0 && l.Left().Amount < 0) {
				t.Fatalf("line %+v", l)
			}
		}
		for _, c := range d.Coupons {
			taken += c.Amount
		}
		if discounts != taken {
			t.Fatalf("P6: shares of the coupons sum to %d of %d", discounts, taken)
		}
		if nets != d.LineTotal.Amount {
			t.Fatalf("BR-CO-10: lines sum to %d, not %v", nets, d.LineTotal)
		}
		if d.Net.Amount != d.LineTotal.Amount-d.Allowance.Amount || d.Allowance.Amount < 0 {
			t.Fatalf("BR-CO-13: %v - %v is not %v", d.LineTotal, d.Allowance, d.Net)
		}
		for _, s := range d.Subtotals {
			base += s.Base.Amount
			vat += s.Tax.Amount
			checkCategory(t, mode, s)
			if gross := s.Base.Amount + s.Tax.Amount; mode == tax.Inclusive && gross != left[s.Category] {
				t.Fatalf("P7: gross %d of %s is now %d", left[s.Category], s.Category, gross)
			}
			delete(left, s.Category)
		}
		if vat != d.Tax.Amount || len(left) != 0 {
			t.Fatalf("BR-CO-14: VAT sums to %d, not %v", vat, d.Tax)
		}
		if base != d.Net.Amount || d.Total.Amount != base+vat {
			t.Fatalf("BR-CO-15: %v + %v is not %v", d.Net, d.Tax, d.Total)
		}
		// BR-CO-16 is an identity here: nothing is prepaid and there is no rounding amount.
		if mode == tax.None && d.Tax.Amount != 0 {
			t.Fatalf("VAT %v in a store without", d.Tax)
		}
	})
}

// checkCategory is BR-CO-17: exact, or within less than a unit where the net was taken out of a gross.
func checkCategory(t *rapid.T, mode tax.Mode, s tax.Subtotal) {
	exact := new(big.Rat).Mul(new(big.Rat).SetInt64(s.Base.Amount), s.Category.Rate.Fraction())
	if mode != tax.Inclusive {
		if want, err := money.RoundHalfAway(exact); err != nil || want != s.Tax.Amount {
			t.Fatalf("BR-CO-17: VAT of %v at %s is %v", s.Base, s.Category, s.Tax)
		}
		return
	}
	off := exact.Sub(exact, new(big.Rat).SetInt64(s.Tax.Amount))
	if off.Abs(off).Cmp(big.NewRat(1, 1)) > 0 {
		t.Fatalf("BR-CO-17: VAT of %v at %s is %v", s.Base, s.Category, s.Tax)
	}
}

// Nets of lines with prices that include tax sum to the category, by largest remainder.
func TestNetsOfGrossLines(t *testing.T) {
	t.Parallel()
	d := compute(t, tax.Inclusive, []tax.Line{at(t, "0.05", "20"), at(t, "0.05", "20"), at(t, "0.05", "20"), at(t, "-0.05", "20")})
	// Each is 4.1666… exactly, down 4, 4, 4 and −5: 7 of 8.33 → 8, so one unit goes to the largest remainder.
	for i, want := range []string{"0.04", "0.04", "0.04", "-0.04"} {
		is(t, "net", d.Lines[i].Net, want)
	}
	is(t, "net of the category", d.Net, "0.08")
}

func TestExceeds(t *testing.T) {
	t.Parallel()
	d := compute(t, tax.Exclusive, []tax.Line{at(t, "100.00", "20"), at(t, "-90.00", "20")})
	for _, amounts := range [][]money.Money{{eur(t, "10.01"), eur(t, "0.00")}, {eur(t, "0.00"), eur(t, "-0.01")}} {
		if n, err := d.Credit(tax.Credited{}, amounts); !errors.Is(err, tax.ErrExceeds) {
			t.Errorf("credit of %v: %+v, %v", amounts, n, err)
		}
	}
	n := credit(t, d, tax.Credited{}, "100.00", "-90.00")
	is(t, "full credit", n.Total, "12.00")

	back := compute(t, tax.Exclusive, []tax.Line{at(t, "10.00", "20"), at(t, "-90.00", "20")})
	if n, err := back.Credit(tax.Credited{}, []money.Money{eur(t, "10.00"), eur(t, "0.00")}); !errors.Is(err, tax.ErrExceeds) {
		t.Errorf("charged by a credit note: %+v, %v", n, err)
	}
}
