package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/coupon"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
)

// Coupon is a coupon as the API shows it. What is not limited is null, or an empty list.
type Coupon struct {
	ID           string    `json:"id" example:"cpn_01hx2b6yh4m3nq0r8s5t"`
	Code         string    `json:"code"`
	Name         *string   `json:"name"`
	Percent      *string   `json:"percent" doc:"What it takes off: 12.5 is an eighth. Null: money counts" example:"12.5"`
	Money        *Money    `json:"money" doc:"What it takes off. Null: percent counts"`
	Charges      *int64    `json:"charges" doc:"For how many charges of a subscription it counts; null: for all of them"`
	ProductIDs   []string  `json:"product_ids"`
	Cycles       []string  `json:"cycles"`
	StartsOn     *string   `json:"starts_on" doc:"The first day, in the zone of the store"`
	EndsOn       *string   `json:"ends_on" doc:"The last day"`
	MaxUses      *int64    `json:"max_uses"`
	PerCustomer  *int64    `json:"per_customer"`
	Minimum      *Money    `json:"minimum" doc:"What an order must cost before discount and tax"`
	NewCustomers bool      `json:"new_customers" doc:"For customers who have bought nothing yet, once"`
	Uses         int64     `json:"uses" doc:"By orders that were not taken back"`
	Status       string    `json:"status" enum:"active,archived"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
}

func showCoupon(c coupon.Coupon) Coupon {
	shown := Coupon{
		ID: c.ID, Code: c.Code, Name: orNull(c.Name), Charges: limitOf(c.Charges), ProductIDs: append([]string{}, c.ProductIDs...), Cycles: []string{},
		StartsOn: showDate(c.StartsOn), EndsOn: showDate(c.EndsOn), MaxUses: limitOf(c.MaxUses), PerCustomer: limitOf(c.PerCustomer),
		NewCustomers: c.NewCustomers, Uses: c.Uses, Status: string(c.Status), CreatedAt: c.CreatedAt.UTC(), UpdatedAt: c.UpdatedAt.UTC(),
	}
	for _, cycle := range c.Cycles {
		shown.Cycles = append(shown.Cycles, string(cycle))
	}
	if c.Kind == coupon.Percent {
		percent := c.Percent.String()
		shown.Percent = &percent
	} else {
		off := moneyOf(c.Money)
		shown.Money = &off
	}
	if c.Minimum.Amount > 0 {
		minimum := moneyOf(c.Minimum)
		shown.Minimum = &minimum
	}
	return shown
}

// limitOf is a number of which 0 stands for none.
func limitOf(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}

// NewCoupon is the body of POST /coupons.
type NewCoupon struct {
	Code         string   `json:"code" maxLength:"40" doc:"Letters, digits, hyphens and underscores; unique regardless of case"`
	Name         string   `json:"name,omitempty" maxLength:"255" doc:"For people"`
	Percent      string   `json:"percent,omitempty" maxLength:"10" doc:"Either this, such as 12.5, or money"`
	Money        *Money   `json:"money,omitempty"`
	Charges      int64    `json:"charges,omitempty" minimum:"1" maximum:"1000000000" doc:"For how many charges of a subscription it counts; left out: for all of them"`
	ProductIDs   []string `json:"product_ids,omitempty" maxItems:"100" doc:"Left out: all products"`
	Cycles       []string `json:"cycles,omitempty" maxItems:"10" doc:"Left out: all cycles"`
	StartsOn     string   `json:"starts_on,omitempty" maxLength:"10" doc:"The first day, YYYY-MM-DD"`
	EndsOn       string   `json:"ends_on,omitempty" maxLength:"10" doc:"The last day, YYYY-MM-DD"`
	MaxUses      int64    `json:"max_uses,omitempty" minimum:"1" maximum:"1000000000"`
	PerCustomer  int64    `json:"per_customer,omitempty" minimum:"1" maximum:"1000000000"`
	Minimum      *Money   `json:"minimum,omitempty" doc:"What an order must cost before discount and tax"`
	NewCustomers bool     `json:"new_customers,omitempty" doc:"For customers who have bought nothing yet, once"`
}

func (n NewCoupon) input() (coupon.NewCoupon, error) {
	var f fail.Fields
	in := coupon.NewCoupon{
		Code: n.Code, Name: n.Name, Percent: n.Percent, Charges: n.Charges,
		Rules: coupon.Rules{
			ProductIDs: n.ProductIDs, Cycles: cyclesOf(n.Cycles), StartsOn: dateOf(&f, "starts_on", n.StartsOn), EndsOn: dateOf(&f, "ends_on", n.EndsOn),
			MaxUses: n.MaxUses, PerCustomer: n.PerCustomer, NewCustomers: n.NewCustomers,
		},
	}
	if n.Money != nil {
		in.Money = n.Money.value()
	}
	if n.Minimum != nil {
		in.Minimum = n.Minimum.value()
	}
	return in, f.Err()
}

func cyclesOf(names []string) []civil.Cycle {
	var cycles []civil.Cycle
	for _, name := range names {
		cycles = append(cycles, civil.Cycle(name))
	}
	return cycles
}

// dateOf reads a date of a body; an empty one is none.
func dateOf(f *fail.Fields, field, s string) civil.Date {
	if s == "" {
		return civil.Date{}
	}
	d, err := civil.Parse(s)
	if err != nil {
		f.Add(field, "must be a date such as 2027-03-20")
	}
	return d
}

// CouponPatch is the body of PATCH /coupons/{id}.
type CouponPatch struct {
	Name         Optional[string] `json:"name,omitzero" maxLength:"255"`
	ProductIDs   *[]string        `json:"product_ids,omitempty" maxItems:"100" doc:"Replaces all of them; empty: all products"`
	Cycles       *[]string        `json:"cycles,omitempty" maxItems:"10" doc:"Replaces all of them; empty: all cycles"`
	StartsOn     Optional[string] `json:"starts_on,omitzero" maxLength:"10"`
	EndsOn       Optional[string] `json:"ends_on,omitzero" maxLength:"10"`
	MaxUses      Optional[int64]  `json:"max_uses,omitzero" minimum:"1" maximum:"1000000000"`
	PerCustomer  Optional[int64]  `json:"per_customer,omitzero" minimum:"1" maximum:"1000000000"`
	Minimum      Optional[Money]  `json:"minimum,omitzero"`
	NewCustomers *bool            `json:"new_customers,omitempty"`
	Status       *string          `json:"status,omitempty" enum:"active,archived"`
}

func (p CouponPatch) input() (coupon.Patch, error) {
	var f fail.Fields
	in := coupon.Patch{
		Name: p.Name.orZero(), ProductIDs: p.ProductIDs, MaxUses: p.MaxUses.orZero(), PerCustomer: p.PerCustomer.orZero(),
		NewCustomers: p.NewCustomers, Status: (*coupon.Status)(p.Status),
	}
	if p.Cycles != nil {
		cycles := cyclesOf(*p.Cycles)
		in.Cycles = &cycles
	}
	if s := p.StartsOn.orZero(); s != nil {
		d := dateOf(&f, "starts_on", *s)
		in.StartsOn = &d
	}
	if s := p.EndsOn.orZero(); s != nil {
		d := dateOf(&f, "ends_on", *s)
		in.EndsOn = &d
	}
	if p.Minimum.Set {
		var minimum money.Money
		if p.Minimum.Value != nil {
			minimum = p.Minimum.Value.value()
		}
		in.Minimum = &minimum
	}
	return in, f.Err()
}

type patchCouponInput struct {
	ByID
	Body CouponPatch
}

func (a *API) coupons() {
	add(a, route{Method: http.MethodPost, Path: "/coupons", Scope: "catalog:write", Tag: "Catalog", Summary: "Add a coupon", Notes: "What it takes off never changes; when it may be used does.", Status: http.StatusCreated, Codes: []string{"COUPON_CODE_TAKEN"}},
		func(ctx context.Context, in *struct{ Body NewCoupon }) (Coupon, error) {
			n, err := in.Body.input()
			if err != nil {
				return Coupon{}, err
			}
			c, err := a.Coupons.Create(ctx, n)
			return showCoupon(c), err
		})
	add(a, route{Method: http.MethodGet, Path: "/coupons", Scope: "catalog:read", Tag: "Catalog", Summary: "List coupons", Notes: "In the order of their codes."},
		a.listCoupons)
	add(a, route{Method: http.MethodGet, Path: "/coupons/{id}", Scope: "catalog:read", Tag: "Catalog", Summary: "Show a coupon", Codes: []string{"COUPON_NOT_FOUND"}},
		func(ctx context.Context, in *ByID) (Coupon, error) {
			c, err := a.Coupons.ByID(ctx, in.ID)
			return showCoupon(c), err
		})
	add(a, route{Method: http.MethodPatch, Path: "/coupons/{id}", Scope: "catalog:write", Tag: "Catalog", Summary: "Change when a coupon may be used", Notes: "Orders that used it, and subscriptions that keep it, stay as they are.", Codes: []string{"COUPON_NOT_FOUND", "CHANGED_MEANWHILE"}},
		func(ctx context.Context, in *patchCouponInput) (Coupon, error) {
			p, err := in.Body.input()
			if err != nil {
				return Coupon{}, err
			}
			c, err := a.Coupons.Update(ctx, in.ID, p)
			return showCoupon(c), err
		})
}

type listCouponsInput struct {
	Paging
	Status string `query:"status" enum:"active,archived"`
	Query  string `query:"q" maxLength:"255" doc:"The beginning of a code"`
}

func (a *API) listCoupons(ctx context.Context, in *listCouponsInput) (List[Coupon], error) {
	found, next, err := a.Coupons.List(ctx, coupon.Filter{Status: coupon.Status(in.Status), Query: in.Query, Cursor: in.Cursor, Limit: in.Limit})
	return listOf(found, next, showCoupon), err
}
