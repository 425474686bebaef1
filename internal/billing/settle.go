package billing

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// Receipt is money that reached an invoice: a payment, or credit that is used on it.
type Receipt struct {
	PaymentID  string
	Applied    money.Money // what counts towards the invoice, as Invoice.Accepts says
	Credit     money.Money // what is beyond it
	FromCredit bool        // the money was the customer's credit before
	// SourceID is what brings the money if it is not the payment itself, such as a dispute that was won: then the
	// payment has been booked before.
	SourceID string
}

// Receive books a receipt and counts it towards its invoice, which the caller has locked. Once nothing is left to pay,
// the invoice is paid and its lines are fulfilled.
func (s *Service) Receive(ctx context.Context, tx *db.Tx, inv Invoice, r Receipt) (Invoice, error) {
	if r.SourceID == "" {
		r.SourceID = r.PaymentID
	}
	m := movement{of(inv), postingPayment, r.SourceID, entriesPayment(r.Applied, r.Credit)}
	if r.FromCredit {
		m.kind, m.entries = postingCredit, entriesCredit(r.Applied)
	}
	if r.Applied.Amount > 0 && (inv.Status != Open || r.Applied.Amount > inv.Balance().Amount) {
		return Invoice{}, notOpen(inv.Status)
	}
	if err := post(ctx, tx, m); err != nil {
		return Invoice{}, err
	}
	if r.Applied.Amount == 0 {
		return inv, nil
	}
	return s.settle(ctx, tx, inv, r.Applied.Amount, 0)
}

// settle counts money towards an open invoice, and what a credit note takes off it. If nothing is left to pay then, the
// invoice is paid: its lines are fulfilled, and those who watch are told.
func (s *Service) settle(ctx context.Context, tx *db.Tx, inv Invoice, paid, credited int64) (Invoice, error) {
	to := Open
	if inv.Balance().Amount == paid+credited {
		var ok bool
		if to, ok = invoiceStates.Next(inv.Status, settled); !ok {
			return Invoice{}, notOpen(inv.Status)
		}
	}
	if to == Paid && inv.Number == "" {
		if err := s.numberLate(ctx, tx, inv); err != nil {
			return Invoice{}, err
		}
	}
	if err := s.change(ctx, tx, inv, to, paid, credited); err != nil {
		return Invoice{}, err
	}
	changed, err := load(ctx, tx, inv.ID)
	if err != nil || to == Open {
		return changed, err
	}
	if err := s.tell(ctx, tx, "invoice.paid", changed, nil); err != nil {
		return Invoice{}, err
	}
	return s.fulfilAll(ctx, tx, inv.ID)
}

// change moves what was paid and credited of an invoice, and takes it to a status.
func (s *Service) change(ctx context.Context, tx *db.Tx, inv Invoice, to Status, paid, credited int64) error {
	row := query.ChangeInvoiceParams{
		ID: inv.ID, FromStatus: string(inv.Status), ToStatus: string(to), Paying: paid, Crediting: credited,
	}
	switch {
	case to == Paid && inv.Status == Paid:
		row.PaidAt = clock.FromTimePtr(inv.PaidAt)
	case to == Paid:
		row.PaidAt = &tx.Stamp
	case to == Open:
		step, on, err := s.stepAfter(ctx, tx, inv, paid, credited)
		if err != nil {
			return err
		}
		row.Step, row.StepOn = step, dateColumn(on)
	}
	rows, err := tx.ChangeInvoice(ctx, row)
	if err != nil {
		return fmt.Errorf("invoice %s: %w", inv.ID, err)
	}
	if rows != 1 {
		return notOpen(Open)
	}
	return nil
}

// stepAfter is the next step of collecting an invoice that stays open, or is open again.
func (s *Service) stepAfter(ctx context.Context, tx *db.Tx, inv Invoice, paid, credited int64) (string, civil.Date, error) {
	if inv.Status == Open {
		return inv.Step, inv.StepOn, nil
	}
	terms, err := s.terms(ctx, tx)
	if err != nil {
		return "", noDate, fmt.Errorf("terms of invoice %s: %w", inv.ID, err)
	}
	inv.Status = Open
	inv.Paid.Amount += paid
	inv.Credited.Amount += credited
	step, on := terms.collect(inv)
	return step, on, nil
}

// numberLate gives a proforma invoice its number, because it is paid.
func (s *Service) numberLate(ctx context.Context, tx *db.Tx, inv Invoice) error {
	terms, err := s.terms(ctx, tx)
	if err != nil {
		return fmt.Errorf("terms of invoice %s: %w", inv.ID, err)
	}
	sequence, on, err := takeNumbers(ctx, tx, invoiceSeries, 1, civil.Of(tx.Now, terms.Zone))
	if err != nil {
		return fmt.Errorf("number of invoice %s: %w", inv.ID, err)
	}
	series, number := invoiceSeries, FormatNumber(terms.NumberFormat, on, sequence)
	rows, err := tx.NumberInvoice(ctx, query.NumberInvoiceParams{
		ID: inv.ID, Series: &series, Sequence: &sequence, Number: &number, IssuedOn: dateColumn(on),
	})
	if db.Duplicate(err) {
		return numberTaken(number, err)
	}
	if err != nil {
		return fmt.Errorf("number of invoice %s: %w", inv.ID, err)
	}
	if rows != 1 {
		return notOpen(Open)
	}
	return nil
}

func numberTaken(number string, err error) error {
	return fail.Conflict("NUMBER_TAKEN", fmt.Sprintf("The next invoice would have the number %s, which another has already: "+
		"change the setting billing.number_format.", number)).Because(err)
}
