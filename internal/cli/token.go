package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/web/adminapi"
)

type tokenCommand struct {
	Create createTokenCommand `cmd:"" help:"Make a token and print it, once."`
	List   listTokensCommand  `cmd:"" help:"List the tokens."`
	Revoke revokeTokenCommand `cmd:"" help:"Revoke a token at once."`
}

type createTokenCommand struct {
	storeFlags
	Scope   []string `required:"" placeholder:"SCOPE,…" help:"What the token allows, such as licenses:read,licenses:write; '*' allows everything."`
	Expires instant  `placeholder:"WHEN" help:"When it ends: a date, an instant, or a span such as 90d or 12h. Default: never."`
	Name    string   `default:"command line" placeholder:"TEXT" help:"What it is for, for the list of tokens (default: ${default})."`
}

// Help implements kong.HelpProvider.
func (createTokenCommand) Help() string {
	return `Standard output carries nothing but the token. It is stored hashed and can't be shown again.

Examples:

	keystead token create --data /var/lib/keystead --scope '*' --expires 90d
	TOKEN=$(keystead token create --data ./store --scope licenses:read --name "stock report")`
}

// Run makes a token.
func (c *createTokenCommand) Run(ctx context.Context, s *session) error {
	return c.with(ctx, s, func(api *client) error {
		in := map[string]any{"name": c.Name, "scopes": c.Scope}
		if at := time.Time(c.Expires); !at.IsZero() {
			in["expires_at"] = at
		}
		var made adminapi.CreatedToken
		if err := api.post(ctx, "/tokens", in, &made); err != nil {
			return err
		}
		if made.Secret == nil {
			return errors.New("the server answered without the token's secret")
		}
		s.say("Token %s (%s) allows %s and ends %s.", made.ID, made.Name, strings.Join(made.Scopes, ", "), ends(made.ExpiresAt))
		_, err := fmt.Fprintln(s.out, *made.Secret)
		return err
	})
}

func ends(at *time.Time) string {
	if at == nil {
		return "never"
	}
	return at.UTC().Format(time.RFC3339)
}

type listTokensCommand struct {
	storeFlags
	All bool `help:"Also those that are revoked."`
}

// Help implements kong.HelpProvider.
func (listTokensCommand) Help() string {
	return `Examples:

	keystead token list --data /var/lib/keystead`
}

// Run lists the tokens.
func (c *listTokensCommand) Run(ctx context.Context, s *session) error {
	return c.with(ctx, s, func(api *client) error {
		t := newTable("ID", "NAME", "SCOPES", "CREATED", "ENDS", "LAST USED", "REVOKED")
		err := each(ctx, api, "/tokens", func(tok adminapi.Token) error {
			if tok.RevokedAt == nil || c.All {
				t.row(tok.ID, tok.Name, strings.Join(tok.Scopes, ","), when(&tok.CreatedAt), ends(tok.ExpiresAt), when(tok.LastUsedAt), when(tok.RevokedAt))
			}
			return nil
		})
		if err != nil {
			return err
		}
		return t.print(s.out)
	})
}

type revokeTokenCommand struct {
	storeFlags
	ID string `arg:"" placeholder:"ID" help:"Id of the token, such as tok_01hx2b6yh4m3nq0r8s5t."`
}

// Help implements kong.HelpProvider.
func (revokeTokenCommand) Help() string {
	return `Who holds the token is refused from now on, also by a server that is running.

Examples:

	keystead token revoke --data /var/lib/keystead tok_01hx2b6yh4m3nq0r8s5t`
}

// Run revokes a token.
func (c *revokeTokenCommand) Run(ctx context.Context, s *session) error {
	return c.with(ctx, s, func(api *client) error {
		if err := api.delete(ctx, adminPath("tokens", c.ID)); err != nil {
			return err
		}
		s.say("Revoked %s.", c.ID)
		return nil
	})
}
