package tax_test

import (
	"encoding/json"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/tax"
)

func TestParsePercent(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]struct {
		text     string
		num, den int64
	}{
		"19": {"19", 19, 100}, "7.7": {"7.7", 77, 1000}, "0": {"0", 0, 1}, "0.0": {"0", 0, 1}, "19.00": {"19", 19, 100},
		"8.875": {"8.875", 8875, 100000}, "0.000001": {"0.000001", 1, 100000000}, "100": {"100", 1, 1}, "1000": {"1000", 10, 1},
	} {
		p, err := tax.ParsePercent(s)
		if err != nil || p.String() != want.text || p.Fraction().Cmp(big.NewRat(want.num, want.den)) != 0 || p.IsZero() != (want.num == 0) {
			t.Errorf("ParsePercent(%q) = %s, %v", s, p, err)
		}
	}
	for _, s := range []string{
		"", ".", "19.", ".5", "019", "00", "-1", "+1", " 19", "19 ", "19%", "1e2", "0x10", "1,5", "1_0", "NaN", "Inf", "٤",
		"1.0000001", "1.0000000", "1000.000001", "1001", "99999999999999999999",
	} {
		if p, err := tax.ParsePercent(s); err == nil {
			t.Errorf("ParsePercent(%q) = %s", s, p)
		}
	}
	if tax.MustPercent("19") != tax.MustPercent("19.0") {
		t.Error("the same number is not equal")
	}
	defer func() {
		if recover() == nil {
			t.Error("MustPercent did not panic")
		}
	}()
	tax.MustPercent("19 %")
}

func FuzzParsePercent(f *testing.F) {
	for _, s := range []string{"19", "7.7", "0.000001", "1000", "019", "-1", "1e2", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := tax.ParsePercent(s)
		if err != nil {
			if p != (tax.Percent{}) {
				t.Errorf("ParsePercent(%q) failed but returned %s", s, p)
			}
			return
		}
		if again, err := tax.ParsePercent(p.String()); err != nil || again != p {
			t.Errorf("ParsePercent(%q) = %s, which reads back as %s, %v", s, p, again, err)
		}
		exact, ok := new(big.Rat).SetString(s)
		if !ok || exact.Quo(exact, big.NewRat(100, 1)).Cmp(p.Fraction()) != 0 {
			t.Errorf("ParsePercent(%q) stands for %v", s, p.Fraction())
		}
	})
}

func TestPercentInJSONAndDatabase(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want, err := tax.ParsePercent(rapid.StringMatching(`[1-9]?[0-9](\.[0-9]{1,6})?`).Draw(t, "percent"))
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(want)
		var got tax.Percent
		if err != nil || json.Unmarshal(text, &got) != nil || got != want {
			t.Fatalf("%s in JSON is %s, read as %s, %v", want, text, got, err)
		}
		v, err := want.Value()
		if err != nil {
			t.Fatal(err)
		}
		for _, src := range []any{v, []byte(v.(string))} {
			got = tax.Percent{}
			if err := got.Scan(src); err != nil || got != want {
				t.Fatalf("%s in the database is %v, read as %s, %v", want, v, got, err)
			}
		}
	})
	var p tax.Percent
	for _, src := range []any{nil, "", "19%", int64(19), 19.0} {
		if err := p.Scan(src); err == nil {
			t.Errorf("Scan(%v) succeeded", src)
		}
	}
	if err := json.Unmarshal([]byte(`19`), &p); err == nil {
		t.Error("a JSON number was read, which is a float to many programs")
	}
}

func TestParseModes(t *testing.T) {
	t.Parallel()
	for _, m := range []tax.Mode{tax.None, tax.Exclusive, tax.Inclusive} {
		if got, err := tax.ParseMode(string(m)); err != nil || got != m {
			t.Errorf("ParseMode(%q) = %q, %v", m, got, err)
		}
	}
	for _, m := range []tax.EUMode{tax.EUOff, tax.EUOSS, tax.EUThreshold} {
		if got, err := tax.ParseEUMode(string(m)); err != nil || got != m {
			t.Errorf("ParseEUMode(%q) = %q, %v", m, got, err)
		}
	}
	for _, s := range []string{"", "None", "gross", "OSS"} {
		if _, err := tax.ParseMode(s); err == nil {
			t.Errorf("ParseMode(%q) succeeded", s)
		}
		if _, err := tax.ParseEUMode(s); err == nil {
			t.Errorf("ParseEUMode(%q) succeeded", s)
		}
	}
}
