package license

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
)

func statusPatch(st Status, reason string) Patch { return Patch{Status: &st, Reason: reason} }

func expiryPatch(t *time.Time) Patch { return Patch{ExpiresAt: OptionalTime{Set: true, Time: t}} }

func TestPatchStatus(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		ctx := as(sue)
		l := s.issue(IssueInput{})
		patch := func(p Patch, want Status) License {
			t.Helper()
			got, err := s.Patch(ctx, l.ID, p)
			if err != nil || got.Status != want {
				t.Fatalf("Patch = %s, %v, want %s", got.Status, err, want)
			}
			if again := s.get(l.ID); again.Status != want {
				t.Fatalf("read again: %s, want %s", again.Status, want)
			}
			return got
		}
		s.drainTold()
		got := patch(statusPatch(Suspended, "odd use"), Suspended)
		want := []Hold{{Reason: HoldStaff, Source: "stf_sue", Since: s.Clock.Now(), Why: "odd use"}}
		if diff := cmp.Diff(want, got.Holds); diff != "" {
			t.Errorf("holds (-want +got):\n%s", diff)
		}
		wantLines(t, "listeners", s.drainTold(), l.ID)
		patch(statusPatch(Suspended, "again"), Suspended)
		wantLines(t, "listeners when nothing changes", s.drainTold())
		patch(statusPatch(Active, "all is well"), Active)
		patch(statusPatch(Revoked, ""), Revoked)
		patch(statusPatch(Suspended, ""), Suspended)
		patch(statusPatch(Cancelled, ""), Cancelled)
		patch(statusPatch(Active, ""), Active)
		patch(statusPatch(Expired, ""), Expired)
		_, err := s.Patch(ctx, l.ID, statusPatch(Active, ""))
		wantCode(t, err, fail.CodeInvalidInput)
		_, err = s.Patch(ctx, l.ID, statusPatch(Suspended, ""))
		wantCode(t, err, fail.CodeInvalidInput)
		p := statusPatch(Active, "")
		p.ExpiresAt.Set = true
		if got := patch(p, Active); got.ExpiresAt != nil || got.EndsAt != nil || got.GraceUntil != nil {
			t.Errorf("for ever = %v, %v, %v", got.ExpiresAt, got.GraceUntil, got.EndsAt)
		}
		wantLines(t, "history", s.story(l.ID),
			"issued →active",
			"staff_suspends active→suspended (staff)",
			"staff_activates suspended (staff)→active",
			"staff_revokes active→revoked",
			"staff_suspends! revoked→suspended (staff)",
			"staff_cancels suspended (staff)→cancelled",
			"staff_activates! cancelled→active",
			"staff_expires active→expired, expires 2026-03-01T12:00:00Z",
			"staff_sets_expiry! expired, expires 2026-03-01T12:00:00Z→active",
		)
		wantLines(t, "events", s.events(l.ID), EventCreated,
			EventHoldPlaced, EventSuspended, EventHoldLifted, EventResumed, EventRevoked, EventEndedByHand,
			EventHoldPlaced, EventSuspended, EventCancelled, EventEndedByHand, EventHoldLifted, EventResumed,
			EventExpired, EventResumed, EventUpdated)
	})
}

