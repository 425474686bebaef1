package portal

import (
	"context"
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/domainname/renewal"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/web/ui"
)

// renewalsShown is how many renewals of its history a domain's page shows, the newest first.
const renewalsShown = 24

// ownDomain is a domain of the visitor.
func (a *area) ownDomain(r *http.Request) (holding, error) {
	row, err := own(r, a.Domains.ByID, func(row domainname.Row) string { return row.CustomerID })
	if err != nil {
		return holding{}, err
	}
	s, err := a.Settings.Get(r.Context())
	if err != nil {
		return holding{}, err
	}
	unserved, err := a.Renewals.Unserved(r.Context(), []domainname.Domain{row.Domain})
	return holding{Row: row, settings: s, today: domainname.RegistryDate(a.Clock.Now()), unserved: unserved[row.ID]}, err
}

func domainCrumbs(h holding, here ...string) []ui.Crumb {
	crumbs := []ui.Crumb{{Label: "Domains", Href: "/account/domains"}, {Label: ui.Clip(h.name(), 60)}}
	if len(here) > 0 {
		crumbs[1].Href = h.href("")
		crumbs = append(crumbs, ui.Crumb{Label: here[0]})
	}
	return crumbs
}

func (a *area) domainShow(w http.ResponseWriter, r *http.Request) error {
	h, err := a.ownDomain(r)
	if err != nil {
		return err
	}
	_, offer, err := a.Renewals.Offer(r.Context(), h.ID, domainname.ByCustomer)
	if err != nil {
		return err
	}
	if h, err = a.priced(r.Context(), h); err != nil {
		return err
	}
	ahead, err := a.Renewals.Outlook(r.Context(), h.ID)
	if err != nil {
		return err
	}
	had, err := a.renewalsCard(r.Context(), h)
	if err != nil {
		return err
	}
	v := sheetView{Page: a.page(w, r, h.name(), "domains")}
	v.Crumbs = domainCrumbs(h)
	v.Head = ui.Head{Title: h.name(), Sub: h.sentence() + ".", Badges: []ui.Badge{h.badge()}}
	if ascii := h.Name.String(); ascii != h.name() {
		v.Head.Meta = []ui.Cell{ui.Mono(ascii).Copyable()}
	}
	inPerson := !visitorOf(r).acting()
	v.Callouts = h.todo(inPerson, ahead)
	v.Cards = []card{datesCard(h, inPerson)}
	if c := termsCard(h, offer, inPerson); c != nil {
		v.Left = append(v.Left, *c)
	}
	v.Left = append(v.Left, had)
	next, err := a.aheadCard(r.Context(), h, ahead)
	if err != nil {
		return err
	}
	if next != nil {
		v.Right = append(v.Right, *next)
	}
	if c := a.registrarCard(r, h); c != nil {
		v.Right = append(v.Right, *c)
	}
	return a.sheet(w, http.StatusOK, v)
}

// datesCard explains the dates of a domain, and what "auto renew" means.
func datesCard(h holding, inPerson bool) card {
	facts := ui.Details{Wide: true}
	add := func(d ui.Detail) { facts.Items = append(facts.Items, d) }
	expiry := ui.Detail{Label: "Registered until", Value: ui.Text("Not known yet"), Hint: "The registry says so once it has registered the domain."}
	if on := h.Expiry.Date(); !on.IsZero() {
		expiry.Value = ui.Text(day(on) + " (UTC)")
		expiry.Hint = "The expiry as the registry has it. It is a date in UTC and the same wherever you are."
		switch _, ahead := h.TermEnd(); {
		case ahead > 0:
			expiry.Hint = "The registry has added " + years(ahead) + " by itself. Until that is paid, only what you have paid for counts."
		case h.underWay() != nil:
			expiry.Hint = "The expiry as the registry had it last, in UTC. It moves when the registry has confirmed the renewal."
		}
	}
	add(expiry)
	if !h.PaidThrough.IsZero() {
		add(ui.Detail{Label: "Paid until", Value: ui.Text(day(h.PaidThrough)), Hint: "What you have paid for. It moves when you pay, the registry's date follows."})
	}
	if d := h.dueDetail(); d != nil {
		add(*d)
	}
	if d := h.autoRenewDetail(inPerson); d != nil {
		add(*d)
	}
	if h.Term > 0 && h.Standing.Status.Renewable() && !h.DoNotRenew && !h.unserved {
		price := ui.Detail{Label: "Renews by itself for", Value: ui.Text(years(h.Term) + " at " + show(h.Recurring)), Hint: "The price that was promised to this domain, before tax. A renewal that you order costs the price of the day."}
		if h.Free() {
			price.Value, price.Hint = ui.Text(years(h.Term)+", free of charge"), ""
		}
		add(price)
	}
	return card{Details: &facts}
}

