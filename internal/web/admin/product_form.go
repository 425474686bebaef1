package admin

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/web/ui"
)

// typedProduct is the product form as it was typed.
type typedProduct struct {
	slug, name, description, prefix, length, removals string
	license, ignoreCase, removal, archived            bool

	pack, suffixes, secret, reissues                            string
	domain, ip, directory, reissue, public, noSecret, hasSecret bool
}

func productFromForm(r *http.Request) typedProduct {
	f := r.PostFormValue
	return typedProduct{
		slug: f("slug"), name: f("name"), description: f("description"), prefix: f("key.prefix"), length: f("key.length"), removals: f("self_removals_per_30d"),
		license: f("requires_license") != "", ignoreCase: f("key_ignore_case") != "", removal: f("self_removal") != "", archived: f("archived") != "",
		pack: f("pack_name"), suffixes: unixLines(f("private_suffixes")), secret: f("check_secret"), reissues: f("max_reissues"),
		domain: f("enforce_domain") != "", ip: f("enforce_ip") != "", directory: f("enforce_directory") != "", reissue: f("self_reissue") != "",
		public: f("public_check") != "", noSecret: f("no_check_secret") != "",
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
		{Title: "Bound place", Text: "A license is bound to the place of its first check. What is switched on must match at every later one; the rest is only noted.", Fields: []ui.Field{
			{Kind: ui.InputSwitch, Name: "enforce_domain", Label: "The domain must match", Checked: t.domain},
			{Kind: ui.InputSwitch, Name: "enforce_ip", Label: "The IP address must match", Checked: t.ip},
			{Kind: ui.InputSwitch, Name: "enforce_directory", Label: "The directory must match", Checked: t.directory},
			{Kind: ui.InputSwitch, Name: "self_reissue", Label: "Customers may clear it (reissue)", Checked: t.reissue},
			{Kind: ui.InputNumber, Name: "max_reissues", Label: "At most, for one license", Value: t.reissues, Optional: true, Short: true, Min: "0", Hint: "0: as often as they like"},
			{Kind: ui.InputSwitch, Name: "public_check", Label: "A public page tells whether a domain is licensed", Checked: t.public, Hint: "Yes or no, and nothing about the customer."},
		}},
		{Title: "Support and development", Fields: []ui.Field{
			{Name: "pack_name", Label: "Support is called", Value: t.pack, Optional: true, MaxLength: 255, Placeholder: "Support and Upgrade Pack"},
			{Kind: ui.InputTextarea, Name: "private_suffixes", Label: "Domains for development", Value: t.suffixes, Optional: true, Mono: true, Rows: 2, Hint: "One a line. Development licenses run below them too, beside localhost, .test, private networks and the like."},
		}},
		{Title: "WHMCS", Text: "Software that was built for WHMCS's licensing add-on checks here too. It shares a secret with the server, which was built into it.", Fields: t.secretFields()},
	}}
}

// secretFields take the secret of WHMCS's protocol. It is never shown again.
func (t typedProduct) secretFields() []ui.Field {
	f := []ui.Field{{Kind: ui.InputPassword, Name: "check_secret", Label: "Secret", Optional: true, MaxLength: 255, Autocomplete: "off"}}
	if t.hasSecret {
		f[0].Hint = "One is set. Leave this empty to keep it."
		f = append(f, ui.Field{Kind: ui.InputCheckbox, Name: "no_check_secret", Label: "Take it away: such software is answered without a proof that it is this server", Checked: t.noSecret})
	}
	return f
}

// keepSecret sets or takes away the secret of WHMCS's protocol, as was typed, within the transaction of ctx.
func (a *area) keepSecret(ctx context.Context, t typedProduct, productID string) error {
	switch {
	case t.noSecret:
		return a.Catalog.SetCheckSecret(ctx, productID, "")
	case t.secret != "":
		return a.Catalog.SetCheckSecret(ctx, productID, t.secret)
	}
	return nil
}

// bindings are what was typed of the bound place.
func (t typedProduct) bindings(reissues int64) *catalog.Bindings {
	return &catalog.Bindings{EnforceDomain: t.domain, EnforceIP: t.ip, EnforceDirectory: t.directory, SelfReissue: t.reissue, MaxReissues: reissues}
}

