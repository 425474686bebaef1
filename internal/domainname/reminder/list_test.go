package reminder

import (
	"slices"
	"strings"
	"testing"
)

// What a mail server answers, and the address that somebody gave, are no formulas in the table of evidence.
func TestEvidenceHasNoFormulas(t *testing.T) {
	t.Parallel()
	n := Notice{Recipient: "=1+1@example.com", Delivery: `=HYPERLINK("https://evil.example")`, MessageID: "@SUM(A1)"}
	if i := slices.IndexFunc(n.fields(), func(s string) bool { return strings.IndexAny(s, "=@") == 0 }); i >= 0 {
		t.Errorf("column %d is %q", i, n.fields()[i])
	}
}
