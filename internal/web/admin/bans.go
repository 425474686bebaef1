package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

const bansAt = "/admin/bans"

// checkTabs lead between the pages about checks.
func checkTabs(current string) ui.Tabs {
	return ui.Tabs{Label: "Checks", Items: []ui.Tab{
		{Label: "Log", Href: checksAt, Current: current == checksAt}, {Label: "Bans", Href: bansAt, Current: current == bansAt},
	}}
}

// typedBan is the form of a ban as it was typed.
type typedBan struct{ kind, value, why string }

func (t typedBan) form() *ui.Form {
	return &ui.Form{Action: bansAt, Submit: "Ban", Stacked: true, Sections: []ui.FormSection{{Fields: []ui.Field{
		{Kind: ui.InputSelect, Name: "kind", Label: "What", Value: t.kind, Options: []ui.Option{{Value: string(license.BanDomain), Label: "A domain"}, {Value: string(license.BanIP), Label: "An address or network"}}},
		{Name: "value", Label: "Which", Value: t.value, Required: true, Mono: true, MaxLength: 255, Hint: "example.com, *.example.com for all below it, 192.0.2.1, 192.0.2.0/24, 2001:db8::/32"},
		{Name: "why", Label: "Reason", Value: t.why, Required: true, MaxLength: 255, Hint: "For your colleagues."},
	}}}}
}

func (a *area) banList(w http.ResponseWriter, r *http.Request) error {
	return a.banPage(w, r, http.StatusOK, typedBan{kind: string(license.BanDomain)}.form())
}

func (a *area) banPage(w http.ResponseWriter, r *http.Request, status int, f *ui.Form) error {
	bans, err := a.Licenses.Bans(r.Context())
	if err != nil {
		return err
	}
	mayWrite := visitorOf(r).staff.Role.Can(staff.LicensesWrite)
	v := sheetView{Page: a.page(r, "Bans", "checks"), Head: ui.Head{Title: "Bans", Sub: "Places at which no license runs, whoever holds it."}, Tabs: checkTabs(bansAt)}
	t := &ui.Table{
		Caption: "Bans", Flush: true, Columns: []ui.Column{{Label: "Place"}, {Label: "Reason"}, {Label: "Since"}},
		Empty: &ui.Empty{Art: "done", Title: "Nothing is banned", Text: "Checks and activations from a banned place are refused at once."},
	}
	if mayWrite {
		t.Columns = append(t.Columns, ui.Column{Label: "Lift", Hidden: true})
	}
	for _, b := range bans {
		row := ui.Row{Cells: []ui.Cell{ui.Mono(b.Value), ui.Text(b.Why), ui.HTML(v.Ago(b.CreatedAt))}}
		if mayWrite {
			row.Cells = append(row.Cells, ui.Act(ui.Button{Label: "Lift", Kind: ui.Quiet, Href: bansAt + "/" + b.ID + "/remove"}))
		}
		t.Rows = append(t.Rows, row)
	}
	v.Left = []card{{Head: ui.CardHead{Title: "Banned", Count: len(bans)}, Table: t}}
	if mayWrite {
		v.Right = []card{{Head: ui.CardHead{Title: "Ban a place"}, Form: f}}
	}
	return a.pages.Render(w, status, "sheet", v)
}

func (a *area) banAdd(w http.ResponseWriter, r *http.Request) error {
	t := typedBan{r.PostFormValue("kind"), r.PostFormValue("value"), r.PostFormValue("why")}
	var b license.Ban
	why, err := reasonGiven(r)
	if err == nil {
		b, err = a.Licenses.AddBan(r.Context(), license.BanKind(t.kind), t.value, why)
	}
	if err != nil {
		bad, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return a.banPage(w, r, http.StatusUnprocessableEntity, new(ui.WithErrors(*t.form(), bad, whole)))
	}
	return done(w, r, bansAt, b.Value+" is banned.")
}

var errNoBan = fail.NotFound("BAN_NOT_FOUND", "This ban has been lifted.")

func (a *area) ban(r *http.Request) (license.Ban, error) {
	bans, err := a.Licenses.Bans(r.Context())
	if err != nil {
		return license.Ban{}, err
	}
	for _, b := range bans {
		if b.ID == r.PathValue("id") {
			return b, nil
		}
	}
	return license.Ban{}, errNoBan
}

func (a *area) unbanQuestion(r *http.Request) (*ui.Confirm, error) {
	b, err := a.ban(r)
	if err != nil {
		return nil, err
	}
	return &ui.Confirm{
		ID: "unban", Title: "Lift the ban of " + b.Value + "?", Text: b.Why, Effects: []string{"Licenses run there again, as far as they do elsewhere."},
		Action: bansAt + "/" + b.ID + "/remove", Label: "Lift the ban", Cancel: bansAt, Tone: ui.Info,
	}, nil
}

func (a *area) unban(r *http.Request) (to, text string, err error) {
	b, err := a.ban(r)
	if err != nil {
		return "", "", err
	}
	return bansAt, b.Value + " is no longer banned.", a.Licenses.RemoveBan(r.Context(), b.ID)
}
