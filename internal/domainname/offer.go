package domainname

import (
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/money"
)

// Reason is the code of a refusal. Codes are public and stable.
type Reason string

// The reasons.
const (
	NotPriced       Reason = "not_priced"
	OverCap         Reason = "cap"            // with the first day
	TooEarly        Reason = "too_early"      // with the first day
	TooLate         Reason = "too_late"       // with the last day
	RegistryLimit   Reason = "registry_limit" // the registry has no such term, or not now
	InRedemption    Reason = "redemption"     // a restore is offered
	AlreadyOpen     Reason = "renewal_open"   // with the renewal
	FreeWithProduct Reason = "free_with_product"
	FreeNotBundled  Reason = "free_not_bundled"
	RegistryLock    Reason = "registry_lock"
	NotActive       Reason = "not_active"
	QuoteNeeded     Reason = "quote_needed"
	OrdersOff       Reason = "orders_off"
)

// Reasons returns all codes.
func Reasons() []Reason {
	return []Reason{
		NotPriced, OverCap, TooEarly, TooLate, RegistryLimit, InRedemption, AlreadyOpen, FreeWithProduct, FreeNotBundled, RegistryLock, NotActive,
		QuoteNeeded, OrdersOff,
	}
}

// Refusal says why something is not on offer.
type Refusal struct {
	Reason    Reason
	FirstDay  civil.Date // the first possible day, where one exists
	LastDay   civil.Date // the last one
	RenewalID string     // that is open
	InvoiceID string     // of that one, if it has one
	ServiceID string     // that the domain is free with
	Deleting  bool       // it is not active since its registry was asked to delete it
}

// Term is a renewal on offer, or one that is not.
type Term struct {
	Years   int
	Expiry  civil.Date  // to which it leads, as far as can be foretold
	Price   money.Money // of the renewal
	Fee     money.Money // of the stage
	Refusal *Refusal    // nil: it is on offer
}

// Total is what the term costs with its fee.
func (t Term) Total() (money.Money, error) { return t.Price.Add(t.Fee) }

// Asker is for whom the terms are. What a customer can't do, staff sometimes can.
type Asker string

// The askers.
const (
	ByCustomer   Asker = "customer"
	ByStaff      Asker = "staff"
	ByAutomation Asker = "automation" // the stored term, at the price that was promised
)

// Question is what has to be known to say what is on offer.
type Question struct {
	Domain Domain
	Policy *Policy  // the row that counts today; nil: the extension has none
	Prices List     // renewals, as priced today for the customer's currency and group
	Open   *Renewal // that is not over; nil: none
	// Made is the renewal by which the registry has the years of the present term already; nil: none. While nobody has paid
	// for it, there is no other of that term.
	Made *Renewal
	// Fulfilling: Open is the renewal that is asked about, when it is paid or about to be sent. Its price is agreed and its
	// order is placed; whether the registry takes it is asked anew.
	Fulfilling bool
	By         Asker
	OrdersOff  bool // customers can't order renewals
	Deleting   bool // the registry was asked to delete the domain, and nobody knows yet whether it has
	Rates      Rates
	Now        time.Time
}

// Offer is what is on offer for a domain.
type Offer struct {
	Standing
	// Refusal is why nothing is on offer; nil if something is.
	Refusal *Refusal
	// Terms are one to ten years, each on offer or refused. Empty where nothing of the terms matters.
	Terms []Term
	// Restores are the terms on offer together with a restore, while Refusal is redemption.
	Restores []Term
}

// On returns the terms on offer.
func (o Offer) On() (terms []Term) {
	for _, t := range o.Terms {
		if t.Refusal == nil {
			terms = append(terms, t)
		}
	}
	return terms
}

// Term returns the offer of a term, or why there is none.
func (o Offer) Term(years int) (Term, *Refusal) {
	for _, t := range o.Terms {
		if t.Years != years {
			continue
		}
		if t.Refusal != nil {
			return Term{}, t.Refusal
		}
		return t, nil
	}
	if o.Refusal != nil {
		return Term{}, o.Refusal
	}
	return Term{}, &Refusal{Reason: NotPriced}
}

