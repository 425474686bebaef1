package admin

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

const (
	sessionName = "keystead_staff"
	flashName   = "keystead_flash"
)

func sessionCookie(r *http.Request) string { return web.Cookie(r, sessionName) }

// done redirects after a write and says on the next page what was done.
func done(w http.ResponseWriter, r *http.Request, to, text string) error {
	return say(w, r, to, ui.Success, text)
}

func say(w http.ResponseWriter, r *http.Request, to string, tone ui.Tone, text string) error {
	value := base64.RawURLEncoding.EncodeToString([]byte(string(tone) + ":" + text))
	http.SetCookie(w, &http.Cookie{Name: flashName, Value: value, Path: "/admin", MaxAge: 60, HttpOnly: true, Secure: web.Secure(r), SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// flashes reads what was said by the page before. It is only text of ours that went to the browser and back, shown
// escaped; whoever changes it deceives nobody but himself.
func flashes(r *http.Request) []ui.Flash {
	c, err := r.Cookie(flashName)
	if err != nil {
		return nil
	}
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
	}
	return nil
}

// forgetFlash ends a flash that is being shown.
func forgetFlash(w http.ResponseWriter, r *http.Request) {
	if _, err := r.Cookie(flashName); err == nil {
		http.SetCookie(w, &http.Cookie{Name: flashName, Path: "/admin", MaxAge: -1, HttpOnly: true, Secure: web.Secure(r), SameSite: http.SameSiteLaxMode})
	}
}
