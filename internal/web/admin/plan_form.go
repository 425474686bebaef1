package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/web/ui"
)

// entitlementText writes entitlements as people type them: name = value, a line each.
func entitlementText(e catalog.Entitlements) string {
	var lines []string
	for name, v := range e {
		text, err := json.Marshal(v)
		if err != nil {
			continue // an entitlement is true, false, a number or a string
		}
		lines = append(lines, name+" = "+string(text))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// parseEntitlements reads "name = value" lines. A name alone is true; a value that is neither true, false nor a whole
// number is a string, with or without quotes.
func parseEntitlements(s string) (map[string]any, error) {
	out := map[string]any{}
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, value, given := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("names %s twice", name)
		}
		out[name] = true
		if given {
			out[name] = entitlementValue(value)
		}
	}
	return out, nil
}

func entitlementValue(s string) any {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	var quoted string
	switch {
	case s == "true":
		return true
	case s == "false":
		return false
	case json.Unmarshal([]byte(s), &quoted) == nil:
		return quoted
	default:
		return s
	}
}

// typedPlan is the plan form as it was typed.
type typedPlan struct {
	addon                                  bool
	name, kind, limit, extra, entitlements string
	hidden, archived                       bool
	paths                                  []string

	license, support, interval, grace, file string
}

func planFromForm(r *http.Request) typedPlan {
	f := r.PostFormValue
	return typedPlan{
		addon: f("kind") == string(catalog.KindAddon), name: f("name"), kind: f("activation_type"), limit: f("activation_limit"), extra: f("extra_activations"),
		entitlements: f("entitlements"), hidden: f("hidden") != "", archived: f("archived") != "", paths: r.PostForm["path"],
		license: f("license_type"), support: f("support_months"), interval: f("check_interval"), grace: f("check_grace"), file: f("file_days"),
	}
}

// form is the form of a plan beside the others of its product.
func (t typedPlan) form(action, cancel string, exists bool, others []catalog.Plan) ui.Form {
	about := []ui.Field{
		{Name: "name", Label: "Name", Value: t.name, Required: true, MaxLength: 255},
		{Kind: ui.InputSwitch, Name: "hidden", Label: "Hidden in the shop", Checked: t.hidden, Hint: "Who has its link can order it."},
	}
	entitlements := ui.Field{Kind: ui.InputTextarea, Name: "entitlements", Label: "Entitlements", Value: t.entitlements, Optional: true, Mono: true, Rows: 5, Hint: "One a line: feature.sso, projects.max = 25, support = \"gold\""}
	kind := ui.Field{Kind: ui.InputSelect, Name: "activation_type", Label: "An activation is", Value: t.kind, Disabled: exists, Options: []ui.Option{
		{Value: "domain", Label: "a domain"}, {Value: "device", Label: "a device"}, {Value: "seat", Label: "a person (seat)"}, {Value: "instance", Label: "an installation (instance)"},
	}}
	if exists {
		kind.Hint = "It stays as it was when the plan was made."
		about = append(about, ui.Field{Kind: ui.InputSwitch, Name: "archived", Label: "Archived", Checked: t.archived, Hint: "Can't be ordered any more. Licenses go on."})
	}
	f := ui.Form{Action: action, Submit: "Save plan", Cancel: cancel, Sections: []ui.FormSection{{Title: "About", Fields: about}}}
	if t.addon {
		f.Submit, f.Hidden = "Save add-on", []ui.Hidden{{Name: "kind", Value: string(catalog.KindAddon)}}
		f.Sections = append(f.Sections, ui.FormSection{Title: "What it adds", Text: "To a license of the product that the customer has, as long as it is paid for. A change counts for add-ons that are sold from now on.", Fields: []ui.Field{
			{Kind: ui.InputNumber, Name: "extra_activations", Label: "More activations", Value: t.extra, Required: true, Short: true, Min: "0", Hint: "Each one adds so many"},
			{Kind: ui.InputNumber, Name: "support_months", Label: "Months of support and upgrades", Value: t.support, Optional: true, Short: true, Min: "0", Max: "1200", Hint: "Makes it a support pack. Sold in cycles, each paid period counts instead."},
			entitlements,
		}})
	} else {
		f.Sections = append(f.Sections, ui.FormSection{Title: "Use", Text: "What a license of this plan allows. A change counts for licenses that are issued from now on; entitlements for all.", Fields: []ui.Field{
			t.licenseField(exists),
			kind,
			{Kind: ui.InputNumber, Name: "activation_limit", Label: "Activations", Value: t.limit, Required: true, Short: true, Min: "0", Hint: "0: unlimited"},
			entitlements,
			{Kind: ui.InputNumber, Name: "support_months", Label: "Months of support and upgrades", Value: t.support, Optional: true, Short: true, Min: "0", Max: "1200", Hint: "That a purchase includes. Empty: without end. The other kinds have them as long as they run."},
		}}, ui.FormSection{Title: "Checks", Text: "How installed software lives between its checks. A change reaches it with its next one.", Fields: []ui.Field{
			{Kind: ui.InputNumber, Name: "check_interval", Label: "It asks every", Value: t.interval, Required: true, Short: true, Min: "1", Max: "366", Suffix: "days"},
			{Kind: ui.InputNumber, Name: "check_grace", Label: "Without an answer it runs on for", Value: t.grace, Required: true, Short: true, Min: "0", Max: "366", Suffix: "days"},
			{Kind: ui.InputNumber, Name: "file_days", Label: "A lease file is good for", Value: t.file, Required: true, Short: true, Min: "0", Max: "1096", Suffix: "days", Hint: "For installations that never ask. 0: there are none."},
		}})
	}
	if paths := t.pathFields(others); len(paths) > 0 {
		f.Sections = append(f.Sections, ui.FormSection{Title: "Changes", Text: "To which plans a subscriber may change. None chosen: to all of them.", Fields: paths})
	}
	return f
}

