package shop

import (
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

// summaryOf writes a quote down. Its figures are those of the invoice that the order will have.
func summaryOf(q order.Quote) summary {
	inv := q.Invoice
	v := summary{Note: inv.Note}
	for _, l := range inv.Lines {
		line := summaryLine{Name: l.Description, Amount: show(l.Amount)}
		if l.Quantity > 1 {
			line.Detail = ui.Number(int(l.Quantity)) + " × " + show(l.UnitAmount)
		}
		v.Lines = append(v.Lines, line)
	}
	v.Totals = totalsOf(q)
	for _, later := range q.Later {
		item := q.Items[later.Item]
		text := item.Description + ": " + show(later.Amount) + " " + each(later.Cycle) + ", from " + day(later.On)
		if inv.TaxMode == tax.Exclusive {
			text += ", plus tax"
		}
		v.Later = append(v.Later, text+".")
	}
	return v
}

func totalsOf(q order.Quote) []ui.Total {
	inv := q.Invoice
	var out []ui.Total
	if q.Discount.Amount > 0 || inv.TaxMode == tax.Exclusive {
		out = append(out, ui.Total{Label: "Subtotal", Value: show(q.Subtotal)})
	}
	if q.Discount.Amount > 0 {
		out = append(out, ui.Total{Label: "Discount (" + q.CouponCode + ")", Value: "−" + show(q.Discount)})
	}
	if inv.TaxMode == tax.Exclusive {
		out = append(out, taxTotals(inv, "")...)
	}
	out = append(out, ui.Total{Label: "Total today", Value: show(inv.Total), Strong: true})
	if inv.TaxMode == tax.Inclusive {
		out = append(out, taxTotals(inv, "including ")...)
	}
	return out
}

// taxTotals are the taxes of an invoice by category. Where there is none to speak of, nothing is said.
func taxTotals(inv billing.Invoice, before string) []ui.Total {
	var out []ui.Total
	for _, t := range inv.Taxes {
		switch {
		case t.Category.Code == tax.ReverseCharge:
			out = append(out, ui.Total{Label: "Tax (reverse charge)", Value: show(money.New(0, inv.Total.Currency))})
		case !t.Category.Rate.IsZero():
			out = append(out, ui.Total{Label: before + "tax " + t.Category.Rate.String() + " %", Value: show(t.Tax)})
		}
	}
	for i := range out {
		out[i].Label = capital(out[i].Label)
	}
	return out
}
