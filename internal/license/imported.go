package license

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// Imported is a license as another program knew it.
type Imported struct {
	Key                string
	CustomerID, PlanID string
	// Status is what it was there. An expired one without a past expiry expires now.
	Status    Status
	CreatedAt time.Time // zero: now
	ExpiresAt *time.Time
	// GraceUntil is how long it runs on although ExpiresAt has passed; nil: not at all.
	GraceUntil *time.Time
	// ActivationLimit is nil for the plan's.
	ActivationLimit *int64
	Places          Places
	Reissues        int64
	// Identifiers are where it is activated, those beyond its limit too.
	Identifiers []string
	// SupportUntil is the end of the support of a purchased license; nil: it has none. SupportOn is its day.
	SupportUntil *time.Time
	SupportOn    civil.Date
	// Number is that of its WHMCS service; 0: none.
	Number int64
	Why    string // for the history
}

// Import takes a license over as part of tx: its key stays what it was. If there is a license with the key already,
// nothing is changed and created is false; the key of another product's license is refused. Errors name the field.
func (s *Service) Import(ctx context.Context, tx *db.Tx, in Imported) (id string, created bool, err error) {
	card, err := catalog.PlanCard(ctx, tx, in.PlanID)
	if err != nil {
		return "", false, fmt.Errorf("import a license: %w", err)
	}
	identifiers, err := in.tidy(ActivationType(card.ActivationType), tx.Now)
	if err != nil {
		return "", false, err
	}
	if id, err = Known(ctx, tx, in.Key, card); err != nil || id != "" {
		return id, false, err
	}
	state := in.state(ctx, tx.Now)
	limit := card.ActivationLimit
	if in.ActivationLimit != nil {
		limit = *in.ActivationLimit
	}
	id = tx.NewID("lic")
	row := query.InsertImportedLicenseParams{
		ID: id, Key: in.Key, KeyLookup: lookupOf(in.Key, card.IgnoreCase), CustomerID: in.CustomerID,
		ProductID: card.ProductID, PlanID: card.PlanID, Type: card.LicenseType, Status: string(state.Status(tx.Now)), Outcome: string(state.Outcome),
		ActivationLimit: limit, NearLimit: nearLimit(limit, int64(len(identifiers))),
		ExpiresAt: clock.FromTimePtr(state.ExpiresAt), GraceUntil: clock.FromTimePtr(state.GraceUntil), EndsAt: clock.FromTimePtr(state.EndsAt),
		ValidDomains: encodeList(in.Places.Domains), ValidIps: encodeList(in.Places.IPs), ValidDirectories: encodeList(in.Places.Directories),
		Reissues: in.Reissues, CreatedAt: clock.FromTime(in.CreatedAt), UpdatedAt: tx.Stamp,
	}
	if Type(card.LicenseType) == Purchased {
		row.UpdatesUntil = clock.FromTimePtr(in.SupportUntil)
	}
	n, err := tx.InsertImportedLicense(ctx, row)
	if err != nil {
		return "", false, fmt.Errorf("import a license: %w", err)
	}
	if n == 0 { // somebody has taken the key since it was looked for
		id, err = Known(ctx, tx, in.Key, card)
		return id, false, err
	}
	if err := in.attach(ctx, tx, id, card, limit, identifiers, state); err != nil {
		return "", false, fmt.Errorf("import license %s: %w", id, err)
	}
	err = event.Emit(ctx, tx, event.New{
		Type: EventImported, SubjectID: id, CustomerID: in.CustomerID,
		Data: struct {
			ProductID       string     `json:"product_id"`
			PlanID          string     `json:"plan_id"`
			Status          Status     `json:"status"`
			ActivationLimit int64      `json:"activation_limit"`
			ActivationsUsed int        `json:"activations_used"`
			ExpiresAt       *time.Time `json:"expires_at"`
		}{card.ProductID, card.PlanID, state.Status(tx.Now), limit, len(identifiers), state.ExpiresAt},
	})
	if err != nil {
		return "", false, err
	}
	return id, true, s.changed(ctx, tx, id, 1)
}

// Known returns the id of the license that has a key; empty: none has. A key of another product's license, or one that
// differs in case where that does not count, is a conflict.
func Known(ctx context.Context, tx *db.Tx, key string, card catalog.Card) (string, error) {
	if !isKey(key) {
		return "", fail.Invalid("license_key", "is not a key")
	}
	row, err := tx.LicenseWithKey(ctx, query.LicenseWithKeyParams{Key: key, Lookup: lookupOf(key, card.IgnoreCase)})
	switch {
	case db.NotFound(err):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("license by key: %w", err)
	case row.ProductID != card.ProductID:
		return "", fail.Invalid("license_key", "is the key of a license of another product")
	case row.Key != key:
		return "", fail.Invalid("license_key", "differs only in case from the key of another license")
	}
	return row.ID, nil
}

