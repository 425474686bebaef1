package order

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

// codeRequest is the code of what can't be asked for at all: nothing is looked up for it.
const codeRequest = "INVALID_REQUEST"

// longestYears is the longest term of a registration.
const longestYears = 10

// maxAuthCode bounds what authorises a transfer, in characters. RFC 5731 sets no bound; registries take up to 255.
const maxAuthCode = 255

// itemNames are what the members of an item are called that does something to a domain.
var itemNames = map[domainname.PriceKind]string{
	domainname.ForRegistration: "domain_registration", domainname.ForTransfer: "domain_transfer", domainname.ForRenewal: "domain_renewal",
}

func domainField(i int, d *DomainItem, name string) string {
	return itemField(i, itemNames[d.Action]+"."+name)
}

// malformed refuses an item that nobody can have meant.
func malformed(i int, d *DomainItem, name, what string) error {
	field := domainField(i, d, name)
	return fail.Malformed(codeRequest, "The "+words(name)+" "+what+".").At(field, what)
}

func words(field string) string {
	switch field {
	case "domain_id":
		return "domain"
	case "years":
		return "term"
	case "auth_code":
		return "transfer code"
	default:
		return field
	}
}

// checkDomains refuses the first item that can't be about a domain, and brings the others into the form in which they are
// stored: names in A-labels.
func (in *Input) checkDomains() error {
	for i := range in.Items {
		item := &in.Items[i]
		if item.Domain == nil {
			continue
		}
		if item.PriceID != "" || item.LicenseID != "" || in.Kind != Sale {
			return fail.Invalid(itemField(i, "price_id"), "can't be named beside a domain, and domains are for sale only")
		}
		d := *item.Domain // the caller's stays as it is
		item.Domain, item.Quantity = &d, 1
		if err := d.check(i); err != nil {
			return err
		}
	}
	return nil
}

func (d *DomainItem) check(i int) error {
	if itemNames[d.Action] == "" {
		return fail.Malformed(codeRequest, "An item registers, transfers or renews a domain.")
	}
	if d.Action != domainname.ForTransfer && (d.Years < 1 || d.Years > longestYears) {
		return malformed(i, d, "years", "is not between 1 and 10 years")
	}
	if d.Action == domainname.ForRenewal && d.DomainID != "" {
		d.Name = ""
		if !text.IsID(d.DomainID) {
			return malformed(i, d, "domain_id", "is not the id of a domain")
		}
		return nil
	}
	name, err := domainname.ParseName(d.Name)
	if err != nil {
		return malformed(i, d, "name", err.Error())
	}
	d.Name, d.DomainID = name.String(), ""
	if d.Action != domainname.ForTransfer {
		d.AuthCode = ""
		return nil
	}
	if d.AuthCode, err = text.Line(d.AuthCode, maxAuthCode); err != nil || d.AuthCode == "" {
		return malformed(i, d, "auth_code", "is not the code that the present registrar gives for a transfer")
	}
	return nil
}

// asksFor reports whether d asks for what was ordered. The secret of a transfer is not compared: it is not kept here.
func (d *DomainItem) asksFor(ordered *DomainItem) bool {
	if d == nil || ordered == nil {
		return d == ordered
	}
	same := d.Action == ordered.Action && (d.Years == ordered.Years || d.Action == domainname.ForTransfer)
	if d.Action == domainname.ForRenewal && d.DomainID != "" {
		return same && d.DomainID == ordered.DomainID
	}
	sameSwitch := (d.AutoRenew == nil) == (ordered.AutoRenew == nil) && (d.AutoRenew == nil || *d.AutoRenew == *ordered.AutoRenew)
	return same && d.Name == ordered.Name && (d.Action == domainname.ForRenewal || sameSwitch)
}

func (d *DomainItem) columns(row *query.InsertOrderItemParams) {
	action, years := string(d.Action), int64(d.Years)
	row.DomainAction, row.DomainName, row.DomainYears = &action, &d.Name, &years
	if d.DomainID != "" {
		row.DomainID = &d.DomainID
	}
	if d.AutoRenew != nil {
		row.DomainAutoRenew = sql.NullBool{Bool: *d.AutoRenew, Valid: true}
	}
}

