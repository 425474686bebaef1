package coupon

import (
	"fmt"
	"slices"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/patch"
	"github.com/keystead/keystead/internal/text"
)

// Patch changes the fields that are not nil; a zero value lifts a limit. What a coupon takes stays as it is: another
// discount is another coupon. A Version other than 0 is the one that the change was made from.
type Patch struct {
	Name         *string
	ProductIDs   *[]string
	Cycles       *[]civil.Cycle
	StartsOn     *civil.Date
	EndsOn       *civil.Date
	MaxUses      *int64
	PerCustomer  *int64
	Minimum      *money.Money
	NewCustomers *bool
	Status       *Status
	Version      int64
}

// applyTo returns what becomes of a coupon, and what changes.
func (p Patch) applyTo(c Coupon) (Coupon, patch.Diff, error) {
	var f fail.Fields
	var d patch.Diff
	if p.Name != nil {
		name, err := text.Line(*p.Name, text.NameLength)
		f.Check("name", err)
		patch.Set(&d, "name", &c.Name, &name)
	}
	if p.ProductIDs != nil && !slices.Equal(*p.ProductIDs, c.ProductIDs) {
		d.Note("product_ids", c.ProductIDs, *p.ProductIDs)
		c.ProductIDs = *p.ProductIDs
	}
	if p.Cycles != nil && !slices.Equal(*p.Cycles, c.Cycles) {
		d.Note("cycles", c.Cycles, *p.Cycles)
		c.Cycles = *p.Cycles
	}
	setDate(&d, "starts_on", &c.StartsOn, p.StartsOn)
	setDate(&d, "ends_on", &c.EndsOn, p.EndsOn)
	patch.Set(&d, "max_uses", &c.MaxUses, p.MaxUses)
	patch.Set(&d, "per_customer", &c.PerCustomer, p.PerCustomer)
	patch.Set(&d, "minimum", &c.Minimum, p.Minimum)
	patch.Set(&d, "new_customers", &c.NewCustomers, p.NewCustomers)
	patch.Set(&d, "status", &c.Status, p.Status)
	c.check(&f, c.Money.Currency)
	if c.MaxUses > 0 && c.MaxUses < c.Uses {
		f.Add("max_uses", fmt.Sprintf("is less than the %d uses so far", c.Uses))
	}
	if c.Status != Active && c.Status != Archived {
		f.Add("status", fmt.Sprintf("is neither %s nor %s", Active, Archived))
	}
	return c, d, f.Err()
}

// setDate is [patch.Set] for a date, which the history shows as text; a zero one is shown as none.
func setDate(d *patch.Diff, name string, field, to *civil.Date) {
	if to == nil || *to == *field {
		return
	}
	d.Note(name, show(*field), show(*to))
	*field = *to
}

func show(d civil.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}
