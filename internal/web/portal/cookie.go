package portal

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

const (
	sessionName = "keystead_customer"
	flashName   = "keystead_said"
	flashAge    = 60 // seconds
)

// keep puts a session that has begun into the browser.
func (a *area) keep(w http.ResponseWriter, r *http.Request, in signin.SignIn) {
	web.SetCookie(w, r, sessionName, in.Token, in.Session.ExpiresAt.Sub(a.Clock.Now()))
}

func forget(w http.ResponseWriter, r *http.Request) { web.SetCookie(w, r, sessionName, "", 0) }

// done redirects after a write and says on the next page what was done.
func done(w http.ResponseWriter, r *http.Request, to, text string) error {
	return say(w, r, to, ui.Success, text)
}

func say(w http.ResponseWriter, r *http.Request, to string, tone ui.Tone, text string) error {
	value := base64.RawURLEncoding.EncodeToString([]byte(string(tone) + ":" + clip(text, 300)))
	http.SetCookie(w, flashCookie(r, value, flashAge))
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func flashCookie(r *http.Request, value string, maxAge int) *http.Cookie {
	return &http.Cookie{Name: flashName, Value: value, Path: "/account", MaxAge: maxAge, HttpOnly: true, Secure: web.Secure(r), SameSite: http.SameSiteLaxMode}
}

// takeFlash returns what the page before wanted to be said, once. It is only text of ours that went to the browser and
// back, and it is shown escaped; whoever changes it deceives nobody but himself.
func takeFlash(w http.ResponseWriter, r *http.Request) []ui.Flash {
	c, err := r.Cookie(flashName)
	if err != nil {
		return nil
	}
	http.SetCookie(w, flashCookie(r, "", -1))
	text, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return nil
	}
	tone, said, ok := strings.Cut(string(text), ":")
	if !ok {
		return nil
	}
	switch t := ui.Tone(tone); t {
	case ui.Success, ui.Info, ui.Warn, ui.Danger:
		return []ui.Flash{{Kind: t, Text: said}}
	default:
		return nil
	}
}
