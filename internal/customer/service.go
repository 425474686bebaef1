package customer

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/patch"
	"github.com/keystead/keystead/internal/text"
)

var (
	errNotFound = fail.NotFound("CUSTOMER_NOT_FOUND", "There is no such customer.")
	errChanged  = fail.Conflict("CHANGED_MEANWHILE", "Somebody else changed this customer meanwhile. Look at it again.")
	errTaken    = fail.Conflict("EMAIL_TAKEN", "There is a customer with this e-mail address already.")
)

// Service holds the verbs of customers.
type Service struct {
	db            *db.DB
	storeCurrency func(ctx context.Context, tx *db.Tx) (money.Currency, error)
	onChange      []func(ctx context.Context, tx *db.Tx, customerID string) error
}

// New returns the customers of a store. storeCurrency tells the currency of a customer for whom none is named.
func New(d *db.DB, storeCurrency func(ctx context.Context, tx *db.Tx) (money.Currency, error)) *Service {
	return &Service{db: d, storeCurrency: storeCurrency}
}

// OnChange registers f to be called as part of every transaction that changes a customer's details, for those who keep
// names and addresses in memory. It belongs to building the program.
func (s *Service) OnChange(f func(ctx context.Context, tx *db.Tx, customerID string) error) {
	s.onChange = append(s.onChange, f)
}

// Create takes up a customer.
func (s *Service) Create(ctx context.Context, in Input) (Customer, error) {
	if err := in.Validate(); err != nil {
		return Customer{}, err
	}
	var c Customer
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		currency := in.Currency
		if currency == "" {
			var err error
			if currency, err = s.storeCurrency(ctx, tx); err != nil {
				return fmt.Errorf("currency of a new customer: %w", err)
			}
		}
		in.Currency = currency
		var err error
		c, err = insert(ctx, tx, tx.NewID("cus"), text.Fold(in.Email), in)
		return err
	})
	return c, err
}

// insert writes a customer who is found by emailFold.
func insert(ctx context.Context, tx *db.Tx, id, emailFold string, in Input) (Customer, error) {
	err := tx.InsertCustomer(ctx, query.InsertCustomerParams{
		ID: id, Email: in.Email, EmailFold: emailFold, Name: in.Name, NameFold: text.Fold(in.Name), Company: in.Company,
		CompanyFold: text.Fold(in.Company), Country: in.Country, State: in.State, Address: in.Address, TaxID: in.TaxID,
		Language: in.Language, Currency: string(in.Currency), TimeZone: in.TimeZone, CustomerGroup: in.Group,
		CreatedAt: tx.Stamp,
	})
	if err != nil {
		return Customer{}, taken(err)
	}
	c, err := load(ctx, tx, id)
	if err != nil {
		return Customer{}, err
	}
	after := map[string]any{"email": c.Email, "name": c.Name, "company": c.Company, "country": c.Country, "currency": c.Currency}
	return c, record(ctx, tx, "customer.created", id, map[string]any{"currency": c.Currency, "country": c.Country}, "", patch.JSON(after))
}

// Update changes a customer.
func (s *Service) Update(ctx context.Context, id string, change Patch) (Customer, error) {
	if err := change.Validate(); err != nil {
		return Customer{}, err
	}
	var c Customer
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		before, err := Lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if change.Version != 0 && change.Version != before.Version {
			return errChanged
		}
		after, diff := change.applyTo(before)
		if c = after; diff.Empty() {
			return nil
		}
		err = tx.UpdateCustomer(ctx, query.UpdateCustomerParams{
			ID: id, Email: after.Email, EmailFold: emailFold(before, after), Name: after.Name, NameFold: text.Fold(after.Name),
			Company: after.Company, CompanyFold: text.Fold(after.Company), Country: after.Country, State: after.State,
			Address: after.Address, TaxID: after.TaxID, Language: after.Language, Currency: string(after.Currency),
			TimeZone: after.TimeZone, CustomerGroup: after.Group, UpdatedAt: tx.Stamp,
		})
		if err != nil {
			return taken(err)
		}
		if c, err = load(ctx, tx, id); err != nil {
			return err
		}
		for _, told := range s.onChange {
			if err := told(ctx, tx, id); err != nil {
				return err
			}
		}
		return record(ctx, tx, "customer.updated", id, map[string]any{"changed": diff.Fields}, diff.Before(), diff.After())
	})
	return c, err
}

// emailFold is what a customer is found by after a change. A guest stays one until the address changes.
func emailFold(before, after Customer) string {
	if before.Guest && after.Email == before.Email {
		return guestFold(after)
	}
	return text.Fold(after.Email)
}

// taken says what a violated constraint means here: the e-mail address is the only thing that must be unique.
func taken(err error) error {
	if db.Duplicate(err) {
		return errTaken.Because(err)
	}
	return fmt.Errorf("store a customer: %w", err)
}

// record writes the event and the audit entry of a change.
func record(ctx context.Context, tx *db.Tx, what, id string, data map[string]any, before, after string) error {
	if err := event.Emit(ctx, tx, event.New{Type: what, SubjectID: id, CustomerID: id, Data: data}); err != nil {
		return err
	}
	return event.Audit(ctx, tx, event.Change{What: what, SubjectID: id, Before: before, After: after})
}

// ByID returns a customer by its id.
func (s *Service) ByID(ctx context.Context, id string) (Customer, error) {
	var c Customer
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		c, err = load(ctx, tx, id)
		return err
	})
	return c, err
}

// ByEmail returns the customer with an e-mail address, regardless of case.
func (s *Service) ByEmail(ctx context.Context, email string) (Customer, error) {
	email, err := text.Email(email)
	if err != nil {
		return Customer{}, errNotFound
	}
	var c Customer
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		r, err := tx.CustomerByEmail(ctx, text.Fold(email))
		if db.NotFound(err) {
			return errNotFound
		}
		if err != nil {
			return fmt.Errorf("customer by e-mail: %w", err)
		}
		c, err = withCredit(ctx, tx, r)
		return err
	})
	return c, err
}
