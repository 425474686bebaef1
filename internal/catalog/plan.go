package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/patch"
	"github.com/keystead/keystead/internal/text"
)

// The license types: perpetual use, use while it is paid for, use in protected places beside a purchased license, and
// use on trial (spec: licensing, section 5).
const (
	Purchased   = "purchased"
	Leased      = "leased"
	Development = "development"
	Trial       = "trial"
)

// LicenseTypes are all of them, in the order in which people read them.
var LicenseTypes = []string{Purchased, Leased, Development, Trial}

// ActivationTypes are the kinds of places that a license can count.
var ActivationTypes = []string{activationDomain, "device", "seat", "instance"}

const activationDomain = "domain"

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
	// Support is how long the support and the upgrades last that a purchased license includes (zero: for ever), or those
	// of an add-on that is a support pack (zero: it is none). Of a pack sold in cycles each paid period counts instead.
	Support    civil.Span
	Checks     Checks
	Visibility Visibility
	// Paths are the plans to which a subscriber may change; none: every other of the product.
	Paths     []string
	Status    Status
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// NewPlan is what [Service.CreatePlan] needs. LicenseType may be left empty: it is purchased then. An add-on has neither
// activations of its own nor a limit; what it adds is in ExtraActivations and Entitlements.
type NewPlan struct {
	Kind             PlanKind // empty: a license
	Name             string
	LicenseType      string
	ActivationType   string
	ActivationLimit  int64
	ExtraActivations int64
	Entitlements     map[string]any
	Support          *civil.Span // nil: a year for a purchased license, else none
	Checks           Checks      // zero: every seven days, and three more
	Visibility       Visibility  // empty: public
	Paths            []string
}

// Checks say how software with a license of the plan lives between its checks.
type Checks struct {
	IntervalDays int64 `json:"interval_days"` // between two checks
	GraceDays    int64 `json:"grace_days"`    // that the server may be silent after a check was due
	// FileDays is how long a lease file serves an installation that never asks; 0: the plan has none.
	FileDays int64 `json:"file_days"`
}

// DefaultChecks are those of plans that say nothing.
var DefaultChecks = Checks{IntervalDays: 7, GraceDays: 3}

const (
	maxCheckDays = 366
	maxFileDays  = 1096
)

func (c Checks) check() error {
	switch {
	case c.IntervalDays < 1 || c.IntervalDays > maxCheckDays:
		return fmt.Errorf("have an interval that is not between 1 and %d days", maxCheckDays)
	case c.GraceDays < 0 || c.GraceDays > maxCheckDays:
		return fmt.Errorf("have a grace that is not between 0 and %d days", maxCheckDays)
	case c.FileDays < 0 || c.FileDays > maxFileDays:
		return fmt.Errorf("have lease files that are not valid for 0 to %d days", maxFileDays)
	}
	return nil
}

// firstSupport is what a purchased license includes unless its plan says otherwise.
var firstSupport = civil.Span{Count: 1, Unit: civil.Year}

// Validate reports everything that is wrong with n, after bringing it into the form in which it is stored.
func (n *NewPlan) Validate() error {
	var f fail.Fields
	var err error
	n.Name, err = text.Required(n.Name, text.NameLength)
	f.Check("name", err)
	if n.LicenseType == "" {
		n.LicenseType = Purchased
	}
	if !slices.Contains(LicenseTypes, n.LicenseType) {
		f.Add("license_type", "is not one of "+strings.Join(LicenseTypes, ", "))
	}
	n.checkKind(&f)
	n.checkSupport(&f)
	if n.Checks == (Checks{}) {
		n.Checks = DefaultChecks
	}
	f.Check("checks", n.Checks.check())
	if n.LicenseType == Development && n.Kind == KindLicense {
		if n.ActivationType == "" {
			n.ActivationType = activationDomain
		}
		if n.ActivationType != activationDomain {
			f.Add("activation_type", "of a development license is always domain")
		}
	}
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

// checkSupport sees to it that support is said where it means something.
func (n *NewPlan) checkSupport(f *fail.Fields) {
	has := n.Kind == KindAddon || n.LicenseType == Purchased
	switch {
	case n.Support == nil && n.Kind == KindLicense && n.LicenseType == Purchased:
		n.Support = &firstSupport
	case n.Support == nil:
		n.Support = &civil.Span{}
	case !n.Support.IsZero() && !has:
		f.Add("support", "is for purchased licenses and add-ons: the others have it as long as they run")
	case !n.Support.IsZero():
		f.Check("support", n.Support.Validate())
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
	Support          *civil.Span    // of licenses and packs that are sold from now on
	Checks           *Checks
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
	if p.Support != nil && !p.Support.IsZero() {
		f.Check("support", p.Support.Validate())
	}
	if p.Checks != nil {
		f.Check("checks", p.Checks.check())
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
	patch.Set(&d, "support", &plan.Support, p.Support)
	patch.Set(&d, "checks", &plan.Checks, p.Checks)
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
func (p PlanPatch) fits(plan Plan) error {
	var f fail.Fields
	kind := plan.Kind
	if p.Support != nil && !p.Support.IsZero() && kind == KindLicense && plan.LicenseType != Purchased {
		f.Add("support", "is for purchased licenses and add-ons: the others have it as long as they run")
	}
	if kind == KindAddon && p.ActivationLimit != nil && *p.ActivationLimit != 0 {
		f.Add("activation_limit", "is for licenses: an add-on has extra_activations")
	}
	if kind == KindLicense && p.ExtraActivations != nil && *p.ExtraActivations != 0 {
		f.Add("extra_activations", "are for add-ons: a license has an activation_limit")
	}
	return f.Err()
}
