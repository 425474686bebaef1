package billing

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

var (
	errInvoiceNotFound = fail.NotFound("INVOICE_NOT_FOUND", "There is no such invoice.")
	errLineNotFound    = fail.NotFound("LINE_NOT_FOUND", "There is no such invoice line.")
)

// invoiceOf maps an invoice without its lines.
func invoiceOf(r query.Invoice) (Invoice, error) {
	currency := money.Currency(r.Currency)
	inv := Invoice{
		ID: r.ID, OrderID: orEmpty(r.OrderID), CustomerID: r.CustomerID, Number: orEmpty(r.Number), Status: Status(r.Status),
		Total: money.New(r.Total, currency), Paid: money.New(r.Paid, currency), Version: r.Version,
		CreatedAt: r.CreatedAt.Time(), PaidAt: clock.TimePtr(r.PaidAt),
	}
	for _, date := range []struct {
		from *string
		to   *civil.Date
	}{{r.IssuedOn, &inv.IssuedOn}, {r.DueOn, &inv.DueOn}} {
		if date.from == nil {
			continue
		}
		var err error
		if *date.to, err = civil.Parse(*date.from); err != nil {
			return Invoice{}, fmt.Errorf("invoice %s: %w", r.ID, err)
		}
	}
	if err := json.Unmarshal([]byte(r.Seller), &inv.Seller); err != nil {
		return Invoice{}, fmt.Errorf("seller of invoice %s: %w", r.ID, err)
	}
	if err := json.Unmarshal([]byte(r.Buyer), &inv.Buyer); err != nil {
		return Invoice{}, fmt.Errorf("buyer of invoice %s: %w", r.ID, err)
	}
	return inv, nil
}

func lineOf(r query.LinesOfInvoiceRow, currency money.Currency) InvoiceLine {
	line := InvoiceLine{
		ID: r.ID, Description: r.Description, Quantity: r.Quantity, UnitAmount: money.New(r.UnitAmount, currency),
		Total: money.New(r.Total, currency),
	}
	if r.Kind != nil {
		line.Link = &Link{
			Kind: *r.Kind, Target: orEmpty(r.Target), State: LinkState(orEmpty(r.State)), Error: orEmpty(r.Error),
			ChangedAt: clock.Instant(r.LinkChanged).Time(),
		}
	}
	return line
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// optional is the stored form of an id that may be missing.
func optional(id string) *string {
	if id == "" {
		return nil
	}
	return &id
}

func withLines(ctx context.Context, tx *db.Tx, r query.Invoice) (Invoice, error) {
	inv, err := invoiceOf(r)
	if err != nil {
		return Invoice{}, err
	}
	rows, err := tx.LinesOfInvoice(ctx, r.ID)
	if err != nil {
		return Invoice{}, fmt.Errorf("lines of invoice %s: %w", r.ID, err)
	}
	inv.Lines = make([]InvoiceLine, len(rows))
	for i, row := range rows {
		inv.Lines[i] = lineOf(row, inv.Total.Currency)
	}
	return inv, nil
}

func load(ctx context.Context, tx *db.Tx, id string) (Invoice, error) {
	if !text.IsID(id) {
		return Invoice{}, errInvoiceNotFound
	}
	r, err := tx.Invoice(ctx, id)
	if db.NotFound(err) {
		return Invoice{}, errInvoiceNotFound
	}
	if err != nil {
		return Invoice{}, fmt.Errorf("invoice %s: %w", id, err)
	}
	return withLines(ctx, tx, r)
}

// Lock takes the lock of an invoice until the end of tx and returns the invoice as it is then. Whoever moves money
// holds the lock of the invoice's customer already.
func Lock(ctx context.Context, tx *db.Tx, id string) (Invoice, error) {
	if !text.IsID(id) {
		return Invoice{}, errInvoiceNotFound
	}
	r, err := tx.LockInvoice(ctx, id)
	if db.NotFound(err) {
		return Invoice{}, errInvoiceNotFound
	}
	if err != nil {
		return Invoice{}, fmt.Errorf("lock invoice %s: %w", id, err)
	}
	return withLines(ctx, tx, r)
}

// ByID returns an invoice with its lines.
func (s *Service) ByID(ctx context.Context, id string) (Invoice, error) {
	var inv Invoice
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		inv, err = load(ctx, tx, id)
		return err
	})
	return inv, err
}
