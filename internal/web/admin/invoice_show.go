package admin

import (
	"net/http"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

func partyOf(role string, p billing.Party) ui.Party {
	return ui.NewParty(role, p.Name, p.Company, p.Address, p.Country, p.TaxID, p.Email)
}

type invoiceView struct {
	ui.Page
	Head     ui.Head
	Callouts []ui.Callout
	Paper    ui.Paper
	Left     []card
	Right    []card
}

func (a *area) invoiceShow(w http.ResponseWriter, r *http.Request) error {
	i, err := a.Billing.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.invoicePage(w, r, http.StatusOK, i, nil)
}

// invoicePage renders an invoice; form is the payment form that comes back with errors, or nil.
func (a *area) invoicePage(w http.ResponseWriter, r *http.Request, status int, i billing.Invoice, form *ui.Form) error {
	v := invoiceView{Page: a.page(r, i.Number, "invoices")}
	v.Crumbs = []ui.Crumb{{Label: "Invoices", Href: "/admin/invoices"}, {Label: i.Number}}
	v.Head = ui.Head{Title: i.Number, Mono: true, Badges: []ui.Badge{ui.StatusBadge(shownStatus(v.Page, i))}}
	v.Paper.Parties = []ui.Party{partyOf("From", i.Seller), partyOf("To", i.Buyer)}
	v.Paper.Facts = ui.Details{Items: []ui.Detail{
		{Label: "Issued", Value: ui.Text(dateText(i.IssuedOn))},
		{Label: "Due", Value: ui.Text(dateText(i.DueOn))},
		{Label: "Order", Value: ui.Mono(i.OrderID).To("/admin/orders/" + i.OrderID)},
		{Label: "Customer", Value: ui.Text(i.Buyer.Name).To("/admin/customers/" + i.CustomerID)},
	}}
	v.Head.Actions = []ui.Button{{Label: "Print", Href: "/admin/invoices/" + i.ID + "/print", Icon: "invoice"}}
	mayWrite := visitorOf(r).staff.Role.Can(staff.SalesWrite)
	v.Paper.Lines = a.invoiceLines(i, mayWrite)
	for _, l := range i.Lines {
		if l.Link != nil && l.Link.State == billing.Failed {
			c := ui.Callout{Tone: ui.Danger, Title: "“" + l.Description + "” was paid but could not be delivered", Text: l.Link.Error + " It is tried again by itself."}
			if mayWrite {
				c.Actions = []ui.Button{{Label: "Try again now", Href: "/admin/invoices/" + i.ID + "/lines/" + l.ID + "/retry", Post: true}}
			}
			v.Callouts = append(v.Callouts, c)
		}
	}
	if mayWrite && i.Status == billing.Open {
		if form == nil {
			f := paymentForm(i, i.Balance().Decimal(), "", civil.Of(v.Now, zoneOf(v.Page)).String())
			form = &f
		}
		v.Left = append(v.Left, card{Head: ui.CardHead{Title: "Record a payment", Text: "When nothing is left to pay, the lines are delivered at once."}, Form: form})
	}
	payments, _, err := a.Payments.List(r.Context(), payment.Filter{InvoiceID: i.ID, Limit: perPage})
	if err != nil {
		return err
	}
	t := paymentTable(v.Page, payments)
	v.Left = append(v.Left, card{Head: ui.CardHead{Title: "Payments"}, Table: &t})
	story, err := a.story(r, v.Page, event.Filter{SubjectID: i.ID, Limit: 30})
	if err != nil {
		return err
	}
	v.Right = append(v.Right, card{Head: ui.CardHead{Title: "Story"}, Timeline: story})
	return a.pages.Render(w, status, "invoice", v)
}

// linkWords say what paying a line does, has done, or no longer does.
var linkWords = map[billing.LinkState]string{
	billing.Pending: "Issues a license", billing.Done: "Issued a license", billing.Failed: "Issues a license", billing.Revoked: "Issues no license",
}

func linkCell(l billing.Link) ui.Cell { return ui.Status(string(l.State)).With(linkWords[l.State]) }

func invoiceTotals(i billing.Invoice) []ui.Total {
	return []ui.Total{{Label: "Total", Value: i.Total.Format("en"), Strong: true}, {Label: "Paid", Value: i.Paid.Format("en")}, {Label: "Balance", Value: i.Balance().Format("en"), Strong: true}}
}

// dateText is a day as people write it.
func dateText(d civil.Date) string { return d.StartIn(time.UTC).Format("2 Jan 2006") }

func (a *area) invoiceLines(i billing.Invoice, mayWrite bool) ui.Table {
	t := ui.Table{Caption: "Lines", Flush: true, Columns: []ui.Column{{Label: "What"}, {Label: "Paying it"}, {Label: "Quantity", End: true}, {Label: "Price", End: true}, {Label: "Total", End: true}}}
	mayChange := mayWrite && i.Status == billing.Open
	if mayChange {
		t.Columns = append(t.Columns[:2:2], append([]ui.Column{{Label: "Change what paying it does", Hidden: true}}, t.Columns[2:]...)...)
	}
	for _, l := range i.Lines {
		act := ui.Cell{}
		does := ui.Text("Does nothing besides")
		if l.Link != nil {
			does = linkCell(*l.Link)
			if l.Link.Target != "" {
				does = does.To(recordHref(l.Link.Target))
			}
			if mayChange {
				b := ui.Button{Label: "Revoke", Href: "/admin/invoices/" + i.ID + "/lines/" + l.ID + "/revoke", Confirm: revokeQuestion(i, l)}
				if l.Link.State == billing.Revoked {
					b = ui.Button{Label: "Restore", Href: "/admin/invoices/" + i.ID + "/lines/" + l.ID + "/restore", Post: true}
				}
				act = ui.Act(b)
			}
		}
		row := ui.Row{Cells: []ui.Cell{ui.Text(l.Description), does, ui.Count(int(l.Quantity)), ui.Text(l.UnitAmount.Format("en")), ui.Text(l.Total.Format("en"))}}
		if mayChange {
			row.Cells = append(row.Cells[:2:2], append([]ui.Cell{act}, row.Cells[2:]...)...)
		}
		t.Rows = append(t.Rows, row)
	}
	t.Totals = invoiceTotals(i)
	return t
}

func revokeQuestion(i billing.Invoice, l billing.InvoiceLine) *ui.Confirm {
	return &ui.Confirm{
		ID: "revoke-" + l.ID, Title: "Revoke what paying this line does?", Text: "“" + l.Description + "” stays on the invoice and is still owed.",
		Effects: []string{"Paying " + i.Number + " will issue no license for this line.", "It can be restored until the invoice is paid."},
		Fields:  []ui.Field{{Name: "why", Label: "Reason", Required: true, MaxLength: 255, Scope: l.ID}},
		Action:  "/admin/invoices/" + i.ID + "/lines/" + l.ID + "/revoke", Label: "Revoke", Cancel: "/admin/invoices/" + i.ID,
	}
}

func paymentTable(p ui.Page, payments []payment.Payment) ui.Table {
	t := ui.Table{Caption: "Payments", Flush: true, Columns: []ui.Column{{Label: "Reference"}, {Label: "State"}, {Label: "Amount", End: true}, {Label: "Received"}}, Empty: &ui.Empty{Art: "invoice", Title: "Nothing was paid yet"}}
	for _, pay := range payments {
		amount := ui.Text(pay.Money.Format("en"))
		if rest := pay.Money.Amount - pay.Applied.Amount; rest > 0 {
			amount = amount.With(money.New(rest, pay.Money.Currency).Format("en") + " became credit")
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.Text(pay.Reference).With(pay.Gateway), ui.Status(string(pay.State)), amount, ui.HTML(p.Day(pay.ReceivedAt))}})
	}
	return t
}

