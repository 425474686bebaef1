package portal

import (
	"context"
	"net/http"
	"net/url"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/web"
)

// access says who may open a page.
type access int

const (
	signedIn access = iota // the customer, or staff who act for them
	inPerson               // the customer alone
	anyone
)

// route is one screen or act.
type route struct {
	pattern string
	access  access
	handle  web.Handler
}

// visitor is the customer whose portal it is.
type visitor struct {
	customer customer.Customer
	session  signin.Session
	token    string
}

// acting reports whether it is staff who are here, acting for the customer.
func (v *visitor) acting() bool { return v.session.ActingStaffID != "" }

type visitorKey struct{}

func visitorOf(r *http.Request) *visitor {
	v, _ := r.Context().Value(visitorKey{}).(*visitor)
	return v
}

var (
	errNoPage   = fail.NotFound("PAGE_NOT_FOUND", "There is no such page.")
	errInPerson = fail.Forbidden("IN_PERSON", "Only the customer can do this, in person.")
)

// maxForm is generous for the forms here, none of which takes a file.
const maxForm = 64 << 10

// serve finds out whose portal it is and renders the errors of the handler.
func (a *area) serve(rt route) http.Handler {
	return web.Handle(a.Log, a.renderError, func(w http.ResponseWriter, r *http.Request) error {
		if r.Method == http.MethodPost {
			if err := web.ReadForm(w, r, maxForm); err != nil {
				return err
			}
		}
		if rt.access == anyone {
			return rt.handle(w, r)
		}
		token := web.Cookie(r, sessionName)
		session, err := a.SignIn.CustomerSession(r.Context(), token)
		if err != nil {
			if fail.Of(err).Kind == fail.KindUnauthenticated {
				return toSignIn(w, r)
			}
			return err
		}
		me, err := a.Customers.ByID(r.Context(), session.CustomerID)
		if err != nil {
			return err
		}
		v := &visitor{customer: me, session: session, token: token}
		ctx := context.WithValue(r.Context(), visitorKey{}, v)
		ctx = withActor(r.WithContext(ctx), session)
		if rt.access == inPerson && v.acting() {
			// The page that says so is still one of the customer's.
			a.renderError(w, r.WithContext(ctx), errInPerson)
			return nil
		}
		r = r.WithContext(ctx)
		if err := rt.handle(w, r); err != nil {
			web.Render(a.Log, a.renderError, w, r, err)
		}
		return nil
	})
}

// meta is what the sign-in room wants to know of a request.
func meta(r *http.Request) signin.Meta {
	return signin.Meta{IP: web.ClientIP(r.Context()), UserAgent: r.UserAgent(), Token: web.Cookie(r, sessionName)}
}

// toSignIn remembers where somebody wanted to go, if a link leads there.
func toSignIn(w http.ResponseWriter, r *http.Request) error {
	to := "/account/sign-in"
	if next := ownPath(r.URL.RequestURI()); r.Method == http.MethodGet && next != "" {
		to += "?" + url.Values{"next": {next}}.Encode()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// ownPath is next if that is a page that customers sign in for, of the portal or of the shop; else empty.
func ownPath(next string) string {
	if next == "/checkout" {
		return next
	}
	if below := web.PathBelow("/buy", next); below != "" {
		return below
	}
	return web.PathBelow("/account", next)
}

// withActor is the context of a request in which the one of session s acts.
func withActor(r *http.Request, s signin.Session) context.Context {
	return event.WithActor(r.Context(), s.Actor(web.ClientAddress(r.Context())))
}
