// Package staff knows the people who run a store and what each of them may do.
//
// How they prove who they are is the business of package signin; this one keeps their names and roles. A store never
// loses its last owner: whoever is the only one that can sign in keeps role and access.
package staff

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/patch"
	"github.com/keystead/keystead/internal/text"
)

// Staff is a person who runs the store.
type Staff struct {
	ID          string
	Email       string // unique, lower case
	Name        string
	Role        Role
	TimeZone    string // IANA name; empty: the store's
	HasPassword bool   // false: invited, and has not been here yet
	HasTOTP     bool
	DisabledAt  *time.Time // nil: may sign in
	CreatedAt   time.Time
}

// CodeLastOwner says that a change would leave the store without anybody who owns it.
const CodeLastOwner = "LAST_OWNER"

var (
	errNotFound  = fail.NotFound("STAFF_NOT_FOUND", "There is no such staff member.")
	errTaken     = fail.Conflict("EMAIL_TAKEN", "There is a staff member with this e-mail address already.")
	errLastOwner = fail.Conflict(CodeLastOwner, "Nobody else who can sign in owns the store. Make somebody else an owner first.")
)

// Service holds the verbs of staff.
type Service struct{ db *db.DB }

// New returns the staff of the store d.
func New(d *db.DB) *Service { return &Service{db: d} }

// Input is what [Service.Create] needs.
type Input struct {
	Email    string
	Name     string
	Role     Role
	TimeZone string // IANA name; empty: the store's
}

// Validate reports everything that is wrong with in, after bringing it into the form in which it is stored.
func (in *Input) Validate() error {
	var f fail.Fields
	email, err := text.Email(in.Email)
	in.Email = text.Fold(email)
	f.Check("email", err)
	f.Check("name", tidyName(&in.Name))
	f.Check("role", checkRole(in.Role))
	f.Check("time_zone", checkZone(in.TimeZone))
	return f.Err()
}

// Patch changes the fields that are not nil.
type Patch struct {
	Name     *string
	Role     *Role
	TimeZone *string
}

// Validate reports everything that is wrong with p, after bringing its fields, in place, into the form in which they
// are stored.
func (p *Patch) Validate() error {
	var f fail.Fields
	if p.Name != nil {
		f.Check("name", tidyName(p.Name))
	}
	if p.Role != nil {
		f.Check("role", checkRole(*p.Role))
	}
	if p.TimeZone != nil {
		f.Check("time_zone", checkZone(*p.TimeZone))
	}
	return f.Err()
}

func tidyName(name *string) (err error) {
	*name, err = text.Required(*name, text.NameLength)
	return err
}

func checkRole(r Role) error {
	if !r.IsValid() {
		return errors.New("is not one of owner, billing, support, read_only")
	}
	return nil
}

func checkZone(name string) error {
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		return errors.New("is not the IANA name of a time zone, such as Europe/Berlin")
	}
	return nil
}

// Create takes up a staff member, who can sign in after setting a password with a one-time link.
func (s *Service) Create(ctx context.Context, in Input) (Staff, error) {
	if err := in.Validate(); err != nil {
		return Staff{}, err
	}
	var made Staff
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		id := tx.NewID("stf")
		err := tx.InsertStaff(ctx, query.InsertStaffParams{
			ID: id, Email: in.Email, Name: in.Name, Role: string(in.Role), TimeZone: in.TimeZone, CreatedAt: tx.Stamp,
		})
		if db.Duplicate(err) {
			return errTaken.Because(err)
		}
		if err != nil {
			return fmt.Errorf("store a staff member: %w", err)
		}
		if made, err = Load(ctx, tx, id); err != nil {
			return err
		}
		after := map[string]any{"email": in.Email, "name": in.Name, "role": in.Role}
		return event.Audit(ctx, tx, event.Change{What: "staff.created", SubjectID: id, After: patch.JSON(after)})
	})
	return made, err
}

// Update changes a staff member.
func (s *Service) Update(ctx context.Context, id string, p Patch) (Staff, error) {
	if err := p.Validate(); err != nil {
		return Staff{}, err
	}
	return s.change(ctx, id, "staff.updated", func(_ *db.Tx, d *patch.Diff, m *Staff) {
		patch.Set(d, "name", &m.Name, p.Name)
		patch.Set(d, "role", &m.Role, p.Role)
		patch.Set(d, "time_zone", &m.TimeZone, p.TimeZone)
	})
}

