package billing

import (
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
)

// InvoiceLine is a line of an invoice. Its amounts are in terms of the prices: net, or gross where prices include tax.
type InvoiceLine struct {
	ID             string // kept when the invoice is issued anew
	OrderItemID    string
	SubscriptionID string
	With           string       // the line that this one goes with: see [NewLine]
	Period         civil.Period // zero: none
	Description    string
	Quantity       int64
	UnitAmount     money.Money
	Amount         money.Money // Quantity × UnitAmount
	Discount       money.Money
	Total          money.Money // Amount − Discount
	TaxClass       string
	Category       tax.Category
	// Credited and DiscountCredited are what credit notes have taken back of Amount and Discount.
	Credited         money.Money
	DiscountCredited money.Money
	// TakenBack says that a refund has credited the whole of the line, and with it what it gave.
	TakenBack bool
	Link      *Link // nil: paying the line does nothing besides
}

// Left is what has not been credited of the amount.
func (l InvoiceLine) Left() money.Money {
	return money.New(l.Amount.Amount-l.Credited.Amount, l.Amount.Currency)
}

// allCredited reports whether nothing is left of a line that had something.
func (l InvoiceLine) allCredited() bool { return l.Amount.Amount != 0 && l.Credited == l.Amount }

// Link is what paying a line does.
type Link struct {
	Kind      string
	Target    string // the id of what the line acts on; empty if that does not exist before it is done
	Payload   string
	State     LinkState
	Note      string // by what it was fulfilled before it was paid, such as "manual renewal of 2026-11-22"
	Error     string // why it failed, for staff
	ChangedAt time.Time
}

// NewInvoice is what [Service.Issue] needs.
type NewInvoice struct {
	OrderID    string
	CustomerID string
	Kind       Kind // empty: KindOrder
	Buyer      Party
	Currency   money.Currency
	Lines      []NewLine
	DueOn      civil.Date // zero: so many days after it is issued as the terms say
	// Confirmed says that the buyer's tax number was confirmed by those who gave it.
	Confirmed bool
}

// NewLine is a line of a [NewInvoice].
type NewLine struct {
	ID             string // empty: a new one
	OrderItemID    string
	SubscriptionID string
	// With is the line of the same invoice that this one is a fee of, or takes something off, and without which it asks for
	// nothing: it is removed with it, and credited with it as [Undoer] says. Its id is an earlier one. Once that line is gone, this
	// one stands by itself.
	With        string
	Period      civil.Period
	Description string
	Quantity    int64
	UnitAmount  money.Money // may be negative: what is taken off, such as for suspended time
	Discount    money.Money // of the whole line
	TaxClass    string      // empty: StandardTax
	// Kind is the kind of the fulfilment link, Target what it acts on, as far as that exists, Payload what its
	// fulfiller wants to be told. Without a kind there is no link.
	Kind    string
	Target  string
	Payload string
}

// StandardTax is the tax class of what has no other.
const StandardTax = "standard"

const maxTaxClass = 50

// again is the line as it would be ordered anew.
func (l InvoiceLine) again() NewLine {
	line := NewLine{
		ID: l.ID, OrderItemID: l.OrderItemID, SubscriptionID: l.SubscriptionID, With: l.With, Period: l.Period, Description: l.Description,
		Quantity: l.Quantity, UnitAmount: l.UnitAmount, Discount: l.Discount, TaxClass: l.TaxClass,
	}
	if l.Link != nil {
		line.Kind, line.Target, line.Payload = l.Link.Kind, l.Link.Target, l.Link.Payload
	}
	return line
}
