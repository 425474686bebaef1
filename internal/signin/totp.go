package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/staff"
)

// The codes are those that every authenticator app makes: six digits, SHA-1, a new one each 30 seconds (RFC 6238).
const (
	step         = 30 * time.Second
	codeDigits   = 6
	recoverCodes = 8  // recovery codes that are made at once
	recoverChars = 16 // of a recovery code: 80 bits
)

// Enrolment is what an authenticator app needs to know.
type Enrolment struct {
	Secret string // to type
	URL    string // otpauth://…, to show as a QR code
}

// BeginTOTP prepares a second factor for a staff member, after asking for the password once more. It counts only
// after [Service.ConfirmTOTP]; beginning again makes another secret.
func (s *Service) BeginTOTP(ctx context.Context, staffID, password string, m Meta) (Enrolment, error) {
	a, err := s.again(ctx, Staff, staffID, password, m)
	if err != nil {
		return Enrolment{}, err
	}
	if a.totp != "" {
		return Enrolment{}, errHasTOTP
	}
	store, err := s.settings.Get(ctx)
	if err != nil {
		return Enrolment{}, err
	}
	// A colon separates the issuer from the account.
	key, err := totp.Generate(totp.GenerateOpts{Issuer: strings.ReplaceAll(store.StoreName, ":", " "), AccountName: a.email})
	if err != nil {
		return Enrolment{}, fmt.Errorf("make a second factor: %w", err)
	}
	sealed := s.seal(key.Secret(), a.id)
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		return tx.BeginTOTP(ctx, query.BeginTOTPParams{ID: a.id, TotpPending: &sealed})
	})
	if err != nil {
		return Enrolment{}, fmt.Errorf("make a second factor: %w", err)
	}
	return Enrolment{Secret: key.Secret(), URL: key.URL()}, nil
}

// ConfirmTOTP turns the second factor on that BeginTOTP prepared, with a first code as the proof that the app has it.
// It returns the recovery codes, which are shown this once. All sessions but the browser's own end.
func (s *Service) ConfirmTOTP(ctx context.Context, staffID, code string, m Meta) (recovery []string, err error) {
	if err := s.limits.code(m.IP, staffID, s.db.Wall().Now()); err != nil {
		return nil, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		row, err := tx.GetStaff(ctx, staffID)
		if err != nil {
			return fmt.Errorf("confirm a second factor: %w", err)
		}
		if row.TotpPending == nil {
			return errNoTOTP
		}
		secret, err := s.open(*row.TotpPending, staffID)
		if err != nil {
			return err
		}
		at, ok := match(secret, code, tx.Wall)
		if !ok {
			return errWrongCode
		}
		n, err := tx.ConfirmTOTP(ctx, query.ConfirmTOTPParams{ID: staffID, TotpPending: row.TotpPending, Step: at})
		if err == nil && n == 0 {
			return errWrongCode // begun again meanwhile
		}
		if err == nil {
			recovery, err = newRecoveryCodes(ctx, tx, staffID)
		}
		if err == nil {
			err = tx.DeleteOtherStaffSessions(ctx, query.DeleteOtherStaffSessionsParams{StaffID: &staffID, TokenHash: crypt.HashToken(m.Token)})
		}
		if err != nil {
			return fmt.Errorf("confirm a second factor: %w", err)
		}
		return event.Audit(ctx, tx, event.Change{What: "staff.second_factor_added", SubjectID: staffID})
	})
	return recovery, err
}

// StaffSecondFactor signs a staff member in whose password was right, by a code of their app or a recovery code. The
// session gets a new token; the one that waited for the code ends. A code works once.
func (s *Service) StaffSecondFactor(ctx context.Context, token, code string, m Meta) (SignIn, error) {
	waiting, err := s.session(ctx, token, Staff)
	if err == nil && waiting.Stage != SecondFactor {
		err = errSignedOut
	}
	if err != nil {
		return SignIn{}, err
	}
	if err := s.limits.code(m.IP, waiting.StaffID, s.db.Wall().Now()); err != nil {
		return SignIn{}, err
	}
	var begun SignIn
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.LockStaff(ctx, waiting.StaffID); err != nil {
			return fmt.Errorf("check a second factor: %w", err)
		}
		a, err := load(ctx, tx, Staff, waiting.StaffID)
		if errors.Is(err, errNoAccount) || err == nil && a.totp == "" {
			return errSignedOut
		}
		if err != nil {
			return fmt.Errorf("check a second factor: %w", err)
		}
		if err := s.spendCode(ctx, tx, a, code, m); err != nil {
			return err
		}
		n, err := tx.DeleteSession(ctx, crypt.HashToken(token))
		if err == nil && n == 0 {
			return errSignedOut
		}
		if err != nil {
			return fmt.Errorf("end the session that waited for a code: %w", err)
		}
		begun, err = begin(ctx, tx, a, SignedIn, m)
		return err
	})
	if errors.Is(err, errWrongCode) {
		if err := s.auditFailure(ctx, account{kind: Staff, id: waiting.StaffID}, "second_factor_failed", m); err != nil {
			return SignIn{}, err
		}
	}
	return begun, err
}

