package domainname

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/task"
	"github.com/keystead/keystead/internal/text"
)

// PriceFilter says which domains a bulk update is about. Free domains and premium names are left out unless they are
// asked for.
type PriceFilter struct {
	Extension   string         `json:"extension,omitempty"`
	Term        int            `json:"term,omitempty"`
	Currency    money.Currency `json:"currency,omitempty"`
	Group       string         `json:"group,omitempty"` // of the customers; empty: all
	RegistrarID string         `json:"registrar_id,omitempty"`
	Status      Status         `json:"status,omitempty"` // as it was written down last; empty: every one that is not over
	From        *int64         `json:"from,omitempty"`   // least amount, in minor units
	To          *int64         `json:"to,omitempty"`
	Premium     bool           `json:"premium,omitempty"`
	Free        bool           `json:"free,omitempty"`
}

// PriceUpdate is a change of what many domains cost.
type PriceUpdate struct {
	ID       string
	Filter   PriceFilter
	Change   PriceChange
	StartsOn civil.Date // by the store's zone
	// NoticeDays is how long before the start the customers must have been told; nil: they are not.
	NoticeDays *int
	Reason     string
	Status     string         // planning while it is written down, scheduled, applied or undone
	Counts     map[string]int // of its rows, by state
	CreatedAt  time.Time
	AppliedAt  *time.Time
	UndoneAt   *time.Time
}

// PriceUpdateRow is what an update does to one domain.
type PriceUpdateRow struct {
	DomainID      string
	Name          string
	CustomerID    string
	Term          int
	Before, After money.Money
	// State is planned, applied, same (it costs that already), skipped (it was changed, or its customer not told), undone
	// or kept (it was changed after the update).
	State  string
	Detail string // why it was skipped or refused
}

// PricePreview is what an update would do.
type PricePreview struct {
	Changed int
	Same    int
	Rows    []PriceUpdateRow // the first of them
	Refused []PriceUpdateRow // the first of those that have no such amount
	Totals  []Totals
}

var errPriceUpdateNotFound = fail.NotFound("PRICE_UPDATE_NOT_FOUND", "There is no such price update.")

// undoable is for how long an update can be undone.
const undoable = 90 * 24 * time.Hour

// Validate reports everything that is wrong with u, after bringing it into the form in which it is stored.
func (u *PriceUpdate) Validate() error {
	var f fail.Fields
	if u.Filter.Extension != "" {
		extension, err := ParseExtension(u.Filter.Extension)
		f.Check("extension", err)
		u.Filter.Extension = extension
	}
	if u.Filter.Term < 0 || u.Filter.Term >= maxTerm {
		f.Add("term", "is not between 1 and 9")
	}
	if u.Filter.Currency != "" && !u.Filter.Currency.IsValid() {
		f.Add("currency", "is not a current ISO 4217 code")
	}
	var err error
	u.Filter.Group, err = text.Line(u.Filter.Group, 64)
	f.Check("group", err)
	if u.Filter.RegistrarID != "" && !text.IsID(u.Filter.RegistrarID) {
		f.Add("registrar_id", "is not an id")
	}
	if u.Filter.Status != "" && !slices.Contains(statuses.States, u.Filter.Status) {
		f.Add("status", "is not a status of domains")
	}
	u.Change.check(&f, u.Filter.Currency)
	if u.StartsOn.IsZero() || !u.StartsOn.IsValid() {
		f.Add("starts_on", "is required")
	}
	if u.NoticeDays != nil && (*u.NoticeDays < 0 || *u.NoticeDays > 365) {
		f.Add("notice_days", "is not between 0 and 365")
	}
	u.Reason, err = text.Required(u.Reason, text.NotesLength)
	f.Check("reason", err)
	return f.Err()
}

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

