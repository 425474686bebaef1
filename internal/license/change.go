package license

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/text"
)

// changed tells of a commit to come that changes what a check of the license answers: to listeners in this process
// after the commit, to other processes through the change feed. An empty id stands for all licenses.
func (s *Service) changed(ctx context.Context, tx *db.Tx, licenseID string, version int64) error {
	if tx.Engine() == db.Postgres {
		inFeed := licenseID
		if inFeed == "" {
			inFeed = "*"
		}
		err := tx.InsertLicenseChange(ctx, query.InsertLicenseChangeParams{LicenseID: inFeed, Version: version, ChangedAt: tx.Stamp})
		if err != nil {
			return fmt.Errorf("change feed: %w", err)
		}
	}
	tx.OnCommit(func() {
		for _, told := range s.listeners {
			told(licenseID, version)
		}
	})
	return nil
}

// locked is a license that this transaction alone may change: it is read, changed in memory by the rules, and saved.
type locked struct {
	s   *Service
	tx  *db.Tx
	row query.License

	stored   []Hold // the holds that the store has
	before   State  // as it was read
	state    State
	limit    int64
	updated  []string    // fields that license.updated names
	news     []event.New // told once all is saved: whoever hears them may read the license
	modified bool
	timed    bool // time has changed its status, and nobody wrote that down before
}

// lock takes a license and writes down what time has changed since its status was written last.
func (s *Service) lock(ctx context.Context, tx *db.Tx, id string) (*locked, error) {
	if !text.IsID(id) {
		return nil, errNoLicense
	}
	row, err := tx.LockLicense(ctx, id)
	if db.NotFound(err) {
		return nil, errNoLicense
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", id, err)
	}
	rows, err := tx.HoldsOfLicense(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("holds of %s: %w", id, err)
	}
	holds := holdsOf(rows)
	l := &locked{
		s: s, tx: tx, row: row, stored: holds, limit: row.ActivationLimit,
		state: State{
			Outcome: Outcome(row.Outcome), Holds: holds,
			ExpiresAt: clock.TimePtr(row.ExpiresAt), GraceUntil: clock.TimePtr(row.GraceUntil), EndsAt: clock.TimePtr(row.EndsAt),
		},
	}
	l.before = l.state
	if err := l.settle(ctx); err != nil {
		return nil, err
	}
	return l, l.followParent(ctx)
}

// settle writes down in the history that time has ended or suspended the license, if nobody has yet.
func (l *locked) settle(ctx context.Context) error {
	now := l.state.Status(l.tx.Now)
	if Status(l.row.Status) == now {
		return nil
	}
	l.row.Status = string(now)
	l.modified, l.timed = true, true
	return noteTime(ctx, l.tx, l.row.ID, l.row.CustomerID, l.state)
}

// noteTime tells the history and the world that time alone has changed a license's status.
func noteTime(ctx context.Context, tx *db.Tx, licenseID, customerID string, s State) error {
	passed, just := EndPasses, s.EndsAt
	switch s.Status(tx.Now) {
	case Expired:
	case Suspended:
		passed, just = GracePasses, s.GraceUntil
	default:
		return nil // a clock was turned back: nothing has happened
	}
	ctx = bySystem(ctx)
	before := describe(s, beforeInstant(just, tx.Now))
	if err := note(ctx, tx, licenseID, Entry{What: string(passed), Before: before, After: describe(s, tx.Now)}); err != nil {
		return err
	}
	return event.Emit(ctx, tx, statusNews(licenseID, customerID, s.Status(beforeInstant(just, tx.Now)), s, tx.Now, ""))
}

// happen lets a trigger take place. If the license is already what it would become, it does nothing.
func (l *locked) happen(ctx context.Context, on Trigger, in Input) error {
	now := l.tx.Now
	before := l.state
	after, line, err := Next(before, on, in, now)
	if err != nil || sameState(before, after) {
		return err
	}
	l.state, l.modified = after, true
	override := slices.Contains(line.Do, Override)
	err = note(ctx, l.tx, l.row.ID, Entry{
		What: string(on), Override: override, Before: describe(before, now), After: describe(after, now), Why: in.Why,
	})
	if err != nil {
		return err
	}
	l.tellHolds(before.Holds, after.Holds, in.Why)
	if from := before.Status(now); from != after.Status(now) {
		l.news = append(l.news, statusNews(l.row.ID, l.row.CustomerID, from, after, now, in.Why))
	}
	if on == PaymentLifted && in.Until != nil {
		l.tell(EventGraceExtended, map[string]any{"until": in.Until})
	}
	return nil
}

func sameState(a, b State) bool {
	return a.Outcome == b.Outcome && sameInstant(a.ExpiresAt, b.ExpiresAt) && sameInstant(a.GraceUntil, b.GraceUntil) &&
		sameInstant(a.EndsAt, b.EndsAt) && slices.EqualFunc(a.Holds, b.Holds, sameHold)
}

func sameInstant(a, b *time.Time) bool {
	return (a == nil) == (b == nil) && (a == nil || a.Equal(*b))
}

