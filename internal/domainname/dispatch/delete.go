package dispatch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/text"
)

// Deletion asks for a domain to be given back to its registry.
type Deletion struct {
	Name    string // of the domain, as whoever asks for it has typed it
	Version int64  // of the domain that they have looked at: another one is not deleted; 0: whatever it is
	Reason  string
}

// DeletionEvent is the data of [EventDeleted].
type DeletionEvent struct {
	Name    string `json:"name"`
	Shown   string `json:"shown"`              // as people read it
	LastDay string `json:"last_day,omitempty"` // of a restore
	Restore bool   `json:"restore"`
}

// The events of deletions: staff have asked for one, and the registry has done it.
const (
	EventDeletionAsked = "domain.deletion_asked"
	EventDeleted       = "domain.deleted"
)

var (
	errNotThere  = fail.Conflict("NOT_AT_REGISTRAR", "The registry does not have this domain for the store. It is read again soon.")
	errDeleted   = fail.Conflict("DOMAIN_DELETED", "The registry is deleting this domain already.")
	errProtected = fail.Conflict("REGISTRY_LOCK", "A lock at the registry forbids that this domain is deleted.")
	errSeen      = fail.Conflict("CHANGED_MEANWHILE", "The domain has changed since you looked: it was paid for, renewed, or changed by somebody. Nothing was sent. Look at it again.")
	errNotSent   = fail.Conflict("NOT_SENT", "The registrar can't be reached: nothing was sent.")
)

// Delete has the registry delete a domain, and returns what came of the command: done or pending; unknown while nobody can tell,
// which is asked about then. What is unpaid of it is withdrawn with the command, and its automatic invoices are turned off.
//
// The command is sent once. If the registry has the domain still when all is known, staff are asked: nothing sends it again.
func (s *Service) Delete(ctx context.Context, domainID string, in Deletion) (answer registrar.Answer, err error) {
	if in.Reason, err = text.Notes(in.Reason, text.NotesLength); err != nil {
		return answer, fail.Invalid("reason", err.Error())
	}
	w, err := s.borrow(ctx, domainID)
	if err != nil {
		return answer, err
	}
	defer func() { err = errors.Join(err, w.giveBack(ctx)) }()
	f, err := w.facts(ctx)
	if err != nil {
		return answer, err
	}
	if err := f.deletable(in); err != nil {
		return answer, err
	}
	reg, err := w.open(ctx, f.domain)
	if err != nil {
		return answer, err
	}
	if !reg.Capabilities().Delete {
		return answer, errNotOffered
	}
	read := stored(f.domain)
	if !reg.Capabilities().Manual {
		if read, err = w.read(ctx, reg, f.domain); err != nil {
			return answer, errBusy.Because(err)
		}
	}
	if err := undeletable(read); err != nil {
		// Whatever it is instead, sync reads it and says.
		return answer, errors.Join(err, w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error { return domainname.SyncAt(ctx, tx, d.ID, tx.Now) }))
	}
	sends, err := w.prepareDeletion(ctx, reg.Capabilities(), read, in)
	if err != nil {
		return answer, err
	}
	answer = registrar.Answer{Class: registrar.Unknown}
	err = w.inTime(ctx, func(ctx context.Context) error {
		answer = w.told(ctx, reg, f.domain, sends)
		return nil
	})
	if err != nil {
		return answer, errBusy.Because(err)
	}
	if err := w.point("sent", w.id); err != nil {
		return answer, err
	}
	// It goes on whether or not somebody waits for it.
	return answer, w.concludeAtOnce(context.WithoutCancel(ctx), f, sends, answer)
}

// concludeAtOnce writes an answer down and reads what came of the command. A refusal is for who has asked for it; what nobody can
// tell yet is the worker's to find out.
func (w *worker) concludeAtOnce(ctx context.Context, f facts, sends *sending, answer registrar.Answer) error {
	sends.answered(answer)
	if err := w.write(ctx, func(tx *db.Tx, _ *domainname.Domain) error { return sends.note(ctx, tx) }); err != nil {
		return err
	}
	if err := w.point("answered", w.id); err != nil {
		return err
	}
	next, err := w.concludeDeletion(ctx, f, sends.command, true)
	if err == nil && !next.at.IsZero() {
		err = w.db.Write(ctx, func(tx *db.Tx) error { return domainname.Work(ctx, tx, w.id, next.at) })
	}
	switch {
	case err != nil || taken(answer) || answer.Class == registrar.Unknown:
		return err
	case answer.Class == registrar.Session:
		return errNotSent
	default:
		return fail.Conflict("REGISTRAR_REFUSED", "The registrar refused: "+sends.answer())
	}
}

