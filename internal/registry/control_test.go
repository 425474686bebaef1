package registry

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/clock"
)

// A lock that is said to be false is none.
func TestLocksAreTakenOff(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	r := newRegistry(t, clock.NewTest(now))
	if err := r.Put(Domain{Name: "a.modern", Sponsor: "one", Created: now, Expiry: now.AddDate(1, 0, 0)}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		body string
		want int
	}{{`{"statuses":{"serverRenewProhibited":true}}`, 1}, {`{"statuses":{"serverRenewProhibited":false}}`, 0}} {
		w := httptest.NewRecorder()
		r.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPatch, "/control/domains/a.modern", strings.NewReader(tt.body)))
		if d, _ := r.Domain("a.modern"); w.Code != http.StatusNoContent || len(d.Statuses) != tt.want {
			t.Errorf("%s: %d, and locked by %v", tt.body, w.Code, d.Statuses)
		}
	}
}
