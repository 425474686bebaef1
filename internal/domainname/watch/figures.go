package watch

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/metric"
	"github.com/keystead/keystead/internal/registrar/account"
)

// Readings counts readings of domains at registries, by what was found.
var Readings = metric.Counter{
	Name: "domain_sync_total", Help: "Readings of domains at registries, by what was found; same: nothing that differs.", Labels: []string{"registrar", "result"},
}

const readSame = "same"

// Figures say how the sync stands.
type Figures struct {
	// Behind is for how long a domain has been waiting for being read that has waited the longest; 0: none waits.
	Behind time.Duration
	// Stopped are the registrars in use by name, and whether the breaker is open.
	Stopped map[string]bool
}

// Figures reads how the sync stands.
func (s *Service) Figures(ctx context.Context) (f Figures, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		f = Figures{Stopped: map[string]bool{}}
		rows, err := tx.SyncStandings(ctx)
		if err != nil {
			return fmt.Errorf("registrars to read: %w", err)
		}
		for _, r := range rows {
			f.Stopped[r.Name] = r.StoppedAt != nil
			if r.Next != 0 && account.SyncMode(r.SyncMode) != account.SyncOff {
				f.Behind = max(f.Behind, tx.Now.Sub(clock.Instant(r.Next).Time()))
			}
		}
		return nil
	})
	return f, err
}
