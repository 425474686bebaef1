package domainname_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/domainname"
)

// Section 1: the calendar, and the registry's word of the last 24 hours, which wins.
func TestAssess(t *testing.T) {
	t.Parallel()
	state := func(age time.Duration, sponsor domainname.Sponsor, rgp string, epp ...string) func(*domainname.Domain) {
		return func(d *domainname.Domain) {
			d.State = domainname.RegistryState{EPP: epp, Sponsor: sponsor, ReadAt: noon.Add(-age)}
			if rgp != "" {
				d.State.RGP = []string{rgp}
			}
		}
	}
	none, ours := domainname.SponsorUnknown, domainname.SponsorOurs
	// Grace until T+30, redemption until T+60.
	const active, lastDay, first, lastGrace, inRedemption, lastRestore, over = "2027-03-10", "2026-11-22", "2026-11-21", "2026-10-23", "2026-10-22", "2026-09-23", "2026-09-22"
	for _, tt := range []struct {
		id, end string
		change  func(*domainname.Domain)
		open    domainname.RenewalState
		status  domainname.Status
		stage   domainname.Stage
	}{
		{"before the end", active, nil, "", "active", "active"},
		{"on the last day", lastDay, nil, "", "active", "active"},
		{"the day after", first, nil, "", "grace", "grace"},
		{"the last day of grace", lastGrace, nil, "", "grace", "grace"},
		{"the first of redemption", inRedemption, nil, "", "redemption", "redemption"},
		{"the last of redemption", lastRestore, nil, "", "redemption", "redemption"},
		{"over", over, nil, "", "expired", "expired"},
		{"registry: in redemption already", first, state(time.Hour, ours, "redemptionPeriod", "pendingDelete"), "", "redemption", "redemption"},
		{"registry: in redemption before the end", active, state(time.Hour, ours, "redemptionPeriod", "pendingDelete"), "", "redemption", "redemption"},
		{"registry: being restored", over, state(time.Hour, ours, "pendingRestore", "pendingDelete"), "", "redemption", "redemption"},
		{"registry: about to be deleted", inRedemption, state(time.Hour, ours, "pendingDelete", "pendingDelete"), "", "expired", "expired"},
		{"registry: deleting, without more words", first, state(time.Hour, ours, "", "pendingDelete"), "", "redemption", "redemption"},
		{"registry: deleting, and the redemption is over", over, state(time.Hour, ours, "", "pendingDelete"), "", "expired", "expired"},
		{"registry: still auto-renewed", inRedemption, state(time.Hour, none, "autoRenewPeriod", "ok"), "", "grace", "grace"},
		{"registry: still ours, redemption by the calendar", inRedemption, state(24*time.Hour, ours, "", "ok"), "", "grace", "grace"},
		{"registry: still ours, over by the calendar", over, state(24*time.Hour, ours, "", "ok"), "", "grace", "grace"},
		{"registry: ours, and active", active, state(time.Hour, ours, "autoRenewPeriod", "ok"), "", "active", "active"},
		{"registry: said so too long ago", over, state(24*time.Hour+time.Second, ours, "", "ok"), "", "expired", "expired"},
		{"registry: redemption, too long ago", first, state(25*time.Hour, ours, "redemptionPeriod"), "", "grace", "grace"},
		{"registry: somebody else's", over, state(time.Hour, domainname.SponsorOther, "", "ok"), "", "expired", "expired"},
		{"paid, being confirmed", over, nil, "unknown", "grace", "expired"},
		{"paid, in redemption", inRedemption, nil, "paid", "redemption", "redemption"},
		{"unpaid", over, nil, "open", "expired", "expired"},
		{"what staff say stays", over, func(d *domainname.Domain) { d.Status = domainname.Fraud }, "", "fraud", ""},
		{"pending stays", "", func(d *domainname.Domain) { d.Status = domainname.Pending }, "", "pending", ""},
		{"written down too early", active, func(d *domainname.Domain) { d.Status = domainname.Expired }, "", "active", "active"},
		{"D6 auto-renewed and unpaid", first, func(d *domainname.Domain) { d.Expiry.At = noon.AddDate(1, 0, -1) }, "", "grace", "grace"},
		{"renewed elsewhere, unanswered", first, func(d *domainname.Domain) { d.Expiry.At, d.Unanswered = noon.AddDate(1, 0, -1), true }, "", "active", "active"},
	} {
		d := domain(t, tt.end)
		if tt.change != nil {
			tt.change(&d)
		}
		var open *domainname.Renewal
		if tt.open != "" {
			open = &domainname.Renewal{State: tt.open}
		}
		got := domainname.Assess(d, gtld(), open, noon)
		if got.Status != tt.status || got.Stage != tt.stage || got.Confirming != (tt.open != "" && tt.open != "open") {
			t.Errorf("%s: %+v, want %s, %s", tt.id, got, tt.status, tt.stage)
		}
	}
	// Without grace a term can be too late to renew and go on.
	got := domainname.Assess(domain(t, "2026-11-25"), plain(latest(-7)), nil, noon)
	if got.Status != domainname.Active || got.Stage != domainname.StageTooLate {
		t.Errorf("too late, and not over: %+v", got)
	}
}

