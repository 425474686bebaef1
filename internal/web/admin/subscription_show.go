package admin

import (
	"context"
	"net/http"
	"slices"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/subscription"
	"github.com/keystead/keystead/internal/web/ui"
)

func (a *area) subscriptionShow(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	s, err := a.Subscriptions.ByID(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	c, err := a.course(ctx, s)
	if err != nil {
		return err
	}
	customer, err := a.Customers.ByID(ctx, s.CustomerID)
	if err != nil {
		return err
	}
	invoices, err := a.invoicesOf(ctx, s)
	if err != nil {
		return err
	}
	role := visitorOf(r).staff.Role
	mayWrite := role.Can(staff.SalesWrite)
	v := sheetView{Page: a.page(r, s.Description, "subscriptions"), Lead: true}
	v.Crumbs = []ui.Crumb{{Label: "Subscriptions", Href: "/admin/subscriptions"}, {Label: s.Description}}
	v.Head = ui.Head{Title: quantityText(s.Description, s.Quantity), Sub: customer.Name, Badges: []ui.Badge{ui.StatusBadge(string(s.Status))}}
	if mayWrite {
		v.Head.Actions = subscriptionActions(s)
	}
	v.Callouts = c.callouts(invoices, mayWrite)
	facts, err := a.subscriptionFacts(ctx, v.Page, c)
	if err != nil {
		return err
	}
	facts.Items = slices.Insert(facts.Items, 0, ui.Detail{Label: "Customer", Value: ui.Person(customer.Name, customer.Email).To("/admin/customers/" + customer.ID)})
	story, err := a.story(r, v.Page, event.Filter{SubjectID: s.ID, Limit: 30})
	if err != nil {
		return err
	}
	v.Left = []card{{Head: ui.CardHead{Title: "Facts"}, Details: facts}}
	t := invoiceTable(v.Page, invoices, false)
	t.Flush, t.Empty = true, &ui.Empty{Art: "invoice", Title: "No invoices"}
	v.Right = []card{c.aheadCard(), c.periodCard(mayWrite), {Head: ui.CardHead{Title: "Invoices"}, Table: &t}, {Head: ui.CardHead{Title: "Story"}, Timeline: story}}
	if s.LicenseID != "" && role.Can(staff.LicensesRead) {
		l, err := a.licenseCardOf(r, v.Page, s)
		if err != nil {
			return err
		}
		v.Right = slices.Insert(v.Right, 2, l)
	}
	return a.sheet(w, v)
}

// invoicesShown is among how many of a customer's invoices those of a subscription are looked for.
const invoicesShown = 200

// invoicesOf are the latest invoices that have a line of a subscription.
func (a *area) invoicesOf(ctx context.Context, s subscription.Subscription) ([]billing.Invoice, error) {
	all, _, err := a.Billing.List(ctx, billing.Filter{CustomerID: s.CustomerID, Limit: invoicesShown})
	if err != nil {
		return nil, err
	}
	var out []billing.Invoice
	for _, i := range all {
		if slices.ContainsFunc(i.Lines, func(l billing.InvoiceLine) bool {
			return l.SubscriptionID == s.ID || l.Link != nil && l.Link.Target == s.ID || l.OrderItemID == s.OrderItemID
		}) {
			out = append(out, i)
		}
	}
	return out, nil
}

func subscriptionActions(s subscription.Subscription) []ui.Button {
	base := "/admin/subscriptions/" + s.ID
	change := ui.Button{Label: "Change plan", Href: base + "/change", Icon: "edit"}
	cancel := ui.Button{Label: "Cancel", Href: base + "/cancel", Kind: ui.Dangerous}
	pause := ui.Button{Label: "Pause", Href: base + "/pause", Icon: "pause"}
	resume := ui.Button{Label: "Resume", Href: base + "/resume", Icon: "play", Kind: ui.Primary}
	switch {
	case s.Ended():
		return nil
	case !s.PausedOn.IsZero():
		return []ui.Button{resume, cancel}
	case !s.CancelOn.IsZero():
		cancel.Label, cancel.Kind = "End at once", ui.Plain
		return []ui.Button{resume, cancel}
	case s.Status == subscription.Active, s.Status == subscription.Trialing:
		return []ui.Button{change, pause, cancel}
	case s.Status == subscription.PastDue:
		return []ui.Button{pause, cancel}
	default:
		return []ui.Button{cancel}
	}
}

// endWords say why a subscription is over.
var endWords = map[subscription.EndReason]string{
	subscription.EndedCancelled: "It was cancelled", subscription.EndedUnpaid: "It was not paid", subscription.EndedRefunded: "It was refunded in full",
	subscription.EndedDisputeLost: "A dispute was lost", subscription.EndedByStaff: "Staff have ended it",
}

func (c course) callouts(invoices []billing.Invoice, mayWrite bool) []ui.Callout {
	var out []ui.Callout
	for _, p := range c.Periods {
		if p.State == subscription.PeriodRemoved && !c.Ended() {
			call := ui.Callout{Tone: ui.Warn, Title: "What becomes of " + periodText(p.Period) + "?", Text: "Its line was taken off the invoice, or paying it does nothing any more. Until somebody decides, nothing is asked for this period, and what is paid ends before it."}
			if mayWrite {
				call.Actions = []ui.Button{{Label: "Decide", Href: "/admin/subscriptions/" + c.ID + "/periods/" + p.Start.String() + "/decide", Kind: ui.Primary}}
			}
			out = append(out, call)
		}
	}
	switch {
	case c.Ended():
		out = append(out, ui.Callout{Tone: ui.Info, Title: "Over since " + dateText(c.EndedOn), Text: endWords[c.EndReason] + "."})
	case c.Status == subscription.PastDue:
		call := ui.Callout{Tone: ui.Danger, Title: "Past due", Text: "The license is held until what is overdue has been paid."}
		for _, i := range c.open {
			call.Actions = append(call.Actions, ui.Button{Label: "Open " + numberOf(i), Href: "/admin/invoices/" + i.ID})
		}
		out = append(out, call)
	case c.Status == subscription.Suspended && c.PausedOn.IsZero():
		out = append(out, ui.Callout{Tone: ui.Warn, Title: "A payment is disputed", Text: "It is neither invoiced, charged nor reminded of. What ends meanwhile follows when the dispute is decided."})
	case !c.CancelOn.IsZero():
		out = append(out, ui.Callout{Tone: ui.Warn, Title: "Cancelled: it ends on " + dateText(c.CancelOn), Text: "It runs to the end of what is paid."})
	}
	for _, i := range invoices {
		if i.Kind == billing.KindChange && i.Status == billing.Open {
			out = append(out, ui.Callout{
				Tone: ui.Info, Title: "A change waits for its payment", Text: i.Balance().Format("en") + " are to be paid before it takes effect. The offer lapses if nobody pays.",
				Actions: []ui.Button{{Label: "Open " + numberOf(i), Href: "/admin/invoices/" + i.ID}},
			})
		}
	}
	return out
}

// numberOf is how people call an invoice.
func numberOf(i billing.Invoice) string {
	switch {
	case i.Number != "":
		return i.Number
	case i.Status == billing.Draft:
		return "Draft"
	default:
		return "Proforma"
	}
}

func (a *area) subscriptionFacts(ctx context.Context, p ui.Page, c course) (*ui.Details, error) {
	plan, err := a.Catalog.Plan(ctx, c.PlanID)
	if err != nil {
		return nil, err
	}
	product, err := a.Catalog.Product(ctx, c.ProductID)
	if err != nil {
		return nil, err
	}
	d := &ui.Details{Items: []ui.Detail{
		{Label: "Product", Value: ui.Text(product.Name).To("/admin/products/" + product.ID)},
		{Label: "Plan", Value: ui.Text(plan.Name)},
		{Label: "Recurring", Value: ui.Text(c.Recurring().Format("en")).With(cycleText(c.Cycle)).Bold(), Hint: "Before discount and tax. The price of the day of the purchase, until somebody changes it."},
	}}
	add := func(label string, value ui.Cell, hint string) {
		d.Items = append(d.Items, ui.Detail{Label: label, Value: value, Hint: hint})
	}
	if c.Quantity > 1 {
		add("Quantity", ui.Count(int(c.Quantity)), c.Unit.Format("en")+" each")
	}
	if c.change != "" {
		add("At the renewal", ui.Text(c.change), "On "+dateText(c.NextDue))
	}
	if !c.Ended() {
		add("Next due", ui.Text(dateText(c.NextDue)), "")
		add("Paid until", ui.Text(dateText(c.PaidUntil().AddDays(-1))), "")
	}
	add("Started", ui.Text(dateText(c.StartedOn)), "")
	if c.TrialEndsAt != nil {
		add("Trial ends", ui.HTML(p.At(*c.TrialEndsAt)), "")
	}
	if c.method != nil {
		add("Charged to", ui.Text(c.method.Label), "")
	} else {
		add("Paid by", ui.Text(statusText(c.Gateway)), "No saved payment method can be charged")
	}
	if c.CouponID != "" {
		left := "For all further charges"
		if c.CouponCharges != nil {
			left = "For " + many(int(*c.CouponCharges), "further charge", "further charges")
		}
		add("Coupon", ui.Mono(c.CouponID), left)
	}
	if c.CreditDue.Amount > 0 {
		add("Credit due", ui.Text(c.CreditDue.Format("en")), "For suspended time; taken off the next invoice")
	}
	if !c.SuspendedOn.IsZero() {
		add("Held since", ui.Text(dateText(c.SuspendedOn)), "")
	}
	add("Id", ui.Mono(c.ID).Copyable(), "")
	return d, nil
}

// periodTones are the colours of the states of periods on the line of time.
var periodTones = map[subscription.PeriodState]ui.Tone{
	subscription.PeriodPaid: ui.Success, subscription.PeriodGiven: ui.Info, subscription.PeriodOpen: ui.Warn, subscription.PeriodRemoved: ui.Neutral,
	subscription.PeriodLapsed: ui.Danger, subscription.PeriodDisputed: ui.Danger,
}

// periodsShown is how many periods are drawn and listed, the latest ones.
const periodsShown = 12

func (c course) periodCard(mayWrite bool) card {
	periods := c.Periods[max(0, len(c.Periods)-periodsShown):]
	out := card{Head: ui.CardHead{Title: "Periods", Count: len(c.Periods)}}
	if len(periods) < len(c.Periods) {
		out.Head.Text = "The latest " + ui.Number(len(periods)) + "."
	}
	spans := make([]ui.Span, len(periods))
	t := &ui.Table{ID: "periods", Flush: true, Caption: "Periods", Columns: []ui.Column{{Label: "Period"}, {Label: "State"}, {Label: "Amount", End: true}, {Label: "Invoice"}}}
	waits := false
	for i, p := range periods {
		spans[i] = ui.Span{Period: p.Period, Name: statusText(string(p.State)), Tone: periodTones[p.State]}
		waits = waits || p.State == subscription.PeriodRemoved
	}
	waits = waits && mayWrite && !c.Ended()
	if waits {
		t.Columns = append(t.Columns, ui.Column{Label: "Decide", Hidden: true})
	}
	for _, p := range slices.Backward(periods) {
		invoice := ui.Cell{}
		if p.InvoiceID != "" {
			invoice = ui.Text("Open").To("/admin/invoices/" + p.InvoiceID)
			if p.State != subscription.PeriodOpen {
				invoice.Text = "Show"
			}
		}
		row := ui.Row{Cells: []ui.Cell{ui.Text(periodText(p.Period)), {Badge: &ui.Badge{Text: statusText(string(p.State)), Tone: periodTones[p.State]}}, ui.Text(p.Amount.Format("en")), invoice}}
		if waits {
			act := ui.Cell{}
			if p.State == subscription.PeriodRemoved {
				act = ui.Act(ui.Button{Label: "Decide", Href: "/admin/subscriptions/" + c.ID + "/periods/" + p.Start.String() + "/decide"})
			}
			row.Cells = append(row.Cells, act)
		}
		t.Rows = append(t.Rows, row)
	}
	out.Chart, out.Table = ui.Spans("Periods of the subscription", spans, c.marks()), t
	return out
}

// marks are the days that matter on the line of time.
func (c course) marks() []ui.Mark {
	marks := []ui.Mark{{On: c.today, Name: "Today", Tone: ui.Neutral}}
	add := func(on civil.Date, name string, tone ui.Tone) {
		if !on.IsZero() {
			marks = append(marks, ui.Mark{On: on, Name: name, Tone: tone})
		}
	}
	switch {
	case c.Ended():
		add(c.EndedOn, "Ended", ui.Danger)
		return marks
	case !c.CancelOn.IsZero():
		add(c.CancelOn, "Ends", ui.Danger)
		return marks
	case c.Status == subscription.Suspended:
		return marks
	}
	add(c.NextDue, "Next due", ui.Info)
	if len(c.open) == 0 || c.Status == subscription.Trialing {
		return marks
	}
	if until := c.standing.Term.GraceUntil; until != nil {
		add(civil.Of(*until, c.settings.TimeZone), "Grace ends", ui.Warn)
	}
	if ends := c.standing.Term.EndsAt; ends != nil {
		add(civil.Of(*ends, c.settings.TimeZone), "Last date", ui.Danger)
	}
	return marks
}

func (a *area) licenseCardOf(r *http.Request, p ui.Page, s subscription.Subscription) (card, error) {
	l, err := a.Licenses.ByID(r.Context(), s.LicenseID)
	if err != nil {
		return card{}, err
	}
	expires := ui.Text("Never")
	if l.ExpiresAt != nil {
		expires = ui.HTML(p.At(*l.ExpiresAt))
	}
	c := card{Head: ui.CardHead{Title: "License"}, Details: &ui.Details{Wide: true, Items: []ui.Detail{
		{Label: "Key", Value: ui.Mono(shortKey(l.Key)).To("/admin/licenses/" + l.ID)},
		{Label: "Status", Value: ui.Status(string(l.Status))},
		{Label: "Expires", Value: expires},
		{Label: "Activations", Value: ui.Used(int(l.ActivationsUsed), int(l.ActivationLimit))},
	}}}
	if s.Kind == subscription.OfAddon {
		c.Head.Text = "The subscription adds to it; it is paid for elsewhere."
	}
	return c, nil
}
