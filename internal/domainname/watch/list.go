package watch

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/page"
)

// Finding is what a reading found that differs.
type Finding struct {
	RunID, DomainID, Name string
	Finding               string // corrected, ahead, held, unreadable, not_found, other_sponsor, failed; empty: nothing
	Stored, Read          string
	Applied               bool
	At                    time.Time
}

// Run is one pass over some domains of a registrar.
type Run struct {
	ID, RegistrarID, Registrar, Mode       string
	Asked, Changed, Held, Negative, Failed int
	Stopped                                bool
	At                                     time.Time
	FinishedAt                             *time.Time
}

// Runs lists the runs, newest first.
func (s *Service) Runs(ctx context.Context, cursor string, limit int) (runs []Run, next string, err error) {
	before := ""
	if cursor != "" {
		key, err := page.Key(cursor, 1)
		if err != nil {
			return nil, "", err
		}
		before = key[0]
	}
	limit = page.Limit(limit)
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.SyncRuns(ctx, query.SyncRunsParams{Before: before, N: int64(limit + 1)})
		if err != nil {
			return fmt.Errorf("runs of sync: %w", err)
		}
		rows, more := page.Cut(rows, limit)
		runs, next = make([]Run, len(rows)), ""
		for i, r := range rows {
			runs[i] = Run{
				ID: r.ID, RegistrarID: r.RegistrarID, Registrar: r.Registrar, Mode: r.Mode, Asked: int(r.Asked), Changed: int(r.Changed),
				Held: int(r.Held), Negative: int(r.Negative), Failed: int(r.Failed), Stopped: r.Stopped, At: r.CreatedAt.Time(),
				FinishedAt: clock.TimePtr(r.FinishedAt),
			}
		}
		if more {
			next = page.Cursor(runs[limit-1].ID)
		}
		return nil
	})
	return runs, next, err
}

// Findings lists what differed, newest first; of a run or of a domain if they are named.
func (s *Service) Findings(ctx context.Context, runID, domainID string, limit int) (all []Finding, err error) {
	n := int64(page.Limit(limit))
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		all = nil
		switch {
		case runID != "":
			rows, err := tx.SyncFindingsOfRun(ctx, query.SyncFindingsOfRunParams{RunID: runID, N: n})
			for _, r := range rows {
				if domainID == "" || r.DomainID == domainID {
					all = append(all, Finding{r.RunID, r.DomainID, r.Name, r.Finding, r.Stored, r.Read, r.Applied, r.CreatedAt.Time()})
				}
			}
			return err
		case domainID != "":
			rows, err := tx.SyncFindingsOfDomain(ctx, query.SyncFindingsOfDomainParams{DomainID: domainID, N: n})
			for _, r := range rows {
				all = append(all, Finding{r.RunID, r.DomainID, r.Name, r.Finding, r.Stored, r.Read, r.Applied, r.CreatedAt.Time()})
			}
			return err
		default:
			rows, err := tx.SyncFindings(ctx, n)
			for _, r := range rows {
				all = append(all, Finding{r.RunID, r.DomainID, r.Name, r.Finding, r.Stored, r.Read, r.Applied, r.CreatedAt.Time()})
			}
			return err
		}
	})
	if err != nil {
		return nil, fmt.Errorf("findings of sync: %w", err)
	}
	return all, nil
}
