package admin

import (
	"fmt"
	"net/http"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/web/ui"
)

const priceUpdatesAt = "/admin/price-updates"

func (a *area) priceUpdateList(w http.ResponseWriter, r *http.Request) error {
	updates, err := a.Subscriptions.PriceUpdates(r.Context())
	if err != nil {
		return err
	}
	mayWrite := visitorOf(r).staff.Role.Can(staff.SalesWrite)
	v := listView{Page: a.page(r, "Price updates", "subscriptions"), Head: ui.Head{Title: "Price updates", Sub: "Changes of what many subscriptions cost, each from its first period after a day."}}
	v.Crumbs = []ui.Crumb{{Label: "Subscriptions", Href: "/admin/subscriptions"}, {Label: "Price updates"}}
	add := ui.Button{Label: "New price update", Href: priceUpdatesAt + "/new", Kind: ui.Primary, Icon: "plus"}
	v.Table = ui.Table{
		Caption: "Price updates", Columns: []ui.Column{{Label: "What"}, {Label: "From"}, {Label: "State"}, {Label: "Subscriptions", End: true}},
		Empty: &ui.Empty{Art: "list", Title: "No price updates", Text: "Subscriptions keep the price of the day of their purchase until somebody changes it here."},
	}
	if mayWrite {
		v.Head.Actions, v.Table.Empty.Action = []ui.Button{add}, &add
	}
	for _, u := range updates {
		total := 0
		for _, n := range u.Counts {
			total += n
		}
		what := ui.Text(updateWords(u.In)).With(u.In.Reason).To(priceUpdatesAt + "/" + u.ID)
		count := ui.Count(total).With(fmt.Sprintf("%d changed, %d to come", u.Counts["applied"], u.Counts["planned"]))
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{what, ui.Text(dateText(u.In.StartsOn)), ui.Status(u.Status), count}})
	}
	return a.list(w, v)
}

func updateWords(in subscription.PriceUpdateInput) string {
	switch in.Mode {
	case subscription.ByPercent:
		return in.Value + " %"
	case subscription.ByAmount:
		return in.Value + " " + in.Currency
	case subscription.ToList:
	}
	return "To the list price"
}

// updateFromForm reads what was typed; bad names what can't be read.
func updateFromForm(r *http.Request) (in subscription.PriceUpdateInput, bad map[string]string) {
	f := r.PostFormValue
	in = subscription.PriceUpdateInput{
		PlanID: f("plan_id"), Cycle: f("cycle"), Currency: f("currency"), Mode: subscription.UpdateMode(f("mode")), Value: f("value"), Notify: f("notify") != "", Reason: f("reason"),
	}
	var err error
	if in.StartsOn, err = civil.Parse(f("starts_on")); err != nil {
		return in, map[string]string{"starts_on": "is not a date"}
	}
	return in, nil
}

func (a *area) priceUpdateForm(r *http.Request, in subscription.PriceUpdateInput) (ui.Form, error) {
	plans := []ui.Option{{Value: "", Label: "All plans"}}
	products, err := a.allProducts(r)
	if err != nil {
		return ui.Form{}, err
	}
	for _, p := range products {
		of, err := a.Catalog.Plans(r.Context(), p.ID)
		if err != nil {
			return ui.Form{}, err
		}
		for _, plan := range of {
			plans = append(plans, ui.Option{Value: plan.ID, Label: p.Name + " – " + plan.Name})
		}
	}
	cycles := []ui.Option{{Value: "", Label: "All cycles"}}
	for _, c := range civil.Cycles() {
		if c.Recurs() {
			cycles = append(cycles, ui.Option{Value: string(c), Label: cycleNames[c]})
		}
	}
	day := ""
	if !in.StartsOn.IsZero() {
		day = in.StartsOn.String()
	}
	return ui.Form{Action: priceUpdatesAt, Submit: "Show what changes", Cancel: priceUpdatesAt, Sections: []ui.FormSection{
		{Title: "Which", Fields: []ui.Field{
			{Kind: ui.InputSelect, Name: "plan_id", Label: "Plan", Value: in.PlanID, Options: plans},
			{Kind: ui.InputSelect, Name: "cycle", Label: "Cycle", Value: in.Cycle, Options: cycles},
			{Name: "currency", Label: "Currency", Value: in.Currency, Optional: true, Short: true, MaxLength: 3},
		}},
		{Title: "What", Fields: []ui.Field{
			{Kind: ui.InputSelect, Name: "mode", Label: "Change", Value: string(in.Mode), Options: []ui.Option{{Value: "percent", Label: "By a percentage"}, {Value: "amount", Label: "By an amount"}, {Value: "list", Label: "To the list price of today"}}},
			{Name: "value", Label: "How much", Value: in.Value, Optional: true, Short: true, InputMode: "decimal", Hint: "5 or -2.5 for a percentage, 1.50 for an amount"},
			{Kind: ui.InputDate, Name: "starts_on", Label: "From", Value: day, Required: true, Short: true, Hint: "Periods that begin on this day or later, and are not invoiced yet"},
			{Kind: ui.InputSwitch, Name: "notify", Label: "Write to the customers", Checked: in.Notify},
			{Name: "reason", Label: "Reason", Value: in.Reason, Required: true, Hint: "For the audit log, and for the mail"},
		}},
	}}, nil
}