// PreviewPriceUpdate says what an update would change, and changes nothing.
func (s *Service) PreviewPriceUpdate(ctx context.Context, u PriceUpdate) (PricePreview, error) {
	if err := u.Validate(); err != nil {
		return PricePreview{}, err
	}
	var preview PricePreview
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		preview = PricePreview{}
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

// batch is how many domains are changed in one transaction: others wait no longer than that.
const batch = 1000

// ApplyPriceUpdates applies the updates whose day has come, in batches of which each row counts once: whoever stops it
// half-way can call it again. day is today by the store's zone.
func (s *Service) ApplyPriceUpdates(ctx context.Context, day civil.Date) error {
	var ids []string
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		ids, err = tx.DueDomainPriceUpdates(ctx, day.String())
		return err
	})
	if err != nil {
		return fmt.Errorf("due price updates: %w", err)
	}
	for _, id := range ids {
		if err := s.inBatches(ctx, id, "planned", s.applyBatch); err != nil {
			return err
		}
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			n, err := tx.ApplyDomainPriceUpdate(ctx, query.ApplyDomainPriceUpdateParams{ID: id, AppliedAt: &tx.Stamp})
			if err != nil || n == 0 {
				return err
			}
			return askSkipped(ctx, tx, id)
		})
		if err != nil {
			return fmt.Errorf("price update %s: %w", id, err)
		}
	}
	return nil
}

// TaskSkipped is the kind of the question about the domains that a price update has passed over.
const TaskSkipped = "domain.prices_skipped"

// askSkipped tells staff which domains an update has left as they are on its day, and why.
func askSkipped(ctx context.Context, tx *db.Tx, id string) error {
	rows, err := tx.SkippedDomainPrices(ctx, id)
	if err != nil || len(rows) == 0 {
		return err
	}
	u, err := tx.DomainPriceUpdate(ctx, id)
	if err != nil {
		return err
	}
	words := map[string]string{"notice": "of customers who were not told in time", "changed": "that somebody has changed meanwhile"}
	var skipped int64
	var why []string
	for _, r := range rows {
		skipped += r.N
		why = append(why, fmt.Sprintf("%d %s", r.N, words[r.Detail]))
	}
	return task.Ask(ctx, tx, task.Question{
		Kind: TaskSkipped, SubjectID: id, Occasion: u.StartsOn,
		Detail: fmt.Sprintf("The price update “%s” of %s has skipped %d of its domains: %s. It lists them; make another update for what is still to change.",
			u.Reason, u.StartsOn, skipped, strings.Join(why, ", ")),
	})
}

// span is a stretch of the rows of an update.
type span struct{ after, upto string }

// inBatches calls f for the rows in a state, a transaction for each batch.
func (s *Service) inBatches(ctx context.Context, id, state string, f func(ctx context.Context, tx *db.Tx, u query.DomainPriceUpdate, b span) error) error {
	for after := ""; ; {
		more := false
		last := after
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			more = false
			u, err := tx.LockDomainPriceUpdate(ctx, id)
			if err != nil {
				return err
			}
			rows, err := tx.DomainPriceUpdateItems(ctx, query.DomainPriceUpdateItemsParams{UpdateID: id, After: after, State: state, N: batch})
			if err != nil || len(rows) == 0 {
				return err
			}
			more, last = len(rows) == batch, rows[len(rows)-1].DomainID
			return f(ctx, tx, u, span{after, last})
		})
		if err != nil {
			return fmt.Errorf("price update %s: %w", id, err)
		}
		if !more {
			return nil
		}
		after = last
	}
}

func (s *Service) applyBatch(ctx context.Context, tx *db.Tx, u query.DomainPriceUpdate, b span) error {
	if u.Status != "scheduled" {
		return nil // undone meanwhile
	}
	if _, err := tx.LockDomainsOfPriceUpdate(ctx, query.LockDomainsOfPriceUpdateParams{UpdateID: u.ID, After: b.after, Upto: b.upto}); err != nil {
		return err
	}
	told := u.NoticeDays != nil
	if told {
		_, err := tx.UnnoteUnsentDomainPrices(ctx, query.UnnoteUnsentDomainPricesParams{UpdateID: u.ID, After: b.after, Upto: b.upto})
		if err != nil {
			return err
		}
	}
	if _, err := tx.SkipDomainPriceUpdateItems(ctx, query.SkipDomainPriceUpdateItemsParams{UpdateID: u.ID, After: b.after, Upto: b.upto, Told: told}); err != nil {
		return err
	}
	rows, err := tx.DomainPriceUpdateItems(ctx, query.DomainPriceUpdateItemsParams{UpdateID: u.ID, After: b.after, State: "planned", N: batch})
	if err != nil {
		return err
	}
	_, err = tx.ChangeDomainPrices(ctx, query.ChangeDomainPricesParams{UpdateID: u.ID, After: b.after, Upto: b.upto, UpdatedAt: tx.Stamp})
	if err != nil {
		return err
	}
	if err := tellPrices(ctx, tx, u, b, rows, false); err != nil {
		return err
	}
	_, err = tx.FinishDomainPriceUpdateItems(ctx, query.FinishDomainPriceUpdateItemsParams{
		UpdateID: u.ID, After: b.after, Upto: b.upto, FromState: "planned", ToState: "applied",
	})
	return err
}

