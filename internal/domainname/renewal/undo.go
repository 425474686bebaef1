package renewal

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/page"
)

// undoAhead is how many days before the registry keeps its fee staff are asked about a year that nobody has paid for, at the latest.
const undoAhead = 3

// undoAfter is how many days after a registry has added a year by itself staff are asked whether to have it taken back: when the
// customer's last day to pay is over, or so many days before deleting returns the fee no more. ok is false where it never does.
func undoAfter(p domainname.Policy) (days int, ok bool) {
	added := civil.On(2001, time.March, 1) // any day: the windows are the same after each
	paying := added.DaysUntil(p.Window(added, civil.Date{}).LastPlain) + 1
	return max(min(paying, p.ARGPDays-undoAhead), 0), p.RegistryAutoRenews && p.ARGPDays > 0
}

// toUndo is the condition of domains whose registry has added a year that nobody has paid for, and of which staff were not asked yet.
// Where staff have renewed it by hand themselves it is owed.
const toUndo = `domains.id IN (SELECT ahead.id FROM domains AS ahead WHERE ahead.term_end < ahead.expires_on OR ahead.unanswered) AND domains.term_end < domains.expires_on
	AND domains.status IN ('active', 'grace', 'redemption') AND domains.deleted_at IS NULL
	AND NOT EXISTS (SELECT 1 FROM staff_tasks WHERE staff_tasks.kind = '` + TaskUndo + `' AND staff_tasks.subject_id = domains.id AND staff_tasks.occasion = domains.expires_on)
	AND NOT EXISTS (SELECT 1 FROM domain_renewals WHERE domain_renewals.domain_id = domains.id
		AND (domain_renewals.state IN ('paid', 'held', 'arranged', 'submitted', 'unknown', 'attention') OR domain_renewals.state = 'confirmed' AND ` + ofTheTerm + `))`

// ofTheTerm is the condition of renewals of the term that a domain is in, whose end may have been corrected by some days since. Days
// are counted in months of 31, which both databases can: no more than seven of them are up to ten.
const ofTheTerm = `ABS(CAST(SUBSTR(domains.term_end, 1, 4) AS BIGINT) * 372 + CAST(SUBSTR(domains.term_end, 6, 2) AS BIGINT) * 31 + CAST(SUBSTR(domains.term_end, 9, 2) AS BIGINT)
	- CAST(SUBSTR(domain_renewals.base, 1, 4) AS BIGINT) * 372 - CAST(SUBSTR(domain_renewals.base, 6, 2) AS BIGINT) * 31 - CAST(SUBSTR(domain_renewals.base, 9, 2) AS BIGINT)) <= 10`

// undoable adds to w the condition of domains of which staff were not asked yet, and whose registry's date is between the days that
// bounds names of their extension. some is false if there are none.
func undoable(ctx context.Context, tx *db.Tx, w *page.Where, bounds func(p domainname.Policy, after int) (from, upto civil.Date)) (some bool, err error) {
	if some, err = tx.AnyDomainAhead(ctx); err != nil || !some {
		return false, err
	}
	policies, err := domainname.PoliciesAt(ctx, tx, domainname.RegistryDate(tx.Now))
	if err != nil {
		return false, err
	}
	var of []string
	for _, p := range policies {
		if after, ok := undoAfter(p); ok {
			from, upto := bounds(p, after)
			of = append(of, fmt.Sprintf("domains.extension = %s AND domains.expires_on >= %s AND domains.expires_on <= %s", w.Arg(p.Extension), w.Arg(from.String()), w.Arg(upto.String())))
		}
	}
	w.Add(toUndo)
	w.Add("(" + strings.Join(of, " OR ") + ")")
	return len(of) > 0, nil
}

