package license

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/fail"
)

func TestActivate(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		l := s.issue(IssueInput{ExpiresAt: s.in(time.Hour)})
		ctx := as(software)
		got, err := s.Activate(ctx, ActivateInput{Key: l.Key, Identifier: "https://www.Example.com/shop", Name: " Shop ", Product: "widget"})
		want := Activated{
			LicenseID: l.ID, Key: l.Key, Status: Active, ProductID: "prd_widget", ProductName: "Widget", PlanName: "Developer",
			ActivationType: Domain, ActivationLimit: 5, ActivationsUsed: 1, ExpiresAt: l.ExpiresAt, Identifier: "example.com",
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("Activate: %v (-want +got):\n%s", err, diff)
		}
		wantLines(t, "listeners", s.drainTold(), l.ID)

		want.Already = true
		got, err = s.Activate(ctx, ActivateInput{Key: l.Key, Identifier: "EXAMPLE.com:443", Product: "prd_widget"})
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("again: %v (-want +got):\n%s", err, diff)
		}
		wantLines(t, "listeners of a repetition", s.drainTold())

		activations, next, err := s.Activations(ctx, l.ID, "", 0)
		if err != nil || next != "" || len(activations) != 1 {
			t.Fatalf("Activations = %+v, %q, %v", activations, next, err)
		}
		place := Activation{
			ID: activations[0].ID, LicenseID: l.ID, Identifier: "example.com", Name: "Shop", IP: software.IP,
			ActivatedAt: s.Clock.Now(), LastSeenAt: s.Clock.Now(),
		}
		if diff := cmp.Diff(place, activations[0]); diff != "" {
			t.Errorf("activation (-want +got):\n%s", diff)
		}
		wantLines(t, "history", s.story(l.ID), "issued →active, expires 2026-03-01T13:00:00Z", "activation_added →example.com")
		wantLines(t, "events", s.events(l.ID), EventCreated, EventActivationCreated)
		if active, err := s.IdentifierActive(ctx, l.ID, "example.com"); err != nil || !active {
			t.Errorf("IdentifierActive = %v, %v", active, err)
		}
		facts, err := s.ReadForCheck(ctx, l.Key)
		if err != nil || facts.ActivationsUsed != 1 || facts.Version != l.Version+1 {
			t.Errorf("facts = %+v, %v", facts, err)
		}

		gone, err := s.Deactivate(ctx, DeactivateInput{Key: l.Key, Identifier: "example.com."})
		if diff := cmp.Diff(Deactivated{LicenseID: l.ID, Key: l.Key, Identifier: "example.com"}, gone); err != nil || diff != "" {
			t.Errorf("Deactivate: %v (-want +got):\n%s", err, diff)
		}
		wantLines(t, "listeners of the end", s.drainTold(), l.ID)
		_, err = s.Deactivate(ctx, DeactivateInput{Key: l.Key, Identifier: "example.com"})
		wantCode(t, err, CodeActivationNotFound)
		wantLines(t, "history", s.story(l.ID)[1:], "activation_added →example.com", "activation_removed example.com→")
		wantLines(t, "events", s.events(l.ID), EventCreated, EventActivationCreated, EventActivationRemoved)
		if active, _ := s.IdentifierActive(ctx, l.ID, "example.com"); active {
			t.Error("still active after the end")
		}
	})
}

