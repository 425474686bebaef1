package dispatch

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/registrar"
)

// Act is something that staff, or the holder, have done at the registrar at once.
type Act struct {
	Nameservers *[]string
	Lock        *bool // against transfers
	AuthCode    bool  // make a new one, and tell it
	Registrant  *domainname.Registrant
	Reason      string
}

var (
	errBusy       = fail.Conflict("DOMAIN_BUSY", "Something else is being done at the registrar for this domain. Try again in a moment.")
	errNothing    = fail.Invalid("act", "names nothing to change")
	errNotOffered = fail.Conflict("NOT_OFFERED", "The registrar of this domain does not offer this.")
	errNotActive  = fail.Conflict("DOMAIN_NOT_ACTIVE", "This domain can't be changed as it is now.")
	errNoOne      = fail.Conflict("NO_REGISTRAR", "This domain has no registrar.")
)

const (
	busyTries = 20
	busyPause = 100 * time.Millisecond
)

// borrow takes the lease of a domain for something that somebody waits for. It waits a little for who has it.
func (s *Service) borrow(ctx context.Context, domainID string) (*worker, error) {
	if held, err := s.held(ctx); err != nil {
		return nil, err
	} else if held {
		return nil, fail.Conflict("RECOVERY", "The store was restored from a backup and reaches nobody outside yet.")
	}
	w := &worker{Service: s, id: domainID}
	for range busyTries {
		ok := false
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			d, err := domainname.Load(ctx, tx, domainID)
			if err != nil {
				return err
			}
			until := tx.Wall.Add(lease)
			w.customer, w.until = d.CustomerID, until
			ok, err = domainname.Claim(ctx, tx, domainID, until)
			return err
		})
		if ok || err != nil {
			return w, err
		}
		select {
		case <-time.After(busyPause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, errBusy
}

// giveBack ends a borrowed lease. What is due is looked at by the worker then.
func (w *worker) giveBack(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	return w.db.Write(ctx, func(tx *db.Tx) error { return domainname.Release(ctx, tx, w.id, w.until) })
}

// Do carries out an act and returns what came of it; the code that was asked for is in answer.AuthCode and nowhere else.
func (s *Service) Do(ctx context.Context, domainID string, act Act) (answer registrar.Answer, err error) {
	if act.Registrant != nil {
		tidy, err := act.Registrant.Tidy()
		if err != nil {
			return registrar.Answer{}, err
		}
		act.Registrant = &tidy
	}
	w, err := s.borrow(ctx, domainID)
	if err != nil {
		return registrar.Answer{}, err
	}
	defer func() { err = errors.Join(err, w.giveBack(ctx)) }()
	f, err := w.facts(ctx)
	if err != nil {
		return registrar.Answer{}, err
	}
	switch {
	case awaited(f.domain.Status) && act.holderAlone():
		return w.holder(ctx, act)
	case !f.domain.Status.Live():
		return registrar.Answer{}, errNotActive
	case f.domain.RegistrarID == "":
		return registrar.Answer{}, errNoOne
	case f.flight != nil:
		return registrar.Answer{}, errInFlight
	}
	reg, err := w.open(ctx, f.domain)
	if err != nil {
		return registrar.Answer{}, err
	}
	update, err := act.update(f.domain, reg.Capabilities())
	if err != nil {
		return registrar.Answer{}, err
	}
	sends := &sending{command: command{verb: verbUpdate, asked: act.asking(ctx, update)}, update: update}
	ok, err := w.begin(ctx, sends, func(f facts) bool { return f.domain.Status.Live() })
	if err != nil {
		return registrar.Answer{}, err
	}
	if !ok {
		return registrar.Answer{}, errNotActive
	}
	answer = registrar.Answer{Class: registrar.Unknown}
	err = w.inTime(ctx, func(ctx context.Context) error {
		answer = w.told(ctx, reg, f.domain, sends)
		return nil
	})
	if err != nil {
		return registrar.Answer{}, errBusy.Because(err)
	}
	if err := w.point("sent", w.id); err != nil {
		return registrar.Answer{}, err
	}
	// It goes on whether or not somebody waits for it.
	if answer, err = w.did(context.WithoutCancel(ctx), f, sends, answer); err != nil {
		return registrar.Answer{}, err
	}
	if act.AuthCode && taken(answer) && !reg.Capabilities().Manual && answer.AuthCode == "" {
		answer.AuthCode = update.AuthCode
	}
	return answer, nil
}

// holderAlone reports whether nothing but the holder is to be changed.
func (a Act) holderAlone() bool {
	return a.Registrant != nil && a.Nameservers == nil && a.Lock == nil && !a.AuthCode
}

// orNothing is a text that is in no message, in the place of an empty one.
func orNothing(s string) string {
	if s == "" {
		return "\x00"
	}
	return s
}

// asking is what is kept of an act until its outcome is known.
func (a Act) asking(ctx context.Context, u registrar.Update) *asking {
	return &asking{Nameservers: u.Nameservers, Lock: a.Lock, AuthCode: a.AuthCode, Registrant: a.Registrant, Reason: a.Reason, By: event.ActorFrom(ctx)}
}

// update is what the registrar is told for an act.
func (a Act) update(d domainname.Domain, c registrar.Capabilities) (u registrar.Update, err error) {
	u.Name = d.Name.String()
	if a.Nameservers == nil && a.Lock == nil && !a.AuthCode && a.Registrant == nil {
		return u, errNothing
	}
	if a.Nameservers != nil && !c.Nameservers || a.Lock != nil && !c.Lock || a.AuthCode && !c.AuthCode || a.Registrant != nil && !c.Contacts {
		return u, errNotOffered
	}
	if a.Nameservers != nil {
		servers := []string{}
		for _, s := range *a.Nameservers {
			n, err := domainname.ParseName(s)
			if err != nil {
				return u, fail.Invalid("nameservers", fmt.Sprintf("%q %s", s, err))
			}
			servers = append(servers, n.String())
		}
		u.Nameservers = &servers
	}
	if a.Lock != nil {
		has := slices.Contains(d.State.EPP, lockTransfer)
		switch {
		case *a.Lock && !has:
			u.AddStatuses = []string{lockTransfer}
		case !*a.Lock && (has || d.State.ReadAt.IsZero()):
			u.RemoveStatuses = []string{lockTransfer}
		}
	}
	if a.AuthCode {
		u.AuthCode = rand.Text()[:16] + "-7a"
	}
	if a.Registrant != nil {
		c := contactOf(*a.Registrant)
		u.Registrant = &c
	}
	return u, nil
}

// ActEvent is the data of the event that tells of an act.
type ActEvent struct {
	Name    string   `json:"name"`
	Changed []string `json:"changed"`
	Outcome string   `json:"outcome"`
	ByHand  bool     `json:"by_hand,omitempty"` // staff are asked to do it
}

// EventChanged tells that something was changed at the registrar.
const EventChanged = "domain.changed_at_registrar"

// heardOf writes down what an answer says of an act.
func (w *worker) heardOf(ctx context.Context, sent command, answer registrar.Answer) (a registrar.Answer, err error) {
	err = w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		a = answer
		c, outcome := sent, string(a.Class)
		flight, err := inFlight(ctx, tx, w.id)
		if err != nil {
			return err
		}
		if a.Class == registrar.Pending && flight != nil && flight.id == c.id { // the registry's message of its end may be faster than its answer
			switch flight.outcome {
			case string(registrar.Done):
				a.Class, outcome = registrar.Done, flight.outcome
			case outcomeNotDone:
				a.Class, a.Code, a.Message, outcome = registrar.Policy, 0, flight.message, outcomeNotDone
				c.message = flight.message
			}
		}
		return w.acted(ctx, tx, d, &c, outcome)
	})
	return a, err
}

// did writes down what came of an act. What nobody can tell yet is read, and else the worker's to find out.
func (w *worker) did(ctx context.Context, f facts, s *sending, a registrar.Answer) (registrar.Answer, error) {
	a.Message = strings.ReplaceAll(a.Message, orNothing(s.update.AuthCode), "…")
	s.answered(a)
	if a.Class != registrar.Unknown {
		return w.heardOf(ctx, s.command, a)
	}
	if err := w.write(ctx, func(tx *db.Tx, _ *domainname.Domain) error { return s.note(ctx, tx) }); err != nil {
		return a, err
	}
	if err := w.point("answered", w.id); err != nil {
		return a, err
	}
	outcome, next, err := w.concludeAct(ctx, f, s.command, s.update.AuthCode)
	if err != nil {
		return a, err
	}
	if outcome == string(registrar.Done) {
		a.Class = registrar.Done
	}
	if next.at.IsZero() {
		return a, nil
	}
	return a, w.db.Write(ctx, func(tx *db.Tx) error { return domainname.Work(ctx, tx, w.id, next.at) })
}
