package billing

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// Void takes an invoice back: an open one, or a paid one of whose payments nothing is left. What was paid towards it
// becomes credit. The number stays taken. The caller holds the customer's lock.
func (s *Service) Void(ctx context.Context, tx *db.Tx, invoiceID, why string) (Invoice, error) {
	inv, err := Lock(ctx, tx, invoiceID)
	if err != nil {
		return Invoice{}, err
	}
	if inv, err = s.void(ctx, tx, inv, why); err != nil {
		return Invoice{}, err
	}
	return inv, s.changed(ctx, tx, inv)
}

// void is [Service.Void] of a locked invoice, told to nobody yet.
func (s *Service) void(ctx context.Context, tx *db.Tx, inv Invoice, why string) (Invoice, error) {
	to, ok := invoiceStates.Next(inv.Status, voided)
	if !ok || (inv.Status == Paid && (inv.Paid.Amount > 0 || inv.Total.Amount == 0)) {
		return Invoice{}, notOpen(inv.Status)
	}
	credited, err := tx.CreditedOfInvoice(ctx, inv.ID)
	if err != nil {
		return Invoice{}, fmt.Errorf("credit notes of invoice %s: %w", inv.ID, err)
	}
	movements := []movement{{
		of(inv), postingVoided, inv.ID, entriesVoided(inv.money(inv.Net.Amount-credited.Net), inv.money(inv.Tax.Amount-credited.Tax)),
	}}
	if inv.Paid.Amount > 0 {
		movements = append(movements, movement{of(inv), postingVoid, inv.ID, entriesFreed(inv.Paid)})
	}
	if err := post(ctx, tx, movements...); err != nil {
		return Invoice{}, err
	}
	return s.end(ctx, tx, inv, to, -inv.Paid.Amount, "invoice.voided", why)
}

// GiveUp gives up the money of an open invoice. Nothing of it will be delivered, and money that arrives later is credit.
// What was paid of it so far stays where it is. The caller holds the customer's lock.
func (s *Service) GiveUp(ctx context.Context, tx *db.Tx, invoiceID, why string) (Invoice, error) {
	inv, err := Lock(ctx, tx, invoiceID)
	if err != nil {
		return Invoice{}, err
	}
	to, ok := invoiceStates.Next(inv.Status, writtenOff)
	if !ok {
		return Invoice{}, notOpen(inv.Status)
	}
	if err := post(ctx, tx, movement{of(inv), postingWrittenOff, inv.ID, entriesWrittenOff(inv.Balance())}); err != nil {
		return Invoice{}, err
	}
	if inv, err = s.end(ctx, tx, inv, to, 0, "invoice.written_off", why); err != nil {
		return Invoice{}, err
	}
	return inv, s.changed(ctx, tx, inv)
}

// end takes an invoice to its last status, and revokes what paying it would have done.
func (s *Service) end(ctx context.Context, tx *db.Tx, inv Invoice, to Status, paid int64, what, why string) (Invoice, error) {
	if err := s.change(ctx, tx, inv, to, paid, 0); err != nil {
		return Invoice{}, err
	}
	for _, line := range inv.Lines {
		if err := dropLink(ctx, tx, line); err != nil {
			return Invoice{}, err
		}
	}
	ended, err := load(ctx, tx, inv.ID)
	if err != nil {
		return Invoice{}, err
	}
	if err := s.tell(ctx, tx, what, ended, map[string]any{"released": inv.money(-paid), "reason": why}); err != nil {
		return Invoice{}, err
	}
	return ended, audit(ctx, tx, what, ended, string(inv.Status), string(to), why)
}

// dropLink revokes the work of a line that nobody pays for any more, unless it is done.
func dropLink(ctx context.Context, tx *db.Tx, line InvoiceLine) error {
	if line.Link == nil || (line.Link.State != Pending && line.Link.State != Failed && line.Link.State != Fulfilled) {
		return nil
	}
	return moveLink(ctx, tx, line.ID, *line.Link, abandoned, "", "")
}

// VoidInvoice is [Service.Void] for faces.
func (s *Service) VoidInvoice(ctx context.Context, invoiceID, why string) (Invoice, error) {
	return s.byHand(ctx, invoiceID, why, s.Void)
}

// WriteOff is [Service.GiveUp] for faces.
func (s *Service) WriteOff(ctx context.Context, invoiceID, why string) (Invoice, error) {
	return s.byHand(ctx, invoiceID, why, s.GiveUp)
}

// byHand ends an invoice in a transaction of its own, and uses the credit that this sets free.
func (s *Service) byHand(
	ctx context.Context, invoiceID, why string, verb func(ctx context.Context, tx *db.Tx, invoiceID, why string) (Invoice, error),
) (Invoice, error) {
	why, err := text.Notes(why, text.NotesLength)
	if err != nil {
		return Invoice{}, fail.Invalid("reason", err.Error())
	}
	var inv Invoice
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		var err error
		if inv, err = LockWithCustomer(ctx, tx, invoiceID); err != nil {
			return err
		}
		if inv, err = verb(ctx, tx, invoiceID, why); err != nil {
			return err
		}
		return s.useCredit(ctx, tx, inv)
	})
	return inv, err
}