// numbers reads the whole numbers of the form; an empty one is 0.
func (t typedProduct) numbers() (length, removals, reissues int64, bad map[string]string) {
	bad = map[string]string{}
	read := func(field, typed string) int64 {
		if strings.TrimSpace(typed) == "" {
			return 0
		}
		return wholeNumber(field, typed, bad)
	}

	return read("key.length", t.length), read("self_removals_per_30d", t.removals), read("max_reissues", t.reissues), bad
}

func (a *area) productForm(w http.ResponseWriter, r *http.Request, status int, title string, f ui.Form) error {
	v := formView{Page: a.page(r, title, "catalog"), Head: ui.Head{Title: title}, Form: f}
	v.Crumbs = []ui.Crumb{{Label: "Catalog", Href: "/admin/catalog"}, {Label: title}}
	return a.form(w, status, v)
}

func (a *area) productNew(w http.ResponseWriter, r *http.Request) error {
	return a.productForm(w, r, http.StatusOK, "New product", typedProduct{license: true, removal: true, reissue: true}.form("/admin/products", "/admin/catalog", false))
}

func (a *area) productCreate(w http.ResponseWriter, r *http.Request) error {
	t := productFromForm(r)
	again := func(bad map[string]string, whole string) error {
		return a.productForm(w, r, http.StatusUnprocessableEntity, "New product", ui.WithErrors(t.form("/admin/products", "/admin/catalog", false), bad, whole))
	}
	length, removals, reissues, bad := t.numbers()
	if len(bad) > 0 {
		return again(bad, "")
	}
	var p catalog.Product
	err := a.DB.Write(r.Context(), func(tx *db.Tx) (err error) {
		ctx := db.With(r.Context(), tx)
		p, err = a.Catalog.CreateProduct(ctx, catalog.NewProduct{
			Slug: t.slug, Name: t.name, Description: t.description, RequiresLicense: &t.license, Key: catalog.KeyFormat{Prefix: t.prefix, Length: length},
			KeyIgnoreCase: t.ignoreCase, SelfRemoval: &t.removal, SelfRemovalsPer30d: removals, Bindings: t.bindings(reissues),
			PackName: strings.TrimSpace(t.pack), PrivateSuffixes: linesOf(t.suffixes), PublicCheck: t.public,
		})
		if err != nil {
			return err
		}
		return a.keepSecret(ctx, t, p.ID)
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
		pack: p.PackName, suffixes: strings.Join(p.PrivateSuffixes, "\n"), reissues: strconv.FormatInt(p.Bindings.MaxReissues, 10),
		domain: p.Bindings.EnforceDomain, ip: p.Bindings.EnforceIP, directory: p.Bindings.EnforceDirectory, reissue: p.Bindings.SelfReissue,
		public: p.PublicCheck, hasSecret: p.HasCheckSecret,
	}
	to := "/admin/products/" + p.ID
	return editing(t.form(to, to, true), p.Version)
}

func (a *area) productUpdate(w http.ResponseWriter, r *http.Request) error {
	t, to := productFromForm(r), "/admin/products/"+r.PathValue("id")
	was, err := a.Catalog.Product(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	t.hasSecret = was.HasCheckSecret
	version, err := editedVersion(r)
	if err != nil {
		return err
	}
	again := func(bad map[string]string, whole string) error {
		return a.productForm(w, r, http.StatusUnprocessableEntity, "Edit product", ui.WithErrors(editing(t.form(to, to, true), version), bad, whole))
	}
	length, removals, reissues, bad := t.numbers()
	if len(bad) > 0 {
		return again(bad, "")
	}
	suffixes, pack, status := linesOf(t.suffixes), strings.TrimSpace(t.pack), catalog.Active
	if t.archived {
		status = catalog.Archived
	}
	var p catalog.Product
	err = a.DB.Write(r.Context(), func(tx *db.Tx) (err error) {
		ctx := db.With(r.Context(), tx)
		p, err = a.Catalog.UpdateProduct(ctx, was.ID, catalog.ProductPatch{
			Name: &t.name, Description: &t.description, RequiresLicense: &t.license, Key: &catalog.KeyFormat{Prefix: t.prefix, Length: length},
			KeyIgnoreCase: &t.ignoreCase, SelfRemoval: &t.removal, SelfRemovalsPer30d: &removals, Bindings: t.bindings(reissues),
			PackName: &pack, PrivateSuffixes: &suffixes, PublicCheck: &t.public, Status: &status, Version: version,
		})
		if err != nil {
			return err
		}
		return a.keepSecret(ctx, t, p.ID)
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
