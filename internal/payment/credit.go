package payment

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/money"
)

// UseCredit pays the customer's open invoices in a currency from what the store owes in it, the oldest first, as far as
// it goes (rule P13). It is called whenever an invoice opens and whenever credit grows. The caller holds the
// customer's lock.
func (s *Service) UseCredit(ctx context.Context, tx *db.Tx, customerID string, currency money.Currency) error {
	for {
		credit, err := billing.CreditOf(ctx, tx, customerID, currency)
		if err != nil || credit.Amount == 0 {
			return err
		}
		id, err := tx.OldestOpenInvoice(ctx, query.OldestOpenInvoiceParams{CustomerID: customerID, Currency: string(currency)})
		if db.NotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("open invoices of customer %s: %w", customerID, err)
		}
		inv, err := billing.Lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if inv, err = s.billing.InTime(ctx, tx, inv); err != nil {
			return err
		}
		if inv.Status != billing.Open {
			continue
		}
		if err := s.spend(ctx, tx, inv, credit); err != nil {
			return err
		}
	}
}

// UseCreditOn pays one invoice from what the store owes its customer, as far as it goes: credit that was given for it.
func (s *Service) UseCreditOn(ctx context.Context, tx *db.Tx, invoiceID string) error {
	inv, err := billing.Lock(ctx, tx, invoiceID)
	if err != nil || inv.Balance().Amount == 0 {
		return err
	}
	credit, err := billing.CreditOf(ctx, tx, inv.CustomerID, inv.Total.Currency)
	if err != nil || credit.Amount == 0 {
		return err
	}
	return s.spend(ctx, tx, inv, credit)
}

// spend counts credit towards an invoice.
func (s *Service) spend(ctx context.Context, tx *db.Tx, inv billing.Invoice, credit money.Money) error {
	used, _ := inv.Accepts(credit)
	p := newPayment(tx, inv, CreditGateway, used, used)
	p.Reference = p.ID // no two uses of credit are the same
	if _, err := insert(ctx, tx, p); err != nil {
		return err
	}
	if err := told(ctx, tx, p, money.New(0, used.Currency), inv.Status); err != nil {
		return err
	}
	if _, err := s.billing.Receive(ctx, tx, inv, billing.Receipt{PaymentID: p.ID, Applied: used, FromCredit: true}); err != nil {
		return fmt.Errorf("credit on invoice %s: %w", inv.ID, err)
	}
	return nil
}
