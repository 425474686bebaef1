package license

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/text"
)

// SupportKind says where a period of support comes from.
type SupportKind string

// The kinds.
const (
	SupportIncluded SupportKind = "included" // with the purchase
	SupportPack     SupportKind = "pack"     // bought
	SupportByStaff  SupportKind = "staff"
	SupportImported SupportKind = "import"
)

// SupportPeriod is a time in which a license has support and upgrades. All are kept: what was released in one may run for
// ever, and so may everything before the end of the last one.
type SupportPeriod struct {
	ID               string
	Kind             SupportKind
	Name             string
	StartsAt, EndsAt time.Time
	EndsOn           civil.Date // the day of EndsAt in the store's zone
	LineID           string     // of the invoice that paid for it; empty: none
	SubscriptionID   string     // that pays for such periods; empty: none
	CreatedAt        time.Time
	TakenBackAt      *time.Time // it was refunded: it does not count
	Why              string
}

// NewSupport is a period that a license gets.
type NewSupport struct {
	Kind   SupportKind
	Name   string // empty: as the product calls its packs
	Length civil.Span
	// LineID is the line of the invoice that pays for it: a line gives one period, however often it is fulfilled.
	LineID string
	// SubscriptionID is the one that pays for it again and again. Periods of it that follow each other without a gap are
	// counted from the first one, so that a month that began on the 31st does not creep.
	SubscriptionID string
	Why            string
}

// AddSupport gives a license a further period of support, as part of tx. Bought before the last one ends, it begins at its
// end; afterwards it begins now. A license whose support has no end keeps that.
func (s *Service) AddSupport(ctx context.Context, tx *db.Tx, licenseID string, in NewSupport) error {
	l, err := s.lock(ctx, tx, licenseID)
	if err != nil {
		return err
	}
	if in.LineID != "" {
		_, err := tx.SupportPeriodOfLine(ctx, &in.LineID)
		if err == nil {
			return l.save(ctx)
		}
		if !db.NotFound(err) {
			return fmt.Errorf("support of line %s: %w", in.LineID, err)
		}
	}
	if err := l.addSupport(ctx, in); err != nil {
		return err
	}
	return l.save(ctx)
}

func (l *locked) addSupport(ctx context.Context, in NewSupport) error {
	if err := in.Length.Validate(); err != nil {
		return fail.Invalid("length", err.Error())
	}
	settings, err := setting.Load(ctx, l.tx)
	if err != nil {
		return err
	}
	if in.Name == "" {
		card, err := catalog.PlanCard(ctx, l.tx, l.row.PlanID)
		if err != nil {
			return err
		}
		in.Name = card.PackName
	}
	periods, err := l.support(ctx)
	if err != nil {
		return err
	}
	start, end := nextPeriod(periods, in, l.tx.Now, settings.TimeZone)
	_, err = l.tx.InsertSupportPeriod(ctx, query.InsertSupportPeriodParams{
		ID: l.tx.NewID("sup"), LicenseID: l.row.ID, Kind: string(in.Kind), Name: in.Name,
		StartsAt: clock.FromTime(start), EndsAt: clock.FromTime(end), EndsOn: civil.Of(end, settings.TimeZone).String(),
		LineID: optional(in.LineID), SubscriptionID: optional(in.SubscriptionID), CreatedAt: l.tx.Stamp, Why: in.Why,
	})
	if err != nil {
		return fmt.Errorf("support of %s: %w", l.row.ID, err)
	}
	why := in.Name
	if in.Why != "" {
		why += ": " + in.Why
	}
	// One that is included begins what has had no end so far.
	return l.recountSupport(ctx, WhatSupportAdded, why, in.Kind == SupportIncluded)
}

// nextPeriod is from when to when a further period lasts.
func nextPeriod(periods []SupportPeriod, in NewSupport, now time.Time, zone *time.Location) (start, end time.Time) {
	start = now
	if until := supportEnd(periods); until != nil && until.After(now) {
		start = *until
	}
	// Back along the periods of the same subscription that lead up to this one.
	first, n := start, 1
	for in.SubscriptionID != "" {
		before := -1
		for i, p := range periods {
			if p.TakenBackAt == nil && p.SubscriptionID == in.SubscriptionID && p.EndsAt.Equal(first) && p.StartsAt.Before(first) {
				before = i
			}
		}
		if before < 0 {
			break
		}
		first, n = periods[before].StartsAt, n+1
	}
	whole := civil.Span{Count: in.Length.Count * n, Unit: in.Length.Unit}
	end = whole.After(first, zone)
	if !end.After(start) {
		end = in.Length.After(start, zone) // the length changed on the way
	}
	return start, clock.FromTime(end).Time()
}

// supportEnd is the latest end of the periods that count; nil if none does.
func supportEnd(periods []SupportPeriod) *time.Time {
	var until *time.Time
	for _, p := range periods {
		if p.TakenBackAt == nil && (until == nil || p.EndsAt.After(*until)) {
			until = &p.EndsAt
		}
	}
	return until
}

