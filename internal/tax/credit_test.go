package tax_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
)

func TestCreditRefuses(t *testing.T) {
	t.Parallel()
	d := compute(t, tax.Exclusive, []tax.Line{at(t, "100.00", "20"), at(t, "-50.00", "10")})
	zero := eur(t, "0.00")
	for name, amounts := range map[string][]money.Money{
		"too few":          {zero},
		"too much":         {eur(t, "100.01"), zero},
		"less than 0":      {eur(t, "-0.01"), zero},
		"more than 0":      {zero, eur(t, "0.01")},
		"too much back":    {zero, eur(t, "-50.01")},
		"another currency": {money.New(1, "USD"), zero},
	} {
		if n, err := d.Credit(tax.Credited{}, amounts); err == nil {
			t.Errorf("%s: %+v", name, n)
		}
	}
}

// A credit that completes a discounted line takes the discount that is left. What stays never turns negative, even if
// each part rounds down its share of the discount, or up.
func TestDiscountOfSmallParts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ discount, part string }{
		"2.4 rounds down": {"0.80", "0.03"},
		"0.5 rounds up":   {"0.50", "0.01"},
		"3.6 rounds up":   {"0.90", "0.04"},
	} {
		d := compute(t, tax.Exclusive, []tax.Line{at(t, "1.00", "20")}, tax.Coupon{Fixed: eur(t, tt.discount)})
		so := inParts(t, d, eur(t, tt.part))
		if so.Lines[0].Discount != eur(t, tt.discount) {
			t.Errorf("%s: discount of the parts is %v", name, so.Lines[0].Discount)
		}
	}
}

// The tax of many small credits never exceeds that of the invoice, and the last one completes it.
func TestTaxOfSmallParts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name             string
		mode             tax.Mode
		line, part, want string
	}{
		{"0.6 rounds up", tax.Exclusive, "1.00", "0.03", "1.00 + 0.20"},
		{"0.4 rounds down", tax.Exclusive, "1.00", "0.02", "1.00 + 0.20"},
		{"a net of 2.5 rounds up", tax.Inclusive, "3.00", "0.03", "2.50 + 0.50"},
		{"a net of 3.33 rounds down", tax.Inclusive, "3.00", "0.04", "2.50 + 0.50"},
	} {
		d := compute(t, tt.mode, []tax.Line{at(t, tt.line, "20")})
		so := inParts(t, d, eur(t, tt.part))
		compare(t, tt.name, map[string]string{"S 20": tt.want}, subtotals(so.Subtotals))
	}
}

// inParts credits a document of one line in equal parts, and what is left in the end.
func inParts(t *testing.T, d tax.Document, part money.Money) tax.Credited {
	t.Helper()
	var so tax.Credited
	for left := d.Left(so)[0]; left.Amount > 0; left = d.Left(so)[0] {
		part.Amount = min(part.Amount, left.Amount)
		n, err := d.Credit(so, []money.Money{part})
		if err != nil {
			t.Fatal(err)
		}
		if n.Net.Amount < 0 || n.Tax.Amount < 0 {
			t.Fatalf("note %+v", n)
		}
		so = so.And(n)
		if s := so.Subtotals[0]; s.Tax.Amount > d.Tax.Amount || s.Base.Amount > d.Net.Amount {
			t.Fatalf("%v + %v of %v + %v is credited", s.Base, s.Tax, d.Net, d.Tax)
		}
	}
	return so
}

// I5, P9: however a document is credited, no note exceeds it, and the last one completes it exactly, per category.
func TestCreditsSumExactly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		mode := rapid.SampledFrom(modes).Draw(t, "mode")
		d := anyDocument(mode, false).Draw(t, "document")
		// What a caller stores and loads again is enough.
		stored := tax.Document{Mode: d.Mode, Currency: d.Currency, Lines: d.Lines, Subtotals: d.Subtotals}

		var so tax.Credited
		total := int64(0)
		steps := rapid.IntRange(1, 8).Draw(t, "notes")
		for i := range steps {
			amounts := stored.Left(so)
			if i < steps-1 {
				for j := range amounts {
					amounts[j].Amount = rapid.Int64Range(0, amounts[j].Amount).Draw(t, "part")
				}
			}
			n, err := stored.Credit(so, amounts)
			if err != nil {
				t.Fatal(err)
			}
			checkNote(t, d, so, n)
			total += n.Total.Amount
			so = so.And(n)
		}
		if total != d.Total.Amount {
			t.Fatalf("credited %d of %v", total, d.Total)
		}
		for i, l := range d.Lines {
			if so.Lines[i].Amount != l.Amount || so.Lines[i].Discount != l.Discount {
				t.Fatalf("line %+v was credited as %+v", l, so.Lines[i])
			}
		}
		for _, s := range d.Subtotals {
			if got := subtotalOf(so.Subtotals, s.Category); got.Base.Amount != s.Base.Amount || got.Tax.Amount != s.Tax.Amount {
				t.Fatalf("category %+v was credited as %+v", s, got)
			}
		}
	})
}

