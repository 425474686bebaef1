package shop

import (
	"net/http"

	"github.com/keystead/keystead/internal/web/ui"
)

// gateView is a page about one thing only: a question, a word, a few ways on.
type gateView struct {
	ui.Page
	Art     string // a picture on top; empty: none
	Heading string
	Lead    string
	Facts   *ui.Details
	Callout *ui.Callout
	Form    *ui.Form
	Choose  *chooser
	Buttons []ui.Button
	Note    string
}

// chooser is a form that sends a choice by GET.
type chooser struct {
	Action, Submit string
	Field          ui.Field
	Hidden         []ui.Hidden
}

func (s *shop) gate(w http.ResponseWriter, status int, v gateView) error {
	v.Face = ui.Auth
	return s.pages.Render(w, status, "gate", v)
}
