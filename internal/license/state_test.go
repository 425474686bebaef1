package license

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/fail"
)

var stateNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) *time.Time {
	t := stateNow.Add(d)
	return &t
}

func TestEffective(t *testing.T) {
	t.Parallel()
	past, now, future := at(-time.Microsecond), at(0), at(time.Microsecond)
	tests := []struct {
		name string
		f    Facts
		want Status
	}{
		{"lifetime", Facts{}, Active},
		{"before every instant", Facts{ExpiresAt: future, GraceUntil: future, EndsAt: future}, Active},
		{"one microsecond before the end", Facts{EndsAt: future}, Active},
		{"at the end", Facts{EndsAt: now}, Expired},
		{"after the end", Facts{EndsAt: past}, Expired},
		{"paid time is over, grace is not", Facts{ExpiresAt: past, GraceUntil: future}, Active},
		{"at the end of grace", Facts{ExpiresAt: past, GraceUntil: now, EndsAt: future}, Suspended},
		{"grace over, end open", Facts{ExpiresAt: past, GraceUntil: past}, Suspended},
		{"held", Facts{Held: true}, Suspended},
		{"held and in time", Facts{Held: true, EndsAt: future}, Suspended},
		{"held and over", Facts{Held: true, EndsAt: past}, Expired},
		{"cancelled", Facts{Outcome: OutcomeCancelled}, Cancelled},
		{"cancelled beats all instants", Facts{Outcome: OutcomeCancelled, Held: true, EndsAt: past}, Cancelled},
		{"revoked", Facts{Outcome: OutcomeRevoked, Held: true, EndsAt: past}, Revoked},
		{"expires_at alone decides nothing", Facts{ExpiresAt: past}, Active},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Effective(tt.f, stateNow); got != tt.want {
				t.Errorf("Effective = %s, want %s", got, tt.want)
			}
		})
	}
}

// everyState lists each combination of outcome, holds and instants, the latter relative to stateNow.
func everyState() []State {
	instants := []*time.Time{nil, at(-2 * time.Hour), at(-time.Hour), at(0), at(time.Hour)}
	holds := [][]Hold{
		nil,
		{{Reason: HoldStaff, Source: "a"}},
		{{Reason: HoldPayment, Source: "a"}},
		{{Reason: HoldDispute, Source: "a"}},
		{{Reason: HoldDispute, Source: "a"}, {Reason: HoldDispute, Source: "b"}},
		{{Reason: HoldParent, Source: "a"}},
		{{Reason: HoldStaff, Source: "a"}, {Reason: HoldPayment, Source: "a"}, {Reason: HoldDispute, Source: "a"}},
	}
	var all []State
	for _, outcome := range []Outcome{NoOutcome, OutcomeRevoked, OutcomeCancelled} {
		for _, h := range holds {
			for _, expires := range instants {
				for _, grace := range instants {
					for _, ends := range instants {
						all = append(all, State{Outcome: outcome, Holds: h, ExpiresAt: expires, GraceUntil: grace, EndsAt: ends})
					}
				}
			}
		}
	}
	return all
}

func everyInput() []Input {
	return []Input{
		{Source: "a"},
		{Source: "b"},
		{},
		{Source: "a", ExpiresAt: at(-time.Minute)},
		{Source: "a", ExpiresAt: at(2 * time.Hour), Until: at(3 * time.Hour)},
		{Source: "a", Term: Term{ExpiresAt: at(time.Hour), GraceUntil: at(2 * time.Hour), EndsAt: at(3 * time.Hour)}},
		{Source: "a", Term: Term{ExpiresAt: at(-time.Hour), GraceUntil: at(-time.Minute)}},
		{Source: "a", Term: Term{ExpiresAt: at(-2 * time.Hour), GraceUntil: at(-time.Hour), EndsAt: at(-time.Hour)}},
	}
}