// licenseField says what sort of right the plan gives.
func (t typedPlan) licenseField(exists bool) ui.Field {
	f := ui.Field{Kind: ui.InputSelect, Name: "license_type", Label: "It gives", Value: t.license, Disabled: exists, Options: []ui.Option{
		{Value: catalog.Purchased, Label: "Use for ever (purchased)"},
		{Value: catalog.Leased, Label: "Use while it is paid for (leased)"},
		{Value: catalog.Development, Label: "Use in protected places, beside a purchase (development)"},
		{Value: catalog.Trial, Label: "Use on trial (sold at zero, for a while)"},
	}}
	if exists {
		f.Hint = "It stays as it was when the plan was made."
	}
	return f
}

// pathFields are the plans to which a subscriber of this one could change.
func (t typedPlan) pathFields(others []catalog.Plan) (fields []ui.Field) {
	for _, p := range others {
		chosen := slices.Contains(t.paths, p.ID)
		if (p.Kind == catalog.KindAddon) != t.addon || (p.Status == catalog.Archived && !chosen) {
			continue
		}
		fields = append(fields, ui.Field{Kind: ui.InputCheckbox, Name: "path", Value: p.ID, Scope: p.ID, Label: p.Name, Checked: chosen})
	}
	return fields
}

// planRead is what a form says of a plan.
type planRead struct {
	limit, extra int64
	entitlements map[string]any
	visibility   catalog.Visibility
	support      *civil.Span
	checks       catalog.Checks
}

// read turns what was typed into values; bad names the fields that can't be read.
func (t typedPlan) read() (in planRead, bad map[string]string) {
	bad = map[string]string{}
	if t.addon {
		in.extra = wholeNumber("extra_activations", t.extra, bad)
	} else {
		in.limit = wholeNumber("activation_limit", t.limit, bad)
	}
	in.support = &civil.Span{}
	if typed := strings.TrimSpace(t.support); typed != "" && typed != "0" {
		in.support.Count, in.support.Unit = int(wholeNumber("support_months", typed, bad)), civil.Month
	}
	if !t.addon && t.interval+t.grace+t.file != "" {
		in.checks = catalog.Checks{
			IntervalDays: wholeNumber("check_interval", t.interval, bad), GraceDays: wholeNumber("check_grace", t.grace, bad), FileDays: wholeNumber("file_days", t.file, bad),
		}
	}
	var err error
	if in.entitlements, err = parseEntitlements(t.entitlements); err != nil {
		bad["entitlements"] = err.Error()
	}
	if in.visibility = catalog.Public; t.hidden {
		in.visibility = catalog.Hidden
	}
	return in, bad
}

