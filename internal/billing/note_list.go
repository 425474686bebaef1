package billing

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/tax"
	"github.com/keystead/keystead/internal/text"
)

// NoteFilter picks a page of credit notes.
type NoteFilter struct {
	CustomerID string
	InvoiceID  string
	Query      string // the start of a number
	Cursor     string // where the page before ended; empty: the first page
	Limit      int    // see page.Limit
}

// ListNotes returns a page of credit notes, newest first, and the cursor of the next page, empty after the last one.
func (s *Service) ListNotes(ctx context.Context, f NoteFilter) (notes []CreditNote, next string, err error) {
	f.Limit = page.Limit(f.Limit)
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		notes, next = nil, ""
		where, err := f.where()
		if err != nil {
			return err
		}
		rows, err := selectNotes(ctx, tx, where, f.Limit+1)
		if err != nil {
			return fmt.Errorf("list credit notes: %w", err)
		}
		rows, more := page.Cut(rows, f.Limit)
		if more {
			next = page.Cursor(rows[len(rows)-1].ID)
		}
		for _, r := range rows {
			n, err := noteOf(ctx, tx, r.CreditNote, r.mode)
			if err != nil {
				return err
			}
			notes = append(notes, n)
		}
		return nil
	})
	return notes, next, err
}

// AllNotes yields every credit note that a filter picks; its cursor and limit do not matter.
func (s *Service) AllNotes(ctx context.Context, f NoteFilter) iter.Seq2[CreditNote, error] {
	f.Limit = page.Longest
	return page.Walk(func(cursor string) ([]CreditNote, string, error) {
		f.Cursor = cursor
		return s.ListNotes(ctx, f)
	})
}

func (f NoteFilter) where() (*page.Where, error) {
	var bad fail.Fields
	var w page.Where
	for _, id := range []struct{ field, column, value string }{
		{"customer_id", "credit_notes.customer_id", f.CustomerID}, {"invoice_id", "credit_notes.invoice_id", f.InvoiceID},
	} {
		if id.value == "" {
			continue
		}
		if !text.IsID(id.value) {
			bad.Add(id.field, "is not an id")
		}
		w.Add(id.column+" = $?", id.value)
	}
	q, err := text.Line(f.Query, text.NameLength)
	bad.Check("q", err)
	if q != "" {
		low, high := text.PrefixRange(q)
		w.Add("credit_notes.number >= $? AND credit_notes.number < $?", low, high)
	}
	if f.Cursor != "" {
		key, err := page.Key(f.Cursor, 1)
		if err != nil {
			return nil, err
		}
		w.Add("credit_notes.id < $?", key[0])
	}
	return &w, bad.Err()
}

// noteRow is a credit note with the tax mode of its invoice.
type noteRow struct {
	query.CreditNote
	mode tax.Mode
}

func selectNotes(ctx context.Context, tx *db.Tx, w *page.Where, limit int) (notes []noteRow, err error) {
	n := w.Arg(int64(limit))
	rows, err := tx.SQL().QueryContext(ctx, `SELECT credit_notes.id, credit_notes.invoice_id, credit_notes.customer_id,
		credit_notes.series, credit_notes.sequence, credit_notes.number, credit_notes.currency, credit_notes.net, credit_notes.tax,
		credit_notes.total, credit_notes.freed, credit_notes.cause, credit_notes.reason, credit_notes.issued_on,
		credit_notes.seller, credit_notes.buyer, credit_notes.created_at, invoices.tax_mode
		FROM credit_notes JOIN invoices ON invoices.id = credit_notes.invoice_id`+w.String()+`
		ORDER BY credit_notes.id DESC LIMIT CAST(`+n+` AS BIGINT)`, w.Args()...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r noteRow
		err := rows.Scan(&r.ID, &r.InvoiceID, &r.CustomerID, &r.Series, &r.Sequence, &r.Number, &r.Currency, &r.Net, &r.Tax, &r.Total,
			&r.Freed, &r.Cause, &r.Reason, &r.IssuedOn, &r.Seller, &r.Buyer, &r.CreatedAt, &r.mode)
		if err != nil {
			return nil, err
		}
		notes = append(notes, r)
	}
	return notes, rows.Err()
}

// NoteCSVHeader names the columns of [CreditNote.CSV].
var NoteCSVHeader = []string{
	"id", "number", "invoice_id", "customer_id", "customer_name", "currency", "net", "tax", "total", "freed", "cause", "reason",
	"issued_on", "created_at",
}

// CSV returns the credit note as a row of an export, amounts in major units.
func (n CreditNote) CSV() []string {
	return []string{
		n.ID, n.Number, n.InvoiceID, n.CustomerID, n.Buyer.Name, string(n.Total.Currency), n.Net.Decimal(), n.Tax.Decimal(),
		n.Total.Decimal(), n.Freed.Decimal(), string(n.Cause), n.Reason, n.IssuedOn.String(), n.CreatedAt.Format(time.RFC3339),
	}
}
