package admin

import (
	"fmt"
	"strconv"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/web/ui"
)

// refusalText says why something is not on offer.
func refusalText(r *domainname.Refusal) string {
	if r == nil {
		return ""
	}
	return r.Sentence("en")
}

// refusalHref leads to what is in the way.
func refusalHref(r *domainname.Refusal) string {
	if r == nil {
		return ""
	}
	return recordHref(r.ServiceID)
}

// pricesCard shows side by side what was promised, what the list says today and what the registrar asks.
func (h holding) pricesCard() card {
	t := &ui.Table{
		ID: "prices", Caption: "Prices", Flush: true, Columns: []ui.Column{{Label: "Term"}, {Label: "Promised", End: true}, {Label: "List today", End: true}, {Label: "Cost", End: true}},
		Empty: &ui.Empty{Art: "list", Title: "No prices", Text: "The extension has no renewal price in this currency."},
	}
	c := card{Head: ui.CardHead{Title: "Prices", Text: "Automatic invoices use what was promised, orders the list price of the day."}, Table: t}
	years := map[int]bool{}
	for y := 1; y <= 9; y++ {
		if _, ok := h.prices[y]; ok || y == h.Term {
			years[y] = true
		}
	}
	loss := false
	for y := 1; y <= 9; y++ {
		if !years[y] {
			continue
		}
		cost, costs := h.costs[y]
		promised, row := ui.Cell{}, ui.Row{}
		if y == h.Term {
			promised = ui.Text(yesNo(h.Free(), "Free", h.Recurring.Format("en"))).Bold()
			if costs && h.Recurring.Amount < cost.Amount {
				row.Tone, loss = ui.Warn, true
				promised.Sub = "below cost"
			}
		}
		list := priceCell(h.prices, y)
		if price, ok := h.prices[y]; ok && costs && price.Amount < cost.Amount {
			row.Tone, loss = ui.Warn, true
			list.Sub = "below cost"
		}
		row.Cells = []ui.Cell{ui.Text(yearsText(y)), promised, list, priceCell(h.costs, y)}
		t.Rows = append(t.Rows, row)
	}
	if loss {
		c.Effects = []string{"It is sold below cost: what the registrar asks is more than what the customer pays."}
	}
	if h.Premium != nil {
		c.Effects = append(c.Effects, "Premium name, class “"+h.Premium.Class+"”: the registry sets its price. Last quoted on "+h.Premium.QuotedAt.UTC().Format("2 Jan 2006")+".")
	}
	return c
}

func priceCell(l domainname.List, years int) ui.Cell {
	m, ok := l[years]
	if !ok {
		return ui.Cell{}
	}
	return ui.Text(m.Format("en"))
}

// offerCard shows which terms are on offer to the customer, and why the others are not.
func (h holding) offerCard(mayRenew bool) card {
	c := card{Head: ui.CardHead{Title: "Terms on offer", Text: "To the customer, today."}}
	if mayRenew {
		c.Head.Actions = []ui.Button{{Label: "Renew", Href: domainsAt + "/" + h.ID + "/renew", Small: true}}
	}
	if h.offer.Refusal != nil {
		c.Effects, c.Calm = []string{refusalText(h.offer.Refusal)}, h.offer.Refusal.Reason != domainname.InRedemption
	}
	terms := h.offer.Terms
	if len(h.offer.Restores) > 0 {
		terms = h.offer.Restores
	}
	if len(terms) == 0 {
		if c.Effects == nil {
			c.Empty = &ui.Empty{Art: "list", Title: "No terms", Text: "The extension has no policy."}
		}
		return c
	}
	c.Table = &ui.Table{ID: "terms", Caption: "Terms on offer", Flush: true, Columns: []ui.Column{{Label: "Term"}, {Label: "New expiry"}, {Label: "Price", End: true}}}
	for _, t := range terms {
		price := ui.Cell{}
		if t.Refusal != nil {
			price = ui.Text("–").With(refusalText(t.Refusal))
		} else {
			price = totalCell(t)
		}
		c.Table.Rows = append(c.Table.Rows, ui.Row{Cells: []ui.Cell{ui.Text(yearsText(t.Years)), ui.Text(dateText(t.Expiry)), price}})
	}
	return c
}

// totalCell is what a term costs, and of what that is made.
func totalCell(t domainname.Term) ui.Cell {
	c := ui.Text(totalText(t))
	if t.Fee.Amount != 0 {
		c = c.With(t.Price.Format("en") + " and a fee of " + t.Fee.Format("en"))
	}
	return c
}

func totalText(t domainname.Term) string {
	sum, err := t.Total()
	if err != nil {
		return t.Price.Format("en")
	}
	return sum.Format("en")
}

// termOption is a term to choose, with what it costs the customer, what it costs the store and to which date it leads.
func termOption(t domainname.Term, cost *money.Money) ui.Option {
	o := ui.Option{Value: strconv.Itoa(t.Years), Label: yearsText(t.Years) + ", to " + dateText(t.Expiry)}
	if t.Refusal != nil {
		o.Disabled, o.Hint = true, refusalText(t.Refusal)
		return o
	}
	o.Hint = "List price " + totalText(t)
	if cost != nil {
		o.Hint += fmt.Sprintf(", costs %s", cost.Format("en"))
	}
	return o
}
