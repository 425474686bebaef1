package report

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// CreditMove is a change of what the store owes a customer.
type CreditMove struct {
	At        time.Time
	Kind      string // of the ledger transaction, such as "credit.used"
	SourceID  string
	InvoiceID string // empty: of none
	Number    string
	By        money.Money // positive: the store owes more since
	After     money.Money // what it owed then
}

// CreditMoves returns what has become of a customer's credit, newest first, at most n of it.
func (s *Service) CreditMoves(ctx context.Context, customerID string, n int) (moves []CreditMove, err error) {
	if !text.IsID(customerID) {
		return nil, nil
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		moves = nil
		rows, err := tx.SQL().QueryContext(ctx, `SELECT ledger_transactions.occurred_at, ledger_transactions.kind, ledger_transactions.source_id,
			COALESCE(ledger_transactions.invoice_id, ''), COALESCE(invoices.number, ''), ledger_entries.currency, -ledger_entries.amount,
			CAST(-SUM(ledger_entries.amount) OVER (PARTITION BY ledger_entries.currency ORDER BY ledger_transactions.id) AS BIGINT)
			FROM ledger_transactions
			JOIN ledger_entries ON ledger_entries.transaction_id = ledger_transactions.id AND ledger_entries.account = 'customer_credit'
			LEFT JOIN invoices ON invoices.id = ledger_transactions.invoice_id
			WHERE ledger_transactions.customer_id = $1 AND ledger_transactions.kind <> 'invoice.finalised'
			ORDER BY ledger_transactions.id DESC LIMIT CAST($2 AS BIGINT)`, customerID, int64(n))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var m CreditMove
			var at clock.Instant
			var currency string
			var by, after int64
			if err := rows.Scan(&at, &m.Kind, &m.SourceID, &m.InvoiceID, &m.Number, &currency, &by, &after); err != nil {
				return err
			}
			m.At, m.By, m.After = at.Time(), money.New(by, money.Currency(currency)), money.New(after, money.Currency(currency))
			moves = append(moves, m)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("credit of customer %s: %w", customerID, err)
	}
	return moves, nil
}

// CreditNote is a credit note as lists show it.
type CreditNote struct {
	Concern
	ID       string
	Note     string // its own number
	Cause    string
	Reason   string
	Total    money.Money
	Freed    money.Money // what had been paid of it and became the customer's credit
	IssuedOn civil.Date
}

// NoteFilter picks a page of credit notes.
type NoteFilter struct {
	CustomerID string
	Query      string // the beginning of a number
	Cursor     string // where the page before ended; empty: the first page
	Limit      int    // see page.Limit
}

// CreditNotes returns a page of credit notes, newest first, and the cursor of the next page, empty after the last one.
func (s *Service) CreditNotes(ctx context.Context, f NoteFilter) (notes []CreditNote, next string, err error) {
	f.Limit = page.Limit(f.Limit)
	where, err := f.where()
	if err != nil {
		return nil, "", err
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := selectNotes(ctx, tx, where, f.Limit+1)
		if err != nil {
			return fmt.Errorf("credit notes: %w", err)
		}
		var more bool
		notes, more = page.Cut(rows, f.Limit)
		next = ""
		if more {
			next = page.Cursor(notes[len(notes)-1].ID)
		}
		return nil
	})
	return notes, next, err
}

func (f NoteFilter) where() (*page.Where, error) {
	var w page.Where
	var bad fail.Fields
	if f.CustomerID != "" {
		if !text.IsID(f.CustomerID) {
			bad.Add("customer_id", "is not an id")
		}
		w.Add("credit_notes.customer_id = $?", f.CustomerID)
	}
	number, err := text.Line(f.Query, text.NameLength)
	bad.Check("q", err)
	if number != "" {
		low, high := text.PrefixRange(number)
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

func selectNotes(ctx context.Context, tx *db.Tx, w *page.Where, limit int) (notes []CreditNote, err error) {
	n := w.Arg(int64(limit))
	rows, err := tx.SQL().QueryContext(ctx, `SELECT credit_notes.id, credit_notes.number, credit_notes.invoice_id, COALESCE(invoices.number, ''),
		credit_notes.customer_id, customers.name, credit_notes.cause, credit_notes.reason, credit_notes.currency, credit_notes.total,
		credit_notes.freed, credit_notes.issued_on
		FROM credit_notes JOIN invoices ON invoices.id = credit_notes.invoice_id
		JOIN customers ON customers.id = credit_notes.customer_id`+w.String()+`
		ORDER BY credit_notes.id DESC LIMIT CAST(`+n+` AS BIGINT)`, w.Args()...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var c CreditNote
		var currency, issued string
		var total, freed int64
		err := rows.Scan(&c.ID, &c.Note, &c.InvoiceID, &c.Number, &c.CustomerID, &c.CustomerName, &c.Cause, &c.Reason, &currency, &total, &freed, &issued)
		if err != nil {
			return nil, err
		}
		if c.IssuedOn, err = civil.Parse(issued); err != nil {
			return nil, err
		}
		c.Total, c.Freed = money.New(total, money.Currency(currency)), money.New(freed, money.Currency(currency))
		notes = append(notes, c)
	}
	return notes, rows.Err()
}
