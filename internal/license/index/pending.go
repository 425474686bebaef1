package index

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// pending is what the log holds and the tables don't, per license. Its map has no pointers: in a rush it may come to
// hold as many licenses as the store has.
type pending struct {
	seeds [2]maphash.Seed

	mu   sync.RWMutex
	sums map[element]sum
	at   position // of the log in the tables, as far as it is known here
	// moving is a fold whose commit is under way, moved the last ones, the newest at the end: readers may still see,
	// or already see, the tables on the other side of them.
	moving *move
	moved  []*move
}

// keptMoves is how many folds may be committed between a reader's snapshot and its look at what is pending.
const keptMoves = 16

// position is how far the log has been folded: so many items of a segment, and all of the segments before it.
type position struct{ segment, folded int64 }

// move is one fold: what it brings from pending to the tables.
type move struct {
	from, to position
	sums     map[element]sum
}

// sum is checks without pointers.
type sum struct {
	count int64
	at    int64    // microseconds, of the last one
	ip    [16]byte // all zero: not known
}

func (p *pending) init() {
	p.seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
	p.sums = map[element]sum{}
}

func (p *pending) key(licenseID string) element {
	var space [64]byte
	return hashed(p.seeds, append(space[:0], licenseID...))
}

func (s *sum) add(count, at int64, ip [16]byte) {
	s.count += count
	if at >= s.at {
		s.at, s.ip = at, ip
	}
}

func (s sum) figures() (int64, time.Time, string) {
	if s.count <= 0 {
		return 0, time.Time{}, ""
	}
	ip := ""
	if s.ip != [16]byte{} {
		ip = netip.AddrFrom16(s.ip).Unmap().String()
	}
	return s.count, time.UnixMicro(s.at).UTC(), ip
}

// add takes checks that have reached the log.
func (p *pending) add(checks []Check) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range checks {
		c := &checks[i]
		k := p.key(c.LicenseID)
		s := p.sums[k]
		s.add(1, c.At.UnixMicro(), bytesOf(c.IP))
		p.sums[k] = s
	}
}

// addItems takes what a log holds that an earlier process left.
func (p *pending) addItems(items []item) {
	for k, found := range p.sumsOf(items) {
		s := p.sums[k]
		s.add(found.count, found.at, found.ip)
		p.sums[k] = s
	}
}

// sumsOf is what items say about the figures of licenses.
func (p *pending) sumsOf(items []item) map[element]sum {
	sums := map[element]sum{}
	for i := range items {
		if it := &items[i]; it.kind == ofLicense {
			sums[p.key(it.license)] = sum{count: it.count, at: it.at, ip: bytesOf(it.ip)}
		}
	}
	return sums
}

func bytesOf(ip netip.Addr) [16]byte {
	if !ip.IsValid() {
		return [16]byte{}
	}
	return ip.As16()
}

// begin says that m is about to be committed; end, whether it was.
func (p *pending) begin(m *move) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.moving = m
}

func (p *pending) end(committed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.moving
	p.moving = nil
	if !committed {
		return
	}
	p.at = m.to
	for k, moved := range m.sums {
		s := p.sums[k]
		if s.count -= moved.count; s.count <= 0 {
			delete(p.sums, k)
		} else {
			p.sums[k] = s
		}
	}
	if len(p.sums) == 0 {
		p.sums = map[element]sum{} // a map never gives memory back
	}
	if p.moved = append(p.moved, m); len(p.moved) > keptMoves {
		p.moved = append(p.moved[:0], p.moved[1:]...)
	}
}

// of returns the pending checks of a license.
func (p *pending) of(licenseID string) (int64, time.Time, string) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.sums[p.key(licenseID)].figures()
}

// beside returns a function like of, for a reader who sees the tables as they were at seen.
func (p *pending) beside(seen position) func(licenseID string) (int64, time.Time, string) {
	return func(licenseID string) (int64, time.Time, string) {
		p.mu.RLock()
		defer p.mu.RUnlock()
		k := p.key(licenseID)
		s := p.sums[k]
		if m := p.moving; m != nil && m.to == seen {
			s.count -= m.sums[k].count // committed, but not ended here yet
			return s.figures()
		}
		behind := false
		for _, m := range p.moved {
			if behind = behind || m.from == seen; behind {
				s.add(m.sums[k].count, m.sums[k].at, m.sums[k].ip)
			}
		}
		return s.figures()
	}
}
