package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/task"
)

// ByHand is what staff say who did by hand what the registrar "manual" was asked for: the new expiry, that it is deleted, or why
// it can't be done.
type ByHand struct {
	Expiry    string // as it was read: RFC 3339 or a date
	Sure      bool   // the expiry of a new domain is the registry's, though it is over or not what was bought
	Deleted   bool
	Reference string
	Refused   string
}

// TaskByHand is the kind of the tasks by which the registrar "manual" asks staff for what the store waits for.
const TaskByHand = "domain.by_hand"

// CodeOutcomeNeeded is the code of the conflict that a task can't be closed before staff say what came of it.
const CodeOutcomeNeeded = "OUTCOME_NEEDED"

var errOutcomeNeeded = fail.Conflict(CodeOutcomeNeeded, "The store waits for what came of this: say on the domain's page that it is done, or why it can't be.")

// AwaitsOutcome says that a task by hand can't be closed: its command waits for what staff say of it.
func AwaitsOutcome(ctx context.Context, tx *db.Tx, q task.Question) error {
	flight, err := inFlight(ctx, tx, q.SubjectID)
	if err == nil && flight != nil && flight.transaction == q.Occasion {
		return errOutcomeNeeded
	}
	return err
}

func (in ByHand) validate() error {
	said := 0
	for _, is := range []bool{in.Expiry != "", in.Refused != "", in.Deleted} {
		if is {
			said++
		}
	}
	if said != 1 {
		return fail.Invalid("expiry", "is required, or that it is deleted, or why it can't be done")
	}
	return nil
}

// ByHand takes in what staff did by hand. Their reading is judged as that of a registry would be.
func (s *Service) ByHand(ctx context.Context, domainID string, in ByHand) (err error) {
	if err := in.validate(); err != nil {
		return err
	}
	w, err := s.borrow(ctx, domainID)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.giveBack(ctx)) }()
	return w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		if err := w.byHand(ctx, tx, d, in); err != nil {
			return err
		}
		if err := task.Settled(ctx, tx, TaskByHand, d.ID); err != nil {
			return err
		}
		after := in.Expiry + in.Refused
		if in.Deleted {
			after = "deleted"
		}
		if in.Reference != "" {
			after += " (" + in.Reference + ")"
		}
		if err := event.Audit(ctx, tx, event.Change{What: "domain.by_hand", SubjectID: d.ID, Before: d.Expiry.Raw, After: after}); err != nil {
			return err
		}
		return domainname.Work(ctx, tx, d.ID, tx.Now) // what remains to be done
	})
}

func (w *worker) byHand(ctx context.Context, tx *db.Tx, d *domainname.Domain, in ByHand) error {
	read, err := readByHand(in.Expiry, tx.Now)
	if err != nil {
		return err
	}
	flight, err := inFlight(ctx, tx, d.ID)
	if err != nil {
		return err
	}
	if flight != nil && flight.verb == verbDelete {
		return w.deletedByHand(ctx, tx, d, flight, in)
	}
	if in.Deleted {
		return errNothingByHand
	}
	if d.Status == domainname.PendingRegistration || d.Status == domainname.PendingTransfer {
		return w.arrivedByHand(ctx, tx, d, flight, read, in)
	}
	r, err := domainname.OpenRenewal(ctx, tx, d.ID)
	if err != nil {
		return err
	}
	if r == nil || r.State == domainname.RenewalOpen {
		return errNothingByHand
	}
	if in.Reference != "" {
		r.Reference = in.Reference
	}
	if flight != nil && flight.renewalID == r.ID {
		return w.didByHand(ctx, tx, d, r, *flight, read, in)
	}
	if in.Refused != "" {
		return w.holdTx(ctx, tx, d, r, domainname.HeldRegistry, domainname.RefusedByHand, in.Refused)
	}
	return w.confirmByHand(ctx, tx, d, r, read)
}

var errNothingByHand = fail.Conflict("NOTHING_TO_ENTER", "Nothing is to be done by hand for this domain.")

// deletedByHand takes in what came of the deletion that staff were asked for.
func (w *worker) deletedByHand(ctx context.Context, tx *db.Tx, d *domainname.Domain, flight *command, in ByHand) error {
	switch {
	case in.Deleted:
		return w.deleted(ctx, tx, d, flight, stored(*d))
	case in.Expiry != "":
		return fail.Invalid("expiry", "is of no use: the domain was to be deleted. Say that it is, or why it can't be")
	}
	flight.message = shortened(in.Refused)
	return flight.settle(ctx, tx, outcomeNotDone)
}

