package sandbox

import (
	"context"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment/gateway"
	"github.com/keystead/keystead/internal/text"
)

var errNoSession = fail.NotFound("SANDBOX_PAGE_NOT_FOUND", "There is no such page to pay on.")

// Session is what the page to pay on shows.
type Session struct {
	ID            string
	Money         money.Money
	InvoiceNumber string
	State         gateway.State
	Detail        string // why it failed
	// Confirm says that the card is known and its owner is only asked to confirm.
	Confirm   bool
	ReturnURL string // where to go on; empty for a charge that was not begun on a page
	Cards     []Card // to choose from
}

// Open reports whether the page still waits for something.
func (s Session) Open() bool { return s.State == gateway.RequiresAction }

func sessionOf(c query.SandboxCharge) Session {
	return Session{
		ID: c.ID, Money: money.New(c.Amount, money.Currency(c.Currency)), InvoiceNumber: c.InvoiceNumber,
		State: gateway.State(c.State), Detail: details[c.Code], Confirm: c.Card != "", ReturnURL: c.ReturnUrl, Cards: Cards(),
	}
}

// Session returns what the page of a charge shows.
func (s *Sandbox) Session(ctx context.Context, id string) (Session, error) {
	if !text.IsID(id) {
		return Session{}, errNoSession
	}
	var page Session
	err := s.read(ctx, func(tx *db.Tx) error {
		c, err := tx.SandboxCharge(ctx, id)
		if db.NotFound(err) {
			return errNoSession
		}
		page = sessionOf(c)
		return err
	})
	return page, err
}

// Pay pays on a page, with a card, or confirms (no card). A page that waits for nothing any more changes nothing: a
// second click finds what the first has done.
func (s *Sandbox) Pay(ctx context.Context, id, card string) (Session, error) {
	return s.onPage(ctx, id, func(tx *db.Tx, c query.SandboxCharge) (query.SandboxCharge, error) {
		if c.Card != "" {
			return s.succeed(ctx, tx, c, c.Amount)
		}
		if _, ok := cardOf(card); !ok {
			return c, fail.Invalid("card", "is not a card of the sandbox")
		}
		return s.try(ctx, tx, c, card)
	})
}

// Cancel leaves a page without paying.
func (s *Sandbox) Cancel(ctx context.Context, id string) (Session, error) {
	return s.onPage(ctx, id, func(tx *db.Tx, c query.SandboxCharge) (query.SandboxCharge, error) {
		return s.failed(ctx, tx, c, "cancelled")
	})
}

func (s *Sandbox) onPage(
	ctx context.Context, id string, do func(tx *db.Tx, c query.SandboxCharge) (query.SandboxCharge, error),
) (Session, error) {
	if !text.IsID(id) {
		return Session{}, errNoSession
	}
	var page Session
	err := s.write(ctx, func(tx *db.Tx) error {
		c, err := tx.LockSandboxCharge(ctx, id)
		if db.NotFound(err) {
			return errNoSession
		}
		if err != nil {
			return err
		}
		if c.State == string(gateway.RequiresAction) {
			if c, err = do(tx, c); err != nil {
				return err
			}
		}
		page = sessionOf(c)
		return nil
	})
	return page, err
}
