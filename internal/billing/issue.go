package billing

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// Issue makes an invoice and finalises it: it takes its number and its dates, and from now on it never changes. One that
// asks for nothing is paid at once. The caller holds the customer's lock.
func (s *Service) Issue(ctx context.Context, tx *db.Tx, in NewInvoice) (Invoice, error) {
	invoices, err := s.IssueRenewals(ctx, tx, []NewInvoice{in})
	if err != nil {
		return Invoice{}, err
	}
	return invoices[0], nil
}

// IssueRenewals issues many invoices by few statements. The caller holds the locks of their customers.
func (s *Service) IssueRenewals(ctx context.Context, tx *db.Tx, ins []NewInvoice) ([]Invoice, error) {
	c, err := s.composer(ctx, tx)
	if err != nil {
		return nil, err
	}
	invoices := make([]numbered, len(ins))
	for i, in := range ins {
		if invoices[i].Invoice, err = c.compose(in, tx.NewID); err != nil {
			return nil, err
		}
		invoices[i].dueByTerms = in.DueOn.IsZero()
	}
	return s.issue(ctx, tx, c, invoices, insertLinks)
}

// issue finalises invoices that were composed. hang writes the links of their lines.
func (s *Service) issue(
	ctx context.Context, tx *db.Tx, c composer, invoices []numbered, hang func(context.Context, *db.Tx, []numbered) error,
) ([]Invoice, error) {
	if len(invoices) == 0 {
		return nil, nil
	}
	if err := c.number(ctx, tx, invoices); err != nil {
		return nil, err
	}
	for i := range invoices {
		inv := &invoices[i]
		if inv.Step == "" {
			inv.Step, inv.StepOn = c.terms.collect(inv.Invoice)
		}
		inv.CreatedAt = tx.Now
		for n := range inv.Lines {
			if inv.Lines[n].Link != nil {
				inv.Lines[n].Link.ChangedAt = tx.Now
			}
		}
	}
	err := insertInvoices(ctx, tx, invoices)
	if db.Duplicate(err) && invoices[0].Number != "" {
		return nil, fail.Conflict("NUMBER_TAKEN", fmt.Sprintf("The next invoice would have the number %s, which another has "+
			"already: change the setting billing.number_format.", invoices[0].Number)).Because(err)
	}
	if err != nil {
		return nil, fmt.Errorf("issue invoices: %w", err)
	}
	if err := hang(ctx, tx, invoices); err != nil {
		return nil, fmt.Errorf("issue invoices: %w", err)
	}
	return s.issued(ctx, tx, invoices)
}

// issued books invoices that were written, tells of them, and settles those that ask for nothing.
func (s *Service) issued(ctx context.Context, tx *db.Tx, invoices []numbered) ([]Invoice, error) {
	done := make([]Invoice, len(invoices))
	postings := make([]movement, len(invoices))
	for i, inv := range invoices {
		done[i] = inv.Invoice
		postings[i] = movement{of(inv.Invoice), postingFinalised, inv.ID, entriesFinalised(inv.Net, inv.Tax)}
	}
	if err := post(ctx, tx, postings...); err != nil {
		return nil, err
	}
	if err := tellIssued(ctx, tx, done); err != nil {
		return nil, err
	}
	for i, inv := range done {
		if inv.Total.Amount == 0 {
			var err error
			if done[i], err = s.settle(ctx, tx, inv, 0, 0); err != nil {
				return nil, err
			}
		}
	}
	return done, nil
}

// issuedData is what the event of an invoice that was issued tells.
type issuedData struct {
	InvoiceID string      `json:"invoice_id"`
	Number    string      `json:"number"`
	OrderID   string      `json:"order_id"`
	Total     money.Money `json:"total"`
	DueOn     civil.Date  `json:"due_on"`
	Kind      Kind        `json:"kind"`
	Replaces  string      `json:"replaces,omitzero"`
}

func tellIssued(ctx context.Context, tx *db.Tx, invoices []Invoice) error {
	events := make([]event.New, len(invoices))
	for i, inv := range invoices {
		events[i] = event.New{Type: "invoice.finalised", SubjectID: inv.ID, CustomerID: inv.CustomerID, Data: issuedData{
			InvoiceID: inv.ID, Number: inv.Number, OrderID: inv.OrderID, Total: inv.Total, DueOn: inv.DueOn, Kind: inv.Kind,
			Replaces: inv.Replaces,
		}}
	}
	return event.EmitAll(ctx, tx, events)
}

