package billing

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
	"github.com/keystead/keystead/internal/text"
)

// CreditNote takes back a part of an invoice. It is frozen as an invoice is, in a series of numbers of its own. Its
// amounts are positive.
type CreditNote struct {
	ID         string
	InvoiceID  string
	CustomerID string
	Number     string
	TaxMode    tax.Mode // of the invoice
	Net        money.Money
	Tax        money.Money
	Total      money.Money
	Freed      money.Money // what had been paid of it: it became the customer's credit
	Cause      Cause
	Reason     string
	IssuedOn   civil.Date
	Seller     Party
	Buyer      Party
	Lines      []NoteLine
	Taxes      []TaxLine
	CreatedAt  time.Time

	sequence int64
}

// NoteLine is the part of a line that a credit note takes back, in terms of the prices.
type NoteLine struct {
	LineID      string
	Description string
	Period      civil.Period
	Amount      money.Money // before the discount
	Discount    money.Money // its share of the line's discount
	Category    tax.Category
}

var errNoteNotFound = fail.NotFound("CREDIT_NOTE_NOT_FOUND", "There is no such credit note.")

func insertNote(ctx context.Context, tx *db.Tx, n CreditNote) error {
	seller, err := json.Marshal(n.Seller)
	if err != nil {
		return err
	}
	buyer, err := json.Marshal(n.Buyer)
	if err != nil {
		return err
	}
	err = tx.InsertCreditNote(ctx, query.InsertCreditNoteParams{
		ID: n.ID, InvoiceID: n.InvoiceID, CustomerID: n.CustomerID, Series: creditSeries, Sequence: n.sequence, Number: n.Number,
		Currency: string(n.Total.Currency), Net: n.Net.Amount, Tax: n.Tax.Amount, Total: n.Total.Amount, Freed: n.Freed.Amount,
		Cause: string(n.Cause), Reason: n.Reason, IssuedOn: n.IssuedOn.String(), Seller: string(seller), Buyer: string(buyer),
		CreatedAt: tx.Stamp,
	})
	if db.Duplicate(err) {
		return fail.Conflict("NUMBER_TAKEN", fmt.Sprintf("The next credit note would have the number %s, which another has "+
			"already: change the setting billing.credit_number_format.", n.Number)).Because(err)
	}
	if err != nil {
		return fmt.Errorf("credit note of invoice %s: %w", n.InvoiceID, err)
	}
	for i, line := range n.Lines {
		code, rate := categoryColumns(n.TaxMode, line.Category)
		err := tx.InsertCreditNoteLine(ctx, query.InsertCreditNoteLineParams{
			CreditNoteID: n.ID, LineID: line.LineID, Position: int64(i + 1), Description: line.Description,
			PeriodStart: dateColumn(line.Period.Start), PeriodEnd: dateColumn(line.Period.End), Amount: line.Amount.Amount,
			Discount: line.Discount.Amount, TaxCategory: code, TaxRate: rate,
		})
		if err != nil {
			return fmt.Errorf("line %d of credit note %s: %w", i+1, n.ID, err)
		}
	}
	for _, t := range n.Taxes {
		err := tx.InsertCreditNoteTax(ctx, query.InsertCreditNoteTaxParams{
			CreditNoteID: n.ID, Category: string(t.Category.Code), Rate: t.Category.Rate.String(), Base: t.Base.Amount, Tax: t.Tax.Amount,
		})
		if err != nil {
			return fmt.Errorf("taxes of credit note %s: %w", n.ID, err)
		}
	}
	return nil
}

// tellNote writes a credit note into the history.
func (s *Service) tellNote(ctx context.Context, tx *db.Tx, inv Invoice, n CreditNote) error {
	err := event.Emit(ctx, tx, event.New{
		Type: "credit_note.issued", SubjectID: inv.ID, CustomerID: inv.CustomerID,
		Data: map[string]any{
			"credit_note_id": n.ID, "number": n.Number, "invoice_id": inv.ID, "total": n.Total, "freed": n.Freed, "cause": n.Cause,
		},
	})
	if err != nil {
		return err
	}
	return audit(ctx, tx, "credit_note.issued", inv, "", n.Number+" "+n.Total.String(), n.Reason)
}