// tellPrices writes the events of the rows of a batch.
func tellPrices(ctx context.Context, tx *db.Tx, u query.DomainPriceUpdate, b span, rows []query.DomainPriceUpdateItemsRow, undone bool) error {
	var events []event.New
	for _, r := range rows {
		if r.DomainID > b.upto {
			break
		}
		before, after := money.New(r.BeforeAmount, money.Currency(r.Currency)), money.New(r.AfterAmount, money.Currency(r.Currency))
		if undone {
			before, after = after, before
		}
		events = append(events, event.New{
			Type: "domain.price_changed", SubjectID: r.DomainID, CustomerID: r.CustomerID,
			Data: map[string]any{"domain_id": r.DomainID, "name": r.Name, "price_update_id": u.ID, "before": before, "after": after, "undone": undone},
		})
	}
	return event.EmitAll(ctx, tx, events)
}

// UndoPriceUpdate takes an update back within 90 days: each domain that nobody changed since costs what it cost; the
// others are kept and listed. Invoices that were made stay.
func (s *Service) UndoPriceUpdate(ctx context.Context, id, why string) (PriceUpdate, error) {
	why, err := text.Required(why, text.NotesLength)
	if err != nil {
		return PriceUpdate{}, fail.Invalid("reason", err.Error())
	}
	if !text.IsID(id) {
		return PriceUpdate{}, errPriceUpdateNotFound
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		u, err := tx.LockDomainPriceUpdate(ctx, id)
		if db.NotFound(err) {
			return errPriceUpdateNotFound
		}
		if err != nil {
			return fmt.Errorf("price update %s: %w", id, err)
		}
		if u.AppliedAt != nil && tx.Now.Sub(u.AppliedAt.Time()) > undoable {
			return fail.Conflict("PRICE_UPDATE_TOO_OLD", "A price update can be undone for 90 days.")
		}
		n, err := tx.UndoDomainPriceUpdate(ctx, query.UndoDomainPriceUpdateParams{ID: id, UndoneAt: &tx.Stamp})
		if err != nil {
			return fmt.Errorf("price update %s: %w", id, err)
		}
		if n == 0 {
			return fail.Conflict("PRICE_UPDATE_UNDONE", "The price update was undone already.")
		}
		return event.Audit(ctx, tx, event.Change{What: "domain_price_update.undone", SubjectID: id, Why: why})
	})
	if err != nil {
		return PriceUpdate{}, err
	}
	if err := s.ResumeUndo(ctx, id); err != nil {
		return PriceUpdate{}, err
	}
	return s.PriceUpdate(ctx, id)
}

// ResumeUndo carries out what is left of an update that was undone, in batches: again after a crash, nothing twice.
func (s *Service) ResumeUndo(ctx context.Context, id string) error {
	err := s.inBatches(ctx, id, "applied", func(ctx context.Context, tx *db.Tx, u query.DomainPriceUpdate, b span) error {
		if _, err := tx.LockDomainsOfPriceUpdate(ctx, query.LockDomainsOfPriceUpdateParams{UpdateID: id, After: b.after, Upto: b.upto}); err != nil {
			return err
		}
		if _, err := tx.KeepDomainPriceUpdateItems(ctx, query.KeepDomainPriceUpdateItemsParams{UpdateID: id, After: b.after, Upto: b.upto}); err != nil {
			return err
		}
		rows, err := tx.DomainPriceUpdateItems(ctx, query.DomainPriceUpdateItemsParams{UpdateID: id, After: b.after, State: "applied", N: batch})
		if err != nil {
			return err
		}
		_, err = tx.RestoreDomainPrices(ctx, query.RestoreDomainPricesParams{UpdateID: id, After: b.after, Upto: b.upto, UpdatedAt: tx.Stamp})
		if err != nil {
			return err
		}
		if err := tellPrices(ctx, tx, u, b, rows, true); err != nil {
			return err
		}
		return finish(ctx, tx, id, b, "applied")
	})
	if err != nil {
		return err
	}
	return s.inBatches(ctx, id, "planned", func(ctx context.Context, tx *db.Tx, _ query.DomainPriceUpdate, b span) error {
		return finish(ctx, tx, id, b, "planned")
	})
}

