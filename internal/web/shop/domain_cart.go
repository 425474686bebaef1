package shop

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/text"
	"github.com/keystead/keystead/internal/web/ui"
)

// mostYears is the longest term, longestCode what a code of a transfer has at most.
const (
	mostYears   = 10
	longestCode = 255
)

// cartDomain is what is done to a domain. Name, in A-labels, is what it is called in the cart.
type cartDomain struct {
	Action domainname.PriceKind `json:"a"`
	Name   string               `json:"n"`
	ID     string               `json:"i,omitzero"` // of one that is renewed
	Years  int                  `json:"y,omitzero"`
	Code   string               `json:"c,omitzero"` // of a transfer: the cookie is sealed
}

func (d cartDomain) sound() bool {
	name, err := domainname.ParseName(d.Name)
	if err != nil || name.String() != d.Name || d.Years < 0 || d.Years > mostYears || len(d.Code) > 4*longestCode {
		return false
	}
	switch d.Action {
	case domainname.ForRenewal:
		return text.IsID(d.ID)
	case domainname.ForRegistration, domainname.ForTransfer:
		return d.ID == ""
	}
	return false
}

// item is what an order is asked for.
func (d cartDomain) item() *order.DomainItem {
	item := &order.DomainItem{Action: d.Action, Years: d.Years, AuthCode: d.Code, DomainID: d.ID}
	if d.ID == "" {
		item.Name = d.Name
	}
	return item
}

// shown is the name as people read it.
func (d cartDomain) shown() string {
	name, err := domainname.ParseName(d.Name)
	if err != nil {
		return d.Name
	}
	return name.Unicode()
}

// domainRow is a domain of a cart before it is priced. Renewals are for those whose domain it is.
func domainRow(item cartItem, who buyer) row {
	r := row{cartItem: item}
	if item.Domain.Action == domainname.ForRenewal && who.customerID == "" {
		r.problem = "Sign in to renew this domain."
	}
	return r
}

// domainProblem says why a domain can't be ordered, in the words of whoever refused it.
func domainProblem(err error, f fail.FieldError) string {
	e := fail.Of(err)
	if e.Code == fail.CodeInvalidInput {
		return "This " + f.Message + "."
	}
	return e.Detail
}

func years(n int) string { return counted(int64(n), "year") }

var actionNames = map[domainname.PriceKind]string{
	domainname.ForRegistration: "Registration", domainname.ForTransfer: "Transfer to us", domainname.ForRenewal: "Domain renewal",
}

func domainRowOf(r row) cartRow {
	d := r.Domain
	v := cartRow{Key: r.key(), Name: d.shown(), Problem: r.problem, Fixed: years(max(1, d.Years))}
	v.Details = append(v.Details, actionNames[d.Action])
	switch {
	case d.Action == domainname.ForRenewal && r.problem != "":
		v.Action = &ui.Button{Label: "See what is on offer", Href: "/account/domains/" + d.ID + "/renew", Small: true}
	case d.Action != domainname.ForRenewal && r.problem != "":
		v.Action = &ui.Button{Label: "Search again", Href: "/domains?q=" + d.Name, Small: true}
	}
	if r.problem != "" {
		return v
	}
	v.Amount, v.Fixed = show(r.amount()), years(r.offered.Term.Years)
	if end := r.offered.Term.Expiry; !end.IsZero() {
		v.Details = append(v.Details, "until "+day(end))
	}
	if fee := r.sold.SetupFee; fee.Amount > 0 {
		v.Details = append(v.Details, "with a late fee of "+brief(fee))
	}
	if then := r.offered.Then; then != nil {
		v.Details = append(v.Details, "renews at "+brief(then.Price)+" for "+years(then.Years))
	}
	return v
}

// datesOf says by item until when domains are paid.
func datesOf(q order.Quote) map[string]string {
	dates := map[string]string{}
	for i, offer := range q.Domains {
		switch {
		case offer.Item.Action == domainname.ForRenewal: // its line says both dates
		case !offer.Term.Expiry.IsZero():
			dates[q.Items[i].ID] = "until about " + day(offer.Term.Expiry) + ", as the registry says"
		case offer.Item.Action == domainname.ForTransfer:
			dates[q.Items[i].ID] = "the new date is the registry's"
		}
	}
	return dates
}

// renewalsLater says what new domains cost again.
func renewalsLater(q order.Quote) (lines []string) {
	for i := range q.Items {
		offer, ok := q.Domains[i]
		if !ok || offer.Then == nil {
			continue
		}
		line := offer.Item.Name
		if name, err := domainname.ParseName(line); err == nil {
			line = name.Unicode()
		}
		lines = append(lines, line+": renewal for "+years(offer.Then.Years)+" at "+show(offer.Then.Price)+". We send an invoice before; nothing renews unpaid.")
	}
	return lines
}

// newDomains reports whether the basket brings domains whose holder a registry is told.
func (b basket) newDomains() bool {
	return slices.ContainsFunc(b.rows, func(r row) bool { return r.Domain.Name != "" && r.Domain.Action != domainname.ForRenewal })
}

