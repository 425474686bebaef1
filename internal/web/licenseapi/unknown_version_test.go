package licenseapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/release"
)

// Versions of which there is no release are kept for staff, whichever call names them, until somebody registers them.
func TestUnknownVersionsAreListed(t *testing.T) {
	contract(t, jsonAlone, func(t *testing.T, c caller) {
		key := c.license(t, facts{})
		major := fmt.Sprint(7 + c.number(t, `SELECT count(*) FROM releases`)) // the store serves several callers
		for range 2 {
			c.post(t, "validate", map[string]any{"license_key": key, "version": "v" + major + ".1"})
			c.post(t, "activate", map[string]any{"license_key": key, "identifier": "example.com", "version": major + ".2.0"})
		}
		c.post(t, "validate", map[string]any{"license_key": key, "version": "my own words"})
		listed := func() (versions []string) {
			unknown, err := c.Releases.Unknowns(t.Context(), "prd_widget")
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range unknown {
				if strings.HasPrefix(u.Version, major+".") {
					versions = append(versions, u.Version)
				}
			}
			slices.Sort(versions)
			return versions
		}
		if got := listed(); !slices.Equal(got, []string{major + ".1", major + ".2.0"}) {
			t.Errorf("unknown versions %q", got)
		}
		c.published(t, release.Input{ProductID: "prd_widget", Version: major + ".1.0", Channel: release.Stable}, "")
		if got := listed(); !slices.Equal(got, []string{major + ".2.0"}) {
			t.Errorf("after one was registered: %q", got)
		}
	})
}