func (h holding) dueDetail() *ui.Detail {
	if h.NextDue.IsZero() || h.Standing.Status != domainname.Active || h.DoNotRenew || h.Free() {
		return nil
	}
	return &ui.Detail{Label: "Next due", Value: ui.Text(day(h.NextDue)), Hint: "Until then the next renewal is to be paid. It is a date of our invoices, and may lie before the expiry."}
}

// autoRenewDetail is the switch, which asks before it does anything.
func (h holding) autoRenewDetail(inPerson bool) *ui.Detail {
	if !h.Standing.Status.Renewable() {
		return nil
	}
	d := &ui.Detail{Label: "Auto renew", Value: ui.Text("On"), Hint: "You get an invoice in time. The domain is renewed when that is paid, and never without."}
	switch {
	case h.DoNotRenew:
		d.Value, d.Hint = ui.Text("Off"), "No invoice is made by itself. You can still renew it yourself."
		if h.Free() {
			d.Hint = "It is not renewed."
		}
	case h.Free():
		d.Value, d.Hint = ui.Text("On"), "It is free of charge: no invoice is made for it."
	case h.Term == 0:
		d.Value, d.Hint = ui.Text("On"), "There is no term for which it could renew by itself, so no invoice is made. Renew it yourself, or write to us."
	}
	if h.Standing.Status == domainname.Grace && !h.DoNotRenew && !h.Free() && h.owed() == nil && h.underWay() == nil {
		d.Hint = "It has run out, so no invoice is made by itself for this term: renew it yourself. The next term is invoiced in time."
	}
	label := "Turn off"
	if h.DoNotRenew {
		label = "Turn on"
	}
	if inPerson {
		d.Action = &ui.Button{Label: label, Small: true, Href: h.href("/auto-renew")}
	}
	return d
}

// stepLooks are the looks of what lies ahead, by renewal.Step.What.
var stepLooks = map[string]struct {
	icon string
	tone ui.Tone
}{
	"invoice":             {"invoice", ui.Info},
	"no_invoice":          {"warn", ui.Danger},
	"charge":              {"card", ui.Success},
	"renew":               {"repeat", ui.Success},
	"term_ends":           {"calendar", ui.Neutral},
	"last_day":            {"warn", ui.Warn},
	"redemption_ends":     {"x", ui.Danger},
	"registry_date_moves": {"calendar", ui.Success},
}

// aheadCard says what will happen, and when; nil: nothing that is known. The charge is that of the method which is charged
// by itself; without one, the day on which the renewal is due stands in its place.
func (a *area) aheadCard(ctx context.Context, h holding, o renewal.Outlook) (*card, error) {
	charged, err := a.chargedByItself(ctx, h.CustomerID)
	if err != nil {
		return nil, err
	}
	t := ui.Timeline{}
	for _, s := range o.Steps {
		look, known := stepLooks[s.What]
		if !known {
			continue // the end of the grace period is the last day
		}
		e := ui.Event{When: when(s.On), What: s.Text, Icon: look.icon, Tone: look.tone}
		if s.Sum.Amount > 0 {
			e.Actor = show(s.Sum)
		}
		switch {
		case s.What == "renew" && !s.Due.IsZero() && charged == nil:
			continue // it is said that it is due, and what becomes of it without payment
		case s.What == "charge" && charged != nil:
			e.What = "It is charged to " + label(*charged) + "."
		case s.What == "charge":
			e.When, e.What, e.Icon, e.Tone = when(s.Due), "The renewal is due. Without payment it is not renewed.", "card", ui.Info
		case s.What == "last_day" && s.Sum.Amount > 0:
			e.Actor = "with a fee of " + show(s.Sum)
		case s.What == "redemption_ends" && s.Sum.Amount > 0:
			e.Actor = "for a fee of " + show(s.Sum)
		}
		t.Events = append(t.Events, e)
	}
	if len(t.Events) == 0 {
		return nil, nil
	}
	return &card{Head: ui.CardHead{Title: "What will happen, and when", Text: "As things are now. Prices are before tax."}, Timeline: &t}, nil
}

