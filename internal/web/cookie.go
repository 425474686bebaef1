package web

import (
	"net/http"
	"strings"
	"time"
)

// CustomerCookie holds the session of a customer, in the portal and in the shop.
const CustomerCookie = "keystead_customer"

// Secure reports whether the client speaks TLS, to us or to the proxy in front.
func Secure(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// cookieName adds the prefix that pins a cookie to its host, which browsers accept only over TLS.
func cookieName(r *http.Request, name string) string {
	if Secure(r) {
		return "__Host-" + name
	}
	return name
}

// Cookie is the value of the cookie that SetCookie made; empty if there is none.
func Cookie(r *http.Request, name string) string {
	c, err := r.Cookie(cookieName(r, name))
	if err != nil {
		return ""
	}
	return c.Value
}

// SetCookie keeps a secret in the browser: not readable by scripts, not sent along from other sites, only over TLS
// where there is TLS. An empty value removes it.
func SetCookie(w http.ResponseWriter, r *http.Request, name, value string, lifetime time.Duration) {
	c := &http.Cookie{
		Name: cookieName(r, name), Value: value, Path: "/", HttpOnly: true, Secure: Secure(r), SameSite: http.SameSiteLaxMode,
		MaxAge: int(lifetime / time.Second),
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
