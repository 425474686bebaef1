package admin

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/report"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

// sandboxShow has what goes wrong on purpose. It is there in a store in test mode, and nowhere else.
func (a *area) sandboxShow(w http.ResponseWriter, r *http.Request) error {
	if a.Sandbox == nil {
		return errNoPage
	}
	f, err := a.Sandbox.Faults(r.Context())
	if err != nil {
		return err
	}
	return a.sandboxPage(w, r, http.StatusOK, faultForm(f, strconv.Itoa(f.Duplicate), strconv.Itoa(f.DelaySeconds)))
}

func faultForm(f sandbox.Faults, duplicate, delay string) ui.Form {
	return ui.Form{Action: "/admin/sandbox", Submit: "Set", Sections: []ui.FormSection{
		{Title: "Webhooks", Text: "What the sandbox tells of charges, refunds and disputes.", Fields: []ui.Field{
			{Kind: ui.InputNumber, Name: "duplicate", Label: "Extra copies of each", Value: duplicate, Required: true, Short: true, Min: "0"},
			{Kind: ui.InputNumber, Name: "delay_seconds", Label: "Late by", Value: delay, Required: true, Short: true, Min: "0", Suffix: "seconds", Hint: "On the store's clock"},
			{Kind: ui.InputSwitch, Name: "reorder", Label: "Out of order", Checked: f.Reorder},
			{Kind: ui.InputSwitch, Name: "drop", Label: "Do not come at all", Checked: f.Drop, Hint: "The store finds out by asking."},
		}},
		{Title: "Answers", Fields: []ui.Field{
			{Kind: ui.InputSwitch, Name: "fail_after_effect", Label: "Lost after the effect", Checked: f.FailAfterEffect, Hint: "Each charge and refund is carried out, and the store does not get the answer."},
		}},
	}}
}

func (a *area) sandboxPage(w http.ResponseWriter, r *http.Request, status int, form ui.Form) error {
	v := sheetView{Page: a.page(r, "Sandbox", "payments"), Tabs: a.paymentTabs("/admin/sandbox")}
	v.Head = ui.Head{Title: "Sandbox", Sub: "A payment gateway to try things out with. Only a store in test mode has it."}
	if visitorOf(r).staff.Role.Can(staff.SalesWrite) {
		v.Left = []card{{Head: ui.CardHead{Title: "What goes wrong on purpose", Text: "In force until it is set again."}, Form: &form}}
	}
	t := &ui.Table{ID: "cards", Flush: true, Caption: "Cards", Columns: []ui.Column{{Label: "Card"}, {Label: "What happens"}}}
	for _, c := range sandbox.Cards() {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.Text(c.Name).With(c.Token), ui.Text(c.What)}})
	}
	v.Right = []card{{Head: ui.CardHead{Title: "Cards", Text: "A customer's page saves one; the pay page offers them."}, Table: t}}
	return a.pages.Render(w, status, "sheet", v)
}

func (a *area) sandboxFaults(w http.ResponseWriter, r *http.Request) error {
	if a.Sandbox == nil {
		return errNoPage
	}
	f := sandbox.Faults{Reorder: r.PostFormValue("reorder") != "", Drop: r.PostFormValue("drop") != "", FailAfterEffect: r.PostFormValue("fail_after_effect") != ""}
	duplicate, delay := strings.TrimSpace(r.PostFormValue("duplicate")), strings.TrimSpace(r.PostFormValue("delay_seconds"))
	wrong := map[string]string{}
	var err error
	if f.Duplicate, err = strconv.Atoi(duplicate); err != nil {
		wrong["duplicate"] = "is not a whole number"
	}
	if f.DelaySeconds, err = strconv.Atoi(delay); err != nil {
		wrong["delay_seconds"] = "is not a whole number"
	}
	again := func(byField map[string]string, whole string) error {
		return a.sandboxPage(w, r, http.StatusUnprocessableEntity, ui.WithErrors(faultForm(f, duplicate, delay), byField, whole))
	}
	if len(wrong) > 0 {
		return again(wrong, "")
	}
	if err := a.Sandbox.SetFaults(r.Context(), f); err != nil {
		byField, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return again(byField, whole)
	}
	return done(w, r, "/admin/sandbox", "Set. It holds for what comes from now on.")
}

