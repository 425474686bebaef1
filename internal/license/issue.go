package license

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
)

// maxLimit bounds activation limits, so that no sum of them overflows. It is what the largest order of the largest plan
// makes: what was paid for can be issued.
const maxLimit = 100_000_000_000

// keyTries is how often a key is drawn anew when the one drawn is taken. Formats with few digits may need it.
const keyTries = 20

// IssueInput says what a new license is for.
type IssueInput struct {
	CustomerID    string
	PlanID        string
	OrderID       string // empty: none
	InvoiceLineID string // empty: none. A line has one license at most
	// SubscriptionID is the subscription that pays for it, and Term what it says; then ExpiresAt does not count.
	SubscriptionID string
	Term           Term
	ParentID       string     // of a development license: the purchased one beside which it is used
	Free           bool       // it is the one that comes with its parent
	Quantity       int64      // multiplies the plan's limit
	ExpiresAt      *time.Time // nil: never
	Reason         string     // for the history
}

// Issue makes a license as part of tx. For an invoice line that has one already, it returns that one. What the customer has
// on trial of the product becomes what is bought: its key stays.
func (s *Service) Issue(ctx context.Context, tx *db.Tx, in IssueInput) (License, error) {
	if in.SubscriptionID == "" {
		in.Term = Term{ExpiresAt: in.ExpiresAt, GraceUntil: in.ExpiresAt, EndsAt: in.ExpiresAt}
	}
	in.Term = Term{ExpiresAt: instantPtr(in.Term.ExpiresAt), GraceUntil: instantPtr(in.Term.GraceUntil), EndsAt: instantPtr(in.Term.EndsAt)}
	card, err := catalog.PlanCard(ctx, tx, in.PlanID)
	if err != nil {
		return License{}, fmt.Errorf("issue a license: %w", err)
	}
	limit, err := limitFor(card, in.Quantity)
	if err != nil {
		return License{}, err
	}
	if err := checkParent(ctx, tx, in, card); err != nil {
		return License{}, fmt.Errorf("issue a license: %w", err)
	}
	id, err := s.issue(ctx, tx, in, card, limit)
	if err != nil {
		return License{}, fmt.Errorf("issue a license: %w", err)
	}
	return s.load(ctx, tx, id)
}

// issue returns the license that the line has, the trial that it buys, or a new one.
func (s *Service) issue(ctx context.Context, tx *db.Tx, in IssueInput, card catalog.Card, limit int64) (string, error) {
	if in.InvoiceLineID != "" {
		id, err := tx.LicenseOfInvoiceLine(ctx, &in.InvoiceLineID)
		if !db.NotFound(err) {
			return id, err
		}
	}
	if in.OrderID != "" {
		if id, err := s.buyTrial(ctx, tx, in, card, limit); err != nil || id != "" {
			return id, err
		}
	}
	id, created, err := s.insert(ctx, tx, in, card, limit)
	if err != nil || !created {
		return id, err
	}
	if err := s.noteIssued(ctx, tx, id, in, card, limit); err != nil {
		return "", err
	}
	return id, s.complete(ctx, tx, id, in, card)
}

// complete gives a new license what its type has: the support that is included, or the hold of its parent.
func (s *Service) complete(ctx context.Context, tx *db.Tx, id string, in IssueInput, card catalog.Card) error {
	if in.ParentID == "" && (Type(card.LicenseType) != Purchased || in.SubscriptionID != "" || card.Support.IsZero()) {
		return nil
	}
	l, err := s.lock(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := l.includeSupport(ctx, in, card); err != nil {
		return err
	}
	return l.save(ctx)
}

// limitFor is the plan's limit times the quantity; unlimited stays unlimited.
func limitFor(card catalog.Card, quantity int64) (int64, error) {
	if quantity < 1 {
		return 0, fail.Invalid("quantity", "must be at least 1")
	}
	if card.ActivationLimit > 0 && quantity > maxLimit/card.ActivationLimit {
		return 0, fail.Invalid("quantity", fmt.Sprintf("makes an activation limit above %d", maxLimit))
	}
	return card.ActivationLimit * quantity, nil
}

// insert writes the row of a new license under a key that nobody has. It returns the license that the invoice line
// has already, if it has one.
func (s *Service) insert(ctx context.Context, tx *db.Tx, in IssueInput, card catalog.Card, limit int64) (id string, created bool, err error) {
	row := query.InsertLicenseParams{
		ID: tx.NewID("lic"), CustomerID: in.CustomerID, ProductID: card.ProductID, PlanID: card.PlanID,
		OrderID: optional(in.OrderID), InvoiceLineID: optional(in.InvoiceLineID), Type: card.LicenseType,
		ParentID: optional(in.ParentID), Free: in.Free,
		SubscriptionID:  optional(in.SubscriptionID),
		Status:          string(Effective(Facts{GraceUntil: in.Term.GraceUntil, EndsAt: in.Term.EndsAt}, tx.Now)),
		ActivationLimit: limit, ExpiresAt: clock.FromTimePtr(in.Term.ExpiresAt), GraceUntil: clock.FromTimePtr(in.Term.GraceUntil),
		EndsAt: clock.FromTimePtr(in.Term.EndsAt), CreatedAt: tx.Stamp,
	}
	for range keyTries {
		row.Key = newKey(card)
		row.KeyLookup = lookupOf(row.Key, card.IgnoreCase)
		n, err := tx.InsertLicense(ctx, row)
		if err != nil {
			return "", false, err
		}
		if n == 1 {
			return row.ID, true, tx.InsertLicenseChecks(ctx, row.ID)
		}
		if row.InvoiceLineID == nil {
			continue
		}
		id, err := tx.LicenseOfInvoiceLine(ctx, row.InvoiceLineID)
		if !db.NotFound(err) {
			return id, false, err
		}
	}
	return "", false, fail.Conflict(CodeNoFreeKey, "The product's key format has hardly any keys left: make it longer.")
}

func (s *Service) noteIssued(ctx context.Context, tx *db.Tx, id string, in IssueInput, card catalog.Card, limit int64) error {
	state := State{ExpiresAt: in.Term.ExpiresAt, GraceUntil: in.Term.GraceUntil, EndsAt: in.Term.EndsAt}
	if err := note(ctx, tx, id, Entry{What: WhatIssued, After: describe(state, tx.Now), Why: in.Reason}); err != nil {
		return err
	}
	return event.Emit(ctx, tx, event.New{
		Type: EventCreated, SubjectID: id, CustomerID: in.CustomerID,
		Data: struct {
			ProductID       string     `json:"product_id"`
			PlanID          string     `json:"plan_id"`
			OrderID         string     `json:"order_id,omitempty"`
			InvoiceLineID   string     `json:"invoice_line_id,omitempty"`
			Quantity        int64      `json:"quantity"`
			ActivationLimit int64      `json:"activation_limit"`
			ExpiresAt       *time.Time `json:"expires_at"`
		}{card.ProductID, card.PlanID, in.OrderID, in.InvoiceLineID, in.Quantity, limit, in.Term.ExpiresAt},
	})
}

// optional is the stored form of an id that may be missing.
func optional(id string) *string {
	if id == "" {
		return nil
	}
	return &id
}
