package billing

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
)

// composer puts invoices together by the terms of one day.
type composer struct {
	terms  Terms
	today  civil.Date
	seller tax.Seller
}

func (s *Service) composer(ctx context.Context, tx *db.Tx) (composer, error) {
	terms, err := s.terms(ctx, tx)
	if err != nil {
		return composer{}, fmt.Errorf("terms of invoices: %w", err)
	}
	if terms.Tax.Mode == "" {
		terms.Tax.Mode = tax.None
	}
	c := composer{terms: terms, today: civil.Of(tx.Now, terms.Zone)}
	c.seller = tax.Seller{Mode: terms.Tax.Mode, Country: terms.Tax.Country, EU: terms.Tax.EU}
	if c.seller.Mode != tax.None {
		if c.seller.Rates, err = ratesOf(ctx, tx); err != nil {
			return composer{}, err
		}
	}
	return c, nil
}

// compose returns the open invoice that in asks for, without its number, and with new ids where newID makes them.
func (c composer) compose(in NewInvoice, newID func(prefix string) string) (Invoice, error) {
	zero := money.New(0, in.Currency)
	inv := Invoice{
		ID: newID("inv"), OrderID: in.OrderID, CustomerID: in.CustomerID, Kind: in.Kind, Status: Open, TaxMode: c.seller.Mode,
		Credited: zero, Paid: zero, IssuedOn: c.today, DueOn: in.DueOn, Seller: c.terms.Seller, Buyer: in.Buyer, Version: 1,
	}
	if inv.Kind == "" {
		inv.Kind = KindOrder
	}
	if inv.DueOn.IsZero() {
		inv.DueOn = c.today.AddDays(c.terms.DueDays)
	}
	inv.Lines = make([]InvoiceLine, len(in.Lines))
	for i, line := range in.Lines {
		if !slices.ContainsFunc(in.Lines, func(l NewLine) bool { return l.ID == line.With }) {
			line.With = "" // that line was taken off
		}
		var err error
		if inv.Lines[i], err = composeLine(line, in.Currency, newID); err != nil {
			return Invoice{}, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	if err := c.figure(&inv, in.Confirmed); err != nil {
		return Invoice{}, err
	}
	return inv, nil
}

func composeLine(in NewLine, currency money.Currency, newID func(prefix string) string) (InvoiceLine, error) {
	zero := money.New(0, currency)
	amount, err := in.UnitAmount.MulInt(in.Quantity)
	if err != nil {
		return InvoiceLine{}, err
	}
	line := InvoiceLine{
		ID: in.ID, OrderItemID: in.OrderItemID, SubscriptionID: in.SubscriptionID, With: in.With, Period: in.Period,
		Description: in.Description, Quantity: in.Quantity, UnitAmount: in.UnitAmount, Amount: amount, Discount: in.Discount,
		TaxClass: in.TaxClass, Credited: zero, DiscountCredited: zero,
	}
	if line.ID == "" {
		line.ID = newID("lin")
	}
	if line.TaxClass == "" {
		line.TaxClass = StandardTax
	}
	// The zero value stands for nothing in any currency.
	if line.Discount.Amount == 0 {
		line.Discount = zero
	}
	if line.Total, err = amount.Sub(line.Discount); err != nil {
		return InvoiceLine{}, err
	}
	if line.Discount.Amount < 0 || (line.Discount.Amount > 0 && line.Total.Amount < 0) {
		return InvoiceLine{}, errDiscount
	}
	if in.Kind != "" {
		line.Link = &Link{Kind: in.Kind, Target: in.Target, Payload: in.Payload, State: Pending}
	}
	return line, nil
}

var (
	errDiscount = errors.New("a discount is not between nothing and what its line costs")
	errNegative = fail.Invalid("lines", "come to less than nothing")
)

// figure computes the taxes and the totals of an invoice from its lines.
func (c composer) figure(inv *Invoice, confirmed bool) error {
	currency := inv.Paid.Currency
	if c.seller.Mode == tax.None {
		total := money.New(0, currency)
		for i, line := range inv.Lines {
			var err error
			if total, err = total.Add(line.Total); err != nil {
				return fmt.Errorf("line %d: %w", i+1, err)
			}
		}
		inv.Net, inv.Tax, inv.Total = total, money.New(0, currency), total
		return notNegative(*inv)
	}
	buyer := tax.Buyer{Country: inv.Buyer.Country, State: inv.Buyer.State, TaxID: inv.Buyer.TaxID, Confirmed: confirmed}
	for i := range inv.Lines {
		line := &inv.Lines[i]
		decision, err := tax.Decide(c.seller, buyer, line.TaxClass, inv.IssuedOn)
		if errors.Is(err, tax.ErrNoRate) {
			return fail.Conflict("TAX_RATE_MISSING", fmt.Sprintf("There is no tax rate for a buyer in %q: add it in the settings.",
				inv.Buyer.Country)).Because(err)
		}
		if err != nil {
			return err
		}
		line.Category = decision.Category
		if decision.Reason == tax.BecauseReverseCharge {
			inv.Note = "Reverse charge"
		}
	}
	document, err := inv.figures()
	if err != nil {
		return err
	}
	inv.Net, inv.Tax, inv.Total = document.Net, document.Tax, document.Total
	for _, s := range document.Subtotals {
		inv.Taxes = append(inv.Taxes, TaxLine{Category: s.Category, Base: s.Base, Tax: s.Tax})
	}
	sortTaxes(inv.Taxes)
	return notNegative(*inv)
}

func notNegative(inv Invoice) error {
	if inv.Net.Amount < 0 || inv.Tax.Amount < 0 {
		return errNegative
	}
	return nil
}

// figures computes what the lines of an invoice come to.
func (i Invoice) figures() (tax.Document, error) {
	var lines []tax.Line
	var discounts []tax.Coupon
	for n, line := range i.Lines {
		lines = append(lines, tax.Line{Amount: line.Amount, Category: line.Category})
		if line.Discount.Amount > 0 {
			discounts = append(discounts, tax.Coupon{Fixed: line.Discount, Lines: []int{n}})
		}
	}
	return tax.Compute(i.TaxMode, i.Paid.Currency, lines, discounts)
}
