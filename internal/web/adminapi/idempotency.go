package adminapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/token"
)

const (
	keyHeader    = "Idempotency-Key"
	replayHeader = "Idempotent-Replay"
	maxKey       = 255
)

// use is a request with an idempotency key. Keys count per token, whatever the path.
type use struct {
	token, key string
	request    string // a fingerprint of all that the request asks for
}

// use returns how a request uses an idempotency key; nil if it doesn't. At the store's own socket there is no token
// that a key could belong to: there it is not looked at.
func (c caller) use(rt *route, r *http.Request, body []byte) (*use, error) {
	keys := r.Header.Values(keyHeader)
	if rt.Repeat == never || len(keys) == 0 || c.token == nil {
		return nil, nil
	}
	if len(keys) > 1 || !isKey(keys[0]) {
		return nil, fail.Invalid(keyHeader, "must be 1 to 255 visible ASCII characters")
	}
	h := sha256.New()
	_, _ = io.WriteString(h, r.Method+" "+r.URL.RequestURI()+"\n") // a hash takes all that it is given
	_, _ = h.Write(body)
	return &use{token: c.token.ID, key: keys[0], request: hex.EncodeToString(h.Sum(nil))}, nil
}

type useKey struct{}

// chargeKey is the request of ctx as a gateway is to know it again: the same for a repeat under its idempotency key. It is
// empty for a request without one.
func chargeKey(ctx context.Context) string {
	u, _ := ctx.Value(useKey{}).(*use)
	if u == nil {
		return ""
	}
	return "api " + u.token + " " + u.key
}

func isKey(s string) bool {
	if s == "" || len(s) > maxKey {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// undo makes a savepoint undo a refused operation.
type undo struct{ err error }

func (u *undo) Error() string { return u.err.Error() }
func (u *undo) Unwrap() error { return u.err }

// once runs an operation unless the key was used before. The work and the answer that is kept for the key are one
// transaction, begun by claiming the key: of two first uses at the same time the second waits and gets the first
// one's answer. A refused operation leaves nothing but its kept answer; a failed one not even that.
func (a *API) once(ctx context.Context, u *use, r *http.Request, run func(context.Context) (*recorder, error)) (*recorder, error) {
	var rec *recorder
	err := a.DB.Write(ctx, func(tx *db.Tx) error {
		kept, err := a.Tokens.Claim(ctx, tx, u.token, u.key, u.request)
		if rec = replay(kept); rec != nil || err != nil {
			return err
		}
		err = tx.Savepoint(ctx, func() error {
			var err error
			if rec, err = run(db.With(ctx, tx)); err != nil {
				return &undo{err}
			}
			return nil
		})
		if err != nil {
			var refused *undo
			if !errors.As(err, &refused) || !worthKeeping(refused.err) {
				return err
			}
			rec = newRecorder()
			renderProblem(rec, r, fail.Of(refused.err))
		}
		return a.Tokens.Keep(ctx, tx, u.token, u.key, rec.answer())
	})
	return rec, err
}

// onceAfter is [API.once] for an operation that makes transactions of its own. Two first uses at the same time may
// both run, which does no harm to operations of that kind; one answer is kept.
func (a *API) onceAfter(ctx context.Context, u *use, r *http.Request, run func(context.Context) (*recorder, error)) (*recorder, error) {
	var kept *token.Answer
	err := a.DB.Read(ctx, func(tx *db.Tx) (err error) {
		kept, err = a.Tokens.Lookup(ctx, tx, u.token, u.key, u.request)
		return err
	})
	if rec := replay(kept); rec != nil || err != nil {
		return rec, err
	}
	rec, err := run(ctx)
	if err != nil {
		return nil, err
	}
	return a.once(ctx, u, r, func(context.Context) (*recorder, error) { return rec, nil })
}

// begun runs the part of an operation of [API.onceAfter] that does harm if it is done twice, and returns the id of what it has
// made: once for the idempotency key, if the request has one, whether or not the first answer was ever kept.
func (a *API) begun(ctx context.Context, run func(context.Context) (id string, err error)) (id string, err error) {
	u, _ := ctx.Value(useKey{}).(*use)
	if u == nil {
		return run(ctx)
	}
	key := "begun " + u.key // which nobody can send
	err = a.DB.Write(ctx, func(tx *db.Tx) error {
		made, err := a.Tokens.Claim(ctx, tx, u.token, key, u.request)
		if err != nil {
			return err
		}
		if made != nil {
			id = string(made.Body)
			return nil
		}
		if id, err = run(db.With(ctx, tx)); err != nil {
			return err
		}
		return a.Tokens.Keep(ctx, tx, u.token, key, token.Answer{Status: http.StatusOK, Body: []byte(id)})
	})
	return id, err
}

// replay returns a kept answer as it is sent again.
func replay(kept *token.Answer) *recorder {
	if kept == nil {
		return nil
	}
	rec := newRecorder()
	rec.status = kept.Status
	if kept.ContentType != "" {
		rec.header.Set("Content-Type", kept.ContentType)
	}
	rec.header.Set(replayHeader, "true")
	_, _ = rec.body.Write(kept.Body) // a buffer takes all that it is given
	return rec
}

func (rec *recorder) answer() token.Answer {
	answer := token.Answer{Status: rec.status, ContentType: rec.header.Get("Content-Type"), Body: rec.body.Bytes()}
	if rec.kept != nil {
		answer.Body = rec.kept
	}
	return answer
}

// secretive is an answer that must not be stored as it is. A repeat gets it without its secrets.
type secretive interface{ withoutSecrets() any }

func noteSecret(ctx context.Context, s secretive) {
	if n, ok := ctx.Value(notedKey{}).(*noted); ok {
		n.kept = s.withoutSecrets()
	}
}

// worthKeeping reports whether a refusal is an answer for good. What comes from the caller's rights, from a limit or
// from us may be another one next time.
func worthKeeping(err error) bool {
	switch fail.Of(err).Kind {
	case fail.KindMalformed, fail.KindNotFound, fail.KindConflict, fail.KindGone, fail.KindInvalid:
		return true
	case fail.KindInternal, fail.KindUnauthenticated, fail.KindForbidden, fail.KindMethod, fail.KindTooLarge, fail.KindLimited,
		fail.KindUnavailable:
	}
	return false
}
