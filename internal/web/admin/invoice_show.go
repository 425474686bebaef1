package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web/ui"
)

type invoiceView struct {
	ui.Page
	Head     ui.Head
	Callouts []ui.Callout
	Paper    ui.Paper
	Left     []card
	Right    []card
}

func (a *area) invoiceShow(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	i, err := a.Billing.ByID(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	mayWrite := visitorOf(r).staff.Role.Can(staff.SalesWrite)
	v := invoiceView{Page: a.page(r, numberOf(i), "invoices")}
	v.Crumbs = []ui.Crumb{{Label: "Invoices", Href: "/admin/invoices"}, {Label: numberOf(i)}}
	v.Head = ui.Head{Title: numberOf(i), Mono: i.Number != "", Badges: []ui.Badge{ui.StatusBadge(shownStatus(v.Page, i))}, Meta: invoiceMeta(i)}
	if v.Paper, err = a.paperOf(ctx, i); err != nil {
		return err
	}
	f, err := a.fate(ctx, i)
	if err != nil {
		return err
	}
	v.Head.Actions, v.Head.More = invoiceActions(f, mayWrite)
	v.Callouts = f.callouts(mayWrite)
	v.Left = []card{{Head: ui.CardHead{Title: "What paying it does"}, Table: linkTable(i, mayWrite)}}
	if i.Status == billing.Open {
		ahead, err := a.collectionCard(ctx, i, f.method)
		if err != nil {
			return err
		}
		v.Left = append(v.Left, ahead)
	}
	v.Left = append(append(v.Left, f.balanceCard()), f.cards(v.Page)...)
	story, err := a.story(r, v.Page, event.Filter{SubjectID: i.ID, Limit: 30})
	if err != nil {
		return err
	}
	v.Right = append(v.Right, card{Head: ui.CardHead{Title: "Story"}, Timeline: story})
	return a.pages.Render(w, http.StatusOK, "invoice", v)
}

func invoiceMeta(i billing.Invoice) []ui.Cell {
	meta := []ui.Cell{ui.Text(i.Buyer.Name).To("/admin/customers/" + i.CustomerID)}
	if i.OrderID != "" {
		meta = append(meta, ui.Text("Order").To("/admin/orders/"+i.OrderID))
	}
	for _, l := range i.Lines {
		if l.SubscriptionID != "" {
			meta = append(meta, ui.Text("Subscription").To("/admin/subscriptions/"+l.SubscriptionID))
			break
		}
	}
	if !i.IssuedOn.IsZero() {
		meta = append(meta, ui.Text("Issued "+dateText(i.IssuedOn)), ui.Text("Due "+dateText(i.DueOn)))
	}
	return meta
}

func invoiceActions(f fate, mayWrite bool) ([]ui.Button, *ui.Menu) {
	base := "/admin/invoices/" + f.inv.ID
	var out []ui.Button
	more := &ui.Menu{Label: "More"}
	open := f.inv.Status == billing.Open
	if mayWrite && open {
		out = append(out, ui.Button{Label: "Record payment", Href: base + "/payments/new", Kind: ui.Primary, Icon: "plus"})
		if f.method != nil && f.inv.Disputes == 0 {
			out = append(out, ui.Button{Label: "Charge", Href: base + "/charge", Icon: "card"})
		}
	}
	if mayWrite && f.refundable() > 0 {
		out = append(out, ui.Button{Label: "Refund", Href: base + "/refund", Icon: "undo"})
	}
	if f.inv.Status != billing.Draft {
		out = append(out, ui.Button{Label: "PDF", Href: base + "/file", Icon: "download"})
		more.Items = append(more.Items, ui.Button{Label: "Print", Href: base + "/print", Icon: "invoice"})
	}
	if mayWrite && (open || f.inv.Status == billing.Draft) {
		more.Items = append(more.Items, ui.Button{Label: "Add a line", Href: base + "/lines/new", Icon: "plus"})
	}
	if mayWrite && open {
		more.Items = append(more.Items, ui.Button{Label: "Write off", Href: base + "/write-off", Kind: ui.Dangerous}, ui.Button{Label: "Make void", Href: base + "/void", Kind: ui.Dangerous})
	}
	if len(more.Items) == 0 {
		more = nil
	}
	return out, more
}

// collectionCard is what collecting the money of an open invoice still does.
func (a *area) collectionCard(ctx context.Context, i billing.Invoice, method *payment.Method) (card, error) {
	st, err := a.Settings.Get(ctx)
	if err != nil {
		return card{}, err
	}
	c := course{settings: *st, now: a.Clock.Now()}
	c.today = civil.Of(c.now, st.TimeZone)
	t := happeningTable(stepsAhead(*st, i, method, c.today), c.today)
	t.Empty = &ui.Empty{Art: "done", Title: "Nothing", Text: "Neither reminders nor charges are to come. What happens to what it pays for stands on its own page."}
	return card{Head: ui.CardHead{Title: "What happens next", Text: "By itself, as long as it is unpaid."}, Table: t}, nil
}

// dateText is a day as people write it; empty for none.
func dateText(d civil.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.StartIn(time.UTC).Format("2 Jan 2006")
}
