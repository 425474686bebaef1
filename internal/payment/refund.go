package payment

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

// Destination is where refunded money goes.
type Destination string

// The destinations.
const (
	// ToGateway: back by the way it came. What staff recorded they send back by hand; used credit becomes credit again.
	ToGateway Destination = "gateway"
	ToCredit  Destination = "credit"
)

// Origin is who made a refund.
type Origin string

// The origins of refunds.
const (
	ByStaff   Origin = "staff"
	ByGateway Origin = "gateway" // on the gateway's own pages
)

// Refund is money of one payment that went back, or is on its way.
type Refund struct {
	ID           string
	PaymentID    string
	InvoiceID    string
	To           Destination
	Money        money.Money
	State        RefundState
	Adjust       bool // whether what was sold was taken back with it, by a credit note
	KeepLicense  bool
	CreditNoteID string
	Reason       string
	Origin       Origin
	Gateway      string
	Reference    string // the gateway's name for it
	Detail       string // why it failed
	CreatedAt    time.Time
	SettledAt    *time.Time
}

func refundOf(r query.Refund) Refund {
	return Refund{
		ID: r.ID, PaymentID: r.PaymentID, InvoiceID: r.InvoiceID, To: Destination(r.Destination),
		Money: money.New(r.Amount, money.Currency(r.Currency)), State: RefundState(r.State), Adjust: r.Adjust, KeepLicense: r.KeepLicense,
		CreditNoteID: deref(r.CreditNoteID), Reason: r.Reason, Origin: Origin(r.Origin), Gateway: r.Gateway, Reference: deref(r.Reference),
		Detail: r.Detail, CreatedAt: r.CreatedAt.Time(), SettledAt: clock.TimePtr(r.SettledAt),
	}
}

// RefundInput says what of an invoice's payments goes back.
type RefundInput struct {
	// Money is how much; nil: all that there is, or what Lines come to.
	Money *money.Money
	// PaymentID is the payment to take it from; empty: from one of which just so much is left, or else from all of them,
	// the newest first.
	PaymentID string
	To        Destination
	Reason    string
	// Adjust takes back what was sold as well, by a credit note: of Lines, or of all lines in proportion. Otherwise the
	// debt stays, and the invoice is open again.
	Adjust bool
	Lines  []billing.LineCredit
	// KeepLicense lets a license live on whose line is credited to its whole amount.
	KeepLicense bool
}

// Validate reports everything that is wrong with in, after bringing it into the form in which it is stored.
func (in *RefundInput) Validate() error {
	var f fail.Fields
	if in.Money != nil && (in.Money.Amount <= 0 || in.Money.Amount > maxAmount) {
		f.Add("money.amount", fmt.Sprintf("is not between 1 and %d", maxAmount))
	}
	if in.To == "" {
		in.To = ToGateway
	}
	if in.To != ToGateway && in.To != ToCredit {
		f.Add("to", "is not gateway or credit")
	}
	if !in.Adjust && in.To == ToCredit {
		f.Add("adjust", "must be true: credit would pay the same invoice again")
	}
	if !in.Adjust && len(in.Lines) > 0 {
		f.Add("lines", "are only adjusted where adjust is true")
	}
	if !in.Adjust && in.KeepLicense {
		f.Add("keep_license", "means something only where adjust is true")
	}
	var err error
	in.Reason, err = text.Notes(in.Reason, text.NotesLength)
	f.Check("reason", err)
	if in.KeepLicense && in.Reason == "" {
		f.Add("reason", "is required where the license is kept")
	}
	return f.Err()
}