func subtotalOf(all []tax.Subtotal, c tax.Category) tax.Subtotal {
	for _, s := range all {
		if s.Category == c {
			return s
		}
	}
	return tax.Subtotal{Category: c}
}

// checkNote checks that a note adds up, gives nothing negative, and has exactly base × rate where it does not complete a
// category or meet what is left of its tax.
func checkNote(t *rapid.T, d tax.Document, so tax.Credited, n tax.Note) {
	var base, vat, left int64
	for _, l := range n.Lines {
		left += l.Amount.Amount - l.Discount.Amount
		if l.Amount.Amount < 0 || l.Discount.Amount < 0 || l.Discount.Amount > l.Amount.Amount {
			t.Fatalf("credited line %+v", l)
		}
	}
	for _, s := range n.Subtotals {
		base += s.Base.Amount
		vat += s.Tax.Amount
		whole, before := subtotalOf(d.Subtotals, s.Category), subtotalOf(so.Subtotals, s.Category)
		baseLeft, taxLeft := whole.Base.Amount-before.Base.Amount, whole.Tax.Amount-before.Tax.Amount
		if s.Base.Amount < 0 || s.Tax.Amount < 0 || s.Base.Amount > baseLeft || s.Tax.Amount > taxLeft {
			t.Fatalf("%+v exceeds what is left, %d + %d", s, baseLeft, taxLeft)
		}
		if d.Mode == tax.Exclusive && s.Base.Amount < baseLeft && s.Tax.Amount < taxLeft {
			checkCategory(t, d.Mode, s)
		}
	}
	if base != n.Net.Amount || vat != n.Tax.Amount || base+vat != n.Total.Amount {
		t.Fatalf("note %+v does not add up", n)
	}
	if d.Mode == tax.Inclusive && n.Total.Amount != left {
		t.Fatalf("a gross credit of %d is %v", left, n.Total)
	}
	if d.Mode != tax.Inclusive && n.Net.Amount != left {
		t.Fatalf("a net credit of %d is %v", left, n.Net)
	}
}

func TestInProportion(t *testing.T) {
	t.Parallel()
	two := []tax.Line{at(t, "30.00", "20"), at(t, "10.00", "20")}
	tests := []struct {
		name    string
		d       tax.Document
		total   string
		amounts []string
		gives   string
	}{
		{"half", compute(t, tax.Exclusive, two), "24.00", []string{"15.00", "5.00"}, "24.00"},
		{"all", compute(t, tax.Exclusive, two), "48.00", []string{"30.00", "10.00"}, "48.00"},
		{"nothing", compute(t, tax.Exclusive, two), "0.00", []string{"0.00", "0.00"}, "0.00"},
		{"there is no net for this total", compute(t, tax.Exclusive, two[:1]), "0.03", []string{"0.02"}, "0.02"},
		{"gross prices reach every total", compute(t, tax.Inclusive, two), "9.99", []string{"7.49", "2.50"}, "9.99"},
		{
			"before the discount", compute(t, tax.Exclusive, two, tax.Coupon{Percent: tax.MustPercent("50")}), "12.00",
			[]string{"15.00", "5.00"},
			"12.00",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			amounts, err := tt.d.InProportion(tax.Credited{}, eur(t, tt.total))
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range tt.amounts {
				is(t, "amount", amounts[i], want)
			}
			n, err := tt.d.Credit(tax.Credited{}, amounts)
			if err != nil {
				t.Fatal(err)
			}
			is(t, "credit note", n.Total, tt.gives)
		})
	}
	d := compute(t, tax.Exclusive, two)
	for _, total := range []money.Money{eur(t, "48.01"), eur(t, "-0.01"), money.New(1, "USD")} {
		if amounts, err := d.InProportion(tax.Credited{}, total); err == nil {
			t.Errorf("%s in proportion: %v", total, amounts)
		}
	}
}

// A note in proportion never gives back more than was asked, and hardly less; refunds in any pieces end exactly.
func TestInProportionStaysBelow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		mode := rapid.SampledFrom(modes).Draw(t, "mode")
		d := anyDocument(mode, false).Draw(t, "document")
		var so tax.Credited
		left := d.Total.Amount
		steps := rapid.IntRange(1, 4).Draw(t, "notes")
		for i := range steps {
			ask := left
			if i < steps-1 {
				ask = rapid.Int64Range(0, left).Draw(t, "total")
			}
			amounts, err := d.InProportion(so, money.New(ask, d.Currency))
			if err != nil {
				t.Fatal(err)
			}
			n, err := d.Credit(so, amounts)
			if err != nil {
				t.Fatal(err)
			}
			if n.Total.Amount > ask || (ask == left && n.Total.Amount != ask) || (len(d.Subtotals) == 1 && ask-n.Total.Amount > 4) {
				t.Fatalf("asked for %d of %d, got %v", ask, left, n.Total)
			}
			so = so.And(n)
			left -= n.Total.Amount
		}
		if left != 0 {
			t.Fatalf("%d left", left)
		}
	})
}
