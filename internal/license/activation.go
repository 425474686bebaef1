package license

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// Activation is one place where a license is in use.
type Activation struct {
	ID, LicenseID string
	Identifier    string // in its normal form
	Name          string
	IP            string // from which it was activated
	Override      bool   // staff added it beyond the limit
	ActivatedAt   time.Time
	LastSeenAt    time.Time
}

// nearLimit reports whether a license is so much in use that its holder may soon need more: four fifths.
func nearLimit(limit, used int64) bool { return limit > 0 && used*10 >= limit*8 }

// addActivation writes a new activation with its history and event.
func addActivation(ctx context.Context, tx *db.Tx, a Activation, customerID string, used int64, why string) error {
	err := tx.InsertActivation(ctx, query.InsertActivationParams{
		ID: a.ID, LicenseID: a.LicenseID, Identifier: a.Identifier, Name: a.Name, Ip: a.IP, Override: a.Override, ActivatedAt: tx.Stamp,
	})
	if err != nil {
		return fmt.Errorf("activate %s: %w", a.LicenseID, err)
	}
	if err := note(ctx, tx, a.LicenseID, Entry{What: WhatActivationAdded, Override: a.Override, After: a.Identifier, Why: why}); err != nil {
		return err
	}
	return emitActivation(ctx, tx, EventActivationCreated, a, customerID, used)
}

// removeActivation deletes an activation with its history and event. It reports whether it was still there.
func removeActivation(ctx context.Context, tx *db.Tx, a Activation, customerID string, used int64, why string) (bool, error) {
	n, err := tx.DeleteActivation(ctx, query.DeleteActivationParams{ID: a.ID, LicenseID: a.LicenseID})
	if err != nil || n == 0 {
		return false, err
	}
	if err := note(ctx, tx, a.LicenseID, Entry{What: WhatActivationRemoved, Before: a.Identifier, Why: why}); err != nil {
		return false, err
	}
	return true, emitActivation(ctx, tx, EventActivationRemoved, a, customerID, used)
}

func emitActivation(ctx context.Context, tx *db.Tx, what string, a Activation, customerID string, used int64) error {
	return event.Emit(ctx, tx, event.New{
		Type: what, SubjectID: a.LicenseID, CustomerID: customerID,
		Data: struct {
			ActivationID    string `json:"activation_id"`
			Identifier      string `json:"identifier"`
			Name            string `json:"name,omitempty"`
			Override        bool   `json:"override,omitempty"`
			ActivationsUsed int64  `json:"activations_used"`
		}{a.ID, a.Identifier, a.Name, a.Override, used},
	})
}

// Activations returns a page of a license's activations in alphabetical order, and the cursor of the next page.
func (s *Service) Activations(ctx context.Context, licenseID, cursor string, limit int) (activations []Activation, next string, err error) {
	if !text.IsID(licenseID) {
		return nil, "", errNoLicense
	}
	after := ""
	if cursor != "" {
		key, err := page.Key(cursor, 1)
		if err != nil {
			return nil, "", err
		}
		after = key[0]
	}
	limit = page.Limit(limit)
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.ActivationsOfLicense(ctx, query.ActivationsOfLicenseParams{LicenseID: licenseID, After: after, N: int64(limit + 1)})
		if err != nil {
			return fmt.Errorf("activations of %s: %w", licenseID, err)
		}
		rows, more := page.Cut(rows, limit)
		next = ""
		if more {
			next = page.Cursor(rows[len(rows)-1].Identifier)
		}
		activations = make([]Activation, len(rows))
		for i, r := range rows {
			activations[i] = activationOf(r)
		}
		return nil
	})
	return activations, next, err
}
