package domainname

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
)

func TestRefusalsAreTold(t *testing.T) {
	t.Parallel()
	early := Refusal{Reason: TooEarly, FirstDay: civil.On(2026, 12, 3)}.Err()
	if early.Kind != fail.KindInvalid || early.Code != "TERM_NOT_AVAILABLE" {
		t.Errorf("too early: %v %s", early.Kind, early.Code)
	}
	want := map[string]any{"reason": TooEarly, "first_day": "2026-12-03", "last_day": nil}
	if diff := cmp.Diff(want, early.More); diff != "" {
		t.Errorf("too early (-want +got):\n%s", diff)
	}
	open := Refusal{Reason: AlreadyOpen, RenewalID: "drn_1"}.Err()
	if open.Kind != fail.KindConflict || open.Code != "RENEWAL_OPEN" || open.More["renewal_id"] != "drn_1" {
		t.Errorf("open: %v %s %v", open.Kind, open.Code, open.More)
	}
}
