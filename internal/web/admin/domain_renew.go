package admin

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web/ui"
)

// renewing is a domain that staff are about to renew by hand.
type renewing struct {
	holding
	terms []domainname.Term // to choose from, or refused
}

func (a *area) renewing(ctx context.Context, id string) (g renewing, err error) {
	if g.holding, err = a.standing(ctx, id); err != nil {
		return g, err
	}
	if _, g.offer, err = a.Renewals.Offer(ctx, id, domainname.ByStaff); err != nil {
		return g, err
	}
	g.terms = g.offer.Terms
	if len(g.offer.Restores) > 0 {
		g.terms = g.offer.Restores
	}
	policies, err := a.Domains.Policies(ctx, g.Extension)
	if err != nil {
		return g, err
	}
	if p, ok := policies.At(g.Extension, g.today); ok {
		g.policy = &p
	}
	return g, a.pricesOf(ctx, &g.holding)
}

// term finds a term that staff can renew for.
func (g renewing) term(years string) (domainname.Term, error) {
	n, err := strconv.Atoi(strings.TrimSpace(years))
	if err != nil {
		return domainname.Term{}, fail.Invalid("years", "is not a term")
	}
	for _, t := range g.terms {
		switch {
		case t.Years != n:
		case t.Refusal != nil:
			return t, fail.Invalid("years", refusalText(t.Refusal))
		default:
			return t, nil
		}
	}
	if g.offer.Refusal != nil && len(g.offer.Restores) == 0 {
		return domainname.Term{}, fail.Invalid("years", refusalText(g.offer.Refusal))
	}
	return domainname.Term{}, fail.Invalid("years", "is not a term on offer")
}

// moved is where next due would move by a term.
func (g renewing) moved(t domainname.Term) civil.Date {
	if g.policy == nil {
		return t.Expiry
	}
	next := g.policy.Window(t.Expiry, civil.Date{})
	if g.NextDue.IsZero() {
		return g.policy.Due(next)
	}
	return g.policy.DueAfter(g.NextDue, t.Years, next)
}

func (a *area) domainRenew(w http.ResponseWriter, r *http.Request) error {
	return a.renewPage(w, r, http.StatusOK, "", nil, "")
}

// renewPage is the first step: for how long.
func (a *area) renewPage(w http.ResponseWriter, r *http.Request, status int, chosen string, bad map[string]string, whole string) error {
	g, err := a.renewing(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	base, name := domainsAt+"/"+g.ID, g.Name.Unicode()
	v := formView{Page: a.page(r, "Renew "+name, "domains"), Head: ui.Head{Title: "Renew " + name, Sub: "Nothing is sent before you have confirmed it."}}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: domainsAt}, {Label: name, Href: base}, {Label: "Renew"}}
	field := ui.Field{Kind: ui.InputRadio, Name: "years", Label: "Term", Value: chosen, Required: true}
	for _, t := range g.terms {
		if t.Refusal != nil && t.Refusal.Reason == domainname.NotPriced && t.Price.Amount == 0 {
			if _, costs := g.costs[t.Years]; !costs {
				continue // nobody offers it: it needs no line
			}
		}
		o := termOption(t, nil)
		if cost, ok := g.costs[t.Years]; ok {
			o = termOption(t, &cost)
		}
		field.Options = append(field.Options, o)
	}
	if g.offer.Refusal != nil {
		v.Callouts = append(v.Callouts, ui.Callout{Tone: ui.Warn, Title: refusalText(g.offer.Refusal), Text: yesNo(len(g.offer.Restores) > 0, "Renewing restores it: the registry is asked to take it back, and told why.", "")})
	}
	if len(field.Options) == 0 {
		field.Hint = "No term can be renewed now."
	}
	v.Form = ui.WithErrors(ui.Form{Action: base + "/renew", Submit: "Next", Cancel: base, Sections: []ui.FormSection{{
		Title: "For how long", Text: "Its term ends on " + dateText(g.Standing.Window.End) + ". The years count from there, not from today.", Fields: []ui.Field{field},
	}}}, bad, whole)
	return a.form(w, status, v)
}

// typedRenewal are the answers of the second step.
type typedRenewal struct{ years, due, line, why string }

func renewalTyped(r *http.Request) typedRenewal {
	return typedRenewal{r.PostFormValue("years"), r.PostFormValue("next_due"), r.PostFormValue("open_line"), r.PostFormValue("why")}
}

// domainRenewAsk is the second step: what it comes to, and what becomes of the due date and of a line that is open.
func (a *area) domainRenewAsk(w http.ResponseWriter, r *http.Request) error {
	return a.renewConfirm(w, r, http.StatusOK, renewalTyped(r), nil, "")
}

