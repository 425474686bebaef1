package domainname

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// Of returns the domains of rows that a query has read.
func Of(rows []query.Domain) ([]Domain, error) {
	all := make([]Domain, len(rows))
	for i, r := range rows {
		var err error
		if all[i], err = domainOf(r); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// RenewalsIn returns the renewals of rows that a query has read.
func RenewalsIn(rows []query.DomainRenewal) ([]Renewal, error) {
	all := make([]Renewal, len(rows))
	for i, r := range rows {
		var err error
		if all[i], err = renewalOf(r); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// CountMoney writes when a renewal was paid that was done, or begun, before its money came, and where the dates stood that
// the money has moved. Its state stays. It refuses a second payment.
func CountMoney(ctx context.Context, tx *db.Tx, r *Renewal) error {
	n, err := tx.PayDomainRenewal(ctx, query.PayDomainRenewalParams{
		ID: r.ID, Version: r.Version, PaidAt: clock.FromTimePtr(r.PaidAt), PaidBefore: optionalDate(r.PaidBefore), DueBefore: optionalDate(r.DueBefore),
	})
	return r.written(n, err)
}

// AskMore writes by which lines a renewal is asked for, and what of them is a fee. Its state stays.
func AskMore(ctx context.Context, tx *db.Tx, r *Renewal) error {
	n, err := tx.AskForDomainRenewal(ctx, query.AskForDomainRenewalParams{
		ID: r.ID, Version: r.Version, Price: r.Price.Amount, Fee: r.Fee.Amount, Stage: string(r.Stage), FeeLineID: optional(r.FeeLineID), FeeInvoiceID: optional(r.FeeInvoiceID),
		LineID: optional(r.LineID), InvoiceID: optional(r.InvoiceID), Owed: r.Owed, MoveDue: !r.LeaveDue, PaidBefore: optionalDate(r.PaidBefore),
		DueBefore: optionalDate(r.DueBefore),
	})
	return r.written(n, err)
}

func (r *Renewal) written(n int64, err error) error {
	if err != nil {
		return fmt.Errorf("renewal %s: %w", r.ID, err)
	}
	if n == 0 {
		return errChanged
	}
	r.Version++
	return nil
}
