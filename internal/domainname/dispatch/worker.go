package dispatch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/task"
)

const (
	lease    = 5 * time.Minute // longer than any command and what is read after it
	maxSteps = 12              // of one look: a lock, a restore, its report and the rest of the years are fewer
)

var (
	errLost   = errors.New("the lease of the domain is over")
	errKilled = errors.New("the process ends here") // in tests
)

// worker is at a domain: it holds its lease.
type worker struct {
	*Service

	id       string
	customer string
	until    time.Time // the lease lasts, by the wall
	again    time.Time // somebody looks again if this worker doesn't come back, by the store's clock
	tries    int       // in a row that told nothing
}

// step is what follows at a domain after something was done: it is looked at again now, at an instant, or not by itself.
type step struct {
	again bool
	at    time.Time
}

var again = step{again: true}

func at(t time.Time) step { return step{at: t} }

// rest waits for others: staff, money, a message.
var rest step

// look works at a domain whose time has come. ok is false if somebody else does.
func (s *Service) look(ctx context.Context, id string) (ok bool, err error) {
	w := &worker{Service: s, id: id}
	if ok, err = w.claim(ctx); !ok || err != nil {
		return ok, err
	}
	if err := s.point("claimed", id); err != nil {
		return true, err
	}
	next, err := w.work(ctx)
	if errors.Is(err, errLost) || errors.Is(err, errKilled) || err != nil && ctx.Err() != nil {
		return true, err // somebody else goes on
	}
	if err != nil {
		s.log.Error("work at a registrar", "domain", id, "err", err)
		return true, errors.Join(err, w.giveUp(ctx, err))
	}
	return true, w.end(ctx, next.at)
}

// claim takes the lease.
func (w *worker) claim(ctx context.Context) (ok bool, err error) {
	err = w.db.Write(ctx, func(tx *db.Tx) error {
		until := tx.Wall.Add(lease)
		if ok, err = domainname.Claim(ctx, tx, w.id, until); !ok || err != nil {
			return err
		}
		w.until, w.again = until, tx.Now.Add(lease)
		if w.customer, err = tx.DomainCustomer(ctx, w.id); err != nil {
			return fmt.Errorf("domain %s: %w", w.id, err)
		}
		tries, err := tx.DomainWorkTries(ctx, w.id)
		if err != nil {
			return fmt.Errorf("domain %s: %w", w.id, err)
		}
		w.tries = int(tries)
		return tx.BeginDomainWork(ctx, query.BeginDomainWorkParams{ID: w.id, Again: clock.FromTimePtr(&w.again)})
	})
	return ok, err
}

// work does one thing after the other until nothing is left to be done now.
func (w *worker) work(ctx context.Context) (step, error) {
	for range maxSteps {
		f, err := w.facts(ctx)
		if err != nil {
			return rest, err
		}
		next, err := w.step(ctx, f)
		if err != nil || !next.again {
			return next, err
		}
	}
	return w.later(), nil
}

// end gives the lease back. Somebody's wish for a look that came meanwhile stays.
func (w *worker) end(ctx context.Context, next time.Time) error {
	return w.db.Write(ctx, func(tx *db.Tx) error {
		row := query.EndDomainWorkParams{ID: w.id, Again: clock.FromTimePtr(&w.again), Until: clock.FromTimePtr(&w.until), Tries: int64(w.tries)}
		if next.IsZero() {
			row.Tries = 0
		} else {
			row.Next = clock.FromTimePtr(&next)
		}
		return tx.EndDomainWork(ctx, row)
	})
}

// giveUp ends a look that failed: there will be another one, and after some of them staff are told.
func (w *worker) giveUp(ctx context.Context, reason error) error {
	next := w.later().at
	if w.tries == askAfter {
		err := w.db.Write(ctx, func(tx *db.Tx) error {
			return w.ask(ctx, tx, TaskStuck, tx.Now.Format(time.DateOnly), "The work at the registrar fails again and again: "+shortened(reason.Error()))
		})
		if err != nil {
			return err
		}
	}
	return w.end(ctx, next)
}

// askAfter is after how many tries in a row that told nothing staff are told.
const askAfter = 5

// pauses are how long is waited after each try that told nothing; then an hour.
var pauses = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}

// later is when to try again what told nothing.
func (w *worker) later() step {
	pause := time.Hour
	if w.tries < len(pauses) {
		pause = pauses[w.tries]
	}
	w.tries++
	return at(w.now().Add(pause))
}

