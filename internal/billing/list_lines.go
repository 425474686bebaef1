package billing

import (
	"context"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/tax"
)

// allWithLines completes the invoices of a page, each kind of rows in one go.
func allWithLines(ctx context.Context, tx *db.Tx, rows []query.Invoice) ([]Invoice, error) {
	invoices := make([]Invoice, len(rows))
	if len(rows) == 0 {
		return invoices, nil
	}
	p := invoicePage{at: make(map[string]*Invoice, len(rows)), in: "(" + page.Placeholders(len(rows)) + ")"}
	for i, r := range rows {
		var err error
		if invoices[i], err = invoiceOf(r); err != nil {
			return nil, err
		}
		p.at[r.ID] = &invoices[i]
		p.ids = append(p.ids, r.ID)
		p.taxed = p.taxed || invoices[i].TaxMode != tax.None
		p.void = p.void || invoices[i].Status == Void
	}
	if err := p.addLines(ctx, tx); err != nil {
		return nil, err
	}
	if err := p.addTaxes(ctx, tx); err != nil {
		return nil, err
	}
	return invoices, p.addReplacements(ctx, tx)
}

// invoicePage is a page of invoices that is being completed.
type invoicePage struct {
	at    map[string]*Invoice
	ids   []any
	in    string // for these ids
	taxed bool   // whether one of them has taxes
	void  bool   // whether one of them is void, and so may have been replaced
}

func (p invoicePage) addLines(ctx context.Context, tx *db.Tx) error {
	rows, err := tx.SQL().QueryContext(ctx, `SELECT invoice_lines.invoice_id, invoice_lines.id, invoice_lines.order_item_id,
		invoice_lines.subscription_id, invoice_lines.with_line, invoice_lines.period_start, invoice_lines.period_end, invoice_lines.description,
		invoice_lines.quantity, invoice_lines.unit_amount, invoice_lines.amount, invoice_lines.discount, invoice_lines.total,
		invoice_lines.tax_class, invoice_lines.tax_category, invoice_lines.tax_rate, invoice_lines.credited,
		invoice_lines.discount_credited, invoice_lines.taken_back,
		fulfilments.kind, fulfilments.target, fulfilments.payload, fulfilments.state, fulfilments.note, fulfilments.error,
		COALESCE(fulfilments.changed_at, 0)
		FROM invoice_lines LEFT JOIN fulfilments
			ON fulfilments.line_id = invoice_lines.id AND fulfilments.invoice_id = invoice_lines.invoice_id
		WHERE invoice_lines.invoice_id IN `+p.in+`
		ORDER BY invoice_lines.invoice_id, invoice_lines.position`, p.ids...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r query.LinesOfInvoiceRow
		err := rows.Scan(&r.InvoiceID, &r.ID, &r.OrderItemID, &r.SubscriptionID, &r.WithLine, &r.PeriodStart, &r.PeriodEnd, &r.Description,
			&r.Quantity, &r.UnitAmount, &r.Amount, &r.Discount, &r.Total, &r.TaxClass, &r.TaxCategory, &r.TaxRate, &r.Credited,
			&r.DiscountCredited, &r.TakenBack, &r.Kind, &r.Target, &r.Payload, &r.State, &r.Note, &r.Error, &r.LinkChanged)
		if err != nil {
			return err
		}
		inv := p.at[r.InvoiceID]
		line, err := lineOf(r, inv.Total.Currency)
		if err != nil {
			return err
		}
		inv.Lines = append(inv.Lines, line)
	}
	return rows.Err()
}

func (p invoicePage) addTaxes(ctx context.Context, tx *db.Tx) error {
	if !p.taxed {
		return nil
	}
	rows, err := tx.SQL().QueryContext(ctx, `SELECT invoice_id, category, rate, base, tax FROM invoice_taxes
		WHERE invoice_id IN `+p.in, p.ids...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r query.InvoiceTax
		if err := rows.Scan(&r.InvoiceID, &r.Category, &r.Rate, &r.Base, &r.Tax); err != nil {
			return err
		}
		category, err := categoryOf(r.Category, r.Rate)
		if err != nil {
			return err
		}
		inv := p.at[r.InvoiceID]
		inv.Taxes = append(inv.Taxes, TaxLine{Category: category, Base: inv.money(r.Base), Tax: inv.money(r.Tax)})
	}
	for _, inv := range p.at {
		sortTaxes(inv.Taxes)
	}
	return rows.Err()
}

func (p invoicePage) addReplacements(ctx context.Context, tx *db.Tx) error {
	if !p.void {
		return nil
	}
	rows, err := tx.SQL().QueryContext(ctx, "SELECT id, replaces FROM invoices WHERE replaces IN "+p.in, p.ids...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, replaces string
		if err := rows.Scan(&id, &replaces); err != nil {
			return err
		}
		p.at[replaces].ReplacedBy = id
	}
	return rows.Err()
}
