// Package sandbox is a payment service that ships with the product, for stores in test mode: cards that succeed,
// decline, want a confirmation, are disputed later or lose the answer to what they did; a page to pay on; and signed
// webhooks that can be doubled, delayed, dropped and mixed up.
//
// It behaves as a service in another house would. What it keeps is in tables of its own, which nobody else writes, and
// changes in transactions of its own: a charge that has happened stays, though the caller may never learn of it. Its
// webhooks travel as jobs, at the time of the store's clock, and are verified like anybody's.
package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment/gateway"
)

// Name is the gateway's name.
const Name = "sandbox"

// pagePath is where the page to pay on is served; the id of the charge follows.
const pagePath = "/sandbox/pay/"

// The kinds of its jobs.
const (
	webhookJob = "sandbox.webhook" // payload: the id of an event
	turnJob    = "sandbox.turn"    // payload: a turn
)

// errNoAnswer is what a caller gets whose request has done its work.
var errNoAnswer = errors.New("sandbox: the connection was closed before an answer came")

// Sandbox is the service. It is safe for concurrent use.
type Sandbox struct {
	db      *db.DB
	jobs    *job.Queue
	secret  []byte
	receive func(ctx context.Context, header http.Header, body []byte) error
}

var _ gateway.Gateway = (*Sandbox)(nil)

// New returns the sandbox of a store in test mode. key signs its webhooks, which receive gets.
func New(d *db.DB, jobs *job.Queue, key crypt.Key, receive func(ctx context.Context, header http.Header, body []byte) error) *Sandbox {
	s := &Sandbox{db: d, jobs: jobs, secret: key[:], receive: receive}
	jobs.Register(webhookJob, s.deliver)
	jobs.Register(turnJob, s.turn)
	return s
}

// Name implements gateway.Gateway.
func (s *Sandbox) Name() string { return Name }

// Can implements gateway.Gateway.
func (s *Sandbox) Can() gateway.Capabilities {
	return gateway.Capabilities{Checkout: true, SaveMethod: true, OffSession: true, Refund: true, PartialRefund: true}
}

// RefuseLive fails for a store that has been used with a sandbox. A live store is never one of these; what says so was
// copied into it or written by hand.
func RefuseLive(ctx context.Context, d *db.DB) error {
	return d.Read(ctx, func(tx *db.Tx) error {
		used, err := tx.SandboxInUse(ctx)
		if err == nil && used > 0 {
			err = errors.New("this is a live store, and it has cards or charges of the sandbox gateway, which only a test store may have")
		}
		return err
	})
}

// Card is a card of which the sandbox knows what it does.
type Card struct {
	Token string // tok_…
	Name  string // in two words
	Label string // as a saved method
	What  string // happens when it is charged
}

// The cards.
const (
	OK            = "tok_ok"
	Decline       = "tok_decline"
	Insufficient  = "tok_insufficient"
	Auth          = "tok_auth"
	Timeout       = "tok_timeout"
	Disputed      = "tok_dispute"
	Pending       = "tok_pending"
	PendingFails  = "tok_pending_fails"
	Corrected     = "tok_corrected"
	Partial       = "tok_partial"
	RefundFailing = "tok_refund_fails"
)

var cards = []Card{
	{OK, "Works", "Sandbox •••• 4242", "The charge succeeds."},
	{Decline, "Declined", "Sandbox •••• 0002", "The charge is declined."},
	{Insufficient, "Empty account", "Sandbox •••• 9995", "There is not enough money on the account."},
	{Auth, "Asks its owner", "Sandbox •••• 3220", "The owner must confirm each charge."},
	{Timeout, "Loses the answer", "Sandbox •••• 0119", "The charge succeeds, and the answer to it is lost."},
	{Disputed, "Disputed later", "Sandbox •••• 0259", "The charge succeeds and is disputed three days later."},
	{Pending, "Slow", "Sandbox DE•• 3000", "The charge succeeds a day later."},
	{PendingFails, "Slow, and fails", "Sandbox DE•• 3001", "The charge fails a day later."},
	{Corrected, "Thinks again", "Sandbox DE•• 3002", "The charge fails a day later, and the day after it has succeeded all the same."},
	{Partial, "Gives a part", "Sandbox •••• 1010", "No more than 10.00 can be taken."},
	{RefundFailing, "Takes nothing back", "Sandbox •••• 5126", "The charge succeeds; a refund of it fails an hour later."},
}

// Cards returns the cards, to choose from.
func Cards() []Card { return slices.Clone(cards) }

func cardOf(token string) (Card, bool) {
	for _, c := range cards {
		if c.Token == token {
			return c, true
		}
	}
	return Card{}, false
}

// write runs f in a transaction that belongs to the sandbox alone: it neither joins one of the caller's nor ends when
// the caller gives up.
func (s *Sandbox) write(ctx context.Context, f func(tx *db.Tx) error) error {
	if db.Joined(ctx) {
		return errors.New("sandbox: a gateway must not be called inside a transaction")
	}
	return s.db.Write(context.WithoutCancel(ctx), f)
}

func (s *Sandbox) read(ctx context.Context, f func(tx *db.Tx) error) error {
	if db.Joined(ctx) {
		return errors.New("sandbox: a gateway must not be called inside a transaction")
	}
	return s.db.Read(ctx, f)
}

// AttachMethod implements gateway.Gateway. The token is one of the cards.
func (s *Sandbox) AttachMethod(ctx context.Context, customerID, token string) (gateway.Method, error) {
	token = strings.TrimSpace(token)
	card, ok := cardOf(token)
	if !ok {
		return gateway.Method{}, fail.Invalid("token", "is not a card of the sandbox, such as "+OK)
	}
	var m gateway.Method
	err := s.write(ctx, func(tx *db.Tx) (err error) {
		m, err = attach(ctx, tx, customerID, card)
		return err
	})
	return m, err
}

func attach(ctx context.Context, tx *db.Tx, customerID string, card Card) (gateway.Method, error) {
	row := query.InsertSandboxMethodParams{ID: tx.NewID("sbm"), CustomerRef: customerID, Card: card.Token, CreatedAt: tx.Stamp}
	if err := tx.InsertSandboxMethod(ctx, row); err != nil {
		return gateway.Method{}, fmt.Errorf("sandbox: %w", err)
	}
	return methodOf(row.ID, card.Token, tx.Now), nil
}

func methodOf(id, token string, since time.Time) gateway.Method {
	card, _ := cardOf(token)
	return gateway.Method{Token: id, Label: card.Label, ExpiresOn: civil.On(since.Year()+3, time.December, 31)}
}

// DetachMethod implements gateway.Gateway.
func (s *Sandbox) DetachMethod(ctx context.Context, token string) error {
	return s.write(ctx, func(tx *db.Tx) error { return tx.DetachSandboxMethod(ctx, token) })
}

// fingerprint is what was asked under a key, to compare a repeat with.
func fingerprint(in any) (string, error) {
	b, err := json.Marshal(in)
	return string(b), err
}

// units is n whole units of a currency in its minor units.
func units(n int64, c money.Currency) int64 {
	for range c.Decimals() {
		n *= 10
	}
	return n
}
