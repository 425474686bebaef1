package signin

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/staff"
)

func TestLinks(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		ctx := t.Context()
		invited, err := h.staff.Create(ctx, staff.Input{Email: "new@example.com", Name: "New", Role: staff.Support})
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			name    string
			link    func() (string, error)
			purpose Purpose
			email   string
			id      string
			signIn  func(email, password string) (SignIn, error)
		}{
			{"staff", func() (string, error) { return h.StaffLink(ctx, invited.ID) }, SetStaffPassword, "new@example.com", invited.ID, h.staffIn},
			{"customer", func() (string, error) { return h.CustomerLink(ctx, h.bob) }, SetCustomerPassword, "Bob@Example.com", h.bob, h.customerIn},
		} {
			older, err := tt.link()
			if err != nil {
				t.Fatal(err)
			}
			token, err := tt.link()
			if err != nil {
				t.Fatal(err)
			}
			l, err := h.LookAtLink(ctx, token)
			if err != nil || l.Purpose != tt.purpose || l.Email != tt.email || l.Name == "" || !l.ExpiresAt.Equal(s.Clock.Now().Add(3*24*time.Hour)) {
				t.Errorf("%s: %+v, %v", tt.name, l, err)
			}
			if _, err := h.UseLink(ctx, older, secret, here); code(t, err) != CodeLinkInvalid {
				t.Errorf("%s: the link before: %v", tt.name, err)
			}
			if _, err := h.UseLink(ctx, token, tt.email, here); fail.Of(err).Field != "password" {
				t.Errorf("%s: the address as password: %v", tt.name, err)
			}
			if _, _, err := h.Setup(ctx, token, SetupInput{Email: "x@example.com", Name: "X", Password: secret}, here); code(t, err) != CodeLinkInvalid {
				t.Errorf("%s: as a set-up link: %v", tt.name, err)
			}
			in, err := h.UseLink(ctx, token, otherSecret, here)
			if err != nil || in.NeedsSecondFactor() || in.Session.StaffID+in.Session.CustomerID != tt.id || !h.alive(in) {
				t.Errorf("%s: %+v, %v", tt.name, in, err)
			}
			if _, err := h.UseLink(ctx, token, secret, here); code(t, err) != CodeLinkInvalid {
				t.Errorf("%s: a second use: %v", tt.name, err)
			}
			if _, err := tt.signIn(tt.email, otherSecret); err != nil {
				t.Errorf("%s: sign in: %v", tt.name, err)
			}
			if got := h.audit(tt.id); !slices.Contains(got, "link.made") || !slices.Contains(got, string(in.Session.Kind)+".password_set") {
				t.Errorf("%s: audit %q", tt.name, got)
			}

			if token, err = tt.link(); err != nil {
				t.Fatal(err)
			}
			s.Clock.Advance(3 * 24 * time.Hour)
			if _, err := h.UseLink(ctx, token, secret, here); code(t, err) != CodeLinkInvalid {
				t.Errorf("%s: too late: %v", tt.name, err)
			}
		}
	})
}

func TestLinksForWhom(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		ctx := t.Context()
		gone := h.member("gone@example.com", staff.Support)
		early, err := h.StaffLink(ctx, gone.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.staff.Disable(ctx, gone.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := h.LookAtLink(ctx, early); code(t, err) != CodeLinkInvalid {
			t.Errorf("the link of somebody who was disabled: %v", err)
		}
		for _, tt := range []struct {
			link func(context.Context, string) (string, error)
			id   string
			want string
		}{
			{h.StaffLink, gone.ID, "STAFF_DISABLED"},
			{h.StaffLink, "stf_unknown", "STAFF_NOT_FOUND"},
			{h.StaffLink, "", "STAFF_NOT_FOUND"},
			{h.CustomerLink, "cus_unknown", "CUSTOMER_NOT_FOUND"},
			{h.CustomerLink, "\x00", "CUSTOMER_NOT_FOUND"},
		} {
			if token, err := tt.link(ctx, tt.id); code(t, err) != tt.want || token != "" {
				t.Errorf("%q: %q, %v", tt.id, token, err)
			}
		}
	})
}

func TestLinkWorksOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		token, err := h.CustomerLink(t.Context(), h.bob)
		if err != nil {
			t.Fatal(err)
		}
		const n = 3
		errs := make(chan error)
		for range n {
			go func() {
				_, err := h.UseLink(context.Background(), token, otherSecret, loopback)
				errs <- err
			}()
		}
		worked := 0
		for range n {
			if err := <-errs; err == nil {
				worked++
			} else if !errors.Is(err, errLinkInvalid) {
				t.Error(err)
			}
		}
		if worked != 1 {
			t.Errorf("worked %d times", worked)
		}
	})
}

func TestLinkEndsSessions(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		before := h.customerSignIn()
		token, err := h.CustomerLink(t.Context(), h.bob)
		if err != nil {
			t.Fatal(err)
		}
		if !h.alive(before) {
			t.Error("making a link ended a session")
		}
		if _, err := h.UseLink(t.Context(), token, otherSecret, here); err != nil || h.alive(before) {
			t.Errorf("%v, alive %v", err, h.alive(before))
		}
	})
}
