package admin

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/billing/dunning"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/collection"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/web/ui"
)

// course is a subscription with all that says what will become of it by itself.
type course struct {
	subscription.Subscription
	settings setting.Settings
	now      time.Time
	today    civil.Date // in the store's zone
	// standing is what the rules make of it today.
	standing subscription.Standing
	method   *payment.Method   // that is charged without asking; nil: none
	open     []billing.Invoice // unpaid invoices that have a line of it
	// next is what the next renewal will ask for, as things stand, and credit what the customer can pay of it already.
	next, credit money.Money
	change       string // what it becomes at the next renewal; empty: it stays
}

// happening is something that comes by itself on a day.
type happening struct {
	on   civil.Date // zero: not on a day that is known
	what string
	sub  string
	tone ui.Tone
}

func (a *area) course(ctx context.Context, s subscription.Subscription) (course, error) {
	c := course{Subscription: s}
	st, err := a.Settings.Get(ctx)
	if err != nil {
		return c, err
	}
	c.settings = *st
	methods, err := a.Payments.Methods(ctx, s.CustomerID)
	if err != nil {
		return c, err
	}
	for i, m := range methods {
		if m.Default && a.chargesAlone(m.Gateway) {
			c.method = &methods[i]
		}
	}
	c.now = a.Clock.Now()
	c.today = civil.Of(c.now, st.TimeZone)
	c.standing = subscription.Assess(s, c.method != nil, subscription.Rules{
		Zone: st.TimeZone, InvoiceDays: st.InvoiceDays, InvoiceDaysOf: st.InvoiceDaysOf, GraceDays: st.GraceDays, ExpireDays: st.ExpireDays, ExpireLater: st.ExpireLater,
	}, c.now)
	if s.ChangePriceID != "" {
		if c.change, err = a.priceName(ctx, s.ChangePriceID, s.ChangeQuantity); err != nil {
			return c, err
		}
	}
	customer, err := a.Customers.ByID(ctx, s.CustomerID)
	if err != nil {
		return c, err
	}
	c.credit, c.next = customer.CreditIn(s.Unit.Currency), money.New(0, s.Unit.Currency)
	if s.PausedOn.IsZero() && (c.standing.Status == subscription.Trialing || c.standing.Status == subscription.Active) {
		if c.next, err = a.Subscriptions.NextBill(ctx, s); err != nil {
			return c, err
		}
	}
	seen := map[string]bool{}
	for _, p := range s.Periods {
		if p.State != subscription.PeriodOpen || seen[p.InvoiceID] {
			continue
		}
		seen[p.InvoiceID] = true
		i, err := a.Billing.ByID(ctx, p.InvoiceID)
		if err != nil {
			return c, err
		}
		c.open = append(c.open, i)
	}
	return c, nil
}

// chargesAlone reports whether a gateway charges saved methods without their owners.
func (a *area) chargesAlone(gateway string) bool {
	for _, g := range a.Payments.Gateways() {
		if g.Name == gateway {
			return g.Can.OffSession
		}
	}
	return false
}

// priceName says what a price sells, for how much.
func (a *area) priceName(ctx context.Context, id string, quantity int64) (string, error) {
	price, err := a.Catalog.Price(ctx, id)
	if err != nil {
		return "", err
	}
	plan, err := a.Catalog.Plan(ctx, price.PlanID)
	if err != nil {
		return "", err
	}
	return quantityText(plan.Name, max(1, quantity)) + ", " + price.Money.Format("en") + " " + cycleText(price.Cycle), nil
}

// periodText names a period by its first and its last day.
func periodText(p civil.Period) string {
	return dateText(p.Start) + " – " + dateText(p.End.AddDays(-1))
}

// ahead is what will happen by itself, in order.
func (c course) ahead() []happening {
	switch {
	case c.Ended():
		return nil
	case !c.PausedOn.IsZero():
		return []happening{{what: "Nothing, until it is resumed", sub: "It is paused: nothing is invoiced, charged or reminded of, and its license is held."}}
	case c.Status == subscription.Suspended:
		return []happening{{what: "Nothing, until the dispute is decided", sub: "If it is won, billing goes on. If it is lost, the license is revoked and the subscription ends."}}
	case c.TrialEndsAt != nil && c.now.Before(*c.TrialEndsAt):
		return c.trialAhead()
	case !c.CancelOn.IsZero():
		return []happening{{on: c.CancelOn, what: "It ends, and its license expires", sub: "It was cancelled. Until then it can be resumed.", tone: ui.Warn}}
	}
	out := c.unpaidAhead()
	if c.Status == subscription.Active {
		out = append(out, c.renewalAhead()...)
	}
	slices.SortStableFunc(out, func(a, b happening) int { return a.on.Compare(b.on) })
	return out
}

