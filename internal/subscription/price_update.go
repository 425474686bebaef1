package subscription

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// UpdateMode says how a price update reaches the new amount.
type UpdateMode string

// The modes.
const (
	ByPercent UpdateMode = "percent" // value is a percentage, such as "5" or "-2.5"
	ByAmount  UpdateMode = "amount"  // value is an amount in major units, such as "1.50" or "-3"
	ToList    UpdateMode = "list"    // what the newest version of the price asks for today
)

// PriceUpdateInput says which subscriptions are to cost what, and from when.
type PriceUpdateInput struct {
	ProductID string // empty: all
	PlanID    string
	Cycle     string
	Currency  string // required for an amount
	Mode      UpdateMode
	Value     string
	StartsOn  civil.Date // the first day of periods that cost the new amount
	Notify    bool       // write to the customers now
	Reason    string
}

// PriceUpdateItem is what an update does to one subscription. Amounts are of one unit, before discount and tax.
type PriceUpdateItem struct {
	SubscriptionID string
	CustomerID     string
	Description    string
	Before, After  money.Money
	State          string // planned, applied, skipped (it was changed meanwhile) or undone
}

// PriceUpdate is a change of what many subscriptions cost.
type PriceUpdate struct {
	ID        string
	In        PriceUpdateInput
	Status    string         // scheduled or undone
	Counts    map[string]int // of its items, by state
	CreatedAt time.Time
	UndoneAt  *time.Time
}

var errUpdateNotFound = fail.NotFound("PRICE_UPDATE_NOT_FOUND", "There is no such price update.")

// Validate reports everything that is wrong with in, after bringing it into the form in which it is stored.
func (in *PriceUpdateInput) Validate() error {
	var f fail.Fields
	for field, id := range map[string]string{"product_id": in.ProductID, "plan_id": in.PlanID} {
		if id != "" && !text.IsID(id) {
			f.Add(field, "is not an id")
		}
	}
	if in.Cycle != "" {
		if c, err := civil.ParseCycle(in.Cycle); err != nil || !c.Recurs() {
			f.Add("cycle", "is not a billing cycle that recurs")
		}
	}
	if in.Currency != "" && !money.Currency(in.Currency).IsValid() {
		f.Add("currency", "is not a current ISO 4217 code")
	}
	switch in.Mode {
	case ByPercent:
		if r, ok := new(big.Rat).SetString(in.Value); !ok || len(in.Value) > 20 || r.Cmp(big.NewRat(-100, 1)) < 0 || r.Cmp(big.NewRat(1000, 1)) > 0 {
			f.Add("value", "is not a percentage from -100 to 1000")
		}
	case ByAmount:
		if in.Currency == "" {
			f.Add("currency", "is required to change prices by an amount")
		} else if _, err := money.ParseDecimal(in.Value, money.Currency(in.Currency)); err != nil {
			f.Add("value", "is not an amount such as 1.50")
		}
	case ToList:
		in.Value = ""
	default:
		f.Add("mode", "is not one of percent, amount, list")
	}
	if in.StartsOn.IsZero() || !in.StartsOn.IsValid() {
		f.Add("starts_on", "is required")
	}
	var err error
	in.Reason, err = text.Required(in.Reason, text.NotesLength)
	f.Check("reason", err)
	return f.Err()
}

// after is what a subscription will cost; ok is false where the update does not change it. lists are the list prices that
// are known so far, by price.
func (in PriceUpdateInput) after(ctx context.Context, tx *db.Tx, s Subscription, lists map[string]money.Money) (_ money.Money, ok bool, err error) {
	now := s.Unit
	switch in.Mode {
	case ByPercent:
		percent, _ := new(big.Rat).SetString(in.Value)
		factor := new(big.Rat).Add(big.NewRat(1, 1), percent.Quo(percent, big.NewRat(100, 1)))
		if now, err = s.Unit.MulRat(factor); err != nil {
			return money.Money{}, false, err
		}
	case ByAmount:
		by, err := money.ParseDecimal(in.Value, s.Unit.Currency)
		if err != nil {
			return money.Money{}, false, err
		}
		now.Amount += by.Amount
	case ToList:
		list, known := lists[s.PriceID]
		if !known {
			if list, err = catalog.ListPrice(ctx, tx, s.PriceID); err != nil {
				return money.Money{}, false, err
			}
			lists[s.PriceID] = list
		}
		if list.Currency == s.Unit.Currency {
			now = list
		}
	}
	now.Amount = max(now.Amount, 0)
	return now, now != s.Unit, nil
}

