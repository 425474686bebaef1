package adminapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/movein"
)

// mostProblems bounds how many problems an answer tells of.
const mostProblems = 20_000

// Import is what became of a table that was imported.
type Import struct {
	DryRun    bool             `json:"dry_run" doc:"Nothing was changed: this is what would be"`
	Rows      int64            `json:"rows" doc:"Without the header"`
	Imported  int64            `json:"imported"`
	Present   int64            `json:"present" doc:"There was a license with the key already"`
	LeftOut   int64            `json:"left_out" doc:"Not of the product that alone was wanted"`
	Failed    int64            `json:"failed" doc:"Left out for a reason that problems tells"`
	Customers int64            `json:"customers" doc:"Taken up"`
	Statuses  map[string]int64 `json:"statuses" doc:"Of the licenses that were imported"`
	Overdue   int64            `json:"overdue" doc:"Licenses whose due date has passed: they run on for 14 days"`
	Notes     []string         `json:"notes" doc:"What no row was left out for"`
	Problems  []ImportProblem  `json:"problems" doc:"In the order of their lines, 20000 at most"`
}

// ImportProblem is why a row was left out.
type ImportProblem struct {
	Line    int    `json:"line" doc:"That the row begins on; the header is line 1"`
	Key     string `json:"key" doc:"Of the license, as far as it could be read"`
	Field   string `json:"field" doc:"As the table calls it"`
	Message string `json:"message"`
}

type importInput struct {
	Product string `query:"product" maxLength:"255" doc:"Slug, name or id of the product that all rows are of. Default: a column says"`
	Plan    string `query:"plan" maxLength:"255" doc:"Name or id of its plan. Default: a column says, or it has one only"`
	Only    string `query:"only" maxLength:"255" doc:"Takes the rows alone whose product is called so, or has this number, where they come from"`
	DryRun  bool   `query:"dry_run" doc:"Tell what would happen, and change nothing"`
}

func (a *API) imports() {
	add(a, route{Method: http.MethodPost, Path: "/imports/licenses", Scope: "licenses:write", Tag: "Licenses", Summary: "Take licenses over from another program", Notes: "The body is a table (CSV, UTF-8) under a header, such as an export of WHMCS's licensing addon or of LicenseDock; see docs/import.md. Rows that are wrong are told of, the rest is imported. A license whose key is there already stays as it is, so the same table may be sent again. Customers are found by their e-mail addresses, and with the scope customers:write taken up where they are not there yet.", Upload: true},
		a.importLicenses)
	add(a, route{Method: http.MethodPost, Path: "/imports/domains", Scope: "domains:write", Tag: "Domains", Summary: "Take domains over from another program", Notes: "The body is a table (CSV, UTF-8) under a header; see docs/import.md. Rows that are wrong are told of, the rest is imported, and nothing is sent to a registry. A domain that is there already stays as it is, so the same table may be sent again. Customers are found by their e-mail addresses, and with the scope customers:write taken up where they are not there yet.", Upload: true},
		a.importDomains)
}

// DomainImport is what became of a table of domains.
type DomainImport struct {
	DryRun    bool            `json:"dry_run" doc:"Nothing was changed: this is what would be"`
	Rows      int64           `json:"rows" doc:"Without the header"`
	Imported  int64           `json:"imported"`
	Present   int64           `json:"present" doc:"The store had them already"`
	LeftOut   int64           `json:"left_out" doc:"Cancelled, transferred away or not registered yet, where they come from"`
	Failed    int64           `json:"failed" doc:"Left out for a reason that problems tells"`
	Customers int64           `json:"customers" doc:"Taken up"`
	Unread    []string        `json:"unread" doc:"Columns that nothing was read from"`
	Problems  []ImportProblem `json:"problems" doc:"In the order of their lines, 20000 at most; key is the domain"`
}

func (a *API) importDomains(ctx context.Context, in *tableInput) (DomainImport, error) {
	o := movein.Options{DryRun: in.DryRun}
	if c, ok := ctx.Value(callerKey{}).(caller); ok {
		o.KnownOnly = c.mustHave("customers:write") != nil
	}
	_, content, err := fileOf(ctx, "domains.csv")
	if err != nil {
		return DomainImport{}, err
	}
	out := DomainImport{DryRun: in.DryRun, Problems: []ImportProblem{}}
	sum, err := a.MoveIn.Domains(ctx, content, o, func(p movein.Problem) error {
		if len(out.Problems) < mostProblems {
			out.Problems = append(out.Problems, ImportProblem{p.Line, p.Key, p.Field, p.Message})
		}
		return nil
	})
	if cut := (*interrupted)(nil); errors.As(err, &cut) {
		return DomainImport{}, fail.Malformed(codeMalformed, "The upload could not be read to its end. What came before is imported: send it again.").Because(err)
	}
	out.Rows, out.Imported, out.Present, out.LeftOut, out.Failed, out.Customers = sum.Rows, sum.Imported, sum.Present, sum.LeftOut, sum.Failed, sum.Customers
	out.Unread = append([]string{}, sum.Unread...)
	return out, err
}

func (a *API) importLicenses(ctx context.Context, in *importInput) (Import, error) {
	o := movein.Options{Product: in.Product, Plan: in.Plan, Only: in.Only, DryRun: in.DryRun}
	if c, ok := ctx.Value(callerKey{}).(caller); ok {
		o.KnownOnly = c.mustHave("customers:write") != nil
	}
	_, content, err := fileOf(ctx, "licenses.csv")
	if err != nil {
		return Import{}, err
	}
	out := Import{DryRun: in.DryRun, Statuses: map[string]int64{}, Notes: []string{}, Problems: []ImportProblem{}}
	sum, err := a.MoveIn.Licenses(ctx, content, o,
		func(p movein.Problem) error {
			if len(out.Problems) < mostProblems {
				out.Problems = append(out.Problems, ImportProblem{p.Line, p.Key, p.Field, p.Message})
			}
			return nil
		})
	if cut := (*interrupted)(nil); errors.As(err, &cut) {
		return Import{}, fail.Malformed(codeMalformed, "The upload could not be read to its end. What came before is imported: send it again.").Because(err)
	}
	if err != nil {
		return Import{}, err
	}
	out.Rows, out.Imported, out.Present, out.LeftOut, out.Failed = sum.Rows, sum.Imported, sum.Present, sum.LeftOut, sum.Failed
	out.Customers, out.Overdue = sum.Customers, sum.Overdue
	out.Notes = append(out.Notes, sum.Notes...)
	for status, n := range sum.ByStatus {
		out.Statuses[string(status)] = n
	}
	return out, nil
}
