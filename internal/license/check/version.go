package check

import (
	"context"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/release"
)

// versionVerdict is what becomes of the version that software says it is.
type versionVerdict struct {
	version release.Version // zero: none that can be read was said
	unknown bool            // no release is registered for it
	allowed bool
	newest  string // the newest stable release that may run; empty: none
}

// judgeVersion decides whether a version may run: it was released while its license had support, until the instant given
// (zero: without end). One that the registry doesn't know is judged by when the software says that it was released; without
// that, and where software calls its versions what it likes, it may run.
func (s *Service) judgeVersion(ctx context.Context, productID string, until time.Time, r Request) (versionVerdict, error) {
	known, err := s.Releases.Known(ctx, productID)
	if err != nil {
		return versionVerdict{}, err
	}
	verdict := versionVerdict{allowed: true, newest: known.NewestBy(until)}
	if r.Version == "" {
		return verdict, nil
	}
	v, err := release.ParseVersion(r.Version)
	if err != nil {
		return verdict, nil //nolint:nilerr // such a version is not judged
	}
	released, ok := known.ReleasedAt(v)
	if verdict.version, verdict.unknown = v, !ok; !ok {
		released = r.ReleasedAt
	}
	verdict.allowed = until.IsZero() || released.IsZero() || !released.After(until)
	return verdict, nil
}

// noteUnknown keeps an unknown version for staff to see, once a day.
func (s *Service) noteUnknown(ctx context.Context, productID string, v versionVerdict, now time.Time) error {
	if !v.unknown || !s.seen.first(now, seenVersion{productID, v.version.String()}) {
		return nil
	}
	return s.Releases.NoteUnknown(ctx, productID, v.version)
}

type seenVersion struct{ product, version string }

// seenVersions keeps which unknown versions were noted today: a product without releases has one in every check.
type seenVersions struct {
	mu   sync.RWMutex
	day  int64
	seen map[seenVersion]bool
}

// mostSeen bounds what is kept in memory.
const mostSeen = 10_000

// first reports whether a version has not been noted on the day of now.
func (s *seenVersions) first(now time.Time, v seenVersion) bool {
	day := now.Unix() / (24 * 60 * 60)
	s.mu.RLock()
	noted := s.day == day && (s.seen[v] || len(s.seen) >= mostSeen)
	s.mu.RUnlock()
	if noted {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.day != day || s.seen == nil {
		s.day, s.seen = day, map[seenVersion]bool{}
	}
	if s.seen[v] || len(s.seen) >= mostSeen {
		return false
	}
	s.seen[v] = true
	return true
}
