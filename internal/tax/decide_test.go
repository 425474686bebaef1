package tax_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/tax"
)

func rate(country, state, class, percent, from string) tax.Rate {
	r := tax.Rate{Country: country, State: state, Class: class, Percent: tax.MustPercent(percent)}
	if from != "" {
		d, err := civil.Parse(from)
		if err != nil {
			panic(err)
		}
		r.ValidFrom = d
	}
	return r
}

func TestLookup(t *testing.T) {
	t.Parallel()
	rates := []tax.Rate{
		rate("DE", "", "", "19", ""),
		rate("DE", "", "", "16", "2020-07-01"),
		rate("DE", "", "", "19", "2021-01-01"),
		rate("DE", "", "reduced", "7", ""),
		rate("DE", "", "reduced", "5", "2020-07-01"),
		rate("DE", "", "reduced", "7", "2021-01-01"),
		rate("CA", "", "", "5", ""),
		rate("CA", "ON", "", "13", "2010-07-01"),
		rate("CA", "", "books", "5", ""),
		rate("US", "NY", "", "8.875", ""),
	}
	tests := []struct {
		name, country, state, class string
		on                          civil.Date
		want                        string // empty: none
	}{
		{"before the change", "DE", "", "", civil.On(2020, 6, 30), "19"},
		{"on the day of the change", "DE", "", "", civil.On(2020, 7, 1), "16"},
		{"last day", "DE", "", "", civil.On(2020, 12, 31), "16"},
		{"back again", "DE", "", "", civil.On(2021, 1, 1), "19"},
		{"class", "DE", "", "reduced", civil.On(2020, 8, 1), "5"},
		{"class without a rate of its own", "DE", "", "support", civil.On(2026, 1, 1), "19"},
		{"a state that has none", "DE", "BY", "", civil.On(2026, 1, 1), "19"},
		{"state", "CA", "ON", "", civil.On(2026, 1, 1), "13"},
		{"state before its rate", "CA", "ON", "", civil.On(2010, 6, 30), "5"},
		{"another state", "CA", "AB", "", civil.On(2026, 1, 1), "5"},
		{"class before state", "CA", "ON", "books", civil.On(2026, 1, 1), "5"},
		{"only that state", "US", "NY", "", civil.On(2026, 1, 1), "8.875"},
		{"not the country", "US", "", "", civil.On(2026, 1, 1), ""},
		{"unknown country", "CH", "", "", civil.On(2026, 1, 1), ""},
	}
	for _, tt := range tests {
		got, ok := tax.Lookup(rates, tt.country, tt.state, tt.class, tt.on)
		if ok != (tt.want != "") || (ok && got.Percent.String() != tt.want) {
			t.Errorf("%s: %+v, %v, want %q", tt.name, got, ok, tt.want)
		}
	}
}

// What D19 leaves open: stores without tax, without the Union's rules, under the threshold, or outside the Union.
func TestDecide(t *testing.T) {
	t.Parallel()
	rates := []tax.Rate{
		rate("FR", "", "", "20", ""), rate("IT", "", "", "22", ""), rate("IT", "", "books", "4", ""), rate("CH", "", "", "8.1", ""),
		rate("GB", "", "", "0", ""),
	}
	it, confirmed := tax.Buyer{Country: "IT"}, tax.Buyer{Country: "IT", TaxID: "it 123 456 789-01", Confirmed: true}
	tests := []struct {
		name   string
		seller tax.Seller
		buyer  tax.Buyer
		class  string
		want   string
		reason tax.Reason
	}{
		{"no tax", tax.Seller{Mode: tax.None, Country: "FR", EU: tax.EUOSS}, confirmed, "", "O 0", tax.BecauseOff},
		{"no rules of the Union", tax.Seller{Mode: tax.Exclusive, Country: "FR", EU: tax.EUOff}, confirmed, "", "S 22", tax.BecauseRate},
		{"no rules, no rate", tax.Seller{Mode: tax.Exclusive, Country: "FR", EU: tax.EUOff}, tax.Buyer{Country: "ES"}, "", "O 0", tax.BecauseNoRate},
		{"a country outside with a rate", tax.Seller{Mode: tax.Exclusive, Country: "FR", EU: tax.EUOSS}, tax.Buyer{Country: "CH"}, "", "S 8.1", tax.BecauseRate},
		{"a rate of 0", tax.Seller{Mode: tax.Exclusive, Country: "FR", EU: tax.EUOSS}, tax.Buyer{Country: "GB"}, "", "Z 0", tax.BecauseRate},
		{"class", tax.Seller{Mode: tax.Inclusive, Country: "FR", EU: tax.EUOSS}, it, "books", "S 4", tax.BecauseRate},
		{"threshold: abroad", tax.Seller{Mode: tax.Exclusive, Country: "FR", EU: tax.EUThreshold}, it, "books", "S 20", tax.BecauseThreshold},
		{"threshold: at home", tax.Seller{Mode: tax.Exclusive, Country: "FR", EU: tax.EUThreshold}, tax.Buyer{Country: "FR"}, "", "S 20", tax.BecauseRate},
		{"threshold: outside", tax.Seller{Mode: tax.Exclusive, Country: "FR", EU: tax.EUThreshold}, tax.Buyer{Country: "US"}, "", "O 0", tax.BecauseNoRate},
		{
			"threshold: business abroad",
			tax.Seller{Mode: tax.Exclusive, Country: "FR", EU: tax.EUThreshold},
			confirmed, "",
			"AE 0", tax.BecauseReverseCharge,
		},
		{"seller outside", tax.Seller{Mode: tax.Exclusive, Country: "US", EU: tax.EUOSS}, it, "", "S 22", tax.BecauseRate},
		{"no threshold for sellers outside", tax.Seller{Mode: tax.Exclusive, Country: "US", EU: tax.EUThreshold}, it, "", "S 22", tax.BecauseRate},
		{
			"an id of another country",
			tax.Seller{Mode: tax.Exclusive, Country: "FR", EU: tax.EUOSS},
			tax.Buyer{Country: "IT", TaxID: "DE123456789", Confirmed: true},
			"", "S 22", tax.BecauseRate,
		},
		{
			"an id from outside",
			tax.Seller{Mode: tax.Exclusive, Country: "FR", EU: tax.EUOSS},
			tax.Buyer{Country: "CH", TaxID: "CHE123456789", Confirmed: true},
			"", "S 8.1", tax.BecauseRate,
		},
	}
	for _, tt := range tests {
		tt.seller.Rates = rates
		d, err := tax.Decide(tt.seller, tt.buyer, tt.class, civil.On(2026, 1, 1))
		if err != nil || d.Category.String() != tt.want || d.Reason != tt.reason {
			t.Errorf("%s: %s, %s, %v, want %s, %s", tt.name, d.Category, d.Reason, err, tt.want, tt.reason)
		}
		if err := d.Category.Validate(); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}

	oss := tax.Seller{Mode: tax.Exclusive, Country: "FR", EU: tax.EUOSS, Rates: rates}
	if d, err := tax.Decide(oss, tax.Buyer{Country: "ES"}, "", civil.On(2026, 1, 1)); !errors.Is(err, tax.ErrNoRate) {
		t.Errorf("a member state without a rate: %+v, %v", d, err)
	}
}