func (c course) trialAhead() []happening {
	end := civil.Of(*c.TrialEndsAt, c.settings.TimeZone)
	switch {
	case !c.CancelOn.IsZero():
		return []happening{{on: end, what: "The trial ends, and the subscription with it", sub: "It was cancelled. Until then it can be resumed.", tone: ui.Warn}}
	case c.method == nil && c.Unit.Amount > 0:
		return []happening{{on: end, what: "The trial ends, and the subscription with it", sub: "There is no saved payment method that could be charged. If the customer saves one before, it goes on.", tone: ui.Warn}}
	default:
		return []happening{{on: end, what: "The trial ends; the first period is invoiced" + c.charged(), sub: c.recurringText()}}
	}
}

// charged says how the first period after a trial is paid; the customer's credit comes first.
func (c course) charged() string {
	switch rest := c.charge(); {
	case rest.Amount == 0 && c.next.Amount > 0:
		return " and paid from the customer's credit"
	case c.method == nil || c.next.Amount == 0:
		return ""
	case rest != c.next:
		return "; " + rest.Format("en") + ", which credit does not cover, are charged to " + c.method.Label
	default:
		return " and charged to " + c.method.Label
	}
}

// charge is what the customer's credit leaves of the next invoice.
func (c course) charge() money.Money {
	return money.New(max(0, c.next.Amount-c.credit.Amount), c.next.Currency)
}

func (c course) recurringText() string {
	return c.Recurring().Format("en") + " " + cycleText(c.Cycle) + ", before discount and tax"
}

// unpaidAhead is how the money of the open invoices is collected, and what follows if it does not come.
func (c course) unpaidAhead() []happening {
	var out []happening
	for _, i := range c.open {
		if i.Status != billing.Open {
			continue
		}
		out = append(out, stepsAhead(c.settings, i, c.method, c.today)...)
	}
	if len(out) == 0 && len(c.open) == 0 {
		return nil
	}
	if until := c.standing.Term.GraceUntil; until != nil && until.After(c.now) && c.Status != subscription.PastDue {
		out = append(out, happening{
			on: civil.Of(*until, c.settings.TimeZone), what: "If it is still unpaid: past due", tone: ui.Warn,
			sub: "The license is held, and no further period is invoiced.",
		})
	}
	if ends := c.standing.Term.EndsAt; ends != nil && ends.After(c.now) {
		out = append(out, happening{
			on: civil.Of(*ends, c.settings.TimeZone), what: "If it is still unpaid: it ends for good", tone: ui.Danger,
			sub: "Its open invoices become uncollectible, and the license expires.",
		})
	}
	return out
}

// stepsAhead is what collecting the money of an open invoice still does. What is only done if something before has failed
// is told in one line, with its days.
func stepsAhead(st setting.Settings, i billing.Invoice, method *payment.Method, today civil.Date) []happening {
	if i.Step == "" {
		return nil
	}
	kind := dunning.Other
	switch i.Kind {
	case billing.KindRenewal:
		kind = dunning.Renewal
	case billing.KindChange:
		kind = dunning.Change
	case billing.KindOrder, billing.KindManual:
	}
	number := numberOf(i)
	var out []happening
	var retries, notices []civil.Date
	begun := false
	for _, step := range collection.ScheduleOf(st).Steps(kind, i.DueOn) {
		if begun = begun || step.Name == i.Step; !begun {
			continue
		}
		on := step.On
		if step.Name == i.Step {
			on = i.StepOn
		}
		if on.Before(today) {
			on = today
		}
		switch {
		case step.Action == dunning.Remind:
			out = append(out, happening{on: on, what: "The customer is reminded of " + number})
		case step.Action == dunning.Charge && method == nil:
			if step.Number == 0 {
				out = append(out, happening{on: on, what: number + " is due", sub: "There is no saved payment method that could be charged: the customer has to pay it."})
			}
		case step.Action == dunning.Charge && step.Number == 0:
			out = append(out, happening{on: on, what: i.Balance().Format("en") + " for " + number + " are charged to " + method.Label})
		case step.Action == dunning.Charge:
			retries = append(retries, on)
		case step.Action == dunning.Warn:
			notices = append(notices, on)
		case step.Action == dunning.Lapse:
			out = append(out, happening{on: on, what: "The offer lapses: " + number + " becomes void", tone: ui.Warn})
		}
	}
	if len(retries) > 0 {
		out = append(out, happening{on: retries[0], what: "While that fails: it is charged again", sub: "On " + daysText(retries) + "."})
	}
	if len(notices) > 0 {
		out = append(out, happening{on: notices[0], what: "While it is unpaid: the customer is told that it is overdue", sub: "On " + daysText(notices) + "."})
	}
	slices.SortStableFunc(out, func(a, b happening) int { return a.on.Compare(b.on) })
	return out
}