// addDomains puts what is done to domains into the cart, after everything else: a new domain is sold in the currency of
// what is in the cart already, and renewals come before new ones, as their currency is given.
func (f *filling) addDomains(ctx context.Context, tx *db.Tx) error {
	seen := map[string]bool{}
	for _, renewals := range []bool{true, false} {
		for i, asked := range f.in.Items {
			if asked.Domain == nil || (asked.Domain.Action == domainname.ForRenewal) != renewals {
				continue
			}
			item, err := f.addDomain(ctx, tx, i, *asked.Domain)
			if err != nil {
				return aboutItem(err, i, asked.Domain)
			}
			if seen[item.Domain.Name] {
				return aboutItem(fail.Conflict("DOMAIN_TWICE", "A domain can be in an order once."), i, asked.Domain)
			}
			seen[item.Domain.Name] = true
		}
	}
	if len(seen) > 0 {
		f.limitDue(civil.Of(tx.Now, f.settings.TimeZone))
	}
	return nil
}

// limitDue sets when the invoice is due: what is done to domains is given up some days after its order, and a renewal that costs
// what was ordered is possible until a day. It is not due later.
func (f *filling) limitDue(today civil.Date) {
	terms := today.AddDays(f.settings.DueDays)
	due := min(f.settings.DomainOrderDays-1, f.settings.DueDays)
	for _, o := range f.offers {
		if left := today.DaysUntil(o.LastDay); !o.LastDay.IsZero() && left >= 0 {
			due = min(due, left)
		}
	}
	if on := today.AddDays(due); on.Before(terms) {
		f.dueOn = on
	}
}

// askDomains has those who sell domains ask what only others know, before anything is priced: all at once, so that many domains
// whose registries are silent take no longer than one.
func (s *Service) askDomains(ctx context.Context, in Input, who DomainBuyer) {
	if db.Joined(ctx) {
		return
	}
	var all sync.WaitGroup
	for _, item := range in.Items {
		if item.Domain == nil {
			continue
		}
		if asker, ok := s.domains[item.Domain.Action].(Asker); ok {
			all.Go(func() { asker.Ask(ctx, *item.Domain, who) })
		}
	}
	all.Wait()
}

// OfCustomer is what the names of fields begin with that are the customer's and not an item's.
const OfCustomer = "customer."

// aboutItem says of a refusal which item it is about. A field that it names already is one of the item's, or the customer's.
func aboutItem(err error, i int, d *DomainItem) error {
	e := fail.Of(err)
	if e.Kind == fail.KindInternal || len(e.Fields) > 0 && strings.HasPrefix(e.Fields[0].Field, OfCustomer) {
		return err
	}
	if e.Field != "" {
		return e.At(domainField(i, d, e.Field), e.Fields[0].Message)
	}
	name := "name"
	switch {
	case e.Code == domainname.CodeTerm && d.Action != domainname.ForTransfer:
		name = "years"
	case d.Action == domainname.ForRenewal && d.Name == "":
		name = "domain_id"
	}
	return e.At(domainField(i, d, name), "is not on offer")
}

