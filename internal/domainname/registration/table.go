package registration

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/setting"
)

// ExtensionPrices is what the names of an extension cost today, with the fees of who renews late.
type ExtensionPrices struct {
	Extension string // A-labels
	Shown     string // U-labels
	Register  domainname.List
	Transfer  domainname.List
	Renew     domainname.List
	GraceDays int
	GraceFee  Fee
	// RedemptionDays is for how long a restore is possible after that; 0: there is none.
	RedemptionDays int
	RestoreFee     Fee
}

// Fee is a fee of an extension. Where it is not known, it is asked for at the registry.
type Fee struct {
	Money money.Money
	Known bool
}

// PriceTable is what names cost today, of all extensions that are sold or renewed, by the alphabet. group and currency are
// the customer's; empty: the general prices in the store's currency.
func (s *Service) PriceTable(ctx context.Context, group string, currency money.Currency) (all []ExtensionPrices, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		all = nil
		settings, err := setting.Load(ctx, tx)
		if err != nil {
			return fmt.Errorf("settings of the store: %w", err)
		}
		if currency == "" {
			currency = settings.Currency
		}
		tlds, err := tx.TLDs(ctx)
		if err != nil {
			return fmt.Errorf("extensions: %w", err)
		}
		for _, tld := range tlds {
			t, err := termsOf(ctx, tx, tld.Extension, group, currency, settings)
			if err != nil {
				return err
			}
			if row := t.row(tld.Extension, currency, settings.Rate); len(row.Register)+len(row.Transfer)+len(row.Renew) > 0 {
				all = append(all, row)
			}
		}
		return nil
	})
	return all, err
}

func (t terms) row(extension string, currency money.Currency, rates domainname.Rates) ExtensionPrices {
	row := ExtensionPrices{
		Extension: extension, Shown: shown(extension), Renew: t.offered(t.renew), GraceDays: t.policy.GraceDays, RedemptionDays: t.policy.RedemptionDays,
	}
	if t.sold {
		row.Register, row.Transfer = t.offered(t.register), t.offered(t.transfer)
	}
	row.GraceFee.Money, row.GraceFee.Known = t.policy.FeeAt(domainname.StageGrace, currency, rates)
	row.RestoreFee.Money, row.RestoreFee.Known = t.policy.FeeAt(domainname.StageRedemption, currency, rates)
	return row
}

// offered leaves out the terms that the registry does not have.
func (t terms) offered(list domainname.List) domainname.List {
	out := domainname.List{}
	for years, price := range list {
		if t.policy.ID != "" && t.policy.Allows(years) {
			out[years] = price
		}
	}
	return out
}