// daysText lists days as people do.
func daysText(days []civil.Date) string {
	text := ""
	for i, d := range days {
		switch {
		case i == 0:
		case i == len(days)-1:
			text += " and "
		default:
			text += ", "
		}
		text += d.StartIn(time.UTC).Format("2 Jan")
	}
	return text
}

// renewalAhead is the next invoice, and the period that it is for.
func (c course) renewalAhead() []happening {
	days, ok := c.settings.InvoiceDaysOf[string(c.Cycle)]
	if !ok {
		days = c.settings.InvoiceDays
	}
	made := c.NextDue.AddDays(-days)
	if made.Before(c.today) {
		made = c.today
	}
	sub := c.recurringText()
	if c.CreditDue.Amount > 0 {
		sub += ", less " + c.CreditDue.Format("en") + " for suspended time"
	}
	if c.change != "" {
		sub = "At the new price: " + c.change
	}
	out := []happening{{on: made, what: "The invoice for the period from " + dateText(c.NextDue) + " is made", sub: sub}}
	rest := c.charge()
	switch {
	case c.next.Amount == 0:
		out[0].sub = "Nothing of it is to be paid."
	case rest.Amount == 0:
		out = append(out, happening{on: made, what: "It is paid from the customer's credit", sub: c.next.Format("en") + " of " + c.credit.Format("en") + "."})
	case c.credit.Amount > 0:
		out = append(out, happening{on: made, what: c.credit.Format("en") + " of it are paid from the customer's credit"})
	}
	for _, step := range collection.ScheduleOf(c.settings).Steps(dunning.Renewal, c.NextDue) {
		if step.Action != dunning.Charge || step.Number > 0 || c.method == nil || rest.Amount == 0 {
			continue
		}
		on := step.On
		if on.Before(made) {
			on = made
		}
		what := "It is charged to "
		if rest != c.next {
			what = "The remaining " + rest.Format("en") + " are charged to "
		}
		out = append(out, happening{on: on, what: what + c.method.Label})
	}
	begins := happening{on: c.NextDue, what: "The next period begins"}
	if c.change != "" {
		begins.sub = "It becomes " + c.change + "."
	}
	return append(out, begins)
}

// aheadCard shows what will happen.
func (c course) aheadCard() card {
	t := happeningTable(c.ahead(), c.today)
	t.Empty = &ui.Empty{Art: "done", Title: "Nothing more", Text: "It is over. A new order begins another."}
	if all := c.ahead(); len(all) == 1 && all[0].on.IsZero() {
		t.Rows, t.Empty = nil, &ui.Empty{Art: "list", Title: all[0].what, Text: all[0].sub}
	}
	return card{Head: ui.CardHead{Title: "What happens next", Text: "By itself, if nobody does anything meanwhile."}, Table: t}
}

func happeningTable(all []happening, today civil.Date) *ui.Table {
	t := &ui.Table{ID: "ahead", Flush: true, Caption: "What happens next", Columns: []ui.Column{{Label: "When"}, {Label: "What", Hidden: true}}}
	for _, h := range all {
		when := ui.Text(dateText(h.on)).With(inDays(today.DaysUntil(h.on)))
		t.Rows = append(t.Rows, ui.Row{Tone: h.tone, Cells: []ui.Cell{when, ui.Text(h.what).With(h.sub)}})
	}
	return t
}

func inDays(n int) string {
	switch {
	case n == 0:
		return "today"
	case n == 1:
		return "tomorrow"
	case n < 0:
		return strings.TrimSpace(many(-n, "day", "days") + " ago")
	default:
		return "in " + many(n, "day", "days")
	}
}
