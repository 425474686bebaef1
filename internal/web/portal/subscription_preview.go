package portal

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// previewPage says to the cent what a change does, and asks whether it is to be made.
func (a *area) previewPage(w http.ResponseWriter, r *http.Request) error {
	sub, err := a.ownSubscription(r)
	if err != nil {
		return err
	}
	c := wishOf(r.URL.Query().Get)
	in, err := c.input()
	var does subscription.Changed
	if err == nil {
		does, err = a.Subscriptions.PreviewChange(r.Context(), sub.ID, in)
	}
	if err != nil {
		return a.changeView(w, r, web.FormStatus(w, err), sub, c, err)
	}
	l, err := a.ledge(r.Context(), visitorOf(r).customer)
	if err != nil {
		return err
	}
	o := l.of(sub)
	becomes, err := a.becoming(r.Context(), sub, in)
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(w, r, "Change", "subscriptions"), Head: ui.Head{Title: "Change to " + becomes.name + "?"}}
	v.Crumbs = append(changeCrumbs(o, "Preview")[:2], ui.Crumb{Label: "Change", Href: o.href("/change")}, ui.Crumb{Label: "Preview"})
	facts := ui.Details{Wide: true, Items: []ui.Detail{
		{Label: "Now", Value: ui.Text(sub.Description).With(priceOf(sub))},
		{Label: "From " + day(does.EffectiveOn), Value: ui.Text(becomes.name).With(price(becomes.unit, in.Quantity, becomes.cycle))},
	}}
	f := ui.Form{Action: o.href("/change/confirm"), Hidden: append(c.hidden(), ui.Hidden{Name: "agreed", Value: agreed(does)}), Cancel: o.href("/change"), Back: true, Stacked: true}
	f.Submit = "Change it"
	main := card{Details: &facts}
	if in.When == subscription.Now && o.standing.Status == subscription.Active {
		t := changeBill(o, becomes, does)
		main.Table = &t
		f.Sections = []ui.FormSection{{Title: "What happens then", Text: o.settles(does)}}
		if does.ToPay.Amount > 0 && does.Pending {
			f.Submit = "Change it and pay " + show(does.ToPay)
			if o.customer.CreditIn(does.ToPay.Currency).Amount > 0 {
				f.Submit = "Change it and pay"
			}
		}
	} else {
		next, err := a.totalAfter(r.Context(), sub, in, l)
		if err != nil {
			return err
		}
		f.Sections = []ui.FormSection{{Title: "Nothing is to be paid now", Text: next}}
	}
	v.Cards = []card{main, {Form: &f}}
	return a.sheet(w, http.StatusOK, v)
}

// offered is what a subscription becomes.
type offered struct {
	name  string
	unit  money.Money
	cycle civil.Cycle
}

func (a *area) becoming(ctx context.Context, sub subscription.Subscription, in subscription.ChangeInput) (offered, error) {
	if in.PriceID == sub.PriceID || in.PriceID == "" {
		return offered{sub.Description, sub.Unit, sub.Cycle}, nil
	}
	p, err := a.Catalog.Price(ctx, in.PriceID)
	if err != nil {
		return offered{}, err
	}
	plan, err := a.Catalog.Plan(ctx, p.PlanID)
	if err != nil {
		return offered{}, err
	}
	product, err := a.Catalog.Product(ctx, plan.ProductID)
	if err != nil {
		return offered{}, err
	}
	return offered{catalog.Offer{ProductName: product.Name, PlanName: plan.Name}.Name(), p.Money, p.Cycle}, nil
}

// changeBill are the amounts of a change that counts from now on, as its invoice has them.
func changeBill(o outlook, becomes offered, does subscription.Changed) ui.Table {
	t := ui.Table{Caption: "What it costs", Flush: true, Columns: []ui.Column{{Label: "What"}, {Label: "Amount", End: true}}}
	until := o.sub.Schedule().WithInterval(becomes.cycle.Interval()).WholeAt(does.EffectiveOn).End
	t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
		ui.Text(becomes.name).With(span(civil.Period{Start: does.EffectiveOn, End: until})), ui.Text(show(does.Charge)),
	}})
	if does.Credit.Amount > 0 {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			ui.Text("Not used: " + o.sub.Description).With(span(civil.Period{Start: does.EffectiveOn, End: o.sub.PaidUntil()})), ui.Text("−" + show(does.Credit)),
		}})
	}
	switch left := does.Credit.Amount - does.Charge.Amount; {
	case left > 0:
		back := does.Credit
		back.Amount = left
		t.Totals = []ui.Total{{Label: "Becomes your credit", Value: show(back), Strong: true}}
	default:
		t.Totals = []ui.Total{{Label: "To pay now", Value: show(does.ToPay), Strong: true}}
	}
	return t
}

