package payment

import (
	"context"
	"errors"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

var errNotFound = fail.NotFound("PAYMENT_NOT_FOUND", "There is no such payment.")

func paymentOf(r query.Payment) Payment {
	currency := money.Currency(r.Currency)
	return Payment{
		ID: r.ID, InvoiceID: r.InvoiceID, CustomerID: r.CustomerID, Gateway: r.Gateway, Reference: deref(r.Reference),
		Money: money.New(r.Amount, currency), Applied: money.New(r.Applied, currency), Refunded: money.New(r.Refunded, currency),
		State: State(r.State), MethodID: deref(r.MethodID),
		ReceivedAt: r.ReceivedAt.Time(), CreatedAt: r.CreatedAt.Time(),
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// ByID returns a payment by its id.
func (s *Service) ByID(ctx context.Context, id string) (Payment, error) {
	if !text.IsID(id) {
		return Payment{}, errNotFound
	}
	var p Payment
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		var w page.Where
		w.Add("id = $?", id)
		found, err := selectPayments(ctx, tx, &w, 1)
		if err != nil {
			return fmt.Errorf("payment %s: %w", id, err)
		}
		if len(found) == 0 {
			return errNotFound
		}
		p = found[0]
		return nil
	})
	return p, err
}

// Filter picks a page of payments.
type Filter struct {
	InvoiceID  string
	CustomerID string
	Reference  string // the whole of it
	Cursor     string // where the page before ended; empty: the first page
	Limit      int    // see page.Limit
}

// List returns a page of payments, newest first, and the cursor of the next page, empty after the last one.
func (s *Service) List(ctx context.Context, f Filter) (payments []Payment, next string, err error) {
	f.Limit = page.Limit(f.Limit)
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		where, err := f.where()
		if err != nil {
			return err
		}
		rows, err := selectPayments(ctx, tx, where, f.Limit+1)
		if err != nil {
			return fmt.Errorf("list payments: %w", err)
		}
		rows, more := page.Cut(rows, f.Limit)
		payments, next = rows, ""
		if more {
			next = page.Cursor(rows[len(rows)-1].ID)
		}
		return nil
	})
	return payments, next, err
}

func (f Filter) where() (*page.Where, error) {
	var bad fail.Fields
	var w page.Where
	if f.InvoiceID != "" {
		bad.Check("invoice_id", isID(f.InvoiceID))
		w.Add("invoice_id = $?", f.InvoiceID)
	}
	if f.CustomerID != "" {
		bad.Check("customer_id", isID(f.CustomerID))
		w.Add("customer_id = $?", f.CustomerID)
	}
	if f.Reference != "" {
		reference, err := text.Line(f.Reference, maxReference)
		bad.Check("reference", err)
		w.Add("reference = $?", reference)
	}
	if f.Cursor != "" {
		key, err := page.Key(f.Cursor, 1)
		if err != nil {
			return nil, err
		}
		w.Add("id < $?", key[0])
	}
	return &w, bad.Err()
}

func isID(s string) error {
	if !text.IsID(s) {
		return errors.New("is not an id")
	}
	return nil
}

func selectPayments(ctx context.Context, tx *db.Tx, w *page.Where, limit int) (payments []Payment, err error) {
	n := w.Arg(int64(limit))
	rows, err := tx.SQL().QueryContext(ctx, `SELECT id, invoice_id, customer_id, gateway, reference, method_id, currency, amount, applied,
		(SELECT COALESCE(SUM(refunds.amount), 0) FROM refunds WHERE refunds.payment_id = payments.id AND refunds.state <> 'failed'),
		state, received_at, created_at,
		(SELECT disputes.status FROM disputes WHERE disputes.payment_id = payments.id
			ORDER BY CASE disputes.status WHEN 'open' THEN 0 ELSE 1 END, disputes.id DESC LIMIT 1)
		FROM payments`+w.String()+` ORDER BY id DESC LIMIT CAST(`+n+` AS BIGINT)`, w.Args()...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r query.Payment
		var dispute *string
		err := rows.Scan(&r.ID, &r.InvoiceID, &r.CustomerID, &r.Gateway, &r.Reference, &r.MethodID, &r.Currency, &r.Amount, &r.Applied,
			&r.Refunded, &r.State, &r.ReceivedAt, &r.CreatedAt, &dispute)
		if err != nil {
			return nil, err
		}
		p := paymentOf(r)
		p.Refunded.Amount = min(r.Refunded, r.Amount) // what became credit may have gone back as well
		p.Dispute = DisputeStatus(deref(dispute))
		payments = append(payments, p)
	}
	return payments, rows.Err()
}
