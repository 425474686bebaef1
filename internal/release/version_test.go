package release_test

import (
	"cmp"
	bigint "math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/release"
)

func parse(t testing.TB, s string) release.Version {
	t.Helper()
	v, err := release.ParseVersion(s)
	if err != nil {
		t.Fatalf("ParseVersion(%q): %v", s, err)
	}
	return v
}

// The chain of semver.org's own page, section 11, and neighbours of ours.
func TestVersionsInOrder(t *testing.T) {
	t.Parallel()
	chain := []string{
		"0.0.0-0", "0.0.0", "0.0.1", "0.1", "0.9.99", "1.0.0-0", "1.0.0-1", "1.0.0-9", "1.0.0-10", "1.0.0-10.0",
		"1.0.0--", "1.0.0-0a", "1.0.0-A", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.2", "1.0.0-alpha.10",
		"1.0.0-alpha.beta", "1.0.0-alpha-1", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1",
		"1.2.0", "1.10.0", "2", "2.1", "2.1.1", "10.0.0", "99999999999999999999.0.0", "100000000000000000000.0.0",
	}
	for i := range chain {
		for j := range chain {
			a, b := parse(t, chain[i]), parse(t, chain[j])
			if got, want := a.Newer(b), i > j; got != want {
				t.Errorf("%s newer than %s: %v, want %v", chain[i], chain[j], got, want)
			}
		}
	}
}

func TestVersionsOfTheSamePlace(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"2.1.0", "v2.1.0", "V2.1.0", "2.1", "v2.1", " 2.1 ", "2.1.0+build.5", "2.1+001"},
		{"3", "3.0", "3.0.0"},
		{"1.0.0-rc.1", "1-rc.1", "v1.0-rc.1+x-y"},
	} {
		first := parse(t, same[0]).Precedence()
		for _, s := range same {
			if got := parse(t, s).Precedence(); got != first {
				t.Errorf("%s: %q, want %q as of %s", s, got, first, same[0])
			}
		}
	}
}

func TestVersionKeepsItsText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"v2.1": "2.1", " V3.0.0-rc.1+b ": "3.0.0-rc.1+b", "1.0.0": "1.0.0"} {
		if got := parse(t, in).String(); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if !parse(t, "1.0.0-rc.1").Prerelease() || parse(t, "1.0.0+rc.1").Prerelease() {
		t.Error("Prerelease is wrong")
	}
}

func TestVersionsRefused(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                             "is required",
		"  ":                           "is required",
		"v":                            "is required",
		"1.2.3.4":                      "has 4 numbers",
		"1.2.3.4-rc.1":                 "has 4 numbers",
		"01.0.0":                       "leading zero (01)",
		"1.02.0":                       "leading zero (02)",
		"1.0.0-rc.01":                  "leading zero (01)",
		"1.0.0-":                       "pre-release part",
		"1.0.0-a..b":                   "pre-release part",
		"1.0.0-a_b":                    "pre-release part",
		"1.0.0-é":                      "pre-release part",
		"1.0.0+":                       "build metadata",
		"1.0.0+a+b":                    "build metadata",
		"1..0":                         "is not a version",
		"1.":                           "is not a version",
		".1":                           "is not a version",
		"vv1":                          "is not a version",
		"1.x":                          "is not a version",
		"latest":                       "is not a version",
		"1,0":                          "is not a version",
		"1.0 .0":                       "is not a version",
		"٣.0":                          "is not a version",
		"1." + strings.Repeat("9", 70): "is longer than 64",
	} {
		if v, err := release.ParseVersion(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v, want an error with %q", in, v, err, want)
		}
	}
}

// drawn is a version in parts, beside the text that they make.
type drawn struct {
	text string
	core []string
	pre  []string
}

