package billing

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/tax"
)

// orNull is the argument for a text that may be missing.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// numbered is an invoice with its place in a series; none if it has no number yet.
type numbered struct {
	Invoice
	series     string
	sequence   int64
	dueByTerms bool // whether its due date follows from its date
}

// insertInvoices writes invoices with all that belongs to them.
func insertInvoices(ctx context.Context, tx *db.Tx, invoices []numbered) error {
	heads := db.NewRows("invoices", "id", "order_id", "customer_id", "kind", "status", "series", "sequence", "number", "currency",
		"tax_mode", "net", "tax", "total", "issued_on", "due_on", "seller", "buyer", "note", "replaces", "step", "step_on",
		"created_at")
	lines := db.NewRows("invoice_lines", "invoice_id", "id", "position", "order_item_id", "subscription_id", "with_line", "period_start",
		"period_end", "description", "quantity", "unit_amount", "amount", "discount", "total", "tax_class", "tax_category",
		"tax_rate")
	taxes := db.NewRows("invoice_taxes", "invoice_id", "category", "rate", "base", "tax")
	for _, inv := range invoices {
		seller, buyer, err := partiesOf(inv.Invoice)
		if err != nil {
			return err
		}
		var sequence any
		if inv.series != "" {
			sequence = inv.sequence
		}
		heads.Add(inv.ID, orNull(inv.OrderID), inv.CustomerID, string(inv.Kind), string(inv.Status), orNull(inv.series), sequence,
			orNull(inv.Number), string(inv.Total.Currency), string(inv.TaxMode), inv.Net.Amount, inv.Tax.Amount,
			inv.Total.Amount, dateOrNull(inv.IssuedOn), dateOrNull(inv.DueOn), seller, buyer, inv.Note, orNull(inv.Replaces),
			inv.Step, dateOrNull(inv.StepOn), int64(tx.Stamp))
		for _, i := range inv.inOrderOfKeys() {
			line := inv.Lines[i]
			code, rate := categoryColumns(inv.TaxMode, line.Category)
			lines.Add(inv.ID, line.ID, int64(i+1), orNull(line.OrderItemID), orNull(line.SubscriptionID), orNull(line.With),
				dateOrNull(line.Period.Start), dateOrNull(line.Period.End), line.Description, line.Quantity,
				line.UnitAmount.Amount, line.Amount.Amount, line.Discount.Amount, line.Total.Amount, line.TaxClass, code, rate)
		}
		for _, t := range inv.Taxes {
			taxes.Add(inv.ID, string(t.Category.Code), t.Category.Rate.String(), t.Base.Amount, t.Tax.Amount)
		}
	}
	if err := heads.Insert(ctx, tx); err != nil {
		return err
	}
	if err := lines.Insert(ctx, tx); err != nil {
		return fmt.Errorf("lines: %w", err)
	}
	if err := taxes.Insert(ctx, tx); err != nil {
		return fmt.Errorf("taxes: %w", err)
	}
	return nil
}

// inOrderOfKeys are the places of an invoice's lines: each after the one that it goes with, wherever staff have put it.
func (i Invoice) inOrderOfKeys() []int {
	places := make([]int, len(i.Lines))
	for n := range places {
		places[n] = n
	}
	slices.SortStableFunc(places, func(a, b int) int { return cmp.Compare(i.Lines[a].With, i.Lines[b].With) })
	return places
}

// insertLinks writes the links of invoices' lines.
func insertLinks(ctx context.Context, tx *db.Tx, invoices []numbered) error {
	links := db.NewRows("fulfilments", "line_id", "invoice_id", "kind", "target", "payload", "state", "changed_at")
	for _, inv := range invoices {
		for _, line := range inv.Lines {
			if l := line.Link; l != nil {
				links.Add(line.ID, inv.ID, l.Kind, orNull(l.Target), l.Payload, string(l.State), int64(tx.Stamp))
			}
		}
	}
	if err := links.Insert(ctx, tx); err != nil {
		return fmt.Errorf("links: %w", err)
	}
	return nil
}

func partiesOf(inv Invoice) (seller, buyer string, err error) {
	s, err := json.Marshal(inv.Seller)
	if err != nil {
		return "", "", err
	}
	b, err := json.Marshal(inv.Buyer)
	return string(s), string(b), err
}

func dateOrNull(d civil.Date) any {
	if d.IsZero() {
		return nil
	}
	return d.String()
}

// categoryColumns is a line's category as it is stored: nothing in a store without tax.
func categoryColumns(mode tax.Mode, c tax.Category) (code, rate string) {
	if mode == tax.None {
		return "", ""
	}
	return string(c.Code), c.Rate.String()
}
