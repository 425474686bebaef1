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