func drawVersion(t *rapid.T, label string) drawn {
	number := rapid.OneOf(
		rapid.StringMatching(`0|[1-9][0-9]{0,2}`),
		rapid.StringMatching(`[1-9][0-9]{0,10}`),
	)
	id := rapid.OneOf(number, rapid.StringMatching(`[0-9A-Za-z-]{0,3}[A-Za-z-][0-9A-Za-z-]{0,3}`))
	d := drawn{
		core: rapid.SliceOfN(number, 1, 3).Draw(t, label+" core"),
		pre:  rapid.SliceOfN(id, 0, 3).Draw(t, label+" pre"),
	}
	d.text = strings.Join(d.core, ".")
	if len(d.pre) > 0 {
		d.text += "-" + strings.Join(d.pre, ".")
	}
	d.text += rapid.SampledFrom([]string{"", "", "+1", "+b.007"}).Draw(t, label+" build")
	return d
}

// compare is semver.org's section 11, word by word.
func compare(a, b drawn) int {
	at := func(d drawn, i int) string {
		if i < len(d.core) {
			return d.core[i]
		}
		return "0"
	}
	for i := range 3 {
		if c := big(at(a, i)).Cmp(big(at(b, i))); c != 0 {
			return c
		}
	}
	if len(a.pre) == 0 || len(b.pre) == 0 {
		// A version with a pre-release part comes before the one without.
		return cmp.Compare(min(len(b.pre), 1), min(len(a.pre), 1))
	}
	return slices.CompareFunc(a.pre, b.pre, func(x, y string) int {
		nx, ny := big(x), big(y)
		switch {
		case nx != nil && ny != nil:
			return nx.Cmp(ny)
		case nx != nil:
			return -1
		case ny != nil:
			return 1
		}
		return strings.Compare(x, y)
	})
}

// big reads a number of digits; nil when s holds anything else.
func big(s string) *bigint.Int {
	if strings.Trim(s, "0123456789") != "" {
		return nil
	}
	n, _ := new(bigint.Int).SetString(s, 10)
	return n
}

func TestPrecedenceSortsAsVersionsDo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawVersion(t, "a"), drawVersion(t, "b")
		if rapid.Bool().Draw(t, "same numbers") {
			b.text = strings.Replace(b.text, strings.Join(b.core, "."), strings.Join(a.core, "."), 1)
			b.core = a.core
		}
		va, err := release.ParseVersion(a.text)
		if err != nil {
			t.Fatalf("%s: %v", a.text, err)
		}
		vb, err := release.ParseVersion(b.text)
		if err != nil {
			t.Fatalf("%s: %v", b.text, err)
		}
		want := compare(a, b)
		if got := strings.Compare(va.Precedence(), vb.Precedence()); got != want {
			t.Fatalf("%s and %s: %d by text %q and %q, want %d", a.text, b.text, got, va.Precedence(), vb.Precedence(), want)
		}
		if va.Newer(vb) != (want > 0) {
			t.Fatalf("%s newer than %s: %v", a.text, b.text, want <= 0)
		}
	})
}

func FuzzParseVersion(f *testing.F) {
	for _, s := range []string{"1", "v1.2", "1.2.3-rc.1+b", "1.2.3.4", "1.0.0--", "", "v", "1.0.0-0a", "\x00", "1.0.0-é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := release.ParseVersion(s)
		if err != nil {
			return
		}
		again, err := release.ParseVersion(v.String())
		if err != nil {
			t.Fatalf("%q was read but %q is not: %v", s, v, err)
		}
		if again.Precedence() != v.Precedence() {
			t.Fatalf("%q: precedence %q, read again %q", s, v.Precedence(), again.Precedence())
		}
		for i := range len(v.Precedence()) {
			if c := v.Precedence()[i]; c < '!' || c > '~' {
				t.Fatalf("%q: precedence %q is not plain text", s, v.Precedence())
			}
		}
	})
}

// sorted returns the texts of the versions from the highest down.
func sorted(all []drawn) []string {
	slices.SortFunc(all, func(a, b drawn) int { return compare(b, a) })
	texts := make([]string, len(all))
	for i, v := range all {
		texts[i] = v.text
	}
	return texts
}
