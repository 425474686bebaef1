package portal

import (
	"context"
	"net/http"

	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/tax"
	"github.com/keystead/keystead/internal/web/ui"
)

// periodsShown is how many periods a page shows, the newest first.
const periodsShown = 24

func (a *area) subscriptionShow(w http.ResponseWriter, r *http.Request) error {
	sub, err := a.ownSubscription(r)
	if err != nil {
		return err
	}
	l, err := a.ledge(r.Context(), visitorOf(r).customer)
	if err != nil {
		return err
	}
	o := l.of(sub)
	v := sheetView{Page: a.page(w, r, sub.Description, "subscriptions")}
	v.Crumbs = []ui.Crumb{{Label: "Subscriptions", Href: "/account/subscriptions"}, {Label: ui.Clip(sub.Description, 60)}}
	v.Head = ui.Head{Title: sub.Description, Sub: o.sentence(v.Page) + ".", Badges: []ui.Badge{standingBadge(o)}}
	if c := o.todo(v.Page); c != nil {
		v.Callouts = append(v.Callouts, *c)
	}
	if c := o.pendingChange(); c != nil {
		v.Callouts = append(v.Callouts, *c)
	}
	facts, err := a.subscriptionFacts(r, o)
	if err != nil {
		return err
	}
	v.Cards = []card{facts}
	ahead, err := a.aheadCards(r, o)
	if err != nil {
		return err
	}
	had, err := a.periodCard(r.Context(), sub)
	if err != nil {
		return err
	}
	v.Left, v.Right, v.Lead = []card{had}, ahead, true
	if c := manageCard(o); c != nil && !visitorOf(r).acting() {
		v.Right = append(v.Right, *c)
	}
	return a.sheet(w, http.StatusOK, v)
}

// subscriptionFacts are what was bought, at which price.
func (a *area) subscriptionFacts(r *http.Request, o outlook) (card, error) {
	sub := o.sub
	facts := ui.Details{Wide: true, Items: []ui.Detail{{Label: "Price", Value: ui.Text(priceOf(sub)), Hint: "Before tax and discounts."}}}
	if sub.Quantity > 1 {
		facts.Items = append(facts.Items, ui.Detail{Label: "Quantity", Value: ui.Count(int(sub.Quantity))})
	}
	if !o.over() && o.standing.Status != subscription.Trialing {
		facts.Items = append(facts.Items, ui.Detail{Label: "Paid until", Value: ui.Text(lastDay(sub.PaidUntil()))})
	}
	facts.Items = append(facts.Items, ui.Detail{Label: "Since", Value: ui.Text(day(sub.StartedOn))})
	if sub.LicenseID != "" {
		l, err := a.Licenses.ByID(r.Context(), sub.LicenseID)
		if err != nil {
			return card{}, err
		}
		label := "License"
		if sub.Kind == subscription.OfAddon {
			label = "Adds to"
		}
		facts.Items = append(facts.Items, ui.Detail{Label: label, Value: ui.Mono(l.Key).To("/account/licenses/" + l.ID)})
	}
	if !sub.ChangeOn.IsZero() && !o.over() {
		becomes, err := a.planned(r, sub)
		if err != nil {
			return card{}, err
		}
		change := ui.Detail{Label: "From " + day(sub.ChangeOn), Value: ui.Text(becomes), Hint: "The change that you have planned."}
		if !visitorOf(r).acting() {
			change.Action = &ui.Button{Label: "Take it back", Href: o.href("/change/withdraw"), Post: true, Small: true}
		}
		facts.Items = append(facts.Items, change)
	}
	return card{Details: &facts}, nil
}

// planned names what a subscription becomes at its next renewal.
func (a *area) planned(r *http.Request, sub subscription.Subscription) (string, error) {
	next, err := a.Catalog.Price(r.Context(), sub.ChangePriceID)
	if err != nil {
		return "", err
	}
	plan, err := a.Catalog.Plan(r.Context(), next.PlanID)
	if err != nil {
		return "", err
	}
	unit := next.Money
	if next.ID == sub.PriceID {
		unit = sub.Unit
	}
	return plan.Name + ", " + price(unit, sub.ChangeQuantity, next.Cycle), nil
}

