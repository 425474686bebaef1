package license

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// keyed is a license found by its key, with what activating it needs.
type keyed = query.LicensesByKeyRow

// forms are an identifier in the normal form of each activation type; empty where it is none.
type forms struct{ asDomain, asSeat, asIs string }

// findByKey returns the license whose key is key to the letter, else the one whose product ignores case.
func findByKey(ctx context.Context, tx *db.Tx, key string, f forms) (keyed, error) {
	rows, err := tx.LicensesByKey(ctx, query.LicensesByKeyParams{
		Key: key, Folded: foldKey(key), AsDomain: f.asDomain, AsSeat: f.asSeat, AsIs: f.asIs,
	})
	if err != nil {
		return keyed{}, fmt.Errorf("license by key: %w", err)
	}
	found := -1
	for i, r := range rows {
		if r.Key == key {
			found = i
			break
		}
		if r.KeyIgnoreCase && r.KeyLookup == foldKey(key) {
			found = i
		}
	}
	if found < 0 {
		return keyed{}, ErrNotFound
	}
	return rows[found], nil
}

// factsOf are the facts of a license, with those of its parent: what stops a parent holds its development license.
func factsOf(r keyed) Facts {
	f := Facts{
		Outcome: Outcome(r.Outcome), Held: r.Held,
		ExpiresAt: clock.TimePtr(r.ExpiresAt), GraceUntil: clock.TimePtr(r.GraceUntil), EndsAt: clock.TimePtr(r.EndsAt),
	}
	if r.ParentOutcome != nil {
		f = f.below(Facts{
			Outcome: Outcome(*r.ParentOutcome), Held: r.ParentHeld,
			GraceUntil: clock.TimePtr(r.ParentGraceUntil), EndsAt: clock.TimePtr(r.ParentEndsAt),
		})
	}
	return f
}

func checkFactsOf(r keyed) (CheckFacts, error) {
	entitlements, err := mergeEntitlements(r.PlanEntitlements, r.Entitlements)
	if err != nil {
		return CheckFacts{}, fmt.Errorf("license %s: %w", r.ID, err)
	}
	bound, err := placesOf(r.ValidDomains, r.ValidIps, r.ValidDirectories)
	if err != nil {
		return CheckFacts{}, fmt.Errorf("license %s: %w", r.ID, err)
	}
	suffixes, err := decodeList(r.PrivateSuffixes)
	if err != nil {
		return CheckFacts{}, fmt.Errorf("product %s: %w", r.ProductID, err)
	}
	hosts, err := decodeList(r.AllowedHosts)
	if err != nil {
		return CheckFacts{}, fmt.Errorf("license %s: %w", r.ID, err)
	}
	return CheckFacts{
		ID: r.ID, Key: r.Key, Lookup: r.KeyLookup, IgnoreCase: r.KeyIgnoreCase, Version: r.Version,
		ProductID: r.ProductID, ProductSlug: r.ProductSlug, ProductName: r.ProductName,
		PlanID: r.PlanID, PlanName: r.PlanName,
		Type: Type(r.Type), ActivationType: ActivationType(r.ActivationType),
		ActivationLimit: r.ActivationLimit, ActivationsUsed: r.ActivationsUsed,
		Facts: factsOf(r), Entitlements: entitlements, UpdatesUntil: clock.TimePtr(r.UpdatesUntil),
		Bound: bound, Enforced: Enforced{Domain: r.EnforceDomain, IP: r.EnforceIp, Directory: r.EnforceDirectory},
		Checks:          catalog.Checks{IntervalDays: r.CheckInterval, GraceDays: r.CheckGrace},
		PrivateSuffixes: suffixes, AllowedHosts: hosts, CustomerName: r.CustomerName, CustomerCompany: r.CustomerCompany,
	}, nil
}

func holdsOf(rows []query.LicenseHold) []Hold {
	holds := make([]Hold, len(rows))
	for i, r := range rows {
		holds[i] = holdOf(r)
	}
	return holds
}

func holdOf(r query.LicenseHold) Hold {
	return Hold{Reason: HoldReason(r.Reason), Source: r.Source, Since: clock.Instant(r.Since).Time(), Why: r.Why}
}

func activationOf(r query.Activation) Activation {
	return Activation{
		ID: r.ID, LicenseID: r.LicenseID, Identifier: r.Identifier, Name: r.Name, IP: r.Ip, Override: r.Override,
		ActivatedAt: r.ActivatedAt.Time(), LastSeenAt: r.LastSeenAt.Time(),
	}
}

// dueLicense is one whose status time has changed.
type dueLicense struct {
	id, customerID string
	state          State // without its holds
}

func dueOf(ended []query.EndDueLicensesRow, stopped []query.SuspendDueLicensesRow) []dueLicense {
	due := make([]dueLicense, 0, len(ended)+len(stopped))
	for _, r := range ended {
		due = append(due, dueLicense{r.ID, r.CustomerID, stateOf(r.ExpiresAt, r.GraceUntil, r.EndsAt)})
	}
	for _, r := range stopped {
		due = append(due, dueLicense{r.ID, r.CustomerID, stateOf(r.ExpiresAt, r.GraceUntil, r.EndsAt)})
	}
	return due
}

func stateOf(expires, grace, ends *clock.Instant) State {
	return State{ExpiresAt: clock.TimePtr(expires), GraceUntil: clock.TimePtr(grace), EndsAt: clock.TimePtr(ends)}
}
