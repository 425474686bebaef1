package order

import (
	"context"
	"errors"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

// Guest is somebody who orders without signing in, as typed.
type Guest struct {
	Email    string
	Name     string
	Company  string
	Country  string
	State    string
	Address  string
	TaxID    string
	Language string
	TimeZone string
}

func (g Guest) input(currency money.Currency) customer.Input {
	return customer.Input{
		Email: g.Email, Name: g.Name, Company: g.Company, Country: g.Country, State: g.State, Address: g.Address, TaxID: g.TaxID,
		Language: g.Language, Currency: currency, TimeZone: g.TimeZone,
	}
}

func (g Guest) party() billing.Party {
	return billing.Party{
		Name: g.Name, Company: g.Company, Email: g.Email, Address: g.Address, Country: g.Country, State: g.State, TaxID: g.TaxID,
		Language: g.Language,
	}
}

// Receipt is what a guest gets for an order: Secret is the address of its thank-you page, shown to nobody else.
type Receipt struct {
	Order  Order
	Secret string
}

// checkoutTries is how often a checkout begins anew after somebody else was faster: with the address, with the trial,
// or with the same request.
const checkoutTries = 5

// Checkout takes the order of somebody who has not signed in. Anybody can type any address: the answer is the same
// whether it is known or not, and the order shows and uses nothing of an account that has it. If there is one, the
// owner of the mailbox gets a link with which the order joins the account; see [Service.Claim].
func (s *Service) Checkout(ctx context.Context, g Guest, in Input) (Receipt, error) {
	known := g.input("EUR") // any currency: that of the order is not known yet
	if err := bothOf(known.Validate(), in.validateGuest()); err != nil {
		return Receipt{}, err
	}
	if err := s.mayPlace(ctx, in); err != nil {
		return Receipt{}, err
	}
	s.askDomains(ctx, in, DomainBuyer{})
	var r Receipt
	var err error
	for range checkoutTries {
		err = s.db.Write(ctx, func(tx *db.Tx) (err error) {
			r, err = s.checkout(ctx, tx, g, in)
			return err
		})
		if err == nil || !wasFaster(err) {
			break
		}
	}
	return r, err
}

// bothOf joins what is wrong with the guest and with the order.
func bothOf(errs ...error) error {
	var f fail.Fields
	for _, err := range errs {
		if e := fail.Of(err); e != nil {
			for _, field := range e.Fields {
				f.Add(field.Field, field.Message)
			}
		}
	}
	return f.Err()
}

// wasFaster reports whether a checkout failed only because somebody else did the same in the same moment.
func wasFaster(err error) bool {
	e := fail.Of(err)
	return errors.Is(err, errTrialTaken) || e.Code == errKeyReused.Code || e.Code == "EMAIL_TAKEN"
}

func (s *Service) checkout(ctx context.Context, tx *db.Tx, g Guest, in Input) (Receipt, error) {
	if err := customer.LockAddress(ctx, tx, g.Email); err != nil {
		return Receipt{}, err
	}
	who := buyer{address: text.Fold(g.Email), party: g.party()}
	o, done, err := firstOfGuest(ctx, tx, in, who.address)
	if err != nil {
		return Receipt{}, err
	}
	if done {
		return s.receipt(ctx, tx, o)
	}
	c, err := s.fill(ctx, tx, in, who, true)
	if err != nil {
		return Receipt{}, err
	}
	taken, err := customer.TakeUp(ctx, tx, g.input(c.currency))
	if err != nil {
		return Receipt{}, err
	}
	who.customerID, who.party = taken.ID, partyOf(taken)
	if o, err = s.place(ctx, tx, in, who, c); err != nil {
		return Receipt{}, err
	}
	if err := tx.InsertGuestOrder(ctx, query.InsertGuestOrderParams{OrderID: o.ID, AddressFold: who.address}); err != nil {
		return Receipt{}, fmt.Errorf("order %s of a guest: %w", o.ID, err)
	}
	if taken.Guest {
		if err := s.offerClaim(ctx, tx, taken, o.ID); err != nil {
			return Receipt{}, err
		}
	}
	return s.receipt(ctx, tx, o)
}

// firstOfGuest is the order that a request key has placed for an address.
func firstOfGuest(ctx context.Context, tx *db.Tx, in Input, address string) (Order, bool, error) {
	o, found, err := first(ctx, tx, in)
	if !found || err != nil {
		return Order{}, false, err
	}
	of, err := tx.GuestOrder(ctx, o.ID)
	if db.NotFound(err) || (err == nil && of.AddressFold != address) {
		return Order{}, false, errKeyReused
	}
	return o, true, err
}

// Sent is the order that a request key has placed for a customer, or, without one, for a guest with that address; found is false
// if it has placed none for them. What is known of a customer by now is not in that of a guest.
func (s *Service) Sent(ctx context.Context, key, customerID, address string) (r Receipt, found bool, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		r, found = Receipt{}, false
		id, err := tx.OrderByRequest(ctx, &key)
		if db.NotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("order by its request: %w", err)
		}
		o, err := load(ctx, tx, id)
		if err != nil || customerID != "" && o.CustomerID != customerID {
			return err
		}
		if customerID == "" {
			of, err := tx.GuestOrder(ctx, id)
			if db.NotFound(err) || err == nil && of.AddressFold != text.Fold(address) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("order %s of a guest: %w", id, err)
			}
		}
		found = true
		r, err = s.receipt(ctx, tx, o)
		return err
	})
	return r, found, err
}

func (s *Service) receipt(ctx context.Context, tx *db.Tx, o Order) (Receipt, error) {
	secret, err := thankYouLink(ctx, tx, o.ID)
	return Receipt{Order: withoutCustomer(o), Secret: secret}, err
}

// withoutCustomer is an order as it is shown to whoever placed it without signing in: what is known of the customer by
// now may be an account's.
func withoutCustomer(o Order) Order {
	o.CustomerID, o.CustomerName, o.CustomerEmail = "", "", ""
	return o
}

// thankYouLink makes the secret of an order's thank-you page.
func thankYouLink(ctx context.Context, tx *db.Tx, orderID string) (string, error) {
	secret := crypt.Token("")
	err := tx.InsertThankYouLink(ctx, query.InsertThankYouLinkParams{
		TokenHash: crypt.HashToken(secret), OrderID: orderID, CreatedAt: tx.WallStamp, ExpiresAt: clock.FromTime(tx.Wall.Add(thankYouLife)),
	})
	if err != nil {
		return "", fmt.Errorf("thank-you page of order %s: %w", orderID, err)
	}
	return secret, nil
}
