package shop

import (
	"context"
	"strings"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/tax"
	"github.com/keystead/keystead/internal/web/ui"
)

// summary is what an order costs, as it is shown before it is placed.
type summary struct {
	Lines  []summaryLine
	Totals []ui.Total
	Later  []string // what is paid again, and when
	Note   string   // what the tax asks to be said
}

type summaryLine struct{ Name, Detail, Amount string }

// taxNames are what the taxes of a place are called, by their rates.
type taxNames map[string]string

// taxNames are those of a country; where no tax is charged, none are needed.
func (s *shop) taxNames(ctx context.Context, mode tax.Mode, country string) (taxNames, error) {
	if mode == tax.None {
		return nil, nil
	}
	rates, err := s.Billing.TaxRates(ctx)
	if err != nil {
		return nil, err
	}
	names := taxNames{}
	for _, r := range rates {
		if r.Country == country {
			names[r.Rate.String()] = r.Name
		}
	}
	return names, nil
}

// of is what the tax of a rate is called.
func (n taxNames) of(rate tax.Percent) string {
	if name, ok := n[rate.String()]; ok {
		return name
	}
	return "tax"
}

// summary writes a quote down. Its figures are those of the invoice that the order will have.
func (s *shop) summary(ctx context.Context, q order.Quote) (summary, error) {
	names, err := s.taxNames(ctx, q.Invoice.TaxMode, q.Invoice.Buyer.Country)
	if err != nil {
		return summary{}, err
	}
	return summaryOf(q, names), nil
}

func summaryOf(q order.Quote, names taxNames) summary {
	inv := q.Invoice
	v := summary{Note: inv.Note}
	dates := datesOf(q)
	for _, l := range inv.Lines {
		line := summaryLine{Name: l.Description, Amount: show(l.Amount)}
		if l.Quantity > 1 {
			line.Detail = ui.Number(int(l.Quantity)) + " × " + show(l.UnitAmount)
		}
		if l.Link != nil {
			line.Detail += dates[l.OrderItemID]
		}
		v.Lines = append(v.Lines, line)
	}
	v.Totals = totalsOf(q, names)
	for _, later := range q.Later {
		item := q.Items[later.Item]
		v.Later = append(v.Later, laterText(item, later, inv.TaxMode)+", from "+day(later.On)+".")
	}
	v.Later = append(v.Later, renewalsLater(q)...)
	return v
}

// laterText says what is paid again: "Widget – Pro: €9.00 a month plus tax", "Widget – Pro: €5.00 for the first month, then
// €9.00 a month".
func laterText(item order.Item, later order.Later, mode tax.Mode) string {
	text := item.Description + ": " + show(later.Amount) + " " + each(later.Cycle)
	switch {
	case later.ReducedFor == order.Always:
		text = item.Description + ": " + show(later.Reduced) + " " + each(later.Cycle)
	case later.ReducedFor > 0:
		which := "next"
		if item.TrialDays > 0 && item.TrialMoney.Amount == 0 {
			which = "first"
		}
		text = item.Description + ": " + reduced(later, which) + ", then " + show(later.Amount) + " " + each(later.Cycle)
	}
	if mode == tax.Exclusive {
		text += " plus tax"
	}
	return text
}

// reduced says for how long a coupon makes something cost less: "€5.00 for the first month", "€5.00 a month for the next 2
// months".
func reduced(l order.Later, which string) string {
	months := l.Cycle.Months() * int(l.ReducedFor)
	span := counted(int64(months), "month")
	if months%12 == 0 {
		span = counted(int64(months/12), "year")
	}
	text := show(l.Reduced)
	if l.ReducedFor > 1 {
		text += " " + each(l.Cycle)
	}
	return text + " for the " + which + " " + strings.TrimPrefix(span, "1 ")
}

func totalsOf(q order.Quote, names taxNames) []ui.Total {
	inv := q.Invoice
	var out []ui.Total
	if q.Discount.Amount > 0 || inv.TaxMode == tax.Exclusive {
		out = append(out, ui.Total{Label: "Subtotal", Value: show(q.Subtotal)})
	}
	if q.Discount.Amount > 0 {
		out = append(out, ui.Total{Label: "Discount (" + q.CouponCode + ")", Value: "−" + show(q.Discount)})
	}
	if inv.TaxMode == tax.Exclusive {
		out = append(out, taxTotals(inv, names, "")...)
	}
	out = append(out, ui.Total{Label: "Total today", Value: show(inv.Total), Strong: true})
	if inv.TaxMode == tax.Inclusive {
		out = append(out, taxTotals(inv, names, "including ")...)
	}
	return out
}

// taxTotals are the taxes of an invoice by category. Where there is none to speak of, nothing is said.
func taxTotals(inv billing.Invoice, names taxNames, before string) []ui.Total {
	var out []ui.Total
	for _, t := range inv.Taxes {
		switch {
		case t.Category.Code == tax.ReverseCharge:
			out = append(out, ui.Total{Label: "Tax (reverse charge)", Value: show(money.New(0, inv.Total.Currency))})
		case !t.Category.Rate.IsZero():
			out = append(out, ui.Total{Label: before + names.of(t.Category.Rate) + " " + t.Category.Rate.String() + " %", Value: show(t.Tax)})
		}
	}
	for i := range out {
		out[i].Label = capital(out[i].Label)
	}
	return out
}
