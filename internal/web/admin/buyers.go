package admin

import (
	"context"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web/ui"
)

// buyers knows the customers that one page tells of. Each is looked up once.
type buyers struct {
	area  *area
	known map[string]customer.Customer
}

func (a *area) buyers() *buyers { return &buyers{a, map[string]customer.Customer{}} }

// cell shows a customer by name and address; one who is gone by the id.
func (b *buyers) cell(ctx context.Context, id string) (ui.Cell, error) {
	c, ok := b.known[id]
	if !ok {
		var err error
		if c, err = b.area.Customers.ByID(ctx, id); err != nil && fail.Of(err).Kind != fail.KindNotFound {
			return ui.Cell{}, err
		}
		b.known[id] = c
	}
	if c.ID == "" {
		return ui.Mono(id), nil
	}
	return ui.Text(c.Name).With(c.Email).To("/admin/customers/" + id), nil
}
