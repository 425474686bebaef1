package admin

import "testing"

func TestHarmless(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "Ada": "Ada", "a=1": "a=1", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@SUM(1)": "'@SUM(1)", "\t=1": "'\t=1",
		"＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠SUM(1)": "'＠SUM(1)", "Ärger": "Ärger", "\xff": "\xff",
	} {
		if got := harmless(text); got != want {
			t.Errorf("harmless(%q) = %q, want %q", text, got, want)
		}
	}
}