func (w *worker) now() time.Time { return w.db.Clock().Now().UTC() }

// write runs f in a transaction that holds the locks of the customer and of the domain, and the lease from now on.
func (w *worker) write(ctx context.Context, f func(tx *db.Tx, d *domainname.Domain) error) error {
	held := w.until
	err := w.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := customer.Lock(ctx, tx, w.customer); err != nil {
			return err
		}
		held = tx.Wall.Add(lease)
		ok, err := domainname.Keep(ctx, tx, w.id, w.until, held)
		if err != nil {
			return err
		}
		if !ok {
			return errLost
		}
		d, err := domainname.Lock(ctx, tx, w.id)
		if err != nil {
			return err
		}
		if d.CustomerID != w.customer {
			return errLost // it was given to somebody else just now
		}
		return f(tx, &d)
	})
	if err == nil {
		w.until = held
	}
	return err
}

// open reaches the registrar of a domain.
func (w *worker) open(ctx context.Context, d domainname.Domain) (registrar.Registrar, error) {
	r, err := w.config.Registrars.Open(ctx, d.RegistrarID)
	if err != nil {
		return nil, fmt.Errorf("registrar %s: %w", d.RegistrarID, err)
	}
	return r, nil
}

// The kinds of staff tasks of this room. Their subject is the domain.
const (
	TaskStuck     = "domain.work_stuck"        // nothing goes on by itself any more, or only very slowly
	TaskHeld      = "domain.renewal_held"      // a paid renewal waits for something
	TaskAttention = "domain.renewal_attention" // what the registry says fits nothing
	TaskArrival   = "domain.arrival_stuck"     // a registration or a transfer waits for a person
)

func (w *worker) ask(ctx context.Context, tx *db.Tx, kind, occasion, detail string) error {
	return task.Ask(ctx, tx, task.Question{Kind: kind, SubjectID: w.id, Occasion: occasion, CustomerID: w.customer, Detail: detail})
}

// answered closes what staff were asked about a renewal that is over.
func (w *worker) answered(ctx context.Context, tx *db.Tx, kinds ...string) error {
	for _, kind := range kinds {
		if err := task.Settled(ctx, tx, kind, w.id); err != nil {
			return err
		}
	}
	return nil
}

// Change is the data of the events of this room, in the words of those of renewals.
type Change struct {
	DomainID  string `json:"domain_id"`
	Name      string `json:"name"`
	RenewalID string `json:"renewal_id,omitempty"`
	State     string `json:"state,omitempty"`
	Years     int    `json:"years,omitempty"`
	Base      string `json:"base,omitempty"`
	Expected  string `json:"expires_on,omitempty"` // to which date the renewal leads
	Registry  string `json:"registry_expires_on,omitempty"`
	Hold      string `json:"hold,omitempty"`
	Cause     string `json:"cause,omitempty"`
	Attempt   int    `json:"attempt,omitempty"`
	LastSafe  string `json:"last_safe_day,omitempty"`
	InvoiceID string `json:"invoice_id,omitempty"`
	// Price and Fee are what was asked for the renewal.
	Price *money.Money `json:"price,omitempty"`
	Fee   *money.Money `json:"fee,omitempty"`
}

func (w *worker) tell(ctx context.Context, tx *db.Tx, what string, d domainname.Domain, r *domainname.Renewal, c Change) error {
	c.DomainID, c.Name = d.ID, d.Name.String()
	if !d.Expiry.At.IsZero() {
		c.Registry = d.Expiry.Date().String()
	}
	if r != nil {
		c.RenewalID, c.State, c.Years, c.Base, c.Hold = r.ID, string(r.State), r.Years, r.Base.String(), string(r.Hold)
		fee := money.New(r.Fee.Amount, r.Price.Currency)
		c.InvoiceID, c.Price, c.Fee = r.InvoiceID, &r.Price, &fee
		if c.Expected == "" {
			c.Expected = r.Expected.String()
		}
		if c.Cause == "" {
			c.Cause = r.Because()
		}
	}
	return event.Emit(ctx, tx, event.New{Type: what, SubjectID: d.ID, CustomerID: d.CustomerID, Data: c})
}

// shortened is what a registrar says as it is kept: as much as somebody reads, and text whatever it was.
func shortened(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s[:min(len(s), 4096)], "\ufffd"), "\x00", "\ufffd")
	if r := []rune(s); len(r) > 500 {
		return string(r[:500]) + " …"
	}
	return s
}
