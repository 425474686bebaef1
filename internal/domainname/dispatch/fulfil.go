package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/setting"
)

// fulfil goes on with a renewal that is paid: it reads the registry, decides, and sends what is to be sent.
func (w *worker) fulfil(ctx context.Context, f facts) (step, error) {
	if f.domain.RegistrarID == "" {
		return rest, w.hold(ctx, f.open.ID, domainname.HeldStaff, domainname.NoRegistrar, "The domain has no registrar: nothing can be sent.")
	}
	reg, err := w.open(ctx, f.domain)
	if err != nil {
		return rest, err
	}
	caps := reg.Capabilities()
	read := stored(f.domain)
	if !caps.Manual {
		if read, err = w.read(ctx, reg, f.domain); err != nil {
			return w.unread(ctx, f.domain, err)
		}
	}
	quote, err := w.quote(ctx, reg, f, read)
	if err != nil {
		return w.unread(ctx, f.domain, err)
	}
	sends, next, err := w.prepare(ctx, f, caps, read, quote)
	if err != nil || sends == nil {
		return next, err
	}
	return w.send(ctx, f, reg, sends)
}

// unread is what follows when the registry could not be asked: it is asked again, and staff are told if that goes on.
func (w *worker) unread(ctx context.Context, d domainname.Domain, reason error) (step, error) {
	if ctx.Err() != nil {
		return rest, ctx.Err()
	}
	if errors.Is(reason, errLost) {
		return rest, reason
	}
	w.log.Warn("the registry could not be asked; it is asked again", "domain", d.Name.String(), "err", reason)
	next := w.later()
	if w.tries != askAfter {
		return next, nil
	}
	return next, w.db.Write(ctx, func(tx *db.Tx) error {
		return w.ask(ctx, tx, TaskStuck, tx.Now.Format(time.DateOnly), "The registry can't be asked about "+d.Name.Unicode()+": "+shortened(reason.Error()))
	})
}

// quote asks what is to be sent costs now: the registry, or of a renewal, where that does not tell it, what staff have entered.
// nil: nobody says it, or nothing is to be paid.
func (w *worker) quote(ctx context.Context, reg registrar.Registrar, f facts, read reading) (quote *quoted, err error) {
	c := reg.Capabilities()
	years := f.open.Remaining(read.date())
	asked := registrar.Quoting{Name: f.domain.Name.String(), Command: string(verbRenew), Years: years, Currency: f.open.Price.Currency}
	switch {
	case !read.ours || f.policy == nil || read.awaitsReport():
		return nil, nil
	case read.deleting() && c.Restore:
		asked.Command, asked.Years = string(verbRestore), 0
	case !c.Renew || !f.policy.ExplicitRenew:
		return nil, nil
	}
	v := verb(asked.Command)
	if c.Quote && !c.Manual {
		q, err := w.quoteOf(ctx, reg, asked)
		if quote = (&quoted{Quote: q, verb: v}); err != nil || q.Known {
			return quote, err
		}
	}
	if price, ok := f.domain.Entered(years); ok && v == verbRenew {
		return &quoted{Quote: registrar.Quote{Known: true, Price: price, Premium: true, Class: f.domain.Premium.Class}, verb: v, entered: true}, nil
	}
	return quote, nil
}

// sending is a command that is committed and about to be sent.
type sending struct {
	command
	price  *money.Money // agreed, of a premium name
	mode   domainname.Mode
	update registrar.Update
}

// prepare decides under the domain's lock, and commits the command that is to be sent; nil: none is.
func (w *worker) prepare(ctx context.Context, f facts, caps registrar.Capabilities, read reading, quote *quoted) (sends *sending, next step, err error) {
	err = w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		sends, next = nil, again
		r, err := domainname.LoadRenewal(ctx, tx, f.open.ID)
		if err != nil {
			return err
		}
		begun := read.awaitsReport()
		switch sent := r.State == domainname.RenewalSubmitted || r.State == domainname.RenewalUnknown; {
		case sent && !begun: // by hand, before it was paid
			err = domainname.MoveRenewal(ctx, tx, &r, domainname.OnReadBase)
		case r.State == domainname.RenewalPaid && begun: // it has only to be reported: whatever becomes of its money, that is due
			err = domainname.MoveRenewal(ctx, tx, &r, domainname.OnSend)
		case !sent && r.State != domainname.RenewalPaid:
			return nil // somebody else has moved it: look again
		}
		if err != nil {
			return err
		}
		state := r.State
		if err := w.config.Renewals.Due(ctx, tx, d, &r); err != nil || r.State != state {
			return err
		}
		st, err := setting.Load(ctx, tx)
		if err != nil {
			return err
		}
		q := question{open: r, read: read, caps: caps, quote: quote, rates: st.Rate, now: tx.Now, was: *d}
		if q.policy, err = policyOf(ctx, tx, *d); err != nil {
			return err
		}
		if q.done, err = commandsOf(ctx, tx, r.ID); err != nil {
			return err
		}
		if err := w.past(ctx, tx, &q); err != nil {
			return err
		}
		take(d, read, caps, tx.Now)
		if quote != nil && quote.Known && !quote.entered && quote.verb == verbRenew {
			keepQuotes(d, map[int]registrar.Quote{r.Remaining(read.date()): quote.Quote}, tx.Now)
		}
		q.domain = *d
		sends, next, err = w.carryOut(ctx, tx, d, &r, q, decide(q))
		return err
	})
	if err != nil || sends == nil {
		return nil, next, err
	}
	return sends, next, w.point("committed", w.id)
}

