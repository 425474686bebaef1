package portal

import (
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/web/ui"
)

type invoiceView struct {
	ui.Page
	Head     ui.Head
	Callouts []ui.Callout
	Pay      []card // ways to pay, beside each other
	Paper    ui.Paper
	Below    []card
}

func (a *area) invoiceShow(w http.ResponseWriter, r *http.Request) error {
	i, err := a.ownInvoice(r)
	if err != nil {
		return err
	}
	today, err := a.today(r)
	if err != nil {
		return err
	}
	doc, err := a.Billing.Document(r.Context(), i.ID)
	if err != nil {
		return err
	}
	v := invoiceView{Page: a.page(w, r, numberOf(i), "invoices"), Paper: ui.DocumentPaper(doc.Sheet())}
	v.Crumbs = []ui.Crumb{{Label: "Invoices", Href: "/account/invoices"}, {Label: numberOf(i)}}
	v.Head = ui.Head{
		Title: numberOf(i), Mono: i.Number != "", Badges: []ui.Badge{ui.StatusBadge(shownStatus(i, today))}, Sub: invoiceSentence(v.Page, i, today),
		Actions: []ui.Button{{Label: "PDF", Icon: "download", Href: "/account/invoices/" + i.ID + "/pdf"}},
	}
	attempts, err := a.Payments.Attempts(r.Context(), i.ID)
	if err != nil {
		return err
	}
	v.Callouts = invoiceCallouts(i, attempts)
	if i.Status == billing.Open && i.Disputes == 0 && !underWay(attempts) {
		if v.Pay, err = a.payCards(r, i, len(attempts)); err != nil {
			return err
		}
	}
	if v.Below, err = a.moneyCards(r, v.Page, i, attempts); err != nil {
		return err
	}
	return a.pages.Render(w, http.StatusOK, "invoice", v)
}

func invoiceSentence(p ui.Page, i billing.Invoice, today civil.Date) string {
	switch i.Status {
	case billing.Open:
		if overdue(i, today) {
			return show(i.Balance()) + " were due on " + day(i.DueOn) + "."
		}
		return show(i.Balance()) + " are due on " + day(i.DueOn) + "."
	case billing.Paid:
		if i.PaidAt != nil && i.Total.Amount > 0 {
			return "Paid on " + date(p, *i.PaidAt) + ". Thank you."
		}
		return "Nothing is to be paid."
	case billing.Void:
		return "It was withdrawn. Nothing is to be paid."
	case billing.Uncollectible:
		return "It can't be paid any more."
	case billing.Draft:
	}
	return ""
}

// underWay reports whether the outcome of a payment is still to come.
func underWay(attempts []payment.Attempt) bool {
	return len(attempts) > 0 && attempts[len(attempts)-1].InFlight()
}

func invoiceCallouts(i billing.Invoice, attempts []payment.Attempt) (all []ui.Callout) {
	if i.ReplacedBy != "" {
		all = append(all, ui.Callout{
			Tone: ui.Info, Title: "Another invoice has taken its place", Text: "What was paid of this one counts there.",
			Actions: []ui.Button{{Label: "To that invoice", Href: "/account/invoices/" + i.ReplacedBy, Small: true}},
		})
	}
	if i.Disputes > 0 {
		all = append(all, ui.Callout{
			Tone: ui.Warn, Title: "A payment of this invoice is disputed",
			Text: "Your bank or card company has asked for the money back. Until that is settled nothing can be paid here.",
		})
	}
	if !underWay(attempts) {
		return all
	}
	again := ui.Button{Label: "Look again", Icon: "refresh", Href: "/account/invoices/" + i.ID + "/return", Small: true}
	latest := attempts[len(attempts)-1]
	if latest.State == payment.AttemptRequiresAction && latest.ActionURL != "" {
		return append(all, ui.Callout{
			Tone: ui.Warn, Title: "A payment of " + show(latest.Money) + " waits for you", Text: "Go on with it where you left it. Until it is finished, no other can be begun.",
			Actions: []ui.Button{{Label: "Go on", Href: latest.ActionURL, Kind: ui.Primary, Small: true}, again},
		})
	}
	return append(all, ui.Callout{
		Tone: ui.Info, Title: "A payment of " + show(latest.Money) + " is under way", Text: "It can take a day or two until we know what became of it. Until then no other can be begun, so that you don't pay twice.",
		Actions: []ui.Button{again},
	})
}

// payCards are the ways to pay what is open: at once, and by bank transfer.
func (a *area) payCards(r *http.Request, i billing.Invoice, tries int) ([]card, error) {
	transfer, err := a.transferCard(r, i)
	if err != nil || visitorOf(r).acting() {
		return []card{transfer}, err
	}
	f, err := a.payForm(r.Context(), i, tries)
	if err != nil || f == nil {
		return []card{transfer}, err
	}
	return []card{{Head: ui.CardHead{Title: "Pay now"}, Form: f}, transfer}, nil
}

// transferCard says how to pay: the reference is what lets us find the invoice that money is for.
func (a *area) transferCard(r *http.Request, i billing.Invoice) (card, error) {
	s, err := a.Settings.Get(r.Context())
	if err != nil {
		return card{}, err
	}
	reference := i.Number
	if reference == "" {
		reference = i.ID
	}
	c := card{
		Head: ui.CardHead{Title: "Pay by bank transfer", Text: "It counts as soon as we have seen it arrive."},
		Details: &ui.Details{Items: []ui.Detail{
			{Label: "Amount", Value: ui.Text(show(i.Balance())).Bold()},
			{Label: "Reference", Value: ui.Mono(reference).Copyable(), Hint: "Without it we can't tell what the money is for."},
			{Label: "Due on", Value: ui.Text(day(i.DueOn))},
		}},
	}
	if s.PaymentNote == "" {
		c.Details.Items = append([]ui.Detail{{Label: "To", Value: ui.Text(i.Seller.Name), Hint: "If you don't have our account number, write to us."}}, c.Details.Items...)
		return c, nil
	}
	c.Lines = strings.Split(s.PaymentNote, "\n")
	return c, nil
}
