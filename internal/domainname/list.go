package domainname

import (
	"context"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

var errNotBuilt = fail.Conflict("NOT_BUILT", "This is not built yet.")

// Filter picks a page of domains.
type Filter struct {
	Query       string // a part of the name
	Status      Status // effective, as of now; empty: any
	CustomerID  string
	Extension   string
	RegistrarID string
	// EndsBefore and EndsFrom bound the term's end; zero: any.
	EndsFrom, EndsBefore civil.Date
	// Special is one of: failed (a renewal that is held, unknown or needs attention), unpaid (a renewal's line is open),
	// unconfirmed (paid and not confirmed), never (renews never by itself).
	Special string
	// Order is "name" (default) or "term_end".
	Order  string
	Cursor string
	Limit  int
}

// Row is a domain of a list: with what holds now, and what is open.
type Row struct {
	Domain
	Standing

	CustomerName string
	Registrar    string // its name
	Open         *Renewal
}

// List returns a page of domains and the cursor of the next one. It asks the database a fixed number of questions.
func (s *Service) List(ctx context.Context, f Filter) (rows []Row, next string, err error) {
	return nil, "", errNotBuilt
}

// ByID returns one domain as the list shows it.
func (s *Service) ByID(ctx context.Context, id string) (Row, error) { return Row{}, errNotBuilt }

// Renewals returns the ledger of a domain, newest first.
func (s *Service) Renewals(ctx context.Context, domainID string, limit int) ([]Renewal, error) {
	return nil, errNotBuilt
}

// RenewalByID returns a renewal.
func (s *Service) RenewalByID(ctx context.Context, id string) (Renewal, error) {
	return Renewal{}, errNotBuilt
}

// Day is what falls on a day of the calendar of renewals.
type Day struct {
	On    civil.Date
	What  string // due, term_end, last_plain, last_safe
	Rows  []Row
	Total money.Money // of what falls due, in the store's currency
	Count int
}

// Calendar says what falls on the days from one to before another, due dates with their sums.
func (s *Service) Calendar(ctx context.Context, from, to civil.Date) ([]Day, error) {
	return nil, errNotBuilt
}

// Input is a domain that staff, or an import, bring into the store: it exists at the registry already.
type Input struct {
	Name        string
	CustomerID  string
	Registrar   string // by name; empty: that of its extension
	Expiry      string // as the registry says it: RFC 3339 or a date. Empty with a registrar that can be read: it is read later
	PaidThrough civil.Date
	NextDue     civil.Date   // zero: the default
	Term        int          // 0: one year
	Recurring   *money.Money // nil: the list price
	DoNotRenew  bool
	BundledWith string
	Source      Source
}

// Create takes a domain into the store.
func (s *Service) Create(ctx context.Context, in Input) (Domain, error) { return Domain{}, errNotBuilt }

// Patch changes what staff may change of a domain; nil changes nothing. Dates of the registry are not among it: those are
// read, or adopted.
type Patch struct {
	PaidThrough *civil.Date
	NextDue     *civil.Date
	Term        *int
	Recurring   *money.Money
	BundledWith *string // empty: with nothing
	Registrar   *string // by name
	Status      *Status // cancelled or fraud; from a final one, active again: an override
	Expiry      *string // staff read it themselves
	Reason      string  // required for paid-through, expiry and status
	Version     int64   // that the change was made from; 0: whatever it is
}

// Change changes a domain.
func (s *Service) Change(ctx context.Context, id string, p Patch) (Domain, error) {
	return Domain{}, errNotBuilt
}

// TLD is an extension that the store sells or renews under.
type TLD struct {
	Extension   string
	RegistrarID string
	Registrar   string // its name; empty: none
	Today       *Policy
	Policies    Policies
	Prices      Prices // of today
	Domains     int
	Version     int64
}

// TLDs lists the extensions that have a policy, or were set up.
func (s *Service) TLDs(ctx context.Context) ([]TLD, error) { return nil, errNotBuilt }

// TLD returns one.
func (s *Service) TLD(ctx context.Context, extension string) (TLD, error) { return TLD{}, errNotBuilt }

// TLDInput sets up an extension, or changes it: fields that are nil or empty stay.
type TLDInput struct {
	Extension string
	Registrar *string // by name; empty: none
	Policy    *Policy // a new row
	Prices    Prices  // replaced, those that it names; ValidFrom zero: today
}

// SetTLD writes all of it in one transaction. disabled are ten-year renewals that had an amount.
func (s *Service) SetTLD(ctx context.Context, in TLDInput) (t TLD, disabled Prices, err error) {
	return TLD{}, nil, errNotBuilt
}
