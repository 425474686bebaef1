package license

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
)

func TestBulk(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		ctx := as(sue)
		issue := func(status Status, expires *time.Time) string {
			t.Helper()
			l := s.issue(IssueInput{ExpiresAt: expires})
			if status != Active {
				if _, err := s.Patch(ctx, l.ID, statusPatch(status, "")); err != nil {
					t.Fatal(err)
				}
			}
			return l.ID
		}
		forEver, timed := issue(Active, nil), issue(Active, s.in(48*time.Hour))
		suspended, revoked, expired := issue(Suspended, nil), issue(Revoked, nil), issue(Expired, nil)
		unpaid := issue(Active, nil)
		if _, err := s.PlaceHold(ctx, unpaid, HoldPayment, ""); err != nil {
			t.Fatal(err)
		}
		ids := []string{forEver, timed, suspended, revoked, expired, unpaid, forEver, "lic_none"}

		do := func(in BulkInput, changed int, why map[string]int) BulkReport {
			t.Helper()
			versions := s.number("SELECT sum(version) FROM licenses")
			preview, err := s.PreviewBulk(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			if s.number("SELECT sum(version) FROM licenses") != versions {
				t.Errorf("%s: a preview wrote", in.Action)
			}
			report, err := s.Bulk(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(preview, report); diff != "" {
				t.Errorf("%s: preview and report differ:\n%s", in.Action, diff)
			}
			if diff := cmp.Diff(why, report.Why); diff != "" || report.Changed != changed || report.Matched != changed+report.Skipped || len(report.Sample) != changed {
				t.Errorf("%s: %d of %d changed; skipped (-want +got):\n%s", in.Action, report.Changed, report.Matched, diff)
			}
			return report
		}
		do(BulkInput{Action: BulkSuspend, IDs: ids, Reason: "recall"}, 3,
			map[string]int{"is revoked": 1, "is expired": 1, "has a staff hold already": 1})
		for _, id := range []string{forEver, timed, suspended, unpaid} {
			if got := s.get(id); got.Status != Suspended {
				t.Errorf("%s is %s", id, got.Status)
			}
		}
		do(BulkInput{Action: BulkLift, IDs: ids}, 4, map[string]int{"has no staff hold": 2})
		if a, b := s.get(forEver).Status, s.get(unpaid).Status; a != Active || b != Suspended {
			t.Errorf("after lifting: %s, and the unpaid one %s", a, b)
		}
		do(BulkInput{Action: BulkExtend, IDs: ids, By: civil.Span{Count: 1, Unit: civil.Month}}, 2,
			map[string]int{"never expires": 3, "is revoked": 1})
		if got := s.get(timed).ExpiresAt; !got.Equal(time.Date(2026, 4, 3, 12, 0, 0, 0, time.UTC)) {
			t.Errorf("extended to %s", got)
		}
		if got := s.get(expired); got.Status != Active || !got.ExpiresAt.Equal(time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)) {
			t.Errorf("the expired one is %s until %v", got.Status, got.ExpiresAt)
		}
		wantLines(t, "history of the expired one", s.story(expired)[2:],
			"staff_sets_expiry! expired, expires 2026-03-01T12:00:00Z→active, expires 2026-04-01T12:00:00Z")
		do(BulkInput{Action: BulkSuspend, Filter: Filter{ProductID: "prd_widget", Status: Active}}, 4, map[string]int{})
	})
}

