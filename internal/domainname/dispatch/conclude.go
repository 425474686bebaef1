package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/registrar"
)

// send sends a command that is committed, and concludes it.
func (w *worker) send(ctx context.Context, f facts, reg registrar.Registrar, s *sending) (step, error) {
	answer := registrar.Answer{Class: registrar.Unknown}
	err := w.inTime(ctx, func(ctx context.Context) error {
		answer = w.told(ctx, reg, f.domain, s)
		return nil
	})
	if err != nil {
		return rest, err
	}
	if err := w.point("sent", w.id); err != nil {
		return rest, err
	}
	s.answered(answer)
	if s.renewalID != "" || s.mode == domainname.ModeRenew {
		w.attempted(ctx, f, answer.Class)
	}
	// What the registry's date will prove needs no word of its own. Everything else is written down before anything can get
	// lost again.
	if answer.Class != registrar.Done || s.verb != verbRenew || f.policy == nil || f.policy.DateMoves == domainname.AtExpiry {
		err = w.write(ctx, func(tx *db.Tx, _ *domainname.Domain) error { return s.note(ctx, tx) })
		if err != nil {
			return rest, err
		}
	}
	if err := w.point("answered", w.id); err != nil {
		return rest, err
	}
	switch s.verb {
	case verbMode:
		return w.modeSet(ctx, s, answer)
	case verbUpdate:
		return w.lockMoved(ctx, s, answer)
	default:
		return w.conclude(ctx, f, s.command, &answer)
	}
}

// told tells a registrar what a command says.
func (w *worker) told(ctx context.Context, reg registrar.Registrar, d domainname.Domain, s *sending) registrar.Answer {
	name := d.Name.String()
	switch s.verb {
	case verbRenew:
		return reg.Renew(ctx, s.transaction, registrar.Renewal{Name: name, Years: s.years, Guard: s.before, Price: s.price})
	case verbRestore:
		return reg.Restore(ctx, s.transaction, registrar.Restore{Name: name, Price: s.price})
	case verbReport:
		return reg.Report(ctx, s.transaction, w.restoreReport(d))
	case verbDelete:
		return reg.Delete(ctx, s.transaction, name)
	case verbMode:
		return reg.SetMode(ctx, s.transaction, name, registrar.Mode(s.mode))
	default:
		s.update.Name = name
		return reg.Update(ctx, s.transaction, s.update)
	}
}

// restoreReport is what registries want to know about a restore.
func (w *worker) restoreReport(d domainname.Domain) registrar.RestoreReport {
	state := fmt.Sprintf("%s, registrant %s, expiry %s", d.Name, d.Registrant.Name, d.Expiry.Raw)
	return registrar.RestoreReport{
		Name: d.Name.String(), Before: state, After: state, Deleted: deleted(d, w.now()), Restored: w.now(),
		Reason: "Registrant error: the domain was renewed after its last day.",
	}
}

// deleted is when a domain in redemption was deleted, as far as the store knows: when staff had it deleted, else when its term
// ended. A year that the registry has added by itself since is not over yet.
func deleted(d domainname.Domain, now time.Time) time.Time {
	if d.DeletedAt != nil {
		return *d.DeletedAt
	}
	at := d.Expiry.At
	for years := 1; at.After(now); years++ {
		at = d.Expiry.At.AddDate(-years, 0, 0)
	}
	return at
}

// conclude reads the registry and says what became of a command. answer is nil where the process that sent it has died, or
// waited for something.
func (w *worker) conclude(ctx context.Context, f facts, c command, answer *registrar.Answer) (step, error) {
	class := registrar.Class(c.outcome)
	if class == "" || c.outcome == outcomeNotDone {
		class = registrar.Unknown
	}
	if answer == nil && c.outcome == outcomeNone {
		w.attempted(ctx, f, class) // who sent it has died
	}
	reg, err := w.open(ctx, f.domain)
	if err != nil {
		return rest, errors.Join(err, w.silent(ctx, c))
	}
	caps := reg.Capabilities()
	if caps.Manual && c.outcome != outcomeNone {
		if class == registrar.Session {
			return w.nothingLeft(ctx, c)
		}
		return rest, nil // staff say what they did
	}
	if caps.Manual {
		return w.nothingLeft(ctx, c) // nobody was asked, or nobody has done it: they are asked anew
	}
	read, err := w.read(ctx, reg, f.domain)
	if err != nil {
		if err := w.silent(ctx, c); err != nil {
			return rest, err
		}
		return w.unread(ctx, f.domain, err)
	}
	ordered, err := w.ordered(ctx, reg, c)
	if err != nil {
		return w.unread(ctx, f.domain, err)
	}
	if answer != nil {
		class = answer.Class
	}
	return w.settle(ctx, c, class, reference(answer), caps, read, ordered)
}