func TestPatchFields(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		ctx := as(sue)
		l := s.issue(IssueInput{})
		limit, own := int64(9), map[string]any{"projects.max": float64(100), "region": "eu"}
		got, err := s.Patch(ctx, l.ID, Patch{
			ActivationLimit: &limit, Entitlements: &own, ExpiresAt: OptionalTime{Set: true, Time: s.in(time.Hour + time.Nanosecond)}, Reason: "deal",
		})
		if err != nil {
			t.Fatal(err)
		}
		merged := catalog.Entitlements{"feature.sso": true, "projects.max": int64(100), "region": "eu"}
		if diff := cmp.Diff(merged, got.Entitlements); diff != "" {
			t.Errorf("entitlements (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(catalog.Entitlements{"projects.max": int64(100), "region": "eu"}, got.EntitlementOverrides); diff != "" {
			t.Errorf("the license's own (-want +got):\n%s", diff)
		}
		if got.ActivationLimit != 9 || !got.ExpiresAt.Equal(*s.in(time.Hour)) || !got.EndsAt.Equal(*got.ExpiresAt) || !got.GraceUntil.Equal(*got.ExpiresAt) {
			t.Errorf("limit %d, instants %v %v %v", got.ActivationLimit, got.ExpiresAt, got.GraceUntil, got.EndsAt)
		}
		facts, err := s.ReadForCheck(ctx, l.Key)
		if diff := cmp.Diff(merged, facts.Entitlements); err != nil || diff != "" {
			t.Errorf("a check sees %v (-want +got):\n%s", err, diff)
		}
		version := got.Version
		same, err := s.Patch(ctx, l.ID, Patch{ActivationLimit: &limit, Entitlements: &own, ExpiresAt: OptionalTime{Set: true, Time: s.in(time.Hour)}})
		if err != nil || !same.UpdatedAt.Equal(got.UpdatedAt) {
			t.Errorf("the same patch again: %v", err)
		}
		wantLines(t, "history", s.story(l.ID)[1:],
			"limit_changed 5→9", `entitlements_changed {}→{"projects.max":100,"region":"eu"}`,
			"staff_sets_expiry active→active, expires 2026-03-01T13:00:00Z")
		wantLines(t, "events", s.events(l.ID), EventCreated, EventUpdated)
		if facts.Version != version {
			t.Errorf("a check sees version %d, want %d", facts.Version, version)
		}

		unlimited := int64(0)
		if got, err := s.Patch(ctx, l.ID, Patch{ActivationLimit: &unlimited}); err != nil || got.ActivationLimit != 0 {
			t.Errorf("unlimited = %d, %v", got.ActivationLimit, err)
		}
		_, err = s.Patch(ctx, "lic_none", Patch{})
		wantCode(t, err, CodeNotFound)
	})
}

func TestPatchValidate(t *testing.T) {
	t.Parallel()
	tooMany, negative, odd := int64(maxLimit+1), int64(-1), Status("paused")
	long := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	bad := map[string]any{"Not A Name": true}
	tests := []struct {
		p    Patch
		want []string
	}{
		{Patch{}, nil},
		{Patch{ActivationLimit: &tooMany, Status: &odd}, []string{"activation_limit", "status"}},
		{Patch{ActivationLimit: &negative, Entitlements: &bad, Reason: "\x00"}, []string{"activation_limit", "entitlements", "reason"}},
		{Patch{Reason: strings.Repeat("x", 10_001)}, []string{"reason"}},
		{expiryPatch(&long), []string{"expires_at"}},
		{expiryPatch(&time.Time{}), []string{"expires_at"}},
	}
	for _, tt := range tests {
		var got []string
		if err := tt.p.Validate(); err != nil {
			for _, f := range fail.Of(err).Fields {
				got = append(got, f.Field)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("fields (-want +got):\n%s", diff)
		}
	}
}

// TestLoweredLimitKeepsActivations follows the rule of section 3.
func TestLoweredLimitKeepsActivations(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		l := s.issue(IssueInput{})
		for _, place := range []string{"a.example", "b.example", "c.example"} {
			if _, err := s.Activate(as(software), ActivateInput{Key: l.Key, Identifier: place}); err != nil {
				t.Fatal(err)
			}
		}
		limit := int64(1)
		got, err := s.Patch(as(sue), l.ID, Patch{ActivationLimit: &limit})
		if err != nil || got.ActivationsUsed != 3 || got.ActivationLimit != 1 || !got.NearLimit {
			t.Errorf("lowered: %d of %d, %v", got.ActivationsUsed, got.ActivationLimit, err)
		}
		_, err = s.Activate(as(software), ActivateInput{Key: l.Key, Identifier: "a.example"})
		wantCode(t, err, "")
		_, err = s.Activate(as(software), ActivateInput{Key: l.Key, Identifier: "d.example"})
		wantCode(t, err, CodeLimitReached)
	})
}

