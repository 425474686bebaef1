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

// maxActivationLimit keeps a limit times a quantity within what is counted.
const maxActivationLimit = 1_000_000

// Plan is how a product is sold: the terms of the licenses that it yields.
type Plan struct {
	ID              string
	ProductID       string
	Name            string
	LicenseType     string
	ActivationType  string
	ActivationLimit int64 // 0: unlimited
	Entitlements    Entitlements
	Status          Status
	Version         int64
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// NewPlan is what [Service.CreatePlan] needs. LicenseType may be left empty: there is one.
type NewPlan struct {
	Name            string
	LicenseType     string
	ActivationType  string
	ActivationLimit int64
	Entitlements    map[string]any
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
	if !slices.Contains(ActivationTypes, n.ActivationType) {
		f.Add("activation_type", "is not one of "+strings.Join(ActivationTypes, ", "))
	}
	f.Check("activation_limit", checkLimit(n.ActivationLimit))
	n.Entitlements, err = CheckEntitlements(n.Entitlements)
	f.Check("entitlements", err)
	return f.Err()
}

func checkLimit(n int64) error {
	if n < 0 || n > maxActivationLimit {
		return fmt.Errorf("is not between 0 (unlimited) and %d", maxActivationLimit)
	}
	return nil
}

// PlanPatch changes the fields that are not nil; Entitlements replaces the whole set. Limits of licenses that were
// sold stay as they are; entitlements of a plan hold for its licenses at once. A Version other than 0 is the one
// that the change was made from.
type PlanPatch struct {
	Name            *string
	ActivationLimit *int64
	Entitlements    map[string]any // nil: unchanged
	Status          *Status
	Version         int64
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
	patch.Set(&d, "status", &plan.Status, p.Status)
	return plan, d
}
