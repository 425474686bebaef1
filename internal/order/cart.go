package order

import (
	"context"
	"fmt"
	"slices"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/setting"
)

// cart is an order with everything that its prices, and what is known of the buyer, say. Quotes and orders are made of
// the same one.
type cart struct {
	currency money.Currency
	items    []Item
	lines    []billing.NewLine
	coupon   *coupon.Coupon         // nil: none
	trials   []string               // the products that the order lets the buyer try
	offers   map[string]DomainOffer // of the items that are domains, by the item
	dueOn    civil.Date             // of the invoice; zero value: by its terms
}

// maxTotal keeps sums over many invoices far from the end of 64 bits.
const maxTotal = 1_000_000_000_000_000

// fill looks up what the items cost today. What staff give away costs nothing. binding says that an order follows: then
// a coupon is locked, so that its uses are counted one after the other; a quote promises nothing.
func (s *Service) fill(ctx context.Context, tx *db.Tx, in Input, who buyer, binding bool) (cart, error) {
	settings, err := setting.Load(ctx, tx)
	if err != nil {
		return cart{}, fmt.Errorf("settings of the store: %w", err)
	}
	f := filling{in: in, who: who, settings: settings, domains: s.domains, parts: make([]part, len(in.Items))}
	for i, item := range in.Items {
		if item.Domain != nil {
			continue
		}
		if err := f.add(ctx, tx, i, item); err != nil {
			return cart{}, err
		}
	}
	if err := f.bad.Err(); err != nil {
		return cart{}, err
	}
	if err := f.addDomains(ctx, tx); err != nil {
		return cart{}, err
	}
	for _, p := range f.parts {
		f.items, f.lines = append(f.items, p.item), append(f.lines, p.lines...)
	}
	if in.Coupon != "" {
		if err := f.discount(ctx, tx, binding); err != nil {
			return cart{}, err
		}
	}
	return f.cart, nil
}

// filling is a cart that is being filled.
type filling struct {
	cart

	in       Input
	who      buyer
	settings setting.Settings
	domains  map[domainname.PriceKind]Domains
	parts    []part // of the cart, in the order in which they were asked for
	total    int64  // before discount and tax
	bad      fail.Fields
}

// part is an item with its lines.
type part struct {
	item  Item
	lines []billing.NewLine
}

// add puts an item into the cart, or notes what is wrong with it.
func (f *filling) add(ctx context.Context, tx *db.Tx, i int, asked Item) error {
	offer, err := catalog.PriceOffer(ctx, tx, asked.PriceID)
	switch {
	case fail.Of(err) != nil && fail.Of(err).Kind == fail.KindNotFound:
		f.bad.Add(itemField(i, "price_id"), "is not a price of this store")
		return nil
	case err != nil:
		return err
	case !offer.OnSale:
		f.bad.Add(itemField(i, "price_id"), "is not on sale any more")
		return nil
	case f.currency != "" && offer.Money.Currency != f.currency:
		f.bad.Add(itemField(i, "price_id"), fmt.Sprintf("is in %s, other items are in %s", offer.Money.Currency, f.currency))
		return nil
	}
	f.currency = offer.Money.Currency
	wrong, err := f.checkLicense(ctx, tx, asked.LicenseID, offer)
	if err != nil {
		return err
	}
	if wrong != "" {
		f.bad.Add(itemField(i, "license_id"), wrong)
		return nil
	}
	if wrong := checkQuantity(asked, offer); wrong != "" {
		f.bad.Add(itemField(i, "quantity"), wrong)
		return nil
	}
	if isTrial(offer) {
		may, err := f.try(ctx, tx, offer.ProductID)
		if err != nil {
			return err
		}
		if !may {
			f.bad.Add(itemField(i, "price_id"), "is a trial, and this product has been tried already")
			return nil
		}
	}
	item, err := f.item(ctx, tx, asked, offer)
	if err != nil {
		return err
	}
	if !f.count(item) {
		f.bad.Add(itemField(i, "quantity"), "makes the total too large")
		return nil
	}
	f.parts[i] = part{item, f.linesOf(tx, item, offer)}
	return nil
}

// item is what is asked for at what the offer says.
func (f *filling) item(ctx context.Context, tx *db.Tx, asked Item, offer catalog.Offer) (Item, error) {
	item := Item{
		PriceID: offer.PriceID, Quantity: asked.Quantity, LicenseID: asked.LicenseID, ID: tx.NewID("itm"), PlanID: offer.PlanID,
		ProductID: offer.ProductID, Kind: offer.Kind, Cycle: offer.Cycle, Description: offer.Name(), UnitAmount: offer.Money,
		SetupFee: offer.SetupFee, TrialMoney: money.New(0, f.currency), TaxClass: offer.TaxClass,
	}
	if f.in.Kind != Sale {
		item.UnitAmount.Amount, item.SetupFee.Amount = 0, 0
		return item, nil
	}
	// Whoever renews a license has no need to try it.
	if offer.TrialDays == 0 || asked.LicenseID != "" {
		return item, nil
	}
	may, err := f.try(ctx, tx, offer.ProductID)
	if err != nil {
		return Item{}, err
	}
	if may {
		item.TrialDays, item.TrialMoney = offer.TrialDays, offer.TrialMoney
	}
	return item, nil
}

// isTrial reports whether an offer sells licenses on trial, which end: another thing than a trial of a subscription.
func isTrial(offer catalog.Offer) bool {
	return offer.Kind == catalog.KindLicense && offer.LicenseType == catalog.Trial
}

