package db

import (
	"context"
	"sync"
	"time"
)

// Kept keeps in memory what was read of the store, until it is known to have changed: whoever changes it calls [Kept.Drop]
// after the commit. Where other processes share the store, it is read again after a while. It is safe for concurrent use.
type Kept[K comparable, V any] struct {
	maxAge time.Duration // 0: until it is dropped

	mu      sync.RWMutex
	values  map[K]*V
	changes int // guards against keeping what was read before a change
}

// NewKept returns an empty memory of a store. What another process changes shows after othersMayChange at the latest.
func NewKept[K comparable, V any](d *DB, othersMayChange time.Duration) *Kept[K, V] {
	k := &Kept[K, V]{values: map[K]*V{}}
	if d.Engine() == Postgres {
		k.maxAge = othersMayChange
	}
	return k
}

// Get returns what is kept under key, or what read gives. All who ask share it: nobody changes it. read runs outside of any
// transaction in ctx, as what is not committed must not be kept.
func (k *Kept[K, V]) Get(ctx context.Context, key K, read func(context.Context) (V, error)) (V, error) {
	k.mu.RLock()
	kept, changes := k.values[key], k.changes
	k.mu.RUnlock()
	if kept != nil {
		return *kept, nil
	}
	fresh, err := read(With(ctx, nil))
	if err != nil {
		return fresh, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.changes == changes {
		k.values[key] = &fresh
		if k.maxAge > 0 {
			time.AfterFunc(k.maxAge, func() { k.age(key, &fresh) })
		}
	}
	return fresh, nil
}

// age forgets a value that has been kept for long enough, unless there is a newer one.
func (k *Kept[K, V]) age(key K, old *V) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.values[key] == old {
		delete(k.values, key)
	}
}

// Drop forgets what is kept under key.
func (k *Kept[K, V]) Drop(key K) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.changes++
	delete(k.values, key)
}
