package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

const sessionName = "keystead_staff"

var flash = ui.FlashCookie{Name: "keystead_flash", Path: "/admin"}

func sessionCookie(r *http.Request) string { return web.Cookie(r, sessionName) }

// done redirects after a write and says on the next page what was done.
func done(w http.ResponseWriter, r *http.Request, to, text string) error {
	return say(w, r, to, ui.Success, text)
}

func say(w http.ResponseWriter, r *http.Request, to string, tone ui.Tone, text string) error {
	flash.Say(w, r, to, tone, text)
	return nil
}
