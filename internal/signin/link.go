package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/staff"
)

// Purpose says what a one-time link is for.
type Purpose string

// The purposes of links.
const (
	SetUp               Purpose = "setup"             // makes the first owner
	SetStaffPassword    Purpose = "staff_password"    // for a new colleague, or one who forgot the password
	SetCustomerPassword Purpose = "customer_password" // the same for a customer
	SignInCustomer      Purpose = "customer_sign_in"  // mailed: whoever has it reads the customer's mailbox
)

// lives is how long a link can be used.
var lives = map[Purpose]time.Duration{
	SetUp:               24 * time.Hour,
	SetStaffPassword:    3 * 24 * time.Hour,
	SetCustomerPassword: 3 * 24 * time.Hour,
	SignInCustomer:      time.Hour,
}

// Link is what the page behind a one-time link shows.
type Link struct {
	Purpose   Purpose
	Email     string // of the account; empty for SetUp
	Name      string
	ExpiresAt time.Time
}

// FirstRun reports whether nobody has set the store up yet.
func (s *Service) FirstRun(ctx context.Context) (first bool, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		has, err := tx.HasStaff(ctx)
		first = !has
		return err
	})
	return first, err
}

// SetupLink returns the token of a one-time link that makes the first owner, for whoever starts the program. An
// earlier one stops working. A store that has staff gets none.
func (s *Service) SetupLink(ctx context.Context) (string, error) {
	return s.makeLink(ctx, func(tx *db.Tx) (query.InsertLinkParams, error) {
		if err := nobodyYet(ctx, tx); err != nil {
			return query.InsertLinkParams{}, err
		}
		return query.InsertLinkParams{Purpose: string(SetUp)}, tx.DeleteSetupLinks(ctx)
	})
}

func nobodyYet(ctx context.Context, tx *db.Tx) error {
	has, err := tx.HasStaff(ctx)
	if err == nil && has {
		return errHasStaff
	}
	return err
}

// StaffLink returns the token of a one-time link with which a staff member sets a password. An earlier one stops
// working.
func (s *Service) StaffLink(ctx context.Context, staffID string) (string, error) {
	return s.makeLink(ctx, func(tx *db.Tx) (query.InsertLinkParams, error) {
		m, err := staff.Load(ctx, tx, staffID)
		if err == nil && m.DisabledAt != nil {
			err = errDisabled
		}
		if err != nil {
			return query.InsertLinkParams{}, err
		}
		return query.InsertLinkParams{Purpose: string(SetStaffPassword), StaffID: &staffID}, endLinks(ctx, tx, Staff, staffID)
	})
}

// CustomerLink returns the token of a one-time link with which a customer sets a password. An earlier one stops
// working.
func (s *Service) CustomerLink(ctx context.Context, customerID string) (string, error) {
	return s.makeLink(ctx, func(tx *db.Tx) (query.InsertLinkParams, error) {
		_, err := load(ctx, tx, Customer, customerID)
		if errors.Is(err, errNoAccount) {
			return query.InsertLinkParams{}, errNoCustomer
		}
		if err != nil {
			return query.InsertLinkParams{}, err
		}
		return query.InsertLinkParams{Purpose: string(SetCustomerPassword), CustomerID: &customerID}, endLinks(ctx, tx, Customer, customerID)
	})
}

func (s *Service) makeLink(ctx context.Context, prepare func(*db.Tx) (query.InsertLinkParams, error)) (string, error) {
	token := crypt.Token("")
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		row, err := prepare(tx)
		if err != nil {
			return err
		}
		row.TokenHash, row.CreatedAt, row.ExpiresAt = crypt.HashToken(token), tx.WallStamp, in(tx, lives[Purpose(row.Purpose)])
		if err := tx.InsertLink(ctx, row); err != nil {
			return fmt.Errorf("make a link: %w", err)
		}
		return event.Audit(ctx, tx, event.Change{What: "link.made", SubjectID: value(row.StaffID) + value(row.CustomerID), After: row.Purpose})
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

func endLinks(ctx context.Context, tx *db.Tx, kind Kind, id string) error {
	end := tx.DeleteCustomerLinks
	if kind == Staff {
		end = tx.DeleteStaffLinks
	}
	if err := end(ctx, &id); err != nil {
		return fmt.Errorf("end the links of %s: %w", id, err)
	}
	return nil
}

// LookAtLink tells what a link is for without using it. One that can't be used fails with CodeLinkInvalid.
func (s *Service) LookAtLink(ctx context.Context, token string) (Link, error) {
	l, a, err := s.link(ctx, token)
	return Link{Purpose: Purpose(l.Purpose), Email: a.email, Name: a.name, ExpiresAt: l.ExpiresAt.Time()}, err
}

// link returns a link that can be used, and the account that it is for, which one for SetUp has not.
func (s *Service) link(ctx context.Context, token string) (l query.OneTimeLink, a account, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		var err error
		l, err = tx.GetLink(ctx, crypt.HashToken(token))
		if db.NotFound(err) || err == nil && (l.UsedAt != nil || !tx.Wall.Before(l.ExpiresAt.Time())) {
			return errLinkInvalid
		}
		switch {
		case err != nil:
			return err
		case l.StaffID != nil:
			a, err = load(ctx, tx, Staff, *l.StaffID)
		case l.CustomerID != nil:
			a, err = load(ctx, tx, Customer, *l.CustomerID)
		default:
			err = nobodyYet(ctx, tx)
		}
		if errors.Is(err, errNoAccount) {
			return errLinkInvalid
		}
		return err
	})
	if err != nil {
		return query.OneTimeLink{}, account{}, err
	}
	return l, a, nil
}

