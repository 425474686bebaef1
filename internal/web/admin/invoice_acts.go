package admin

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/web/ui"
)

// ending makes the question before an invoice is ended unpaid.
func (a *area) ending(r *http.Request, title, path, label, text string, act func(ctx context.Context, id string) error) (*ui.Confirm, error) {
	i, err := a.Billing.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	effects, err := a.foresee(r.Context(), i.CustomerID, func(ctx context.Context) error { return act(ctx, i.ID) }, nil)
	if err != nil {
		return nil, err
	}
	for _, l := range i.Lines {
		if l.Link != nil && l.Link.State == billing.Pending {
			effects = append(effects, "“"+l.Description+"”: "+strings.ToLower(linkWords[l.Link.Kind].not[:1])+linkWords[l.Link.Kind].not[1:]+" any more.")
		}
	}
	base := "/admin/invoices/" + i.ID
	return &ui.Confirm{
		ID: path, Title: strings.ReplaceAll(title, "%s", numberOf(i)), Text: strings.ReplaceAll(text, "%s", i.Balance().Format("en")), Effects: effects,
		Fields: []ui.Field{why("It stands in the audit log.")}, Action: base + "/" + path, Label: label, Cancel: base,
	}, nil
}

func (a *area) voidQuestion(r *http.Request) (*ui.Confirm, error) {
	return a.ending(r, "Make %s void?", "void", "Make void", "As if it had never been asked for: %s are owed no more. It can't be taken up again.", func(ctx context.Context, id string) error {
		_, err := a.Billing.VoidInvoice(ctx, id, "")
		return err
	})
}

func (a *area) voidInvoice(r *http.Request) (to, text string, err error) {
	reason, err := reasonGiven(r)
	if err != nil {
		return "", "", err
	}
	i, err := a.Billing.VoidInvoice(r.Context(), r.PathValue("id"), reason)
	return "/admin/invoices/" + i.ID, "The invoice is void.", err
}

func (a *area) writeOffQuestion(r *http.Request) (*ui.Confirm, error) {
	return a.ending(r, "Write %s off?", "write-off", "Write off", "It was owed and will not come: %s are booked as a loss. Money that arrives later becomes account credit.", func(ctx context.Context, id string) error {
		_, err := a.Billing.WriteOff(ctx, id, "")
		return err
	})
}

func (a *area) writeOff(r *http.Request) (to, text string, err error) {
	reason, err := reasonGiven(r)
	if err != nil {
		return "", "", err
	}
	i, err := a.Billing.WriteOff(r.Context(), r.PathValue("id"), reason)
	return "/admin/invoices/" + i.ID, "The invoice is uncollectible.", err
}

