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
	Deleted   bool
	Reference string
	Refused   string
}

// taskByHand is the kind of the tasks by which the registrar "manual" asks staff.
const taskByHand = "domain.by_hand"

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
		if err := task.Settled(ctx, tx, taskByHand, d.ID); err != nil {
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
		return w.holdTx(ctx, tx, d, r, domainname.HeldRegistry, "by_hand", in.Refused)
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
	}
	if flight != nil {
		if err := flight.settle(ctx, tx, became); err != nil {
			return err
		}
	}
	if err := w.answered(ctx, tx, TaskArrival, TaskStuck); err != nil {
		return err
	}
	var err error
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

// didByHand judges a command by what staff have read.
func (w *worker) didByHand(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, c command, read reading, in ByHand) error {
	if in.Refused != "" {
		c.message = in.Refused
		if err := c.settle(ctx, tx, outcomeNotDone); err != nil {
			return err
		}
		return w.holdTx(ctx, tx, d, r, domainname.HeldRegistry, "by_hand", in.Refused)
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
		return fail.Invalid("expiry", fmt.Sprintf("is not the %s to which this renewal leads", r.Expected))
	}
	adopt(d, read, tx.Now)
	if r.State == domainname.RenewalAttention || r.State == domainname.RenewalArranged || r.State == domainname.RenewalUnknown || r.State == domainname.RenewalSubmitted {
		return w.finish(ctx, tx, d, r, domainname.OnReadDone)
	}
	return w.satisfied(ctx, tx, d, r, CauseThere)
}
