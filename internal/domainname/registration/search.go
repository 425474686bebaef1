package registration

import (
	"context"
	"fmt"
	"strings"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/setting"
)

// mostFound bounds the names of one search: each is a question to a registrar.
const mostFound = 12

// Found is a name that somebody searched for.
type Found struct {
	Name      string // A-labels
	Shown     string // U-labels
	Extension string // A-labels
	Free      bool
	Unknown   bool   // the registrar could not be asked: it may be free
	Reason    string // why it can't be had here at all; empty: it can, or it is taken
	Premium   bool   // the registry has prices of its own for it, by which it is sold here
	Years     []YearPrice
	Transfer  *money.Money // what a transfer costs, if it is taken and transfers are sold
}

// YearPrice is a term and what it costs.
type YearPrice struct {
	Years int
	Price money.Money
	// Renew is what the first renewal will cost, as things are, and RenewYears for how long that is; nil: it does not renew by
	// itself.
	Renew      *money.Money
	RenewYears int
}

// Sold are the extensions under which names are sold, in alphabetical order.
func (s *Service) Sold(ctx context.Context) (extensions []string, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		if extensions, err = tx.SoldTLDs(ctx); err != nil {
			return fmt.Errorf("extensions that are sold: %w", err)
		}
		return nil
	})
	return extensions, err
}

// Search looks a name up, and the same label under the other extensions that are sold. What was asked may be a label alone.
// group and currency are the customer's; empty: the general prices in the store's currency. What can't be a name is refused
// before anybody is asked.
func (s *Service) Search(ctx context.Context, asked, group string, currency money.Currency) ([]Found, error) {
	label, first, err := understood(asked)
	if err != nil {
		return nil, err
	}
	var all []Found
	ask := map[string]asking{}
	var settings setting.Settings
	err = s.db.Read(ctx, func(tx *db.Tx) (err error) {
		all, ask = nil, map[string]asking{}
		settings, err = setting.Load(ctx, tx)
		if err != nil {
			return fmt.Errorf("settings of the store: %w", err)
		}
		if currency == "" {
			currency = settings.Currency
		}
		sold, err := tx.SoldTLDs(ctx)
		if err != nil {
			return fmt.Errorf("extensions that are sold: %w", err)
		}
		for _, extension := range candidates(first, sold) {
			f, t, open, err := look(ctx, tx, label, extension, group, currency, settings)
			if err != nil {
				return err
			}
			if f.Name == "" {
				continue
			}
			all = append(all, f)
			if open {
				ask[extension] = asking{f.Name, t}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	wall := s.db.Wall().Now()
	said := s.check(ctx, ask, wall)
	for i := range all {
		f := &all[i]
		about, open := ask[f.Extension]
		if !open {
			continue
		}
		h, known := said[f.Name]
		f.Free, f.Unknown = h.free, !known
		if h.premium != nil {
			f.price(about.t.at(h.premium, settings.Rate))
		}
		if known && !h.free {
			f.Years = nil
		} else {
			f.Transfer = nil
		}
	}
	return all, nil
}

// price writes what a name costs, by the terms of its extension or of itself.
func (f *Found) price(t terms) {
	f.Years, f.Transfer, f.Premium = nil, nil, t.premium != nil
	for n := 1; t.sold && n <= 10; n++ {
		price, refusal := t.registration(n)
		if refusal != nil {
			continue
		}
		term := YearPrice{Years: n, Price: price}
		if then := t.then(n); then != nil {
			term.RenewYears, term.Renew = then.Years, &then.Price
		}
		f.Years = append(f.Years, term)
	}
	if price, priced := t.transfer[t.policy.MinYears]; priced {
		f.Transfer = &price
	}
	if f.Premium && f.Free && len(f.Years) == 0 {
		f.Reason = "The registry has a price of its own for this name and has not told it, so it can't be sold now."
	}
}

// understood splits what was typed into a label and the extension that was named with it, if one was.
func understood(asked string) (label, extension string, err error) {
	asked = strings.TrimSuffix(pasted(asked), ".")
	if !strings.ContainsAny(asked, ".。．｡") {
		// A label alone is judged under an extension that every name could have.
		name, err := domainname.ParseName(asked + ".com")
		if asked == "" || err != nil {
			return "", "", malformed("is not one that can be registered")
		}
		label, _, _ := strings.Cut(name.String(), ".")
		return label, "", nil
	}
	name, extension, err := parse(asked)
	if err != nil {
		return "", "", err
	}
	label, _, _ = strings.Cut(name.String(), ".")
	return label, extension, nil
}

// pasted is what is meant by the address of a website: its name, without what stands before and behind it.
func pasted(asked string) string {
	asked = strings.TrimSpace(asked)
	if _, after, found := strings.Cut(asked, "://"); found {
		asked, _, _ = strings.Cut(after, "/")
	}
	if rest, www := strings.CutPrefix(strings.ToLower(asked), "www."); www && strings.Contains(rest, ".") {
		return rest
	}
	return asked
}

// candidates are the extensions to look under: the one that was named first, even if it is not sold.
func candidates(first string, sold []string) []string {
	var all []string
	if first != "" {
		all = append(all, first)
	}
	for _, extension := range sold {
		if extension != first && len(all) < mostFound {
			all = append(all, extension)
		}
	}
	return all
}

// under is a label under an extension; ok is false if the two are too long together.
func under(label, extension string) (n domainname.Name, ok bool) {
	n, err := domainname.ParseName(label + "." + extension)
	return n, err == nil
}

// look says what is known of a name here. open is true if the registrar has to be asked.
func look(
	ctx context.Context, tx *db.Tx, label, extension, group string, currency money.Currency, settings setting.Settings,
) (f Found, t terms, open bool, err error) {
	name, ok := under(label, extension)
	if !ok {
		return f, t, false, nil
	}
	f = Found{Name: name.String(), Shown: name.Unicode(), Extension: extension}
	if t, err = termsOf(ctx, tx, extension, group, currency, settings); err != nil {
		return f, t, false, err
	}
	f.price(t)
	if !t.sold || len(f.Years) == 0 {
		f.Reason, f.Transfer = "Names under ."+shown(extension)+" are not sold here.", nil
		return f, t, false, nil
	}
	has, err := inStore(ctx, tx, name)
	if err != nil || has {
		f.Years, f.Transfer = nil, nil
		return f, t, false, err
	}
	return f, t, true, nil
}
