package domainname

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/setting"
)

// where is the condition of the filter on domains.
func (p PriceFilter) where() *page.Where {
	var w page.Where
	w.Add("term IS NOT NULL")
	if p.Status == "" {
		w.Add("status NOT IN ('expired', 'transferred_away', 'cancelled', 'fraud')")
	} else {
		w.Add("status = $?", string(p.Status))
	}
	if !p.Free {
		w.Add("recurring_amount > 0")
	}
	if !p.Premium {
		w.Add("premium IS NULL")
	}
	for column, value := range map[string]string{"extension": p.Extension, "currency": string(p.Currency), "registrar_id": p.RegistrarID} {
		if value != "" {
			w.Add(column+" = $?", value)
		}
	}
	if p.Group != "" {
		w.Add("customer_id IN (SELECT id FROM customers WHERE customer_group = $?)", p.Group)
	}
	if p.Term > 0 {
		w.Add("term = CAST($? AS BIGINT)", int64(p.Term))
	}
	if p.From != nil {
		w.Add("recurring_amount >= CAST($? AS BIGINT)", *p.From)
	}
	if p.To != nil {
		w.Add("recurring_amount <= CAST($? AS BIGINT)", *p.To)
	}
	return &w
}

// priced is by what a domain's list price and cost are found, besides its term.
type priced struct{ extension, registrarID, group string }

// eachPriced goes through n domains of a filter after an id, in the order of their ids; n 0: all of them.
func (p PriceFilter) eachPriced(ctx context.Context, tx *db.Tx, after string, n int, f func(r PriceUpdateRow, of priced) error) error {
	w := p.where()
	w.Add("id > $?", after)
	limit := ""
	if n > 0 {
		limit = fmt.Sprintf(" LIMIT %d", n)
	}
	rows, err := tx.SQL().QueryContext(ctx, `SELECT id, name, customer_id, term, currency, recurring_amount, extension, COALESCE(registrar_id, ''),
		(SELECT customer_group FROM customers WHERE customers.id = domains.customer_id) FROM domains`+
		w.String()+` ORDER BY id`+limit, w.Args()...)
	if err != nil {
		return fmt.Errorf("domains of a price update: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r PriceUpdateRow
		var of priced
		err := rows.Scan(&r.DomainID, &r.Name, &r.CustomerID, &r.Term, &r.Before.Currency, &r.Before.Amount, &of.extension, &of.registrarID, &of.group)
		if err != nil {
			return fmt.Errorf("domains of a price update: %w", err)
		}
		if err := f(r, of); err != nil {
			return err
		}
	}
	return rows.Err()
}

type costKey struct {
	registrarID, extension string
	years                  int
	currency               money.Currency
}

// costsOn reads what registrars ask for renewals on a day.
func costsOn(ctx context.Context, tx *db.Tx, day civil.Date) (map[costKey]money.Money, error) {
	rows, err := tx.DomainCosts(ctx, day.String())
	if err != nil {
		return nil, fmt.Errorf("costs of domains: %w", err)
	}
	costs := map[costKey]money.Money{}
	for _, r := range rows { // later ones take the place of earlier ones
		costs[costKey{r.RegistrarID, r.Extension, int(r.Years), money.Currency(r.Currency)}] = money.New(r.Amount, money.Currency(r.Currency))
	}
	return costs, nil
}

// each calculates what an update does to n of its domains after an id; n 0: to all.
func (u PriceUpdate) each(ctx context.Context, tx *db.Tx, after string, n int, f func(r PriceUpdateRow) error) error {
	prices, err := pricesOf(tx.DomainPrices(ctx))
	if err != nil {
		return err
	}
	costs, err := costsOn(ctx, tx, u.StartsOn)
	if err != nil {
		return err
	}
	type listKey struct {
		extension string
		currency  money.Currency
		group     string
	}
	lists := map[listKey]List{}
	return u.Filter.eachPriced(ctx, tx, after, n, func(r PriceUpdateRow, of priced) error {
		k := listKey{of.extension, r.Before.Currency, of.group}
		list, known := lists[k]
		if !known {
			list = prices.List(k.extension, ForRenewal, k.currency, k.group, u.StartsOn)
			lists[k] = list
		}
		var price, cost *money.Money
		if m, ok := list[r.Term]; ok {
			price = &m
		}
		if m, ok := costs[costKey{of.registrarID, of.extension, r.Term, r.Before.Currency}]; ok {
			cost = &m
		}
		r.After, r.Detail = u.Change.New(r.Before, price, cost)
		r.State = "planned"
		if r.After == r.Before {
			r.State = "same"
		}
		return f(r)
	})
}

// alone refuses an update of domains for which another one is planned. What it would do depends on that one, and its
// customers would be told two prices: they can be told one after the other.
func (u PriceUpdate) alone(ctx context.Context, tx *db.Tx) error {
	planning, err := tx.PlanningDomainPriceUpdates(ctx)
	if err != nil {
		return fmt.Errorf("price updates that are planned: %w", err)
	}
	if slices.ContainsFunc(planning, func(id string) bool { return id != u.ID }) {
		return fail.Conflict("PRICE_UPDATE_PLANNED", "Another price update of many domains is still being written down. Try again in a few minutes.")
	}
	w := u.Filter.where()
	w.Add("id IN (SELECT domain_id FROM domain_price_update_items WHERE update_id = others.id AND state = 'planned')")
	w.Add("others.id <> $?", u.ID)
	var id, on, reason string
	var n int
	err = tx.SQL().QueryRowContext(ctx, `SELECT id, starts_on, reason, n FROM (SELECT others.id, others.starts_on, others.reason,
		(SELECT COUNT(*) FROM domains`+w.String()+`) AS n FROM domain_price_updates AS others WHERE others.status = 'scheduled') AS found
		WHERE n > 0 ORDER BY starts_on, id LIMIT 1`, w.Args()...).Scan(&id, &on, &reason, &n)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("other price updates: %w", err)
	}
	what := "1 of these domains is"
	if n > 1 {
		what = fmt.Sprintf("%d of these domains are", n)
	}
	return fail.Conflict("PRICE_UPDATE_PLANNED", fmt.Sprintf("%s in the price update “%s” (%s), which is planned for %s. Undo that one first, wait for its day, or leave them out.",
		what, reason, id, on))
}

