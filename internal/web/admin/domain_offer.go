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

// notHereYet say why a domain has no terms yet.
var notHereYet = map[domainname.Status]string{
	domainname.Pending:             "its order is not paid.",
	domainname.PendingRegistration: "the registrar has not confirmed its registration.",
	domainname.PendingTransfer:     "the registrar has not confirmed its transfer.",
}

// offerCard shows term by term what was promised, what the list says today, what the registrar asks, and which are on
// offer to the customer, or why they are not.
func (h holding) offerCard(mayRenew bool) card {
	c := card{Head: ui.CardHead{Title: "Terms and prices", Text: "Automatic invoices use what was promised, orders the list price of the day."}}
	if why, ok := notHereYet[h.Status()]; ok {
		c.Head.Text, c.Words = "", "No renewal is on offer before the domain is here: "+why
		return c
	}
	if mayRenew {
		c.Head.Actions = []ui.Button{{Label: renewWord(h.Status()), Href: domainsAt + "/" + h.ID + "/renew", Small: true}}
	}
	loss := false
	offered := map[int]domainname.Term{}
	for _, t := range append(h.offer.Terms, h.offer.Restores...) {
		offered[t.Years] = t
	}
	c.Table = &ui.Table{ID: "terms", Caption: "Terms and prices", Flush: true, Columns: []ui.Column{
		{Label: "Term"}, {Label: "Promised", End: true}, {Label: "List today", End: true}, {Label: "Cost", End: true},
	}}
	if len(offered) > 0 {
		c.Table.Columns = append(c.Table.Columns, ui.Column{Label: "On offer"})
	}
	for y := 1; y <= 10; y++ {
		_, listed := h.prices[y]
		_, costs := h.costs[y]
		t, known := offered[y]
		if !listed && !costs && y != h.Term && (!known || t.Refusal == nil || t.Refusal.Reason == domainname.RegistryLimit) {
			continue // a term that nobody has heard of
		}
		if y == 10 && !listed && !known {
			continue // never renewed for ten years, and nobody has tried to sell it
		}
		row := h.offerRow(y, t, known)
		row.Cells = row.Cells[:len(c.Table.Columns)]
		loss = loss || row.Tone != ""
		c.Table.Rows = append(c.Table.Rows, row)
	}
	if r := h.offer.Refusal; r != nil {
		c.Effects, c.Calm = append(c.Effects, "What the customer reads: “"+refusalText(r)+"”"), r.Reason != domainname.InRedemption
	}
	if loss {
		c.Effects, c.Calm = append(c.Effects, "It is sold below cost: what the registrar asks is more than what the customer pays."), false
	}
	if h.Premium != nil {
		c.Effects = append(c.Effects, "Premium name, class “"+h.Premium.Class+"”: the registry sets its price. Last quoted on "+h.Premium.QuotedAt.UTC().Format("2 Jan 2006")+".")
	}
	return c
}

func (h holding) offerRow(years int, t domainname.Term, known bool) ui.Row {
	cost, costs := h.costs[years]
	promised, row := ui.Cell{}, ui.Row{}
	if years == h.Term {
		promised = ui.Text(yesNo(h.Free(), "Free", h.Recurring.Format("en"))).Bold()
		if costs && h.Recurring.Currency == cost.Currency && h.Recurring.Amount < cost.Amount {
			row.Tone, promised.Sub = ui.Warn, "below cost"
		}
	}
	list := h.listCell(years, t, known)
	if price, ok := h.prices[years]; ok && h.Premium == nil && costs && price.Amount < cost.Amount {
		row.Tone, list.Sub = ui.Warn, "below cost"
	}
	offer := ui.Cell{}
	switch {
	case known && t.Refusal != nil:
		offer = ui.Text(yesNo(years == 10, "Never renewed for ten years.", refusalText(t.Refusal)))
	case known:
		offer = ui.Text("To " + dateText(t.Expiry))
		if t.Fee.Amount != 0 {
			offer = offer.With("for " + totalText(t) + ", with a fee of " + t.Fee.Format("en"))
		}
	}
	row.Cells = []ui.Cell{ui.Text(solid(yearsText(years))), promised, list, priceCell(h.costs, years), offer}
	return row
}

// listCell is what an order of a term costs today: of a premium name what the registry asks for it.
func (h holding) listCell(years int, t domainname.Term, known bool) ui.Cell {
	_, listed := h.prices[years]
	switch {
	case h.Premium == nil || !listed:
		return priceCell(h.prices, years)
	case !known && h.costs[years].Amount > 0:
		return ui.Text(h.costs[years].Format("en")).With("the registry's price")
	case !known || t.Price == (money.Money{}):
		return ui.Text("Not known").With("the registry's price")
	default:
		return ui.Text(t.Price.Format("en")).With("the registry's price")
	}
}

func priceCell(l domainname.List, years int) ui.Cell {
	m, ok := l[years]
	if !ok {
		return ui.Cell{}
	}
	return ui.Text(m.Format("en"))
}

// totalText is what a term costs with its fee.
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
	o.Hint = "List price " + t.Price.Format("en")
	if cost != nil {
		o.Hint += fmt.Sprintf(", costs %s", cost.Format("en"))
	}
	if t.Fee.Amount != 0 {
		o.Hint += fmt.Sprintf("; with a fee of %s", t.Fee.Format("en"))
	}
	return o
}