// maySandboxDispute reports whether a payment can be disputed here, as if its customer had gone to the bank.
func (a *area) maySandboxDispute(pay payment.Payment) bool {
	return a.Sandbox != nil && pay.Gateway == a.Sandbox.Name() && pay.State == payment.Succeeded && pay.Dispute != payment.DisputeOpen && pay.Dispute != payment.DisputeLost &&
		pay.Refunded.Amount < pay.Money.Amount
}

func (a *area) disputeQuestion(r *http.Request) (*ui.Confirm, error) {
	if a.Sandbox == nil {
		return nil, errNoPage
	}
	pay, err := a.Payments.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if !a.maySandboxDispute(pay) {
		return nil, fail.Conflict("PAYMENT_NOT_DISPUTABLE", "Only a payment of the sandbox that succeeded, with something left of it, can be disputed here.")
	}
	left := pay.Money
	left.Amount -= pay.Refunded.Amount
	base := "/admin/payments/" + pay.ID
	return &ui.Confirm{
		ID: "dispute", Title: "Dispute this payment?", Text: "As if the customer had gone to the bank. The sandbox tells the store by a webhook.",
		Effects: []string{left.Format("en") + " count as charged back until it is decided.", "The licenses that it paid for are held, and their subscription is suspended.", "Nothing of the invoice is charged, reminded of or refunded meanwhile."},
		Action:  base + "/dispute", Label: "Dispute", Cancel: base,
	}, nil
}

func (a *area) dispute(r *http.Request) (to, text string, err error) {
	if a.Sandbox == nil {
		return "", "", errNoPage
	}
	pay, err := a.Payments.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return "", "", err
	}
	if _, err := a.Sandbox.Dispute(r.Context(), pay.Reference); err != nil {
		return "", "", err
	}
	if _, err := a.Automation.RunDue(r.Context()); err != nil {
		return "", "", err
	}
	return "/admin/payments/" + pay.ID, "The payment is disputed. The store hears of it by the sandbox's webhook.", nil
}

// sandboxDispute is the dispute that an address names, if it is one of the sandbox that is open.
func (a *area) sandboxDispute(r *http.Request) (d report.Dispute, err error) {
	if a.Sandbox == nil {
		return d, errNoPage
	}
	d, err = a.Reports.Dispute(r.Context(), r.PathValue("id"))
	if err == nil && (d.Gateway != a.Sandbox.Name() || d.Status != string(payment.DisputeOpen)) {
		err = fail.Conflict("DISPUTE_CLOSED", "It has been decided, or the bank of another gateway decides.")
	}
	return d, err
}

func (a *area) closeDisputeQuestion(r *http.Request) (*ui.Confirm, error) {
	d, err := a.sandboxDispute(r)
	if err != nil {
		return nil, err
	}
	base := "/admin/disputes/" + d.ID
	return &ui.Confirm{
		ID: "close", Title: "How does the bank decide?", Text: d.CustomerName + ", " + d.Money.Format("en") + ". The sandbox tells the store by a webhook.",
		Fields: []ui.Field{{Kind: ui.InputRadio, Name: "outcome", Label: "Outcome", Value: "won", Required: true, Options: []ui.Option{
			{Value: "won", Label: "Won", Hint: d.Money.Format("en") + " count again, the licenses are released, and billing goes on."},
			{Value: "lost", Label: "Lost", Hint: d.Money.Format("en") + " are gone. The licenses are revoked, their subscription ends, and the invoice becomes uncollectible."},
		}}},
		Action: base + "/close", Label: "Decide", Cancel: base,
	}, nil
}

func (a *area) closeDispute(r *http.Request) (to, text string, err error) {
	d, err := a.sandboxDispute(r)
	if err != nil {
		return "", "", err
	}
	outcome := r.PostFormValue("outcome")
	if outcome != "won" && outcome != "lost" {
		return "", "", fail.Invalid("outcome", "is not won or lost")
	}
	if err := a.Sandbox.CloseDispute(r.Context(), d.Reference, outcome); err != nil {
		return "", "", err
	}
	if _, err := a.Automation.RunDue(r.Context()); err != nil {
		return "", "", err
	}
	return "/admin/disputes/" + d.ID, "The bank has decided. The store hears of it by the sandbox's webhook.", nil
}
