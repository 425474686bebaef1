// Package registration is the money side of new domains: what a registration or a transfer costs, what an order of one makes,
// what paying for it does, and what follows when the registrar confirms or refuses.
package registration

import (
	"context"
	"slices"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/registrar"
)

// The kinds of fulfilment links of this room. The target of each is the domain.
const (
	LinkRegistration = "domain_registration"
	LinkTransfer     = "domain_transfer"
)

// The kinds of questions to staff.
const (
	TaskRefused     = "domain.refused"              // the registrar did not register or transfer it
	TaskNeverRenews = "domain.never_renews"         // no term is priced that it could renew by
	TaskTakenBack   = "domain.paid_back_on_the_way" // its money went back while the registrar was asked
)

// The events of this room besides those of the price table and of renewals.
const (
	EventOrdered       = "domain.ordered"
	EventRequested     = "domain.requested" // paid: the registrar is asked
	EventRegistered    = "domain.registered"
	EventTransferredIn = "domain.transferred_in"
	EventRefused       = "domain.refused"
	EventCancelled     = "domain.cancelled"
)

// Checker asks registrars which names are free.
type Checker interface {
	// Check asks for names of one extension.
	Check(ctx context.Context, extension string, names ...string) ([]registrar.Available, error)
	// Quote asks what a command costs for a name of an extension.
	Quote(ctx context.Context, extension string, q registrar.Quoting) (registrar.Quote, error)
}

// Service holds the verbs. It is safe for concurrent use.
type Service struct {
	db       *db.DB
	billing  *billing.Service
	payments *payment.Service
	box      *crypt.Box // seals what authorises transfers
	checker  Checker    // nil: nobody can be asked
	answers  *answers   // of registrars, for a short while
}

var (
	_ order.Domains     = (*Service)(nil)
	_ order.Asker       = (*Service)(nil)
	_ billing.Fulfiller = (*Service)(nil)
	_ billing.Observer  = (*Service)(nil)
)

// New returns the registrations of a store. From now on they fulfil their lines, and hear what becomes of invoices.
func New(d *db.DB, b *billing.Service, p *payment.Service, box *crypt.Box, c Checker) *Service {
	s := &Service{db: d, billing: b, payments: p, box: box, checker: c, answers: newAnswers()}
	for _, kind := range links {
		b.Register(kind, s)
		b.CheckTargets(kind, missing)
	}
	b.Observe(s)
	return s
}

// links are the kinds of links by what is done to a domain.
var links = map[domainname.PriceKind]string{domainname.ForRegistration: LinkRegistration, domainname.ForTransfer: LinkTransfer}

func ours(l *billing.Link) bool {
	return l != nil && l.Target != "" && slices.Contains([]string{LinkRegistration, LinkTransfer}, l.Kind)
}

// missing finds the fulfilled lines whose domain is not there.
func missing(ctx context.Context, tx *db.Tx, done []billing.DoneLink) ([]billing.Difference, error) {
	var found []billing.Difference
	for _, link := range done {
		_, err := domainname.Load(ctx, tx, link.Target)
		if e := fail.Of(err); e != nil && e.Kind == fail.KindNotFound {
			found = append(found, billing.Difference{Subject: link.LineID, Want: "domain " + link.Target, Got: "none"})
			continue
		}
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// tell writes an event about a domain.
func tell(ctx context.Context, tx *db.Tx, what string, d domainname.Domain, more map[string]any) error {
	data := map[string]any{"domain_id": d.ID, "name": d.Name.String(), "shown": d.Name.Unicode(), "order_id": d.OrderID, "kind": d.Kind, "status": d.Status}
	for k, v := range more {
		data[k] = v
	}
	return event.Emit(ctx, tx, event.New{Type: what, SubjectID: d.ID, CustomerID: d.CustomerID, Data: data})
}
