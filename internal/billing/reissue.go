package billing

import (
	"context"
	"fmt"
	"slices"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
)

// Removal says how a line is removed.
type Removal struct {
	Why string
	// InFlight allows it although somebody is trying to charge the invoice: what that brings is credit.
	InFlight bool
}

// RemoveLine takes a line out of an open invoice together with those that go with it, and what paying it would have done: the
// invoice is voided and issued anew without them, or only voided if it has no other. It returns the new invoice, or the void
// one. Where credit notes refer to the invoice already, what is left of them is credited instead. The caller holds the customer's
// lock.
func (s *Service) RemoveLine(ctx context.Context, tx *db.Tx, lineID string, r Removal) (Invoice, error) {
	inv, line, err := lockLine(ctx, tx, lineID)
	if err != nil {
		return Invoice{}, err
	}
	if line.Link != nil && line.Link.State == Done {
		return Invoice{}, errDelivered
	}
	if inv.Status == Open && inv.Credited.Amount > 0 {
		return s.creditLeft(ctx, tx, inv, line, r.Why)
	}
	var rest []NewLine
	for _, other := range inv.Lines {
		if other.ID != lineID && other.With != lineID {
			rest = append(rest, other.again())
		}
	}
	return s.replace(ctx, tx, inv, rest, r)
}

// creditLeft credits what is left of a line and of those that go with it. Where they ask for nothing any more, it only ends what
// paying the line would have done.
func (s *Service) creditLeft(ctx context.Context, tx *db.Tx, inv Invoice, line InvoiceLine, why string) (Invoice, error) {
	left, sum := inv.LeftOf(line.ID), int64(0)
	for _, l := range left {
		sum += l.Amount.Amount
	}
	if sum > 0 {
		_, inv, err := s.Credit(ctx, tx, inv, Crediting{Lines: left, Cause: CauseCancellation, Reason: why})
		return inv, err
	}
	if err := dropLink(ctx, tx, line); err != nil {
		return Invoice{}, err
	}
	inv, err := load(ctx, tx, inv.ID)
	if err != nil {
		return Invoice{}, err
	}
	return inv, s.changed(ctx, tx, inv)
}

// LeftOf is what is left of a line and, after it, of those that go with it, as a credit note takes it back.
func (i Invoice) LeftOf(lineID string) (all []LineCredit) {
	for _, l := range i.Lines {
		switch part := (LineCredit{LineID: l.ID, Amount: l.Left()}); {
		case part.Amount.Amount == 0:
		case l.ID == lineID:
			all = slices.Insert(all, 0, part)
		case l.With == lineID:
			all = append(all, part)
		}
	}
	return all
}

var errDelivered = fail.Conflict("LINE_DELIVERED", "What the line promised is done. Credit the line instead.")

// replace edits the lines of a locked invoice: a draft as it stands; an open invoice is voided and issued anew, or only
// voided without any lines.
func (s *Service) replace(ctx context.Context, tx *db.Tx, inv Invoice, lines []NewLine, r Removal) (Invoice, error) {
	if inv.Status == Draft {
		return s.redraft(ctx, tx, inv, lines)
	}
	if err := mayReplace(ctx, tx, inv, r); err != nil {
		return Invoice{}, err
	}
	if len(lines) == 0 {
		return s.Void(ctx, tx, inv.ID, r.Why)
	}
	c, err := s.composer(ctx, tx)
	if err != nil {
		return Invoice{}, err
	}
	newID := tx.NewID("inv")
	anew, err := c.recompose(inv, lines, tx.NewID)
	if err != nil {
		return Invoice{}, err
	}
	anew.ID, anew.Replaces, anew.Step, anew.StepOn = newID, inv.ID, inv.Step, inv.StepOn
	keepLinks(&anew, inv)

	paid := inv.Paid
	if err := s.unhang(ctx, tx, inv, anew, r.Why); err != nil {
		return Invoice{}, err
	}
	issued, err := s.issue(ctx, tx, c, []numbered{{Invoice: anew}}, rehang(inv))
	if err != nil {
		return Invoice{}, err
	}
	old, err := load(ctx, tx, inv.ID)
	if err != nil {
		return Invoice{}, err
	}
	if err := s.changed(ctx, tx, old); err != nil {
		return Invoice{}, err
	}
	return s.carryOver(ctx, tx, inv, issued[0], paid.Amount)
}

