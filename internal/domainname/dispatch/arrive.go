package dispatch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
)

// A registration or a transfer has no guard of its own, so the registry is always read first: what is there and ours has
// arrived, whoever has asked for it. A command whose outcome isn't known is sent again only when that has had its time.

// arrive brings a domain to the store that was registered or transferred.
func (w *worker) arrive(ctx context.Context, f facts) (step, error) {
	d := f.domain
	if d.RegistrarID == "" {
		return w.stuck(ctx, "no_registrar", "The domain has no registrar: nobody can be asked for it.")
	}
	reg, err := w.open(ctx, d)
	if err != nil {
		return rest, err
	}
	if reg.Capabilities().Manual {
		switch {
		case f.flight == nil:
			return w.request(ctx, f, reg)
		case f.flight.outcome == string(registrar.Pending):
			return rest, nil // staff say what they did
		default:
			return w.nothingLeft(ctx, *f.flight)
		}
	}
	read, err := w.read(ctx, reg, d)
	if err != nil {
		return w.unread(ctx, d, err)
	}
	switch {
	case read.found && read.ours && f.older(read):
		return w.stuck(ctx, "older", fmt.Sprintf("The account has this name since %s, which is before it was ordered here. Enter its expiry if the customer gets it, or why not.", read.Created.Format("en")))
	case read.found && read.ours:
		return w.arrived(ctx, read.Reading)
	case f.flight != nil:
		return w.underWay(ctx, f, reg, read)
	case read.found && d.Status == domainname.PendingRegistration:
		return w.refuse(ctx, "Somebody else has registered it.")
	case !read.found && d.Status == domainname.PendingTransfer:
		return w.refuse(ctx, "There is no such domain at the registry.")
	default:
		return w.request(ctx, f, reg)
	}
}

// older reports whether a domain that was ordered, and not asked for yet, was the account's before: it may be somebody else's.
func (f facts) older(read reading) bool {
	if f.domain.Status != domainname.PendingRegistration || f.last != nil && f.last.verb == verbRegister || read.Created.IsZero() {
		return false
	}
	return read.Created.AddDays(1).Before(domainname.RegistryDate(f.domain.CreatedAt))
}

// request asks the registrar for a domain.
func (w *worker) request(ctx context.Context, f facts, reg registrar.Registrar) (step, error) {
	d := f.domain
	s := &sending{command: command{verb: verbRegister, years: d.BoughtYears}}
	can := reg.Capabilities().Register
	if d.Status == domainname.PendingTransfer {
		s.verb, can = verbTransfer, reg.Capabilities().Transfer
	}
	if !can {
		return w.stuck(ctx, "not_offered", "The registrar does not offer this: it must be done by hand.")
	}
	secret := ""
	if s.verb == verbTransfer {
		var err error
		if secret, err = w.config.Registrations.Secret(d); err != nil {
			return rest, err
		}
	}
	command, renewal, err := w.priced(ctx, reg, d, s)
	if err != nil {
		return w.unread(ctx, d, err)
	}
	if ok, next, err := w.wanted(ctx, d, s, command, renewal); !ok || err != nil {
		return next, err
	}
	holder := contactOf(d.Registrant)
	var agreed *money.Money
	if command.Known && command.Premium {
		agreed = &command.Price
	}
	answer := registrar.Answer{Class: registrar.Unknown}
	err = w.inTime(ctx, func(ctx context.Context) error {
		if s.verb == verbRegister {
			in := registrar.Registration{Name: d.Name.String(), Years: max(d.BoughtYears, 1), Registrant: holder, Nameservers: d.Nameservers, Price: agreed}
			answer = reg.Register(ctx, s.transaction, in)
			return nil
		}
		in := registrar.TransferIn{Name: d.Name.String(), AuthCode: secret, Years: max(d.BoughtYears, 1), Registrant: holder, Price: agreed}
		answer = reg.Transfer(ctx, s.transaction, in)
		return nil
	})
	if err != nil {
		return rest, err
	}
	if err := w.point("sent", w.id); err != nil {
		return rest, err
	}
	s.answered(answer)
	err = w.write(ctx, func(tx *db.Tx, _ *domainname.Domain) error { return s.note(ctx, tx) })
	if err != nil {
		return rest, err
	}
	return again, w.point("answered", w.id)
}