// matching are the lines of the table that apply.
func matching(from Status, s State, on Trigger, in Input) []Transition {
	var found []Transition
	for _, line := range transitions {
		if line.From != from || line.On != on {
			continue
		}
		after := s
		for _, e := range line.Do {
			after = e.apply(after, in, stateNow)
		}
		if line.If.holds(after, stateNow) {
			found = append(found, line)
		}
	}
	return found
}

func key(l Transition) string { return fmt.Sprintf("%s | %s | %s | %s", l.From, l.On, l.If, l.To) }

// TestTransitionsAreComplete drives every state through every trigger: exactly one line applies, what it says the
// license becomes is what follows from the facts it leaves, and no line is without a use.
func TestTransitionsAreComplete(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, s := range everyState() {
		for _, on := range Triggers() {
			for _, in := range everyInput() {
				after, line, err := Next(s, on, in, stateNow)
				if n := len(matching(line.From, s, on, in)); n != 1 {
					t.Fatalf("%d lines apply to %+v on %q, want 1", n, s.Facts(), on)
				}
				used[key(line)] = true
				if got := after.Status(stateNow); got != line.To && line.Refuse == Allowed {
					t.Fatalf("%s on %q: the table says %s, the facts say %s: %+v", line.From, on, line.To, got, after.Facts())
				}
				if refused := line.Refuse != Allowed; refused != (err != nil) {
					t.Fatalf("%s on %q: refusal %q, error %v", line.From, on, line.Refuse, err)
				}
				if err != nil && fail.Of(err).Kind == fail.KindInternal {
					t.Fatalf("%s on %q: %v has no answer for the caller", line.From, on, err)
				}
			}
		}
	}
	for _, line := range transitions {
		if !used[key(line)] {
			t.Errorf("no state leads to %s", key(line))
		}
	}
}

// TestTransitionsAreSane checks rules that hold for each line by itself.
func TestTransitionsAreSane(t *testing.T) {
	t.Parallel()
	final := []Status{Expired, Revoked, Cancelled}
	byStaff := []Trigger{StaffSuspends, StaffActivates, StaffExpires, StaffCancels, StaffRevokes, StaffSetsExpiry}
	for _, l := range transitions {
		staff := slices.Contains(byStaff, l.On)
		switch {
		case l.From == Expired && l.On == TermRevived: // the setting licenses.renew_expired
		case slices.Contains(final, l.From) && !slices.Contains(final, l.To) && !staff:
			t.Errorf("%s: something automatic brings a final status back", key(l))
		case slices.Contains(final, l.From) && l.From != l.To && staff && !slices.Contains(l.Do, Override):
			t.Errorf("%s: changes a final status and is no override", key(l))
		case slices.Contains(l.Do, Override) && !staff:
			t.Errorf("%s: an override by nobody", key(l))
		case l.Refuse != Allowed && l.From != l.To:
			t.Errorf("%s: refused, but changes the status", key(l))
		}
	}
}

