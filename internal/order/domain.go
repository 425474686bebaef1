package order

import (
	"context"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
)

// DomainItem is an item that registers, transfers or renews a domain.
type DomainItem struct {
	Action   domainname.PriceKind
	DomainID string // of a renewal
	Name     string // of a registration or transfer
	Years    int
	// AutoRenew says whether a new domain renews by itself; nil: as the settings say.
	AutoRenew *bool
	AuthCode  string // of a transfer; a secret: it is sealed and never shown
}

// DomainOffer is what a domain item costs now and what its line says.
type DomainOffer struct {
	Item        DomainItem
	Description string // of the line, such as "Renewal of example.com for 1 year, 2027-03-10 to 2028-03-10"
	Price       money.Money
	Fee         money.Money // of the stage: a line of its own; zero value: none
	FeeText     string      // what that line says
	Kind        string      // of the fulfilment link
	Target      string      // the domain, if there is one
	Term        domainname.Term
	LastDay     civil.Date // on which it can be had in this way, by UTC; zero: none is known
	// Then is by what a new domain renews, as things are; nil: by nothing, or it is a renewal itself.
	Then *domainname.Term
}

// DomainBuyer is for whom prices are asked.
type DomainBuyer struct {
	CustomerID string // empty: a guest who is not known yet
	Group      string
	Currency   money.Currency
}

// Asker is what a seller of domains has besides that asks others before it says what an item costs.
type Asker interface {
	// Ask is called before an item is offered or placed, outside of transactions. What could not be heard, it leaves open.
	Ask(ctx context.Context, item DomainItem, who DomainBuyer)
}

// Domains sells one kind of domain items. Orders know neither prices nor registries of domains.
type Domains interface {
	// Offer is what an item costs now. One that can't be had is refused with the problem of docs/domains.md
	// (TERM_NOT_AVAILABLE, RENEWAL_OPEN, DOMAIN_NOT_FOUND, INVALID_REQUEST).
	Offer(ctx context.Context, tx *db.Tx, item DomainItem, who DomainBuyer) (DomainOffer, error)
	// Place takes an item into the store in the transaction of its order, before the invoice is issued, whose line will have
	// this id: the ledger's row, or the domain that is pending. It returns what the line's link names. The caller holds the
	// customer's lock.
	Place(ctx context.Context, tx *db.Tx, o DomainOffer, orderID, customerID, lineID string) (target, payload string, err error)
	// Placed is called when the invoice is issued.
	Placed(ctx context.Context, tx *db.Tx, o DomainOffer, lineID, invoiceID string) error
}