// deletable says why a domain can't be deleted as the store has it, or that it is not the one that was meant.
func (f facts) deletable(in Deletion) error {
	d := f.domain
	name, err := domainname.ParseName(in.Name)
	switch {
	case err != nil || name.String() != d.Name.String():
		return fail.Invalid("name", "is not the name of this domain: "+d.Name.Unicode())
	case !d.Status.Live() || d.Status == domainname.Expired:
		return errNotActive
	case d.RegistrarID == "":
		return errNoOne
	case f.flight != nil:
		return errInFlight
	case d.DeletedAt != nil:
		return errDeleted
	case in.Version != 0 && in.Version != d.Version:
		return errSeen
	}
	return nil
}

// prepareDeletion commits the command under the domain's lock, together with what becomes of its money.
func (w *worker) prepareDeletion(ctx context.Context, caps registrar.Capabilities, read reading, in Deletion) (sends *sending, err error) {
	err = w.write(ctx, func(tx *db.Tx, d *domainname.Domain) (err error) {
		f := facts{domain: *d}
		if f.flight, err = inFlight(ctx, tx, d.ID); err != nil {
			return err
		}
		if err := f.deletable(in); err != nil {
			return err
		}
		sends = nil
		if in.Version != 0 && domainname.YearsAhead(read.date(), d.Expiry.Date()) > 0 {
			// The registry, or somebody elsewhere, has added years that nobody here has looked at.
			if err := w.hear(ctx, tx, d, read, caps); err != nil {
				return err
			}
			return domainname.Save(ctx, tx, d)
		}
		take(d, read, caps, tx.Now)
		if err := w.config.Renewals.GiveUp(ctx, tx, d, in.Reason); err != nil {
			return err
		}
		sends = &sending{command: command{verb: verbDelete, before: read.own}}
		if err := sends.insert(ctx, tx, d.ID, d.RegistrarID); err != nil {
			return err
		}
		if err := event.Audit(ctx, tx, event.Change{What: EventDeletionAsked, SubjectID: d.ID, Before: d.Expiry.Raw, Why: in.Reason}); err != nil {
			return err
		}
		// Whoever asked for it may be no worker that is looked for when it dies.
		return domainname.Work(ctx, tx, d.ID, tx.Now.Add(lease))
	})
	if err != nil {
		return nil, err
	}
	if sends == nil {
		return nil, errSeen
	}
	return sends, w.point("committed", w.id)
}

// deleting reports whether the registry is deleting the domain, or has it in its redemption.
func (r reading) deleting() bool {
	return r.rgp("redemptionPeriod") || r.rgp("pendingRestore") || r.rgp("pendingDelete") || r.epp("pendingDelete")
}

// undeletable says why the registry would not delete a domain; nil: it would.
func undeletable(r reading) error {
	switch {
	case !r.found || !r.ours:
		return errNotThere
	case r.deleting():
		return errDeleted
	case r.epp("clientDeleteProhibited") || r.epp("serverDeleteProhibited"):
		return errProtected
	}
	return nil
}

// concludeDeletion reads the registry and says whether a domain that was to be deleted is. heard says that somebody hears the
// answer; else the process that sent the command has died, or waited for something.
func (w *worker) concludeDeletion(ctx context.Context, f facts, c command, heard bool) (next step, err error) {
	class := registrar.Class(c.outcome)
	if class == outcomeNone || c.outcome == outcomeNotDone {
		class = registrar.Unknown
	}
	reg, err := w.open(ctx, f.domain)
	if err != nil {
		return rest, err
	}
	caps := reg.Capabilities()
	if caps.Manual && class == registrar.Pending {
		return rest, nil // staff say what they did
	}
	read := stored(f.domain)
	if !caps.Manual {
		if read, err = w.read(ctx, reg, f.domain); err != nil {
			return w.unread(ctx, f.domain, err)
		}
	}
	err = w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		next = again
		flight, err := inFlight(ctx, tx, w.id)
		if err != nil || flight == nil || flight.id != c.id {
			return err // it is settled: look again
		}
		c := *flight // with what a message of the registry has said meanwhile
		wait, verdict := deletion{c, class, caps, read, d.MissingSince, w.patience, tx.Now}.judge()
		switch verdict {
		case verdictWait:
			take(d, read, caps, tx.Now)
			if err := domainname.Save(ctx, tx, d); err != nil {
				return err
			}
			if next = w.later(); wait > 0 {
				next = at(tx.Now.Add(wait))
			}
			if tx.Now.Sub(c.made) < longPending {
				return nil
			}
			return w.ask(ctx, tx, TaskStuck, c.id, d.Name.Unicode()+": the registry has taken on to delete it, and has not. Nothing is sent again.")
		case verdictDone:
			return w.deleted(ctx, tx, d, &c, read)
		default:
			take(d, read, caps, tx.Now)
			if err := domainname.Save(ctx, tx, d); err != nil {
				return err
			}
			return w.undeleted(ctx, tx, d, &c, class, heard)
		}
	})
	if err != nil {
		return rest, err
	}
	return next, w.point("settled", w.id)
}

