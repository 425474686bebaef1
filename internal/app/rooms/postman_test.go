package rooms_test

import (
	"testing"

	"github.com/keystead/keystead/internal/app/rooms/roomstest"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/mail"
	"github.com/keystead/keystead/internal/signin"
)

// Each link that a customer asks for is a mail of its own, which nobody else can read; for a stranger there is none.
func TestLinksToSignInAreMailed(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	r := roomstest.InTestMode(t, s, roomstest.Log())
	ctx := t.Context()
	ada := must(r.Customers.Create(ctx, customer.Input{Email: "ada@example.com", Name: "Ada"}))(t)
	for _, email := range []string{"ada@example.com", "nobody@example.com", "ADA@example.com"} {
		if err := r.SignIn.AskForLink(ctx, email, "/account/invoices", signin.Meta{}); err != nil {
			t.Fatal(err)
		}
	}
	must(r.Jobs.RunDue(ctx))(t)
	mails, _, err := r.Mail.List(ctx, mail.Filter{})
	if err != nil || len(mails) != 2 {
		t.Fatalf("%d mails, %v", len(mails), err)
	}
	for _, m := range mails {
		if m.Kind != mail.SignInLink || m.To != ada.Email || m.CustomerID != ada.ID || !m.Secret || m.Text != "" {
			t.Errorf("%+v", m)
		}
	}
}
