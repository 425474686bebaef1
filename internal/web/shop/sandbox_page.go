package shop

import (
	"net/http"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/payment/gateway"
	"github.com/keystead/keystead/internal/payment/gateway/sandbox"
	"github.com/keystead/keystead/internal/web/ui"
)

type sandboxView struct {
	ui.Page
	Heading string
	Lead    string
	Facts   ui.Details
	Callout *ui.Callout
	Action  string
	Cards   []sandbox.Card
	Confirm bool // the card is known: its owner says yes or no
	Open    bool
	OnHref  string // where to go on
}

// sandboxPage is the page to pay on of the gateway that ships with the product. A live store has none.
func (s *shop) sandboxPage(w http.ResponseWriter, r *http.Request) error {
	if s.Sandbox == nil {
		return errNoPage
	}
	page, err := s.Sandbox.Session(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.renderSandbox(w, r, http.StatusOK, page, "")
}

func (s *shop) renderSandbox(w http.ResponseWriter, r *http.Request, status int, page sandbox.Session, wrong string) error {
	v := sandboxView{Page: s.page(w, r, "Pay", ""), Action: "/sandbox/pay/" + page.ID, Cards: page.Cards, Open: page.Open(), Confirm: page.Confirm}
	v.Face, v.Wide = ui.Auth, true
	v.Heading, v.Lead = "Pay "+show(page.Money), "This is the pay page of the sandbox. Choose a card to see what happens: no real money moves."
	v.Facts = ui.Details{Items: []ui.Detail{{Label: "Invoice", Value: ui.Mono(page.InvoiceNumber)}, {Label: "To", Value: ui.Text(v.Store.Name)}}}
	v.OnHref = s.backFrom(r, page)
	switch {
	case wrong != "":
		v.Callout = &ui.Callout{Tone: ui.Danger, Title: wrong}
	case !page.Open():
		v.Heading = show(page.Money)
		v.Lead = ""
		v.Callout = outcome(page)
	case page.Confirm:
		v.Heading, v.Lead = "Confirm "+show(page.Money), "Your bank wants to know whether it is you who pays."
	}
	return s.pages.Render(w, status, "sandbox", v)
}

// outcome says what became of a payment.
func outcome(page sandbox.Session) *ui.Callout {
	switch page.State {
	case gateway.Succeeded:
		return &ui.Callout{Tone: ui.Success, Title: "Paid"}
	case gateway.Pending:
		return &ui.Callout{Tone: ui.Info, Title: "The bank has taken the payment up", Text: "What becomes of it is known a day later, by the clock of the store."}
	default:
		return &ui.Callout{Tone: ui.Danger, Title: "Not paid", Text: page.Detail}
	}
}

// sandboxPay does what a button of the page says, and goes back to the shop unless the card's owner must confirm.
func (s *shop) sandboxPay(w http.ResponseWriter, r *http.Request) error {
	if s.Sandbox == nil {
		return errNoPage
	}
	id, act := r.PathValue("id"), r.PostFormValue("act")
	var page sandbox.Session
	var err error
	if act == "cancel" {
		page, err = s.Sandbox.Cancel(r.Context(), id)
	} else {
		page, err = s.Sandbox.Pay(r.Context(), id, r.PostFormValue("card"))
	}
	if e := fail.Of(err); e != nil && e.Kind == fail.KindInvalid {
		if page, err = s.Sandbox.Session(r.Context(), id); err != nil {
			return err
		}
		return s.renderSandbox(w, r, e.Kind.Status(), page, "Choose one of these cards.")
	}
	if err != nil {
		return err
	}
	if page.Open() {
		return redirect(w, r, "/sandbox/pay/"+page.ID)
	}
	return redirect(w, r, s.backFrom(r, page))
}

// backFrom is where the sandbox sends people afterwards. As all that it knows came from this store, it leads nowhere
// else.
func (s *shop) backFrom(r *http.Request, page sandbox.Session) string {
	if path := s.here(r, page.ReturnURL); path != "" {
		return path
	}
	if len(s.receipts(r)) > 0 {
		return "/checkout/return"
	}
	return "/account/invoices"
}