func reference(a *registrar.Answer) string {
	if a == nil {
		return ""
	}
	return a.Reference
}

// ordered asks the list of orders of a registrar that keeps no guard; nil: it has none, or isn't needed.
func (w *worker) ordered(ctx context.Context, reg registrar.Registrar, c command) (*bool, error) {
	list, ok := reg.(registrar.Orders)
	if !ok || c.guard == registrar.GuardDate || c.guard == registrar.GuardYear {
		return nil, nil
	}
	var has bool
	err := w.inTime(ctx, func(ctx context.Context) (err error) {
		has, err = list.Ordered(ctx, c.transaction)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("orders at the registrar: %w", err)
	}
	return &has, nil
}

// settle judges a command under the domain's lock, and writes down what became of it and what follows, all at once.
func (w *worker) settle(ctx context.Context, c command, class registrar.Class, reference string, caps registrar.Capabilities, read reading, ordered *bool) (next step, err error) {
	err = w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		next = again
		flight, err := inFlight(ctx, tx, w.id)
		if err != nil || flight == nil || flight.id != c.id {
			return err // it is settled: look again
		}
		c := c // this may run twice
		if flight.outcome == outcomeNotDone {
			c.outcome, c.message = flight.outcome, flight.message // a message of the registry came meanwhile
		}
		r, err := domainname.LoadRenewal(ctx, tx, c.renewalID)
		if err != nil {
			return err
		}
		p := proof{command: c, class: class, open: r, caps: caps, read: read, ours: d.LockedByUs, missing: d.MissingSince, given: w.patience, ordered: ordered, now: tx.Now}
		if err := p.load(ctx, tx, *d); err != nil {
			return err
		}
		if !r.State.Open() || r.State == domainname.RenewalOpen {
			return c.settle(ctx, tx, outcomeNotDone) // it went another way: nothing waits for this command
		}
		if reference != "" {
			r.Reference = reference
		}
		next, err = w.apply(ctx, tx, d, &r, p, judge(p))
		return err
	})
	if err != nil {
		return rest, err
	}
	return next, w.point("settled", w.id)
}

// apply does what was judged, as part of tx.
func (w *worker) apply(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, p proof, j judgement) (step, error) {
	c := p.command
	became := outcomeNotDone
	switch {
	case j.verdict == verdictDone, j.verdict == verdictPart && c.verb != verbRenew:
		became = outcomeConfirmed
	case j.verdict == verdictLater:
		became = string(registrar.Done)
	case j.verdict == verdictAttention && j.cause == domainname.OddDate:
		became = outcomeOther
	case p.class != registrar.Unknown && p.class != registrar.Done && p.class != registrar.Pending:
		became = string(p.class)
	}
	if j.verdict == verdictDone || j.verdict == verdictPart || j.verdict == verdictItself {
		adopt(d, p.read, tx.Now)
	} else {
		take(d, p.read, p.caps, tx.Now)
	}
	if err := w.noteRestored(ctx, tx, &c, p, j); err != nil {
		return rest, err
	}
	if j.verdict == verdictWait {
		if err := w.wait(ctx, tx, d, r, &c, p); err != nil {
			return rest, err
		}
		if j.wait > 0 {
			return at(tx.Now.Add(j.wait)), nil
		}
		return w.later(), nil
	}
	if err := c.settle(ctx, tx, became); err != nil {
		return rest, err
	}
	if j.verdict != verdictDone && j.verdict != verdictItself && j.verdict != verdictLost { // those save it
		if err := domainname.Save(ctx, tx, d); err != nil {
			return rest, err
		}
	}
	if j.verdict != verdictSession {
		w.tries = 0
	}
	switch j.verdict {
	case verdictDone:
		if p.wasRestored() {
			d.PaidThrough = d.Expiry.Date() // wherever the restore has put it
			if err := w.tell(ctx, tx, "domain.restored", *d, r, Change{}); err != nil {
				return rest, err
			}
		}
		return again, w.finish(ctx, tx, d, r, domainname.OnReadDone)
	case verdictItself:
		return again, w.satisfied(ctx, tx, d, r, j.cause)
	case verdictLater:
		return again, domainname.MoveRenewal(ctx, tx, r, domainname.OnDoneLater)
	case verdictPart, verdictRelock:
		return again, w.goesOn(ctx, tx, r, p)
	case verdictSession:
		next := w.later()
		return next, w.goesOn(ctx, tx, r, p)
	case verdictResend:
		r.Resends++
		return at(tx.Now.Add(j.wait)), w.goesOn(ctx, tx, r, p)
	case verdictHold:
		return again, w.holdTx(ctx, tx, d, r, j.hold, j.cause, j.why)
	case verdictLost:
		return again, w.lost(ctx, tx, d, r, j.cause)
	default:
		return again, w.attention(ctx, tx, d, r, j.cause, j.why)
	}
}

