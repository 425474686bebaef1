package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
)

// Product is a product as the API shows it.
type Product struct {
	ID                 string    `json:"id" example:"prd_01hx2b6yh4m3nq0r8s5t"`
	Slug               string    `json:"slug"`
	Name               string    `json:"name"`
	Description        *string   `json:"description"`
	RequiresLicense    bool      `json:"requires_license" doc:"Whether selling it issues a license"`
	Key                KeyFormat `json:"key"`
	SelfRemoval        bool      `json:"self_removal" doc:"Whether customers may remove their own activations"`
	SelfRemovalsPer30d int64     `json:"self_removals_per_30d" doc:"How many of them in 30 days; 0: as many as they like"`
	Bindings           Bindings  `json:"bindings"`
	AllowReissue       bool      `json:"allow_reissue" doc:"Whether customers may clear the place that a license is bound to"`
	MaxReissues        int64     `json:"max_reissues" doc:"How often, for one license; 0: as often as they like"`
	HasWHMCSSecret     bool      `json:"has_whmcs_secret" doc:"Whether answers over WHMCS's protocol carry the hash that its clients compare"`
	PackName           string    `json:"pack_name" doc:"How the support that a purchase includes is called"`
	PrivateSuffixes    []string  `json:"private_suffixes" nullable:"false" doc:"Domains below which development licenses run, beside those that are never public"`
	PublicCheck        bool      `json:"public_check" doc:"Whether a page tells visitors if a domain is licensed"`
	Status             string    `json:"status" enum:"active,archived"`
	CreatedAt          time.Time `json:"created_at"`
	UpdatedAt          time.Time `json:"updated_at"`
}

// KeyFormat is how the license keys of a product look.
type KeyFormat struct {
	Prefix     string `json:"prefix"`
	Length     int64  `json:"length" doc:"How many random hexadecimal digits follow the prefix; 0: the default format"`
	IgnoreCase bool   `json:"ignore_case"`
}

// Bindings say which parts of the place of a license's first check later checks must match.
type Bindings struct {
	Domain    bool `json:"domain"`
	IP        bool `json:"ip"`
	Directory bool `json:"directory"`
}

// BindingsPatch changes the parts that it names.
type BindingsPatch struct {
	Domain    *bool `json:"domain,omitempty"`
	IP        *bool `json:"ip,omitempty"`
	Directory *bool `json:"directory,omitempty"`
}

// KeyFormatPatch changes the fields that it names.
type KeyFormatPatch struct {
	Prefix     *string `json:"prefix,omitempty" maxLength:"32" doc:"Letters, digits, hyphen, underscore, dot"`
	Length     *int64  `json:"length,omitempty" minimum:"0" maximum:"64" doc:"0, or 8 to 64; a prefix without a length has 32 digits behind it"`
	IgnoreCase *bool   `json:"ignore_case,omitempty"`
}

func showProduct(p catalog.Product) Product {
	return Product{
		ID: p.ID, Slug: p.Slug, Name: p.Name, Description: orNull(p.Description), RequiresLicense: p.RequiresLicense,
		Key:         KeyFormat{Prefix: p.Key.Prefix, Length: p.Key.Length, IgnoreCase: p.KeyIgnoreCase},
		SelfRemoval: p.SelfRemoval, SelfRemovalsPer30d: p.SelfRemovalsPer30d, Status: string(p.Status),
		Bindings:     Bindings{Domain: p.Bindings.EnforceDomain, IP: p.Bindings.EnforceIP, Directory: p.Bindings.EnforceDirectory},
		AllowReissue: p.Bindings.SelfReissue, MaxReissues: p.Bindings.MaxReissues, HasWHMCSSecret: p.HasCheckSecret, PackName: p.PackName,
		PrivateSuffixes: append([]string{}, p.PrivateSuffixes...), PublicCheck: p.PublicCheck,
		CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(),
	}
}

