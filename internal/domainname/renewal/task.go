package renewal

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/setting"
)

// Tasks is the automation of renewals.
func (s *Service) Tasks() []automation.Task {
	return []automation.Task{
		{Kind: "domains.settle", Order: automation.OrderHolds, Due: automation.Any(lost), Run: s.settleLost},
		{Kind: "domains.account", Order: automation.OrderHolds, Due: automation.Any(toRelease), Run: s.releaseAccounts},
		{Kind: "domains.look", Order: automation.OrderExpiry, Next: s.nextLook, Due: lookDue, Run: s.lookAtAll},
		{Kind: "domains.revoked", Order: automation.OrderExpiry, Next: s.nextRevoked, Due: automation.Any(revoked), Run: s.askRevoked},
		{Kind: "domains.undo", Order: automation.OrderExpiry, Next: s.nextUndo, Due: automation.Any(askedUndo), Run: s.askToUndo},
		{Kind: "domains.prices", Order: automation.OrderInvoices - 1, Next: nextPrices, Due: pricesDue, Run: s.updatePrices},
		{
			Kind: "domains.invoice", Order: automation.OrderInvoices, Next: nextInvoice, Due: automation.Any(toInvoice),
			Run: func(ctx context.Context, p *automation.Pass) error {
				if err := s.invoiceDue(ctx, p); err != nil {
					return err
				}
				return p.Each(ctx, toInvoice(p.CustomerID()), s.invoiceOne)
			},
		},
	}
}

// toInvoice finds the domains whose automatic invoice is due.
func toInvoice(customerID string) automation.Find {
	return func(ctx context.Context, tx *db.Tx, after string, n int) ([]string, error) {
		st, err := setting.Load(ctx, tx)
		if err != nil {
			return nil, err
		}
		horizon, key := civil.Of(tx.Now, st.TimeZone).AddDays(InvoiceDays(st)).String(), dayKey(tx.Now, st.TimeZone)
		return tx.DomainIDsToInvoice(ctx, query.DomainIDsToInvoiceParams{
			Horizon: &horizon, Today: &key, After: after, CustomerID: customerID, N: int64(n),
		})
	}
}

// nextDay is the first instant after t at which a day begins, in the store's zone or by UTC.
func nextDay(t time.Time, zone *time.Location) time.Time {
	at := civil.Of(t, zone).AddDays(1).StartIn(zone)
	if utc := domainname.RegistryDate(t).AddDays(1).StartIn(time.UTC); utc.Before(at) {
		return utc
	}
	return at
}

// nextInvoice is when the next automatic invoice falls due: so many days before the next due date, or tomorrow where one could
// not be made.
func nextInvoice(ctx context.Context, tx *db.Tx, after time.Time) (time.Time, bool, error) {
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return time.Time{}, false, err
	}
	horizon := civil.Of(after, st.TimeZone).AddDays(InvoiceDays(st)).String()
	if _, err = tx.AnyDomainTried(ctx, &horizon); err == nil {
		return nextDay(after, st.TimeZone), true, nil
	}
	if !db.NotFound(err) {
		return time.Time{}, false, fmt.Errorf("domains to invoice: %w", err)
	}
	due, err := tx.NextDomainDue(ctx, &horizon)
	if db.NotFound(err) || err == nil && due == nil {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("domains to invoice: %w", err)
	}
	on, err := civil.Parse(*due)
	return on.AddDays(-InvoiceDays(st)).StartIn(st.TimeZone), true, err
}

// mostForeseen bounds of how many renewals the next instant is looked for one by one.
const mostForeseen = 200

