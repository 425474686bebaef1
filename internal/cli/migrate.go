package cli

import (
	"context"
	"fmt"
	"net/http"

	"github.com/keystead/keystead/internal/app"
)

type migrateCommand struct{ storeFlags }

// Help implements kong.HelpProvider.
func (migrateCommand) Help() string {
	return `Every start of a server does this, too: the command is for whoever wants to see it done before. Migrations only go
forward, so make a backup first. While a server runs on the data folder there is nothing to do, because it has
migrated the store; with --database-url, stop the servers of the old version first.

Examples:

	keystead migrate --data /var/lib/keystead
	keystead migrate --database-url postgres://keystead@db/keystead --files /srv/releases`
}

// Run migrates the store: opening it does.
func (c *migrateCommand) Run(ctx context.Context, s *session) error {
	return c.with(ctx, s, func(api *client) error {
		about, err := api.about(ctx)
		if err != nil {
			return err
		}
		by := ""
		if api.served() {
			by = ", by the running server (version " + about.Version + ")"
		}
		if about.Schema != about.KnownSchema {
			return fmt.Errorf("the store has schema %d, not %d", about.Schema, about.KnownSchema)
		}
		_, err = fmt.Fprintf(s.out, "The store has schema %d, which is up to date%s.\n", about.Schema, by)
		return err
	})
}

// about asks which store this is.
func (c *client) about(ctx context.Context) (is app.About, err error) {
	err = c.call(ctx, http.MethodGet, app.AboutPath, nil, &is)
	return is, err
}
