package dispatch

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
)

// move is what a paid renewal does.
type move string

const (
	moveSend      move = "send"      // a command
	moveLift      move = "lift"      // our lock, first
	moveSatisfied move = "satisfied" // nothing is to be sent
	moveHold      move = "hold"
	moveTopUp     move = "top_up"
	moveAttention move = "attention"
	moveLost      move = "lost"
	moveWait      move = "wait" // and read again
)

// decision is what a paid renewal does, and why.
type decision struct {
	move    move
	verb    verb
	years   int
	expects civil.Date
	hold    domainname.Hold
	cause   string // for programs
	why     string // for staff
	missing money.Money
	wait    time.Duration
}

// question is what has to be known for that. domain has taken in the reading.
type question struct {
	domain domainname.Domain
	was    domainname.Domain // as it was before the reading
	open   domainname.Renewal
	policy *domainname.Policy
	read   reading
	caps   registrar.Capabilities
	done   []command // that were sent for this renewal, with what became of them
	asked  []command // that were sent about the domain lately, for whatever renewal
	copied bool      // it was paid before the store was restored from a backup: the original may have sent it
	quote  *quoted   // what is to be sent costs now; nil: nobody was asked
	rates  domainname.Rates
	now    time.Time
}

// quoted is what the registry says that a command costs, or staff.
type quoted struct {
	registrar.Quote

	verb    verb
	entered bool // by staff, as the registry does not tell it
}

// priceOf is what was said of a command; nil: nothing was asked.
func (q question) priceOf(v verb) *registrar.Quote {
	if q.quote == nil || q.quote.verb != v {
		return nil
	}
	return &q.quote.Quote
}

// gone is after how long a domain that is not there is believed to be gone.
const gone = 6 * time.Hour

// decide says what a paid renewal does after the registry was read. It is asked under the domain's lock, directly before a
// command is committed.
func decide(q question) decision {
	if d, over := q.away(); over {
		return d
	}
	offer := q.offer(q.open.Years)
	switch {
	case q.policy == nil:
		return decision{move: moveHold, hold: domainname.HeldRegistry, cause: domainname.NoPolicy, why: "There is no policy for ." + q.domain.Extension + "."}
	case q.read.epp("pendingRenew"):
		return decision{move: moveWait, wait: time.Hour} // the registry has taken something on that may be this
	case q.read.awaitsReport():
		return q.report()
	case offer.Stage == domainname.StageRedemption:
		return q.restore(offer)
	}
	base, years := q.remaining()
	verdict, send := domainname.Decide(base, years, q.read.date())
	switch {
	case years == 0:
		return decision{move: moveSatisfied, cause: CauseRestored}
	case verdict == domainname.Satisfied && q.read.itself():
		return decision{move: moveSatisfied, cause: CauseItself}
	case verdict == domainname.Satisfied:
		return decision{move: moveSatisfied, cause: CauseThere}
	case verdict == domainname.Attention:
		return decision{
			move: moveAttention, cause: domainname.OddDate,
			why: fmt.Sprintf("The registry says %s, and %d years were paid for from %s.", q.read.date().Format("en"), years, base.Format("en")),
		}
	}
	return q.renew(send)
}

// The causes of a renewal for which nothing was sent.
const (
	CauseItself   = "registry auto-renew" // the registry has added the year by itself
	CauseThere    = "renewed elsewhere"
	CauseRestored = "restored" // the restore brought all of it
)

// away is what to do about a domain that is not ours, or not there.
func (q question) away() (decision, bool) {
	switch {
	case q.read.found && q.read.ours:
		return decision{}, false
	case q.read.found:
		return decision{move: moveLost, cause: CauseElsewhere}, true
	case q.was.MissingSince != nil && !q.now.Before(q.was.MissingSince.Add(gone)):
		return decision{move: moveLost, cause: CauseGone}, true
	default:
		return decision{move: moveWait, wait: gone}, true
	}
}

// The causes of a domain that is lost.
const (
	CauseElsewhere = "another registrar has it"
	CauseGone      = "the registry does not know it"
)

// remaining is from where so many years are to be sent: a restore may have brought one already.
func (q question) remaining() (base civil.Date, years int) {
	base, years = q.open.Base, q.open.Years
	for _, c := range q.done {
		if c.verb == verbRestore && c.outcome == outcomeConfirmed && !c.expected.IsZero() {
			base, years = c.expected, max(0, q.open.Years-restoredYears(c.before, c.expected))
		}
	}
	return base, years
}

// restoredYears is how many of the years that were paid for a restore has brought, which left the domain with a date.
func restoredYears(before, after civil.Date) int {
	if before.DaysUntil(after) > domainname.Drift {
		return 1 // from the old expiry, or from the day of the restore
	}
	return 0
}

