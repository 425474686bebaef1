package admin

import (
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/web/ui"
)

// restoreQuoteQuestion asks what the restore of one domain costs.
func (a *area) restoreQuoteQuestion(r *http.Request) (*ui.Confirm, error) {
	h, err := a.standing(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	text := "What its registry asks for the restore, on top of the renewal. It counts for the term that ends on " + dateText(h.Standing.Window.End) + ", in the place of the fee of the extension."
	fee := ui.Field{Name: "fee", Label: "Fee of the restore in " + string(h.Recurring.Currency), Required: true, Short: true, MaxLength: 20, Value: r.PostFormValue("fee")}
	if q := h.RestoreQuote; q != nil {
		fee.Hint = "Entered last: " + q.Fee.Format("en") + ", on " + q.At.UTC().Format("2 Jan 2006") + ", for the term that ends on " + dateText(q.Term) + "."
	}
	return &ui.Confirm{
		ID: "restore-quote", Title: "What does the restore of " + h.Name.Unicode() + " cost?", Text: text, Fields: []ui.Field{fee, why("It stands in the history of the domain.")},
		Effects: []string{"The customer can pay for it then. A renewal that waits for the fee is asked for it at once."},
		Tone:    ui.Info, Action: domainPath(r) + "/restore-quote", Label: "Enter the fee", Cancel: domainPath(r),
	}, nil
}

func (a *area) restoreQuote(r *http.Request) (to, text string, err error) {
	h, err := a.standing(r.Context(), r.PathValue("id"))
	if err != nil {
		return "", "", err
	}
	fee, err := money.ParseDecimal(strings.TrimSpace(r.PostFormValue("fee")), h.Recurring.Currency)
	if err != nil {
		return "", "", fail.Invalid("fee", "is not an amount such as 80.00")
	}
	reason, err := reasonGiven(r)
	if err != nil {
		return "", "", err
	}
	_, err = a.Renewals.QuoteRestore(r.Context(), h.ID, fee, reason)
	return domainPath(r), "The restore costs " + fee.Format("en") + " on top of the renewal.", err
}

// restoreFee is the line about the fee of a restore among the facts of a domain: as staff have quoted it, else that they have to.
func (h holding) restoreFee(mayWrite bool) (d ui.Detail, ok bool) {
	if h.policy == nil || !h.Status().Live() || h.Standing.Window.LastRestore.IsZero() && h.Standing.Stage != domainname.StageRedemption {
		return d, false
	}
	quoted := h.RestoreQuote != nil && h.RestoreQuote.Term == h.Standing.Window.End
	if !quoted && !h.policy.RedemptionFee.Unset() {
		return d, false
	}
	d = ui.Detail{Label: "Restore", Value: ui.Text("No fee yet"), Hint: "The extension has no fee for it: find out what the registry asks."}
	if quoted {
		d.Value, d.Hint = ui.Text(h.RestoreQuote.Fee.Format("en")), "On top of the renewal, as staff have entered it for this term."
	}
	if mayWrite {
		d.Action = &ui.Button{Label: "Enter the fee", Href: domainsAt + "/" + h.ID + "/restore-quote", Small: true}
	}
	return d, true
}
