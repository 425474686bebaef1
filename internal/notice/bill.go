package notice

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/tax"
)

// bill is an invoice as mails need it.
type bill struct {
	id             string
	kind           billing.Kind
	status         billing.Status
	gateway        string // of its order
	orderKind      order.Kind
	method         string // by which its customer is charged; empty: none is saved
	credit         int64  // what the store owes its customer
	step           string
	stepOn         civil.Date
	subscriptionID string
	told           mail.Invoice // without a way to pay by hand
}

// billRow is a line of an invoice with the whole of it.
type billRow struct {
	kind, status, number, currency, taxMode      string
	tax, total, credited, paid                   int64
	issuedOn, dueOn, step, stepOn                string
	gateway, orderKind                           string
	customerID, name, email, emailFold, language string
	method                                       string
	credit                                       int64
	description                                  string
	quantity, lineTotal                          int64
	subscriptionID                               string
}

const selectBills = `
SELECT i.id, i.kind, i.status, COALESCE(i.number, ''), i.currency, i.tax_mode, i.tax, i.total, i.credited, i.paid,
    COALESCE(i.issued_on, ''), COALESCE(i.due_on, ''), i.step, COALESCE(i.step_on, ''), COALESCE(o.gateway, ''), COALESCE(o.kind, ''),
    i.customer_id, c.name, c.email, c.email_fold, c.language, COALESCE(m.label, ''), COALESCE(k.amount, 0),
    l.description, l.quantity, l.total, COALESCE(l.subscription_id, '')
FROM invoices AS i
JOIN customers AS c ON c.id = i.customer_id
JOIN invoice_lines AS l ON l.invoice_id = i.id
LEFT JOIN orders AS o ON o.id = i.order_id
LEFT JOIN payment_methods AS m ON m.customer_id = i.customer_id AND m.is_default
LEFT JOIN customer_credits AS k ON k.customer_id = i.customer_id AND k.currency = i.currency
WHERE i.id IN (`

// billsAtOnce are the numbers of invoices that are read at once: few, so that their statements stay prepared.
var billsAtOnce = []int{100, 10, 1}

// readBills reads the lines of invoices, in their order.
func readBills(ctx context.Context, tx *db.Tx, ids []string) (map[string][]billRow, error) {
	bills := make(map[string][]billRow, len(ids))
	for _, n := range billsAtOnce {
		for ; len(ids) >= n; ids = ids[n:] {
			if err := readSome(ctx, tx, ids[:n], bills); err != nil {
				return nil, fmt.Errorf("invoices: %w", err)
			}
		}
	}
	return bills, nil
}

func readSome(ctx context.Context, tx *db.Tx, ids []string, into map[string][]billRow) error {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	rows, err := tx.SQL().QueryContext(ctx, selectBills+page.Placeholders(len(ids))+") ORDER BY i.id, l.position", args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		var r billRow
		err := rows.Scan(&id, &r.kind, &r.status, &r.number, &r.currency, &r.taxMode, &r.tax, &r.total, &r.credited, &r.paid,
			&r.issuedOn, &r.dueOn, &r.step, &r.stepOn, &r.gateway, &r.orderKind,
			&r.customerID, &r.name, &r.email, &r.emailFold, &r.language, &r.method, &r.credit,
			&r.description, &r.quantity, &r.lineTotal, &r.subscriptionID)
		if err != nil {
			return err
		}
		into[id] = append(into[id], r)
	}
	return rows.Err()
}

// bill reads an invoice and notes its customer as the reader.
func (d *desk) bill(ctx context.Context, id string) (bill, error) {
	rows, err := readBills(ctx, d.tx, []string{id})
	if err != nil {
		return bill{}, err
	}
	return d.billOf(id, rows[id])
}

// billOf puts an invoice together, and notes its customer as the reader.
func (d *desk) billOf(id string, rows []billRow) (bill, error) {
	if len(rows) == 0 {
		return bill{}, fmt.Errorf("invoice %s: %w", id, sql.ErrNoRows)
	}
	r := rows[0]
	currency := money.Currency(r.currency)
	d.to = personOf(r.customerID, r.name, r.email, r.emailFold, r.language)
	b := bill{
		id: id, kind: billing.Kind(r.kind), status: billing.Status(r.status), gateway: r.gateway, orderKind: order.Kind(r.orderKind),
		method: r.method, credit: r.credit, step: r.step, stepOn: dateOf(r.stepOn),
		told: mail.Invoice{
			Number: r.number, IssuedOn: dateOf(r.issuedOn), DueOn: dateOf(r.dueOn), Tax: money.New(r.tax, currency),
			TaxIncluded: r.taxMode == string(tax.Inclusive), Total: money.New(r.total, currency), Balance: money.New(0, currency),
			Link: d.link(invoiceLink(id)),
		},
	}
	if b.told.Number == "" {
		b.told.Number = id // a proforma invoice, which takes its number when it is paid
	}
	if b.status == billing.Open {
		b.told.Balance.Amount = r.total - r.credited - r.paid
	}
	for _, row := range rows {
		b.told.Lines = append(b.told.Lines, mail.Line{
			Description: row.description, Quantity: row.quantity, Amount: money.New(row.lineTotal, currency),
		})
		if b.subscriptionID == "" {
			b.subscriptionID = row.subscriptionID
		}
	}
	return b, nil
}
