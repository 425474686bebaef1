package proration_test

import (
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/proration"
)

func TestParseProfile(t *testing.T) {
	t.Parallel()
	for _, p := range proration.Profiles() {
		if got, err := proration.ParseProfile(string(p)); err != nil || got != p {
			t.Errorf("ParseProfile(%q) = %q, %v", p, got, err)
		}
	}
	for _, s := range []string{"", "days", "Fixed-30", "seconds "} {
		if _, err := proration.ParseProfile(s); err == nil {
			t.Errorf("ParseProfile(%q) succeeded", s)
		}
	}
}

func FuzzParseProfile(f *testing.F) {
	for _, p := range proration.Profiles() {
		f.Add(string(p))
	}
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := proration.ParseProfile(s); (err == nil && string(p) != s) || (err != nil && p != "") {
			t.Errorf("ParseProfile(%q) = %q, %v", s, p, err)
		}
	})
}

// P3: how each profile measures.
func TestShareByProfile(t *testing.T) {
	t.Parallel()
	paris := must(time.LoadLocation("Europe/Paris"))(t)
	tests := []struct {
		name                string
		profile             proration.Profile
		interval            civil.Interval
		wholeStart, wholeTo string
		zone                *time.Location
		from, to            string
		num, den            int64
	}{
		{"days of February", proration.DaysActual, monthly, "2024-02-01", "2024-03-01", nil, "2024-02-15", "2024-03-01", 15, 29},
		{"fixed: half of any February", proration.Fixed30, monthly, "2024-02-01", "2024-03-01", nil, "2024-02-16", "2024-03-01", 15, 30},
		{"fixed: the 31st is the 30th", proration.Fixed30, monthly, "2024-01-01", "2024-02-01", nil, "2024-01-30", "2024-01-31", 0, 30},
		{"fixed: from an anchor on the 31st", proration.Fixed30, monthly, "2024-01-31", "2024-02-29", nil, "2024-01-31", "2024-02-15", 15, 30},
		{"fixed: from a clamped anchor", proration.Fixed30, monthly, "2023-02-28", "2023-03-31", nil, "2023-03-30", "2023-03-31", 0, 30},
		{"fixed: a year", proration.Fixed30, yearly, "2023-07-19", "2024-07-19", nil, "2023-11-19", "2024-07-19", 240, 360},
		{"fixed: a quarter", proration.Fixed30, quarterly, "2024-04-15", "2024-07-15", nil, "2024-05-20", "2024-06-21", 31, 90},
		{"fixed: weeks by actual days", proration.Fixed30, weekly, "2024-02-26", "2024-03-04", nil, "2024-02-26", "2024-03-01", 4, 7},
		{"fixed: 30 days by actual days", proration.Fixed30, civil.Interval{Days: 30}, "2024-02-01", "2024-03-02", nil, "2024-02-01", "2024-03-01", 29, 30},
		{"seconds of UTC", proration.Seconds, monthly, "2024-02-01", "2024-03-01", nil, "2024-02-15", "2024-03-01", 15, 29},
		// A day of 23 hours makes the profiles differ by nature.
		{"seconds across a clock change", proration.Seconds, weekly, "2026-03-23", "2026-03-30", paris, "2026-03-29", "2026-03-30", 23, 167},
		{"outside of the whole", proration.DaysActual, weekly, "2026-03-23", "2026-03-30", nil, "2026-01-01", "2026-03-24", 1, 7},
		{"outside, in seconds", proration.Seconds, weekly, "2026-03-23", "2026-03-30", nil, "2026-03-29", "2027-03-24", 1, 7},
		{"outside, fixed", proration.Fixed30, monthly, "2026-03-01", "2026-04-01", nil, "2025-03-29", "2027-03-24", 1, 1},
		{"the wrong way round", proration.DaysActual, weekly, "2026-03-23", "2026-03-30", nil, "2026-03-28", "2026-03-24", 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			term := proration.Term{Profile: tt.profile, Interval: tt.interval, Whole: period(t, tt.wholeStart, tt.wholeTo), Zone: tt.zone}
			if got := must(term.Share(period(t, tt.from, tt.to)))(t); got.Cmp(big.NewRat(tt.num, tt.den)) != 0 {
				t.Errorf("share %v, want %d/%d", got, tt.num, tt.den)
			}
		})
	}
}

