package admin

import (
	"context"
	"net/http"
	"slices"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/dispatch"
	"github.com/keystead/keystead/internal/domainname/reminder"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/domainname/watch"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

// holding is a domain with all that its page tells of it.
type holding struct {
	domainname.Row

	today    civil.Date // as registries count
	policy   *domainname.Policy
	offer    domainname.Offer // to the customer
	outlook  renewal.Outlook
	prices   domainname.List // of renewals, for the customer
	costs    domainname.List // the same, for the store
	renewals []domainname.Renewal
	commands []dispatch.Command
	findings []watch.Finding
	invoices []billing.Invoice
	notices  []reminder.Notice
	can      registrar.Capabilities // of the adapter; none where there is no registrar
	arrival  dispatch.Arrival       // of a registration or a transfer that is not confirmed
}

// shownOfDomain is how many lines of each history the page of a domain shows, the latest ones.
const shownOfDomain = 20

// standing reads a domain with what its acts ask about.
func (a *area) standing(ctx context.Context, id string) (h holding, err error) {
	h.today = a.registryToday()
	if h.Row, err = a.Domains.ByID(ctx, id); err != nil {
		return h, err
	}
	if h.RegistrarID != "" {
		adapter, err := a.Registrars.Open(ctx, h.RegistrarID)
		if err != nil && fail.Of(err).Kind == fail.KindInternal {
			return h, err
		}
		if err == nil { // one that can't be opened can do nothing, which its own page explains
			h.can = adapter.Capabilities()
		}
	}
	h.findings, err = a.Watch.Findings(ctx, "", id, 5)
	return h, err
}

// holding reads all that the page of a domain shows.
func (a *area) holding(ctx context.Context, id string) (holding, error) {
	h, err := a.standing(ctx, id)
	if err != nil {
		return h, err
	}
	policies, err := a.Domains.Policies(ctx, h.Extension)
	if err != nil {
		return h, err
	}
	if p, ok := policies.At(h.Extension, h.today); ok {
		h.policy = &p
	}
	if _, h.offer, err = a.Renewals.Offer(ctx, id, domainname.ByCustomer); err != nil {
		return h, err
	}
	if h.outlook, err = a.Renewals.Outlook(ctx, id); err != nil {
		return h, err
	}
	if err := a.pricesOf(ctx, &h); err != nil {
		return h, err
	}
	if h.renewals, err = a.Domains.Renewals(ctx, id, shownOfDomain); err != nil {
		return h, err
	}
	if h.commands, err = a.Dispatch.Commands(ctx, id, shownOfDomain); err != nil {
		return h, err
	}
	if h.arrival, err = a.Dispatch.Arrival(ctx, id); err != nil {
		return h, err
	}
	if h.notices, _, err = a.Reminders.Notices(ctx, reminder.Filter{DomainID: id, Limit: shownOfDomain}); err != nil {
		return h, err
	}
	h.invoices, err = a.invoicesOfDomain(ctx, h)
	return h, err
}

// pricesOf reads what renewals of a domain cost the customer, and the store.
func (a *area) pricesOf(ctx context.Context, h *holding) error {
	c, err := a.Customers.ByID(ctx, h.CustomerID)
	if err != nil {
		return err
	}
	st, err := a.Settings.Get(ctx)
	if err != nil {
		return err
	}
	all, err := a.Domains.Prices(ctx, h.Extension)
	if err != nil {
		return err
	}
	day := civil.Of(a.Clock.Now(), st.TimeZone)
	h.prices = all.List(h.Extension, domainname.ForRenewal, h.Recurring.Currency, c.Group, day)
	if h.Premium != nil { // its registry asks for it what it has quoted, not what other names of the extension cost
		h.costs = h.Premium.Renew
		return nil
	}
	h.costs, err = a.Domains.RenewalCosts(ctx, h.Domain, day)
	return err
}

// invoicesOfDomain are the latest invoices that have, or had, a line for a domain.
func (a *area) invoicesOfDomain(ctx context.Context, h holding) ([]billing.Invoice, error) {
	all, _, err := a.Billing.List(ctx, billing.Filter{CustomerID: h.CustomerID, Limit: invoicesShown})
	if err != nil {
		return nil, err
	}
	named := map[string]bool{}
	for _, n := range h.renewals {
		named[n.InvoiceID], named[n.FeeInvoiceID] = true, true
	}
	var out []billing.Invoice
	for _, i := range all {
		line := func(l billing.InvoiceLine) bool { return l.Link != nil && l.Link.Target == h.ID }
		if named[i.ID] || h.OrderID != "" && i.OrderID == h.OrderID || slices.ContainsFunc(i.Lines, line) {
			out = append(out, i)
		}
	}
	return out, nil
}

func (a *area) domainShow(w http.ResponseWriter, r *http.Request) error {
	h, err := a.holding(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	name := h.Name.Unicode()
	v := sheetView{Page: a.page(r, name, "domains")}
	v.Crumbs = []ui.Crumb{{Label: "Domains", Href: domainsAt}, {Label: name}}
	v.Head = ui.Head{Title: name, Sub: h.CustomerName, Badges: standingBadges(h.Standing)}
	if name != h.Name.String() {
		v.Head.Meta = []ui.Cell{ui.Mono(h.Name.String()).Copyable()}
	}
	mayWrite := visitorOf(r).staff.Role.Can(staff.DomainsWrite)
	if mayWrite {
		v.Head.Actions, v.Head.More = h.actions()
	}
	v.Callouts = h.callouts(mayWrite)
	story, err := a.story(r, v.Page, event.Filter{SubjectID: h.ID, Limit: 30})
	if err != nil {
		return err
	}
	t := invoiceTable(v.Page, h.invoices, false)
	t.ID, t.Flush, t.Empty = "invoices", true, nil
	v.Left = []card{h.datesCard(), h.outlookCard(), h.offerCard(mayWrite && h.Standing.Status.Live())}
	v.Right = []card{h.factsCard(v.Page, mayWrite), h.registryCard(v.Page), h.contactCard(mayWrite)}
	v.Full = slices.Concat([]card{
		h.ledgerCard(v.Page, mayWrite), h.commandCard(),
		{Head: ui.CardHead{Title: "Invoices", Text: "Every one that had a line for it."}, Table: &t},
		h.noticeCard(v.Page),
	}, h.findingCards(v.Page), []card{{Head: ui.CardHead{Title: "Story"}, Timeline: story}})
	return a.sheet(w, v)
}

func (h holding) actions() ([]ui.Button, *ui.Menu) {
	base := domainsAt + "/" + h.ID
	var out []ui.Button
	here := h.Status().Live() && h.Status() != domainname.Expired // what is not here yet, or not any more, has nothing to be changed
	if h.Status().Live() && !h.deleting() && !(h.DeletedAt != nil && h.Status() == domainname.Expired) {
		out = append(out, ui.Button{Label: renewWord(h.Status()), Href: base + "/renew", Kind: ui.Primary, Icon: "repeat"})
	}
	if h.RegistrarID != "" && !h.Status().Final() {
		out = append(out, ui.Button{Label: "Sync now", Href: base + "/sync", Post: true, Icon: "refresh"})
	}
	if h.Status() == domainname.PendingTransfer && h.TransferSecret != "" {
		out = append(out, ui.Button{Label: "Show the transfer code", Href: base + "/transfer-code", Post: true, Icon: "key"})
	}
	more := &ui.Menu{Label: "More", Items: []ui.Button{
		{Label: "Edit", Href: base + "/edit", Icon: "edit"},
		{Label: yesNo(h.DoNotRenew, "Turn auto renew on", "Turn auto renew off"), Href: base + "/auto-renew", Icon: "repeat"},
	}}
	add := func(possible bool, b ui.Button) {
		if possible {
			more.Items = append(more.Items, b)
		}
	}
	add(h.can.Nameservers, ui.Button{Label: "Nameservers", Href: base + "/nameservers", Icon: "server"})
	add(h.can.Contacts || h.arriving(), ui.Button{Label: "Registrant", Href: base + "/registrant", Icon: "user"})
	add(here && h.can.Lock, ui.Button{Label: yesNo(h.transferLocked(), "Unlock for transfers", "Lock against transfers"), Href: base + "/lock", Icon: yesNo(h.transferLocked(), "unlock", "lock")})
	add(here && h.can.AuthCode, ui.Button{Label: "Auth code", Href: base + "/auth-code", Icon: "key"})
	add(here && h.can.Delete && h.DeletedAt == nil && !h.deleting(), ui.Button{Label: "Delete at the registry", Href: base + "/delete"})
	add(h.can.Manual || h.arriving() && !h.arrival.Asked, ui.Button{Label: "Done by hand", Href: base + "/by-hand", Icon: "check"})
	return out, more
}

// Status is how the domain stands now.
func (h holding) Status() domainname.Status { return h.Standing.Status }

// deleting reports whether a registrar was told to delete it, and nobody knows yet what came of it.
func (h holding) deleting() bool {
	return len(h.commands) > 0 && h.commands[0].Command == "delete" && h.commands[0].SettledAt == ""
}

// transferLocked reports whether nobody else can take the domain over, as the registry said last.
func (h holding) transferLocked() bool {
	return slices.Contains(h.State.EPP, "clientTransferProhibited")
}

// heldFinding is the date that waits for a person, if the last reading found one.
func (h holding) heldFinding() (watch.Finding, bool) {
	if len(h.findings) > 0 && h.findings[0].Finding == string(domainname.Held) && !h.findings[0].Applied {
		return h.findings[0], true
	}
	return watch.Finding{}, false
}

func (h holding) factsCard(p ui.Page, mayWrite bool) card {
	base := domainsAt + "/" + h.ID
	d := &ui.Details{}
	add := func(label string, value ui.Cell, hint string) {
		d.Items = append(d.Items, ui.Detail{Label: label, Value: value, Hint: hint})
	}
	add("Customer", ui.Text(h.CustomerName).To("/admin/customers/"+h.CustomerID), "")
	if h.RegistrarID != "" {
		add("Registrar", ui.Text(h.Registrar).To(registrarsAt+"/"+h.RegistrarID), "")
	} else {
		add("Registrar", ui.Text("None"), "Nothing is read or renewed by itself.")
	}
	add("Recurring", recurringCell(h.Domain), "The price of the day of the purchase, until somebody changes it.")
	auto := ui.Detail{Label: "Auto renew", Value: ui.Text(yesNo(h.DoNotRenew, "Off: do not renew", "On")), Hint: "On means: an invoice is made. Nothing is renewed without payment."}
	if !h.Status().Renewable() {
		auto.Hint = "As things are, no invoice is made for it by itself."
	}
	if mayWrite && !h.Status().Final() {
		auto.Action = &ui.Button{Label: yesNo(h.DoNotRenew, "Turn on", "Turn off"), Href: base + "/auto-renew", Small: true}
	}
	d.Items = append(d.Items, auto)
	if h.BundledWith != "" {
		add("Free with", ui.Text("Service").To("/admin/subscriptions/"+h.BundledWith), "Renews when that is paid.")
	}
	if premium, ok := h.premiumDetail(mayWrite); ok {
		d.Items = append(d.Items, premium)
	}
	if fee, ok := h.restoreFee(mayWrite); ok {
		d.Items = append(d.Items, fee)
	}
	add("Came by", ui.Text(yesNo(h.Kind == domainname.Transferred, "Transfer", "Registration")), yesNo(h.BoughtYears > 0, "For "+yearsText(h.BoughtYears), ""))
	if h.OrderID != "" {
		add("Order", ui.Text("Show").To("/admin/orders/"+h.OrderID), "")
	}
	ext := ui.Text("." + h.Extension).To(tldsAt + "/" + h.Extension)
	if h.policy == nil {
		add("Extension", ext, "It has no policy.")
	} else {
		add("Extension", ext, "Policy since "+dateText(h.policy.ValidFrom)+". "+stageWords[h.Standing.Stage])
	}
	add("Added", ui.HTML(p.Day(h.CreatedAt)), "")
	add("Id", ui.Mono(h.ID).Copyable(), "")
	return card{Head: ui.CardHead{Title: "Facts"}, Details: d}
}

func (h holding) callouts(mayWrite bool) []ui.Callout {
	base := domainsAt + "/" + h.ID
	var out []ui.Callout
	say := func(c ui.Callout, act ui.Button) {
		if mayWrite && act.Label != "" {
			c.Actions = []ui.Button{act}
		}
		out = append(out, c)
	}
	if h.Open != nil && h.Standing.Confirming {
		out = append(out, h.confirmingCallout(mayWrite))
	}
	if h.Unanswered {
		say(ui.Callout{Tone: ui.Warn, Title: "The registry has a term that nobody paid for", Text: "Its line was taken back. Until somebody says what becomes of it, the registry's date counts for status and notices."},
			ui.Button{Label: "Answer", Href: base + "/answer", Kind: ui.Primary})
	}
	if f, ok := h.heldFinding(); ok {
		say(ui.Callout{Tone: ui.Warn, Title: "The registry names another date", Text: "Stored is " + readDay(f.Stored) + ", read was " + readDay(f.Read) + ". Nothing was written."},
			ui.Button{Label: "Adopt it", Href: base + "/adopt"})
	}
	if h.can.Manual && (h.arriving() || h.Standing.Confirming || h.deleting()) {
		say(ui.Callout{Tone: ui.Info, Title: "Staff do this by hand", Text: "The registrar “" + h.Registrar + "” has no interface: say here when it is done, or that it can't be done."},
			ui.Button{Label: "Done by hand", Href: base + "/by-hand"})
	}
	if c, act, ok := h.standingCallout(); ok {
		say(c, act)
	}
	if h.policy == nil {
		out = append(out, ui.Callout{Tone: ui.Warn, Title: "." + h.Extension + " has no policy", Text: "Without one nothing is known of its windows, and nothing is on offer."})
	}
	return out
}

// standingCallout says what its status means for whoever keeps the domain, and what is to be done next; nothing where there is
// nothing to do.
func (h holding) standingCallout() (c ui.Callout, act ui.Button, ok bool) {
	w := h.Standing.Window
	unpaid := h.Owed != nil && h.Owed.InvoiceID != ""
	if unpaid {
		act = ui.Button{Label: "Its invoice", Href: "/admin/invoices/" + h.Owed.InvoiceID}
	}
	switch h.Status() {
	case domainname.Pending:
		c = ui.Callout{Tone: ui.Info, Title: "Its order is not paid", Text: "The registrar is asked when it is."}
		act = ui.Button{Label: "Its order", Href: "/admin/orders/" + h.OrderID}
	case domainname.PendingRegistration, domainname.PendingTransfer:
		return h.arrivalCallout()
	case domainname.Active:
		return h.endingCallout(unpaid, act)
	case domainname.Grace:
		c = ui.Callout{Tone: ui.Warn, Title: "In grace until " + dateText(w.LastPlain) + ", " + countdown(h.today.DaysUntil(w.LastPlain)), Text: "The term has ended; a plain renewal is still possible, with the grace fee."}
		if h.today.After(w.LastPlain) {
			c.Title, c.Text = "In grace: the registry has it still", "By the calendar the last day was "+dateText(w.LastPlain)+". As long as the registry says that it is ours, neither in redemption nor to be deleted, a plain renewal is possible."
		}
		if h.Standing.Ahead > 0 && h.policy != nil && h.policy.RegistryAutoRenews && !h.Standing.Confirming {
			c.Title = "The registry has renewed it, and nobody has paid: " + yearsText(h.Standing.Ahead) + ", to " + dateText(h.Expiry.Date())
			c.Text = "The customer can pay until " + dateText(w.LastPlain) + "."
			over := h.today.After(w.LastPlain)
			if over {
				c.Text = "The customer's last day to pay was " + dateText(w.LastPlain) + yesNo(unpaid, "; while the registry has the name for us, the invoice can be paid still.", ".")
			}
			if until, ok := h.Undo(*h.policy); ok && h.policy.ARGPDays > 0 {
				last := domainname.RegistryDate(until)
				if h.today.After(last) {
					c.Text += " Until " + dateText(last) + " the registry returned its fee if the name was deleted there."
				} else {
					c.Text += " The registry returns its fee if the name is deleted there until " + dateText(last) + ", " + until.Format("15:04") + " UTC, " + countdown(h.today.DaysUntil(last)) + "."
					if over && h.can.Delete {
						act = ui.Button{Label: "Delete", Href: domainsAt + "/" + h.ID + "/delete"}
					}
				}
			}
		}
	case domainname.Redemption:
		c = ui.Callout{Tone: ui.Danger, Title: "In redemption until " + dateText(w.LastRestore) + ", " + countdown(h.today.DaysUntil(w.LastRestore)), Text: "Only a restore is possible, with the redemption fee."}
		if h.policy != nil && unquoted(h.Row, *h.policy) {
			c.Text = "Only a restore is possible, and nobody has entered yet what it costs: the customer can't pay for it before that."
			act = ui.Button{Label: "Enter the fee", Href: domainsAt + "/" + h.ID + "/restore-quote", Kind: ui.Primary}
		}
	case domainname.Expired:
		c = ui.Callout{Tone: ui.Neutral, Title: "Nothing more can be done here", Text: "By the policy neither a renewal nor a restore is possible any more. Whoever registers the name first has it."}
	case domainname.TransferredAway:
		c = ui.Callout{Tone: ui.Neutral, Title: "Another registrar has it", Text: "It is neither read nor renewed any more."}
	case domainname.Cancelled:
		c = ui.Callout{Tone: ui.Neutral, Title: "It is cancelled", Text: "It is neither read nor renewed any more. Its story says why."}
	case domainname.Fraud:
		c = ui.Callout{Tone: ui.Neutral, Title: "Staff called it fraud", Text: "It is neither read nor renewed any more. Its story says why."}
	}
	return c, act, c.Title != ""
}

// endingCallout tells of a domain that ends soon, and is not paid for.
func (h holding) endingCallout(unpaid bool, invoice ui.Button) (c ui.Callout, act ui.Button, ok bool) {
	w := h.Standing.Window
	last := earliest(w.End, w.LastPlain)
	left := h.today.DaysUntil(last)
	if w.End.IsZero() || h.Standing.Confirming || left > 30 || h.Free() && h.BundledWith != "" {
		return c, act, false
	}
	c = ui.Callout{Tone: ui.Info, Title: "Its term ends on " + dateText(w.End) + ", " + countdown(h.today.DaysUntil(w.End))}
	if left <= soonEnds {
		c.Tone = ui.Warn
	}
	switch {
	case unpaid:
		c.Text, act = "Its renewal is invoiced and unpaid. It is renewed when that is paid.", invoice
	case h.DoNotRenew:
		c.Text = "Auto renew is off: nothing is invoiced, and it ends unless somebody renews it."
	case h.Free():
		c.Text, act = "It is free and goes with no service: nothing renews it by itself.", ui.Button{Label: "Renew", Href: domainsAt + "/" + h.ID + "/renew"}
	default:
		c.Text = "Nothing is invoiced yet; below stands when it will be."
	}
	if w.LastPlain.Before(w.End) {
		c.Text += " The last day of a renewal is " + dateText(w.LastPlain) + "."
	}
	return c, act, true
}

// renewalText is [renewalText] where it is known who renews.
func (h holding) renewalText(n domainname.Renewal) string {
	if h.can.Manual && n.State == domainname.RenewalSubmitted {
		return "Staff are asked to renew it at the registrar by hand, and to say here when it is done."
	}
	return renewalText(n)
}

// confirmingCallout tells of a renewal that is paid and not confirmed, and counts down to the last safe day.
func (h holding) confirmingCallout(mayWrite bool) ui.Callout {
	n := *h.Open
	c := ui.Callout{Tone: ui.Info, Title: "Paid, being confirmed: " + yearsText(n.Years) + " to " + dateText(n.Expected), Text: h.renewalText(n)}
	if safe := h.outlook.LastSafe; !safe.IsZero() {
		c.Text += " The last safe day is " + dateText(safe) + ", " + countdown(h.today.DaysUntil(safe)) + "."
		if h.today.DaysUntil(safe) <= 7 {
			c.Tone = ui.Danger
		}
	}
	if n.State == domainname.RenewalHeld || n.State == domainname.RenewalAttention {
		c.Tone = ui.Danger
		if mayWrite {
			c.Actions = renewalActs(n)
		}
	}
	return c
}

func countdown(days int) string {
	switch {
	case days == 0:
		return "today"
	case days < 0:
		return many(-days, "day", "days") + " ago"
	default:
		return "in " + many(days, "day", "days")
	}
}
