package report

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// Concern says whose money something is about, and of which invoice.
type Concern struct {
	InvoiceID    string
	Number       string // of the invoice; empty: a proforma invoice
	CustomerID   string
	CustomerName string
}

// Refund is money that went back, or is on its way.
type Refund struct {
	Concern
	ID        string
	PaymentID string
	Money     money.Money
	To        string // "gateway" or "credit"
	State     string
	Adjust    bool
	Origin    string
	Gateway   string
	Reason    string
	Detail    string
	CreatedAt time.Time
}

// Dispute is a payment that a customer has the bank take back.
type Dispute struct {
	Concern
	ID        string
	PaymentID string
	Gateway   string
	Reference string
	Money     money.Money
	Status    string
	Reason    string
	OpenedAt  time.Time
	ClosedAt  *time.Time
}

// ReturnFilter picks a page of refunds or disputes.
type ReturnFilter struct {
	State      string // of a refund, or the status of a dispute; empty: any
	CustomerID string
	Cursor     string // where the page before ended; empty: the first page
	Limit      int    // see page.Limit
}

func (f ReturnFilter) where(table, state string, states ...string) (*page.Where, error) {
	var w page.Where
	var bad fail.Fields
	if f.State != "" {
		if !slices.Contains(states, f.State) {
			bad.Add(state, "is not one of those that there are")
		}
		w.Add(table+"."+state+" = $?", f.State)
	}
	if f.CustomerID != "" {
		if !text.IsID(f.CustomerID) {
			bad.Add("customer_id", "is not an id")
		}
		w.Add("invoices.customer_id = $?", f.CustomerID)
	}
	if f.Cursor != "" {
		key, err := page.Key(f.Cursor, 1)
		if err != nil {
			return nil, err
		}
		w.Add(table+".id < $?", key[0])
	}
	return &w, bad.Err()
}

// Refunds returns a page of refunds, newest first, and the cursor of the next page, empty after the last one.
func (s *Service) Refunds(ctx context.Context, f ReturnFilter) (refunds []Refund, next string, err error) {
	f.Limit = page.Limit(f.Limit)
	where, err := f.where("refunds", "state", "pending", "succeeded", "failed")
	if err != nil {
		return nil, "", err
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := selectRefunds(ctx, tx, where, f.Limit+1)
		if err != nil {
			return fmt.Errorf("refunds: %w", err)
		}
		var more bool
		refunds, more = page.Cut(rows, f.Limit)
		next = ""
		if more {
			next = page.Cursor(refunds[len(refunds)-1].ID)
		}
		return nil
	})
	return refunds, next, err
}

func selectRefunds(ctx context.Context, tx *db.Tx, w *page.Where, limit int) (refunds []Refund, err error) {
	n := w.Arg(int64(limit))
	rows, err := tx.SQL().QueryContext(ctx, `SELECT refunds.id, refunds.payment_id, refunds.invoice_id, COALESCE(invoices.number, ''), invoices.customer_id,
		customers.name, refunds.currency, refunds.amount, refunds.destination, refunds.state, refunds.adjust, refunds.origin, refunds.gateway,
		refunds.reason, refunds.detail, refunds.created_at
		FROM refunds JOIN invoices ON invoices.id = refunds.invoice_id JOIN customers ON customers.id = invoices.customer_id`+w.String()+`
		ORDER BY refunds.id DESC LIMIT CAST(`+n+` AS BIGINT)`, w.Args()...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r Refund
		var currency string
		var amount int64
		var created clock.Instant
		err := rows.Scan(&r.ID, &r.PaymentID, &r.InvoiceID, &r.Number, &r.CustomerID, &r.CustomerName, &currency, &amount, &r.To, &r.State,
			&r.Adjust, &r.Origin, &r.Gateway, &r.Reason, &r.Detail, &created)
		if err != nil {
			return nil, err
		}
		r.Money, r.CreatedAt = money.New(amount, money.Currency(currency)), created.Time()
		refunds = append(refunds, r)
	}
	return refunds, rows.Err()
}

// Disputes returns a page of disputes, newest first, and the cursor of the next page, empty after the last one.
func (s *Service) Disputes(ctx context.Context, f ReturnFilter) (disputes []Dispute, next string, err error) {
	f.Limit = page.Limit(f.Limit)
	where, err := f.where("disputes", "status", "open", "won", "lost")
	if err != nil {
		return nil, "", err
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := selectDisputes(ctx, tx, where, f.Limit+1)
		if err != nil {
			return fmt.Errorf("disputes: %w", err)
		}
		var more bool
		disputes, more = page.Cut(rows, f.Limit)
		next = ""
		if more {
			next = page.Cursor(disputes[len(disputes)-1].ID)
		}
		return nil
	})
	return disputes, next, err
}

var errDisputeNotFound = fail.NotFound("DISPUTE_NOT_FOUND", "There is no such dispute.")

// Dispute returns a dispute by its id, or by the gateway's name for it.
func (s *Service) Dispute(ctx context.Context, id string) (Dispute, error) {
	id, err := text.Line(id, text.NameLength)
	if err != nil {
		return Dispute{}, errDisputeNotFound
	}
	var d Dispute
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		var w page.Where
		w.Add("(disputes.id = $? OR disputes.reference = $?)", id, id)
		found, err := selectDisputes(ctx, tx, &w, 1)
		if err != nil {
			return fmt.Errorf("dispute %s: %w", id, err)
		}
		if len(found) == 0 {
			return errDisputeNotFound
		}
		d = found[0]
		return nil
	})
	return d, err
}

func selectDisputes(ctx context.Context, tx *db.Tx, w *page.Where, limit int) (disputes []Dispute, err error) {
	n := w.Arg(int64(limit))
	rows, err := tx.SQL().QueryContext(ctx, `SELECT disputes.id, disputes.payment_id, disputes.invoice_id, COALESCE(invoices.number, ''),
		invoices.customer_id, customers.name, disputes.gateway, disputes.reference, disputes.currency, disputes.amount, disputes.status,
		disputes.reason, disputes.opened_at, disputes.closed_at
		FROM disputes JOIN invoices ON invoices.id = disputes.invoice_id JOIN customers ON customers.id = invoices.customer_id`+w.String()+`
		ORDER BY disputes.id DESC LIMIT CAST(`+n+` AS BIGINT)`, w.Args()...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var d Dispute
		var currency string
		var amount int64
		var opened clock.Instant
		var closed *clock.Instant
		err := rows.Scan(&d.ID, &d.PaymentID, &d.InvoiceID, &d.Number, &d.CustomerID, &d.CustomerName, &d.Gateway, &d.Reference, &currency,
			&amount, &d.Status, &d.Reason, &opened, &closed)
		if err != nil {
			return nil, err
		}
		d.Money, d.OpenedAt, d.ClosedAt = money.New(amount, money.Currency(currency)), opened.Time(), clock.TimePtr(closed)
		disputes = append(disputes, d)
	}
	return disputes, rows.Err()
}