// aheadCards say what comes next, and what becomes of it if nobody pays.
func (a *area) aheadCards(r *http.Request, o outlook) ([]card, error) {
	none := money.New(0, o.sub.Unit.Currency)
	next := none
	switch o.standing.Status {
	case subscription.Trialing, subscription.Active:
		if o.bill != nil {
			break
		}
		var err error
		if next, err = a.Subscriptions.NextBill(r.Context(), o.sub); err != nil {
			return nil, err
		}
	case subscription.PastDue, subscription.Suspended, subscription.Cancelled, subscription.Expired:
	}
	plan, unless := o.ahead(next)
	if len(plan) == 0 {
		return nil, nil
	}
	cards := []card{{Head: ui.CardHead{Title: "What comes next"}, Timeline: &ui.Timeline{Events: plan}}}
	if len(unless) > 0 {
		cards = append(cards, card{Head: ui.CardHead{Title: "If it is not paid"}, Timeline: &ui.Timeline{Events: unless}})
	}
	return cards, nil
}

// manageCard is what its owner can do with it.
func manageCard(o outlook) *card {
	c := card{Head: ui.CardHead{Title: "Change or cancel"}}
	switch o.standing.Status {
	case subscription.Trialing, subscription.Active:
		c.Buttons = []ui.Button{
			{Label: "Change plan or quantity", Icon: "edit", Href: o.href("/change")},
			{Label: "Cancel", Icon: "x", Kind: ui.Quiet, Href: o.href("/cancel")},
		}
	case subscription.PastDue:
		c.Text = "It can be changed once it is paid."
		c.Buttons = []ui.Button{{Label: "Cancel", Icon: "x", Kind: ui.Quiet, Href: o.href("/cancel")}}
	case subscription.Suspended, subscription.Cancelled, subscription.Expired:
		return nil
	}
	return &c
}

var periodWords = map[subscription.PeriodState]ui.Badge{
	subscription.PeriodOpen:     {Text: "To pay", Tone: ui.Info},
	subscription.PeriodPaid:     {Text: "Paid", Tone: ui.Success},
	subscription.PeriodGiven:    {Text: "Free", Tone: ui.Success},
	subscription.PeriodRemoved:  {Text: "Not invoiced", Tone: ui.Neutral},
	subscription.PeriodLapsed:   {Text: "Not paid", Tone: ui.Neutral},
	subscription.PeriodDisputed: {Text: "Disputed", Tone: ui.Warn},
}

// periodCard are the periods with what was invoiced for them, after discounts and with tax.
func (a *area) periodCard(ctx context.Context, sub subscription.Subscription) (card, error) {
	t := ui.Table{Caption: "Periods", Flush: true, Columns: []ui.Column{{Label: "Time"}, {Label: "Status"}, {Label: "Invoiced", End: true}, {Label: "Invoice", Hidden: true, End: true}}}
	shown := 0
	for i := len(sub.Periods) - 1; i >= 0 && shown < periodsShown; i-- {
		period := sub.Periods[i]
		badge := periodWords[period.State]
		if period.State == subscription.PeriodPaid && period.Amount.Amount == 0 {
			badge = periodWords[subscription.PeriodGiven]
		}
		invoiced, err := a.invoicedFor(ctx, sub, period)
		if err != nil {
			return card{}, err
		}
		row := ui.Row{Cells: []ui.Cell{ui.Text(span(period.Period)), {Badge: &badge}, invoiced, {}}}
		if period.InvoiceID != "" {
			row.Cells[3] = ui.Text("Invoice").To("/account/invoices/" + period.InvoiceID)
		}
		t.Rows = append(t.Rows, row)
		shown++
	}
	c := card{Head: ui.CardHead{Title: "What you have had", Count: len(sub.Periods)}, Table: &t}
	if len(sub.Periods) > shown {
		c.Head.Text = "The newest of them."
	}
	return c, nil
}

// invoicedFor is the total of a period's invoice, or where that has lines of others as well, the period's line with its setup
// fee and what was taken off for suspended time.
func (a *area) invoicedFor(ctx context.Context, sub subscription.Subscription, period subscription.Period) (ui.Cell, error) {
	if period.InvoiceID == "" {
		return ui.Cell{}, nil
	}
	inv, err := a.Billing.ByID(ctx, period.InvoiceID)
	if err != nil {
		return ui.Cell{}, err
	}
	own, others := money.New(0, inv.Total.Currency), false
	for _, l := range inv.Lines {
		if l.ID == period.LineID || l.Link == nil && (l.SubscriptionID == sub.ID || l.OrderItemID != "" && l.OrderItemID == sub.OrderItemID) {
			own.Amount += l.Total.Amount
		} else {
			others = true
		}
	}
	switch {
	case !others:
		return ui.Text(show(inv.Total)), nil
	case inv.TaxMode == tax.Exclusive:
		return ui.Text(show(own)).With("plus tax"), nil
	default:
		return ui.Text(show(own)), nil
	}
}