// registers reports whether the cart has domains that a registry registers for whoever buys them. The holder of one
// that is transferred is there already.
func (c cart) registers() bool {
	return slices.ContainsFunc(c.Items, func(i cartItem) bool { return i.Domain.Name != "" && i.Domain.Action == domainname.ForRegistration })
}

// domainCard is a domain that an order has brought, or renews.
type domainCard struct {
	Name, Text string
	Status     ui.Badge
}

// domainCards say how far the domains of a paid order are. They say nothing that only the owner of the account may know: what
// was ordered, and whether it is done.
func (s *shop) domainCards(ctx context.Context, o order.Order) (cards []domainCard, err error) {
	if s.Owned == nil {
		return nil, nil
	}
	for _, item := range o.Items {
		if item.Domain == nil || !slices.Contains(o.DomainIDs, item.Domain.DomainID) {
			continue
		}
		d, err := s.Owned.ByID(ctx, item.Domain.DomainID)
		if err != nil {
			return nil, err
		}
		card := domainCard{Name: d.Name.Unicode(), Status: ui.Badge{Text: "Under way", Tone: ui.Info}}
		switch {
		case d.Domain.Status == domainname.Cancelled:
			card.Text, card.Status = "It could not be had. What you paid for it is your credit.", ui.Badge{Text: "Refused", Tone: ui.Warn}
		case d.Domain.Status == domainname.PendingTransfer:
			card.Text = "The transfer is under way. That can take some days; we write when it is done."
		case d.Domain.Status == domainname.PendingRegistration:
			card.Text = "We are registering it, and write when it is yours."
		case item.Domain.Action == domainname.ForRenewal:
			card.Text = "The renewal is paid. We write when the registry has confirmed it."
		default:
			card.Text, card.Status = "It is yours.", ui.Badge{Text: "Done", Tone: ui.Success}
		}
		cards = append(cards, card)
	}
	return cards, nil
}

// wrong leads back with what is wrong.
func wrong(w http.ResponseWriter, r *http.Request, to, what string) error {
	flash.Say(w, r, to, ui.Danger, what)
	return nil
}

// domainTake puts a name that was found into the cart, to be registered or transferred.
func (s *shop) domainTake(w http.ResponseWriter, r *http.Request) error {
	f := r.PostFormValue
	name, err := domainname.ParseName(f("name"))
	if err != nil {
		return wrong(w, r, "/domains", "That is not a domain name.")
	}
	back := "/domains?q=" + name.String()
	d := cartDomain{Action: domainname.ForRegistration, Name: name.String()}
	if f("act") == "transfer" {
		d.Action = domainname.ForTransfer
		if d.Code, err = text.Line(f("code"), longestCode); err != nil || d.Code == "" {
			return wrong(w, r, back, "For a transfer we need the code that the present registrar gives you.")
		}
	} else if d.Years, err = strconv.Atoi(strings.TrimSpace(f("years"))); err != nil || d.Years < 1 || d.Years > mostYears {
		return wrong(w, r, back, "Choose for how many years.")
	}
	return s.putDomain(w, r, d)
}

// domainRenew puts the renewal of a domain into the cart: /domains/renew/{domain}?years=. Following the link again changes
// nothing. What is not the customer's is not there.
func (s *shop) domainRenew(w http.ResponseWriter, r *http.Request) error {
	me := visitorOf(r)
	if me.customer == nil {
		v := gateView{Page: s.page(w, r, "Renewal", "cart"), Heading: "Renew a domain", Lead: "Sign in to renew a domain of yours."}
		v.Buttons = []ui.Button{{Label: "Sign in", Href: "/account/sign-in?next=" + "/account/domains/" + r.PathValue("domain") + "/renew", Kind: ui.Primary}}
		return s.gate(w, http.StatusOK, v)
	}
	if s.Owned == nil {
		return errNoPage
	}
	own, err := s.Owned.ByID(r.Context(), r.PathValue("domain"))
	if err != nil {
		return err
	}
	if own.CustomerID != me.id() {
		return errNoPage
	}
	n, err := strconv.Atoi(r.URL.Query().Get("years"))
	if err != nil || n < 1 || n > mostYears {
		return redirect(w, r, "/account/domains/"+own.ID+"/renew")
	}
	return s.putDomain(w, r, cartDomain{Action: domainname.ForRenewal, Name: own.Name.String(), ID: own.ID, Years: n})
}

func (s *shop) putDomain(w http.ResponseWriter, r *http.Request, d cartDomain) error {
	c := s.cart(r)
	if err := c.put(cartItem{Quantity: 1, Domain: d}); err != nil {
		return err
	}
	if d.Action != domainname.ForRenewal { // the cart asks a registrar about it, like a search
		if err := s.limits.spend(s.limits.searches, r); err != nil {
			return wrong(w, r, "/domains", tooManySearches(fail.Of(err)))
		}
	}
	if err := s.keepCart(w, r, c); err != nil {
		return err
	}
	return redirect(w, r, "/cart")
}
