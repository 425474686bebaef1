package order

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/text"
)

var (
	errNotFound  = fail.NotFound("ORDER_NOT_FOUND", "There is no such order.")
	errKeyReused = fail.Conflict("REQUEST_KEY_REUSED", "This request has placed an order already, and it asked for something else.")
)

// Service holds the verbs of orders.
type Service struct {
	db       *db.DB
	billing  *billing.Service
	payments *payment.Service
	domains  map[domainname.PriceKind]Domains

	sendClaim func(ctx context.Context, tx *db.Tx, m ClaimMail) error
	onClaim   []func(ctx context.Context, tx *db.Tx, fromCustomerID, toCustomerID string) error
}

// New returns the orders of a store, which from now on hear what becomes of their invoices. [Service.UseClaims],
// [Service.OnClaim] and [Service.UseDomains] belong to building the program: call them before the first verb.
func New(d *db.DB, b *billing.Service, p *payment.Service) *Service {
	s := &Service{db: d, billing: b, payments: p}
	b.Observe(s)
	return s
}

// UseDomains names who sells domains; what is not named is not sold.
func (s *Service) UseDomains(by map[domainname.PriceKind]Domains) { s.domains = by }

// ByID returns an order.
func (s *Service) ByID(ctx context.Context, id string) (Order, error) {
	var o Order
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		o, err = load(ctx, tx, id)
		return err
	})
	return o, err
}

// Cancel takes a pending order back and voids its invoice. What was paid towards it becomes the customer's credit.
func (s *Service) Cancel(ctx context.Context, id, why string) (Order, error) {
	why, err := text.Notes(why, text.NotesLength)
	if err != nil {
		return Order{}, fail.Invalid("reason", err.Error())
	}
	var o Order
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		var err error
		if o, err = lock(ctx, tx, id); err != nil {
			return err
		}
		if o.Status != Pending {
			return fail.Conflict("ORDER_NOT_PENDING", fmt.Sprintf("The order is %s, so it can't be cancelled.", o.Status))
		}
		if _, err := s.billing.Void(ctx, tx, o.InvoiceID, why); err != nil {
			return err
		}
		if err := s.payments.UseCredit(ctx, tx, o.CustomerID, o.Total.Currency); err != nil {
			return err
		}
		o, err = load(ctx, tx, id)
		return err
	})
	return o, err
}

// lock takes the lock of an order's customer, which all who change an order hold, and returns the order as it is then.
func lock(ctx context.Context, tx *db.Tx, id string) (Order, error) {
	o, err := load(ctx, tx, id)
	if err != nil {
		return Order{}, err
	}
	if _, err := customer.Lock(ctx, tx, o.CustomerID); err != nil {
		return Order{}, err
	}
	return load(ctx, tx, id)
}
