package signin

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// The length of a password, in characters. There are no rules about kinds of characters: they make passwords worse.
const (
	minPassword = 10
	maxPassword = 256
)

// StaffPassword signs a staff member in by password. If they have a second factor, the session that begins is good
// for [Service.StaffSecondFactor] only. An unknown address, one without a password and a wrong password get the same
// answer after the same time: CodeWrongSignIn.
func (s *Service) StaffPassword(ctx context.Context, email, password string, m Meta) (SignIn, error) {
	return s.password(ctx, Staff, email, password, m)
}

// CustomerPassword signs a customer in by password, as [Service.StaffPassword] does for staff.
func (s *Service) CustomerPassword(ctx context.Context, email, password string, m Meta) (SignIn, error) {
	return s.password(ctx, Customer, email, password, m)
}

func (s *Service) password(ctx context.Context, kind Kind, email, password string, m Meta) (SignIn, error) {
	email, err := text.Email(email)
	if err != nil {
		email = "" // nobody's
	}
	email = text.Fold(email)
	if err := s.limits.password(m.IP, string(kind)+" "+email, s.db.Wall().Now()); err != nil {
		return SignIn{}, err
	}
	var a account
	err = s.db.Read(ctx, func(tx *db.Tx) (err error) {
		a, err = find(ctx, tx, kind, email)
		return err
	})
	if err != nil {
		return SignIn{}, fmt.Errorf("find an account: %w", err)
	}
	// The password is checked outside of any transaction: it takes long.
	hash, err := s.check(ctx, a, password)
	if err != nil {
		return SignIn{}, err
	}
	if hash == "" {
		if err := s.auditFailure(ctx, a, "sign_in_failed", m); err != nil {
			return SignIn{}, err
		}
		return SignIn{}, errWrongSignIn
	}
	var begun SignIn
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := replace(ctx, tx, a, hash); err != nil {
			return err
		}
		var err error
		begun, err = afterPassword(ctx, tx, a, m)
		return err
	})
	return begun, err
}

// afterPassword begins the session of somebody who has proved to know the password: up to the question for a code if
// the account has a second factor by now.
func afterPassword(ctx context.Context, tx *db.Tx, a account, m Meta) (SignIn, error) {
	a, err := load(ctx, tx, a.kind, a.id)
	if errors.Is(err, errNoAccount) {
		return SignIn{}, errWrongSignIn
	}
	if err != nil {
		return SignIn{}, fmt.Errorf("sign in: %w", err)
	}
	if a.totp != "" {
		return begin(ctx, tx, a, SecondFactor, m)
	}
	return begin(ctx, tx, a, SignedIn, m)
}

// check returns the hash under which an account's password shall be stored if password is the right one, and nothing
// if it is not. It takes the same time if the account has none.
func (s *Service) check(ctx context.Context, a account, password string) (string, error) {
	password = norm.NFC.String(password)
	if a.hash == "" || utf8.RuneCountInString(password) > maxPassword {
		return "", s.passwords.Dummy(ctx, "")
	}
	ok, outdated, err := s.passwords.Verify(ctx, a.hash, password)
	switch {
	case err != nil:
		return "", fmt.Errorf("check the password of %s: %w", a.id, err)
	case !ok:
		return "", nil
	case outdated:
		return s.passwords.Hash(ctx, password)
	}
	return a.hash, nil
}

// replace stores the hash of a password that was checked, provided that it is still the account's.
func replace(ctx context.Context, tx *db.Tx, a account, hash string) error {
	var n int64
	var err error
	if a.kind == Staff {
		n, err = tx.ReplaceStaffPassword(ctx, query.ReplaceStaffPasswordParams{ID: a.id, OldHash: a.hash, NewHash: hash})
	} else {
		n, err = tx.ReplaceCustomerPassword(ctx, query.ReplaceCustomerPasswordParams{ID: a.id, OldHash: &a.hash, NewHash: &hash})
	}
	if err == nil && n == 0 {
		return errWrongSignIn // changed, or taken away, while it was checked
	}
	if err != nil {
		return fmt.Errorf("store the password of %s: %w", a.id, err)
	}
	return nil
}

// hashNew checks a password that somebody wants to have, and returns its hash.
func (s *Service) hashNew(ctx context.Context, a account, password string) (string, error) {
	if err := checkNew(password, a.email); err != nil {
		return "", fail.Invalid("password", err.Error())
	}
	return s.passwords.Hash(ctx, norm.NFC.String(password))
}

func checkNew(password, email string) error {
	n := utf8.RuneCountInString(norm.NFC.String(password))
	switch {
	case !utf8.ValidString(password):
		return errNotText
	case n < minPassword:
		return errShort
	case n > maxPassword:
		return errLong
	case text.Fold(password) == text.Fold(email):
		return errObvious
	}
	return nil
}

var (
	errNotText = errors.New("is not valid UTF-8")
	errShort   = fmt.Errorf("needs at least %d characters", minPassword)
	errLong    = fmt.Errorf("has more than %d characters", maxPassword)
	errObvious = errors.New("is the e-mail address")
)

// set gives an account a new password without asking for the old one.
func set(ctx context.Context, tx *db.Tx, a account, hash string) error {
	var err error
	if a.kind == Staff {
		err = tx.SetStaffPassword(ctx, query.SetStaffPasswordParams{ID: a.id, PasswordHash: hash})
	} else {
		err = tx.SetCustomerPassword(ctx, query.SetCustomerPasswordParams{ID: a.id, PasswordHash: &hash})
	}
	if err != nil {
		return fmt.Errorf("set the password of %s: %w", a.id, err)
	}
	return endSessions(ctx, tx, a.kind, a.id)
}

// ChangePassword gives an account a new password after asking for the current one. All its sessions and links end;
// the session that it returns takes the place of the browser's.
func (s *Service) ChangePassword(ctx context.Context, kind Kind, id, current, password string, m Meta) (SignIn, error) {
	a, err := s.again(ctx, kind, id, current, m)
	if err != nil {
		return SignIn{}, err
	}
	hash, err := s.hashNew(ctx, a, password)
	if err != nil {
		return SignIn{}, err
	}
	var begun SignIn
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := replace(ctx, tx, a, hash); err != nil {
			return err
		}
		if err := endSessions(ctx, tx, kind, id); err != nil {
			return err
		}
		if err := endLinks(ctx, tx, kind, id); err != nil {
			return err
		}
		if err := event.Audit(ctx, tx, event.Change{What: string(kind) + ".password_changed", SubjectID: id}); err != nil {
			return err
		}
		var err error
		begun, err = insert(ctx, tx, a, SignedIn, "", m)
		return err
	})
	return begun, err
}

// again asks somebody who is signed in for their password once more.
func (s *Service) again(ctx context.Context, kind Kind, id, password string, m Meta) (account, error) {
	if err := s.limits.password(m.IP, id, s.db.Wall().Now()); err != nil {
		return account{}, err
	}
	var a account
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		a, err = load(ctx, tx, kind, id)
		return err
	})
	if errors.Is(err, errNoAccount) {
		return account{}, errSignedOut
	}
	if err != nil {
		return account{}, fmt.Errorf("ask for a password again: %w", err)
	}
	hash, err := s.check(ctx, a, password)
	if err == nil && hash == "" {
		err = errWrongPassword
	}
	return a, err
}
