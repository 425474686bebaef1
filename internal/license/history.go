package license

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// What a license's history tells of, besides triggers.
const (
	WhatIssued              = "issued"
	WhatImported            = "imported"
	WhatActivationAdded     = "activation_added"
	WhatActivationRemoved   = "activation_removed"
	WhatLimitChanged        = "limit_changed"
	WhatEntitlementsChanged = "entitlements_changed"
	WhatPlanChanged         = "plan_changed"
	WhatBound               = "bound"
	WhatReissued            = "reissued"
	WhatPlacesChanged       = "places_changed"
	WhatReissuesChanged     = "reissues_changed"
	WhatHostsChanged        = "hosts_changed"
	WhatSupportAdded        = "support_added"
	WhatSupportTakenBack    = "support_taken_back"
	// WhatFileMade begins like those of activations: what verifies states must not read its text as one.
	WhatFileMade = "activation_file_made"
)

// overrideMark follows the what of an entry that overrode a rule or a final status.
const overrideMark = ":override"

// Entry is one line of a license's history.
type Entry struct {
	ID       string
	At       time.Time
	Actor    event.Actor // without an address
	What     string      // a Trigger, or one of the What constants
	Override bool        // a person decided against a rule or a final status
	// Before and After are what changed, in words: a state ("suspended (payment)"), a limit, an identifier.
	Before, After string
	Why           string
}

// note appends to a license's history who did what just now.
func note(ctx context.Context, tx *db.Tx, licenseID string, e Entry) error {
	a := event.ActorFrom(ctx)
	if e.Override {
		e.What += overrideMark
	}
	err := tx.InsertLicenseHistory(ctx, query.InsertLicenseHistoryParams{
		ID: tx.NewID("lhi"), LicenseID: licenseID, At: tx.Stamp, ActorKind: string(a.Kind), ActorID: a.ID, ActorName: a.Name,
		What: e.What, Before: e.Before, After: e.After, Why: e.Why,
	})
	if err != nil {
		return fmt.Errorf("history of %s: %w", licenseID, err)
	}
	return nil
}

// bySystem is ctx with Keystead itself as the one who acts: time has passed, nobody did anything.
func bySystem(ctx context.Context) context.Context {
	return event.WithActor(ctx, event.ActorFrom(context.Background()))
}

// describe puts a state into words for the history.
func describe(s State, now time.Time) string {
	status := s.Status(now)
	words := string(status)
	if status == Suspended {
		var reasons []string
		for _, h := range s.ShownHolds(now) {
			reasons = append(reasons, string(h.Reason))
		}
		words += " (" + strings.Join(reasons, ", ") + ")"
	}
	if s.ExpiresAt != nil {
		words += ", expires " + s.ExpiresAt.UTC().Format(time.RFC3339)
	}
	if s.GraceUntil != nil && (s.ExpiresAt == nil || !s.GraceUntil.Equal(*s.ExpiresAt)) {
		words += ", grace until " + s.GraceUntil.UTC().Format(time.RFC3339)
	}
	return words
}

// History returns a page of a license's history, newest first, and the cursor of the next page.
func (s *Service) History(ctx context.Context, licenseID, cursor string, limit int) (entries []Entry, next string, err error) {
	if !text.IsID(licenseID) {
		return nil, "", errNoLicense
	}
	before, err := idCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = page.Limit(limit)
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.LicenseHistory(ctx, query.LicenseHistoryParams{LicenseID: licenseID, Before: before, N: int64(limit + 1)})
		if err != nil {
			return fmt.Errorf("history of %s: %w", licenseID, err)
		}
		rows, more := page.Cut(rows, limit)
		next = ""
		if more {
			next = page.Cursor(rows[len(rows)-1].ID)
		}
		entries = make([]Entry, len(rows))
		for i, r := range rows {
			what, override := strings.CutSuffix(r.What, overrideMark)
			entries[i] = Entry{
				ID: r.ID, At: r.At.Time(), Actor: event.Actor{Kind: event.ActorKind(r.ActorKind), ID: r.ActorID, Name: r.ActorName},
				What: what, Override: override, Before: r.Before, After: r.After, Why: r.Why,
			}
		}
		return nil
	})
	return entries, next, err
}

// idCursor is the id before which a page that goes back in time begins; without a cursor, after every id.
func idCursor(cursor string) (string, error) {
	if cursor == "" {
		return "~", nil
	}
	key, err := page.Key(cursor, 1)
	if err != nil {
		return "", err
	}
	return key[0], nil
}
