package signin

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/fail"
)

// letterbox keeps what a postman would bring.
type letterbox struct {
	asked []LinkRequest
	mails []LinkMail
}

func (l *letterbox) Later(_ context.Context, _ *db.Tx, q LinkRequest) error {
	l.asked = append(l.asked, q)
	return nil
}

func (l *letterbox) Send(_ context.Context, _ *db.Tx, m LinkMail) error {
	l.mails = append(l.mails, m)
	return nil
}

func (h *house) letterbox() *letterbox {
	box := &letterbox{}
	h.UsePostman(box)
	return box
}

// mailed asks for a link and returns the mail that brings it.
func (h *house) mailed(box *letterbox) LinkMail {
	h.Helper()
	if err := h.AskForLink(h.Context(), " BOB@example.com ", "/account/invoices", here); err != nil {
		h.Fatal(err)
	}
	if err := h.MailLink(h.Context(), box.asked[len(box.asked)-1]); err != nil {
		h.Fatal(err)
	}
	return box.mails[len(box.mails)-1]
}

func TestMailedLink(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		ctx := t.Context()
		box := h.letterbox()
		before := h.customerSignIn()
		first, second := h.mailed(box), h.mailed(box)
		if first.CustomerID != h.bob || first.Next != "/account/invoices" || !first.ValidUntil.Equal(s.Clock.Now().Add(time.Hour)) {
			t.Errorf("mail %+v", first)
		}
		if l, err := h.LookAtLink(ctx, first.Token); err != nil || l.Purpose != SignInCustomer || l.Email != "Bob@Example.com" {
			t.Errorf("%+v, %v", l, err)
		}
		// Without a password it signs in and leaves everything as it is.
		in, err := h.UseLink(ctx, first.Token, "", here)
		if err != nil || in.Session.CustomerID != h.bob || !h.alive(in) || !h.alive(before) {
			t.Fatalf("%+v, %v", in, err)
		}
		h.customerSignIn()
		if _, err := h.UseLink(ctx, first.Token, "", here); code(t, err) != CodeLinkInvalid {
			t.Errorf("a second use: %v", err)
		}
		// Another one that was asked for still works, and may set a password.
		if _, err := h.UseLink(ctx, second.Token, "short", here); fail.Of(err).Field != "password" {
			t.Errorf("a short password: %v", err)
		}
		if _, err := h.UseLink(ctx, second.Token, otherSecret, here); err != nil || h.alive(before) {
			t.Errorf("set a password: %v", err)
		}
		if _, err := h.customerIn("bob@example.com", otherSecret); err != nil {
			t.Error(err)
		}
		late := h.mailed(box)
		s.Clock.Advance(time.Hour)
		if _, err := h.UseLink(ctx, late.Token, "", here); code(t, err) != CodeLinkInvalid {
			t.Errorf("too late: %v", err)
		}
		if got := h.audit(h.bob); !slices.Contains(got, "customer.link_asked") {
			t.Errorf("audit %q", got)
		}
	})
}

func TestALinkTellsNobodyWhoIsACustomer(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		box := h.letterbox()
		if err := h.AskForLink(t.Context(), "nobody@example.com", "", here); err != nil {
			t.Error(err)
		}
		if err := h.AskForLink(t.Context(), "ann@example.com", "", here); err != nil { // of the staff
			t.Error(err)
		}
		for _, q := range append(box.asked, LinkRequest{CustomerID: "cus_gone"}) {
			if err := h.MailLink(t.Context(), q); err != nil || len(box.mails) != 0 {
				t.Errorf("%+v: %v, %d mails", q, err, len(box.mails))
			}
		}
		if len(box.asked) != 2 {
			t.Errorf("asked %d times", len(box.asked))
		}
		if err := h.AskForLink(t.Context(), "no address", "", here); fail.Of(err).Field != "email" {
			t.Error(err)
		}
	})
}

func TestLinksByMailAreLimited(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	h := newHouse(t, s)
	h.limits.trustLoopback = false
	h.letterbox()
	ask := func(email, ip string) bool {
		t.Helper()
		err := h.AskForLink(t.Context(), email, "", Meta{IP: netip.MustParseAddr(ip)})
		if err != nil && fail.Of(err).Kind != fail.KindLimited {
			t.Fatal(err)
		}
		return err == nil
	}
	for i := range perMailbox.Count {
		if !ask("bob@example.com", fmt.Sprintf("192.0.2.%d", i)) {
			t.Errorf("the mail %d was refused", i+1)
		}
	}
	if ask("BOB@example.com", "192.0.2.200") {
		t.Error("a mailbox can be flooded")
	}
	for i := range perAsker.Count {
		if !ask(fmt.Sprintf("x%d@example.com", i), "192.0.2.100") {
			t.Errorf("the address %d was refused", i+1)
		}
	}
	if ask("other@example.com", "192.0.2.100") {
		t.Error("one place can ask for all")
	}
	s.Clock.Advance(time.Hour)
	if !ask("bob@example.com", "192.0.2.100") {
		t.Error("the limit does not pass")
	}
}
