// Package payment takes money in and uses what the store owes a customer.
//
// A payment is unique by gateway and reference: whoever reports the same one again gets the first answer and moves
// nothing. What it brings counts towards its invoice as far as something is left to pay; the rest is the customer's
// credit, which is used on the oldest open invoice first.
package payment

import (
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

// The gateways.
const (
	// ManualGateway is money that staff saw arrive: a bank transfer, cash.
	ManualGateway = "manual"
	// CreditGateway is what the store owed the customer. Only this room makes such payments.
	CreditGateway = "credit"
)

// Payment is money that arrived, or credit that was used.
type Payment struct {
	ID         string
	InvoiceID  string
	CustomerID string
	Gateway    string
	Reference  string
	Money      money.Money
	// Applied is the part that counts towards the invoice. The rest became the customer's credit.
	Applied money.Money
	// Refunded is what was given back of it, or is on its way back: by the way it came, or as credit.
	Refunded   money.Money
	State      State
	MethodID   string        // of a charge of a saved method
	Dispute    DisputeStatus // empty: never disputed
	ReceivedAt time.Time
	CreatedAt  time.Time
}

// Manual is a payment that staff record.
type Manual struct {
	Money     money.Money
	Reference string
	// ReceivedAt is when the money arrived; zero: now.
	ReceivedAt time.Time
}

// The bounds of a payment.
const (
	maxAmount    = 100_000_000_000_000
	maxReference = 255
	maxReason    = 1000 // of what a gateway says
	// earlyBy is how far ahead of the store's clock a payment may lie: people enter dates, of their own time zones.
	earlyBy = 24 * time.Hour
)

// earliest is before any payment that anybody still records.
var earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Validate reports everything that is wrong with m, after bringing it into the form in which it is stored.
func (m *Manual) Validate(now time.Time) error {
	var f fail.Fields
	if !m.Money.Currency.IsValid() {
		f.Add("money.currency", "is not a current ISO 4217 code")
	}
	if m.Money.Amount <= 0 || m.Money.Amount > maxAmount {
		f.Add("money.amount", fmt.Sprintf("is not between 1 and %d", maxAmount))
	}
	var err error
	m.Reference, err = text.Required(m.Reference, maxReference)
	f.Check("reference", err)
	if !m.ReceivedAt.IsZero() && (m.ReceivedAt.After(now.Add(earlyBy)) || m.ReceivedAt.Before(earliest)) {
		f.Add("received_at", "lies in the future, or long ago")
	}
	return f.Err()
}
