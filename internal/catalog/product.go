// Package catalog holds what is for sale: products, the plans under which they are sold, and the prices of the plans.
//
// What was sold once stays readable for ever: products and plans are archived, prices retired, nothing is deleted.
package catalog

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/patch"
	"github.com/keystead/keystead/internal/text"
)

// Status says whether a product or plan can be bought.
type Status string

// The statuses. Archived things keep serving what was sold, but are not sold any more.
const (
	Active   Status = "active"
	Archived Status = "archived"
)

func (s Status) check() error {
	if s != Active && s != Archived {
		return fmt.Errorf("is neither %s nor %s", Active, Archived)
	}
	return nil
}

// Product is something that is sold.
type Product struct {
	ID string
	// Slug is the name by which installed software asks for the product. It never changes.
	Slug        string
	Name        string
	Description string
	// RequiresLicense says whether selling a plan of the product issues a license.
	RequiresLicense bool
	Key             KeyFormat
	// KeyIgnoreCase makes keys of the product match regardless of case.
	KeyIgnoreCase bool
	// SelfRemoval lets customers remove activations of their own in the portal, SelfRemovalsPer30d of them in 30 days
	// (0: as many as they like).
	SelfRemoval        bool
	SelfRemovalsPer30d int64
	Status             Status
	Version            int64
	CreatedAt          time.Time
	UpdatedAt          time.Time
}

// KeyFormat is how new keys of a product look: Prefix followed by Length random hexadecimal digits. The zero value is
// the format that products have by default.
type KeyFormat struct {
	Prefix string `json:"prefix"`
	Length int64  `json:"length"`
}

// The bounds of a key format. Fewer than 8 digits could be found by trying.
const (
	maxKeyPrefix  = 32
	minKeyLength  = 8
	maxKeyLength  = 64
	fullKeyLength = 32 // the digits of a key whose format names a prefix only: as many as the default format has
)

func (k KeyFormat) check(f *fail.Fields) KeyFormat {
	if len(k.Prefix) > maxKeyPrefix || strings.ContainsFunc(k.Prefix, notInKey) {
		f.Add("key.prefix", fmt.Sprintf("is not at most %d letters, digits, hyphens, underscores and dots", maxKeyPrefix))
	}
	if k.Prefix != "" && k.Length == 0 {
		k.Length = fullKeyLength
	}
	if k.Length != 0 && (k.Length < minKeyLength || k.Length > maxKeyLength) {
		f.Add("key.length", fmt.Sprintf("is neither 0 nor between %d and %d", minKeyLength, maxKeyLength))
	}
	return k
}

func notInKey(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
}

// NewProduct is what [Service.CreateProduct] needs.
type NewProduct struct {
	Slug               string
	Name               string
	Description        string
	RequiresLicense    *bool // nil: it does
	Key                KeyFormat
	KeyIgnoreCase      bool
	SelfRemoval        *bool // nil: allowed
	SelfRemovalsPer30d int64
}

// Validate reports everything that is wrong with n, after bringing it into the form in which it is stored.
func (n *NewProduct) Validate() error {
	var f fail.Fields
	var err error
	f.Check("slug", checkSlug(n.Slug))
	n.Name, err = text.Required(n.Name, text.NameLength)
	f.Check("name", err)
	n.Description, err = text.Notes(n.Description, text.NotesLength)
	f.Check("description", err)
	n.Key = n.Key.check(&f)
	f.Check("self_removals_per_30d", checkRemovals(n.SelfRemovalsPer30d))
	return f.Err()
}

const maxSlug = 64

var errSlug = errors.New("is not a slug: groups of a-z and 0-9, joined by single hyphens, at most 64 characters")

func checkSlug(s string) error {
	if s == "" || len(s) > maxSlug {
		return errSlug
	}
	for group := range strings.SplitSeq(s, "-") {
		if group == "" || strings.ContainsFunc(group, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
			return errSlug
		}
	}
	return nil
}

const maxRemovals = 10_000

func checkRemovals(n int64) error {
	if n < 0 || n > maxRemovals {
		return fmt.Errorf("is not between 0 and %d", maxRemovals)
	}
	return nil
}

// ProductPatch changes the fields that are not nil. A Version other than 0 is the one that the change was made from:
// if the product has another by now, nothing changes.
type ProductPatch struct {
	Name               *string
	Description        *string
	RequiresLicense    *bool
	Key                *KeyFormat
	KeyIgnoreCase      *bool
	SelfRemoval        *bool
	SelfRemovalsPer30d *int64
	Status             *Status
	Version            int64
}

// Validate reports everything that is wrong with p, after bringing it into the form in which it is stored.
func (p *ProductPatch) Validate() error {
	var f fail.Fields
	if p.Name != nil {
		name, err := text.Required(*p.Name, text.NameLength)
		p.Name = &name
		f.Check("name", err)
	}
	if p.Description != nil {
		description, err := text.Notes(*p.Description, text.NotesLength)
		p.Description = &description
		f.Check("description", err)
	}
	if p.Key != nil {
		key := p.Key.check(&f)
		p.Key = &key
	}
	if p.SelfRemovalsPer30d != nil {
		f.Check("self_removals_per_30d", checkRemovals(*p.SelfRemovalsPer30d))
	}
	if p.Status != nil {
		f.Check("status", p.Status.check())
	}
	return f.Err()
}

// applyTo returns what becomes of a product, and what changes.
func (p ProductPatch) applyTo(product Product) (Product, patch.Diff) {
	var d patch.Diff
	patch.Set(&d, "name", &product.Name, p.Name)
	patch.Set(&d, "description", &product.Description, p.Description)
	patch.Set(&d, "requires_license", &product.RequiresLicense, p.RequiresLicense)
	patch.Set(&d, "key", &product.Key, p.Key)
	patch.Set(&d, "key_ignore_case", &product.KeyIgnoreCase, p.KeyIgnoreCase)
	patch.Set(&d, "self_removal", &product.SelfRemoval, p.SelfRemoval)
	patch.Set(&d, "self_removals_per_30d", &product.SelfRemovalsPer30d, p.SelfRemovalsPer30d)
	patch.Set(&d, "status", &product.Status, p.Status)
	return product, d
}
