package license

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// Reissue clears the place that a license is bound to, so that the next check binds it anew. Staff may always; customers
// only their own licenses, as far as the product lets them. Each counts; a license that is bound to nothing stays as it is,
// so that a click that arrives twice counts once.
func (s *Service) Reissue(ctx context.Context, licenseID, why string) (License, error) {
	why, err := text.Notes(why, text.NotesLength)
	if err != nil {
		return License{}, fail.Invalid("why", err.Error())
	}
	var after License
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		l, err := s.lock(ctx, tx, licenseID)
		if err != nil {
			return err
		}
		if err := l.reissue(ctx, why); err != nil {
			return err
		}
		if err := l.save(ctx); err != nil {
			return err
		}
		after, err = s.load(ctx, tx, licenseID)
		return err
	})
	return after, err
}

func (l *locked) reissue(ctx context.Context, why string) error {
	if err := l.mayReissue(ctx); err != nil {
		return err
	}
	bound, err := l.places()
	if err != nil || bound.Empty() {
		return err
	}
	if err := l.setPlaces(ctx, Places{}, WhatReissued, why); err != nil {
		return err
	}
	l.row.Reissues++
	if err := l.tx.SetReissues(ctx, query.SetReissuesParams{ID: l.row.ID, Reissues: l.row.Reissues, UpdatedAt: l.tx.Stamp}); err != nil {
		return fmt.Errorf("reissues of %s: %w", l.row.ID, err)
	}
	l.tell(EventReissued, map[string]any{"before": bound, "reissues": l.row.Reissues})
	return nil
}

// mayReissue decides whether the one who acts may clear the place.
func (l *locked) mayReissue(ctx context.Context) error {
	who := event.ActorFrom(ctx)
	if who.Kind != event.Customer {
		return nil
	}
	if who.ID != l.row.CustomerID {
		return errNoLicense // not theirs: they need not learn that it exists
	}
	if status := l.state.Status(l.tx.Now); status == Revoked || status == Cancelled {
		return notUsable(fail.KindConflict, status)
	}
	card, err := catalog.PlanCard(ctx, l.tx, l.row.PlanID)
	if err != nil {
		return err
	}
	switch {
	case !card.SelfReissue:
		return fail.Forbidden(CodeReissueRefused, "Licenses of this product are moved by our support only. Please write to us.")
	case card.MaxReissues > 0 && l.row.Reissues >= card.MaxReissues:
		return fail.Conflict(CodeReissueRefused, fmt.Sprintf("This license was moved %d times, which is the most. Please ask our support to allow more.", l.row.Reissues))
	}
	held, err := heldByFiles(ctx, l.tx, l.row.ID)
	if err != nil {
		return err
	}
	if len(held) > 0 {
		until := slices.MaxFunc(slices.Collect(maps.Values(held)), time.Time.Compare)
		return fail.Conflict(CodeReissueRefused, fmt.Sprintf("A lease file was made for this license, and runs without asking where it is until %s. Until then our support moves the license.", until.UTC().Format(time.DateOnly)))
	}
	return nil
}

// setReissues sets the counter, so that a customer may reissue again.
func (l *locked) setReissues(ctx context.Context, n int64, why string) error {
	if n == l.row.Reissues {
		return nil
	}
	before := l.row.Reissues
	l.row.Reissues, l.modified, l.updated = n, true, append(l.updated, "reissues")
	if err := l.tx.SetReissues(ctx, query.SetReissuesParams{ID: l.row.ID, Reissues: n, UpdatedAt: l.tx.Stamp}); err != nil {
		return fmt.Errorf("reissues of %s: %w", l.row.ID, err)
	}
	return note(ctx, l.tx, l.row.ID, Entry{What: WhatReissuesChanged, Before: fmt.Sprint(before), After: fmt.Sprint(n), Why: why})
}
