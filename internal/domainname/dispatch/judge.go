package dispatch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/registrar"
)

// verdict is what a reading says of a command that was sent.
type verdict string

const (
	verdictDone      verdict = "done"      // the renewal is confirmed
	verdictPart      verdict = "part"      // the command was done, and something remains to be sent
	verdictItself    verdict = "itself"    // the registry has added the years by itself
	verdictLater     verdict = "later"     // done, and the date moves at the expiry
	verdictResend    verdict = "resend"    // not done
	verdictSession   verdict = "session"   // it never left
	verdictRelock    verdict = "unlock"    // not done because of a lock of our own
	verdictHold      verdict = "hold"      // not done, and a resend changes nothing
	verdictAttention verdict = "attention" // nobody can tell
	verdictLost      verdict = "lost"
	verdictWait      verdict = "wait" // it is read again
)

// judgement is a verdict, and why.
type judgement struct {
	verdict verdict
	hold    domainname.Hold
	cause   string
	why     string
	wait    time.Duration // zero: as after every try that told nothing
}

// proof is what has to be known to judge a command.
type proof struct {
	command command
	class   registrar.Class // of the answer; Unknown where there was none
	open    domainname.Renewal
	policy  domainname.Policy
	caps    registrar.Capabilities
	read    reading
	done    []command // those before it
	ours    bool      // the lock of the store's own
	missing *time.Time
	given   time.Duration // at most so long after it was made the command left
	ordered *bool         // whether the registrar's list of orders has it; nil: there is none
	now     time.Time
}

// load reads what the store knows besides: the policy that holds now, and what the registrar was told before.
func (p *proof) load(ctx context.Context, tx *db.Tx, d domainname.Domain) error {
	policy, err := policyOf(ctx, tx, d)
	if err != nil {
		return err
	}
	if policy != nil {
		p.policy = *policy
	}
	p.done, err = commandsOf(ctx, tx, p.open.ID)
	return err
}

// resends are how long is waited before each.
var resends = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute}

// judge says what became of a command. The registry's word decides; a code only says why a command was not done.
func judge(p proof) judgement {
	if j, over := p.away(); over {
		return j
	}
	switch p.command.verb {
	case verbRestore:
		return p.restored()
	case verbReport:
		return p.reported()
	default:
	}
	before, read := p.command.before.AddDays(-p.caps.GraceIncluded), p.read.date()
	switch p.policy.Judge(before, p.command.expected, read) {
	case domainname.Done:
		return p.moved()
	case domainname.NotDone:
		return p.still()
	case domainname.Unclear:
	}
	if p.partly() {
		return judgement{verdict: verdictPart, cause: CauseItself}
	}
	return judgement{
		verdict: verdictAttention, cause: domainname.OddDate,
		why: fmt.Sprintf("The registry's date was %s before the command, should be %s after it, and is %s.", before.Format("en"), p.command.expected.Format("en"), read.Format("en")),
	}
}

// doubted is for how long it is not believed that a domain has left which was ours when a command was made, and whose
// registrar has not said so itself.
const doubted = time.Hour

// away is what follows when the domain is not ours, or not there.
func (p proof) away() (judgement, bool) {
	switch {
	case p.read.found && p.read.ours:
		return judgement{}, false
	case p.read.found && (p.class == registrar.NotOurs || p.now.Sub(p.command.made) >= doubted):
		return judgement{verdict: verdictLost, cause: CauseElsewhere}, true
	case p.read.found:
		return judgement{verdict: verdictWait}, true // it was ours when the command was made
	case p.class == registrar.NotOurs, p.missing != nil && !p.now.Before(p.missing.Add(gone)):
		return judgement{verdict: verdictLost, cause: CauseGone}, true // two commands said so, or two looks with hours between
	default:
		return judgement{verdict: verdictWait, wait: gone}, true
	}
}

// moved is what follows when the date is the expected one.
func (p proof) moved() judgement {
	if p.class != registrar.Done && p.read.itself() {
		if domainname.YearsAhead(p.read.date(), p.open.Base) >= p.open.Years {
			return judgement{verdict: verdictItself, cause: CauseItself}
		}
		return judgement{verdict: verdictPart, cause: CauseItself}
	}
	return judgement{verdict: verdictDone}
}

