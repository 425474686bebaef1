package admin

import (
	"fmt"
	"net/http"

	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/web/ui"
)

func (a *area) priceUpdateShow(w http.ResponseWriter, r *http.Request) error {
	u, err := a.Subscriptions.PriceUpdate(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	items, next, err := a.Subscriptions.PriceUpdateItems(r.Context(), u.ID, cursor(r), perPage)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Price update", "subscriptions"), Head: ui.Head{Title: updateWords(u.In), Sub: u.In.Reason}}
	v.Crumbs = []ui.Crumb{{Label: "Price updates", Href: priceUpdatesAt}, {Label: updateWords(u.In)}}
	if visitorOf(r).staff.Role.Can(staff.SalesWrite) && u.Status == "scheduled" {
		v.Head.Actions = []ui.Button{{Label: "Undo", Icon: "undo", Href: priceUpdatesAt + "/" + u.ID + "/undo", Confirm: undoQuestion(u)}}
	}
	v.Stats = []ui.Stat{
		{Label: "From", Value: dateText(u.In.StartsOn), Sub: "scheduled " + u.CreatedAt.In(v.Location()).Format("2 January 2006")},
		{Label: "To come", Value: ui.Number(u.Counts["planned"])},
		{Label: "Changed", Value: ui.Number(u.Counts["applied"])},
		{Label: "Left as they are", Value: ui.Number(u.Counts["skipped"] + u.Counts["undone"]), Sub: "changed otherwise, or undone"},
	}
	v.Table = ui.Table{Caption: "Subscriptions", Columns: []ui.Column{{Label: "Subscription"}, {Label: "State"}, {Label: "Before", End: true}, {Label: "Then", End: true}}}
	for _, x := range items {
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{
			ui.Text(x.Description).To("/admin/subscriptions/" + x.SubscriptionID), ui.Status(x.State), ui.Text(x.Before.Format("en")), ui.Text(x.After.Format("en")),
		}})
	}
	v.Pager = pager(r, next)
	return a.list(w, v)
}

// undoQuestion asks before a price update is taken back, and says in numbers what of it stays.
func undoQuestion(u subscription.PriceUpdate) *ui.Confirm {
	effects := []string{fmt.Sprintf("%d subscriptions keep the price that they have.", u.Counts["planned"])}
	if n := u.Counts["applied"]; n > 0 {
		effects = append(effects, fmt.Sprintf("%d that have the new price go back to the old one with their next invoice. Those that were issued stay.", n))
	}
	if u.In.Notify {
		effects = append(effects, "Customers who were written to are not told by themselves.")
	}
	at := priceUpdatesAt + "/" + u.ID
	return &ui.Confirm{
		ID: "undo", Title: "Undo this price update?", Text: updateWords(u.In) + ", from " + dateText(u.In.StartsOn) + ".", Effects: effects,
		Fields: []ui.Field{why("For the audit log")}, Action: at + "/undo", Label: "Undo it", Cancel: at,
	}
}

func (a *area) priceUpdateUndoQuestion(r *http.Request) (*ui.Confirm, error) {
	u, err := a.Subscriptions.PriceUpdate(r.Context(), r.PathValue("id"))
	return undoQuestion(u), err
}

func (a *area) priceUpdateUndo(r *http.Request) (to, text string, err error) {
	reason, err := reasonGiven(r)
	if err != nil {
		return "", "", err
	}
	id := r.PathValue("id")
	_, err = a.Subscriptions.UndoPriceUpdate(r.Context(), id, reason)
	return priceUpdatesAt + "/" + id, "The price update was undone.", err
}