// Preview returns the invoice that [Service.Issue] would make. It writes nothing, and nothing has an id.
func (s *Service) Preview(ctx context.Context, tx *db.Tx, in NewInvoice) (Invoice, error) {
	c, err := s.composer(ctx, tx)
	if err != nil {
		return Invoice{}, err
	}
	return c.compose(in, func(string) string { return "" })
}

// Draft writes an invoice that is not final: without a number, without dates, and free to change.
func (s *Service) Draft(ctx context.Context, tx *db.Tx, in NewInvoice) (Invoice, error) {
	c, err := s.composer(ctx, tx)
	if err != nil {
		return Invoice{}, err
	}
	inv, err := c.compose(in, tx.NewID)
	if err != nil {
		return Invoice{}, err
	}
	return writeDraft(ctx, tx, inv)
}

func writeDraft(ctx context.Context, tx *db.Tx, inv Invoice) (Invoice, error) {
	inv.Status, inv.Seller = Draft, Party{}
	inv.IssuedOn, inv.DueOn = noDate, noDate
	drafts := []numbered{{Invoice: inv}}
	if err := insertInvoices(ctx, tx, drafts); err != nil {
		return Invoice{}, fmt.Errorf("draft of an invoice: %w", err)
	}
	if err := insertLinks(ctx, tx, drafts); err != nil {
		return Invoice{}, fmt.Errorf("draft of an invoice: %w", err)
	}
	return load(ctx, tx, inv.ID)
}

// Finalise issues a draft, with the taxes of the day.
func (s *Service) Finalise(ctx context.Context, tx *db.Tx, draft Invoice) (Invoice, error) {
	if _, ok := invoiceStates.Next(draft.Status, finalised); !ok {
		return Invoice{}, fail.Conflict("INVOICE_FINAL", "The invoice is final already.")
	}
	c, err := s.composer(ctx, tx)
	if err != nil {
		return Invoice{}, err
	}
	inv, err := c.recompose(draft, linesAgain(draft.Lines), tx.NewID)
	if err != nil {
		return Invoice{}, err
	}
	if err := deleteDraft(ctx, tx, draft); err != nil {
		return Invoice{}, err
	}
	done, err := s.issue(ctx, tx, c, []numbered{{Invoice: inv, dueByTerms: draft.DueOn.IsZero()}}, insertLinks)
	if err != nil {
		return Invoice{}, err
	}
	return done[0], nil
}

// recompose puts an invoice together anew, under its own id, with these lines.
func (c composer) recompose(inv Invoice, lines []NewLine, newID func(prefix string) string) (Invoice, error) {
	return c.compose(NewInvoice{
		OrderID: inv.OrderID, CustomerID: inv.CustomerID, Kind: inv.Kind, Buyer: inv.Buyer, Currency: inv.Total.Currency,
		Lines: lines, DueOn: inv.DueOn,
	}, func(prefix string) string {
		if prefix == "inv" {
			return inv.ID
		}
		return newID(prefix)
	})
}

func linesAgain(lines []InvoiceLine) []NewLine {
	again := make([]NewLine, len(lines))
	for i, line := range lines {
		again[i] = line.again()
	}
	return again
}

// deleteDraft makes room for a draft's next version.
func deleteDraft(ctx context.Context, tx *db.Tx, draft Invoice) error {
	for _, remove := range []func(context.Context, string) error{tx.DeleteDraftLinks, tx.DeleteDraftTaxes, tx.DeleteDraftLines} {
		if err := remove(ctx, draft.ID); err != nil {
			return fmt.Errorf("draft %s: %w", draft.ID, err)
		}
	}
	rows, err := tx.DeleteDraft(ctx, draft.ID)
	if err != nil {
		return fmt.Errorf("draft %s: %w", draft.ID, err)
	}
	if rows != 1 {
		return fail.Conflict("INVOICE_FINAL", "The invoice is final already.")
	}
	return nil
}