// partly reports whether the registry has added some of the years by itself, so that the command can't be done any more.
func (p proof) partly() bool {
	guarded := p.command.guard == registrar.GuardDate || p.command.guard == registrar.GuardYear
	years := domainname.YearsAhead(p.read.date(), p.open.Base)
	return guarded && p.read.itself() && years > 0 && years < p.open.Years
}

// still is what follows when the date has not moved.
func (p proof) still() judgement {
	switch {
	case p.pending():
		return p.waiting()
	case p.policy.DateMoves == domainname.AtExpiry:
		return p.stillAtExpiry()
	case p.class == registrar.Done && p.command.code == 1001:
		return p.refused(domainname.HeldRegistry, domainname.RefusedLater, "The registry says that the renewal is done, and its date has not moved.")
	}
	if j, waits := p.unsettled(); waits {
		return j
	}
	return p.notDone()
}

// pending reports whether the registry has taken the command on, and not ended it.
func (p proof) pending() bool {
	return p.class == registrar.Pending || p.read.epp("pendingRenew")
}

// waiting goes on for as long as it takes: a message, or the date, ends it.
func (p proof) waiting() judgement { return judgement{verdict: verdictWait} }

// stillAtExpiry is what follows where the date says nothing before the expiry: whatever was answered, the command may have
// been done, and there is nothing by which to tell. So nothing is ever sent twice here without a person.
func (p proof) stillAtExpiry() judgement {
	const look = " Here the date moves only at the expiry. Look at the registrar whether the renewal is done, before it is sent again."
	answer := p.command.answer() + "."
	switch p.class {
	case registrar.Done:
		return judgement{verdict: verdictLater}
	case registrar.Session:
		return judgement{verdict: verdictSession}
	case registrar.Money:
		return p.refused(domainname.HeldFunds, domainname.WaitsForFunds, "The account at the registrar has not enough funds: "+answer+look)
	case registrar.Fault, registrar.Status, registrar.Policy, registrar.NotOurs:
		return p.refused(domainname.HeldRegistry, domainname.Refused, "The registrar refused: "+answer+look)
	default:
		return judgement{verdict: verdictAttention, cause: domainname.NoAnswer, why: "The registrar has not answered." + look}
	}
}

// unsettled is what follows where nothing keeps the command from being done late: "not done" takes time.
func (p proof) unsettled() (judgement, bool) {
	if p.command.guard == registrar.GuardDate || p.command.guard == registrar.GuardYear || p.class != registrar.Unknown && p.class != registrar.Done {
		return judgement{}, false
	}
	if settled := p.command.made.Add(p.given + p.caps.Settle); p.now.Before(settled) {
		return judgement{verdict: verdictWait, wait: settled.Sub(p.now)}, true
	}
	if p.ordered != nil && *p.ordered {
		return p.waiting(), true // the registrar has it, and will do it
	}
	return judgement{}, false
}

// notDone is what follows when the command surely was not done.
func (p proof) notDone() judgement {
	switch p.class {
	case registrar.Session:
		return judgement{verdict: verdictSession}
	case registrar.Money, registrar.Fault, registrar.Status, registrar.NotOurs:
		return p.byClass()
	default:
	}
	if p.command.code == 1001 {
		return p.refused(domainname.HeldRegistry, domainname.RefusedLater, "The registry has taken the renewal on and then refused it: "+p.command.message)
	}
	if p.resent() >= len(resends) {
		return p.refused(domainname.HeldRegistry, domainname.RefusedAgain, fmt.Sprintf("It was sent %d times and not done. The last answer: %s", p.resent()+1, p.command.answer()))
	}
	return judgement{verdict: verdictResend, wait: resends[p.resent()]}
}

// resent is how often it was sent again. A report, which is part of the restore, is counted by itself.
func (p proof) resent() int {
	if p.command.verb != verbReport {
		return p.open.Resends
	}
	n := 0
	for _, c := range p.done {
		if c.verb == verbReport && c.settled && c.outcome != string(registrar.Session) {
			n++
		}
	}
	return n
}

