package limit

import (
	"fmt"
	"hash/maphash"
	"sync"
	"time"
)

const (
	shards = 64
	// looked is how many entries of a full shard are looked at to make room.
	looked = 16
)

// Limiter holds one [Rate] for many keys, in memory. A key is whatever is
// counted apart: a string, an address, or a struct of address and endpoint. It
// is safe for concurrent use, starts no goroutine, and takes no memory for a
// key that it already knows.
//
// Its memory is bounded. A key that has everything back is as good as unknown
// and makes room for a new one. If a flood of keys leaves none of those, the one
// that has most back of a random few goes, so that whoever hammers at one key
// does not free it by trying many others.
type Limiter[K comparable] struct {
	rate  Rate
	most  int // keys in a shard
	seed  maphash.Seed
	shard [shards]shard[K]
}

// shard maps a key to the time that [Rate.Spend] stores for it, in nanoseconds
// since 1970.
type shard[K comparable] struct {
	mu     sync.Mutex
	stored map[K]int64
}

// New returns a limiter for about maxKeys keys. Keys are spread over 64 shards
// that fill unevenly, so give it room for some thousands at least. It panics if the rate is not
// valid or maxKeys is not positive: both are constants of the program.
func New[K comparable](rate Rate, maxKeys int) *Limiter[K] {
	if err := rate.Validate(); err != nil {
		panic(fmt.Sprintf("limit: %v", err))
	}
	if maxKeys < 1 {
		panic("limit: no room for keys")
	}
	l := &Limiter[K]{rate: rate, most: (maxKeys + shards - 1) / shards, seed: maphash.MakeSeed()}
	for i := range l.shard {
		l.shard[i].stored = make(map[K]int64)
	}
	return l
}

// Allow spends one event of key if it may happen at now. If not, it says how
// long to wait and spends nothing.
func (l *Limiter[K]) Allow(key K, now time.Time) (ok bool, retryAfter time.Duration) {
	s := l.of(key)
	s.mu.Lock()
	defer s.mu.Unlock()

	stored, known := s.stored[key]
	next, wait, ok := l.rate.Spend(now, 1, time.Unix(0, stored))
	if !ok {
		return false, wait
	}
	if !known && len(s.stored) >= l.most {
		s.makeRoom(now)
	}
	s.stored[key] = next.UnixNano()
	return true, 0
}

// Peek returns how many events of key may happen at now and, if none may, how
// long to wait for one. It spends nothing, so it suits what is counted only
// after it failed.
func (l *Limiter[K]) Peek(key K, now time.Time) (left int, retryAfter time.Duration) {
	s := l.of(key)
	s.mu.Lock()
	stored := time.Unix(0, s.stored[key])
	s.mu.Unlock()

	_, wait, _ := l.rate.Spend(now, 1, stored)
	return l.rate.Left(now, stored), wait
}

// Len returns the number of keys held, those with everything back included.
func (l *Limiter[K]) Len() int {
	n := 0
	for i := range l.shard {
		s := &l.shard[i]
		s.mu.Lock()
		n += len(s.stored)
		s.mu.Unlock()
	}
	return n
}

func (l *Limiter[K]) of(key K) *shard[K] {
	return &l.shard[maphash.Comparable(l.seed, key)%shards]
}

// makeRoom removes at least one key. Which ones it looks at is left to the
// random order of a map.
func (s *shard[K]) makeRoom(now time.Time) {
	var (
		nearest K
		least   int64
		seen    int
		removed bool
	)
	for key, stored := range s.stored {
		if stored <= now.UnixNano() {
			delete(s.stored, key)
			removed = true
		}
		if seen == 0 || stored < least {
			nearest, least = key, stored
		}
		if seen++; seen == looked {
			break
		}
	}
	if !removed {
		delete(s.stored, nearest)
	}
}
