package admin

import (
	"context"
	"net/http"
	"net/url"

	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/web"
)

// access says who may open a page beyond the permission that it names.
type access int

const (
	signedIn     access = iota // staff, both factors done
	secondFactor               // staff whose password was right
	anyone
)

// route is one screen or action.
type route struct {
	pattern string
	needs   staff.Permission // empty: everybody who is signed in
	access  access
	file    bool // takes a file, which the handler reads itself as it comes
	handle  web.Handler
}

// maxForm has room for the longest text of a form, in whatever script, and for a long list of what is ticked.
const maxForm = 1 << 20

// visitor is the member of staff who asks.
type visitor struct {
	staff   staff.Staff
	session signin.Session
	token   string
}

type visitorKey struct{}

func visitorOf(r *http.Request) *visitor {
	v, _ := r.Context().Value(visitorKey{}).(*visitor)
	return v
}

var (
	errNoPage    = fail.NotFound("PAGE_NOT_FOUND", "There is no such page.")
	errForbidden = fail.Forbidden("MISSING_PERMISSION", "Your role does not allow this. Ask an owner of the store.")
)

// serve finds out who asks, refuses who may not, and renders the errors of the handler.
func (a *area) serve(rt route) http.Handler {
	return web.Handle(a.Log, a.renderError, func(w http.ResponseWriter, r *http.Request) error {
		if reads(r) {
			flash.Forget(w, r)
		}
		if rt.access == anyone {
			return rt.answer(w, r)
		}
		r, session, err := a.recognise(r)
		if err != nil {
			if fail.Of(err).Kind == fail.KindUnauthenticated {
				return toSignIn(w, r)
			}
			return err
		}
		if session.Stage == signin.SecondFactor && rt.access != secondFactor {
			http.Redirect(w, r, "/admin/second-factor", http.StatusSeeOther)
			return nil
		}
		if rt.needs != "" && !visitorOf(r).staff.Role.Can(rt.needs) {
			err = errForbidden
		} else {
			err = rt.answer(w, r)
		}
		if err != nil { // rendered here, as a page of the one who asked
			web.Render(a.Log, a.renderError, w, r, err)
		}
		return nil
	})
}

// recognise finds the member of staff behind the session cookie. The request that it returns knows them.
func (a *area) recognise(r *http.Request) (*http.Request, signin.Session, error) {
	token := sessionCookie(r)
	session, err := a.SignIn.StaffSession(r.Context(), token)
	if err != nil {
		return r, session, err
	}
	me, err := a.Staff.ByID(r.Context(), session.StaffID)
	if err != nil {
		return r, session, err
	}
	ctx := context.WithValue(r.Context(), visitorKey{}, &visitor{staff: me, session: session, token: token})
	ctx = event.WithActor(ctx, session.Actor(web.ClientAddress(ctx)))
	return r.WithContext(ctx), session, nil
}

func reads(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// answer reads what was typed, unless the handler reads it itself, and lets the handler answer.
func (rt route) answer(w http.ResponseWriter, r *http.Request) error {
	if !rt.file && !reads(r) {
		if err := web.ReadForm(w, r, maxForm); err != nil {
			return err
		}
	}
	return rt.handle(w, r)
}

// toSignIn remembers where somebody wanted to go, if that can be gone to by a link.
func toSignIn(w http.ResponseWriter, r *http.Request) error {
	to := "/admin/sign-in"
	if reads(r) && r.URL.Path != "/admin" {
		to += "?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}
