package admin

import (
	"context"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/web/ui"
)

// fate is an invoice with all that became of it.
type fate struct {
	inv      billing.Invoice
	replaces string // the number of the invoice in whose place it stands
	stands   string // the number of the one that stands in its place
	payments []payment.Payment
	attempts []payment.Attempt
	notes    []billing.CreditNote
	refunds  []payment.Refund
	disputes []payment.Dispute
	method   *payment.Method // that can be charged now; nil: none
}

func (a *area) fate(ctx context.Context, i billing.Invoice) (fate, error) {
	f := fate{inv: i}
	var err error
	if f.payments, _, err = a.Payments.List(ctx, payment.Filter{InvoiceID: i.ID, Limit: perPage}); err != nil {
		return f, err
	}
	if f.attempts, err = a.Payments.Attempts(ctx, i.ID); err != nil {
		return f, err
	}
	if f.notes, err = a.Billing.CreditNotes(ctx, i.ID); err != nil {
		return f, err
	}
	if f.refunds, err = a.Payments.Refunds(ctx, i.ID); err != nil {
		return f, err
	}
	if f.disputes, err = a.Payments.Disputes(ctx, i.ID); err != nil {
		return f, err
	}
	if i.Replaces != "" {
		if f.replaces, err = a.numberOf(ctx, i.Replaces); err != nil {
			return f, err
		}
	}
	if i.ReplacedBy != "" {
		if f.stands, err = a.numberOf(ctx, i.ReplacedBy); err != nil {
			return f, err
		}
	}
	methods, err := a.Payments.Methods(ctx, i.CustomerID)
	if err != nil {
		return f, err
	}
	for k, m := range methods {
		if m.Default && a.chargesAlone(m.Gateway) {
			f.method = &methods[k]
		}
	}
	return f, nil
}

func (a *area) numberOf(ctx context.Context, id string) (string, error) {
	i, err := a.Billing.ByID(ctx, id)
	if err != nil {
		return "", err
	}
	return numberOf(i), nil
}

// refundable is what was paid and not given back: the most that a refund can be.
func (f fate) refundable() int64 {
	var n int64
	for _, p := range f.payments {
		if p.State == payment.Succeeded && p.Dispute != payment.DisputeOpen && p.Dispute != payment.DisputeLost {
			n += p.Money.Amount - p.Refunded.Amount
		}
	}
	return n
}

func (f fate) callouts(mayWrite bool) []ui.Callout {
	i, base := f.inv, "/admin/invoices/"+f.inv.ID
	var out []ui.Callout
	if i.ReplacedBy != "" {
		out = append(out, ui.Callout{Tone: ui.Info, Title: "Issued anew", Text: f.stands + " stands in its place, with other lines.", Actions: []ui.Button{{Label: "Open " + f.stands, Href: "/admin/invoices/" + i.ReplacedBy}}})
	}
	if i.Replaces != "" {
		out = append(out, ui.Callout{Tone: ui.Info, Title: "Stands in the place of " + f.replaces, Text: "That one is void.", Actions: []ui.Button{{Label: "Open " + f.replaces, Href: "/admin/invoices/" + i.Replaces}}})
	}
	if i.Status == billing.Uncollectible {
		out = append(out, ui.Callout{Tone: ui.Danger, Title: "Uncollectible", Text: "Money that arrives for it becomes account credit, and somebody is told."})
	}
	for _, d := range f.disputes {
		if d.Status == payment.DisputeOpen {
			out = append(out, ui.Callout{
				Tone: ui.Danger, Title: d.Money.Format("en") + " are disputed", Text: "The payment does not count until that is decided. Nothing is charged or refunded meanwhile, and the licenses that it paid for are held.",
				Actions: []ui.Button{{Label: "Open the dispute", Href: "/admin/disputes/" + d.ID}},
			})
		}
	}
	for _, t := range f.attempts {
		if t.InFlight() {
			c := ui.Callout{Tone: ui.Info, Title: "A payment of " + t.Money.Format("en") + " is under way", Text: attemptWords[t.State] + " Its lines can't be changed meanwhile."}
			if mayWrite {
				c.Actions = []ui.Button{{Label: "Ask the gateway", Href: "/admin/payments/" + t.PaymentID + "/refresh", Post: true}}
			}
			out = append(out, c)
		}
	}
	for _, l := range i.Lines {
		if l.Link != nil && l.Link.State == billing.Failed {
			c := ui.Callout{Tone: ui.Danger, Title: "“" + l.Description + "” was paid but could not be delivered", Text: l.Link.Error + " It is tried again by itself."}
			if mayWrite {
				c.Actions = []ui.Button{{Label: "Try again now", Href: base + "/lines/" + l.ID + "/retry", Post: true}}
			}
			out = append(out, c)
		}
	}
	return out
}

