package admin

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/page"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

func (a *area) domainPriceShow(w http.ResponseWriter, r *http.Request) error {
	u, err := a.Domains.PriceUpdate(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	state := r.URL.Query().Get("state")
	if !slices.Contains([]string{"planned", "applied", "same", "skipped", "undone", "kept"}, state) {
		state = ""
	}
	rows, next, err := a.Domains.PriceUpdateRows(r.Context(), u.ID, state, cursor(r), perPage)
	if err != nil {
		return err
	}
	at, title := domainPricesAt+"/"+u.ID, changeText(u.Change, u.Filter)
	v := listView{Page: a.page(r, "Price update", "domains"), Head: ui.Head{Title: title, Sub: u.Reason, Badges: []ui.Badge{ui.StatusBadge(u.Status)}}}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: domainsAt}, {Label: "Price updates", Href: domainPricesAt}, {Label: title}}
	v.Head.Actions = []ui.Button{{Label: "Export CSV", Href: csvHref(r, at+"/rows.csv"), Icon: "download"}}
	if visitorOf(r).staff.Role.Can(staff.DomainsWrite) && u.Status != "undone" {
		v.Head.Actions = append(v.Head.Actions, ui.Button{Label: "Undo", Icon: "undo", Href: at + "/undo", Confirm: domainUndoQuestion(u)})
	}
	told := "customers are not told"
	if u.NoticeDays != nil {
		told = "customers are written to " + many(*u.NoticeDays, "day", "days") + " before"
	}
	v.Stats = []ui.Stat{
		{Label: "From", Value: dateText(u.StartsOn), Sub: told},
		{Label: "To come", Value: ui.Number(u.Counts["planned"]), Href: at + "?state=planned"},
		{Label: "Changed", Value: ui.Number(u.Counts["applied"]), Href: at + "?state=applied"},
		{Label: "Left as they are", Value: ui.Number(u.Counts["skipped"] + u.Counts["same"]), Sub: many(u.Counts["skipped"], "was skipped", "were skipped"), Href: at + "?state=skipped"},
	}
	if u.Status == "undone" {
		v.Stats = append(v.Stats, ui.Stat{Label: "Undone", Value: ui.Number(u.Counts["undone"]), Href: at + "?state=undone"}, ui.Stat{Label: "Kept", Value: ui.Number(u.Counts["kept"]), Sub: "changed by somebody since", Href: at + "?state=kept"})
	}
	v.Filter = ui.Filter{Action: at, ClearHref: at, Selects: []ui.Select{{Label: "State", Name: "state", Value: state, Options: options("planned", "applied", "same", "skipped", "undone", "kept")}}, Chips: chips(r, chipName{"state", "State", statusText})}
	v.Table = priceRowTable(rows)
	v.Table.Flush = false
	v.Pager = pager(r, next)
	return a.list(w, v)
}

func (a *area) domainPriceCSV(w http.ResponseWriter, r *http.Request) error {
	return writeCSV(w, "price-update", priceRowHead, a.priceRows(r.Context(), r.PathValue("id"), r.URL.Query().Get("state")), priceRowCSV)
}

// priceRows are all rows of an update.
func (a *area) priceRows(ctx context.Context, id, state string) iter.Seq2[domainname.PriceUpdateRow, error] {
	return page.Walk(func(cursor string) ([]domainname.PriceUpdateRow, string, error) {
		return a.Domains.PriceUpdateRows(ctx, id, state, cursor, 0)
	})
}

// domainPricePreviewCSV writes what an update would change of every domain.
func (a *area) domainPricePreviewCSV(w http.ResponseWriter, r *http.Request) error {
	typed := updateTyped(r)
	u, bad := typed.update()
	whole := ""
	if len(bad) == 0 {
		err := writeCSV(w, "price-update-preview", priceRowHead, a.priceChanges(r.Context(), u), priceRowCSV)
		if err == nil {
			return nil
		}
		var ok bool
		if bad, whole, ok = fieldErrors(err); !ok {
			return err
		}
	}
	return a.domainPriceForm(w, r, http.StatusUnprocessableEntity, typed, bad, whole)
}