// priced asks what a registration or a transfer costs now and, of a premium name, what its renewal will. What the registrar does
// not tell is zero; a name that was ordered as a premium one is not sent without a price.
func (w *worker) priced(ctx context.Context, reg registrar.Registrar, d domainname.Domain, s *sending) (command, renewal registrar.Quote, err error) {
	if c := reg.Capabilities(); !c.Quote || c.Manual {
		return command, renewal, nil
	}
	asked := registrar.Quoting{Name: d.Name.String(), Command: string(s.verb), Years: max(d.BoughtYears, 1), Currency: d.Recurring.Currency}
	if command, err = w.quoteOf(ctx, reg, asked); err == nil && d.Premium != nil && !command.Known {
		err = fmt.Errorf("the registrar does not say what the premium name %s costs", d.Name)
	}
	if err != nil || !command.Premium {
		return command, renewal, err
	}
	asked.Command, asked.Years = "renew", max(d.Term, 1)
	renewal, err = w.quoteOf(ctx, reg, asked)
	return command, renewal, err
}

// wanted commits what a domain is asked for by, if its money is still there.
func (w *worker) wanted(ctx context.Context, was domainname.Domain, s *sending, command, renewal registrar.Quote) (ok bool, next step, err error) {
	err = w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		ok, next = false, again
		if d.Status != was.Status {
			return nil
		}
		wait, err := w.config.Registrations.Wanted(ctx, tx, d, command, renewal)
		if err != nil || d.Status != was.Status {
			return err
		}
		if wait != "" {
			next = at(tx.Now.Add(time.Hour))
			return w.askArrival(ctx, tx, d, "money", wait)
		}
		ok = true
		return s.insert(ctx, tx, d.ID, d.RegistrarID)
	})
	if err != nil || !ok {
		return false, next, err
	}
	return true, next, w.point("committed", w.id)
}

func contactOf(r domainname.Registrant) registrar.Contact {
	c := registrar.Contact{Name: r.Name, Company: r.Company, Country: r.Country, Email: r.Email, Phone: r.Phone}
	for line := range strings.Lines(r.Address) {
		if line = strings.TrimSpace(line); line != "" {
			c.Address = append(c.Address, line)
		}
	}
	return c
}

// underWay is what follows when a domain was asked for and is not there yet.
func (w *worker) underWay(ctx context.Context, f facts, reg registrar.Registrar, read reading) (step, error) {
	c := *f.flight
	class := registrar.Class(c.outcome)
	if class == "" {
		class = registrar.Unknown
	}
	answer := c.answer()
	if c.verb == verbTransfer && (class == registrar.Pending || class == registrar.Unknown || class == registrar.Done || c.outcome == outcomeNotDone) {
		return w.transferring(ctx, f, reg, c)
	}
	if c.verb == verbTransfer && class != registrar.Session {
		// Whatever was answered, the registry may have begun it: it would bring the domain days after its money went back.
		state, err := w.transferState(ctx, f, reg, c)
		switch {
		case err != nil && w.tries < askAfter:
			return w.unread(ctx, f.domain, err)
		case err == nil && (state.State == transferPending || state.State == transferDone && !state.Requested.At.IsZero()):
			return again, w.write(ctx, func(tx *db.Tx, _ *domainname.Domain) error {
				c := c
				c.outcome = string(registrar.Pending)
				return c.note(ctx, tx)
			})
		}
	}
	switch class {
	case registrar.Done, registrar.Pending:
		next := w.later()
		if f.now.Sub(c.made) <= longPending {
			return next, nil
		}
		_, err := w.stuck(ctx, c.id, "The registrar has taken it on, and it is not there yet.")
		return next, err
	case registrar.Unknown:
		if read.found {
			return w.refuse(ctx, "Somebody else has registered it.")
		}
		if settled := c.made.Add(max(reg.Capabilities().Settle, time.Minute)); f.now.Before(settled) {
			return at(settled), nil
		}
		ordered, err := w.ordered(ctx, reg, c)
		if err != nil {
			return w.unread(ctx, f.domain, err)
		}
		if ordered != nil && *ordered {
			return w.later(), nil // it will be done
		}
		return w.notArrived(ctx, c, outcomeNotDone, again)
	case registrar.Session:
		return w.notArrived(ctx, c, string(class), w.later())
	case registrar.Money:
		if _, err := w.stuck(ctx, domainname.WaitsForFunds, "The account at the registrar has not enough funds. It is tried again every hour."); err != nil {
			return rest, err
		}
		return w.notArrived(ctx, c, string(class), at(f.now.Add(fundsAgain)))
	case registrar.Fault:
		if c.code == 2302 && read.found {
			return w.refuse(ctx, "Somebody else has registered it.")
		}
		why := "The registrar does not understand or allow the command: " + answer
		if c.code == 0 {
			why = "The store could not ask the registrar for it: " + c.message
		}
		next, err := w.stuck(ctx, c.id, why)
		if err != nil {
			return rest, err
		}
		return w.notArrived(ctx, c, string(class), next)
	default:
		return w.refuse(ctx, "The registrar refused: "+answer)
	}
}

