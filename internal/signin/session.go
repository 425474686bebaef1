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
	"github.com/keystead/keystead/internal/text"
)

// Stage says how far somebody has come.
type Stage string

// The stages of a session.
const (
	SecondFactor Stage = "second_factor" // the password was right; a code is still to come
	SignedIn     Stage = "signed_in"
)

// How long sessions live: as long as they are used, and not forever.
const (
	staffIdle        = 12 * time.Hour
	staffLifetime    = 7 * 24 * time.Hour
	customerIdle     = 30 * 24 * time.Hour
	customerLifetime = 90 * 24 * time.Hour
	codeLifetime     = 10 * time.Minute // of a session that waits for a code
	actingLifetime   = 2 * time.Hour    // of a session in which staff acts for a customer

	noteUse = time.Minute // how exactly the time of the last use is kept
)

// Session is somebody in a browser.
type Session struct {
	Kind       Kind
	Stage      Stage
	StaffID    string // of a session of staff
	CustomerID string // of a session of a customer
	Email      string // of either
	Name       string
	// ActingStaffID is the staff member who acts for the customer; empty: the customer is here.
	ActingStaffID   string
	ActingStaffName string
	IP              string // at sign-in
	UserAgent       string
	CreatedAt       time.Time
	LastSeenAt      time.Time // to the minute
	ExpiresAt       time.Time
}

// Actor is who acts in the session: the one who is signed in, or the staff member who acts for them.
func (s Session) Actor(ip string) event.Actor {
	switch {
	case s.Kind == Staff:
		return event.Actor{Kind: event.Staff, ID: s.StaffID, Name: s.Name, IP: ip}
	case s.ActingStaffID != "":
		return event.Actor{Kind: event.Staff, ID: s.ActingStaffID, Name: s.ActingStaffName + " for " + s.Name, IP: ip}
	default:
		return event.Actor{Kind: event.Customer, ID: s.CustomerID, Name: s.Name, IP: ip}
	}
}

// SignIn is a session that has begun. Token goes into the browser's cookie and is stored nowhere else.
type SignIn struct {
	Token   string
	Session Session
}

// NeedsSecondFactor reports whether a code is still to come before the session is worth anything.
func (s SignIn) NeedsSecondFactor() bool { return s.Session.Stage == SecondFactor }

// StaffSession returns the session of staff that a token belongs to. Look at its Stage: while it is SecondFactor,
// nobody is signed in yet. It fails with CodeSignedOut if there is no session, or not any more.
func (s *Service) StaffSession(ctx context.Context, token string) (Session, error) {
	return s.session(ctx, token, Staff)
}

// CustomerSession returns the session of a customer that a token belongs to, be it the customer or staff that acts
// for them. It fails with CodeSignedOut if there is none, or not any more.
func (s *Service) CustomerSession(ctx context.Context, token string) (Session, error) {
	return s.session(ctx, token, Customer)
}

func (s *Service) session(ctx context.Context, token string, kind Kind) (Session, error) {
	if token == "" {
		return Session{}, errSignedOut
	}
	hash := crypt.HashToken(token)
	var (
		found Session
		stale bool
	)
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		found, err = loadSession(ctx, tx, hash, kind)
		stale = err == nil && tx.Wall.Sub(found.LastSeenAt) >= noteUse
		return err
	})
	if err != nil || !stale {
		return found, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		return tx.TouchSession(ctx, query.TouchSessionParams{TokenHash: hash, LastSeenAt: tx.WallStamp})
	})
	if err != nil && fail.Of(err).Kind != fail.KindUnavailable {
		return Session{}, fmt.Errorf("note the use of a session: %w", err)
	}
	return found, nil // a store that can be read but not written, as on a full disk, still shows its pages
}

// loadSession returns a session that is alive at the transaction's now.
func loadSession(ctx context.Context, tx *db.Tx, hash string, kind Kind) (Session, error) {
	row, err := tx.GetSession(ctx, hash)
	if db.NotFound(err) {
		return Session{}, errSignedOut
	}
	if err != nil {
		return Session{}, fmt.Errorf("find a session: %w", err)
	}
	idle := staffIdle
	if kind == Customer {
		idle = customerIdle
	}
	if Kind(row.Kind) != kind || !tx.Wall.Before(row.ExpiresAt.Time()) || tx.Wall.Sub(row.LastSeenAt.Time()) >= idle {
		return Session{}, errSignedOut
	}
	found := Session{
		Kind: kind, Stage: Stage(row.Stage), StaffID: value(row.StaffID), CustomerID: value(row.CustomerID),
		ActingStaffID: value(row.ActingStaffID), IP: row.Ip, UserAgent: row.UserAgent,
		CreatedAt: row.CreatedAt.Time(), LastSeenAt: row.LastSeenAt.Time(), ExpiresAt: row.ExpiresAt.Time(),
	}
	a, err := load(ctx, tx, kind, found.StaffID+found.CustomerID)
	if errors.Is(err, errNoAccount) {
		return Session{}, errSignedOut
	}
	if err != nil {
		return Session{}, fmt.Errorf("find a session: %w", err)
	}
	found.Email, found.Name = a.email, a.name
	if found.ActingStaffID != "" {
		acting, err := mayAct(ctx, tx, found.ActingStaffID)
		if errors.Is(err, errMayNotAct) {
			return Session{}, errSignedOut
		}
		if err != nil {
			return Session{}, err
		}
		found.ActingStaffName = acting.Name
	}
	return found, nil
}

