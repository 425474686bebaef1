package notice

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/mail"
)

// orderConfirmation brings what was ordered, with all its keys.
func orderConfirmation(ctx context.Context, d *desk) (any, error) {
	o, err := d.tx.NoticeOrder(ctx, d.SubjectID)
	if err != nil {
		return nil, fmt.Errorf("order %s: %w", d.SubjectID, err)
	}
	b, err := d.bill(ctx, d.InvoiceID)
	if err != nil {
		return nil, err
	}
	data := mail.OrderConfirmationData{
		Name: d.to.name, Number: d.SubjectID, OrderedOn: civil.Of(o.CreatedAt.Time(), d.now.TimeZone), Lines: b.told.Lines, Total: b.told.Total,
		Paid: true, Invoice: b.told, Link: b.told.Link,
	}
	if data.Licenses, err = d.licenses(ctx, d.SubjectID); err != nil {
		return nil, err
	}
	return data, nil
}

// licensesGiven brings licenses that cost nothing, because staff gave them.
func licensesGiven(ctx context.Context, d *desk) (any, error) {
	o, err := d.tx.NoticeOrder(ctx, d.SubjectID)
	if err != nil {
		return nil, fmt.Errorf("order %s: %w", d.SubjectID, err)
	}
	d.to = personOf(o.CustomerID, o.Name, o.Email, o.EmailFold, o.Language)
	all, err := d.licenses(ctx, d.SubjectID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return mail.LicenseIssuedData{Name: d.to.name, Licenses: all, Link: d.link(licenseLink)}, nil
}

// orderPaid thanks for the money of an order that could not be delivered yet. What it brings comes with the
// confirmation, once it is there.
func orderPaid(ctx context.Context, d *desk) (any, error) {
	b, err := d.bill(ctx, d.InvoiceID)
	if err != nil {
		return nil, err
	}
	return mail.PaymentReceivedData{Name: d.to.name, Amount: b.told.Total, ReceivedOn: d.today(), Invoice: b.told}, nil
}

// licenses are those that an order has brought. Of one that runs as long as it is paid for, no end is told.
func (d *desk) licenses(ctx context.Context, orderID string) ([]mail.License, error) {
	rows, err := d.tx.NoticeLicensesOfOrder(ctx, &orderID)
	if err != nil {
		return nil, fmt.Errorf("licenses of order %s: %w", orderID, err)
	}
	all := make([]mail.License, len(rows))
	for i, r := range rows {
		all[i] = mail.License{Product: r.ProductName, Plan: r.PlanName, Key: r.Key}
		if r.ExpiresAt != nil && r.SubscriptionID == "" {
			all[i].Until = civil.Of(r.ExpiresAt.Time(), d.now.TimeZone)
		}
	}
	return all, nil
}
