package cli

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/keystead/keystead/internal/web/adminapi"
)

type importDomainsCommand struct {
	storeFlags
	importTable
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
		var done adminapi.DomainImport
		if err := c.send(ctx, s, api, "/imports/domains", url.Values{}, &done); err != nil {
			return err
		}
		return c.told(s, "domain", done, done.Problems, done.Failed, func() error { return c.tell(s, done) })
	})
}

func (c *importDomainsCommand) tell(s *session, done adminapi.DomainImport) error {
	c.list(s, done.Problems, func(p adminapi.ImportProblem) string {
		if p.Key == "" {
			return fmt.Sprintf("line %d: %s %s", p.Line, p.Field, p.Message)
		}
		return fmt.Sprintf("line %d: %s: %s %s", p.Line, p.Key, p.Field, p.Message)
	})
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
