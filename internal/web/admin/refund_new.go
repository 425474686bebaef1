package admin

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/web/ui"
)

// What a refund is of.
const (
	refundAll    = "all"
	refundAmount = "amount"
	refundLines  = "lines"
)

// typedRefund is the form of a refund as it was typed; lines are amounts by the id of their line.
type typedRefund struct {
	of, amount, to, why string
	adjust, keep        bool
	lines               map[string]string
}

func refundTyped(r *http.Request, i billing.Invoice) typedRefund {
	f := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	t := typedRefund{of: f("of"), amount: f("amount"), to: f("to"), why: f("why"), adjust: f("adjust") != "", keep: f("keep") != "", lines: map[string]string{}}
	for _, l := range i.Lines {
		t.lines[l.ID] = f("line_" + l.ID)
	}
	return t
}

// input reads what was typed; problems are named as the form's fields are.
func (t typedRefund) input(i billing.Invoice) (payment.RefundInput, map[string]string) {
	in := payment.RefundInput{To: payment.Destination(t.to), Reason: t.why, Adjust: t.adjust, KeepLicense: t.keep}
	wrong := map[string]string{}
	switch t.of {
	case refundAll:
	case refundAmount:
		amount, err := money.ParseDecimal(t.amount, i.Total.Currency)
		if err != nil || amount.Amount <= 0 {
			wrong["amount"] = "is not an amount, such as 49.00"
		}
		in.Money = &amount
	case refundLines:
		for _, l := range i.Lines {
			if t.lines[l.ID] == "" {
				continue
			}
			amount, err := money.ParseDecimal(t.lines[l.ID], i.Total.Currency)
			if err != nil || amount.Amount <= 0 {
				wrong["line_"+l.ID] = "is not an amount, such as 49.00"
			}
			in.Lines = append(in.Lines, billing.LineCredit{LineID: l.ID, Amount: amount})
		}
		if len(in.Lines) == 0 && len(wrong) == 0 {
			wrong["of"] = "name an amount for at least one line"
		}
	default:
		wrong["of"] = "is not one of the choices"
	}
	if t.why == "" {
		wrong["why"] = "is required"
	}
	return in, wrong
}

