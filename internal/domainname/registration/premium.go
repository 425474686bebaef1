package registration

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/setting"
)

// premium is what a registry asks for a name that it prices by itself, for each term that is sold, in its own currency. A
// term without a price is not sold.
type premium struct {
	class                     string
	register, transfer, renew domainname.List
}

// price asks what a premium name costs, for the terms at which its extension is sold.
func (s *Service) price(ctx context.Context, name string, free bool, class string, t terms) *premium {
	p := &premium{class: class, register: domainname.List{}, transfer: domainname.List{}, renew: domainname.List{}}
	ask := func(command string, years int, into domainname.List) {
		if _, asked := into[years]; asked || ctx.Err() != nil {
			return
		}
		q, err := s.checker.Quote(ctx, t.extension, registrar.Quoting{Name: name, Command: command, Years: years, Currency: t.currency})
		if err == nil && q.Known {
			into[years] = q.Price
		}
	}
	bought := []int{t.policy.MinYears}
	if free {
		bought = t.offered(t.register).Years()
	}
	for _, years := range bought {
		if free {
			ask("register", years, p.register)
		} else if _, priced := t.transfer[years]; priced {
			ask("transfer", years, p.transfer)
		}
		if term, _, ok := domainname.Promise(years, t.renew, t.policy); ok {
			ask("renew", term, p.renew)
		}
	}
	return p
}

// at are the terms of a premium name: those of its extension, each at what the registry asks for the name. Nothing of it
// costs what the list says.
func (t terms) at(p *premium, rates domainname.Rates) terms {
	if p == nil {
		return t
	}
	priced := func(sold, asked domainname.List) domainname.List {
		list := domainname.List{}
		for years := range sold {
			if own, ok := asked[years]; ok {
				if price, ok := domainname.Convert(own, t.currency, rates); ok {
					list[years] = price
				}
			}
		}
		return list
	}
	t.premium = p
	t.register, t.transfer, t.renew = priced(t.register, p.register), priced(t.transfer, p.transfer), priced(t.renew, p.renew)
	return t
}

// unpriced is the refusal of what has no price: of a premium name it is the registry that has given none.
func (t terms) unpriced() *domainname.Refusal {
	if t.premium != nil {
		return &domainname.Refusal{Reason: domainname.QuoteNeeded}
	}
	return &domainname.Refusal{Reason: domainname.NotPriced}
}

// renewsBy is what the registry asks for a renewal of a premium name by a term; nil: the name is none.
func (t terms) renewsBy(years int, now time.Time) *domainname.Premium {
	if t.premium == nil {
		return nil
	}
	p := &domainname.Premium{Class: t.premium.class, Renew: domainname.List{}, QuotedAt: now}
	if own, ok := t.premium.renew[years]; ok {
		p.Renew[years] = own
	}
	return p
}

// Ask has the registrar asked about a name before it is ordered, so that a premium one is sold at the registry's price. Where
// nothing is heard the name can be ordered at the list price: before it is sent the registrar is asked again. It implements
// [order.Asker].
func (s *Service) Ask(ctx context.Context, item order.DomainItem, who order.DomainBuyer) {
	name, extension, err := parse(item.Name)
	if err != nil || s.checker == nil {
		return
	}
	var t terms
	has := false
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		settings, err := setting.Load(ctx, tx)
		if err != nil {
			return fmt.Errorf("settings of the store: %w", err)
		}
		if who.CustomerID != "" {
			c, err := customer.Load(ctx, tx, who.CustomerID)
			if err != nil {
				return err
			}
			who.Group, who.Currency = c.Group, c.Currency
		}
		if who.Currency == "" {
			who.Currency = settings.Currency
		}
		if t, err = termsOf(ctx, tx, extension, who.Group, who.Currency, settings); err != nil {
			return err
		}
		has, err = inStore(ctx, tx, name)
		return err
	})
	_, priced := t.transfer[t.policy.MinYears]
	if item.Action == domainname.ForRegistration {
		_, refusal := t.registration(item.Years)
		priced = refusal == nil
	}
	if err == nil && t.sold && priced && !has {
		s.check(ctx, map[string]asking{extension: {name.String(), t}}, s.db.Wall().Now())
	}
}

// agreed says what is to be done about the price that a registrar asks for a domain directly before it is told to register, or
// to transfer it. What it asks for a premium name must be covered by what was ordered: otherwise nothing is sent. What the
// customer was promised with the order stands. Where only now it shows that the name is premium, the registry's renewal price is
// the promise, unless it is above the one that was shown: then no invoice is made by itself at either.
func (s *Service) agreed(ctx context.Context, tx *db.Tx, d *domainname.Domain, ordered money.Money, command, renewal registrar.Quote) (wait string, err error) {
	if !command.Known || !command.Premium {
		return "", nil
	}
	settings, err := setting.Load(ctx, tx)
	if err != nil {
		return "", fmt.Errorf("settings of the store: %w", err)
	}
	price, known := domainname.Convert(command.Price, ordered.Currency, settings.Rate)
	if !known || price.Amount > ordered.Amount {
		wait = fmt.Sprintf("the registry asks %s for this premium name, and it was ordered for %s. Nothing is sent. Credit the line, so that the customer can "+
			"order it at the new price; the registry is asked again every hour.", command.Price, ordered)
		return wait, nil
	}
	if d.Premium != nil {
		return "", nil
	}
	d.Premium = &domainname.Premium{Class: command.Class, Renew: domainname.List{}, QuotedAt: tx.Now}
	if d.Term > 0 {
		promise, known := money.Money{}, false
		if renewal.Known {
			d.Premium.Renew[d.Term] = renewal.Price
			promise, known = domainname.Convert(renewal.Price, d.Recurring.Currency, settings.Rate)
		}
		switch {
		case !known:
			d.Term, d.Recurring = 0, money.New(0, d.Recurring.Currency) // staff are asked when it has come
		case promise.Amount < d.Recurring.Amount:
			d.Recurring = promise
		}
	}
	return "", domainname.Save(ctx, tx, d)
}
