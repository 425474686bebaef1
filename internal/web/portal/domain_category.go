package portal

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/web/ui"
)

// renewalsAt is where several domains are renewed at once.
const renewalsAt = "/account/domains/renewals"

// yearsField begins the name of the field in which a domain's term is chosen.
const yearsField = "years."

// renewalsPage offers the renewal of all domains of the visitor, those that end first on top: each with its terms, or with
// the reason why there is none.
func (a *area) renewalsPage(w http.ResponseWriter, r *http.Request) error {
	f, err := a.domainFilter(r)
	if err != nil {
		return err
	}
	f.Order = "term_end"
	rows, next, err := a.Domains.List(r.Context(), f)
	if err != nil {
		return err
	}
	s, err := a.Settings.Get(r.Context())
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(w, r, "Domain renewals", "domains"), Pager: pager(r, next)}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: "/account/domains"}, {Label: "Renewals"}}
	v.Head = ui.Head{Title: "Domain renewals", Sub: "Choose a term for each domain that you want to renew now. Prices are before tax."}
	form := ui.Form{Action: renewalsAt, Submit: "See what it costs", Cancel: "/account/domains", Stacked: true, Sections: []ui.FormSection{{}}}
	not := ui.Table{Caption: "Domains that can't be renewed now", Flush: true, Columns: []ui.Column{{Label: "Domain"}, {Label: "Term ends"}, {Label: "Why not now", Wide: true}}}
	for _, row := range rows {
		if row.Standing.Status.Final() && row.Standing.Status != domainname.Expired {
			continue
		}
		h := holding{Row: row, settings: s, today: domainname.RegistryDate(v.Now)}
		_, offer, err := a.Renewals.Offer(r.Context(), h.ID, domainname.ByCustomer)
		if err != nil {
			return err
		}
		if field, ok := termField(h, offer, r.URL.Query().Get(yearsField+h.ID)); ok {
			form.Sections[0].Fields = append(form.Sections[0].Fields, field)
		} else {
			not.Rows = append(not.Rows, ui.Row{Cells: []ui.Cell{ui.Text(h.name()).To(h.href("")), ui.Day(h.ends()), whyNot(offer)}})
		}
	}
	if len(form.Sections[0].Fields) > 0 {
		v.Cards = append(v.Cards, card{Form: &form})
	}
	if len(not.Rows) > 0 {
		v.Cards = append(v.Cards, card{Head: ui.CardHead{Title: "Not now"}, Table: &not})
	}
	if len(v.Cards) == 0 {
		v.Empty = &ui.Empty{Art: "globe", Title: "Nothing to renew", Text: "Your domains appear here as soon as you have some.", Action: &ui.Button{Label: "Your domains", Href: "/account/domains"}}
	}
	return a.sheet(w, http.StatusOK, v)
}

// whyNot is why nothing of a domain is on offer, in a sentence that leads to what can be done about it.
func whyNot(o domainname.Offer) ui.Cell {
	why := o.Refusal
	if why == nil {
		why = &domainname.Refusal{Reason: domainname.NotPriced}
	}
	c := ui.Text(why.Sentence("en"))
	if to := refusalButtons(*why); len(to) > 0 {
		c = c.To(to[0].Href)
	}
	return c
}

// termField lets one of the terms on offer be chosen, or none; ok is false if there are none.
func termField(h holding, o domainname.Offer, value string) (f ui.Field, ok bool) {
	terms, verb := o.On(), "Renew"
	if len(o.Restores) > 0 {
		terms, verb = o.Restores, "Restore and renew"
	}
	f = ui.Field{Kind: ui.InputSelect, Name: yearsField + h.ID, Label: h.name(), Value: value, Hint: h.sentence() + "."}
	f.Options = []ui.Option{{Value: "", Label: "Not now"}}
	for _, t := range terms {
		f.Options = append(f.Options, ui.Option{
			Value: strconv.Itoa(t.Years), Label: verb + " for " + years(t.Years) + ", until " + brief(t.Expiry) + ": " + sumOf(t.Price, t.Fee),
		})
	}
	return f, len(terms) > 0
}

// renewalsChoose leads to the review of what was chosen.
func (a *area) renewalsChoose(w http.ResponseWriter, r *http.Request) error {
	q := url.Values{}
	for name, values := range r.PostForm {
		if strings.HasPrefix(name, yearsField) && values[0] != "" {
			q.Set(name, values[0])
		}
	}
	if len(q) == 0 {
		return say(w, r, renewalsAt, ui.Warn, "Choose a term for at least one domain.")
	}
	http.Redirect(w, r, renewalsAt+"/review?"+q.Encode(), http.StatusSeeOther)
	return nil
}

// wantedOf are the renewals that a query or a form names, in the order of the domains' names.
func (a *area) wantedOf(r *http.Request, named url.Values) (all []wanted, err error) {
	s, err := a.Settings.Get(r.Context())
	if err != nil {
		return nil, err
	}
	for name, values := range named {
		id, ok := strings.CutPrefix(name, yearsField)
		if !ok || len(all) == perPage {
			continue
		}
		row, err := ownID(r, id, a.Domains.ByID, func(row domainname.Row) string { return row.CustomerID })
		if err != nil {
			return nil, err
		}
		all = append(all, wanted{holding{Row: row, settings: s, today: domainname.RegistryDate(a.Clock.Now())}, typedYears(values[0])})
	}
	slices.SortFunc(all, func(x, y wanted) int { return strings.Compare(x.Name.String(), y.Name.String()) })
	return all, nil
}

func (a *area) renewalsReview(w http.ResponseWriter, r *http.Request) error {
	all, err := a.wantedOf(r, r.URL.Query())
	if err != nil {
		return err
	}
	var found []chosen
	f := ui.Form{Action: renewalsAt + "/order", Submit: "Order the renewals", Cancel: renewalsAt + "?" + r.URL.RawQuery, Back: true, Stacked: true}
	for _, want := range all {
		c, refusal, err := a.choose(r.Context(), want)
		if err != nil {
			return err
		}
		if refusal != nil {
			return say(w, r, renewalsAt, ui.Warn, want.name()+": "+refusal.Sentence("en"))
		}
		found = append(found, c)
		f.Hidden = append(f.Hidden, ui.Hidden{Name: yearsField + c.ID, Value: strconv.Itoa(c.term.Years)})
	}
	if len(found) == 0 {
		http.Redirect(w, r, renewalsAt, http.StatusSeeOther)
		return nil
	}
	v := sheetView{Page: a.page(w, r, "Domain renewals", "domains"), Head: ui.Head{Title: "Renew " + counted(int64(len(found)), "domain") + "?"}}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: "/account/domains"}, {Label: "Renewals", Href: renewalsAt}, {Label: "Review"}}
	if err := a.reviewCards(r, &v, found, f); err != nil {
		return err
	}
	return a.sheet(w, http.StatusOK, v)
}

// renewalsOrder orders what was reviewed, all of it or nothing.
func (a *area) renewalsOrder(w http.ResponseWriter, r *http.Request) error {
	all, err := a.wantedOf(r, r.PostForm)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return say(w, r, renewalsAt, ui.Warn, "Choose a term for at least one domain.")
	}
	q := url.Values{}
	for _, want := range all {
		q.Set(yearsField+want.ID, strconv.Itoa(want.years))
	}
	return a.placeRenewals(w, r, all, renewalsAt, renewalsAt+"/review?"+q.Encode())
}
