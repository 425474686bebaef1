package domainname_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
)

// sentOver walks through the days from one to another and returns those on which a notice was sent.
func sentOver(t *testing.T, rules []domainname.NoticeRule, end func(today civil.Date) civil.Date, from, to string) (days []string) {
	t.Helper()
	made := map[int]bool{}
	for today := day(t, from); !today.After(day(t, to)); today = today.AddDays(1) {
		for range 3 { // G8: however often it runs
			for _, n := range domainname.DueNotices(rules, "com", end(today), civil.Date{}, today, func(r domainname.NoticeRule) bool { return made[r.Days] }) {
				made[n.Rule.Days] = true
				if n.Breach {
					t.Errorf("a breach on %s", today)
				}
				if !n.Missed {
					days = append(days, today.String())
				}
			}
		}
	}
	return days
}

func TestNotices(t *testing.T) {
	t.Parallel()
	always := func(s string) func(civil.Date) civil.Date {
		return func(civil.Date) civil.Date { return day(t, s) }
	}
	got := sentOver(t, domainname.ShippedNotices(), always("2026-12-22"), "2026-10-01", "2027-01-31")
	if diff := cmp.Diff([]string{"2026-11-22", "2026-12-15", "2026-12-25"}, got); diff != "" {
		t.Errorf("G1 (-want +got):\n%s", diff)
	}
	corrected := func(today civil.Date) civil.Date {
		if today.Before(day(t, "2026-12-01")) {
			return day(t, "2026-12-22")
		}
		return day(t, "2026-12-21")
	}
	got = sentOver(t, domainname.ShippedNotices(), corrected, "2026-10-01", "2027-01-31")
	if diff := cmp.Diff([]string{"2026-11-22", "2026-12-14", "2026-12-24"}, got); diff != "" {
		t.Errorf("G10 (-want +got):\n%s", diff)
	}
}

// Section 10: after downtime the last one is sent, older ones are recorded, and what is outside its days is a breach.
func TestMissedNotices(t *testing.T) {
	t.Parallel()
	due := domainname.DueNotices(domainname.ShippedNotices(), "com", day(t, "2026-12-22"), civil.Date{}, day(t, "2026-12-20"), func(domainname.NoticeRule) bool { return false })
	if len(due) != 2 || !due[0].Missed || !due[0].Breach || due[1].Missed || !due[1].Breach || due[1].Rule.Days != -7 {
		t.Errorf("%+v", due)
	}
	due = domainname.DueNotices(domainname.ShippedNotices(), "com", day(t, "2026-12-22"), civil.Date{}, day(t, "2026-12-18"), func(r domainname.NoticeRule) bool { return r.Days == -30 })
	if len(due) != 1 || due[0].Missed || due[0].Breach {
		t.Errorf("on the last day of its span: %+v", due)
	}
	due = domainname.DueNotices(domainname.ShippedNotices(), "com", day(t, "2026-12-22"), civil.Date{}, day(t, "2026-12-16"), func(r domainname.NoticeRule) bool { return r.Days == -7 })
	if len(due) != 1 || !due[0].Missed || due[0].Rule.Days != -30 {
		t.Errorf("after a later one was made: %+v", due)
	}
}

// Case G9: what ICANN asks for.
func TestUncovered(t *testing.T) {
	t.Parallel()
	rules := domainname.ShippedNotices()
	if gaps := domainname.Uncovered(rules, "com"); gaps != nil {
		t.Errorf("the shipped rules: %v", gaps)
	}
	rules[4].Enabled = false
	if diff := cmp.Diff([]domainname.Span{{From: 1, To: 5}}, domainname.Uncovered(rules, "com")); diff != "" {
		t.Errorf("G9 (-want +got):\n%s", diff)
	}
	rules[4].Enabled, rules[4].Anchor = true, domainname.FromNextDue
	if len(domainname.Uncovered(rules, "com")) != 1 {
		t.Error("a rule that moves with the due date was taken")
	}
	rules[4].Anchor, rules[4].Extension = domainname.FromTermEnd, "net"
	if len(domainname.Uncovered(rules, "com")) != 1 || len(domainname.Uncovered(rules, "net")) != 0 {
		t.Error("a rule of one extension counts for it alone")
	}
}

// Case G1: the days in which ICANN asks for a notice, around a term that ends on 2026-12-22: what is sent on their last day is in
// time, what is sent on the day after is a breach.
func TestDaysOfICANN(t *testing.T) {
	t.Parallel()
	end := day(t, "2026-12-22")
	for _, tt := range []struct {
		days                int
		first, last, beyond string
	}{
		{-30, "2026-11-17", "2026-11-26", "2026-11-27"}, {-7, "2026-12-12", "2026-12-18", "2026-12-19"}, {3, "2026-12-23", "2026-12-27", "2026-12-28"},
	} {
		rule := []domainname.NoticeRule{{Anchor: domainname.FromTermEnd, Days: tt.days, Enabled: true}}
		for today, breach := range map[string]bool{tt.last: false, tt.beyond: true} {
			due := domainname.DueNotices(rule, "com", end, civil.Date{}, day(t, today), func(domainname.NoticeRule) bool { return false })
			if len(due) != 1 || due[0].Breach != breach || due[0].Missed {
				t.Errorf("%d days, on %s: %+v", tt.days, today, due)
			}
		}
		span, ok := domainname.SpanOf(tt.days)
		if got := end.AddDays(span.From).String() + " " + end.AddDays(span.To).String(); !ok || got != tt.first+" "+tt.last {
			t.Errorf("%d days: %s, want %s %s", tt.days, got, tt.first, tt.last)
		}
		for outside := range map[int]bool{span.From - 1: true, span.To + 1: true} {
			if _, ok := domainname.SpanOf(outside); ok {
				t.Errorf("%d days are within", outside)
			}
		}
	}
}

// Rules that fall on one day are all of that day: none of them was missed.
func TestNoticesOfOneDay(t *testing.T) {
	t.Parallel()
	end := day(t, "2026-12-22")
	rules := []domainname.NoticeRule{
		{ID: "a", Anchor: domainname.FromTermEnd, Days: -30, Enabled: true},
		{ID: "b", Anchor: domainname.FromTermEnd, Days: -7, Enabled: true},
		{ID: "c", Anchor: domainname.FromTermEnd, Days: -7, Extension: "com", Enabled: true},
		{ID: "d", Anchor: domainname.FromNextDue, Days: -7, Enabled: true},
	}
	due := domainname.DueNotices(rules, "com", end, end, day(t, "2026-12-16"), func(domainname.NoticeRule) bool { return false })
	missed := map[string]bool{}
	for _, n := range due {
		missed[n.Rule.ID] = n.Missed
	}
	if diff := cmp.Diff(map[string]bool{"a": true, "b": false, "c": false, "d": false}, missed); diff != "" {
		t.Errorf("missed (-want +got):\n%s", diff)
	}
}
