package index

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keystead/keystead/internal/license"
)

// row is an entry without pointers. The texts of its own lie in the shard's arena, one behind the other: see textEnds.
type row struct {
	version              int64
	before               uint64 // touches.count before it was read
	expires, grace, ends int64
	updates              int64
	limit, used          int64
	text                 textRef
	stripe, card, set    uint32
	asked                uint32 // 1: it was used since eviction last came by; only by atomic access
	texts                textEnds
	outcome              uint8
	held                 bool
}

// textEnds are where each of the texts of a row ends, but for the last: key, id, bound places, details, allowed hosts,
// entitlements unless these are shared.
type textEnds [5]uint16

// cut takes the texts of a row apart.
func (e textEnds) cut(text string) (parts [6]string) {
	start := 0
	for i, end := range e {
		parts[i] = text[start:end]
		start = int(end)
	}
	parts[5] = text[start:]
	return parts
}

// ownSet is the set of a row whose entitlements are in its own text.
const ownSet = math.MaxUint32

// use keeps the row from being evicted soon.
func (r *row) use() {
	if atomic.LoadUint32(&r.asked) == 0 {
		atomic.StoreUint32(&r.asked, 1)
	}
}

// replaces reports whether r, just read, may take the place of a row of the same license: an older version never
// does, and of two reads of one version the one that began later stays.
func (r *row) replaces(old *row) bool {
	return r.version > old.version || r.version == old.version && r.before >= old.before
}

// shard is a part of the table with a lock of its own.
type shard struct {
	mu    sync.RWMutex
	slots map[uint32]uint32 // slot of a key → number of its row
	rows  []*[chunkRows]row
	n     int // rows in use
	hand  int // where the search for a row to evict goes on
	arena arena
	_     [64]byte // keeps the locks of two shards off one cache line
}

const chunkRows = 128

func (s *shard) row(n uint32) *row { return &s.rows[n/chunkRows][n%chunkRows] }

func (s *shard) key(r *row) string { return s.arena.get(r.text)[:r.texts[0]] }

// place returns the number of a row to use for another key: a new one, or beyond the limit that of an entry that was
// not asked for lately.
func (s *shard) place(limit int, slot func(key string) uint32) uint32 {
	if s.slots == nil {
		s.slots = map[uint32]uint32{}
	}
	if s.n < limit {
		if s.n%chunkRows == 0 {
			s.rows = append(s.rows, new([chunkRows]row))
		}
		s.n++
		return uint32(s.n - 1)
	}
	// A row starts without having been asked for, so those that are asked for once don't drive out the others.
	for {
		n := uint32(s.hand)
		s.hand = (s.hand + 1) % s.n
		r := s.row(n)
		if atomic.SwapUint32(&r.asked, 0) == 1 {
			continue // a second chance
		}
		delete(s.slots, slot(s.key(r)))
		return n
	}
}

// store writes a row and its text.
func (s *shard) store(n uint32, r row, text string) {
	old := s.row(n)
	if s.arena.get(old.text) == text {
		r.text = old.text
	} else {
		s.arena.drop(old.text)
		r.text = s.arena.add(text)
	}
	r.asked = atomic.LoadUint32(&old.asked)
	*old = r
	if s.arena.wasteful() {
		var tidy arena
		for i := range s.n {
			r := s.row(uint32(i))
			r.text = tidy.add(s.arena.get(r.text))
		}
		s.arena = tidy
	}
}

var outcomes = [...]license.Outcome{license.NoOutcome, license.OutcomeRevoked, license.OutcomeCancelled}

func outcomeNumber(o license.Outcome) (uint8, bool) {
	for i, known := range outcomes {
		if o == known {
			return uint8(i), true
		}
	}
	return 0, false
}

// never is the stored form of an instant that never comes.
const never = math.MinInt64

func toMicros(t time.Time) int64 {
	if t.IsZero() {
		return never
	}
	return t.UnixMicro()
}

func fromMicros(v int64) time.Time {
	if v == never {
		return time.Time{}
	}
	return time.UnixMicro(v).UTC()
}
