package portal

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// wish is what a subscription is to become.
type wish struct {
	price    string
	quantity string // as it was typed
	when     string
}

func wishOf(get func(string) string) wish {
	c := wish{get("price"), get("quantity"), get("when")}
	if c.when == "" {
		c.when = string(subscription.Now)
	}
	return c
}

// input is what the room is asked for.
func (c wish) input() (subscription.ChangeInput, error) {
	n, err := strconv.ParseInt(c.quantity, 10, 64)
	if err != nil || n < 1 {
		return subscription.ChangeInput{}, fail.Invalid("quantity", "is not a whole number from 1 on")
	}
	return subscription.ChangeInput{PriceID: c.price, Quantity: n, When: subscription.When(c.when)}, nil
}

func (c wish) query() string {
	return url.Values{"price": {c.price}, "quantity": {c.quantity}, "when": {c.when}}.Encode()
}

func (c wish) hidden() []ui.Hidden {
	return []ui.Hidden{{Name: "price", Value: c.price}, {Name: "quantity", Value: c.quantity}, {Name: "when", Value: c.when}}
}

// changePage lets a subscriber choose another plan, cycle or quantity.
func (a *area) changePage(w http.ResponseWriter, r *http.Request) error {
	sub, err := a.ownSubscription(r)
	if err != nil {
		return err
	}
	c := wish{price: sub.PriceID, quantity: strconv.FormatInt(sub.Quantity, 10), when: string(subscription.Now)}
	return a.changeView(w, r, http.StatusOK, sub, c, nil)
}

// changeAsk leads to the preview of what was chosen.
func (a *area) changeAsk(w http.ResponseWriter, r *http.Request) error {
	sub, err := a.ownSubscription(r)
	if err != nil {
		return err
	}
	c := wishOf(r.PostFormValue)
	in, err := c.input()
	if err == nil {
		_, err = a.Subscriptions.PreviewChange(r.Context(), sub.ID, in)
	}
	if err != nil {
		return a.changeView(w, r, web.FormStatus(w, err), sub, c, err)
	}
	http.Redirect(w, r, "/account/subscriptions/"+sub.ID+"/change/preview?"+c.query(), http.StatusSeeOther)
	return nil
}

func (a *area) changeView(w http.ResponseWriter, r *http.Request, status int, sub subscription.Subscription, c wish, problem error) error {
	l, err := a.ledge(r.Context(), visitorOf(r).customer)
	if err != nil {
		return err
	}
	o := l.of(sub)
	if o.standing.Status != subscription.Active && o.standing.Status != subscription.Trialing {
		return say(w, r, o.href(""), ui.Warn, "It can't be changed as long as it is "+ui.StatusBadge(string(o.standing.Status)).Text+".")
	}
	f, err := a.changeForm(r.Context(), o, c)
	if err != nil {
		return err
	}
	if problem != nil {
		byField, whole, ok := explained(problem)
		if !ok {
			return problem
		}
		if m, ok := byField["price_id"]; ok {
			delete(byField, "price_id")
			byField["price"] = m
		}
		f = ui.WithErrors(f, byField, whole)
	}
	v := sheetView{Page: a.page(w, r, "Change", "subscriptions"), Head: ui.Head{Title: "Change " + sub.Description, Sub: "You see what it costs before anything changes."}}
	v.Crumbs = changeCrumbs(o, "Change")
	v.Cards = []card{{Form: &f}}
	return a.sheet(w, status, v)
}

func changeCrumbs(o outlook, here string) []ui.Crumb {
	return []ui.Crumb{{Label: "Subscriptions", Href: "/account/subscriptions"}, {Label: ui.Clip(o.sub.Description, 60), Href: o.href("")}, {Label: here}}
}

func (a *area) changeForm(ctx context.Context, o outlook, c wish) (ui.Form, error) {
	options, err := a.changeOptions(ctx, o.sub)
	if err != nil {
		return ui.Form{}, err
	}
	fields := []ui.Field{
		{Kind: ui.InputRadio, Name: "price", Label: "Plan", Value: c.price, Required: true, Options: options},
		{Kind: ui.InputNumber, Name: "quantity", Label: "Quantity", Value: c.quantity, Required: true, Short: true, Min: "1", Max: "100000", InputMode: "numeric"},
	}
	f := ui.Form{Action: o.href("/change"), Submit: "See what it costs", Cancel: o.href(""), Stacked: true}
	if o.standing.Status == subscription.Trialing {
		f.Hidden = []ui.Hidden{{Name: "when", Value: string(subscription.Now)}}
	} else {
		fields = append(fields, ui.Field{Kind: ui.InputRadio, Name: "when", Label: "From when?", Value: c.when, Required: true, Options: []ui.Option{
			{Value: string(subscription.Now), Label: "Now", Hint: "You pay the difference for the time until the next renewal, or get it as credit."},
			{Value: string(subscription.AtRenewal), Label: "From the next renewal, on " + day(o.sub.NextDue), Hint: "Until then everything stays as it is, and nothing is to be paid."},
		}})
	}
	f.Sections = []ui.FormSection{{Fields: fields}}
	return f, nil
}

// changeOptions are the prices that a subscription can be changed to, with its own first.
func (a *area) changeOptions(ctx context.Context, sub subscription.Subscription) ([]ui.Option, error) {
	plans, err := a.Catalog.Plans(ctx, sub.ProductID)
	if err != nil {
		return nil, err
	}
	prices, err := a.Catalog.ProductPrices(ctx, sub.ProductID)
	if err != nil {
		return nil, err
	}
	own := slices.IndexFunc(plans, func(p catalog.Plan) bool { return p.ID == sub.PlanID })
	if own < 0 {
		return nil, nil
	}
	options := []ui.Option{{Value: sub.PriceID, Label: choice(plans[own], sub.Unit, sub.Cycle), Hint: "What you have now."}}
	for _, plan := range plans {
		if plan.ID != sub.PlanID && !mayChange(plans[own], plan) {
			continue
		}
		for _, p := range prices {
			if p.PlanID != plan.ID || p.ID == sub.PriceID || p.Status != catalog.PriceActive || !p.Cycle.Recurs() || p.Money.Currency != sub.Unit.Currency {
				continue
			}
			options = append(options, ui.Option{Value: p.ID, Label: choice(plan, p.Money, p.Cycle), Hint: planHint(plan)})
			if len(options) == mostOptions {
				return options, nil
			}
		}
	}
	return options, nil
}

// mostOptions is more than anybody reads.
const mostOptions = 60

func choice(p catalog.Plan, unit money.Money, c civil.Cycle) string {
	return ui.Clip(p.Name, 80) + " – " + price(unit, 1, c)
}

// mayChange reports whether a plan is offered to the subscribers of another.
func mayChange(from, to catalog.Plan) bool {
	if to.Kind != from.Kind || to.Status != catalog.Active {
		return false
	}
	if len(from.Paths) > 0 {
		return slices.Contains(from.Paths, to.ID)
	}
	return to.Visibility == catalog.Public
}

func planHint(p catalog.Plan) string {
	switch {
	case p.Kind == catalog.KindAddon && p.ExtraActivations > 0:
		return counted(p.ExtraActivations, "more activation")
	case p.Kind == catalog.KindAddon:
		return ""
	case p.ActivationLimit == 0:
		return "Any number of " + p.ActivationType + "s"
	default:
		return counted(p.ActivationLimit, p.ActivationType)
	}
}
