package notice

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/domainname"
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

// domainNotPaid tells that an order of a domain was given up.
func domainNotPaid(ctx context.Context, d *desk) (any, error) {
	if err := d.holder(ctx); err != nil {
		return nil, err
	}
	return mail.DomainNotPaidData{Name: d.to.name, Domain: d.Domain, Transfer: d.Kind == string(domainname.Transferred), Link: namesLink}, nil
}

// domainRenewed tells that a renewal is done.
func domainRenewed(ctx context.Context, d *desk) (any, error) {
	if err := d.holder(ctx); err != nil {
		return nil, err
	}
	row, err := domainname.Load(ctx, d.tx, d.SubjectID)
	if err != nil {
		return nil, err
	}
	return mail.DomainRenewedData{
		Name: d.to.name, Domain: d.Domain, ExpiresOn: d.ExpiresOn, Reference: d.Reference, Off: row.DoNotRenew && !row.Free(), Link: d.link(domainLink(d.SubjectID)),
	}, nil
}

// domainHeld tells that a paid renewal waits for money.
func domainHeld(ctx context.Context, d *desk) (any, error) {
	if err := d.holder(ctx); err != nil {
		return nil, err
	}
	data := mail.DomainHeldData{
		Name: d.to.name, Domain: d.Domain, Accept: d.Hold == string(domainname.HeldPrice), Missing: d.Missing.money(), Link: d.link(domainLink(d.SubjectID)),
	}
	if d.FeeInvoiceID != "" && !data.Accept {
		data.Link = d.link(invoiceLink(d.FeeInvoiceID))
	}
	return data, nil
}

// domainWithdrawn tells that an unpaid renewal was given up, and what can be done still.
func domainWithdrawn(ctx context.Context, d *desk) (any, error) {
	if err := d.holder(ctx); err != nil {
		return nil, err
	}
	return mail.DomainWithdrawnData{
		Name: d.to.name, Domain: d.Domain, Until: d.LastDay, Restore: d.Restore, Link: d.link(domainLink(d.SubjectID)),
	}, nil
}

// domainPrice tells what the renewal of a domain costs from a day on.
func domainPrice(ctx context.Context, d *desk) (any, error) {
	if err := d.holder(ctx); err != nil {
		return nil, err
	}
	return mail.DomainPriceNoticeData{
		Name: d.to.name, Domain: d.Domain, Years: d.TermYears, From: d.StartsOn, OldPrice: d.Before.money(), NewPrice: d.After.money(), Accept: d.Differs,
		Link: d.link(domainLink(d.SubjectID)),
	}, nil
}

// domainEnded tells that a domain has left, or that nothing can be done for it any more.
func domainEnded(ctx context.Context, d *desk) (any, error) {
	if err := d.holder(ctx); err != nil {
		return nil, err
	}
	row, err := domainname.Load(ctx, d.tx, d.SubjectID)
	if err != nil {
		return nil, err
	}
	return mail.DomainEndedData{
		Name: d.to.name, Domain: row.Name.Unicode(), Away: row.Status == domainname.TransferredAway, Link: d.link(domainLink(row.ID)),
	}, nil
}

// theDay is the day of an event, of which there may be another one years later.
func theDay(d *desk) string { return d.today().String() }

// domainDeleted tells that staff had the registry delete a domain, and until when it can be restored.
func domainDeleted(ctx context.Context, d *desk) (any, error) {
	if err := d.holder(ctx); err != nil {
		return nil, err
	}
	data := mail.DomainDeletedData{Name: d.to.name, Domain: d.Domain, Until: d.LastDay, Link: d.link(domainLink(d.SubjectID))}
	if d.LastDay.IsZero() {
		return data, nil
	}
	row, err := domainname.Load(ctx, d.tx, d.SubjectID)
	if err != nil {
		return nil, err
	}
	p, ok, err := domainname.PolicyAt(ctx, d.tx, row.Extension, domainname.RegistryDate(d.tx.Now))
	if err != nil || !ok {
		return data, err
	}
	if fee, known := row.FeeAt(p, domainname.StageRedemption, row.Window(p).End, row.Recurring.Currency, d.now.Rate); known {
		data.Fee = fee
	}
	return data, nil
}