// offer asks what is on offer for so many years, the price being agreed.
func (q question) offer(years int) domainname.Offer {
	by := domainname.ByCustomer
	if q.open.Kind == domainname.Manual || q.open.Kind == domainname.WithFree {
		by = domainname.ByStaff
	}
	return domainname.Offers(domainname.Question{
		Domain: q.domain, Policy: q.policy, Prices: domainname.List{years: q.open.Price}, Open: &q.open, Fulfilling: true, By: by, Rates: q.rates, Now: q.now,
	})
}

// renew is what to do when so many years are to be sent.
func (q question) renew(years int) decision {
	hold := func(h domainname.Hold, cause, why string) decision {
		return decision{move: moveHold, hold: h, cause: cause, why: why}
	}
	expects := q.policy.Expiry(q.read.date(), years)
	byMode := !q.policy.ExplicitRenew && !q.caps.Manual || !q.caps.Renew
	if refusal := q.refusal(years); refusal != nil {
		switch refusal.Reason {
		case domainname.TooEarly:
			return hold(domainname.HeldRegistry, domainname.WaitsForWindow, fmt.Sprintf("The registry takes renewals from %s on.", refusal.FirstDay.Format("en")))
		case domainname.OverCap:
			return hold(domainname.HeldRegistry, domainname.WaitsForCap, fmt.Sprintf("The term would end more than ten years from now. It can be sent from %s on.", refusal.FirstDay.Format("en")))
		case domainname.RegistryLock:
			return hold(domainname.HeldLock, domainname.WaitsForLock, "The registry has locked the domain: "+strings.Join(q.read.State.EPP, ", "))
		case domainname.QuoteNeeded:
			return hold(domainname.HeldPrice, string(refusal.Reason), "The registry has not said what this premium name costs.")
		case domainname.TooLate:
			return hold(domainname.HeldRegistry, string(refusal.Reason), fmt.Sprintf("A renewal was possible until %s. The payment can be refunded.", refusal.LastDay.Format("en")))
		default:
			return hold(domainname.HeldRegistry, string(refusal.Reason), "The registry would not take this term now: "+string(refusal.Reason))
		}
	}
	dearer, tooDear := q.dearer()
	switch {
	case byMode && q.caps.SetMode:
		return decision{move: moveSend, verb: verbMode, years: years, expects: expects}
	case byMode:
		return hold(domainname.HeldRegistry, domainname.NoCommand, "There is no renew command, and no way to set the renewal mode. Set it at the registrar.")
	case q.blind():
		return decision{
			move: moveAttention, cause: domainname.SentBefore,
			why: "It may have been sent before, and here the date moves only at the expiry. Look at the registrar whether the renewal is done, before it is sent.",
		}
	case q.unpriced():
		return hold(domainname.HeldPrice, domainname.WaitsForQuote, "The registry has not said what this premium name costs.")
	case tooDear:
		return dearer
	case q.read.epp(lockRenew) && !q.caps.Lock:
		return hold(domainname.HeldLock, domainname.WaitsForLock, "Our own lock can't be lifted through this registrar.")
	case q.read.epp(lockRenew):
		return decision{move: moveLift}
	}
	return decision{move: moveSend, verb: verbRenew, years: years, expects: expects}
}

// refusal is why so many years are not on offer; nil: they are.
func (q question) refusal(years int) *domainname.Refusal {
	offer := q.offer(years)
	for _, t := range offer.Terms {
		if t.Years == years {
			if t.Refusal != nil && t.Refusal.Reason == domainname.QuoteNeeded && q.open.Kind == domainname.Manual {
				return nil // staff know what they do
			}
			return t.Refusal
		}
	}
	return offer.Refusal
}

// blind reports whether these years may have been asked for already while there is nothing by which to tell, because the date
// moves only at the expiry. What staff have released they have looked at.
func (q question) blind() bool {
	if q.policy.DateMoves != domainname.AtExpiry || q.open.Cause == domainname.ByStaffsWord {
		return false
	}
	return q.copied || slices.ContainsFunc(q.asked, func(c command) bool {
		return c.verb == verbRenew && c.outcome != string(registrar.Session) && c.before == q.read.own
	})
}

// unpriced reports whether a premium name has no price just now: whatever it was before, nothing is sent without one.
func (q question) unpriced() bool {
	quote := q.priceOf(verbRenew)
	return q.domain.Premium != nil && quote != nil && !quote.Known && q.open.Kind != domainname.Manual
}

