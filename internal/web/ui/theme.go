package ui

import (
	"net/http"
	"strings"
)

// Theme is the colour scheme a reader chose. The empty one follows the system.
type Theme string

// The themes.
const (
	ThemeSystem Theme = ""
	ThemeLight  Theme = "light"
	ThemeDark   Theme = "dark"
)

// ThemePath is where the theme switch sends to.
const ThemePath = "/theme"

const themeCookie = "theme"

// ThemeOf reads the reader's choice.
func ThemeOf(r *http.Request) Theme {
	c, err := r.Cookie(themeCookie)
	if err != nil {
		return ThemeSystem
	}
	return knownTheme(c.Value)
}

func knownTheme(s string) Theme {
	switch t := Theme(s); t {
	case ThemeLight, ThemeDark:
		return t
	default:
		return ThemeSystem
	}
}

// ThemeSwitch keeps the choice in a cookie and returns to the page it was made on.
// The layout writes it into the document, so a page never flashes in the wrong scheme.
func ThemeSwitch() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
		c := &http.Cookie{ // a colour is no secret, and it must work over plain HTTP on loopback
			Name: themeCookie, Value: string(knownTheme(r.PostFormValue("theme"))), Path: "/",
			MaxAge: 365 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		}
		if c.Value == "" {
			c.MaxAge = -1
		}
		http.SetCookie(w, c)
		http.Redirect(w, r, localPath(r.PostFormValue("return")), http.StatusSeeOther)
	})
}

// localPath returns p if it is a path on this server, else the root. Browsers read a
// backslash as a slash and drop control characters, which would make "/\host" or
// "/<tab>/host" another server.
func localPath(p string) string {
	if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.Contains(p, `\`) ||
		strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "/"
	}
	return p
}
