package registration

import (
	"context"
	"fmt"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/setting"
)

var errTaken = fail.Conflict("DOMAIN_TAKEN", "The store has this domain already.")

// Offer is what a registration or a transfer costs now. It implements [order.Domains].
func (s *Service) Offer(ctx context.Context, tx *db.Tx, item order.DomainItem, who order.DomainBuyer) (order.DomainOffer, error) {
	name, extension, err := parse(item.Name)
	if err != nil {
		return order.DomainOffer{}, err
	}
	settings, err := setting.Load(ctx, tx)
	if err != nil {
		return order.DomainOffer{}, fmt.Errorf("settings of the store: %w", err)
	}
	t, err := termsOf(ctx, tx, extension, who.Group, who.Currency, settings)
	if err != nil {
		return order.DomainOffer{}, err
	}
	if !t.sold {
		e := domainname.Refusal{Reason: domainname.NotPriced}.Err()
		e.Detail = "Names under ." + shown(extension) + " are not sold here."
		return order.DomainOffer{}, e.At("name", "is under an extension that is not sold here")
	}
	has, err := inStore(ctx, tx, name)
	if err != nil {
		return order.DomainOffer{}, err
	}
	if has {
		return order.DomainOffer{}, errTaken
	}
	t = t.at(s.premiumOf(name), settings.Rate)
	item.Name, item.DomainID = name.String(), ""
	o := order.DomainOffer{Item: item, Kind: links[item.Action]}
	if item.Action == domainname.ForTransfer {
		o.Item.Years = t.policy.MinYears
		o.Term = domainname.Term{Years: o.Item.Years, Price: t.transfer[o.Item.Years]}
		o.Description = fmt.Sprintf("Transfer of %s to us", name.Unicode())
		if _, priced := t.transfer[o.Item.Years]; !priced {
			return o, t.unpriced().Err()
		}
		o.Price, o.Then = o.Term.Price, t.then(o.Item.Years)
		return o, nil
	}
	price, refusal := t.registration(item.Years)
	if refusal != nil {
		return o, refusal.Err()
	}
	o.Price, o.Description = price, fmt.Sprintf("Registration of %s for %s", name.Unicode(), years(item.Years))
	o.Term = domainname.Term{Years: item.Years, Price: price, Expiry: domainname.AddYears(domainname.RegistryDate(tx.Now), item.Years)}
	o.Then = t.then(item.Years)
	return o, nil
}

// parse reads a name as it was typed, and says under which extension it is registered.
func parse(typed string) (domainname.Name, string, error) {
	name, err := domainname.ParseName(typed)
	if err != nil {
		return name, "", malformed(err.Error())
	}
	extension, ok := name.Extension(func(string) bool { return true })
	if !ok {
		return name, "", malformed("is not directly under an extension of a registry")
	}
	return name, extension, nil
}

func malformed(what string) error {
	return fail.Malformed("INVALID_REQUEST", "The name "+what+".")
}

func shown(extension string) string {
	_, u, _ := strings.Cut(unicodeOf("x."+extension), ".")
	return u
}

func unicodeOf(name string) string {
	n, err := domainname.ParseName(name)
	if err != nil {
		return name
	}
	return n.Unicode()
}

func years(n int) string {
	if n == 1 {
		return "1 year"
	}
	return fmt.Sprintf("%d years", n)
}

func inStore(ctx context.Context, tx *db.Tx, name domainname.Name) (bool, error) {
	_, err := domainname.ByName(ctx, tx, name)
	if e := fail.Of(err); e != nil && e.Kind == fail.KindNotFound {
		return false, nil
	}
	return err == nil, err
}

// terms are what an extension is sold at, to one group in one currency. What is not sold is only renewed where it is.
type terms struct {
	extension string
	currency  money.Currency
	premium   *premium // nil: everything costs what the list says
	sold      bool
	registrar string
	policy    domainname.Policy
	register  domainname.List
	transfer  domainname.List
	renew     domainname.List
}

// termsOf reads what an extension is sold at today. Policies count by UTC, prices by the zone of the store.
func termsOf(ctx context.Context, tx *db.Tx, extension, group string, currency money.Currency, s setting.Settings) (t terms, err error) {
	var known bool
	t.extension, t.currency = extension, currency
	if t.policy, known, err = domainname.PolicyAt(ctx, tx, extension, domainname.RegistryDate(tx.Now)); err != nil || !known {
		return t, err
	}
	through, err := tx.SoldTLD(ctx, extension)
	switch {
	case err == nil && through != nil:
		t.sold, t.registrar = true, *through
	case err != nil && !db.NotFound(err):
		return t, fmt.Errorf("extension .%s: %w", extension, err)
	}
	prices, err := domainname.PricesOf(ctx, tx, extension)
	if err != nil {
		return t, err
	}
	today := civil.Of(tx.Now, s.TimeZone)
	t.register = prices.List(extension, domainname.ForRegistration, currency, group, today)
	t.transfer = prices.List(extension, domainname.ForTransfer, currency, group, today)
	t.renew = prices.List(extension, domainname.ForRenewal, currency, group, today)
	return t, nil
}