// nextLook is when something will happen to a renewal that is not over. Where there are many, it is the next day.
func (s *Service) nextLook(ctx context.Context, tx *db.Tx, after time.Time) (at time.Time, ok bool, err error) {
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return at, false, err
	}
	rows, err := tx.OpenDomainRenewals(ctx, query.OpenDomainRenewalsParams{N: mostForeseen})
	if err != nil {
		return at, false, err
	}
	owed, err := tx.OwedToLookAt(ctx, query.OwedToLookAtParams{LookedOn: "none", N: mostForeseen})
	if err != nil {
		return at, false, err
	}
	if rows = append(rows, owed...); len(rows) == 0 {
		return at, false, nil
	}
	if len(rows) >= mostForeseen {
		return nextDay(after, st.TimeZone), true, nil
	}
	renewals, err := domainname.RenewalsIn(rows)
	if err != nil {
		return at, false, err
	}
	for _, r := range renewals {
		d, err := domainname.Load(ctx, tx, r.DomainID)
		if err != nil {
			return at, false, err
		}
		p, known, err := domainname.PolicyAt(ctx, tx, d.Extension, domainname.RegistryDate(after))
		if err != nil {
			return at, false, err
		}
		if !known {
			continue
		}
		for _, t := range instants(d, r, p, st) {
			if t.After(after) && (!ok || t.Before(at)) {
				at, ok = t, true
			}
		}
	}
	return at, ok, nil
}

// instants are those at which something may happen to a renewal that is not over.
func instants(d domainname.Domain, r domainname.Renewal, p domainname.Policy, st setting.Settings) []time.Time {
	utc := func(day civil.Date) time.Time { return day.StartIn(time.UTC) }
	w := d.WindowOf(r, p)
	all := []time.Time{utc(w.End.AddDays(1)), utc(w.LastPlain.AddDays(1)), utc(p.VoidOn(w, st.DomainVoidDays)), utc(w.Last().AddDays(1))}
	if own := d.Window(p); r.State == domainname.RenewalOpen && !own.End.IsZero() {
		all = append(all, utc(own.End.AddDays(1)), utc(own.LastPlain.AddDays(1)), utc(p.VoidOn(own, st.DomainVoidDays)))
	}
	if r.PaidAt == nil && !d.State.ReadAt.IsZero() {
		// The registry's word, which may have kept it open, counts for a day.
		all = append(all, utc(domainname.RegistryDate(d.State.ReadAt).AddDays(2)))
	}
	if r.PaidAt == nil && r.Kind == domainname.Ordered {
		all = append(all, civil.Of(r.CreatedAt, st.TimeZone).AddDays(st.DomainOrderDays).StartIn(st.TimeZone))
	}
	if r.State != domainname.RenewalOpen && r.State.Open() {
		for _, last := range []civil.Date{w.ExpireModeOn().AddDays(-1), w.LastPlain.AddDays(-1)} {
			for _, days := range alertDays {
				all = append(all, utc(last.AddDays(-days)))
			}
		}
	}
	return all
}

func nextPrices(ctx context.Context, tx *db.Tx, after time.Time) (at time.Time, ok bool, err error) {
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return at, false, err
	}
	updates, err := plannedUpdates(ctx, tx)
	if err != nil {
		return at, false, err
	}
	for _, u := range updates {
		days := []civil.Date{u.starts}
		if u.notice != nil {
			days = append(days, u.noticeOn())
		}
		for _, day := range days {
			if t := day.StartIn(st.TimeZone); t.After(after) && (!ok || t.Before(at)) {
				at, ok = t, true
			}
		}
	}
	return at, ok, nil
}

// lost finds the lines whose renewals are over, and then renewals whose money went back, whosever they are.
func lost(string) automation.Find {
	return func(ctx context.Context, tx *db.Tx, after string, n int) ([]string, error) {
		lines, err := tx.LostDomainLines(ctx, query.LostDomainLinesParams{After: after, N: int64(n)})
		if err != nil || len(lines) > 0 {
			return lines, err
		}
		return tx.CreditedDomainRenewals(ctx, query.CreditedDomainRenewalsParams{After: after, N: int64(n)})
	}
}

