package shop

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/web"
)

// visitor is who looks at the shop: a customer who is signed in to the portal, or anybody.
type visitor struct {
	customer *customer.Customer // nil: nobody is signed in
	session  signin.Session
}

// acting reports whether it is staff who are here, acting for the customer.
func (v visitor) acting() bool { return v.session.ActingStaffID != "" }

// id is the customer's; empty: nobody is signed in.
func (v visitor) id() string {
	if v.customer == nil {
		return ""
	}
	return v.customer.ID
}

// actor is who acts, for the history.
func (v visitor) actor(ip string) event.Actor {
	if v.customer == nil {
		return event.Actor{Kind: event.Customer, Name: "Guest", IP: ip}
	}
	return v.session.Actor(ip)
}

// zone is the time zone that the visitor has chosen; nil: none.
func (v visitor) zone() *time.Location {
	if v.customer == nil || v.customer.TimeZone == "" {
		return nil
	}
	zone, err := time.LoadLocation(v.customer.TimeZone)
	if err != nil {
		return nil
	}
	return zone
}

// visitor finds out who sends a request. A session that is over is none.
func (s *shop) visitor(r *http.Request) (visitor, error) {
	token := web.Cookie(r, web.CustomerCookie)
	if token == "" {
		return visitor{}, nil
	}
	session, err := s.SignIn.CustomerSession(r.Context(), token)
	if err != nil {
		if fail.Of(err).Kind == fail.KindUnauthenticated {
			return visitor{}, nil
		}
		return visitor{}, err
	}
	c, err := s.Customers.ByID(r.Context(), session.CustomerID)
	if err != nil {
		return visitor{}, err
	}
	return visitor{customer: &c, session: session}, nil
}

type visitorKey struct{}

func withVisitor(ctx context.Context, v visitor) context.Context {
	return context.WithValue(ctx, visitorKey{}, v)
}

func visitorOf(r *http.Request) visitor {
	v, _ := r.Context().Value(visitorKey{}).(visitor)
	return v
}
