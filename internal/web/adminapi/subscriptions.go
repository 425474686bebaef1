package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/subscription"
)

// Subscription is a subscription as the API shows it, alone and in lists.
type Subscription struct {
	ID                string               `json:"id" example:"sub_01hx2b6yh4m3nq0r8s5t"`
	Status            string               `json:"status" enum:"trialing,active,past_due,suspended,cancelled,expired" doc:"cancelled runs to the end of what is paid"`
	Kind              string               `json:"kind" enum:"license,addon" doc:"addon: it adds to a license that is paid for elsewhere"`
	CustomerID        string               `json:"customer_id" example:"cus_01hx2b6yh4m3nq0r8s5t"`
	LicenseID         *string              `json:"license_id" example:"lic_01hx2b6yh4m3nq0r8s5t" doc:"That it pays for, or adds to"`
	ProductID         string               `json:"product_id" example:"prd_01hx2b6yh4m3nq0r8s5t"`
	PlanID            string               `json:"plan_id" example:"pln_01hx2b6yh4m3nq0r8s5t"`
	PriceID           string               `json:"price_id" example:"prc_01hx2b6yh4m3nq0r8s5t"`
	Description       string               `json:"description" example:"Tool – Pro"`
	Quantity          int64                `json:"quantity" example:"1"`
	Cycle             string               `json:"cycle" enum:"monthly,quarterly,semi_annual,annual,biennial,triennial"`
	UnitAmount        Money                `json:"unit_amount" doc:"Of one, for a whole period: the price of the day of purchase, until somebody changes it"`
	Recurring         Money                `json:"recurring" doc:"For a whole period, before discount and tax"`
	Period            *Period              `json:"period" doc:"The one that contains today, else the last; half-open: the end belongs to the next"`
	NextDue           *string              `json:"next_due" example:"2027-04-20" doc:"A date: where the next period begins; null once it is over"`
	CancelAtPeriodEnd bool                 `json:"cancel_at_period_end"`
	CancelOn          *string              `json:"cancel_on" doc:"A date: when the cancellation takes effect"`
	PausedOn          *string              `json:"paused_on" doc:"A date: since when staff have stopped it"`
	SuspendedOn       *string              `json:"suspended_on" doc:"A date: since when its license is held for want of payment"`
	PlannedChange     *PlannedChange       `json:"planned_change" doc:"What it becomes at the next renewal"`
	TrialEndsAt       *time.Time           `json:"trial_ends_at"`
	StartedOn         string               `json:"started_on" example:"2027-03-20" doc:"A date"`
	EndedOn           *string              `json:"ended_on" doc:"A date"`
	EndReason         *string              `json:"end_reason" enum:"cancelled,unpaid,refunded,dispute_lost,staff"`
	Gateway           string               `json:"gateway" example:"manual" doc:"Through which it was ordered"`
	Periods           []SubscriptionPeriod `json:"periods" doc:"Oldest first; they tile time"`
	CreatedAt         time.Time            `json:"created_at"`
}

// PlannedChange is what a subscription becomes at its next renewal.
type PlannedChange struct {
	PriceID  string `json:"price_id" example:"prc_01hx2b6yh4m3nq0r8s5t"`
	Quantity int64  `json:"quantity" example:"1"`
}

// SubscriptionPeriod is a period of a subscription and what became of it.
type SubscriptionPeriod struct {
	Start     string  `json:"start" example:"2027-03-20" doc:"A date"`
	End       string  `json:"end" example:"2027-04-20" doc:"A date; it belongs to the next period"`
	State     string  `json:"state" enum:"open,paid,given,removed,lapsed,disputed" doc:"open: invoiced and not paid. given: nothing is asked for it. removed: its line was taken back, and a person decides. lapsed: it ended unpaid"`
	DueOn     *string `json:"due_on" example:"2027-03-20" doc:"A date"`
	PriceID   string  `json:"price_id" example:"prc_01hx2b6yh4m3nq0r8s5t"`
	Amount    Money   `json:"amount" doc:"Before discount and tax"`
	InvoiceID *string `json:"invoice_id" example:"inv_01hx2b6yh4m3nq0r8s5t"`
	LineID    *string `json:"line_id" example:"lin_01hx2b6yh4m3nq0r8s5t"`
}