func (a *area) chargeQuestion(r *http.Request) (*ui.Confirm, error) {
	ctx := r.Context()
	i, err := a.Billing.ByID(ctx, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if i.Status != billing.Open {
		return nil, payment.ErrNothingDue
	}
	f, err := a.fate(ctx, i)
	if err != nil {
		return nil, err
	}
	if f.method == nil {
		return nil, payment.ErrNoMethod
	}
	c, err := a.Customers.ByID(ctx, i.CustomerID)
	if err != nil {
		return nil, err
	}
	charged := i.Balance()
	var effects []string
	if credit := c.CreditIn(charged.Currency); credit.Amount > 0 {
		used := credit
		used.Amount = min(credit.Amount, charged.Amount)
		charged.Amount -= used.Amount
		effects = append(effects, used.Format("en")+" of account credit are used first.")
	}
	if charged.Amount > 0 {
		effects = append(effects, charged.Format("en")+" are charged to "+f.method.Label+" at once.")
	}
	effects = append(effects, "When it is paid, its lines are delivered.")
	base := "/admin/invoices/" + i.ID
	return &ui.Confirm{
		ID: "charge", Title: "Charge " + charged.Format("en") + "?", Text: numberOf(i) + ", " + i.Buyer.Name + ".", Effects: effects, Tone: ui.Info,
		Action: base + "/charge", Label: "Charge", Cancel: base,
	}, nil
}

func (a *area) charge(r *http.Request) (to, text string, err error) {
	id := r.PathValue("id")
	try, err := a.Payments.Charge(r.Context(), id, payment.ChargeOptions{})
	to = "/admin/invoices/" + id
	if e := fail.Of(err); err != nil && e.Code == payment.ErrNothingDue.Code {
		return to, "Nothing is left to charge: account credit has paid it.", nil
	}
	if err != nil {
		return "", "", err
	}
	text = attemptWords[try.State]
	if try.State == payment.AttemptFailed && try.Detail != "" {
		text = "It failed: " + try.Detail
	}
	return to, text, nil
}

func payForm(i billing.Invoice, amount, reference, received string) ui.Form {
	base := "/admin/invoices/" + i.ID
	return ui.Form{Action: base + "/payments", Submit: "Record payment", Cancel: base, Sections: []ui.FormSection{{Title: "What arrived", Text: "When nothing is left to pay, the lines are delivered at once.", Fields: []ui.Field{
		{Name: "amount", Label: "Amount", Value: amount, Required: true, InputMode: "decimal", Suffix: string(i.Total.Currency), Short: true, Hint: "Less leaves the rest open. More becomes the customer's credit."},
		{Name: "reference", Label: "Reference", Value: reference, Required: true, MaxLength: 255, Hint: "What identifies it on the bank statement. The same one is never counted twice."},
		{Kind: ui.InputDate, Name: "received_on", Label: "Received on", Value: received, Required: true, Short: true},
	}}}}
}

func (a *area) invoicePayNew(w http.ResponseWriter, r *http.Request) error {
	i, err := a.Billing.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	p := a.page(r, "", "")
	return a.payPage(w, r, http.StatusOK, i, payForm(i, i.Balance().Decimal(), "", civil.Of(p.Now, p.Location()).String()))
}

func (a *area) payPage(w http.ResponseWriter, r *http.Request, status int, i billing.Invoice, f ui.Form) error {
	v := formView{Page: a.page(r, "Record a payment", "invoices"), Form: f}
	v.Crumbs = []ui.Crumb{{Label: "Invoices", Href: "/admin/invoices"}, {Label: numberOf(i), Href: "/admin/invoices/" + i.ID}, {Label: "Record a payment"}}
	v.Head = ui.Head{Title: "Record a payment", Sub: numberOf(i) + ", " + i.Buyer.Name + ": " + i.Balance().Format("en") + " are open."}
	if i.Status != billing.Open {
		v.Callouts = []ui.Callout{{Tone: ui.Warn, Title: "The invoice is " + string(i.Status), Text: "It takes no money: all of it becomes the customer's credit."}}
	}
	return a.form(w, status, v)
}

// payErrors names the fields as the form does.
func payErrors(bad map[string]string) map[string]string {
	out := map[string]string{}
	for name, m := range bad {
		switch {
		case strings.HasPrefix(name, "money"):
			name = "amount"
		case name == "received_at":
			name = "received_on"
		}
		out[name] = m
	}
	return out
}

func (a *area) invoicePay(w http.ResponseWriter, r *http.Request) error {
	i, err := a.Billing.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	typed, reference, day := r.PostFormValue("amount"), r.PostFormValue("reference"), r.PostFormValue("received_on")
	again := func(byField map[string]string, whole string) error {
		return a.payPage(w, r, http.StatusUnprocessableEntity, i, ui.WithErrors(payForm(i, typed, reference, day), byField, whole))
	}
	amount, err := money.ParseDecimal(strings.TrimSpace(typed), i.Total.Currency)
	if err != nil {
		return again(map[string]string{"amount": "is not an amount, such as 49.00"}, "")
	}
	on, err := civil.Parse(day)
	if err != nil {
		return again(map[string]string{"received_on": "is not a date"}, "")
	}
	page := a.page(r, "", "")
	in := payment.Manual{Money: amount, Reference: reference, ReceivedAt: on.StartIn(page.Location())}
	if on == civil.Of(page.Now, page.Location()) {
		in.ReceivedAt = time.Time{} // today: now
	}
	if _, err := a.Payments.Record(r.Context(), i.ID, in); err != nil {
		byField, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return again(payErrors(byField), whole)
	}
	after, err := a.Billing.ByID(r.Context(), i.ID)
	if err != nil {
		return err
	}
	text := amount.Format("en") + " recorded."
	switch after.Status {
	case billing.Paid:
		text += " The invoice is paid."
	case billing.Open:
		text += " " + after.Balance().Format("en") + " is still open."
	case billing.Draft, billing.Void, billing.Uncollectible:
		text += " It is the customer's credit now."
	}
	return done(w, r, "/admin/invoices/"+i.ID, text)
}