// dearer is what to do when the registry asks for more for a premium name than was paid, which the customer must accept first. over is
// false if it does not.
func (q question) dearer() (_ decision, over bool) {
	quote := q.priceOf(verbRenew)
	if quote == nil || !quote.Known || !quote.Premium || q.open.Kind == domainname.Manual {
		return decision{}, false
	}
	asked, known := q.domain.Against(q.open, quote.Price, *q.policy, q.rates)
	why := fmt.Sprintf("The registry asks for %s for this premium name; %s was paid.", quote.Price.Format("en"), q.open.Price.Format("en"))
	switch {
	case !known:
		why += fmt.Sprintf(" The store has no rate of exchange to %s.", q.open.Price.Currency)
		return decision{move: moveHold, hold: domainname.HeldPrice, cause: domainname.WaitsForPremium, why: why}, true
	case asked.Missing.Amount > 0:
		return decision{move: moveTopUp, hold: domainname.HeldPrice, missing: asked.Missing, cause: domainname.WaitsForPremium, why: why}, true
	}
	return decision{}, false
}

// report is what to do about a domain that waits for the report of its restore.
func (q question) report() decision {
	if !q.caps.Restore {
		return decision{move: moveHold, hold: domainname.HeldRegistry, cause: domainname.NoRestore, why: "The registry waits for the report of a restore, which this registrar does not offer."}
	}
	return decision{move: moveSend, verb: verbReport}
}

// restore is what to do about a domain in redemption.
func (q question) restore(offer domainname.Offer) decision {
	if !q.caps.Restore {
		return q.renew(q.open.Years) // where a renewal lifts the redemption, this is how; else the registry says no
	}
	if q.open.Kind == domainname.Manual {
		return decision{move: moveSend, verb: verbRestore} // staff know what they do
	}
	late := q.late(offer.Window)
	fee, known := q.domain.FeeAt(*q.policy, domainname.StageRedemption, q.open.Base, q.open.Price.Currency, q.rates)
	missing := money.New(fee.Amount-q.open.Fee.Amount, q.open.Price.Currency)
	topUp := decision{move: moveTopUp, hold: domainname.HeldTopUp, missing: missing, cause: domainname.WaitsForRestore, why: "The registry has put the domain into its redemption period."}
	switch asked := q.open.Stage == domainname.StageRedemption; {
	case asked, late:
	case !known:
		return decision{move: moveHold, hold: domainname.HeldStaff, cause: domainname.WaitsForQuote, why: "The domain is in redemption, and no fee is set for a restore."}
	case missing.Amount > 0:
		return topUp
	}
	agreed := money.New(q.open.Fee.Amount, q.open.Price.Currency)
	if late && known {
		agreed.Amount = max(agreed.Amount, fee.Amount) // it is the store's to pay
	}
	dearer, tooDear := q.dearRestore(agreed)
	switch {
	case !tooDear:
		return decision{move: moveSend, verb: verbRestore}
	case known && fee.Amount > agreed.Amount: // staff have entered it since
		return topUp
	default:
		return dearer
	}
}

// dearRestore is what to do when the registry asks for more for the restore of a premium name than was agreed, or does not say what
// it asks. Some registries' price of a restore contains its year and some registries' does not: a person looks, lets it go on or
// enters what it costs. over is false if it is not so.
func (q question) dearRestore(agreed money.Money) (_ decision, over bool) {
	quote := q.priceOf(verbRestore)
	if quote == nil || q.open.Cause == domainname.ByStaffsWord {
		return decision{}, false
	}
	hold := decision{move: moveHold, hold: domainname.HeldStaff, cause: domainname.WaitsForPremium}
	switch {
	case !quote.Known && q.domain.Premium != nil && !q.domain.RestoreQuoted(q.open.Base):
		hold.cause, hold.why = domainname.WaitsForQuote, "The registry has not said what the restore of this premium name costs."
		return hold, true
	case !quote.Known || !quote.Premium:
		return decision{}, false
	}
	hold.why = fmt.Sprintf("The registry asks for %s for the restore of this premium name; %s was paid for it, and %s for the renewal.", quote.Price.Format("en"), agreed.Format("en"), q.open.Price.Format("en"))
	asked, ok := domainname.Convert(quote.Price, agreed.Currency, q.rates)
	if !ok {
		hold.why += fmt.Sprintf(" The store has no rate of exchange to %s.", agreed.Currency)
		return hold, true
	}
	hold.why += " Let it go on if that contains the year, or enter what the restore costs: the customer is asked for the rest."
	return hold, asked.Amount > agreed.Amount
}

// late reports whether the domain has come into redemption only since it was paid for: that is the store's delay.
func (q question) late(w domainname.Window) bool {
	if q.open.PaidAt == nil {
		return false
	}
	over := func(day civil.Date) bool {
		return slices.Contains([]domainname.Stage{domainname.StageRedemption, domainname.StageExpired}, w.Stage(day))
	}
	return over(domainname.RegistryDate(q.now)) && !over(domainname.RegistryDate(*q.open.PaidAt))
}