// hidden carries what was previewed to where it is done.
func (t typedRefund) hidden() []ui.Hidden {
	out := []ui.Hidden{{Name: "of", Value: t.of}, {Name: "amount", Value: t.amount}, {Name: "to", Value: t.to}, {Name: "why", Value: t.why}}
	if t.adjust {
		out = append(out, ui.Hidden{Name: "adjust", Value: "on"})
	}
	if t.keep {
		out = append(out, ui.Hidden{Name: "keep", Value: "on"})
	}
	for id, amount := range t.lines {
		if amount != "" {
			out = append(out, ui.Hidden{Name: "line_" + id, Value: amount})
		}
	}
	slices.SortFunc(out, func(a, b ui.Hidden) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (a *area) refundNew(w http.ResponseWriter, r *http.Request) error {
	i, err := a.Billing.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.refundForm(w, r, http.StatusOK, i, typedRefund{of: refundAll, to: string(payment.ToGateway), adjust: true}, nil, "")
}

func refundPage(p ui.Page, i billing.Invoice) ui.Page {
	p.Crumbs = []ui.Crumb{{Label: "Invoices", Href: "/admin/invoices"}, {Label: numberOf(i), Href: "/admin/invoices/" + i.ID}, {Label: "Refund"}}
	return p
}

func (a *area) refundForm(w http.ResponseWriter, r *http.Request, status int, i billing.Invoice, typed typedRefund, byField map[string]string, whole string) error {
	f, err := a.fate(r.Context(), i)
	if err != nil {
		return err
	}
	left := money.New(f.refundable(), i.Total.Currency)
	base := "/admin/invoices/" + i.ID
	v := formView{Page: refundPage(a.page(r, "Refund", "invoices"), i)}
	v.Head = ui.Head{Title: "Refund " + numberOf(i), Sub: i.Buyer.Name + ". " + left.Format("en") + " were paid and not given back. Nothing happens before you have seen what follows."}
	switch {
	case i.Disputes > 0:
		v.Callouts = []ui.Callout{{Tone: ui.Warn, Title: "A payment is disputed", Text: "Nothing can be refunded until that is decided: the money would go back twice."}}
	case left.Amount == 0:
		v.Callouts = []ui.Callout{{Tone: ui.Info, Title: "Nothing is left to refund", Text: "What was paid has been given back, or nothing was."}}
	}
	lines := ui.FormSection{Title: "By line", Text: "For a refund of lines: how much of each is taken back, before its discount, in terms of the prices."}
	for _, l := range i.Lines {
		if l.Left().Amount <= 0 {
			continue
		}
		lines.Fields = append(lines.Fields, ui.Field{
			Name: "line_" + l.ID, Label: quantityText(l.Description, l.Quantity), Value: typed.lines[l.ID], Optional: true, Short: true, InputMode: "decimal",
			Suffix: string(i.Total.Currency), Hint: refundHint(i, l),
		})
	}
	form := ui.Form{Action: base + "/refund", Submit: "Preview", Cancel: base, Sections: []ui.FormSection{
		{Title: "How much", Fields: []ui.Field{
			{Kind: ui.InputRadio, Name: "of", Label: "Refund", Value: typed.of, Options: []ui.Option{
				{Value: refundAll, Label: "All of it: " + left.Format("en"), Hint: "What no invoice has used goes first."},
				{Value: refundAmount, Label: "An amount", Hint: "It is divided among the lines in proportion."},
				{Value: refundLines, Label: "Lines", Hint: "As named below."},
			}},
			{Name: "amount", Label: "Amount", Value: typed.amount, Optional: true, Short: true, InputMode: "decimal", Suffix: string(i.Total.Currency), Hint: "With tax, for a refund of an amount"},
		}},
		lines,
		{Title: "Where to", Fields: []ui.Field{
			{Kind: ui.InputRadio, Name: "to", Label: "The money goes", Value: typed.to, Options: []ui.Option{
				{Value: string(payment.ToGateway), Label: "Back by the way it came", Hint: "Through the gateway. What was recorded by hand you send back by hand; used credit becomes credit again."},
				{Value: string(payment.ToCredit), Label: "To the customer's account credit", Hint: "Open invoices use it at once, later ones by themselves."},
			}},
		}},
		{Title: "What it means", Fields: []ui.Field{
			{Kind: ui.InputSwitch, Name: "adjust", Label: "Take back what was sold, by a credit note", Checked: typed.adjust, Hint: "Switched off, the debt stays and the invoice is open again; licenses change only as for any unpaid invoice."},
			{Kind: ui.InputSwitch, Name: "keep", Label: "Keep the license", Checked: typed.keep, Hint: "A license whose line is credited to its whole amount is revoked otherwise, and its subscription ends."},
			{Kind: ui.InputTextarea, Name: "why", Label: "Reason", Value: typed.why, Required: true, Rows: 2, MaxLength: 1000, Hint: "It stands on the credit note."},
		}},
	}}
	if len(lines.Fields) == 0 {
		form.Sections = slices.Delete(form.Sections, 1, 2)
	}
	v.Form = ui.WithErrors(form, byField, whole)
	return a.form(w, status, v)
}

// refundHint is how much of a line can be taken back, and with what it is by itself.
func refundHint(i billing.Invoice, l billing.InvoiceLine) string {
	hint := "At most " + l.Left().Decimal()
	if of, ok := i.Line(l.With); ok && of.Link != nil && of.Link.Kind == renewal.LinkRenewal && of.Left().Amount > 0 {
		hint += ". What is left of it is taken back with the last of “" + of.Description + "”, unless that was done."
	}
	return hint
}

// credited lists what of an invoice's lines is taken back between two looks at it; nil: nothing.
func credited(now, then billing.Invoice) *ui.Table {
	t := &ui.Table{ID: "credited", Flush: true, Caption: "What is taken back", Columns: []ui.Column{{Label: "Line"}, {Label: "Amount", End: true}}}
	for _, l := range then.Lines {
		before, _ := now.Line(l.ID)
		if more := l.Credited.Amount - before.Credited.Amount; more != 0 {
			t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.Text(quantityText(l.Description, l.Quantity)), ui.Text(money.New(more, l.Credited.Currency).Format("en"))}})
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return t
}

// refunded is what a refund would come to.
type refunded struct {
	refunds []payment.Refund
	after   billing.Invoice
	effects []string
}

func (a *area) foreseeRefund(ctx context.Context, i billing.Invoice, in payment.RefundInput) (would refunded, err error) {
	would.effects, err = a.foresee(ctx, i.CustomerID, func(ctx context.Context) (err error) {
		would.refunds, err = a.Payments.Refund(ctx, i.ID, in)
		return err
	}, func(ctx context.Context) (err error) {
		would.after, err = a.Billing.ByID(ctx, i.ID)
		return err
	})
	return would, err
}

// seen is what a preview showed, in a form that comes back with the answer.
func (f refunded) seen() string {
	var b strings.Builder
	for _, r := range f.refunds {
		fmt.Fprintf(&b, "%s %s %s; ", r.PaymentID, r.To, r.Money)
	}
	fmt.Fprintf(&b, "%s %s %s", f.after.Status, f.after.Credited, f.after.Balance())
	return b.String()
}

func (a *area) refundPreview(w http.ResponseWriter, r *http.Request) error {
	return a.showRefund(w, r, http.StatusOK, "")
}

// refundErrors names the fields as the form does.
func refundErrors(bad map[string]string, in payment.RefundInput) map[string]string {
	out := map[string]string{}
	for name, m := range bad {
		switch {
		case strings.HasPrefix(name, "money"):
			name = "amount"
		case name == "reason":
			name = "why"
		case name == "keep_license":
			name = "keep"
		case strings.HasPrefix(name, "lines[") && len(in.Lines) > 0:
			name = "of"
		}
		out[name] = m
	}
	return out
}

// showRefund shows what a refund would do, and asks whether it shall.
func (a *area) showRefund(w http.ResponseWriter, r *http.Request, status int, warning string) error {
	ctx := r.Context()
	i, err := a.Billing.ByID(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	typed := refundTyped(r, i)
	in, wrong := typed.input(i)
	if len(wrong) > 0 {
		return a.refundForm(w, r, http.StatusUnprocessableEntity, i, typed, wrong, "")
	}
	would, err := a.foreseeRefund(ctx, i, in)
	if err != nil {
		byField, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return a.refundForm(w, r, http.StatusUnprocessableEntity, i, typed, refundErrors(byField, in), whole)
	}
	base := "/admin/invoices/" + i.ID
	sum := money.New(0, i.Total.Currency)
	t := ui.Table{ID: "refund", Flush: true, Caption: "What goes back", Columns: []ui.Column{{Label: "From"}, {Label: "To"}, {Label: "Amount", End: true}}}
	byHand, through := false, false
	for _, part := range would.refunds {
		pay, err := a.Payments.ByID(ctx, part.PaymentID)
		if err != nil {
			return err
		}
		sum.Amount += part.Money.Amount
		if part.To == payment.ToGateway {
			byHand, through = byHand || part.Gateway == payment.ManualGateway, through || part.Gateway != payment.ManualGateway
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.Text(pay.Reference).With(gatewayName(pay.Gateway)), refundTo(string(part.To), part.Gateway), ui.Text(part.Money.Format("en"))}})
	}
	t.Totals = []ui.Total{{Label: "Goes back", Value: sum.Format("en"), Strong: true}}
	t.Empty = &ui.Empty{Art: "invoice", Title: "No money goes back", Text: "What is credited had not been paid."}
	effects := would.effects
	say := func(when bool, s string) {
		if when {
			effects = append(effects, s)
		}
	}
	say(in.KeepLicense, "Licenses and subscriptions stay as they are.")
	say(!in.Adjust && would.after.Status == billing.Open, "The debt stays: the customer owes the money again.")
	say(through, "The gateway is asked right afterwards. If it refuses, the money becomes account credit and somebody is told.")
	say(byHand, "What was recorded by hand you send back by hand: the store only books it.")
	v := sheetView{Page: refundPage(a.page(r, "Refund", "invoices"), i)}
	v.Head = ui.Head{Title: "Refund " + sum.Format("en") + "?", Sub: numberOf(i) + ", " + i.Buyer.Name + ". Nothing has happened yet."}
	if warning != "" {
		v.Callouts = []ui.Callout{{Tone: ui.Warn, Text: warning}}
	}
	before := &ui.Table{ID: "after", Flush: true, Caption: "The invoice", Columns: []ui.Column{{Label: "The invoice"}, {Label: "Now", End: true}, {Label: "Then", End: true}}}
	row := func(what string, now, then money.Money) {
		before.Rows = append(before.Rows, ui.Row{Cells: []ui.Cell{ui.Text(what), ui.Text(now.Format("en")), ui.Text(then.Format("en"))}})
	}
	row("Total", i.Total, would.after.Total)
	row("Credited", i.Credited, would.after.Credited)
	row("Paid", i.Paid, would.after.Paid)
	row("Balance", i.Balance(), would.after.Balance())
	form := ui.Form{
		Action: base + "/refund/do", Submit: "Refund " + sum.Format("en"), Kind: ui.Dangerous, Cancel: base + "/refund", Back: true, Stacked: true,
		Hidden: append(typed.hidden(), ui.Hidden{Name: "seen", Value: would.seen()}),
	}
	v.Left = []card{{Head: ui.CardHead{Title: "What goes back"}, Table: &t}}
	if lines := credited(i, would.after); lines != nil {
		v.Left = append(v.Left, card{Head: ui.CardHead{Title: "What is taken back", Text: "Of the lines, before their discounts, in terms of the prices."}, Table: lines})
	}
	v.Left = append(v.Left, card{Head: ui.CardHead{Title: "The invoice"}, Table: before})
	v.Right = []card{{Head: ui.CardHead{Title: "Go ahead?"}, Effects: effects, Form: &form}}
	return a.pages.Render(w, status, "sheet", v)
}

func (a *area) refundDo(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	i, err := a.Billing.ByID(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	in, wrong := refundTyped(r, i).input(i)
	if len(wrong) > 0 {
		return a.showRefund(w, r, http.StatusUnprocessableEntity, "")
	}
	would, err := a.foreseeRefund(ctx, i, in)
	if err != nil {
		if _, _, ok := fieldErrors(err); !ok {
			return err
		}
		return a.showRefund(w, r, http.StatusUnprocessableEntity, "")
	}
	if would.seen() != r.PostFormValue("seen") {
		return a.showRefund(w, r, http.StatusConflict, "It has come to something else since you looked. Nothing was refunded: please look again.")
	}
	did, err := a.Payments.Refund(ctx, i.ID, in)
	if err != nil {
		if e := fail.Of(err); e.Kind == fail.KindConflict {
			return a.showRefund(w, r, http.StatusConflict, "")
		}
		return err
	}
	sum := money.New(0, i.Total.Currency)
	for _, part := range did {
		sum.Amount += part.Money.Amount
	}
	return done(w, r, "/admin/invoices/"+i.ID, sum.Format("en")+" were refunded.")
}
