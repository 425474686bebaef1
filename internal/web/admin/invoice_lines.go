package admin

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/domainname/registration"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/web/ui"
)

// linkWords say what paying a line does, has done, and no longer does, by the kind of its link.
var linkWords = map[string]struct{ does, done, not string }{
	billing.KindLicense:      {"Issues a license", "Issued a license", "Issues no license"},
	billing.LinkAddon:        {"Adds to a license", "Added to a license", "Adds nothing"},
	billing.LinkSubscription: {"Begins a subscription", "Began a subscription", "Begins no subscription"},
	billing.LinkRenewal:      {"Pays the next period", "Paid the next period", "Pays no period"},
	billing.LinkChange:       {"Changes the plan", "Changed the plan", "Changes nothing"},

	renewal.LinkRenewal:           {"Renews the domain", "Renewed the domain", "Pays, does not renew"},
	renewal.LinkFee:               {"Pays what a renewal waits for", "Paid what a renewal waited for", "Pays nothing that a renewal waits for"},
	registration.LinkRegistration: {"Registers the domain", "Registered the domain", "Registers nothing"},
	registration.LinkTransfer:     {"Transfers the domain here", "Transferred the domain here", "Transfers nothing"},
}

func linkCell(l billing.Link) ui.Cell {
	words := linkWords[l.Kind]
	text := words.does
	switch l.State {
	case billing.Done:
		text = words.done
	case billing.Revoked:
		text = words.not
	case billing.Pending, billing.Failed, billing.Fulfilled:
	}
	if l.Note != "" {
		text = "Fulfilled by " + l.Note + yesNo(l.State == billing.Fulfilled, "; paying it sends nothing", "")
	}
	return ui.Status(string(l.State)).With(text)
}