// others are the plans of a product but one.
func (a *area) otherPlans(r *http.Request, productID, but string) ([]catalog.Plan, error) {
	plans, err := a.Catalog.Plans(r.Context(), productID)
	return slices.DeleteFunc(plans, func(p catalog.Plan) bool { return p.ID == but }), err
}

// planErrors names the fields as the form does.
func planErrors(bad map[string]string) map[string]string {
	if m, ok := bad["paths"]; ok {
		bad["path"] = m
		delete(bad, "paths")
	}
	if m, ok := bad["checks"]; ok {
		bad["check_interval"] = m
		delete(bad, "checks")
	}
	for _, part := range []string{"support", "support.count"} {
		if m, ok := bad[part]; ok {
			bad["support_months"] = m
			delete(bad, part)
		}
	}
	return bad
}

func (a *area) planForm(w http.ResponseWriter, r *http.Request, status int, productID, title string, f ui.Form) error {
	v := formView{Page: a.page(r, title, "catalog"), Head: ui.Head{Title: title}, Form: f}
	v.Crumbs = []ui.Crumb{{Label: "Catalog", Href: "/admin/catalog"}, {Label: "Product", Href: "/admin/products/" + productID}, {Label: title}}
	return a.form(w, status, v)
}

func (a *area) planNew(w http.ResponseWriter, r *http.Request) error {
	p, err := a.Catalog.Product(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	others, err := a.otherPlans(r, p.ID, "")
	if err != nil {
		return err
	}
	to := "/admin/products/" + p.ID
	t, title := typedPlan{kind: "domain", limit: "1", license: catalog.Purchased, support: "12"}.checking(catalog.DefaultChecks), "New plan of "+p.Name
	if r.URL.Query().Get("kind") == string(catalog.KindAddon) {
		t, title = typedPlan{addon: true, extra: "1"}, "New add-on of "+p.Name
	}
	return a.planForm(w, r, http.StatusOK, p.ID, title, t.form(to+"/plans", to, false, others))
}

func (a *area) planCreate(w http.ResponseWriter, r *http.Request) error {
	t, id := planFromForm(r), r.PathValue("id")
	to := "/admin/products/" + id
	others, err := a.otherPlans(r, id, "")
	if err != nil {
		return err
	}
	again := func(bad map[string]string, whole string) error {
		return a.planForm(w, r, http.StatusUnprocessableEntity, id, yesNo(t.addon, "New add-on", "New plan"), ui.WithErrors(t.form(to+"/plans", to, false, others), planErrors(bad), whole))
	}
	in, bad := t.read()
	if len(bad) > 0 {
		return again(bad, "")
	}
	n := catalog.NewPlan{
		Name: t.name, ActivationType: t.kind, ActivationLimit: in.limit, ExtraActivations: in.extra, Entitlements: in.entitlements, Visibility: in.visibility,
		Paths: t.paths, LicenseType: t.license, Support: in.support, Checks: in.checks,
	}
	if t.license != catalog.Purchased && !t.addon {
		n.Support = nil // as long as it runs
	}
	if t.addon {
		n.Kind = catalog.KindAddon
	}
	plan, err := a.Catalog.CreatePlan(r.Context(), id, n)
	if err != nil {
		bad, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return again(bad, whole)
	}
	return done(w, r, "/admin/plans/"+plan.ID+"/prices/new", plan.Name+" was created. Next: its price.")
}

func (a *area) planEdit(w http.ResponseWriter, r *http.Request) error {
	plan, err := a.Catalog.Plan(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	others, err := a.otherPlans(r, plan.ProductID, plan.ID)
	if err != nil {
		return err
	}
	return a.planForm(w, r, http.StatusOK, plan.ProductID, "Edit "+plan.Name, planEditing(plan, others))
}

// planEditing is the form that edits plan.
func planEditing(plan catalog.Plan, others []catalog.Plan) ui.Form {
	t := typedPlan{
		addon: plan.Kind == catalog.KindAddon, name: plan.Name, kind: plan.ActivationType, limit: strconv.FormatInt(plan.ActivationLimit, 10),
		extra: strconv.FormatInt(plan.ExtraActivations, 10), entitlements: entitlementText(plan.Entitlements), hidden: plan.Visibility == catalog.Hidden,
		archived: plan.Status == catalog.Archived, paths: plan.Paths, license: plan.LicenseType, support: supportMonths(plan.Support),
	}.checking(plan.Checks)
	return editing(t.form("/admin/plans/"+plan.ID, "/admin/products/"+plan.ProductID, true, others), plan.Version)
}

// checking is t with how software checks.
func (t typedPlan) checking(c catalog.Checks) typedPlan {
	t.interval, t.grace, t.file = strconv.FormatInt(c.IntervalDays, 10), strconv.FormatInt(c.GraceDays, 10), strconv.FormatInt(c.FileDays, 10)
	return t
}

// supportMonths is a span of support as the form shows it: months, rounded up for those that are counted in days or weeks.
func supportMonths(s civil.Span) string {
	switch {
	case s.IsZero():
		return ""
	case s.Unit == civil.Year:
		return strconv.Itoa(12 * s.Count)
	case s.Unit == civil.Month:
		return strconv.Itoa(s.Count)
	case s.Unit == civil.Week:
		return strconv.Itoa((7*s.Count + 29) / 30)
	}
	return strconv.Itoa((s.Count + 29) / 30)
}

func (a *area) planUpdate(w http.ResponseWriter, r *http.Request) error {
	plan, err := a.Catalog.Plan(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	t, to := planFromForm(r), "/admin/products/"+plan.ProductID
	t.kind, t.addon, t.license = plan.ActivationType, plan.Kind == catalog.KindAddon, plan.LicenseType
	others, err := a.otherPlans(r, plan.ProductID, plan.ID)
	if err != nil {
		return err
	}
	version, err := editedVersion(r)
	if err != nil {
		return err
	}
	typed := func(version int64) ui.Form {
		return editing(t.form("/admin/plans/"+plan.ID, to, true, others), version)
	}
	again := func(bad map[string]string, whole string) error {
		return a.planForm(w, r, http.StatusUnprocessableEntity, plan.ProductID, "Edit "+plan.Name, ui.WithErrors(typed(version), planErrors(bad), whole))
	}
	in, bad := t.read()
	if len(bad) > 0 {
		return again(bad, "")
	}
	status := catalog.Active
	if t.archived {
		status = catalog.Archived
	}
	patch := catalog.PlanPatch{
		Name: &t.name, ActivationLimit: &in.limit, ExtraActivations: &in.extra, Entitlements: in.entitlements, Visibility: &in.visibility, Paths: &t.paths,
		Status: &status, Version: version,
	}
	if in.checks != (catalog.Checks{}) {
		patch.Checks = &in.checks
	}
	if strings.TrimSpace(t.support) != supportMonths(plan.Support) {
		patch.Support = in.support // a span that is not counted in months stays as it is, unless it was changed
	}
	if _, err := a.Catalog.UpdatePlan(r.Context(), plan.ID, patch); err != nil {
		if changedMeanwhile(err) {
			now, err := a.Catalog.Plan(r.Context(), plan.ID)
			if err != nil {
				return err
			}
			return a.planForm(w, r, http.StatusConflict, plan.ProductID, "Edit "+plan.Name, besideNow(typed(now.Version), planEditing(now, others)))
		}
		bad, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return again(bad, whole)
	}
	return done(w, r, to, t.name+" was saved.")
}
