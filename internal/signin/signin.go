// Package signin lets people prove who they are: passwords, sessions, second factors and one-time links, for the
// staff of a store and for its customers.
//
//   - Of every secret only a hash is stored (of a second factor's secret a sealed form), and each is compared and
//     looked up so that the time of an answer tells nothing about which accounts exist.
//   - A session gets a new token whenever it gains rights: at sign-in and after the second factor. A new password
//     ends all sessions of its owner.
//   - Whatever takes a secret is limited per address and per account. The limits pass by themselves; nobody can lock
//     somebody else out for good.
//   - Sign-ins, failed ones and changes of the means to sign in are in the audit log, not in the public history.
package signin

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/text"
)

// Codes of failures that faces branch on.
const (
	CodeSignedOut     = "SIGNED_OUT"     // there is no session, or it has ended
	CodeWrongSignIn   = "WRONG_SIGN_IN"  // unknown account, or another password
	CodeWrongPassword = "WRONG_PASSWORD" // asked for again, and wrong
	CodeWrongCode     = "WRONG_CODE"     // of a second factor
	CodeLinkInvalid   = "LINK_INVALID"   // a one-time link that is unknown, used or too old
)

var (
	errSignedOut     = fail.New(fail.KindUnauthenticated, CodeSignedOut, "Sign in to go on.")
	errWrongSignIn   = fail.New(fail.KindUnauthenticated, CodeWrongSignIn, "The e-mail address or the password is wrong.")
	errWrongPassword = wrongField(CodeWrongPassword, "current_password", "is not your password")
	errWrongCode     = wrongField(CodeWrongCode, "code", "is wrong, or was used before")
	errLinkInvalid   = fail.New(fail.KindGone, CodeLinkInvalid, "This link was used before or is too old. Ask for another one.")
	errHasStaff      = fail.Conflict("ALREADY_SET_UP", "This store is set up already.")
	errDisabled      = fail.Conflict("STAFF_DISABLED", "This staff member is disabled. Enable them first.")
	errHasTOTP       = fail.Conflict("SECOND_FACTOR_ON", "There is a second factor already. Remove it first.")
	errNoTOTP        = fail.Conflict("SECOND_FACTOR_OFF", "There is no second factor.")
	errNoCustomer    = fail.NotFound("CUSTOMER_NOT_FOUND", "There is no such customer.")
	errMayNotAct     = fail.Forbidden("MISSING_PERMISSION", "Your role does not allow acting for a customer.")
)

func wrongField(code, field, message string) *fail.Error {
	e := fail.Invalid(field, message)
	e.Code = code
	return e
}

// Kind says whose account it is.
type Kind string

// The kinds of accounts.
const (
	Staff    Kind = "staff"
	Customer Kind = "customer"
)

// Meta is what is known about a request that signs somebody in.
type Meta struct {
	IP        netip.Addr
	UserAgent string
	// Token is that of the session which the browser already has, if it has one. It ends when the browser gets
	// another.
	Token string
}

// Config is what signing in stands on.
type Config struct {
	Box      *crypt.Box // seals the secrets of second factors
	Staff    *staff.Service
	Settings *setting.Service
	// TrustLoopback leaves loopback addresses out of the limits, for a demo store.
	TrustLoopback bool
}

// Service signs people in. It is safe for concurrent use.
type Service struct {
	db        *db.DB
	box       *crypt.Box
	staff     *staff.Service
	settings  *setting.Service
	passwords *crypt.Passwords
	limits    *limits
	postman   Postman
}

// New returns the sign-in of the store d.
func New(d *db.DB, c Config) *Service {
	return &Service{
		db: d, box: c.Box, staff: c.Staff, settings: c.Settings, passwords: crypt.NewPasswords(), limits: newLimits(c.TrustLoopback),
	}
}

// account is what signing in needs to know about somebody.
type account struct {
	kind  Kind
	id    string
	email string
	name  string
	hash  string // of the password; empty: none was set
	totp  string // sealed secret of the second factor; empty: none
}

// find returns the account with an e-mail address. An unknown one is an account without an id.
func find(ctx context.Context, tx *db.Tx, kind Kind, email string) (account, error) {
	if kind == Staff {
		row, err := tx.GetStaffByEmail(ctx, email)
		if db.NotFound(err) || err == nil && row.DisabledAt != nil {
			return account{kind: kind}, nil
		}
		return account{kind, row.ID, row.Email, row.Name, row.PasswordHash, value(row.TotpSecret)}, err
	}
	row, err := tx.FindCustomerAccount(ctx, email)
	if db.NotFound(err) {
		return account{kind: kind}, nil
	}
	return account{kind, row.ID, row.Email, row.Name, value(row.PasswordHash), ""}, err
}

// errNoAccount says that an account is unknown or disabled. Callers say what that means to theirs.
var errNoAccount = errors.New("there is no such account")

// load returns the account with an id.
func load(ctx context.Context, tx *db.Tx, kind Kind, id string) (account, error) {
	if !text.IsID(id) {
		return account{}, errNoAccount
	}
	if kind == Staff {
		row, err := tx.GetStaff(ctx, id)
		if db.NotFound(err) || err == nil && row.DisabledAt != nil {
			return account{}, errNoAccount
		}
		return account{kind, row.ID, row.Email, row.Name, row.PasswordHash, value(row.TotpSecret)}, err
	}
	row, err := tx.GetCustomerAccount(ctx, id)
	if db.NotFound(err) {
		return account{}, errNoAccount
	}
	return account{kind, row.ID, row.Email, row.Name, value(row.PasswordHash), ""}, err
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// audit writes what an account did, as its own act.
func (a account) audit(ctx context.Context, tx *db.Tx, what string, m Meta) error {
	actor := event.Actor{Kind: event.ActorKind(a.kind), ID: a.id, Name: a.name, IP: m.ip()}
	return event.Audit(event.WithActor(ctx, actor), tx, event.Change{What: string(a.kind) + "." + what, SubjectID: a.id})
}

// auditFailure writes what somebody tried to do with an account without proving that it is theirs. It is the same
// work for accounts that don't exist. What was typed is not kept: it may be a password in the wrong field.
func (s *Service) auditFailure(ctx context.Context, a account, what string, m Meta) error {
	actor := event.Actor{Kind: event.ActorKind(a.kind), IP: m.ip()}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		return event.Audit(event.WithActor(ctx, actor), tx, event.Change{What: string(a.kind) + "." + what, SubjectID: a.id})
	})
}

// agent is the browser's name as it is stored.
func (m Meta) agent() string {
	s := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(m.UserAgent, ""))
	if r := []rune(s); len(r) > text.NameLength {
		s = string(r[:text.NameLength])
	}
	return s
}

func (m Meta) ip() string {
	if !m.IP.IsValid() {
		return ""
	}
	return m.IP.String()
}

const pruneBatch = 1000 // rows removed in one transaction

// Prune forgets sessions and links whose time is over.
func (s *Service) Prune(ctx context.Context) error {
	for _, prune := range []func(context.Context, *db.Tx) (int64, error){pruneSessions, pruneLinks} {
		for n := int64(pruneBatch); n == pruneBatch; {
			err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
				n, err = prune(ctx, tx)
				return err
			})
			if err != nil {
				return fmt.Errorf("prune what has expired: %w", err)
			}
		}
	}
	return nil
}

// in returns when something ends that begins now.
func in(tx *db.Tx, d time.Duration) clock.Instant { return clock.FromTime(tx.Wall.Add(d)) }
