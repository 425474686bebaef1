package staff

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
)

func TestRoles(t *testing.T) {
	t.Parallel()
	matrix := []struct {
		permission                        Permission
		owner, billing, support, readOnly bool
	}{
		{"catalog:read", true, true, true, true},
		{"catalog:write", true, true, false, false},
		{"customers:read", true, true, true, true},
		{"customers:write", true, true, true, false},
		{"domains:read", true, true, true, true},
		{"domains:write", true, true, false, false},
		{"events:read", true, true, true, true},
		{"jobs:write", true, true, true, false},
		{"keys:write", true, false, false, false},
		{"licenses:read", true, true, true, true},
		{"licenses:write", true, false, true, false},
		{"sales:read", true, true, true, true},
		{"sales:write", true, true, false, false},
		{"settings:read", true, true, false, true},
		{"settings:write", true, false, false, false},
		{"staff:write", true, false, false, false},
		{"tokens:write", true, false, false, false},
	}
	var all []Permission
	for _, row := range matrix {
		all = append(all, row.permission)
		want := map[Role]bool{Owner: row.owner, Billing: row.billing, Support: row.support, ReadOnly: row.readOnly}
		for _, role := range Roles() {
			if got := role.Can(row.permission); got != want[role] {
				t.Errorf("%s can %s: %v, want %v", role, row.permission, got, want[role])
			}
		}
		if !row.permission.IsValid() {
			t.Errorf("%s is not valid", row.permission)
		}
	}
	if got := Permissions(); !slices.Equal(got, all) {
		t.Errorf("permissions %q, want %q", got, all)
	}
	for _, nobody := range []Role{"", "admin", "OWNER"} {
		if nobody.IsValid() || nobody.Can(LicensesRead) {
			t.Errorf("role %q is valid", nobody)
		}
	}
	for _, nothing := range []Permission{"", "*", "licenses:*", "licenses"} {
		if nothing.IsValid() || Owner.Can(nothing) {
			t.Errorf("permission %q is valid", nothing)
		}
	}
	for role, can := range permissions {
		if slices.Contains(Roles(), role) && len(slices.Compact(slices.Sorted(slices.Values(can)))) == len(can) {
			continue
		}
		t.Errorf("role %s is not listed, or has a permission twice", role)
	}
}

func setPassword(t *testing.T, d *db.DB, id string) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.SQL().ExecContext(t.Context(), "UPDATE staff SET password_hash = 'x' WHERE id = $1", id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, s *Service, email string, role Role) Staff {
	t.Helper()
	m, err := s.Create(t.Context(), Input{Email: email, Name: "Somebody", Role: role})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func audit(t *testing.T, d *db.DB, subject string) (what []string) {
	t.Helper()
	entries, _, err := event.NewLog(d).ListAudit(t.Context(), event.AuditFilter{SubjectID: subject})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		what = append(what, e.What+" "+e.Before+" "+e.After)
	}
	return what
}

func TestCreateAndUpdate(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		people := New(s.DB)
		ann, err := people.Create(t.Context(), Input{Email: " Ann@Example.com", Name: " Ann ", Role: Support, TimeZone: "Europe/Berlin"})
		want := Staff{ID: ann.ID, Email: "ann@example.com", Name: "Ann", Role: Support, TimeZone: "Europe/Berlin", CreatedAt: s.Clock.Now()}
		if diff := cmp.Diff(want, ann); diff != "" || err != nil || !strings.HasPrefix(ann.ID, "stf_") {
			t.Fatalf("%v %s", err, diff)
		}
		if _, err := people.Create(t.Context(), Input{Email: "ANN@example.COM", Name: "Other", Role: Owner}); fail.Of(err).Code != errTaken.Code {
			t.Errorf("the same address: %v", err)
		}
		name, role, zone := "Ann B.", Billing, ""
		after, err := people.Update(t.Context(), ann.ID, Patch{Name: &name, Role: &role, TimeZone: &zone})
		want.Name, want.Role, want.TimeZone = name, role, zone
		if diff := cmp.Diff(want, after); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
		if _, err := people.Update(t.Context(), ann.ID, Patch{Name: &name}); err != nil {
			t.Error(err)
		}
		if got, err := people.ByID(t.Context(), ann.ID); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%+v, %v", got, err)
		}
		wantAudit := []string{
			`staff.updated {"name":"Ann","role":"support","time_zone":"Europe/Berlin"} {"name":"Ann B.","role":"billing","time_zone":""}`,
			`staff.created  {"email":"ann@example.com","name":"Ann","role":"support"}`,
		}
		if got := audit(t, s.DB, ann.ID); !slices.Equal(got, wantAudit) {
			t.Errorf("audit: %q", got)
		}
		bob := create(t, people, "bob@example.com", ReadOnly)
		if all, err := people.List(t.Context()); err != nil || len(all) != 2 || all[0].ID != ann.ID || all[1].ID != bob.ID {
			t.Errorf("%+v, %v", all, err)
		}
		for _, id := range []string{"stf_unknown", "", "\x00"} {
			if _, err := people.ByID(t.Context(), id); !errors.Is(err, errNotFound) {
				t.Errorf("by id %q: %v", id, err)
			}
			if _, err := people.Update(t.Context(), id, Patch{Name: &name}); !errors.Is(err, errNotFound) {
				t.Errorf("update %q: %v", id, err)
			}
		}
	})
}

