package license

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// buyTrial turns what the customer has on trial of the product into what was bought: the key that is installed stays, and so
// do its activations. It returns the id of that license; empty: there is none.
func (s *Service) buyTrial(ctx context.Context, tx *db.Tx, in IssueInput, card catalog.Card, limit int64) (string, error) {
	if t := Type(card.LicenseType); t != Purchased && t != Leased {
		return "", nil
	}
	id, err := tx.TrialOfCustomer(ctx, query.TrialOfCustomerParams{CustomerID: in.CustomerID, ProductID: card.ProductID})
	if db.NotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("trial of customer %s: %w", in.CustomerID, err)
	}
	l, err := s.lock(ctx, tx, id)
	if err != nil {
		return "", err
	}
	if Type(l.row.Type) != Trial {
		return "", l.save(ctx) // somebody has just bought it
	}
	if err := l.become(ctx, card, in.Reason); err != nil {
		return "", err
	}
	if err := l.setLimit(ctx, limit, in.Reason); err != nil {
		return "", err
	}
	err = tx.BuyTrial(ctx, query.BuyTrialParams{
		ID: id, OrderID: optional(in.OrderID), InvoiceLineID: optional(in.InvoiceLineID), SubscriptionID: optional(in.SubscriptionID),
	})
	if err != nil {
		return "", fmt.Errorf("license %s: %w", id, err)
	}
	if err := l.happen(ctx, TermRevived, Input{Source: in.SubscriptionID, Term: in.Term}); err != nil {
		return "", err
	}
	l.updated = append(l.updated, "expires_at")
	if err := l.includeSupport(ctx, in, card); err != nil {
		return "", err
	}
	return id, l.save(ctx)
}

// includeSupport begins the support that a purchase includes. What a subscription pays for has it as long as it runs.
func (l *locked) includeSupport(ctx context.Context, in IssueInput, card catalog.Card) error {
	if Type(card.LicenseType) != Purchased || in.SubscriptionID != "" || card.Support.IsZero() {
		return nil
	}
	return l.addSupport(ctx, NewSupport{Kind: SupportIncluded, Length: card.Support})
}