func TestHoldsByHand(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		ctx := as(sue)
		l := s.issue(IssueInput{ExpiresAt: s.in(100 * time.Hour)})
		for _, reason := range []HoldReason{HoldStaff, HoldPayment, HoldDispute, HoldStaff} {
			if got, err := s.PlaceHold(ctx, l.ID, reason, "why"); err != nil || got.Status != Suspended {
				t.Fatalf("PlaceHold(%s) = %s, %v", reason, got.Status, err)
			}
		}
		if got := s.get(l.ID); len(got.Holds) != 3 || got.EndsAt != nil {
			t.Errorf("holds %+v, ends %v, want three and an open end", got.Holds, got.EndsAt)
		}
		_, err := s.Patch(ctx, l.ID, statusPatch(Active, ""))
		wantCode(t, err, CodeHeld)
		for _, name := range []string{"payment", "dispute"} {
			if !strings.Contains(err.Error(), name) {
				t.Errorf("%v does not name %s", err, name)
			}
		}
		if got := s.get(l.ID); len(got.Holds) != 3 {
			t.Errorf("a refused patch lifted a hold: %+v", got.Holds)
		}

		_, err = s.PlaceHold(ctx, l.ID, "boredom", "")
		wantCode(t, err, fail.CodeInvalidInput)
		_, err = s.LiftHold(ctx, l.ID, "boredom", LiftInput{})
		wantCode(t, err, fail.CodeInvalidInput)
		_, err = s.PlaceHold(ctx, "lic_none", HoldStaff, "")
		wantCode(t, err, CodeNotFound)
		_, err = s.PlaceHold(ctx, l.ID, HoldStaff, "\x00")
		wantCode(t, err, fail.CodeInvalidInput)

		for name, until := range map[string]*time.Time{"none": nil, "past": s.in(-time.Hour), "now": s.in(0)} {
			if _, err = s.LiftHold(ctx, l.ID, HoldPayment, LiftInput{Until: until}); fail.Of(err).Field != "until" {
				t.Errorf("until %s: %v", name, err)
			}
		}
		if got, err := s.LiftHold(ctx, l.ID, HoldPayment, LiftInput{Until: s.in(48 * time.Hour)}); err != nil || !got.GraceUntil.Equal(*s.in(48 * time.Hour)) {
			t.Errorf("payment lifted: grace until %v, %v", got.GraceUntil, err)
		}
		if got, err := s.LiftHold(ctx, l.ID, HoldDispute, LiftInput{}); err != nil || got.EndsAt == nil || !got.EndsAt.Equal(*l.ExpiresAt) {
			t.Errorf("dispute lifted: ends %v, %v", got.EndsAt, err)
		}
		if got, err := s.LiftHold(ctx, l.ID, HoldStaff, LiftInput{Until: s.in(time.Hour)}); err != nil || got.Status != Active {
			t.Errorf("staff lifted: %s, %v", got.Status, err)
		}
		_, err = s.LiftHold(ctx, l.ID, HoldStaff, LiftInput{})
		wantCode(t, err, CodeHoldNotFound)

		// The promised date passes: the license is suspended for the payment, and shows it.
		s.Clock.Advance(48 * time.Hour)
		got := s.get(l.ID)
		want := []Hold{{Reason: HoldPayment, Since: s.Clock.Now()}}
		if diff := cmp.Diff(want, got.Holds); diff != "" || got.Status != Suspended {
			t.Errorf("after the promised date: %s, holds (-want +got):\n%s", got.Status, diff)
		}
		_, err = s.Patch(ctx, l.ID, statusPatch(Active, ""))
		wantCode(t, err, CodeHeld)
		_, err = s.LiftHold(ctx, l.ID, HoldPayment, LiftInput{Until: s.in(200 * time.Hour)})
		wantCode(t, err, fail.CodeInvalidInput)
		if got, err := s.LiftHold(ctx, l.ID, HoldPayment, LiftInput{Until: s.in(time.Hour)}); err != nil || got.Status != Active {
			t.Errorf("lifted once more: %s, %v", got.Status, err)
		}
		wantLines(t, "the end of the history", s.story(l.ID)[7:],
			"grace_passes active, expires 2026-03-05T16:00:00Z, grace until 2026-03-03T12:00:00Z→suspended (payment), expires 2026-03-05T16:00:00Z, grace until 2026-03-03T12:00:00Z",
			"payment_hold_lifted suspended (payment), expires 2026-03-05T16:00:00Z, grace until 2026-03-03T12:00:00Z→active, expires 2026-03-05T16:00:00Z, grace until 2026-03-03T13:00:00Z")
	})
}

