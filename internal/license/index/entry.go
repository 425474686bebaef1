package index

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/lease"
)

// Entry is what a check knows of a license. Its texts are shared with the index: they never change, and holding on
// to one holds on to a few kilobytes.
type Entry struct {
	*Card
	ID      string
	Key     string // as it was issued
	Version int64

	ActivationLimit, ActivationsUsed int64  // a limit of 0 is none
	Entitlements                     string // a JSON object
	// Bound is where the license is bound to, and Details whom it is registered to and what was added to it: the members of
	// JSON objects, as leases have them (see lease.Claims).
	Bound, Details string
	AllowedHosts   string // of a development license: public hosts on which it may run, a line each

	UpdatesUntil time.Time // the latest end of support; zero: no end, or of a type that has none

	Status    license.Status // at the now of the lookup
	Grace     bool           // still active although ExpiresAt has passed
	ExpiresAt time.Time      // zero: never

	outcome license.Outcome
	held    bool
	grace   time.Time // GraceUntil and EndsAt of the license; zero: never
	ends    time.Time
}

// Card is what the licenses of a plan have in common. Treat it as immutable.
type Card struct {
	ProductID, ProductSlug, ProductName string
	PlanID, PlanName                    string
	Type                                license.Type
	ActivationType                      license.ActivationType
	Enforced                            license.Enforced
	Terms                               lease.Terms
	PrivateSuffixes                     string // below which development licenses may run, a line each
}

// Places decodes where the license is bound to.
func (e *Entry) Places() (license.Places, error) {
	var p license.Places
	if e.Bound == "" {
		return p, nil
	}
	if err := json.Unmarshal([]byte("{"+e.Bound+"}"), &p); err != nil {
		return p, fmt.Errorf("bound places of %s: %w", e.ID, err)
	}
	return p, nil
}

// Until is when the license stops running unless it is paid for; zero: never.
func (e *Entry) Until() time.Time {
	if e.grace.IsZero() || !e.ends.IsZero() && e.ends.Before(e.grace) {
		return e.ends
	}
	return e.grace
}

// IsProduct reports whether asked, an id or a slug, names the license's product. Empty asks for none.
func (c *Card) IsProduct(asked string) bool {
	return asked == "" || asked == c.ProductID || asked == c.ProductSlug
}

func entryOf(f license.CheckFacts) Entry {
	return Entry{
		Card: &Card{
			ProductID: f.ProductID, ProductSlug: f.ProductSlug, ProductName: f.ProductName,
			PlanID: f.PlanID, PlanName: f.PlanName, Type: f.Type, ActivationType: f.ActivationType,
			Enforced: f.Enforced, Terms: lease.Terms{Interval: days(f.Checks.IntervalDays), Grace: days(f.Checks.GraceDays)},
			PrivateSuffixes: strings.Join(f.PrivateSuffixes, "\n"),
		},
		ID: f.ID, Key: f.Key, Version: f.Version,
		ActivationLimit: f.ActivationLimit, ActivationsUsed: f.ActivationsUsed, Entitlements: f.Entitlements.Encode(),
		Bound: lease.Places{Domains: f.Bound.Domains, IPs: f.Bound.IPs, Directories: f.Bound.Directories}.Encode(), Details: detailsOf(f),
		AllowedHosts: strings.Join(f.AllowedHosts, "\n"), UpdatesUntil: orNever(f.UpdatesUntil),
		ExpiresAt: orNever(f.Facts.ExpiresAt),
		outcome:   f.Facts.Outcome, held: f.Facts.Held, grace: orNever(f.Facts.GraceUntil), ends: orNever(f.Facts.EndsAt),
	}
}

func days(n int64) time.Duration { return time.Duration(n) * 24 * time.Hour }

func detailsOf(f license.CheckFacts) string {
	d := lease.Details{Customer: lease.Customer{Name: f.CustomerName, Company: f.CustomerCompany}}
	for _, a := range f.Addons {
		d.Addons = append(d.Addons, lease.Addon{Name: a.Name, Due: a.Due})
	}
	return d.Encode()
}

// effective sets what depends on the time.
func (e *Entry) effective(now time.Time) {
	e.Status = license.Effective(license.Facts{
		Outcome: e.outcome, Held: e.held,
		ExpiresAt: orNil(&e.ExpiresAt), GraceUntil: orNil(&e.grace), EndsAt: orNil(&e.ends),
	}, now)
	e.Grace = e.Status == license.Active && !e.ExpiresAt.IsZero() && !now.Before(e.ExpiresAt)
}

func orNever(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func orNil(t *time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return t
}
