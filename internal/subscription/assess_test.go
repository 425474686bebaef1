package subscription

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/money"
)

func day(s string) civil.Date {
	d, err := civil.Parse(s)
	if err != nil {
		panic(err)
	}
	return d
}

var usual = Rules{Zone: time.UTC, InvoiceDays: 14, GraceDays: 14, ExpireDays: 30}

// monthly is paid from 1 March 2027 for as many months as there are states; each but the last is whole.
func monthly(states ...PeriodState) Subscription {
	s := Subscription{
		ID: "sub_1", Unit: money.New(1000, "EUR"), Quantity: 1, Cycle: civil.Monthly, Anchor: day("2027-03-01"), StartedOn: day("2027-03-01"), Status: Active,
	}
	s.NextDue = s.Anchor
	for _, state := range states {
		p := Period{Period: s.Schedule().WholeAt(s.NextDue), DueOn: s.NextDue, LineID: "lin", State: state}
		s.Periods, s.NextDue = append(s.Periods, p), p.End
	}
	return s
}

func TestAssess(t *testing.T) {
	t.Parallel()
	with := func(s Subscription, f func(*Subscription)) Subscription { f(&s); return s }
	trial := monthly(PeriodGiven)
	trialEnd := time.Date(2027, 4, 1, 15, 30, 0, 0, time.UTC)
	trial.TrialEndsAt, trial.Anchor = &trialEnd, day("2027-04-01")
	for name, tt := range map[string]struct {
		s      Subscription
		card   bool
		at     string
		status Status
		held   bool
		// what follows: "invoice", the reason of an end, or nothing
		then                string
		expires, grace, end string
		next                string
	}{
		"paid": {
			s: monthly(PeriodPaid), at: "2027-03-10T12:00:00Z", status: Active, expires: "2027-04-01", grace: "2027-04-15", end: "2027-05-01", next: "2027-03-18",
		},
		"the next invoice is due": {
			s: monthly(PeriodPaid), at: "2027-03-18T00:00:00Z", status: Active, then: "invoice", expires: "2027-04-01", grace: "2027-04-15", end: "2027-05-01",
		},
		"invoiced": {
			s: monthly(PeriodPaid, PeriodOpen), at: "2027-03-18T00:00:00Z", status: Active, expires: "2027-04-01", grace: "2027-04-15", end: "2027-05-01", next: "2027-04-15",
		},
		"in grace": {
			s: monthly(PeriodPaid, PeriodOpen), at: "2027-04-14T23:59:59Z", status: Active, expires: "2027-04-01", grace: "2027-04-15", end: "2027-05-01", next: "2027-04-15",
		},
		"grace is over": {
			s: monthly(PeriodPaid, PeriodOpen), at: "2027-04-15T00:00:00Z", status: PastDue, held: true, expires: "2027-04-01", grace: "2027-04-15", end: "2027-05-01", next: "2027-05-01",
		},
		"the last date": {
			s: monthly(PeriodPaid, PeriodOpen), at: "2027-05-01T00:00:00Z", status: Expired, then: "unpaid", expires: "2027-04-01", grace: "2027-05-01", end: "2027-05-01",
		},
		"an older one open, a later one paid": {
			s: monthly(PeriodOpen, PeriodPaid), at: "2027-03-16T00:00:00Z", status: PastDue, held: true, expires: "2027-05-01", grace: "2027-03-15", end: "2027-03-31", next: "2027-03-31",
		},
		"in dispute": {s: monthly(PeriodDisputed), at: "2027-06-10T00:00:00Z", status: Suspended, expires: "2027-04-01"},
		"paused": {
			s:  with(monthly(PeriodPaid), func(s *Subscription) { s.PausedOn = day("2027-03-05") }),
			at: "2027-06-10T00:00:00Z", status: Suspended, expires: "2027-04-01",
		},
		"cancelled": {
			s:  with(monthly(PeriodPaid), func(s *Subscription) { s.CancelOn = day("2027-04-01") }),
			at: "2027-03-31T23:00:00Z", status: Cancelled, expires: "2027-04-01", grace: "2027-04-01", end: "2027-04-01", next: "2027-04-01",
		},
		"the cancelled period is over": {
			s:  with(monthly(PeriodPaid), func(s *Subscription) { s.CancelOn = day("2027-04-01") }),
			at: "2027-04-01T00:00:00Z", status: Expired, then: "cancelled", expires: "2027-04-01", grace: "2027-04-01", end: "2027-04-01",
		},
		"trial without a card": {
			s: trial, at: "2027-04-01T15:29:59Z", status: Trialing, expires: "2027-04-01T15:30", grace: "2027-04-01T15:30", end: "2027-04-01T15:30", next: "2027-04-01T15:30",
		},
		"trial with a card": {
			s: trial, card: true, at: "2027-03-10T00:00:00Z", status: Trialing, expires: "2027-04-01T15:30", grace: "2027-04-03T15:30", end: "2027-04-03T15:30", next: "2027-04-01T15:30",
		},
		"trial over without a card": {
			s: trial, at: "2027-04-01T15:30:00Z", status: Expired, then: "unpaid", expires: "2027-04-01", grace: "2027-04-01", end: "2027-04-01",
		},
		"trial over with a card": {
			s: trial, card: true, at: "2027-04-01T15:30:00Z", status: Active, then: "invoice", expires: "2027-04-01", grace: "2027-04-15", end: "2027-05-01",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339, tt.at)
			if err != nil {
				t.Fatal(err)
			}
			got := Assess(tt.s, tt.card, usual, now)
			then := string(got.End)
			if got.Invoice {
				then = "invoice"
			}
			if got.Status != tt.status || got.Held != tt.held || then != tt.then {
				t.Errorf("%s, held %t, then %q; want %s, %t, %q", got.Status, got.Held, then, tt.status, tt.held, tt.then)
			}
			for what, pair := range map[string][2]string{
				"expires": {show(got.Term.ExpiresAt), tt.expires}, "grace": {show(got.Term.GraceUntil), tt.grace},
				"end": {show(got.Term.EndsAt), tt.end}, "next": {show(got.NextAt), tt.next},
			} {
				if pair[0] != pair[1] && (what != "next" || then == "") {
					t.Errorf("%s %q, want %q", what, pair[0], pair[1])
				}
			}
		})
	}
}

