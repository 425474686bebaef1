package order

import (
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/money"
)

// Every pair of a state and a trigger, so that a new one of either needs a decision here. What is not listed can't
// happen.
func TestStates(t *testing.T) {
	t.Parallel()
	if err := states.Check(); err != nil {
		t.Fatal(err)
	}
	want := map[Status]map[trigger]Status{
		Pending: {
			waiting: Pending, delivered: Completed, undelivered: Failed, withdrawn: Cancelled, partly: PartiallyRefunded,
			returned: Refunded, contested: Disputed,
		},
		Failed: {
			waiting: Failed, delivered: Completed, undelivered: Failed, withdrawn: Cancelled, partly: PartiallyRefunded,
			returned: Refunded, contested: Disputed,
		},
		Completed: {
			delivered: Completed, reopened: Completed, withdrawn: Cancelled, partly: PartiallyRefunded, returned: Refunded,
			contested: Disputed,
		},
		PartiallyRefunded: {
			partly: PartiallyRefunded, waiting: PartiallyRefunded, reopened: PartiallyRefunded, withdrawn: PartiallyRefunded,
			returned: Refunded, contested: Disputed,
		},
		Refunded: {returned: Refunded, withdrawn: Refunded, contested: Disputed},
		Disputed: {
			contested: Disputed, reopened: Disputed, waiting: Pending, delivered: Completed, undelivered: Failed, withdrawn: Cancelled,
			partly: PartiallyRefunded, returned: Refunded,
		},
		Cancelled: {withdrawn: Cancelled, contested: Cancelled},
	}
	triggers := []trigger{delivered, undelivered, waiting, reopened, withdrawn, returned, partly, contested}
	for _, from := range states.States {
		for _, on := range triggers {
			to, ok := states.Next(from, on)
			if wantTo, wantOK := want[from][on]; to != wantTo || ok != wantOK {
				t.Errorf("%s on %q leads to %q, %v; want %q, %v", from, on, to, ok, wantTo, wantOK)
			}
		}
	}
	if md := StatesMarkdown(); !strings.Contains(md, "| `pending` |") || !strings.Contains(md, "Nothing leads out of `cancelled`.") {
		t.Errorf("printed states:\n%s", md)
	}
}

// Every status of an invoice with everything that can stand beside it.
func TestWhatAnInvoiceSays(t *testing.T) {
	t.Parallel()
	with := func(s billing.Status, credited int64, links ...billing.LinkState) billing.Invoice {
		inv := billing.Invoice{
			Status: s, Total: money.New(100, "EUR"), Credited: money.New(credited, "EUR"),
			Lines: []billing.InvoiceLine{{}}, // a line without a link never matters
		}
		for _, state := range links {
			inv.Lines = append(inv.Lines, billing.InvoiceLine{Link: &billing.Link{State: state}})
		}
		return inv
	}
	disputed := func(inv billing.Invoice) billing.Invoice {
		inv.Disputes = 1
		return inv
	}
	free := with(billing.Paid, 0, billing.Done)
	free.Total.Amount = 0
	tests := map[string]struct {
		inv   billing.Invoice
		facts facts
		want  trigger
	}{
		"a draft":                     {with(billing.Draft, 0, billing.Pending), facts{}, ""},
		"open":                        {with(billing.Open, 0, billing.Pending), facts{}, waiting},
		"open again":                  {with(billing.Open, 0, billing.Done), facts{completed: true}, reopened},
		"open, a part refunded":       {with(billing.Open, 10, billing.Pending), facts{refunded: 10}, partly},
		"paid, nothing to deliver":    {with(billing.Paid, 0), facts{}, delivered},
		"paid, all done":              {with(billing.Paid, 0, billing.Done, billing.Revoked), facts{}, delivered},
		"free":                        {free, facts{}, delivered},
		"paid, a line failed":         {with(billing.Paid, 0, billing.Done, billing.Failed), facts{}, undelivered},
		"paid, a line waits":          {with(billing.Paid, 0, billing.Pending), facts{}, undelivered},
		"a part credited, not money":  {with(billing.Paid, 10, billing.Done), facts{}, delivered},
		"all credited after delivery": {with(billing.Paid, 100, billing.Done), facts{completed: true}, delivered},
		"all credited before":         {with(billing.Paid, 100, billing.Revoked), facts{}, withdrawn},
		"a part refunded":             {with(billing.Paid, 10, billing.Done), facts{refunded: 10, completed: true}, partly},
		"all refunded":                {with(billing.Paid, 100, billing.Done), facts{refunded: 100, completed: true}, returned},
		"a rest refunded":             {with(billing.Paid, 100, billing.Done), facts{refunded: 40, completed: true}, returned},
		"void":                        {with(billing.Void, 0, billing.Revoked), facts{}, withdrawn},
		"void after a refund":         {with(billing.Void, 100, billing.Done), facts{refunded: 100}, returned},
		"given up":                    {with(billing.Uncollectible, 0, billing.Revoked), facts{}, withdrawn},
		"given up after a part":       {with(billing.Uncollectible, 10, billing.Revoked), facts{refunded: 10}, withdrawn},
		"disputed":                    {disputed(with(billing.Open, 0, billing.Done)), facts{completed: true}, contested},
		"disputed after a refund":     {disputed(with(billing.Paid, 10, billing.Done)), facts{refunded: 10}, contested},
		"a dispute was lost":          {with(billing.Uncollectible, 0, billing.Done), facts{lost: true, completed: true}, contested},
	}
	for name, tt := range tests {
		if got, says := saysOf(tt.inv, tt.facts); got != tt.want || says != (tt.want != "") {
			t.Errorf("%s says %q, %v; want %q", name, got, says, tt.want)
		}
	}
}
