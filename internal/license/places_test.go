package license

import (
	"testing"
	"time"

	"github.com/keystead/keystead/internal/fail"
)

func TestAddActivationByStaff(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		s.plan("pln_one", "prd_widget", "One", "domain", 1)
		l := s.issue(IssueInput{PlanID: "pln_one"})
		ctx := as(sue)
		first, err := s.AddActivation(ctx, l.ID, AddInput{Identifier: "WWW.a.example", Name: "A"})
		if err != nil || first.Identifier != "a.example" || first.Override || first.IP != sue.IP {
			t.Fatalf("AddActivation = %+v, %v", first, err)
		}
		again, err := s.AddActivation(ctx, l.ID, AddInput{Identifier: "a.example", Override: true})
		if err != nil || again.ID != first.ID {
			t.Errorf("again = %+v, %v, want the first", again, err)
		}
		_, err = s.AddActivation(ctx, l.ID, AddInput{Identifier: "b.example"})
		wantCode(t, err, CodeLimitReached)
		if fail.Of(err).Kind != fail.KindConflict {
			t.Errorf("staff get %v", fail.Of(err).Kind)
		}
		beyond, err := s.AddActivation(ctx, l.ID, AddInput{Identifier: "b.example", Override: true, Why: "a favour"})
		if err != nil || !beyond.Override {
			t.Errorf("beyond the limit = %+v, %v", beyond, err)
		}
		wantLines(t, "history", s.story(l.ID)[1:], "activation_added →a.example", "activation_added! →b.example")
		_, err = s.Activate(as(software), ActivateInput{Key: l.Key, Identifier: "b.example"})
		wantCode(t, err, "")
		_, err = s.Activate(as(software), ActivateInput{Key: l.Key, Identifier: "c.example"})
		wantCode(t, err, CodeLimitReached)

		_, err = s.AddActivation(ctx, l.ID, AddInput{Identifier: "no domain"})
		wantCode(t, err, fail.CodeInvalidInput)
		_, err = s.AddActivation(ctx, l.ID, AddInput{Identifier: "c.example", Name: "\x00", Why: "\x00"})
		if len(fail.Of(err).Fields) != 2 {
			t.Errorf("%v does not list both fields", err)
		}
		_, err = s.AddActivation(ctx, "lic_none", AddInput{Identifier: "c.example"})
		wantCode(t, err, CodeNotFound)
		suspended := Suspended
		if _, err := s.Patch(ctx, l.ID, Patch{Status: &suspended}); err != nil {
			t.Fatal(err)
		}
		_, err = s.AddActivation(ctx, l.ID, AddInput{Identifier: "c.example", Override: true})
		wantCode(t, err, CodeInactive)
	})
}

func TestRemoveActivation(t *testing.T) {
	each(t, func(t *testing.T, s *store) {
		s.plan("pln_many", "prd_widget", "Many", "device", 0)
		l := s.issue(IssueInput{PlanID: "pln_many"})
		add := func(identifier string) string {
			t.Helper()
			a, err := s.AddActivation(as(sue), l.ID, AddInput{Identifier: identifier})
			if err != nil {
				t.Fatal(err)
			}
			return a.ID
		}
		setting := func(allowed bool, perWindow int) {
			s.exec("UPDATE products SET self_removal = $1, self_removals_per_30d = $2 WHERE id = 'prd_widget'", allowed, perWindow)
		}

		wantCode(t, s.RemoveActivation(as(bob), l.ID, add("a"), ""), CodeNotFound)
		wantCode(t, s.RemoveActivation(as(ann), l.ID, "act_none", ""), CodeActivationNotFound)
		other := s.issue(IssueInput{PlanID: "pln_many"})
		wantCode(t, s.RemoveActivation(as(ann), other.ID, add("b"), ""), CodeActivationNotFound)
		wantCode(t, s.RemoveActivation(as(ann), l.ID, add("a"), "moved"), "")
		if n := s.get(l.ID).ActivationsUsed; n != 1 {
			t.Errorf("%d activations are left, want 1", n)
		}

		setting(false, 0)
		wantCode(t, s.RemoveActivation(as(ann), l.ID, add("c"), ""), CodeRemovalRefused)
		wantCode(t, s.RemoveActivation(as(sue), l.ID, add("c"), ""), "")

		setting(true, 2) // one of them was used above
		wantCode(t, s.RemoveActivation(as(ann), l.ID, add("d"), ""), "")
		wantCode(t, s.RemoveActivation(as(ann), l.ID, add("e"), ""), CodeRemovalRefused)
		wantCode(t, s.RemoveActivation(as(sue), l.ID, add("f"), ""), "")
		s.Clock.Advance(removalWindow - time.Microsecond)
		wantCode(t, s.RemoveActivation(as(ann), l.ID, add("e"), ""), CodeRemovalRefused)
		s.Clock.Advance(time.Microsecond)
		wantCode(t, s.RemoveActivation(as(ann), l.ID, add("e"), ""), "")

		for status, code := range map[Status]string{Suspended: "", Expired: "", Revoked: CodeInactive, Cancelled: CodeInactive} {
			setting(true, 0)
			l = s.issue(IssueInput{PlanID: "pln_many"})
			id := add("x")
			if _, err := s.Patch(as(sue), l.ID, Patch{Status: &status}); err != nil {
				t.Fatal(err)
			}
			wantCode(t, s.RemoveActivation(as(ann), l.ID, id, ""), code)
			if code != "" {
				wantCode(t, s.RemoveActivation(as(sue), l.ID, id, ""), "")
			}
		}
	})
}