// A name that the registry has still, neither in redemption nor to be deleted, is never redemption or expired; and a
// paid, unconfirmed renewal never leaves its domain expired.
func TestNeverExpiredWhileOurs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		p := anyPolicy().Draw(rt, "policy")
		d := domain(t, domainname.RegistryDate(noon).AddDays(rapid.IntRange(-400, 400).Draw(rt, "T")).String())
		d.State.ReadAt = noon.Add(-time.Duration(rapid.IntRange(0, 24).Draw(rt, "hours")) * time.Hour)
		d.State.Sponsor = domainname.SponsorOurs
		if s := domainname.Assess(d, p, nil, noon).Status; s != domainname.Active && s != domainname.Grace {
			rt.Fatalf("%s", s)
		}
		d.State = domainname.RegistryState{}
		open := &domainname.Renewal{State: rapid.SampledFrom([]domainname.RenewalState{"paid", "held", "arranged", "submitted", "unknown", "attention"}).Draw(rt, "state")}
		if s := domainname.Assess(d, p, open, noon); s.Status == domainname.Expired || !s.Confirming {
			rt.Fatalf("%+v", s)
		}
	})
}

// Case C13, B1e, and a pass that catches up.
func TestInvoiceDue(t *testing.T) {
	t.Parallel()
	tokyo := time.FixedZone("UTC+9", 9*3600)
	for _, tt := range []struct {
		id, end, now string
		change       func(*domainname.Domain)
		policy       domainname.Policy
		days         int
		zone         *time.Location
		want         string
	}{
		{"C12", "2027-03-10", "2027-02-24T00:00:00Z", nil, cctld(), 14, time.UTC, "2027-02-24"},
		{"C12 the day before", "2027-03-10", "2027-02-23T23:59:59Z", nil, cctld(), 14, time.UTC, ""},
		{"C12 by the store's zone", "2027-03-10", "2027-02-23T15:00:00Z", nil, cctld(), 14, tokyo, "2027-02-24"},
		{"B1e not yet", "2027-06-01", "2026-12-02T23:00:00Z", nil, cctld(earliest(180), graceDays(90)), 200, tokyo, ""},
		{"B1e", "2027-06-01", "2026-12-03T00:00:00Z", nil, cctld(earliest(180), graceDays(90)), 200, time.UTC, "2026-12-03"},
		{"caught up after the end", "2027-03-10", "2027-03-12T12:00:00Z", nil, cctld(), 14, time.UTC, "2027-02-24"},
		{"caught up when all is over", "2027-03-10", "2027-06-12T12:00:00Z", nil, cctld(), 14, time.UTC, ""},
		{"caught up after the last plain day, the registry's word being fresh", "2027-03-10", "2027-03-11T00:00:00Z", func(d *domainname.Domain) {
			d.State = domainname.RegistryState{EPP: []string{"ok"}, Sponsor: domainname.SponsorOurs, ReadAt: at(t, "2027-03-10T11:00:00Z")}
		}, plain(latest(-6), redemptionDays(4)), 14, time.UTC, ""},
		{"C13 grace", "2027-03-10", "2027-04-01T12:00:00Z", func(d *domainname.Domain) { d.NextDue = d.NextDue.AddDays(20) }, cctld(), 14, time.UTC, ""},
		{"C13 do not renew", "2027-03-10", "2027-02-24T12:00:00Z", func(d *domainname.Domain) { d.DoNotRenew = true }, cctld(), 14, time.UTC, ""},
		{"C13 cancelled", "2027-03-10", "2027-02-24T12:00:00Z", func(d *domainname.Domain) { d.Status = domainname.Cancelled }, cctld(), 14, time.UTC, ""},
		{"C13 pending", "2027-03-10", "2027-02-24T12:00:00Z", func(d *domainname.Domain) { d.Status = domainname.PendingTransfer }, cctld(), 14, time.UTC, ""},
		{"free", "2027-03-10", "2027-02-24T12:00:00Z", func(d *domainname.Domain) { d.Recurring = eur(0) }, cctld(), 14, time.UTC, ""},
		{"no renewal term", "2027-03-10", "2027-02-24T12:00:00Z", func(d *domainname.Domain) { d.Term = 0 }, cctld(), 14, time.UTC, ""},
		{"E6c invoiced for the due date that stayed", "2028-03-10", "2027-02-24T12:00:00Z", func(d *domainname.Domain) { d.NextDue = day(t, "2027-03-10") }, cctld(), 14, time.UTC, "2027-02-24"},
	} {
		d := domain(t, tt.end)
		if tt.change != nil {
			tt.change(&d)
		}
		got, due := domainname.InvoiceDue(d, tt.policy, nil, tt.days, at(t, tt.now), tt.zone)
		if got.String() != tt.want || due != (tt.want != "") {
			t.Errorf("%s: %s, %v, want %s", tt.id, got, due, tt.want)
		}
	}
	if _, due := domainname.InvoiceDue(domain(t, "2026-11-25"), cctld(), &domainname.Renewal{State: domainname.RenewalOpen}, 14, noon, time.UTC); due {
		t.Error("invoiced beside an open renewal")
	}
}

