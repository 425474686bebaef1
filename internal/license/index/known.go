package index

import (
	"encoding/binary"
	"hash/maphash"
	"sync"
)

// known is the set of identifiers that are active. It need not be complete: what is not in it is looked up. An
// element is a hash of 128 bits, keyed anew in every process, of the license, its version and the identifier, so a
// change of the license makes its elements unreachable. When a shard's young half is full, the old half is dropped.
type known struct {
	seeds  [2]maphash.Seed
	half   int // most elements in a half of a shard
	shards [knownShards]knownShard
}

const knownShards = 64

type element [16]byte

type knownShard struct {
	mu         sync.RWMutex
	young, old map[element]struct{}
	_          [64]byte // keeps the locks of two shards off one cache line
}

func (k *known) init(size int) {
	k.seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
	k.half = size/knownShards/2 + 1
}

func (k *known) element(licenseID string, version int64, identifier string) element {
	var space [512]byte
	b := binary.LittleEndian.AppendUint64(space[:0], uint64(version))
	b = append(append(b, licenseID...), 0) // no license's id holds a zero
	b = append(b, identifier...)
	return hashed(k.seeds, b)
}

func (k *known) has(licenseID string, version int64, identifier string) bool {
	e := k.element(licenseID, version, identifier)
	s := &k.shards[e[0]%knownShards]
	s.mu.RLock()
	_, found := s.young[e]
	promote := false
	if !found {
		_, promote = s.old[e]
	}
	s.mu.RUnlock()
	if promote {
		s.add(e, k.half)
	}
	return found || promote
}

func (k *known) add(licenseID string, version int64, identifier string) {
	e := k.element(licenseID, version, identifier)
	k.shards[e[0]%knownShards].add(e, k.half)
}

func (s *knownShard) add(e element, half int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.young) >= half {
		s.young, s.old = nil, s.young
	}
	if s.young == nil {
		s.young = map[element]struct{}{}
	}
	s.young[e] = struct{}{}
}

// hashed is the keyed hash of some bytes.
func hashed(seeds [2]maphash.Seed, b []byte) (e element) {
	for i, seed := range seeds {
		binary.LittleEndian.PutUint64(e[8*i:], maphash.Bytes(seed, b))
	}
	return e
}