// past finds out what may have been sent for the same before, where nothing else tells.
func (w *worker) past(ctx context.Context, tx *db.Tx, q *question) (err error) {
	if q.policy == nil || q.policy.DateMoves != domainname.AtExpiry {
		return nil
	}
	rows, err := tx.RegistrarCommandsOfDomain(ctx, query.RegistrarCommandsOfDomainParams{DomainID: w.id, N: lately})
	if err != nil {
		return fmt.Errorf("commands about domain %s: %w", w.id, err)
	}
	q.asked = make([]command, len(rows))
	for i, r := range rows {
		if q.asked[i], err = commandOf(r); err != nil {
			return err
		}
	}
	if w.config.Copied != nil {
		made := q.open.CreatedAt
		if q.open.PaidAt != nil {
			made = *q.open.PaidAt
		}
		q.copied, err = w.config.Copied(ctx, made)
	}
	return err
}

// lately is how many commands about a domain are looked at.
const lately = 100

// take writes what was read into the facts of the domain, as far as it can be true. Dates that don't fit stay as they are.
func take(d *domainname.Domain, read reading, caps registrar.Capabilities, now time.Time) {
	switch {
	case caps.Manual:
	case !read.found:
		if d.MissingSince == nil {
			d.MissingSince = &now
		}
	case !read.ours:
		d.State = read.State
		d.State.ReadAt = now
	default:
		_, _ = d.Take(read.Reading, now) // what can't be true was refused when it was read
	}
}

// hear is [take] where nobody works at a renewal: years that the store did not know of are noted with the unpaid renewal that asks
// for them, as sync does it. It finds nothing new afterwards.
func (w *worker) hear(ctx context.Context, tx *db.Tx, d *domainname.Domain, read reading, caps registrar.Capabilities) error {
	was := d.Expiry.Date()
	take(d, read, caps, tx.Now)
	if domainname.YearsAhead(d.Expiry.Date(), was) == 0 {
		return nil
	}
	open, err := domainname.OpenRenewal(ctx, tx, d.ID)
	if err != nil || open == nil || open.State != domainname.RenewalOpen || domainname.YearsAhead(d.Expiry.Date(), open.Base) != open.Years {
		return err
	}
	cause := CauseThere
	if read.itself() {
		cause = CauseItself
	}
	return w.config.Renewals.YearsThere(ctx, tx, d, open, cause)
}

// adopt takes the date that was read as the registry's: it has moved as it was to.
func adopt(d *domainname.Domain, read reading, now time.Time) {
	d.Heard(read.State, now)
	d.Adopt(read.at, read.Reading, now)
}

// carryOut does what was decided, as part of tx.
func (w *worker) carryOut(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, q question, m decision) (sends *sending, next step, err error) {
	if err := domainname.Save(ctx, tx, d); err != nil {
		return nil, rest, err
	}
	next = again // the facts say what follows
	switch m.move {
	case moveSend:
		w.tries = 0
		sends, err = w.commit(ctx, tx, d, r, q, m)
	case moveLift:
		sends = &sending{command: command{verb: verbUpdate}, update: registrar.Update{RemoveStatuses: []string{lockRenew}}}
		err = sends.insert(ctx, tx, d.ID, d.RegistrarID)
	case moveSatisfied:
		err = w.satisfied(ctx, tx, d, r, m.cause)
	case moveHold:
		err = w.holdTx(ctx, tx, d, r, m.hold, m.cause, m.why)
	case moveTopUp:
		if m.hold == domainname.HeldTopUp {
			r.Stage = domainname.StageRedemption
		}
		err = w.config.Renewals.TopUp(ctx, tx, d, r, m.missing, m.hold, m.cause)
	case moveAttention:
		err = w.attention(ctx, tx, d, r, m.cause, m.why)
	case moveLost:
		err = w.lost(ctx, tx, d, r, m.cause)
	case moveWait:
		if r.PaidAt != nil && tx.Now.Sub(*r.PaidAt) >= longPending {
			err = w.ask(ctx, tx, TaskStuck, r.ID, d.Name.Unicode()+" is paid for, and the registry has not ended something for days. Nothing is sent before that.")
		}
		next = at(tx.Now.Add(m.wait))
	}
	return sends, next, err
}