// TestNextSpecification follows the table of triggers in the specification.
func TestNextSpecification(t *testing.T) {
	t.Parallel()
	payment, staff, dispute := Hold{Reason: HoldPayment, Source: "sub"}, Hold{Reason: HoldStaff, Source: "ann"}, Hold{Reason: HoldDispute, Source: "d1"}
	soon, gone := at(time.Hour), at(-time.Hour)
	timed := func(end *time.Time, holds ...Hold) State {
		return State{Holds: holds, ExpiresAt: end, GraceUntil: end, EndsAt: end}
	}
	tests := []struct {
		name  string
		state State
		on    Trigger
		in    Input
		want  Status
		code  string
	}{
		{"staff suspends", State{}, StaffSuspends, Input{Source: "ann"}, Suspended, ""},
		{"staff lifts", timed(nil, staff), StaffLifts, Input{}, Active, ""},
		{"staff lifts, payment stays", timed(nil, staff, payment), StaffLifts, Input{}, Suspended, ""},
		{"a won dispute does not lift a payment hold", timed(nil, dispute, payment), DisputeWon, Input{Source: "d1"}, Suspended, ""},
		{"dispute won", timed(nil, dispute), DisputeWon, Input{Source: "d1"}, Active, ""},
		{"another dispute won", timed(nil, dispute), DisputeWon, Input{Source: "d2"}, Suspended, ""},
		{"dispute won, time passed meanwhile", State{Holds: []Hold{dispute}, ExpiresAt: gone, GraceUntil: gone}, DisputeWon, Input{Source: "d1"}, Expired, ""},
		{"dispute lost", timed(nil, dispute), DisputeLost, Input{Source: "d1"}, Revoked, ""},
		{"dispute on an expired license", timed(gone), DisputeOpened, Input{Source: "d1"}, Expired, ""},
		{"full refund", State{}, FullRefund, Input{}, Revoked, ""},
		{"full refund of an expired license", timed(gone), FullRefund, Input{}, Revoked, ""},
		{"partial refund", timed(soon), PartialRefund, Input{}, Active, ""},
		{"activate lifts staff's holds", timed(soon, staff), StaffActivates, Input{}, Active, ""},
		{"activate names the payment hold", timed(nil, staff, payment), StaffActivates, Input{}, Suspended, CodeHeld},
		{"activate names the end of grace", State{GraceUntil: gone}, StaffActivates, Input{}, Suspended, CodeHeld},
		{"activate what expired", timed(gone), StaffActivates, Input{}, Expired, fail.CodeInvalidInput},
		{"un-revoke", State{Outcome: OutcomeRevoked}, StaffActivates, Input{}, Active, ""},
		{"un-revoke what expired meanwhile", State{Outcome: OutcomeRevoked, EndsAt: gone}, StaffActivates, Input{}, Revoked, fail.CodeInvalidInput},
		{"un-cancel what is disputed", State{Outcome: OutcomeCancelled, Holds: []Hold{dispute}}, StaffActivates, Input{}, Cancelled, CodeHeld},
		{"end now", State{}, StaffExpires, Input{}, Expired, ""},
		{"end now although disputed", State{Holds: []Hold{dispute}, ExpiresAt: soon}, StaffExpires, Input{}, Expired, ""},
		{"extend what expired", timed(gone), StaffSetsExpiry, Input{ExpiresAt: soon}, Active, ""},
		{"extend for ever", timed(gone), StaffSetsExpiry, Input{}, Active, ""},
		{"extend what is held", timed(gone, staff), StaffSetsExpiry, Input{ExpiresAt: soon}, Suspended, ""},
		{"extend what is revoked", State{Outcome: OutcomeRevoked}, StaffSetsExpiry, Input{ExpiresAt: soon}, Revoked, ""},
		{"shorten into the past", State{}, StaffSetsExpiry, Input{ExpiresAt: gone}, Expired, ""},
		{"shorten while disputed", timed(nil, dispute), StaffSetsExpiry, Input{ExpiresAt: gone}, Suspended, ""},
		{"lift payment for a while", timed(nil, payment), PaymentLifted, Input{Until: soon}, Active, ""},
		{"lift payment after grace", State{GraceUntil: gone}, PaymentLifted, Input{Until: soon}, Active, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			after, _, err := Next(tt.state, tt.on, tt.in, stateNow)
			if got := after.Status(stateNow); got != tt.want {
				t.Errorf("status = %s, want %s", got, tt.want)
			}
			code := ""
			if err != nil {
				code = fail.Of(err).Code
			}
			if code != tt.code {
				t.Errorf("error = %v, want %q", err, tt.code)
			}
		})
	}
}

func TestNextLeavesItsInputAlone(t *testing.T) {
	t.Parallel()
	holds := make([]Hold, 1, 8)
	holds[0] = Hold{Reason: HoldStaff, Source: "a"}
	s := State{Holds: holds}
	for _, on := range Triggers() {
		_, _, _ = Next(s, on, Input{Source: "b"}, stateNow) // refusals are fine here
		if len(s.Holds) != 1 || s.Holds[0] != holds[0] || holds[:2][1] != (Hold{}) {
			t.Fatalf("%q changed the state it was given: %+v", on, holds[:2])
		}
	}
}

