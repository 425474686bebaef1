package license

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// BulkAction is what is done to many licenses at once.
type BulkAction string

// The actions.
const (
	BulkSuspend BulkAction = "suspend" // a staff hold on what is active
	BulkLift    BulkAction = "lift"    // every staff hold
	BulkExtend  BulkAction = "extend"  // a later expiry
)

// BulkInput says what is done to which licenses.
type BulkInput struct {
	Action BulkAction
	// IDs are the licenses; without any, those that Filter picks.
	IDs    []string
	Filter Filter
	// By is how much later a license expires (BulkExtend), counted on the calendar of Zone from its expiry, or from now
	// if that has passed.
	By   civil.Span
	Zone *time.Location // nil: UTC
	// Seen makes it safe to extend twice: a license that is named and has another expiry by now is left alone. It is a
	// preview's [BulkReport.Expiries].
	Seen   map[string]time.Time
	Reason string
}

// BulkReport is what a bulk action did, or would do.
type BulkReport struct {
	Matched int
	Changed int
	Skipped int
	// Expiries are those of all that are matched, as they were before, by license; the zero time is never.
	Expiries map[string]time.Time
	// Sample are some of the licenses that are changed, as they were before.
	Sample []License
	// Why counts the licenses that are skipped by reason, Skips names some of them.
	Why   map[string]int
	Skips []Skip
}

// Skip is a license that a bulk action leaves alone.
type Skip struct {
	License License
	Why     string
}

// ExpiryMoved is why a license is skipped that has another expiry than in [BulkInput.Seen].
const ExpiryMoved = "has another expiry than when you looked"

const (
	bulkMost   = 10_000 // licenses of one bulk action
	bulkSample = 20     // of each sort named in a report
)

// Validate reports everything that is wrong with in.
func (in *BulkInput) Validate() error {
	var bad fail.Fields
	switch in.Action {
	case BulkSuspend, BulkLift:
	case BulkExtend:
		bad.Check("by", in.By.Validate())
	default:
		bad.Add("action", "is not one of suspend, lift, extend")
	}
	if len(in.IDs) > bulkMost {
		bad.Add("ids", fmt.Sprintf("has more than %d entries", bulkMost))
	}
	for _, id := range in.IDs {
		if !text.IsID(id) {
			bad.Add("ids", "has an entry that is not an id")
			break
		}
	}
	var err error
	in.Reason, err = text.Notes(in.Reason, text.NotesLength)
	bad.Check("reason", err)
	if in.Zone == nil {
		in.Zone = time.UTC
	}
	return bad.Err()
}

// PreviewBulk says what [Service.Bulk] would do now.
func (s *Service) PreviewBulk(ctx context.Context, in BulkInput) (BulkReport, error) {
	return s.bulk(ctx, &in, func(context.Context, License) error { return nil })
}

// Bulk does an action to many licenses, each in a transaction of its own: what fails is skipped and named, the others
// are done. Each license is judged anew under its lock, so what has changed since a preview is respected.
func (s *Service) Bulk(ctx context.Context, in BulkInput) (BulkReport, error) {
	return s.bulk(ctx, &in, func(ctx context.Context, seen License) error {
		return s.db.Write(ctx, func(tx *db.Tx) error {
			l, err := s.lock(ctx, tx, seen.ID)
			if err != nil {
				return err
			}
			now, err := s.load(ctx, tx, seen.ID)
			if err != nil {
				return err
			}
			if why := in.skips(now); why != "" {
				return fail.Conflict("SKIPPED", why)
			}
			if err := in.do(ctx, l); err != nil {
				return err
			}
			return l.save(ctx)
		})
	})
}

