package admin

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/keystead/keystead/internal/automation"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// shownAhead is how many events a page of a dry run shows. The admin API has more.
const shownAhead = 200

// aheadDays are how far staff can look ahead.
var aheadDays = []int{7, 30, 90, 365}

// lookAhead shows a dry run: what would happen, with amounts.
func (a *area) lookAhead(w http.ResponseWriter, r *http.Request) error {
	days, err := strconv.Atoi(r.URL.Query().Get("days"))
	if chosen := r.URL.Query().Get("days"); chosen != "" && (err != nil || days < 1) {
		return fail.Invalid("days", "is not a number of days")
	}
	v := listView{Page: a.page(r, "Look ahead", "automation")}
	v.Head = ui.Head{
		Title: "Look ahead", Sub: "What would happen if nobody did anything meanwhile. It is tried in a copy of the store; nothing really happens.",
		Actions: []ui.Button{{Label: "Automation", Href: "/admin/automation"}},
	}
	choice := ui.Select{Label: "How far", Name: "days", Value: r.URL.Query().Get("days"), Options: []ui.Option{{Value: "", Label: "Choose"}}}
	for _, n := range aheadDays {
		choice.Options = append(choice.Options, ui.Option{Value: strconv.Itoa(n), Label: fmt.Sprintf("%d days", n)})
	}
	v.Filter = ui.Filter{Action: "/admin/automation/ahead", ClearHref: "/admin/automation/ahead", Selects: []ui.Select{choice}}
	v.Table = ui.Table{
		Caption: "What would happen", Columns: []ui.Column{{Label: "What"}, {Label: "When"}, {Label: "About"}, {Label: "Customer", Narrow: true}, {Label: "Amount", End: true}},
		Empty: &ui.Empty{Art: "done", Title: "How far shall it look?", Text: "Choose a number of days."},
	}
	if days > 0 {
		web.UnhurriedUpload(w)
		would, err := a.DryRun(r.Context(), v.Now.Add(time.Duration(days)*24*time.Hour))
		if err != nil {
			return err
		}
		v.showAhead(would)
	}
	return a.list(w, v)
}

func (v *listView) showAhead(would automation.Rehearsal) {
	v.Table.Empty = &ui.Empty{Art: "done", Title: "Nothing", Text: "Until then nothing would happen by itself."}
	for i, h := range would.Happenings {
		if i == shownAhead {
			break
		}
		amount := ui.Cell{}
		if h.Money != nil {
			amount = ui.Text(v.Money(h.Money.Amount, string(h.Money.Currency)))
		}
		about, customer := ui.Mono(h.SubjectID), ui.Cell{}
		if h.CustomerID != "" {
			customer = ui.Mono(h.CustomerID).To(recordHref(h.CustomerID))
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{ui.Text(sentence(h.Type)).With(h.Type), ui.HTML(v.At(h.At)), about, customer, amount}})
	}
	if more := len(would.Happenings) + would.More - len(v.Table.Rows); more > 0 {
		v.Pager.Text = "and " + ui.Number(more) + " more"
	}
	sums := ui.Callout{Tone: ui.Info, Title: "In all"}
	for _, t := range would.Totals {
		line := sentence(t.Type) + ": " + ui.Number(t.Number)
		if t.Money != nil {
			line += ", " + v.Money(t.Money.Amount, string(t.Money.Currency))
		}
		sums.List = append(sums.List, line)
	}
	if len(sums.List) > 0 {
		v.Callouts = append(v.Callouts, sums)
	}
}
