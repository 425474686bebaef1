package registrartest

import (
	"context"
	"errors"
	"fmt"

	"github.com/keystead/keystead/internal/registrar"
)

// Kind is a way in which a command goes wrong.
type Kind int

// The kinds.
const (
	// CutBefore: the connection ends before the command is done.
	CutBefore Kind = iota + 1
	// CutAfter: it ends after the command was done, without an answer.
	CutAfter
	// Slow: done at once, but whoever asked gives up before the answer comes: the call returns when its context ends.
	Slow
	// Unreachable: there is no session; nothing left.
	Unreachable
	// Code: answered with Fault.Code; done all the same with Fault.Commit.
	Code
	// Date: an info, or the answer to a renewal, tells Fault.Date.
	Date
	// Twice: a renewal extends twice.
	Twice
	// Later: a renewal is answered with 1001; it is done by [Fake.Finish].
	Later
	// AtExpiry: a renewal is answered with 1000 and does not move the date; [Fake.Change] does it, when the test wants.
	AtExpiry
	// Gone: an info says that there is no such domain.
	Gone
)

// Fault says what goes wrong, and for which commands.
type Fault struct {
	Kind    Kind
	Command string // empty: any
	Name    string // empty: any
	Code    int
	Commit  bool
	Date    string
	Skip    int // so many that fit go well first
	Times   int // then so many go wrong; 0: all, until [Fake.Heal]
}

// Break has commands go wrong. The oldest fault that fits a command is its fault.
func (f *Fake) Break(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fault.Times == 0 {
		fault.Times = -1
	}
	f.faults = append(f.faults, &fault)
}

// Heal ends all faults.
func (f *Fake) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = nil
}

// fault takes the fault of a command; the zero Fault: it goes well.
func (f *Fake) fault(command, name string) Fault {
	for _, fault := range f.faults {
		if fault.Command != "" && fault.Command != command || fault.Name != "" && fault.Name != name || fault.Times == 0 {
			continue
		}
		if fault.Skip > 0 {
			fault.Skip--
			continue
		}
		if fault.Times > 0 {
			fault.Times--
		}
		return *fault
	}
	return Fault{}
}

var (
	errUnreachable = errors.New("registrartest: not reachable")
	errCut         = errors.New("registrartest: connection ended")
)

// arrive notes a command that reached the registrar, unless it is unreachable, and takes its fault.
func (f *Fake) arrive(ctx context.Context, s Sent) (fault Fault, leave func(), err error) {
	if f.Before != nil {
		f.Before(s.Command, s.Name)
	}
	if err := ctx.Err(); err != nil {
		return Fault{}, nil, err
	}
	f.mu.Lock()
	fault = f.fault(s.Command, s.Name)
	if fault.Kind == Unreachable {
		f.mu.Unlock()
		return fault, nil, errUnreachable
	}
	s.At = f.clock.Now()
	f.journal = append(f.journal, s)
	return fault, f.mu.Unlock, nil
}

// change runs a command that changes something.
func (f *Fake) change(ctx context.Context, s Sent, do func(fault Fault) registrar.Answer) registrar.Answer {
	fault, leave, err := f.arrive(ctx, s)
	if err != nil {
		return registrar.Answer{Class: registrar.Session, Message: err.Error()}
	}
	at := len(f.journal) - 1
	if again, used := f.seen[s.Transaction]; used && f.Caps.Guard == registrar.GuardKey {
		f.journal[at].Code = again.Code
		leave()
		return again
	}
	a := registrar.Answer{}
	does := fault.Kind != CutBefore && (fault.Kind != Code || fault.Commit)
	if does {
		a = do(fault)
		f.journal[at].Done = a.Class == registrar.Done || a.Class == registrar.Pending
	}
	if fault.Kind == Code {
		a = answer(fault.Code)
	}
	if fault.Kind == Date && s.Command == "renew" && a.Class == registrar.Done {
		a.Expiry = moment(fault.Date)
	}
	f.serial++
	a.Reference = fmt.Sprintf("sv-%d", f.serial)
	f.seen[s.Transaction] = a
	if fault.Kind == CutBefore || fault.Kind == CutAfter || fault.Kind == Slow {
		a = registrar.Answer{Class: registrar.Unknown, Message: errCut.Error()}
	}
	f.journal[at].Code = a.Code
	leave()
	if fault.Kind == Slow {
		<-ctx.Done()
	}
	return a
}

// read runs a command that changes nothing.
func (f *Fake) read(ctx context.Context, s Sent, do func(fault Fault) error) error {
	fault, leave, err := f.arrive(ctx, s)
	if err != nil {
		return err
	}
	if fault.Kind == Slow {
		leave()
		<-ctx.Done()
		return ctx.Err()
	}
	defer leave()
	switch fault.Kind {
	case CutBefore, CutAfter:
		return errCut
	case Code:
		return fmt.Errorf("registrartest: %s: %d", s.Command, fault.Code)
	default:
		return do(fault)
	}
}

// answer is what a code of EPP means.
func answer(code int) registrar.Answer {
	return registrar.Answer{Class: registrar.ClassOfCode(code), Code: code, Message: fmt.Sprintf("code %d", code)}
}
