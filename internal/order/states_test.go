package order

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/billing"
)

// Every pair of a state and a trigger, so that a new one of either needs a decision here.
func TestStates(t *testing.T) {
	t.Parallel()
	if err := states.Check(); err != nil {
		t.Fatal(err)
	}
	want := map[Status]map[trigger]Status{
		Pending:   {delivered: Completed, undelivered: Failed, withdrawn: Cancelled},
		Failed:    {delivered: Completed, undelivered: Failed},
		Completed: {},
		Cancelled: {},
	}
	for _, from := range states.States {
		for _, on := range []trigger{delivered, undelivered, withdrawn} {
			to, ok := states.Next(from, on)
			if wantTo, wantOK := want[from][on]; to != wantTo || ok != wantOK {
				t.Errorf("%s on %q leads to %q, %v; want %q, %v", from, on, to, ok, wantTo, wantOK)
			}
		}
	}
	if md := StatesMarkdown(); !strings.Contains(md, "| `pending` |") || !strings.Contains(md, "Nothing leads out of `completed`, `cancelled`.") {
		t.Errorf("printed states:\n%s", md)
	}
}

func TestWhatAnInvoiceSays(t *testing.T) {
	t.Parallel()
	with := func(s billing.Status, links ...billing.LinkState) billing.Invoice {
		inv := billing.Invoice{Status: s, Lines: []billing.InvoiceLine{{}}} // a line without a link never matters
		for _, state := range links {
			inv.Lines = append(inv.Lines, billing.InvoiceLine{Link: &billing.Link{State: state}})
		}
		return inv
	}
	tests := []struct {
		inv  billing.Invoice
		want trigger
		says bool
	}{
		{with(billing.Draft, billing.Pending), "", false},
		{with(billing.Open, billing.Pending), "", false},
		{with(billing.Paid), delivered, true},
		{with(billing.Paid, billing.Done, billing.Revoked), delivered, true},
		{with(billing.Paid, billing.Done, billing.Failed), undelivered, true},
		{with(billing.Paid, billing.Pending), undelivered, true},
		{with(billing.Void, billing.Revoked), withdrawn, true},
		{with(billing.Uncollectible, billing.Revoked), withdrawn, true},
	}
	for _, tt := range tests {
		if got, says := saysOf(tt.inv); got != tt.want || says != tt.says {
			t.Errorf("%s with links says %q, %v; want %q, %v", tt.inv.Status, got, says, tt.want, tt.says)
		}
	}
}
