package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/tax"
	"github.com/keystead/keystead/internal/text"
)

// TaxRate is what a tax authority asks for from a day on, until the next rate of the same place and class begins.
// Invoices that are final keep the rate that they have.
type TaxRate struct {
	ID        string
	Country   string // ISO 3166-1 alpha-2
	State     string // empty: the whole country
	Class     string // of prices; empty: every class without a rate of its own
	Name      string // as documents call the tax: "VAT"
	Rate      tax.Percent
	ValidFrom civil.Date
	CreatedAt time.Time
}

// TaxRateInput is what staff write of a rate.
type TaxRateInput struct {
	Country   string
	State     string
	Class     string
	Name      string
	Rate      tax.Percent
	ValidFrom civil.Date
}

const maxState = 50

// Validate reports everything that is wrong with in, after bringing it into the form in which it is stored.
func (in *TaxRateInput) Validate() error {
	var bad fail.Fields
	bad.Check("country", countryCode(in.Country))
	var err error
	in.State, err = text.Line(in.State, maxState)
	bad.Check("state", err)
	in.Class, err = text.Line(in.Class, maxTaxClass)
	bad.Check("class", err)
	in.Name, err = text.Required(in.Name, text.NameLength)
	bad.Check("name", err)
	if !in.ValidFrom.IsValid() {
		bad.Add("valid_from", "is not a date")
	}
	return bad.Err()
}

func countryCode(s string) error {
	if len(s) != 2 || s[0] < 'A' || s[0] > 'Z' || s[1] < 'A' || s[1] > 'Z' {
		return errors.New("is not a country code of two capital letters")
	}
	return nil
}

var (
	errRateNotFound = fail.NotFound("TAX_RATE_NOT_FOUND", "There is no such tax rate.")
	errRateExists   = fail.Conflict("TAX_RATE_EXISTS", "There is a rate for this place and class that begins on the same day.")
)

// TaxRates returns all tax rates, by place, class and day.
func (s *Service) TaxRates(ctx context.Context) (rates []TaxRate, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.TaxRates(ctx)
		if err != nil {
			return fmt.Errorf("tax rates: %w", err)
		}
		rates = make([]TaxRate, len(rows))
		for i, r := range rows {
			if rates[i], err = taxRateOf(r); err != nil {
				return err
			}
		}
		return nil
	})
	return rates, err
}

// CreateTaxRate adds a rate.
func (s *Service) CreateTaxRate(ctx context.Context, in TaxRateInput) (rate TaxRate, err error) {
	if err := in.Validate(); err != nil {
		return TaxRate{}, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		id := tx.NewID("txr")
		err := tx.InsertTaxRate(ctx, query.InsertTaxRateParams{
			ID: id, Country: in.Country, State: in.State, Class: in.Class, Name: in.Name, Rate: in.Rate.String(),
			ValidFrom: in.ValidFrom.String(), CreatedAt: tx.Stamp,
		})
		if rate, err = storedRate(ctx, tx, id, err); err != nil {
			return err
		}
		return rateChanged(ctx, tx, "tax_rate.created", id, "", rate.describe())
	})
	return rate, err
}

// UpdateTaxRate changes a rate, for invoices to come.
func (s *Service) UpdateTaxRate(ctx context.Context, id string, in TaxRateInput) (rate TaxRate, err error) {
	if err := in.Validate(); err != nil {
		return TaxRate{}, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		before, err := loadRate(ctx, tx, id)
		if err != nil {
			return err
		}
		_, err = tx.UpdateTaxRate(ctx, query.UpdateTaxRateParams{
			ID: id, Country: in.Country, State: in.State, Class: in.Class, Name: in.Name, Rate: in.Rate.String(),
			ValidFrom: in.ValidFrom.String(),
		})
		if rate, err = storedRate(ctx, tx, id, err); err != nil {
			return err
		}
		return rateChanged(ctx, tx, "tax_rate.updated", id, before.describe(), rate.describe())
	})
	return rate, err
}

// DeleteTaxRate takes a rate away, for invoices to come.
func (s *Service) DeleteTaxRate(ctx context.Context, id string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		before, err := loadRate(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := tx.DeleteTaxRate(ctx, id); err != nil {
			return fmt.Errorf("tax rate %s: %w", id, err)
		}
		return rateChanged(ctx, tx, "tax_rate.deleted", id, before.describe(), "")
	})
}

// storedRate reads a rate that was just written, unless that failed.
func storedRate(ctx context.Context, tx *db.Tx, id string, err error) (TaxRate, error) {
	if db.Duplicate(err) {
		return TaxRate{}, errRateExists
	}
	if err != nil {
		return TaxRate{}, fmt.Errorf("tax rate %s: %w", id, err)
	}
	return loadRate(ctx, tx, id)
}

func loadRate(ctx context.Context, tx *db.Tx, id string) (TaxRate, error) {
	if !text.IsID(id) {
		return TaxRate{}, errRateNotFound
	}
	r, err := tx.TaxRate(ctx, id)
	if db.NotFound(err) {
		return TaxRate{}, errRateNotFound
	}
	if err != nil {
		return TaxRate{}, fmt.Errorf("tax rate %s: %w", id, err)
	}
	return taxRateOf(r)
}

func taxRateOf(r query.TaxRate) (TaxRate, error) {
	rate := TaxRate{ID: r.ID, Country: r.Country, State: r.State, Class: r.Class, Name: r.Name, CreatedAt: r.CreatedAt.Time()}
	var err error
	if rate.Rate, err = tax.ParsePercent(r.Rate); err != nil {
		return TaxRate{}, fmt.Errorf("tax rate %s: %w", r.ID, err)
	}
	if rate.ValidFrom, err = civil.Parse(r.ValidFrom); err != nil {
		return TaxRate{}, fmt.Errorf("tax rate %s: %w", r.ID, err)
	}
	return rate, nil
}

func (r TaxRate) describe() string {
	return fmt.Sprintf("%s %s %s: %s %s %% from %s", r.Country, r.State, r.Class, r.Name, r.Rate, r.ValidFrom)
}

func rateChanged(ctx context.Context, tx *db.Tx, what, id, before, after string) error {
	err := event.Emit(ctx, tx, event.New{Type: what, SubjectID: id, Data: map[string]any{"tax_rate_id": id, "before": before, "after": after}})
	if err != nil {
		return err
	}
	return event.Audit(ctx, tx, event.Change{What: what, SubjectID: id, Before: before, After: after})
}

// ratesOf reads the store's table of tax rates as decisions use it.
func ratesOf(ctx context.Context, tx *db.Tx) ([]tax.Rate, error) {
	rows, err := tx.TaxRates(ctx)
	if err != nil {
		return nil, fmt.Errorf("tax rates: %w", err)
	}
	rates := make([]tax.Rate, len(rows))
	for i, r := range rows {
		rate, err := taxRateOf(r)
		if err != nil {
			return nil, err
		}
		rates[i] = tax.Rate{Country: rate.Country, State: rate.State, Class: rate.Class, Percent: rate.Rate, ValidFrom: rate.ValidFrom}
	}
	return rates, nil
}
