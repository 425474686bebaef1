package signin

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/staff"
)

// app is what an authenticator app shows at a time.
func app(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	c, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// enrol turns the owner's second factor on and returns its secret and the recovery codes.
func (h *house) enrol() (string, []string) {
	h.Helper()
	e, err := h.BeginTOTP(h.Context(), h.owner.ID, secret, loopback)
	if err != nil {
		h.Fatal(err)
	}
	recovery, err := h.ConfirmTOTP(h.Context(), h.owner.ID, app(h.T, e.Secret, h.store.Clock.Now()), loopback)
	if err != nil {
		h.Fatal(err)
	}
	h.store.Clock.Advance(step) // that code is used up
	return e.Secret, recovery
}

// waiting signs the owner in up to the question for a code.
func (h *house) waiting() SignIn {
	h.Helper()
	in, err := h.staffIn("ann@example.com", secret)
	if err != nil || !in.NeedsSecondFactor() {
		h.Fatalf("%+v, %v", in, err)
	}
	return in
}

func TestEnrolment(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		ctx := t.Context()
		mine, other := h.signIn("ann@example.com"), h.signIn("ann@example.com")
		m := loopback
		m.Token = mine.Token

		if _, err := h.BeginTOTP(ctx, h.owner.ID, otherSecret, m); code(t, err) != CodeWrongPassword || fail.Of(err).Field != "current_password" {
			t.Errorf("wrong password: %v", err)
		}
		if _, err := h.ConfirmTOTP(ctx, h.owner.ID, "123456", m); !errors.Is(err, errNoTOTP) {
			t.Errorf("confirm without a beginning: %v", err)
		}
		first, err := h.BeginTOTP(ctx, h.owner.ID, secret, m)
		if err != nil {
			t.Fatal(err)
		}
		e, err := h.BeginTOTP(ctx, h.owner.ID, secret, m)
		if err != nil || e.Secret == first.Secret || len(e.Secret) != 32 {
			t.Fatalf("%+v, %v", e, err)
		}
		u, err := url.Parse(e.URL)
		if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/Keystead:ann@example.com" || u.Query().Get("secret") != e.Secret {
			t.Errorf("URL %s, %v", e.URL, err)
		}
		if in := h.signIn("ann@example.com"); in.NeedsSecondFactor() {
			t.Error("it counts before it is confirmed")
		}
		now := s.Clock.Now()
		for _, wrong := range []string{"", "000000", app(t, first.Secret, now), app(t, e.Secret, now.Add(-2*step)), app(t, e.Secret, now.Add(2*step))} {
			if _, err := h.ConfirmTOTP(ctx, h.owner.ID, wrong, m); code(t, err) != CodeWrongCode || fail.Of(err).Field != "code" {
				t.Errorf("%q: %v", wrong, err)
			}
		}
		right := app(t, e.Secret, now)
		recovery, err := h.ConfirmTOTP(ctx, h.owner.ID, right[:3]+" "+right[3:], m)
		if err != nil || len(recovery) != 8 || len(slices.Compact(slices.Sorted(slices.Values(recovery)))) != 8 || len(recovery[0]) != 19 {
			t.Fatalf("%q, %v", recovery, err)
		}
		if !h.alive(mine) || h.alive(other) {
			t.Errorf("alive: mine %v, other %v", h.alive(mine), h.alive(other))
		}
		if ann, err := h.staff.ByID(ctx, h.owner.ID); err != nil || !ann.HasTOTP {
			t.Errorf("%+v, %v", ann, err)
		}
		if _, err := h.BeginTOTP(ctx, h.owner.ID, secret, m); !errors.Is(err, errHasTOTP) {
			t.Errorf("a second one: %v", err)
		}
		if got := h.audit(h.owner.ID); !slices.Contains(got, "staff.second_factor_added") {
			t.Errorf("audit: %q", got)
		}
		// It is sealed, and for its owner only.
		err = s.DB.Read(ctx, func(tx *db.Tx) error {
			row, err := tx.GetStaff(ctx, h.owner.ID)
			if err != nil {
				return err
			}
			if row.TotpPending != nil || strings.Contains(*row.TotpSecret, e.Secret) {
				t.Errorf("stored: %+v", row)
			}
			if got, err := h.open(*row.TotpSecret, h.owner.ID); got != e.Secret || err != nil {
				t.Errorf("opened: %q, %v", got, err)
			}
			if _, err := h.open(*row.TotpSecret, "stf_other"); !errors.Is(err, crypt.ErrSealed) {
				t.Errorf("opened for somebody else: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		ctx := t.Context()
		totpSecret, _ := h.enrol()
		waiting := h.waiting()
		session, err := h.StaffSession(ctx, waiting.Token)
		if err != nil || session.Stage != SecondFactor || !session.ExpiresAt.Equal(s.Clock.Now().Add(10*time.Minute)) {
			t.Errorf("%+v, %v", session, err)
		}
		now := s.Clock.Now()
		right := app(t, totpSecret, now)
		for _, wrong := range []string{"", "abcdef", "１２３４５６", app(t, totpSecret, now.Add(-2*step)), app(t, totpSecret, now.Add(2*step)), strings.Repeat("a", 16), right + "0"} {
			if _, err := h.StaffSecondFactor(ctx, waiting.Token, wrong, loopback); code(t, err) != CodeWrongCode {
				t.Errorf("%q: %v", wrong, err)
			}
		}
		if _, err := h.StaffSecondFactor(ctx, "x", right, loopback); code(t, err) != CodeSignedOut {
			t.Errorf("without a session: %v", err)
		}
		m := loopback
		m.Token = waiting.Token
		in, err := h.StaffSecondFactor(ctx, waiting.Token, right, m)
		if err != nil || in.NeedsSecondFactor() || in.Token == waiting.Token || h.alive(waiting) || !h.alive(in) {
			t.Fatalf("%+v, %v", in, err)
		}
		for _, token := range []string{waiting.Token, in.Token} {
			if _, err := h.StaffSecondFactor(ctx, token, app(t, totpSecret, now.Add(step)), loopback); code(t, err) != CodeSignedOut {
				t.Errorf("again: %v", err)
			}
		}
		want := []string{"staff.second_factor_failed", "staff.signed_in"}
		if got := h.audit(h.owner.ID); !slices.Equal(got[len(got)-2:], want) || strings.Count(strings.Join(got, " "), "signed_in") != 1 {
			t.Errorf("audit: %q", got)
		}

		// A code works once; the next one does, and then the one before it does not.
		if _, err := h.StaffSecondFactor(ctx, h.waiting().Token, right, loopback); code(t, err) != CodeWrongCode {
			t.Errorf("the same code: %v", err)
		}
		s.Clock.Advance(step)
		if _, err := h.StaffSecondFactor(ctx, h.waiting().Token, app(t, totpSecret, s.Clock.Now().Add(step)), loopback); err != nil {
			t.Errorf("a clock that is ahead: %v", err)
		}
		if _, err := h.StaffSecondFactor(ctx, h.waiting().Token, app(t, totpSecret, s.Clock.Now()), loopback); code(t, err) != CodeWrongCode {
			t.Errorf("a code older than the last one: %v", err)
		}
		s.Clock.Advance(3 * step)
		if _, err := h.StaffSecondFactor(ctx, h.waiting().Token, app(t, totpSecret, s.Clock.Now().Add(-step)), loopback); err != nil {
			t.Errorf("a clock that is behind: %v", err)
		}

		s.Clock.Advance(step)
		late := h.waiting()
		s.Clock.Advance(10 * time.Minute)
		if _, err := h.StaffSecondFactor(ctx, late.Token, app(t, totpSecret, s.Clock.Now()), loopback); code(t, err) != CodeSignedOut {
			t.Errorf("after ten minutes: %v", err)
		}
	})
}

func TestCodeWorksOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		totpSecret, recovery := h.enrol()
		for _, code := range []string{app(t, totpSecret, s.Clock.Now()), recovery[0]} {
			const n = 3
			errs := make(chan error)
			for range n {
				token := h.waiting().Token
				go func() {
					_, err := h.StaffSecondFactor(context.Background(), token, code, loopback)
					errs <- err
				}()
			}
			worked := 0
			for range n {
				if err := <-errs; err == nil {
					worked++
				} else if !errors.Is(err, errWrongCode) {
					t.Error(err)
				}
			}
			if worked != 1 {
				t.Errorf("%s worked %d times", code, worked)
			}
		}
	})
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		ctx := t.Context()
		_, recovery := h.enrol()
		left := func(want int64) {
			t.Helper()
			if n, err := h.RecoveryCodesLeft(ctx, h.owner.ID); n != want || err != nil {
				t.Errorf("%d left, %v, want %d", n, err, want)
			}
		}
		left(8)
		if in, err := h.StaffSecondFactor(ctx, h.waiting().Token, recovery[3], loopback); err != nil || !h.alive(in) {
			t.Errorf("%+v, %v", in, err)
		}
		if _, err := h.StaffSecondFactor(ctx, h.waiting().Token, recovery[3], loopback); code(t, err) != CodeWrongCode {
			t.Errorf("the same code: %v", err)
		}
		typed := strings.ToUpper(strings.ReplaceAll(recovery[4], "-", " "))
		if _, err := h.StaffSecondFactor(ctx, h.waiting().Token, typed, loopback); err != nil {
			t.Errorf("%q: %v", typed, err)
		}
		left(6)
		if got := h.audit(h.owner.ID); !slices.Contains(got, "staff.recovery_code_used") {
			t.Errorf("audit: %q", got)
		}

		// Somebody else's codes are nothing to Ann.
		eve := h.member("eve@example.com", staff.Support)
		h.write(func(tx *db.Tx) error {
			return tx.InsertRecoveryCode(ctx, query.InsertRecoveryCodeParams{StaffID: eve.ID, CodeHash: hashCode(eve.ID, "aaaabbbbccccdddd")})
		})
		if _, err := h.StaffSecondFactor(ctx, h.waiting().Token, "aaaa-bbbb-cccc-dddd", loopback); code(t, err) != CodeWrongCode {
			t.Errorf("somebody else's code: %v", err)
		}

		if _, err := h.NewRecoveryCodes(ctx, h.owner.ID, otherSecret, loopback); code(t, err) != CodeWrongPassword {
			t.Errorf("new ones with a wrong password: %v", err)
		}
		fresh, err := h.NewRecoveryCodes(ctx, h.owner.ID, secret, loopback)
		if err != nil || len(fresh) != 8 {
			t.Fatalf("%q, %v", fresh, err)
		}
		left(8)
		if _, err := h.StaffSecondFactor(ctx, h.waiting().Token, recovery[0], loopback); code(t, err) != CodeWrongCode {
			t.Errorf("an old code: %v", err)
		}
		if _, err := h.StaffSecondFactor(ctx, h.waiting().Token, fresh[0], loopback); err != nil {
			t.Errorf("a new code: %v", err)
		}
	})
}