// Offers says which renewals of a domain are on offer, and why the others are not. There is no second opinion: pages, the
// cart, the API, staff and automation ask it, when terms are shown, ordered and paid, and before a command is sent.
func Offers(q Question) Offer {
	var o Offer
	if q.Policy == nil {
		o.Standing = Standing{Status: q.Domain.Status}
		o.Refusal = &Refusal{Reason: NotPriced}
		if !q.Domain.Status.Live() {
			o.Refusal = &Refusal{Reason: NotActive}
		}
		return o
	}
	status := Assess(q.Domain, *q.Policy, q.Open, q.Now).Status
	// While staff are asked about a term that nobody paid for, its end counts for status and notices only: that term comes first.
	q.Domain.Unanswered = false
	o.Standing = Assess(q.Domain, *q.Policy, q.Open, q.Now)
	o.Status = status
	if o.Refusal = q.barred(o.Standing); o.Refusal != nil {
		return o
	}
	fee, known := q.fee(o.Standing)
	if !known {
		o.Refusal = &Refusal{Reason: QuoteNeeded}
		return o
	}
	terms := q.terms(o.Standing, fee)
	if o.Stage != StageRedemption {
		o.Terms = terms
		o.Refusal = whole(terms)
		return o
	}
	if o.Refusal = whole(terms); o.Refusal != nil {
		return o
	}
	o.Refusal = &Refusal{Reason: InRedemption, LastDay: o.Window.LastRestore}
	for _, t := range terms {
		if t.Refusal == nil {
			o.Restores = append(o.Restores, t)
		}
	}
	return o
}

// barred is why nothing of the domain can be renewed, whatever the term.
func (q Question) barred(s Standing) *Refusal {
	d, on := q.Domain, RegistryDate(q.Now)
	switch {
	case !d.Status.Live() || s.Window.End.IsZero():
		return &Refusal{Reason: NotActive}
	case q.Deleting && !q.Fulfilling:
		return &Refusal{Reason: NotActive, Deleting: true}
	case q.By == ByCustomer && q.OrdersOff && !q.Fulfilling:
		return &Refusal{Reason: OrdersOff}
	case q.By == ByCustomer && !q.Fulfilling && d.Free() && d.BundledWith != "":
		return &Refusal{Reason: FreeWithProduct, ServiceID: d.BundledWith}
	case q.By == ByCustomer && !q.Fulfilling && d.Free():
		return &Refusal{Reason: FreeNotBundled}
	case q.taken():
		return q.Open.inTheWay()
	case q.Made != nil && !q.Fulfilling:
		return q.Made.inTheWay()
	case s.Window.TooEarly(on):
		return &Refusal{Reason: TooEarly, FirstDay: s.Window.First}
	case s.Stage == StageExpired:
		return &Refusal{Reason: TooLate, LastDay: s.Window.Last()}
	case s.Stage == StageTooLate && q.By != ByStaff:
		return &Refusal{Reason: TooLate, LastDay: s.Window.LastPlain}
	case s.Stage != StageRedemption && d.locked():
		return &Refusal{Reason: RegistryLock}
	default:
		return nil
	}
}

// taken reports whether another renewal is in the way. An unpaid automatic one is not in the customer's, whose order takes
// its place, and no unpaid one is in that of staff, who are asked what becomes of it.
func (q Question) taken() bool {
	if q.Open == nil || q.Fulfilling || !q.Open.State.Open() {
		return false
	}
	if q.Open.State != RenewalOpen {
		return true
	}
	return q.By != ByStaff && (q.By != ByCustomer || q.Open.Kind != Automatic)
}

// inTheWay is the refusal of another renewal beside this one, with the invoice that it waits for.
func (r *Renewal) inTheWay() *Refusal {
	why := &Refusal{Reason: AlreadyOpen, RenewalID: r.ID, InvoiceID: r.InvoiceID}
	if r.State == RenewalHeld && r.FeeInvoiceID != "" {
		why.InvoiceID = r.FeeInvoiceID
	}
	return why
}

// locked reports whether the registry takes no renewal. A lock of the store's own is lifted for it.
func (d Domain) locked() bool {
	return d.State.epp("serverRenewProhibited") || d.State.epp("clientRenewProhibited") && !d.LockedByUs
}

