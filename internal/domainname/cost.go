package domainname

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// ForRestore is what a registrar asks for a restore; it has a cost and no price, which is the fee of a policy.
const ForRestore PriceKind = "restore"

// Cost is what a registrar asks the store for a term from a day on. It is compared, and blocks nothing.
type Cost struct {
	RegistrarID string
	Extension   string
	Kind        PriceKind // or [ForRestore]
	Years       int
	Money       money.Money
	ValidFrom   civil.Date
	Source      string
}

// PutCost writes a cost, imported or quoted, as part of tx.
func PutCost(ctx context.Context, tx *db.Tx, c Cost) error {
	p := Price{Extension: c.Extension, Kind: c.Kind, Years: c.Years, Currency: c.Money.Currency, Amount: c.Money.Amount, ValidFrom: c.ValidFrom}
	if c.Kind == ForRestore || c.Kind == ForRenewal {
		p.Kind = ForRegistration // a cost is a number; what is never sold for ten years can still be quoted
	}
	if _, err := p.Validate(); err != nil {
		return err
	}
	if c.Money.Amount < 0 {
		return fail.Invalid("amount", "is negative")
	}
	source, err := text.Line(c.Source, text.NotesLength)
	if err != nil {
		return fail.Invalid("source", err.Error())
	}
	err = tx.PutDomainCost(ctx, query.PutDomainCostParams{
		RegistrarID: c.RegistrarID, Extension: p.Extension, Kind: string(c.Kind), Years: int64(c.Years), Currency: string(c.Money.Currency),
		ValidFrom: c.ValidFrom.String(), Amount: c.Money.Amount, Source: source, UpdatedAt: tx.Stamp,
	})
	if err != nil {
		return fmt.Errorf("cost of .%s: %w", p.Extension, err)
	}
	return nil
}

// Loss is a domain that renews by itself for less than it costs.
type Loss struct {
	DomainID        string
	Name            string
	CustomerID      string
	Term            int
	Recurring, Cost money.Money
}

// BelowCost returns a page of the domains that renew below cost on a day, and the cursor of the next page.
func (s *Service) BelowCost(ctx context.Context, day civil.Date, cursor string, limit int) (losses []Loss, next string, err error) {
	after := ""
	if cursor != "" {
		key, err := page.Key(cursor, 1)
		if err != nil {
			return nil, "", err
		}
		after = key[0]
	}
	limit = page.Limit(limit)
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.DomainsBelowCost(ctx, query.DomainsBelowCostParams{After: after, Day: day.String(), N: int64(limit) + 1})
		if err != nil {
			return fmt.Errorf("domains below cost: %w", err)
		}
		rows, more := page.Cut(rows, limit)
		losses, next = make([]Loss, len(rows)), ""
		for i, r := range rows {
			currency := money.Currency(r.Currency)
			losses[i] = Loss{
				DomainID: r.ID, Name: r.Name, CustomerID: r.CustomerID, Recurring: money.New(r.RecurringAmount, currency), Cost: money.New(r.Cost, currency),
			}
			if r.Term != nil {
				losses[i].Term = int(*r.Term)
			}
		}
		if more {
			next = page.Cursor(losses[len(losses)-1].DomainID)
		}
		return nil
	})
	return losses, next, err
}
