// Package renewal is the money side of renewing domains: the automatic invoice, orders, what paying a line does, fees,
// what is withdrawn, revoked, refunded or renewed by hand. It writes the ledger of renewals up to "paid" and takes back what
// was not done; what happens at registries is package dispatch's.
package renewal

import (
	"context"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
)

// The kinds of fulfilment links of this room. The target of each is the domain.
const (
	LinkRenewal = "domain_renewal" // renews a domain
	LinkFee     = "domain_fee"     // a fee, or a difference, that a renewal waits for
)

// Service holds the verbs.
type Service struct {
	db       *db.DB
	billing  *billing.Service
	payments *payment.Service
}

// New returns the renewals of a store. From now on they fulfil the lines that renew domains, and hear what becomes of
// invoices.
func New(d *db.DB, b *billing.Service, p *payment.Service) *Service {
	s := &Service{db: d, billing: b, payments: p}
	b.Register(LinkRenewal, renews{s})
	b.Register(LinkFee, pays{s})
	return s
}

var errNotBuilt = fail.Conflict("NOT_BUILT", "This is not built yet.")

// Tasks is the automation of renewals.
func (s *Service) Tasks() []automation.Task { return nil }

// SetAutoRenew turns a domain's automatic invoices on or off. Off withdraws an unpaid line, where the settings say so.
func (s *Service) SetAutoRenew(ctx context.Context, domainID string, on bool, why string) (domainname.Domain, error) {
	return domainname.Domain{}, errNotBuilt
}

// What becomes of an open line when staff renew by hand.
const (
	StillOwed = "still_owed"
	NotOwed   = "not_owed"
)

// ManualInput is a renewal by staff. Nothing of it has a silent default.
type ManualInput struct {
	Years       int
	MoveNextDue *bool  // required
	OpenLine    string // StillOwed or NotOwed; required where a line is open
	Reason      string
}

// Manual renews a domain by hand: by the same protocol, in the same ledger.
func (s *Service) Manual(ctx context.Context, domainID string, in ManualInput) (domainname.Renewal, error) {
	return domainname.Renewal{}, errNotBuilt
}

// Release lets a renewal go on that waits for staff: one that is held, or needs attention.
func (s *Service) Release(ctx context.Context, renewalID, why string) (domainname.Renewal, error) {
	return domainname.Renewal{}, errNotBuilt
}

// AcceptPrice takes the price that the registry asks for a premium name, for the customer, and returns the invoice of the
// difference.
func (s *Service) AcceptPrice(ctx context.Context, renewalID string) (invoiceID string, err error) {
	return "", errNotBuilt
}

// Revoke takes back what paying a line does. elsewhere says that the term was renewed elsewhere already: paying then moves
// the dates and sends nothing. [Service.Restore] sets an unpaid one back.
func (s *Service) Revoke(ctx context.Context, lineID string, elsewhere bool, why string) error {
	return errNotBuilt
}

// Restore sets a revoked, unpaid line back.
func (s *Service) Restore(ctx context.Context, lineID, why string) error { return errNotBuilt }

// The answers about a term that the registry has and nobody paid for.
const (
	ExtendPaid   = "extend_paid_through"
	InvoiceAgain = "invoice_again"
	LetGo        = "let_go"
)

// Answer says what becomes of a term that the registry has and nobody paid for.
func (s *Service) Answer(ctx context.Context, domainID, answer, why string) error { return errNotBuilt }

// Step is something that will happen to a domain, or may.
type Step struct {
	On   civil.Date
	What string // invoice, charge, renew, last_day, grace_ends, redemption_ends, registry_date_moves
	Sum  money.Money
	Text string // one sentence for the customer
}

// Outlook is what will happen to a domain and when, in the order of days.
type Outlook struct {
	Standing domainname.Standing
	Open     *domainname.Renewal
	// LastSafe is the last day on which an unconfirmed, paid renewal is safe; zero: there is none.
	LastSafe civil.Date
	Steps    []Step
}

// Outlook foretells, as things are now.
func (s *Service) Outlook(ctx context.Context, domainID string) (Outlook, error) {
	return Outlook{}, errNotBuilt
}

// Unsafe is a paid, unconfirmed renewal and its last safe day.
type Unsafe struct {
	Renewal  domainname.Renewal
	Name     string
	LastSafe civil.Date
}

// Unconfirmed lists the paid, unconfirmed renewals, those whose last safe day is nearest first.
func (s *Service) Unconfirmed(ctx context.Context, limit int) ([]Unsafe, error) {
	return nil, errNotBuilt
}

// YearsThere notes as part of tx that the registry has the years of an unpaid renewal already: its line stays payable, and
// paying it moves the dates and sends nothing.
func (s *Service) YearsThere(ctx context.Context, tx *db.Tx, d *domainname.Domain, open *domainname.Renewal, cause string) error {
	return errNotBuilt
}

// Settled is called as part of tx when a renewal was confirmed or satisfied: it emits the event from which the customer is
// told, once. The domain has its new dates.
func (s *Service) Settled(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal) error {
	return errNotBuilt
}