// fee is what the stage costs; known is false where staff must quote it first.
func (q Question) fee(s Standing) (_ money.Money, known bool) {
	currency := q.Domain.Recurring.Currency
	for _, m := range q.Prices {
		currency = m.Currency
	}
	return q.Domain.FeeAt(*q.Policy, s.Stage, s.Window.End, currency, q.Rates)
}

// terms are one to ten years, each with its price or the reason why it is not on offer.
func (q Question) terms(s Standing, fee money.Money) []Term {
	terms := make([]Term, 0, maxTerm)
	for years := 1; years <= maxTerm; years++ {
		t := Term{Years: years, Expiry: q.Policy.Expiry(s.Window.End, years), Fee: fee}
		price, reason := q.price(years)
		t.Price = price
		switch {
		case reason == NotPriced && q.Fulfilling && years == q.Open.Years:
			t.Price = q.Open.Price // as agreed
		case reason != "":
			t.Refusal = &Refusal{Reason: reason}
		}
		if t.Refusal == nil {
			t.Refusal = q.beyond(t, s)
		}
		terms = append(terms, t)
	}
	return terms
}

// price is what a term costs, or why it has no price: what was promised for the stored term where automation asks, else
// the list; for a premium name what the registry asks.
func (q Question) price(years int) (money.Money, Reason) {
	price, priced := q.Prices[years]
	switch {
	case years >= maxTerm:
		return money.Money{}, NotPriced // never renewed for ten
	case !q.Policy.Allows(years):
		return money.Money{}, RegistryLimit
	case q.By == ByStaff && q.Domain.Free():
		return q.Domain.Recurring, ""
	case q.By == ByAutomation && q.Domain.Free() && years == q.Domain.Term:
		return q.Domain.Recurring, ""
	case !priced:
		return money.Money{}, NotPriced
	case q.Domain.Premium != nil:
		asked, known := q.Domain.Asked(years, price.Currency, q.Rates, q.Now)
		if !known {
			return money.Money{}, QuoteNeeded
		}
		if q.By == ByAutomation && years == q.Domain.Term {
			return q.Domain.Recurring, ""
		}
		return asked, ""
	case q.By == ByAutomation && years == q.Domain.Term:
		return q.Domain.Recurring, ""
	default:
		return price, ""
	}
}

// NeverOnOffer is why a term is not on offer whatever the day: the registry does not have it, or it has no price. Empty: it is.
func (q Question) NeverOnOffer(years int) Reason {
	if _, reason := q.price(years); reason == RegistryLimit || reason == NotPriced {
		return reason
	}
	return ""
}

// beyond is why the registry would not take a term now.
func (q Question) beyond(t Term, s Standing) *Refusal {
	limit := q.Policy.YearsAheadLimit
	if q.Domain.State.YearsAheadLimit != nil {
		limit = q.Domain.State.YearsAheadLimit // what the registry reports wins
	}
	// The years by which the registry is ahead are there: only the others are added.
	if limit != nil && t.Years-s.Ahead > *limit {
		return &Refusal{Reason: RegistryLimit}
	}
	if t.Expiry.After(Cap(RegistryDate(q.Now))) {
		first := FirstUnderCap(t.Expiry)
		if first.Before(s.Window.First) {
			first = s.Window.First
		}
		return &Refusal{Reason: OverCap, FirstDay: first}
	}
	return nil
}

// whole is the one reason why no term is on offer: the one nearest to an offer.
func whole(terms []Term) *Refusal {
	var best *Refusal
	order := map[Reason]int{NotPriced: 1, RegistryLimit: 2, QuoteNeeded: 3, OverCap: 4}
	rank := 0
	priced := false
	for _, t := range terms {
		if t.Refusal == nil {
			return nil
		}
		// A term that has no price says nothing about the registry's limit: terms that the registry lacks are refused first.
		if r := order[t.Refusal.Reason]; r > rank {
			best, rank = t.Refusal, r
		} else if r == rank && t.Refusal.FirstDay.Before(best.FirstDay) {
			best = t.Refusal
		}
		priced = priced || t.Price != (money.Money{})
	}
	if best != nil && best.Reason == RegistryLimit && !priced {
		return &Refusal{Reason: NotPriced}
	}
	return best
}