// Disable takes all access from a staff member at once: sessions and links end. What they did stays in the history
// under their name.
func (s *Service) Disable(ctx context.Context, id string) (Staff, error) {
	return s.change(ctx, id, "staff.disabled", func(tx *db.Tx, d *patch.Diff, m *Staff) {
		if m.DisabledAt == nil {
			d.Note("disabled", false, true)
			m.DisabledAt = &tx.Now
		}
	})
}

// Enable lets a staff member sign in again.
func (s *Service) Enable(ctx context.Context, id string) (Staff, error) {
	return s.change(ctx, id, "staff.enabled", func(_ *db.Tx, d *patch.Diff, m *Staff) {
		if m.DisabledAt != nil {
			d.Note("disabled", true, false)
			m.DisabledAt = nil
		}
	})
}

// change lets apply change a staff member and stores what came of it, unless that loses the last owner.
func (s *Service) change(ctx context.Context, id, what string, apply func(*db.Tx, *patch.Diff, *Staff)) (after Staff, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		owners, err := tx.LockOwners(ctx)
		if err != nil {
			return fmt.Errorf("lock the owners: %w", err)
		}
		if text.IsID(id) {
			if _, err := tx.LockStaff(ctx, id); err != nil {
				return fmt.Errorf("lock staff member %s: %w", id, err)
			}
		}
		before, err := Load(ctx, tx, id)
		if err != nil {
			return err
		}
		var diff patch.Diff
		after = before
		if apply(tx, &diff, &after); diff.Empty() {
			return nil
		}
		if before.owns() && !after.owns() && owners == 1 {
			return errLastOwner
		}
		err = tx.UpdateStaff(ctx, query.UpdateStaffParams{
			ID: id, Name: after.Name, Role: string(after.Role), TimeZone: after.TimeZone, DisabledAt: clock.FromTimePtr(after.DisabledAt),
		})
		if err != nil {
			return fmt.Errorf("store staff member %s: %w", id, err)
		}
		if after.DisabledAt != nil {
			if err := endAccess(ctx, tx, id); err != nil {
				return fmt.Errorf("end the access of %s: %w", id, err)
			}
		}
		return event.Audit(ctx, tx, event.Change{What: what, SubjectID: id, Before: diff.Before(), After: diff.After()})
	})
	return after, err
}

// owns reports whether s is an owner who can sign in.
func (s Staff) owns() bool { return s.Role == Owner && s.DisabledAt == nil && s.HasPassword }

func endAccess(ctx context.Context, tx *db.Tx, id string) error {
	return errors.Join(tx.DeleteStaffSessions(ctx, &id), tx.DeleteStaffLinks(ctx, &id))
}

// ByID returns a staff member.
func (s *Service) ByID(ctx context.Context, id string) (m Staff, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) (err error) {
		m, err = Load(ctx, tx, id)
		return err
	})
	return m, err
}

// List returns everybody, by name, those who are disabled included.
func (s *Service) List(ctx context.Context) (all []Staff, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.ListStaff(ctx)
		if err != nil {
			return fmt.Errorf("list staff: %w", err)
		}
		all = make([]Staff, len(rows))
		for i, row := range rows {
			all[i] = fromRow(row)
		}
		return nil
	})
	return all, err
}

// Load returns a staff member as tx sees them.
func Load(ctx context.Context, tx *db.Tx, id string) (Staff, error) {
	if !text.IsID(id) {
		return Staff{}, errNotFound
	}
	row, err := tx.GetStaff(ctx, id)
	if db.NotFound(err) {
		return Staff{}, errNotFound
	}
	if err != nil {
		return Staff{}, fmt.Errorf("staff member %s: %w", id, err)
	}
	return fromRow(row), nil
}

func fromRow(row query.Staff) Staff {
	return Staff{
		ID: row.ID, Email: row.Email, Name: row.Name, Role: Role(row.Role), TimeZone: row.TimeZone,
		HasPassword: row.PasswordHash != "", HasTOTP: row.TotpSecret != nil,
		DisabledAt: clock.TimePtr(row.DisabledAt), CreatedAt: row.CreatedAt.Time(),
	}
}
