package domainname

import (
	"slices"
	"strings"
	"testing"
)

// A registrar that answers with anything fills no row of the store and no page.
func TestStatuses(t *testing.T) {
	t.Parallel()
	said := []string{"ok", "ok", "", "<script>alert(1)</script>", "a\x00b", "\xff", strings.Repeat("x", 1<<20), "clientRenewProhibited"}
	for i := range 20_000 {
		said = append(said, "s"+strings.Repeat("i", i%40))
	}
	all := Statuses(said)
	if len(all) != mostStatuses || !slices.Equal(all[:2], []string{"ok", "clientRenewProhibited"}) {
		t.Errorf("%d statuses: %.80q", len(all), all)
	}
	if Statuses(nil) != nil {
		t.Error("none became some")
	}
}
