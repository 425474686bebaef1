package payment

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

var errAttemptNotFound = fail.NotFound("PAYMENT_ATTEMPT_NOT_FOUND", "There is no such payment attempt.")

// Attempt is one try to collect an invoice through a gateway.
type Attempt struct {
	ID        string
	PaymentID string
	InvoiceID string
	Gateway   string
	MethodID  string // empty: on the gateway's page
	Money     money.Money
	State     AttemptState
	Reference string // the gateway's name for it; empty until it has told
	Code      string // why it failed, in the gateway's words
	Detail    string // the same for people
	ActionURL string // where its owner confirms it, or pays
	CreatedAt time.Time
	SettledAt *time.Time
}

// InFlight reports whether the outcome is still to come.
func (a Attempt) InFlight() bool { return a.SettledAt == nil }

func attemptOf(r query.PaymentAttempt) Attempt {
	return Attempt{
		ID: r.ID, PaymentID: r.PaymentID, InvoiceID: r.InvoiceID, Gateway: r.Gateway, MethodID: deref(r.MethodID),
		Money: money.New(r.Amount, money.Currency(r.Currency)), State: AttemptState(r.State), Reference: deref(r.Reference),
		Code: r.Code, Detail: r.Detail, ActionURL: r.ActionUrl, CreatedAt: r.CreatedAt.Time(), SettledAt: clock.TimePtr(r.SettledAt),
	}
}

func attemptRow(ctx context.Context, tx *db.Tx, id string) (query.PaymentAttempt, error) {
	if !text.IsID(id) {
		return query.PaymentAttempt{}, errAttemptNotFound
	}
	r, err := tx.Attempt(ctx, id)
	if db.NotFound(err) {
		return r, errAttemptNotFound
	}
	if err != nil {
		return r, fmt.Errorf("payment attempt %s: %w", id, err)
	}
	return r, nil
}

// Attempts returns the tries to collect an invoice, oldest first.
func (s *Service) Attempts(ctx context.Context, invoiceID string) ([]Attempt, error) {
	var attempts []Attempt
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.AttemptsOfInvoice(ctx, invoiceID)
		if err != nil {
			return fmt.Errorf("payment attempts of invoice %s: %w", invoiceID, err)
		}
		attempts = make([]Attempt, len(rows))
		for i, r := range rows {
			attempts[i] = attemptOf(r)
		}
		return nil
	})
	return attempts, err
}

// InFlight reports whether a try to collect an invoice is under way. Whoever decides by it holds the invoice's lock.
func InFlight(ctx context.Context, tx *db.Tx, invoiceID string) (bool, error) {
	_, err := tx.AttemptInFlight(ctx, invoiceID)
	if db.NotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("payment attempts of invoice %s: %w", invoiceID, err)
	}
	return true, nil
}
