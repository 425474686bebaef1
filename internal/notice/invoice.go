package notice

import (
	"context"
	"slices"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/billing/dunning"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/collection"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/setting"
)

// withHow is the invoice with the words on how to pay it by hand.
func (d *desk) withHow(b bill) mail.Invoice {
	told := b.told
	if d.now.PaymentNote != "" {
		told.How = d.now.PaymentNote + "\n" + d.words().reference + ": " + told.Number
	}
	return told
}

// nextCharge is the day on which an open invoice will be charged by itself; zero: it will not.
func (b bill) nextCharge(now *setting.Settings) civil.Date {
	if b.method == "" || b.stepOn.IsZero() {
		return civil.Date{}
	}
	steps := collection.ScheduleOf(*now).Steps(b.collected(), b.told.DueOn)
	from := slices.IndexFunc(steps, func(s dunning.Step) bool { return s.Name == b.step })
	if from < 0 {
		return civil.Date{}
	}
	for i, s := range steps[from:] {
		switch {
		case s.Action != dunning.Charge:
		case i == 0:
			return b.stepOn // it may have been put off
		default:
			return s.On
		}
	}
	return civil.Date{}
}

// collected is how its money is collected.
func (b bill) collected() dunning.Kind {
	switch b.kind {
	case billing.KindRenewal:
		return dunning.Renewal
	case billing.KindChange:
		return dunning.Change
	case billing.KindOrder, billing.KindManual:
	}
	return dunning.Other
}

// invoiceIssued sends a new invoice to somebody who does not see it arise.
func invoiceIssued(ctx context.Context, d *desk) (any, error) {
	b, err := d.bill(ctx, d.SubjectID)
	if err != nil {
		return nil, err
	}
	return d.issued(b), nil
}

// invoicesIssued does so for those of a night: a million of them, read a hundred at a time.
func invoicesIssued(ctx context.Context, desks []*desk) ([]any, error) {
	ids := make([]string, len(desks))
	for i, d := range desks {
		ids[i] = d.SubjectID
	}
	rows, err := readBills(ctx, desks[0].tx, ids)
	if err != nil {
		return nil, err
	}
	data := make([]any, len(desks))
	for i, d := range desks {
		b, err := d.billOf(d.SubjectID, rows[d.SubjectID])
		if err != nil {
			return nil, err
		}
		data[i] = d.issued(b)
	}
	return data, nil
}

// issued is what there is to say of a new invoice, nil if its customer sees it anyway.
func (d *desk) issued(b bill) any {
	switch b.kind {
	case billing.KindRenewal, billing.KindManual:
	case billing.KindOrder:
		if b.gateway != payment.ManualGateway || b.orderKind != order.Sale {
			return nil // pays on a page
		}
	case billing.KindChange:
		if b.method != "" {
			return nil // is charged at once; what comes of it is told
		}
	}
	// What the store owes its customer pays it next, and that is told too.
	b.told.Balance.Amount -= min(b.credit, b.told.Balance.Amount)
	if b.told.Balance.Amount == 0 {
		return nil
	}
	data := mail.InvoiceIssuedData{Name: d.to.name, Invoice: b.told, ChargeOn: b.nextCharge(d.now)}
	if data.ChargeOn.IsZero() {
		data.Invoice = d.withHow(b)
	} else {
		data.Method = b.method
	}
	return data
}

// invoiceUpcoming reminds of an invoice before it is due.
func invoiceUpcoming(ctx context.Context, d *desk) (any, error) {
	b, err := d.bill(ctx, d.SubjectID)
	if err != nil || b.told.Balance.Amount <= 0 {
		return nil, err
	}
	data := mail.InvoiceUpcomingData{Name: d.to.name, Invoice: b.told, ChargeOn: b.nextCharge(d.now)}
	if data.ChargeOn.IsZero() {
		data.Invoice = d.withHow(b)
	} else {
		data.Method = b.method
	}
	if b.kind == billing.KindRenewal && b.subscriptionID != "" {
		sub, err := d.subscription(ctx, b.subscriptionID)
		if err != nil {
			return nil, err
		}
		data.Subscription, data.Cancel = sub.told, sub.told.Link
	}
	return data, nil
}

// overdue is the same for all three reminders.
func overdue(ctx context.Context, d *desk) (any, error) {
	b, err := d.bill(ctx, d.SubjectID)
	if err != nil || b.told.Balance.Amount <= 0 {
		return nil, err
	}
	data := mail.OverdueData{Name: d.to.name, Invoice: d.withHow(b)}
	if data.SuspendOn, data.EndsOn, err = d.ends(ctx, b); err != nil {
		return nil, err
	}
	return data, nil
}

// ends says when the license that an invoice pays for stops working without the money, and when it ends for good; zero
// where that is past, or never comes.
func (d *desk) ends(ctx context.Context, b bill) (suspend, end civil.Date, err error) {
	if b.kind != billing.KindRenewal || b.subscriptionID == "" {
		return suspend, end, nil
	}
	sub, err := d.subscription(ctx, b.subscriptionID)
	if err != nil {
		return suspend, end, err
	}
	suspend, end = sub.graceUntil, sub.endsOn
	if suspend.IsZero() {
		suspend = b.told.DueOn.AddDays(d.now.GraceDays)
	}
	if !suspend.After(d.today()) {
		suspend = civil.Date{}
	}
	if !end.After(d.today()) {
		end = civil.Date{}
	}
	return suspend, end, nil
}
