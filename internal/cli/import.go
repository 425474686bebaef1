package cli

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"slices"
	"strconv"

	"github.com/keystead/keystead/internal/text"
	"github.com/keystead/keystead/internal/web/adminapi"
)

type importCommand struct {
	Licenses importLicensesCommand `cmd:"" help:"Take licenses over from a table of another program."`
	Domains  importDomainsCommand  `cmd:"" help:"Take domains over from a table of another program."`
}

type importLicensesCommand struct {
	storeFlags
	Product string `placeholder:"SLUG" help:"Product that all rows are of. Default: a column says."`
	Plan    string `placeholder:"NAME" help:"Plan that all rows are of. Default: a column says, or the product has one only."`
	Only    string `placeholder:"NAME" help:"Take the rows alone whose product is called so, or has this number, in the table."`
	importTable
}

// Help implements kong.HelpProvider.
func (importLicensesCommand) Help() string {
	return `The table may be an export of WHMCS's licensing addon, of LicenseDock, or any other with a column for the key and one for
the customer's e-mail address; docs/import.md tells which columns are read, and what becomes of them. Keys stay what they
are. A license whose key is there already stays as it is, so the same table may be imported again.

Rows that are wrong are listed, and the rest is imported. The exit status is 1 if any was.

Examples:

	keystead import licenses --data ./store --product widget --plan Monthly --only 12 --dry-run licenses.csv
	keystead import licenses --data ./store --errors wrong.csv licenses.csv`
}

// listedProblems is how many rows that were left out are listed; the file of --errors has more.
const listedProblems = 20

// Run takes licenses over.
func (c *importLicensesCommand) Run(ctx context.Context, s *session) error {
	query := url.Values{}
	for name, value := range map[string]string{"product": c.Product, "plan": c.Plan, "only": c.Only} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return c.with(ctx, s, func(api *client) error {
		var done adminapi.Import
		if err := c.send(ctx, s, api, "/imports/licenses", query, &done); err != nil {
			return err
		}
		return c.told(s, "license_key", done, done.Problems, done.Failed, func() error { return c.tell(s, done) })
	})
}

// importTable is what the imports of tables have in common.
type importTable struct {
	DryRun bool   `name:"dry-run" help:"Tell what would happen, and change nothing."`
	Errors string `type:"path" placeholder:"FILE" help:"File to write a table of the rows that were left out into, and why."`
	JSON   bool   `name:"json" help:"Print what was done as the admin API does."`
	File   string `arg:"" type:"path" placeholder:"FILE" help:"Table (CSV, UTF-8) under a header."`
}

// send uploads the table, and shows how far it has come.
func (c *importTable) send(ctx context.Context, s *session, api *client, path string, query url.Values, done any) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	what := "Importing"
	if c.DryRun {
		query.Set("dry_run", "true")
		what = "Trying"
	}
	bar := s.progress(what)
	err = api.upload(ctx, path+"?"+query.Encode(), "text/csv", &watched{r: f, seen: func(n int64) { bar.to(n, info.Size()) }}, done)
	bar.end(err)
	return err
}

// told writes what was done: the rows that were left out into their file, the rest by tell, or as the admin API does. Rows that
// were wrong are an error.
func (c *importTable) told(s *session, key string, done any, problems []adminapi.ImportProblem, failed int64, tell func() error) error {
	if c.Errors != "" {
		if err := writeProblems(c.Errors, key, problems); err != nil {
			return err
		}
	}
	if c.JSON {
		tell = func() error { return indented(s).Encode(done) }
	}
	err := tell()
	switch {
	case err != nil || failed == 0:
	case c.DryRun:
		err = fmt.Errorf("rows that would be left out because of errors: %d", failed)
	case failed == 1:
		err = errors.New("1 row was left out because of errors")
	default:
		err = fmt.Errorf("%d rows were left out because of errors", failed)
	}
	return err
}

// list says which rows were left out, the first of them.
func (c *importTable) list(s *session, problems []adminapi.ImportProblem, line func(p adminapi.ImportProblem) string) {
	for i, p := range problems {
		if i == listedProblems {
			more := "--errors FILE writes all of them"
			if c.Errors != "" {
				more = "all are in " + c.Errors
			}
			s.say("… %s.", more)
			break
		}
		s.say("%s", line(p))
	}
}

func (c *importLicensesCommand) tell(s *session, done adminapi.Import) error {
	c.list(s, done.Problems, func(p adminapi.ImportProblem) string {
		return fmt.Sprintf("line %d: %s %s", p.Line, p.Field, p.Message)
	})
	for _, note := range done.Notes {
		s.say("%s", note)
	}
	imported, customers := "Imported", "Customers taken up"
	if done.DryRun {
		imported, customers = "Would be imported", "Customers that would be taken up"
	}
	t := newTable("Rows", fmt.Sprint(done.Rows))
	t.row(imported, fmt.Sprint(done.Imported))
	for _, status := range slices.Sorted(maps.Keys(done.Statuses)) {
		t.row("  "+status, fmt.Sprint(done.Statuses[status]))
	}
	t.row("There already", fmt.Sprint(done.Present))
	if done.LeftOut > 0 {
		t.row("Of other products", fmt.Sprint(done.LeftOut))
	}
	t.row("Wrong", fmt.Sprint(done.Failed))
	t.row(customers, fmt.Sprint(done.Customers))
	return t.print(s.out)
}

// writeProblems writes a table of the rows that were left out; with none, one without rows.
func writeProblems(path, key string, problems []adminapi.ImportProblem) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	err = w.Write([]string{"line", key, "field", "reason"})
	for _, p := range problems {
		err = errors.Join(err, w.Write([]string{strconv.Itoa(p.Line), text.Cell(p.Key), text.Cell(p.Field), text.Cell(p.Message)}))
	}
	w.Flush()
	return errors.Join(err, w.Error(), f.Close())
}

// watched tells how much of it was read.
type watched struct {
	r    io.Reader
	n    int64
	seen func(int64)
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.n += int64(n)
	w.seen(w.n)
	return n, err
}
