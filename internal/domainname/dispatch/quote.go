package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/setting"
)

// The price of a premium name is the registry's, and only the registry knows it. It is asked for in the days before an
// automatic invoice, when somebody wants to see or to order a renewal, and directly before a command.

const (
	// quoteAhead is how many days before its automatic invoice a premium name is asked for at first.
	quoteAhead = 3
	// quoteEvery is how often it is asked for again until it is invoiced: twice as often as a quote grows old.
	quoteEvery = 12 * time.Hour
	// quoteLife is for how long what was asked for on demand is not asked for again.
	quoteLife = time.Hour
	// quoteWait is how long somebody waits for it, and quotePause how long after nothing was heard it is asked again.
	quoteWait  = 5 * time.Second
	quotePause = time.Minute
)

// TaskQuote is the kind of the questions about a price that the registry does not tell, and staff have to find out.
const TaskQuote = "domain.quote_needed"

// quoteAt is when the registry is asked what a premium name costs, because its automatic invoice comes up; nil: it does not.
func (f facts) quoteAt() *time.Time {
	d := f.domain
	switch {
	case d.Premium == nil || d.RegistrarID == "" || f.policy == nil || f.open != nil:
		return nil
	case !d.Status.Live() || d.DoNotRenew || d.Term == 0 || d.Free() || d.NextDue.IsZero():
		return nil
	}
	w := d.Window(*f.policy)
	if w.End.IsZero() || domainname.RegistryDate(f.now).After(w.LastPlain) {
		return nil
	}
	on, ok := w.InvoiceOn(d.NextDue, f.days)
	if !ok {
		return nil
	}
	at := on.AddDays(-quoteAhead).StartIn(f.zone)
	if next := d.Premium.QuotedAt.Add(quoteEvery); next.After(at) {
		at = next
	}
	return &at
}

// quoteDue asks what a premium name costs before its automatic invoice. Where the registry does not say it, staff are asked.
func (w *worker) quoteDue(ctx context.Context, f facts) (step, error) {
	quotes, err := w.quotes(ctx, f, []int{f.domain.Term})
	if err != nil {
		return w.unread(ctx, f.domain, err)
	}
	w.tries = 0
	return again, w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		if d.Premium == nil {
			return nil
		}
		kept := keepQuotes(d, quotes, tx.Now)
		if err := w.askForPrice(ctx, tx, *d, d.Term); err != nil {
			return err
		}
		if !kept {
			d.Premium.Renew, d.Premium.QuotedAt = nil, tx.Now // so that it is asked again some time later
		}
		return domainname.Save(ctx, tx, d)
	})
}

// askForPrice asks staff for a price that the registry does not tell, or for which there is no rate of exchange.
func (w *worker) askForPrice(ctx context.Context, tx *db.Tx, d domainname.Domain, years int) error {
	st, err := setting.Load(ctx, tx)
	if err != nil || d.Premium == nil {
		return err
	}
	if _, known := d.Asked(years, d.Recurring.Currency, st.Rate, tx.Now); known {
		return w.answered(ctx, tx, TaskQuote)
	}
	why := "the registry does not say it; find it out, and enter it on the domain's page"
	if quoted, ok := d.Premium.Renew[years]; ok && d.Premium.Fresh(tx.Now) {
		why = fmt.Sprintf("the registry asks %s, and the store has no rate of exchange to %s", quoted.Format("en"), d.Recurring.Currency)
	}
	return w.ask(ctx, tx, TaskQuote, "price "+d.NextDue.String(),
		fmt.Sprintf("The price of the premium name %s is not known: %s. No invoice is made before that.", d.Name.Unicode(), why))
}

// quotes asks what renewals of a domain cost, for some terms each. What the registry gives no price for is not among it.
func (w *worker) quotes(ctx context.Context, f facts, terms []int) (map[int]registrar.Quote, error) {
	reg, err := w.open(ctx, f.domain)
	if err != nil {
		return nil, err
	}
	if c := reg.Capabilities(); !c.Quote || c.Manual {
		return nil, nil
	}
	found := map[int]registrar.Quote{}
	for _, years := range terms {
		q, err := w.quoteOf(ctx, reg, registrar.Quoting{Name: f.domain.Name.String(), Command: "renew", Years: years, Currency: f.domain.Recurring.Currency})
		if err != nil {
			return nil, err
		}
		if q.Known {
			found[years] = q
		}
	}
	return found, nil
}

