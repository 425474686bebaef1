package admin

import (
	"context"
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/web/ui"
)

// choice is one answer to a question, with what it would come to.
func (a *area) choice(ctx context.Context, customerID, value, label string, first string, act func(ctx context.Context) error) (ui.Option, error) {
	o := ui.Option{Value: value, Label: label}
	effects, err := a.foresee(ctx, customerID, act, nil)
	if e := fail.Of(err); err != nil && e.Kind == fail.KindConflict {
		o.Disabled, o.Hint = true, e.Detail
		return o, nil
	}
	if err != nil {
		return o, err
	}
	if first != "" {
		effects = append([]string{first}, effects...)
	}
	o.Hint = strings.Join(effects, "\n")
	return o, nil
}

func (a *area) cancelSubscriptionQuestion(r *http.Request) (*ui.Confirm, error) {
	ctx := r.Context()
	s, err := a.Subscriptions.ByID(ctx, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if s.Ended() {
		return nil, fail.Conflict("SUBSCRIPTION_ENDED", "The subscription is over already.")
	}
	try := func(at subscription.CancelAt) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			_, err := a.Subscriptions.Cancel(ctx, s.ID, at, "")
			return err
		}
	}
	base := "/admin/subscriptions/" + s.ID
	q := &ui.Confirm{
		ID: "cancel", Title: "Cancel this subscription?", Text: quantityText(s.Description, s.Quantity) + ", " + s.Recurring().Format("en") + " " + cycleText(s.Cycle) + ".",
		Action: base + "/cancel", Label: "Cancel subscription", Cancel: base,
	}
	field := ui.Field{Kind: ui.InputRadio, Name: "at", Label: "When", Value: string(subscription.AtPeriodEnd), Required: true}
	if s.CancelOn.IsZero() {
		end := s.PaidUntil()
		later, err := a.choice(ctx, s.CustomerID, string(subscription.AtPeriodEnd), "At the end of what is paid: "+dateText(end.AddDays(-1)), "", try(subscription.AtPeriodEnd))
		if err != nil {
			return nil, err
		}
		later.Hint = strings.TrimSpace(later.Hint + "\nIt can be resumed until then.")
		if today := civil.Of(a.Clock.Now(), a.zone(ctx)); !today.Before(end) {
			later.Label, later.Hint = "At the end of what is paid: that is over, so at once", strings.TrimSuffix(later.Hint, "\nIt can be resumed until then.")
		}
		field.Options = append(field.Options, later)
	} else {
		q.Title, q.Label, field.Value = "End this subscription at once?", "End at once", string(subscription.AtOnce)
	}
	now, err := a.choice(ctx, s.CustomerID, string(subscription.AtOnce), "At once", "", try(subscription.AtOnce))
	if err != nil {
		return nil, err
	}
	field.Options = append(field.Options, now)
	q.Fields = []ui.Field{field, why("It stands in the history of the subscription.")}
	return q, nil
}

func (a *area) cancelSubscription(r *http.Request) (to, text string, err error) {
	reason, err := reasonGiven(r)
	if err != nil {
		return "", "", err
	}
	s, err := a.Subscriptions.Cancel(r.Context(), r.PathValue("id"), subscription.CancelAt(r.PostFormValue("at")), reason)
	if err != nil {
		return "", "", err
	}
	text = "The subscription was cancelled. It runs until " + dateText(s.CancelOn.AddDays(-1)) + "."
	if s.Ended() {
		text = "The subscription is over."
	}
	return "/admin/subscriptions/" + s.ID, text, nil
}

// simpleQuestion asks about an act without a choice.
func (a *area) simpleQuestion(title, label, path string, needsReason bool, tone ui.Tone, act func(ctx context.Context, id string) error) ask {
	return func(r *http.Request) (*ui.Confirm, error) {
		s, err := a.Subscriptions.ByID(r.Context(), r.PathValue("id"))
		if err != nil {
			return nil, err
		}
		effects, err := a.foresee(r.Context(), s.CustomerID, func(ctx context.Context) error { return act(ctx, s.ID) }, nil)
		if err != nil {
			return nil, err
		}
		base := "/admin/subscriptions/" + s.ID
		q := &ui.Confirm{
			ID: path, Title: title, Text: quantityText(s.Description, s.Quantity) + ", " + s.Recurring().Format("en") + " " + cycleText(s.Cycle) + ".",
			Effects: effects, Tone: tone, Action: base + "/" + path, Label: label, Cancel: base,
		}
		if needsReason {
			q.Fields = []ui.Field{why("It stands in the history of the subscription.")}
		}
		return q, nil
	}
}

