package shop

import (
	"net/http"
	"net/url"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/web/ui"
)

// claimAsk asks before an order joins an account: programs that look at the links in mails must not do it.
func (s *shop) claimAsk(w http.ResponseWriter, r *http.Request) error {
	v := gateView{Page: s.page(w, r, "Add an order to your account", ""), Heading: "Add this order to your account?"}
	v.Lead = "You have ordered with the address of your account, without signing in. Its licenses and invoices are then listed with all others of yours."
	v.Form = &ui.Form{Action: "/claim/" + url.PathEscape(r.PathValue("secret")), Submit: "Add it to my account", Stacked: true}
	v.Note = "If you did not order anything, close this page: somebody has mistyped an address."
	return s.gate(w, http.StatusOK, v)
}

func (s *shop) claim(w http.ResponseWriter, r *http.Request) error {
	if err := s.limits.spend(s.limits.secrets, r); err != nil {
		return err
	}
	_, err := s.Orders.Claim(r.Context(), r.PathValue("secret"))
	v := gateView{Page: s.page(w, r, "Add an order to your account", ""), Art: "done", Heading: "The order is in your account"}
	v.Lead = "Sign in to see its licenses, invoice and downloads."
	v.Buttons = []ui.Button{{Label: "To your account", Href: "/account/licenses", Kind: ui.Primary}}
	if err == nil {
		return s.gate(w, http.StatusOK, v)
	}
	e := fail.Of(err)
	switch e.Kind {
	case fail.KindNotFound:
		v.Heading, v.Lead = "This link is not valid any more", "It was used before, or is too old. If the order is not in your account, write to us."
	case fail.KindConflict:
		v.Heading, v.Lead = "The order is in an account already", "Sign in to see it."
	default:
		return err
	}
	v.Art = ""
	return s.gate(w, e.Kind.Status(), v)
}
