package rooms

import (
	"context"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/setting"
)

// LicenseIssuer fulfils a paid line by a license.
type LicenseIssuer struct{ Licenses *license.Service }

// Fulfil implements billing.Fulfiller.
func (i LicenseIssuer) Fulfil(ctx context.Context, tx *db.Tx, line billing.Line) (string, error) {
	in := license.IssueInput{
		CustomerID: line.CustomerID, PlanID: line.PlanID, OrderID: line.OrderID, InvoiceLineID: line.ID,
		Quantity: line.Quantity, Reason: line.Reason,
	}
	if !line.ValidFor.IsZero() {
		s, err := setting.Load(ctx, tx)
		if err != nil {
			return "", err
		}
		end := line.ValidFor.After(tx.Now, s.TimeZone)
		in.ExpiresAt = &end
	}
	l, err := i.Licenses.Issue(ctx, tx, in)
	return l.ID, err
}

// invoiceTerms takes from the settings what an invoice is made with.
func invoiceTerms(ctx context.Context, tx *db.Tx) (billing.Terms, error) {
	s, err := setting.Load(ctx, tx)
	if err != nil {
		return billing.Terms{}, err
	}
	return billing.Terms{
		Zone: s.TimeZone, NumberFormat: s.NumberFormat, DueDays: s.DueDays,
		Seller: billing.Party{Name: s.StoreName, Address: s.Address},
	}, nil
}
