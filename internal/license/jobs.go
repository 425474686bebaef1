package license

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/page"
)

// The jobs of this room do nothing that must not happen twice, late, or on several processes at once. They work in
// batches, so that others get to write in between.
const (
	settleSize = 500
	pruneSize  = 1000
)

// WriteDown writes down which licenses time has ended or suspended. It changes no answer: each was computed as such
// before.
func (s *Service) WriteDown(ctx context.Context) error {
	_, err := inBatches(ctx, settleSize, s.settleBatch)
	return err
}

// inBatches repeats a batch until one is not full.
func inBatches(ctx context.Context, size int, batch func(ctx context.Context) (int, error)) (total int, err error) {
	for {
		n, err := batch(ctx)
		total += n
		if err != nil || n < size {
			return total, err
		}
		if err := ctx.Err(); err != nil {
			return total, err
		}
	}
}

// settleBatch writes down some of the licenses that are due, fewer than settleSize only if there are no more. When none
// is due, it writes nothing at all.
func (s *Service) settleBatch(ctx context.Context) (int, error) {
	var due bool
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		due, err = tx.AnyLicenseDue(ctx, int64(tx.Stamp))
		return err
	})
	if err != nil || !due {
		return 0, err
	}
	n := 0
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		ended, err := tx.EndDueLicenses(ctx, query.EndDueLicensesParams{Now: tx.Stamp, N: settleSize})
		if err != nil {
			return fmt.Errorf("write down expiries: %w", err)
		}
		rest := int64(max(0, settleSize-len(ended)))
		stopped, err := tx.SuspendDueLicenses(ctx, query.SuspendDueLicensesParams{Now: tx.Stamp, N: rest})
		if err != nil {
			return fmt.Errorf("write down ends of grace: %w", err)
		}
		due := dueOf(ended, stopped)
		n = len(due)
		if err := noteDue(ctx, tx, due); err != nil {
			return err
		}
		return s.leadChildrenOf(ctx, tx, due)
	})
	return n, err
}

// noteDue tells the history and the world of the licenses that time has changed.
func noteDue(ctx context.Context, tx *db.Tx, due []dueLicense) error {
	ids := make([]any, len(due))
	for i, d := range due {
		ids[i] = d.id
	}
	holds, err := holdsOfAll(ctx, tx, ids)
	if err != nil {
		return err
	}
	for _, d := range due {
		d.state.Holds = holds[d.id]
		if err := noteTime(ctx, tx, d.id, d.customerID, d.state); err != nil {
			return err
		}
	}
	return nil
}

// leadChildrenOf brings the development licenses of what time has changed in line.
func (s *Service) leadChildrenOf(ctx context.Context, tx *db.Tx, due []dueLicense) error {
	if len(due) == 0 {
		return nil
	}
	ids := make([]any, len(due))
	for i, d := range due {
		ids[i] = d.id
	}
	rows, err := tx.SQL().QueryContext(ctx, "SELECT DISTINCT parent_id FROM licenses WHERE parent_id IN ("+page.Placeholders(len(ids))+") ORDER BY parent_id", ids...)
	if err != nil {
		return fmt.Errorf("development licenses: %w", err)
	}
	parents, err := scanIDs(rows)
	if err != nil {
		return fmt.Errorf("development licenses: %w", err)
	}
	for _, id := range parents {
		if err := s.leadChildren(ctx, tx, id); err != nil {
			return err
		}
	}
	return nil
}

func scanIDs(rows *sql.Rows) (ids []string, err error) {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// PruneRejected forgets rejected attempts that were last made before an instant, and returns how many.
func (s *Service) PruneRejected(ctx context.Context, before time.Time) (int, error) {
	return s.prune(ctx, func(tx *db.Tx) (int64, error) {
		return tx.PruneRejections(ctx, query.PruneRejectionsParams{Before: clock.FromTime(before), N: pruneSize})
	})
}

// PruneVerifications forgets logged checks from before an instant, and returns how many.
func (s *Service) PruneVerifications(ctx context.Context, before time.Time) (int, error) {
	return s.prune(ctx, func(tx *db.Tx) (int64, error) {
		return tx.PruneVerifications(ctx, query.PruneVerificationsParams{Before: clock.FromTime(before), N: pruneSize})
	})
}

// PruneDownloads forgets logged downloads from before an instant, and returns how many.
func (s *Service) PruneDownloads(ctx context.Context, before time.Time) (int, error) {
	return s.prune(ctx, func(tx *db.Tx) (int64, error) {
		return tx.PruneDownloads(ctx, query.PruneDownloadsParams{Before: clock.FromTime(before), N: pruneSize})
	})
}

func (s *Service) prune(ctx context.Context, batch func(tx *db.Tx) (int64, error)) (int, error) {
	return inBatches(ctx, pruneSize, func(ctx context.Context) (int, error) {
		var n int64
		err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
			n, err = batch(tx)
			return err
		})
		return int(n), err
	})
}
