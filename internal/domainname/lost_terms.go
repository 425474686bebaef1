package domainname

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/setting"
)

// LostTerms is what rows of the price table would take off: domains that renew by a term which has a price, and would have
// none. No invoice can be made for them.
type LostTerms struct {
	Terms   int       // domains
	Touched []Touched // the first 500 of them
}

// PreviewPrices says what rows of an extension would take off on the first day on which each counts, and writes nothing. One
// that names no day counts from today on.
func (s *Service) PreviewPrices(ctx context.Context, extension string, rows Prices) (preview LostTerms, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		preview = LostTerms{}
		settings, err := setting.Load(ctx, tx)
		if err != nil {
			return err
		}
		all := slices.Clone(rows)
		for i := range all {
			all[i].Extension = extension
			if all[i].ValidFrom.IsZero() {
				all[i].ValidFrom = civil.Of(tx.Now, settings.TimeZone)
			}
		}
		if _, err := all.validate(); err != nil {
			return err
		}
		before, err := PricesOf(ctx, tx, extension)
		if err != nil {
			return err
		}
		return preview.add(ctx, tx, extension, before, all)
	})
	return preview, err
}

// byExtension are rows apart, by what they are the prices of.
func (ps Prices) byExtension() map[string]Prices {
	apart := map[string]Prices{}
	for _, p := range ps {
		apart[p.Extension] = append(apart[p.Extension], p)
	}
	return apart
}

// soldBy is by what a domain renews.
type soldBy struct {
	years    int
	currency money.Currency
}

func (s soldBy) compare(o soldBy) int {
	return cmp.Or(cmp.Compare(s.years, o.years), cmp.Compare(s.currency, o.currency))
}

// add counts what rows of an extension would take off whose prices are those of before.
func (v *LostTerms) add(ctx context.Context, tx *db.Tx, extension string, before, rows Prices) error {
	settings, err := setting.Load(ctx, tx)
	if err != nil {
		return err
	}
	today := civil.Of(tx.Now, settings.TimeZone)
	replaced := map[Price]bool{}
	// taken are the days on which the rows take a price away, by the terms that they could take.
	taken := map[soldBy][]civil.Date{}
	for _, p := range rows {
		replaced[p.place()] = true
		if p.Kind != ForRenewal || p.Amount != Disabled && p.Group == "" {
			continue
		}
		at, day := soldBy{p.Years, p.Currency}, p.ValidFrom
		if day.Before(today) {
			day = today
		}
		taken[at] = append(taken[at], day)
	}
	after := append(slices.DeleteFunc(slices.Clone(before), func(p Price) bool { return replaced[p.place()] }), rows...)
	lost := func(at soldBy, group string) bool {
		for _, day := range taken[at] {
			_, had := before.List(extension, ForRenewal, at.currency, group, day)[at.years]
			_, has := after.List(extension, ForRenewal, at.currency, group, day)[at.years]
			if had && !has {
				return true
			}
		}
		return false
	}
	var due dates
	for _, at := range slices.SortedFunc(maps.Keys(taken), soldBy.compare) {
		known := map[string]bool{} // by group
		for last := ""; ; {
			found, err := tx.DomainsRenewingBy(ctx, query.DomainsRenewingByParams{
				Extension: extension, After: last, Years: widen(&at.years), Currency: string(at.currency), N: batch,
			})
			if err != nil {
				return fmt.Errorf("domains of .%s that renew by %d years: %w", extension, at.years, err)
			}
			for _, d := range found {
				last = d.ID
				gone, ok := known[d.CustomerGroup]
				if !ok {
					gone = lost(at, d.CustomerGroup)
					known[d.CustomerGroup] = gone
				}
				if !gone {
					continue
				}
				if v.Terms++; len(v.Touched) < listed {
					v.Touched = append(v.Touched, Touched{
						DomainID: d.ID, Name: Name{d.Name}, CustomerID: d.CustomerID, NextDue: due.of(d.NextDue), Term: at.years, TermLost: true,
					})
				}
			}
			if len(found) < batch {
				break
			}
		}
	}
	return due.err
}

// place is what a price is the price of.
func (p Price) place() Price {
	p.Amount, p.Unset = 0, false
	return p
}
