package index

import (
	"sync"
	"sync/atomic"
)

// shelf keeps values that many rows share; a row has the value's number. Values are never removed: a Reset begins a
// new shelf. Reading takes no lock.
type shelf[T comparable] struct {
	mu      sync.RWMutex
	numbers map[T]uint32
	values  atomic.Pointer[[]*T]
}

func (s *shelf[T]) get(n uint32) *T { return (*s.values.Load())[n] }

// place returns the number of v, which is added unless there are limit values already.
func (s *shelf[T]) place(v T, limit int) (uint32, bool) {
	s.mu.RLock()
	n, ok := s.numbers[v]
	s.mu.RUnlock()
	if ok {
		return n, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, ok := s.numbers[v]; ok {
		return n, true
	}
	if len(s.numbers) >= limit {
		return 0, false
	}
	if s.numbers == nil {
		s.numbers = map[T]uint32{}
	}
	var values []*T
	if p := s.values.Load(); p != nil {
		values = *p
	}
	values = append(values, &v) // readers never look beyond the length that they loaded
	n = uint32(len(values) - 1)
	s.numbers[v] = n
	s.values.Store(&values)
	return n, true
}
