package admin

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/web/ui"
)

// typedChange is the form of a change as it was typed.
type typedChange struct{ price, quantity, when string }

func changeTyped(r *http.Request) typedChange {
	return typedChange{r.PostFormValue("price"), strings.TrimSpace(r.PostFormValue("quantity")), r.PostFormValue("when")}
}

func (t typedChange) input() (subscription.ChangeInput, error) {
	in := subscription.ChangeInput{PriceID: t.price, When: subscription.When(t.when)}
	n, err := strconv.ParseInt(t.quantity, 10, 64)
	if err != nil || n < 1 {
		return in, fail.Invalid("quantity", "is not a whole number from 1 on")
	}
	in.Quantity = n
	return in, nil
}

// hidden carries what was previewed to where it is done.
func (t typedChange) hidden() []ui.Hidden {
	return []ui.Hidden{{Name: "price", Value: t.price}, {Name: "quantity", Value: t.quantity}, {Name: "when", Value: t.when}}
}

func (a *area) changeNew(w http.ResponseWriter, r *http.Request) error {
	s, err := a.Subscriptions.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	typed := typedChange{price: s.PriceID, quantity: strconv.FormatInt(s.Quantity, 10), when: string(subscription.Now)}
	return a.changeForm(w, r, http.StatusOK, s, typed, nil, "")
}

func changePage(p ui.Page, s subscription.Subscription) ui.Page {
	p.Crumbs = []ui.Crumb{{Label: "Subscriptions", Href: "/admin/subscriptions"}, {Label: s.Description, Href: "/admin/subscriptions/" + s.ID}, {Label: "Change"}}
	return p
}

func (a *area) changeForm(w http.ResponseWriter, r *http.Request, status int, s subscription.Subscription, typed typedChange, byField map[string]string, whole string) error {
	prices, err := a.changeOptions(r.Context(), s)
	if err != nil {
		return err
	}
	base := "/admin/subscriptions/" + s.ID
	v := formView{Page: changePage(a.page(r, "Change subscription", "subscriptions"), s)}
	v.Head = ui.Head{Title: "Change " + s.Description, Sub: "What it costs is shown to the cent before anything happens."}
	v.Form = ui.WithErrors(ui.Form{Action: base + "/change", Submit: "Preview", Cancel: base, Sections: []ui.FormSection{
		{Title: "What it becomes", Fields: []ui.Field{
			{Kind: ui.InputSelect, Name: "price", Label: "Plan and price", Value: typed.price, Options: prices, Required: true, Hint: "The price of a plan that it has already stays that of the day of its purchase."},
			{Kind: ui.InputNumber, Name: "quantity", Label: "Quantity", Value: typed.quantity, Required: true, Short: true, Min: "1"},
		}},
		{Title: "From when", Fields: []ui.Field{{Kind: ui.InputRadio, Name: "when", Label: "When", Value: typed.when, Options: []ui.Option{
			{Value: string(subscription.Now), Label: "Now", Hint: "The rest of the current period is reckoned up. What costs more takes effect when the difference is paid; what costs less at once, and the difference becomes account credit."},
			{Value: string(subscription.AtRenewal), Label: "At the renewal on " + dateText(s.NextDue), Hint: "Nothing is paid before. An invoice for the next period that is open is made anew."},
		}}}},
	}}, byField, whole)
	return a.form(w, status, v)
}

// changeOptions are the prices that a subscription can be changed to, its own first.
func (a *area) changeOptions(ctx context.Context, s subscription.Subscription) ([]ui.Option, error) {
	plans, err := a.Catalog.Plans(ctx, s.ProductID)
	if err != nil {
		return nil, err
	}
	byID := map[string]catalog.Plan{}
	for _, plan := range plans {
		byID[plan.ID] = plan
	}
	own := byID[s.PlanID]
	out := []ui.Option{{Value: s.PriceID, Label: own.Name + ": " + s.Unit.Format("en") + " " + cycleText(s.Cycle) + " (as it is)"}}
	prices, err := a.Catalog.ProductPrices(ctx, s.ProductID)
	if err != nil {
		return nil, err
	}
	for _, price := range prices {
		plan := byID[price.PlanID]
		if price.ID != s.PriceID && price.Status == catalog.PriceActive && price.Cycle.Recurs() && price.Money.Currency == s.Unit.Currency && mayBecome(own, plan) {
			out = append(out, ui.Option{Value: price.ID, Label: plan.Name + ": " + price.Money.Format("en") + " " + cycleText(price.Cycle)})
		}
	}
	return out, nil
}

func mayBecome(from, to catalog.Plan) bool {
	if from.ID == to.ID {
		return true
	}
	if to.Status != catalog.Active || from.Kind != to.Kind {
		return false
	}
	if len(from.Paths) == 0 {
		return true
	}
	for _, id := range from.Paths {
		if id == to.ID {
			return true
		}
	}
	return false
}

func (a *area) changePreview(w http.ResponseWriter, r *http.Request) error {
	return a.showChange(w, r, http.StatusOK, "")
}

