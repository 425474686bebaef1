package renewal

import (
	"context"
	"fmt"
	"slices"
	"time"

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
	asked, known := d.Asked(d.Term, d.Recurring.Currency, st.Rate, tx.Now)
	if !known || asked.Amount <= d.Recurring.Amount {
		return false, nil
	}
	occasion := d.NextDue.String() + " " + asked.String()
	n, err := tx.CountStaffTasks(ctx, query.CountStaffTasksParams{Kind: TaskPrice, SubjectID: d.ID, Occasion: occasion})
	if err != nil || n > 0 {
		return true, err
	}
	err = ask(ctx, tx, d, TaskPrice, occasion, fmt.Sprintf("The registry asks %s to renew %s for %s, and %s was promised. No invoice is made for it by itself: "+
		"the customer can order the renewal at the new price, or you change what it costs.", asked.Format("en"), d.Name.Unicode(), yearsOf(d.Term), d.Recurring.Format("en")))
	if err != nil {
		return true, err
	}
	return true, event.Emit(ctx, tx, event.New{Type: EventPriceDiffers, SubjectID: d.ID, CustomerID: d.CustomerID, Data: map[string]any{
		"domain_id": d.ID, "name": d.Name.String(), "shown": d.Name.Unicode(), "term_years": d.Term, "due_on": d.NextDue, "before": d.Recurring, "after": asked, "differs": true,
	}})
}

// QuoteRenewal enters what a renewal of a domain costs that its registry prices by itself, as staff have found out where no registrar
// tells it. It counts until the present term is renewed: for the automatic invoice, up to the promise, for orders, and before it is
// sent. A renewal that is paid and waits for a price goes on by it. What the registry tells itself wins.
func (s *Service) QuoteRenewal(ctx context.Context, domainID string, years int, price money.Money, why string) (d domainname.Domain, err error) {
	if why, err = text.Notes(why, text.NotesLength); err != nil {
		return d, fail.Invalid("reason", err.Error())
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		var open *domainname.Renewal
		if d, open, err = s.lock(ctx, tx, domainID); err != nil {
			return err
		}
		p, known, err := domainname.PolicyAt(ctx, tx, d.Extension, domainname.RegistryDate(tx.Now))
		if err != nil {
			return err
		}
		if err := mayQuote(d, p, known, years, price, tx.Now); err != nil {
			return err
		}
		before := "none"
		if old, ok := d.Entered(years); ok {
			before = old.String()
		}
		d.Enter(years, price)
		if err := domainname.Save(ctx, tx, &d); err != nil {
			return err
		}
		if years == d.Term || open != nil && years == open.Years {
			if err := task.Settled(ctx, tx, TaskQuote, d.ID); err != nil {
				return err
			}
		}
		if err := audit(ctx, tx, "domain.renewal_quoted", d, before, yearsOf(years)+": "+price.String(), why); err != nil {
			return err
		}
		if open == nil || !waitsForPrice(*open) {
			return nil
		}
		settled, err := feeSettled(ctx, tx, *open)
		if err != nil || !settled {
			return err // a difference was accepted, and is to be paid
		}
		return s.resume(ctx, tx, &d, open)
	})
	return d, err
}

// mayQuote reports what is wrong with a price that staff enter.
func mayQuote(d domainname.Domain, p domainname.Policy, known bool, years int, price money.Money, now time.Time) error {
	end, _ := d.TermEnd()
	switch {
	case !d.Status.Live() || end.IsZero() || !known:
		return fail.Conflict("DOMAIN_NOT_ACTIVE", "This domain can't be renewed as it is now.")
	case years < 1 || years > 9 || !p.Allows(years):
		return fail.Invalid("years", "is not a term of its renewals")
	case price.Currency != d.Recurring.Currency:
		return fail.Invalid("price", "is not in "+string(d.Recurring.Currency))
	case price.Amount == 0:
		return fail.Invalid("price", "is nothing")
	}
	if d.Premium.Tells(years, now) {
		return fail.Conflict("PRICE_KNOWN", "The registry tells itself what this renewal costs.")
	}
	return domainname.CheckAmount("price", price)
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
		old, asked := d.FeeAt(p, domainname.StageRedemption, term, fee.Currency, st.Rate)
		if err := domainname.QuoteRestore(ctx, tx, &d, domainname.RestoreQuote{Fee: fee, Term: term, At: tx.Now}); err != nil {
			return err
		}
		if err := task.Settled(ctx, tx, TaskQuote, d.ID); err != nil {
			return err
		}
		if err := audit(ctx, tx, "domain.restore_quoted", d, before, fee.String(), why); err != nil || open == nil {
			return err
		}
		if asked && old.Amount > fee.Amount {
			return s.lowerFee(ctx, tx, d, *open, money.New(old.Amount-fee.Amount, fee.Currency))
		}
		return s.askQuoted(ctx, tx, d, open, p, st)
	})
	return d, err
}

// lowerFee takes back what was asked for a restore beyond what it costs: by credit notes, so that the customer pays only the rest of an
// open invoice, and what was paid too much becomes credit.
func (s *Service) lowerFee(ctx context.Context, tx *db.Tx, d domainname.Domain, r domainname.Renewal, less money.Money) error {
	switch r.State {
	case domainname.RenewalOpen, domainname.RenewalPaid, domainname.RenewalHeld:
	default:
		return nil // it is sent: what becomes of the money is for staff to say
	}
	left := min(less.Amount, r.Fee.Amount)
	if r.Stage != domainname.StageRedemption || r.LineID == "" || left <= 0 {
		return nil // it was not asked for
	}
	lines, err := besides(ctx, tx, r)
	if err != nil {
		return err
	}
	// The ledger comes first, so that what is heard of the invoices finds it done.
	r.Fee = money.New(r.Fee.Amount-left, r.Price.Currency)
	if err := domainname.AskMore(ctx, tx, &r); err != nil {
		return err
	}
	for _, id := range slices.Backward(lines) {
		if left == 0 {
			break
		}
		inv, line, err := billing.LineOf(ctx, tx, id)
		if err != nil {
			return err
		}
		off := min(left, line.Left().Amount)
		if off <= 0 || inv.Status != billing.Open && inv.Status != billing.Paid || line.Link != nil && line.Link.State == billing.Revoked {
			continue
		}
		left -= off
		_, _, err = s.billing.Credit(ctx, tx, inv, billing.Crediting{
			Lines: []billing.LineCredit{{LineID: id, Amount: money.New(off, less.Currency)}}, Cause: billing.CauseChange,
			Reason: "The restore of " + d.Name.Unicode() + " costs less than was asked for.",
		})
		if err != nil {
			return err
		}
	}
	return s.payments.UseCredit(ctx, tx, d.CustomerID, less.Currency)
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
	case r.State == domainname.RenewalHeld && r.Hold == domainname.HeldStaff && (r.Cause == domainname.WaitsForQuote || r.Cause == domainname.WaitsForPremium):
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
