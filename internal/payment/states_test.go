package payment

import (
	"strings"
	"testing"

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

func TestAttemptStates(t *testing.T) {
	t.Parallel()
	triggers := []attemptTrigger{handedOver, notNeeded, neverArrived, saysPending, saysAction, saysSucceeded, saysFailed}
	exhaustive(t, attemptStates, triggers, map[AttemptState]map[attemptTrigger]AttemptState{
		AttemptCreated: {handedOver: AttemptUnknown, notNeeded: AttemptFailed},
		AttemptUnknown: {
			neverArrived: AttemptFailed, saysPending: AttemptPending, saysAction: AttemptRequiresAction, saysSucceeded: AttemptSucceeded,
			saysFailed: AttemptFailed,
		},
		AttemptPending:        {saysAction: AttemptRequiresAction, saysSucceeded: AttemptSucceeded, saysFailed: AttemptFailed},
		AttemptRequiresAction: {saysPending: AttemptPending, saysSucceeded: AttemptSucceeded, saysFailed: AttemptFailed},
		AttemptFailed:         {saysSucceeded: AttemptSucceeded}, // E14
		AttemptSucceeded:      {},
	})
}

// Whatever order the final words of a gateway come in, and whatever came before, the outcome is the same.
func TestFinalWordsOfAnyOrder(t *testing.T) {
	t.Parallel()
	after := func(said ...attemptTrigger) AttemptState {
		state := AttemptUnknown
		for _, on := range said {
			if to, ok := attemptStates.Next(state, on); ok {
				state = to
			}
		}
		return state
	}
	for _, said := range [][]attemptTrigger{
		{saysPending, saysFailed, saysSucceeded},
		{saysSucceeded, saysFailed, saysPending},
		{saysFailed, saysSucceeded, saysAction},
		{saysAction, saysSucceeded, saysFailed},
		{saysFailed, saysPending, saysSucceeded},
		{neverArrived, saysSucceeded, saysFailed},
	} {
		if got := after(said...); got != AttemptSucceeded {
			t.Errorf("%q lead to %s", said, got)
		}
	}
}

func TestRefundStates(t *testing.T) {
	t.Parallel()
	exhaustive(t, refundStates, []refundTrigger{refundDone, refundBroken}, map[RefundState]map[refundTrigger]RefundState{
		RefundPending:   {refundDone: RefundSucceeded, refundBroken: RefundFailed},
		RefundSucceeded: {refundBroken: RefundFailed},
		RefundFailed:    {},
	})
}

func TestDisputeStates(t *testing.T) {
	t.Parallel()
	exhaustive(t, disputeStates, []disputeTrigger{disputeWon, disputeLost}, map[DisputeStatus]map[disputeTrigger]DisputeStatus{
		DisputeOpen: {disputeWon: DisputeWon, disputeLost: DisputeLost},
		DisputeWon:  {},
		DisputeLost: {},
	})
}

func TestStatesMarkdown(t *testing.T) {
	t.Parallel()
	md := StatesMarkdown()
	for _, want := range []string{"## Payment attempt\n", "## Refund\n", "## Dispute\n", "Starts as `created`. Nothing leads out of `succeeded`."} {
		if !strings.Contains(md, want) {
			t.Errorf("%q is missing in:\n%s", want, md)
		}
	}
}
