package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/keystead/keystead/internal/web/adminapi"
)

type verifyCommand struct {
	storeFlags
	JSON bool `name:"json" help:"Print what was found as the admin API does."`
}

// Help implements kong.HelpProvider.
func (verifyCommand) Help() string {
	return `It rebuilds balances, invoices, numbers and what was fulfilled from the ledger and the history, in one state of the
store, and prints what does not agree. It changes nothing and works while the server runs. The exit status is 1 if
anything is wrong.

Examples:

	keystead verify --data /var/lib/keystead`
}

// Run proves the books.
func (c *verifyCommand) Run(ctx context.Context, s *session) error {
	return c.with(ctx, s, func(api *client) error {
		var found adminapi.Verification
		if err := api.get(ctx, "/verify", &found); err != nil {
			return err
		}
		n := len(found.Differences)
		switch {
		case c.JSON:
			e := json.NewEncoder(s.out)
			e.SetIndent("", "  ")
			if err := e.Encode(found); err != nil {
				return err
			}
		case n == 0:
			_, err := fmt.Fprintln(s.out, "No differences: ledger, invoices, numbers, orders and licenses agree.")
			return err
		default:
			t := newTable("CHECK", "SUBJECT", "WANT", "GOT")
			for _, d := range found.Differences {
				t.row(d.Check, d.Subject, d.Want, d.Got)
			}
			if err := t.print(s.out); err != nil {
				return err
			}
		}
		if n > 0 {
			return fmt.Errorf("%d differences", n)
		}
		return nil
	})
}