func TestRemoveSecondFactor(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		ctx := t.Context()
		for _, err := range []error{h.RemoveTOTP(ctx, h.owner.ID, secret, loopback), h.ResetTOTP(ctx, h.owner.ID)} {
			if !errors.Is(err, errNoTOTP) {
				t.Errorf("without one: %v", err)
			}
		}
		if _, err := h.NewRecoveryCodes(ctx, h.owner.ID, secret, loopback); !errors.Is(err, errNoTOTP) {
			t.Errorf("recovery codes without one: %v", err)
		}
		h.enrol()
		waiting := h.waiting()
		if err := h.RemoveTOTP(ctx, h.owner.ID, otherSecret, loopback); code(t, err) != CodeWrongPassword {
			t.Errorf("wrong password: %v", err)
		}
		if err := h.RemoveTOTP(ctx, h.owner.ID, secret, loopback); err != nil {
			t.Fatal(err)
		}
		if _, err := h.StaffSecondFactor(ctx, waiting.Token, "123456", loopback); code(t, err) != CodeSignedOut {
			t.Errorf("a code for what is gone: %v", err)
		}
		in := h.signIn("ann@example.com")
		if in.NeedsSecondFactor() {
			t.Error("still asked for")
		}
		h.enrol()
		after := h.waiting()
		if err := h.ResetTOTP(ctx, h.owner.ID); err != nil || h.alive(in) || h.alive(after) {
			t.Errorf("reset: %v, alive %v %v", err, h.alive(in), h.alive(after))
		}
		if n, err := h.RecoveryCodesLeft(ctx, h.owner.ID); n != 0 || err != nil {
			t.Errorf("%d recovery codes are left, %v", n, err)
		}
		if h.signIn("ann@example.com").NeedsSecondFactor() {
			t.Error("still asked for")
		}
		if err := h.ResetTOTP(ctx, "stf_unknown"); code(t, err) != "STAFF_NOT_FOUND" {
			t.Errorf("of nobody: %v", err)
		}
	})
}

// Neither a new password nor a link lets anybody past the second factor.
func TestSecondFactorAfterALink(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		h := newHouse(t, s)
		totpSecret, _ := h.enrol()
		token, err := h.StaffLink(t.Context(), h.owner.ID)
		if err != nil {
			t.Fatal(err)
		}
		waiting, err := h.UseLink(t.Context(), token, otherSecret, loopback)
		if err != nil || !waiting.NeedsSecondFactor() {
			t.Fatalf("%+v, %v", waiting, err)
		}
		if in, err := h.StaffSecondFactor(t.Context(), waiting.Token, app(t, totpSecret, s.Clock.Now()), loopback); err != nil || !h.alive(in) {
			t.Errorf("%+v, %v", in, err)
		}
	})
}