// mayAct returns a staff member who may act for customers.
func mayAct(ctx context.Context, tx *db.Tx, staffID string) (staff.Staff, error) {
	m, err := staff.Load(ctx, tx, staffID)
	if err == nil && (m.DisabledAt != nil || !m.Role.Can(staff.CustomersWrite)) {
		err = errMayNotAct
	}
	return m, err
}

// begin starts a session for an account as part of tx, ends the one that the browser had, and tells the audit log
// when somebody is in.
func begin(ctx context.Context, tx *db.Tx, a account, stage Stage, m Meta) (SignIn, error) {
	begun, err := insert(ctx, tx, a, stage, "", m)
	if err != nil || stage != SignedIn {
		return begun, err
	}
	return begun, a.audit(ctx, tx, "signed_in", m)
}

func lifetime(kind Kind, stage Stage, actingStaffID string) time.Duration {
	switch {
	case stage == SecondFactor:
		return codeLifetime
	case actingStaffID != "":
		return actingLifetime
	case kind == Customer:
		return customerLifetime
	default:
		return staffLifetime
	}
}

func insert(ctx context.Context, tx *db.Tx, a account, stage Stage, actingStaffID string, m Meta) (SignIn, error) {
	if m.Token != "" {
		if _, err := tx.DeleteSession(ctx, crypt.HashToken(m.Token)); err != nil {
			return SignIn{}, fmt.Errorf("end the session before: %w", err)
		}
	}
	token := crypt.Token("")
	row := query.InsertSessionParams{
		TokenHash: crypt.HashToken(token), Kind: string(a.kind), Stage: string(stage), Ip: m.ip(), UserAgent: m.agent(),
		CreatedAt: tx.WallStamp, LastSeenAt: tx.WallStamp, ExpiresAt: in(tx, lifetime(a.kind, stage, actingStaffID)),
	}
	if a.kind == Staff {
		row.StaffID = &a.id
	} else {
		row.CustomerID = &a.id
	}
	if actingStaffID != "" {
		row.ActingStaffID = &actingStaffID
	}
	if err := tx.InsertSession(ctx, row); err != nil {
		return SignIn{}, fmt.Errorf("begin a session: %w", err)
	}
	begun, err := loadSession(ctx, tx, row.TokenHash, a.kind)
	return SignIn{Token: token, Session: begun}, err
}

// SignOut ends the session of a token. Where there is none it does nothing.
func (s *Service) SignOut(ctx context.Context, token string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		hash := crypt.HashToken(token)
		row, err := tx.GetSession(ctx, hash)
		if db.NotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("sign out: %w", err)
		}
		if _, err := tx.DeleteSession(ctx, hash); err != nil {
			return fmt.Errorf("sign out: %w", err)
		}
		return event.Audit(ctx, tx, event.Change{What: row.Kind + ".signed_out", SubjectID: value(row.StaffID) + value(row.CustomerID)})
	})
}

// SignOutEverywhere ends every session of an account; of staff also those in which they act for customers.
func (s *Service) SignOutEverywhere(ctx context.Context, kind Kind, id string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if err := endSessions(ctx, tx, kind, id); err != nil {
			return err
		}
		return event.Audit(ctx, tx, event.Change{What: string(kind) + ".signed_out_everywhere", SubjectID: id})
	})
}

func endSessions(ctx context.Context, tx *db.Tx, kind Kind, id string) error {
	end := tx.DeleteCustomerSessions
	if kind == Staff {
		end = tx.DeleteStaffSessions
	}
	if err := end(ctx, &id); err != nil {
		return fmt.Errorf("end the sessions of %s: %w", id, err)
	}
	return nil
}

// ActAs begins a session in which a staff member acts for a customer. It is short, every change in it is recorded as
// the staff member's, and it ends with their right to act.
func (s *Service) ActAs(ctx context.Context, staffID, customerID string, m Meta) (SignIn, error) {
	var begun SignIn
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if text.IsID(staffID) {
			if _, err := tx.LockStaff(ctx, staffID); err != nil {
				return fmt.Errorf("act for a customer: %w", err)
			}
		}
		if _, err := mayAct(ctx, tx, staffID); err != nil {
			return err
		}
		a, err := load(ctx, tx, Customer, customerID)
		if errors.Is(err, errNoAccount) {
			return errNoCustomer
		}
		if err != nil {
			return fmt.Errorf("act for a customer: %w", err)
		}
		if begun, err = insert(ctx, tx, a, SignedIn, staffID, m); err != nil {
			return err
		}
		ctx := event.WithActor(ctx, begun.Session.Actor(m.ip()))
		return event.Audit(ctx, tx, event.Change{What: "customer.acted_for", SubjectID: customerID})
	})
	return begun, err
}

func pruneSessions(ctx context.Context, tx *db.Tx) (int64, error) {
	return tx.PruneSessions(ctx, query.PruneSessionsParams{Before: clock.FromTime(tx.Wall), N: pruneBatch})
}
