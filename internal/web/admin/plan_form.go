package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/catalog"
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
	name, kind, limit, entitlements string
	archived                        bool
}

func planFromForm(r *http.Request) typedPlan {
	f := r.PostFormValue
	return typedPlan{name: f("name"), kind: f("activation_type"), limit: f("activation_limit"), entitlements: f("entitlements"), archived: f("archived") != ""}
}

func (t typedPlan) form(action, cancel string, exists bool) ui.Form {
	about := []ui.Field{{Name: "name", Label: "Name", Value: t.name, Required: true, MaxLength: 255}}
	kind := ui.Field{Kind: ui.InputSelect, Name: "activation_type", Label: "An activation is", Value: t.kind, Disabled: exists, Options: []ui.Option{
		{Value: "domain", Label: "a domain"}, {Value: "device", Label: "a device"}, {Value: "seat", Label: "a person (seat)"}, {Value: "instance", Label: "an installation (instance)"},
	}}
	if exists {
		kind.Hint = "It stays as it was when the plan was made."
		about = append(about, ui.Field{Kind: ui.InputSwitch, Name: "archived", Label: "Archived", Checked: t.archived, Hint: "Can't be ordered any more. Licenses go on."})
	}
	return ui.Form{Action: action, Submit: "Save plan", Cancel: cancel, Sections: []ui.FormSection{
		{Title: "About", Fields: about},
		{Title: "Use", Text: "What a license of this plan allows. A change counts for licenses that are issued from now on; entitlements for all.", Fields: []ui.Field{
			kind,
			{Kind: ui.InputNumber, Name: "activation_limit", Label: "Activations", Value: t.limit, Required: true, Short: true, Min: "0", Hint: "0: unlimited"},
			{Kind: ui.InputTextarea, Name: "entitlements", Label: "Entitlements", Value: t.entitlements, Optional: true, Mono: true, Rows: 5, Hint: "One a line: feature.sso, projects.max = 25, support = \"gold\""},
		}},
	}}
}

// read turns what was typed into values; bad names the fields that can't be read.
func (t typedPlan) read() (limit int64, entitlements map[string]any, bad map[string]string) {
	bad = map[string]string{}
	limit, err := strconv.ParseInt(strings.TrimSpace(t.limit), 10, 64)
	if err != nil {
		bad["activation_limit"] = "is not a whole number"
	}
	if entitlements, err = parseEntitlements(t.entitlements); err != nil {
		bad["entitlements"] = err.Error()
	}
	return limit, entitlements, bad
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
	to := "/admin/products/" + p.ID
	return a.planForm(w, r, http.StatusOK, p.ID, "New plan of "+p.Name, typedPlan{kind: "domain", limit: "1"}.form(to+"/plans", to, false))
}

func (a *area) planCreate(w http.ResponseWriter, r *http.Request) error {
	t, id := planFromForm(r), r.PathValue("id")
	to := "/admin/products/" + id
	again := func(bad map[string]string, whole string) error {
		return a.planForm(w, r, http.StatusUnprocessableEntity, id, "New plan", ui.WithErrors(t.form(to+"/plans", to, false), bad, whole))
	}
	limit, entitlements, bad := t.read()
	if len(bad) > 0 {
		return again(bad, "")
	}
	plan, err := a.Catalog.CreatePlan(r.Context(), id, catalog.NewPlan{Name: t.name, ActivationType: t.kind, ActivationLimit: limit, Entitlements: entitlements})
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
	return a.planForm(w, r, http.StatusOK, plan.ProductID, "Edit "+plan.Name, planEditing(plan))
}

// planEditing is the form that edits plan.
func planEditing(plan catalog.Plan) ui.Form {
	t := typedPlan{name: plan.Name, kind: plan.ActivationType, limit: strconv.FormatInt(plan.ActivationLimit, 10), entitlements: entitlementText(plan.Entitlements), archived: plan.Status == catalog.Archived}
	return editing(t.form("/admin/plans/"+plan.ID, "/admin/products/"+plan.ProductID, true), plan.Version)
}

func (a *area) planUpdate(w http.ResponseWriter, r *http.Request) error {
	plan, err := a.Catalog.Plan(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	t, to := planFromForm(r), "/admin/products/"+plan.ProductID
	t.kind = plan.ActivationType
	version, err := editedVersion(r)
	if err != nil {
		return err
	}
	typed := func(version int64) ui.Form { return editing(t.form("/admin/plans/"+plan.ID, to, true), version) }
	again := func(bad map[string]string, whole string) error {
		return a.planForm(w, r, http.StatusUnprocessableEntity, plan.ProductID, "Edit "+plan.Name, ui.WithErrors(typed(version), bad, whole))
	}
	limit, entitlements, bad := t.read()
	if len(bad) > 0 {
		return again(bad, "")
	}
	status := catalog.Active
	if t.archived {
		status = catalog.Archived
	}
	patch := catalog.PlanPatch{Name: &t.name, ActivationLimit: &limit, Entitlements: entitlements, Status: &status, Version: version}
	if _, err := a.Catalog.UpdatePlan(r.Context(), plan.ID, patch); err != nil {
		if changedMeanwhile(err) {
			now, err := a.Catalog.Plan(r.Context(), plan.ID)
			if err != nil {
				return err
			}
			return a.planForm(w, r, http.StatusConflict, plan.ProductID, "Edit "+plan.Name, besideNow(typed(now.Version), planEditing(now)))
		}
		bad, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return again(bad, whole)
	}
	return done(w, r, to, t.name+" was saved.")
}
