// Package renewal is the money side of renewing domains: the automatic invoice, orders, what paying a line does, fees,
// what is withdrawn, revoked, refunded or renewed by hand. It writes the ledger of renewals up to "paid" and takes back what
// was not done; what happens at registries is package dispatch's.
package renewal

import (
	"context"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
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
	quotes   func(ctx context.Context, domainID string) error // asks what premium names cost; nil: nobody
}

// New returns the renewals of a store. From now on they fulfil the lines that renew domains, and hear what becomes of
// invoices.
func New(d *db.DB, b *billing.Service, p *payment.Service) *Service {
	s := &Service{db: d, billing: b, payments: p}
	b.Register(LinkRenewal, renews{s})
	b.Register(LinkFee, pays{s})
	b.Observe(s)
	b.BeforeMoney(s.endOverdue)
	b.BeforeCharge(s.mayCharge)
	event.Listen(d, s.servicePaid, "subscription.created", "subscription.renewed")
	event.Listen(d, s.serviceEnded, "subscription.expired")
	event.Listen(d, s.mailLost, "mail.failed")
	return s
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

// The answers about a term that the registry has and nobody paid for.
const (
	ExtendPaid   = "extend_paid_through"
	InvoiceAgain = "invoice_again"
	LetGo        = "let_go"
)

// Step is something that will happen to a domain, or may.
type Step struct {
	On   civil.Date
	Due  civil.Date // of a charge, and of what is renewed by it: when the invoice is due
	What string     // invoice, no_invoice, charge, renew, term_ends, last_day, grace_ends, redemption_ends, registry_date_moves
	Sum  money.Money
	Text string // one sentence for the customer
}

// Outlook is what will happen to a domain and when, in the order of days.
type Outlook struct {
	Standing domainname.Standing
	Open     *domainname.Renewal
	// LastSafe is the last day on which an unconfirmed, paid renewal is safe; zero: there is none.
	LastSafe civil.Date
	// AccountHeld: the payment of a renewal of its customer's is disputed; nothing is charged or sent by itself.
	AccountHeld bool
	Steps       []Step
}

// Unsafe is a paid, unconfirmed renewal and its last safe day.
type Unsafe struct {
	Renewal  domainname.Renewal
	Name     string
	LastSafe civil.Date
}