func finish(ctx context.Context, tx *db.Tx, id string, b span, from string) error {
	_, err := tx.FinishDomainPriceUpdateItems(ctx, query.FinishDomainPriceUpdateItemsParams{
		UpdateID: id, After: b.after, Upto: b.upto, FromState: from, ToState: "undone",
	})
	return err
}

func priceUpdateOf(r query.DomainPriceUpdate) (PriceUpdate, error) {
	var d dates
	u := PriceUpdate{
		ID: r.ID, StartsOn: d.of(&r.StartsOn), NoticeDays: narrow(r.NoticeDays), Reason: r.Reason, Status: r.Status, Counts: map[string]int{},
		CreatedAt: r.CreatedAt.Time(), AppliedAt: clock.TimePtr(r.AppliedAt), UndoneAt: clock.TimePtr(r.UndoneAt),
	}
	err := cmp.Or(d.err, json.Unmarshal([]byte(r.Filter), &u.Filter), json.Unmarshal([]byte(r.Change), &u.Change))
	if err != nil {
		return PriceUpdate{}, fmt.Errorf("price update %s: %w", r.ID, err)
	}
	return u, nil
}

// PriceUpdate returns an update with how many of its rows are in which state.
func (s *Service) PriceUpdate(ctx context.Context, id string) (PriceUpdate, error) {
	var u PriceUpdate
	if !text.IsID(id) {
		return u, errPriceUpdateNotFound
	}
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		r, err := tx.DomainPriceUpdate(ctx, id)
		if db.NotFound(err) {
			return errPriceUpdateNotFound
		}
		if err != nil {
			return fmt.Errorf("price update %s: %w", id, err)
		}
		if u, err = priceUpdateOf(r); err != nil {
			return err
		}
		counts, err := tx.CountDomainPriceUpdateItems(ctx, id)
		if err != nil {
			return fmt.Errorf("price update %s: %w", id, err)
		}
		for _, c := range counts {
			u.Counts[c.State] = int(c.N)
		}
		return nil
	})
	return u, err
}

// PriceUpdateRows returns a page of the rows of an update in a state (empty: all) and the cursor of the next page.
func (s *Service) PriceUpdateRows(ctx context.Context, id, state, cursor string, limit int) (rows []PriceUpdateRow, next string, err error) {
	if !text.IsID(id) {
		return nil, "", errPriceUpdateNotFound
	}
	after := ""
	if cursor != "" {
		key, err := page.Key(cursor, 1)
		if err != nil {
			return nil, "", err
		}
		after = key[0]
	}
	limit = page.Limit(limit)
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		found, err := tx.DomainPriceUpdateItems(ctx, query.DomainPriceUpdateItemsParams{UpdateID: id, After: after, State: state, N: int64(limit) + 1})
		if err != nil {
			return fmt.Errorf("price update %s: %w", id, err)
		}
		found, more := page.Cut(found, limit)
		rows, next = make([]PriceUpdateRow, len(found)), ""
		for i, r := range found {
			currency := money.Currency(r.Currency)
			rows[i] = PriceUpdateRow{
				DomainID: r.DomainID, Name: r.Name, CustomerID: r.CustomerID, Term: int(r.Years), Before: money.New(r.BeforeAmount, currency),
				After: money.New(r.AfterAmount, currency), State: r.State, Detail: r.Detail,
			}
		}
		if more {
			next = page.Cursor(rows[len(rows)-1].DomainID)
		}
		return nil
	})
	return rows, next, err
}