// registration is what a term costs, or why it is not on offer. A domain can be registered for ten years.
func (t terms) registration(years int) (money.Money, *domainname.Refusal) {
	if !t.policy.Allows(years) {
		return money.Money{}, &domainname.Refusal{Reason: domainname.RegistryLimit}
	}
	price, priced := t.register[years]
	if !priced {
		return money.Money{}, t.unpriced()
	}
	return price, nil
}

// then is by what a domain renews that was bought for so many years; nil: by nothing.
func (t terms) then(bought int) *domainname.Term {
	years, price, ok := domainname.Promise(bought, t.renew, t.policy)
	if !ok {
		return nil
	}
	return &domainname.Term{Years: years, Price: price}
}

// Place takes a domain into the store that waits for its money. What it will renew by, and for how much, is that of the
// day of the order: prices that change before the registrar confirms change nothing of it. It implements [order.Domains].
func (s *Service) Place(ctx context.Context, tx *db.Tx, o order.DomainOffer, orderID, customerID, _ string) (target, payload string, err error) {
	name, extension, err := parse(o.Item.Name)
	if err != nil {
		return "", "", err
	}
	settings, err := setting.Load(ctx, tx)
	if err != nil {
		return "", "", fmt.Errorf("settings of the store: %w", err)
	}
	holder, err := customer.Load(ctx, tx, customerID)
	if err != nil {
		return "", "", err
	}
	if o.Item.Action == domainname.ForRegistration {
		if err := canHold(registrantOf(holder)); err != nil {
			return "", "", err
		}
	}
	t, err := termsOf(ctx, tx, extension, holder.Group, o.Price.Currency, settings)
	if err != nil {
		return "", "", err
	}
	t = t.at(s.premiumOf(name), settings.Rate)
	d := domainname.Domain{
		Name: name, Extension: extension, CustomerID: customerID, OrderID: orderID, RegistrarID: t.registrar, Kind: domainname.Registered,
		Status: domainname.Pending, Recurring: money.New(0, o.Price.Currency), DoNotRenew: !settings.DomainAutoRenew,
		BoughtYears: o.Item.Years, Nameservers: serversOf(settings), Registrant: registrantOf(holder),
	}
	if o.Item.AutoRenew != nil {
		d.DoNotRenew = !*o.Item.AutoRenew
	}
	if o.Item.Action == domainname.ForTransfer {
		d.Kind, d.TransferSecret = domainname.Transferred, s.seal(o.Item.AuthCode, name)
	}
	if then := t.then(d.BoughtYears); then != nil {
		d.Term, d.Recurring = then.Years, then.Price
	}
	d.Premium = t.renewsBy(d.Term, tx.Now)
	if err := domainname.Insert(ctx, tx, &d); err != nil {
		return "", "", err
	}
	return d.ID, "", tell(ctx, tx, EventOrdered, d, map[string]any{"years": d.BoughtYears, "price": o.Price})
}

// canHold refuses to sell a new domain to somebody for whom no registry would be asked: it would be paid, and go no further.
func canHold(r domainname.Registrant) error {
	var bad fail.Fields
	for _, name := range r.Lacking() {
		bad.Add(order.OfCustomer+name, domainname.HolderNeeded)
	}
	return bad.Err()
}

// premiumOf is what the registry asks for a name, as it was heard a moment ago; nil: the name is not premium, as far as is known.
func (s *Service) premiumOf(name domainname.Name) *premium {
	h, _ := s.answers.get(name.String(), s.db.Wall().Now())
	return h.premium
}

// Placed has nothing to note: the line names the domain. It implements [order.Domains].
func (s *Service) Placed(context.Context, *db.Tx, order.DomainOffer, string, string) error {
	return nil
}

func serversOf(s setting.Settings) []string {
	return strings.Fields(s.DomainServers)
}

func registrantOf(c customer.Customer) domainname.Registrant {
	return domainname.Registrant{Name: c.Name, Company: c.Company, Address: c.Address, Country: c.Country, Email: c.Email}
}