// TestActivateOrder walks through the order of the checks: each line is wrong in all that comes later too.
func TestActivateOrder(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		ctx := as(software)
		full := s.issue(IssueInput{})
		for i := range 5 {
			if _, err := s.Activate(ctx, ActivateInput{Key: full.Key, Identifier: fmt.Sprintf("s%d.example", i)}); err != nil {
				t.Fatal(err)
			}
		}
		status := func(st Status) License {
			l := s.issue(IssueInput{})
			if _, err := s.Activate(ctx, ActivateInput{Key: l.Key, Identifier: "there.example"}); err != nil {
				t.Fatal(err)
			}
			l, err := s.Patch(as(sue), l.ID, Patch{Status: &st})
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		suspended, revoked, cancelled, expired := status(Suspended), status(Revoked), status(Cancelled), status(Expired)
		const unknown = "00000000-00000000-00000000-00000000"

		tests := []struct {
			name string
			in   ActivateInput
			code string
			kept string // the reason of the rejected attempt
		}{
			{"no key", ActivateInput{Product: "x"}, CodeInvalidRequest, ""},
			{"no identifier", ActivateInput{Key: unknown, Product: "x"}, CodeInvalidRequest, ""},
			{"identifier of blanks", ActivateInput{Key: unknown, Identifier: " \t "}, CodeInvalidRequest, ""},
			{"name with control characters", ActivateInput{Key: unknown, Identifier: "a", Name: "a\x00b"}, CodeInvalidRequest, ""},
			{"name too long", ActivateInput{Key: unknown, Identifier: "a", Name: strings.Repeat("n", 256)}, CodeInvalidRequest, ""},
			{"unknown key", ActivateInput{Key: unknown, Identifier: "not a domain", Product: "x"}, CodeNotFound, ""},
			{"key in lower case", ActivateInput{Key: foldKey(full.Key), Identifier: "a.example"}, CodeNotFound, ""},
			{"other product", ActivateInput{Key: revoked.Key, Identifier: "not a domain", Product: "gadget"}, CodeProductMismatch, ""},
			{"not a domain", ActivateInput{Key: revoked.Key, Identifier: "not a domain"}, CodeInvalidRequest, ""},
			{"suspended", ActivateInput{Key: suspended.Key, Identifier: "new.example"}, CodeInactive, "suspended"},
			{"suspended, already there", ActivateInput{Key: suspended.Key, Identifier: "there.example"}, CodeInactive, "suspended"},
			{"revoked", ActivateInput{Key: revoked.Key, Identifier: "there.example"}, CodeInactive, "revoked"},
			{"cancelled", ActivateInput{Key: cancelled.Key, Identifier: "there.example"}, CodeInactive, "cancelled"},
			{"expired", ActivateInput{Key: expired.Key, Identifier: "there.example"}, CodeExpired, "expired"},
			{"expired, in a banned place", ActivateInput{Key: expired.Key, Identifier: "new.example", Banned: true}, CodeExpired, "expired"},
			{"full, already there", ActivateInput{Key: full.Key, Identifier: "S0.example"}, "", ""},
			{"full, already there, in a banned place", ActivateInput{Key: full.Key, Identifier: "S0.example", Banned: true}, "", ""},
			{"in a banned place", ActivateInput{Key: s.issue(IssueInput{}).Key, Identifier: "new.example", Banned: true}, CodeRefused, "banned"},
			{"full", ActivateInput{Key: full.Key, Identifier: "s9.example"}, CodeLimitReached, "limit"},
		}
		for _, tt := range tests {
			before := s.number("SELECT count(*) FROM rejected_activations")
			_, err := s.Activate(ctx, tt.in)
			wantCode(t, err, tt.code)
			if tt.code == CodeInvalidRequest && fail.Of(err).Field == "" {
				t.Errorf("%s: %v does not name the parameter", tt.name, err)
			}
			kept := s.number("SELECT count(*) FROM rejected_activations") - before
			if want := map[bool]int64{true: 1}[tt.kept != ""]; kept != want {
				t.Errorf("%s: %d rejected attempts were kept, want %d", tt.name, kept, want)
			}
		}
		_, err := s.Activate(ctx, ActivateInput{Key: full.Key, Identifier: "s9.example"})
		var limit *LimitReached
		if !errors.As(err, &limit) || *limit != (LimitReached{Limit: 5, Used: 5}) || !strings.Contains(err.Error(), "5 of 5") {
			t.Errorf("the limit's error carries %+v", limit)
		}
		rejected, err := s.Rejected(ctx, full.ID)
		want := []RejectedAttempt{{Identifier: "s9.example", Reason: "limit", Attempts: 2, IP: software.IP, FirstAt: s.Clock.Now(), LastAt: s.Clock.Now()}}
		if diff := cmp.Diff(want, rejected); err != nil || diff != "" {
			t.Errorf("rejected: %v (-want +got):\n%s", err, diff)
		}
		if used := s.get(full.ID).ActivationsUsed; used != 5 {
			t.Errorf("%d activations, want 5", used)
		}
	})
}

