package shop

import (
	"net/http"

	"github.com/keystead/keystead/internal/web/ui"
)

type startView struct {
	ui.Page
	Head  ui.Head
	Cards []startCard
}

type startCard struct{ Icon, Title, Text, Href string }

func (s *shop) start(w http.ResponseWriter, r *http.Request) error {
	v := startView{Page: s.page(r, "")}
	v.Nav = nil // the button leads there
	v.Head = ui.Head{
		Title: v.Store.Name, Sub: "Your licenses, invoices and downloads, in one place.",
		Actions: []ui.Button{{Label: "To your account", Href: "/account", Kind: ui.Primary, Icon: "user"}},
	}
	v.Cards = []startCard{
		{"key", "Licenses", "Copy a key, see where it is in use, and move it elsewhere.", "/account/licenses"},
		{"invoice", "Invoices", "Look them up, print them, and see what is still to pay.", "/account/invoices"},
		{"download", "Downloads", "The newest version of what you have, and every one before.", "/account/downloads"},
	}
	return s.pages.Render(w, http.StatusOK, "start", v)
}
