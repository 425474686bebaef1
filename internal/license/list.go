package license

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// Filter picks a page of licenses. Empty fields pick all.
type Filter struct {
	// Query finds licenses by the beginning of their key, of an identifier that is active, of their customer's e-mail
	// address, name or company, or of their product's name or slug; or by the whole id of a license, order or customer.
	// What was found comes in this order, so Sort does not apply.
	Query      string
	Status     Status
	CustomerID string
	OrderID    string
	ProductID  string
	PlanID     string
	Type       Type
	// NotSeenDays picks what has not been checked for so many days, and exists as long.
	NotSeenDays int
	// SupportEndsDays picks what has support and upgrades now, but no longer than so many days.
	SupportEndsDays int
	// NearLimit picks what is in use in at least four fifths of its places.
	NearLimit bool

	Sort   Sort
	Cursor string // where the page before ended; empty: the first page
	Limit  int    // see page.Limit
}

// Sort is the order of a list.
type Sort string

// The orders. Without one, a list is ByNewest, or ByLastSeen or BySupport where Filter.NotSeenDays or SupportEndsDays asks
// for it.
const (
	ByNewest   Sort = "-created_at"
	ByExpiry   Sort = "expires_at"    // the next to expire first, lifetime licenses last
	ByLastSeen Sort = "last_check_at" // what was not seen for the longest time first
	BySupport  Sort = "support_until" // whose support ends first; goes with Filter.SupportEndsDays
)

// maxDays is the most that Filter.NotSeenDays and SupportEndsDays may ask for.
const maxDays = 36_500

// Validate reports everything that is wrong with f, after bringing its fields into the form that lists compare.
func (f *Filter) Validate() error {
	var bad fail.Fields
	var err error
	f.Query, err = text.Line(f.Query, text.NameLength)
	bad.Check("q", err)
	if f.Status != "" && !slices.Contains(Statuses(), f.Status) {
		bad.Add("status", "is not one of active, suspended, expired, cancelled, revoked")
	}
	if f.NotSeenDays < 0 || f.NotSeenDays > maxDays {
		bad.Add("not_seen_days", fmt.Sprintf("is not between 0 and %d", maxDays))
	}
	if f.SupportEndsDays < 0 || f.SupportEndsDays > maxDays {
		bad.Add("support_ends_days", fmt.Sprintf("is not between 0 and %d", maxDays))
	}
	ordered := f.Query != "" || f.CustomerID != "" || f.OrderID != ""
	switch f.Sort {
	case "":
		f.Sort = ByNewest
		switch {
		case ordered:
		case f.SupportEndsDays > 0:
			f.Sort = BySupport
		case f.NotSeenDays > 0:
			f.Sort = ByLastSeen
		}
	case ByNewest:
	case ByExpiry, ByLastSeen, BySupport:
		if f.Sort == BySupport && f.SupportEndsDays == 0 {
			bad.Add("sort", "goes with support_ends_days")
		}
		if ordered {
			bad.Add("sort", "does not go with q, customer_id or order_id: what they find has its own order")
		}
	default:
		bad.Add("sort", "is not one of -created_at, expires_at, last_check_at, support_until")
	}
	for name, id := range map[string]string{"customer_id": f.CustomerID, "order_id": f.OrderID, "product_id": f.ProductID, "plan_id": f.PlanID} {
		if id != "" && !text.IsID(id) {
			bad.Add(name, "is not an id")
		}
	}
	f.Limit = page.Limit(f.Limit)
	return bad.Err()
}

// List returns a page of licenses and the cursor of the next page, empty after the last one.
//
// A page costs the same in a store of any size. Where no index serves a combination of filters, a page is what matches
// among the next few thousand licenses: it may be short or empty and still have a next one.
func (s *Service) List(ctx context.Context, f Filter) (licenses []License, next string, err error) {
	if err := f.Validate(); err != nil {
		return nil, "", err
	}
	if f.Status != "" {
		s.settleForList(ctx)
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		var ids []string
		var err error
		if ids, next, err = pickPage(ctx, tx, f, s.examine); err != nil {
			return fmt.Errorf("list licenses: %w", err)
		}
		licenses, err = s.loadAll(ctx, tx, ids)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	if f.Status != "" {
		// What time has changed since the status was written down does not belong here.
		licenses = slices.DeleteFunc(licenses, func(l License) bool { return l.Status != f.Status })
	}
	return licenses, next, nil
}

// settleForList writes down what is due, so that a filter by status finds it. A list can do without: a store that can't
// write still shows its licenses.
func (s *Service) settleForList(ctx context.Context) {
	const batches = 4 // the rest is left to the job; a list must not wait for all of it
	for range batches {
		n, err := s.settleBatch(ctx)
		if err != nil || n < settleSize {
			return
		}
	}
}

// All yields every license that a filter picks; its cursor and limit do not matter.
func (s *Service) All(ctx context.Context, f Filter) iter.Seq2[License, error] {
	f.Limit = page.Longest
	return page.Walk(func(cursor string) ([]License, string, error) {
		f.Cursor = cursor
		return s.List(ctx, f)
	})
}

var errCursor = fail.Invalid("cursor", "is not one that this list gave")

// pickPage returns the ids of a page. examine bounds how many candidates are looked at where filters are left that the
// index does not serve.
func pickPage(ctx context.Context, tx *db.Tx, f Filter, examine int) (ids []string, next string, err error) {
	stages, err := stagesOf(ctx, tx, f)
	if err != nil {
		return nil, "", err
	}
	first, after := 0, []string(nil)
	if f.Cursor != "" {
		if first, after, err = resume(stages, f.Cursor); err != nil {
			return nil, "", err
		}
	}
	for i := first; i < len(stages); i++ {
		st := stages[i]
		found, more, err := st.page(ctx, tx, after, f.Limit-len(ids), examine)
		if err != nil {
			return nil, "", err
		}
		for _, c := range found {
			ids = append(ids, c.id)
		}
		if more != nil {
			return ids, page.Cursor(append([]string{st.name}, more...)...), nil
		}
		if len(ids) == f.Limit && i+1 < len(stages) {
			return ids, page.Cursor(stages[i+1].name), nil
		}
		after = nil
	}
	return ids, "", nil
}

// resume finds the stage and the key at which a page begins.
func resume(stages []stage, cursor string) (first int, after []string, err error) {
	for i, st := range stages {
		if key, err := page.Key(cursor, 1); err == nil && key[0] == st.name {
			return i, nil, nil
		}
		if key, err := page.Key(cursor, 1+len(st.keys)); err == nil && key[0] == st.name {
			return i, key[1:], st.check(key[1:])
		}
	}
	return 0, nil, errCursor
}

// notSeenSince is the instant before which a license must have been seen last.
func (f Filter) notSeenSince(now time.Time) time.Time { return now.AddDate(0, 0, -f.NotSeenDays) }

// supportEnds are the instants between which support must end.
func (f Filter) supportEnds(now time.Time) (from, to clock.Instant) {
	return clock.FromTime(now), clock.FromTime(now.AddDate(0, 0, f.SupportEndsDays))
}
