// Package fail is the one error type that reaches a face of the product. It
// carries what a caller may see (a kind, a stable code, a sentence) apart from
// what only the log may see (the wrapped error).
//
// Rooms below return ordinary errors and wrap them with context; where the
// answer to a caller is known, they return an [Error]. Each face renders errors
// in one place, starting from [Of].
package fail

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Kind says what sort of failure it is, and thereby the HTTP status. The zero
// value is KindInternal, so an error of forgotten kind shows nothing.
type Kind int

// The kinds of failure.
const (
	KindInternal        Kind = iota // a fault of ours
	KindMalformed                   // the request can't be read
	KindUnauthenticated             // nobody, or not who they say
	KindForbidden                   // known, but not allowed
	KindNotFound                    // no such thing, or none the caller may know of
	KindMethod                      // the place exists but not this verb
	KindConflict                    // the state of the thing does not allow it
	KindGone                        // it was there and will not return
	KindTooLarge                    // the request is longer than is read
	KindInvalid                     // readable, but values break a rule
	KindLimited                     // too many requests
	KindUnavailable                 // can't be answered now, can be later
)

var kinds = map[Kind]struct {
	name   string
	status int
}{
	KindInternal:        {"internal", http.StatusInternalServerError},
	KindMalformed:       {"malformed", http.StatusBadRequest},
	KindUnauthenticated: {"unauthenticated", http.StatusUnauthorized},
	KindForbidden:       {"forbidden", http.StatusForbidden},
	KindNotFound:        {"not found", http.StatusNotFound},
	KindMethod:          {"method", http.StatusMethodNotAllowed},
	KindConflict:        {"conflict", http.StatusConflict},
	KindGone:            {"gone", http.StatusGone},
	KindTooLarge:        {"too large", http.StatusRequestEntityTooLarge},
	KindInvalid:         {"invalid", http.StatusUnprocessableEntity},
	KindLimited:         {"limited", http.StatusTooManyRequests},
	KindUnavailable:     {"unavailable", http.StatusServiceUnavailable},
}

// Status returns the HTTP status of the kind; 500 for an unknown one.
func (k Kind) Status() int {
	if known, ok := kinds[k]; ok {
		return known.status
	}
	return http.StatusInternalServerError
}

// String returns the name of the kind for logs and metrics.
func (k Kind) String() string {
	if known, ok := kinds[k]; ok {
		return known.name
	}
	return fmt.Sprintf("kind %d", int(k))
}

// Codes of failures that belong to no room. A code is public and stable: client
// programs branch on it.
const (
	CodeInvalidInput    = "INVALID_INPUT"
	CodeMethod          = "METHOD_NOT_ALLOWED"
	CodeTooLarge        = "REQUEST_TOO_LARGE"
	CodeUnauthenticated = "UNAUTHENTICATED"
	CodeRateLimited     = "RATE_LIMITED"
	CodeUnavailable     = "UNAVAILABLE"
	CodeInternal        = "INTERNAL"
)

// FieldError says what is wrong with one field of the input. Field is the name
// that the caller used, dotted for nested values ("address.country").
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error is a failure with an answer for the caller. Treat it as immutable.
type Error struct {
	Kind   Kind
	Code   string // public, stable: upper case with underscores
	Field  string // the field at fault, if it is a single one
	Detail string // public: a sentence for the person who asked

	// Fields lists every field at fault, the one in Field included.
	Fields []FieldError
	// RetryAfter is how long to wait before asking again; 0 if that is not known.
	RetryAfter time.Duration
	// More is what programs are told besides, by name: public, as the fields are.
	More map[string]any
	// Err is the cause: logged, never shown.
	Err error
}

