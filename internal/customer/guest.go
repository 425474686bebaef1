package customer

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// TakeUp returns a new customer for somebody who orders without signing in. Anybody can type any address: if it is
// known already, the new customer is a guest, who shares nothing with the one who has it until [Join]. Whoever asks
// can't tell one from the other.
//
// A guest is found by id and in lists, never by the address alone: what it is found by ends with the id.
func TakeUp(ctx context.Context, tx *db.Tx, in Input) (Customer, error) {
	if err := in.Validate(); err != nil {
		return Customer{}, err
	}
	id, fold := tx.NewID("cus"), text.Fold(in.Email)
	known, err := tx.LockCustomerByEmail(ctx, fold)
	if err != nil {
		return Customer{}, fmt.Errorf("customer by e-mail: %w", err)
	}
	if known == 0 {
		return insert(ctx, tx, id, fold, in)
	}
	c, err := insert(ctx, tx, id, guestFold(Customer{ID: id, Email: in.Email}), in)
	if err != nil {
		return Customer{}, err
	}
	if err := tx.InsertGuest(ctx, query.InsertGuestParams{CustomerID: id, CreatedAt: tx.Stamp}); err != nil {
		return Customer{}, fmt.Errorf("guest %s: %w", id, err)
	}
	return c, nil
}

// LockAddress takes the lock of the customer who has an address, if there is one. Whoever takes up a guest holds it before
// any other lock, as everybody holds that of a customer first.
func LockAddress(ctx context.Context, tx *db.Tx, email string) error {
	if _, err := tx.LockCustomerByEmail(ctx, text.Fold(email)); err != nil {
		return fmt.Errorf("lock customer by e-mail: %w", err)
	}
	return nil
}

// guestFold is what a guest is found by. No address contains a space, so it is nobody's address.
func guestFold(c Customer) string { return text.Fold(c.Email) + " " + c.ID }

// GuestsOf lists the guests who have ordered under the address of an account and have not become part of it.
func GuestsOf(ctx context.Context, tx *db.Tx, account Customer) ([]string, error) {
	if account.Guest {
		return nil, nil
	}
	low, high := text.PrefixRange(text.Fold(account.Email) + " ")
	ids, err := tx.GuestsOfAddress(ctx, query.GuestsOfAddressParams{Low: low, High: high})
	if err != nil {
		return nil, fmt.Errorf("guests with the address of %s: %w", account.ID, err)
	}
	return ids, nil
}

var errClaimed = fail.Conflict("GUEST_CLAIMED", "This order belongs to an account already.")

// Join locks a guest and the account that has the guest's address, in the order of their ids, and notes that the guest
// has become the account; whoever calls it moves what the guest had. If nobody has the address any more, the guest is
// the account from now on, and nothing is to be moved.
func Join(ctx context.Context, tx *db.Tx, guestID string) (guest, account Customer, err error) {
	if guest, err = load(ctx, tx, guestID); err != nil {
		return Customer{}, Customer{}, err
	}
	if !guest.Guest {
		return guest, guest, nil
	}
	fold := text.Fold(guest.Email)
	r, err := tx.CustomerByEmail(ctx, fold)
	if db.NotFound(err) {
		return becomeAccount(ctx, tx, guest, fold)
	}
	if err != nil {
		return Customer{}, Customer{}, fmt.Errorf("customer by e-mail: %w", err)
	}
	for _, id := range []string{min(guestID, r.ID), max(guestID, r.ID)} {
		if _, err := Lock(ctx, tx, id); err != nil {
			return Customer{}, Customer{}, err
		}
	}
	rows, err := tx.ClaimGuest(ctx, query.ClaimGuestParams{CustomerID: guestID, AccountID: &r.ID, ClaimedAt: &tx.Stamp})
	if err != nil {
		return Customer{}, Customer{}, fmt.Errorf("guest %s: %w", guestID, err)
	}
	if rows == 0 {
		return Customer{}, Customer{}, errClaimed
	}
	if account, err = load(ctx, tx, r.ID); err != nil {
		return Customer{}, Customer{}, err
	}
	err = event.Emit(ctx, tx, event.New{
		Type: "customer.joined", SubjectID: account.ID, CustomerID: account.ID, Data: map[string]any{"guest_id": guestID},
	})
	return guest, account, err
}

// becomeAccount makes a guest the one who has the address.
func becomeAccount(ctx context.Context, tx *db.Tx, guest Customer, fold string) (was, is Customer, err error) {
	if was, err = Lock(ctx, tx, guest.ID); err != nil {
		return Customer{}, Customer{}, err
	}
	if err := tx.SetCustomerFold(ctx, query.SetCustomerFoldParams{ID: guest.ID, EmailFold: fold, UpdatedAt: tx.Stamp}); err != nil {
		return Customer{}, Customer{}, taken(err)
	}
	if is, err = load(ctx, tx, guest.ID); err != nil {
		return Customer{}, Customer{}, err
	}
	return was, is, event.Emit(ctx, tx, event.New{Type: "customer.joined", SubjectID: is.ID, CustomerID: is.ID})
}