// mostUpdated bounds an update: more is done in several, by plan or by cycle.
const mostUpdated = 50_000

// PreviewPriceUpdate lists what an update would change, and changes nothing.
func (s *Service) PreviewPriceUpdate(ctx context.Context, in PriceUpdateInput) ([]PriceUpdateItem, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	var items []PriceUpdateItem
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		items, err = itemsOf(ctx, tx, in)
		return err
	})
	return items, err
}

func itemsOf(ctx context.Context, tx *db.Tx, in PriceUpdateInput) ([]PriceUpdateItem, error) {
	var w page.Where
	w.Add("ended_on IS NULL AND next_due < $?", "9999-12-31")
	for column, value := range map[string]string{"product_id": in.ProductID, "plan_id": in.PlanID, "cycle": in.Cycle, "currency": in.Currency} {
		if value != "" {
			w.Add(column+" = $?", value)
		}
	}
	found, err := priced(ctx, tx, &w, mostUpdated+1)
	if err != nil {
		return nil, fmt.Errorf("subscriptions of a price update: %w", err)
	}
	if len(found) > mostUpdated {
		return nil, fail.Invalid("plan_id", fmt.Sprintf("these are more than %d subscriptions: choose a plan or a cycle", mostUpdated))
	}
	var items []PriceUpdateItem
	lists := map[string]money.Money{}
	for _, sub := range found {
		after, changes, err := in.after(ctx, tx, sub, lists)
		if err != nil {
			return nil, fmt.Errorf("subscription %s: %w", sub.ID, err)
		}
		if changes {
			items = append(items, PriceUpdateItem{
				SubscriptionID: sub.ID, CustomerID: sub.CustomerID, Description: sub.Description, Before: sub.Unit, After: after, State: "planned",
			})
		}
	}
	return items, nil
}

// priced reads of subscriptions what their price is about, in the order of their ids.
func priced(ctx context.Context, tx *db.Tx, w *page.Where, limit int) (subs []Subscription, err error) {
	n := w.Arg(int64(limit))
	rows, err := tx.SQL().QueryContext(ctx, `SELECT id, customer_id, price_id, description, currency, unit_amount FROM subscriptions`+
		w.String()+` ORDER BY id LIMIT CAST(`+n+` AS BIGINT)`, w.Args()...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var s Subscription
		if err := rows.Scan(&s.ID, &s.CustomerID, &s.PriceID, &s.Description, &s.Unit.Currency, &s.Unit.Amount); err != nil {
			return nil, err
		}
		subs = append(subs, s)
	}
	return subs, rows.Err()
}

// SchedulePriceUpdate plans a change of what subscriptions cost. Each one costs the new amount from its first period on that
// begins on or after the day of the start and is not invoiced yet.
func (s *Service) SchedulePriceUpdate(ctx context.Context, in PriceUpdateInput) (PriceUpdate, error) {
	if err := in.Validate(); err != nil {
		return PriceUpdate{}, err
	}
	var id string
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		p, err := policyOf(ctx, tx)
		if err != nil {
			return err
		}
		if in.StartsOn.Before(today(tx, p)) {
			return fail.Invalid("starts_on", "has passed")
		}
		items, err := itemsOf(ctx, tx, in)
		if err != nil {
			return err
		}
		if len(items) == 0 {
			return fail.Conflict("NOTHING_TO_UPDATE", "No subscription would cost something else.")
		}
		filter, err := json.Marshal(in)
		if err != nil {
			return err
		}
		id = tx.NewID("pru")
		err = tx.InsertPriceUpdate(ctx, query.InsertPriceUpdateParams{
			ID: id, Filter: string(filter), Mode: string(in.Mode), Value: in.Value, StartsOn: in.StartsOn.String(), Notify: in.Notify,
			Reason: in.Reason, CreatedAt: tx.Stamp,
		})
		if err != nil {
			return fmt.Errorf("price update: %w", err)
		}
		if err := plan(ctx, tx, id, in, items); err != nil {
			return err
		}
		return event.Audit(ctx, tx, event.Change{What: "price_update.scheduled", SubjectID: id, After: fmt.Sprintf("%d subscriptions", len(items)), Why: in.Reason})
	})
	if err != nil {
		return PriceUpdate{}, err
	}
	return s.PriceUpdate(ctx, id)
}