func (p proof) refused(h domainname.Hold, cause, why string) judgement {
	return judgement{verdict: verdictHold, hold: h, cause: cause, why: why}
}

// byClass is what follows from the reason for which a command was not done.
func (p proof) byClass() judgement {
	answer := p.command.answer()
	switch p.class {
	case registrar.Money:
		return p.refused(domainname.HeldFunds, domainname.WaitsForFunds, "The account at the registrar has not enough funds. It is tried again every hour.")
	case registrar.Status:
		return p.byStatus(answer)
	case registrar.NotOurs:
		return p.refused(domainname.HeldRegistry, domainname.NotOurs, "The registrar says that the domain is not ours, and the registry that it is: "+answer)
	default:
		return p.refused(domainname.HeldRegistry, domainname.OurFault, "The registrar does not understand or allow the command: "+answer)
	}
}

// byStatus is what follows when a status of the domain was in the way.
func (p proof) byStatus(answer string) judgement {
	server := slices.ContainsFunc(p.read.State.EPP, func(s string) bool { return s == "serverRenewProhibited" || s == "serverUpdateProhibited" })
	deleted := p.read.rgp("redemptionPeriod") || p.read.rgp("pendingRestore") || p.read.epp("pendingDelete")
	switch {
	case p.read.epp(lockRenew) && p.ours, deleted && p.command.verb == verbRenew && p.caps.Restore:
		return judgement{verdict: verdictRelock} // from the beginning: the lock is lifted, or the domain restored
	case server, p.read.epp(lockRenew):
		return p.refused(domainname.HeldLock, domainname.WaitsForLock, fmt.Sprintf("The registry has locked the domain (%s): %s", strings.Join(p.read.State.EPP, ", "), answer))
	case p.resent() >= len(resends):
		return p.refused(domainname.HeldRegistry, domainname.RefusedAgain, fmt.Sprintf("It was sent %d times and refused: %s", p.resent()+1, answer))
	default:
		return judgement{verdict: verdictResend, wait: resends[p.resent()]}
	}
}

// restored judges a restore: whether the domain is out of its redemption.
func (p proof) restored() judgement {
	switch {
	case p.read.rgp("redemptionPeriod"):
		if p.class == registrar.Pending {
			return p.waiting()
		}
		return p.notDone()
	case p.read.awaitsReport():
		return judgement{verdict: verdictPart} // the report is missing
	case p.read.rgp("pendingDelete"), p.read.epp("pendingDelete"):
		return p.refused(domainname.HeldRegistry, domainname.Deleting, "The registry is about to delete the domain.")
	default:
		return p.outOfRedemption(p.command)
	}
}

// reported judges the report of a restore.
func (p proof) reported() judgement {
	switch {
	case p.read.awaitsReport(), p.read.rgp("redemptionPeriod"):
		if p.class == registrar.Pending {
			return p.waiting()
		}
		return p.notDone()
	case p.read.rgp("pendingDelete"), p.read.epp("pendingDelete"):
		return p.refused(domainname.HeldRegistry, domainname.Deleting, "The registry is about to delete the domain.")
	}
	for _, c := range slices.Backward(p.done) {
		if c.verb == verbRestore {
			return p.outOfRedemption(c)
		}
	}
	return judgement{verdict: verdictPart}
}

// outOfRedemption is what follows when a domain is restored: the restore may have brought all that was paid for.
func (p proof) outOfRedemption(restore command) judgement {
	if restoredYears(restore.before.AddDays(-p.caps.GraceIncluded), p.read.date()) >= p.open.Years {
		return judgement{verdict: verdictDone}
	}
	return judgement{verdict: verdictPart}
}

// wasRestored reports whether a restore was part of this renewal.
func (p proof) wasRestored() bool {
	return p.command.verb == verbRestore || slices.ContainsFunc(p.done, func(c command) bool {
		return c.verb == verbRestore && c.outcome == outcomeConfirmed
	})
}

// longPending is after how long staff are told that a registry has not ended what it has taken on.
const longPending = 48 * time.Hour
