package domainname

import (
	"context"
	"fmt"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/page"
)

// Costs are what one registrar asks, later days included.
type Costs []Cost

// At is what a term costs on a day; ok is false where that is not known.
func (cs Costs) At(extension string, kind PriceKind, years int, currency money.Currency, day civil.Date) (at Cost, ok bool) {
	for _, c := range cs {
		if c.Extension == extension && c.Kind == kind && c.Years == years && c.Money.Currency == currency && !c.ValidFrom.After(day) && (!ok || c.ValidFrom.After(at.ValidFrom)) {
			at, ok = c, true
		}
	}
	return at, ok
}

// CostsFor reads what a registrar asks for an extension.
func (s *Service) CostsFor(ctx context.Context, registrarID, extension string) (costs Costs, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		costs, err = costsBetween(ctx, tx, registrarID, extension, extension)
		return err
	})
	return costs, err
}

// Costs reads what a registrar asks, a page of extensions at a time, and the cursor of the next page.
func (s *Service) Costs(ctx context.Context, registrarID, cursor string, limit int) (costs Costs, next string, err error) {
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
		costs, next = nil, ""
		extensions, err := tx.CostedExtensions(ctx, query.CostedExtensionsParams{RegistrarID: registrarID, After: after, N: int64(limit) + 1})
		if err != nil {
			return fmt.Errorf("extensions that have costs: %w", err)
		}
		extensions, more := page.Cut(extensions, limit)
		if len(extensions) == 0 {
			return nil
		}
		last := extensions[len(extensions)-1]
		if more {
			next = page.Cursor(last)
		}
		costs, err = costsBetween(ctx, tx, registrarID, extensions[0], last)
		return err
	})
	return costs, next, err
}

func costsBetween(ctx context.Context, tx *db.Tx, registrarID, first, last string) (Costs, error) {
	rows, err := tx.CostsOfRegistrar(ctx, query.CostsOfRegistrarParams{RegistrarID: registrarID, First: first, Last: last})
	if err != nil {
		return nil, fmt.Errorf("costs of a registrar: %w", err)
	}
	costs := make(Costs, len(rows))
	for i, r := range rows {
		from, err := civil.Parse(r.ValidFrom)
		if err != nil {
			return nil, fmt.Errorf("cost of .%s: %w", r.Extension, err)
		}
		costs[i] = Cost{
			RegistrarID: registrarID, Extension: r.Extension, Kind: PriceKind(r.Kind), Years: int(r.Years), Money: money.New(r.Amount, money.Currency(r.Currency)),
			ValidFrom: from, Source: r.Source,
		}
	}
	return costs, nil
}

// SetCosts writes what a registrar asks, all or nothing. What is wrong is named by its row, such as costs[0].years.
func (s *Service) SetCosts(ctx context.Context, registrarID string, costs Costs) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		var f fail.Fields
		words := make([]string, len(costs))
		for i, c := range costs {
			c.RegistrarID = registrarID
			if err := PutCost(ctx, tx, c); err != nil {
				e := fail.Of(err)
				if e.Kind != fail.KindInvalid {
					return err
				}
				for _, x := range e.Fields {
					f.Add(fmt.Sprintf("costs[%d].%s", i, x.Field), x.Message)
				}
			}
			words[i] = fmt.Sprintf(".%s %s %d: %s from %s", c.Extension, c.Kind, c.Years, c.Money, c.ValidFrom)
		}
		if err := f.Err(); err != nil {
			return err
		}
		return event.Audit(ctx, tx, event.Change{What: "domain_costs.set", SubjectID: registrarID, After: strings.Join(words, "; ")})
	})
}
