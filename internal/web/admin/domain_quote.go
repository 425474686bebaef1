package admin

import (
	"net/http"
	"strconv"
	"strings"
	"time"

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
		ID: "restore-quote", Title: "What does the restore of " + h.Name.Unicode() + " cost?", Text: text, Fields: []ui.Field{fee, why("It stands in the audit log.")},
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

// renewalQuoteQuestion asks what a renewal of a name costs that its registry prices by itself.
func (a *area) renewalQuoteQuestion(r *http.Request) (*ui.Confirm, error) {
	h, err := a.standing(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	policies, err := a.Domains.Policies(r.Context(), h.Extension)
	if err != nil {
		return nil, err
	}
	policy, known := policies.At(h.Extension, h.today)
	chosen := r.PostFormValue("years")
	if chosen == "" {
		chosen = strconv.Itoa(max(h.Term, 1))
	}
	years := ui.Field{Kind: ui.InputSelect, Name: "years", Label: "Renewal for", Required: true, Short: true, Value: chosen}
	price := ui.Field{Name: "price", Label: "What it costs, in " + string(h.Recurring.Currency), Required: true, Short: true, MaxLength: 20, Value: r.PostFormValue("price")}
	var entered []string
	for n := 1; n < 10; n++ {
		if !known || !policy.Allows(n) {
			continue
		}
		years.Options = append(years.Options, ui.Option{Value: strconv.Itoa(n), Label: yearsText(n)})
		if m, ok := h.Entered(n); ok {
			entered = append(entered, yearsText(n)+": "+m.Format("en"))
		}
	}
	if len(entered) > 0 {
		price.Hint = "Entered for this term: " + strings.Join(entered, ", ") + "."
	}
	q := &ui.Confirm{
		ID: "renewal-quote", Title: "What does a renewal of " + h.Name.Unicode() + " cost?",
		Text:   "A premium name costs what its registry asks. Where the registrar does not tell it, it counts as entered here, until the term that ends on " + dateText(h.Standing.Window.End) + " is renewed.",
		Fields: []ui.Field{years, price, why("It stands in the audit log.")},
		Effects: []string{
			"The customer can order the renewal at this price.", "The automatic invoice is made at the price that was promised, if this one is not above it.",
		},
		Tone: ui.Info, Action: domainPath(r) + "/renewal-quote", Label: "Enter the price", Cancel: domainPath(r),
	}
	if h.Premium == nil {
		q.Effects = append(q.Effects, "The domain counts as a premium name from now on: it is renewed at such prices only.")
	}
	return q, nil
}

func (a *area) renewalQuote(r *http.Request) (to, text string, err error) {
	h, err := a.standing(r.Context(), r.PathValue("id"))
	if err != nil {
		return "", "", err
	}
	price, err := money.ParseDecimal(strings.TrimSpace(r.PostFormValue("price")), h.Recurring.Currency)
	if err != nil {
		return "", "", fail.Invalid("price", "is not an amount such as 250.00")
	}
	years, err := strconv.Atoi(r.PostFormValue("years"))
	if err != nil {
		return "", "", fail.Invalid("years", "must be chosen")
	}
	reason, err := reasonGiven(r)
	if err != nil {
		return "", "", err
	}
	_, err = a.Renewals.QuoteRenewal(r.Context(), h.ID, years, price, reason)
	return domainPath(r), "A renewal for " + yearsText(years) + " costs " + price.Format("en") + ".", err
}

// premiumDetail is the line about the price of a premium name among the facts of a domain.
func (h holding) premiumDetail(mayWrite bool) (d ui.Detail, ok bool) {
	if h.Premium == nil && !h.can.Manual {
		return d, false
	}
	d = ui.Detail{Label: "Premium", Value: ui.Text("No"), Hint: "If the registry has a price of its own for the name, enter it: the registrar tells none."}
	if h.Premium != nil {
		d.Value, d.Hint = ui.Text(h.Premium.Class), "Nobody knows yet what a renewal for "+yearsText(h.Term)+" costs."
		if own, known := h.AskedLast(h.Term, h.today.StartIn(time.UTC)); known {
			d.Hint = "A renewal for " + yearsText(h.Term) + " costs " + own.Format("en") + "."
		} else if h.Term == 0 {
			d.Hint = ""
		}
	}
	if mayWrite && h.Status().Live() {
		d.Action = &ui.Button{Label: "Enter a price", Href: domainsAt + "/" + h.ID + "/renewal-quote", Small: true}
	}
	return d, true
}