func TestValidation(t *testing.T) {
	t.Parallel()
	long, admin, mars := strings.Repeat("x", 256), Role("admin"), "Mars/Base"
	in := Input{Email: "ann", Name: " ", Role: admin, TimeZone: "Local"}
	p := Patch{Name: &long, Role: &admin, TimeZone: &mars}
	for _, tt := range []struct {
		err  error
		want []string
	}{
		{in.Validate(), []string{"email", "name", "role", "time_zone"}},
		{p.Validate(), []string{"name", "role", "time_zone"}},
		{(&Patch{}).Validate(), nil},
	} {
		var got []string
		if tt.err != nil {
			for _, f := range fail.Of(tt.err).Fields {
				got = append(got, f.Field)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("fields %q, want %q", got, tt.want)
		}
	}
}

func TestDisable(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		people := New(s.DB)
		ann := create(t, people, "ann@example.com", Support)
		exec := func(q string, args ...any) (n int64) {
			t.Helper()
			err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
				r, err := tx.SQL().ExecContext(t.Context(), q, args...)
				if err != nil {
					return err
				}
				n, err = r.RowsAffected()
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		exec(`INSERT INTO sessions (token_hash, kind, staff_id, stage, ip, user_agent, created_at, last_seen_at, expires_at)
			VALUES ('a', 'staff', $1, 'signed_in', '', '', 1, 1, 1)`, ann.ID)
		exec(`INSERT INTO one_time_links (token_hash, purpose, staff_id, created_at, expires_at) VALUES ('a', 'staff_password', $1, 1, 1)`, ann.ID)

		for range 2 {
			if got, err := people.Disable(t.Context(), ann.ID); err != nil || got.DisabledAt == nil || !got.DisabledAt.Equal(s.Clock.Now()) {
				t.Errorf("disabled: %+v, %v", got, err)
			}
		}
		if n := exec("DELETE FROM sessions") + exec("DELETE FROM one_time_links"); n != 0 {
			t.Errorf("%d sessions and links are left", n)
		}
		if got, err := people.Enable(t.Context(), ann.ID); err != nil || got.DisabledAt != nil {
			t.Errorf("enabled: %+v, %v", got, err)
		}
		want := []string{
			`staff.enabled {"disabled":true} {"disabled":false}`,
			`staff.disabled {"disabled":false} {"disabled":true}`,
			`staff.created  {"email":"ann@example.com","name":"Somebody","role":"support"}`,
		}
		if got := audit(t, s.DB, ann.ID); !slices.Equal(got, want) {
			t.Errorf("audit: %q", got)
		}
	})
}

func TestLastOwner(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		people := New(s.DB)
		support, owner, name := Support, Owner, "New"
		ann := create(t, people, "ann@example.com", Owner)
		setPassword(t, s.DB, ann.ID)
		lose := map[string]func(id string) error{
			"demote": func(id string) error {
				_, err := people.Update(t.Context(), id, Patch{Role: &support})
				return err
			},
			"disable": func(id string) error {
				_, err := people.Disable(t.Context(), id)
				return err
			},
		}
		refused := func(why string) {
			t.Helper()
			for name, act := range lose {
				if err := act(ann.ID); fail.Of(err).Code != CodeLastOwner || fail.Of(err).Kind != fail.KindConflict {
					t.Errorf("%s, %s: %v", why, name, err)
				}
			}
		}
		refused("alone")
		bob := create(t, people, "bob@example.com", Owner)
		refused("the other has never been here")
		setPassword(t, s.DB, bob.ID)
		if err := lose["disable"](bob.ID); err != nil {
			t.Fatal(err)
		}
		refused("the other is disabled")
		if _, err := people.Update(t.Context(), ann.ID, Patch{Name: &name}); err != nil {
			t.Errorf("a new name: %v", err)
		}
		if _, err := people.Enable(t.Context(), bob.ID); err != nil {
			t.Fatal(err)
		}
		if err := lose["demote"](ann.ID); err != nil {
			t.Errorf("with another owner: %v", err)
		}
		if _, err := people.Update(t.Context(), ann.ID, Patch{Role: &owner}); err != nil {
			t.Errorf("back again: %v", err)
		}
	})
}

// Two owners who take the store from each other at the same time can't both succeed.
func TestLastOwnerUnderConcurrency(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		people := New(s.DB)
		support := Support
		ids := make([]string, 4)
		for i := range ids {
			ids[i] = create(t, people, string(rune('a'+i))+"@example.com", Owner).ID
			setPassword(t, s.DB, ids[i])
		}
		errs := make(chan error)
		for i, id := range ids {
			go func() {
				var err error
				if i%2 == 0 {
					_, err = people.Disable(context.Background(), id)
				} else {
					_, err = people.Update(context.Background(), id, Patch{Role: &support})
				}
				errs <- err
			}()
		}
		refused := 0
		for range ids {
			if err := <-errs; errors.Is(err, errLastOwner) {
				refused++
			} else if err != nil {
				t.Error(err)
			}
		}
		if refused != 1 {
			t.Errorf("%d of %d were refused, want 1", refused, len(ids))
		}
		all, err := people.List(t.Context())
		if err != nil || !slices.ContainsFunc(all, Staff.owns) {
			t.Errorf("nobody owns the store: %+v, %v", all, err)
		}
	})
}
