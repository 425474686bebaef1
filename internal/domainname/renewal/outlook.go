package renewal

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/setting"
)

func (s *Service) unconfirmed(ctx context.Context, tx *db.Tx) (all []Unsafe, err error) {
	today := domainname.RegistryDate(tx.Now)
	policies := map[string]domainname.Policy{}
	for after := ""; ; {
		rows, err := tx.UnconfirmedDomainRenewals(ctx, query.UnconfirmedDomainRenewalsParams{After: after, N: pageSize})
		if err != nil {
			return nil, fmt.Errorf("unconfirmed renewals: %w", err)
		}
		renewals, err := domainname.RenewalsIn(rows)
		if err != nil {
			return nil, err
		}
		for _, r := range renewals {
			d, err := domainname.Load(ctx, tx, r.DomainID)
			if err != nil {
				return nil, err
			}
			p, known := policies[d.Extension]
			if !known {
				if p, _, err = domainname.PolicyAt(ctx, tx, d.Extension, today); err != nil {
					return nil, err
				}
				policies[d.Extension] = p
			}
			all = append(all, Unsafe{Renewal: r, Name: d.Name.String(), LastSafe: d.WindowOf(r, p).LastSafeDay(today)})
		}
		if len(renewals) < pageSize {
			break
		}
		after = renewals[len(renewals)-1].ID
	}
	slices.SortFunc(all, func(a, b Unsafe) int {
		return cmp.Or(a.LastSafe.Compare(b.LastSafe), cmp.Compare(a.Renewal.ID, b.Renewal.ID))
	})
	return all, nil
}

// Outlook foretells, as things are now.
func (s *Service) Outlook(ctx context.Context, domainID string) (o Outlook, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		o = Outlook{}
		d, err := domainname.Load(ctx, tx, domainID)
		if err != nil {
			return err
		}
		q, err := asked(ctx, tx, d, domainname.ByAutomation)
		if err != nil {
			return err
		}
		st, err := setting.Load(ctx, tx)
		if err != nil {
			return err
		}
		o.Open, o.Standing = q.Open, domainname.Standing{Status: d.Status}
		if o.AccountHeld, err = accountHeld(ctx, tx, d.CustomerID); err != nil {
			return err
		}
		if q.Policy == nil {
			return nil
		}
		o.Standing = domainname.Assess(d, *q.Policy, q.Open, tx.Now)
		owed, err := askedFor(ctx, tx, d)
		if err != nil {
			return err
		}
		served, err := served(ctx, tx, d)
		if err != nil {
			return err
		}
		then := func(day civil.Date) domainname.Policy {
			p, known, failed := domainname.PolicyAt(ctx, tx, d.Extension, day)
			if failed != nil || !known {
				err = failed
				return *q.Policy
			}
			return p
		}
		o.foresee(d, q, owed, served, st, then)
		return err
	})
	return o, err
}

// asking is what an open invoice asks for the renewal of a domain's present term, before tax, together with the one of its fee.
type asking struct {
	due   civil.Date
	sum   money.Money
	years int  // that the registry is still to add; 0: it has them
	fee   bool // by an invoice of its own
}

// askedFor is what an open invoice asks for a domain's present term; nil: none does.
func askedFor(ctx context.Context, tx *db.Tx, d domainname.Domain) (*asking, error) {
	r, err := owedOf(ctx, tx, d)
	if err != nil || r == nil || r.InvoiceID == "" || r.PaidAt != nil {
		return nil, err
	}
	inv, err := billing.Load(ctx, tx, r.InvoiceID)
	if err != nil || inv.Status != billing.Open {
		return nil, err
	}
	a := asking{due: inv.DueOn, sum: money.New(0, r.Price.Currency)}
	for _, line := range inv.LeftOf(r.LineID) { // with the fee beside it
		a.sum.Amount += line.Amount.Amount
	}
	if r.FeeInvoiceID != "" {
		fee, err := billing.Load(ctx, tx, r.FeeInvoiceID)
		if err != nil {
			return nil, err
		}
		for _, line := range fee.LeftOf(r.FeeLineID) {
			if fee.Status == billing.Open {
				a.sum.Amount, a.fee = a.sum.Amount+line.Amount.Amount, true
			}
		}
	}
	if r.State == domainname.RenewalOpen {
		a.years = r.Years
	}
	return &a, nil
}

// served reports whether the service that a domain is free with goes on, or has paid for the next term already.
func served(ctx context.Context, tx *db.Tx, d domainname.Domain) (bool, error) {
	if !d.Free() || d.BundledWith == "" {
		return false, nil
	}
	service, err := tx.Subscription(ctx, d.BundledWith)
	if err != nil {
		return false, fmt.Errorf("subscription %s: %w", d.BundledWith, err)
	}
	if service.Status == "trialing" || service.Status == "active" || service.Status == "past_due" {
		return true, nil
	}
	return covered(ctx, tx, d)
}

// Unserved finds those of some domains that are free with a service and will not be renewed with it: it has ended, is cancelled or
// paused, and has not paid for the next term.
func (s *Service) Unserved(ctx context.Context, domains []domainname.Domain) (ids map[string]bool, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		ids = map[string]bool{}
		for _, d := range domains {
			if !d.Free() || d.BundledWith == "" {
				continue
			}
			goesOn, err := served(ctx, tx, d)
			if err != nil {
				return err
			}
			ids[d.ID] = !goesOn
		}
		return nil
	})
	return ids, err
}

