package renewal

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/task"
)

// Sale is a renewal that a customer orders: what it costs now, and what its line says.
type Sale struct {
	DomainID    string
	Name        string
	Description string
	FeeText     string // what the line of its fee says, if there is one
	Term        domainname.Term
	LastDay     civil.Date // of the stage that it is in: on the next one it costs more, or is not possible
}

var errForeign = fail.NotFound("DOMAIN_NOT_FOUND", "There is no such domain.")

// OfferSale is what a renewal on demand costs now, by the list of the customer's group and in the domain's currency. One that
// can't be had is refused: by DOMAIN_NOT_FOUND, TERM_NOT_AVAILABLE or RENEWAL_OPEN.
func (s *Service) OfferSale(ctx context.Context, tx *db.Tx, domainID, customerID, group string, years int) (Sale, error) {
	d, err := domainname.Load(ctx, tx, domainID)
	if err != nil {
		return Sale{}, err
	}
	sale, _, err := s.sale(ctx, tx, d, customerID, group, years)
	return sale, err
}

func (s *Service) sale(ctx context.Context, tx *db.Tx, d domainname.Domain, customerID, group string, years int) (Sale, domainname.Question, error) {
	if customerID == "" || d.CustomerID != customerID {
		return Sale{}, domainname.Question{}, errForeign
	}
	q, err := question(ctx, tx, d, domainname.ByCustomer, group)
	if err != nil {
		return Sale{}, q, err
	}
	o := domainname.Offers(q)
	term, refusal := pick(o, years)
	if refusal != nil {
		return Sale{}, q, refusal.Err()
	}
	sale := Sale{DomainID: d.ID, Name: d.Name.String(), Description: describe(d, o.Window.End, term), FeeText: feeText(d), Term: term, LastDay: lastDay(o.Standing)}
	if len(o.Restores) > 0 {
		sale.FeeText = "Restore of " + d.Name.Unicode()
	}
	return sale, q, nil
}

// lastDay is the last day of a stage.
func lastDay(s domainname.Standing) civil.Date {
	switch s.Stage {
	case domainname.StageActive:
		return s.Window.ExpireModeOn()
	case domainname.StageGrace:
		return s.Window.LastPlain
	case domainname.StageRedemption:
		return s.Window.LastRestore
	default:
		return civil.Date{}
	}
}

// pick finds a term among what is on offer: in redemption among the renewals that come with a restore.
func pick(o domainname.Offer, years int) (domainname.Term, *domainname.Refusal) {
	for _, t := range o.Restores {
		if t.Years == years {
			return t, nil
		}
	}
	return o.Term(years)
}

// describe is what the line of a renewal says.
func describe(d domainname.Domain, from civil.Date, t domainname.Term) string {
	return fmt.Sprintf("Renewal of %s for %s, %s to %s", d.Name.Unicode(), yearsOf(t.Years), from, t.Expiry)
}

func yearsOf(n int) string {
	if n == 1 {
		return "1 year"
	}
	return fmt.Sprintf("%d years", n)
}

var errPriceChanged = fail.Conflict("PRICE_CHANGED", "The price of the renewal has changed meanwhile. Look at it again.")

// PlaceSale writes the renewal that an order asks for into the ledger, before its invoice is issued, whose line will have this
// id. It takes the place of an automatic one that is unpaid. What was offered is judged again: a stale cart gets the same
// refusal as the page. The caller holds the customer's lock.
func (s *Service) PlaceSale(ctx context.Context, tx *db.Tx, offered Sale, orderID, customerID, lineID string) error {
	if err := s.lockOpen(ctx, tx, offered.DomainID); err != nil {
		return err
	}
	d, err := domainname.Lock(ctx, tx, offered.DomainID)
	if err != nil {
		return err
	}
	group, err := tx.CustomerGroup(ctx, customerID)
	if err != nil {
		return fmt.Errorf("group of customer %s: %w", customerID, err)
	}
	sale, q, err := s.sale(ctx, tx, d, customerID, group, offered.Term.Years)
	if err != nil {
		return err
	}
	if sale.Term.Price != offered.Term.Price || sale.Term.Fee != offered.Term.Fee {
		return errPriceChanged
	}
	if q.Open != nil {
		if err := s.withdraw(ctx, tx, d, q.Open, "an order takes its place", whileFree); err != nil {
			return err
		}
	}
	if d.Premium != nil { // who orders has accepted what the registry asks
		if err := task.Settled(ctx, tx, TaskPrice, d.ID); err != nil {
			return err
		}
	}
	r := newRenewal(d, q, sale.Term, domainname.Ordered)
	r.LineID, r.OrderID = lineID, orderID
	if err := domainname.InsertRenewal(ctx, tx, &r); err != nil {
		return err
	}
	return tell(ctx, tx, "domain.renewal_ordered", d, r, nil)
}

// SalePlaced notes on which invoice the line of an order stands.
func (s *Service) SalePlaced(ctx context.Context, tx *db.Tx, lineID, invoiceID string) error {
	err := tx.InvoiceDomainRenewal(ctx, query.InvoiceDomainRenewalParams{LineID: &lineID, InvoiceID: &invoiceID})
	if err != nil {
		return fmt.Errorf("renewal of line %s: %w", lineID, err)
	}
	return nil
}

// newRenewal is an open renewal of a term that is on offer.
func newRenewal(d domainname.Domain, q domainname.Question, t domainname.Term, kind domainname.RenewalKind) domainname.Renewal {
	d.Unanswered = false // what nobody paid for comes first
	end, _ := d.TermEnd()
	stage := domainname.Assess(d, *q.Policy, q.Open, q.Now).Stage
	return domainname.Renewal{
		DomainID: d.ID, CustomerID: d.CustomerID, Base: end, Years: t.Years, Kind: kind, State: domainname.RenewalOpen, Price: t.Price, Fee: t.Fee,
		Stage: stage, PolicyID: q.Policy.ID, Expected: t.Expiry,
	}
}

// question gathers what has to be known to say what is on offer.
func question(ctx context.Context, tx *db.Tx, d domainname.Domain, by domainname.Asker, group string) (domainname.Question, error) {
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return domainname.Question{}, err
	}
	q, err := domainname.Gather(ctx, tx, d, by, group, civil.Of(tx.Now, st.TimeZone))
	q.OrdersOff, q.Rates = !st.DomainOrders, st.Rate
	return q, err
}

// asked is [question] for the group of the domain's customer.
func asked(ctx context.Context, tx *db.Tx, d domainname.Domain, by domainname.Asker) (domainname.Question, error) {
	group, err := tx.CustomerGroup(ctx, d.CustomerID)
	if err != nil {
		return domainname.Question{}, fmt.Errorf("group of customer %s: %w", d.CustomerID, err)
	}
	return question(ctx, tx, d, by, group)
}

// Offer says which terms of a domain are on offer, and why the others are not.
func (s *Service) Offer(ctx context.Context, domainID string, by domainname.Asker) (d domainname.Domain, o domainname.Offer, err error) {
	s.AskPrice(ctx, domainID)
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		if d, err = domainname.Load(ctx, tx, domainID); err != nil {
			return err
		}
		q, err := asked(ctx, tx, d, by)
		if err != nil {
			return err
		}
		o = domainname.Offers(q)
		return nil
	})
	return d, o, err
}
