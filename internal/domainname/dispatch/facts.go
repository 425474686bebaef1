package dispatch

import (
	"context"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/metric"
	"github.com/keystead/keystead/internal/setting"
)

// facts are what a worker decides from.
type facts struct {
	domain domainname.Domain
	policy *domainname.Policy
	open   *domainname.Renewal // that is not over
	flight *command            // whose outcome isn't known
	last   *command            // the last one about the domain
	away   bool                // the money of open is, or a part of it
	now    time.Time
	watch  *metric.Watch // nil: nobody counts
	// Of a premium name: how many days before next due it is invoiced, and in which zone.
	days int
	zone *time.Location
}

// facts reads what is known about the domain.
func (w *worker) facts(ctx context.Context) (f facts, err error) {
	err = w.db.Read(ctx, func(tx *db.Tx) error {
		f, err = w.known(ctx, tx)
		return err
	})
	return f, err
}

func (w *worker) known(ctx context.Context, tx *db.Tx) (f facts, err error) {
	f = facts{now: tx.Now, watch: metric.In(tx)}
	if f.domain, err = domainname.Load(ctx, tx, w.id); err != nil {
		return f, err
	}
	if f.policy, err = policyOf(ctx, tx, f.domain); err != nil {
		return f, err
	}
	if err := w.opened(ctx, tx, &f); err != nil {
		return f, err
	}
	if f.flight, err = inFlight(ctx, tx, w.id); err != nil {
		return f, err
	}
	if f.domain.Premium != nil {
		st, err := setting.Load(ctx, tx)
		if err != nil {
			return f, err
		}
		f.days, f.zone = st.DomainInvoiceAhead(), st.TimeZone
	}
	f.last, err = lastCommand(ctx, tx, w.id)
	return f, err
}

// opened reads the renewal that is not over, and what its money does where a registrar renews by itself.
func (w *worker) opened(ctx context.Context, tx *db.Tx, f *facts) (err error) {
	if f.open, err = domainname.OpenRenewal(ctx, tx, w.id); err != nil || f.open == nil {
		return err
	}
	if f.away = f.open.MoneyAway(); f.away || f.open.State != domainname.RenewalHeld || f.policy == nil || f.policy.ExplicitRenew {
		return nil
	}
	if f.open.Hold == domainname.HeldTopUp || f.open.Hold == domainname.HeldPrice {
		f.away, err = w.config.Renewals.Away(ctx, tx, f.domain, *f.open)
	}
	return err
}

func policyOf(ctx context.Context, tx *db.Tx, d domainname.Domain) (*domainname.Policy, error) {
	p, ok, err := domainname.PolicyAt(ctx, tx, d.Extension, domainname.RegistryDate(tx.Now))
	if !ok || err != nil {
		return nil, err
	}
	return &p, nil
}

// work is what is to be done at a domain.
type work string

const (
	workNone     work = ""
	workArrive   work = "arrive"   // a registration or a transfer
	workConclude work = "conclude" // read what came of a command
	workDelete   work = "delete"   // read whether a domain that was given up is deleted
	workAct      work = "act"      // read what came of something that somebody has asked for
	workForget   work = "forget"   // a command that can be repeated without harm has no outcome
	workFulfil   work = "fulfil"   // a paid renewal
	workRelease  work = "release"  // see whether a held renewal can go on
	workRecheck  work = "recheck"  // see whether it is done after all
	workArranged work = "arranged" // see whether the date has moved
	workExpire   work = "expire"   // tell the registrar that nobody has paid
	workLock     work = "lock"     // put our lock back
	workQuote    work = "quote"    // ask what a premium name costs
)

// due says what is to be done now, and else when to look again by itself: nil is never.
func (f facts) due() (work, *time.Time) {
	d := f.domain
	switch {
	case d.Status == domainname.PendingRegistration || d.Status == domainname.PendingTransfer:
		return workArrive, nil
	case f.flight != nil && f.flight.asked != nil:
		return workAct, nil
	case f.flight != nil && (f.flight.verb == verbUpdate || f.flight.verb == verbMode):
		return workForget, nil
	case f.flight != nil && f.flight.verb == verbDelete:
		return workDelete, nil
	case f.flight != nil:
		return workConclude, nil
	}
	if f.open != nil {
		switch f.open.State {
		case domainname.RenewalPaid, domainname.RenewalSubmitted, domainname.RenewalUnknown:
			return workFulfil, nil // without a command: staff want it sent, or it is to be sent again
		case domainname.RenewalHeld, domainname.RenewalAttention:
			if at := f.recheck(); at != nil && !f.now.Before(*at) {
				return workRecheck, nil
			}
			if at := f.release(); at != nil && !f.now.Before(*at) {
				return workRelease, nil
			}
		case domainname.RenewalArranged:
			if !f.now.Before(f.movesOn()) {
				return workArranged, nil
			}
		default:
		}
	}
	if at := f.expireAt(); at != nil && !f.now.Before(*at) {
		return workExpire, nil
	}
	if f.unlocked() {
		return workLock, nil
	}
	if at := f.quoteAt(); at != nil && !f.now.Before(*at) {
		return workQuote, nil
	}
	return workNone, f.next()
}