// spendCode uses up a code of the app, or a recovery code.
func (s *Service) spendCode(ctx context.Context, tx *db.Tx, a account, code string, m Meta) error {
	code = tidyCode(code)
	if len(code) != codeDigits {
		n, err := tx.SpendRecoveryCode(ctx, query.SpendRecoveryCodeParams{StaffID: a.id, CodeHash: hashCode(a.id, code)})
		if err == nil && n == 0 {
			return errWrongCode
		}
		if err != nil {
			return fmt.Errorf("use a recovery code: %w", err)
		}
		return a.audit(ctx, tx, "recovery_code_used", m)
	}
	secret, err := s.open(a.totp, a.id)
	if err != nil {
		return err
	}
	at, ok := match(secret, code, tx.Wall)
	if !ok {
		return errWrongCode
	}
	n, err := tx.SpendTOTPStep(ctx, query.SpendTOTPStepParams{ID: a.id, Step: at})
	if err == nil && n == 0 {
		return errWrongCode // used before
	}
	if err != nil {
		return fmt.Errorf("use a code: %w", err)
	}
	return nil
}

// match returns the time step that a code belongs to: the present one, or a neighbour of it, as clocks differ.
func match(secret, code string, now time.Time) (at int64, ok bool) {
	code = tidyCode(code)
	present := now.Unix() / int64(step/time.Second)
	for _, candidate := range []int64{present - 1, present, present + 1} {
		want, err := hotp.GenerateCode(secret, uint64(candidate))
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			at, ok = candidate, true
		}
	}
	return at, ok
}

// tidyCode takes out what people put into codes to read them, and what they don't mind: spaces, hyphens, case.
func tidyCode(code string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "", "\t", "", "\u00a0", "").Replace(code))
}

// RemoveTOTP turns a staff member's own second factor off, after asking for the password once more.
func (s *Service) RemoveTOTP(ctx context.Context, staffID, password string, m Meta) error {
	a, err := s.again(ctx, Staff, staffID, password, m)
	if err != nil {
		return err
	}
	if a.totp == "" {
		return errNoTOTP
	}
	return s.db.Write(ctx, func(tx *db.Tx) error { return removeTOTP(ctx, tx, staffID) })
}

// ResetTOTP turns the second factor off for a staff member who has lost both the device and the recovery codes. All
// their sessions end. Whoever may call it decides whether it is really them who asks.
func (s *Service) ResetTOTP(ctx context.Context, staffID string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		m, err := staff.Load(ctx, tx, staffID)
		if err == nil && !m.HasTOTP {
			err = errNoTOTP
		}
		if err != nil {
			return err
		}
		if err := endSessions(ctx, tx, Staff, staffID); err != nil {
			return err
		}
		return removeTOTP(ctx, tx, staffID)
	})
}

func removeTOTP(ctx context.Context, tx *db.Tx, staffID string) error {
	if err := errors.Join(tx.RemoveTOTP(ctx, staffID), tx.DeleteRecoveryCodes(ctx, staffID)); err != nil {
		return fmt.Errorf("remove the second factor of %s: %w", staffID, err)
	}
	return event.Audit(ctx, tx, event.Change{What: "staff.second_factor_removed", SubjectID: staffID})
}

// NewRecoveryCodes replaces the recovery codes, after asking for the password once more. They are shown this once.
func (s *Service) NewRecoveryCodes(ctx context.Context, staffID, password string, m Meta) (codes []string, err error) {
	a, err := s.again(ctx, Staff, staffID, password, m)
	if err != nil {
		return nil, err
	}
	if a.totp == "" {
		return nil, errNoTOTP
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if codes, err = newRecoveryCodes(ctx, tx, staffID); err != nil {
			return err
		}
		return event.Audit(ctx, tx, event.Change{What: "staff.recovery_codes_made", SubjectID: staffID})
	})
	return codes, err
}

// RecoveryCodesLeft counts the recovery codes that were not used yet.
func (s *Service) RecoveryCodesLeft(ctx context.Context, staffID string) (n int64, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.CountRecoveryCodes(ctx, staffID)
		return err
	})
	return n, err
}

func newRecoveryCodes(ctx context.Context, tx *db.Tx, staffID string) ([]string, error) {
	if err := tx.DeleteRecoveryCodes(ctx, staffID); err != nil {
		return nil, fmt.Errorf("make recovery codes: %w", err)
	}
	codes := make([]string, recoverCodes)
	for i := range codes {
		c := strings.ToLower(rand.Text()[:recoverChars])
		if err := tx.InsertRecoveryCode(ctx, query.InsertRecoveryCodeParams{StaffID: staffID, CodeHash: hashCode(staffID, c)}); err != nil {
			return nil, fmt.Errorf("make recovery codes: %w", err)
		}
		codes[i] = c[:4] + "-" + c[4:8] + "-" + c[8:12] + "-" + c[12:]
	}
	return codes, nil
}

// hashCode is how a recovery code is stored. It has enough bits to do without a slow hash.
func hashCode(staffID, code string) string { return crypt.HashToken(staffID + " " + code) }

func (s *Service) seal(secret, staffID string) string {
	return base64.StdEncoding.EncodeToString(s.box.Seal([]byte(secret), []byte(staffID)))
}

func (s *Service) open(sealed, staffID string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err == nil {
		raw, err = s.box.Open(raw, []byte(staffID))
	}
	if err != nil {
		return "", fmt.Errorf("second factor of %s: %w", staffID, err)
	}
	return string(raw), nil
}