// NotesOf returns the credit notes of an invoice, oldest first.
func NotesOf(ctx context.Context, tx *db.Tx, inv Invoice) ([]CreditNote, error) {
	rows, err := tx.CreditNotesOfInvoice(ctx, inv.ID)
	if err != nil {
		return nil, fmt.Errorf("credit notes of invoice %s: %w", inv.ID, err)
	}
	notes := make([]CreditNote, len(rows))
	for i, r := range rows {
		if notes[i], err = noteOf(ctx, tx, r, inv.TaxMode); err != nil {
			return nil, err
		}
	}
	return notes, nil
}

// CreditNotes returns the credit notes of an invoice, oldest first.
func (s *Service) CreditNotes(ctx context.Context, invoiceID string) (notes []CreditNote, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		inv, err := load(ctx, tx, invoiceID)
		if err != nil {
			return err
		}
		notes, err = NotesOf(ctx, tx, inv)
		return err
	})
	return notes, err
}

// CreditNoteByID returns a credit note.
func (s *Service) CreditNoteByID(ctx context.Context, id string) (n CreditNote, err error) {
	if !text.IsID(id) {
		return CreditNote{}, errNoteNotFound
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		n, _, err = noteAndInvoice(ctx, tx, id)
		return err
	})
	return n, err
}

func noteAndInvoice(ctx context.Context, tx *db.Tx, id string) (CreditNote, Invoice, error) {
	r, err := tx.CreditNote(ctx, id)
	if db.NotFound(err) {
		return CreditNote{}, Invoice{}, errNoteNotFound
	}
	if err != nil {
		return CreditNote{}, Invoice{}, fmt.Errorf("credit note %s: %w", id, err)
	}
	inv, err := load(ctx, tx, r.InvoiceID)
	if err != nil {
		return CreditNote{}, Invoice{}, err
	}
	n, err := noteOf(ctx, tx, r, inv.TaxMode)
	return n, inv, err
}

func noteOf(ctx context.Context, tx *db.Tx, r query.CreditNote, mode tax.Mode) (CreditNote, error) {
	currency := money.Currency(r.Currency)
	n := CreditNote{
		ID: r.ID, InvoiceID: r.InvoiceID, CustomerID: r.CustomerID, Number: r.Number, TaxMode: mode, Net: money.New(r.Net, currency),
		Tax: money.New(r.Tax, currency), Total: money.New(r.Total, currency), Freed: money.New(r.Freed, currency),
		Cause: Cause(r.Cause), Reason: r.Reason, CreatedAt: r.CreatedAt.Time(), sequence: r.Sequence,
	}
	var err error
	if n.IssuedOn, err = civil.Parse(r.IssuedOn); err != nil {
		return CreditNote{}, fmt.Errorf("credit note %s: %w", r.ID, err)
	}
	if n.Seller, n.Buyer, err = readParties(r.Seller, r.Buyer); err != nil {
		return CreditNote{}, fmt.Errorf("credit note %s: %w", r.ID, err)
	}
	lines, err := tx.CreditNoteLines(ctx, r.ID)
	if err != nil {
		return CreditNote{}, fmt.Errorf("lines of credit note %s: %w", r.ID, err)
	}
	for _, l := range lines {
		line := NoteLine{
			LineID: l.LineID, Description: l.Description, Amount: money.New(l.Amount, currency), Discount: money.New(l.Discount, currency),
		}
		if line.Period, err = periodOf(l.PeriodStart, l.PeriodEnd); err != nil {
			return CreditNote{}, fmt.Errorf("credit note %s: %w", r.ID, err)
		}
		if line.Category, err = categoryOf(l.TaxCategory, l.TaxRate); err != nil {
			return CreditNote{}, fmt.Errorf("credit note %s: %w", r.ID, err)
		}
		n.Lines = append(n.Lines, line)
	}
	taxes, err := tx.CreditNoteTaxes(ctx, r.ID)
	if err != nil {
		return CreditNote{}, fmt.Errorf("taxes of credit note %s: %w", r.ID, err)
	}
	for _, t := range taxes {
		category, err := categoryOf(t.Category, t.Rate)
		if err != nil {
			return CreditNote{}, fmt.Errorf("credit note %s: %w", r.ID, err)
		}
		n.Taxes = append(n.Taxes, TaxLine{Category: category, Base: money.New(t.Base, currency), Tax: money.New(t.Tax, currency)})
	}
	return n, nil
}
