package notice

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/mail"
)

// holder notes the customer of the event as the reader.
func (d *desk) holder(ctx context.Context) error {
	c, err := d.tx.Customer(ctx, d.CustomerID)
	if err != nil {
		return fmt.Errorf("customer %s: %w", d.CustomerID, err)
	}
	d.to = personOf(c.ID, c.Name, c.Email, c.EmailFold, c.Language)
	return nil
}

// domainArrived tells that a domain was registered, or transferred to the store.
func domainArrived(ctx context.Context, d *desk) (any, error) {
	if err := d.holder(ctx); err != nil {
		return nil, err
	}
	return mail.DomainArrivedData{
		Name: d.to.name, Domain: d.Domain, ExpiresOn: d.ExpiresOn, AutoRenew: d.AutoRenew, DueOn: d.DueOn, Years: d.TermYears,
		Price: d.Recurring.money(), Link: d.link(domainLink(d.SubjectID)),
	}, nil
}

// domainRefused tells that a domain could not be had.
func domainRefused(ctx context.Context, d *desk) (any, error) {
	if err := d.holder(ctx); err != nil {
		return nil, err
	}
	return mail.DomainRefusedData{
		Name: d.to.name, Domain: d.Domain, Transfer: d.Kind == "transfer", Credit: d.Credit.money(), Link: namesLink,
	}, nil
}