// chargedByItself is the payment method by which a customer's invoices are paid without being asked; nil: none.
func (a *area) chargedByItself(ctx context.Context, customerID string) (*payment.Method, error) {
	saved, err := a.Payments.Methods(ctx, customerID)
	for i, m := range saved {
		if m.Default && a.chargeable(m) {
			return &saved[i], err
		}
	}
	return nil, err
}

var renewalWords = map[domainname.RenewalState]ui.Badge{
	domainname.RenewalOpen:      {Text: "To pay", Tone: ui.Info},
	domainname.RenewalPaid:      {Text: "Being confirmed", Tone: ui.Info},
	domainname.RenewalHeld:      {Text: "Being confirmed", Tone: ui.Info},
	domainname.RenewalArranged:  {Text: "Arranged", Tone: ui.Success},
	domainname.RenewalSubmitted: {Text: "Being confirmed", Tone: ui.Info},
	domainname.RenewalUnknown:   {Text: "Being confirmed", Tone: ui.Info},
	domainname.RenewalAttention: {Text: "Being confirmed", Tone: ui.Info},
	domainname.RenewalConfirmed: {Text: "Renewed", Tone: ui.Success},
	domainname.RenewalSatisfied: {Text: "Renewed", Tone: ui.Success},
	domainname.RenewalWithdrawn: {Text: "Withdrawn", Tone: ui.Neutral},
	domainname.RenewalRevoked:   {Text: "Not renewed", Tone: ui.Neutral},
	domainname.RenewalRefunded:  {Text: "Refunded", Tone: ui.Neutral},
	domainname.RenewalLost:      {Text: "Not renewed", Tone: ui.Neutral},
}

// renewalsCard are the renewals of a domain, with what was invoiced for them.
func (a *area) renewalsCard(ctx context.Context, h holding) (card, error) {
	all, err := a.Domains.Renewals(ctx, h.ID, renewalsShown)
	if err != nil {
		return card{}, err
	}
	t := ui.Table{
		Caption: "Renewals", Flush: true,
		Columns: []ui.Column{{Label: "Renewal"}, {Label: "Status"}, {Label: "Price", End: true}, {Label: "Invoice", Hidden: true, End: true}},
	}
	for _, r := range all {
		badge := renewalWords[r.State]
		if r.Unpaid() {
			badge = renewalWords[domainname.RenewalOpen]
		}
		row := ui.Row{Cells: []ui.Cell{ui.Text(brief(r.Base) + " – " + brief(r.Expected)).With(years(r.Years)), {Badge: &badge}, ui.Text(sumOf(r.Price, r.Fee)), {}}}
		if r.Kind == domainname.WithFree || r.Price.Amount == 0 && r.Fee.Amount == 0 {
			row.Cells[2] = ui.Text("Free")
		}
		if r.InvoiceID != "" {
			row.Cells[3] = ui.Text("Invoice").To("/account/invoices/" + r.InvoiceID)
		}
		t.Rows = append(t.Rows, row)
	}
	c := card{Head: ui.CardHead{Title: "Renewals"}, Table: &t}
	if len(all) == 0 {
		c.Table, c.Text = nil, "It was not renewed here yet."
	}
	return c, nil
}

// registrantLines are who holds a domain, as the registry was told.
func registrantLines(who domainname.Registrant) string {
	var parts []string
	for _, part := range []string{who.Name, who.Company, who.Email} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}