// inTime refuses an update whose day is over, or whose customers can't be told any more as long before as it says.
func (u PriceUpdate) inTime(ctx context.Context, tx *db.Tx) error {
	settings, err := setting.Load(ctx, tx)
	if err != nil {
		return err
	}
	today := civil.Of(tx.Now, settings.TimeZone)
	if u.StartsOn.Before(today) {
		return fail.Invalid("starts_on", "is over")
	}
	if u.NoticeDays == nil || !u.StartsOn.Before(today.AddDays(*u.NoticeDays)) {
		return nil
	}
	return fail.Invalid("starts_on", fmt.Sprintf("is too soon to tell the customers %d days before: the first possible day is %s", *u.NoticeDays, today.AddDays(*u.NoticeDays)))
}

// PreviewPriceUpdate says what an update would change, and changes nothing.
func (s *Service) PreviewPriceUpdate(ctx context.Context, u PriceUpdate) (PricePreview, error) {
	if err := u.Validate(); err != nil {
		return PricePreview{}, err
	}
	var preview PricePreview
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		preview = PricePreview{}
		if err := u.inTime(ctx, tx); err != nil {
			return err
		}
		if err := u.alone(ctx, tx); err != nil {
			return err
		}
		all := totals{}
		err = u.each(ctx, tx, "", 0, func(r PriceUpdateRow) error {
			switch {
			case r.Detail != "":
				if len(preview.Refused) < listed {
					preview.Refused = append(preview.Refused, r)
				}
				return nil
			case r.State == "same":
				preview.Same++
			default:
				preview.Changed++
			}
			if len(preview.Rows) < listed {
				preview.Rows = append(preview.Rows, r)
			}
			all.add(r.Term, r.Before, r.After)
			return nil
		})
		if err != nil {
			return err
		}
		preview.Totals, err = all.rounded()
		slices.SortFunc(preview.Totals, func(a, b Totals) int { return cmp.Compare(a.Currency, b.Currency) })
		return err
	})
	return preview, err
}