// readByHand is what staff have read; empty: nothing.
func readByHand(expiry string, now time.Time) (reading, error) {
	if expiry == "" {
		return reading{}, nil
	}
	at, err := domainname.ReadExpiry(expiry, civil.Date{}, now)
	if err != nil {
		return reading{}, fail.Invalid("expiry", err.Error())
	}
	r := reading{found: true, ours: true, at: at, own: domainname.RegistryDate(at)}
	r.Raw, r.Source, r.State.Sponsor = expiry, domainname.FromStaff, domainname.SponsorOurs
	return r, nil
}

func (w *worker) arrivedByHand(ctx context.Context, tx *db.Tx, d *domainname.Domain, flight *command, read reading, in ByHand) error {
	became := outcomeConfirmed
	if in.Refused != "" {
		became = outcomeNotDone
	} else if !in.Sure {
		policy, err := policyOf(ctx, tx, *d)
		if err != nil {
			return err
		}
		if what := doubtful(*d, policy, flight, read.date(), domainname.RegistryDate(tx.Now)); what != "" {
			return fail.Invalid("expiry", what+". If that is what the registry says, confirm it")
		}
	}
	if flight != nil {
		if err := flight.settle(ctx, tx, became); err != nil {
			return err
		}
	}
	err := w.answered(ctx, tx, TaskArrival, TaskStuck)
	if err != nil {
		return err
	}
	if in.Refused != "" {
		err = w.config.Registrations.Refused(ctx, tx, d, in.Refused)
	} else {
		err = w.config.Registrations.Confirmed(ctx, tx, d, read.Reading)
	}
	if err != nil {
		return err
	}
	return domainname.Save(ctx, tx, d)
}

// doubtful says what is odd about the expiry of a new domain; empty: nothing. Staff may enter late what they did when they were
// asked, so the years that were bought may count from then on. What a transfer makes of a date only the registry knows.
func doubtful(d domainname.Domain, policy *domainname.Policy, flight *command, expiry, today civil.Date) string {
	if expiry.Before(today) {
		return "is over"
	}
	if d.Status != domainname.PendingRegistration || d.BoughtYears == 0 {
		return ""
	}
	asked := d.CreatedAt
	if flight != nil {
		asked = flight.made
	}
	first, last := domainname.AddYears(domainname.RegistryDate(asked), d.BoughtYears), domainname.AddYears(today, d.BoughtYears)
	if policy != nil {
		last = policy.Expiry(today, d.BoughtYears)
	}
	if expiry.Before(first.AddDays(-domainname.Drift)) || expiry.After(last.AddDays(domainname.Drift)) {
		return "is not the end of what was bought, which is about " + last.String()
	}
	return ""
}

// didByHand judges a command by what staff have read.
func (w *worker) didByHand(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, c command, read reading, in ByHand) error {
	if in.Refused != "" {
		c.message = in.Refused
		if err := c.settle(ctx, tx, outcomeNotDone); err != nil {
			return err
		}
		return w.holdTx(ctx, tx, d, r, domainname.HeldRegistry, domainname.RefusedByHand, in.Refused)
	}
	p := proof{command: c, class: registrar.Done, open: *r, read: read, ours: d.LockedByUs, now: tx.Now}
	if err := p.load(ctx, tx, *d); err != nil {
		return err
	}
	if c.verb == verbRenew && p.policy.Judge(c.before, c.expected, read.date()) == domainname.NotDone {
		return fail.Invalid("expiry", "is the old one. If it can't be renewed, say why")
	}
	_, err := w.apply(ctx, tx, d, r, p, judge(p))
	return err
}

// confirmByHand confirms a renewal for which no command waits, where staff have read that it is done.
func (w *worker) confirmByHand(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, read reading) error {
	verdict, _ := domainname.Decide(r.Base, r.Years, read.date())
	if verdict != domainname.Satisfied {
		return fail.Invalid("expiry", fmt.Sprintf("is not the %s to which this renewal leads", r.Expected.Format("en")))
	}
	adopt(d, read, tx.Now)
	if r.State == domainname.RenewalAttention || r.State == domainname.RenewalArranged || r.State == domainname.RenewalUnknown || r.State == domainname.RenewalSubmitted {
		return w.finish(ctx, tx, d, r, domainname.OnReadDone)
	}
	return w.satisfied(ctx, tx, d, r, CauseThere)
}