var errEnough = errors.New("enough")

// priceChanges are what an update would do, one domain after the other.
func (a *area) priceChanges(ctx context.Context, u domainname.PriceUpdate) iter.Seq2[domainname.PriceUpdateRow, error] {
	return func(yield func(domainname.PriceUpdateRow, error) bool) {
		err := a.Domains.EachPriceChange(ctx, u, func(row domainname.PriceUpdateRow) error {
			if !yield(row, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(domainname.PriceUpdateRow{}, err)
		}
	}
}

// domainUndoQuestion asks before an update is taken back, and says in numbers what of it stays.
func domainUndoQuestion(u domainname.PriceUpdate) *ui.Confirm {
	var effects []string
	if n := u.Counts["planned"]; n > 0 {
		effects = append(effects, many(n, "domain keeps the price that it has.", "domains keep the price that they have."))
	}
	if n := u.Counts["applied"]; n > 0 {
		effects = append(effects, many(n, "domain goes back to its old price", "domains go back to their old prices")+", but for those that somebody has changed since, which are listed.", "Invoices that were made stay as they are.")
	}
	if u.NoticeDays != nil {
		effects = append(effects, "Customers who were written to are not told by themselves.")
	}
	at := domainPricesAt + "/" + u.ID
	return &ui.Confirm{
		ID: "undo", Title: "Undo this price update?", Text: changeText(u.Change, u.Filter) + ", from " + dateText(u.StartsOn) + ".", Effects: effects,
		Fields: []ui.Field{why("For the audit log")}, Action: at + "/undo", Label: "Undo it", Cancel: at,
	}
}

func (a *area) domainPriceUndoQuestion(r *http.Request) (*ui.Confirm, error) {
	u, err := a.Domains.PriceUpdate(r.Context(), r.PathValue("id"))
	return domainUndoQuestion(u), err
}

func (a *area) domainPriceUndo(r *http.Request) (to, text string, err error) {
	reason, err := reasonGiven(r)
	if err != nil {
		return "", "", err
	}
	id := r.PathValue("id")
	_, err = a.Domains.UndoPriceUpdate(r.Context(), id, reason)
	return domainPricesAt + "/" + id, "The price update was undone.", err
}

// domainBelowCost lists what renews for less than the registrar asks.
func (a *area) domainBelowCost(w http.ResponseWriter, r *http.Request) error {
	losses, next, err := a.Domains.BelowCost(r.Context(), a.registryToday(), cursor(r), perPage)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Below cost", "domains"), Tabs: domainTabs("loss"), Head: ui.Head{Title: "Sold below cost", Sub: "Domains that renew by themselves for less than the registrar asks: its page has the costs. It blocks nothing."}}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: domainsAt}, {Label: "Below cost"}}
	v.Table = ui.Table{
		Caption: "Below cost", Columns: []ui.Column{{Label: "Domain"}, {Label: "Customer"}, {Label: "Term"}, {Label: "Recurring", End: true}, {Label: "Cost", End: true}, {Label: "Difference", End: true}},
		Empty: &ui.Empty{Art: "done", Title: "None", Text: "As far as the costs of the registrars are known."},
	}
	who := a.buyers()
	for _, x := range losses {
		customer, err := who.cell(r.Context(), x.CustomerID)
		if err != nil {
			return err
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Tone: ui.Warn, Cells: []ui.Cell{
			ui.Text(shownName(x.Name)).To(domainsAt + "/" + x.DomainID), customer, ui.Text(yearsText(x.Term)), ui.Text(x.Recurring.Format("en")), ui.Text(x.Cost.Format("en")), ui.Text(difference(x.Cost, x.Recurring)),
		}})
	}
	v.Pager = pager(r, next)
	return a.list(w, v)
}