// deletion is what has to be known to judge the command that deletes a domain.
type deletion struct {
	command command
	class   registrar.Class // of the answer; Unknown where there was none
	caps    registrar.Capabilities
	read    reading
	missing *time.Time
	given   time.Duration // at most so long after it was made the command left
	now     time.Time
}

// judge says what became of it: done, not done (hold), or read again after a while.
func (p deletion) judge() (wait time.Duration, v verdict) {
	told := p.class == registrar.Done || p.class == registrar.Pending
	mayBe := told || p.class == registrar.Unknown
	switch {
	case p.caps.Manual:
		return 0, verdictHold // nobody was asked
	case !mayBe:
		return 0, verdictHold
	case p.read.found && p.read.ours && p.read.deleting():
		return 0, verdictDone
	case !p.read.found && (told || p.missing != nil && !p.now.Before(p.missing.Add(gone))):
		return 0, verdictDone
	case !p.read.found:
		return gone, verdictWait
	case p.command.outcome == outcomeNotDone: // the registry's message says so
		return 0, verdictHold
	case p.class == registrar.Pending:
		return 0, verdictWait
	}
	patience := p.given + p.caps.Settle
	if told || !p.read.ours {
		patience = doubted
	}
	if p.now.Before(p.command.made.Add(patience)) {
		return p.command.made.Add(patience).Sub(p.now), verdictWait
	}
	return 0, verdictHold
}

// undeleted writes down that a domain was not deleted. Who does not hear the answer is asked.
func (w *worker) undeleted(ctx context.Context, tx *db.Tx, d *domainname.Domain, c *command, class registrar.Class, heard bool) error {
	became := string(class)
	if class == registrar.Unknown || class == registrar.Done || class == registrar.Pending {
		became, heard = outcomeNotDone, false
	}
	if err := errors.Join(c.settle(ctx, tx, became), w.answered(ctx, tx, TaskByHand)); err != nil || heard {
		return err
	}
	return w.ask(ctx, tx, TaskStuck, c.id, strings.TrimSpace(fmt.Sprintf(
		"%s was to be deleted, and the registry has it still. Nothing is sent again by itself: ask for it again, or turn its auto renew on. %s", d.Name.Unicode(), c.message)))
}

// deleted writes down that a domain is deleted: it is in its redemption, or gone.
func (w *worker) deleted(ctx context.Context, tx *db.Tx, d *domainname.Domain, c *command, read reading) error {
	if err := c.settle(ctx, tx, outcomeConfirmed); err != nil {
		return err
	}
	if read.deleting() {
		d.Heard(read.State, tx.Now)
		d.Adopt(read.at, read.Reading, tx.Now) // a year that is taken back moves it
	} else {
		d.State = domainname.RegistryState{} // what is known of it is over
	}
	if !read.found {
		d.MissingSince = &tx.Now
	}
	d.DeletedAt, d.DoNotRenew = &c.made, true
	policy, err := policyOf(ctx, tx, *d)
	if err != nil {
		return err
	}
	if policy == nil {
		policy = &domainname.Policy{}
	}
	s := domainname.Assess(*d, *policy, nil, tx.Now)
	if domainname.Leads(d.Status, s.Status) {
		d.Status = s.Status
	}
	if err := domainname.Save(ctx, tx, d); err != nil {
		return err
	}
	if d.Status == domainname.Expired {
		err = tx.PutSyncAt(ctx, query.PutSyncAtParams{ID: d.ID}) // nobody reads it any more
	} else {
		err = domainname.SyncAt(ctx, tx, d.ID, tx.Now.Add(rereadDeleted))
	}
	if err != nil {
		return err
	}
	if err := w.answered(ctx, tx, TaskStuck); err != nil {
		return err
	}
	told := DeletionEvent{Name: d.Name.String(), Shown: d.Name.Unicode(), Restore: d.Status == domainname.Redemption}
	if told.Restore && !s.Window.LastRestore.IsZero() {
		told.LastDay = s.Window.LastRestore.String()
	}
	return event.Emit(ctx, tx, event.New{Type: EventDeleted, SubjectID: d.ID, CustomerID: d.CustomerID, Data: told})
}

// rereadDeleted is when a deleted domain is read again: while its registry's word still counts.
const rereadDeleted = 20 * time.Hour
