package rooms

import (
	"context"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/domainname/registration"
	"github.com/keystead/keystead/internal/domainname/reminder"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/domainname/watch"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/registrar/account"
)

// buildDomains builds the rooms that sell and renew domains.
func (r *Rooms) buildDomains(d *db.DB, c Config) {
	r.Domains = domainname.New(d)
	r.Registrars = account.New(d, account.Config{Box: crypt.NewBox(c.Key.Derive("registrar secrets")), Makers: c.Adapters, Offline: c.Rehearsal, StandIn: r.standIn, Logger: c.Logger})
	r.Renewals = renewal.New(d, r.Billing, r.Payments)
	r.Registrations = registration.New(d, r.Billing, r.Payments, crypt.NewBox(c.Key.Derive("transfer secrets")), r.Registrars)
	r.Orders.UseDomains(map[domainname.PriceKind]order.Domains{
		domainname.ForRegistration: r.Registrations, domainname.ForTransfer: r.Registrations, domainname.ForRenewal: soldRenewals{r.Renewals},
	})
	r.Dispatch = dispatch.New(d, dispatch.Config{
		Registrars: r.Registrars, Renewals: r.Renewals, Registrations: r.Registrations, Held: r.Recovery.Held, Copied: r.Recovery.Copied,
		Logger: c.Logger,
	})
	r.Tasks.KeepOpen(dispatch.TaskByHand, dispatch.AwaitsOutcome)
	r.Renewals.UseQuotes(r.Dispatch.Quote)
	r.Watch = watch.New(d, watch.Config{Registrars: r.Registrars, Renewals: r.Renewals, Held: r.Recovery.Held, Logger: c.Logger})
	r.Reminders = reminder.New(d, r.Mail)
	r.Domains.OnEnd(r.Renewals.Lost)
}

// soldRenewals are renewals as orders sell them.
type soldRenewals struct{ of *renewal.Service }

// Offer implements [order.Domains].
func (s soldRenewals) Offer(ctx context.Context, tx *db.Tx, item order.DomainItem, who order.DomainBuyer) (order.DomainOffer, error) {
	sale, err := s.of.OfferSale(ctx, tx, item.DomainID, who.CustomerID, who.Group, item.Years)
	if err != nil {
		return order.DomainOffer{}, err
	}
	return order.DomainOffer{
		Item: item, Description: sale.Description, Price: sale.Term.Price, Fee: sale.Term.Fee, FeeText: sale.FeeText,
		Kind: renewal.LinkRenewal, Target: sale.DomainID, Term: sale.Term, LastDay: sale.LastDay,
	}, nil
}

// Ask implements [order.Asker].
func (s soldRenewals) Ask(ctx context.Context, item order.DomainItem, _ order.DomainBuyer) {
	s.of.AskPrice(ctx, item.DomainID)
}

// Place implements [order.Domains].
func (s soldRenewals) Place(ctx context.Context, tx *db.Tx, o order.DomainOffer, orderID, customerID, lineID string) (target, payload string, err error) {
	err = s.of.PlaceSale(ctx, tx, renewal.Sale{
		DomainID: o.Target, Name: o.Item.Name, Description: o.Description, Term: o.Term,
	}, orderID, customerID, lineID)
	return o.Target, "", err
}

// Placed implements [order.Domains].
func (s soldRenewals) Placed(ctx context.Context, tx *db.Tx, _ order.DomainOffer, lineID, invoiceID string) error {
	return s.of.SalePlaced(ctx, tx, lineID, invoiceID)
}