// TestApply lets money act, by the sources that it knows.
func TestApply(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		l := s.issue(IssueInput{})
		apply := func(on Trigger, source string, want Status, holds int) {
			t.Helper()
			err := s.DB.Write(context.Background(), func(tx *db.Tx) error {
				return s.Apply(context.Background(), tx, l.ID, on, Input{Source: source})
			})
			if got := s.get(l.ID); err != nil || got.Status != want || len(got.Holds) != holds {
				t.Fatalf("%s: %s with %d holds, %v, want %s with %d", on, got.Status, len(got.Holds), err, want, holds)
			}
		}
		apply(PaymentHeld, "sub_1", Suspended, 1)
		apply(DisputeOpened, "dis_1", Suspended, 2)
		apply(DisputeOpened, "dis_2", Suspended, 3)
		apply(DisputeWon, "dis_1", Suspended, 2)
		apply(DisputeWon, "dis_1", Suspended, 2)
		apply(PaymentLifted, "sub_2", Suspended, 2)
		apply(PaymentLifted, "sub_1", Suspended, 1)
		apply(DisputeWon, "dis_2", Active, 0)
		apply(PartialRefund, "", Active, 0)
		apply(DisputeOpened, "dis_3", Suspended, 1)
		apply(DisputeLost, "dis_3", Revoked, 0)
		apply(FullRefund, "", Revoked, 0)
		wantLines(t, "status events", statusOnly(s.events(l.ID)), EventSuspended, EventResumed, EventSuspended, EventRevoked)
	})
}

func statusOnly(types []string) []string {
	var kept []string
	for _, t := range types {
		for _, e := range statusEvents {
			if e == t {
				kept = append(kept, t)
			}
		}
	}
	return kept
}

// TestStoredStatusFollows lets random things happen to a stored license: what is read, what is stored, what a check
// sees and what the history says last are the same.
func TestStoredStatusFollows(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		rapid.Check(t, func(t *rapid.T) {
			var l License
			in := IssueInput{CustomerID: "cus_ann", PlanID: "pln_dev", Quantity: 1}
			if rapid.Bool().Draw(t, "timed") {
				in.ExpiresAt = s.in(50 * time.Hour)
			}
			err := s.DB.Write(context.Background(), func(tx *db.Tx) (err error) {
				l, err = s.Issue(context.Background(), tx, in)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for range rapid.IntRange(1, 6).Draw(t, "steps") {
				s.Clock.Advance(time.Duration(rapid.IntRange(0, 30).Draw(t, "wait")) * time.Hour)
				on := rapid.SampledFrom(Triggers()).Draw(t, "trigger")
				err := s.DB.Write(context.Background(), func(tx *db.Tx) error {
					later := tx.Now.Add(40 * time.Hour)
					return s.Apply(context.Background(), tx, l.ID, on, Input{Source: "x", ExpiresAt: &later, Until: &later})
				})
				if err != nil && fail.Of(err).Kind == fail.KindInternal {
					t.Fatal(err)
				}
				if err != nil {
					continue // refused, and rolled back as a whole
				}
				got, err := s.ByID(context.Background(), l.ID)
				if err != nil {
					t.Fatal(err)
				}
				facts, err := s.ReadForCheck(context.Background(), l.Key)
				if err != nil {
					t.Fatal(err)
				}
				entries, _, err := s.History(context.Background(), l.ID, "", 1)
				if err != nil {
					t.Fatal(err)
				}
				seen := Effective(facts.Facts, s.Clock.Now())
				stored := s.number("SELECT count(*) FROM licenses WHERE id = $1 AND status = $2", l.ID, string(got.Status))
				if seen != got.Status || stored != 1 || !strings.HasPrefix(entries[0].After, string(got.Status)) {
					t.Fatalf("read %s, a check sees %s, stored is the same: %d, the history says %q", got.Status, seen, stored, entries[0].After)
				}
			}
		})
	})
}