// showSubscription shows a subscription on a day of the store.
func showSubscription(s subscription.Subscription, today civil.Date) Subscription {
	shown := Subscription{
		ID: s.ID, Status: string(s.Status), Kind: string(s.Kind), CustomerID: s.CustomerID, LicenseID: orNull(s.LicenseID),
		ProductID: s.ProductID, PlanID: s.PlanID, PriceID: s.PriceID, Description: s.Description, Quantity: s.Quantity,
		Cycle: string(s.Cycle), UnitAmount: moneyOf(s.Unit), Recurring: moneyOf(s.Recurring()), Period: showPeriod(s.Current(today)),
		CancelAtPeriodEnd: !s.CancelOn.IsZero() && !s.Ended(), CancelOn: showDate(s.CancelOn), PausedOn: showDate(s.PausedOn),
		SuspendedOn: showDate(s.SuspendedOn), TrialEndsAt: utc(s.TrialEndsAt), StartedOn: s.StartedOn.String(), EndedOn: showDate(s.EndedOn),
		EndReason: orNull(string(s.EndReason)), Gateway: s.Gateway, Periods: []SubscriptionPeriod{}, CreatedAt: s.CreatedAt.UTC(),
	}
	if !s.Ended() {
		shown.NextDue = showDate(s.NextDue)
	}
	if s.ChangePriceID != "" {
		shown.PlannedChange = &PlannedChange{PriceID: s.ChangePriceID, Quantity: s.ChangeQuantity}
	}
	for _, p := range s.Periods {
		shown.Periods = append(shown.Periods, SubscriptionPeriod{
			Start: p.Start.String(), End: p.End.String(), State: string(p.State), DueOn: showDate(p.DueOn), PriceID: p.PriceID,
			Amount: moneyOf(p.Amount), InvoiceID: orNull(p.InvoiceID), LineID: orNull(p.LineID),
		})
	}
	return shown
}

// today is the day in the store's zone.
func (a *API) today(ctx context.Context) (civil.Date, error) {
	s, err := a.Settings.Get(ctx)
	if err != nil {
		return civil.Date{}, err
	}
	return civil.Of(a.Clock.Now(), s.TimeZone), nil
}

// subscription shows what a verb has answered.
func (a *API) subscription(ctx context.Context, s subscription.Subscription, err error) (Subscription, error) {
	if err != nil {
		return Subscription{}, err
	}
	day, err := a.today(ctx)
	return showSubscription(s, day), err
}

type listSubscriptionsInput struct {
	Paging
	CustomerID string `query:"customer_id" maxLength:"64"`
	ProductID  string `query:"product_id" maxLength:"64"`
	PlanID     string `query:"plan_id" maxLength:"64"`
	LicenseID  string `query:"license_id" maxLength:"64"`
	Status     string `query:"status" enum:"trialing,active,past_due,suspended,cancelled,expired"`
}

// Cancellation is the body of POST /subscriptions/{id}/cancel.
type Cancellation struct {
	At     string `json:"at,omitempty" enum:"period_end,now" doc:"Default: period_end. Cancelled now, the unused part becomes account credit"`
	Reason string `json:"reason,omitempty" maxLength:"10000" doc:"For the history" example:"asked for by phone"`
}

// PeriodDecision is the body of POST /subscriptions/{id}/periods/{start}/decide.
type PeriodDecision struct {
	Decision string `json:"decision" enum:"invoice_again,mark_paid,end"`
	Reason   string `json:"reason" maxLength:"10000" doc:"For the history" example:"paid in cash"`
}

const codeNoSubscription, codeSubscriptionEnded = "SUBSCRIPTION_NOT_FOUND", "SUBSCRIPTION_ENDED"

