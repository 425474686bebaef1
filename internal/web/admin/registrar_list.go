package admin

import (
	"context"
	"net/http"

	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

const registrarsAt = "/admin/registrars"

var syncWords = map[account.SyncMode]string{account.SyncOn: "On", account.SyncNotify: "Reports only", account.SyncOff: "Off"}

func (a *area) registrarList(w http.ResponseWriter, r *http.Request) error {
	all, err := a.Registrars.List(r.Context())
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "Registrars", "registrars"), Head: ui.Head{Title: "Registrars", Sub: "Through whom the store reaches registries: over EPP, by an interface of their own, or by hand."}}
	add := ui.Button{Label: "New registrar", Href: registrarsAt + "/new", Kind: ui.Primary, Icon: "plus"}
	v.Table = ui.Table{
		Caption: "Registrars", Columns: []ui.Column{{Label: "Registrar"}, {Label: "State"}, {Label: "Sync"}, {Label: "Balance", End: true}, {Label: "Covers renewals until", Wide: true}},
		Empty: &ui.Empty{Art: "globe", Title: "No registrar yet", Text: "Without one nothing is registered, read or renewed. One without an interface asks staff to do it by hand."},
	}
	if visitorOf(r).staff.Role.Can(staff.SettingsWrite) {
		v.Head.Actions, v.Table.Empty.Action = []ui.Button{add}, &add
	}
	for _, x := range all {
		covers, err := a.coversCell(r.Context(), x)
		if err != nil {
			return err
		}
		row := ui.Row{Cells: []ui.Cell{
			ui.Text(x.Name).Bold().To(registrarsAt + "/" + x.ID).With(a.adapterLabel(x.Adapter)), {Badge: reachBadge(x)}, syncCell(x), balanceCell(v.Page, x), covers,
		}}
		if x.StoppedAt != nil || x.UnreachableSince != nil {
			row.Tone = ui.Danger
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	return a.list(w, v)
}

func (a *area) adapterLabel(name string) string {
	for _, x := range a.Registrars.Adapters() {
		if x.Name == name {
			return x.Label
		}
	}
	return name
}

func reachBadge(x account.Account) *ui.Badge {
	switch {
	case x.Archived:
		return &ui.Badge{Text: "Archived", Tone: ui.Neutral}
	case x.UnreachableSince != nil:
		return &ui.Badge{Text: "Can't be reached", Tone: ui.Danger}
	default:
		return &ui.Badge{Text: "Active", Tone: ui.Success}
	}
}

func syncCell(x account.Account) ui.Cell {
	if x.StoppedAt != nil {
		return ui.Cell{Badge: &ui.Badge{Text: "Stopped", Tone: ui.Danger}, Sub: "too many bad answers"}
	}
	return ui.Text(syncWords[x.SyncMode])
}

func balanceCell(p ui.Page, x account.Account) ui.Cell {
	if x.BalanceAt == nil {
		return ui.Cell{}
	}
	return ui.Text(x.Balance.Format("en")).With("read on " + x.BalanceAt.In(p.Location()).Format("2 Jan, 15:04"))
}

// coversCell is until when what an account holds covers what is paid and what falls due.
func (a *area) coversCell(ctx context.Context, x account.Account) (ui.Cell, error) {
	if x.Archived {
		return ui.Cell{}, nil
	}
	f, err := a.Registrars.Funds(ctx, x.ID)
	if err != nil {
		return ui.Cell{}, err
	}
	return fundsCell(f), nil
}

// fundsCell says until when the money lasts.
func fundsCell(f account.Funds) ui.Cell {
	unknown := ""
	if f.Unpriced > 0 {
		unknown = many(f.Unpriced, "command", "commands") + " of unknown cost"
	}
	c := ui.Text(dateText(f.Until))
	switch {
	case f.Refused > 0:
		c = ui.Cell{Badge: &ui.Badge{Text: many(f.Refused, "command", "commands") + " refused for lack of money", Tone: ui.Danger}, Sub: "pay money in"}
	case !f.Known:
		return ui.Cell{}
	case f.All && f.Unpriced > 0:
		c.Sub = "at the costs that are known"
	case f.All:
		c.Sub = "everything that was looked at"
	case f.Days == 0:
		c = ui.Cell{Badge: &ui.Badge{Text: "Today", Tone: ui.Danger}, Sub: "pay money in"}
	case f.Days < 0:
		c = ui.Cell{Badge: &ui.Badge{Text: "Not what is paid today", Tone: ui.Danger}}
	case !f.LowSince.IsZero():
		c = ui.Cell{Badge: &ui.Badge{Text: dateText(f.Until), Tone: ui.Warn}, Sub: "pay money in"}
	default:
		c.Sub = "in " + many(f.Days, "day", "days")
	}
	if unknown != "" {
		c.Sub += yesNo(c.Sub == "", "", "; ") + unknown
	}
	return c
}