// settleLost makes credit of what was paid for renewals that are over, and ends those whose money went back meanwhile.
func (s *Service) settleLost(ctx context.Context, p *automation.Pass) error {
	return p.Each(ctx, lost(""),
		func(ctx context.Context, tx *db.Tx, id string) (automation.Outcome, error) {
			r, err := domainname.RenewalOfLine(ctx, tx, id)
			if err == nil {
				if _, err := customer.Lock(ctx, tx, r.CustomerID); err != nil {
					return automation.ItemSkipped, err
				}
				if err := s.giveBack(ctx, tx, r, "the renewal is over"); err != nil {
					return automation.ItemSkipped, err
				}
				return automation.ItemDone, s.payments.UseCredit(ctx, tx, r.CustomerID, r.Price.Currency)
			}
			d, r, err := s.lockRow(ctx, tx, id)
			if err != nil {
				return automation.ItemSkipped, err
			}
			inv, line, err := billing.LineOf(ctx, tx, r.LineID)
			if err != nil {
				return automation.ItemSkipped, err
			}
			return automation.ItemDone, s.moneyChanged(ctx, tx, inv, line, &d, &r)
		})
}

// revokedAhead is how many days before its term ends staff are asked about a domain whose renewal was revoked.
const revokedAhead = 35

// revoked finds the renewals that were revoked and about which staff are asked by now, whosever they are.
func revoked(string) automation.Find {
	return func(ctx context.Context, tx *db.Tx, after string, n int) ([]string, error) {
		key, err := keyNow(ctx, tx)
		if err != nil {
			return nil, err
		}
		rows, err := tx.RevokedTerms(ctx, query.RevokedTermsParams{
			Upto: domainname.RegistryDate(tx.Now).AddDays(revokedAhead).String(), After: after, LookedOn: key, N: int64(n),
		})
		ids := make([]string, len(rows))
		for i, r := range rows {
			ids[i] = r.ID
		}
		return ids, err
	}
}

// askRevoked asks staff what becomes of domains whose renewal was revoked and whose term is about to end.
func (s *Service) askRevoked(ctx context.Context, p *automation.Pass) error {
	return p.Each(ctx, revoked(""),
		func(ctx context.Context, tx *db.Tx, id string) (automation.Outcome, error) {
			d, r, err := s.lockRow(ctx, tx, id)
			if err != nil {
				return automation.ItemSkipped, err
			}
			end, _ := d.TermEnd()
			detail := fmt.Sprintf("The renewal of %s was revoked and its term ends on %s: extend paid-through, invoice it again, or let it go.", d.Name.Unicode(), end.Format("en"))
			if domainname.YearsAhead(d.Expiry.Date(), d.PaidThrough) > 0 {
				detail = fmt.Sprintf("The renewal of %s was revoked, and the registry has it until %s: extend paid-through, invoice it again, or let it go.", d.Name.Unicode(), d.Expiry.Date().Format("en"))
				d.Unanswered = true // until staff say so, the registry's date is the end of its term
				if err := domainname.Save(ctx, tx, &d); err != nil {
					return automation.ItemSkipped, err
				}
			}
			if err := ask(ctx, tx, d, TaskUnpaid, r.ID, detail); err != nil {
				return automation.ItemSkipped, err
			}
			key, err := keyNow(ctx, tx)
			if err != nil {
				return automation.ItemSkipped, err
			}
			return automation.ItemDone, tx.LookedAtRenewal(ctx, query.LookedAtRenewalParams{ID: id, LookedOn: key})
		})
}

// nextRevoked is when staff will be asked about a revoked renewal.
func (s *Service) nextRevoked(ctx context.Context, tx *db.Tx, after time.Time) (at time.Time, ok bool, err error) {
	rows, err := tx.RevokedTerms(ctx, query.RevokedTermsParams{Upto: "9999-12-31", N: mostForeseen})
	if err != nil {
		return at, false, err
	}
	for _, r := range rows {
		base, err := civil.Parse(r.Base)
		if err != nil {
			return at, false, err
		}
		if t := base.AddDays(-revokedAhead).StartIn(time.UTC); t.After(after) && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	return at, ok, nil
}
