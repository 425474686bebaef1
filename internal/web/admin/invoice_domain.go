package admin

import (
	"context"
	"net/http"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/web/ui"
)

// revoke takes back what paying a line does. elsewhere says of a domain's renewal that the term was renewed elsewhere.
func (a *area) revoke(ctx context.Context, invoiceID string, l billing.InvoiceLine, elsewhere bool, reason string) error {
	if l.Link != nil && l.Link.Kind == renewal.LinkRenewal {
		return a.Renewals.Revoke(ctx, l.ID, elsewhere, reason)
	}
	_, err := a.Billing.RevokeFulfilment(ctx, invoiceID, l.ID, reason)
	return err
}

// elsewhereField asks whether the term of a renewal is there already.
func elsewhereField() ui.Field {
	return ui.Field{Kind: ui.InputRadio, Name: "elsewhere", Label: "Was this term already renewed elsewhere?", Value: "no", Required: true, Options: []ui.Option{
		{Value: "no", Label: "No"}, {Value: "yes", Label: "Yes", Hint: "The registry has the years. Paying the line then sends nothing and moves paid-through and next due once."},
	}}
}

// renewedElsewhere reads the answer; of any other line there is none.
func renewedElsewhere(r *http.Request, l billing.InvoiceLine) (bool, error) {
	if l.Link == nil || l.Link.Kind != renewal.LinkRenewal || r.PostFormValue("elsewhere") == "" {
		return false, nil
	}
	answer, err := chosenOf(r, "elsewhere", "no", "yes")
	return answer == "yes", err
}

// payOnlyQuestion asks before the renewal of a domain is taken off a line that stays owed.
func payOnlyQuestion(i billing.Invoice, l billing.InvoiceLine, more []string) *ui.Confirm {
	base := "/admin/invoices/" + i.ID
	return &ui.Confirm{
		ID: "revoke", Title: "Pay, but do not renew?", Text: "“" + l.Description + "” stays on the invoice: its " + l.Total.Format("en") + " are still owed.",
		Effects: append([]string{
			"Paying " + numberOf(i) + " settles the money only: nothing is sent to the registry, neither paid-through nor next due moves.",
			"The same due date is not invoiced again unless staff allow it.", "It can be set back until the line is paid.",
		}, more...),
		Fields: []ui.Field{elsewhereField(), why("It stands in the audit log.")}, Action: base + "/lines/" + l.ID + "/revoke", Label: "Pay, do not renew", Cancel: base,
	}
}

// deleteLine takes a line off an invoice. Of a renewal that was made elsewhere that is noted first: paying for it can't
// move the dates any more once the line is gone.
func (a *area) deleteLine(r *http.Request, reason string) (i billing.Invoice, err error) {
	before, l, err := a.lineAt(r)
	if err != nil {
		return i, err
	}
	elsewhere, err := renewedElsewhere(r, l)
	if err != nil {
		return i, err
	}
	err = a.DB.Write(r.Context(), func(tx *db.Tx) (err error) {
		ctx := db.With(r.Context(), tx)
		if elsewhere {
			if err := a.Renewals.Revoke(ctx, l.ID, true, reason); err != nil {
				return err
			}
		}
		i, err = a.Billing.DeleteLine(ctx, before.ID, l.ID, reason)
		return err
	})
	return i, err
}
