// Package catalog holds what is for sale: products, the plans under which they are sold, and the prices of the plans.
//
// What was sold once stays readable for ever: products and plans are archived, prices retired, nothing is deleted.
package catalog

import (
	"errors"
	"fmt"
	"slices"
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
	Bindings           Bindings
	// PackName is how the support that a purchase includes is called.
	PackName string
	// PrivateSuffixes are domains below which development licenses run, beside those that are never public.
	PrivateSuffixes []string
	// PublicCheck opens a page that tells visitors whether a domain is licensed.
	PublicCheck bool
	// HasCheckSecret says that answers over WHMCS's protocol carry a hash: see [Service.SetCheckSecret].
	HasCheckSecret bool
	Status         Status
	Version        int64
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// Bindings say what becomes of the place of a license's first check: which of its parts later checks must match, and
// whether customers may clear it, so that the next check binds anew.
type Bindings struct {
	EnforceDomain    bool  `json:"enforce_domain"`
	EnforceIP        bool  `json:"enforce_ip"`
	EnforceDirectory bool  `json:"enforce_directory"`
	SelfReissue      bool  `json:"self_reissue"`
	MaxReissues      int64 `json:"max_reissues"` // of one license; 0: any number
}

// defaultBindings are those of products that say nothing.
var defaultBindings = Bindings{SelfReissue: true}

func (b Bindings) check() error {
	if b.MaxReissues < 0 || b.MaxReissues > maxRemovals {
		return fmt.Errorf("have a maximum of reissues that is not between 0 and %d", maxRemovals)
	}
	return nil
}

// defaultPackName is how the support of a purchase is called unless the product says otherwise.
const defaultPackName = "Support and Upgrade Pack"

// checkPackName returns the name of support as it is stored. WHMCS's protocol separates add-ons by | and their fields by
// ; and =, so a name has none of them.
func checkPackName(name string) (string, error) {
	if name == "" {
		return defaultPackName, nil
	}
	name, err := text.Required(name, text.NameLength)
	if err == nil && strings.ContainsAny(name, "|;=") {
		err = errors.New("has one of the characters | ; =, by which older software tells add-ons apart")
	}
	return name, err
}

// maxSuffixes is more than anybody lists.
const maxSuffixes = 100

// checkSuffixes returns domains as they are compared: in lower case, without dots around.
func checkSuffixes(list []string) ([]string, error) {
	if len(list) > maxSuffixes {
		return nil, fmt.Errorf("are more than %d", maxSuffixes)
	}
	kept := []string{}
	for _, suffix := range list {
		suffix = strings.Trim(strings.ToLower(strings.TrimSpace(suffix)), ".")
		if suffix == "" || len(suffix) > 253 || strings.ContainsAny(suffix, "*/:@ ") {
			return nil, fmt.Errorf("have %q, which is not a domain such as dev.example.com", suffix)
		}
		if !slices.Contains(kept, suffix) {
			kept = append(kept, suffix)
		}
	}
	slices.Sort(kept)
	return kept, nil
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
	Bindings           *Bindings // nil: nothing is enforced, customers may reissue
	PackName           string    // empty: Support and Upgrade Pack
	PrivateSuffixes    []string
	PublicCheck        bool
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
	if n.Bindings == nil {
		n.Bindings = &defaultBindings
	}
	f.Check("bindings", n.Bindings.check())
	n.PackName, err = checkPackName(n.PackName)
	f.Check("pack_name", err)
	n.PrivateSuffixes, err = checkSuffixes(n.PrivateSuffixes)
	f.Check("private_suffixes", err)
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
	Bindings           *Bindings
	PackName           *string
	PrivateSuffixes    *[]string // replaces all of them
	PublicCheck        *bool
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
	if p.Bindings != nil {
		f.Check("bindings", p.Bindings.check())
	}
	if p.PackName != nil {
		name, err := checkPackName(*p.PackName)
		p.PackName = &name
		f.Check("pack_name", err)
	}
	if p.PrivateSuffixes != nil {
		suffixes, err := checkSuffixes(*p.PrivateSuffixes)
		p.PrivateSuffixes = &suffixes
		f.Check("private_suffixes", err)
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
	patch.Set(&d, "bindings", &product.Bindings, p.Bindings)
	patch.Set(&d, "pack_name", &product.PackName, p.PackName)
	if p.PrivateSuffixes != nil && !slices.Equal(*p.PrivateSuffixes, product.PrivateSuffixes) {
		d.Note("private_suffixes", product.PrivateSuffixes, *p.PrivateSuffixes)
		product.PrivateSuffixes = *p.PrivateSuffixes
	}
	patch.Set(&d, "public_check", &product.PublicCheck, p.PublicCheck)
	patch.Set(&d, "status", &product.Status, p.Status)
	return product, d
}