// plan writes the items of an update, and tells of them.
func plan(ctx context.Context, tx *db.Tx, updateID string, in PriceUpdateInput, items []PriceUpdateItem) error {
	rows := db.NewRows("price_update_items", "update_id", "subscription_id", "before_amount", "after_amount", "state")
	events := make([]event.New, len(items))
	for i, item := range items {
		rows.Add(updateID, item.SubscriptionID, item.Before.Amount, item.After.Amount, item.State)
		events[i] = event.New{
			Type: "subscription.price_change_planned", SubjectID: item.SubscriptionID, CustomerID: item.CustomerID,
			Data: map[string]any{
				"subscription_id": item.SubscriptionID, "price_update_id": updateID, "description": item.Description, "before": item.Before,
				"after": item.After, "from": in.StartsOn, "notify": in.Notify, "reason": in.Reason,
			},
		}
	}
	if err := rows.Insert(ctx, tx); err != nil {
		return fmt.Errorf("items of price update %s: %w", updateID, err)
	}
	return event.EmitAll(ctx, tx, events)
}

// plannedUpdate is a price update that counts for the next period of a subscription.
type plannedUpdate struct {
	query.PlannedPricesRow
	counts bool // who has changed the plan since then agreed to another price: it stays
}

// plannedUpdates are the price updates that were planned for the period that comes next.
func plannedUpdates(ctx context.Context, tx *db.Tx, sub Subscription) ([]plannedUpdate, error) {
	rows, err := tx.PlannedPrices(ctx, query.PlannedPricesParams{SubscriptionID: sub.ID, StartsOn: sub.NextDue.String()})
	if err != nil {
		return nil, fmt.Errorf("price updates of subscription %s: %w", sub.ID, err)
	}
	updates := make([]plannedUpdate, len(rows))
	amount := sub.Unit.Amount
	for i, r := range rows {
		updates[i] = plannedUpdate{r, r.BeforeAmount == amount}
		if updates[i].counts {
			amount = r.AfterAmount
		}
	}
	return updates, nil
}

// apply lets the subscription cost what the update says.
func (u plannedUpdate) apply(sub *Subscription) {
	if u.counts {
		sub.Unit.Amount = u.AfterAmount
	}
}

// settleUpdates notes that the updates have counted, or were passed over.
func settleUpdates(ctx context.Context, tx *db.Tx, updates []plannedUpdate) error {
	for _, u := range updates {
		state := "skipped"
		if u.counts {
			state = "applied"
		}
		_, err := tx.MovePriceUpdateItem(ctx, query.MovePriceUpdateItemParams{
			UpdateID: u.UpdateID, SubscriptionID: u.SubscriptionID, FromState: "planned", ToState: state,
		})
		if err != nil {
			return fmt.Errorf("price update of subscription %s: %w", u.SubscriptionID, err)
		}
	}
	return nil
}

// UndoPriceUpdate takes an update back: what is planned does not happen, and what it has changed costs the old amount again
// from the next invoice on. Invoices that were made stay.
func (s *Service) UndoPriceUpdate(ctx context.Context, id, why string) (PriceUpdate, error) {
	why, err := text.Required(why, text.NotesLength)
	if err != nil {
		return PriceUpdate{}, fail.Invalid("reason", err.Error())
	}
	if !text.IsID(id) {
		return PriceUpdate{}, errUpdateNotFound
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.LockPriceUpdate(ctx, id); db.NotFound(err) {
			return errUpdateNotFound
		} else if err != nil {
			return fmt.Errorf("price update %s: %w", id, err)
		}
		n, err := tx.EndPriceUpdate(ctx, query.EndPriceUpdateParams{ID: id, UndoneAt: &tx.Stamp})
		if err != nil {
			return fmt.Errorf("price update %s: %w", id, err)
		}
		if n == 0 {
			return fail.Conflict("PRICE_UPDATE_UNDONE", "The price update was undone already.")
		}
		if err := undoItems(ctx, tx, id); err != nil {
			return err
		}
		return event.Audit(ctx, tx, event.Change{What: "price_update.undone", SubjectID: id, Why: why})
	})
	if err != nil {
		return PriceUpdate{}, err
	}
	return s.PriceUpdate(ctx, id)
}

