package billing

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/lifecycle"
)

// exhaustive compares every pair of a state and a trigger with a table, so that a new one of either needs a decision.
func exhaustive[S, E ~string](t *testing.T, table lifecycle.Table[S, E], triggers []E, want map[S]map[E]S) {
	t.Helper()
	if err := table.Check(); err != nil {
		t.Fatal(err)
	}
	if len(want) != len(table.States) {
		t.Errorf("%s: %d states, want %d", table.Name, len(table.States), len(want))
	}
	known := map[E]bool{}
	for _, on := range triggers {
		known[on] = true
	}
	for _, step := range table.Steps {
		if !known[step.On] {
			t.Errorf("%s: trigger %q is not covered here", table.Name, step.On)
		}
	}
	for _, from := range table.States {
		for _, on := range triggers {
			to, ok := table.Next(from, on)
			if wantTo, wantOK := want[from][on]; to != wantTo || ok != wantOK {
				t.Errorf("%s: %s on %q leads to %q, %v; want %q, %v", table.Name, from, on, to, ok, wantTo, wantOK)
			}
		}
	}
}

func TestInvoiceStates(t *testing.T) {
	t.Parallel()
	exhaustive(t, invoiceStates, []invoiceTrigger{finalised, settled, reopened, voided, writtenOff}, map[Status]map[invoiceTrigger]Status{
		Draft:         {finalised: Open},
		Open:          {settled: Paid, voided: Void, writtenOff: Uncollectible},
		Paid:          {reopened: Open, voided: Void}, // E11: void only when nothing is left of its payments
		Void:          {},
		Uncollectible: {},
	})
}

func TestLinkStates(t *testing.T) {
	t.Parallel()
	exhaustive(t, linkStates, []linkTrigger{fulfilled, notFulfilled, revoked, restored, abandoned, unpaid, otherwise}, map[LinkState]map[linkTrigger]LinkState{
		Pending:   {fulfilled: Done, notFulfilled: Failed, revoked: Revoked, abandoned: Revoked, otherwise: Fulfilled},
		Fulfilled: {fulfilled: Done, notFulfilled: Failed, revoked: Revoked, abandoned: Revoked},
		Failed:    {fulfilled: Done, notFulfilled: Failed, abandoned: Revoked, unpaid: Pending},
		Revoked:   {restored: Pending},
		Done:      {},
	})
}

func TestStatesMarkdown(t *testing.T) {
	t.Parallel()
	md := StatesMarkdown()
	for _, want := range []string{
		"## Invoice\n", "## Fulfilment link\n", "| `open` | money received, or credited | the balance is zero | `paid` |",
		"Starts as `draft`. Nothing leads out of `void`, `uncollectible`.",
	} {
		if !strings.Contains(md, want) {
			t.Errorf("%q is missing in:\n%s", want, md)
		}
	}
}

func TestNotOpenSaysWhy(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	for _, s := range append(invoiceStates.States, "unheard of") {
		e := notOpen(s)
		if e.Kind != fail.KindConflict || e.Code != "INVOICE_NOT_OPEN" || e.Detail == "" {
			t.Errorf("%s: %v", s, e)
		}
		said[e.Detail] = true
	}
	if len(said) != len(invoiceStates.States)+1 {
		t.Errorf("answers are not distinct: %v", said)
	}
}
