package subscription

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// Filter picks a page of subscriptions.
type Filter struct {
	CustomerID string
	ProductID  string
	PlanID     string
	LicenseID  string
	Status     Status
	Cursor     string // where the page before ended; empty: the first page
	Limit      int    // see page.Limit
}

// List returns a page of subscriptions, newest first, and the cursor of the next page, empty after the last one.
func (s *Service) List(ctx context.Context, f Filter) (subs []Subscription, next string, err error) {
	f.Limit = page.Limit(f.Limit)
	where, err := f.where()
	if err != nil {
		return nil, "", err
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		ids, err := ids(ctx, tx, where, f.Limit+1)
		if err != nil {
			return fmt.Errorf("list subscriptions: %w", err)
		}
		ids, more := page.Cut(ids, f.Limit)
		subs, next = make([]Subscription, len(ids)), ""
		for i, id := range ids {
			if subs[i], err = load(ctx, tx, id); err != nil {
				return err
			}
		}
		if more {
			next = page.Cursor(ids[len(ids)-1])
		}
		return nil
	})
	return subs, next, err
}

// All yields every subscription that a filter picks; its cursor and limit do not matter.
func (s *Service) All(ctx context.Context, f Filter) iter.Seq2[Subscription, error] {
	f.Limit = page.Longest
	return page.Walk(func(cursor string) ([]Subscription, string, error) {
		f.Cursor = cursor
		return s.List(ctx, f)
	})
}

func (f Filter) where() (*page.Where, error) {
	var bad fail.Fields
	var w page.Where
	for _, by := range []struct{ field, column, id string }{
		{"customer_id", "customer_id", f.CustomerID},
		{"product_id", "product_id", f.ProductID},
		{"plan_id", "plan_id", f.PlanID},
		{"license_id", "license_id", f.LicenseID},
	} {
		if by.id == "" {
			continue
		}
		if !text.IsID(by.id) {
			bad.Add(by.field, "is not an id")
		}
		w.Add(by.column+" = $?", by.id)
	}
	if f.Status != "" {
		if !slices.Contains(moves.States, f.Status) {
			bad.Add("status", "is not the status of a subscription")
		}
		w.Add("status = $?", string(f.Status))
	}
	if f.Cursor != "" {
		key, err := page.Key(f.Cursor, 1)
		if err != nil {
			return nil, err
		}
		w.Add("id < $?", key[0])
	}
	return &w, bad.Err()
}

func ids(ctx context.Context, tx *db.Tx, w *page.Where, limit int) (ids []string, err error) {
	n := w.Arg(int64(limit))
	rows, err := tx.SQL().QueryContext(ctx, `SELECT id FROM subscriptions`+w.String()+` ORDER BY id DESC LIMIT CAST(`+n+` AS BIGINT)`, w.Args()...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// CSVHeader names the columns of [Subscription.CSV].
var CSVHeader = []string{
	"id", "status", "customer_id", "license_id", "product_id", "plan_id", "price_id", "description", "cycle", "quantity", "currency",
	"recurring", "started_on", "next_due", "cancel_on", "ended_on", "end_reason", "created_at",
}

// CSV returns the subscription as a row of an export, amounts in major units.
func (s Subscription) CSV() []string {
	return []string{
		s.ID, string(s.Status), s.CustomerID, s.LicenseID, s.ProductID, s.PlanID, s.PriceID, s.Description, string(s.Cycle),
		fmt.Sprint(s.Quantity), string(s.Unit.Currency), s.Recurring().Decimal(), s.StartedOn.String(), s.NextDue.String(),
		s.CancelOn.String(), s.EndedOn.String(), string(s.EndReason), s.CreatedAt.Format(time.RFC3339),
	}
}
