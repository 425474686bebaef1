package domainname

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/page"
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
	if u.NoticeDays != nil && (*u.NoticeDays < 1 || *u.NoticeDays > 365) {
		f.Add("notice_days", "is not between 1 and 365")
	}
	u.Reason, err = text.Required(u.Reason, text.NotesLength)
	f.Check("reason", err)
	return f.Err()
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
