package admin

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/web/ui"
)

// typedProduct is the product form as it was typed.
type typedProduct struct {
	slug, name, description, prefix, length, removals string
	license, ignoreCase, removal, archived            bool
}

func productFromForm(r *http.Request) typedProduct {
	f := r.PostFormValue
	return typedProduct{
		slug: f("slug"), name: f("name"), description: f("description"), prefix: f("key.prefix"), length: f("key.length"), removals: f("self_removals_per_30d"),
		license: f("requires_license") != "", ignoreCase: f("key_ignore_case") != "", removal: f("self_removal") != "", archived: f("archived") != "",
	}
}

func (t typedProduct) form(action, cancel string, exists bool) ui.Form {
	about := []ui.Field{
		{Name: "name", Label: "Name", Value: t.name, Required: true, MaxLength: 255},
		{Name: "slug", Label: "Slug", Value: t.slug, Required: true, Mono: true, MaxLength: 64, ReadOnly: exists, Hint: "How installed software names the product, such as widget-pro. It never changes."},
		{Kind: ui.InputTextarea, Name: "description", Label: "Description", Value: t.description, Optional: true, Rows: 3},
	}
	if exists {
		about = append(about, ui.Field{Kind: ui.InputSwitch, Name: "archived", Label: "Archived", Checked: t.archived, Hint: "Can't be ordered any more. Licenses go on."})
	}
	return ui.Form{Action: action, Submit: "Save product", Cancel: cancel, Sections: []ui.FormSection{
		{Title: "About", Fields: about},
		{Title: "License", Text: "A paid order issues one license per line. Leave the key format empty for 32 hex digits in four groups.", Fields: []ui.Field{
			{Kind: ui.InputSwitch, Name: "requires_license", Label: "Selling it issues a license", Checked: t.license},
			{Name: "key.prefix", Label: "Key prefix", Value: t.prefix, Optional: true, Mono: true, MaxLength: 32, Hint: "Such as Owned-"},
			{Kind: ui.InputNumber, Name: "key.length", Label: "Random hex digits", Value: t.length, Optional: true, Short: true, Min: "0", Max: "64"},
			{Kind: ui.InputSwitch, Name: "key_ignore_case", Label: "Upper and lower case of keys are the same", Checked: t.ignoreCase},
		}},
		{Title: "Portal", Fields: []ui.Field{
			{Kind: ui.InputSwitch, Name: "self_removal", Label: "Customers may remove their own activations", Checked: t.removal},
			{Kind: ui.InputNumber, Name: "self_removals_per_30d", Label: "At most, in 30 days", Value: t.removals, Optional: true, Short: true, Min: "0", Hint: "0: as many as they like"},
		}},
	}}
}

// numbers reads the whole numbers of the form; an empty one is 0.
func (t typedProduct) numbers() (length, removals int64, bad map[string]string) {
	bad = map[string]string{}
	read := func(field, s string) int64 {
		if s = strings.TrimSpace(s); s == "" {
			return 0
		}
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			bad[field] = "is not a whole number"
		}
		return n
	}
	return read("key.length", t.length), read("self_removals_per_30d", t.removals), bad
}

func (a *area) productForm(w http.ResponseWriter, r *http.Request, status int, title string, f ui.Form) error {
	v := formView{Page: a.page(r, title, "catalog"), Head: ui.Head{Title: title}, Form: f}
	v.Crumbs = []ui.Crumb{{Label: "Catalog", Href: "/admin/catalog"}, {Label: title}}
	return a.form(w, status, v)
}

func (a *area) productNew(w http.ResponseWriter, r *http.Request) error {
	return a.productForm(w, r, http.StatusOK, "New product", typedProduct{license: true, removal: true}.form("/admin/products", "/admin/catalog", false))
}

func (a *area) productCreate(w http.ResponseWriter, r *http.Request) error {
	t := productFromForm(r)
	again := func(bad map[string]string, whole string) error {
		return a.productForm(w, r, http.StatusUnprocessableEntity, "New product", ui.WithErrors(t.form("/admin/products", "/admin/catalog", false), bad, whole))
	}
	length, removals, bad := t.numbers()
	if len(bad) > 0 {
		return again(bad, "")
	}
	p, err := a.Catalog.CreateProduct(r.Context(), catalog.NewProduct{
		Slug: t.slug, Name: t.name, Description: t.description, RequiresLicense: &t.license, Key: catalog.KeyFormat{Prefix: t.prefix, Length: length},
		KeyIgnoreCase: t.ignoreCase, SelfRemoval: &t.removal, SelfRemovalsPer30d: removals,
	})
	if err != nil {
		bad, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return again(bad, whole)
	}
	return done(w, r, "/admin/products/"+p.ID, p.Name+" was created. Next: a plan.")
}

func (a *area) productEdit(w http.ResponseWriter, r *http.Request) error {
	p, err := a.Catalog.Product(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.productForm(w, r, http.StatusOK, "Edit "+p.Name, productEditing(p))
}

// productEditing is the form that edits p.
func productEditing(p catalog.Product) ui.Form {
	t := typedProduct{
		slug: p.Slug, name: p.Name, description: p.Description, prefix: p.Key.Prefix, length: strconv.FormatInt(p.Key.Length, 10), removals: strconv.FormatInt(p.SelfRemovalsPer30d, 10),
		license: p.RequiresLicense, ignoreCase: p.KeyIgnoreCase, removal: p.SelfRemoval, archived: p.Status == catalog.Archived,
	}
	to := "/admin/products/" + p.ID
	return editing(t.form(to, to, true), p.Version)
}

func (a *area) productUpdate(w http.ResponseWriter, r *http.Request) error {
	t, to := productFromForm(r), "/admin/products/"+r.PathValue("id")
	version, err := editedVersion(r)
	if err != nil {
		return err
	}
	again := func(bad map[string]string, whole string) error {
		return a.productForm(w, r, http.StatusUnprocessableEntity, "Edit product", ui.WithErrors(editing(t.form(to, to, true), version), bad, whole))
	}
	length, removals, bad := t.numbers()
	if len(bad) > 0 {
		return again(bad, "")
	}
	status := catalog.Active
	if t.archived {
		status = catalog.Archived
	}
	p, err := a.Catalog.UpdateProduct(r.Context(), r.PathValue("id"), catalog.ProductPatch{
		Name: &t.name, Description: &t.description, RequiresLicense: &t.license, Key: &catalog.KeyFormat{Prefix: t.prefix, Length: length},
		KeyIgnoreCase: &t.ignoreCase, SelfRemoval: &t.removal, SelfRemovalsPer30d: &removals, Status: &status, Version: version,
	})
	if err != nil {
		if changedMeanwhile(err) {
			now, err := a.Catalog.Product(r.Context(), r.PathValue("id"))
			if err != nil {
				return err
			}
			return a.productForm(w, r, http.StatusConflict, "Edit product", besideNow(editing(t.form(to, to, true), now.Version), productEditing(now)))
		}
		bad, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return again(bad, whole)
	}
	return done(w, r, to, p.Name+" was saved.")
}
