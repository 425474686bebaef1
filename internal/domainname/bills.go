package domainname

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/page"
)

// Bill is an invoice that asks for a renewal, with the fee beside it, or for a fee of it by itself.
type Bill struct {
	InvoiceID string
	Sum       money.Money // of what it asks for the renewal, in terms of prices
	Paid      bool
}

// billsOf reads what was asked for renewals and is to be paid, or is paid: of each its own invoice first. What is void or written off
// asks for nothing.
func billsOf(ctx context.Context, tx *db.Tx, renewalIDs []string) (map[string][]Bill, error) {
	bills := map[string][]Bill{}
	if len(renewalIDs) == 0 {
		return bills, nil
	}
	among := ` IN (` + page.Placeholders(len(renewalIDs)) + `)`
	rows, err := tx.SQL().QueryContext(ctx, `SELECT asked.renewal_id, invoices.id, invoices.status = 'paid', invoices.currency,
			CAST(SUM(invoice_lines.total - invoice_lines.credited + invoice_lines.discount_credited) AS BIGINT)
		FROM (SELECT id AS renewal_id, 1 AS place, line_id FROM domain_renewals WHERE id`+among+`
			UNION ALL SELECT renewal_id, 2, line_id FROM domain_renewal_fees WHERE renewal_id`+among+`
			UNION ALL SELECT id, 3, fee_line_id FROM domain_renewals WHERE id`+among+`) AS asked
		JOIN invoice_lines AS own ON own.id = asked.line_id
		JOIN invoices ON invoices.id = own.invoice_id AND invoices.status IN ('open', 'paid')
		JOIN invoice_lines ON invoice_lines.invoice_id = own.invoice_id AND (invoice_lines.id = own.id OR invoice_lines.with_line = own.id)
		GROUP BY asked.renewal_id, asked.place, invoices.id, invoices.status, invoices.currency ORDER BY asked.renewal_id, asked.place, invoices.id`, anys(renewalIDs)...)
	if err != nil {
		return nil, fmt.Errorf("invoices of renewals: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		var b Bill
		if err := rows.Scan(&id, &b.InvoiceID, &b.Paid, &b.Sum.Currency, &b.Sum.Amount); err != nil {
			return nil, fmt.Errorf("invoices of renewals: %w", err)
		}
		bills[id] = append(bills[id], b)
	}
	return bills, rows.Err()
}
