// Package registration is the money side of new domains: what a registration or a transfer costs, what an order of one makes,
// what paying for it does, and what follows when the registrar confirms or refuses.
package registration

import (
	"context"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/registrar"
)

// The kinds of fulfilment links of this room. The target of each is the domain.
const (
	LinkRegistration = "domain_registration"
	LinkTransfer     = "domain_transfer"
)

// Checker asks registrars which names are free.
type Checker interface {
	// Check asks for names of one extension.
	Check(ctx context.Context, extension string, names ...string) ([]registrar.Available, error)
}

// Service holds the verbs.
type Service struct {
	db       *db.DB
	billing  *billing.Service
	payments *payment.Service
	box      *crypt.Box // seals what authorises transfers
	checker  Checker
}

// New returns the registrations of a store. From now on they fulfil their lines.
func New(d *db.DB, b *billing.Service, p *payment.Service, box *crypt.Box, c Checker) *Service {
	return &Service{db: d, billing: b, payments: p, box: box, checker: c}
}

var errNotBuilt = fail.Conflict("NOT_BUILT", "This is not built yet.")

// Found is a name that somebody searched for.
type Found struct {
	Name      string // A-labels
	Shown     string // U-labels
	Extension string
	Free      bool
	Unknown   bool   // the registrar could not be asked: it may be free
	Reason    string // why it can't be registered
	Years     []YearPrice
	Transfer  *money.Money // what a transfer costs, if it is taken and transfers are sold
}

// YearPrice is a term and what it costs.
type YearPrice struct {
	Years int
	Price money.Money
	Renew *money.Money // what the first renewal will cost, as things are
}

// Search looks a name up, and the same label under the other extensions that are sold. group and currency are the
// customer's; empty: the general prices in the store's currency.
func (s *Service) Search(ctx context.Context, asked, group string, currency money.Currency) ([]Found, error) {
	return nil, errNotBuilt
}

// Confirmed makes a domain active as part of tx, whose registration or transfer the registrar has confirmed: dates as read,
// the promise of docs/domains.md, the event. The caller holds the lock, and saves the domain.
func (s *Service) Confirmed(ctx context.Context, tx *db.Tx, d *domainname.Domain, r domainname.Reading) error {
	return errNotBuilt
}

// Refused ends a domain as part of tx, whose registration or transfer was refused: what was paid becomes credit. why is for
// staff. The caller holds the locks of customer and domain, and saves the domain.
func (s *Service) Refused(ctx context.Context, tx *db.Tx, d *domainname.Domain, why string) error {
	return errNotBuilt
}

// Secret opens what authorises the transfer of a domain.
func (s *Service) Secret(d domainname.Domain) (string, error) { return "", errNotBuilt }