// spend uses a link as part of tx. Of several who use it at the same time, one succeeds.
func spend(ctx context.Context, tx *db.Tx, token string) error {
	n, err := tx.SpendLink(ctx, query.SpendLinkParams{TokenHash: crypt.HashToken(token), UsedAt: &tx.WallStamp, Now: tx.WallStamp})
	if err == nil && n == 0 {
		return errLinkInvalid
	}
	return err
}

// UseLink sets the password of the account that a link is for, and signs its owner in: with a second factor up to the
// question for its code. All earlier sessions end. A link for SignInCustomer needs no password: without one it signs in,
// and changes nothing else.
func (s *Service) UseLink(ctx context.Context, token, password string, m Meta) (SignIn, error) {
	if err := s.limits.secret(m.IP, s.db.Wall().Now()); err != nil {
		return SignIn{}, err
	}
	l, a, err := s.link(ctx, token)
	if err == nil && a.id == "" {
		err = errLinkInvalid // the set-up link has a form of its own
	}
	if err != nil {
		return SignIn{}, err
	}
	hash := "" // the password stays as it is
	if password != "" || Purpose(l.Purpose) != SignInCustomer {
		if hash, err = s.hashNew(ctx, a, password); err != nil {
			return SignIn{}, err
		}
	}
	var begun SignIn
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := spend(ctx, tx, token); err != nil {
			return err
		}
		if hash != "" {
			if err := set(ctx, tx, a, hash); err != nil {
				return err
			}
			if err := a.audit(ctx, tx, "password_set", m); err != nil {
				return err
			}
		}
		var err error
		begun, err = afterPassword(ctx, tx, a, m)
		return err
	})
	return begun, err
}

// SetupInput is what the first owner of a store tells of themselves.
type SetupInput struct {
	Email    string
	Name     string
	Password string
}

// Setup makes the first owner of a store and signs them in. It takes the token of a [Service.SetupLink].
func (s *Service) Setup(ctx context.Context, token string, in SetupInput, m Meta) (staff.Staff, SignIn, error) {
	if err := s.limits.secret(m.IP, s.db.Wall().Now()); err != nil {
		return staff.Staff{}, SignIn{}, err
	}
	l, _, err := s.link(ctx, token)
	if err == nil && Purpose(l.Purpose) != SetUp {
		err = errLinkInvalid
	}
	if err != nil {
		return staff.Staff{}, SignIn{}, err
	}
	person := staff.Input{Email: in.Email, Name: in.Name, Role: staff.Owner}
	var bad fail.Fields
	if err := person.Validate(); err != nil {
		for _, f := range fail.Of(err).Fields {
			bad.Add(f.Field, f.Message)
		}
	}
	bad.Check("password", checkNew(in.Password, in.Email))
	if err := bad.Err(); err != nil {
		return staff.Staff{}, SignIn{}, err
	}
	hash, err := s.hashNew(ctx, account{email: person.Email}, in.Password)
	if err != nil {
		return staff.Staff{}, SignIn{}, err
	}
	var owner staff.Staff
	var begun SignIn
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := spend(ctx, tx, token); err != nil {
			return err
		}
		if err := nobodyYet(ctx, tx); err != nil {
			return err
		}
		made, err := s.staff.Create(db.With(ctx, tx), person)
		if err != nil {
			return err
		}
		a := account{kind: Staff, id: made.ID, email: made.Email, name: made.Name}
		if err := set(ctx, tx, a, hash); err != nil {
			return err
		}
		if owner, err = staff.Load(ctx, tx, made.ID); err != nil {
			return err
		}
		begun, err = begin(ctx, tx, a, SignedIn, m)
		return err
	})
	return owner, begun, err
}

func pruneLinks(ctx context.Context, tx *db.Tx) (int64, error) {
	return tx.PruneLinks(ctx, query.PruneLinksParams{Before: clock.FromTime(tx.Wall), N: pruneBatch})
}