func undoItems(ctx context.Context, tx *db.Tx, id string) error {
	for after := ""; ; {
		rows, err := tx.PriceUpdateItems(ctx, query.PriceUpdateItemsParams{UpdateID: id, After: after, N: page.Longest})
		if err != nil {
			return fmt.Errorf("price update %s: %w", id, err)
		}
		if len(rows) == 0 {
			return nil
		}
		for _, r := range rows {
			after = r.SubscriptionID
			if r.State != "planned" && r.State != "applied" {
				continue
			}
			if r.State == "applied" {
				sub, err := lockWithCustomer(ctx, tx, r.SubscriptionID)
				if err != nil {
					return err
				}
				if sub.Unit.Amount == r.AfterAmount {
					sub.Unit.Amount = r.BeforeAmount
					if err := save(ctx, tx, sub); err != nil {
						return err
					}
				}
			}
			_, err := tx.MovePriceUpdateItem(ctx, query.MovePriceUpdateItemParams{
				UpdateID: id, SubscriptionID: r.SubscriptionID, FromState: r.State, ToState: "undone",
			})
			if err != nil {
				return fmt.Errorf("price update %s: %w", id, err)
			}
		}
	}
}

// PriceUpdate returns an update with how many of its items are in which state.
func (s *Service) PriceUpdate(ctx context.Context, id string) (PriceUpdate, error) {
	var u PriceUpdate
	if !text.IsID(id) {
		return u, errUpdateNotFound
	}
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		r, err := tx.PriceUpdate(ctx, id)
		if db.NotFound(err) {
			return errUpdateNotFound
		}
		if err != nil {
			return fmt.Errorf("price update %s: %w", id, err)
		}
		u, err = updateOf(ctx, tx, r)
		return err
	})
	return u, err
}

// PriceUpdates returns the newest updates.
func (s *Service) PriceUpdates(ctx context.Context) ([]PriceUpdate, error) {
	var all []PriceUpdate
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.PriceUpdates(ctx, page.Longest)
		if err != nil {
			return fmt.Errorf("price updates: %w", err)
		}
		all = make([]PriceUpdate, len(rows))
		for i, r := range rows {
			if all[i], err = updateOf(ctx, tx, r); err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

func updateOf(ctx context.Context, tx *db.Tx, r query.PriceUpdate) (PriceUpdate, error) {
	u := PriceUpdate{ID: r.ID, Status: r.Status, Counts: map[string]int{}, CreatedAt: r.CreatedAt.Time(), UndoneAt: clock.TimePtr(r.UndoneAt)}
	if err := json.Unmarshal([]byte(r.Filter), &u.In); err != nil {
		return PriceUpdate{}, fmt.Errorf("price update %s: %w", r.ID, err)
	}
	counts, err := tx.CountPriceUpdateItems(ctx, r.ID)
	if err != nil {
		return PriceUpdate{}, fmt.Errorf("price update %s: %w", r.ID, err)
	}
	for _, c := range counts {
		u.Counts[c.State] = int(c.N)
	}
	return u, nil
}

// PriceUpdateItems returns a page of the items of an update and the cursor of the next page.
func (s *Service) PriceUpdateItems(ctx context.Context, id, cursor string, limit int) (items []PriceUpdateItem, next string, err error) {
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
		rows, err := tx.PriceUpdateItems(ctx, query.PriceUpdateItemsParams{UpdateID: id, After: after, N: int64(limit + 1)})
		if err != nil {
			return fmt.Errorf("price update %s: %w", id, err)
		}
		rows, more := page.Cut(rows, limit)
		items, next = make([]PriceUpdateItem, len(rows)), ""
		for i, r := range rows {
			sub, err := tx.Subscription(ctx, r.SubscriptionID)
			if err != nil {
				return fmt.Errorf("subscription %s: %w", r.SubscriptionID, err)
			}
			currency := money.Currency(sub.Currency)
			items[i] = PriceUpdateItem{
				SubscriptionID: r.SubscriptionID, CustomerID: sub.CustomerID, Description: sub.Description,
				Before: money.New(r.BeforeAmount, currency), After: money.New(r.AfterAmount, currency), State: r.State,
			}
		}
		if more {
			next = page.Cursor(items[len(items)-1].SubscriptionID)
		}
		return nil
	})
	return items, next, err
}
