package notice

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/mail"
)

// mostAlerts is how many alerts are written in an hour to each of the staff. More of them are one trouble, of which the
// dashboard and the digest tell.
const mostAlerts = 10

// alert is an alert, unless there have been too many.
func (d *desk) alert(ctx context.Context, data mail.StaffAlertData) (any, error) {
	if len(d.now.MailStaff) == 0 {
		return nil, nil
	}
	most := int64(mostAlerts * len(d.now.MailStaff))
	n, err := d.tx.CountMailsSince(ctx, query.CountMailsSinceParams{
		Kind: string(mail.StaffAlert), Since: db.FirstID("mai", d.tx.Now.Add(-time.Hour)), Most: most,
	})
	if err != nil {
		return nil, fmt.Errorf("alerts of the last hour: %w", err)
	}
	if n >= most {
		return nil, nil
	}
	return data, nil
}

// notDelivered tells that a paid line could not be fulfilled.
func notDelivered(ctx context.Context, d *desk) (any, error) {
	w := d.words()
	number := d.Number
	if number == "" {
		number = d.InvoiceID
	}
	return d.alert(ctx, mail.StaffAlertData{
		Title: w.undelivered, Text: fmt.Sprintf(w.undeliveredText, number, d.Kind, d.Error), Link: staffLink(d.InvoiceID),
	})
}

// question passes on what a room asks staff.
func question(ctx context.Context, d *desk) (any, error) {
	return d.alert(ctx, mail.StaffAlertData{Title: d.words().question, Text: d.Detail, Link: tasksLink})
}

// webhookOff tells that an endpoint gets nothing any more.
func webhookOff(ctx context.Context, d *desk) (any, error) {
	w := d.words()
	endpoint, err := d.tx.GetWebhookEndpoint(ctx, d.SubjectID)
	if err != nil {
		return nil, fmt.Errorf("webhook endpoint %s: %w", d.SubjectID, err)
	}
	why := w.failing
	if d.Why == "gone" {
		why = w.gone
	}
	return d.alert(ctx, mail.StaffAlertData{Title: w.webhook, Text: fmt.Sprintf(w.webhookText, endpoint.Url, why), Link: staffLink(d.SubjectID)})
}