func paymentForm(i billing.Invoice, amount, reference, received string) ui.Form {
	return ui.Form{Action: "/admin/invoices/" + i.ID + "/payments", Submit: "Record payment", Stacked: true, Sections: []ui.FormSection{{Fields: []ui.Field{
		{Name: "amount", Label: "Amount", Value: amount, Required: true, InputMode: "decimal", Suffix: string(i.Total.Currency), Short: true, Hint: "Less leaves the rest open. More becomes the customer's credit."},
		{Name: "reference", Label: "Reference", Value: reference, Required: true, MaxLength: 255, Hint: "What identifies it on the bank statement. The same one is never counted twice."},
		{Kind: ui.InputDate, Name: "received_on", Label: "Received on", Value: received, Required: true, Short: true},
	}}}}
}

// paymentErrors names the fields as the form does.
func paymentErrors(bad map[string]string) map[string]string {
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
		f := ui.WithErrors(paymentForm(i, typed, reference, day), byField, whole)
		return a.invoicePage(w, r, http.StatusUnprocessableEntity, i, &f)
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
	in := payment.Manual{Money: amount, Reference: reference, ReceivedAt: on.StartIn(zoneOf(page))}
	if on == civil.Of(page.Now, zoneOf(page)) {
		in.ReceivedAt = time.Time{} // today: now
	}
	if _, err := a.Payments.Record(r.Context(), i.ID, in); err != nil {
		byField, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return again(paymentErrors(byField), whole)
	}
	after, err := a.Billing.ByID(r.Context(), i.ID)
	if err != nil {
		return err
	}
	text := amount.Format("en") + " recorded."
	if after.Status == billing.Paid {
		text += " The invoice is paid."
	} else {
		text += " " + after.Balance().Format("en") + " is still open."
	}
	return done(w, r, "/admin/invoices/"+i.ID, text)
}