// goesOn has the next command of a renewal sent, by its money; not the report of a restore that is begun: that belongs to what was sent.
func (w *worker) goesOn(ctx context.Context, tx *db.Tx, r *domainname.Renewal, p proof) error {
	if p.read.awaitsReport() {
		return nil
	}
	return domainname.MoveRenewal(ctx, tx, r, domainname.OnReadBase)
}

// noteRestored keeps with a restore to which date it has led: what remains of the years counts from there.
func (w *worker) noteRestored(ctx context.Context, tx *db.Tx, c *command, p proof, j judgement) error {
	if j.verdict != verdictDone && j.verdict != verdictPart || p.read.awaitsReport() {
		return nil
	}
	switch c.verb {
	case verbRestore:
		c.expected = p.read.date()
	case verbReport:
		for _, before := range p.done {
			if before.verb != verbRestore || before.outcome != outcomeConfirmed {
				continue
			}
			to := p.read.date().String()
			if err := tx.NoteRestoredTo(ctx, query.NoteRestoredToParams{ID: before.id, ExpectedOn: &to}); err != nil {
				return fmt.Errorf("restore %s: %w", before.id, err)
			}
		}
	default:
	}
	return nil
}

// wait leaves a command in flight: nobody knows yet what became of it.
func (w *worker) wait(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, c *command, p proof) error {
	if p.read.epp("pendingRenew") && p.class == registrar.Unknown {
		c.outcome = string(registrar.Pending) // as the registry says
	}
	if c.outcome == outcomeNone {
		c.outcome = string(registrar.Unknown)
	}
	if err := c.note(ctx, tx); err != nil {
		return err
	}
	if err := domainname.Save(ctx, tx, d); err != nil {
		return err
	}
	if p.now.Sub(c.made) >= longPending {
		if err := w.ask(ctx, tx, TaskStuck, c.id, d.Name.Unicode()+": the registry has taken the command on and not ended it. Nothing is sent again."); err != nil {
			return err
		}
	}
	if c.outcome == string(registrar.Pending) {
		return nil
	}
	return w.unknown(ctx, tx, d, r)
}

// unknown moves a renewal whose command has no outcome.
func (w *worker) unknown(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal) error {
	if r.State != domainname.RenewalSubmitted {
		return nil
	}
	if err := domainname.MoveRenewal(ctx, tx, r, domainname.OnSilence); err != nil {
		return err
	}
	return w.tell(ctx, tx, "domain.renewal_unknown", *d, r, Change{})
}

// silent notes that nobody knows what became of a command, because nothing can be read.
func (w *worker) silent(ctx context.Context, c command) error {
	if c.renewalID == "" || c.outcome == string(registrar.Pending) {
		return nil
	}
	return w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		c := c
		if c.outcome == outcomeNone {
			c.outcome = string(registrar.Unknown)
		}
		if err := c.note(ctx, tx); err != nil {
			return err
		}
		r, err := domainname.LoadRenewal(ctx, tx, c.renewalID)
		if err != nil {
			return err
		}
		return w.unknown(ctx, tx, d, &r)
	})
}

// nothingLeft settles a command that never left: the renewal begins again with reading.
func (w *worker) nothingLeft(ctx context.Context, c command) (next step, err error) {
	err = w.write(ctx, func(tx *db.Tx, _ *domainname.Domain) error {
		c := c
		if err := c.settle(ctx, tx, string(registrar.Session)); err != nil {
			return err
		}
		next = w.later()
		if c.renewalID == "" {
			return nil
		}
		r, err := domainname.LoadRenewal(ctx, tx, c.renewalID)
		if err != nil {
			return err
		}
		if r.State != domainname.RenewalSubmitted && r.State != domainname.RenewalUnknown {
			return nil
		}
		return domainname.MoveRenewal(ctx, tx, &r, domainname.OnReadBase)
	})
	return next, err
}

// forget settles a command that can be repeated without harm and whose sender has died: what it was for is done anew.
func (w *worker) forget(ctx context.Context, c command) (step, error) {
	return again, w.write(ctx, func(tx *db.Tx, _ *domainname.Domain) error {
		c := c
		c.message = "Nobody knows whether this was done."
		return c.settle(ctx, tx, outcomeNotDone)
	})
}
