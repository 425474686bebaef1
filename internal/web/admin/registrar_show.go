package admin

import (
	"net/http"
	"slices"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/watch"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/registrar/account"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

// shownRuns is how many runs of sync, of all registrars, a page looks among for those of one.
const shownRuns = 200

func (a *area) registrarShow(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	x, err := a.Registrars.ByID(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(r, x.Name, "registrars"), Lead: true, Head: ui.Head{Title: x.Name, Sub: a.adapterLabel(x.Adapter), Badges: []ui.Badge{*reachBadge(x)}}}
	v.Crumbs = []ui.Crumb{{Label: "Registrars", Href: registrarsAt}, {Label: x.Name}}
	base, role := registrarsAt+"/"+x.ID, visitorOf(r).staff.Role
	if role.Can(staff.DomainsWrite) && !x.Archived {
		v.Head.Actions = append(v.Head.Actions, ui.Button{Label: "Test connection", Href: base + "/test", Post: true, Icon: "activity"})
		if x.Adapter != account.Manual {
			v.Head.Actions = append(v.Head.Actions, ui.Button{Label: "Read balance", Href: base + "/balance", Post: true, Icon: "refresh"})
		}
	}
	if role.Can(staff.SettingsWrite) {
		v.Head.Actions = append(v.Head.Actions, ui.Button{Label: "Edit", Href: base + "/edit", Icon: "edit"})
	}
	v.Head.Actions = append(v.Head.Actions, ui.Button{Label: "Frames", Href: base + "/frames", Icon: "log"})
	if x.StoppedAt != nil {
		c := ui.Callout{Tone: ui.Danger, Title: "Sync is stopped", Text: "Too many answers of a run were bad, so that nothing more is read or written by itself. Look at what it found below before it goes on."}
		if role.Can(staff.DomainsWrite) {
			c.Actions = []ui.Button{{Label: "Let it go on", Href: base + "/restart", Kind: ui.Primary}}
		}
		v.Callouts = append(v.Callouts, c)
	}
	if x.UnreachableSince != nil {
		v.Callouts = append(v.Callouts, ui.Callout{Tone: ui.Danger, Title: "It can't be reached", Text: "Since " + x.UnreachableSince.In(v.Location()).Format("2 Jan 2006, 15:04") + ". What is paid waits, and is tried again by itself."})
	}
	tlds, err := a.Domains.TLDs(ctx)
	if err != nil {
		return err
	}
	if !x.Archived && !slices.ContainsFunc(tlds, func(t domainname.TLD) bool { return t.RegistrarID == x.ID }) {
		v.Callouts = append(v.Callouts, ui.Callout{
			Tone: ui.Info, Title: "No extension uses it yet", Text: "Test the connection, then set it as the registrar of the extensions that are to be registered here.",
			Actions: []ui.Button{{Label: "Extensions", Href: "/admin/tlds", Small: true}},
		})
	}
	facts, err := a.registrarFacts(r, v.Page, x)
	if err != nil {
		return err
	}
	runs, err := a.runsOf(r, x.ID)
	if err != nil {
		return err
	}
	t := runTable(v.Page, runs, base)
	story, err := a.story(r, v.Page, event.Filter{SubjectID: x.ID, Limit: 20})
	if err != nil {
		return err
	}
	v.Left = []card{facts}
	v.Right = []card{{Head: ui.CardHead{Title: "Sync", Text: "The latest runs."}, Table: &t}, {Head: ui.CardHead{Title: "Story"}, Timeline: story}}
	return a.sheet(w, v)
}

func (a *area) registrarFacts(r *http.Request, p ui.Page, x account.Account) (card, error) {
	d := &ui.Details{}
	add := func(label string, value ui.Cell, hint string) {
		d.Items = append(d.Items, ui.Detail{Label: label, Value: value, Hint: hint})
	}
	covers, err := a.coversCell(r.Context(), x)
	if err != nil {
		return card{}, err
	}
	add("Balance", balanceCell(p, x), "")
	add("Covers renewals until", covers, "What is paid and what falls due, day by day, at the costs that are known")
	if visitorOf(r).staff.Role.Can(staff.CatalogRead) {
		add("Costs", ui.Text("Show").To(costsAt(x.ID)), "What it asks, by extension and term")
	}
	add("Sync", syncCell(x), "")
	for _, field := range a.adapterNamed(x.Adapter).Fields {
		if value := x.Settings[field.Name]; value != "" {
			cell := ui.Mono(value)
			if field.Lines {
				cell = ui.Text("Set")
			}
			add(field.Label, cell, "")
		}
	}
	add("Secret", ui.Text(yesNo(x.HasSecret, "Set", "None")), "")
	add("Since", ui.HTML(p.Day(x.CreatedAt)), "")
	add("Domains", ui.Text("Show").To(domainsAt+"?registrar_id="+x.ID), "")
	return card{Head: ui.CardHead{Title: "Facts"}, Details: d}, nil
}

// runsOf are the latest runs of sync of a registrar.
func (a *area) runsOf(r *http.Request, id string) ([]watch.Run, error) {
	all, _, err := a.Watch.Runs(r.Context(), "", shownRuns)
	if err != nil {
		return nil, err
	}
	var out []watch.Run
	for _, x := range all {
		if x.RegistrarID == id && len(out) < shownOfDomain {
			out = append(out, x)
		}
	}
	return out, nil
}

func runTable(p ui.Page, runs []watch.Run, base string) ui.Table {
	t := ui.Table{
		ID: "runs", Caption: "Runs of sync", Flush: true, Columns: []ui.Column{{Label: "When"}, {Label: "Asked", End: true}, {Label: "Changed", End: true}, {Label: "Held", End: true}, {Label: "Not ours", End: true}, {Label: "Failed", End: true}, {Label: "State"}},
		Empty: &ui.Empty{Art: "list", Title: "No runs yet", Text: "Domains are read in rolling batches: daily near the end of their term, else weekly."},
	}
	for _, x := range runs {
		state := ui.Cell{Badge: &ui.Badge{Text: "Done", Tone: ui.Success}}
		row := ui.Row{}
		switch {
		case x.Stopped:
			state.Badge, row.Tone = &ui.Badge{Text: "Stopped", Tone: ui.Danger}, ui.Danger
		case x.FinishedAt == nil:
			state.Badge = &ui.Badge{Text: "Running", Tone: ui.Info}
		}
		if x.Mode == "notify" {
			state.Sub = "reports only"
		}
		when := ui.Text(x.At.In(p.Location()).Format("2 Jan 2006, 15:04")).To(base + "/runs/" + x.ID)
		row.Cells = []ui.Cell{when, ui.Count(x.Asked), ui.Count(x.Changed), ui.Count(x.Held), ui.Count(x.Negative), ui.Count(x.Failed), state}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// registrarRun lists what a run of sync found.
func (a *area) registrarRun(w http.ResponseWriter, r *http.Request) error {
	x, err := a.Registrars.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	found, err := a.Watch.Findings(r.Context(), r.PathValue("run"), "", shownRuns)
	if err != nil {
		return err
	}
	v := listView{Page: a.page(r, "A run of sync", "registrars"), Head: ui.Head{Title: "What the run found", Sub: x.Name}}
	v.Crumbs = []ui.Crumb{{Label: "Registrars", Href: registrarsAt}, {Label: x.Name, Href: registrarsAt + "/" + x.ID}, {Label: "Run"}}
	v.Table = ui.Table{
		Caption: "Findings", Columns: []ui.Column{{Label: "Domain"}, {Label: "Found"}, {Label: "Stored"}, {Label: "Read"}, {Label: "Written"}},
		Empty: &ui.Empty{Art: "done", Title: "Nothing differed"},
	}
	for _, f := range found {
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{
			ui.Text(shownName(f.Name)).To(domainsAt + "/" + f.DomainID), findingBadge(f.Finding), ui.Text(f.Stored), ui.Text(f.Read), ui.Text(yesNo(f.Applied, "Yes", "No")),
		}})
	}
	return a.list(w, v)
}

func (a *area) restartQuestion(r *http.Request) (*ui.Confirm, error) {
	x, err := a.Registrars.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	at := registrarsAt + "/" + x.ID
	return &ui.Confirm{
		ID: "restart", Title: "Let the sync of " + x.Name + " go on?", Text: "It was stopped because too many answers of a run were bad: names that were not found, or that another registrar had.",
		Effects: []string{"Its domains are read again, and what differs is written.", "If as many answers are bad again, it stops again."}, Fields: []ui.Field{why("It stands in the audit log.")},
		Action: at + "/restart", Label: "Let it go on", Cancel: at,
	}, nil
}

func (a *area) restart(r *http.Request) (to, text string, err error) {
	reason, err := reasonGiven(r)
	if err != nil {
		return "", "", err
	}
	return registrarsAt + "/" + r.PathValue("id"), "Sync goes on.", a.Registrars.Restart(r.Context(), r.PathValue("id"), reason)
}

// registrarTest reaches the registrar and says what came of it.
func (a *area) registrarTest(w http.ResponseWriter, r *http.Request) error {
	to := registrarsAt + "/" + r.PathValue("id")
	x, err := a.Registrars.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := a.Registrars.Test(r.Context(), x.ID); err != nil {
		return notReached(w, r, to, err)
	}
	return done(w, r, to, x.Name+" can be reached, and takes the login.")
}

// notReached says why a registrar does not answer.
func notReached(w http.ResponseWriter, r *http.Request, to string, err error) error {
	e := fail.Of(err)
	if e.Kind != fail.KindConflict && e.Kind != fail.KindUnavailable {
		return err
	}
	return say(w, r, to, ui.Danger, ui.Clip(e.Detail, 300))
}

// registrarBalance reads what the account holds now.
func (a *area) registrarBalance(w http.ResponseWriter, r *http.Request) error {
	to := registrarsAt + "/" + r.PathValue("id")
	f, err := a.Registrars.ReadBalance(r.Context(), r.PathValue("id"))
	if err != nil {
		return notReached(w, r, to, err)
	}
	if !f.Known {
		x, err := a.Registrars.ByID(r.Context(), r.PathValue("id"))
		if err != nil {
			return err
		}
		for _, field := range a.adapterNamed(x.Adapter).Fields {
			if field.Name == "currency" && x.Settings["currency"] == "" {
				return say(w, r, to, ui.Warn, "Without the currency of the account its balance can't be read: enter it under Edit.")
			}
		}
		return say(w, r, to, ui.Warn, "The registrar tells no balance.")
	}
	return done(w, r, to, "The account holds "+f.Balance.Format("en")+".")
}

// registrarFrames shows what went to a registrar and came from it, secrets masked.
func (a *area) registrarFrames(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	x, err := a.Registrars.ByID(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	base := registrarsAt + "/" + x.ID
	v := sheetView{Page: a.page(r, "Frames", "registrars"), Head: ui.Head{Title: "Frames of " + x.Name, Sub: "What went there and came back, secrets masked. It is kept for 400 days."}}
	v.Crumbs = []ui.Crumb{{Label: "Registrars", Href: registrarsAt}, {Label: x.Name, Href: base}, {Label: "Frames"}}
	var frames []account.Frame
	next := ""
	transaction := r.URL.Query().Get("transaction")
	if transaction != "" {
		v.Head.Sub = "Of the transaction " + transaction + ", secrets masked."
		v.Head.Actions = []ui.Button{{Label: "All frames", Href: base + "/frames"}}
		all, err := a.Registrars.FramesOf(ctx, transaction)
		if err != nil {
			return err
		}
		for _, f := range all {
			if f.RegistrarID == x.ID {
				frames = append(frames, f)
			}
		}
	} else if frames, next, err = a.Registrars.LastFrames(ctx, x.ID, cursor(r), shownOfDomain); err != nil {
		return err
	}
	for _, f := range frames {
		title := yesNo(f.Sent, "Sent", "Received") + ": " + f.Command
		v.Full = append(v.Full, card{Head: ui.CardHead{Title: title, Text: f.At.In(v.Location()).Format("2 Jan 2006, 15:04:05 MST") + ", session " + ui.Number(int(f.Session)) + yesNo(f.Transaction != "", ", "+f.Transaction, "")}, Code: ui.Clip(f.Body, 4000)})
	}
	if len(frames) == 0 {
		v.Full = []card{{Empty: &ui.Empty{Art: "list", Title: "No frames", Text: "Nothing was sent to this registrar."}}}
	}
	if next != "" {
		v.Head.Actions = append(v.Head.Actions, ui.Button{Label: "Older", Href: ui.URLWith(r.URL, "after", next), Icon: "right"})
	}
	return a.sheet(w, v)
}