// linkTable shows what paying the lines does; on an unpaid invoice that can be changed.
func linkTable(i billing.Invoice, mayWrite bool) *ui.Table {
	t := &ui.Table{ID: "lines", Caption: "What paying it does", Flush: true, Columns: []ui.Column{{Label: "Line"}, {Label: "Paying it"}, {Label: "Total", End: true}}}
	mayChange := mayWrite && i.Status == billing.Open
	mayEdit := mayWrite && (i.Status == billing.Open && i.Credited.Amount == 0 && i.Disputes == 0 || i.Status == billing.Draft)
	if mayChange {
		t.Columns = append(t.Columns, ui.Column{Label: "Change what paying it does", Hidden: true})
	}
	if mayEdit {
		t.Columns = append(t.Columns, ui.Column{Label: "Delete the line", Hidden: true})
	}
	for _, l := range i.Lines {
		base := "/admin/invoices/" + i.ID + "/lines/" + l.ID
		what := ui.Text(quantityText(l.Description, l.Quantity))
		if !l.Period.IsEmpty() {
			what = what.With(periodText(l.Period))
		}
		does, act := ui.Text("Does nothing besides"), ui.Cell{}
		if with, ok := i.Line(l.With); ok {
			does = does.With("Goes with “" + with.Description + "”")
		}
		if l.Link != nil {
			does = linkCell(*l.Link)
			stop, back := "Revoke", "Restore"
			if l.Link.Kind == renewal.LinkRenewal { // as on the domain's page; a restore is something else there
				stop, back = "Pay, don't renew", "Set back"
			}
			if to := recordHref(l.Link.Target); to != "" {
				does = does.To(to)
			}
			switch {
			case !mayChange:
			case l.Link.State == billing.Revoked:
				act = ui.Act(ui.Button{Label: back, Href: base + "/restore", Post: true})
			case l.Link.State == billing.Pending:
				act = ui.Act(ui.Button{Label: stop, Href: base + "/revoke"})
			}
		}
		total := ui.Text(l.Total.Format("en"))
		if l.Credited.Amount != 0 {
			total = total.With(l.Credited.Format("en") + " credited")
		}
		row := ui.Row{Cells: []ui.Cell{what, does, total}}
		if mayChange {
			row.Cells = append(row.Cells, act)
		}
		if mayEdit {
			row.Cells = append(row.Cells, ui.Act(ui.Button{Label: "Delete", Href: base + "/delete", Kind: ui.Quiet}))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// lineAt finds the line that an address names.
func (a *area) lineAt(r *http.Request) (billing.Invoice, billing.InvoiceLine, error) {
	i, err := a.Billing.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return i, billing.InvoiceLine{}, err
	}
	l, ok := i.Line(r.PathValue("line"))
	if !ok {
		return i, l, errNoPage
	}
	return i, l, nil
}

// revokeEffects say what becomes of what the line pays for.
var revokeEffects = map[string]string{
	billing.KindLicense: "Paying %s will issue no license for this line.", billing.LinkAddon: "Paying %s will add nothing to the license.",
	billing.LinkSubscription: "Paying %s will begin no subscription.", billing.LinkChange: "Paying %s will change no plan.",
	billing.LinkRenewal: "Paying %s will not pay for the period: it is asked about, and what is paid of the subscription ends before it.",

	renewal.LinkRenewal:           "Paying %s will settle the money only: nothing is sent to the registry, neither paid-through nor next due moves, and the same due date is not invoiced again.",
	renewal.LinkFee:               "Paying %s will not let the renewal go on that waits for it.",
	registration.LinkRegistration: "Paying %s will register no domain.", registration.LinkTransfer: "Paying %s will transfer no domain.",
}

func (a *area) revokeQuestion(r *http.Request) (*ui.Confirm, error) {
	i, l, err := a.lineAt(r)
	if err != nil {
		return nil, err
	}
	if l.Link == nil {
		return nil, errNoPage
	}
	more, err := a.foresee(r.Context(), i.CustomerID, func(ctx context.Context) error {
		return a.revoke(ctx, i.ID, l, false, "a look at what would happen")
	}, nil)
	if err != nil {
		return nil, err
	}
	base := "/admin/invoices/" + i.ID
	if l.Link.Kind == renewal.LinkRenewal {
		return payOnlyQuestion(i, l, more), nil
	}
	return &ui.Confirm{
		ID: "revoke", Title: "Revoke what paying this line does?", Text: "“" + l.Description + "” stays on the invoice: its " + l.Total.Format("en") + " are still owed.",
		Effects: slices.Concat([]string{strings.ReplaceAll(revokeEffects[l.Link.Kind], "%s", numberOf(i)), "It can be restored until the invoice is paid."}, more),
		Fields:  []ui.Field{why("It stands in the audit log.")}, Action: base + "/lines/" + l.ID + "/revoke", Label: "Revoke", Cancel: base,
	}, nil
}

func (a *area) lineRevoke(r *http.Request) (to, text string, err error) {
	reason, err := reasonGiven(r)
	if err != nil {
		return "", "", err
	}
	i, l, err := a.lineAt(r)
	if err != nil {
		return "", "", err
	}
	elsewhere, err := renewedElsewhere(r, l)
	if err != nil {
		return "", "", err
	}
	to, text = "/admin/invoices/"+i.ID, "Paying that line does nothing any more."
	switch {
	case elsewhere:
		text = "Paying that line moves the dates of the domain and sends nothing."
	case l.Link != nil && l.Link.Kind == renewal.LinkRenewal:
		text = "That line is still owed. Paying it renews nothing."
	}
	return to, text, a.revoke(r.Context(), i.ID, l, elsewhere, reason)
}

func (a *area) lineRestore(w http.ResponseWriter, r *http.Request) error {
	i, l, err := a.lineAt(r)
	if err != nil {
		return err
	}
	if l.Link != nil && l.Link.Kind == renewal.LinkRenewal {
		err = a.Renewals.Restore(r.Context(), l.ID, "restored")
	} else {
		_, err = a.Billing.RestoreFulfilment(r.Context(), i.ID, l.ID, "restored")
	}
	if err != nil {
		return err
	}
	return done(w, r, "/admin/invoices/"+i.ID, "Paying that line does again what it did.")
}

func (a *area) lineRetry(w http.ResponseWriter, r *http.Request) error {
	to := "/admin/invoices/" + r.PathValue("id")
	if err := a.Billing.RetryFulfilment(r.Context(), r.PathValue("line")); err != nil {
		return say(w, r, to, ui.Danger, "It failed again. The reason stands on the page.")
	}
	return done(w, r, to, "Delivered.")
}

func (a *area) lineDeleteQuestion(r *http.Request) (*ui.Confirm, error) {
	i, l, err := a.lineAt(r)
	if err != nil {
		return nil, err
	}
	effects, err := a.foresee(r.Context(), i.CustomerID, func(ctx context.Context) error {
		_, err := a.Billing.DeleteLine(ctx, i.ID, l.ID, "")
		return err
	}, nil)
	if err != nil {
		return nil, err
	}
	if l.Link != nil && l.Link.State == billing.Pending {
		effects = append(effects, "What paying the line would have done is taken back with it.")
	}
	base := "/admin/invoices/" + i.ID
	text := l.Total.Format("en") + " less is asked for. An invoice that was issued never changes: it becomes void, and another is issued with the other lines."
	if i.Status == billing.Draft {
		text = l.Total.Format("en") + " less will be asked for."
	} else if len(i.Lines) == 1 {
		text = "It is the only line: the invoice becomes void, and no other takes its place."
	}
	q := &ui.Confirm{
		ID: "delete", Title: "Delete “" + l.Description + "”?", Text: text, Effects: effects, Fields: []ui.Field{why("It stands in the audit log.")},
		Action: base + "/lines/" + l.ID + "/delete", Label: "Delete line", Cancel: base,
	}
	if l.Link != nil && l.Link.Kind == renewal.LinkRenewal && l.Link.State == billing.Pending {
		q.Fields = append([]ui.Field{elsewhereField()}, q.Fields...)
	}
	return q, nil
}

func (a *area) lineDelete(r *http.Request) (to, text string, err error) {
	reason, err := reasonGiven(r)
	if err != nil {
		return "", "", err
	}
	i, err := a.deleteLine(r, reason)
	if err != nil {
		return "", "", err
	}
	if i.Status == billing.Void {
		return "/admin/invoices/" + i.ID, "The line was the last: the invoice is void.", nil
	}
	return "/admin/invoices/" + i.ID, "The line was deleted. This is the invoice now.", nil
}

// typedLine is the form of a line as it was typed.
type typedLine struct{ description, quantity, amount, class, why string }

func (a *area) lineNew(w http.ResponseWriter, r *http.Request) error {
	i, err := a.Billing.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return a.lineForm(w, r, http.StatusOK, i, typedLine{quantity: "1"}, nil, "")
}

func (a *area) lineForm(w http.ResponseWriter, r *http.Request, status int, i billing.Invoice, typed typedLine, byField map[string]string, whole string) error {
	base := "/admin/invoices/" + i.ID
	v := formView{Page: a.page(r, "Add a line", "invoices"), Head: ui.Head{Title: "Add a line to " + numberOf(i)}}
	v.Crumbs = []ui.Crumb{{Label: "Invoices", Href: "/admin/invoices"}, {Label: numberOf(i), Href: base}, {Label: "Add a line"}}
	if i.Status == billing.Open {
		v.Callouts = []ui.Callout{{Tone: ui.Info, Title: "It is voided and issued anew", Text: "An invoice that was issued never changes. " + numberOf(i) + " over " + i.Total.Format("en") + " becomes void, and another is issued with this line besides. What paying the lines does stays as it is."}}
	}
	v.Form = ui.WithErrors(ui.Form{Action: base + "/lines", Submit: "Add line", Cancel: base, Sections: []ui.FormSection{{Title: "Line", Fields: []ui.Field{
		{Name: "description", Label: "Description", Value: typed.description, Required: true, MaxLength: 255},
		{Kind: ui.InputNumber, Name: "quantity", Label: "Quantity", Value: typed.quantity, Required: true, Short: true, Min: "1"},
		{Name: "unit_amount", Label: "Price of one", Value: typed.amount, Required: true, Short: true, InputMode: "decimal", Suffix: string(i.Total.Currency), Hint: "As prices are: without tax, or with it where prices include it. With a minus it takes something off."},
		{Name: "tax_class", Label: "Tax class", Value: typed.class, Optional: true, MaxLength: 64, Hint: "Left out: the standard one"},
		{Name: "why", Label: "Reason", Value: typed.why, Optional: true, MaxLength: 255, Hint: "It stands in the audit log."},
	}}}}, byField, whole)
	return a.form(w, status, v)
}

func (a *area) lineAdd(w http.ResponseWriter, r *http.Request) error {
	i, err := a.Billing.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	f := r.PostFormValue
	typed := typedLine{f("description"), strings.TrimSpace(f("quantity")), strings.TrimSpace(f("unit_amount")), f("tax_class"), f("why")}
	wrong := map[string]string{}
	quantity, err := strconv.ParseInt(typed.quantity, 10, 64)
	if err != nil {
		wrong["quantity"] = "is not a whole number"
	}
	amount, err := money.ParseDecimal(typed.amount, i.Total.Currency)
	if err != nil {
		wrong["unit_amount"] = "is not an amount, such as 49.00"
	}
	if len(wrong) > 0 {
		return a.lineForm(w, r, http.StatusUnprocessableEntity, i, typed, wrong, "")
	}
	after, err := a.Billing.AddLine(r.Context(), i.ID, billing.LineInput{Description: typed.description, Quantity: quantity, UnitAmount: amount, TaxClass: typed.class}, typed.why)
	if err != nil {
		byField, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return a.lineForm(w, r, http.StatusUnprocessableEntity, i, typed, byField, whole)
	}
	return done(w, r, "/admin/invoices/"+after.ID, "The line was added. This is the invoice now.")
}
