package renewal

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/task"
)

// The kinds of what staff are asked.
const (
	TaskQuote     = "domain.quote_needed"     // the fee of a restore, or a premium price, is not known
	TaskPrice     = "domain.price_differs"    // the registry asks for another price than was paid
	TaskNotOnSale = "domain.renewal_not_made" // the automatic invoice is due and its term is not on offer
	TaskUnpaid    = "domain.unpaid_term"      // the registry has, or will need, a term that nobody pays for
	TaskUndo      = "domain.year_unpaid"      // the registry takes back a year that nobody has paid for, until a day
	TaskLastDay   = "domain.last_safe_day"    // a paid renewal is not confirmed
	TaskFreeDue   = "domain.free_due"         // a free domain falls due, and no service pays for it
	TaskFreeLost  = "domain.free_lost"        // the service has ended with which a domain was free
	TaskTooLate   = "domain.paid_too_late"    // what a paid renewal waits for did not come in time
	TaskDispute   = "domain.renewal_disputed" // the payment of a renewal is disputed
	TaskMoneyBack = "domain.renewal_unpaid"   // money went back that was paid for a renewal, before it was sent
)

func ask(ctx context.Context, tx *db.Tx, d domainname.Domain, kind, occasion, detail string) error {
	return task.Ask(ctx, tx, task.Question{Kind: kind, SubjectID: d.ID, Occasion: occasion, CustomerID: d.CustomerID, Detail: detail})
}

func partyOf(c customer.Customer) billing.Party {
	return billing.Party{
		Name: c.Name, Company: c.Company, Email: c.Email, Address: c.Address, Country: c.Country, State: c.State, TaxID: c.TaxID,
		Language: c.Language,
	}
}

// keepFee notes a fee that is settled as one that the renewal no longer waits for. The caller saves the renewal.
func keepFee(ctx context.Context, tx *db.Tx, r *domainname.Renewal) error {
	if r.FeeLineID == "" {
		return nil
	}
	if err := tx.KeepDomainRenewalFee(ctx, query.KeepDomainRenewalFeeParams{LineID: r.FeeLineID, RenewalID: r.ID}); err != nil {
		return fmt.Errorf("fee of renewal %s: %w", r.ID, err)
	}
	r.FeeLineID, r.FeeInvoiceID = "", ""
	return nil
}

// fees are the lines of all that a renewal was asked for besides, by invoices of their own.
func fees(ctx context.Context, tx *db.Tx, r domainname.Renewal) ([]string, error) {
	lines, err := tx.DomainRenewalFees(ctx, r.ID)
	if err != nil {
		return nil, fmt.Errorf("fees of renewal %s: %w", r.ID, err)
	}
	if r.FeeLineID != "" {
		lines = append(lines, r.FeeLineID)
	}
	return lines, nil
}

// besides are the lines of all that a renewal was asked for besides its years: on its own invoice, and by others.
func besides(ctx context.Context, tx *db.Tx, r domainname.Renewal) (all []string, err error) {
	if all, err = fees(ctx, tx, r); err != nil {
		return nil, err
	}
	inv, _, err := billing.LineOf(ctx, tx, r.LineID)
	if err != nil {
		return nil, err
	}
	for _, l := range inv.Lines {
		if l.With == r.LineID {
			all = append(all, l.ID)
		}
	}
	return all, nil
}

// recount has the fee of a renewal be what is left of all that it is asked for besides: what was given back meanwhile is asked
// for again by whoever looks at it next, or by the payment that misses it.
func recount(ctx context.Context, tx *db.Tx, r *domainname.Renewal) error {
	lines, err := besides(ctx, tx, *r)
	if err != nil {
		return err
	}
	r.Fee.Amount = 0
	for _, id := range lines {
		inv, line, err := billing.LineOf(ctx, tx, id)
		if err != nil {
			return err
		}
		if inv.Status != billing.Void {
			r.Fee.Amount += line.Left().Amount
		}
	}
	return domainname.AskMore(ctx, tx, r)
}

// askFee asks for a fee, or a difference, by an invoice of its own. One that is asked for already and not paid is asked for
// together with it. The renewal is not saved in another state.
func (s *Service) askFee(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, more money.Money) error {
	settled, err := feeSettled(ctx, tx, *r)
	if err != nil {
		return err
	}
	sum := more
	if settled {
		if err := keepFee(ctx, tx, r); err != nil {
			return err
		}
	} else {
		_, line, err := billing.LineOf(ctx, tx, r.FeeLineID)
		if err != nil {
			return err
		}
		sum.Amount += line.Left().Amount
		old := r.FeeLineID
		r.FeeLineID, r.FeeInvoiceID = "", ""
		if err := domainname.AskMore(ctx, tx, r); err != nil {
			return err
		}
		if err := s.remove(ctx, tx, old, "asked for together with what is missing", inFlight); err != nil {
			return err
		}
	}
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return err
	}
	buyer, err := customer.Load(ctx, tx, d.CustomerID)
	if err != nil {
		return err
	}
	line := billing.NewLine{
		ID: tx.NewID("lin"), Description: feeText(*d), Quantity: 1, UnitAmount: sum,
		TaxClass: billing.StandardTax, Kind: LinkFee, Target: d.ID,
	}
	r.Fee = money.New(r.Fee.Amount+more.Amount, r.Price.Currency)
	r.FeeLineID = line.ID
	if err := domainname.AskMore(ctx, tx, r); err != nil {
		return err
	}
	inv, err := s.billing.Issue(ctx, tx, billing.NewInvoice{
		CustomerID: d.CustomerID, Kind: billing.KindRenewal, Currency: sum.Currency, Buyer: partyOf(buyer), Lines: []billing.NewLine{line},
		DueOn: civil.Of(tx.Now, st.TimeZone),
	})
	if err != nil {
		return err
	}
	r.FeeInvoiceID = inv.ID
	return domainname.AskMore(ctx, tx, r)
}