// Case F1: an error never writes a date.
func TestReadExpiry(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"", "0000-00-00", "-0001-11-30", "1969-12-31", "1970-01-01", "2099-01-01", "soon", "1984-12-31", "2036-11-25", "2027-02-30", "null", "2026"} {
		if got, err := domainname.ReadExpiry(raw, day(t, ""), noon); err == nil {
			t.Errorf("F1: %q was read as %s", raw, got)
		}
	}
	if _, err := domainname.ReadExpiry("2019-01-01", day(t, "2019-01-02"), noon); err == nil {
		t.Error("a date before the domain was created was taken")
	}
	for raw, want := range map[string]string{
		"2025-11-06T22:59:59.999Z": "2025-11-06", "2027-03-10": "2027-03-10", "2027-03-10 23:30:00": "2027-03-10", "2027-03-10T23:30:00-02:00": "2027-03-11",
		" 2027-03-10T00:00:00.0Z ": "2027-03-10", "2036-11-24": "2036-11-24",
	} {
		got, err := domainname.ReadExpiry(raw, day(t, ""), noon)
		if err != nil || domainname.RegistryDate(got).String() != want {
			t.Errorf("%q was read as %s, %v, want %s", raw, got, err, want)
		}
	}
}

// Case F5 for the longest term: what the registrar's date includes is taken off before it is asked whether that can be true.
func TestLongestTermWithGraceIncluded(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{"2036-12-24": "2036-11-24", "2036-12-25": "", "2037-03-10": ""} {
		d := domain(t, "2027-11-24")
		read, err := d.Take(domainname.Reading{Raw: raw, GraceIncluded: 30}, noon)
		if want == "" {
			if err == nil || d.Expiry.Date() != day(t, "2027-11-24") {
				t.Errorf("%s was taken as %s", raw, d.Expiry.Date())
			}
			continue
		}
		if err != nil || read.Registry.String() != want || d.Expiry.Date().String() != want {
			t.Errorf("%s: %+v, %v, want %s", raw, read, err, want)
		}
	}
}

