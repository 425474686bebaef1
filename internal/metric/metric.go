// Package metric counts what happens in a store, for programs that watch it from outside. Counts are of this process and
// begin at nothing with it, as those programs expect.
package metric

import (
	"slices"
	"strings"
	"sync"

	"github.com/keystead/keystead/internal/db"
)

// Counter is something that is counted.
type Counter struct {
	Name   string // ends with _total
	Help   string
	Labels []string // by what it is told apart: few values each, whatever strangers send
}

// Add counts n more of it as soon as tx has committed. values are those of its labels, in their order. Where nobody watches
// it costs nothing.
func (c *Counter) Add(tx *db.Tx, n int64, values ...string) {
	if w := In(tx); w != nil {
		tx.OnCommit(func() { w.Count(c, n, values...) })
	}
}

type watchKey struct{}

// Watch keeps the counts of a store.
type Watch struct {
	mu sync.Mutex
	of map[*Counter]map[string]int64 // by the values of the labels
}

// On begins to count in a store, or returns the watch that does already.
func On(d *db.DB) *Watch {
	w, _ := d.Attach(watchKey{}, &Watch{of: map[*Counter]map[string]int64{}}).(*Watch)
	return w
}

// In returns the watch of the store of tx, nil if nobody watches: what takes a question to be counted need not be asked then.
func In(tx *db.Tx) *Watch {
	w, _ := tx.Attached(watchKey{}).(*Watch)
	return w
}

// between stands between the values of labels, and in none of them.
const between = "\xff"

// Count counts n more at once, for what belongs to no transaction. A watch that is nil counts nothing.
func (w *Watch) Count(c *Counter, n int64, values ...string) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of[c] == nil {
		w.of[c] = map[string]int64{}
	}
	w.of[c][strings.Join(values, between)] += n
}

// Count is how often something has happened.
type Count struct {
	Values []string // of the counter's labels
	N      int64
}

// Of returns the counts of a counter in the order of their values. One without labels has a count before anything happens.
func (w *Watch) Of(c *Counter) (all []Count) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for values, n := range w.of[c] {
		count := Count{N: n}
		if len(c.Labels) > 0 {
			count.Values = strings.Split(values, between)
		}
		all = append(all, count)
	}
	if len(all) == 0 && len(c.Labels) == 0 {
		all = []Count{{}}
	}
	slices.SortFunc(all, func(a, b Count) int { return slices.Compare(a.Values, b.Values) })
	return all
}
