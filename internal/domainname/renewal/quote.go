package renewal

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/task"
	"github.com/keystead/keystead/internal/text"
)

// EventPriceDiffers tells that the registry asks for more for a premium name than its customer was promised, so that no
// invoice is made for it by itself.
const EventPriceDiffers = "domain.price_differs"

// UseQuotes names who asks the registry what renewals of a premium name cost. It is asked before terms are shown or ordered,
// outside of transactions. Call it before the first verb.
func (s *Service) UseQuotes(f func(ctx context.Context, domainID string) error) { s.quotes = f }

// AskPrice has the registry asked what the renewals of a domain cost, if it is one that the registry prices by itself. Where
// nothing is heard the price stays unknown, which is said with the terms.
func (s *Service) AskPrice(ctx context.Context, domainID string) {
	if s.quotes == nil || db.Joined(ctx) {
		return
	}
	premium := false
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		d, err := domainname.Load(ctx, tx, domainID)
		premium = d.Premium != nil
		return err
	})
	if err == nil && premium {
		_ = s.quotes(ctx, domainID)
	}
}

// dearer reports whether the registry asks for more for the stored term of a premium name than the customer was promised.
// Then no invoice is made by itself: the customer is told, once for each due date and price, and orders the renewal at the
// new price, or staff promise another one.
func dearer(ctx context.Context, tx *db.Tx, d domainname.Domain, st setting.Settings) (bool, error) {
	asked, known := d.Premium.Asked(d.Term, d.Recurring.Currency, st.Rate, tx.Now)
	if !known || asked.Amount <= d.Recurring.Amount {
		return false, nil
	}
	occasion := d.NextDue.String() + " " + asked.String()
	n, err := tx.CountStaffTasks(ctx, query.CountStaffTasksParams{Kind: TaskPrice, SubjectID: d.ID, Occasion: occasion})
	if err != nil || n > 0 {
		return true, err
	}
	err = ask(ctx, tx, d, TaskPrice, occasion, fmt.Sprintf("The registry asks %s to renew %s for %s, and %s was promised. No invoice is made for it by itself: "+
		"the customer can order the renewal at the new price, or you change what it costs.", asked, d.Name.Unicode(), yearsOf(d.Term), d.Recurring))
	if err != nil {
		return true, err
	}
	return true, event.Emit(ctx, tx, event.New{Type: EventPriceDiffers, SubjectID: d.ID, CustomerID: d.CustomerID, Data: map[string]any{
		"domain_id": d.ID, "name": d.Name.String(), "shown": d.Name.Unicode(), "term_years": d.Term, "due_on": d.NextDue, "before": d.Recurring, "after": asked, "differs": true,
	}})
}

// QuoteRestore enters what the restore of one domain costs, as staff have found out from its registry. It counts until the
// redemption of the present term is over, in the place of the fee of its policy. An unpaid renewal, or one that was paid and
// waits for it, is asked for the fee at once.
func (s *Service) QuoteRestore(ctx context.Context, domainID string, fee money.Money, why string) (d domainname.Domain, err error) {
	if why, err = text.Notes(why, text.NotesLength); err != nil {
		return d, fail.Invalid("reason", err.Error())
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		var open *domainname.Renewal
		if d, open, err = s.lock(ctx, tx, domainID); err != nil {
			return err
		}
		if fee.Currency != d.Recurring.Currency {
			return fail.Invalid("fee", "is not in "+string(d.Recurring.Currency))
		}
		if err := domainname.CheckAmount("fee", fee); err != nil {
			return err
		}
		st, err := setting.Load(ctx, tx)
		if err != nil {
			return err
		}
		p, known, err := domainname.PolicyAt(ctx, tx, d.Extension, domainname.RegistryDate(tx.Now))
		if err != nil {
			return err
		}
		term, ok := restorable(d, open, p, tx)
		if !known || !ok {
			return fail.Conflict("NO_RESTORE", "No restore of this domain is possible, now or later in its term.")
		}
		before := "none"
		if d.RestoreQuote != nil {
			before = d.RestoreQuote.Fee.String()
		}
		if err := domainname.QuoteRestore(ctx, tx, &d, domainname.RestoreQuote{Fee: fee, Term: term, At: tx.Now}); err != nil {
			return err
		}
		if err := task.Settled(ctx, tx, TaskQuote, d.ID); err != nil {
			return err
		}
		if err := audit(ctx, tx, "domain.restore_quoted", d, before, fee.String(), why); err != nil || open == nil {
			return err
		}
		return s.askQuoted(ctx, tx, d, open, p, st)
	})
	return d, err
}

// restorable says for which term a quote of a restore counts, and whether there can be one.
func restorable(d domainname.Domain, open *domainname.Renewal, p domainname.Policy, tx *db.Tx) (term civil.Date, ok bool) {
	term, _ = d.TermEnd()
	if open != nil && open.PaidAt != nil {
		term = open.Base // its dates have moved already
	}
	stage := domainname.Assess(d, p, open, tx.Now).Stage
	if !d.Status.Live() || term.IsZero() || stage == domainname.StageExpired {
		return term, false
	}
	return term, p.RedemptionDays > 0 || stage == domainname.StageRedemption
}

// askQuoted asks for the fee of a restore that was just quoted, where a renewal waits for that.
func (s *Service) askQuoted(ctx context.Context, tx *db.Tx, d domainname.Domain, r *domainname.Renewal, p domainname.Policy, st setting.Settings) error {
	switch {
	case r.State == domainname.RenewalHeld && r.Hold == domainname.HeldStaff && r.Cause == domainname.NeedsQuote:
		return s.resume(ctx, tx, &d, r) // the registry is read again, and the fee asked for by what it says
	case r.State != domainname.RenewalOpen && (r.State != domainname.RenewalHeld || r.Hold != domainname.HeldTopUp):
		return nil
	}
	due := dueOf(d, *r, p, st, tx.Now)
	if due.withdraw != "" || due.stage != domainname.StageRedemption {
		return nil
	}
	if due.fee.Amount > 0 {
		return s.addFee(ctx, tx, d, r, due, st)
	}
	settled, err := feeSettled(ctx, tx, *r)
	if err != nil || !settled || r.State != domainname.RenewalHeld {
		return err
	}
	return s.resume(ctx, tx, &d, r)
}

// mayCharge keeps money from being taken for what can't be done at the price that is asked: in redemption a renewal waits
// until the fee of the restore is known.
func (s *Service) mayCharge(ctx context.Context, tx *db.Tx, inv billing.Invoice) error {
	for _, line := range inv.Lines {
		if line.Link == nil || line.Link.Kind != LinkRenewal || line.Link.State != billing.Pending {
			continue
		}
		r, err := domainname.RenewalOfLine(ctx, tx, line.ID)
		if err != nil {
			return err
		}
		if r.State != domainname.RenewalOpen {
			continue
		}
		d, err := domainname.Load(ctx, tx, r.DomainID)
		if err != nil {
			return err
		}
		q, err := asked(ctx, tx, d, domainname.ByCustomer)
		if err != nil || q.Policy == nil {
			return err
		}
		stage := domainname.Assess(d, *q.Policy, &r, tx.Now).Stage
		if _, known := d.FeeAt(*q.Policy, stage, r.Base, r.Price.Currency, q.Rates); !known {
			return domainname.Refusal{Reason: domainname.QuoteNeeded}.Err()
		}
	}
	return nil
}
