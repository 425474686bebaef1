package admin

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/web/ui"
)

// typedLicense is the edit form as it was typed.
type typedLicense struct{ status, limit, expires, entitlements, reason string }

// localTime is how a date with a time of day is typed, in the reader's zone.
const localTime = "2006-01-02 15:04"

func typedFrom(l license.License, zone *time.Location) typedLicense {
	t := typedLicense{status: string(l.Status), limit: strconv.FormatInt(l.ActivationLimit, 10), entitlements: entitlementText(l.EntitlementOverrides)}
	if l.ExpiresAt != nil {
		t.expires = l.ExpiresAt.In(zone).Format(localTime)
	}
	return t
}

// form shows t; was is what the form showed when it was opened, which it sends along.
func (t typedLicense) form(l license.License, was typedLicense, zone *time.Location) ui.Form {
	base := "/admin/licenses/" + l.ID
	opened := []ui.Hidden{
		{Name: "was_status", Value: was.status},
		{Name: "was_limit", Value: was.limit},
		{Name: "was_expires", Value: was.expires},
		{Name: "was_entitlements", Value: was.entitlements},
	}
	return ui.Form{Action: base, Submit: "Save", Cancel: base, Hidden: opened, Sections: []ui.FormSection{
		{Title: "State", Text: "Setting a state by hand overrides everything automatic; the history shows it as an override.", Fields: []ui.Field{
			{Kind: ui.InputSelect, Name: "status", Label: "State", Value: t.status, Options: []ui.Option{
				{Value: "active", Label: "Active: lifts staff holds, takes back a revocation"},
				{Value: "suspended", Label: "Suspended: a hold by staff"},
				{Value: "expired", Label: "Expired: ends now"},
				{Value: "cancelled", Label: "Cancelled: over for good"},
				{Value: "revoked", Label: "Revoked: over for good"},
			}},
			{Name: "expires_at", Label: "Expires", Value: t.expires, Optional: true, Short: true, Placeholder: "2027-12-31 00:00", Hint: "Date and time, " + zone.String() + ". Empty: never."},
		}},
		{Title: "Use", Fields: []ui.Field{
			{Kind: ui.InputNumber, Name: "activation_limit", Label: "Activation limit", Value: t.limit, Required: true, Short: true, Min: "0", Hint: "0: unlimited. In use: " + ui.Number(int(l.ActivationsUsed)) + ". A limit below that keeps what is activated and refuses new places."},
			{Kind: ui.InputTextarea, Name: "entitlements", Label: "Own entitlements", Value: t.entitlements, Optional: true, Mono: true, Rows: 4, Hint: "They lie over the plan's. One a line: projects.max = 50"},
		}},
		{Title: "Why", Fields: []ui.Field{{Kind: ui.InputTextarea, Name: "reason", Label: "Reason", Value: t.reason, Required: true, Rows: 2, Hint: "It stands in the license's history."}}},
	}}
}

// openedAs is what the form showed when it was opened. Compared with that, and not with what the license has become
// since, only what the person changed is changed: whoever moves an expiry does not take back the revocation that a
// colleague made meanwhile.
func openedAs(r *http.Request, l license.License, zone *time.Location) typedLicense {
	if !r.PostForm.Has("was_status") {
		return typedFrom(l, zone)
	}
	f := r.PostFormValue
	return typedLicense{status: f("was_status"), limit: f("was_limit"), expires: f("was_expires"), entitlements: unixLines(f("was_entitlements"))}
}

// unixLines undoes what browsers do to the ends of lines.
func unixLines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

// patch is what differs from before; what was left as it was stays out. bad names the fields that can't be read.
func (t typedLicense) patch(before typedLicense, zone *time.Location) (p license.Patch, bad map[string]string) {
	bad = map[string]string{}
	p.Reason = strings.TrimSpace(t.reason)
	if p.Reason == "" {
		bad["reason"] = "is required"
	}
	if t.status != before.status {
		s := license.Status(t.status)
		p.Status = &s
	}
	if t.limit != before.limit {
		p.ActivationLimit = new(wholeNumber("activation_limit", t.limit, bad))
	}
	if typed := strings.TrimSpace(t.expires); typed != before.expires {
		p.ExpiresAt.Set = true
		if typed != "" {
			at, err := parseLocal(typed, zone)
			if err != nil {
				bad["expires_at"] = "is not a date such as 2027-12-31 or 2027-12-31 14:00"
			}
			p.ExpiresAt.Time = &at
		}
	}
	if strings.TrimSpace(unixLines(t.entitlements)) != before.entitlements {
		own, err := parseEntitlements(t.entitlements)
		if err != nil {
			bad["entitlements"] = err.Error()
		}
		p.Entitlements = &own
	}
	return p, bad
}

func parseLocal(s string, zone *time.Location) (time.Time, error) {
	if len(s) == len(time.DateOnly) {
		return time.ParseInLocation(time.DateOnly, s, zone)
	}
	return time.ParseInLocation(localTime, s, zone)
}

func (a *area) licenseEditPage(w http.ResponseWriter, r *http.Request, status int, l license.License, f ui.Form) error {
	v := formView{Page: a.page(r, "Edit license", "licenses"), Head: ui.Head{Title: "Edit license", Sub: l.Key}, Form: f}
	v.Crumbs = []ui.Crumb{{Label: "Licenses", Href: "/admin/licenses"}, {Label: shortKey(l.Key), Href: "/admin/licenses/" + l.ID}, {Label: "Edit"}}
	return a.form(w, status, v)
}

func (a *area) licenseEdit(w http.ResponseWriter, r *http.Request) error {
	l, err := a.Licenses.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	zone := a.page(r, "", "").Location()
	t := typedFrom(l, zone)
	return a.licenseEditPage(w, r, http.StatusOK, l, t.form(l, t, zone))
}

func (a *area) licenseUpdate(w http.ResponseWriter, r *http.Request) error {
	l, err := a.Licenses.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	f, zone := r.PostFormValue, a.page(r, "", "").Location()
	t := typedLicense{status: f("status"), limit: f("activation_limit"), expires: f("expires_at"), entitlements: f("entitlements"), reason: f("reason")}
	was := openedAs(r, l, zone)
	p, bad := t.patch(was, zone)
	whole := ""
	if len(bad) == 0 {
		if _, err = a.Licenses.Patch(r.Context(), l.ID, p); err == nil {
			return done(w, r, "/admin/licenses/"+l.ID, "The license was changed.")
		}
		var ok bool
		if bad, whole, ok = fieldErrors(err); !ok {
			return err
		}
	}
	return a.licenseEditPage(w, r, http.StatusUnprocessableEntity, l, ui.WithErrors(t.form(l, was, zone), bad, whole))
}