// revokeQuestionOf asks about the line that the address names.
func (a *area) revokeQuestionOf(r *http.Request) (*ui.Confirm, error) {
	i, err := a.Billing.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	for _, l := range i.Lines {
		if l.ID == r.PathValue("line") {
			return revokeQuestion(i, l), nil
		}
	}
	return nil, errNoPage
}

func (a *area) lineRevokeAsk(w http.ResponseWriter, r *http.Request) error {
	q, err := a.revokeQuestionOf(r)
	if err != nil {
		return err
	}
	return a.confirm(w, a.page(r, "Revoke", "invoices"), *q)
}

func (a *area) lineRevoke(w http.ResponseWriter, r *http.Request) error {
	q, err := a.revokeQuestionOf(r)
	if err != nil {
		return err
	}
	why, err := reasonGiven(r)
	if err == nil {
		_, err = a.Billing.RevokeFulfilment(r.Context(), r.PathValue("id"), r.PathValue("line"), why)
	}
	if err != nil {
		return a.askAgain(w, r, "Revoke", "invoices", *q, err)
	}
	return done(w, r, "/admin/invoices/"+r.PathValue("id"), "Paying that line does nothing any more.")
}

func (a *area) lineRestore(w http.ResponseWriter, r *http.Request) error {
	if _, err := a.Billing.RestoreFulfilment(r.Context(), r.PathValue("id"), r.PathValue("line"), "restored"); err != nil {
		return err
	}
	return done(w, r, "/admin/invoices/"+r.PathValue("id"), "Paying that line issues its license again.")
}

func (a *area) lineRetry(w http.ResponseWriter, r *http.Request) error {
	to := "/admin/invoices/" + r.PathValue("id")
	if err := a.Billing.RetryFulfilment(r.Context(), r.PathValue("line")); err != nil {
		return say(w, r, to, ui.Danger, "It failed again. The reason stands on the page.")
	}
	return done(w, r, to, "Delivered.")
}
