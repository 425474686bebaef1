package domainname_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// The table of section 2: what each extension's row says on a day on which all of them count.
func TestShipped(t *testing.T) {
	t.Parallel()
	shipped := domainname.Shipped()
	extensions := map[string]bool{}
	for _, p := range shipped {
		extensions[p.Extension] = true
	}
	if len(extensions) != 47 || len(shipped) != 51 {
		t.Errorf("%d extensions in %d rows", len(extensions), len(shipped))
	}
	end := day(t, "2027-06-01")
	for _, tt := range []struct {
		extensions          string
		years               string
		earliest, lastPlain int // in days from T; earliest 1: any
		redemption          int
		autoRenews          bool
		argp                int
		explicit            bool
	}{
		{"com net org info biz name mobi pro xyz online shop store app dev club tv cc", "1-10/1", 1, 40, 30, true, 45, true},
		{"io sh", "1-10/1", 1, 40, 30, false, 0, true},
		{"co", "1-5/1", 1, 29, 15, true, 29, true},
		{"me in us", "1-10/1", 1, 29, 30, true, 29, true},
		{"ca", "1-10/1", 1, 29, 30, false, 0, true},
		{"uk co.uk org.uk me.uk", "1-10/1", 1, 90, 0, false, 0, true},
		{"eu", "1-10/1", 1, 0, 40, true, 0, true},
		{"de", "1-1/1", 1, -1, 30, true, 0, false},
		{"nl", "1-1/1", 1, -1, 39, true, 0, false},
		{"be", "1-1/1", 1, 0, 40, true, 0, false},
		{"at", "1-1/1", 1, -4, 0, true, 0, false},
		{"ch li", "1-1/1", 1, 9, 40, true, 9, false},
		{"it", "1-1/1", 1, 13, 30, true, 13, false},
		{"fr", "1-10/1", 1, 27, 30, true, 27, true},
		{"es", "1-5/1", 1, -6, 4, false, 0, true},
		{"se", "1-10/1", 1, -1, 59, false, 0, true},
		{"dk", "1-5/1", 1, 0, 0, false, 0, true},
		{"fi", "1-5/1", 1, 29, 0, false, 0, true},
		{"cz", "1-10/1", 1, 58, 0, false, 0, true},
		{"ee", "1-10/1", -89, 30, 0, false, 0, true},
		{"ru", "1-1/1", 1, -2, 28, false, 0, true},
		{"au com.au", "1-5/1", -60, 29, 0, false, 0, true},
		{"jp", "1-1/1", -30, -7, 0, false, 0, true},
	} {
		for extension := range strings.FieldsSeq(tt.extensions) {
			p, ok := shipped.At(extension, day(t, "2026-11-22"))
			if !ok {
				t.Errorf("%s: no row", extension)
				continue
			}
			delete(extensions, extension)
			w := p.Window(end, civil.Date{})
			first := 1
			if !w.First.IsZero() {
				first = end.DaysUntil(w.First)
			}
			years := fmt.Sprintf("%d-%d/%d", p.MinYears, p.MaxYears, p.StepYears)
			if years != tt.years || first != tt.earliest || end.DaysUntil(w.LastPlain) != tt.lastPlain || p.RedemptionDays != tt.redemption ||
				p.RegistryAutoRenews != tt.autoRenews || p.ARGPDays != tt.argp || p.ExplicitRenew != tt.explicit {
				t.Errorf("%s: %+v", extension, p)
			}
			if (p.DateMoves == domainname.AtExpiry) != (extension == "ru") || (p.ExpiryRounding == domainname.MonthEnd) != (extension == "jp") {
				t.Errorf("%s: date moves %s, rounded to %s", extension, p.DateMoves, p.ExpiryRounding)
			}
			if !p.RedemptionFee.Unset() || !p.GraceFee.Unset() || p.DueMargin != 3 || p.Source == "" || p.ReadOn.IsZero() {
				t.Errorf("%s: %+v", extension, p)
			}
		}
	}
	if len(extensions) > 0 {
		t.Errorf("not in the table: %v", extensions)
	}
}

// Section 2: the same order is refused under one row and accepted under the next.
func TestUK(t *testing.T) {
	t.Parallel()
	shipped := domainname.Shipped()
	for _, extension := range []string{"uk", "co.uk", "org.uk", "me.uk"} {
		old, _ := shipped.At(extension, day(t, "2022-04-30"))
		now, _ := shipped.At(extension, day(t, "2022-05-01"))
		w := old.Window(day(t, "2027-06-01"), civil.Date{})
		if w.First.String() != "2026-12-03" || w.LastPlain.String() != "2027-08-30" || old.Allows(1) || !old.Allows(2) || old.Allows(3) || !old.Allows(10) {
			t.Errorf("%s: the old row %+v", extension, old)
		}
		if w := now.Window(day(t, "2027-06-01"), civil.Date{}); !w.First.IsZero() || w.LastPlain.String() != "2027-08-30" || !now.Allows(1) || !now.Allows(9) {
			t.Errorf("%s: the row now %+v", extension, now)
		}
	}
}