// quoteOf asks for one price.
func (w *worker) quoteOf(ctx context.Context, reg registrar.Registrar, asked registrar.Quoting) (q registrar.Quote, err error) {
	err = w.inTime(ctx, func(ctx context.Context) (err error) {
		q, err = registrar.QuoteIn(ctx, reg, transactionID, asked)
		return err
	})
	if err != nil {
		return q, fmt.Errorf("quote for %s: %w", asked.Name, err)
	}
	return q, nil
}

// keepQuotes keeps what the registry asks for a name that it prices by itself, in the place of what it asked before: each
// price is as old as the others. It reports whether anything was told.
func keepQuotes(d *domainname.Domain, quotes map[int]registrar.Quote, now time.Time) bool {
	if len(quotes) == 0 {
		return false
	}
	var premium *domainname.Premium
	for years, q := range quotes {
		if !q.Premium {
			continue
		}
		if premium == nil {
			premium = &domainname.Premium{Class: q.Class, Renew: domainname.List{}, QuotedAt: now}
		}
		premium.Renew[years] = q.Price
	}
	d.Premium = premium
	return true
}

// Quote asks what the renewals of a premium name cost, for each term that can be had, unless that was asked lately. Somebody
// waits for it: what is not heard in a few seconds stays unknown.
func (s *Service) Quote(ctx context.Context, domainID string) error {
	var f facts
	var terms []int
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		if f.domain, err = domainname.Load(ctx, tx, domainID); err != nil {
			return err
		}
		if f.policy, err = policyOf(ctx, tx, f.domain); err != nil || f.policy == nil {
			return err
		}
		if f.open, err = domainname.OpenRenewal(ctx, tx, domainID); err != nil {
			return err
		}
		f.now = tx.Now
		terms, err = quotedTerms(ctx, tx, f)
		return err
	})
	d := f.domain
	if err != nil || d.Premium == nil || f.policy == nil || !d.Status.Live() || d.RegistrarID == "" {
		return err
	}
	covered := !slices.ContainsFunc(terms, func(years int) bool { _, ok := d.Premium.Renew[years]; return !ok })
	if covered && f.now.Sub(d.Premium.QuotedAt) < quoteLife || !s.mayQuote(domainID) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, quoteWait)
	defer cancel()
	w, err := s.borrow(ctx, domainID)
	if err != nil {
		return err
	}
	quotes, err := w.quotes(ctx, f, terms)
	if err == nil && len(quotes) > 0 {
		err = w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
			keepQuotes(d, quotes, tx.Now)
			return domainname.Save(ctx, tx, d)
		})
	}
	return errors.Join(err, w.giveBack(ctx))
}

// quotedTerms are those for which a domain may be renewed: the terms that are priced for anybody in its currency, its own, and
// that of the renewal that waits.
func quotedTerms(ctx context.Context, tx *db.Tx, f facts) (terms []int, err error) {
	prices, err := domainname.PricesOf(ctx, tx, f.domain.Extension)
	if err != nil {
		return nil, err
	}
	wanted := map[int]bool{f.domain.Term: true}
	if f.open != nil {
		wanted[f.open.Years] = true
	}
	for _, p := range prices {
		if p.Kind == domainname.ForRenewal && p.Amount != domainname.Disabled && p.Currency == f.domain.Recurring.Currency {
			wanted[p.Years] = true
		}
	}
	for years := 1; years < 10; years++ {
		if wanted[years] && f.policy.Allows(years) {
			terms = append(terms, years)
		}
	}
	return terms, nil
}

// mayQuote keeps a domain from being asked for again and again when nothing is heard.
func (s *Service) mayQuote(domainID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.db.Wall().Now()
	for id, at := range s.quoted {
		if now.Sub(at) >= quotePause {
			delete(s.quoted, id)
		}
	}
	if _, lately := s.quoted[domainID]; lately {
		return false
	}
	s.quoted[domainID] = now
	return true
}

