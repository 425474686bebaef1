package dispatch

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/domainname"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/registrar/manual"
	"github.com/keystead/keystead/internal/task"
)

// What somebody asks for at a registrar is kept with its command, which is committed before it is sent. Its outcome is written down
// once, as what they have done, whoever finds it out: who has heard the answer, or the worker, which reads it back.

// asking is what somebody has asked for at a registrar, who and why. It holds no secret.
type asking struct {
	Nameservers *[]string              `json:"nameservers,omitempty"`
	Lock        *bool                  `json:"lock,omitempty"`
	AuthCode    bool                   `json:"auth_code,omitempty"`
	Registrant  *domainname.Registrant `json:"registrant,omitempty"`
	Reason      string                 `json:"reason,omitempty"`
	By          event.Actor            `json:"by"`
}

func (a *asking) column() (string, error) {
	if a == nil {
		return "", nil
	}
	b, err := json.Marshal(a)
	return string(b), err
}

func askingOf(column string) (a *asking, err error) {
	if column == "" {
		return nil, nil
	}
	return a, json.Unmarshal([]byte(column), &a)
}

// parts are the names of what is to be changed.
func (a asking) parts() []string {
	parts := []string{}
	for _, part := range []struct {
		name string
		in   bool
	}{{"nameservers", a.Nameservers != nil}, {"lock", a.Lock != nil}, {"auth_code", a.AuthCode}, {"registrant", a.Registrant != nil}} {
		if part.in {
			parts = append(parts, part.name)
		}
	}
	return parts
}

// shown reports whether the registry has a domain as it was asked for. told is false where it does not say so of every part; code
// is the one that was sent, empty where nobody knows it any more.
func (a asking) shown(ctx context.Context, reg registrar.Registrar, read reading, code string) (is, told bool) {
	is, told = true, true
	if a.Nameservers != nil {
		is = is && sameNames(*a.Nameservers, read.nameservers)
	}
	if a.Lock != nil {
		is = is && read.epp(lockTransfer) == *a.Lock
	}
	if a.AuthCode {
		told = told && code != "" && read.code != ""
		is = is && (!told || read.code == code)
	}
	if a.Registrant != nil {
		holders, ok := reg.(registrar.Holders)
		id := ""
		if ok {
			id, ok = holders.HolderID(ctx, contactOf(*a.Registrant))
		}
		told = told && ok
		is = is && (!ok || strings.EqualFold(id, read.holder))
	}
	return is, told
}

