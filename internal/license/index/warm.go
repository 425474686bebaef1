package index

import (
	"context"
	"math"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// Warming reads the licenses that software asked for last, newest first, a few at a time: it must not be felt by
// those who are served meanwhile.
const (
	warmPage  = 100
	warmPause = 20 * time.Millisecond
	// warmIdentifiers is how many activations of one license are worth reading ahead.
	warmIdentifiers = 50
)

// warm fills the index in the background until it is full or closed, or everything ever checked is in it.
func (x *Index) warm(ctx context.Context) {
	place := query.ListLastCheckedParams{Before: math.MaxInt64, N: warmPage}
	pause := time.NewTicker(warmPause)
	defer pause.Stop()
	for left := x.options.Entries; left > 0; left -= warmPage {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		var page []query.ListLastCheckedRow
		err := x.db.Read(ctx, func(tx *db.Tx) (err error) {
			page, err = tx.ListLastChecked(ctx, place)
			return err
		})
		if err != nil || len(page) == 0 {
			return // whatever is missing is read when it is asked for
		}
		for _, r := range page {
			if err := x.warmOne(ctx, r.Key); err != nil {
				return
			}
			place.Before, place.BeforeID = int64(r.LastCheckAt), r.LicenseID
		}
	}
}

func (x *Index) warmOne(ctx context.Context, key string) error {
	e, err := x.Read(ctx, key, clock.Instant(0).Time()) // of the answer only what does not depend on the time is used
	if err != nil || e.ActivationsUsed == 0 || e.ActivationsUsed > warmIdentifiers {
		return err
	}
	t := x.table.Load()
	var active []string
	err = x.db.Read(ctx, func(tx *db.Tx) (err error) {
		active, err = tx.ListIdentifiers(ctx, e.ID)
		return err
	})
	for _, identifier := range active {
		t.known.add(e.ID, e.Version, identifier)
	}
	return err
}