// transferring asks how far a transfer is.
func (w *worker) transferring(ctx context.Context, f facts, reg registrar.Registrar, c command) (step, error) {
	state, err := w.transferState(ctx, f, reg, c)
	if err != nil {
		return w.unread(ctx, f.domain, err)
	}
	is, unknown := state.State, c.outcome == outcomeNone || c.outcome == string(registrar.Unknown)
	switch {
	case is == transferRefused:
		return w.refuse(ctx, "The transfer was refused: "+state.Text)
	case is == transferNone && unknown:
		if settled := c.made.Add(max(reg.Capabilities().Settle, time.Minute)); f.now.Before(settled) {
			return at(settled), nil
		}
		return w.notArrived(ctx, c, outcomeNotDone, again)
	case is == transferNone && c.outcome == outcomeNotDone:
		return w.refuse(ctx, "The transfer was refused: "+c.message)
	}
	w.tries = 0
	next, patience := at(f.now.Add(time.Hour)), longPending
	if is == transferPending {
		patience = longTransfer
	}
	if f.now.Sub(c.made) <= patience {
		return next, nil
	}
	why := map[string]string{
		transferPending: "The transfer was asked for long ago, and nobody has ended it.", transferNone: "The registrar had taken the transfer on, and knows of none now.",
		transferDone: "The transfer is done, says the registrar, and the domain is not the account's.",
	}
	_, err = w.stuck(ctx, c.id, why[is]+" Nothing is sent again: look at the registrar.")
	return next, err
}

// transferState is how far the transfer is that a command has asked for. One that is over, and was asked for before, is none.
func (w *worker) transferState(ctx context.Context, f facts, reg registrar.Registrar, c command) (state registrar.TransferState, err error) {
	err = w.inTime(ctx, func(ctx context.Context) (err error) {
		state, err = reg.TransferState(ctx, transactionID(), f.domain.Name.String())
		return err
	})
	if requested := state.Requested.At; state.State != transferPending && !requested.IsZero() && requested.Before(c.made.Add(-clocksApart)) {
		state.State = transferNone
	}
	return state, err
}

// The states of a transfer, as registrars tell them.
const (
	transferNone    = "none"
	transferPending = "pending"
	transferDone    = "done"
	transferRefused = "refused"
)

const (
	clocksApart  = 5 * time.Minute     // at most so much, the store's and the registry's
	longTransfer = 10 * 24 * time.Hour // after so long staff are told of a transfer that nobody ends: it takes 5 days
)

// notArrived settles a command that did not bring the domain.
func (w *worker) notArrived(ctx context.Context, c command, outcome string, next step) (step, error) {
	return next, w.write(ctx, func(tx *db.Tx, _ *domainname.Domain) error {
		c := c
		return c.settle(ctx, tx, outcome)
	})
}

// arrived makes a domain active that is there and ours.
func (w *worker) arrived(ctx context.Context, read domainname.Reading) (step, error) {
	err := w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		if d.Status != domainname.PendingRegistration && d.Status != domainname.PendingTransfer {
			return nil
		}
		flight, err := inFlight(ctx, tx, w.id)
		if err != nil {
			return err
		}
		if flight != nil {
			if err := flight.settle(ctx, tx, outcomeConfirmed); err != nil {
				return err
			}
		}
		if err := w.config.Registrations.Confirmed(ctx, tx, d, read); err != nil {
			return err
		}
		if err := w.answered(ctx, tx, TaskArrival, TaskStuck); err != nil {
			return err
		}
		w.tries = 0
		return domainname.Save(ctx, tx, d)
	})
	if err != nil {
		return rest, err
	}
	return again, w.point("settled", w.id)
}

// refuse ends a domain that can't be had.
func (w *worker) refuse(ctx context.Context, why string) (step, error) {
	return again, w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		if d.Status != domainname.PendingRegistration && d.Status != domainname.PendingTransfer {
			return nil
		}
		flight, err := inFlight(ctx, tx, w.id)
		if err != nil {
			return err
		}
		if flight != nil {
			became := flight.outcome
			if became == outcomeNone || became == string(registrar.Unknown) || became == string(registrar.Pending) {
				became = outcomeNotDone
			}
			if err := flight.settle(ctx, tx, became); err != nil {
				return err
			}
		}
		if err := w.config.Registrations.Refused(ctx, tx, d, why); err != nil {
			return err
		}
		if err := w.answered(ctx, tx, TaskArrival, TaskStuck); err != nil {
			return err
		}
		return domainname.Save(ctx, tx, d)
	})
}
