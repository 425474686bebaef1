// Package whmcs answers software that checks its license with WHMCS's licensing addon: a vendor points the host name at
// this server and changes nothing in what customers have installed. See docs/come-from-whmcs.md.
//
// The clients out there can't be mended, so whatever is not a right answer has no body: that is the only failure that all
// of them survive. A body that says Invalid ends a paying customer's software.
package whmcs

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/check"
	"github.com/keystead/keystead/internal/license/lease"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/callers"
)

// Path ends every address at which such software asks.
const Path = "/modules/servers/licensing/verify.php"

// patience is how long a check may take: the clients wait for five seconds, if not for thirty, and the rest is the network's.
const patience = 4 * time.Second

// endpoint is what calls are counted for.
const endpoint = "whmcs"

// Config is what the protocol is answered from.
type Config struct {
	Checks   *check.Service
	Settings *setting.Service
	Limits   *callers.Limits
	Log      *slog.Logger
}

type face struct{ Config }

// New returns the handler of the protocol. It is for every path that [Serves] knows.
func New(c Config) http.Handler {
	f := &face{c}
	h := web.Methods(renderNothing, web.Handle(c.Log, renderNothing, f.verify), http.MethodPost)
	return web.Recover(c.Log, renderNothing, h)
}

// Serves reports whether software asks at a path: below any prefix, however many slashes the vendor's address ended with.
func Serves(path string) bool { return strings.HasSuffix(path, Path) }

// renderNothing answers an error with its status alone.
func renderNothing(w http.ResponseWriter, _ *http.Request, e *fail.Error) {
	h := w.Header()
	h["Cache-Control"] = noStore
	h["Content-Length"] = noBytes
	w.WriteHeader(e.Kind.Status())
}

var (
	noStore   = []string{"no-store"}
	noBytes   = []string{"0"}
	plainText = []string{"text/plain; charset=utf-8"}
	noSniff   = []string{"nosniff"}
)

// verify answers one check.
func (f *face) verify(w http.ResponseWriter, r *http.Request) error {
	q, err := read(w, r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	body, err := f.answer(ctx, q, r.UserAgent())
	if err != nil {
		return err
	}
	h := w.Header()
	h["Content-Type"] = plainText
	h["Cache-Control"] = noStore
	h["Content-Length"] = []string{strconv.Itoa(len(body))} // some clients know no chunks
	h["X-Content-Type-Options"] = noSniff
	_, _ = w.Write(body) //nolint:gosec // escaped plain text; a client that went away needs no answer
	return nil
}

func (f *face) answer(ctx context.Context, q question, userAgent string) ([]byte, error) {
	if q.key == "" {
		return unknown, nil // nobody guesses with it
	}
	ip := web.ClientIP(ctx)
	guesses, err := f.Limits.MayGuess(ctx, ip)
	if err != nil {
		return nil, err
	}
	often, err := f.Limits.Call(ctx, ip, endpoint)
	if err != nil {
		return nil, err
	}
	a, err := f.Checks.Check(ctx, check.Request{
		Key: q.key, Place: q.place(), From: ip, UserAgent: userAgent, Often: often > 0, OnlyBound: guesses > 0,
	})
	if errors.Is(err, license.ErrNotFound) {
		if err := f.mayTell(ctx); err != nil {
			return nil, err
		}
		return unknown, nil
	}
	if err != nil {
		return nil, err
	}
	return f.tell(ctx, q, a)
}

// mayTell counts an unknown key. An address that tries many learns nothing more: not even Invalid, which would be wrong if
// the key is one that was never checked from here.
func (f *face) mayTell(ctx context.Context) error {
	wait, err := f.Limits.Unknown(ctx, web.ClientIP(ctx))
	if err == nil && wait > 0 {
		err = &fail.Error{Kind: fail.KindLimited, Code: fail.CodeRateLimited, RetryAfter: wait}
	}
	return err
}

// The statuses of the protocol.
const (
	active    = "Active"
	invalid   = "Invalid"
	expired   = "Expired"
	suspended = "Suspended"
)

// unknown is the answer to a key that no license has.
var unknown = (&tags{}).add("status", invalid).b

// statusOf is an answer in the protocol's words; the message says why it is no.
func statusOf(a check.Answer) (status, message string) {
	switch {
	case a.Valid:
		return active, ""
	case a.Status == license.Expired:
		return expired, ""
	case a.Status == license.Suspended:
		return suspended, ""
	}
	switch a.Reason {
	case license.WrongDomain:
		message = "Domain Invalid"
	case license.WrongIP:
		message = "IP Address Invalid"
	case license.WrongDirectory:
		message = "Directory Invalid"
	}
	return invalid, message
}

// tell writes the answer about a known key. One that is Invalid tells nothing of its customer.
func (f *face) tell(ctx context.Context, q question, a check.Answer) ([]byte, error) {
	s, err := f.Settings.Get(ctx)
	if err != nil {
		return nil, err
	}
	account, err := f.Checks.Account(ctx, a)
	if err != nil {
		return nil, err
	}
	t := &tags{b: make([]byte, 0, 3072)}
	status, message := statusOf(a)
	if status != invalid {
		t.describe(q, a, account, s.TimeZone)
	}
	t.add("status", status)
	t.add("message", message)
	if q.token != "" && account.Secret != "" {
		t.add("md5hash", md5Hex(account.Secret+q.token))
	}
	if err := f.sign(ctx, t, q, a); err != nil {
		return nil, err
	}
	if status != invalid {
		t.add("updatesuntil", day(a.UpdatesUntil, s.TimeZone))
		t.add("newestallowedversion", a.NewestAllowed)
	}
	return t.b, nil
}

// sign adds the lease. Without a root key on the server none can be made any more; old software does not miss it.
func (f *face) sign(ctx context.Context, t *tags, q question, a check.Answer) error {
	const open, end = "<lease>", "</lease>"
	before := len(t.b)
	b, err := f.Checks.AppendLease(ctx, append(t.b, open...), a, q.nonce)
	if err != nil {
		t.b = t.b[:before]
		if fail.Of(err).Code == lease.CodeNoRoot {
			return nil
		}
		return err
	}
	t.b = append(b, end...)
	return nil
}
