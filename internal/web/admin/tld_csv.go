package admin

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// maxTable bounds a table that is imported by this page: it is carried from the dry run to the confirmation.
const maxTable = maxForm / 2

// tableKind is a kind of table that extensions have.
type tableKind struct {
	name, title, hint string
	export            func(a *area, ctx context.Context, w io.Writer) error
	// try reads a table: what is in it, and the rows that can't be taken.
	try func(a *area, ctx context.Context, r io.Reader, dryRun bool) (imported, error)
}

// imported is what an import does, or would do.
type imported struct {
	rows     [][]ui.Cell // of the table below
	same     int
	disabled int
	lost     domainname.LostTerms
	bad      []domainname.BadRow
}

var tableKinds = map[string]tableKind{
	"policies": {
		name: "policies", title: "Import policies", hint: "The columns are those of the export. A row whose day an extension has already is the same one, or is not taken.",
		export: func(a *area, ctx context.Context, w io.Writer) error { return a.Domains.ExportPolicies(ctx, w) },
		try: func(a *area, ctx context.Context, r io.Reader, dryRun bool) (imported, error) {
			got, err := a.Domains.ImportPolicies(ctx, r, dryRun)
			out := imported{same: got.Same, bad: got.Bad}
			for _, p := range got.New {
				out.rows = append(out.rows, []ui.Cell{ui.Text("." + p.Extension), ui.Text(dateText(p.ValidFrom)), ui.Text(policyTerms(p)), ui.Text(policyFirst(p) + "; last day: " + policyLast(p))})
			}
			return out, err
		},
	},
	"prices": {
		name: "prices", title: "Import prices", hint: "The columns are those of the export: extension, kind, years, currency, group, valid_from, amount. -1 disables a term.",
		export: func(a *area, ctx context.Context, w io.Writer) error { return a.Domains.ExportPrices(ctx, w) },
		try: func(a *area, ctx context.Context, r io.Reader, dryRun bool) (imported, error) {
			got, err := a.Domains.ImportPrices(ctx, r, dryRun)
			out := imported{same: got.Same, disabled: len(got.Disabled), lost: got.Lost, bad: got.Bad}
			for _, p := range got.Prices {
				amount := money.New(p.Amount, p.Currency).Format("en")
				switch {
				case p.Unset:
					amount = "None of its own"
				case p.Amount == domainname.Disabled:
					amount = "Disabled"
				}
				what := priceKindWords[p.Kind] + ", " + yearsText(p.Years)
				out.rows = append(out.rows, []ui.Cell{ui.Text("." + p.Extension).With(p.Group), ui.Text(dateText(p.ValidFrom)), ui.Text(what), ui.Text(amount)})
			}
			return out, err
		},
	},
	"costs": {
		name: "costs", title: "Import costs", hint: "What registrars ask. The columns are those of the export: registrar (its name), extension, kind (register, transfer, renew, restore), years, currency, amount, valid_from, source.",
		export: func(a *area, ctx context.Context, w io.Writer) error { return a.Domains.ExportCosts(ctx, w) },
		try: func(a *area, ctx context.Context, r io.Reader, dryRun bool) (imported, error) {
			got, err := a.Domains.ImportCosts(ctx, r, dryRun)
			out := imported{bad: got.Bad}
			for _, c := range got.Costs {
				what := cmp.Or(priceKindWords[c.Kind], "Restore") + ", " + yearsText(c.Years)
				out.rows = append(out.rows, []ui.Cell{ui.Text("." + c.Extension), ui.Text(dateText(c.ValidFrom)), ui.Text(what), ui.Text(c.Money.Format("en"))})
			}
			return out, err
		},
	},
}

