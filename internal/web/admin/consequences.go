package admin

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
)

// told is what the events say that have consequences, as far as questions repeat it.
type told struct {
	InvoiceID string      `json:"invoice_id"`
	Number    string      `json:"number"`
	Replaces  string      `json:"replaces"`
	Total     money.Money `json:"total"`
	Balance   money.Money `json:"balance"`
	Money     money.Money `json:"money"`
	Released  money.Money `json:"released"`
	Gateway   string      `json:"gateway"`
	To        string      `json:"to"`
	DueOn     civil.Date  `json:"due_on"`
	Shown     string      `json:"shown"`
	Fee       money.Money `json:"fee"`
}

// foresight is what was heard so far while something was tried.
type foresight struct {
	area *area
	made map[string]bool // invoices that are only made by it
	paid map[string]bool // invoices that account credit pays
}

// consequences say what an event means for people, in one sentence; an empty one says nothing.
var consequences = map[string]func(ctx context.Context, f *foresight, e event.Event, t told) (string, error){
	"credit_note.issued": func(_ context.Context, _ *foresight, _ event.Event, t told) (string, error) {
		return "A credit note over " + t.Total.Format("en") + " is issued.", nil
	},
	"invoice.voided": func(_ context.Context, f *foresight, _ event.Event, t told) (string, error) {
		s := f.invoice(t) + " over " + t.Total.Format("en") + " becomes void"
		if t.Number != "" {
			s += "; its number stays used"
		}
		if t.Released.Amount > 0 {
			s += ". The " + t.Released.Format("en") + " paid towards it are free"
		}
		return s + ".", nil
	},
	"invoice.finalised": func(_ context.Context, f *foresight, _ event.Event, t told) (string, error) {
		f.made[t.InvoiceID] = true
		s := "A new invoice over " + t.Total.Format("en") + " is issued"
		if t.Replaces != "" {
			return s + " in its place.", nil
		}
		if !t.DueOn.IsZero() {
			s += ", due on " + dateText(t.DueOn)
		}
		return s + ".", nil
	},
	"invoice.paid": func(_ context.Context, f *foresight, _ event.Event, t told) (string, error) {
		if f.paid[t.InvoiceID] {
			return "", nil // said with the credit
		}
		return f.invoice(t) + " is paid then, and its lines are delivered.", nil
	},
	"invoice.reopened": func(_ context.Context, f *foresight, _ event.Event, t told) (string, error) {
		return f.invoice(t) + " is open again: " + t.Balance.Format("en") + " are owed.", nil
	},
	"invoice.written_off": func(_ context.Context, f *foresight, _ event.Event, t told) (string, error) {
		return f.invoice(t) + " becomes uncollectible: what is unpaid of its " + t.Total.Format("en") + " is booked as a loss.", nil
	},
	"payment.received": func(ctx context.Context, f *foresight, _ event.Event, t told) (string, error) {
		if t.Gateway != payment.CreditGateway {
			return "", nil
		}
		i, err := f.area.Billing.ByID(ctx, t.InvoiceID)
		if err != nil {
			return "", err
		}
		f.paid[t.InvoiceID] = true
		t.Number = i.Number
		return t.Money.Format("en") + " of account credit pay " + inside(f.invoice(t)) + ".", nil
	},
	"refund.created": func(_ context.Context, _ *foresight, _ event.Event, t told) (string, error) {
		if t.To == string(payment.ToCredit) {
			return t.Money.Format("en") + " become account credit.", nil
		}
		return t.Money.Format("en") + " go back by the way they came.", nil
	},
	"domain.renewal_refunded": func(_ context.Context, _ *foresight, _ event.Event, t told) (string, error) {
		s := "The renewal of " + t.Shown + " is not made."
		if t.Fee.Amount > 0 {
			s += " Its late fee goes with it."
		}
		return s, nil
	},
	"license.revoked":        licenseConsequence("is revoked", "stop working at their next check"),
	"license.suspended":      licenseConsequence("is suspended", "stop working at their next check"),
	"license.expired":        licenseConsequence("expires", "are told so at their next check"),
	"license.cancelled":      licenseConsequence("is cancelled", "stop working at their next check"),
	"license.resumed":        licenseConsequence("is active again", "work again"),
	"subscription.cancelled": says("Nothing more is invoiced or charged."),
	"subscription.expired":   says("The subscription is over at once. It can't be resumed."),
	"subscription.suspended": says("The subscription is suspended: nothing is invoiced, charged or reminded of."),
	"subscription.resumed":   says("The subscription goes on."),
	"subscription.activated": says("The subscription is active."),
	"subscription.recovered": says("The subscription is active again."),
	"subscription.past_due":  says("The subscription is past due."),
}

func says(s string) func(context.Context, *foresight, event.Event, told) (string, error) {
	return func(context.Context, *foresight, event.Event, told) (string, error) { return s, nil }
}

func consequenceTypes() []string { return slices.Sorted(maps.Keys(consequences)) }

// invoice is how people call the invoice that an event tells of.
func (f *foresight) invoice(t told) string {
	switch {
	case f.made[t.InvoiceID]:
		return "The new invoice"
	case t.Number == "":
		return "The proforma invoice"
	default:
		return "Invoice " + t.Number
	}
}

// inside is the beginning of a sentence within one.
func inside(s string) string {
	if rest, ok := strings.CutPrefix(s, "The "); ok {
		return "the " + rest
	}
	return strings.TrimPrefix(s, "Invoice ")
}

func licenseConsequence(becomes, activations string) func(context.Context, *foresight, event.Event, told) (string, error) {
	return func(ctx context.Context, f *foresight, e event.Event, _ told) (string, error) {
		l, err := f.area.Licenses.ByID(ctx, e.SubjectID)
		if err != nil {
			return "", err
		}
		s := "License " + shortKey(l.Key) + " " + becomes
		if n := int(l.ActivationsUsed); n > 0 {
			s += "; its " + many(n, "activation", "activations") + " " + activations
		}
		return s + ".", nil
	}
}

// effects are the consequences in words, each said once.
func (a *area) effects(ctx context.Context, events []event.Event, credit []creditChange) ([]string, error) {
	var out []string
	say := func(s string) {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	f := &foresight{a, map[string]bool{}, map[string]bool{}}
	for _, e := range events {
		var t told
		if err := e.Decode(&t); err != nil {
			return nil, err
		}
		s, err := consequences[e.Type](ctx, f, e, t)
		if err != nil {
			return nil, err
		}
		say(s)
	}
	for _, c := range credit {
		say("The customer's account credit: " + c.before.Format("en") + " now, " + c.after.Format("en") + " then.")
	}
	return out, nil
}
