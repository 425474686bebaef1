package payment

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/task"
)

// The safety bound: a day on which the automation would make more charges than some times those of the busiest of the last
// boundDays, and more than some in all, as the settings say, is not trusted. Its invoices are made; its charges wait for a
// person.
const (
	boundDays = 60
	heldTask  = "charges.held"
)

// KeepBound has the safety bound kept, which a store in test mode does without. It belongs to building the program.
func (s *Service) KeepBound() { s.bounded = true }

func today(ctx context.Context, tx *db.Tx) (civil.Date, error) {
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return civil.Date{}, err
	}
	return civil.Of(tx.Now, st.TimeZone), nil
}

// Held reports whether the charges that fall due must wait until staff release them. due is how many the automation is
// about to ask for. When they begin to wait, staff get a task, and an event says so. Without history nothing is unusual.
func (s *Service) Held(ctx context.Context, tx *db.Tx, due int64) (bool, error) {
	if !s.bounded || due == 0 {
		return false, nil
	}
	st, err := setting.Load(ctx, tx)
	if err != nil {
		return false, err
	}
	switch _, err := tx.HeldCharges(ctx); {
	case err == nil:
		return true, nil
	case !db.NotFound(err):
		return false, fmt.Errorf("held charges: %w", err)
	}
	on := civil.Of(tx.Now, st.TimeZone)
	limit, usual, err := s.limit(ctx, tx, st, on)
	if err != nil || !usual || due <= limit {
		return false, err
	}
	day := on.String()
	if _, err := tx.HoldCharges(ctx, query.HoldChargesParams{Day: day, Held: due}); err != nil {
		return false, fmt.Errorf("hold charges: %w", err)
	}
	detail := fmt.Sprintf("%d charges are due, and up to %d would be usual. They wait until somebody releases them; invoices are made all the same.", due, limit)
	if err := task.Ask(ctx, tx, task.Question{Kind: heldTask, SubjectID: day, Detail: detail}); err != nil {
		return false, err
	}
	return true, event.Emit(ctx, tx, event.New{
		Type: heldTask, SubjectID: day, Data: map[string]any{"day": day, "charges": due, "usual": limit},
	})
}

// limit is how many charges may still be made today. usual is false if nobody can say.
func (s *Service) limit(ctx context.Context, tx *db.Tx, st setting.Settings, on civil.Date) (limit int64, usual bool, err error) {
	if st.HoldFactor == 0 {
		return 0, false, nil
	}
	day, from := on.String(), on.AddDays(-boundDays).String()
	released, err := tx.ReleasedOn(ctx, &day)
	if err != nil || released > 0 {
		return 0, false, err
	}
	first, err := tx.FirstChargeDay(ctx)
	if db.NotFound(err) || err == nil && first > from {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("days of charges: %w", err)
	}
	busiest, err := tx.BusiestChargeDay(ctx, query.BusiestChargeDayParams{FromDay: from, ToDay: day})
	if err != nil {
		return 0, false, fmt.Errorf("days of charges: %w", err)
	}
	now, err := tx.ChargeDay(ctx, day)
	if err != nil && !db.NotFound(err) {
		return 0, false, fmt.Errorf("days of charges: %w", err)
	}
	return max(int64(st.HoldAbove), int64(st.HoldFactor)*busiest) - now.Charges, true, nil
}

// Release lets the charges that wait go on.
func (s *Service) Release(ctx context.Context) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		held, err := tx.HeldCharges(ctx)
		if db.NotFound(err) {
			return fail.Conflict("NO_CHARGES_HELD", "No charges wait to be released.")
		}
		if err != nil {
			return fmt.Errorf("held charges: %w", err)
		}
		on, err := today(ctx, tx)
		if err != nil {
			return err
		}
		day := on.String()
		if _, err := tx.ReleaseCharges(ctx, &day); err != nil {
			return fmt.Errorf("release charges: %w", err)
		}
		if err := task.Settled(ctx, tx, heldTask, held.Day); err != nil {
			return err
		}
		if err := event.Audit(ctx, tx, event.Change{What: "charges.released", SubjectID: held.Day}); err != nil {
			return err
		}
		tx.OnCommit(s.wake)
		return event.Emit(ctx, tx, event.New{
			Type: "charges.released", SubjectID: held.Day, Data: map[string]any{"day": held.Day, "released_on": day},
		})
	})
}

// Released tells of charges that were due on a day whether they had to wait, and since when they no longer do: grace
// counts from then. released is zero while they wait.
func Released(ctx context.Context, tx *db.Tx, due civil.Date) (released civil.Date, waited bool, err error) {
	row, err := tx.HeldOn(ctx, due.String())
	if db.NotFound(err) {
		return civil.Date{}, false, nil
	}
	if err != nil {
		return civil.Date{}, false, fmt.Errorf("held charges: %w", err)
	}
	if row.ReleasedOn == nil {
		return civil.Date{}, true, nil
	}
	released, err = civil.Parse(*row.ReleasedOn)
	return released, true, err
}

// countCharge counts a charge that the automation asks for.
func countCharge(ctx context.Context, tx *db.Tx) error {
	on, err := today(ctx, tx)
	if err != nil {
		return err
	}
	if err := tx.CountCharge(ctx, on.String()); err != nil {
		return fmt.Errorf("days of charges: %w", err)
	}
	return nil
}