// balanceCard explains what is owed.
func (f fate) balanceCard() card {
	i := f.inv
	t := &ui.Table{ID: "balance", Flush: true, Caption: "Balance", Columns: []ui.Column{{Label: "What"}, {Label: "Amount", End: true}}}
	row := func(c ui.Cell, amount string) { t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{c, ui.Text(amount)}}) }
	row(ui.Text("Total"), i.Total.Format("en"))
	for _, n := range f.notes {
		row(ui.Text("Credit note "+n.Number).To("/admin/credit-notes/"+n.ID).With(causeWords[n.Cause]), minus(n.Total))
	}
	row(ui.Text("Paid").With(paidWords(f)), minus(i.Paid))
	t.Totals = []ui.Total{{Label: "Balance", Value: i.Balance().Format("en"), Strong: true}}
	c := card{Head: ui.CardHead{Title: "Balance"}, Table: t}
	switch i.Status {
	case billing.Void:
		c.Head.Text = "It is void: nothing is owed."
	case billing.Uncollectible:
		c.Head.Text = "It was given up: what was not paid is booked as a loss."
	case billing.Draft, billing.Open, billing.Paid:
	}
	return c
}

// paidWords say how the money that counts differs from what once arrived.
func paidWords(f fate) string {
	var arrived, returned, disputed int64
	for _, p := range f.payments {
		arrived += p.Applied.Amount
		returned += p.Refunded.Amount
	}
	for _, d := range f.disputes {
		if d.Status != payment.DisputeWon {
			disputed += d.Money.Amount
		}
	}
	if arrived == f.inv.Paid.Amount {
		return ""
	}
	currency := f.inv.Total.Currency
	s := "What counts now: " + money.New(arrived, currency).Format("en") + " arrived for it"
	if returned > 0 {
		s += ", " + money.New(returned, currency).Format("en") + " were refunded"
	}
	if disputed > 0 {
		s += ", " + money.New(disputed, currency).Format("en") + " were charged back"
	}
	return s
}

func minus(m money.Money) string {
	if m.Amount == 0 {
		return m.Format("en")
	}
	return "−" + m.Format("en")
}

// causeWords say why a part of an invoice was taken back.
var causeWords = map[billing.Cause]string{
	billing.CauseRefund: "Refund", billing.CauseChange: "Change of plan", billing.CauseCancellation: "Cancellation", billing.CauseGoodwill: "Goodwill",
}

// attemptWords say how far a try to charge has come.
var attemptWords = map[payment.AttemptState]string{
	payment.AttemptCreated: "It is about to be handed over to the gateway.", payment.AttemptUnknown: "The gateway has not answered. It is asked again and again; nothing else is charged until it is known.",
	payment.AttemptPending: "The gateway is still at it.", payment.AttemptRequiresAction: "The customer has to confirm it.",
	payment.AttemptSucceeded: "It succeeded.", payment.AttemptFailed: "It failed.",
}

// cards show payments, tries, credit notes, refunds and disputes, as far as there are any.
func (f fate) cards(p ui.Page) []card {
	t := paymentTable(p, f.payments)
	out := []card{{Head: ui.CardHead{Title: "Payments"}, Table: &t}}
	if len(f.attempts) > 0 {
		out = append(out, card{Head: ui.CardHead{Title: "Tries to charge"}, Table: attemptTable(p, f.attempts)})
	}
	if len(f.refunds) > 0 {
		t := &ui.Table{ID: "refunds", Flush: true, Caption: "Refunds", Columns: []ui.Column{{Label: "When"}, {Label: "State"}, {Label: "To"}, {Label: "Amount", End: true}}}
		for _, r := range f.refunds {
			t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.HTML(p.Ago(r.CreatedAt)).With(r.Reason), ui.Status(string(r.State)).With(r.Detail), refundTo(string(r.To), r.Gateway).To("/admin/payments/" + r.PaymentID), ui.Text(r.Money.Format("en")).With(adjustWords(r.Adjust))}})
		}
		out = append(out, card{Head: ui.CardHead{Title: "Refunds"}, Table: t})
	}
	if len(f.disputes) > 0 {
		t := &ui.Table{ID: "disputes", Flush: true, Caption: "Disputes", Columns: []ui.Column{{Label: "Reference"}, {Label: "Status"}, {Label: "Opened"}, {Label: "Amount", End: true}}}
		for _, d := range f.disputes {
			t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.Mono(d.Reference).To("/admin/disputes/" + d.ID), ui.Status(string(d.Status)), ui.HTML(p.Ago(d.OpenedAt)), ui.Text(d.Money.Format("en"))}})
		}
		out = append(out, card{Head: ui.CardHead{Title: "Disputes"}, Table: t})
	}
	return out
}

