package ui_test

import (
	"maps"
	"testing"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web/ui"
)

func TestWithErrors(t *testing.T) {
	t.Parallel()
	bad := map[string]string{"email": "is taken", "b": "is wrong", "a": "is missing"}
	before := maps.Clone(bad)
	f := ui.WithErrors(ui.Form{Sections: []ui.FormSection{{Fields: []ui.Field{{Name: "name"}}}, {Fields: []ui.Field{{Name: "email"}}}}}, bad, "Look again.")
	if got := f.Sections[0].Fields[0].Error; got != "" {
		t.Errorf("name: %q", got)
	}
	if got := f.Sections[1].Fields[0].Error; got != "is taken" {
		t.Errorf("email: %q", got)
	}
	if want := "Look again. a: is missing b: is wrong"; f.Error != want {
		t.Errorf("on top: %q, want %q", f.Error, want)
	}
	if !maps.Equal(bad, before) {
		t.Errorf("the messages were changed: %v", bad)
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	byField, whole := ui.Problems(fail.Of(fail.Invalid("name", "is missing")))
	if whole != "" || !maps.Equal(byField, map[string]string{"name": "is missing"}) {
		t.Errorf("%v, %q", byField, whole)
	}
	byField, whole = ui.Problems(fail.Of(fail.Conflict("TAKEN", "Somebody else has it.")))
	if whole != "Somebody else has it." || len(byField) != 0 {
		t.Errorf("%v, %q", byField, whole)
	}
}