// askedUndo finds the domains about which staff are asked now.
func askedUndo(customerID string) automation.Find {
	return func(ctx context.Context, tx *db.Tx, after string, n int) (ids []string, err error) {
		today, w := domainname.RegistryDate(tx.Now), &page.Where{}
		some, err := undoable(ctx, tx, w, func(p domainname.Policy, after int) (from, upto civil.Date) {
			return domainname.AddYears(today.AddDays(-p.ARGPDays), 1), domainname.AddYears(today.AddDays(-after), 1)
		})
		if err != nil || !some {
			return nil, err
		}
		w.Add("domains.id > $?", after)
		if customerID != "" {
			w.Add("domains.customer_id = $?", customerID)
		}
		limit := w.Arg(int64(n))
		rows, err := tx.SQL().QueryContext(ctx, `SELECT domains.id FROM domains`+w.String()+` ORDER BY domains.id LIMIT CAST(`+limit+` AS BIGINT)`, w.Args()...)
		if err != nil {
			return nil, fmt.Errorf("years to take back: %w", err)
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return nil, fmt.Errorf("years to take back: %w", err)
			}
			ids = append(ids, id)
		}
		return ids, rows.Err()
	}
}

// nextUndo is when staff will be asked next.
func (s *Service) nextUndo(ctx context.Context, tx *db.Tx, after time.Time) (at time.Time, ok bool, err error) {
	today, w, days := domainname.RegistryDate(after), &page.Where{}, map[string]int{}
	some, err := undoable(ctx, tx, w, func(p domainname.Policy, after int) (from, upto civil.Date) {
		days[p.Extension] = after
		return domainname.AddYears(today.AddDays(-after), 1).AddDays(1), domainname.AddYears(today, 1)
	})
	if err != nil || !some {
		return at, false, err
	}
	rows, err := tx.SQL().QueryContext(ctx, `SELECT domains.extension, MIN(domains.expires_on) FROM domains`+w.String()+` GROUP BY domains.extension`, w.Args()...)
	if err != nil {
		return at, false, fmt.Errorf("years to take back: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var extension, first string
		if err := rows.Scan(&extension, &first); err != nil {
			return at, false, fmt.Errorf("years to take back: %w", err)
		}
		on, err := civil.Parse(first)
		if err != nil {
			return at, false, err
		}
		if t := domainname.AddYears(on, -1).AddDays(days[extension]).StartIn(time.UTC); t.After(after) && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	return at, ok, rows.Err()
}

// askToUndo asks staff whether a year that nobody has paid for shall be taken back, in time for that.
func (s *Service) askToUndo(ctx context.Context, p *automation.Pass) error {
	return p.Each(ctx, askedUndo(p.CustomerID()),
		func(ctx context.Context, tx *db.Tx, id string) (automation.Outcome, error) {
			d, _, err := s.lock(ctx, tx, id)
			if err != nil {
				return automation.ItemSkipped, err
			}
			today := domainname.RegistryDate(tx.Now)
			policy, known, err := domainname.PolicyAt(ctx, tx, d.Extension, today)
			if err != nil {
				return automation.ItemSkipped, err
			}
			until, ok := d.Undo(policy)
			if !known || !ok || d.State.Deleting(tx.Now) {
				return automation.ItemSkipped, nil
			}
			fee := "its fee"
			if cost, ok, err := domainname.YearCost(ctx, tx, d, today); err != nil {
				return automation.ItemSkipped, err
			} else if ok {
				fee = "its fee of " + cost.Format("en")
			}
			pays := fmt.Sprintf("The customer's last day to pay is %s", d.Window(policy).LastPlain.Format("en"))
			if today.After(d.Window(policy).LastPlain) {
				pays = strings.Replace(pays, " is ", " was ", 1)
			}
			return automation.ItemDone, ask(ctx, tx, d, TaskUndo, d.Expiry.Date().String(), fmt.Sprintf(
				"The registry has renewed %s by itself until %s, and nobody has paid. %s. Deleting it at the registry until %s returns %s; after that the year is the store's to pay.",
				d.Name.Unicode(), d.Expiry.Date().Format("en"), pays, until.Format("2 January 2006, 15:04 UTC"), fee))
		})
}
