package adminapi

import (
	"context"
	"strings"

	"github.com/keystead/keystead/internal/order"
)

// Quote is what an order would cost, as the API shows it.
type Quote struct {
	Currency string       `json:"currency"`
	Lines    []QuoteLine  `json:"lines"`
	Coupon   *string      `json:"coupon"`
	Subtotal Money        `json:"subtotal" doc:"Of the lines before the coupon, in terms of the prices"`
	Discount Money        `json:"discount"`
	Net      Money        `json:"net"`
	Taxes    []QuoteTax   `json:"taxes"`
	Tax      Money        `json:"tax"`
	Total    Money        `json:"total" doc:"What is to be paid now, tax included"`
	Later    []QuoteLater `json:"later" doc:"What subscriptions cost afterwards"`
}

// QuoteLine is a line that the invoice would have.
type QuoteLine struct {
	Description string       `json:"description"`
	Period      *QuotePeriod `json:"period"`
	Quantity    int64        `json:"quantity"`
	UnitAmount  Money        `json:"unit_amount"`
	Discount    Money        `json:"discount"`
	Total       Money        `json:"total" doc:"After the discount, in terms of the prices"`
}

// QuotePeriod is a stretch of days of which the last is not part.
type QuotePeriod struct {
	Start string `json:"start" doc:"YYYY-MM-DD"`
	End   string `json:"end" doc:"YYYY-MM-DD, the first day after it"`
}

// QuoteTax is the tax of a category and rate.
type QuoteTax struct {
	Category string `json:"category" doc:"As EN 16931 names it"`
	Rate     string `json:"rate" doc:"In percent"`
	Base     Money  `json:"base"`
	Tax      Money  `json:"tax"`
}

// QuoteLater is what an item costs again and again.
type QuoteLater struct {
	Item  int    `json:"item" doc:"Which of the items, from 0"`
	Cycle string `json:"cycle"`
	Money Money  `json:"money" doc:"Of each period, before coupon and tax"`
	DueOn string `json:"due_on" doc:"For the first time, if the order is paid today"`
}

func showQuote(q order.Quote) Quote {
	inv := q.Invoice
	shown := Quote{
		Currency: string(inv.Total.Currency), Lines: []QuoteLine{}, Coupon: orNull(q.CouponCode), Subtotal: moneyOf(q.Subtotal),
		Discount: moneyOf(q.Discount), Net: moneyOf(inv.Net), Taxes: []QuoteTax{}, Tax: moneyOf(inv.Tax), Total: moneyOf(inv.Total),
		Later: []QuoteLater{},
	}
	for _, l := range inv.Lines {
		line := QuoteLine{
			Description: l.Description, Quantity: l.Quantity, UnitAmount: moneyOf(l.UnitAmount), Discount: moneyOf(l.Discount), Total: moneyOf(l.Total),
		}
		if !l.Period.IsEmpty() {
			line.Period = &QuotePeriod{Start: l.Period.Start.String(), End: l.Period.End.String()}
		}
		shown.Lines = append(shown.Lines, line)
	}
	for _, t := range inv.Taxes {
		shown.Taxes = append(shown.Taxes, QuoteTax{
			Category: string(t.Category.Code), Rate: t.Category.Rate.String(), Base: moneyOf(t.Base), Tax: moneyOf(t.Tax),
		})
	}
	for _, l := range q.Later {
		shown.Later = append(shown.Later, QuoteLater{Item: l.Item, Cycle: string(l.Cycle), Money: moneyOf(l.Amount), DueOn: l.On.String()})
	}
	return shown
}

// QuoteOrder is the body of POST /orders/quote.
type QuoteOrder struct {
	CustomerID string         `json:"customer_id,omitempty" maxLength:"64" doc:"Left out: somebody who is no customer yet"`
	Items      []NewOrderItem `json:"items" nullable:"false" minItems:"1" maxItems:"100"`
	Coupon     string         `json:"coupon,omitempty" maxLength:"40" doc:"A code"`
	Country    string         `json:"country,omitempty" maxLength:"2" doc:"Without a customer: where the buyer is. ISO 3166-1, two letters"`
	State      string         `json:"state,omitempty" maxLength:"64"`
	TaxID      string         `json:"tax_id,omitempty" maxLength:"64"`
}

func (a *API) quoteOrder(ctx context.Context, in *struct{ Body QuoteOrder }) (Quote, error) {
	input := order.Input{CustomerID: in.Body.CustomerID, Coupon: in.Body.Coupon}
	var q order.Quote
	var err error
	if input.Items, err = orderItems(in.Body.Items); err != nil {
		return Quote{}, err
	}
	if input.CustomerID == "" {
		q, err = a.Orders.QuoteGuest(ctx, order.Guest{Country: strings.ToUpper(in.Body.Country), State: in.Body.State, TaxID: in.Body.TaxID}, input)
	} else {
		q, err = a.Orders.Quote(ctx, input)
	}
	if err != nil {
		return Quote{}, err
	}
	return showQuote(q), nil
}
