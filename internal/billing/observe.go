package billing

import (
	"context"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/money"
)

// Observer hears what becomes of invoices: the rooms whose states follow them.
type Observer interface {
	// InvoiceChanged is called, in the same transaction, after an invoice was paid and its lines were tried, after a
	// failed line was tried again, after money or a part of the invoice was taken back, after it ended unpaid or was
	// replaced, after a link was revoked or restored, and after a dispute began or ended.
	InvoiceChanged(ctx context.Context, tx *db.Tx, inv Invoice) error
}

// Observe adds an observer. Observers are told in the order in which they were added.
func (s *Service) Observe(o Observer) { s.observers = append(s.observers, o) }

// changed tells the observers what became of an invoice.
func (s *Service) changed(ctx context.Context, tx *db.Tx, inv Invoice) error {
	for _, o := range s.observers {
		if err := o.InvoiceChanged(ctx, tx, inv); err != nil {
			return err
		}
	}
	return nil
}

// Deadline ends what is over about an open invoice by now, although nobody has looked since. It reports whether it did.
type Deadline func(ctx context.Context, tx *db.Tx, inv Invoice) (ended bool, err error)

// BeforeMoney adds a deadline that money must keep.
func (s *Service) BeforeMoney(f Deadline) { s.deadlines = append(s.deadlines, f) }

// InTime returns an invoice, which the caller has locked with its customer, as money finds it that arrives now. What time has
// ended takes none, whether or not the automation has written that down already.
func (s *Service) InTime(ctx context.Context, tx *db.Tx, inv Invoice) (Invoice, error) {
	if inv.Status != Open {
		return inv, nil
	}
	for _, f := range s.deadlines {
		ended, err := f(ctx, tx, inv)
		if err != nil {
			return Invoice{}, err
		}
		if ended {
			return Lock(ctx, tx, inv.ID)
		}
	}
	return inv, nil
}

// Bar says why no charge of an open invoice may be begun now, as a typed problem; nil: one may. Money that comes by itself is
// taken all the same.
type Bar func(ctx context.Context, tx *db.Tx, inv Invoice) error

// BeforeCharge adds what may keep a charge from being begun.
func (s *Service) BeforeCharge(f Bar) { s.bars = append(s.bars, f) }

// MayCharge returns why no charge of an open invoice may be begun now.
func (s *Service) MayCharge(ctx context.Context, tx *db.Tx, inv Invoice) error {
	for _, f := range s.bars {
		if err := f(ctx, tx, inv); err != nil {
			return err
		}
	}
	return nil
}

// CreditGrew is called when a verb for faces has turned money into credit of a customer, who is locked.
type CreditGrew func(ctx context.Context, tx *db.Tx, customerID string, currency money.Currency) error

// OnCredit names who uses credit that the verbs for faces set free. Other verbs leave that to their callers.
func (s *Service) OnCredit(f CreditGrew) { s.creditGrew = f }

func (s *Service) useCredit(ctx context.Context, tx *db.Tx, inv Invoice) error {
	if s.creditGrew == nil {
		return nil
	}
	return s.creditGrew(ctx, tx, inv.CustomerID, inv.Total.Currency)
}
