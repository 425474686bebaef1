package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/patch"
	"github.com/keystead/keystead/internal/text"
)

// Purchased is the license type of perpetual use, and the only one on sale so far.
const Purchased = "purchased"

// ActivationTypes are the kinds of places that a license can count.
var ActivationTypes = []string{"domain", "device", "seat", "instance"}

// PlanKind says what paying for a plan gives.
type PlanKind string

// The kinds of plans. An add-on adds to a license that another plan of the product has issued.
const (
	KindLicense PlanKind = "license"
	KindAddon   PlanKind = "addon"
)

// Visibility says whether the shop shows a plan. A hidden one can be ordered by whoever has its link.
type Visibility string

// The visibilities.
const (
	Public Visibility = "public"
	Hidden Visibility = "hidden"
)

func (v Visibility) check() error {
	if v != Public && v != Hidden {
		return fmt.Errorf("is neither %s nor %s", Public, Hidden)
	}
	return nil
}

// maxPaths is more plans than anybody lists.
const maxPaths = 100

// maxActivationLimit keeps a limit times a quantity within what is counted.
const maxActivationLimit = 1_000_000

// Plan is how a product is sold: the terms of the licenses that it yields.
type Plan struct {
	ID              string
	ProductID       string
	Kind            PlanKind
	Name            string
	LicenseType     string
	ActivationType  string
	ActivationLimit int64 // 0: unlimited
	// ExtraActivations is what one of an add-on adds to the limit of its license.
	ExtraActivations int64
	Entitlements     Entitlements
	Visibility       Visibility
	// Paths are the plans to which a subscriber may change; none: every other of the product.
	Paths     []string
	Status    Status
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// NewPlan is what [Service.CreatePlan] needs. LicenseType may be left empty: there is one. An add-on has neither
// activations of its own nor a limit; what it adds is in ExtraActivations and Entitlements.
type NewPlan struct {
	Kind             PlanKind // empty: a license
	Name             string
	LicenseType      string
	ActivationType   string
	ActivationLimit  int64
	ExtraActivations int64
	Entitlements     map[string]any
	Visibility       Visibility // empty: public
	Paths            []string
}

// Validate reports everything that is wrong with n, after bringing it into the form in which it is stored.
func (n *NewPlan) Validate() error {
	var f fail.Fields
	var err error
	n.Name, err = text.Required(n.Name, text.NameLength)
	f.Check("name", err)
	if n.LicenseType == "" {
		n.LicenseType = Purchased
	}
	if n.LicenseType != Purchased {
		f.Add("license_type", "is not "+Purchased+", the only type that this version sells")
	}
	n.checkKind(&f)
	if !slices.Contains(ActivationTypes, n.ActivationType) {
		f.Add("activation_type", "is not one of "+strings.Join(ActivationTypes, ", "))
	}
	f.Check("activation_limit", checkLimit(n.ActivationLimit))
	n.Entitlements, err = CheckEntitlements(n.Entitlements)
	f.Check("entitlements", err)
	if n.Visibility == "" {
		n.Visibility = Public
	}
	f.Check("visibility", n.Visibility.check())
	f.Check("paths", checkPaths(n.Paths))
	return f.Err()
}

// checkKind sees to it that a plan has only what its kind can have.
func (n *NewPlan) checkKind(f *fail.Fields) {
	switch n.Kind {
	case KindLicense, "":
		n.Kind = KindLicense
		if n.ExtraActivations != 0 {
			f.Add("extra_activations", "are for add-ons: a license has an activation_limit")
		}
	case KindAddon:
		if n.ActivationType == "" {
			n.ActivationType = ActivationTypes[0] // never asked for: that of its license counts
		}
		if n.ActivationLimit != 0 {
			f.Add("activation_limit", "is for licenses: an add-on has extra_activations")
		}
		f.Check("extra_activations", checkExtra(n.ExtraActivations))
	default:
		f.Add("kind", fmt.Sprintf("is neither %s nor %s", KindLicense, KindAddon))
	}
}

func checkExtra(n int64) error {
	if n < 0 || n > maxActivationLimit {
		return fmt.Errorf("is not between 0 and %d", maxActivationLimit)
	}
	return nil
}

// checkPaths reports what can be told of paths without the catalog.
func checkPaths(ids []string) error {
	if len(ids) > maxPaths {
		return fmt.Errorf("are more than %d", maxPaths)
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if !text.IsID(id) {
			return fmt.Errorf("have %q, which is not the id of a plan", id)
		}
		if seen[id] {
			return fmt.Errorf("have %s twice", id)
		}
		seen[id] = true
	}
	return nil
}

func checkLimit(n int64) error {
	if n < 0 || n > maxActivationLimit {
		return fmt.Errorf("is not between 0 (unlimited) and %d", maxActivationLimit)
	}
	return nil
}

// PlanPatch changes the fields that are not nil; Entitlements replaces the whole set. Limits of licenses that were
// sold stay as they are, and so does what add-ons that were sold add; entitlements of a plan hold for its licenses at
// once. A Version other than 0 is the one that the change was made from.
type PlanPatch struct {
	Name             *string
	ActivationLimit  *int64
	ExtraActivations *int64
	Entitlements     map[string]any // nil: unchanged
	Visibility       *Visibility
	Paths            *[]string // replaces all of them
	Status           *Status
	Version          int64
}

// Validate reports everything that is wrong with p, after bringing it into the form in which it is stored.
func (p *PlanPatch) Validate() error {
	var f fail.Fields
	if p.Name != nil {
		name, err := text.Required(*p.Name, text.NameLength)
		p.Name = &name
		f.Check("name", err)
	}
	if p.ActivationLimit != nil {
		f.Check("activation_limit", checkLimit(*p.ActivationLimit))
	}
	if p.Entitlements != nil {
		checked, err := CheckEntitlements(p.Entitlements)
		p.Entitlements = checked
		f.Check("entitlements", err)
	}
	if p.ExtraActivations != nil {
		f.Check("extra_activations", checkExtra(*p.ExtraActivations))
	}
	if p.Visibility != nil {
		f.Check("visibility", p.Visibility.check())
	}
	if p.Paths != nil {
		f.Check("paths", checkPaths(*p.Paths))
	}
	if p.Status != nil {
		f.Check("status", p.Status.check())
	}
	return f.Err()
}

// applyTo returns what becomes of a plan, and what changes.
func (p PlanPatch) applyTo(plan Plan) (Plan, patch.Diff) {
	var d patch.Diff
	patch.Set(&d, "name", &plan.Name, p.Name)
	patch.Set(&d, "activation_limit", &plan.ActivationLimit, p.ActivationLimit)
	if p.Entitlements != nil && !maps.Equal(p.Entitlements, plan.Entitlements) {
		d.Note("entitlements", plan.Entitlements, p.Entitlements)
		plan.Entitlements = p.Entitlements
	}
	patch.Set(&d, "extra_activations", &plan.ExtraActivations, p.ExtraActivations)
	patch.Set(&d, "visibility", &plan.Visibility, p.Visibility)
	if p.Paths != nil {
		if paths := slices.Sorted(slices.Values(*p.Paths)); !slices.Equal(paths, plan.Paths) {
			d.Note("paths", plan.Paths, paths)
			plan.Paths = paths
		}
	}
	patch.Set(&d, "status", &plan.Status, p.Status)
	return plan, d
}

// fits reports what a plan's kind does not allow it to become.
func (p PlanPatch) fits(kind PlanKind) error {
	var f fail.Fields
	if kind == KindAddon && p.ActivationLimit != nil && *p.ActivationLimit != 0 {
		f.Add("activation_limit", "is for licenses: an add-on has extra_activations")
	}
	if kind == KindLicense && p.ExtraActivations != nil && *p.ExtraActivations != 0 {
		f.Add("extra_activations", "are for add-ons: a license has an activation_limit")
	}
	return f.Err()
}
