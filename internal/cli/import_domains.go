package cli

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/keystead/keystead/internal/web/adminapi"
)

type importDomainsCommand struct {
	storeFlags
	DryRun bool   `name:"dry-run" help:"Tell what would happen, and change nothing."`
	Errors string `type:"path" placeholder:"FILE" help:"File to write a table of the rows that were left out into, and why."`
	JSON   bool   `name:"json" help:"Print what was done as the admin API does."`
	File   string `arg:"" type:"path" placeholder:"FILE" help:"Table (CSV, UTF-8) under a header."`
}

// Help implements kong.HelpProvider.
func (importDomainsCommand) Help() string {
	return `The table has a column for the domain, one for the customer's e-mail address and one for the expiry; docs/import.md tells which
others are read. Nothing is sent to a registry. A domain that the store has already stays as it is, so the same table may
be imported again.

Rows that are wrong are listed, and the rest is imported. The exit status is 1 if any was.

Examples:

	keystead import domains --data ./store --dry-run domains.csv
	keystead import domains --data ./store --errors wrong.csv domains.csv`
}

// Run takes domains over.
func (c *importDomainsCommand) Run(ctx context.Context, s *session) error {
	return c.with(ctx, s, func(api *client) error {
		done, err := c.send(ctx, s, api)
		if err != nil {
			return err
		}
		if c.Errors != "" {
			if err := writeProblems(c.Errors, "domain", done.Problems); err != nil {
				return err
			}
		}
		if c.JSON {
			err = indented(s).Encode(done)
		} else {
			err = c.tell(s, done)
		}
		if err == nil && done.Failed > 0 {
			err = fmt.Errorf("%d rows were left out because of errors", done.Failed)
		}
		return err
	})
}

func (c *importDomainsCommand) send(ctx context.Context, s *session, api *client) (done adminapi.DomainImport, err error) {
	f, err := os.Open(c.File)
	if err != nil {
		return done, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return done, err
	}
	query, what := url.Values{}, "Importing"
	if c.DryRun {
		query.Set("dry_run", "true")
		what = "Trying"
	}
	bar := s.progress(what)
	err = api.upload(ctx, "/imports/domains?"+query.Encode(), "text/csv", &watched{r: f, seen: func(n int64) { bar.to(n, info.Size()) }}, &done)
	bar.end(err)
	return done, err
}

func (c *importDomainsCommand) tell(s *session, done adminapi.DomainImport) error {
	for i, p := range done.Problems {
		if i == listedProblems {
			s.say("… --errors FILE writes all of them.")
			break
		}
		s.say("line %d: %s: %s %s", p.Line, p.Key, p.Field, p.Message)
	}
	if len(done.Unread) > 0 {
		s.say("Not read: %s.", strings.Join(done.Unread, ", "))
	}
	imported, customers := "Imported", "Customers taken up"
	if done.DryRun {
		imported, customers = "Would be imported", "Customers that would be taken up"
	}
	t := newTable("Rows", fmt.Sprint(done.Rows))
	t.row(imported, fmt.Sprint(done.Imported))
	t.row("There already", fmt.Sprint(done.Present))
	if done.LeftOut > 0 {
		t.row("Over, where they come from", fmt.Sprint(done.LeftOut))
	}
	t.row("Wrong", fmt.Sprint(done.Failed))
	t.row(customers, fmt.Sprint(done.Customers))
	return t.print(s.out)
}
