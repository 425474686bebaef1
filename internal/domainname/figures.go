package domainname

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/metric"
)

// RenewalsEnded counts renewals that came to an end, by what became of them: a final state of the ledger.
var RenewalsEnded = metric.Counter{
	Name: "domain_renewals_total", Help: "Renewals that came to an end, by how.", Labels: []string{"registrar", "result"},
}

// ended counts a renewal that came to an end.
func (r *Renewal) ended(ctx context.Context, tx *db.Tx) error {
	if metric.In(tx) == nil {
		return nil
	}
	name, err := RegistrarName(ctx, tx, r.DomainID)
	if err == nil {
		RenewalsEnded.Add(tx, 1, name, string(r.State))
	}
	return err
}

// RegistrarName returns the name of the registrar of a domain; empty: it has none.
func RegistrarName(ctx context.Context, tx *db.Tx, domainID string) (string, error) {
	name, err := tx.RegistrarOfDomain(ctx, domainID)
	if err != nil {
		return "", fmt.Errorf("registrar of domain %s: %w", domainID, err)
	}
	return name, nil
}

// Figures say how all domains of a store stand.
type Figures struct {
	Domains map[Status]int64       // by their written status; nil: the store never had one
	Open    map[RenewalState]int64 // renewals that are not over
	// Unknown is for how long the outcome of a command has been unknown that has been so the longest; 0: none is.
	Unknown time.Duration
}

// Figures counts. It reads indexes alone.
func (s *Service) Figures(ctx context.Context) (f Figures, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		f = Figures{}
		if some, err := s.Any(ctx, tx); !some || err != nil {
			return err
		}
		f.Domains, f.Open = map[Status]int64{}, map[RenewalState]int64{}
		for _, status := range statuses.States {
			f.Domains[status] = 0
		}
		for _, state := range openStates {
			f.Open[state] = 0
		}
		domains, err := tx.CountDomainsByStatus(ctx)
		if err != nil {
			return fmt.Errorf("domains by status: %w", err)
		}
		for _, row := range domains {
			f.Domains[Status(row.Status)] = row.N
		}
		renewals, err := tx.CountOpenDomainRenewals(ctx)
		if err != nil {
			return fmt.Errorf("open renewals: %w", err)
		}
		for _, row := range renewals {
			f.Open[RenewalState(row.State)] = row.N
		}
		since, err := tx.OldestUnknownRenewal(ctx)
		if err != nil {
			return fmt.Errorf("unknown renewals: %w", err)
		}
		if since != 0 {
			f.Unknown = max(0, tx.Now.Sub(clock.Instant(since).Time()))
		}
		return nil
	})
	return f, err
}