// commit writes a command down, with the state that says so.
func (w *worker) commit(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, q question, m decision) (*sending, error) {
	s := &sending{command: command{
		renewalID: r.ID, attempt: len(q.done) + 1, verb: m.verb, guard: q.caps.Guard, before: q.read.own, years: m.years, expected: m.expects,
	}}
	if quote := q.priceOf(m.verb); quote != nil && quote.Known && quote.Premium {
		s.price = &quote.Price
	}
	if m.verb != verbRenew {
		s.guard = registrar.GuardNone
	}
	if m.verb == verbMode {
		s.mode, s.renewalID = domainname.ModeRenew, ""
		return s, s.insert(ctx, tx, d.ID, d.RegistrarID) // arranged when that is done
	}
	if err := s.insert(ctx, tx, d.ID, d.RegistrarID); err != nil {
		return nil, err
	}
	if m.verb != verbReport { // the restore has been sent
		if err := domainname.MoveRenewal(ctx, tx, r, domainname.OnSend); err != nil {
			return nil, err
		}
	}
	c := Change{Attempt: s.attempt}
	if !m.expects.IsZero() {
		c.Expected = m.expects.String()
	}
	return s, w.tell(ctx, tx, "domain.renewal_submitted", *d, r, c)
}

// satisfied ends a renewal for which nothing is to be sent.
func (w *worker) satisfied(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, cause string) error {
	r.Cause = cause
	return w.finish(ctx, tx, d, r, domainname.OnYearsThere)
}

// finish ends a renewal well. The domain has its new dates.
func (w *worker) finish(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, on domainname.RenewalTrigger) error {
	if on == domainname.OnReadDone {
		r.Cause = ""
	}
	if err := domainname.MoveRenewal(ctx, tx, r, on); err != nil {
		return err
	}
	w.tries = 0
	if paid, read := d.PaidThrough, d.Expiry.Date(); r.PaidAt != nil && !paid.IsZero() && max(paid.DaysUntil(read), read.DaysUntil(paid)) <= domainname.Drift {
		d.PaidThrough = read // what was foretold, as the registry has it
	}
	if p, err := policyOf(ctx, tx, *d); err != nil {
		return err
	} else if p != nil && d.Status.Live() {
		d.Status = domainname.Assess(*d, *p, nil, tx.Now).Status
	}
	if err := w.config.Renewals.Settled(ctx, tx, d, r); err != nil {
		return err
	}
	if err := w.answered(ctx, tx, TaskHeld, TaskAttention, TaskStuck); err != nil {
		return err
	}
	return domainname.Save(ctx, tx, d)
}

// hold lets a renewal wait for something.
func (w *worker) hold(ctx context.Context, renewalID string, h domainname.Hold, cause, why string) error {
	return w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		r, err := domainname.LoadRenewal(ctx, tx, renewalID)
		if err != nil {
			return err
		}
		return w.holdTx(ctx, tx, d, &r, h, cause, why)
	})
}

func (w *worker) holdTx(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, h domainname.Hold, cause, why string) error {
	told := r.Cause == cause // it went on for a moment, and waits for the same again
	r.Hold, r.Cause = h, cause
	if err := domainname.MoveRenewal(ctx, tx, r, domainname.OnHold); err != nil {
		return err
	}
	if err := w.ask(ctx, tx, TaskHeld, r.ID+" "+cause, d.Name.Unicode()+": "+why); err != nil {
		return err
	}
	if told {
		return nil
	}
	c := Change{}
	if p, err := policyOf(ctx, tx, *d); err != nil {
		return err
	} else if p != nil {
		c.LastSafe = d.WindowOf(*r, *p).LastSafeDay(domainname.RegistryDate(tx.Now)).String()
	}
	return w.tell(ctx, tx, "domain.renewal_held", *d, r, c)
}

// attention leaves a renewal to staff: what the registry says fits nothing, so nothing is ever sent for it by itself.
func (w *worker) attention(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, cause, why string) error {
	r.Cause = cause
	if err := domainname.MoveRenewal(ctx, tx, r, domainname.OnReadElse); err != nil {
		return err
	}
	if err := w.ask(ctx, tx, TaskAttention, fmt.Sprintf("%s %d", r.ID, r.Version), d.Name.Unicode()+": "+why); err != nil {
		return err
	}
	return w.tell(ctx, tx, "domain.renewal_attention", *d, r, Change{})
}

// lost ends a renewal whose domain is not ours any more, or gone: the money side gives back what was paid.
func (w *worker) lost(ctx context.Context, tx *db.Tx, d *domainname.Domain, r *domainname.Renewal, cause string) error {
	d.Status, d.DoNotRenew = domainname.TransferredAway, true
	if err := domainname.Save(ctx, tx, d); err != nil {
		return err
	}
	// It writes the domain, too, and what the credit then pays for may as well.
	if err := w.config.Renewals.Lost(ctx, tx, d, r, cause); err != nil {
		return err
	}
	if err := w.answered(ctx, tx, TaskHeld, TaskAttention, TaskStuck); err != nil {
		return err
	}
	return event.Emit(ctx, tx, event.New{
		Type: "domain.transferred_away", SubjectID: d.ID, CustomerID: d.CustomerID, Data: map[string]any{"name": d.Name.String(), "cause": cause},
	})
}
