package registrar_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keystead/keystead/internal/registrar"
)

// F7: two requests a second are never passed, however many ask at once.
func TestPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := registrar.NewPace(2)
		start := time.Now()
		turns := make(chan time.Duration, 20)
		for range cap(turns) {
			go func() {
				if err := p.Wait(t.Context()); err != nil {
					t.Error(err)
				}
				turns <- time.Since(start)
			}()
		}
		perSecond := map[int]int{}
		for range cap(turns) {
			perSecond[int((<-turns)/time.Second)]++
		}
		for second, n := range perSecond {
			if n != 2 {
				t.Errorf("second %d: %d turns", second, n)
			}
		}
	})
}

func TestPaceEndsWithItsContext(t *testing.T) {
	t.Parallel()
	p := registrar.NewPace(0.001)
	ctx, cancel := context.WithCancel(t.Context())
	if err := p.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := p.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := registrar.NewPace(0).Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

// However many visitors search, each with little time, a renewal waits for those only that can still be answered.
func TestPaceKeepsNoTurnForWhoCanNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := registrar.NewPace(2)
		var searches sync.WaitGroup
		for range 1000 {
			searches.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				if err := p.Wait(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := p.Wait(ctx); err != nil || time.Since(start) > 6*time.Second {
			t.Errorf("a renewal waited for %s: %v", time.Since(start), err)
		}
		searches.Wait()
	})
}

func TestClassOfCode(t *testing.T) {
	t.Parallel()
	for class, codes := range map[registrar.Class][]int{
		registrar.Done:    {1000, 1300, 1500},
		registrar.Pending: {1001},
		registrar.Policy:  {2004, 2105, 2306, 2308},
		registrar.Status:  {2304},
		registrar.Money:   {2104},
		registrar.NotOurs: {2201, 2202, 2303},
		registrar.Fault:   {2000, 2001, 2002, 2003, 2005, 2100, 2101, 2102, 2103, 2106, 2302, 2305, 2307},
		registrar.Session: {2200, 2501, 2502},
		registrar.Unknown: {2400, 2500, 0, 3000, 2999},
	} {
		for _, code := range codes {
			if got := registrar.ClassOfCode(code); got != class {
				t.Errorf("%d is %s, want %s", code, got, class)
			}
		}
	}
}