func (f *filling) addDomain(ctx context.Context, tx *db.Tx, i int, asked DomainItem) (Item, error) {
	seller := f.domains[asked.Action]
	if seller == nil {
		return Item{}, fail.Invalid("name", "is not sold here")
	}
	if asked.Action == domainname.ForRenewal {
		d, err := renewed(ctx, tx, asked)
		if err != nil {
			return Item{}, err
		}
		asked.DomainID, asked.Name = d.ID, d.Name.String()
	}
	offer, err := f.offer(ctx, tx, seller, asked)
	if err != nil {
		return Item{}, err
	}
	if f.currency != "" && offer.Price.Currency != f.currency {
		return Item{}, fail.Conflict("CURRENCIES_DIFFER", fmt.Sprintf("This is in %s, other items are in %s: order it by itself.",
			offer.Price.Currency, f.currency))
	}
	f.currency = offer.Price.Currency
	fee := offer.Fee
	if fee == (money.Money{}) {
		fee = money.New(0, f.currency)
	}
	domain := offer.Item
	domain.DomainID, domain.Name, domain.AuthCode = asked.DomainID, asked.Name, ""
	item := Item{
		Quantity: 1, Domain: &domain, ID: tx.NewID("itm"), Description: offer.Description, UnitAmount: offer.Price, SetupFee: fee,
		TrialMoney: money.New(0, f.currency), TaxClass: billing.StandardTax,
	}
	if !f.count(item) {
		return Item{}, fail.Invalid("years", "makes the total too large")
	}
	lines := []billing.NewLine{{
		ID: tx.NewID("lin"), OrderItemID: item.ID, Description: offer.Description, Quantity: 1, UnitAmount: offer.Price,
		TaxClass: item.TaxClass, Kind: offer.Kind, Target: offer.Target,
	}}
	if fee.Amount > 0 {
		lines = append(lines, billing.NewLine{
			OrderItemID: item.ID, With: lines[0].ID, Description: offer.FeeText, Quantity: 1, UnitAmount: fee, TaxClass: item.TaxClass,
		})
	}
	f.parts[i] = part{item, lines}
	if f.offers == nil {
		f.offers = map[string]DomainOffer{}
	}
	f.offers[item.ID] = offer
	return item, nil
}

// renewed is the domain that is to be renewed, named by its id or in any of its spellings.
func renewed(ctx context.Context, tx *db.Tx, asked DomainItem) (domainname.Domain, error) {
	if asked.DomainID != "" {
		return domainname.Load(ctx, tx, asked.DomainID)
	}
	name, err := domainname.ParseName(asked.Name)
	if err != nil {
		return domainname.Domain{}, err
	}
	return domainname.ByName(ctx, tx, name)
}

// offer asks for an item in the currency of the cart; where that is open, in the buyer's, else in the store's.
func (f *filling) offer(ctx context.Context, tx *db.Tx, seller Domains, asked DomainItem) (o DomainOffer, err error) {
	currencies := []money.Currency{f.currency}
	if f.currency == "" {
		currencies = []money.Currency{f.who.currency, f.settings.Currency}
	}
	for _, currency := range currencies {
		if currency == "" {
			continue
		}
		o, err = seller.Offer(ctx, tx, asked, DomainBuyer{CustomerID: f.who.customerID, Group: f.who.group, Currency: currency})
		if e := fail.Of(err); e == nil || e.More["reason"] != domainname.NotPriced {
			return o, err
		}
	}
	return o, err
}

// placeDomains takes what is done to domains into the store, and returns the lines of the cart with what paying them does.
func (s *Service) placeDomains(ctx context.Context, tx *db.Tx, orderID string, who buyer, c cart) ([]billing.NewLine, error) {
	for i, item := range c.items {
		if item.Domain == nil {
			continue
		}
		line := c.lineOf(item)
		target, payload, err := s.domains[item.Domain.Action].Place(ctx, tx, c.offers[item.ID], orderID, who.customerID, line.ID)
		if err != nil {
			return nil, aboutItem(err, i, item.Domain)
		}
		line.Target, line.Payload = target, payload
		if target == item.Domain.DomainID {
			continue
		}
		if err := tx.NameOrderedDomain(ctx, query.NameOrderedDomainParams{ID: item.ID, DomainID: &target}); err != nil {
			return nil, fmt.Errorf("order item %s: %w", item.ID, err)
		}
	}
	return c.lines, nil
}

// domainsPlaced tells those who sell domains on which invoice their lines stand.
func (s *Service) domainsPlaced(ctx context.Context, tx *db.Tx, c cart, invoiceID string) error {
	for _, item := range c.items {
		if item.Domain == nil {
			continue
		}
		if err := s.domains[item.Domain.Action].Placed(ctx, tx, c.offers[item.ID], c.lineOf(item).ID, invoiceID); err != nil {
			return err
		}
	}
	return nil
}

// lineOf is the first line of an item.
func (c cart) lineOf(item Item) *billing.NewLine {
	for i := range c.lines {
		if c.lines[i].OrderItemID == item.ID {
			return &c.lines[i]
		}
	}
	return nil
}
