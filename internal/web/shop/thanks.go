package shop

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/tax"
	"github.com/keystead/keystead/internal/web/delivery"
	"github.com/keystead/keystead/internal/web/ui"
)

type thanksView struct {
	ui.Page
	Art      string
	Heading  string
	Lead     string
	Callouts []ui.Callout
	Licenses []licenseCard
	Domains  []domainCard
	Transfer *ui.Details
	PayNote  []string
	Order    orderCard
	Account  accountCard
}

// licenseCard is a license that an order has brought.
type licenseCard struct {
	Name   string
	Status ui.Badge
	Key    ui.Key
	Facts  []string
	Newest string // version of the files
	Files  []licenseFile
}

type licenseFile struct{ Name, Size, Href string }

type orderCard struct {
	Lines   []summaryLine
	Totals  []ui.Total
	Later   []string
	Invoice string
	PDF     string // where it is; empty: there is none
}

type accountCard struct {
	Text   string
	Button ui.Button
}

// thanksOrder is the order behind the secret of an address. A secret that is wrong or too old gets a page that says so,
// and ok is false.
func (s *shop) thanksOrder(w http.ResponseWriter, r *http.Request) (o order.Order, secret string, ok bool, err error) {
	secret = r.PathValue("secret")
	o, err = s.Orders.ThankYou(r.Context(), secret)
	if err == nil {
		return o, secret, true, nil
	}
	if !isNotFound(err) {
		return order.Order{}, "", false, err
	}
	if err := s.limits.spend(s.limits.secrets, r); err != nil {
		return order.Order{}, "", false, err
	}
	v := gateView{Page: s.page(w, r, "Your order", ""), Heading: "This page is not shown any more"}
	v.Lead = "For the safety of your keys, the page after an order can be opened for 24 hours. Keys, invoices and downloads are in your account, and in the mails that we sent you."
	v.Buttons = []ui.Button{{Label: "To your account", Href: "/account", Kind: ui.Primary}, {Label: "To the shop", Href: "/"}}
	return order.Order{}, "", false, s.gate(w, http.StatusNotFound, v)
}

// thanks is the page after an order: its keys and no others, whoever looks.
func (s *shop) thanks(w http.ResponseWriter, r *http.Request) error {
	o, secret, ok, err := s.thanksOrder(w, r)
	if err != nil || !ok {
		return err
	}
	inv, err := s.Billing.ByID(r.Context(), o.InvoiceID)
	if err != nil {
		return err
	}
	now, err := s.Settings.Get(r.Context())
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(s.receipts(r), func(k receipt) bool { return k.Order == o.ID }) {
		// Whoever has the secret may also pay.
		if err := s.keepReceipt(w, r, receipt{Order: o.ID, Secret: secret}); err != nil {
			return err
		}
	}
	v := thanksView{Page: s.page(w, r, "Thank you", "")}
	s.sayHowItStands(w, r, &v, o, inv, now)
	for _, id := range o.LicenseIDs {
		l, err := s.Licenses.ByID(r.Context(), id)
		if err != nil {
			return err
		}
		card, err := s.licenseCard(r, v.Page, o, l, secret)
		if err != nil {
			return err
		}
		v.Licenses = append(v.Licenses, card)
	}
	if v.Domains, err = s.domainCards(r.Context(), o); err != nil {
		return err
	}
	names, err := s.taxNames(r.Context(), inv.TaxMode, inv.Buyer.Country)
	if err != nil {
		return err
	}
	later, err := s.Orders.Later(r.Context(), o)
	if err != nil {
		return err
	}
	v.Order = orderCardOf(o, inv, later, names, secret)
	v.Account = accountCardOf(r)
	return s.pages.Render(w, http.StatusOK, "thanks", v)
}

// sayHowItStands says what became of the order, and what is to be done.
func (s *shop) sayHowItStands(w http.ResponseWriter, r *http.Request, v *thanksView, o order.Order, inv billing.Invoice, now *setting.Settings) {
	v.Art, v.Heading = "done", "Thank you"
	switch o.Status {
	case order.Completed:
		v.Lead = "Your order is complete."
		if len(o.LicenseIDs) > 0 {
			v.Lead = "Your order is complete. Here is what you need to begin."
		}
	case order.Pending:
		sayUnpaid(v, o, inv, now, r.URL.Query().Get("by") == "transfer")
	case order.Failed:
		v.Lead = "Your payment has arrived."
		v.Callouts = []ui.Callout{{Tone: ui.Info, Title: "Your order is being prepared", Text: "Something takes longer than it should. You need not do anything: the keys come by mail, and appear here."}}
		w.Header().Set("Refresh", "10")
	case order.Cancelled:
		v.Art, v.Heading, v.Lead = "", "This order was cancelled", "Nothing is to be paid for it."
	case order.Refunded, order.PartiallyRefunded:
		v.Art, v.Heading, v.Lead = "", "Your order", "Money was given back for this order."
	case order.Disputed:
		v.Art, v.Heading, v.Lead = "", "Your order", "The payment of this order is disputed. Until that is settled, its licenses rest."
	}
}