func mayReplace(ctx context.Context, tx *db.Tx, inv Invoice, r Removal) error {
	switch {
	case inv.Status != Open:
		return notOpen(inv.Status)
	case inv.Credited.Amount > 0:
		return fail.Conflict("INVOICE_CREDITED", "A credit note refers to the invoice, so its lines can't change any more.")
	case inv.Disputes > 0:
		return fail.Conflict("DISPUTE_OPEN", "A payment of the invoice is disputed.")
	case r.InFlight:
		return nil
	}
	busy, err := InFlight(ctx, tx, inv.ID)
	if err != nil {
		return err
	}
	if busy {
		return fail.Conflict("PAYMENT_IN_PROGRESS", "Somebody is paying the invoice right now. Try again when that has succeeded or failed.")
	}
	return nil
}

// redraft gives a draft other lines.
func (s *Service) redraft(ctx context.Context, tx *db.Tx, draft Invoice, lines []NewLine) (Invoice, error) {
	c, err := s.composer(ctx, tx)
	if err != nil {
		return Invoice{}, err
	}
	inv, err := c.recompose(draft, lines, tx.NewID)
	if err != nil {
		return Invoice{}, err
	}
	if err := deleteDraft(ctx, tx, draft); err != nil {
		return Invoice{}, err
	}
	return writeDraft(ctx, tx, inv)
}

// keepLinks gives the lines of a new invoice the links that they had on the old one, done or revoked as they are.
func keepLinks(anew *Invoice, old Invoice) {
	for i := range anew.Lines {
		line := &anew.Lines[i]
		if before, ok := old.Line(line.ID); ok && line.Link != nil && before.Link != nil {
			line.Link.State, line.Link.Error = before.Link.State, before.Link.Error
		}
	}
}

// unhang voids an invoice that another will replace. The links of lines that the other has too wait for it; those of
// the others are revoked.
func (s *Service) unhang(ctx context.Context, tx *db.Tx, inv, anew Invoice, why string) error {
	old := inv
	old.Lines = nil
	for _, line := range inv.Lines {
		if kept, ok := anew.Line(line.ID); !ok || kept.Link == nil {
			old.Lines = append(old.Lines, line)
		}
	}
	_, err := s.void(ctx, tx, old, why)
	return err
}

// rehang moves the links of lines to the invoice that has them now, and writes those of new lines.
func rehang(old Invoice) func(ctx context.Context, tx *db.Tx, invoices []numbered) error {
	return func(ctx context.Context, tx *db.Tx, invoices []numbered) error {
		fresh := numbered{Invoice: invoices[0].Invoice}
		fresh.Lines = nil
		for _, line := range invoices[0].Lines {
			before, ok := old.Line(line.ID)
			switch {
			case line.Link == nil:
			case !ok || before.Link == nil:
				fresh.Lines = append(fresh.Lines, line)
			default:
				rows, err := tx.RehangFulfilment(ctx, query.RehangFulfilmentParams{
					LineID: line.ID, FromInvoice: old.ID, ToInvoice: fresh.ID, Kind: line.Link.Kind, Target: optional(line.Link.Target),
					Payload: line.Link.Payload,
				})
				if err != nil {
					return fmt.Errorf("link of line %s: %w", line.ID, err)
				}
				if rows != 1 {
					return notOpen(Open)
				}
			}
		}
		return insertLinks(ctx, tx, []numbered{fresh})
	}
}

// carryOver moves the payments of an invoice to the one that replaces it: what they had paid pays that one, and what it
// does not need stays the customer's credit.
func (s *Service) carryOver(ctx context.Context, tx *db.Tx, old, inv Invoice, paid int64) (Invoice, error) {
	if paid == 0 {
		return inv, nil
	}
	if err := tx.MovePayments(ctx, query.MovePaymentsParams{FromInvoice: old.ID, ToInvoice: inv.ID}); err != nil {
		return Invoice{}, fmt.Errorf("payments of invoice %s: %w", old.ID, err)
	}
	applied, _ := inv.Accepts(inv.money(paid))
	if applied.Amount == 0 {
		return inv, nil
	}
	if err := post(ctx, tx, movement{of(inv), postingMoved, inv.ID, entriesCredit(applied)}); err != nil {
		return Invoice{}, err
	}
	return s.settle(ctx, tx, inv, applied.Amount, 0)
}
