package epp

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/registrar"
)

// Class is what follows from what a registry said, or didn't say.
type Class int

// The classes of results.
const (
	ClassDone    Class = iota + 1 // done: 1000 and the like
	ClassPending                  // taken on, to be done later: 1001; ends by a poll message
	ClassStale                    // what the command took for granted isn't so, or a policy forbids it: read, compare, decide
	ClassStatus                   // a status of the object forbids it: 2304
	ClassMoney                    // the account's funds don't cover it: 2104
	ClassGone                     // the object is another registrar's, or isn't there
	ClassFault                    // the command was wrong: sending it again would be, too
	ClassSession                  // there is no session for it; nothing was done
	ClassUnknown                  // sent, and what came of it isn't known: read before anything else
)

var classNames = [...]string{"", "done", "pending", "stale", "status", "money", "gone", "fault", "session", "unknown"}

// String returns the name of the class for logs and metrics.
func (c Class) String() string {
	if c < ClassDone || c > ClassUnknown {
		return fmt.Sprintf("class %d", int(c))
	}
	return classNames[c]
}

// Outcome is the coarse answer to "is it done?".
type Outcome int

// The outcomes.
const (
	OK      Outcome = iota + 1 // done, or taken on
	Refused                    // not done, and the registry, or the connection that was never made, is the witness
	Unknown                    // nobody knows before it is read
)

// Outcome returns what the class says about the command.
func (c Class) Outcome() Outcome {
	switch c {
	case ClassDone, ClassPending:
		return OK
	case ClassStale, ClassStatus, ClassMoney, ClassGone, ClassFault, ClassSession:
		return Refused
	default:
		return Unknown
	}
}

// ClassOfCode returns the class of a result code of RFC 5730. A code that isn't known is a success if it begins
// with 1, as whoever reads afterwards will see; any other is [ClassUnknown].
func ClassOfCode(code int) Class { return Class(slices.Index(classes[:], registrar.ClassOfCode(code))) }

// classes are what the store makes of the classes.
var classes = [...]registrar.Class{
	ClassDone: registrar.Done, ClassPending: registrar.Pending, ClassStale: registrar.Policy, ClassStatus: registrar.Status,
	ClassMoney: registrar.Money, ClassGone: registrar.NotOurs, ClassFault: registrar.Fault, ClassSession: registrar.Session,
	ClassUnknown: registrar.Unknown,
}

// endsSession reports whether the registry closes the connection after such an answer, or should be left: the
// results of RFC 5730 that say so, and whatever isn't understood.
func endsSession(code int) bool {
	return code == 1500 || code == 2200 || code >= 2500 || code < 1000
}

// Result is what every answer says.
type Result struct {
	Class   Class
	Code    int
	Message string
	Reasons []string // details: values that were refused, and why
	ClTRID  string
	SvTRID  string // the registry's own id of the transaction: evidence
}

// Error says that a command was not done, or that nobody knows.
type Error struct {
	Result
	Command string
	Sent    bool  // some of it left
	Cause   error // what happened, where it wasn't an answer
}

// Error implements error.
func (e *Error) Error() string {
	s := "epp " + e.Command + ": " + e.Class.String()
	if e.Code != 0 {
		s += fmt.Sprintf(": %d %s", e.Code, e.said())
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// said is what the registry said besides the code.
func (r Result) said() string {
	if len(r.Reasons) == 0 {
		return r.Message
	}
	return r.Message + " (" + strings.Join(r.Reasons, "; ") + ")"
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// ClassOf returns the class of what a method of a [Client] returned: [ClassDone] for nil, and [ClassUnknown] for an
// error that this package didn't make. A pending command has no error; its result says so.
func ClassOf(err error) Class {
	if err == nil {
		return ClassDone
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	return ClassUnknown
}