// tidy brings what was imported into the form in which it is stored, and returns the identifiers so.
func (in *Imported) tidy(t ActivationType, now time.Time) ([]string, error) {
	var bad fail.Fields
	if !isKey(in.Key) {
		bad.Add("license_key", fmt.Sprintf("is missing, or longer than %d bytes", maxKey))
	}
	if _, known := statusTriggers[in.Status]; !known {
		bad.Add("status", "is not one of active, suspended, expired, cancelled, revoked")
	}
	if in.CreatedAt.IsZero() {
		in.CreatedAt = now
	}
	for field, at := range map[string]*time.Time{"created_at": &in.CreatedAt, "expires_at": in.ExpiresAt, "support_until": in.SupportUntil} {
		if at != nil && (at.Before(earliest) || !at.Before(latest)) {
			bad.Add(field, "is not between the years 1970 and 9998")
		}
	}
	if in.CreatedAt.After(now) {
		bad.Add("created_at", "lies in the future")
	}
	if l := in.ActivationLimit; l != nil && (*l < 0 || *l > maxLimit) {
		bad.Add("activation_limit", fmt.Sprintf("is not between 0 (unlimited) and %d", maxLimit))
	}
	places := PlacesPatch{Domains: &in.Places.Domains, IPs: &in.Places.IPs, Directories: &in.Places.Directories, Reissues: &in.Reissues}
	places.check(&bad)
	in.Places = Places{Domains: *places.Domains, IPs: *places.IPs, Directories: *places.Directories}
	identifiers := make([]string, 0, len(in.Identifiers))
	for _, said := range in.Identifiers {
		identifier, err := normalize(t, said)
		if err != nil {
			bad.Add("activations", fmt.Sprintf("have %q, which %v", clip(said, 80), err))
			break
		}
		if !slices.Contains(identifiers, identifier) {
			identifiers = append(identifiers, identifier)
		}
	}
	var err error
	in.Why, err = text.Notes(in.Why, text.NotesLength)
	bad.Check("why", err)
	in.ExpiresAt, in.GraceUntil, in.SupportUntil = instantPtr(in.ExpiresAt), instantPtr(in.GraceUntil), instantPtr(in.SupportUntil)
	return identifiers, bad.Err()
}

// state is what the license is from now on.
func (in *Imported) state(ctx context.Context, now time.Time) State {
	s := State{ExpiresAt: in.ExpiresAt, GraceUntil: in.ExpiresAt, EndsAt: in.ExpiresAt}
	if in.GraceUntil != nil && in.ExpiresAt != nil && in.GraceUntil.After(*in.ExpiresAt) {
		s.GraceUntil, s.EndsAt = in.GraceUntil, in.GraceUntil
	}
	switch in.Status {
	case Suspended:
		s.Holds = []Hold{{Reason: HoldStaff, Source: sourceOf(ctx), Since: now, Why: "suspended where it comes from"}}
	case Expired:
		if !reached(s.ExpiresAt, now) {
			s.ExpiresAt = &now
		}
		s.GraceUntil, s.EndsAt = s.ExpiresAt, s.ExpiresAt
	case Cancelled:
		s.Outcome = OutcomeCancelled
	case Revoked:
		s.Outcome = OutcomeRevoked
	case Active:
	}
	return s
}

// attach writes what belongs to the row of the license.
func (in *Imported) attach(ctx context.Context, tx *db.Tx, id string, card catalog.Card, limit int64, identifiers []string, s State) error {
	if err := tx.InsertLicenseChecks(ctx, id); err != nil {
		return err
	}
	for _, h := range s.Holds {
		err := tx.InsertHold(ctx, query.InsertHoldParams{LicenseID: id, Reason: string(h.Reason), Source: h.Source, Since: int64(tx.Stamp), Why: h.Why})
		if err != nil {
			return err
		}
	}
	if err := note(ctx, tx, id, Entry{What: WhatImported, After: describe(s, tx.Now), Why: in.Why}); err != nil {
		return err
	}
	for i, identifier := range identifiers {
		beyond := limit > 0 && int64(i) >= limit
		err := tx.InsertActivation(ctx, query.InsertActivationParams{
			ID: tx.NewID("act"), LicenseID: id, Identifier: identifier, Override: beyond, ActivatedAt: tx.Stamp,
		})
		if err != nil {
			return err
		}
		if err := note(ctx, tx, id, Entry{What: WhatActivationAdded, Override: beyond, After: identifier, Why: in.Why}); err != nil {
			return err
		}
	}
	if err := keepDomains(ctx, tx, card.ProductID, id, in.Places.Domains); err != nil {
		return err
	}
	if err := in.keepSupport(ctx, tx, id, card); err != nil {
		return err
	}
	if in.Number == 0 {
		return nil
	}
	return KeepForeignNumber(ctx, tx, ForeignService, id, in.Number)
}

// keepSupport enters the support that a purchased license had, as one period.
func (in *Imported) keepSupport(ctx context.Context, tx *db.Tx, id string, card catalog.Card) error {
	if in.SupportUntil == nil || Type(card.LicenseType) != Purchased {
		return nil
	}
	starts := in.CreatedAt
	if !starts.Before(*in.SupportUntil) {
		starts = in.SupportUntil.AddDate(-1, 0, 0) // it is not known when it began
	}
	_, err := tx.InsertSupportPeriod(ctx, query.InsertSupportPeriodParams{
		ID: tx.NewID("sup"), LicenseID: id, Kind: string(SupportImported), Name: card.PackName, StartsAt: clock.FromTime(starts),
		EndsAt: clock.FromTime(*in.SupportUntil), EndsOn: in.SupportOn.String(), CreatedAt: tx.Stamp, Why: in.Why,
	})
	return err
}