// SchedulePriceUpdate plans an update: what each domain costs now and will cost is written down, and
// [Service.ApplyPriceUpdates] applies it on its day. Of many domains a batch is written down at once, and the rest by
// [Service.ResumePriceUpdates]: nobody waits for all of them.
func (s *Service) SchedulePriceUpdate(ctx context.Context, u PriceUpdate) (PriceUpdate, error) {
	if err := u.Validate(); err != nil {
		return PriceUpdate{}, err
	}
	filter, err := json.Marshal(u.Filter)
	if err != nil {
		return PriceUpdate{}, err
	}
	change, err := json.Marshal(u.Change)
	if err != nil {
		return PriceUpdate{}, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := u.inTime(ctx, tx); err != nil {
			return err
		}
		u.ID = tx.NewID("dpu")
		err := tx.InsertDomainPriceUpdate(ctx, query.InsertDomainPriceUpdateParams{
			ID: u.ID, Filter: string(filter), Change: string(change), StartsOn: u.StartsOn.String(), NoticeDays: widen(u.NoticeDays), Reason: u.Reason,
			CreatedAt: tx.Stamp,
		})
		if err != nil {
			return fmt.Errorf("price update: %w", err)
		}
		planned, all, err := u.planBatch(ctx, tx, "")
		if err != nil {
			return err
		}
		if err := u.alone(ctx, tx); err != nil {
			return err
		}
		what := fmt.Sprintf("%d domains", planned)
		switch {
		case all && planned == 0:
			return fail.Conflict("NOTHING_TO_UPDATE", "No domain would cost something else.")
		case !all:
			what = "more than " + what
		}
		return event.Audit(ctx, tx, event.Change{What: "domain_price_update.scheduled", SubjectID: u.ID, After: what, Why: u.Reason})
	})
	if err != nil {
		return PriceUpdate{}, err
	}
	return s.PriceUpdate(ctx, u.ID)
}

// planBatch writes down what an update does to the next of its domains; all says that these were the last, and that the
// update is scheduled now.
func (u PriceUpdate) planBatch(ctx context.Context, tx *db.Tx, after string) (planned int, all bool, err error) {
	rows := db.NewRows("domain_price_update_items", "update_id", "domain_id", "years", "before_amount", "after_amount", "state", "detail")
	n, last := 0, after
	err = u.each(ctx, tx, after, batch, func(r PriceUpdateRow) error {
		state := r.State
		if r.Detail != "" {
			state = "skipped"
		}
		if state == "planned" {
			planned++
		}
		n++
		last = r.DomainID
		rows.Add(u.ID, r.DomainID, int64(r.Term), r.Before.Amount, r.After.Amount, state, r.Detail)
		return nil
	})
	if err != nil {
		return 0, false, err
	}
	if err := rows.Insert(ctx, tx); err != nil {
		return 0, false, fmt.Errorf("rows of price update %s: %w", u.ID, err)
	}
	// Of two that are planned at the same time the later one waits here, and then sees the other.
	if _, err := tx.LockDomainsOfPriceUpdate(ctx, query.LockDomainsOfPriceUpdateParams{UpdateID: u.ID, After: after, Upto: last}); err != nil {
		return 0, false, fmt.Errorf("domains of price update %s: %w", u.ID, err)
	}
	if n == batch {
		return planned, false, nil
	}
	if _, err := tx.ScheduleDomainPriceUpdate(ctx, u.ID); err != nil {
		return 0, false, fmt.Errorf("price update %s: %w", u.ID, err)
	}
	return planned, true, nil
}

// ResumePriceUpdates writes down what is left of updates of many domains, a transaction for each batch: whoever stops it
// half-way can call it again.
func (s *Service) ResumePriceUpdates(ctx context.Context) error {
	var ids []string
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		ids, err = tx.PlanningDomainPriceUpdates(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("price updates that are planned: %w", err)
	}
	for _, id := range ids {
		for over := false; !over; {
			err := s.db.Write(ctx, func(tx *db.Tx) error {
				r, err := tx.LockDomainPriceUpdate(ctx, id)
				if err != nil {
					return fmt.Errorf("price update %s: %w", id, err)
				}
				if over = r.Status != "planning"; over {
					return nil // undone meanwhile
				}
				u, err := priceUpdateOf(r)
				if err != nil {
					return err
				}
				after, err := tx.LastPlannedDomain(ctx, id)
				if err != nil {
					return fmt.Errorf("price update %s: %w", id, err)
				}
				_, over, err = u.planBatch(ctx, tx, after)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// NoteNotice says as part of tx that the customer of a domain was told of an update in time.
func NoteNotice(ctx context.Context, tx *db.Tx, updateID, domainID string) error {
	_, err := tx.NoteDomainPriceNotice(ctx, query.NoteDomainPriceNoticeParams{UpdateID: updateID, DomainID: domainID})
	if err != nil {
		return fmt.Errorf("notice of price update %s: %w", updateID, err)
	}
	return nil
}
