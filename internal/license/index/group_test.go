package index

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func TestGroupKeepsEachCheckOnce(t *testing.T) {
	t.Parallel()
	for _, most := range []int{1, 2, 3} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			t.Parallel()
			const callers, each = 50, 100
			var mu sync.Mutex
			kept := map[string]int{}
			var atWork, calls atomic.Int64
			odd := errors.New("odd batch")
			var g group
			g.init(most, func(checks []Check) error {
				if n := atWork.Add(1); n > int64(most) {
					t.Errorf("%d batches at once", n)
				}
				defer atWork.Add(-1)
				mu.Lock()
				defer mu.Unlock()
				for _, c := range checks {
					kept[c.LicenseID]++
				}
				if len(checks) == 0 {
					t.Error("an empty batch")
				}
				if calls.Add(1)%2 == 1 {
					for _, c := range checks {
						kept[c.LicenseID] = -1000 // not kept
					}
					return odd
				}
				return nil
			})
			var wg sync.WaitGroup
			for caller := range callers {
				wg.Go(func() {
					for i := range each {
						id := fmt.Sprint(caller, " ", i)
						err := g.do(Check{LicenseID: id})
						mu.Lock()
						want := 1
						if err != nil {
							want = -1000
						}
						if kept[id] != want {
							t.Errorf("check %s: kept %d times, answer %v", id, kept[id], err)
						}
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			if len(kept) != callers*each {
				t.Errorf("%d checks, want %d", len(kept), callers*each)
			}
		})
	}
}

// While a batch is being kept, those who come gather and go together.
func TestGroupGathers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		gate := make(chan struct{})
		var g group
		g.init(1, func(checks []Check) error {
			sizes = append(sizes, len(checks))
			<-gate
			return nil
		})
		var wg sync.WaitGroup
		one := func() { wg.Go(func() { _ = g.do(Check{}) }) }
		one()
		synctest.Wait()
		for range 10 {
			one()
		}
		synctest.Wait()
		close(gate)
		wg.Wait()
		if len(sizes) != 2 || sizes[0] != 1 || sizes[1] != 10 {
			t.Errorf("batches of %v", sizes)
		}
	})
}
