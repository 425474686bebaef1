package portal

import (
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/web/ui"
)

// show writes an amount for people.
func show(m money.Money) string { return m.Format("en") }

// day writes a date as people read it.
func day(d civil.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.StartIn(time.UTC).Format("2 January 2006")
}

// brief writes a date where there is little room.
func brief(d civil.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.StartIn(time.UTC).Format("2 Jan 2006")
}

// oneLine is brief within a line that may break elsewhere.
func oneLine(d civil.Date) string { return strings.ReplaceAll(brief(d), " ", "\u00a0") }

// lastDay is the last day before a boundary: what ends on the 20th is there until the 19th.
func lastDay(end civil.Date) string { return day(end.AddDays(-1)) }

// span writes a period with its first and its last day.
func span(p civil.Period) string { return brief(p.Start) + " – " + brief(p.End.AddDays(-1)) }

// when is a date where a time would stand.
func when(d civil.Date) template.HTML { return ui.LongDay(d) }

// each says how often a price is paid: "€9.00 a month".
func each(c civil.Cycle) string {
	switch c {
	case civil.Monthly:
		return "a month"
	case civil.Quarterly:
		return "every 3 months"
	case civil.SemiAnnual:
		return "every 6 months"
	case civil.Annual:
		return "a year"
	case civil.Biennial:
		return "every 2 years"
	case civil.Triennial:
		return "every 3 years"
	case civil.OneTime:
	}
	return "once"
}

// priceOf is what a subscription costs again and again, before coupon and tax.
func priceOf(s subscription.Subscription) string { return price(s.Unit, s.Quantity, s.Cycle) }

func price(unit money.Money, quantity int64, c civil.Cycle) string {
	if quantity == 1 {
		return show(unit) + " " + each(c)
	}
	return show(money.New(unit.Amount*quantity, unit.Currency)) + " " + each(c) + " for " + strconv.FormatInt(quantity, 10)
}

// counted is a number of things.
func counted(n int64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + one + "s"
}

// moment is an instant as the reader knows it.
func moment(p ui.Page, t time.Time) string { return t.In(p.Location()).Format("2 January 2006, 15:04") }

// label names a payment method within a sentence: it stays on one line.
func label(m payment.Method) string { return strings.ReplaceAll(m.Label, " ", "\u00a0") }
