package license

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// A development license belongs to a purchased one of the same customer and product, its parent. While the parent is not
// active, it is held with the reason parent: whoever reads the license sees that at the very second, from the facts of the
// parent (see Facts.below); the hold itself is written along with what changes the parent, and by the job that writes down
// what time has changed.

// errNotCurrent answers who would develop beside a license that does not run.
var errNotCurrent = fail.Conflict(CodeParentNotCurrent, "A development license is for who holds a purchased license of the product that is active.")

// RequestDevelopment issues the development license that comes for free with a purchased one. There is one for each, on the
// terms of the product's first plan of development licenses.
func (s *Service) RequestDevelopment(ctx context.Context, parentID string) (License, error) {
	if !text.IsID(parentID) {
		return License{}, errNoLicense
	}
	var child License
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		parent, err := s.lock(ctx, tx, parentID)
		if err != nil {
			return err
		}
		if who := event.ActorFrom(ctx); who.Kind == event.Customer && who.ID != parent.row.CustomerID {
			return errNoLicense // not theirs: they need not learn that it exists
		}
		if Type(parent.row.Type) != Purchased || parent.state.Status(tx.Now) != Active {
			return errNotCurrent
		}
		if err := parent.save(ctx); err != nil {
			return err
		}
		if _, err := tx.FreeChildOfLicense(ctx, &parentID); !db.NotFound(err) {
			if err != nil {
				return fmt.Errorf("development license of %s: %w", parentID, err)
			}
			return fail.Conflict(CodeDevelopmentTaken, "This license has its free development license already. Further ones can be bought.")
		}
		planID, err := tx.DevelopmentPlanOfProduct(ctx, parent.row.ProductID)
		if db.NotFound(err) {
			return fail.Conflict(CodeNoDevelopment, "There are no development licenses of this product.")
		}
		if err != nil {
			return fmt.Errorf("development plan of %s: %w", parent.row.ProductID, err)
		}
		child, err = s.Issue(ctx, tx, IssueInput{CustomerID: parent.row.CustomerID, PlanID: planID, ParentID: parentID, Free: true, Quantity: 1, Reason: "the free development license"})
		return err
	})
	return child, err
}

// DevelopmentOffer is what a customer may ask for beside a license.
type DevelopmentOffer struct {
	// Offered says that the product has development licenses and this license may have one for free now.
	Offered bool
	// FreeID is the free one that it has; empty: none.
	FreeID string
}

// DevelopmentOf says what there is to develop with beside a license.
func (s *Service) DevelopmentOf(ctx context.Context, l License) (DevelopmentOffer, error) {
	var d DevelopmentOffer
	if l.Type != Purchased {
		return d, nil
	}
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		d = DevelopmentOffer{}
		id, err := tx.FreeChildOfLicense(ctx, &l.ID)
		if err == nil {
			d.FreeID = id
			return nil
		}
		if !db.NotFound(err) {
			return err
		}
		_, err = tx.DevelopmentPlanOfProduct(ctx, l.ProductID)
		if db.NotFound(err) {
			return nil
		}
		d.Offered = err == nil && l.Status == Active
		return err
	})
	if err != nil {
		return DevelopmentOffer{}, fmt.Errorf("development license of %s: %w", l.ID, err)
	}
	return d, nil
}

// checkParent sees to it that a development license gets a parent that it can have. Whether that one is active is asked when
// it is ordered; what was paid for is issued, and held while it is not.
func checkParent(ctx context.Context, tx *db.Tx, in IssueInput, card catalog.Card) error {
	if Type(card.LicenseType) != Development {
		if in.ParentID != "" {
			return fail.Invalid("license_id", "is for development licenses: others have no parent")
		}
		return nil
	}
	if in.ParentID == "" {
		return fail.Invalid("license_id", "is required: beside which purchased license is it used?")
	}
	parent, err := tx.LockLicense(ctx, in.ParentID) // so that nothing happens to it meanwhile
	if db.NotFound(err) {
		return fail.Invalid("license_id", "is not a license of this customer")
	}
	if err != nil {
		return fmt.Errorf("parent %s: %w", in.ParentID, err)
	}
	switch {
	case parent.CustomerID != in.CustomerID:
		return fail.Invalid("license_id", "is not a license of this customer")
	case parent.ProductID != card.ProductID:
		return fail.Invalid("license_id", "is a license of another product")
	case Type(parent.Type) != Purchased:
		return fail.Invalid("license_id", "is not a purchased license")
	}
	return nil
}

// parentFacts are what a development license's status follows from, beside its own facts.
func parentFacts(ctx context.Context, tx *db.Tx, parentID string) (Facts, error) {
	r, err := tx.ParentOfLicense(ctx, parentID)
	if err != nil {
		return Facts{}, fmt.Errorf("parent %s: %w", parentID, err)
	}
	return Facts{
		Outcome: Outcome(r.Outcome), Held: r.Held, ExpiresAt: clock.TimePtr(r.ExpiresAt),
		GraceUntil: clock.TimePtr(r.GraceUntil), EndsAt: clock.TimePtr(r.EndsAt),
	}, nil
}

// followParent places the hold of a development license whose parent has stopped, and lifts it when that one runs again.
func (l *locked) followParent(ctx context.Context) error {
	if l.row.ParentID == nil {
		return nil
	}
	parent, err := parentFacts(ctx, l.tx, *l.row.ParentID)
	if err != nil {
		return err
	}
	status := Effective(parent, l.tx.Now)
	if (status != Active) == l.state.Has(HoldParent) {
		return nil
	}
	ctx = bySystem(ctx)
	if status != Active {
		return l.happen(ctx, ParentStops, Input{Source: *l.row.ParentID, Why: fmt.Sprintf("its parent is %s", status)})
	}
	return l.happen(ctx, ParentRuns, Input{Source: *l.row.ParentID, Why: "its parent is active"})
}

// leadChildren brings the development licenses of a license in line with it, as part of tx: their holds, and, as the time at
// which they stop may have changed, what was read of them.
func (s *Service) leadChildren(ctx context.Context, tx *db.Tx, parentID string) error {
	children, err := tx.ChildrenOfLicense(ctx, &parentID)
	if err != nil {
		return fmt.Errorf("development licenses of %s: %w", parentID, err)
	}
	for _, id := range children {
		l, err := s.lock(ctx, tx, id)
		if err != nil {
			return err
		}
		l.modified = true
		if err := l.save(ctx); err != nil {
			return err
		}
	}
	return nil
}

// refuseTrial returns, as its first result, why a license can't be tried at an identifier: another one was.
func refuseTrial(ctx context.Context, tx *db.Tx, row keyed, identifier string) (refused, err error) {
	if Type(row.Type) != Trial {
		return nil, nil
	}
	taken, err := tx.TrialPlaceTaken(ctx, query.TrialPlaceTakenParams{ProductID: row.ProductID, Identifier: identifier, LicenseID: row.ID})
	if err != nil {
		return nil, fmt.Errorf("trial of %s: %w", row.ID, err)
	}
	if !taken {
		return nil, nil
	}
	return wasOnTrial(identifier), nil
}

func wasOnTrial(identifier string) error {
	return fail.Forbidden(CodeRefused, fmt.Sprintf("%s was on trial here before. Buy a license to go on.", identifier))
}
