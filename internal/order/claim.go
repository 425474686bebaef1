package order

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
)

// ClaimMail is what the mail says with which the owner of an address takes over the order that a guest placed under it.
type ClaimMail struct {
	CustomerID string // the guest's
	Email      string
	Name       string
	Language   string
	OrderID    string
	Secret     string // of the link
	ValidUntil time.Time
}

// UseClaims names who queues the mail with the link, as part of the transaction.
func (s *Service) UseClaims(send func(ctx context.Context, tx *db.Tx, m ClaimMail) error) {
	s.sendClaim = send
}

// OnClaim registers f to be called, as part of the transaction, after everything of a guest has become an account's.
func (s *Service) OnClaim(f func(ctx context.Context, tx *db.Tx, fromCustomerID, toCustomerID string) error) {
	s.onClaim = append(s.onClaim, f)
}

// offerClaim makes the link with which an order of a guest joins the account that has the address.
func (s *Service) offerClaim(ctx context.Context, tx *db.Tx, guest customer.Customer, orderID string) error {
	if s.sendClaim == nil {
		return nil
	}
	secret, until := crypt.Token(""), tx.Wall.Add(claimLife)
	err := tx.InsertGuestClaim(ctx, query.InsertGuestClaimParams{
		TokenHash: crypt.HashToken(secret), CustomerID: guest.ID, CreatedAt: tx.WallStamp, ExpiresAt: clock.FromTime(until),
	})
	if err != nil {
		return fmt.Errorf("claim of guest %s: %w", guest.ID, err)
	}
	return s.sendClaim(ctx, tx, ClaimMail{
		CustomerID: guest.ID, Email: guest.Email, Name: guest.Name, Language: guest.Language, OrderID: orderID, Secret: secret,
		ValidUntil: until,
	})
}

// Claim gives everything of a guest to the account that has the guest's address, and returns the account's id: whoever
// has the secret of the mail reads the mailbox. In one transaction; the books stay as they are, what the store owes the
// guest is booked over. A link counts once.
func (s *Service) Claim(ctx context.Context, secret string) (accountID string, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		claim, err := tx.GuestClaim(ctx, crypt.HashToken(secret))
		if db.NotFound(err) || (err == nil && claim.ExpiresAt <= tx.WallStamp) {
			return errLink
		}
		if err != nil {
			return fmt.Errorf("claim: %w", err)
		}
		accountID, err = s.join(ctx, tx, claim.CustomerID)
		return err
	})
	return accountID, err
}

// ClaimAll gives the account of a customer everything that guests have ordered under its address, as [Service.Claim] does.
// The caller has seen that the customer reads the mailbox.
func (s *Service) ClaimAll(ctx context.Context, customerID string) error {
	var guests []string
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		account, err := customer.Load(ctx, tx, customerID)
		if err == nil {
			guests, err = customer.GuestsOf(ctx, tx, account)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range guests {
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			_, err := s.join(ctx, tx, id)
			return err
		})
		if err != nil && fail.Of(err).Kind != fail.KindConflict { // somebody was faster
			return err
		}
	}
	return nil
}

// join makes a guest part of the account that has the guest's address.
func (s *Service) join(ctx context.Context, tx *db.Tx, guestID string) (accountID string, err error) {
	guest, account, err := customer.Join(ctx, tx, guestID)
	if err != nil {
		return "", err
	}
	if err := tx.DeleteGuestClaims(ctx, guest.ID); err != nil {
		return "", fmt.Errorf("claim of guest %s: %w", guest.ID, err)
	}
	if guest.ID == account.ID {
		return account.ID, nil
	}
	return account.ID, s.moveAll(ctx, tx, guest, account)
}

// moved are the tables whose rows of a guest become the account's as they are. What else names a customer is in kept,
// or has a rule of its own in moveAll; a test sees to it that no table is forgotten.
var moved = []string{
	"orders", "coupon_uses", "consents", "invoices", "credit_notes", "payments", "licenses", "domains", "domain_renewals", "subscriptions", "staff_tasks", "mails",
	"events",
}

// kept are the tables whose rows stay with the guest, and why.
var kept = map[string]string{
	"ledger_transactions": "the books are never rewritten",
	"customer_credits":    "booked over, and then zero",
	"guests":              "says what became of the guest",
	"guest_claims":        "a link that was used is deleted",
}

func (s *Service) moveAll(ctx context.Context, tx *db.Tx, guest, account customer.Customer) error {
	for _, credit := range guest.Credit {
		if err := s.billing.MoveCredit(ctx, tx, guest.ID, account.ID, credit.Currency); err != nil {
			return err
		}
	}
	for _, move := range moves() {
		if _, err := tx.SQL().ExecContext(ctx, move, account.ID, guest.ID); err != nil {
			return fmt.Errorf("claim of guest %s: %s: %w", guest.ID, move, err)
		}
	}
	for _, f := range s.onClaim {
		if err := f(ctx, tx, guest.ID, account.ID); err != nil {
			return fmt.Errorf("claim of guest %s: %w", guest.ID, err)
		}
	}
	return nil
}

// moves are the statements that make what belongs to the guest $2 the account $1's.
func moves() []string {
	all := []string{
		// The account's own choice of how it pays stands.
		`UPDATE payment_methods SET is_default = FALSE WHERE customer_id = $2
			AND EXISTS (SELECT 1 FROM payment_methods AS own WHERE own.customer_id = $1 AND own.is_default)`,
		`UPDATE payment_methods SET customer_id = $1 WHERE customer_id = $2`,
		// A product that both have tried was tried once.
		`UPDATE trials SET customer_id = $1 WHERE customer_id = $2
			AND NOT EXISTS (SELECT 1 FROM trials AS own WHERE own.customer_id = $1 AND own.product_id = trials.product_id)`,
		`DELETE FROM trials WHERE customer_id = $2 AND customer_id <> $1`,
		// Nobody signs in as the guest any more.
		`DELETE FROM sessions WHERE customer_id = $2 AND customer_id <> $1`,
		`DELETE FROM one_time_links WHERE customer_id = $2 AND customer_id <> $1`,
	}
	for _, table := range moved {
		all = append(all, "UPDATE "+table+" SET customer_id = $1 WHERE customer_id = $2")
	}
	return all
}
