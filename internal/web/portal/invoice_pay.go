package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// chargeable reports whether a method can be charged: its gateway is there, and can do that.
func (a *area) chargeable(m payment.Method) bool {
	return slices.ContainsFunc(a.Payments.Gateways(), func(g payment.GatewayInfo) bool { return g.Name == m.Gateway && g.Can.OffSession })
}

// The ways to pay, as the form sends them: "method:pmt_…" or "gateway:sandbox".
const (
	byMethod  = "method"
	byGateway = "gateway"
)

// payForm offers the ways to pay an invoice at once; nil if there are none. tries is how many payments were begun of it:
// the same form sent twice is one payment.
func (a *area) payForm(ctx context.Context, inv billing.Invoice, tries int) (*ui.Form, error) {
	saved, err := a.Payments.Methods(ctx, inv.CustomerID)
	if err != nil {
		return nil, err
	}
	choice := ui.Field{Kind: ui.InputRadio, Name: "pay", Label: "How do you want to pay?", Required: true}
	for _, m := range saved {
		if !a.chargeable(m) {
			continue
		}
		o := ui.Option{Value: byMethod + ":" + m.ID, Label: m.Label}
		if until := expiry(m); until != "" {
			o.Hint = "Good until the end of " + until
		}
		choice.Options = append(choice.Options, o)
		if m.Default {
			choice.Value = o.Value
		}
	}
	savable := false
	for _, g := range a.Payments.Gateways() {
		if g.Can.Checkout {
			o := ui.Option{Value: byGateway + ":" + g.Name, Label: gatewayName(g.Name), Hint: "You pay on the page of " + gatewayName(g.Name) + " and come back here."}
			if g.Name == sandbox.Name {
				o.Label, o.Hint = "Another card", "You pay on the test page of the sandbox and come back here."
			}
			choice.Options = append(choice.Options, o)
			savable = savable || g.Can.SaveMethod
		}
	}
	if len(choice.Options) == 0 {
		return nil, nil
	}
	if choice.Value == "" {
		choice.Value = choice.Options[0].Value
	}
	f := &ui.Form{
		Action: "/account/invoices/" + inv.ID + "/pay", Submit: "Pay " + show(inv.Balance()), Stacked: true,
		Hidden:   []ui.Hidden{{Name: "try", Value: strconv.Itoa(tries)}},
		Sections: []ui.FormSection{{Fields: []ui.Field{choice}}},
	}
	if savable {
		f.Sections[0].Fields = append(f.Sections[0].Fields, ui.Field{Kind: ui.InputCheckbox, Name: "save", Label: "Keep another card for later", Hint: "Renewals are then paid with it by themselves."})
	}
	return f, nil
}

func gatewayName(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// pay pays an invoice: with a saved method at once, or on the page of a gateway.
func (a *area) pay(w http.ResponseWriter, r *http.Request) error {
	inv, err := a.ownInvoice(r)
	if err != nil {
		return err
	}
	if inv.Status != billing.Open {
		return a.afterCharge(w, r, inv, payment.Attempt{}, payment.ErrNothingDue)
	}
	try, err := strconv.ParseUint(r.PostFormValue("try"), 10, 16)
	if err != nil {
		return fail.Malformed("TRY", "The form is not complete.")
	}
	var attempt payment.Attempt
	switch how, which, _ := strings.Cut(r.PostFormValue("pay"), ":"); how {
	case byMethod:
		attempt, err = a.Payments.Charge(r.Context(), inv.ID, payment.ChargeOptions{
			MethodID: which, Key: fmt.Sprintf("portal %s %d %s", inv.ID, try, which),
		})
	case byGateway:
		var base string
		if base, err = a.baseURL(r); err != nil {
			return err
		}
		attempt, err = a.Payments.Checkout(r.Context(), inv.ID, payment.CheckoutOptions{
			Gateway: which, ReturnURL: base + "/account/invoices/" + inv.ID + "/return", SaveMethod: r.PostFormValue("save") != "",
		})
	default:
		return say(w, r, "/account/invoices/"+inv.ID, ui.Warn, "Choose how you want to pay.")
	}
	return a.afterCharge(w, r, inv, attempt, err)
}

// baseURL is where this store is reached: as its owner says, else as this request reached it.
func (a *area) baseURL(r *http.Request) (string, error) {
	s, err := a.Settings.Get(r.Context())
	if err != nil || s.BaseURL != "" {
		return s.BaseURL, err
	}
	u := url.URL{Scheme: "http", Host: r.Host}
	if web.Secure(r) {
		u.Scheme = "https"
	}
	return u.String(), nil
}

// returned is where a gateway's page leads back to. Whatever the address says, the gateway is asked.
func (a *area) returned(w http.ResponseWriter, r *http.Request) error {
	inv, err := a.ownInvoice(r)
	if err != nil {
		return err
	}
	attempt, err := a.Payments.Returned(r.Context(), inv.ID)
	switch {
	case err != nil && fail.Of(err).Kind == fail.KindNotFound:
		http.Redirect(w, r, "/account/invoices/"+inv.ID, http.StatusSeeOther)
		return nil
	case err == nil && attempt.State == payment.AttemptRequiresAction:
		return say(w, r, "/account/invoices/"+inv.ID, ui.Info, "You have not finished the payment. Go on with it whenever you like.")
	}
	return a.afterCharge(w, r, inv, attempt, err)
}

// afterCharge says what became of a payment. Two windows that pay at once pay once, and the second one says so.
func (a *area) afterCharge(w http.ResponseWriter, r *http.Request, inv billing.Invoice, attempt payment.Attempt, err error) error {
	to := "/account/invoices/" + inv.ID
	switch {
	case errors.Is(err, payment.ErrInProgress):
		return say(w, r, to, ui.Info, "A payment of this invoice is under way already, perhaps from another window. Nothing was charged twice.")
	case errors.Is(err, payment.ErrNothingDue):
		if now, err := a.Billing.ByID(r.Context(), inv.ID); err != nil || now.Status != billing.Paid {
			return errors.Join(err, say(w, r, to, ui.Info, "Nothing is to be paid of this invoice. You were not charged."))
		}
		return say(w, r, to, ui.Info, "This invoice is paid already. You were not charged again.")
	case errors.Is(err, payment.ErrNoMethod):
		return say(w, r, to, ui.Warn, "This payment method can't be charged. Choose another.")
	case err != nil:
		e := fail.Of(err)
		if _, _, ok := explained(err); !ok && e.Kind != fail.KindUnavailable {
			return err
		}
		return say(w, r, to, ui.Warn, e.Detail)
	}
	switch attempt.State {
	case payment.AttemptSucceeded:
		now, err := a.Billing.ByID(r.Context(), inv.ID)
		if err != nil {
			return err
		}
		if left := now.Balance(); left.Amount > 0 {
			return say(w, r, to, ui.Warn, "A part of it is paid. "+show(left)+" are left to pay.")
		}
		return done(w, r, to, "Your payment has arrived. Thank you.")
	case payment.AttemptFailed:
		text := "The payment did not succeed, and nothing was charged."
		if attempt.Detail != "" {
			text = "The payment did not succeed: " + attempt.Detail + " Nothing was charged."
		}
		return say(w, r, to, ui.Danger, text)
	case payment.AttemptRequiresAction:
		http.Redirect(w, r, attempt.ActionURL, http.StatusSeeOther)
		return nil
	case payment.AttemptCreated, payment.AttemptUnknown, payment.AttemptPending:
	}
	return say(w, r, to, ui.Info, "Your payment is under way. It shows here as soon as we know what became of it.")
}
