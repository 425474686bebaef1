package index

import (
	"time"

	"github.com/keystead/keystead/internal/license"
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
		},
		ID: f.ID, Key: f.Key, Version: f.Version,
		ActivationLimit: f.ActivationLimit, ActivationsUsed: f.ActivationsUsed, Entitlements: f.Entitlements.Encode(),
		ExpiresAt: orNever(f.Facts.ExpiresAt),
		outcome:   f.Facts.Outcome, held: f.Facts.Held, grace: orNever(f.Facts.GraceUntil), ends: orNever(f.Facts.EndsAt),
	}
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
