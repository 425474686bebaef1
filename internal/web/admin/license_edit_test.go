package admin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/web/ui"
)

// posted is the request that a browser sends for a form, with some fields typed over.
func posted(f ui.Form, typed map[string]string) *http.Request {
	values := url.Values{}
	for _, h := range f.Hidden {
		values.Set(h.Name, strings.ReplaceAll(h.Value, "\n", "\r\n"))
	}
	for _, s := range f.Sections {
		for _, field := range s.Fields {
			values.Set(field.Name, strings.ReplaceAll(field.Value, "\n", "\r\n"))
		}
	}
	for name, v := range typed {
		values.Set(name, v)
	}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func TestAnEditChangesOnlyWhatWasTyped(t *testing.T) {
	t.Parallel()
	expires := time.Date(2027, 3, 20, 3, 21, 26, 0, time.UTC)
	opened := license.License{
		ID: "lic_1", Status: license.Active, ActivationLimit: 5, ExpiresAt: &expires,
		EntitlementOverrides: map[string]any{"forms.max": int64(50), "projects.max": int64(9)},
	}
	// Meanwhile a colleague has revoked the license and changed everything else, too.
	now := license.License{ID: "lic_1", Status: license.Revoked, ActivationLimit: 2}

	shown := typedFrom(opened, time.UTC)
	r := posted(shown.form(opened, shown, time.UTC), map[string]string{"activation_limit": "7", "reason": "More places"})
	f := r.PostFormValue
	typed := typedLicense{
		status: f("status"), limit: f("activation_limit"), expires: f("expires_at"), entitlements: f("entitlements"), reason: f("reason"),
	}
	p, bad := typed.patch(openedAs(r, now, time.UTC), time.UTC)
	if len(bad) > 0 {
		t.Fatalf("fields at fault: %v", bad)
	}
	if p.ActivationLimit == nil || *p.ActivationLimit != 7 {
		t.Errorf("activation limit = %v, want 7", p.ActivationLimit)
	}
	if p.Status != nil || p.ExpiresAt.Set || p.Entitlements != nil {
		t.Errorf("the edit changes more than the limit: %+v", p)
	}
}
