package account

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/registrar"
)

// pace is that of an account: one for all its adapters, as the registrar counts them together.
func (s *Service) pace(a Account) *registrar.Pace {
	s.pacing.Lock()
	defer s.pacing.Unlock()
	want := perSecond(a.Settings)
	if p := s.paces[a.ID]; p.PerSecond() != want {
		s.paces[a.ID] = registrar.NewPace(want, s.lender(a.ID))
	}
	return s.paces[a.ID]
}

// lender lends the turns at a registrar where other processes may serve the store, too.
func (s *Service) lender(id string) registrar.Lender {
	if s.db.Engine() == db.SQLite {
		return nil
	}
	return func(ctx context.Context, want registrar.Turns) (loan registrar.Loan, err error) {
		var from time.Time
		err = s.db.Write(db.With(ctx, nil), func(tx *db.Tx) error {
			loan.Lent, from = false, time.Time{}
			length := want.Gap * time.Duration(want.N)
			until, err := tx.LendTurns(ctx, query.LendTurnsParams{
				ID: id, Length: length.Microseconds(), Soonest: micros(tx.Wall.Add(want.Lead)), Latest: micros(tx.Wall.Add(want.Patience)),
				Beyond: micros(tx.Wall.Add(setBack)),
			})
			switch {
			case err == nil:
				loan.Lent, from = true, clock.Instant(until).Time().Add(-length.Truncate(time.Microsecond))
				return nil
			case !db.NotFound(err):
				return err
			}
			until, err = tx.TurnsLent(ctx, id)
			from = clock.Instant(until).Time()
			return err
		})
		if err != nil {
			return registrar.Loan{}, fmt.Errorf("turns at the registrar %s: %w", id, err)
		}
		loan.In = from.Sub(s.db.Wall().Now())
		return loan, nil
	}
}

// setBack is farther ahead than anybody waits for a turn: who finds turns given there finds that the clock was set back.
const setBack = 24 * time.Hour

func micros(t time.Time) int64 { return int64(clock.FromTime(t)) }
