package release

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
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

// knownList keeps what is known of products in memory: checks ask.
type knownList struct {
	mu        sync.RWMutex
	byProduct map[string]*Known
	changes   int // guards against keeping what was read before a change
}

func (l *knownList) forget(productID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes++
	delete(l.byProduct, productID)
}

// Known returns the versions of a product as they are committed, on PostgreSQL those of two seconds ago at most.
func (s *Service) Known(ctx context.Context, productID string) (*Known, error) {
	s.known.mu.RLock()
	kept, changes := s.known.byProduct[productID], s.known.changes
	s.known.mu.RUnlock()
	if kept != nil {
		return kept, nil
	}
	fresh := &Known{}
	// Outside of any transaction in ctx: what is not committed must not be kept.
	err := s.db.Read(db.With(ctx, nil), func(tx *db.Tx) error {
		rows, err := tx.VersionsOfProduct(ctx, productID)
		if err != nil {
			return err
		}
		*fresh = Known{at: make(map[string]time.Time, len(rows))}
		slices.SortFunc(rows, func(a, b query.VersionsOfProductRow) int { return cmp.Compare(b.Precedence, a.Precedence) })
		for _, r := range rows {
			fresh.at[r.Precedence] = r.ReleasedAt.Time()
			if r.PublishedAt != nil && r.Channel == Stable {
				fresh.offered = append(fresh.offered, offered{r.Version, r.ReleasedAt.Time()})
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("versions of %s: %w", productID, err)
	}
	s.known.mu.Lock()
	defer s.known.mu.Unlock()
	if s.known.changes == changes {
		if s.known.byProduct == nil {
			s.known.byProduct = map[string]*Known{}
		}
		s.known.byProduct[productID] = fresh
		if s.db.Engine() == db.Postgres {
			time.AfterFunc(othersMayRelease, func() { s.known.forget(productID) })
		}
	}
	return fresh, nil
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