// horizon is up to which due date premium names are asked for by now.
func horizon(ctx context.Context, tx *db.Tx, now time.Time) (upto civil.Date, st setting.Settings, err error) {
	if st, err = setting.Load(ctx, tx); err != nil {
		return upto, st, err
	}
	return civil.Of(now, st.TimeZone).AddDays(st.DomainInvoiceAhead() + quoteAhead), st, nil
}

// nextQuote is the next day on which a premium name comes near enough to its invoice to be asked for.
func (s *Service) nextQuote(ctx context.Context, tx *db.Tx, after time.Time) (time.Time, bool, error) {
	upto, st, err := horizon(ctx, tx, after)
	if err != nil {
		return time.Time{}, false, err
	}
	due, err := tx.NextPremiumDue(ctx, new(upto.String()))
	if db.NotFound(err) || err == nil && due == nil {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("premium names: %w", err)
	}
	on, err := civil.Parse(*due)
	return on.AddDays(-st.DomainInvoiceAhead() - quoteAhead).StartIn(st.TimeZone), true, err
}

// planQuotes has the worker ask for the premium names whose automatic invoice comes up. In a test store that is done before
// the invoices of the same instant.
func (s *Service) planQuotes(ctx context.Context, p *automation.Pass) error {
	if p.CustomerID() != "" {
		return nil
	}
	n, err := s.planPremium(ctx)
	p.DoneMany(n)
	if err != nil || n == 0 || !s.db.Still() {
		return err
	}
	_, err = s.RunDue(ctx)
	return err
}

// premiumNames are some of those that may have to be asked for by now.
func premiumNames(ctx context.Context, tx *db.Tx, after string) ([]string, error) {
	upto, _, err := horizon(ctx, tx, tx.Now)
	if err != nil {
		return nil, err
	}
	ids, err := tx.PremiumDomainsToQuote(ctx, query.PremiumDomainsToQuoteParams{Horizon: new(upto.String()), After: after, N: atOnce})
	if err != nil {
		return nil, fmt.Errorf("premium names: %w", err)
	}
	return ids, nil
}

// quoteAt is when a premium name is to be asked for; nil: it is not.
func (s *Service) quoteAt(ctx context.Context, tx *db.Tx, id string) (*time.Time, error) {
	w := &worker{Service: s, id: id}
	f, err := w.known(ctx, tx)
	if err != nil {
		return nil, err
	}
	return f.quoteAt(), nil
}

// anyToQuote reports whether a premium name is to be asked for, now or sooner than the worker will look at it.
func (s *Service) anyToQuote(ctx context.Context, tx *db.Tx, customerID string) (bool, error) {
	if customerID != "" {
		return false, nil
	}
	for after := ""; ; {
		ids, err := premiumNames(ctx, tx, after)
		if err != nil {
			return false, err
		}
		for _, id := range ids {
			at, err := s.quoteAt(ctx, tx, id)
			if err != nil {
				return false, err
			}
			if at == nil {
				continue
			}
			var planned *clock.Instant
			if err := tx.SQL().QueryRowContext(ctx, "SELECT work_at FROM domains WHERE id = $1", id).Scan(&planned); err != nil {
				return false, fmt.Errorf("work at domain %s: %w", id, err)
			}
			if !at.After(tx.Now) || planned == nil || planned.Time().After(*at) {
				return true, nil
			}
		}
		if len(ids) < atOnce {
			return false, nil
		}
		after = ids[len(ids)-1]
	}
}

// planPremium returns how many are to be asked for now.
func (s *Service) planPremium(ctx context.Context) (n int, err error) {
	for after := ""; ; {
		var ids []string
		now := 0
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			now = 0
			var err error
			if ids, err = premiumNames(ctx, tx, after); err != nil {
				return err
			}
			for _, id := range ids {
				at, err := s.quoteAt(ctx, tx, id)
				if err != nil {
					return err
				}
				if at == nil {
					continue
				}
				if err := domainname.Work(ctx, tx, id, *at); err != nil {
					return err
				}
				if !at.After(tx.Now) {
					now++
				}
			}
			return nil
		})
		if err != nil {
			return n, err
		}
		if n += now; len(ids) < atOnce {
			return n, nil
		}
		after = ids[len(ids)-1]
	}
}
