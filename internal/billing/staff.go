package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// RevokeFulfilment takes back what paying a line of an open invoice would do. The document stays as it is.
func (s *Service) RevokeFulfilment(ctx context.Context, invoiceID, lineID, why string) (Invoice, error) {
	return s.changeLink(ctx, invoiceID, lineID, revoked, "fulfilment.revoked", why)
}

// RestoreFulfilment makes a revoked line of an open invoice do its work again when it is paid.
func (s *Service) RestoreFulfilment(ctx context.Context, invoiceID, lineID, why string) (Invoice, error) {
	return s.changeLink(ctx, invoiceID, lineID, restored, "fulfilment.restored", why)
}

func (s *Service) changeLink(ctx context.Context, invoiceID, lineID string, on linkTrigger, what, why string) (Invoice, error) {
	why, err := text.Notes(why, text.NotesLength)
	if err != nil {
		return Invoice{}, fail.Invalid("reason", err.Error())
	}
	var inv Invoice
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		var line InvoiceLine
		var err error
		if inv, line, err = lineOfChain(ctx, tx, invoiceID, lineID); err != nil {
			return err
		}
		if line.Link == nil {
			return errLineNotFound
		}
		if inv.Status != Open {
			return notOpen(inv.Status)
		}
		to, _ := linkStates.Next(line.Link.State, on)
		if err := moveLink(ctx, tx, lineID, *line.Link, on, "", ""); err != nil {
			return err
		}
		if err := s.tellLine(ctx, tx, what, inv, lineID, map[string]any{"kind": line.Link.Kind, "reason": why}); err != nil {
			return err
		}
		if err := audit(ctx, tx, what, inv, lineID+" "+string(line.Link.State), lineID+" "+string(to), why); err != nil {
			return err
		}
		if inv, err = load(ctx, tx, inv.ID); err != nil {
			return err
		}
		return s.changed(ctx, tx, inv)
	})
	return inv, err
}

// NoteFulfilled says as part of tx that what a line of an open invoice promises was done in another way, and by what. The line
// stays payable. The caller holds the customer's lock.
func (s *Service) NoteFulfilled(ctx context.Context, tx *db.Tx, lineID, by string) error {
	inv, line, err := lockLine(ctx, tx, lineID)
	if err != nil {
		return err
	}
	switch {
	case line.Link == nil:
		return errLineNotFound
	case inv.Status != Open:
		return notOpen(inv.Status)
	case line.Link.State == Fulfilled:
		return nil
	}
	if err := moveLink(ctx, tx, lineID, *line.Link, otherwise, "", ""); err != nil {
		return err
	}
	if err := tx.NoteFulfilment(ctx, query.NoteFulfilmentParams{LineID: lineID, Note: by}); err != nil {
		return fmt.Errorf("fulfilment of line %s: %w", lineID, err)
	}
	if err := s.tellLine(ctx, tx, "fulfilment.otherwise", inv, lineID, map[string]any{"kind": line.Link.Kind, "by": by}); err != nil {
		return err
	}
	return audit(ctx, tx, "fulfilment.otherwise", inv, lineID+" "+string(line.Link.State), lineID+" "+string(Fulfilled), by)
}

// lineOfChain locks the invoice of a line, if it is the one with this id or stands for that now.
func lineOfChain(ctx context.Context, tx *db.Tx, invoiceID, lineID string) (Invoice, InvoiceLine, error) {
	inv, line, err := lockLine(ctx, tx, lineID)
	if err != nil || inv.ID == invoiceID {
		return inv, line, err
	}
	current, err := Current(ctx, tx, invoiceID)
	if isNotFound(err) || (err == nil && current.ID != inv.ID) {
		return Invoice{}, InvoiceLine{}, errLineNotFound
	}
	return inv, line, err
}

func isNotFound(err error) bool { return errors.Is(err, errInvoiceNotFound) }

// FailedLine is a paid line whose work has failed: something that a person may have to see to.
type FailedLine struct {
	LineID      string
	InvoiceID   string
	Number      string
	OrderID     string
	CustomerID  string
	Kind        string
	Description string
	Error       string
	Since       time.Time // of the last try
}

// FailedLines returns paid lines whose work has failed, oldest first, at most n.
func (s *Service) FailedLines(ctx context.Context, n int) ([]FailedLine, error) {
	var lines []FailedLine
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.FailedFulfilments(ctx, int64(n))
		if err != nil {
			return fmt.Errorf("failed lines: %w", err)
		}
		lines = make([]FailedLine, len(rows))
		for i, r := range rows {
			lines[i] = FailedLine{
				LineID: r.LineID, InvoiceID: r.InvoiceID, Number: orEmpty(r.Number), OrderID: orEmpty(r.OrderID), CustomerID: r.CustomerID,
				Kind: r.Kind, Description: r.Description, Error: r.Error, Since: r.ChangedAt.Time(),
			}
		}
		return nil
	})
	return lines, err
}