// onOffer reports whether the registry has the term of a domain by a policy, and it has a price.
func onOffer(d domainname.Domain, q domainname.Question, p domainname.Policy) bool {
	q.Policy = &p
	return q.NeverOnOffer(d.Term) == ""
}

// foresee writes down the steps that are still to come. owed is what an open invoice asks for the term; nil: none does. served
// says that the domain is free with a service that goes on. then is the policy of a day to come.
func (o *Outlook) foresee(d domainname.Domain, q domainname.Question, owed *asking, served bool, st setting.Settings, then func(civil.Date) domainname.Policy) {
	today, w := civil.Of(q.Now, st.TimeZone), o.Standing.Window
	if !d.Status.Live() || w.End.IsZero() {
		return
	}
	add := func(on civil.Date, what string, sum money.Money, text string) {
		if !on.IsZero() && !on.Before(today) {
			o.Steps = append(o.Steps, Step{On: on, What: what, Sum: sum, Text: text})
		}
	}
	none := money.New(0, d.Recurring.Currency)
	name := d.Name.Unicode()
	the := "The" // begins what comes whatever happens
	// charge is the day on which an invoice of this due date is paid from a saved method, if that is not before another one,
	// and what is renewed by that.
	charge := func(due, from civil.Date, sum money.Money, years int, text string) {
		on := due.AddDays(-st.CaptureDays)
		if on.Before(from) {
			on = from
		}
		o.Steps = append(o.Steps, Step{On: on, Due: due, What: "charge", Sum: sum, Text: text})
		if years > 0 {
			o.Steps = append(o.Steps, Step{On: on, Due: due, What: "renew", Sum: none, Text: fmt.Sprintf("When that is paid, %s is renewed for %s.", name, yearsOf(years))})
		}
		the = "Unless that is paid before, the"
	}
	switch {
	case q.Open != nil && q.Open.State != domainname.RenewalOpen:
		o.LastSafe = o.Standing.LastSafe
		if q.Open.State == domainname.RenewalArranged {
			add(w.End, "registry_date_moves", none, fmt.Sprintf("The renewal of %s is arranged; the registry's date moves on this day.", name))
		}
		return
	case owed != nil:
		if _, known := d.FeeAt(*q.Policy, o.Standing.Stage, w.End, d.Recurring.Currency, q.Rates); !known {
			break // it can't be paid before somebody has found out what the restore costs
		}
		text := "The open invoice is paid from a saved payment method, if there is one."
		if owed.fee {
			text = "The open invoices of the renewal and of its fee are paid from a saved payment method, if there is one."
		}
		charge(owed.due, today, owed.sum, owed.years, text)
	case q.Open == nil && q.Made == nil && o.Standing.Status == domainname.Active && !d.DoNotRenew && !d.Free() && d.Term > 0 && !d.NextDue.IsZero():
		if on, ok := w.InvoiceOn(d.NextDue, InvoiceDays(st)); ok {
			if on.Before(today) {
				on = today
			}
			due := d.NextDue
			if due.Before(on) {
				due = on
			}
			if !onOffer(d, q, then(on)) {
				add(on, "no_invoice", none, fmt.Sprintf("No invoice can be made for %s: %s is not on offer. The store is asked what to do.", name, yearsOf(d.Term)))
				break
			}
			add(on, "invoice", d.Recurring, fmt.Sprintf("The invoice for %s of %s is made.", yearsOf(d.Term), name))
			charge(due, on, d.Recurring, d.Term, "It is paid from a saved payment method, if there is one.")
		}
	case served && q.Open == nil && o.Standing.Status == domainname.Active && !d.DoNotRenew && d.Term > 0 && !d.NextDue.IsZero():
		on := d.NextDue
		if on.Before(today) {
			on = today
		}
		add(on, "renew", none, fmt.Sprintf("%s is renewed for %s at no charge, when the service is paid that it is free with.", name, yearsOf(d.Term)))
		the = "Unless it is renewed before, the"
	}
	if d.DeletedAt != nil { // it has ended, and only a restore is possible
		if o.Standing.Stage == domainname.StageRedemption {
			fee, _ := d.FeeAt(*q.Policy, domainname.StageRedemption, w.End, d.Recurring.Currency, q.Rates)
			add(w.LastRestore, "redemption_ends", fee, "The last day of a restore.")
		}
		return
	}
	add(w.End, "term_ends", none, fmt.Sprintf("%s term of %s ends.", the, name))
	last := none
	if fee, known := d.FeeAt(*q.Policy, domainname.StageGrace, w.End, d.Recurring.Currency, q.Rates); known && w.LastPlain.After(w.End) {
		last = fee
	}
	add(w.LastPlain, "last_day", last, "The last day of a renewal without a restore.")
	if w.LastPlain.After(w.End) {
		add(w.LastPlain, "grace_ends", last, the+" grace period ends.")
	}
	if !w.LastRestore.IsZero() {
		fee, _ := d.FeeAt(*q.Policy, domainname.StageRedemption, w.End, d.Recurring.Currency, q.Rates)
		add(w.LastRestore, "redemption_ends", fee, "The last day of a restore.")
	}
	slices.SortStableFunc(o.Steps, func(a, b Step) int { return a.On.Compare(b.On) })
}
