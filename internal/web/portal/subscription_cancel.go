package portal

import (
	"context"
	"net/http"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// cancelPage asks from when a cancellation is to count, and says what follows from each answer.
func (a *area) cancelPage(w http.ResponseWriter, r *http.Request) error {
	sub, err := a.ownSubscription(r)
	if err != nil {
		return err
	}
	return a.cancelView(w, r, http.StatusOK, sub, string(subscription.AtPeriodEnd), nil)
}

func (a *area) cancelView(w http.ResponseWriter, r *http.Request, status int, sub subscription.Subscription, at string, problem error) error {
	l, err := a.ledge(r.Context(), visitorOf(r).customer)
	if err != nil {
		return err
	}
	o := l.of(sub)
	if o.over() || o.standing.Status == subscription.Cancelled {
		return say(w, r, o.href(""), ui.Info, "This subscription is cancelled already.")
	}
	f, err := a.cancelForm(r.Context(), o, at)
	if err != nil {
		return err
	}
	if problem != nil {
		byField, whole, ok := explained(problem)
		if !ok {
			return problem
		}
		f = ui.WithErrors(f, byField, whole)
	}
	v := sheetView{Page: a.page(w, r, "Cancel", "subscriptions"), Head: ui.Head{Title: "Cancel " + sub.Description + "?", Sub: "You won't be charged for it again."}}
	v.Crumbs = []ui.Crumb{{Label: "Subscriptions", Href: "/account/subscriptions"}, {Label: ui.Clip(sub.Description, 60), Href: o.href("")}, {Label: "Cancel"}}
	v.Cards = []card{{Form: &f}}
	return a.sheet(w, status, v)
}

func (a *area) cancelForm(ctx context.Context, o outlook, at string) (ui.Form, error) {
	f := ui.Form{Action: o.href("/cancel"), Submit: "Cancel subscription", Kind: ui.Dangerous, Cancel: o.href(""), Back: true, Stacked: true}
	noun := "It"
	if o.sub.Kind == subscription.OfLicense && o.sub.LicenseID != "" {
		noun = "Your license"
	}
	var fields []ui.Field
	end := o.sub.PaidUntil()
	if o.today().Before(end) && o.standing.Status != subscription.PastDue {
		credit, err := a.Subscriptions.CancelCredit(ctx, o.sub.ID)
		if err != nil {
			return ui.Form{}, err
		}
		atOnce := noun + " ends now."
		if credit.Amount > 0 {
			atOnce += " For the time that is left, " + show(credit) + " become your credit, which pays what you buy next."
		} else {
			atOnce += " Nothing is paid back."
		}
		atEnd := noun + " works as before until then, and until then you can change your mind."
		if o.bill != nil {
			atEnd += " The open invoice is withdrawn."
		}
		fields = append(fields, ui.Field{
			Kind: ui.InputRadio, Name: "at", Label: "When is it to end?", Value: at, Required: true, Options: []ui.Option{
				{Value: string(subscription.AtPeriodEnd), Label: "After " + lastDay(end) + ", with what is paid", Hint: atEnd},
				{Value: string(subscription.AtOnce), Label: "At once", Hint: atOnce + " This can't be undone."},
			},
		})
	} else {
		f.Hidden = []ui.Hidden{{Name: "at", Value: string(subscription.AtOnce)}}
		text := noun + " ends now, and this can't be undone."
		if o.bill != nil {
			text += " The open invoice of " + show(o.bill.Balance()) + " is withdrawn."
		}
		f.Sections = append(f.Sections, ui.FormSection{Title: "It ends at once", Text: text})
	}
	fields = append(fields, ui.Field{Kind: ui.InputTextarea, Name: "reason", Label: "Why?", Optional: true, MaxLength: 1000, Rows: 3, Hint: "It helps us to do better."})
	f.Sections = append(f.Sections, ui.FormSection{Fields: fields})
	return f, nil
}

func (a *area) cancel(w http.ResponseWriter, r *http.Request) error {
	sub, err := a.ownSubscription(r)
	if err != nil {
		return err
	}
	at := r.PostFormValue("at")
	ended, err := a.Subscriptions.Cancel(r.Context(), sub.ID, subscription.CancelAt(at), r.PostFormValue("reason"))
	switch e := fail.Of(err); {
	case err != nil && e.Code == "SUBSCRIPTION_ENDED":
		return say(w, r, "/account/subscriptions/"+sub.ID, ui.Info, "This subscription is over already.")
	case err != nil:
		return a.cancelView(w, r, web.FormStatus(w, err), sub, at, err)
	case ended.Ended():
		return done(w, r, "/account/subscriptions/"+sub.ID, "The subscription has ended.")
	default:
		return done(w, r, "/account/subscriptions/"+sub.ID, "Cancelled. It runs until "+lastDay(ended.CancelOn)+".")
	}
}

// resume takes a cancellation back. What staff have paused is theirs to let go on.
func (a *area) resume(w http.ResponseWriter, r *http.Request) error {
	sub, err := a.ownSubscription(r)
	if err != nil {
		return err
	}
	back := "/account/subscriptions/" + sub.ID
	if !sub.PausedOn.IsZero() {
		return say(w, r, back, ui.Warn, "This subscription is paused. Write to us to have it go on.")
	}
	sub, err = a.Subscriptions.Resume(r.Context(), sub.ID)
	if err != nil {
		_, whole, ok := explained(err)
		if !ok {
			return err
		}
		return say(w, r, back, ui.Warn, whole)
	}
	return done(w, r, back, "It goes on. The next period begins on "+day(sub.NextDue)+".")
}