// statusNews tells that a license, now in state s, is no longer what it was.
func statusNews(licenseID, customerID string, from Status, s State, now time.Time, why string) event.New {
	to := s.Status(now)
	var reasons []HoldReason
	for _, h := range s.ShownHolds(now) {
		reasons = append(reasons, h.Reason)
	}
	return event.New{
		Type: statusEvents[to], SubjectID: licenseID, CustomerID: customerID,
		Data: struct {
			From      Status       `json:"from"`
			To        Status       `json:"to"`
			Holds     []HoldReason `json:"holds,omitempty"`
			ExpiresAt *time.Time   `json:"expires_at"`
			Why       string       `json:"why,omitempty"`
		}{from, to, reasons, s.ExpiresAt, why},
	}
}

// tell keeps an event about the license until it is saved.
func (l *locked) tell(what string, data any) {
	l.news = append(l.news, event.New{Type: what, SubjectID: l.row.ID, CustomerID: l.row.CustomerID, Data: data})
}

func (l *locked) tellHolds(before, after []Hold, why string) {
	tell := func(what string, h Hold) {
		l.tell(what, struct {
			Reason HoldReason `json:"reason"`
			Source string     `json:"source,omitempty"`
			Why    string     `json:"why,omitempty"`
		}{h.Reason, h.Source, why})
	}
	for _, h := range missing(before, after) {
		tell(EventHoldLifted, h)
	}
	for _, h := range missing(after, before) {
		tell(EventHoldPlaced, h)
	}
}

// missing are the holds of a that b does not have.
func missing(a, b []Hold) []Hold {
	var m []Hold
	for _, h := range a {
		if !slices.ContainsFunc(b, func(o Hold) bool { return sameHold(o, h) }) {
			m = append(m, h)
		}
	}
	return m
}

// setLimit changes how many places the license allows. Activations beyond a lower limit stay.
func (l *locked) setLimit(ctx context.Context, limit int64, why string) error {
	if limit == l.limit {
		return nil
	}
	before := l.limit
	l.limit, l.modified, l.updated = limit, true, append(l.updated, "activation_limit")
	return note(ctx, l.tx, l.row.ID, Entry{What: WhatLimitChanged, Before: limitWords(before), After: limitWords(limit), Why: why})
}

func limitWords(limit int64) string {
	if limit == 0 {
		return "unlimited"
	}
	return fmt.Sprint(limit)
}

// setEntitlements replaces the license's own entitlements.
func (l *locked) setEntitlements(ctx context.Context, encoded, why string) error {
	if encoded == l.row.Entitlements {
		return nil
	}
	before := l.row.Entitlements
	l.row.Entitlements, l.modified, l.updated = encoded, true, append(l.updated, "entitlements")
	return note(ctx, l.tx, l.row.ID, Entry{What: WhatEntitlementsChanged, Before: before, After: encoded, Why: why})
}

// save writes what was changed, and tells of it.
func (l *locked) save(ctx context.Context) error {
	if !l.modified {
		return l.emit(ctx)
	}
	id := l.row.ID
	for _, h := range missing(l.stored, l.state.Holds) {
		if err := l.tx.DeleteHold(ctx, query.DeleteHoldParams{LicenseID: id, Reason: string(h.Reason), Source: h.Source}); err != nil {
			return fmt.Errorf("lift a hold on %s: %w", id, err)
		}
	}
	for _, h := range missing(l.state.Holds, l.stored) {
		err := l.tx.InsertHold(ctx, query.InsertHoldParams{LicenseID: id, Reason: string(h.Reason), Source: h.Source, Since: int64(l.tx.Stamp), Why: h.Why})
		if err != nil {
			return fmt.Errorf("place a hold on %s: %w", id, err)
		}
	}
	near := l.row.NearLimit
	if l.limit != l.row.ActivationLimit {
		used, err := l.tx.CountActivations(ctx, id)
		if err != nil {
			return fmt.Errorf("activations of %s: %w", id, err)
		}
		near = nearLimit(l.limit, used)
	}
	err := l.tx.SaveLicense(ctx, query.SaveLicenseParams{
		ID: id, Status: string(l.state.Status(l.tx.Now)), Outcome: string(l.state.Outcome),
		ExpiresAt: clock.FromTimePtr(l.state.ExpiresAt), GraceUntil: clock.FromTimePtr(l.state.GraceUntil), EndsAt: clock.FromTimePtr(l.state.EndsAt),
		ActivationLimit: l.limit, NearLimit: near, Entitlements: l.row.Entitlements, UpdatedAt: l.tx.Stamp,
	})
	if err != nil {
		return fmt.Errorf("save %s: %w", id, err)
	}
	if err := l.s.changed(ctx, l.tx, id, l.row.Version); err != nil {
		return err
	}
	if err := l.emit(ctx); err != nil {
		return err
	}
	if l.timed || !sameState(l.before, l.state) {
		return l.s.leadChildren(ctx, l.tx, id)
	}
	return nil
}

// emit tells what happened to the license, now that it is saved.
func (l *locked) emit(ctx context.Context) error {
	if len(l.updated) > 0 {
		l.tell(EventUpdated, struct {
			Fields          []string        `json:"fields"`
			ActivationLimit int64           `json:"activation_limit"`
			ExpiresAt       *time.Time      `json:"expires_at"`
			Entitlements    json.RawMessage `json:"entitlements"`
		}{l.updated, l.limit, l.state.ExpiresAt, json.RawMessage(l.row.Entitlements)})
	}
	for _, n := range l.news {
		if err := event.Emit(ctx, l.tx, n); err != nil {
			return err
		}
	}
	return nil
}