// From an instant on, days count from its local date, seconds from the very second.
func TestShareFromAnInstant(t *testing.T) {
	t.Parallel()
	tokyo := must(time.LoadLocation("Asia/Tokyo"))(t)
	at := instant(t, "2024-01-02T16:00:00Z") // 3 January, one in the morning
	for profile, want := range map[proration.Profile]*big.Rat{
		proration.DaysActual: big.NewRat(5, 7),
		proration.Fixed30:    big.NewRat(5, 7),
		proration.Seconds:    big.NewRat(5*24-1, 7*24),
	} {
		term := proration.Term{Profile: profile, Interval: weekly, Whole: period(t, "2024-01-01", "2024-01-08"), Zone: tokyo}
		if got := must(term.ShareFrom(at, term.Whole.End))(t); got.Cmp(want) != 0 {
			t.Errorf("%s: %v, want %v", profile, got, want)
		}
	}
}

func TestShareOfNoTerm(t *testing.T) {
	t.Parallel()
	good := proration.Term{Profile: proration.DaysActual, Interval: weekly, Whole: period(t, "2024-01-01", "2024-01-08")}
	for name, spoil := range map[string]func(*proration.Term){
		"no profile":  func(term *proration.Term) { term.Profile = "" },
		"no interval": func(term *proration.Term) { term.Interval = civil.Interval{} },
		"no whole":    func(term *proration.Term) { term.Whole.End = term.Whole.Start },
		"no seconds": func(term *proration.Term) {
			term.Profile, term.Starts, term.Ends = proration.Seconds, instant(t, "2024-01-01T00:00:00Z"), instant(t, "2024-01-01T00:00:00Z")
		},
	} {
		term := good
		spoil(&term)
		if share, err := term.Share(good.Whole); err == nil {
			t.Errorf("%s: share %v", name, share)
		}
		if _, _, err := proration.Begin(eur(t, "1.00"), term, good.Whole); err == nil {
			t.Errorf("%s: begun", name)
		}
		s := begin(t, "1.00", good, good.Whole, "1.00")
		if _, err := s.Change(midnight(t, "2024-01-03"), eur(t, "1.00"), term); err == nil || s.Period != good.Whole {
			t.Errorf("%s: changed, %v", name, err)
		}
		s.Term = term
		if _, err := s.Cancel(midnight(t, "2024-01-03")); err == nil {
			t.Errorf("%s: cancelled", name)
		}
	}
	s := begin(t, "1.00", good, good.Whole, "1.00")
	if _, err := s.Change(midnight(t, "2024-01-08"), eur(t, "1.00"), good); err == nil {
		t.Error("changed to a period that is over")
	}
}

// term draws a whole period of a schedule in one of the profiles.
func anyTerm() *rapid.Generator[proration.Term] {
	return rapid.Custom(func(t *rapid.T) proration.Term {
		iv := rapid.SampledFrom([]civil.Interval{monthly, quarterly, yearly, {Months: 36}, weekly, {Days: 30}}).Draw(t, "interval")
		start := civil.On(2000, 1, 1).AddDays(rapid.IntRange(0, 20000).Draw(t, "start"))
		s := civil.OnBillDay(start, iv, rapid.IntRange(1, 31).Draw(t, "bill day"))
		zone, err := time.LoadLocation(rapid.SampledFrom([]string{"UTC", "Europe/Paris", "America/Sao_Paulo", "Pacific/Apia"}).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		return proration.Term{
			Profile:  rapid.SampledFrom(proration.Profiles()).Draw(t, "profile"),
			Interval: iv,
			Whole:    s.Whole(rapid.IntRange(-3, 40).Draw(t, "n")),
			Zone:     zone,
		}
	})
}

// Shares of the parts of a whole period sum to 1, and none is negative.
func TestSharesSumToOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		term := anyTerm().Draw(t, "term")
		sum := new(big.Rat)
		for at := term.Whole.Start; at.Before(term.Whole.End); {
			next := at.AddDays(rapid.IntRange(1, term.Whole.Days()).Draw(t, "days"))
			part := civil.Period{Start: at, End: next}.Clip(term.Whole)
			share, err := term.Share(part)
			if err != nil || share.Sign() < 0 {
				t.Fatalf("share of %v: %v, %v", part, share, err)
			}
			sum.Add(sum, share)
			at = part.End
		}
		if sum.Cmp(big.NewRat(1, 1)) != 0 {
			t.Fatalf("the shares sum to %v", sum)
		}
	})
}