// Refund gives back money of an invoice. In one transaction what it means is booked; a job then asks the gateways, whose
// answers are events (refund.succeeded, refund.failed). Money that no invoice has used goes first and touches no line.
func (s *Service) Refund(ctx context.Context, invoiceID string, in RefundInput) ([]Refund, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	var made []Refund
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		made = nil
		inv, err := billing.LockWithCustomer(ctx, tx, invoiceID)
		if err != nil {
			return err
		}
		if in.Money != nil && in.Money.Currency != inv.Total.Currency {
			return fail.Invalid("money.currency", fmt.Sprintf("is not %s, in which the invoice is", inv.Total.Currency))
		}
		disputed, err := isDisputed(ctx, tx, inv.ID)
		if err != nil {
			return err
		}
		if disputed {
			return ErrDisputed
		}
		before := inv
		inv, noteID, shares, err := s.plan(ctx, tx, inv, in)
		if err != nil {
			return err
		}
		for _, part := range shares {
			r, err := s.giveBack(ctx, tx, inv, part, in, noteID)
			if err != nil {
				return err
			}
			made = append(made, r)
		}
		err = event.Audit(ctx, tx, event.Change{
			What: "invoice.refunded", SubjectID: inv.ID, Before: string(before.Status), After: fmt.Sprintf("%s, %d refunds", inv.Status, len(made)), Why: in.Reason,
		})
		if err != nil {
			return err
		}
		if in.Adjust {
			return s.UseCredit(ctx, tx, inv.CustomerID, inv.Total.Currency)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("refund invoice %s: %w", invoiceID, err)
	}
	return made, nil
}

// plan divides a refund among the payments of an invoice, and books what it means for the invoice.
func (s *Service) plan(
	ctx context.Context, tx *db.Tx, inv billing.Invoice, in RefundInput,
) (_ billing.Invoice, noteID string, shares []share, err error) {
	take, err := s.sources(ctx, tx, inv, in)
	if err != nil {
		return inv, "", nil, err
	}
	_, want := take.take(maxAmount, false)
	if in.Money != nil {
		want = in.Money.Amount
	}
	if len(in.Lines) > 0 && in.Money == nil {
		note, after, err := s.billing.Credit(ctx, tx, inv, billing.Crediting{
			Lines: in.Lines, Cause: billing.CauseRefund, Keep: in.KeepLicense, Reason: in.Reason,
		})
		if err != nil {
			return inv, "", nil, err
		}
		shares, err := take.split(note.Freed.Amount, true)
		return after, note.ID, shares, err
	}
	if shares, err = take.split(want, false); err != nil {
		return inv, "", nil, err
	}
	counted := money.New(0, inv.Total.Currency)
	for _, part := range shares {
		counted.Amount += part.counted
	}
	if !in.Adjust || counted.Amount == 0 && len(in.Lines) == 0 {
		return inv, "", shares, nil
	}
	c := billing.Crediting{Lines: in.Lines, Refund: counted, Cause: billing.CauseRefund, Keep: in.KeepLicense, Reason: in.Reason}
	if len(in.Lines) == 0 {
		c.Amount = counted
	}
	note, after, err := s.billing.Credit(ctx, tx, inv, c)
	return after, note.ID, shares, err
}

// giveBack writes a refund of one payment, books it, and has it carried out.
func (s *Service) giveBack(
	ctx context.Context, tx *db.Tx, inv billing.Invoice, part share, in RefundInput, noteID string,
) (Refund, error) {
	amount := money.New(part.free+part.counted, inv.Total.Currency)
	row := query.InsertRefundParams{
		ID: tx.NewID("rfd"), PaymentID: part.payment.ID, InvoiceID: inv.ID, Destination: string(in.To), Currency: string(amount.Currency),
		Amount: amount.Amount, Counted: part.counted, State: string(RefundPending), Adjust: in.Adjust && part.counted > 0,
		KeepLicense: in.KeepLicense, Reason: in.Reason, Origin: string(ByStaff), Gateway: part.payment.Gateway, CreatedAt: tx.Stamp,
	}
	if row.Adjust {
		row.CreditNoteID = optional(noteID)
	}
	if part.payment.Gateway == CreditGateway {
		row.Destination = string(ToCredit)
	}
	byHand := row.Destination == string(ToCredit) || part.payment.Gateway == ManualGateway
	if byHand {
		row.State, row.SettledAt, row.Reference = string(RefundSucceeded), &tx.Stamp, &row.ID
	}
	if err := s.writeRefund(ctx, tx, inv, row); err != nil {
		return Refund{}, err
	}
	if !in.Adjust && part.counted > 0 {
		counted := money.New(part.counted, amount.Currency)
		if _, err := s.unapply(ctx, tx, inv.ID, billing.Taking{Amount: counted, Kind: billing.TakenRefund, SourceID: row.ID}); err != nil {
			return Refund{}, err
		}
	}
	if row.Destination == string(ToGateway) {
		uncovered, err := s.billing.PayOut(ctx, tx, inv.CustomerID, inv, amount, billing.TakenRefund, row.ID)
		if err == nil && uncovered.Amount > 0 {
			err = fmt.Errorf("refund %s: %s are not covered", row.ID, uncovered)
		}
		if err != nil {
			return Refund{}, err
		}
	}
	if byHand {
		if err := s.tellRefund(ctx, tx, "refund.succeeded", inv.CustomerID, row.ID); err != nil {
			return Refund{}, err
		}
	} else if err := s.refundLater(ctx, tx, errand{RefundID: row.ID}, 0); err != nil {
		return Refund{}, err
	}
	r, err := tx.Refund(ctx, row.ID)
	return refundOf(r), err
}