func TestBulkExtendsWhatWasSeenOnce(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		ctx := as(sue)
		const moved = ExpiryMoved
		timed, expired := s.issue(IssueInput{ExpiresAt: s.in(48 * time.Hour)}).ID, s.issue(IssueInput{ExpiresAt: s.in(time.Hour)}).ID
		forEver, other := s.issue(IssueInput{}).ID, s.issue(IssueInput{ExpiresAt: s.in(48 * time.Hour)}).ID
		s.Clock.Advance(24 * time.Hour)
		in := BulkInput{Action: BulkExtend, IDs: []string{timed, expired, forEver, other}, By: civil.Span{Count: 1, Unit: civil.Month}}
		preview, err := s.PreviewBulk(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		if len(preview.Expiries) != 4 || !preview.Expiries[forEver].IsZero() || !preview.Expiries[timed].Equal(*s.get(timed).ExpiresAt) {
			t.Errorf("seen: %v", preview.Expiries)
		}
		in.Seen = preview.Expiries
		// Meanwhile a colleague has given one of them an end, and another a later one.
		if _, err := s.Patch(ctx, forEver, Patch{ExpiresAt: OptionalTime{Set: true, Time: s.in(72 * time.Hour)}}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Bulk(ctx, BulkInput{Action: BulkExtend, IDs: []string{other}, By: in.By}); err != nil {
			t.Fatal(err)
		}
		do := func(in BulkInput, changed int, why map[string]int) {
			t.Helper()
			report, err := s.Bulk(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(why, report.Why); diff != "" || report.Changed != changed {
				t.Errorf("%d changed, want %d; skipped (-want +got):\n%s", report.Changed, changed, diff)
			}
		}
		do(in, 2, map[string]int{moved: 2})
		once := s.get(timed).ExpiresAt
		do(in, 0, map[string]int{moved: 4})
		if got := s.get(timed).ExpiresAt; !got.Equal(*once) {
			t.Errorf("the second confirmation moved %s to %s", once, got)
		}
		// Holds do not depend on the expiry; without what was seen, nothing is compared.
		do(BulkInput{Action: BulkSuspend, IDs: in.IDs, Seen: in.Seen}, 4, map[string]int{})
		in.Seen = nil
		do(in, 4, map[string]int{})
	})
}

func TestParallelConfirmationsExtendOnce(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		ctx := as(sue)
		in := BulkInput{Action: BulkExtend, By: civil.Span{Count: 1, Unit: civil.Day}}
		for range 5 {
			in.IDs = append(in.IDs, s.issue(IssueInput{ExpiresAt: s.in(48 * time.Hour)}).ID)
		}
		preview, err := s.PreviewBulk(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		in.Seen = preview.Expiries
		var changed atomic.Int64
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				report, err := s.Bulk(ctx, in)
				if err != nil {
					t.Error(err)
				}
				changed.Add(int64(report.Changed))
			})
		}
		wg.Wait()
		if changed.Load() != 5 {
			t.Errorf("%d extensions of 5 licenses", changed.Load())
		}
		for _, id := range in.IDs {
			if got := s.get(id).ExpiresAt; !got.Equal(*s.in(72 * time.Hour)) {
				t.Errorf("extended to %s", got)
			}
		}
	})
}

func TestBulkRefuses(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		tests := []struct {
			in    BulkInput
			field string
		}{
			{BulkInput{Action: "delete"}, "action"},
			{BulkInput{Action: BulkExtend}, "by"},
			{BulkInput{Action: BulkLift, IDs: make([]string, bulkMost+1)}, ""},
			{BulkInput{Action: BulkLift, IDs: []string{"'"}}, "ids"},
			{BulkInput{Action: BulkLift, Reason: "\x00"}, "reason"},
			{BulkInput{Action: BulkLift, Filter: Filter{Sort: "odd"}}, "sort"},
		}
		for _, tt := range tests {
			_, err := s.PreviewBulk(context.Background(), tt.in)
			if err == nil || fail.Of(err).Field != tt.field {
				t.Errorf("%+v: %v, want the field %q", tt.in.Action, err, tt.field)
			}
		}
		l := s.issue(IssueInput{ExpiresAt: s.in(time.Hour)})
		report, err := s.Bulk(as(sue), BulkInput{Action: BulkExtend, IDs: []string{l.ID}, By: civil.Span{Count: 100, Unit: civil.Year}})
		if err != nil || report.Changed != 1 {
			t.Errorf("a hundred years: %+v, %v", report, err)
		}
	})
}