// sameNames reports whether two lists have the same names, in whatever order and case.
func sameNames(a, b []string) bool {
	fold := func(all []string) []string {
		all = slices.Clone(all)
		for i, name := range all {
			all[i] = strings.ToLower(strings.TrimSuffix(name, "."))
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	return slices.Equal(fold(a), fold(b))
}

// askedUnknown is told of something that was asked for where nobody can tell what came of it.
const askedUnknown = string(registrar.Unknown)

// acted writes down what came of something that somebody asked for, as part of tx. d has taken in what the registry said.
func (w *worker) acted(ctx context.Context, tx *db.Tx, d *domainname.Domain, c *command, outcome string) error {
	done := outcome == string(registrar.Done) || outcome == string(registrar.Pending)
	became := outcome
	switch {
	case done:
		became = outcomeConfirmed
	case outcome == askedUnknown:
		became = outcomeNotDone
	}
	if err := c.settle(ctx, tx, became); err != nil {
		return err
	}
	ctx = event.WithActor(ctx, c.asked.By)
	told := ActEvent{Name: d.Name.String(), Changed: c.asked.parts(), Outcome: outcome, ByHand: outcome == string(registrar.Pending)}
	err := event.Audit(ctx, tx, event.Change{
		What: EventChanged, SubjectID: d.ID, After: strings.Join(told.Changed, ", ") + ": " + told.Outcome, Why: c.asked.Reason,
	})
	if err != nil || !done {
		return err
	}
	c.asked.onto(d)
	if err := domainname.Save(ctx, tx, d); err != nil {
		return err
	}
	return event.Emit(ctx, tx, event.New{Type: EventChanged, SubjectID: d.ID, CustomerID: d.CustomerID, Data: told})
}

// onto writes what was done into the facts of a domain.
func (a asking) onto(d *domainname.Domain) {
	if a.Nameservers != nil {
		d.Nameservers = *a.Nameservers
	}
	if a.Registrant != nil {
		d.Registrant = *a.Registrant
	}
	if a.Lock == nil {
		return
	}
	d.State.EPP = slices.DeleteFunc(slices.Clone(d.State.EPP), func(status string) bool { return status == lockTransfer || *a.Lock && status == "ok" })
	if *a.Lock {
		d.State.EPP = append(d.State.EPP, lockTransfer)
	}
}

// TaskChange is the kind of the tasks by which staff hear that something which was asked for at a registrar was not done, or that
// nobody can tell, where whoever has asked for it has not heard so.
const TaskChange = "domain.change_not_done"

// concludeAct reads the registry and says what came of something that was asked for, where nobody has heard the answer. code is the
// transfer code that was sent; empty: nobody knows it any more.
func (w *worker) concludeAct(ctx context.Context, f facts, c command, code string) (outcome string, next step, err error) {
	reg, err := w.open(ctx, f.domain)
	if err != nil {
		return "", rest, err
	}
	caps := reg.Capabilities()
	read := stored(f.domain)
	if !caps.Manual {
		if read, err = w.read(ctx, reg, f.domain); err != nil {
			next, err = w.unread(ctx, f.domain, err)
			return "", next, err
		}
	}
	var is, told bool
	err = w.inTime(ctx, func(ctx context.Context) error {
		is, told = c.asked.shown(ctx, reg, read, code)
		return nil
	})
	if err != nil {
		return "", rest, err
	}
	err = w.write(ctx, func(tx *db.Tx, d *domainname.Domain) error {
		outcome, next = "", again
		flight, err := inFlight(ctx, tx, w.id)
		if err != nil || flight == nil || flight.id != c.id {
			return err // it is settled: look again
		}
		c := *flight
		if err := w.hear(ctx, tx, d, read, caps); err != nil {
			return err
		}
		switch settled := c.made.Add(w.patience + caps.Settle); {
		case caps.Manual:
			outcome, err = putBeforeStaff(ctx, tx, c)
		case c.outcome == string(registrar.Done), read.found && read.ours && is && told: // a message of the registry says so, or it shows it
			outcome = string(registrar.Done)
		case c.outcome == outcomeNotDone:
			outcome = outcomeNotDone
		case tx.Now.Before(settled):
			next = at(settled)
		case read.found && read.ours && is:
			outcome = askedUnknown
			c.message = "Nobody knows whether this was done."
		default:
			outcome = outcomeNotDone
		}
		if err != nil {
			return err
		}
		w.tries = 0
		done := outcome == string(registrar.Done) || outcome == string(registrar.Pending)
		if !done { // what is done saves it
			if err := domainname.Save(ctx, tx, d); err != nil {
				return err
			}
		}
		if outcome == "" {
			return nil
		}
		if err := w.acted(ctx, tx, d, &c, outcome); err != nil || done {
			return err
		}
		if !read.found || !read.ours {
			if err := domainname.SyncAt(ctx, tx, d.ID, tx.Now); err != nil { // whatever it is instead, sync says
				return err
			}
		}
		return w.ask(ctx, tx, TaskChange, c.id, c.asked.undone(*d, outcome, read.found && read.ours, c.made))
	})
	if err != nil {
		return "", rest, err
	}
	return outcome, next, w.point("settled", w.id)
}

// putBeforeStaff says what came of what the registrar "manual" was asked for: staff were, or they were not.
func putBeforeStaff(ctx context.Context, tx *db.Tx, c command) (outcome string, err error) {
	n, err := tx.CountStaffTasks(ctx, query.CountStaffTasksParams{Kind: manual.ChangeKind, SubjectID: c.domainID, Occasion: c.transaction})
	if err != nil {
		return "", fmt.Errorf("questions about domain %s: %w", c.domainID, err)
	}
	if n == 0 {
		return outcomeNotDone, nil
	}
	return string(registrar.Pending), nil
}

var partWords = map[string]string{
	"nameservers": "other nameservers", "lock": "another transfer lock", "auth_code": "a new transfer code", "registrant": "another holder",
}

// words name what is to be changed for people.
func (a asking) words() string {
	parts := a.parts()
	for i, part := range parts {
		parts[i] = partWords[part]
	}
	return strings.Join(parts, ", ")
}

// undone tells staff of something that was not done, or of which nobody can tell.
func (a asking) undone(d domainname.Domain, outcome string, ours bool, made time.Time) string {
	who := a.By.Name
	switch {
	case a.By.Kind == event.Customer:
		who = "The customer"
	case who == "":
		who = "Somebody"
	}
	s := fmt.Sprintf("%s: %s asked for %s on %s UTC, and got no answer. ", d.Name.Unicode(), who, a.words(), made.Format("2 Jan 2006, 15:04"))
	switch {
	case outcome == outcomeNotDone && !ours:
		s += "The registry does not have the domain for the store: it was not done, and nothing is sent again."
	case outcome == outcomeNotDone:
		s += "The registry has it as before. Nothing is sent again by itself: ask for it again if it is still wanted."
	case a.AuthCode:
		s += "Whether it was done can't be read. Nobody has seen the code; one that was told before may be void. Make a new one if it is still wanted."
	default:
		s += "Whether it was done can't be read. Asking for it again does no harm."
	}
	return s
}

// undoneAfterAll tells staff that a registry has refused what it had taken on of something that somebody asked for.
func undoneAfterAll(ctx context.Context, tx *db.Tx, c command, why string) error {
	d, err := domainname.Load(ctx, tx, c.domainID)
	if err != nil {
		return err
	}
	err = event.Audit(event.WithActor(ctx, c.asked.By), tx, event.Change{
		What: EventChanged, SubjectID: d.ID, After: strings.Join(c.asked.parts(), ", ") + ": " + outcomeNotDone, Why: c.asked.Reason,
	})
	if err != nil {
		return err
	}
	detail := fmt.Sprintf("%s: the registry had taken %s on, and has refused it after all: %s", d.Name.Unicode(), c.asked.words(), shortened(why))
	if c.asked.Nameservers != nil || c.asked.Registrant != nil {
		detail += " The store shows what was asked for: look at the registry, and ask for it again, or for what it was before."
	}
	err = task.Ask(ctx, tx, task.Question{Kind: TaskChange, SubjectID: d.ID, Occasion: c.id, CustomerID: d.CustomerID, Detail: detail})
	if err != nil {
		return err
	}
	return domainname.SyncAt(ctx, tx, d.ID, tx.Now) // its lock is shown as it was asked for
}