// NewProduct is the body of POST /products.
type NewProduct struct {
	Slug               string          `json:"slug" maxLength:"64" doc:"The name by which installed software asks for the product; it never changes" example:"invoice-tool"`
	Name               string          `json:"name" maxLength:"255"`
	Description        string          `json:"description,omitempty" maxLength:"10000"`
	RequiresLicense    *bool           `json:"requires_license,omitempty" doc:"Default: true"`
	Key                *KeyFormatPatch `json:"key,omitempty"`
	SelfRemoval        *bool           `json:"self_removal,omitempty" doc:"Default: true"`
	SelfRemovalsPer30d int64           `json:"self_removals_per_30d,omitempty" minimum:"0" maximum:"10000"`
	Bindings           *BindingsPatch  `json:"bindings,omitempty" doc:"Default: nothing has to match"`
	AllowReissue       *bool           `json:"allow_reissue,omitempty" doc:"Default: true"`
	MaxReissues        *int64          `json:"max_reissues,omitempty" minimum:"0" maximum:"10000"`
	WHMCSSecret        string          `json:"whmcs_secret,omitempty" maxLength:"255" doc:"Built into software that checks over WHMCS's protocol. It is never shown again"`
	PackName           string          `json:"pack_name,omitempty" maxLength:"255" doc:"Default: Support and Upgrade Pack"`
	PrivateSuffixes    []string        `json:"private_suffixes,omitempty" maxItems:"100" maxLength:"253"`
	PublicCheck        bool            `json:"public_check,omitempty"`
}

// ProductPatch is the body of PATCH /products/{id}.
type ProductPatch struct {
	Name               *string          `json:"name,omitempty" maxLength:"255"`
	Description        Optional[string] `json:"description,omitzero" maxLength:"10000"`
	RequiresLicense    *bool            `json:"requires_license,omitempty"`
	Key                *KeyFormatPatch  `json:"key,omitempty"`
	SelfRemoval        *bool            `json:"self_removal,omitempty"`
	SelfRemovalsPer30d *int64           `json:"self_removals_per_30d,omitempty" minimum:"0" maximum:"10000"`
	Bindings           *BindingsPatch   `json:"bindings,omitempty"`
	AllowReissue       *bool            `json:"allow_reissue,omitempty"`
	MaxReissues        *int64           `json:"max_reissues,omitempty" minimum:"0" maximum:"10000"`
	WHMCSSecret        Optional[string] `json:"whmcs_secret,omitzero" maxLength:"255" doc:"Null: answers over WHMCS's protocol carry no hash any more"`
	PackName           *string          `json:"pack_name,omitempty" maxLength:"255"`
	PrivateSuffixes    *[]string        `json:"private_suffixes,omitempty" maxItems:"100" doc:"Replaces all of them"`
	PublicCheck        *bool            `json:"public_check,omitempty"`
	Status             *string          `json:"status,omitempty" enum:"active,archived"`
}

func (a *API) products() {
	add(a, route{Method: http.MethodPost, Path: "/products", Scope: "catalog:write", Tag: "Catalog", Summary: "Add a product", Status: http.StatusCreated, Codes: []string{"SLUG_TAKEN"}},
		a.createProduct)
	add(a, route{Method: http.MethodGet, Path: "/products", Scope: "catalog:read", Tag: "Catalog", Summary: "List products", Notes: "Oldest first."},
		a.listProducts)
	add(a, route{Method: http.MethodGet, Path: "/products/{id}", Scope: "catalog:read", Tag: "Catalog", Summary: "Show a product", Codes: []string{"PRODUCT_NOT_FOUND"}},
		func(ctx context.Context, in *ByID) (Product, error) {
			p, err := a.Catalog.Product(ctx, in.ID)
			return showProduct(p), err
		})
	add(a, route{Method: http.MethodPatch, Path: "/products/{id}", Scope: "catalog:write", Tag: "Catalog", Summary: "Change a product", Notes: "A change of key.ignore_case changes how all keys of the product are compared, those that were sold included.", Codes: []string{"PRODUCT_NOT_FOUND", "SLUG_TAKEN"}},
		a.patchProduct)
}

func (a *API) createProduct(ctx context.Context, in *struct{ Body NewProduct }) (Product, error) {
	n := catalog.NewProduct{
		Slug: in.Body.Slug, Name: in.Body.Name, Description: in.Body.Description, RequiresLicense: in.Body.RequiresLicense,
		SelfRemoval: in.Body.SelfRemoval, SelfRemovalsPer30d: in.Body.SelfRemovalsPer30d,
		PackName: in.Body.PackName, PrivateSuffixes: in.Body.PrivateSuffixes, PublicCheck: in.Body.PublicCheck,
	}
	n.Key, n.KeyIgnoreCase = in.Body.Key.over(n.Key, false)
	bindings := bindingsOver(catalog.Bindings{SelfReissue: true}, in.Body.Bindings, in.Body.AllowReissue, in.Body.MaxReissues)
	n.Bindings = &bindings
	var p catalog.Product
	err := a.DB.Write(ctx, func(tx *db.Tx) (err error) {
		ctx := db.With(ctx, tx)
		if p, err = a.Catalog.CreateProduct(ctx, n); err != nil || in.Body.WHMCSSecret == "" {
			return err
		}
		p, err = a.setSecret(ctx, p.ID, in.Body.WHMCSSecret)
		return err
	})
	return showProduct(p), err
}