func (a *area) pauseQuestion() ask {
	return a.simpleQuestion("Pause this subscription?", "Pause", "pause", true, ui.Danger, func(ctx context.Context, id string) error {
		_, err := a.Subscriptions.Pause(ctx, id, "")
		return err
	})
}

func (a *area) pauseSubscription(r *http.Request) (to, text string, err error) {
	reason, err := reasonGiven(r)
	if err != nil {
		return "", "", err
	}
	s, err := a.Subscriptions.Pause(r.Context(), r.PathValue("id"), reason)
	return "/admin/subscriptions/" + s.ID, "The subscription is paused.", err
}

func (a *area) resumeQuestion() ask {
	return a.simpleQuestion("Resume this subscription?", "Resume", "resume", false, ui.Info, func(ctx context.Context, id string) error {
		_, err := a.Subscriptions.Resume(ctx, id)
		return err
	})
}

func (a *area) resumeSubscription(r *http.Request) (to, text string, err error) {
	s, err := a.Subscriptions.Resume(r.Context(), r.PathValue("id"))
	return "/admin/subscriptions/" + s.ID, "The subscription goes on.", err
}

var errNoPeriod = fail.NotFound("PERIOD_NOT_FOUND", "There is no such period that waits for a decision.")

func (a *area) decideQuestion(r *http.Request) (*ui.Confirm, error) {
	ctx := r.Context()
	s, err := a.Subscriptions.ByID(ctx, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	start, err := civil.Parse(r.PathValue("start"))
	if err != nil {
		return nil, errNoPeriod
	}
	var period *subscription.Period
	for i, p := range s.Periods {
		if p.Start == start && p.State == subscription.PeriodRemoved && !s.Ended() {
			period = &s.Periods[i]
		}
	}
	if period == nil {
		return nil, errNoPeriod
	}
	field := ui.Field{Kind: ui.InputRadio, Name: "decision", Label: "What becomes of it", Required: true}
	for _, d := range []struct {
		decision    subscription.Decision
		label, text string
	}{
		{subscription.InvoiceAgain, "Invoice it again", "The customer owes " + period.Amount.Format("en") + " for it, before discount and tax."},
		{subscription.MarkPaid, "Mark it as paid", "Nothing is asked for it, and the license runs through it."},
		{subscription.EndIt, "End the subscription", ""},
	} {
		o, err := a.choice(ctx, s.CustomerID, string(d.decision), d.label, d.text, func(ctx context.Context) error {
			_, err := a.Subscriptions.Decide(ctx, s.ID, start, d.decision, "a look at what would happen")
			return err
		})
		if err != nil {
			return nil, err
		}
		if field.Value == "" && !o.Disabled {
			field.Value = o.Value
		}
		field.Options = append(field.Options, o)
	}
	base := "/admin/subscriptions/" + s.ID
	return &ui.Confirm{
		ID: "decide", Title: "What becomes of " + periodText(period.Period) + "?", Text: quantityText(s.Description, s.Quantity) + ". Nothing is asked for this period since its line was taken back.",
		Fields: []ui.Field{field, why("It stands in the history of the subscription.")}, Tone: ui.Info,
		Action: base + "/periods/" + start.String() + "/decide", Label: "Decide", Cancel: base,
	}, nil
}

func (a *area) decide(r *http.Request) (to, text string, err error) {
	reason, err := reasonGiven(r)
	if err != nil {
		return "", "", err
	}
	start, err := civil.Parse(r.PathValue("start"))
	if err != nil {
		return "", "", errNoPeriod
	}
	s, err := a.Subscriptions.Decide(r.Context(), r.PathValue("id"), start, subscription.Decision(r.PostFormValue("decision")), reason)
	return "/admin/subscriptions/" + s.ID, "Decided.", err
}
