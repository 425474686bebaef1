package billing

import (
	"context"
	"fmt"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// Series is how far a series of numbers has come, and what is missing in it: nothing, unless somebody tampered.
type Series struct {
	Name      string // "invoice" or "credit_note"
	Last      int64  // the number that was taken last
	LastOn    civil.Date
	Documents int64 // with a number of the series
	Gaps      []Gap // the first ones
}

// Gap is a stretch of missing numbers, both included.
type Gap struct{ First, Last int64 }

const gapsPerSeries = 100

// Gaps proves that the series of numbers have none.
func (s *Service) Gaps(ctx context.Context) (all []Series, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.NumberSeries(ctx)
		if err != nil {
			return fmt.Errorf("series of numbers: %w", err)
		}
		all = make([]Series, len(rows))
		for i, r := range rows {
			if all[i], err = seriesOf(ctx, tx, r); err != nil {
				return fmt.Errorf("series %s: %w", r.Series, err)
			}
		}
		return nil
	})
	return all, err
}

func seriesOf(ctx context.Context, tx *db.Tx, r query.NumberSeries) (Series, error) {
	on, err := civil.Parse(r.LastOn)
	if err != nil {
		return Series{}, err
	}
	count, err := tx.CountInSeries(ctx, &r.Series)
	if err != nil {
		return Series{}, err
	}
	series := Series{Name: r.Series, Last: r.LastNumber, LastOn: on, Documents: count.Documents}
	gaps, err := tx.GapsInSeries(ctx, query.GapsInSeriesParams{Series: &r.Series, N: gapsPerSeries})
	if err != nil {
		return Series{}, err
	}
	for _, g := range gaps {
		series.Gaps = append(series.Gaps, Gap{First: g.FirstMissing, Last: g.LastMissing})
	}
	if count.Highest < r.LastNumber {
		series.Gaps = append(series.Gaps, Gap{First: count.Highest + 1, Last: r.LastNumber})
	}
	return series, nil
}
