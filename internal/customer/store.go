package customer

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

func customerOf(r query.Customer) Customer {
	return Customer{
		ID: r.ID, Email: r.Email, Name: r.Name, Company: r.Company, Country: r.Country, State: r.State, Address: r.Address,
		TaxID: r.TaxID, Language: r.Language, Currency: money.Currency(r.Currency), TimeZone: r.TimeZone, Group: r.CustomerGroup,
		HasPassword: r.PasswordHash != nil, Guest: r.EmailFold != text.Fold(r.Email),
		Version: r.Version, CreatedAt: r.CreatedAt.Time(), UpdatedAt: r.UpdatedAt.Time(),
	}
}

func withCredit(ctx context.Context, tx *db.Tx, r query.Customer) (Customer, error) {
	c := customerOf(r)
	rows, err := tx.CreditsOfCustomer(ctx, r.ID)
	if err != nil {
		return Customer{}, fmt.Errorf("credit of customer %s: %w", r.ID, err)
	}
	for _, credit := range rows {
		c.Credit = append(c.Credit, money.New(credit.Amount, money.Currency(credit.Currency)))
	}
	return c, nil
}

func load(ctx context.Context, tx *db.Tx, id string) (Customer, error) {
	if !text.IsID(id) {
		return Customer{}, errNotFound
	}
	r, err := tx.Customer(ctx, id)
	if db.NotFound(err) {
		return Customer{}, errNotFound
	}
	if err != nil {
		return Customer{}, fmt.Errorf("customer %s: %w", id, err)
	}
	return withCredit(ctx, tx, r)
}

// Lock takes the lock of a customer until the end of tx and returns the customer as it is then. Whoever moves the
// customer's money holds it, and takes it before any lock on an invoice or a number series.
func Lock(ctx context.Context, tx *db.Tx, id string) (Customer, error) {
	if !text.IsID(id) {
		return Customer{}, errNotFound
	}
	if _, err := tx.LockCustomer(ctx, id); err != nil {
		return Customer{}, fmt.Errorf("lock customer %s: %w", id, err)
	}
	return load(ctx, tx, id)
}

// Load returns a customer as part of tx, without a lock.
func Load(ctx context.Context, tx *db.Tx, id string) (Customer, error) { return load(ctx, tx, id) }
