// Package manual is the registrar that has no interface: staff do there what the store asks, and enter what they read.
package manual

import (
	"context"
	"fmt"
	"strings"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/registrar"
	"github.com/keystead/keystead/internal/task"
)

// The kinds of the questions that tell staff what is to be done: about a domain, one for each command.
const (
	TaskKind   = "domain.by_hand"        // the store waits until they say what came of it
	ChangeKind = "domain.change_by_hand" // they are done with it when they say so
)

// Registrar puts commands before staff.
type Registrar struct {
	db   *db.DB
	name string
}

var _ registrar.Registrar = (*Registrar)(nil)

// New returns the registrar of that name.
func New(d *db.DB, name string) *Registrar { return &Registrar{d, name} }

// Capabilities implements registrar.Registrar.
func (r *Registrar) Capabilities() registrar.Capabilities {
	return registrar.Capabilities{
		Guard: registrar.GuardNone, Parallel: 4, Manual: true, Register: true, Transfer: true, Renew: true, Restore: true, Delete: true, SetMode: true,
		Nameservers: true, Lock: true, AuthCode: true, Contacts: true,
	}
}

// ask puts a command before staff. Until they say that it is done, it is pending; where it can't be put, nothing was done.
func (r *Registrar) ask(ctx context.Context, kind, transaction, name, what, then string) registrar.Answer {
	err := r.db.Write(ctx, func(tx *db.Tx) error {
		d, err := tx.DomainByName(ctx, name)
		if err != nil {
			return fmt.Errorf("domain %s: %w", name, err)
		}
		return task.Ask(ctx, tx, task.Question{
			Kind: kind, SubjectID: d.ID, Occasion: transaction, CustomerID: d.CustomerID,
			Detail: fmt.Sprintf("At “%s”: %s. %s (Command %s.)", r.name, what, then, transaction),
		})
	})
	if err != nil {
		return registrar.Answer{Class: registrar.Session, Message: err.Error()}
	}
	return registrar.Answer{Class: registrar.Pending, Message: "staff are asked to do it"}
}

// What staff do afterwards.
const (
	enterDate    = "Then enter the new expiry on the domain's page, or why it can't be done."
	enterDeleted = "Then say on the domain's page that it is deleted, or why it can't be."
	closeTask    = "Then close this task."
)

func years(n int) string {
	if n == 1 {
		return "1 year"
	}
	return fmt.Sprintf("%d years", n)
}

func holder(c registrar.Contact) string {
	var parts []string
	for _, part := range append([]string{c.Name, c.Company}, append(c.Address, c.Country, c.Email, c.Phone)...) {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

// Register implements registrar.Registrar.
func (r *Registrar) Register(ctx context.Context, transaction string, in registrar.Registration) registrar.Answer {
	what := fmt.Sprintf("register %s for %s, held by %s", in.Name, years(in.Years), holder(in.Registrant))
	if len(in.Nameservers) > 0 {
		what += ", with the nameservers " + strings.Join(in.Nameservers, ", ")
	}
	return r.ask(ctx, TaskKind, transaction, in.Name, what, enterDate)
}

// Transfer implements registrar.Registrar. The code that authorises it stays out of the task, which programs can read: the
// domain's page shows it.
func (r *Registrar) Transfer(ctx context.Context, transaction string, in registrar.TransferIn) registrar.Answer {
	return r.ask(ctx, TaskKind, transaction, in.Name, fmt.Sprintf("transfer %s to the store, to be held by %s, with the code that the customer gave (the domain's page shows it)", in.Name, holder(in.Registrant)), enterDate)
}

// Renew implements registrar.Registrar.
func (r *Registrar) Renew(ctx context.Context, transaction string, in registrar.Renewal) registrar.Answer {
	what := fmt.Sprintf("renew %s for %s", in.Name, years(in.Years))
	if !in.Guard.IsZero() {
		what += fmt.Sprintf(", which expires on %s; if it shows another date, someone has renewed it already: don't renew it again", in.Guard.Format("en"))
	}
	return r.ask(ctx, TaskKind, transaction, in.Name, what, enterDate)
}

// Restore implements registrar.Registrar.
func (r *Registrar) Restore(ctx context.Context, transaction string, in registrar.Restore) registrar.Answer {
	return r.ask(ctx, TaskKind, transaction, in.Name, "restore "+in.Name+" from its redemption period, with the report if one is wanted", enterDate)
}

// Report implements registrar.Registrar. It is part of what staff do when they restore.
func (r *Registrar) Report(context.Context, string, registrar.RestoreReport) registrar.Answer {
	return registrar.Answer{Class: registrar.Done, Message: "is part of the restore"}
}

// Delete implements registrar.Registrar.
func (r *Registrar) Delete(ctx context.Context, transaction, name string) registrar.Answer {
	return r.ask(ctx, TaskKind, transaction, name, "delete "+name+", which is given up", enterDeleted)
}

// SetMode implements registrar.Registrar.
func (r *Registrar) SetMode(ctx context.Context, transaction, name string, mode registrar.Mode) registrar.Answer {
	what := "let " + name + " renew at its expiry"
	if mode == registrar.ModeExpire {
		what = "let " + name + " expire, that is: switch its renewal off"
	}
	return r.ask(ctx, ChangeKind, transaction, name, what, closeTask)
}

// Update implements registrar.Registrar.
func (r *Registrar) Update(ctx context.Context, transaction string, in registrar.Update) registrar.Answer {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if in.Nameservers != nil {
		add("set the nameservers to %s", strings.Join(*in.Nameservers, ", "))
	}
	if len(in.AddStatuses) > 0 {
		add("set %s", strings.Join(in.AddStatuses, ", "))
	}
	if len(in.RemoveStatuses) > 0 {
		add("lift %s", strings.Join(in.RemoveStatuses, ", "))
	}
	if in.Registrant != nil {
		add("set the holder to %s", holder(*in.Registrant))
	}
	if in.AuthCode != "" {
		add("make a new code for a transfer away and tell the holder")
	}
	return r.ask(ctx, ChangeKind, transaction, in.Name, "change "+in.Name+": "+strings.Join(parts, "; "), closeTask)
}

// Info implements registrar.Registrar: people read, and enter it.
func (r *Registrar) Info(context.Context, string, string) (registrar.Info, error) {
	return registrar.Info{}, registrar.ErrByHand
}

// Check implements registrar.Registrar.
func (r *Registrar) Check(context.Context, string, ...string) ([]registrar.Available, error) {
	return nil, registrar.ErrByHand
}

// Quote implements registrar.Registrar: no price is known.
func (r *Registrar) Quote(context.Context, string, registrar.Quoting) (registrar.Quote, error) {
	return registrar.Quote{}, nil
}

// TransferState implements registrar.Registrar.
func (r *Registrar) TransferState(context.Context, string, string) (registrar.TransferState, error) {
	return registrar.TransferState{}, registrar.ErrByHand
}

// Balance implements registrar.Registrar: it is not known.
func (r *Registrar) Balance(context.Context) (money.Money, bool, error) {
	return money.Money{}, false, nil
}

// Poll implements registrar.Registrar: there are no messages.
func (r *Registrar) Poll(context.Context, string) (*registrar.Message, error) { return nil, nil }

// Ack implements registrar.Registrar.
func (r *Registrar) Ack(context.Context, string, string) error { return nil }

// Close implements registrar.Registrar.
func (r *Registrar) Close(context.Context) {}