// settles says how what a change costs is paid.
func (o outlook) settles(does subscription.Changed) string {
	if does.ToPay.Amount == 0 || !does.Pending {
		text := "It changes at once. Amounts are with tax."
		if does.ToPay.Amount > 0 {
			text = "It changes at once, paid from your credit. Amounts are with tax."
		}
		return text
	}
	text := "Amounts are with tax. "
	if credit := o.customer.CreditIn(does.ToPay.Currency); credit.Amount > 0 {
		text += "Your credit of " + show(credit) + " is used first. "
	}
	if o.method != nil {
		return text + "We charge " + label(*o.method) + " at once, and it changes as soon as that is paid."
	}
	return text + "You get an invoice, and it changes as soon as that is paid."
}

// totalAfter says what the next renewal asks for after a change that costs nothing now.
func (a *area) totalAfter(ctx context.Context, sub subscription.Subscription, in subscription.ChangeInput, l ledge) (string, error) {
	sub.ChangePriceID, sub.ChangeQuantity, sub.ChangeOn = in.PriceID, in.Quantity, sub.NextDue
	next, err := a.Subscriptions.NextBill(ctx, sub)
	if err != nil {
		return "", err
	}
	switch {
	case sub.Status == subscription.Trialing && l.method == nil:
		return "It changes at once. After the trial, a period costs " + show(next) + " with tax.", nil
	case l.method != nil:
		return show(next) + ", with tax, are charged to " + label(*l.method) + " on " + day(sub.NextDue) + ".", nil
	}
	return show(next) + ", with tax, are due on " + day(sub.NextDue) + ".", nil
}

// agreed is what was shown of the money, so that nobody agrees to what they have not seen.
func agreed(c subscription.Changed) string {
	return strconv.FormatInt(c.ToPay.Amount, 10) + " " + strconv.FormatInt(c.Credit.Amount-c.Charge.Amount, 10)
}

// change makes the change, and charges what it costs at once if that can be.
func (a *area) change(w http.ResponseWriter, r *http.Request) error {
	sub, err := a.ownSubscription(r)
	if err != nil {
		return err
	}
	c, back := wishOf(r.PostFormValue), "/account/subscriptions/"+sub.ID
	in, err := c.input()
	var does subscription.Changed
	if err == nil {
		does, err = a.Subscriptions.PreviewChange(r.Context(), sub.ID, in)
	}
	if err == nil && agreed(does) != r.PostFormValue("agreed") {
		return say(w, r, back+"/change/preview?"+c.query(), ui.Warn, "The amounts have changed meanwhile. Please look at them again.")
	}
	if err == nil {
		does, err = a.Subscriptions.Change(r.Context(), sub.ID, in)
	}
	if err != nil {
		return a.changeView(w, r, web.FormStatus(w, err), sub, c, err)
	}
	switch {
	case !does.Pending && in.When == subscription.AtRenewal:
		return done(w, r, back, "Planned: it changes on "+day(does.EffectiveOn)+".")
	case !does.Pending:
		return done(w, r, back, "Changed.")
	}
	return a.payChange(w, r, back, does.InvoiceID)
}

// payChange charges the invoice of a change. Whatever comes of it, the change waits for its money.
func (a *area) payChange(w http.ResponseWriter, r *http.Request, back, invoiceID string) error {
	attempt, err := a.Payments.Charge(r.Context(), invoiceID, payment.ChargeOptions{})
	switch {
	case errors.Is(err, payment.ErrNoMethod):
		return say(w, r, "/account/invoices/"+invoiceID, ui.Info, "Pay this invoice, and the change takes effect.")
	case errors.Is(err, payment.ErrNothingDue):
		return done(w, r, back, "Changed.")
	}
	inv, found := a.Billing.ByID(r.Context(), invoiceID)
	if found != nil {
		return found
	}
	if err == nil && inv.Status == billing.Paid {
		return done(w, r, back, "Paid and changed.")
	}
	return a.afterCharge(w, r, inv, attempt, err)
}

// withdraw takes the change back that is planned for the next renewal.
func (a *area) withdraw(w http.ResponseWriter, r *http.Request) error {
	sub, err := a.ownSubscription(r)
	if err != nil {
		return err
	}
	back := "/account/subscriptions/" + sub.ID
	if sub.ChangeOn.IsZero() {
		return say(w, r, back, ui.Info, "No change is planned.")
	}
	_, err = a.Subscriptions.Change(r.Context(), sub.ID, subscription.ChangeInput{PriceID: sub.PriceID, Quantity: sub.Quantity, When: subscription.AtRenewal})
	if err != nil {
		_, whole, ok := explained(err)
		if !ok {
			return err
		}
		return say(w, r, back, ui.Warn, whole)
	}
	return done(w, r, back, "Everything stays as it is.")
}