// bulk validates in, so do finds it in the form that is stored.
func (s *Service) bulk(ctx context.Context, in *BulkInput, do func(ctx context.Context, l License) error) (BulkReport, error) {
	if err := in.Validate(); err != nil {
		return BulkReport{}, err
	}
	picked, err := s.pickBulk(ctx, in)
	if err != nil {
		return BulkReport{}, err
	}
	report := BulkReport{Matched: len(picked), Why: map[string]int{}, Expiries: make(map[string]time.Time, len(picked))}
	for _, l := range picked {
		report.Expiries[l.ID] = orNever(l.ExpiresAt)
		why := in.skips(l)
		if why == "" {
			err := do(ctx, l)
			var answer *fail.Error
			if err != nil && (!errors.As(err, &answer) || answer.Kind == fail.KindUnavailable) {
				return report, err
			}
			if err != nil {
				why = answer.Detail
			}
		}
		report.add(l, why)
	}
	return report, nil
}

func (r *BulkReport) add(l License, why string) {
	if why == "" {
		if r.Changed++; len(r.Sample) < bulkSample {
			r.Sample = append(r.Sample, l)
		}
		return
	}
	r.Skipped++
	if r.Why[why]++; len(r.Skips) < bulkSample {
		r.Skips = append(r.Skips, Skip{l, why})
	}
}

// pickBulk reads the licenses of a bulk action before any is changed: what changes moves about in a filtered list.
func (s *Service) pickBulk(ctx context.Context, in *BulkInput) ([]License, error) {
	var picked []License
	if len(in.IDs) > 0 {
		ids := slices.Compact(slices.Sorted(slices.Values(in.IDs)))
		for some := range slices.Chunk(ids, 200) {
			err := s.db.Read(ctx, func(tx *db.Tx) error {
				found, err := s.loadAll(ctx, tx, some)
				picked = append(picked, found...)
				return err
			})
			if err != nil {
				return nil, err
			}
		}
		return picked, nil
	}
	for l, err := range s.All(ctx, in.Filter) {
		if err != nil {
			return nil, err
		}
		if len(picked) == bulkMost {
			return nil, fail.Invalid("filter", fmt.Sprintf("picks more than %d licenses: narrow it", bulkMost))
		}
		picked = append(picked, l)
	}
	return picked, nil
}

// skips says why an action leaves a license alone; empty: it does not.
func (in *BulkInput) skips(l License) string {
	held := slices.ContainsFunc(l.Holds, func(h Hold) bool { return h.Reason == HoldStaff })
	final := l.Status == Revoked || l.Status == Cancelled
	switch {
	case in.Action == BulkSuspend && (final || l.Status == Expired):
		return fmt.Sprintf("is %s", l.Status)
	case in.Action == BulkSuspend && held:
		return "has a staff hold already"
	case in.Action == BulkLift && !held:
		return "has no staff hold"
	case in.Action == BulkExtend && final:
		return fmt.Sprintf("is %s", l.Status)
	case in.Action == BulkExtend && in.movedSinceSeen(l):
		return ExpiryMoved
	case in.Action == BulkExtend && l.ExpiresAt == nil:
		return "never expires"
	}
	return ""
}

func (in *BulkInput) movedSinceSeen(l License) bool {
	seen, looked := in.Seen[l.ID]
	return looked && !seen.Equal(orNever(l.ExpiresAt))
}

// orNever is an expiry as [BulkReport.Expiries] has it.
func orNever(expires *time.Time) time.Time {
	if expires == nil {
		return time.Time{}
	}
	return *expires
}

// do changes a locked license.
func (in *BulkInput) do(ctx context.Context, l *locked) error {
	switch in.Action {
	case BulkSuspend:
		return l.happen(ctx, StaffSuspends, Input{Source: sourceOf(ctx), Why: in.Reason})
	case BulkLift:
		return l.happen(ctx, StaffLifts, Input{Why: in.Reason})
	case BulkExtend:
	}
	from := *l.state.ExpiresAt
	if from.Before(l.tx.Now) {
		from = l.tx.Now
	}
	later := in.By.After(from, in.Zone)
	if !later.Before(latest) {
		return fail.Invalid("by", "leads beyond the year 9998")
	}
	return l.setExpiry(ctx, &later, in.Reason)
}
