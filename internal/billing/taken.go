package billing

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// TakingKind says why money that had counted towards an invoice does not any more.
type TakingKind string

// The kinds of takings.
const (
	TakenRefund     TakingKind = "refund"
	TakenChargeback TakingKind = "chargeback"
	TakenCredit     TakingKind = "credit" // moved to the customer's credit, and nothing else
)

// Taking is money that counted towards an invoice and is taken back. SourceID is what takes it, such as a refund.
type Taking struct {
	Amount   money.Money
	Kind     TakingKind
	SourceID string
}

// Unapply takes money that counted towards an invoice, which the caller has locked, to the customer's credit. The debt
// stays: a paid invoice is open again.
func (s *Service) Unapply(ctx context.Context, tx *db.Tx, inv Invoice, t Taking) (Invoice, error) {
	if t.Amount.Currency != inv.Total.Currency || t.Amount.Amount <= 0 || t.Amount.Amount > inv.Paid.Amount {
		return Invoice{}, fail.Conflict("NOT_PAID", fmt.Sprintf("Of this invoice %s are paid, so %s can't be taken back.", inv.Paid, t.Amount))
	}
	movements := []movement{{of(inv), posting("taken." + t.Kind), t.SourceID, entriesFreed(t.Amount)}}
	if inv.Status == Uncollectible {
		movements = append(movements, movement{of(inv), postingLost, t.SourceID, entriesWrittenOff(t.Amount)})
	}
	if err := post(ctx, tx, movements...); err != nil {
		return Invoice{}, err
	}
	inv, err := s.takeOff(ctx, tx, inv, t.Amount.Amount, 0)
	if err != nil {
		return Invoice{}, err
	}
	return inv, s.changed(ctx, tx, inv)
}

// takeOff lowers what was paid of an invoice and raises what was credited of it, neither of which may settle it. A paid
// invoice that is owed something again is open again.
func (s *Service) takeOff(ctx context.Context, tx *db.Tx, inv Invoice, taken, credited int64) (Invoice, error) {
	to := inv.Status
	reopens := inv.Status == Paid && taken > credited
	if reopens {
		var ok bool
		if to, ok = invoiceStates.Next(inv.Status, reopened); !ok {
			return Invoice{}, notOpen(inv.Status)
		}
	}
	if err := s.change(ctx, tx, inv, to, -taken, credited); err != nil {
		return Invoice{}, err
	}
	if reopens {
		for _, line := range inv.Lines {
			if line.Link != nil && line.Link.State == Failed {
				if err := moveLink(ctx, tx, line.ID, *line.Link, unpaid, "", ""); err != nil {
					return Invoice{}, err
				}
			}
		}
	}
	changed, err := load(ctx, tx, inv.ID)
	if err != nil || !reopens {
		return changed, err
	}
	return changed, s.tell(ctx, tx, "invoice.reopened", changed, map[string]any{"balance": changed.Balance()})
}

// PayOut takes money from the customer's credit out of the bank: a refund, or a dispute in which the gateway takes it.
// What the credit does not cover is a loss, and returned. The caller holds the customer's lock.
func (s *Service) PayOut(
	ctx context.Context, tx *db.Tx, customerID string, inv Invoice, amount money.Money, kind TakingKind, sourceID string,
) (uncovered money.Money, err error) {
	credit, err := CreditOf(ctx, tx, customerID, amount.Currency)
	if err != nil {
		return money.Money{}, err
	}
	covered := money.New(min(credit.Amount, amount.Amount), amount.Currency)
	uncovered = money.New(amount.Amount-covered.Amount, amount.Currency)
	return uncovered, post(ctx, tx, movement{about{customerID, inv.ID}, "paid_out." + posting(kind), sourceID, entriesOut(covered, uncovered)})
}

// PayIn takes back what [Service.PayOut] did for the same source, or a part of it: a refund that failed, a dispute that
// was won. The money makes good for what was booked as a loss; the rest, which is returned, is the customer's credit.
func (s *Service) PayIn(
	ctx context.Context, tx *db.Tx, customerID string, inv Invoice, amount money.Money, kind TakingKind, sourceID string,
) (credited money.Money, err error) {
	lost, err := tx.LossOfPosting(ctx, query.LossOfPostingParams{Kind: "paid_out." + string(kind), SourceID: sourceID})
	if err != nil {
		return money.Money{}, fmt.Errorf("ledger: %s of %s: %w", kind, sourceID, err)
	}
	covered := money.New(min(lost, amount.Amount), amount.Currency)
	credited = money.New(amount.Amount-covered.Amount, amount.Currency)
	return credited, post(ctx, tx, movement{about{customerID, inv.ID}, "paid_in." + posting(kind), sourceID, entriesIn(credited, covered)})
}

// Disputed notes that a dispute about an invoice's payments began (1) or ended (−1). The caller has locked the invoice.
func (s *Service) Disputed(ctx context.Context, tx *db.Tx, inv Invoice, by int64) (Invoice, error) {
	rows, err := tx.DisputeInvoice(ctx, query.DisputeInvoiceParams{ID: inv.ID, By: by})
	if err != nil {
		return Invoice{}, fmt.Errorf("disputes of invoice %s: %w", inv.ID, err)
	}
	if rows != 1 {
		return Invoice{}, fail.Conflict("NO_DISPUTE", "No payment of the invoice is disputed.")
	}
	if inv, err = load(ctx, tx, inv.ID); err != nil {
		return Invoice{}, err
	}
	return inv, s.changed(ctx, tx, inv)
}