func (a *area) renewConfirm(w http.ResponseWriter, r *http.Request, status int, typed typedRenewal, bad map[string]string, whole string) error {
	g, err := a.renewing(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	t, err := g.term(typed.years)
	if err != nil {
		wrong, why, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return a.renewPage(w, r, http.StatusUnprocessableEntity, typed.years, wrong, why)
	}
	base, name := domainsAt+"/"+g.ID, g.Name.Unicode()
	v := formView{Page: a.page(r, "Renew "+name, "domains"), Head: ui.Head{Title: "Renew " + name + " for " + yearsText(t.Years) + "?"}}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: domainsAt}, {Label: name, Href: base}, {Label: "Renew", Href: base + "/renew"}, {Label: "Confirm"}}
	v.Callouts = []ui.Callout{g.consequences(t)}
	moved := g.moved(t)
	leave := "The domain will be invoiced for " + dateText(g.NextDue) + " all the same."
	switch {
	case g.DoNotRenew:
		leave = "Auto renew is off: nothing is invoiced, unless somebody turns it on."
	case g.NextDue.IsZero():
		leave = "It stays without one: nothing is invoiced by itself."
	}
	fields := []ui.Field{{Kind: ui.InputRadio, Name: "next_due", Label: "Next due", Value: typed.due, Required: true, Options: []ui.Option{
		{Value: "move", Label: "Move it to " + dateText(moved), Hint: "The next invoice is for the term after this one."},
		{Value: "leave", Label: yesNo(g.NextDue.IsZero(), "Leave it", "Leave it at "+dateText(g.NextDue)), Hint: leave},
	}}}
	if g.lineOpen() {
		fields = append(fields, ui.Field{Kind: ui.InputRadio, Name: "open_line", Label: "The line that is open, " + g.Open.Price.Format("en"), Value: typed.line, Required: true, Options: []ui.Option{
			{Value: renewal.StillOwed, Label: "Still owed", Hint: "It stays payable. Paying it settles the money, sends nothing, and moves paid-through and next due once."},
			{Value: renewal.NotOwed, Label: "Not owed", Hint: "The line is withdrawn and paid-through moves now. Money that arrives for it becomes account credit."},
		}})
	}
	fields = append(fields, ui.Field{Name: "why", Label: "Reason", Value: typed.why, Optional: true, MaxLength: 255, Hint: "It stands in the history and the audit log."})
	v.Form = ui.WithErrors(ui.Form{
		Action: base + "/renew/do", Submit: "Renew for " + yearsText(t.Years), Cancel: base + "/renew", Back: true,
		Hidden:   []ui.Hidden{{Name: "years", Value: strconv.Itoa(t.Years)}, {Name: "seen", Value: t.Expiry.String()}},
		Sections: []ui.FormSection{{Title: "And then", Text: "Nothing is chosen for you.", Fields: fields}},
	}, bad, whole)
	return a.form(w, status, v)
}

// lineOpen reports whether a line asks for a renewal that nobody has paid.
func (h holding) lineOpen() bool { return h.Open != nil && h.Open.State == domainname.RenewalOpen }

// consequences say in words and numbers what a renewal by hand does.
func (g renewing) consequences(t domainname.Term) ui.Callout {
	c := ui.Callout{Tone: ui.Warn, Title: fmt.Sprintf("%s to %s", dateText(g.Standing.Window.End), dateText(t.Expiry))}
	if cost, ok := g.costs[t.Years]; ok {
		c.List = append(c.List, cost.Format("en")+" are charged to the account at “"+g.Registrar+"”, by the prices that are known here.")
	} else {
		c.List = append(c.List, "What the registrar charges is not known here.")
	}
	c.List = append(c.List, "The customer is asked for nothing by this; the list price is "+totalText(t)+".")
	switch {
	case len(g.offer.Restores) > 0:
		c.List = append(c.List, "It is in redemption: a restore is requested and reported, and the years that it does not contain are sent after it.")
	case g.offer.Stage == domainname.StageTooLate:
		c.List = append(c.List, "It is past the last day for customers: the registry may refuse.")
	}
	if g.can.Manual {
		c.List = append(c.List, "The registrar has no interface: a task is made for staff.")
	} else {
		c.List = append(c.List, "The registry is read first and afterwards. A year that was added can't be taken back by the store.")
	}
	return c
}

// domainRenewDo renews.
func (a *area) domainRenewDo(w http.ResponseWriter, r *http.Request) error {
	ctx, id, typed := r.Context(), r.PathValue("id"), renewalTyped(r)
	g, err := a.renewing(ctx, id)
	if err != nil {
		return err
	}
	t, err := g.term(typed.years)
	if err != nil {
		return a.renewConfirm(w, r, http.StatusUnprocessableEntity, typed, nil, "")
	}
	bad := map[string]string{}
	if typed.due != "move" && typed.due != "leave" {
		bad["next_due"] = "must be chosen"
	}
	if g.lineOpen() && typed.line != renewal.StillOwed && typed.line != renewal.NotOwed {
		bad["open_line"] = "must be chosen"
	}
	if len(bad) > 0 {
		return a.renewConfirm(w, r, http.StatusUnprocessableEntity, typed, bad, "")
	}
	if seen := r.PostFormValue("seen"); seen != "" && seen != t.Expiry.String() {
		return a.renewConfirm(w, r, http.StatusConflict, typed, nil, "The date to which it would be renewed has changed meanwhile, so nothing was sent. Look at it again.")
	}
	move := typed.due == "move"
	n, err := a.Renewals.Manual(ctx, id, renewal.ManualInput{Years: t.Years, MoveNextDue: &move, OpenLine: typed.line, Reason: typed.why})
	if err != nil {
		wrong, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		if m, there := wrong["move_next_due"]; there {
			wrong["next_due"] = m
			delete(wrong, "move_next_due")
		}
		return a.renewConfirm(w, r, http.StatusUnprocessableEntity, typed, wrong, whole)
	}
	text := "The renewal to " + dateText(n.Expected) + " is under way. The page says when the registry has confirmed it."
	if n.State == domainname.RenewalConfirmed {
		text = "Renewed to " + dateText(n.Expected) + "."
		if n.Reference != "" {
			text += " The registry's reference is " + n.Reference + "."
		}
	}
	return done(w, r, domainsAt+"/"+id, text)
}