// unapply takes money off an invoice as it is by now.
func (s *Service) unapply(ctx context.Context, tx *db.Tx, invoiceID string, t billing.Taking) (billing.Invoice, error) {
	inv, err := billing.Lock(ctx, tx, invoiceID)
	if err != nil {
		return inv, err
	}
	return s.billing.Unapply(ctx, tx, inv, t)
}

// writeRefund writes a refund. What leaves the store is counted with its payment, which never gives back more than it
// took; what becomes credit may leave it later.
func (s *Service) writeRefund(ctx context.Context, tx *db.Tx, inv billing.Invoice, row query.InsertRefundParams) error {
	if err := tx.InsertRefund(ctx, row); err != nil {
		return fmt.Errorf("refund of payment %s: %w", row.PaymentID, err)
	}
	if row.Destination == string(ToGateway) {
		n, err := tx.CountRefund(ctx, query.CountRefundParams{ID: row.PaymentID, Amount: row.Amount})
		if err != nil {
			return fmt.Errorf("refund of payment %s: %w", row.PaymentID, err)
		}
		if n != 1 {
			return errTooMuch
		}
	}
	return s.tellRefund(ctx, tx, "refund.created", inv.CustomerID, row.ID)
}

// tellRefund writes an event about a refund.
func (s *Service) tellRefund(ctx context.Context, tx *db.Tx, what, customerID, id string) error {
	r, err := tx.Refund(ctx, id)
	if err != nil {
		return fmt.Errorf("refund %s: %w", id, err)
	}
	return event.Emit(ctx, tx, event.New{Type: what, SubjectID: id, CustomerID: customerID, Data: map[string]any{
		"refund_id": id, "payment_id": r.PaymentID, "invoice_id": r.InvoiceID, "money": money.New(r.Amount, money.Currency(r.Currency)),
		"to": r.Destination, "adjust": r.Adjust, "origin": r.Origin,
	}})
}

// Refunds returns what was given back of an invoice, oldest first.
func (s *Service) Refunds(ctx context.Context, invoiceID string) ([]Refund, error) {
	var refunds []Refund
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.RefundsOfInvoice(ctx, invoiceID)
		if err != nil {
			return fmt.Errorf("refunds of invoice %s: %w", invoiceID, err)
		}
		refunds = make([]Refund, len(rows))
		for i, r := range rows {
			refunds[i] = refundOf(r)
		}
		return nil
	})
	return refunds, err
}

// errand is the payload of refundJob. Turn counts the times that its gateway was asked; once is not followed by another.
type errand struct {
	RefundID string `json:"refund_id"`
	Turn     int    `json:"turn"`
	Once     string `json:"once,omitzero"`
}

func (s *Service) refundLater(ctx context.Context, tx *db.Tx, e errand, after time.Duration) error {
	return s.jobs.Enqueue(ctx, tx, job.New{
		Kind: refundJob, DedupKey: fmt.Sprintf("%s %d%s", e.RefundID, e.Turn, e.Once), Payload: e, RunAt: tx.Now.Add(after),
	})
}

var errTooMuch = fail.Conflict("REFUND_EXCEEDS_PAID", "So much was not paid, or was given back already.")

// newest sorts payments for a refund: the newest first.
func newest(a, b query.Payment) int {
	if a.ReceivedAt != b.ReceivedAt {
		return int(max(-1, min(1, b.ReceivedAt-a.ReceivedAt)))
	}
	return -slices.Compare([]byte(a.ID), []byte(b.ID))
}