func (a *API) subscriptions() {
	const tag = "Subscriptions"
	add(a, route{Method: http.MethodGet, Path: "/subscriptions", Scope: "sales:read", Tag: tag, Summary: "List subscriptions", Notes: "Newest first."},
		a.listSubscriptions)
	add(a, route{Method: http.MethodGet, Path: "/subscriptions/{id}", Scope: "sales:read", Tag: tag, Summary: "Show a subscription", Codes: []string{codeNoSubscription}},
		func(ctx context.Context, in *ByID) (Subscription, error) {
			s, err := a.Subscriptions.ByID(ctx, in.ID)
			return a.subscription(ctx, s, err)
		})
	add(a, route{
		Method: http.MethodPost, Path: "/subscriptions/{id}/cancel", Scope: "sales:write", Tag: tag, Summary: "Cancel a subscription",
		Notes: "At the end of what is paid, or now. The line of a renewal that is not paid yet is taken back; a payment under way for it is waited for, and what it brings is credit.",
		Codes: []string{codeNoSubscription, codeSubscriptionEnded, codeInProgress},
	}, func(ctx context.Context, in *struct {
		ByID
		Body *Cancellation
	},
	) (Subscription, error) {
		c := Cancellation{At: string(subscription.AtPeriodEnd)}
		if in.Body != nil {
			c.Reason = in.Body.Reason
			if in.Body.At != "" {
				c.At = in.Body.At
			}
		}
		s, err := a.Subscriptions.Cancel(ctx, in.ID, subscription.CancelAt(c.At), c.Reason)
		return a.subscription(ctx, s, err)
	})
	add(a, route{
		Method: http.MethodPost, Path: "/subscriptions/{id}/resume", Scope: "sales:write", Tag: tag, Summary: "Take a cancellation back, or end a pause",
		Notes: "A cancellation, until it has taken effect. If the day of the next invoice has passed, it is made.",
		Codes: []string{codeNoSubscription, codeSubscriptionEnded, "NOT_CANCELLED"},
	}, func(ctx context.Context, in *ByID) (Subscription, error) {
		s, err := a.Subscriptions.Resume(ctx, in.ID)
		return a.subscription(ctx, s, err)
	})
	add(a, route{
		Method: http.MethodPost, Path: "/subscriptions/{id}/pause", Scope: "sales:write", Tag: tag, Summary: "Pause a subscription",
		Notes: "Until it is resumed, nothing is invoiced or charged, and its license is held. Pausing again does nothing.",
		Codes: []string{codeNoSubscription, codeSubscriptionEnded, codeInProgress},
	}, func(ctx context.Context, in *reasonInput) (Subscription, error) {
		s, err := a.Subscriptions.Pause(ctx, in.ID, in.reason())
		return a.subscription(ctx, s, err)
	})
	add(a, route{
		Method: http.MethodPost, Path: "/subscriptions/{id}/periods/{start}/decide", Scope: "sales:write", Tag: tag, Summary: "Decide what becomes of a period whose line was taken back",
		Notes: "It is invoiced again, counts as paid, or the subscription ends.",
		Codes: []string{codeNoSubscription, codeNoPeriod, codeSubscriptionEnded, "PERIOD_NOT_LAST"},
	}, a.decidePeriod)
	add(a, route{
		Method: http.MethodPost, Path: "/subscriptions/{id}/change", Scope: "sales:write", Tag: tag, Summary: "Change price, plan, cycle or quantity", Repeat: after, Long: true,
		Notes: "Now: the unused part of what is paid is taken off what the same time costs at the new price. What is left to pay is charged to the customer's default method, and the change takes effect when it is paid; what costs less takes effect at once, with account credit. At the renewal: nothing is paid before. A preview says the same to the cent and changes nothing.",
		Codes: []string{codeNoSubscription, codeSubscriptionEnded, "SUBSCRIPTION_STATE", "INVOICE_OVERDUE", "NOTHING_PAID", codeInProgress},
	}, a.changeSubscription)
}

const codeNoPeriod = "PERIOD_NOT_FOUND"

func (a *API) listSubscriptions(ctx context.Context, in *listSubscriptionsInput) (List[Subscription], error) {
	found, next, err := a.Subscriptions.List(ctx, subscription.Filter{
		CustomerID: in.CustomerID, ProductID: in.ProductID, PlanID: in.PlanID, LicenseID: in.LicenseID, Status: subscription.Status(in.Status),
		Cursor: in.Cursor, Limit: in.Limit,
	})
	if err != nil {
		return List[Subscription]{}, err
	}
	day, err := a.today(ctx)
	return listOf(found, next, func(s subscription.Subscription) Subscription { return showSubscription(s, day) }), err
}

type decidePeriodInput struct {
	ByID
	Start string `path:"start" maxLength:"64" doc:"A date: where the period begins"`
	Body  PeriodDecision
}

func (a *API) decidePeriod(ctx context.Context, in *decidePeriodInput) (Subscription, error) {
	start, err := civil.Parse(in.Start)
	if err != nil {
		return Subscription{}, errNoPeriod
	}
	s, err := a.Subscriptions.Decide(ctx, in.ID, start, subscription.Decision(in.Body.Decision), in.Body.Reason)
	return a.subscription(ctx, s, err)
}