// checkQuantity returns why an offer can't be bought so many times at once.
func checkQuantity(asked Item, offer catalog.Offer) string {
	switch {
	case asked.Quantity == 1:
		return ""
	case isTrial(offer):
		return "of a trial is 1"
	case offer.IsPack():
		return "of a support pack is 1: it is for one license"
	}
	return ""
}

// try lets the order begin the trial of a product, if the buyer has had none and the order does not yet.
func (f *filling) try(ctx context.Context, tx *db.Tx, productID string) (bool, error) {
	if slices.Contains(f.trials, productID) {
		return false, nil
	}
	used, err := hasTried(ctx, tx, productID, f.who)
	if err != nil || used {
		return false, err
	}
	f.trials = append(f.trials, productID)
	return true, nil
}

// count adds what an item costs to the total, unless that becomes more than a total can be. What it costs after a trial
// must fit as well.
func (f *filling) count(item Item) bool {
	for _, unit := range []money.Money{item.UnitAmount, item.now()} {
		sum, err := unit.MulInt(item.Quantity)
		if err == nil {
			sum, err = sum.Add(item.SetupFee)
		}
		if err != nil || sum.Amount > maxTotal-f.total {
			return false
		}
	}
	f.total += item.now().Amount*item.Quantity + item.SetupFee.Amount
	return true
}

// linesOf returns the lines of the invoice for an item. A setup fee is a line of its own, and paying it does nothing
// besides.
func (f *filling) linesOf(tx *db.Tx, item Item, offer catalog.Offer) []billing.NewLine {
	line := billing.NewLine{
		OrderItemID: item.ID, Description: item.Description, Quantity: item.Quantity, UnitAmount: item.now(), TaxClass: item.TaxClass,
	}
	switch {
	case item.Cycle.Recurs():
		line.Kind, line.Period = billing.LinkSubscription, firstPeriod(tx, item, f.settings)
		if item.TrialDays > 0 {
			line.Description += fmt.Sprintf(" (trial of %s)", civil.Span{Count: int(item.TrialDays), Unit: civil.Day})
		}
	case item.Kind == catalog.KindAddon:
		line.Kind = billing.LinkAddon
	case offer.RequiresLicense:
		line.Kind = billing.KindLicense
	}
	lines := []billing.NewLine{line}
	if item.SetupFee.Amount > 0 {
		lines = append(lines, billing.NewLine{
			OrderItemID: item.ID, Description: "Setup fee: " + item.Description, Quantity: 1, UnitAmount: item.SetupFee, TaxClass: item.TaxClass,
		})
	}
	return lines
}

// firstPeriod is what the first charge of a subscription pays for if it is paid today: its first period, or the trial.
func firstPeriod(tx *db.Tx, item Item, s setting.Settings) civil.Period {
	today := civil.Of(tx.Now, s.TimeZone)
	end := civil.Boundary(today, item.Cycle, 1)
	if item.TrialDays > 0 {
		_, end = civil.TrialEnd(tx.Now, int(item.TrialDays), s.TimeZone)
	}
	return civil.Period{Start: today, End: end}
}

// discount takes the coupon off the lines that it is for.
func (f *filling) discount(ctx context.Context, tx *db.Tx, binding bool) error {
	c, err := coupon.ByCode(ctx, tx, f.in.Coupon)
	if err == nil && binding {
		c, err = coupon.Lock(ctx, tx, c.ID)
	}
	if err != nil {
		return err
	}
	o := coupon.Occasion{On: civil.Of(tx.Now, f.settings.TimeZone), Currency: f.currency}
	for _, line := range f.lines {
		o.Lines = append(o.Lines, f.couponLine(line))
	}
	if o.UsedBy, o.Bought, err = f.who.past(ctx, tx, c.ID); err != nil {
		return err
	}
	if err := c.Check(o); err != nil {
		return err
	}
	discounts, err := c.Apply(f.currency, o.Lines)
	if err != nil {
		return err
	}
	for i := range f.lines {
		f.lines[i].Discount = discounts[i]
	}
	f.coupon = &c
	return nil
}

// couponLine is a line of the invoice as a coupon sees it.
func (f *filling) couponLine(line billing.NewLine) coupon.Line {
	seen := coupon.Line{Amount: money.New(line.UnitAmount.Amount*line.Quantity, f.currency)}
	for _, item := range f.items {
		if item.ID == line.OrderItemID {
			seen.ProductID, seen.Cycle = item.ProductID, item.Cycle
		}
	}
	return seen
}

// past returns how often a buyer has used a coupon, and whether the buyer has bought anything.
func (b buyer) past(ctx context.Context, tx *db.Tx, couponID string) (uses int64, bought bool, err error) {
	switch {
	case b.address != "":
		row, err := tx.GuestPast(ctx, query.GuestPastParams{CouponID: couponID, AddressFold: b.address})
		if err != nil {
			return 0, false, fmt.Errorf("orders of a guest: %w", err)
		}
		return row.Uses, row.Bought > 0, nil
	case b.customerID != "":
		row, err := tx.BuyerPast(ctx, query.BuyerPastParams{CouponID: couponID, CustomerID: b.customerID})
		if err != nil {
			return 0, false, fmt.Errorf("orders of customer %s: %w", b.customerID, err)
		}
		return row.Uses, row.Bought > 0, nil
	default:
		return 0, false, nil
	}
}

// invoice is what the cart's invoice says.
func (c cart) invoice(orderID string, who buyer) billing.NewInvoice {
	return billing.NewInvoice{
		OrderID: orderID, CustomerID: who.customerID, Kind: billing.KindOrder, Currency: c.currency, Buyer: who.party, Lines: c.lines, DueOn: c.dueOn,
	}
}
