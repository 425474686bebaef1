package release

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
)

// othersMayRelease is how long what is known of a product serves where other processes share the database.
const othersMayRelease = 2 * time.Second

// Known is when each version of a product was released. It never changes.
type Known struct {
	at      map[string]time.Time // by precedence
	offered []offered            // published stable versions, newest first
}

type offered struct {
	version string
	at      time.Time
}

// ReleasedAt returns when a version was released; false if there is no such release.
func (k *Known) ReleasedAt(v Version) (time.Time, bool) {
	at, ok := k.at[v.Precedence()]
	return at, ok
}

// NewestBy returns the newest published stable version that was released at t or before; empty if there is none. A zero t
// is for ever.
func (k *Known) NewestBy(t time.Time) string {
	for _, o := range k.offered {
		if t.IsZero() || !o.at.After(t) {
			return o.version
		}
	}
	return ""
}

// Known returns the versions of a product as they are committed, on PostgreSQL those of two seconds ago at most. Checks
// ask, so they are kept in memory.
func (s *Service) Known(ctx context.Context, productID string) (*Known, error) {
	return s.known.Get(ctx, productID, func(ctx context.Context) (*Known, error) {
		k := &Known{}
		err := s.db.Read(ctx, func(tx *db.Tx) error {
			rows, err := tx.VersionsOfProduct(ctx, productID)
			if err != nil {
				return err
			}
			*k = Known{at: make(map[string]time.Time, len(rows))}
			slices.SortFunc(rows, func(a, b query.VersionsOfProductRow) int { return cmp.Compare(b.Precedence, a.Precedence) })
			for _, r := range rows {
				k.at[r.Precedence] = r.ReleasedAt.Time()
				if r.PublishedAt != nil && r.Channel == Stable {
					k.offered = append(k.offered, offered{r.Version, r.ReleasedAt.Time()})
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("versions of %s: %w", productID, err)
		}
		return k, nil
	})
}

// NoteUnknown keeps a version that software says it is and of which there is no release, for staff to see. A product keeps
// the first thousand of them.
func (s *Service) NoteUnknown(ctx context.Context, productID string, v Version) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		err := tx.NoteUnknownVersion(ctx, query.NoteUnknownVersionParams{ProductID: productID, Version: v.String(), At: int64(tx.Stamp)})
		if err != nil {
			return fmt.Errorf("unknown version of %s: %w", productID, err)
		}
		return nil
	})
}

// Unknown is a version that installed software says it is, and of which there is no release.
type Unknown struct {
	Version         string
	FirstAt, LastAt time.Time // of the first and the last day, the first check with it
}

// Unknowns lists the versions of a product that no release is registered for, the last seen first.
func (s *Service) Unknowns(ctx context.Context, productID string) ([]Unknown, error) {
	known, err := s.Known(ctx, productID)
	if err != nil {
		return nil, err
	}
	var list []Unknown
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.UnknownVersions(ctx, productID)
		if err != nil {
			return fmt.Errorf("unknown versions of %s: %w", productID, err)
		}
		list = list[:0]
		for _, r := range rows {
			v, err := ParseVersion(r.Version)
			if err != nil {
				return fmt.Errorf("unknown version %s of %s: %w", r.Version, productID, err)
			}
			if _, since := known.ReleasedAt(v); !since { // it may have been registered since
				list = append(list, Unknown{Version: r.Version, FirstAt: r.FirstAt.Time(), LastAt: r.LastAt.Time()})
			}
		}
		return nil
	})
	return list, err
}