// recountSupport brings the end of the license's support in line with its periods. Support without an end keeps having
// none, unless bounded says that it gets one.
func (l *locked) recountSupport(ctx context.Context, what, why string, bounded bool) error {
	before := clock.TimePtr(l.row.UpdatesUntil)
	after := before
	if before != nil || bounded {
		periods, err := l.support(ctx)
		if err != nil {
			return err
		}
		if after = supportEnd(periods); after == nil {
			created := l.row.CreatedAt.Time() // all was taken back: it runs what there was at first
			after = &created
		}
	}
	// What a lease says of add-ons has changed, even where the end is the same.
	l.modified = true
	if err := note(ctx, l.tx, l.row.ID, Entry{What: what, Before: supportWords(before), After: supportWords(after), Why: why}); err != nil {
		return err
	}
	if sameInstant(before, after) {
		return nil
	}
	l.row.UpdatesUntil, l.updated = clock.FromTimePtr(after), append(l.updated, "updates_until")
	err := l.tx.SetUpdatesUntil(ctx, query.SetUpdatesUntilParams{ID: l.row.ID, UpdatesUntil: l.row.UpdatesUntil, UpdatedAt: l.tx.Stamp})
	if err != nil {
		return fmt.Errorf("support of %s: %w", l.row.ID, err)
	}
	return nil
}

func supportWords(until *time.Time) string {
	if until == nil {
		return "no end"
	}
	return "until " + until.UTC().Format(time.RFC3339)
}

// SupportDay is what an entry about support says after or before it, with the day alone.
func SupportDay(words string) string {
	until, found := strings.CutPrefix(words, "until ")
	at, err := time.Parse(time.RFC3339, until)
	if !found || err != nil {
		return words
	}
	return "until " + at.Format("2 January 2006")
}

// TakeBackSupport ends the period that a line of an invoice paid for, as part of tx: it was refunded. A line that paid for
// none, or whose period was taken back before, changes nothing.
func (s *Service) TakeBackSupport(ctx context.Context, tx *db.Tx, lineID, why string) error {
	period, err := tx.SupportPeriodOfLine(ctx, &lineID)
	if db.NotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("support of line %s: %w", lineID, err)
	}
	l, err := s.lock(ctx, tx, period.LicenseID)
	if err != nil {
		return err
	}
	// Under the lock: somebody else may have been faster.
	if period, err = tx.SupportPeriodOfLine(ctx, &lineID); err != nil {
		return fmt.Errorf("support of line %s: %w", lineID, err)
	}
	if period.TakenBackAt != nil {
		return l.save(ctx)
	}
	if err := tx.TakeBackSupportPeriod(ctx, query.TakeBackSupportPeriodParams{ID: period.ID, TakenBackAt: &tx.Stamp}); err != nil {
		return fmt.Errorf("support of line %s: %w", lineID, err)
	}
	if err := l.recountSupport(ctx, WhatSupportTakenBack, why, false); err != nil {
		return err
	}
	return l.save(ctx)
}

// GiveSupport adds a period by hand.
func (s *Service) GiveSupport(ctx context.Context, licenseID string, length civil.Span, why string) (License, error) {
	var bad fail.Fields
	bad.Check("length", length.Validate())
	why, err := text.Notes(why, text.NotesLength)
	bad.Check("reason", err)
	if err := bad.Err(); err != nil {
		return License{}, err
	}
	var after License
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		l, err := s.lock(ctx, tx, licenseID)
		if err != nil {
			return err
		}
		before := clock.TimePtr(l.row.UpdatesUntil)
		switch {
		case Type(l.row.Type) != Purchased:
			return fail.Conflict(CodeSupportIncluded, fmt.Sprintf("Support and upgrades of a %s license last as long as it runs.", l.row.Type))
		case before == nil:
			return fail.Conflict(CodeSupportIncluded, "Support and upgrades of this license have no end.")
		}
		if err := l.addSupport(ctx, NewSupport{Kind: SupportByStaff, Length: length, Why: why}); err != nil {
			return err
		}
		if err := l.save(ctx); err != nil {
			return err
		}
		err = event.Audit(ctx, tx, event.Change{
			What: "license.support_added", SubjectID: licenseID, Before: supportWords(before), After: supportWords(clock.TimePtr(l.row.UpdatesUntil)), Why: why,
		})
		if err != nil {
			return err
		}
		after, err = s.load(ctx, tx, licenseID)
		return err
	})
	return after, err
}

// Support returns the periods of support of a license, the oldest first, with those that were taken back.
func (s *Service) Support(ctx context.Context, licenseID string) ([]SupportPeriod, error) {
	if !text.IsID(licenseID) {
		return nil, errNoLicense
	}
	var periods []SupportPeriod
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		periods, err = supportOf(ctx, tx, licenseID)
		return err
	})
	return periods, err
}

func (l *locked) support(ctx context.Context) ([]SupportPeriod, error) {
	return supportOf(ctx, l.tx, l.row.ID)
}

func supportOf(ctx context.Context, tx *db.Tx, licenseID string) ([]SupportPeriod, error) {
	rows, err := tx.SupportPeriods(ctx, licenseID)
	if err != nil {
		return nil, fmt.Errorf("support of %s: %w", licenseID, err)
	}
	periods := make([]SupportPeriod, len(rows))
	for i, r := range rows {
		on, err := civil.Parse(r.EndsOn)
		if err != nil {
			return nil, fmt.Errorf("support of %s: %w", licenseID, err)
		}
		periods[i] = SupportPeriod{
			ID: r.ID, Kind: SupportKind(r.Kind), Name: r.Name, StartsAt: r.StartsAt.Time(), EndsAt: r.EndsAt.Time(), EndsOn: on,
			LineID: orEmpty(r.LineID), SubscriptionID: orEmpty(r.SubscriptionID), CreatedAt: r.CreatedAt.Time(),
			TakenBackAt: clock.TimePtr(r.TakenBackAt), Why: r.Why,
		}
	}
	return periods, nil
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
