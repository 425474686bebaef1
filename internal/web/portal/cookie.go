package portal

import (
	"net/http"

	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

const sessionName = web.CustomerCookie

var flash = ui.FlashCookie{Name: "keystead_said", Path: "/account"}

// keep puts a session that has begun into the browser.
func (a *area) keep(w http.ResponseWriter, r *http.Request, in signin.SignIn) {
	web.SetCookie(w, r, sessionName, in.Token, in.Session.ExpiresAt.Sub(in.Session.CreatedAt))
}

func forget(w http.ResponseWriter, r *http.Request) { web.SetCookie(w, r, sessionName, "", 0) }

// done redirects after a write and says on the next page what was done.
func done(w http.ResponseWriter, r *http.Request, to, text string) error {
	return say(w, r, to, ui.Success, text)
}

func say(w http.ResponseWriter, r *http.Request, to string, tone ui.Tone, text string) error {
	flash.Say(w, r, to, tone, ui.Clip(text, 300))
	return nil
}
