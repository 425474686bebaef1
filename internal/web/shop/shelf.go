package shop

import (
	"cmp"
	"context"
	"slices"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// goods is a price with what it buys.
type goods struct {
	product catalog.Product
	plan    catalog.Plan
	price   catalog.Price
}

func (g goods) onSale() bool {
	return g.price.Status == catalog.PriceActive && g.plan.Status == catalog.Active && g.product.Status == catalog.Active
}

// goods finds a price, on sale or not.
func (s *shop) goods(ctx context.Context, priceID string) (g goods, err error) {
	if g.price, err = s.Catalog.Price(ctx, priceID); err != nil {
		return goods{}, err
	}
	if g.plan, err = s.Catalog.Plan(ctx, g.price.PlanID); err != nil {
		return goods{}, err
	}
	g.product, err = s.Catalog.Product(ctx, g.plan.ProductID)
	return g, err
}

// newest is what is on sale in place of goods whose price has changed; ok is false if nothing is.
func (s *shop) newest(ctx context.Context, g goods) (now goods, ok bool, err error) {
	prices, err := s.Catalog.Prices(ctx, g.plan.ID)
	if err != nil {
		return goods{}, false, err
	}
	next := map[string]catalog.Price{}
	for _, p := range prices {
		if p.Replaces != "" {
			next[p.Replaces] = p
		}
	}
	now = g
	for range prices {
		p, replaced := next[now.price.ID]
		if !replaced {
			break
		}
		now.price = p
	}
	return now, now.price.ID != g.price.ID && now.onSale(), nil
}

func isNotFound(err error) bool {
	e := fail.Of(err)
	return e != nil && e.Kind == fail.KindNotFound
}

// offer is a plan with the prices at which it is on sale.
type offer struct {
	plan   catalog.Plan
	prices []catalog.Price
}

// in returns the prices in one currency.
func (o offer) in(currency money.Currency) []catalog.Price {
	var out []catalog.Price
	for _, p := range o.prices {
		if p.Money.Currency == currency {
			out = append(out, p)
		}
	}
	return out
}

// at is the price in a currency that is charged in a cycle, or else the first one; ok is false if there is none.
func (o offer) at(currency money.Currency, cycle civil.Cycle) (price catalog.Price, ok bool) {
	prices := o.in(currency)
	if i := slices.IndexFunc(prices, func(p catalog.Price) bool { return p.Cycle == cycle }); i >= 0 {
		return prices[i], true
	}
	if len(prices) == 0 {
		return catalog.Price{}, false
	}
	return prices[0], true
}

// shelf is what everybody can buy of a product. Hidden plans are on no shelf: they are for whoever has their link.
type shelf struct {
	product catalog.Product
	offers  []offer
}

func (s *shop) shelf(ctx context.Context, p catalog.Product) (shelf, error) {
	plans, err := s.Catalog.Plans(ctx, p.ID)
	if err != nil {
		return shelf{}, err
	}
	prices, err := s.Catalog.ProductPrices(ctx, p.ID)
	if err != nil {
		return shelf{}, err
	}
	out := shelf{product: p}
	for _, plan := range plans {
		if plan.Status != catalog.Active || plan.Visibility != catalog.Public {
			continue
		}
		o := offer{plan: plan}
		for _, price := range prices {
			if price.PlanID == plan.ID && price.Status == catalog.PriceActive {
				o.prices = append(o.prices, price)
			}
		}
		if len(o.prices) > 0 {
			out.offers = append(out.offers, o)
		}
	}
	return out, nil
}

// of returns the offers of one kind.
func (s shelf) of(kind catalog.PlanKind) []offer {
	var out []offer
	for _, o := range s.offers {
		if o.plan.Kind == kind {
			out = append(out, o)
		}
	}
	return out
}

// currencies are those in which something is on the shelf, in alphabetical order.
func (s shelf) currencies() []money.Currency {
	var out []money.Currency
	for _, o := range s.offers {
		for _, p := range o.prices {
			if !slices.Contains(out, p.Money.Currency) {
				out = append(out, p.Money.Currency)
			}
		}
	}
	slices.Sort(out)
	return out
}

// currency is the one to show: the wanted one if there is something in it, else the usual one, else the first.
func (s shelf) currency(wanted, usual money.Currency) money.Currency {
	all := s.currencies()
	for _, c := range []money.Currency{wanted, usual} {
		if slices.Contains(all, c) {
			return c
		}
	}
	if len(all) == 0 {
		return usual
	}
	return all[0]
}

// cycles are those in which licenses are on the shelf in a currency, the shortest first and what is paid once last.
func (s shelf) cycles(currency money.Currency) []civil.Cycle {
	count := s.count(currency)
	var out []civil.Cycle
	for _, c := range civil.Cycles() {
		if c.Recurs() && count[c] > 0 {
			out = append(out, c)
		}
	}
	if count[civil.OneTime] > 0 {
		out = append(out, civil.OneTime)
	}
	return out
}

// cycle is the one to show: the wanted one if there is something in it, else the one that most plans have.
func (s shelf) cycle(currency money.Currency, wanted civil.Cycle) civil.Cycle {
	all, count := s.cycles(currency), s.count(currency)
	if slices.Contains(all, wanted) || len(all) == 0 {
		return wanted
	}
	// Of several, MaxFunc returns the first: the shortest.
	return slices.MaxFunc(all, func(a, b civil.Cycle) int { return cmp.Compare(count[a], count[b]) })
}

// count is how many plans have a price in each cycle.
func (s shelf) count(currency money.Currency) map[civil.Cycle]int {
	count := map[civil.Cycle]int{}
	for _, o := range s.of(catalog.KindLicense) {
		seen := map[civil.Cycle]bool{}
		for _, p := range o.in(currency) {
			if !seen[p.Cycle] {
				count[p.Cycle]++
			}
			seen[p.Cycle] = true
		}
	}
	return count
}

// cheapest is the lowest price of the shelf in a currency, of a license if there is one.
func (s shelf) cheapest(currency money.Currency) (price catalog.Price, ok bool) {
	offers := s.of(catalog.KindLicense)
	if len(offers) == 0 {
		offers = s.offers
	}
	for _, o := range offers {
		for _, p := range o.in(currency) {
			if !ok || p.Money.Amount < price.Money.Amount {
				price, ok = p, true
			}
		}
	}
	return price, ok
}
