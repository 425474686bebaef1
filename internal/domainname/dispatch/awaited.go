package dispatch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/patch"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/task"
)

// What a registration or a transfer waits for that can't go on by itself, and what staff do about it.

// askedAgain is after how long staff are asked again about a registration or a transfer that does not go on, whether or not
// they have closed the question, and the registrar with them: what stood in the way may have gone.
const askedAgain = 3 * 24 * time.Hour

// stuck asks staff about a registration or a transfer that does not go on.
func (w *worker) stuck(ctx context.Context, occasion, why string) (step, error) {
	w.tries = 0
	return at(w.now().Add(askedAgain)), w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		return w.askArrival(ctx, tx, d, occasion, why)
	})
}

// askArrival asks staff once for each occasion, and anew when that has lasted.
func (w *worker) askArrival(ctx context.Context, tx *db.Tx, d *domainname.Domain, occasion, why string) error {
	return task.AskAnew(ctx, tx, task.Question{
		Kind: TaskArrival, SubjectID: w.id, Occasion: fmt.Sprintf("%s %d", occasion, tx.Now.Unix()/int64(askedAgain/time.Second)), CustomerID: w.customer,
		Detail: aboutArrival(*d) + why,
	})
}

func aboutArrival(d domainname.Domain) string { return d.Name.Unicode() + ": " }

// awaited reports whether a domain is ordered, and not the store's yet.
func awaited(s domainname.Status) bool {
	return slices.Contains([]domainname.Status{domainname.Pending, domainname.PendingRegistration, domainname.PendingTransfer}, s)
}

// Arrival is how far a registration or a transfer is.
type Arrival struct {
	Asked bool   // the registrar was asked, and what came of it is awaited
	Why   string // it does not go on, as staff were told last; empty: nothing is known to stand in the way
}

// Arrival says how far the registration or the transfer of a domain is.
func (s *Service) Arrival(ctx context.Context, domainID string) (a Arrival, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		a = Arrival{}
		d, err := domainname.Load(ctx, tx, domainID)
		if err != nil {
			return err
		}
		flight, err := inFlight(ctx, tx, domainID)
		if err != nil {
			return err
		}
		a.Asked = flight != nil
		told, err := tx.LastStaffTask(ctx, query.LastStaffTaskParams{Kind: TaskArrival, SubjectID: domainID})
		if db.NotFound(err) || err == nil && a.Asked && told.State != "open" {
			return nil // it was asked since
		}
		if err != nil {
			return fmt.Errorf("questions about domain %s: %w", domainID, err)
		}
		a.Why = strings.TrimPrefix(told.Detail, aboutArrival(d))
		return nil
	})
	return a, err
}

var errNothingToTry = fail.Conflict("NOTHING_TO_TRY", "Only a registration or a transfer that is paid and not confirmed can be tried again.")

// Retry has the worker go on with a registration or a transfer now: it reads the registry first, and asks for what is not
// there. Nothing is asked while what came of the last command isn't known.
func (s *Service) Retry(ctx context.Context, domainID, reason string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		d, err := domainname.Load(ctx, tx, domainID)
		if err != nil {
			return err
		}
		if _, err := customer.Lock(ctx, tx, d.CustomerID); err != nil {
			return err
		}
		if d, err = domainname.Lock(ctx, tx, domainID); err != nil {
			return err
		}
		if d.Status != domainname.PendingRegistration && d.Status != domainname.PendingTransfer {
			return errNothingToTry
		}
		if err := goOn(ctx, tx, d); err != nil {
			return err
		}
		return event.Audit(ctx, tx, event.Change{What: "domain.tried_again", SubjectID: d.ID, Why: reason})
	})
}

// goOn has a domain looked at that nothing is in flight for: what staff were asked about it is answered.
func goOn(ctx context.Context, tx *db.Tx, d domainname.Domain) error {
	flight, err := inFlight(ctx, tx, d.ID)
	if err != nil {
		return err
	}
	if flight != nil {
		return errInFlight
	}
	for _, kind := range []string{TaskArrival, TaskStuck} {
		if err := task.Settled(ctx, tx, kind, d.ID); err != nil {
			return err
		}
	}
	return domainname.Work(ctx, tx, d.ID, tx.Now)
}

// holder notes who is to hold a domain that the registrar has not confirmed, and has it asked for again with that.
func (w *worker) holder(ctx context.Context, act Act) (registrar.Answer, error) {
	err := w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		if !awaited(d.Status) {
			return errBusy
		}
		if err := goOn(ctx, tx, *d); err != nil {
			return err
		}
		var diff patch.Diff
		patch.Set(&diff, "registrant", &d.Registrant, act.Registrant)
		if err := domainname.Save(ctx, tx, d); err != nil {
			return err
		}
		err := event.Emit(ctx, tx, event.New{
			Type: "domain.updated", SubjectID: d.ID, CustomerID: d.CustomerID,
			Data: map[string]any{"domain_id": d.ID, "name": d.Name.String(), "fields": diff.Fields},
		})
		if err != nil {
			return err
		}
		return event.Audit(ctx, tx, event.Change{What: "domain.updated", SubjectID: d.ID, Before: diff.Before(), After: diff.After(), Why: act.Reason})
	})
	return registrar.Answer{Class: registrar.Pending, Message: "The registrar is asked for the domain with it."}, err
}
