package index

import (
	"hash/maphash"
	"sync/atomic"
)

// stripes bounds what a change costs its neighbours: one in so many other licenses is read again as well.
const stripes = 1 << 18

// touches counts the changes of licenses and remembers, per stripe of them, the last one.
type touches struct {
	seed maphash.Seed
	n    atomic.Uint64
	last []atomic.Uint64
}

func (t *touches) init() {
	t.seed = maphash.MakeSeed()
	t.last = make([]atomic.Uint64, stripes)
}

// stripe is where the changes of a license are noted.
func (t *touches) stripe(licenseID string) uint32 {
	return uint32(maphash.String(t.seed, licenseID) % stripes)
}

// count is the number of changes so far. Take it before reading a row.
func (t *touches) count() uint64 { return t.n.Load() }

// add notes a change that has been committed.
func (t *touches) add(licenseID string) {
	n, last := t.n.Add(1), &t.last[t.stripe(licenseID)]
	for {
		// Of two at once, the later must stand.
		old := last.Load()
		if old >= n || last.CompareAndSwap(old, n) {
			return
		}
	}
}

// since reports whether a license of the stripe may have changed after count was before.
func (t *touches) since(stripe uint32, before uint64) bool { return t.last[stripe].Load() > before }