// next is when something will be to be done by itself.
func (f facts) next() *time.Time {
	var next *time.Time
	for _, at := range []*time.Time{f.expireAt(), f.release(), f.recheck(), f.quoteAt()} {
		if at != nil && (next == nil || at.Before(*next)) {
			next = at
		}
	}
	if f.open != nil && f.open.State == domainname.RenewalArranged {
		if at := f.movesOn(); next == nil || at.Before(*next) {
			next = &at
		}
	}
	return next
}

// movesOn is the beginning of the day on which the date of an arranged renewal moves, unless it was read that it has.
func (f facts) movesOn() time.Time {
	if verdict, _ := domainname.Decide(f.open.Base, f.open.Years, f.domain.Expiry.Date()); verdict == domainname.Satisfied {
		return f.now
	}
	return f.open.Base.StartIn(time.UTC)
}

// release is when to see whether a held renewal can go on by itself; nil: others say so.
func (f facts) release() *time.Time {
	if f.open == nil || f.open.State != domainname.RenewalHeld {
		return nil
	}
	var when time.Time
	switch {
	case f.last != nil && f.last.renewalID == f.open.ID && f.policy != nil && f.policy.DateMoves == domainname.AtExpiry:
		return nil // it may have been done, whatever was answered: a person looks first
	case f.open.Hold == domainname.HeldFunds && f.last != nil:
		when = f.last.made.Add(fundsAgain)
	case f.open.Hold == domainname.HeldLock:
		when = f.domain.State.ReadAt.Add(lockAgain)
	case f.open.Hold != domainname.HeldRegistry || f.policy == nil:
		return nil
	case f.open.Cause == domainname.WaitsForWindow:
		when = f.domain.Window(*f.policy).First.StartIn(time.UTC)
	case f.open.Cause == domainname.WaitsForCap:
		when = domainname.FirstUnderCap(f.open.Expected).StartIn(time.UTC)
	default:
		return nil
	}
	return &when
}

// After how long is looked again whether what stood in the way has gone.
const (
	fundsAgain = time.Hour
	lockAgain  = 6 * time.Hour
)

// recheck is when to see whether a renewal that waits for a person is done after all: when the registry's date, as it was
// read by others, says so, and in the days after the expiry where it moves only then; nil: never by itself.
func (f facts) recheck() *time.Time {
	if f.open == nil || f.open.State != domainname.RenewalHeld && f.open.State != domainname.RenewalAttention || f.domain.RegistrarID == "" {
		return nil
	}
	if verdict, _ := domainname.Decide(f.open.Base, f.open.Years, f.domain.Expiry.Date()); verdict == domainname.Satisfied {
		return &f.now
	}
	if f.policy == nil || f.policy.DateMoves != domainname.AtExpiry {
		return nil
	}
	next := f.open.Base.AddDays(1).StartIn(time.UTC)
	if read := f.domain.State.ReadAt.Add(recheckEvery); read.After(next) {
		next = read
	}
	if next.After(f.open.Base.AddDays(recheckDays).StartIn(time.UTC)) {
		return nil
	}
	return &next
}

const (
	recheckEvery = 12 * time.Hour
	recheckDays  = 10
)

// expireAt is when the registrar is told to let a domain expire where there is no renew command and nothing is paid, or the money is
// away again.
func (f facts) expireAt() *time.Time {
	d := f.domain
	if f.policy == nil || f.policy.ExplicitRenew || d.Mode == domainname.ModeExpire || d.RegistrarID == "" {
		return nil
	}
	if d.Status != domainname.Active && d.Status != domainname.Grace || f.open != nil && f.open.State != domainname.RenewalOpen && !f.away {
		return nil
	}
	w := d.Window(*f.policy)
	if w.End.IsZero() || w.Stage(domainname.RegistryDate(f.now)) == domainname.StageExpired {
		return nil
	}
	start := w.ExpireModeOn().StartIn(time.UTC)
	return &start
}

const (
	lockRenew    = "clientRenewProhibited"
	lockTransfer = "clientTransferProhibited"
)

// unlocked reports whether a lock of our own was lifted for a renewal that isn't under way any more.
func (f facts) unlocked() bool {
	d := f.domain
	if !d.LockedByUs || d.State.ReadAt.IsZero() || slices.Contains(d.State.EPP, lockRenew) || d.RegistrarID == "" {
		return false
	}
	if d.Status != domainname.Active && d.Status != domainname.Grace {
		return false
	}
	return f.open == nil || f.open.State != domainname.RenewalPaid
}

// step does what is to be done now.
func (w *worker) step(ctx context.Context, f facts) (step, error) {
	what, next := f.due()
	if what == workNone {
		if next == nil {
			return rest, nil
		}
		return at(*next), nil
	}
	switch what {
	case workArrive:
		return w.arrive(ctx, f)
	case workAct:
		_, next, err := w.concludeAct(ctx, f, *f.flight, "")
		return next, err
	case workForget:
		return w.forget(ctx, *f.flight)
	case workDelete:
		return w.concludeDeletion(ctx, f, *f.flight, false)
	case workConclude:
		return w.conclude(ctx, f, *f.flight, nil)
	case workRelease:
		return w.release(ctx, f)
	case workRecheck:
		return w.recheck(ctx, f)
	case workArranged:
		return w.arranged(ctx, f)
	case workExpire:
		return w.setMode(ctx, f, domainname.ModeExpire)
	case workLock:
		return w.lock(ctx, f)
	case workQuote:
		return w.quoteDue(ctx, f)
	default:
		return w.fulfil(ctx, f)
	}
}
