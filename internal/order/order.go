// Package order takes orders: somebody wants something at a price.
//
// An order makes its invoice in the same transaction, open and numbered; from then on the order follows what becomes
// of the invoice. What costs nothing is completed at once.
package order

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/text"
)

// Kind says on what terms an order was placed.
type Kind string

// The kinds of orders. The last two are staff's: they cost nothing and need a reason.
const (
	Sale          Kind = "sale"
	Complimentary Kind = "complimentary"
	Test          Kind = "test"
)

var kinds = []Kind{Sale, Complimentary, Test}

// Order is what a customer ordered.
type Order struct {
	ID            string
	CustomerID    string
	CustomerName  string
	CustomerEmail string
	Kind          Kind
	Status        Status
	Gateway       string
	Total         money.Money // of its invoice, tax included
	CouponID      string      // empty: none
	CouponCode    string
	Reason        string // why staff gave it away
	Items         []Item
	InvoiceID     string // if it was issued anew, the one that counts now
	InvoiceNumber string
	// LicenseIDs and SubscriptionIDs are what it brought, once fulfilled.
	LicenseIDs      []string
	SubscriptionIDs []string
	DomainIDs       []string
	Version         int64
	CreatedAt       time.Time
	CompletedAt     *time.Time
}

// Item is a part of an order: so many of a price, or what is done to a domain. An [Input] names only the first four.
type Item struct {
	PriceID  string
	Quantity int64
	// LicenseID is the license that an add-on is for, that a subscription renews, that was on trial until now, or beside which
	// a development license is used.
	LicenseID string
	// Domain is what is done to a domain, in the place of a price; the quantity is 1 then.
	Domain *DomainItem

	ID          string
	PlanID      string
	ProductID   string
	Kind        catalog.PlanKind
	Cycle       civil.Cycle
	Description string
	UnitAmount  money.Money // of a period after the trial, or of what is paid once
	SetupFee    money.Money // once, whatever the quantity; of a domain the fee of a late renewal
	// TrialDays is how long the customer may try it, TrialMoney what one of it costs meanwhile. Who has tried the product
	// already has no trial: then it is 0, whatever the price says.
	TrialDays  int64
	TrialMoney money.Money
	TaxClass   string
}

// now is what one of the item costs with the order.
func (i Item) now() money.Money {
	if i.TrialDays > 0 {
		return i.TrialMoney
	}
	return i.UnitAmount
}

// Input is what [Service.Place] needs.
type Input struct {
	CustomerID string
	Items      []Item
	Coupon     string // a code; empty: none
	Gateway    string // empty: manual
	Kind       Kind   // empty: a sale
	Reason     string // required unless it is a sale
	Consents   []Consent
	// RequestKey makes it safe to ask twice: a key that has placed an order returns that order and places no other.
	// It is the caller's choice, random; empty: every call places an order.
	RequestKey string
}

// The bounds of an order.
const (
	maxItems    = 100
	maxQuantity = 100_000
	keyLength   = 100 // of a request key, in characters
)

// Validate reports everything that is wrong with in, after bringing it into the form in which it is stored.
func (in *Input) Validate() error {
	var f fail.Fields
	if !text.IsID(in.CustomerID) {
		f.Add("customer_id", "is required")
	}
	in.check(&f)
	if err := f.Err(); err != nil {
		return err
	}
	return in.checkDomains()
}

// check notes everything that is wrong with in but the customer.
func (in *Input) check(f *fail.Fields) {
	if len(in.Items) == 0 || len(in.Items) > maxItems {
		f.Add("items", fmt.Sprintf("are not between 1 and %d", maxItems))
	}
	for i, item := range in.Items {
		if item.Domain != nil {
			continue // see checkDomains
		}
		if !text.IsID(item.PriceID) {
			f.Add(itemField(i, "price_id"), "is required")
		}
		if item.Quantity < 1 || item.Quantity > maxQuantity {
			f.Add(itemField(i, "quantity"), fmt.Sprintf("is not between 1 and %d", maxQuantity))
		}
		if item.LicenseID != "" && !text.IsID(item.LicenseID) {
			f.Add(itemField(i, "license_id"), "is not the id of a license")
		}
	}
	in.Coupon = strings.TrimSpace(in.Coupon)
	if in.Gateway == "" {
		in.Gateway = payment.ManualGateway
	}
	if in.Kind == "" {
		in.Kind = Sale
	}
	if !slices.Contains(kinds, in.Kind) {
		f.Add("kind", fmt.Sprintf("is not one of %s, %s, %s", Sale, Complimentary, Test))
	}
	var err error
	in.Reason, err = text.Notes(in.Reason, text.NotesLength)
	f.Check("reason", err)
	if in.Kind != Sale && err == nil && in.Reason == "" {
		f.Add("reason", "is required to give something away")
	}
	if in.Kind != Sale && in.Coupon != "" {
		f.Add("coupon", "is for sales")
	}
	checkConsents(f, in.Consents)
	in.RequestKey, err = text.Line(in.RequestKey, keyLength)
	f.Check("request_key", err)
}

func itemField(i int, name string) string { return fmt.Sprintf("items.%d.%s", i, name) }

// CSVHeader names the columns of [Order.CSV].
var CSVHeader = []string{
	"id", "status", "kind", "customer_id", "customer_name", "customer_email", "items", "currency", "total", "coupon", "gateway",
	"invoice_number", "reason", "created_at", "completed_at", "licenses", "subscriptions", "domains",
}

// CSV returns the order as a row of an export, amounts in major units.
func (o Order) CSV() []string {
	items := make([]string, len(o.Items))
	for i, item := range o.Items {
		items[i] = fmt.Sprintf("%d × %s", item.Quantity, item.Description)
	}
	completed := ""
	if o.CompletedAt != nil {
		completed = o.CompletedAt.Format(time.RFC3339)
	}
	return []string{
		o.ID, string(o.Status), string(o.Kind), o.CustomerID, o.CustomerName, o.CustomerEmail, strings.Join(items, "; "),
		string(o.Total.Currency), o.Total.Decimal(), o.CouponCode, o.Gateway, o.InvoiceNumber, o.Reason, o.CreatedAt.Format(time.RFC3339),
		completed, strings.Join(o.LicenseIDs, " "), strings.Join(o.SubscriptionIDs, " "),
		strings.Join(o.DomainIDs, " "),
	}
}