func (a *area) tableExport(kind string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var b bytes.Buffer
		if err := tableKinds[kind].export(a, r.Context(), &b); err != nil {
			return err
		}
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="domain-`+kind+`.csv"`)
		_, _ = w.Write(b.Bytes()) // who has gone away needs nothing
		return nil
	}
}

func (a *area) tableImportNew(kind string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return a.tableImportPage(w, r, http.StatusOK, tableKinds[kind], nil, "")
	}
}

func (a *area) tableImportPage(w http.ResponseWriter, r *http.Request, status int, k tableKind, bad map[string]string, whole string) error {
	v := formView{Page: a.page(r, k.title, "tlds"), Head: ui.Head{Title: k.title, Sub: "First it is only shown what would happen."}}
	v.Crumbs = []ui.Crumb{{Label: "Extensions", Href: tldsAt}, {Label: k.title}}
	v.Form = ui.WithErrors(ui.Form{Action: tldsAt + "/import/" + k.name, Submit: "Show what it would do", Cancel: tldsAt, Upload: true, Sections: []ui.FormSection{
		{Title: "Table", Text: k.hint, Fields: []ui.Field{{Kind: ui.InputFile, Name: "file", Label: "CSV file", Required: true, Hint: "UTF-8, up to " + ui.Number(maxTable/1024) + " kB; longer ones in parts, or over the admin API"}}},
	}}, bad, whole)
	return a.form(w, status, v)
}

// tableOf reads the table that a form brings: as a file, or from the dry run before.
func tableOf(w http.ResponseWriter, r *http.Request) (string, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		if err := web.ReadForm(w, r, maxForm); err != nil {
			return "", err
		}
		return r.PostFormValue("table"), nil
	}
	file, _, err := r.FormFile("file")
	if err != nil {
		var long *http.MaxBytesError
		if errors.As(err, &long) {
			return "", fail.Invalid("file", "is too long for this page")
		}
		return "", fail.Invalid("file", "is required")
	}
	defer func() { _ = file.Close() }()
	b, err := io.ReadAll(io.LimitReader(file, maxTable+1))
	if err != nil {
		return "", fail.Malformed("INVALID_REQUEST", "The upload ended early. Please try again.").Because(err)
	}
	if len(b) > maxTable {
		return "", fail.Invalid("file", "is too long for this page")
	}
	return string(b), nil
}

// tableImport shows what a table would change, and imports it once that was seen.
func (a *area) tableImport(kind string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		k := tableKinds[kind]
		table, err := tableOf(w, r)
		sure := err == nil && r.PostFormValue("sure") != ""
		var got imported
		if err == nil {
			got, err = k.try(a, r.Context(), strings.NewReader(table), !sure)
		}
		if err != nil {
			bad, whole, ok := fieldErrors(err)
			if !ok {
				return err
			}
			return a.tableImportPage(w, r, http.StatusUnprocessableEntity, k, bad, whole)
		}
		if sure {
			text := many(len(got.rows), "row was", "rows were") + " imported."
			if got.disabled > 0 {
				return say(w, r, tldsAt, ui.Warn, text+" "+disabledText(got.disabled))
			}
			return done(w, r, tldsAt, text)
		}
		return a.tableDryRun(w, r, k, table, got)
	}
}

func disabledText(n int) string {
	return many(n, "renewal for ten years is", "renewals for ten years are") + " stored as -1: no domain is renewed for ten years."
}

func (a *area) tableDryRun(w http.ResponseWriter, r *http.Request, k tableKind, table string, got imported) error {
	v := sheetView{Page: a.page(r, k.title, "tlds"), Head: ui.Head{Title: "What the table would do", Sub: "Nothing is saved yet."}}
	v.Crumbs = []ui.Crumb{{Label: "Extensions", Href: tldsAt}, {Label: k.title, Href: tldsAt + "/import/" + k.name}, {Label: "Dry run"}}
	v.Stats = []ui.Stat{{Label: "Rows to import", Value: ui.Number(len(got.rows))}, {Label: "As they are", Value: ui.Number(got.same)}, {Label: "Not taken", Value: ui.Number(len(got.bad))}}
	if got.disabled > 0 {
		v.Callouts = append(v.Callouts, ui.Callout{Tone: ui.Warn, Title: disabledText(got.disabled)})
	}
	if got.lost.Terms > 0 {
		v.Callouts = append(v.Callouts, lostTermsCallout(got.lost))
	}
	if len(got.bad) > 0 {
		t := &ui.Table{ID: "bad", Caption: "Rows that are not taken", Flush: true, Columns: []ui.Column{{Label: "Line"}, {Label: "Why not"}}}
		for _, b := range got.bad[:min(len(got.bad), 200)] {
			line := "–"
			if b.Line > 0 {
				line = strconv.Itoa(b.Line)
			}
			t.Rows = append(t.Rows, ui.Row{Tone: ui.Danger, Cells: []ui.Cell{ui.Text(line), ui.Text(b.Reason)}})
		}
		v.Full = append(v.Full, card{Head: ui.CardHead{Title: "Not taken", Count: len(got.bad)}, Table: t})
	}
	t := &ui.Table{ID: "rows", Caption: "Rows to import", Flush: true, Columns: []ui.Column{{Label: "Extension"}, {Label: "From"}, {Label: "What"}, {Label: "Value"}}, Empty: &ui.Empty{Art: "done", Title: "Nothing to import"}}
	for _, cells := range got.rows[:min(len(got.rows), 200)] {
		t.Rows = append(t.Rows, ui.Row{Cells: cells})
	}
	title := "To import"
	if len(got.rows) > len(t.Rows) {
		title = "To import, the first " + ui.Number(len(t.Rows))
	}
	if len(got.rows) > 0 {
		f := &ui.Form{Action: tldsAt + "/import/" + k.name, Submit: "Import " + many(len(got.rows), "row", "rows"), Cancel: tldsAt, Stacked: true, Hidden: []ui.Hidden{{Name: "sure", Value: "1"}, {Name: "table", Value: table}}}
		v.Full = append([]card{{Head: ui.CardHead{Title: "Import", Text: "Rows that are not taken are left out."}, Form: f}}, v.Full...)
	}
	v.Full = append(v.Full, card{Head: ui.CardHead{Title: title, Count: len(got.rows)}, Table: t})
	if got.lost.Terms > 0 {
		v.Full = append(v.Full, lostTermsCard(got.lost))
	}
	return a.sheet(w, v)
}