// bindingsOver returns bindings with the changes that a body names.
func bindingsOver(b catalog.Bindings, enforce *BindingsPatch, reissue *bool, most *int64) catalog.Bindings {
	if enforce != nil {
		for _, part := range []struct{ to, from *bool }{{&b.EnforceDomain, enforce.Domain}, {&b.EnforceIP, enforce.IP}, {&b.EnforceDirectory, enforce.Directory}} {
			if part.from != nil {
				*part.to = *part.from
			}
		}
	}
	if reissue != nil {
		b.SelfReissue = *reissue
	}
	if most != nil {
		b.MaxReissues = *most
	}
	return b
}

// setSecret sets the secret of WHMCS's protocol, and returns the product as it is then.
func (a *API) setSecret(ctx context.Context, id, secret string) (catalog.Product, error) {
	if err := a.Catalog.SetCheckSecret(ctx, id, secret); err != nil {
		e := fail.Of(err)
		if e.Kind == fail.KindInvalid {
			return catalog.Product{}, fail.Invalid("whmcs_secret", e.Fields[0].Message)
		}
		return catalog.Product{}, err
	}
	return a.Catalog.Product(ctx, id)
}

// over returns a key format with the changes of k.
func (k *KeyFormatPatch) over(format catalog.KeyFormat, ignoreCase bool) (catalog.KeyFormat, bool) {
	if k == nil {
		return format, ignoreCase
	}
	if k.Prefix != nil {
		format.Prefix = *k.Prefix
	}
	if k.Length != nil {
		format.Length = *k.Length
	}
	if k.IgnoreCase != nil {
		ignoreCase = *k.IgnoreCase
	}
	return format, ignoreCase
}

type listProductsInput struct {
	Paging
	Slug   string `query:"slug" maxLength:"64" doc:"Exactly this one"`
	Status string `query:"status" enum:"active,archived"`
}

func (a *API) listProducts(ctx context.Context, in *listProductsInput) (List[Product], error) {
	if in.Slug != "" {
		p, err := a.Catalog.ProductBySlug(ctx, in.Slug)
		if err != nil && fail.Of(err).Kind == fail.KindNotFound || err == nil && in.Status != "" && in.Status != string(p.Status) {
			return listOf(nil, "", showProduct), nil
		}
		return listOf([]catalog.Product{p}, "", showProduct), err
	}
	found, next, err := a.Catalog.Products(ctx, catalog.Filter{Status: catalog.Status(in.Status), Cursor: in.Cursor, Limit: in.Limit})
	return listOf(found, next, showProduct), err
}

type patchProductInput struct {
	ByID
	Body ProductPatch
}

func (a *API) patchProduct(ctx context.Context, in *patchProductInput) (Product, error) {
	p := catalog.ProductPatch{
		Name: in.Body.Name, Description: in.Body.Description.orZero(), RequiresLicense: in.Body.RequiresLicense,
		SelfRemoval: in.Body.SelfRemoval, SelfRemovalsPer30d: in.Body.SelfRemovalsPer30d, Status: (*catalog.Status)(in.Body.Status),
		PackName: in.Body.PackName, PrivateSuffixes: in.Body.PrivateSuffixes, PublicCheck: in.Body.PublicCheck,
	}
	if in.Body.Key != nil || in.Body.Bindings != nil || in.Body.AllowReissue != nil || in.Body.MaxReissues != nil {
		// Parts of them are changed: the rest is as it is now, and must still be so when the change is made.
		now, err := a.Catalog.Product(ctx, in.ID)
		if err != nil {
			return Product{}, err
		}
		format, ignoreCase := in.Body.Key.over(now.Key, now.KeyIgnoreCase)
		bindings := bindingsOver(now.Bindings, in.Body.Bindings, in.Body.AllowReissue, in.Body.MaxReissues)
		p.Key, p.KeyIgnoreCase, p.Bindings, p.Version = &format, &ignoreCase, &bindings, now.Version
	}
	var changed catalog.Product
	err := a.DB.Write(ctx, func(tx *db.Tx) (err error) {
		ctx := db.With(ctx, tx)
		if changed, err = a.Catalog.UpdateProduct(ctx, in.ID, p); err != nil || !in.Body.WHMCSSecret.Set {
			return err
		}
		changed, err = a.setSecret(ctx, in.ID, *in.Body.WHMCSSecret.orZero())
		return err
	})
	return showProduct(changed), err
}