func TestPolicyAt(t *testing.T) {
	t.Parallel()
	rows := domainname.Policies{plain(), plain(earliest(180), func(p *domainname.Policy) { p.ValidFrom = civil.On(2026, 12, 1) })}
	if _, ok := rows.At("example", civil.On(2019, 12, 31)); ok {
		t.Error("a row counted before its day")
	}
	if _, ok := rows.At("other", civil.On(2026, 12, 31)); ok {
		t.Error("a row counted for another extension")
	}
	for on, want := range map[string]bool{"2026-11-30": false, "2026-12-01": true} {
		if p, ok := rows.At("example", day(t, on)); !ok || (p.Earliest != nil) != want {
			t.Errorf("%s: %+v", on, p)
		}
	}
}

// Section 13: the field is named.
func TestBadPolicies(t *testing.T) {
	t.Parallel()
	for field, spoil := range map[string]func(*domainname.Policy){
		"extension":         func(p *domainname.Policy) { p.Extension = "github.io" },
		"valid_from":        func(p *domainname.Policy) { p.ValidFrom = civil.Date{} },
		"min_years":         func(p *domainname.Policy) { p.MinYears = 0 },
		"max_years":         func(p *domainname.Policy) { p.MinYears, p.MaxYears = 3, 2 },
		"step_years":        func(p *domainname.Policy) { p.StepYears = 0 },
		"earliest":          earliest(-1),
		"grace_days":        graceDays(-1),
		"latest":            func(p *domainname.Policy) { graceDays(5)(p); latest(0)(p) },
		"redemption_days":   redemptionDays(-1),
		"argp_days":         func(p *domainname.Policy) { p.ARGPDays = 5 },
		"due_margin":        func(p *domainname.Policy) { p.DueMargin = -1 },
		"date_moves":        func(p *domainname.Policy) { p.DateMoves = "never" },
		"expiry_rounding":   func(p *domainname.Policy) { p.ExpiryRounding = "up" },
		"years_ahead_limit": func(p *domainname.Policy) { p.YearsAheadLimit = ptr(-1) },
		"grace_fee":         func(p *domainname.Policy) { p.GraceFee = domainname.Fee{"EUR": -1} },
		"redemption_fee":    func(p *domainname.Policy) { p.RedemptionFee = domainname.Fee{"XXQ": 1} },
	} {
		p := plain(spoil)
		if err := p.Validate(); err == nil || fail.Of(err).Kind != fail.KindInvalid || fail.Of(err).Fields[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	late := plain(latest(1))
	if err := late.Validate(); err == nil || fail.Of(err).Fields[0].Field != "latest" {
		t.Errorf("latest > 0: %v", err)
	}
	empty := plain(earliest(5), latest(-6))
	if err := empty.Validate(); err == nil || fail.Of(err).Fields[0].Field != "earliest" {
		t.Errorf("an empty window: %v", err)
	}
}

func TestPoliciesCSV(t *testing.T) {
	t.Parallel()
	written := func(rows domainname.Policies) string {
		var b bytes.Buffer
		if err := domainname.WritePolicies(&b, rows); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	shipped := domainname.Shipped()
	again, bad, err := domainname.ReadPolicies(strings.NewReader("\ufeff" + written(shipped)))
	if err != nil || len(bad) > 0 {
		t.Fatalf("%v, %v", bad, err)
	}
	if diff := cmp.Diff(shipped, again); diff != "" {
		t.Errorf("written and read (-want +got):\n%s", diff)
	}

	rows, bad, err := domainname.ReadPolicies(strings.NewReader(`valid_from,extension,min_years,max_years,step_years,grace_days,redemption_fee
2027-01-01,.COM,1,10,1,30,80.00 EUR; 9000 JPY
2027-01-01,net,0,10,1,,
2027-01-01,org,1,ten,1,,
2027-01-01,com,1,10,1,,
2027-02-30,org,1,10,1,,
2027-01-01,org,1,10
2027-01-01,org,1,10,1,,5 EURO
2027-01-01,org,1,10,1,,5.001 EUR
2027-01-01,"or"g,1,10,1,,
2027-01-01,org,3,2,0,-1,
2027-01-01,info,1,10,1,,
`))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || rows[0].Extension != "com" || rows[0].RedemptionFee["EUR"] != 8000 || rows[0].RedemptionFee["JPY"] != 9000 || rows[0].DueMargin != 3 || !rows[0].ExplicitRenew {
		t.Errorf("good rows %+v", rows)
	}
	want := []domainname.BadRow{
		{3, "min_years is not between 1 and 10"},
		{4, "max_years is not a whole number"},
		{5, "valid_from is that of line 2"},
		{6, "valid_from is not a date such as 2026-11-22"},
		{7, "has 4 fields instead of 7"},
		{8, "redemption_fee is not written as 5.00 EUR; 6.00 USD"},
		{9, "redemption_fee is not an amount in EUR"},
		{10, "has a quote that is not closed, or more behind it"},
		{11, "max_years is not between the shortest term and 10; step_years is not between 1 and 10; grace_days is not between 0 and 3650"},
	}
	if diff := cmp.Diff(want, bad); diff != "" {
		t.Errorf("bad rows (-want +got):\n%s", diff)
	}
	for _, file := range []string{"", "extension\n", "extension,valid_from,min_years,max_years,step_years,colour\n", "extension,extension,valid_from,min_years,max_years,step_years\n"} {
		if _, _, err := domainname.ReadPolicies(strings.NewReader(file)); err == nil || fail.Of(err).Field != "file" {
			t.Errorf("%q: %v", file, err)
		}
	}
}

// A file that is no table, or whose quote is never closed, is neither held in memory nor said again.
func TestTablesOfNoRowsAreRefused(t *testing.T) {
	t.Parallel()
	const head = "extension,valid_from,min_years,max_years,step_years\n"
	long := strings.Repeat("x", 4<<20)
	for name, c := range map[string]struct{ file, want string }{
		"one word":         {long, "has a first line that can't be read: a row is longer than 256 KB: is a quote never closed?"},
		"a long column":    {strings.Repeat("x", 100<<10) + "," + head, `has an unknown or repeated column "` + strings.Repeat("x", 40) + `"`},
		"an open quote":    {head + "com,2027-01-01,1,10,1\n\"net,2027-01-01,1,10,1\n" + strings.Repeat("org,2027-01-01,1,10,1\n", 20_000), "can't be read on: after line 2: a row is longer than 256 KB: is a quote never closed?"},
		"one long row":     {head + long, "can't be read on: after line 1: a row is longer than 256 KB: is a quote never closed?"},
		"UTF-16":           {"\xff\xfee\x00x\x00t\x00", "is not UTF-8. Save it as CSV in UTF-8"},
		"UTF-16, unmarked": {"e\x00x\x00t\x00", "is not UTF-8. Save it as CSV in UTF-8"},
	} {
		rows, bad, err := domainname.ReadPolicies(strings.NewReader(c.file))
		if err == nil || fail.Of(err).Field != "file" || fail.Of(err).Detail != c.want {
			t.Errorf("%s: %d rows, %d bad ones, %.200v; want %q", name, len(rows), len(bad), err, c.want)
		}
	}
}

func TestEveryPolicySurvivesCSV(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := anyPolicy().Draw(t, "policy")
		p.GraceFee = domainname.Fee{"EUR": rapid.Int64Range(0, 1e9).Draw(t, "EUR"), "KWD": rapid.Int64Range(0, 1e9).Draw(t, "KWD")}
		var b bytes.Buffer
		if err := domainname.WritePolicies(&b, domainname.Policies{p}); err != nil {
			t.Fatal(err)
		}
		rows, bad, err := domainname.ReadPolicies(&b)
		if err != nil || len(bad) > 0 {
			t.Fatalf("%v, %v", bad, err)
		}
		if diff := cmp.Diff(domainname.Policies{p}, rows); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func FuzzReadPolicies(f *testing.F) {
	f.Add("extension,valid_from,min_years,max_years,step_years\ncom,2027-01-01,1,10,1\n")
	f.Add("extension,valid_from,min_years,max_years,step_years,grace_fee\ncom,2027-01-01,1,10,1,\"5.00 EUR; 6.00 USD\"\n\"\n")
	f.Fuzz(func(t *testing.T, s string) {
		rows, _, err := domainname.ReadPolicies(strings.NewReader(s))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := domainname.WritePolicies(&b, rows); err != nil {
			t.Fatal(err)
		}
		again, bad, err := domainname.ReadPolicies(&b)
		if err != nil || len(bad) > 0 {
			t.Fatalf("what was taken is not read again: %v, %v", bad, err)
		}
		if diff := cmp.Diff(rows, again); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// A fee names its currency, unless whoever reads it knows which it is.
func TestParseFee(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		typed   string
		unnamed money.Currency
		want    domainname.Fee
		wrong   string
	}{
		{"", "", nil, ""},
		{"12.00", "EUR", domainname.Fee{"EUR": 1200}, ""},
		{"12; 1500 JPY", "EUR", domainname.Fee{"EUR": 1200, "JPY": 1500}, ""},
		{"12.00 USD", "EUR", domainname.Fee{"USD": 1200}, ""},
		{"12.00", "", nil, "needs the currency, such as 12.00 EUR"},
		{"12.00; 13.00 EUR", "EUR", nil, "has two amounts in EUR"},
		{"12.00 euros", "EUR", nil, "is not written as 5.00 EUR; 6.00 USD"},
		{"twelve", "EUR", nil, "is not an amount in EUR"},
		{"twelve", "", nil, "is not written as 5.00 EUR; 6.00 USD"},
	} {
		got, err := domainname.ParseFee(c.typed, c.unnamed)
		wrong := ""
		if err != nil {
			wrong = err.Error()
		}
		if diff := cmp.Diff(c.want, got); diff != "" || wrong != c.wrong {
			t.Errorf("%q: %q, %s", c.typed, wrong, diff)
		}
	}
}
