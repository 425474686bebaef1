package adminapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"regexp"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web"
)

// repeat says what an idempotency key does for an operation.
type repeat int

const (
	inside repeat = iota // work and kept answer are one transaction: what a POST does unless it says otherwise
	after                // the answer is kept once the work is done: for work that makes its own transactions
	never                // the key is not looked at: uploads, and everything that is no POST
)

// route is an operation as data: where it is, who may call it, how it is described.
type route struct {
	Method, Path string
	Scope        string // that a token needs; empty: any valid token
	Tag          string
	Summary      string
	Notes        string   // more for the reader of the document
	Codes        []string // of the problems that are this operation's own; those of every operation are not named
	Status       int      // of success; 0: 200, or 204 where nothing is answered
	Media        string   // of the answer; empty: JSON
	Repeat       repeat
	Upload       bool // the body is a file of any size and type
	Long         bool // it may take longer than the server gives a request

	operation *huma.Operation
	body      *schema // of the body; nil: none is taken
	huma      http.Handler
}

// pathParam is a place in a path that a request fills.
var pathParam = regexp.MustCompile(`\{[^}]*\}`)

func (rt *route) key() string { return rt.Method + " " + rt.Path }

// none is the answer of an operation that has none.
type none struct{}

// answer is what huma is told to write.
type answer[T any] struct{ Body T }

// empty is an answer without a body.
type empty struct{}

// add registers an operation. In is a struct of parameters with, perhaps, a field Body; Out is what is answered.
func add[In, Out any](a *API, rt route, f func(ctx context.Context, in *In) (Out, error)) {
	op := a.register(&rt)
	if reflect.TypeFor[Out]() == reflect.TypeFor[none]() {
		if op.DefaultStatus == 0 {
			op.DefaultStatus = http.StatusNoContent
		}
		huma.Register(a.huma, *op, func(ctx context.Context, in *In) (*empty, error) {
			_, err := f(ctx, in)
			return &empty{}, keepError(ctx, err)
		})
		return
	}
	huma.Register(a.huma, *op, func(ctx context.Context, in *In) (*answer[Out], error) {
		out, err := f(ctx, in)
		if s, ok := any(out).(secretive); ok {
			noteSecret(ctx, s)
		}
		return &answer[Out]{out}, keepError(ctx, err)
	})
}

// register enters a route, and returns what huma is told of it.
func (a *API) register(rt *route) *huma.Operation {
	if rt.Method != http.MethodPost || rt.Upload {
		rt.Repeat = never
	}
	rt.operation = &huma.Operation{
		OperationID: operationID(*rt), Method: rt.Method, Path: rt.Path, Summary: rt.Summary, Description: rt.Notes, Tags: []string{rt.Tag},
		DefaultStatus: rt.Status, MaxBodyBytes: -1, BodyReadTimeout: -1, SkipValidateBody: true, RejectUnknownQueryParameters: true,
	}
	a.routes = append(a.routes, rt)
	return rt.operation
}

// file is an answer that is no JSON.
type file struct {
	Name    string // under which it is saved
	Content []byte
}

// fileAnswer is a file as huma is told to write it.
type fileAnswer struct {
	Type        string `header:"Content-Type" hidden:"true"`
	Disposition string `header:"Content-Disposition" doc:"With a name for the file"`
	Body        []byte
}

// addFile registers an operation that answers with a file of the route's media type.
func addFile[In any](a *API, rt route, f func(ctx context.Context, in *In) (file, error)) {
	op := a.register(&rt)
	op.Responses = map[string]*huma.Response{"200": {Content: map[string]*huma.MediaType{
		rt.Media: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}}
	huma.Register(a.huma, *op, func(ctx context.Context, in *In) (*fileAnswer, error) {
		out, err := f(ctx, in)
		disposition := mime.FormatMediaType("attachment", map[string]string{"filename": out.Name})
		return &fileAnswer{Type: rt.Media, Disposition: disposition, Body: out.Content}, keepError(ctx, err)
	})
}

func operationID(rt route) string {
	id := strings.ToLower(rt.Method) + strings.NewReplacer("/", "-", "{", "by-", "}", "").Replace(rt.Path)
	return id
}

// keepError notes an operation's error, which huma need not know.
func keepError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if n, ok := ctx.Value(notedKey{}).(*noted); ok {
		n.err = err
	}
	return errNoted{}
}

// adapter is how huma finds its place in the mux.
type adapter struct{ api *API }