// One number of each member state, and how the forms differ.
func TestParseVATID(t *testing.T) {
	t.Parallel()
	for country, ids := range map[string]string{
		"AT": "ATU12345678", "BE": "BE0123456789 BE1234567890", "BG": "BG123456789 BG1234567890", "CY": "CY12345678X",
		"CZ": "CZ12345678 CZ123456789 CZ1234567890", "DE": "DE123456789", "DK": "DK12345678", "EE": "EE123456789",
		"ES": "ESX1234567X ESX12345678 ES12345678X", "FI": "FI12345678", "FR": "FR12345678901 FRX1234567890 FRAB123456789",
		"GR": "EL123456789", "HR": "HR12345678901", "HU": "HU12345678", "IE": "IE1234567X IE1X34567X IE1234567WA",
		"IT": "IT12345678901", "LT": "LT123456789 LT123456789012", "LU": "LU12345678", "LV": "LV12345678901", "MT": "MT12345678",
		"NL": "NL123456789B01", "PL": "PL1234567890", "PT": "PT123456789", "RO": "RO12 RO1234567890", "SE": "SE123456789001",
		"SI": "SI12345678", "SK": "SK1234567890",
	} {
		if !tax.InEU(country) {
			t.Errorf("%s is not in the Union", country)
		}
		for id := range strings.FieldsSeq(ids) {
			got, ok := tax.ParseVATID(country, id)
			if !ok || got.String() != id {
				t.Errorf("ParseVATID(%q, %q) = %v, %v", country, id, got, ok)
			}
			for _, wrong := range []string{id + "00000000000", id[2:], id[:3], "X" + id, id + "\n"} {
				if got, ok := tax.ParseVATID(country, wrong); ok {
					t.Errorf("ParseVATID(%q, %q) = %v", country, wrong, got)
				}
			}
		}
	}
	if got, ok := tax.ParseVATID("FR", " fr 12.345-678 901 "); !ok || got != (tax.VATID{Prefix: "FR", Number: "12345678901"}) {
		t.Errorf("written by hand: %v, %v", got, ok)
	}
	for _, tt := range [][2]string{
		{"IT", "IT123"},
		{"IT", ""},
		{"IT", "DE123456789"},
		{"GR", "GR123456789"},
		{"GB", "GB123456789"},
		{"US", "12-3456789"},
		{"", ""},
		{"it", "IT12345678901"},
		{"ES", "ES123456789"},
		{"FR", "FRO1234567890"},
		{"SE", "SE123456789012"},
	} {
		if got, ok := tax.ParseVATID(tt[0], tt[1]); ok {
			t.Errorf("ParseVATID(%q, %q) = %v", tt[0], tt[1], got)
		}
	}
}

func FuzzParseVATID(f *testing.F) {
	f.Add("IT", "IT12345678901")
	f.Add("GR", "el 123.456-789")
	f.Add("IT", "IT123")
	f.Add("US", "12-3456789")
	f.Fuzz(func(t *testing.T, country, s string) {
		id, ok := tax.ParseVATID(country, s)
		if !ok {
			if id != (tax.VATID{}) {
				t.Errorf("ParseVATID(%q, %q) refused, but returned %v", country, s, id)
			}
			return
		}
		if again, ok := tax.ParseVATID(country, id.String()); !ok || again != id || !tax.InEU(country) || len(id.Number) > 12 {
			t.Errorf("ParseVATID(%q, %q) = %v, which reads back as %v, %v", country, s, id, again, ok)
		}
	})
}