// show is an instant as the tables write it: a date is its first instant.
func show(t *time.Time) string {
	switch {
	case t == nil:
		return ""
	case t.Equal(civil.Of(*t, time.UTC).StartIn(time.UTC)):
		return t.Format(time.DateOnly)
	default:
		return t.Format("2006-01-02T15:04")
	}
}

// Whatever the facts are: the answer changes at NextAt and not before, what it says of the license is what the license
// would say of itself, and a subscription that is paid is never held.
func TestAssessIsSteady(t *testing.T) {
	t.Parallel()
	states := []PeriodState{PeriodOpen, PeriodPaid, PeriodGiven, PeriodRemoved, PeriodDisputed, PeriodLapsed}
	rapid.Check(t, func(t *rapid.T) {
		s := monthly(rapid.SliceOfN(rapid.SampledFrom(states), 1, 5).Draw(t, "periods")...)
		s.Cycle = rapid.SampledFrom([]civil.Cycle{civil.Monthly, civil.Quarterly, civil.Annual}).Draw(t, "cycle")
		if rapid.Bool().Draw(t, "cancelled") {
			s.CancelOn = s.PaidUntil()
		}
		if rapid.Bool().Draw(t, "paused") {
			s.PausedOn = day("2027-03-20")
		}
		r := usual
		r.GraceDays = rapid.IntRange(0, 45).Draw(t, "grace")
		r.ExpireDays = rapid.SampledFrom([]int{0, 1, 30, 90}).Draw(t, "expire")
		card := rapid.Bool().Draw(t, "card")
		now := day("2027-03-01").AddDays(rapid.IntRange(0, 300).Draw(t, "day")).StartIn(time.UTC).Add(time.Duration(rapid.IntRange(0, 86399).Draw(t, "second")) * time.Second)
		first := Assess(s, card, r, now)
		if first.NextAt != nil && !first.NextAt.After(now) {
			t.Fatalf("next at %s, now is %s", first.NextAt, now)
		}
		if first.Held && first.Status != PastDue {
			t.Fatalf("held and %s", first.Status)
		}
		if _, owed := s.oldestOpen(); first.Held && !owed {
			t.Fatal("held, and nothing is owed")
		}
		if first.End == NotEnded && !first.Invoice {
			until := now.AddDate(1, 0, 0)
			if first.NextAt != nil {
				until = first.NextAt.Add(-time.Second)
			}
			later := Assess(s, card, r, until)
			if later.Status != first.Status || later.Held != first.Held || later.Invoice || later.End != NotEnded {
				t.Fatalf("at %s %+v, at %s already %+v", now, first, until, later)
			}
		}
		says := license.Effective(license.Facts{Held: first.Held || first.Status == Suspended, GraceUntil: first.Term.GraceUntil, EndsAt: first.Term.EndsAt}, now)
		want := map[Status]license.Status{
			Trialing: license.Active, Active: license.Active, Cancelled: license.Active, PastDue: license.Suspended, Suspended: license.Suspended, Expired: license.Expired,
		}[first.Status]
		if says != want && !removedGap(s) && !first.Invoice {
			t.Fatalf("the subscription is %s, its license %s", first.Status, says)
		}
	})
}

// removedGap reports whether time is neither owed nor paid: there the license runs out while the subscription goes on.
func removedGap(s Subscription) bool {
	_, owed := s.oldestOpen()
	return !owed && s.PaidUntil().Before(s.NextDue)
}

func TestMoves(t *testing.T) {
	t.Parallel()
	if err := moves.Check(); err != nil {
		t.Error(err)
	}
	if !moves.Final(Expired) {
		t.Error("something leads out of expired")
	}
}
