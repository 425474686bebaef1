package dispatch

import (
	"context"
	"fmt"
	"slices"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/registrar"
)

// setMode tells a registrar what to do at the expiry of a domain for which nothing is paid.
func (w *worker) setMode(ctx context.Context, f facts, mode domainname.Mode) (step, error) {
	reg, err := w.open(ctx, f.domain)
	if err != nil {
		return rest, err
	}
	if !reg.Capabilities().SetMode {
		return rest, w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
			return w.ask(ctx, tx, TaskStuck, "mode "+d.Expiry.Date().String(), d.Name.Unicode()+": nothing is paid, and the registrar can't be told to let it expire. Look there what it will do.")
		})
	}
	s := &sending{command: command{verb: verbMode}, mode: mode}
	if ok, err := w.begin(ctx, s, func(f facts) bool { return f.expireAt() != nil }); !ok || err != nil {
		return again, err
	}
	return w.send(ctx, f, reg, s)
}

// begin commits a command that is no renewal's, if what it is for still holds.
func (w *worker) begin(ctx context.Context, s *sending, holds func(facts) bool) (ok bool, err error) {
	err = w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		f := facts{domain: *d, now: tx.Now}
		if f.policy, err = policyOf(ctx, tx, *d); err != nil {
			return err
		}
		if err := w.opened(ctx, tx, &f); err != nil {
			return err
		}
		if ok = holds(f); !ok {
			return nil
		}
		if err := s.insert(ctx, tx, d.ID, d.RegistrarID); err != nil {
			return err
		}
		// Whoever asked for it may be no worker that is looked for when it dies.
		return domainname.Work(ctx, tx, d.ID, tx.Now.Add(lease))
	})
	if err != nil || !ok {
		return false, err
	}
	return true, w.point("committed", w.id)
}

// taken reports whether an answer to a command that can be repeated without harm says that it is done, or will be.
func taken(a registrar.Answer) bool {
	return a.Class == registrar.Done || a.Class == registrar.Pending
}

// untold reports whether nobody knows, or nothing was done: it is simply told again.
func untold(a registrar.Answer) bool {
	return a.Class == registrar.Unknown || a.Class == registrar.Session
}

// became is what is written down of such a command.
func became(a registrar.Answer) string {
	switch {
	case taken(a):
		return outcomeConfirmed
	case a.Class == registrar.Unknown:
		return outcomeNotDone
	default:
		return string(a.Class)
	}
}

// modeSet writes down what came of telling the registrar a mode.
func (w *worker) modeSet(ctx context.Context, s *sending, a registrar.Answer) (next step, err error) {
	err = w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		c := s.command
		next = again
		if err := c.settle(ctx, tx, became(a)); err != nil {
			return err
		}
		if untold(a) {
			next = w.later()
			return nil
		}
		why := fmt.Sprintf("The registrar was told to let it %s at its expiry, and refused: %s", s.mode, said(a.Code, shortened(a.Message)))
		if !taken(a) && s.mode == domainname.ModeExpire {
			next = rest
			return w.ask(ctx, tx, TaskStuck, "mode "+d.Expiry.Date().String(), d.Name.Unicode()+": "+why)
		}
		open, err := domainname.OpenRenewal(ctx, tx, w.id)
		if err != nil {
			return err
		}
		paid := open != nil && open.State == domainname.RenewalPaid
		if !taken(a) {
			if !paid {
				return nil
			}
			h := domainname.HeldRegistry
			if a.Class == registrar.Money {
				h = domainname.HeldFunds
			}
			return w.holdTx(ctx, tx, d, open, h, domainname.RefusedMode, why)
		}
		w.tries = 0
		d.Mode = s.mode
		if s.mode == domainname.ModeRenew && paid {
			if err := domainname.MoveRenewal(ctx, tx, open, domainname.OnMode); err != nil {
				return err
			}
		}
		return domainname.Save(ctx, tx, d)
	})
	return next, err
}

// lock puts our lock back that was lifted for a renewal.
func (w *worker) lock(ctx context.Context, f facts) (step, error) {
	reg, err := w.open(ctx, f.domain)
	if err != nil {
		return rest, err
	}
	if !reg.Capabilities().Lock {
		return w.unlockable(ctx, "The registrar does not offer locks.")
	}
	s := &sending{command: command{verb: verbUpdate}, update: registrar.Update{AddStatuses: []string{lockRenew}}}
	if ok, err := w.begin(ctx, s, facts.unlocked); !ok || err != nil {
		return again, err
	}
	return w.send(ctx, f, reg, s)
}

// unlockable notes that our lock is not there any more.
func (w *worker) unlockable(ctx context.Context, why string) (step, error) {
	return again, w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error { return w.lockGone(ctx, tx, d, why) })
}

func (w *worker) lockGone(ctx context.Context, tx *db.Tx, d *domainname.Domain, why string) error {
	d.LockedByUs = false
	if err := w.ask(ctx, tx, TaskStuck, "lock "+d.Expiry.Date().String(), d.Name.Unicode()+": our lock against renewals was lifted and could not be put back. "+why); err != nil {
		return err
	}
	return domainname.Save(ctx, tx, d)
}

// lockMoved writes down what came of lifting our lock, or of putting it back.
func (w *worker) lockMoved(ctx context.Context, s *sending, a registrar.Answer) (next step, err error) {
	put := len(s.update.AddStatuses) > 0
	err = w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		c := s.command
		next = again
		if err := c.settle(ctx, tx, became(a)); err != nil {
			return err
		}
		if untold(a) {
			next = w.later()
			return nil
		}
		why := said(a.Code, shortened(a.Message))
		switch {
		case taken(a):
			w.tries = 0
			d.State.EPP = slices.DeleteFunc(slices.Clone(d.State.EPP), func(s string) bool { return s == lockRenew || put && s == "ok" })
			if put {
				d.State.EPP = append(d.State.EPP, lockRenew)
			}
			return domainname.Save(ctx, tx, d)
		case put:
			return w.lockGone(ctx, tx, d, why)
		}
		open, err := domainname.OpenRenewal(ctx, tx, w.id)
		if err != nil || open == nil || open.State != domainname.RenewalPaid {
			return err
		}
		return w.holdTx(ctx, tx, d, open, domainname.HeldLock, domainname.WaitsForLock, "Our own lock could not be lifted: "+why)
	})
	return next, err
}
