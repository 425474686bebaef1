package adminapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/keystead/keystead/internal/fail"
)

const problemType = "application/problem+json"

// Problem is how every error is told: RFC 9457, with a code for programs and the fields at fault.
type Problem struct {
	Type   string            `json:"type" doc:"Always about:blank: the code says what happened" example:"about:blank"`
	Title  string            `json:"title" doc:"What the status means" example:"Unprocessable Entity"`
	Status int               `json:"status" example:"422"`
	Detail string            `json:"detail" doc:"A sentence for people" example:"name is required"`
	Code   string            `json:"code" doc:"Stable, for programs" example:"INVALID_INPUT"`
	Errors []fail.FieldError `json:"errors,omitempty" nullable:"false" doc:"The fields at fault, all of them"`

	more map[string]any // members of this code's own
}

// problemMembers are the members of problems that not all of them have.
var problemMembers = map[string]string{
	"reason":     "Of TERM_NOT_AVAILABLE and RENEWAL_OPEN: why the term is not on offer",
	"first_day":  "Of TERM_NOT_AVAILABLE: the first possible day, where there is one. YYYY-MM-DD",
	"last_day":   "Of TERM_NOT_AVAILABLE: the last possible day, where there is one. YYYY-MM-DD",
	"renewal_id": "Of RENEWAL_OPEN: the renewal that is not finished",
	"invoice_id": "Of RENEWAL_OPEN: the invoice that it is paid by, if there is one",
}

// MarshalJSON writes the members of the code beside the common ones (RFC 9457, 3.2).
func (p Problem) MarshalJSON() ([]byte, error) {
	type plain Problem
	common, err := json.Marshal(plain(p))
	if err != nil || len(p.more) == 0 {
		return common, err
	}
	own, err := json.Marshal(p.more)
	if err != nil {
		return nil, err
	}
	return append(append(common[:len(common)-1], ','), own[1:]...), nil
}

// problemOf is the one translation of an error into what the caller is told.
func problemOf(e *fail.Error) Problem {
	p := Problem{Type: "about:blank", Status: e.Kind.Status(), Detail: e.Detail, Code: e.Code, Errors: e.Fields, more: e.More}
	if p.Errors == nil && e.Field != "" {
		p.Errors = []fail.FieldError{{Field: e.Field, Message: e.Detail}}
	}
	p.Errors = bracketed(p.Errors)
	switch e.Kind {
	case fail.KindInternal:
		p.Code, p.Detail, p.more = fail.CodeInternal, "Something went wrong on our side.", nil
	case fail.KindInvalid:
		if len(p.Errors) == 1 && p.Errors[0].Message == p.Detail {
			p.Detail = p.Errors[0].Field + " " + p.Errors[0].Message
		}
	case fail.KindMalformed, fail.KindUnauthenticated, fail.KindForbidden, fail.KindNotFound, fail.KindMethod,
		fail.KindConflict, fail.KindGone, fail.KindTooLarge, fail.KindLimited, fail.KindUnavailable:
	}
	if e.Kind == fail.KindMalformed && e.Code == codeMediaType {
		p.Status = http.StatusUnsupportedMediaType
	}
	p.Title = http.StatusText(p.Status)
	return p
}

// named tells of fields by the names that they have in the request, where the room has others.
func named(err error, name func(field string) string) error {
	e := fail.Of(err)
	if err == nil || e.Kind != fail.KindInvalid {
		return err
	}
	told := *e
	told.Fields = slices.Clone(e.Fields)
	for i := range told.Fields {
		told.Fields[i].Field = name(told.Fields[i].Field)
	}
	if told.Field != "" {
		told.Field = name(told.Field)
	}
	return &told
}

var position = regexp.MustCompile(`\.(\d+)(\.|$)`)

// bracketed writes places in lists as this API does: items[0].quantity, where rooms say items.0.quantity.
func bracketed(fields []fail.FieldError) []fail.FieldError {
	for i, f := range fields {
		if name := position.ReplaceAllString(f.Field, "[$1]$2"); name != f.Field {
			fields = slices.Clone(fields)
			fields[i].Field = name
		}
	}
	return fields
}

// renderProblem writes an error: a web.Renderer.
func renderProblem(w http.ResponseWriter, _ *http.Request, e *fail.Error) {
	p := problemOf(e)
	h := w.Header()
	h.Set("Content-Type", problemType)
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(p.Status)
	if err := json.NewEncoder(w).Encode(p); err != nil {
		return // a client that went away needs no answer
	}
}

// huma has errors of its own: parameters that it can't read, and whatever a handler returns. Its way to replace them
// is a package variable, which would change them for every user of huma in the process. This API leaves the variable
// alone. It never lets huma render an error: a transformer, which is this API's own, sees each of them before it is
// written and notes it, and the answer is thrown away (see [route.serve]).

// noted is what one request leaves beside its answer on its way out of huma.
type noted struct {
	err  error
	kept any // what may be stored of an answer with secrets
}

type notedKey struct{}

// errNoted is what huma is told in place of an operation's error.
type errNoted struct{}

func (errNoted) Error() string  { return "noted" }
func (errNoted) GetStatus() int { return http.StatusInternalServerError }

// note is a huma.Transformer.
func note(ctx huma.Context, _ string, v any) (any, error) {
	if model, ok := v.(*huma.ErrorModel); ok {
		if n, ok := ctx.Context().Value(notedKey{}).(*noted); ok && n.err == nil {
			n.err = paramError(model)
		}
	}
	return v, nil
}

// paramError is what is wrong with the parameters in the path and the query: all that huma checks here.
func paramError(model *huma.ErrorModel) error {
	var f fail.Fields
	for _, d := range model.Errors {
		field := d.Location
		for _, place := range []string{"query.", "path.", "header."} {
			field = strings.TrimPrefix(field, place)
		}
		f.Add(field, plain(d.Message))
	}
	if err := f.Err(); err != nil {
		return err
	}
	return fail.Internal(errors.New(model.Error()))
}

var plainWords = []struct {
	pattern *regexp.Regexp
	words   string
}{
	{regexp.MustCompile(`^unknown query parameter$`), "is not a parameter of this operation"},
	{regexp.MustCompile(`^required \w+ parameter is missing$`), "is required"},
	{regexp.MustCompile(`^invalid integer$`), "must be a whole number"},
	{regexp.MustCompile(`^invalid boolean$`), "must be true or false"},
	{regexp.MustCompile(`^invalid date/time.*`), "must be an instant such as 2027-03-20T03:21:26Z"},
	{regexp.MustCompile(`^expected number >= (.*)$`), "must be at least $1"},
	{regexp.MustCompile(`^expected number <= (.*)$`), "must be at most $1"},
	{regexp.MustCompile(`^expected length <= (.*)$`), "is longer than $1 characters"},
	{regexp.MustCompile(`^expected value to be one of "(.*)"$`), "must be one of $1"},
}

// plain says what huma says in the words of this API.
func plain(message string) string {
	for _, w := range plainWords {
		if w.pattern.MatchString(message) {
			return w.pattern.ReplaceAllString(message, w.words)
		}
	}
	return message
}
