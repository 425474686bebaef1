package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/catalog"
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
}

// ProductPatch is the body of PATCH /products/{id}.
type ProductPatch struct {
	Name               *string          `json:"name,omitempty" maxLength:"255"`
	Description        Optional[string] `json:"description,omitzero" maxLength:"10000"`
	RequiresLicense    *bool            `json:"requires_license,omitempty"`
	Key                *KeyFormatPatch  `json:"key,omitempty"`
	SelfRemoval        *bool            `json:"self_removal,omitempty"`
	SelfRemovalsPer30d *int64           `json:"self_removals_per_30d,omitempty" minimum:"0" maximum:"10000"`
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
	}
	n.Key, n.KeyIgnoreCase = in.Body.Key.over(n.Key, false)
	p, err := a.Catalog.CreateProduct(ctx, n)
	return showProduct(p), err
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
	}
	if in.Body.Key != nil {
		// Parts of the format are changed: the rest is as it is now, and must still be so when the change is made.
		now, err := a.Catalog.Product(ctx, in.ID)
		if err != nil {
			return Product{}, err
		}
		format, ignoreCase := in.Body.Key.over(now.Key, now.KeyIgnoreCase)
		p.Key, p.KeyIgnoreCase, p.Version = &format, &ignoreCase, now.Version
	}
	changed, err := a.Catalog.UpdateProduct(ctx, in.ID, p)
	return showProduct(changed), err
}