func TestDeactivateByStatus(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		ctx := as(software)
		for status, code := range map[Status]string{Active: "", Suspended: "", Expired: "", Revoked: CodeInactive, Cancelled: CodeInactive} {
			l := s.issue(IssueInput{})
			if _, err := s.Activate(ctx, ActivateInput{Key: l.Key, Identifier: "a.example"}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Patch(as(sue), l.ID, Patch{Status: &status}); err != nil {
				t.Fatal(err)
			}
			_, err := s.Deactivate(ctx, DeactivateInput{Key: l.Key, Identifier: "a.example"})
			wantCode(t, err, code)
		}
		_, err := s.Deactivate(ctx, DeactivateInput{Key: "nothing", Identifier: "a"})
		wantCode(t, err, CodeNotFound)
		_, err = s.Deactivate(ctx, DeactivateInput{Key: "nothing"})
		wantCode(t, err, CodeInvalidRequest)
		_, err = s.Deactivate(ctx, DeactivateInput{Identifier: "a"})
		wantCode(t, err, CodeInvalidRequest)
	})
}

// TestActivateTypes checks that the plan's type decides what one place is.
func TestActivateTypes(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		ctx := as(software)
		for as, uses := range map[ActivationType]int64{Domain: 1, Seat: 2, Device: 3, Instance: 3} {
			plan := "pln_" + string(as)
			s.plan(plan, "prd_widget", string(as), string(as), 0)
			l := s.issue(IssueInput{PlanID: plan})
			for _, identifier := range []string{"Host.example", "host.EXAMPLE", " host.example ", "http://host.example"} {
				if as != Domain && strings.HasPrefix(identifier, "http") {
					continue
				}
				if _, err := s.Activate(ctx, ActivateInput{Key: l.Key, Identifier: identifier}); err != nil {
					t.Errorf("%s %q: %v", as, identifier, err)
				}
			}
			if as == Seat {
				if _, err := s.Activate(ctx, ActivateInput{Key: l.Key, Identifier: "Ann Archer"}); err != nil {
					t.Error(err)
				}
			}
			if got := s.get(l.ID); got.ActivationsUsed != uses || got.NearLimit {
				t.Errorf("%s: %d activations, want %d; near its limit: %v", as, got.ActivationsUsed, uses, got.NearLimit)
			}
		}
	})
}

func TestNearLimit(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		ctx := as(software)
		l := s.issue(IssueInput{})
		near := func(step string, want bool) {
			t.Helper()
			if got := s.get(l.ID).NearLimit; got != want {
				t.Errorf("%s: near its limit is %v", step, got)
			}
		}
		for i := range 4 {
			near(fmt.Sprintf("%d of 5", i), false)
			if _, err := s.Activate(ctx, ActivateInput{Key: l.Key, Identifier: fmt.Sprintf("s%d.example", i)}); err != nil {
				t.Fatal(err)
			}
		}
		near("4 of 5", true)
		if _, err := s.Deactivate(ctx, DeactivateInput{Key: l.Key, Identifier: "s0.example"}); err != nil {
			t.Fatal(err)
		}
		near("3 of 5", false)
		limit := int64(3)
		if _, err := s.Patch(as(sue), l.ID, Patch{ActivationLimit: &limit}); err != nil {
			t.Fatal(err)
		}
		near("3 of 3", true)
		activations, _, err := s.Activations(ctx, l.ID, "", 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.RemoveActivation(as(sue), l.ID, activations[0].ID, ""); err != nil {
			t.Fatal(err)
		}
		near("2 of 3", false)
		if _, err := s.AddActivation(as(sue), l.ID, AddInput{Identifier: "x.example"}); err != nil {
			t.Fatal(err)
		}
		near("3 of 3 again", true)
	})
}

