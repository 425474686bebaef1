package coupon

import (
	"encoding/json"
	"fmt"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/tax"
	"github.com/keystead/keystead/internal/text"
)

func couponOf(r query.Coupon) (Coupon, error) {
	c := Coupon{
		ID: r.ID, Code: r.Code, Name: r.Name, Kind: Kind(r.Kind), Charges: orZero(r.Charges),
		Rules: Rules{MaxUses: orZero(r.MaxUses), PerCustomer: orZero(r.PerCustomer), NewCustomers: r.NewCustomers},
		Uses:  r.Uses, Status: Status(r.Status), Version: r.Version, CreatedAt: r.CreatedAt.Time(), UpdatedAt: r.UpdatedAt.Time(),
	}
	broken := func(err error) (Coupon, error) { return Coupon{}, fmt.Errorf("coupon %s: %w", r.ID, err) }
	var err error
	if c.Kind == Percent {
		if c.Percent, err = tax.ParsePercent(r.Percent); err != nil {
			return broken(err)
		}
	} else {
		c.Money = money.New(r.Amount, money.Currency(r.Currency))
	}
	if r.Minimum > 0 {
		c.Minimum = money.New(r.Minimum, money.Currency(r.Currency))
	}
	if c.StartsOn, err = dateOf(r.StartsOn); err != nil {
		return broken(err)
	}
	if c.EndsOn, err = dateOf(r.EndsOn); err != nil {
		return broken(err)
	}
	if err := decode(r.ProductIds, &c.ProductIDs); err != nil {
		return broken(err)
	}
	if err := decode(r.Cycles, &c.Cycles); err != nil {
		return broken(err)
	}
	return c, nil
}

func orZero(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

func orNull(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}

func dateOf(s *string) (civil.Date, error) {
	if s == nil {
		return civil.Date{}, nil
	}
	return civil.Parse(*s)
}

func dateOrNull(d civil.Date) *string {
	if d.IsZero() {
		return nil
	}
	s := d.String()
	return &s
}

// encode is a list as it is stored.
func encode[T ~string](list []T) string {
	b, _ := json.Marshal(append([]T{}, list...)) // texts always marshal
	return string(b)
}

func decode[T ~string](stored string, into *[]T) error {
	var list []T
	if err := json.Unmarshal([]byte(stored), &list); err != nil {
		return err
	}
	if len(list) > 0 {
		*into = list
	}
	return nil
}

func (c Coupon) currency() string {
	if c.Money.Currency != "" {
		return string(c.Money.Currency)
	}
	return string(c.Minimum.Currency)
}

func (c Coupon) insert(tx *db.Tx) query.InsertCouponParams {
	row := query.InsertCouponParams{
		ID: c.ID, Code: c.Code, CodeFold: text.Fold(c.Code), Name: c.Name, Kind: string(c.Kind), Amount: c.Money.Amount,
		Currency: c.currency(), ProductIds: encode(c.ProductIDs), Cycles: encode(c.Cycles), Charges: orNull(c.Charges),
		StartsOn: dateOrNull(c.StartsOn), EndsOn: dateOrNull(c.EndsOn), MaxUses: orNull(c.MaxUses), PerCustomer: orNull(c.PerCustomer),
		Minimum: c.Minimum.Amount, NewCustomers: c.NewCustomers, CreatedAt: tx.Stamp,
	}
	if c.Kind == Percent {
		row.Percent = c.Percent.String()
	}
	return row
}

func (c Coupon) update(tx *db.Tx) query.UpdateCouponParams {
	return query.UpdateCouponParams{
		ID: c.ID, Name: c.Name, Currency: c.currency(), ProductIds: encode(c.ProductIDs), Cycles: encode(c.Cycles),
		StartsOn: dateOrNull(c.StartsOn), EndsOn: dateOrNull(c.EndsOn), MaxUses: orNull(c.MaxUses), PerCustomer: orNull(c.PerCustomer),
		Minimum: c.Minimum.Amount, NewCustomers: c.NewCustomers, Status: string(c.Status), UpdatedAt: tx.Stamp,
	}
}
