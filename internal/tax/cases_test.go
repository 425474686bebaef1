package tax_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
)

func eur(t *testing.T, s string) money.Money {
	t.Helper()
	m, err := money.ParseDecimal(s, "EUR")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func is(t *testing.T, what string, got money.Money, want string) {
	t.Helper()
	if got != eur(t, want) {
		t.Errorf("%s = %s, want %s", what, got, want)
	}
}

// at is a line of an amount at a rate.
func at(t *testing.T, amount, rate string) tax.Line {
	t.Helper()
	return tax.Line{Amount: eur(t, amount), Category: tax.Rated(tax.MustPercent(rate))}
}

func compute(t *testing.T, mode tax.Mode, lines []tax.Line, coupons ...tax.Coupon) tax.Document {
	t.Helper()
	d, err := tax.Compute(mode, "EUR", lines, coupons)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func credit(t *testing.T, d tax.Document, so tax.Credited, amounts ...string) tax.Note {
	t.Helper()
	var parts []money.Money
	for _, a := range amounts {
		parts = append(parts, eur(t, a))
	}
	n, err := d.Credit(so, parts)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// subtotals writes base and tax of each category.
func subtotals(all []tax.Subtotal) map[string]string {
	m := map[string]string{}
	for _, s := range all {
		m[s.Category.String()] = s.Base.Decimal() + " + " + s.Tax.Decimal()
	}
	return m
}

func compare(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// The cases of group D hold in any profile of proration, as none plays a part in them.

func TestD1(t *testing.T) {
	t.Parallel()
	d := compute(t, tax.Exclusive,
		[]tax.Line{at(t, "100.00", "10"), at(t, "50.00", "0"), at(t, "30.00", "20"), at(t, "20.00", "20")},
		tax.Coupon{Fixed: eur(t, "10.00")})
	for i, want := range []string{"5.00", "2.50", "1.50", "1.00"} {
		is(t, "share of the coupon", d.Lines[i].Discount, want)
	}
	compare(t, "categories", map[string]string{"S 10": "95.00 + 9.50", "Z 0": "47.50 + 0.00", "S 20": "47.50 + 9.50"}, subtotals(d.Subtotals))
	is(t, "net", d.Net, "190.00")
	is(t, "total", d.Total, "209.00")
}

func TestD2(t *testing.T) {
	t.Parallel()
	d := compute(t, tax.Exclusive, []tax.Line{at(t, "100.00", "10")}, tax.Coupon{Fixed: eur(t, "10.00")}, tax.Coupon{Fixed: eur(t, "110.00")})
	is(t, "first coupon", d.Coupons[0], "10.00")
	is(t, "second coupon", d.Coupons[1], "90.00")
	is(t, "VAT", d.Tax, "0.00")
	is(t, "total", d.Total, "0.00")
}

func d4(t *testing.T) tax.Document {
	t.Helper()
	return compute(t, tax.Exclusive, []tax.Line{at(t, "179.00", "10"), at(t, "399.00", "20")}, tax.Coupon{Fixed: eur(t, "250.00"), Lines: []int{1}})
}

func TestD4(t *testing.T) {
	t.Parallel()
	d := d4(t)
	compare(t, "categories", map[string]string{"S 10": "179.00 + 17.90", "S 20": "149.00 + 29.80"}, subtotals(d.Subtotals))
	is(t, "VAT", d.Tax, "47.70")
	is(t, "total", d.Total, "375.70")
}

func TestD5(t *testing.T) {
	t.Parallel()
	n := credit(t, d4(t), tax.Credited{}, "0.00", "262.60")
	is(t, "share of the coupon", n.Lines[1].Discount, "164.54")
	is(t, "net", n.Net, "98.06")
	is(t, "VAT", n.Tax, "19.61")
	is(t, "credit note", n.Total, "117.67")
	compare(t, "categories", map[string]string{"S 20": "98.06 + 19.61"}, subtotals(n.Subtotals))
}

func TestD7(t *testing.T) {
	t.Parallel()
	d := compute(t, tax.Exclusive, []tax.Line{at(t, "68.33", "20"), at(t, "68.33", "20")})
	compare(t, "categories", map[string]string{"S 20": "136.66 + 27.33"}, subtotals(d.Subtotals))
	is(t, "invoice", d.Total, "163.99")

	first := credit(t, d, tax.Credited{}, "68.33", "0.00")
	compare(t, "first credit note", map[string]string{"S 20": "68.33 + 13.67"}, subtotals(first.Subtotals))
	is(t, "first credit note", first.Total, "82.00")

	so := tax.Credited{}.And(first)
	second := credit(t, d, so, "0.00", "68.33")
	compare(t, "second credit note", map[string]string{"S 20": "68.33 + 13.66"}, subtotals(second.Subtotals))
	is(t, "second credit note", second.Total, "81.99")

	so = so.And(second)
	for _, left := range d.Left(so) {
		is(t, "left", left, "0.00")
	}
	if n, err := d.Credit(so, []money.Money{eur(t, "0.01"), eur(t, "0.00")}); err == nil {
		t.Errorf("more than the invoice was credited: %+v", n)
	}
}

// D10, D11: the unused 29 of 30 days; the nets are proven with the proration.
func TestUnusedPart(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, line, unused, vat, total string }{
		{"D10", "200.00", "193.33", "48.33", "241.66"},
		{"D11", "160.00", "154.67", "38.67", "193.34"},
	} {
		n := credit(t, compute(t, tax.Exclusive, []tax.Line{at(t, tt.line, "25")}), tax.Credited{}, tt.unused)
		is(t, tt.name+": net", n.Net, tt.unused)
		is(t, tt.name+": VAT", n.Tax, tt.vat)
		is(t, tt.name+": credit note", n.Total, tt.total)
	}
}

func TestD13(t *testing.T) {
	t.Parallel()
	d := compute(t, tax.Exclusive, []tax.Line{at(t, "769.00", "20")})
	is(t, "invoice", d.Total, "922.80")
	first := credit(t, d, tax.Credited{}, "726.86")
	is(t, "first VAT", first.Tax, "145.37")
	is(t, "first credit note", first.Total, "872.23")
	second := credit(t, d, tax.Credited{}.And(first), "42.14")
	is(t, "second VAT", second.Tax, "8.43")
	is(t, "second credit note", second.Total, "50.57")
}

func TestD14(t *testing.T) {
	t.Parallel()
	d := compute(t, tax.Exclusive, []tax.Line{at(t, "-6491.34", "25")})
	is(t, "VAT", d.Tax, "-1622.84")
	// Its credit gives the same back, in one piece or in several.
	full := credit(t, d, tax.Credited{}, "-6491.34")
	is(t, "credited VAT", full.Tax, "-1622.84")
	first := credit(t, d, tax.Credited{}, "-1.34")
	is(t, "VAT of the first part", first.Tax, "-0.34")
	rest := credit(t, d, tax.Credited{}.And(first), "-6490.00")
	is(t, "VAT of the rest", rest.Tax, "-1622.50")
}

// D16, D17 are the arithmetic of amounts, which the document stands on.
func TestD16(t *testing.T) {
	t.Parallel()
	d := compute(t, tax.None, []tax.Line{at(t, "50.00", "0"), at(t, "50.00", "0"), at(t, "50.00", "0")}, tax.Coupon{Fixed: eur(t, "100.00")})
	for i, want := range []string{"33.34", "33.33", "33.33"} {
		is(t, "part", d.Lines[i].Discount, want)
	}
}

func TestD17(t *testing.T) {
	t.Parallel()
	d := compute(t, tax.Exclusive, []tax.Line{at(t, "106.60", "2.5")})
	is(t, "VAT of exactly 2.665", d.Tax, "2.67")
}

func TestD19(t *testing.T) {
	t.Parallel()
	seller := tax.Seller{Mode: tax.Exclusive, Country: "FR", EU: tax.EUOSS, Rates: []tax.Rate{
		{Country: "FR", Percent: tax.MustPercent("20")},
		{Country: "IT", Percent: tax.MustPercent("22")},
	}}
	tests := []struct {
		name   string
		buyer  tax.Buyer
		vies   bool // is asked
		vat    string
		reason tax.Reason
		code   tax.Code
	}{
		{"(1) US", tax.Buyer{Country: "US", State: "NY"}, false, "0.00", tax.BecauseNoRate, tax.OutOfScope},
		{"(2) France", tax.Buyer{Country: "FR"}, false, "20.00", tax.BecauseRate, tax.Standard},
		{"(3) Italy", tax.Buyer{Country: "IT"}, false, "22.00", tax.BecauseRate, tax.Standard},
		{"(4) Italy, wrong format", tax.Buyer{Country: "IT", TaxID: "IT123"}, false, "22.00", tax.BecauseRate, tax.Standard},
		{
			"(5) Italy, confirmed",
			tax.Buyer{Country: "IT", TaxID: "IT12345678901", Confirmed: true},
			true, "0.00", tax.BecauseReverseCharge, tax.ReverseCharge,
		},
		{
			"(5) Italy, before VIES answers",
			tax.Buyer{Country: "IT", TaxID: "IT12345678901"},
			true, "22.00", tax.BecauseRate, tax.Standard,
		},
		{
			"(6) France, confirmed",
			tax.Buyer{Country: "FR", TaxID: "FR12345678901", Confirmed: true},
			false, "20.00", tax.BecauseRate, tax.Standard,
		},
		{"(7) Italy, id removed", tax.Buyer{Country: "IT", Confirmed: true}, false, "22.00", tax.BecauseRate, tax.Standard},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tax.NeedsVIES(seller, tt.buyer); got != tt.vies {
				t.Errorf("NeedsVIES = %v", got)
			}
			decision, err := tax.Decide(seller, tt.buyer, "", civil.On(2026, 1, 1))
			if err != nil {
				t.Fatal(err)
			}
			if decision.Reason != tt.reason || decision.Category.Code != tt.code {
				t.Errorf("decision %+v, want %s, %s", decision, tt.reason, tt.code)
			}
			d := compute(t, tax.Exclusive, []tax.Line{{Amount: eur(t, "100.00"), Category: decision.Category}})
			is(t, "VAT", d.Tax, tt.vat)
		})
	}
}

// C20, C25, C29: the VAT of what the changes of plans credit and charge.
func TestVATOfChanges(t *testing.T) {
	t.Parallel()
	d := compute(t, tax.Exclusive, []tax.Line{at(t, "8.71", "25")})
	n := credit(t, d, tax.Credited{}, "6.45")
	is(t, "C20: VAT of the credit note", n.Tax, "1.61")
	is(t, "C20: credit note", n.Total, "8.06")

	d = compute(t, tax.Exclusive, []tax.Line{at(t, "75.00", "20")})
	n = credit(t, d, tax.Credited{}, "25.00")
	is(t, "C25: invoice", d.Total, "90.00")
	is(t, "C25: credit note", n.Total, "30.00")

	d = compute(t, tax.Inclusive, []tax.Line{at(t, "19.99", "20")})
	is(t, "C29: net", d.Net, "16.66")
	is(t, "C29: VAT", d.Tax, "3.33")
	is(t, "C29: gross", d.Total, "19.99")
}