// foreseeChange tells to the cent what a change does, and what follows from it.
func (a *area) foreseeChange(ctx context.Context, s subscription.Subscription, in subscription.ChangeInput) (would subscription.Changed, effects []string, err error) {
	effects, err = a.foresee(ctx, s.CustomerID, func(ctx context.Context) (err error) {
		would, err = a.Subscriptions.Change(ctx, s.ID, in)
		return err
	}, nil)
	return would, effects, err
}

// seenChange is what a preview showed, in a form that comes back with the answer.
func seenChange(c subscription.Changed) string {
	return fmt.Sprintf("%s %s %s %s", c.Credit, c.Charge, c.ToPay, c.EffectiveOn)
}

// showChange shows what a change would do, and asks whether it shall.
func (a *area) showChange(w http.ResponseWriter, r *http.Request, status int, warning string) error {
	s, err := a.Subscriptions.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	typed := changeTyped(r)
	in, err := typed.input()
	var would subscription.Changed
	var effects []string
	if err == nil {
		would, effects, err = a.foreseeChange(r.Context(), s, in)
	}
	if err != nil {
		byField, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		if m, there := byField["price_id"]; there {
			delete(byField, "price_id")
			byField["price"] = m
		}
		return a.changeForm(w, r, http.StatusUnprocessableEntity, s, typed, byField, whole)
	}
	becomes, err := a.priceName(r.Context(), in.PriceID, in.Quantity)
	if err != nil {
		return err
	}
	if in.PriceID == s.PriceID {
		becomes = quantityText(s.Description, in.Quantity) + ", " + s.Unit.Format("en") + " " + cycleText(s.Cycle)
	}
	base := "/admin/subscriptions/" + s.ID
	v := sheetView{Page: changePage(a.page(r, "Change subscription", "subscriptions"), s)}
	v.Head = ui.Head{Title: "Change " + s.Description + "?", Sub: "Nothing has happened yet."}
	if warning != "" {
		v.Callouts = []ui.Callout{{Tone: ui.Warn, Text: warning}}
	}
	t := ui.Table{ID: "change", Flush: true, Caption: "What the change costs", Columns: []ui.Column{{Label: "What"}, {Label: "Amount", End: true}}}
	row := func(what, sub, amount string) {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.Text(what).With(sub), ui.Text(amount)}})
	}
	row("It is", "", quantityText(s.Description, s.Quantity)+", "+s.Unit.Format("en")+" "+cycleText(s.Cycle))
	row("It becomes", "On "+dateText(would.EffectiveOn), becomes)
	if in.When == subscription.Now && (would.Credit.Amount > 0 || would.Charge.Amount > 0) {
		row("For the unused part of what was paid", "Tax included", "−"+would.Credit.Format("en"))
		row("For the same time at the new price", "Tax included", would.Charge.Format("en"))
	}
	t.Totals = []ui.Total{{Label: "To pay now", Value: would.ToPay.Format("en"), Strong: true}}
	if over := would.Credit.Amount - would.Charge.Amount; over > 0 {
		over := would.Credit
		over.Amount -= would.Charge.Amount
		t.Totals = append(t.Totals, ui.Total{Label: "Becomes account credit", Value: over.Format("en")})
	}
	switch {
	case would.Pending:
		effects = append(effects, "The change takes effect when its invoice is paid. If nobody pays, the offer lapses and nothing changes.")
	case in.When == subscription.AtRenewal:
		effects = append([]string{"Until " + dateText(would.EffectiveOn) + " it stays as it is."}, effects...)
	default:
		effects = append(effects, "The change takes effect at once.")
	}
	form := ui.Form{
		Action: base + "/change/do", Submit: "Change it", Cancel: base + "/change", Back: true, Stacked: true,
		Hidden: append(typed.hidden(), ui.Hidden{Name: "seen", Value: seenChange(would)}),
	}
	v.Left = []card{{Head: ui.CardHead{Title: "To the cent"}, Table: &t}}
	v.Right = []card{{Head: ui.CardHead{Title: "Go ahead?"}, Effects: effects, Calm: true, Form: &form}}
	return a.pages.Render(w, status, "sheet", v)
}

func (a *area) changeDo(w http.ResponseWriter, r *http.Request) error {
	s, err := a.Subscriptions.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	in, err := changeTyped(r).input()
	if err != nil {
		return a.showChange(w, r, http.StatusUnprocessableEntity, "")
	}
	would, _, err := a.foreseeChange(r.Context(), s, in)
	if err != nil {
		return a.showChange(w, r, http.StatusUnprocessableEntity, "")
	}
	if seenChange(would) != r.PostFormValue("seen") {
		return a.showChange(w, r, http.StatusConflict, "It has come to something else since you looked. Nothing was changed: please look again.")
	}
	did, err := a.Subscriptions.Change(r.Context(), s.ID, in)
	if err != nil {
		return err
	}
	switch {
	case did.Pending:
		return done(w, r, "/admin/invoices/"+did.InvoiceID, "The change takes effect when this invoice is paid.")
	case in.When == subscription.AtRenewal:
		return done(w, r, "/admin/subscriptions/"+s.ID, "It changes at the renewal on "+dateText(did.EffectiveOn)+".")
	default:
		return done(w, r, "/admin/subscriptions/"+s.ID, "The subscription was changed.")
	}
}
