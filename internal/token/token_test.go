package token

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
)

func create(t *testing.T, s *Service, expires *time.Time, scopes ...string) (Token, string) {
	t.Helper()
	made, secret, err := s.Create(t.Context(), "shop", scopes, expires)
	if err != nil {
		t.Fatal(err)
	}
	return made, secret
}

func TestCreate(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		tokens := New(s.DB)
		now := s.Clock.Now()
		soon := now.Add(time.Hour)
		ctx := event.WithActor(t.Context(), event.Actor{Kind: event.Staff, ID: "stf_1", Name: "Ann"})
		made, secret, err := tokens.Create(ctx, " Shop ", []string{"sales:write", "licenses:read", "sales:write"}, &soon)
		if err != nil {
			t.Fatal(err)
		}
		want := Token{
			ID: made.ID, Name: "Shop", Scopes: []string{"licenses:read", "sales:write"}, CreatedBy: "stf_1", CreatedAt: now, ExpiresAt: &soon,
		}
		if diff := cmp.Diff(want, made); diff != "" || !strings.HasPrefix(made.ID, "tok_") {
			t.Error(diff)
		}
		if !strings.HasPrefix(secret, "kst_") || len(secret) != 47 {
			t.Errorf("secret %q", secret)
		}
		other, _ := create(t, tokens, nil, "*", "jobs:write")
		if !slices.Equal(other.Scopes, []string{"*"}) || other.CreatedBy != "system" {
			t.Errorf("%+v", other)
		}
		if all, err := tokens.List(t.Context()); err != nil || len(all) != 2 || all[0].ID != other.ID || !cmp.Equal(all[1], made) {
			t.Errorf("%+v, %v", all, err)
		}
		entries, _, err := event.NewLog(s.DB).ListAudit(t.Context(), event.AuditFilter{SubjectID: made.ID})
		if err != nil || len(entries) != 1 || entries[0].What != "token.created" || strings.Contains(entries[0].After, secret[4:]) {
			t.Errorf("audit: %+v, %v", entries, err)
		}
		err = s.DB.Read(t.Context(), func(tx *db.Tx) error {
			row, err := tx.GetToken(t.Context(), made.ID)
			if row.TokenHash != crypt.HashToken(secret) {
				t.Errorf("stored: %+v", row)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	s := dbtest.SQLite(t)
	now := s.Clock.Now()
	later := now.Add(1)
	for _, tt := range []struct {
		name    string
		scopes  []string
		expires *time.Time
		want    []string
	}{
		{"", nil, &now, []string{"name", "scopes", "expires_at"}},
		{"x", []string{"licenses:read", "licenses:delete"}, &later, []string{"scopes"}},
		{"x", []string{""}, nil, []string{"scopes"}},
		{"x\n", []string{"*:*"}, nil, []string{"scopes"}},
		{"x\x00y", []string{"*"}, nil, []string{"name"}},
	} {
		_, _, err := New(s.DB).Create(t.Context(), tt.name, tt.scopes, tt.expires)
		var got []string
		for _, f := range fail.Of(err).Fields {
			got = append(got, f.Field)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}

func TestAllows(t *testing.T) {
	t.Parallel()
	some, all := Token{Scopes: []string{"licenses:read"}}, Token{Scopes: []string{Every}}
	for _, scope := range Scopes() {
		if got := some.Allows(scope); got != (scope == "licenses:read") {
			t.Errorf("licenses:read allows %s: %v", scope, got)
		}
		if !all.Allows(scope) {
			t.Errorf("* does not allow %s", scope)
		}
	}
	if (Token{}).Allows("") {
		t.Error("no scopes allow something")
	}
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		tokens := New(s.DB)
		soon := s.Clock.Now().Add(time.Hour)
		made, secret := create(t, tokens, &soon, "licenses:read")
		unlimited, other := create(t, tokens, nil, "*")

		for range 3 {
			if got, err := tokens.Authenticate(t.Context(), secret); err != nil || got.ID != made.ID || !slices.Equal(got.Scopes, made.Scopes) {
				t.Fatalf("%+v, %v", got, err)
			}
		}
		for _, bad := range []string{"", "kst_", secret[:len(secret)-1], secret + "x", strings.ToUpper(secret), secret[4:], crypt.HashToken(secret), "kst_\x00"} {
			_, err := tokens.Authenticate(t.Context(), bad)
			if got := fail.Of(err); got.Kind != fail.KindUnauthenticated || got.Code != fail.CodeUnauthenticated {
				t.Errorf("%q: %v", bad, err)
			}
		}
		s.Clock.Set(soon.Add(-time.Microsecond))
		if _, err := tokens.Authenticate(t.Context(), secret); err != nil {
			t.Errorf("just before it expires: %v", err)
		}
		s.Clock.Set(soon)
		for _, service := range []*Service{tokens, New(s.DB)} {
			_, err := service.Authenticate(t.Context(), secret)
			if got := fail.Of(err); got.Kind != fail.KindUnauthenticated || got.Code != CodeExpired {
				t.Errorf("expired: %v", err)
			}
			if got, err := service.Authenticate(t.Context(), other); err != nil || got.ID != unlimited.ID {
				t.Errorf("without an expiry: %+v, %v", got, err)
			}
		}
	})
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		tokens := New(s.DB)
		made, secret := create(t, tokens, nil, "*")
		undo := errors.New("undo")
		authenticate := func(want error) {
			t.Helper()
			if _, err := tokens.Authenticate(t.Context(), secret); !errors.Is(err, want) {
				t.Errorf("error = %v, want %v", err, want)
			}
		}
		authenticate(nil)
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			if _, err := tokens.Revoke(db.With(t.Context(), tx), made.ID); err != nil {
				t.Error(err)
			}
			return undo
		})
		if !errors.Is(err, undo) {
			t.Fatal(err)
		}
		authenticate(nil)
		for range 2 {
			if got, err := tokens.Revoke(t.Context(), made.ID); err != nil || got.RevokedAt == nil || !got.RevokedAt.Equal(s.Clock.Now()) {
				t.Errorf("%+v, %v", got, err)
			}
			authenticate(errUnknown)
		}
		entries, _, err := event.NewLog(s.DB).ListAudit(t.Context(), event.AuditFilter{SubjectID: made.ID})
		if err != nil || len(entries) != 2 || entries[0].What != "token.revoked" {
			t.Errorf("audit: %+v, %v", entries, err)
		}
		for _, unknown := range []string{"tok_unknown", "", "'"} {
			if _, err := tokens.Revoke(t.Context(), unknown); !errors.Is(err, errNotFound) {
				t.Errorf("%q: %v", unknown, err)
			}
		}
	})
}

