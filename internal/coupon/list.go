package coupon

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/text"
)

// Filter picks a page of coupons.
type Filter struct {
	Status Status // empty: all
	Query  string // the beginning of a code, regardless of case
	Cursor string // where the page before ended; empty: the first page
	Limit  int    // see page.Limit
}

// List returns a page of coupons in the order of their codes, and the cursor of the next page, empty after the last
// one.
func (s *Service) List(ctx context.Context, f Filter) (coupons []Coupon, next string, err error) {
	params, err := f.params()
	if err != nil {
		return nil, "", err
	}
	n := page.Limit(f.Limit)
	params.N = int64(n + 1)
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.ListCoupons(ctx, params)
		if err != nil {
			return fmt.Errorf("list coupons: %w", err)
		}
		rows, more := page.Cut(rows, n)
		coupons, next = make([]Coupon, len(rows)), ""
		for i, r := range rows {
			if coupons[i], err = couponOf(r); err != nil {
				return err
			}
		}
		if more {
			next = page.Cursor(rows[n-1].CodeFold)
		}
		return nil
	})
	return coupons, next, err
}

func (f Filter) params() (query.ListCouponsParams, error) {
	var bad fail.Fields
	if f.Status != "" && f.Status != Active && f.Status != Archived {
		bad.Add("status", fmt.Sprintf("is neither %s nor %s", Active, Archived))
	}
	q, err := text.Line(f.Query, text.NameLength)
	bad.Check("q", err)
	if err := bad.Err(); err != nil {
		return query.ListCouponsParams{}, err
	}
	low, high := text.PrefixRange(text.Fold(q))
	params := query.ListCouponsParams{Status: string(f.Status), Low: low, High: high}
	if f.Cursor != "" {
		key, err := page.Key(f.Cursor, 1)
		if err != nil {
			return query.ListCouponsParams{}, err
		}
		params.After = key[0]
	}
	return params, nil
}

// All yields every coupon that a filter picks; its cursor and limit do not matter.
func (s *Service) All(ctx context.Context, f Filter) iter.Seq2[Coupon, error] {
	f.Limit = page.Longest
	return page.Walk(func(cursor string) ([]Coupon, string, error) {
		f.Cursor = cursor
		return s.List(ctx, f)
	})
}

// CSVHeader names the columns of [Coupon.CSV].
var CSVHeader = []string{
	"id", "code", "name", "status", "kind", "off", "charges", "products", "cycles", "starts_on", "ends_on", "max_uses", "per_customer",
	"minimum", "new_customers", "uses", "created_at",
}

// CSV returns the coupon as a row of an export; what is not limited is empty.
func (c Coupon) CSV() []string {
	number := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	minimum := ""
	if c.Minimum.Amount > 0 {
		minimum = c.Minimum.String()
	}
	cycles := make([]string, len(c.Cycles))
	for i, cycle := range c.Cycles {
		cycles[i] = string(cycle)
	}
	return []string{
		c.ID, c.Code, c.Name, string(c.Status), string(c.Kind), c.Off(), number(c.Charges), strings.Join(c.ProductIDs, " "),
		strings.Join(cycles, " "), show(c.StartsOn), show(c.EndsOn), number(c.MaxUses), number(c.PerCustomer), minimum,
		strconv.FormatBool(c.NewCustomers), strconv.FormatInt(c.Uses, 10), c.CreatedAt.Format(time.RFC3339),
	}
}
