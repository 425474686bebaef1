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
	sends := &sending{command: command{verb: verbUpdate}, update: update}
	if _, err := w.begin(ctx, sends, func(facts) bool { return true }); err != nil {
		return registrar.Answer{}, err
	}
	answer = registrar.Answer{Class: registrar.Unknown}
	err = w.ask1(ctx, func(ctx context.Context) error {
		answer = w.told(ctx, reg, f.domain, sends)
		return nil
	})
	if err != nil {
		return registrar.Answer{}, errBusy.Because(err)
	}
	sends.answered(answer)
	sends.message = strings.ReplaceAll(sends.message, orNothing(update.AuthCode), "…")
	if err := w.did(context.WithoutCancel(ctx), act, sends, answer); err != nil {
		return registrar.Answer{}, err
	}
	if act.AuthCode && taken(answer) && answer.AuthCode == "" {
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

// did writes down what came of an act.
func (w *worker) did(ctx context.Context, act Act, s *sending, a registrar.Answer) error {
	return w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		c := s.command
		if err := c.settle(ctx, tx, became(a)); err != nil {
			return err
		}
		told := ActEvent{Name: d.Name.String(), Changed: []string{}, Outcome: string(a.Class), ByHand: a.Class == registrar.Pending}
		for _, part := range []struct {
			name string
			in   bool
		}{{"nameservers", act.Nameservers != nil}, {"lock", act.Lock != nil}, {"auth_code", act.AuthCode}, {"registrant", act.Registrant != nil}} {
			if part.in {
				told.Changed = append(told.Changed, part.name)
			}
		}
		if taken(a) {
			if act.Nameservers != nil {
				d.Nameservers = *s.update.Nameservers
			}
			if act.Registrant != nil {
				d.Registrant = *act.Registrant
			}
			d.State.EPP = slices.DeleteFunc(slices.Clone(d.State.EPP), func(status string) bool {
				return slices.Contains(s.update.RemoveStatuses, status) || status == "ok" && len(s.update.AddStatuses) > 0
			})
			d.State.EPP = append(d.State.EPP, s.update.AddStatuses...)
			if err := domainname.Save(ctx, tx, d); err != nil {
				return err
			}
		}
		err := event.Audit(ctx, tx, event.Change{
			What: EventChanged, SubjectID: d.ID, After: strings.Join(told.Changed, ", ") + ": " + told.Outcome, Why: act.Reason,
		})
		if err != nil || !taken(a) {
			return err
		}
		return event.Emit(ctx, tx, event.New{Type: EventChanged, SubjectID: d.ID, CustomerID: d.CustomerID, Data: told})
	})
}