// TestStatesOverTime lives through random lives of licenses.
func TestStatesOverTime(t *testing.T) {
	t.Parallel()
	automatic := []Trigger{PaymentHeld, PaymentLifted, DisputeOpened, DisputeWon, DisputeLost, FullRefund, PartialRefund, GracePasses, EndPasses}
	rapid.Check(t, func(t *rapid.T) {
		now := stateNow
		var s State
		if rapid.Bool().Draw(t, "timed") {
			end := now.Add(time.Duration(rapid.IntRange(1, 100).Draw(t, "hours")) * time.Hour)
			s = State{ExpiresAt: &end, GraceUntil: &end, EndsAt: &end}
		}
		onlyAutomatic := true
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			before := s.Status(now)
			now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "wait")) * time.Hour)
			waited := s.Status(now)
			if isFinal(before) && before != waited {
				t.Fatalf("time alone made %s of %s", waited, before)
			}
			on := rapid.SampledFrom(Triggers()).Draw(t, "trigger")
			in := Input{Source: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "source")}
			if rapid.Bool().Draw(t, "with a date") {
				later := now.Add(time.Duration(rapid.IntRange(-20, 60).Draw(t, "date")) * time.Hour)
				in.ExpiresAt, in.Until = &later, &later
			}
			auto := slices.Contains(automatic, on)
			onlyAutomatic = onlyAutomatic && auto

			after, line, err := Next(s, on, in, now)
			if err != nil && len(after.Holds) != len(s.Holds) {
				t.Fatalf("%q was refused but changed the license", on)
			}
			status := after.Status(now)
			if recomputed := Effective(after.Facts(), now); status != recomputed {
				t.Fatalf("status %s, recomputed %s", status, recomputed)
			}
			if err == nil && !line.timed() && status != line.To {
				t.Fatalf("after %q: %s, the table says %s", on, status, line.To)
			}
			if auto && isFinal(waited) && !isFinal(status) {
				t.Fatalf("%q brought a license back from %s to %s", on, waited, status)
			}
			if onlyAutomatic && waited == Revoked && status != Revoked {
				t.Fatalf("%q un-revoked a license", on)
			}
			if on == DisputeWon && s.Has(HoldPayment) && status == Active {
				t.Fatal("a won dispute lifted a payment hold")
			}
			if len(after.Holds) > 0 && status == Active {
				t.Fatal("active in spite of a hold")
			}
			if next := Until(after.Facts(), now); next != nil {
				if just := after.Status(next.Add(-time.Microsecond)); just != status {
					t.Fatalf("status changes from %s to %s before Until says so", status, just)
				}
			} else if far := after.Status(now.Add(1e6 * time.Hour)); far != status {
				t.Fatalf("status changes from %s to %s although Until is nil", status, far)
			}
			s = after
		}
	})
}

func TestGrace(t *testing.T) {
	t.Parallel()
	gone, later := at(-time.Hour), at(time.Hour)
	tests := []struct {
		l    License
		want bool
	}{
		{License{Status: Active}, false},
		{License{Status: Active, ExpiresAt: later}, false},
		{License{Status: Active, ExpiresAt: gone, GraceUntil: later}, true},
		{License{Status: Suspended, ExpiresAt: gone}, false},
	}
	for _, tt := range tests {
		if got := tt.l.Grace(stateNow); got != tt.want {
			t.Errorf("Grace(%+v) = %v", tt.l.Facts(), got)
		}
	}
	held := License{Holds: []Hold{{Reason: HoldStaff}}, EndsAt: later}
	if got := Effective(held.Facts(), stateNow); got != Suspended {
		t.Errorf("a license with a hold is %s", got)
	}
}