func TestRevokedElsewhere(t *testing.T) {
	t.Parallel()
	s := dbtest.Postgres(t)
	here, there := New(s.DB), New(s.Open(t))
	here.maxAge = time.Millisecond
	made, secret := create(t, here, nil, "*")
	if _, err := here.Authenticate(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	if _, err := there.Revoke(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := here.Authenticate(t.Context(), secret); errors.Is(err, errUnknown) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// Whoever is told that a token is revoked can rely on it, whatever was being looked up meanwhile.
func TestRevokeHoldsAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		tokens := New(s.DB)
		for range 5 {
			made, secret := create(t, tokens, nil, "*")
			stop := make(chan struct{})
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
							_, _ = tokens.Authenticate(context.Background(), secret)
							tokens.mu.Lock()
							clear(tokens.known) // so that it is looked up again
							tokens.mu.Unlock()
						}
					}
				})
			}
			if _, err := tokens.Revoke(t.Context(), made.ID); err != nil {
				t.Error(err)
			}
			for range 20 {
				if _, err := tokens.Authenticate(t.Context(), secret); !errors.Is(err, errUnknown) {
					t.Errorf("after it was revoked: %v", err)
				}
			}
			close(stop)
			wg.Wait()
		}
	})
}

func TestLastUse(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		tokens := New(s.DB)
		_, secret := create(t, tokens, nil, "*")
		start := s.Clock.Now()
		for _, step := range []struct {
			after time.Duration
			want  time.Duration // after start
		}{{0, 0}, {59 * time.Second, 0}, {60 * time.Second, time.Minute}, {90 * time.Second, time.Minute}, {time.Hour, time.Hour}} {
			s.Clock.Set(start.Add(step.after))
			if _, err := tokens.Authenticate(t.Context(), secret); err != nil {
				t.Fatal(err)
			}
			all, err := tokens.List(t.Context())
			if err != nil || all[0].LastUsedAt == nil || !all[0].LastUsedAt.Equal(start.Add(step.want)) {
				t.Errorf("used after %v: %+v, %v", step.after, all, err)
			}
		}
	})
}
