package billing

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// SetStep notes what collecting the money of an open invoice does next, and on which day; a zero day: nothing. It does
// nothing for an invoice that is not open.
func (s *Service) SetStep(ctx context.Context, tx *db.Tx, invoiceID, step string, on civil.Date) error {
	if _, err := tx.StepInvoice(ctx, query.StepInvoiceParams{ID: invoiceID, Step: step, StepOn: dateColumn(on)}); err != nil {
		return fmt.Errorf("step of invoice %s: %w", invoiceID, err)
	}
	return nil
}

// InFlight reports whether somebody is trying to charge an invoice, with an outcome that is not known yet.
func InFlight(ctx context.Context, tx *db.Tx, invoiceID string) (bool, error) {
	n, err := tx.AttemptsInFlight(ctx, invoiceID)
	if err != nil {
		return false, fmt.Errorf("attempts to charge invoice %s: %w", invoiceID, err)
	}
	return n > 0, nil
}