// TestLimitHoldsUnderConcurrency lets 100 places ask at once for 5. On PostgreSQL they ask two processes.
func TestLimitHoldsUnderConcurrency(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		services := []*Service{s.Service}
		if s.Open != nil {
			services = append(services, New(s.Open(t)))
		}
		l := s.issue(IssueInput{})
		var succeeded, refused atomic.Int64
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				_, err := services[i%len(services)].Activate(as(software), ActivateInput{Key: l.Key, Identifier: fmt.Sprintf("s%d.example", i)})
				switch {
				case err == nil:
					succeeded.Add(1)
				case fail.Of(err).Code == CodeLimitReached:
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if succeeded.Load() != 5 || refused.Load() != 95 {
			t.Errorf("%d succeeded and %d were refused, want 5 and 95", succeeded.Load(), refused.Load())
		}
		if n := s.number("SELECT count(*) FROM activations WHERE license_id = $1", l.ID); n != 5 {
			t.Errorf("%d activations, want 5", n)
		}
		if n := s.number("SELECT count(*) FROM rejected_activations WHERE license_id = $1", l.ID); n != 95 {
			t.Errorf("%d rejected attempts, want 95", n)
		}
		if !s.get(l.ID).NearLimit {
			t.Error("a full license is not near its limit")
		}
	})
}

// TestActivateAndDeactivateRace moves one place in and out of many goroutines: what is stored stays consistent.
func TestActivateAndDeactivateRace(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		services := []*Service{s.Service}
		if s.Open != nil {
			services = append(services, New(s.Open(t)))
		}
		l := s.issue(IssueInput{})
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				service, place := services[i%len(services)], fmt.Sprintf("s%d.example", i%7)
				var err error
				if i%3 == 0 {
					_, err = service.Deactivate(as(software), DeactivateInput{Key: l.Key, Identifier: place})
				} else {
					_, err = service.Activate(as(software), ActivateInput{Key: l.Key, Identifier: place})
				}
				if err != nil && fail.Of(err).Kind == fail.KindInternal {
					t.Error(err)
				}
			})
		}
		all.Wait()
		got := s.get(l.ID)
		added := s.number("SELECT count(*) FROM license_history WHERE license_id = $1 AND what = 'activation_added'", l.ID)
		removed := s.number("SELECT count(*) FROM license_history WHERE license_id = $1 AND what = 'activation_removed'", l.ID)
		if got.ActivationsUsed != added-removed || got.ActivationsUsed > 5 {
			t.Errorf("%d activations, %d added, %d removed", got.ActivationsUsed, added, removed)
		}
		if got.NearLimit != nearLimit(5, got.ActivationsUsed) {
			t.Errorf("%d of 5: near its limit is %v", got.ActivationsUsed, got.NearLimit)
		}
	})
}

func TestActivationsPage(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		s.plan("pln_many", "prd_widget", "Many", "device", 0)
		l := s.issue(IssueInput{PlanID: "pln_many"})
		for i := range 7 {
			if _, err := s.Activate(as(software), ActivateInput{Key: l.Key, Identifier: fmt.Sprintf("d%d", (i*3)%7)}); err != nil {
				t.Fatal(err)
			}
		}
		var all []string
		for cursor := ""; ; {
			places, next, err := s.Activations(context.Background(), l.ID, cursor, 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range places {
				all = append(all, p.Identifier)
			}
			if cursor = next; next == "" {
				break
			}
		}
		wantLines(t, "activations", all, "d0", "d1", "d2", "d3", "d4", "d5", "d6")
		_, _, err := s.Activations(context.Background(), l.ID, "nonsense", 3)
		wantCode(t, err, fail.CodeInvalidInput)
	})
}