func refundTo(to, gateway string) ui.Cell {
	switch {
	case to == string(payment.ToCredit):
		return ui.Text("Account credit")
	case gateway == payment.ManualGateway:
		return ui.Text("Sent back by hand")
	default:
		return ui.Text("Back through " + gateway)
	}
}

func adjustWords(adjust bool) string {
	if adjust {
		return "with a credit note"
	}
	return ""
}

func paymentTable(p ui.Page, payments []payment.Payment) ui.Table {
	t := ui.Table{ID: "payments", Caption: "Payments", Flush: true, Columns: []ui.Column{{Label: "Reference"}, {Label: "State"}, {Label: "Amount", End: true}, {Label: "Received"}}, Empty: &ui.Empty{Art: "invoice", Title: "Nothing was paid yet"}}
	for _, pay := range payments {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{referenceCell(pay), paymentStatus(pay), ui.Text(pay.Money.Format("en")).With(appliedWords(pay)), ui.HTML(p.Day(pay.ReceivedAt))}})
	}
	return t
}

func referenceCell(pay payment.Payment) ui.Cell {
	reference := pay.Reference
	if reference == "" {
		reference = "Not named yet"
	}
	return ui.Text(reference).With(gatewayName(pay.Gateway)).To("/admin/payments/" + pay.ID)
}

// gatewayName is how people call a gateway.
func gatewayName(name string) string {
	switch name {
	case payment.ManualGateway:
		return "By hand"
	case payment.CreditGateway:
		return "Account credit"
	default:
		return statusText(name)
	}
}

// paymentStatus adds to the state what was given or charged back.
func paymentStatus(pay payment.Payment) ui.Cell {
	switch {
	case pay.Dispute == payment.DisputeOpen:
		return ui.Status("disputed")
	case pay.Dispute == payment.DisputeLost:
		return ui.Cell{Badge: &ui.Badge{Text: "Charged back", Tone: ui.Danger}}
	case pay.State == payment.Succeeded && pay.Refunded.Amount >= pay.Money.Amount:
		return ui.Status("refunded")
	case pay.State == payment.Succeeded && pay.Refunded.Amount > 0:
		return ui.Status("partially_refunded")
	default:
		return ui.Status(string(pay.State))
	}
}

func appliedWords(pay payment.Payment) string {
	if pay.State != payment.Succeeded {
		return ""
	}
	s := ""
	if rest := pay.Money.Amount - pay.Applied.Amount; rest > 0 {
		s = money.New(rest, pay.Money.Currency).Format("en") + " became credit"
	}
	if pay.Refunded.Amount > 0 {
		if s != "" {
			s += ", "
		}
		s += pay.Refunded.Format("en") + " refunded"
	}
	return s
}

func attemptTable(p ui.Page, attempts []payment.Attempt) *ui.Table {
	t := &ui.Table{ID: "attempts", Flush: true, Caption: "Tries to charge", Columns: []ui.Column{{Label: "When"}, {Label: "State"}, {Label: "Gateway"}, {Label: "Amount", End: true}}}
	for i := len(attempts) - 1; i >= 0; i-- {
		try := attempts[i]
		why := try.Detail
		if why == "" {
			why = try.Code
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.HTML(p.Ago(try.CreatedAt)), ui.Status(string(try.State)).With(why), ui.Text(gatewayName(try.Gateway)).With(try.Reference), ui.Text(try.Money.Format("en"))}})
	}
	return t
}
