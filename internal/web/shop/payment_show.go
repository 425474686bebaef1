package shop

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/web/ui"
)

// The page looks again by itself: soon at first, then less often, and at last not any more.
const (
	soonestLook = 2  // seconds
	latestLook  = 20 // seconds
	maxLooks    = 30
)

// paymentShow tells how far the payment of an order is. A gateway sends people here, but whatever the address says, it
// is the gateway that is asked.
func (s *shop) paymentShow(w http.ResponseWriter, r *http.Request) error {
	o, secret, err := s.ownOrder(r, r.URL.Query().Get("order"))
	if err != nil {
		if errors.Is(err, errNoOrder) {
			return s.notKnown(w, r)
		}
		return err
	}
	if o.Status != order.Pending {
		return s.toThanks(w, r, o, secret)
	}
	a, err := s.Payments.Returned(r.Context(), o.InvoiceID)
	if isNotFound(err) { // nobody has tried to pay it yet
		return s.askToPay(w, r, o, askToPay{title: "Your order is waiting", lead: "Choose how you want to pay it."})
	}
	if err != nil {
		return err
	}
	inv, err := s.Billing.ByID(r.Context(), o.InvoiceID)
	if err != nil {
		return err
	}
	if inv.Status == billing.Paid {
		return s.toThanks(w, r, o, secret)
	}
	switch a.State {
	case payment.AttemptSucceeded:
		return s.askToPay(w, r, o, askToPay{
			title: "A part is still to be paid", lead: "We have received " + show(inv.Paid) + " of " + show(inv.Total) + ". The rest is " + show(inv.Balance()) + ".",
		})
	case payment.AttemptFailed:
		return s.askToPay(w, r, o, askToPay{title: "The payment did not go through", lead: failureText(a), failed: true})
	case payment.AttemptRequiresAction:
		return s.unfinished(w, r, o, a)
	default:
		return s.wait(w, r, o, a)
	}
}

// failureText says why a payment failed, in the gateway's words if it has some.
func failureText(a payment.Attempt) string {
	if a.Detail == "" {
		return "Nothing was taken from you. Your order waits: try again, or pay in another way."
	}
	return a.Detail + " Nothing was taken from you. Your order waits: try again, or pay in another way."
}

// notKnown is for a browser that comes back without having placed an order, such as another one than that which did.
func (s *shop) notKnown(w http.ResponseWriter, r *http.Request) error {
	v := gateView{Page: s.page(w, r, "Your payment", ""), Heading: "We can't show your order here"}
	v.Lead = "This browser has not placed it, or more than a day ago. If you have paid, all is well: you get the keys by mail, and they are in your account."
	v.Buttons = []ui.Button{{Label: "To your account", Href: "/account", Kind: ui.Primary}, {Label: "To the shop", Href: "/"}}
	return s.gate(w, errNoOrder.Kind.Status(), v)
}

// wait is shown until the gateway knows. It looks again by itself.
func (s *shop) wait(w http.ResponseWriter, r *http.Request, o order.Order, a payment.Attempt) error {
	looks, err := strconv.Atoi(r.URL.Query().Get("look"))
	if err != nil || looks < 0 {
		looks = 0
	}
	next := statePath(o.ID) + "&look=" + strconv.Itoa(looks+1)
	v := gateView{Page: s.page(w, r, "Your payment", ""), Heading: "We are waiting for your payment", Facts: s.facts(o)}
	v.Lead = "This takes a moment. The page looks again by itself."
	v.Note = "You can close it: the keys come by mail as soon as the payment is there."
	if a.State == payment.AttemptPending {
		v.Heading = "Your payment is on its way"
		v.Lead = "Your bank has taken it up, and it can take a day or more until it is done. You need not wait for it: the keys come by mail."
		v.Note = ""
		looks = max(looks, latestLook)
	}
	v.Buttons = []ui.Button{{Label: "Look again", Href: next, Icon: "refresh"}}
	if looks < maxLooks {
		w.Header().Set("Refresh", strconv.Itoa(min(soonestLook+looks, latestLook))+"; url="+next)
	}
	return s.gate(w, http.StatusOK, v)
}

// unfinished leads back to the page of a gateway that somebody has left.
func (s *shop) unfinished(w http.ResponseWriter, r *http.Request, o order.Order, a payment.Attempt) error {
	v := gateView{Page: s.page(w, r, "Your payment", ""), Heading: "You have not paid yet", Facts: s.facts(o)}
	v.Lead = "The page to pay on is still open."
	v.Buttons = []ui.Button{{Label: "Go on paying", Href: a.ActionURL, Kind: ui.Primary}, {Label: "Look again", Href: statePath(o.ID)}}
	return s.gate(w, http.StatusOK, v)
}

// facts are what an order is called and costs.
func (s *shop) facts(o order.Order) *ui.Details {
	d := &ui.Details{Items: []ui.Detail{{Label: "Total", Value: ui.Text(show(o.Total)).Bold()}}}
	if o.InvoiceNumber != "" {
		d.Items = append(d.Items, ui.Detail{Label: "Invoice", Value: ui.Mono(o.InvoiceNumber)})
	}
	return d
}

// askToPay is why somebody is asked to pay again.
type askToPay struct {
	title, lead string
	failed      bool
	wrong       string // about the choice
}

func (s *shop) askToPay(w http.ResponseWriter, r *http.Request, o order.Order, why askToPay) error {
	options, err := s.payOptions(r.Context(), visitorOf(r))
	if err != nil {
		return err
	}
	v := gateView{Page: s.page(w, r, why.title, ""), Heading: why.title, Facts: s.facts(o)}
	v.Wide = true
	if why.failed {
		v.Callout = &ui.Callout{Tone: ui.Danger, Text: why.lead}
	} else {
		v.Lead = why.lead
	}
	field := payField(options, "")
	field.Error = why.wrong
	v.Form = &ui.Form{
		Action: "/checkout/pay", Submit: "Pay", Stacked: true, Sections: []ui.FormSection{{Fields: []ui.Field{field}}},
		Hidden: []ui.Hidden{{Name: "order", Value: o.ID}, {Name: "key", Value: crypt.Token("")}},
	}
	return s.gate(w, http.StatusOK, v)
}

// payAgain begins another payment of an order that waits for its money.
func (s *shop) payAgain(w http.ResponseWriter, r *http.Request) error {
	if err := s.limits.spend(s.limits.checkouts, r); err != nil {
		return err
	}
	if visitorOf(r).acting() {
		return errActing
	}
	o, secret, err := s.ownOrder(r, r.PostFormValue("order"))
	if err != nil {
		if errors.Is(err, errNoOrder) {
			return s.notKnown(w, r)
		}
		return err
	}
	options, err := s.payOptions(r.Context(), visitorOf(r))
	if err != nil {
		return err
	}
	by, ok := chosen(options, r.PostFormValue("pay"))
	if !ok || len(r.PostFormValue("key")) < leastKey {
		return s.askToPay(w, r, o, askToPay{title: "Your order is waiting", wrong: "Choose how you want to pay."})
	}
	return s.collect(w, r, o, secret, collection{by: by, save: recurs(o), key: "again " + r.PostFormValue("key")})
}

// recurs reports whether anything in an order is paid again and again.
func recurs(o order.Order) bool {
	for _, i := range o.Items {
		if i.Cycle.Recurs() {
			return true
		}
	}
	return false
}