// sayUnpaid says how an order that waits for its money is paid: by transfer if that was chosen, then or now.
func sayUnpaid(v *thanksView, o order.Order, inv billing.Invoice, now *setting.Settings, byTransfer bool) {
	if !byTransfer && !(payOption{gateway: o.Gateway}).byHand() {
		v.Art, v.Heading, v.Lead = "", "Your order is placed", "It is delivered as soon as it is paid."
		v.Callouts = []ui.Callout{{
			Tone: ui.Warn, Title: show(inv.Balance()) + " are not paid yet",
			Actions: []ui.Button{{Label: "See how far the payment is, or pay", Href: statePath(o.ID), Kind: ui.Primary, Small: true}},
		}}
		return
	}
	v.Lead = "Your order is placed. It is delivered as soon as your money has arrived."
	v.Transfer = &ui.Details{Items: []ui.Detail{
		{Label: "Amount", Value: ui.Text(show(inv.Balance())).Bold()},
		{Label: "Reference", Value: ui.Mono(cmp.Or(inv.Number, inv.ID)).Copyable(), Hint: "Without it we can't tell what the money is for."},
		{Label: "To", Value: ui.Text(inv.Seller.Name)},
		{Label: "Until", Value: ui.Text(day(inv.DueOn))},
	}}
	v.PayNote = paragraphs(now.PaymentNote)
	if len(v.PayNote) == 0 {
		v.PayNote = []string{"If you don't have our account number, write to us."}
	}
}

func (s *shop) licenseCard(r *http.Request, p ui.Page, o order.Order, l license.License, secret string) (licenseCard, error) {
	c := licenseCard{Name: l.ProductName + " – " + l.PlanName, Status: ui.StatusBadge(string(l.Status)), Key: ui.Key{Label: "License key", Value: l.Key, Large: true}}
	if l.ActivationLimit == 0 {
		c.Facts = append(c.Facts, "Unlimited "+string(l.ActivationType)+"s")
	} else {
		c.Facts = append(c.Facts, counted(l.ActivationLimit, string(l.ActivationType)))
	}
	if l.ExpiresAt != nil {
		until, last := "until ", *l.ExpiresAt
		if at := slices.IndexFunc(o.Items, func(i order.Item) bool { return i.PlanID == l.PlanID && i.Cycle.Recurs() }); at >= 0 && o.Items[at].TrialDays > 0 {
			until = "trial until "
		} else if at >= 0 {
			until, last = "paid until ", last.Add(-time.Second) // the last day that is paid, as the portal says it
		}
		c.Facts = append(c.Facts, until+last.In(p.Location()).Format("2 January 2006"))
	}
	product, err := s.Releases.Product(r.Context(), l.ProductID)
	if err != nil {
		return licenseCard{}, err
	}
	if !delivery.MayFetch(l, product) {
		return c, nil
	}
	rel, ok, err := s.desk.Newest(r.Context(), l)
	if err != nil || !ok {
		return c, err
	}
	c.Newest = rel.Version
	for _, f := range rel.Files {
		c.Files = append(c.Files, licenseFile{f.Name, delivery.Size(f.Size), "/thanks/" + secret + "/licenses/" + l.ID + "/files/" + f.ID})
	}
	return c, nil
}

func orderCardOf(o order.Order, inv billing.Invoice, later []order.Later, names taxNames, secret string) orderCard {
	c := orderCard{Invoice: inv.Number}
	for _, l := range inv.Lines {
		line := summaryLine{Name: l.Description, Amount: show(l.Total)}
		if l.Quantity > 1 {
			line.Detail = ui.Number(int(l.Quantity)) + " × " + show(l.UnitAmount)
		}
		c.Lines = append(c.Lines, line)
	}
	for _, l := range later {
		c.Later = append(c.Later, laterText(o.Items[l.Item], l, inv.TaxMode)+".")
	}
	if inv.TaxMode == tax.Exclusive {
		c.Totals = append(c.Totals, ui.Total{Label: "Without tax", Value: show(inv.Net)})
	}
	c.Totals = append(c.Totals, taxTotals(inv, names, "")...)
	c.Totals = append(c.Totals, ui.Total{Label: "Total", Value: show(inv.Total), Strong: true})
	if inv.Paid.Amount > 0 {
		c.Totals = append(c.Totals, ui.Total{Label: "Paid", Value: show(inv.Paid)})
	}
	if inv.Balance().Amount > 0 {
		c.Totals = append(c.Totals, ui.Total{Label: "To pay", Value: show(inv.Balance())})
	}
	c.PDF = "/thanks/" + secret + "/invoice.pdf"
	return c
}

// accountCardOf says where all this is found later. To somebody who is not signed in it says the same whether there is
// an account or not.
func accountCardOf(r *http.Request) accountCard {
	if visitorOf(r).customer != nil {
		return accountCard{
			Text:   "Everything of this order is in your account: keys, invoice and downloads.",
			Button: ui.Button{Label: "To your licenses", Href: "/account/licenses"},
		}
	}
	return accountCard{
		Text:   "This page can be opened for 24 hours. Later, everything of this order is in your account: sign in with the address that you ordered with, by a link that we mail you.",
		Button: ui.Button{Label: "To your account", Href: "/account"},
	}
}
