package cli

import (
	"context"
	"strconv"
	"time"

	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/web/adminapi"
)

type automationCommand struct {
	Run    runAutomationCommand `cmd:"" help:"Run all that is due now."`
	DryRun dryRunCommand        `cmd:"" name:"dry-run" help:"Tell what would happen until a date, with amounts."`
}

type runAutomationCommand struct {
	storeFlags
	JSON bool `name:"json" help:"Print what ran as the admin API does."`
}

// Help implements kong.HelpProvider.
func (runAutomationCommand) Help() string {
	return `A server runs what is due by itself, every minute. This does it at once, and ends when nothing is left. Running it
twice does no harm.

Examples:

	keystead automation run --data /var/lib/keystead`
}

// Run runs what is due.
func (c *runAutomationCommand) Run(ctx context.Context, s *session) error {
	return c.with(ctx, s, func(api *client) error {
		var ran adminapi.Run
		if err := api.post(ctx, "/automation/run", nil, &ran); err != nil {
			return err
		}
		return printRun(s, ran, c.JSON)
	})
}

type dryRunCommand struct {
	storeFlags
	Until string `required:"" placeholder:"WHEN" help:"How far to look ahead, 400 days at most: a civil date of the store's zone, an instant, or a span such as 30d."`
	JSON  bool   `name:"json" help:"Print it as the admin API does."`
}

// Help implements kong.HelpProvider.
func (dryRunCommand) Help() string {
	return `It copies the store, lets the time pass in the copy, from which nothing reaches the world outside, and prints what
happened there. The store itself is only read.

Examples:

	keystead automation dry-run --data /var/lib/keystead --until 30d`
}

// Run tells what would happen.
func (c *dryRunCommand) Run(ctx context.Context, s *session) error {
	return c.with(ctx, s, func(api *client) error {
		until, err := storeTime(ctx, api, c.Until)
		if err != nil {
			return err
		}
		var would adminapi.DryRun
		if err := api.post(ctx, "/automation/dry-run", adminapi.Horizon{Until: until.Format(time.RFC3339Nano)}, &would); err != nil {
			return err
		}
		if c.JSON {
			return indented(s).Encode(would)
		}
		return printDryRun(s, would)
	})
}

func printDryRun(s *session, would adminapi.DryRun) error {
	if len(would.Events) == 0 {
		s.say("Nothing would happen until %s.", would.Until.Format(time.RFC3339))
		return nil
	}
	t := newTable("WHEN", "WHAT", "SUBJECT", "CUSTOMER", "AMOUNT")
	for _, e := range would.Events {
		customer := "-"
		if e.CustomerID != nil {
			customer = *e.CustomerID
		}
		t.row(when(&e.OccurredAt), e.Type, e.SubjectID, customer, amount(e.Money))
	}
	if err := t.print(s.out); err != nil {
		return err
	}
	if would.More > 0 {
		s.say("and %d more.", would.More)
	}
	s.say("In all, until %s:", would.Until.Format(time.RFC3339))
	sums := newTable("WHAT", "NUMBER", "AMOUNT")
	for _, total := range would.Totals {
		sums.row(total.Type, strconv.Itoa(total.Number), amount(total.Money))
	}
	return sums.print(s.out)
}

// amount is money in a table; a dash for none.
func amount(m *adminapi.Money) string {
	if m == nil {
		return "-"
	}
	return money.New(m.Amount, money.Currency(m.Currency)).String()
}
