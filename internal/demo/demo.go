// Package demo fills a store with a business that could be real: a catalog, customers, and more than a year of orders,
// subscriptions, payments, licenses, domains and checks.
//
// Everything happens through the rooms' own verbs, while the store's clock advances from the past to now and whatever falls
// due by itself is done: renewals are invoiced and charged, what nobody pays is suspended and ends. So a demo store obeys
// every rule of a store that grew, and names, amounts and dates are the same each time; only keys, ids and secrets are
// drawn anew.
package demo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/index"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/release"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/token"
)

// Store is the store to fill: new, in test mode, its clock in the past, and with nothing running by itself.
type Store struct {
	DB            *db.DB
	Clock         clock.Clock
	Automation    *automation.Service
	Settings      *setting.Service
	Staff         *staff.Service
	SignIn        *signin.Service
	Tokens        *token.Service
	Customers     *customer.Service
	Catalog       *catalog.Service
	Coupons       *coupon.Service
	Releases      *release.Service
	Licenses      *license.Service
	Counts        *index.Counts
	Billing       *billing.Service
	Payments      *payment.Service
	Sandbox       *sandbox.Sandbox
	Orders        *order.Service
	Subscriptions *subscription.Service
	Domains       *domainname.Service
	Registrars    *account.Service
	Registry      Registry // that the registrar "simulator" reaches; nil: the store has no domains
}

// Past is how far back the story of a demo store begins.
const Past = 430 * 24 * time.Hour

// Account is how somebody signs in.
type Account struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// Access is how people and programs get into a demo store. Nothing of it can be read from the store again.
type Access struct {
	Staff      Account  `json:"staff"`
	Customer   *Account `json:"customer"` // nil: the store has none
	AdminToken string   `json:"admin_token"`
}

// ownerEmail and ownerName are the demo store's first staff member.
const (
	ownerEmail = "owner@example.com"
	ownerName  = "Robin Vale"
)

// Open gives a new store its settings, an owner and a token of every scope: all that an empty demo store has.
func Open(ctx context.Context, s Store) (Access, error) {
	a := Access{Staff: Account{Email: ownerEmail, Password: newPassword()}}
	_, err := s.Settings.Patch(ctx, map[string]json.RawMessage{
		"store.name":    json.RawMessage(`"Keystead Demo"`),
		"limits.exempt": json.RawMessage(`["127.0.0.0/8","::1/128"]`),
	})
	if err != nil {
		return Access{}, fmt.Errorf("settings of the demo store: %w", err)
	}
	link, err := s.SignIn.SetupLink(ctx)
	if err != nil {
		return Access{}, fmt.Errorf("owner of the demo store: %w", err)
	}
	owner, _, err := s.SignIn.Setup(ctx, link, signin.SetupInput{Email: ownerEmail, Name: ownerName, Password: a.Staff.Password}, signin.Meta{})
	if err != nil {
		return Access{}, fmt.Errorf("owner of the demo store: %w", err)
	}
	ctx = event.WithActor(ctx, event.Actor{Kind: event.Staff, ID: owner.ID, Name: owner.Name})
	if _, a.AdminToken, err = s.Tokens.Create(ctx, "Demo", []string{token.Every}, nil); err != nil {
		return Access{}, fmt.Errorf("token of the demo store: %w", err)
	}
	return a, nil
}

// newPassword is random, and easy to type.
func newPassword() string {
	text := strings.ToLower(rand.Text())
	return text[0:5] + "-" + text[5:10] + "-" + text[10:15] + "-" + text[15:20]
}