func (a *area) priceUpdateNew(w http.ResponseWriter, r *http.Request) error {
	return a.priceUpdateAsk(w, r, http.StatusOK, subscription.PriceUpdateInput{Mode: subscription.ByPercent, Notify: true}, nil, "")
}

func (a *area) priceUpdateAsk(w http.ResponseWriter, r *http.Request, status int, in subscription.PriceUpdateInput, bad map[string]string, whole string) error {
	f, err := a.priceUpdateForm(r, in)
	if err != nil {
		return err
	}
	if len(bad) > 0 || whole != "" {
		f = ui.WithErrors(f, bad, whole)
	}
	v := formView{Page: a.page(r, "New price update", "subscriptions"), Head: ui.Head{Title: "New price update"}, Form: f}
	v.Crumbs = []ui.Crumb{{Label: "Price updates", Href: priceUpdatesAt}, {Label: "New"}}
	return a.form(w, status, v)
}

// shownUpdates is how many lines of a preview are shown.
const shownUpdates = 50

// priceUpdatePreview shows what would change, and schedules it once that was seen.
func (a *area) priceUpdatePreview(w http.ResponseWriter, r *http.Request) error {
	if r.PostFormValue("sure") != "" {
		return a.priceUpdateDo(w, r)
	}
	in, bad := updateFromForm(r)
	if len(bad) > 0 {
		return a.priceUpdateAsk(w, r, http.StatusUnprocessableEntity, in, bad, "")
	}
	items, err := a.Subscriptions.PreviewPriceUpdate(r.Context(), in)
	if err != nil {
		bad, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return a.priceUpdateAsk(w, r, http.StatusUnprocessableEntity, in, bad, whole)
	}
	if len(items) == 0 {
		return a.priceUpdateAsk(w, r, http.StatusUnprocessableEntity, in, nil, "No subscription would cost something else.")
	}
	title := "One subscription will cost something else"
	if len(items) > 1 {
		title = fmt.Sprintf("%d subscriptions will cost something else", len(items))
	}
	v := sheetView{Page: a.page(r, "New price update", "subscriptions"), Head: ui.Head{
		Title: title, Sub: "From their first period on or after " + dateText(in.StartsOn) + " that is not invoiced yet.",
	}}
	t := ui.Table{Caption: "What changes", Flush: true, Columns: []ui.Column{{Label: "Subscription"}, {Label: "Now", End: true}, {Label: "Then", End: true}}}
	for _, x := range items[:min(len(items), shownUpdates)] {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{ui.Text(x.Description).To("/admin/subscriptions/" + x.SubscriptionID), ui.Text(x.Before.Format("en")), ui.Text(x.After.Format("en"))}})
	}
	v.Crumbs = []ui.Crumb{{Label: "Price updates", Href: priceUpdatesAt}, {Label: "New", Href: priceUpdatesAt + "/new"}, {Label: "What changes"}}
	shown := "What changes"
	if len(items) > shownUpdates {
		shown = fmt.Sprintf("The first %d", shownUpdates)
	}
	f := ui.Form{Action: priceUpdatesAt, Submit: "Schedule it", Cancel: priceUpdatesAt, Hidden: []ui.Hidden{{Name: "sure", Value: "1"}}}
	for _, name := range []string{"plan_id", "cycle", "currency", "mode", "value", "starts_on", "notify", "reason"} {
		f.Hidden = append(f.Hidden, ui.Hidden{Name: name, Value: r.PostFormValue(name)})
	}
	v.Left = []card{{Head: ui.CardHead{Title: shown}, Table: &t}}
	v.Right = []card{{Head: ui.CardHead{Title: "Schedule", Text: "It can be undone: what is not invoiced yet goes back to the old price."}, Form: &f}}
	return a.sheet(w, v)
}

// priceUpdateDo schedules what the preview has shown.
func (a *area) priceUpdateDo(w http.ResponseWriter, r *http.Request) error {
	in, bad := updateFromForm(r)
	if len(bad) > 0 {
		return a.priceUpdateAsk(w, r, http.StatusUnprocessableEntity, in, bad, "")
	}
	u, err := a.Subscriptions.SchedulePriceUpdate(r.Context(), in)
	if err != nil {
		bad, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return a.priceUpdateAsk(w, r, http.StatusUnprocessableEntity, in, bad, whole)
	}
	return done(w, r, priceUpdatesAt+"/"+u.ID, "The price update is scheduled.")
}
