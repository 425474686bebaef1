package domainname

import (
	"context"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// Claim takes the lease of a domain until an instant of real time ([db.Tx.Wall]), which is the same one for all processes of a store. ok is false while somebody else has it.
// Whoever asks the registrar for something that the store then believes holds it; one whose holder has died ends by itself.
// The instant is what names the holder to [Keep] and [Release].
func Claim(ctx context.Context, tx *db.Tx, id string, until time.Time) (ok bool, err error) {
	n, err := tx.ClaimDomainLease(ctx, query.ClaimDomainLeaseParams{ID: id, Until: stamp(until), Wall: &tx.WallStamp})
	if err != nil {
		return false, fmt.Errorf("lease of domain %s: %w", id, err)
	}
	return n == 1, nil
}

// Keep makes a lease that was taken until held last until another instant, and takes the domain's lock until the end of tx.
// ok is false if it is over: what its holder knows may have changed.
func Keep(ctx context.Context, tx *db.Tx, id string, held, until time.Time) (ok bool, err error) {
	n, err := tx.KeepDomainLease(ctx, query.KeepDomainLeaseParams{ID: id, Until: stamp(until), Held: stamp(held), Wall: &tx.WallStamp})
	if err != nil {
		return false, fmt.Errorf("lease of domain %s: %w", id, err)
	}
	return n == 1, nil
}

// Release gives back a lease that was taken until an instant. One that is over already is left alone.
func Release(ctx context.Context, tx *db.Tx, id string, until time.Time) error {
	if err := tx.ReleaseDomainLease(ctx, query.ReleaseDomainLeaseParams{ID: id, Until: stamp(until)}); err != nil {
		return fmt.Errorf("lease of domain %s: %w", id, err)
	}
	return nil
}

// DueWork returns the domains of a registrar at which its worker shall look by now and at which nobody works, the longest due
// first. Without a registrar: those that have none.
func DueWork(ctx context.Context, tx *db.Tx, registrarID string, limit int) (ids []string, err error) {
	if registrarID == "" {
		ids, err = tx.DueDomainWorkNowhere(ctx, query.DueDomainWorkNowhereParams{Now: &tx.Stamp, Wall: &tx.WallStamp, N: int64(limit)})
	} else {
		ids, err = tx.DueDomainWork(ctx, query.DueDomainWorkParams{RegistrarID: &registrarID, Now: &tx.Stamp, Wall: &tx.WallStamp, N: int64(limit)})
	}
	if err != nil {
		return nil, fmt.Errorf("due work at domains: %w", err)
	}
	return ids, nil
}

// NextWork returns when the registrar's worker shall look at a domain next, after an instant; ok is false: it need not.
func NextWork(ctx context.Context, tx *db.Tx, after time.Time) (at time.Time, ok bool, err error) {
	from := clock.FromTime(after)
	next, err := tx.NextDomainWork(ctx, &from)
	if db.NotFound(err) || err == nil && next == nil {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("next work at domains: %w", err)
	}
	return next.Time(), true, nil
}
