package billing

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// Filter picks a page of invoices.
type Filter struct {
	CustomerID     string
	OrderID        string // invoices of an order: those that were replaced, too
	SubscriptionID string // invoices with a line for it
	Status         Status
	// Query finds an invoice by the reference of a payment or by its place in the series, or else the invoices whose
	// number starts with it, highest number first.
	Query  string
	Cursor string // where the page before ended; empty: the first page
	Limit  int    // see page.Limit
}

func (f *Filter) validate() error {
	var bad fail.Fields
	for field, id := range map[string]string{"customer_id": f.CustomerID, "order_id": f.OrderID, "subscription_id": f.SubscriptionID} {
		if id != "" && !text.IsID(id) {
			bad.Add(field, "is not an id")
		}
	}
	if f.Status != "" && !isStatus(f.Status) {
		bad.Add("status", "is not the status of an invoice")
	}
	var err error
	f.Query, err = text.Line(f.Query, text.NameLength)
	bad.Check("q", err)
	return bad.Err()
}

func isStatus(s Status) bool {
	for _, known := range invoiceStates.States {
		if s == known {
			return true
		}
	}
	return false
}

// List returns a page of invoices with their lines, newest first, and the cursor of the next page, empty after the
// last one.
func (s *Service) List(ctx context.Context, f Filter) (invoices []Invoice, next string, err error) {
	if err := f.validate(); err != nil {
		return nil, "", err
	}
	f.Limit = page.Limit(f.Limit)
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		invoices, next = nil, ""
		if f.Query != "" && f.Cursor == "" {
			rows, err := exactly(ctx, tx, f)
			if err != nil {
				return fmt.Errorf("list invoices: %w", err)
			}
			if len(rows) > 0 {
				invoices, err = allWithLines(ctx, tx, rows)
				return err
			}
		}
		order := "id"
		if f.Query != "" {
			order = "number"
		}
		where, err := f.where(order)
		if err != nil {
			return err
		}
		rows, err := selectInvoices(ctx, tx, where, order, f.Limit+1)
		if err != nil {
			return fmt.Errorf("list invoices: %w", err)
		}
		rows, more := page.Cut(rows, f.Limit)
		if more {
			last := rows[len(rows)-1]
			next = page.Cursor(last.ID)
			if order == "number" {
				next = page.Cursor(orEmpty(last.Number))
			}
		}
		invoices, err = allWithLines(ctx, tx, rows)
		return err
	})
	return invoices, next, err
}

// All yields every invoice that a filter picks; its cursor and limit do not matter.
func (s *Service) All(ctx context.Context, f Filter) iter.Seq2[Invoice, error] {
	f.Limit = page.Longest
	return page.Walk(func(cursor string) ([]Invoice, string, error) {
		f.Cursor = cursor
		return s.List(ctx, f)
	})
}

// plain is the condition without the query and the cursor.
func (f Filter) plain() *page.Where {
	var w page.Where
	if f.CustomerID != "" {
		w.Add("customer_id = $?", f.CustomerID)
	}
	if f.OrderID != "" {
		w.Add("order_id = $?", f.OrderID)
	}
	if f.SubscriptionID != "" {
		w.Add("id IN (SELECT invoice_id FROM invoice_lines WHERE subscription_id = $?)", f.SubscriptionID)
	}
	switch {
	case f.Status == "":
	case f.CustomerID+f.OrderID+f.SubscriptionID == "":
		w.Add("status = $?", string(f.Status))
	default:
		// Not by an index: a customer has few invoices, a state may have a million.
		w.Add("COALESCE(status, '') = $?", string(f.Status))
	}
	return &w
}

// where is the condition for a page in the order of a column.
func (f Filter) where(order string) (*page.Where, error) {
	w := f.plain()
	if f.Query != "" {
		low, high := text.PrefixRange(f.Query)
		w.Add("number >= $? AND number < $?", low, high)
	}
	if f.Cursor != "" {
		key, err := page.Key(f.Cursor, 1)
		if err != nil {
			return nil, err
		}
		w.Add(order+" < $?", key[0])
	}
	return w, nil
}

// exactly returns the few invoices that the query names outright: by a payment's reference or by a bare number.
func exactly(ctx context.Context, tx *db.Tx, f Filter) ([]query.Invoice, error) {
	w := f.plain()
	w.Add("id IN (SELECT invoice_id FROM payments WHERE reference = $?)", f.Query)
	rows, err := selectInvoices(ctx, tx, w, "id", page.Longest)
	if err != nil || len(rows) > 0 {
		return rows, err
	}
	n, err := strconv.ParseInt(f.Query, 10, 64)
	if err != nil {
		return nil, nil //nolint:nilerr // not a number: nothing is found by it
	}
	w = f.plain()
	w.Add("series = $? AND sequence = $?", invoiceSeries, n)
	return selectInvoices(ctx, tx, w, "id", 1)
}

func selectInvoices(ctx context.Context, tx *db.Tx, w *page.Where, order string, limit int) (invoices []query.Invoice, err error) {
	n := w.Arg(int64(limit))
	rows, err := tx.SQL().QueryContext(ctx, `SELECT id, order_id, customer_id, kind, status, series, sequence, number, currency,
		tax_mode, net, tax, total, credited, paid, disputes, issued_on, due_on, seller, buyer, note, replaces, step, step_on,
		version, created_at, paid_at
		FROM invoices`+w.String()+` ORDER BY `+order+` DESC LIMIT CAST(`+n+` AS BIGINT)`, w.Args()...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r query.Invoice
		err := rows.Scan(&r.ID, &r.OrderID, &r.CustomerID, &r.Kind, &r.Status, &r.Series, &r.Sequence, &r.Number, &r.Currency,
			&r.TaxMode, &r.Net, &r.Tax, &r.Total, &r.Credited, &r.Paid, &r.Disputes, &r.IssuedOn, &r.DueOn, &r.Seller, &r.Buyer,
			&r.Note, &r.Replaces, &r.Step, &r.StepOn, &r.Version, &r.CreatedAt, &r.PaidAt)
		if err != nil {
			return nil, err
		}
		invoices = append(invoices, r)
	}
	return invoices, rows.Err()
}

// CSVHeader names the columns of [Invoice.CSV].
var CSVHeader = []string{
	"id", "number", "kind", "status", "customer_id", "customer_name", "customer_email", "country", "order_id", "currency", "net", "tax",
	"total", "credited", "paid", "balance", "issued_on", "due_on", "paid_at",
}

// CSV returns the invoice as a row of an export, amounts in major units.
func (i Invoice) CSV() []string {
	paidAt := ""
	if i.PaidAt != nil {
		paidAt = i.PaidAt.Format(time.RFC3339)
	}
	return []string{
		i.ID, i.Number, string(i.Kind), string(i.Status), i.CustomerID, i.Buyer.Name, i.Buyer.Email, i.Buyer.Country, i.OrderID,
		string(i.Total.Currency), i.Net.Decimal(), i.Tax.Decimal(), i.Total.Decimal(), i.Credited.Decimal(), i.Paid.Decimal(),
		i.Balance().Decimal(), i.IssuedOn.String(), i.DueOn.String(), paidAt,
	}
}
