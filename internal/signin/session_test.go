package signin

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/staff"
)

func TestSession(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		now := s.Clock.Now()
		in := h.signIn("ann@example.com")
		want := Session{
			Kind: Staff, Stage: SignedIn, StaffID: h.owner.ID, Email: "ann@example.com", Name: "Ann", IP: "192.0.2.1", UserAgent: "Mozilla",
			CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(7 * 24 * time.Hour),
		}
		if diff := cmp.Diff(want, in.Session); diff != "" || len(in.Token) != 43 {
			t.Errorf("token %q %s", in.Token, diff)
		}
		if got, err := h.StaffSession(t.Context(), in.Token); err != nil || got != want {
			t.Errorf("%+v, %v", got, err)
		}
		customer := h.customerSignIn()
		if got, err := h.CustomerSession(t.Context(), customer.Token); err != nil || got.CustomerID != h.bob || got.StaffID != "" || !got.ExpiresAt.Equal(now.Add(90*24*time.Hour)) {
			t.Errorf("%+v, %v", got, err)
		}
		for _, token := range []string{"", "x", customer.Token, crypt.HashToken(in.Token)} {
			if _, err := h.StaffSession(t.Context(), token); !errors.Is(err, errSignedOut) {
				t.Errorf("staff session of %q: %v", token, err)
			}
		}
		if _, err := h.CustomerSession(t.Context(), in.Token); !errors.Is(err, errSignedOut) {
			t.Errorf("a session of staff as that of a customer: %v", err)
		}
		// Only the hash is stored.
		err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
			_, err := tx.GetSession(t.Context(), crypt.HashToken(in.Token))
			return err
		})
		if err != nil {
			t.Error(err)
		}
		if got, want := in.Session.Actor("192.0.2.9"), (event.Actor{Kind: event.Staff, ID: h.owner.ID, Name: "Ann", IP: "192.0.2.9"}); got != want {
			t.Errorf("actor %+v", got)
		}
		if got, want := customer.Session.Actor(""), (event.Actor{Kind: event.Customer, ID: h.bob, Name: "Bob"}); got != want {
			t.Errorf("actor %+v", got)
		}
	})
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		start := s.Clock.Now()
		for _, tt := range []struct {
			name   string
			signIn func() SignIn
			idle   time.Duration
			life   time.Duration
		}{
			{"staff", func() SignIn { return h.signIn("ann@example.com") }, 12 * time.Hour, 7 * 24 * time.Hour},
			{"customer", h.customerSignIn, 30 * 24 * time.Hour, 90 * 24 * time.Hour},
		} {
			s.Clock.Set(start)
			unused, used := tt.signIn(), tt.signIn()
			s.Clock.Set(start.Add(tt.idle - time.Microsecond))
			if !h.alive(used) {
				t.Errorf("%s: ended before %v unused", tt.name, tt.idle)
			}
			s.Clock.Set(start.Add(tt.idle))
			if h.alive(unused) {
				t.Errorf("%s: alive after %v unused", tt.name, tt.idle)
			}
			for at := start.Add(tt.idle); at.Before(start.Add(tt.life)); at = at.Add(tt.idle / 2) {
				s.Clock.Set(at)
				if !h.alive(used) {
					t.Fatalf("%s: ended after %v though it was used", tt.name, at.Sub(start))
				}
			}
			s.Clock.Set(start.Add(tt.life - time.Microsecond))
			if !h.alive(used) {
				t.Errorf("%s: ended before %v", tt.name, tt.life)
			}
			s.Clock.Set(start.Add(tt.life))
			if h.alive(used) {
				t.Errorf("%s: alive after %v", tt.name, tt.life)
			}
		}
	})
}

func TestLastSeenIsKeptToTheMinute(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		in := h.signIn("ann@example.com")
		start := s.Clock.Now()
		for _, step := range []struct{ after, want time.Duration }{{30 * time.Second, 0}, {time.Minute, time.Minute}, {90 * time.Second, time.Minute}} {
			s.Clock.Set(start.Add(step.after))
			for range 2 { // the first one notes it, the second one shows it
				if _, err := h.StaffSession(t.Context(), in.Token); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := h.StaffSession(t.Context(), in.Token); err != nil || !got.LastSeenAt.Equal(start.Add(step.want)) {
				t.Errorf("after %v: %v, %v", step.after, got.LastSeenAt, err)
			}
		}
	})
}

func TestRotation(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		before, elsewhere := h.signIn("ann@example.com"), h.signIn("ann@example.com")
		m := here
		m.Token = before.Token
		after, err := h.StaffPassword(t.Context(), "ann@example.com", secret, m)
		if err != nil || after.Token == before.Token || !h.alive(after) || h.alive(before) || !h.alive(elsewhere) {
			t.Errorf("%+v, %v: before %v, elsewhere %v", after, err, h.alive(before), h.alive(elsewhere))
		}
		// A sign-in that fails ends nothing.
		m.Token = after.Token
		if _, err := h.StaffPassword(t.Context(), "ann@example.com", otherSecret, m); err == nil || !h.alive(after) {
			t.Errorf("%v, alive %v", err, h.alive(after))
		}
	})
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		one, two, bob := h.signIn("ann@example.com"), h.signIn("ann@example.com"), h.customerSignIn()
		for range 2 {
			if err := h.SignOut(t.Context(), one.Token); err != nil {
				t.Error(err)
			}
		}
		if h.alive(one) || !h.alive(two) {
			t.Error("signed out the wrong one")
		}
		if err := h.SignOutEverywhere(t.Context(), Staff, h.owner.ID); err != nil || h.alive(two) || !h.alive(bob) {
			t.Errorf("staff everywhere: %v", err)
		}
		if err := h.SignOutEverywhere(t.Context(), Customer, h.bob); err != nil || h.alive(bob) {
			t.Errorf("customer everywhere: %v", err)
		}
		want := []string{"staff.created", "staff.signed_in", "staff.signed_in", "staff.signed_out", "staff.signed_out_everywhere"}
		if got := h.audit(h.owner.ID); !slices.Equal(got, want) {
			t.Errorf("audit: %q", got)
		}
	})
}

func TestDisabledStaffIsOutAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		eve := h.member("eve@example.com", staff.Support)
		in := h.signIn("eve@example.com")
		acting, err := h.ActAs(t.Context(), eve.ID, h.bob, here)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.staff.Disable(t.Context(), eve.ID); err != nil || h.alive(in) || h.alive(acting) {
			t.Errorf("%v: signed in %v, acting %v", err, h.alive(in), h.alive(acting))
		}
		if _, err := h.staff.Enable(t.Context(), eve.ID); err != nil || h.alive(in) || h.alive(acting) {
			t.Errorf("enabled again: %v: signed in %v, acting %v", err, h.alive(in), h.alive(acting))
		}
	})
}

func TestActAs(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		ctx := t.Context()
		eve := h.member("eve@example.com", staff.Support)
		reader := h.member("reader@example.com", staff.ReadOnly)
		for _, tt := range []struct {
			staff, customer string
			want            string
		}{
			{reader.ID, h.bob, "MISSING_PERMISSION"},
			{"stf_unknown", h.bob, "STAFF_NOT_FOUND"},
			{"", h.bob, "STAFF_NOT_FOUND"},
			{eve.ID, "cus_unknown", "CUSTOMER_NOT_FOUND"},
			{eve.ID, "", "CUSTOMER_NOT_FOUND"},
		} {
			if _, err := h.ActAs(ctx, tt.staff, tt.customer, here); code(t, err) != tt.want {
				t.Errorf("%+v: %v", tt, err)
			}
		}
		in, err := h.ActAs(ctx, eve.ID, h.bob, here)
		if err != nil {
			t.Fatal(err)
		}
		session, err := h.CustomerSession(ctx, in.Token)
		if err != nil || session.CustomerID != h.bob || session.ActingStaffID != eve.ID || session.ActingStaffName != "Ann" || session.Name != "Bob" {
			t.Errorf("%+v, %v", session, err)
		}
		if got, want := session.Actor("192.0.2.1"), (event.Actor{Kind: event.Staff, ID: eve.ID, Name: "Ann for Bob", IP: "192.0.2.1"}); got != want {
			t.Errorf("actor %+v", got)
		}
		entries, _, err := event.NewLog(s.DB).ListAudit(ctx, event.AuditFilter{SubjectID: h.bob})
		if err != nil || len(entries) != 1 || entries[0].What != "customer.acted_for" || entries[0].Actor.ID != eve.ID {
			t.Errorf("audit: %+v, %v", entries, err)
		}
		if _, err := h.StaffSession(ctx, in.Token); !errors.Is(err, errSignedOut) {
			t.Errorf("as a session of staff: %v", err)
		}

		role := staff.ReadOnly
		if _, err := h.staff.Update(ctx, eve.ID, staff.Patch{Role: &role}); err != nil || h.alive(in) {
			t.Errorf("without the right: %v, alive %v", err, h.alive(in))
		}
		role = staff.Support
		if _, err := h.staff.Update(ctx, eve.ID, staff.Patch{Role: &role}); err != nil || !h.alive(in) {
			t.Errorf("with the right again: %v, alive %v", err, h.alive(in))
		}
		s.Clock.Advance(2*time.Hour - time.Microsecond)
		if !h.alive(in) {
			t.Error("ended early")
		}
		s.Clock.Advance(time.Microsecond)
		if h.alive(in) {
			t.Error("alive after two hours")
		}

		// It ends when the staff member is signed out everywhere, and when the customer is.
		for _, end := range []func() error{
			func() error { return h.SignOutEverywhere(ctx, Staff, eve.ID) },
			func() error { return h.SignOutEverywhere(ctx, Customer, h.bob) },
		} {
			if in, err = h.ActAs(ctx, eve.ID, h.bob, here); err != nil {
				t.Fatal(err)
			}
			if err := end(); err != nil || h.alive(in) {
				t.Errorf("%v, alive %v", err, h.alive(in))
			}
		}
	})
}

// A session that began while the password was being changed does not outlive the change.
func TestSignInBesideAPasswordChange(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		done := make(chan SignIn)
		for range 3 {
			go func() {
				in, err := h.StaffPassword(context.Background(), "ann@example.com", secret, loopback)
				if err != nil && !errors.Is(err, errWrongSignIn) {
					t.Error(err)
				}
				done <- in
			}()
		}
		fresh, err := h.ChangePassword(t.Context(), Staff, h.owner.ID, secret, otherSecret, loopback)
		if err != nil {
			t.Error(err)
		}
		for range 3 {
			if in := <-done; in.Token != "" && h.alive(in) {
				t.Error("a session that the old password began is alive")
			}
		}
		if !h.alive(fresh) {
			t.Error("the session of the change is not alive")
		}
	})
}