func (ad adapter) Handle(op *huma.Operation, handler func(huma.Context)) {
	for _, rt := range ad.api.routes {
		if rt.key() == op.Method+" "+op.Path {
			rt.operation = op
			rt.huma = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler(humago.NewContext(op, r, w)) })
			ad.api.mux.Handle(op.Method+" "+Base+op.Path, ad.api.handle(rt))
			return
		}
	}
}

func (ad adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) { ad.api.ServeHTTP(w, r) }

// handle is everything around an operation.
func (a *API) handle(rt *route) http.Handler {
	return web.Handle(a.Log, renderProblem, func(w http.ResponseWriter, r *http.Request) error {
		caller, err := a.authenticate(r)
		if err != nil {
			return err
		}
		if err := caller.mustHave(rt.Scope); err != nil {
			return err
		}
		if err := readable(rt, r); err != nil {
			return err
		}
		ctx := caller.act(r.Context())
		if rt.Upload {
			return a.serveUpload(rt, w, r.WithContext(ctx))
		}
		body, err := readBody(w, r)
		if err != nil {
			return err
		}
		if rt.Long {
			web.UnhurriedUpload(w) // or its context would end with the time for reading it
		}
		use, err := caller.use(rt, r, body)
		if err != nil {
			return err
		}
		ctx = context.WithValue(ctx, useKey{}, use)
		run := func(ctx context.Context) (*recorder, error) { return rt.serve(r.WithContext(ctx), body) }
		var rec *recorder
		switch {
		case use == nil:
			rec, err = run(ctx)
		case rt.Repeat == after:
			rec, err = a.onceAfter(ctx, use, r, run)
		default:
			rec, err = a.once(ctx, use, r, run)
		}
		if err != nil {
			return err
		}
		rec.send(w)
		return nil
	})
}

// readable refuses an address with text that can't be looked up: broken UTF-8, or the one character that a database
// can't hold.
func readable(rt *route, r *http.Request) error {
	for _, param := range pathParam.FindAllString(rt.Path, -1) {
		if !sound(r.PathValue(strings.Trim(param, "{}"))) {
			return errNowhere
		}
	}
	query, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		return err
	}
	for _, values := range query {
		for _, v := range values {
			if !sound(v) {
				return fail.Malformed(codeMalformed, "The address holds text that can't be read.")
			}
		}
	}
	return nil
}

func sound(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// serve checks the body, runs the operation and returns its answer, or its error.
func (rt *route) serve(r *http.Request, body []byte) (rec *recorder, err error) {
	defer func() {
		// In a transaction the operation may run on another goroutine than the request's, where nobody else would
		// catch it.
		if p := recover(); p != nil {
			rec, err = nil, fail.Internal(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	if rt.body != nil {
		if err := rt.body.check(body); err != nil {
			return nil, err
		}
	}
	n := &noted{}
	r = r.WithContext(context.WithValue(r.Context(), notedKey{}, n))
	r.Body = bodyOf(body)
	rec = newRecorder()
	rt.huma.ServeHTTP(rec, r)
	if n.err != nil {
		return nil, n.err
	}
	if n.kept != nil {
		rec.kept, err = json.Marshal(n.kept)
	}
	return rec, err
}

// serveUpload runs an operation whose body is a stream. Large files take long, so the server's limits on the time of a
// request are lifted: whoever gets here has shown a token.
func (a *API) serveUpload(rt *route, w http.ResponseWriter, r *http.Request) error {
	n := &noted{}
	web.UnhurriedUpload(w)
	ctx := context.WithValue(r.Context(), notedKey{}, n)
	rec := newRecorder()
	rt.huma.ServeHTTP(rec, r.WithContext(context.WithValue(ctx, uploadKey{}, r)))
	if n.err != nil {
		return n.err
	}
	rec.send(w)
	return nil
}

// recorder holds an answer until it is known that it may be sent.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
	kept   []byte // what is kept for an idempotency key in place of the body
}

func newRecorder() *recorder { return &recorder{header: http.Header{}, status: http.StatusOK} }

func (rec *recorder) Header() http.Header             { return rec.header }
func (rec *recorder) WriteHeader(status int)          { rec.status = status }
func (rec *recorder) Write(b []byte) (n int, _ error) { return rec.body.Write(b) }

func (rec *recorder) send(w http.ResponseWriter) {
	for name, values := range rec.header {
		w.Header()[name] = values
	}
	w.WriteHeader(rec.status)
	_, _ = w.Write(rec.body.Bytes()) //nolint:gosec // JSON, by its type; a client that went away needs no answer
}
