package admin

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/web/ui"
)

var bulkWords = map[license.BulkAction]struct{ verb, done string }{
	license.BulkSuspend: {"Suspend", "suspended"}, license.BulkLift: {"Lift the suspension of", "lifted"}, license.BulkExtend: {"Extend", "extended"},
}

// bulkInput reads which licenses are chosen and what is to be done.
func bulkInput(r *http.Request, p ui.Page) (license.BulkInput, error) {
	if err := r.ParseForm(); err != nil {
		return license.BulkInput{}, fail.Malformed("INVALID_REQUEST", "The form can't be read.")
	}
	in := license.BulkInput{Action: license.BulkAction(r.PostFormValue("act")), IDs: r.PostForm["id"], Zone: p.Location(), Reason: r.PostFormValue("reason")}
	if _, known := bulkWords[in.Action]; !known {
		return in, fail.Invalid("act", "is not one of suspend, lift, extend")
	}
	if in.Action == license.BulkExtend {
		n, _ := strconv.Atoi(r.PostFormValue("count")) // what is no number is refused with the span
		in.By = civil.Span{Count: n, Unit: r.PostFormValue("unit")}
		if r.PostFormValue("count") == "" {
			in.By = civil.Span{Count: 1, Unit: civil.Year}
		}
		var err error
		if in.Seen, err = readSeen(r.PostForm["seen"]); err != nil {
			return in, err
		}
	}
	return in, nil
}

// seenFields hold the expiries that a preview showed, so that confirming it twice does not extend twice.
func seenFields(expiries map[string]time.Time) []ui.Hidden {
	var out []ui.Hidden
	for _, id := range slices.Sorted(maps.Keys(expiries)) {
		out = append(out, ui.Hidden{Name: "seen", Value: id + " " + expiries[id].UTC().Format(time.RFC3339Nano)})
	}
	return out
}

func readSeen(values []string) (map[string]time.Time, error) {
	seen := map[string]time.Time{}
	for _, v := range values {
		id, at, _ := strings.Cut(v, " ")
		t, err := time.Parse(time.RFC3339Nano, at)
		if err != nil {
			return nil, fail.Malformed("INVALID_REQUEST", "The form can't be read.")
		}
		seen[id] = t
	}
	return seen, nil
}

// toLicenses leads back when a bulk page, which is only ever sent to, is opened again.
func toLicenses(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/admin/licenses", http.StatusSeeOther)
	return nil
}

// bulkAsk shows what would happen, in words and numbers, before anything does.
func (a *area) bulkAsk(w http.ResponseWriter, r *http.Request) error {
	p := a.page(r, "Change licenses", "licenses")
	in, err := bulkInput(r, p)
	if err != nil {
		return err
	}
	if len(in.IDs) == 0 {
		return say(w, r, "/admin/licenses", ui.Warn, "Choose licenses first, with the boxes at the beginning of their rows.")
	}
	return a.bulkPreview(w, r, http.StatusOK, p, in, nil, "")
}

