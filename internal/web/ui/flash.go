package ui

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/keystead/keystead/internal/web"
)

// FlashCookie carries what was just done from an act to the page that follows it.
type FlashCookie struct {
	Name, Path string
}

// flashAge is how long a browser keeps it, in seconds: the page that follows comes at once.
const flashAge = 60

// Say redirects to the page that shows the text.
func (c FlashCookie) Say(w http.ResponseWriter, r *http.Request, to string, tone Tone, text string) {
	c.set(w, r, base64.RawURLEncoding.EncodeToString([]byte(string(tone)+":"+text)), flashAge)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// Said is what the page before wanted to be said. It is only text of ours that went to the browser and back, shown
// escaped; whoever changes it deceives nobody but himself.
func (c FlashCookie) Said(r *http.Request) []Flash {
	kept, err := r.Cookie(c.Name)
	if err != nil {
		return nil
	}
	text, err := base64.RawURLEncoding.DecodeString(kept.Value)
	if err != nil {
		return nil
	}
	tone, said, ok := strings.Cut(string(text), ":")
	if !ok {
		return nil
	}
	switch t := Tone(tone); t {
	case Success, Info, Warn, Danger:
		return []Flash{{Kind: t, Text: said}}
	case Neutral:
	}
	return nil
}

// Forget ends a flash that is being shown.
func (c FlashCookie) Forget(w http.ResponseWriter, r *http.Request) {
	if _, err := r.Cookie(c.Name); err == nil {
		c.set(w, r, "", -1)
	}
}

func (c FlashCookie) set(w http.ResponseWriter, r *http.Request, value string, age int) {
	http.SetCookie(w, &http.Cookie{Name: c.Name, Value: value, Path: c.Path, MaxAge: age, HttpOnly: true, Secure: web.Secure(r), SameSite: http.SameSiteLaxMode})
}
