package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// LinkRequest is somebody's wish to get a link by mail. CustomerID is empty if nobody has the address that was typed.
type LinkRequest struct {
	CustomerID string
	Next       string // path of the page to go on to; empty: none in particular
}

// LinkMail is what the mail says with which a customer signs in.
type LinkMail struct {
	CustomerID string
	Token      string
	Next       string
	ValidUntil time.Time
}

// Postman brings the links that customers ask for. Both work as part of the transaction.
type Postman interface {
	// Later sees to it that [Service.MailLink] is called with the request, after the transaction.
	Later(ctx context.Context, tx *db.Tx, q LinkRequest) error
	// Send queues the mail.
	Send(ctx context.Context, tx *db.Tx, m LinkMail) error
}

// UsePostman names who brings the links that customers ask for.
func (s *Service) UsePostman(p Postman) { s.postman = p }

// AskForLink has a link sent to the customer with an e-mail address, by which they sign in without a password and may
// set one. It does the same for every address, so that nobody learns who is a customer here: what is only done for one
// is done later, by [Service.MailLink].
func (s *Service) AskForLink(ctx context.Context, email, next string, m Meta) error {
	email, err := text.Email(email)
	if err != nil {
		return fail.Invalid("email", err.Error())
	}
	email = text.Fold(email)
	if err := s.limits.mail(m.IP, email, s.db.Wall().Now()); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		a, err := find(ctx, tx, Customer, email)
		if err != nil {
			return fmt.Errorf("find an account: %w", err)
		}
		as := event.WithActor(ctx, event.Actor{Kind: event.ActorKind(Customer), IP: m.ip()})
		if err := event.Audit(as, tx, event.Change{What: "customer.link_asked", SubjectID: a.id}); err != nil {
			return err
		}
		return s.postman.Later(ctx, tx, LinkRequest{CustomerID: a.id, Next: next})
	})
}

// MailLink makes the link that was asked for and queues its mail. Links that were asked for before go on to work until
// their time is over: nobody can spoil those of others by asking for more. One who is no customer, or not any more, gets none.
func (s *Service) MailLink(ctx context.Context, q LinkRequest) error {
	if q.CustomerID == "" {
		return nil
	}
	token := crypt.Token("")
	return s.db.Write(ctx, func(tx *db.Tx) error {
		a, err := load(ctx, tx, Customer, q.CustomerID)
		if errors.Is(err, errNoAccount) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("link of customer %s: %w", q.CustomerID, err)
		}
		until := in(tx, lives[SignInCustomer])
		err = tx.InsertLink(ctx, query.InsertLinkParams{
			TokenHash: crypt.HashToken(token), Purpose: string(SignInCustomer), CustomerID: &a.id, CreatedAt: tx.WallStamp, ExpiresAt: until,
		})
		if err != nil {
			return fmt.Errorf("link of customer %s: %w", a.id, err)
		}
		return s.postman.Send(ctx, tx, LinkMail{CustomerID: a.id, Token: token, Next: q.Next, ValidUntil: until.Time()})
	})
}