// Error returns all that is known, the cause included. It is for the log: never
// show it to a caller.
func (e *Error) Error() string {
	var parts []string
	for _, part := range []string{e.Code, e.Field, e.Detail} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if len(e.Fields) > 1 {
		for _, f := range e.Fields {
			parts = append(parts, f.Field+" "+f.Message)
		}
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	if len(parts) == 0 {
		return e.Kind.String()
	}
	return strings.Join(parts, ": ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Because returns a copy of e with a cause for the log.
func (e *Error) Because(cause error) *Error {
	with := *e
	with.Err = cause
	return &with
}

// With returns a copy of e that tells programs one more thing by name.
func (e *Error) With(name string, value any) *Error {
	with := *e
	with.More = maps.Clone(e.More)
	if with.More == nil {
		with.More = map[string]any{}
	}
	with.More[name] = value
	return &with
}

// At returns a copy of e that is about one field of the input, and what is wrong with it.
func (e *Error) At(field, message string) *Error {
	at := *e
	at.Field = field
	at.Fields = []FieldError{{Field: field, Message: message}}
	return &at
}

// Of returns the [Error] in err's chain. Any other error becomes an internal
// one that wraps it, so that nothing of it is shown; nil stays nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Internal(err)
}

// New returns an error of a kind with a public code and a sentence for the
// person who asked. The functions that follow are for the kinds in everyday use.
func New(kind Kind, code, detail string) *Error {
	return &Error{Kind: kind, Code: code, Detail: detail}
}

// Malformed says that the request can't be read.
func Malformed(code, detail string) *Error { return New(KindMalformed, code, detail) }

// Unauthenticated says that the caller did not prove who they are.
func Unauthenticated(detail string) *Error {
	return New(KindUnauthenticated, CodeUnauthenticated, detail)
}

// Forbidden says that the caller is known but not allowed.
func Forbidden(code, detail string) *Error { return New(KindForbidden, code, detail) }

// NotFound says that there is no such thing, or none the caller may know of.
func NotFound(code, detail string) *Error { return New(KindNotFound, code, detail) }

// Method says that the place exists but does not take this verb.
func Method(detail string) *Error { return New(KindMethod, CodeMethod, detail) }

// Conflict says that the state of the thing does not allow the request.
func Conflict(code, detail string) *Error { return New(KindConflict, code, detail) }

// Gone says that the thing was there and will not return.
func Gone(code, detail string) *Error { return New(KindGone, code, detail) }

// TooLarge says that the request is longer than is read.
func TooLarge(detail string) *Error { return New(KindTooLarge, CodeTooLarge, detail) }

// Invalid says what is wrong with one field, such as ("name", "is required").
// See [Fields] for several.
func Invalid(field, detail string) *Error {
	e := New(KindInvalid, CodeInvalidInput, detail)
	e.Field = field
	e.Fields = []FieldError{{Field: field, Message: detail}}
	return e
}

// Limited says that there were too many requests, and when the next may come.
func Limited(detail string, retryAfter time.Duration) *Error {
	e := New(KindLimited, CodeRateLimited, detail)
	e.RetryAfter = retryAfter
	return e
}

// Unavailable says that an answer is not possible now but will be, and why. The
// cause is for the log.
func Unavailable(detail string, cause error) *Error {
	return New(KindUnavailable, CodeUnavailable, detail).Because(cause)
}

// Internal says that something of ours is at fault. Nothing of the cause is
// shown.
func Internal(cause error) *Error {
	return New(KindInternal, CodeInternal, "").Because(cause)
}

// Fields collects what is wrong with each field of an input, so that a caller
// learns all of it at once. The zero value is empty and ready for use:
//
//	var f fail.Fields
//	if in.Name == "" {
//		f.Add("name", "is required")
//	}
//	return f.Err()
type Fields struct {
	list []FieldError
}

// Add notes what is wrong with a field.
func (f *Fields) Add(field, message string) {
	f.list = append(f.list, FieldError{Field: field, Message: message})
}

// Check notes err as what is wrong with a field, unless it is nil.
func (f *Fields) Check(field string, err error) {
	if err != nil {
		f.Add(field, err.Error())
	}
}

// Err returns nil if nothing was noted, and otherwise one [Error] of kind
// KindInvalid with every field in the order of noting.
func (f *Fields) Err() error {
	switch len(f.list) {
	case 0:
		return nil
	case 1:
		return Invalid(f.list[0].Field, f.list[0].Message)
	default:
		e := New(KindInvalid, CodeInvalidInput, "several fields are not valid")
		e.Fields = slices.Clone(f.list)
		return e
	}
}
