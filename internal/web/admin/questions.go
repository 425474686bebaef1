package admin

import (
	"net/http"

	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/ui"
)

// ask makes the question of an act, with its consequences as they are now.
type ask func(r *http.Request) (*ui.Confirm, error)

// asks renders a question as a page.
func (a *area) asks(section string, question ask) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		q, err := question(r)
		if err != nil {
			return err
		}
		return a.confirm(w, a.page(r, q.Title, section), *q)
	}
}

// answers does what a question asked about, and says on the page that follows what was done. The question comes back if
// something is wrong with the answer to it.
func (a *area) answers(section string, question ask, act func(r *http.Request) (to, text string, err error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		to, text, err := act(r)
		if err == nil {
			return done(w, r, to, text)
		}
		q, gone := question(r)
		if gone != nil {
			return err
		}
		return a.askAgain(w, r, q.Title, section, *q, err)
	}
}

// why is the field of the reason that a question asks for.
func why(hint string) ui.Field {
	return ui.Field{Name: "why", Label: "Reason", Required: true, MaxLength: 255, Hint: hint}
}