func FuzzReadExpiry(f *testing.F) {
	f.Add("2025-11-06T22:59:59.999Z")
	f.Add("0000-00-00")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := domainname.ReadExpiry(s, day(t, ""), noon)
		if d := domainname.RegistryDate(got); err == nil && (d.Year < 1985 || d.Year > 2036) {
			t.Errorf("%q was read as %s", s, got)
		}
	})
}

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id, registry, paid, read string
		finding                  domainname.Finding
		wantRegistry, wantPaid   string
		years                    int
	}{
		{"same", "2027-03-10", "2027-03-10", "2027-03-10", "same", "2027-03-10", "2027-03-10", 0},
		{"F1b 1 day", "2027-03-10", "2027-03-10", "2027-03-09", "corrected", "2027-03-09", "2027-03-09", 0},
		{"F1b 7 days", "2027-03-10", "2027-03-10", "2027-03-03", "corrected", "2027-03-03", "2027-03-03", 0},
		{"F1b 8 days", "2027-03-10", "2027-03-10", "2027-03-02", "held", "2027-03-10", "2027-03-10", 0},
		{"F10", "2027-03-10", "2027-03-10", "2028-03-10", "ahead", "2028-03-10", "2027-03-10", 1},
		{"two years", "2027-03-10", "2027-03-10", "2029-03-10", "ahead", "2029-03-10", "2027-03-10", 2},
		{"a year back", "2028-03-10", "2028-03-10", "2027-03-10", "held", "2028-03-10", "2028-03-10", 0},
		{"corrected while ahead", "2028-03-10", "2027-03-10", "2028-03-09", "corrected", "2028-03-09", "2027-03-10", 1},
		{"the paid year arrives", "2027-03-10", "2028-03-10", "2028-03-10", "ahead", "2028-03-10", "2028-03-10", 0},
		{"the first reading", "", "2027-03-10", "2027-03-09", "corrected", "2027-03-09", "2027-03-10", 0},
	} {
		got := domainname.Compare(day(t, tt.registry), day(t, tt.paid), day(t, tt.read))
		want := domainname.Read{Finding: tt.finding, Registry: day(t, tt.wantRegistry), Paid: day(t, tt.wantPaid), Years: tt.years}
		if got != want {
			t.Errorf("%s: %+v, want %+v", tt.id, got, want)
		}
	}
}

// Section 9, step 3.
func TestDecide(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id, base string
		years    int
		registry string
		verdict  domainname.Verdict
		send     int
	}{
		{"D2", "2027-03-10", 1, "2027-03-10", "send", 1},
		{"D6", "2026-11-21", 1, "2027-11-21", "satisfied", 0},
		{"D6b", "2026-11-21", 2, "2027-11-21", "send", 1},
		{"A8 the registry said 1 March", "2028-02-29", 2, "2029-03-01", "send", 1},
		{"within the interval", "2027-03-10", 3, "2027-03-05", "send", 3},
		{"more years than paid", "2027-03-10", 1, "2029-03-10", "attention", 0},
		{"something else", "2027-03-10", 1, "2027-06-10", "attention", 0},
		{"a year back", "2027-03-10", 1, "2026-03-10", "attention", 0},
		{"nothing read", "2027-03-10", 1, "", "attention", 0},
	} {
		verdict, send := domainname.Decide(day(t, tt.base), tt.years, day(t, tt.registry))
		if verdict != tt.verdict || send != tt.send {
			t.Errorf("%s: %s %d, want %s %d", tt.id, verdict, send, tt.verdict, tt.send)
		}
	}
}

// Section 9, step 7: the date decides, never the code of an answer (D17).
func TestJudge(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id, before, expected, read string
		want                       domainname.Outcome
	}{
		{"D1", "2027-03-10", "2028-03-10", "2028-03-10", "done"},
		{"D2", "2027-03-10", "2028-03-10", "2027-03-10", "not_done"},
		{"A8", "2028-02-29", "2029-02-28", "2029-03-01", "done"},
		{"two days", "2027-03-10", "2028-03-10", "2028-03-12", "done"},
		{"three days", "2027-03-10", "2028-03-10", "2028-03-13", "unclear"},
		{"a year too many", "2027-03-10", "2028-03-10", "2029-03-10", "unclear"},
		{"unreadable", "2027-03-10", "2028-03-10", "", "unclear"},
	} {
		if got := plain().Judge(day(t, tt.before), day(t, tt.expected), day(t, tt.read)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.id, got, tt.want)
		}
	}
	jp := domainname.Shipped()[indexOf("jp")]
	if e := jp.Expiry(day(t, "2027-02-28"), 1).String(); e != "2028-02-29" {
		t.Errorf("the end of the month is %s", e)
	}
	if got := jp.Judge(day(t, "2027-04-30"), day(t, "2028-04-30"), day(t, "2028-04-01")); got != domainname.Done {
		t.Errorf("the same month: %s", got)
	}
}
