package cli

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/web/adminapi"
)

type recoveryCommand struct {
	Show    showRecoveryCommand    `cmd:"" help:"Show whether a store is in recovery, and what waits."`
	Confirm confirmRecoveryCommand `cmd:"" help:"Let a restored store go on."`
}

type showRecoveryCommand struct {
	storeFlags
	JSON bool `name:"json" help:"Print it as the admin API does."`
}

// Help implements kong.HelpProvider.
func (showRecoveryCommand) Help() string {
	return `A store that was restored from a backup is in recovery: it checks licenses, shows its pages and takes in what payment
gateways tell, but sends no mail and no webhook, charges and refunds nothing, and runs nothing that is due.

Examples:

	keystead recovery show --data /var/lib/keystead`
}

// Run shows how the recovery stands.
func (c *showRecoveryCommand) Run(ctx context.Context, s *session) error {
	return c.with(ctx, s, func(api *client) error {
		var is adminapi.Recovery
		if err := api.get(ctx, "/recovery", &is); err != nil {
			return err
		}
		switch {
		case c.JSON:
			return indented(s).Encode(is)
		case !is.InRecovery:
			s.say("The store is not in recovery: nothing is held back.")
			return nil
		}
		s.say("Restored at %s as of %s, and not confirmed yet.", when(is.RestoredAt), when(is.TakenAt))
		t := newTable("WAITING", "NUMBER")
		for _, row := range []struct {
			what string
			n    int64
		}{
			{"mails", is.Waiting.Mails},
			{"webhooks", is.Waiting.Webhooks},
			{"charges", is.Waiting.Charges},
			{"charges without an answer", is.Waiting.Unanswered},
			{"refunds", is.Waiting.Refunds},
			{"other work", is.Waiting.Jobs},
		} {
			t.row(row.what, fmt.Sprint(row.n))
		}
		return t.print(s.out)
	})
}

type confirmRecoveryCommand struct {
	storeFlags
	JSON bool `name:"json" help:"Print what was done as the admin API does."`
}

// Help implements kong.HelpProvider.
func (confirmRecoveryCommand) Help() string {
	return `See first that no server still serves the original: two stores would send every mail and give every invoice number
twice. Then this asks the payment gateways about every charge whose outcome the store does not know, and lets mails,
webhooks, charges and all that is due go on.

Examples:

	keystead recovery show --data /var/lib/keystead
	keystead recovery confirm --data /var/lib/keystead`
}

// Run lets the store go on.
func (c *confirmRecoveryCommand) Run(ctx context.Context, s *session) error {
	return c.with(ctx, s, func(api *client) error {
		var done adminapi.RecoveryConfirmed
		if err := api.post(ctx, "/recovery/confirm", nil, &done); err != nil {
			return err
		}
		if c.JSON {
			return indented(s).Encode(done)
		}
		s.say("Confirmed. %d charges were settled by what the gateways told.", done.Settled)
		if done.Unanswered > 0 {
			s.say("warning: about %d charges a gateway gave no answer; it is asked again before anything else is charged for them", done.Unanswered)
		}
		if api.served() {
			s.say("Mails, webhooks, charges and what is due go on now.")
		} else {
			s.say("Mails, webhooks, charges and what is due go on as soon as the store is served.")
		}
		return nil
	})
}
