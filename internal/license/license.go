// Package license holds what a customer may run: keys, their states and holds, activations, and their history.
//
// # State
//
// A license's status is never stored as a truth of its own. It follows from the facts written with every change
// (an outcome, holds, three instants) and from the time: see [Effective]. The transitions are a table, printed in
// docs/states.md. The column status is what was written down last, for lists and for the history; a job brings it up
// to date.
//
// # Versions and locks
//
// Whatever changes the answer to a check raises the license's version, and that update is also the lock under which
// its activations are counted and its holds are read: within a transaction it comes first. Listeners learn of the new
// version after the commit.
package license

import (
	"slices"
	"time"

	"github.com/keystead/keystead/internal/catalog"
)

// Type is what sort of right a license gives.
type Type string

// The types: perpetual use, use while it is paid for, use in protected places beside a purchased license, and use on
// trial. See spec section 5 of licensing, and docs/license-types.md.
const (
	Purchased   Type = "purchased"
	Leased      Type = "leased"
	Development Type = "development"
	Trial       Type = "trial"
)

// ActivationType says what counts as one place of use.
type ActivationType string

// The activation types. They decide how an identifier is normalised.
const (
	Domain   ActivationType = "domain"
	Device   ActivationType = "device"
	Seat     ActivationType = "seat"
	Instance ActivationType = "instance"
)

// License is a license as people and programs see it.
type License struct {
	ID, Key                       string
	CustomerID, ProductID, PlanID string
	OrderID, InvoiceLineID        string // empty: none
	SubscriptionID                string // that pays for it; empty: none
	Type                          Type

	// Status is the effective one at the instant of reading.
	Status  Status
	Outcome Outcome
	Holds   []Hold

	ActivationType                   ActivationType
	ActivationLimit, ActivationsUsed int64 // a limit of 0 is none
	NearLimit                        bool

	// Entitlements are the plan's with EntitlementOverrides, those of this license alone, over them.
	Entitlements, EntitlementOverrides catalog.Entitlements

	ExpiresAt, GraceUntil, EndsAt *time.Time

	// UpdatesUntil is the latest end of its periods of support: what was released until then may run for ever. nil: there is
	// no end, or support lasts as long as the license.
	UpdatesUntil *time.Time
	ParentID     string // of a development license: the purchased one beside which it is used
	Free         bool   // it is the one that came with its parent
	Parent       *Facts // of a development license: what its parent's status follows from

	Bound        Places
	Reissues     int64    // since staff set the counter back
	AllowedHosts []string // public ones on which this development license may run

	LastCheckAt *time.Time // nil: never seen
	LastCheckIP string
	CheckCount  int64

	Version              int64
	CreatedAt, UpdatedAt time.Time

	ProductName, ProductSlug, PlanName string
	CustomerName, CustomerEmail        string
}

// Facts are what the license's status follows from.
func (l License) Facts() Facts {
	f := Facts{Outcome: l.Outcome, Held: len(l.Holds) > 0, ExpiresAt: l.ExpiresAt, GraceUntil: l.GraceUntil, EndsAt: l.EndsAt}
	if l.Parent != nil {
		f = f.below(*l.Parent)
	}
	return f
}

// SupportUntil is the end of support and upgrades: of a purchased license that of its periods, of the others that of the
// license. nil: there is none.
func (l License) SupportUntil() *time.Time {
	if l.Type == Purchased {
		return l.UpdatesUntil
	}
	return l.ExpiresAt
}

// judge sets what depends on the time: the status, and the holds that people see.
func (l *License) judge(holds []Hold, now time.Time) {
	state := State{Outcome: l.Outcome, Holds: holds, ExpiresAt: l.ExpiresAt, GraceUntil: l.GraceUntil, EndsAt: l.EndsAt}
	l.Holds = state.ShownHolds(now)
	if l.Parent != nil && !isFinal(state.Status(now)) && Effective(*l.Parent, now) != Active && !state.Has(HoldParent) {
		// Time has stopped the parent, and nobody has placed the hold yet.
		since := l.Parent.GraceUntil
		if since == nil || l.Parent.EndsAt != nil && l.Parent.EndsAt.Before(*since) {
			since = l.Parent.EndsAt
		}
		if since != nil {
			l.Holds = append(slices.Clone(l.Holds), Hold{Reason: HoldParent, Source: l.ParentID, Since: *since})
		}
	}
	f := l.Facts()
	f.Held = len(holds) > 0 || l.Parent != nil && f.Held
	l.Status = Effective(f, now)
}

// Grace reports whether the license still runs although what is paid has ended.
func (l License) Grace(now time.Time) bool {
	return l.Status == Active && reached(l.ExpiresAt, now)
}

// mergeEntitlements lays a license's own entitlements over its plan's, both as stored.
func mergeEntitlements(plan, own string) (catalog.Entitlements, error) {
	merged, err := catalog.DecodeEntitlements(plan)
	if err != nil || own == "{}" {
		return merged, err
	}
	over, err := catalog.DecodeEntitlements(own)
	if err != nil {
		return nil, err
	}
	for name, v := range over {
		merged[name] = v
	}
	return merged, nil
}