func (a *area) bulkPreview(w http.ResponseWriter, r *http.Request, status int, p ui.Page, in license.BulkInput, bad map[string]string, whole string) error {
	preview := in
	preview.Seen = nil  // this preview is what is seen now
	preview.Reason = "" // a wrong one is said at its field, and keeps nobody from seeing what would happen
	if preview.By.Validate() != nil {
		preview.By = civil.Span{Count: 1, Unit: civil.Year}
	}
	report, err := a.Licenses.PreviewBulk(r.Context(), preview)
	if err != nil {
		return err
	}
	words := bulkWords[in.Action]
	v := sheetView{Page: p}
	v.Crumbs = []ui.Crumb{{Label: "Licenses", Href: "/admin/licenses"}, {Label: words.verb}}
	v.Head = ui.Head{Title: words.verb + " " + many(report.Changed, "license", "licenses"), Sub: ui.Number(report.Matched) + " chosen, " + ui.Number(report.Skipped) + " of them unchanged. Nothing has happened yet."}
	for _, why := range slices.Sorted(maps.Keys(report.Why)) {
		n := report.Why[why]
		v.Callouts = append(v.Callouts, ui.Callout{Tone: ui.Info, Title: many(n, "license stays", "licenses stay") + " unchanged", Text: why})
	}
	hidden := []ui.Hidden{{Name: "act", Value: string(in.Action)}}
	for _, id := range in.IDs {
		hidden = append(hidden, ui.Hidden{Name: "id", Value: id})
	}
	fields := []ui.Field{{Name: "reason", Label: "Reason", Value: in.Reason, Required: true, MaxLength: 255, Hint: "It stands in the history of each license."}}
	if in.Action == license.BulkExtend {
		hidden = append(hidden, seenFields(report.Expiries)...)
		fields = append([]ui.Field{
			{Kind: ui.InputNumber, Name: "count", Label: "By", Value: strconv.Itoa(in.By.Count), Required: true, Short: true, Min: "1"},
			{Kind: ui.InputSelect, Name: "unit", Label: "Unit", Value: in.By.Unit, Options: []ui.Option{{Value: civil.Day, Label: "days"}, {Value: civil.Week, Label: "weeks"}, {Value: civil.Month, Label: "months"}, {Value: civil.Year, Label: "years"}}},
		}, fields...)
	}
	form := ui.WithErrors(ui.Form{Action: "/admin/licenses/bulk/do", Submit: words.verb + " " + many(report.Changed, "license", "licenses"), Cancel: "/admin/licenses", Stacked: true, Hidden: hidden, Sections: []ui.FormSection{{Fields: fields}}}, bad, whole)
	if in.Action == license.BulkSuspend {
		form.Kind = ui.Dangerous
	}
	sample := licenseTable(p, report.Sample, true)
	sample.Flush = true
	sample.Empty = &ui.Empty{Art: "list", Title: "None of them changes"}
	v.Left = []card{{Head: ui.CardHead{Title: "For example"}, Table: &sample}}
	if report.Changed > 0 || len(bad) > 0 || whole != "" {
		v.Right = []card{{Head: ui.CardHead{Title: "Go ahead?"}, Form: &form}}
	}
	return a.pages.Render(w, status, "sheet", v)
}

func (a *area) bulkDo(w http.ResponseWriter, r *http.Request) error {
	p := a.page(r, "Change licenses", "licenses")
	in, err := bulkInput(r, p)
	if err != nil {
		return err
	}
	if len(in.IDs) == 0 {
		return say(w, r, "/admin/licenses", ui.Warn, "Choose licenses first.")
	}
	bad := map[string]string{}
	if strings.TrimSpace(in.Reason) == "" {
		bad["reason"] = "is required"
	}
	if in.Action == license.BulkExtend {
		if err := in.By.Validate(); err != nil {
			bad["count"] = err.Error()
		}
	}
	if len(bad) > 0 {
		return a.bulkPreview(w, r, http.StatusUnprocessableEntity, p, in, bad, "")
	}
	report, err := a.Licenses.Bulk(r.Context(), in)
	if err != nil {
		bad, whole, ok := fieldErrors(err)
		if !ok {
			return err
		}
		return a.bulkPreview(w, r, http.StatusUnprocessableEntity, p, in, bad, whole)
	}
	text, tone := many(report.Changed, "license was ", "licenses were ")+bulkWords[in.Action].done+".", ui.Success
	if report.Skipped > 0 {
		text += " " + many(report.Skipped, "stays", "stay") + " unchanged."
	}
	if n := report.Why[license.ExpiryMoved]; n > 0 {
		tone = ui.Warn
		text += " " + many(n, "of them has", "of them have") + " another expiry than when you looked: perhaps this was sent twice, or a colleague was faster."
	}
	return say(w, r, "/admin/licenses", tone, text)
}

// many is a number with its noun.
func many(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return ui.Number(n) + " " + more
}
