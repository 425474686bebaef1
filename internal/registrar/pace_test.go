package registrar_test

import (
	"context"
	"errors"
	"slices"
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
		p := registrar.NewPace(2, nil)
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
	p := registrar.NewPace(0.001, nil)
	ctx, cancel := context.WithCancel(t.Context())
	if err := p.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := p.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := registrar.NewPace(0, nil).Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

// However many visitors search, each with little time, a renewal waits for those only that can still be answered.
func TestPaceKeepsNoTurnForWhoCanNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := registrar.NewPace(2, nil)
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

// desk lends turns to several processes, as a database does: it takes a while, and how long it took counts.
type desk struct {
	takes time.Duration

	mu    sync.Mutex
	until time.Time
	asked int
	lent  int
}

func (d *desk) lend(ctx context.Context, want registrar.Turns) (registrar.Loan, error) {
	now := time.Now()
	time.Sleep(d.takes)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked++
	from := now.Add(want.Lead)
	if from.Before(d.until) {
		from = d.until
	}
	if from.Sub(now) > want.Patience {
		return registrar.Loan{In: time.Until(from)}, ctx.Err()
	}
	d.until = from.Add(time.Duration(want.N) * want.Gap)
	d.lent += want.N
	return registrar.Loan{In: time.Until(from), Lent: true}, ctx.Err()
}

// Several processes that borrow their turns keep to the rate together, each gets its share, and a process at work asks about
// once a second, not once for each command.
func TestPaceOfSeveralProcesses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name             string
		takes            time.Duration
		rate             float64
		processes, each  int // so many of them, and so many commands of each at once
		commands, within int // of each process; seconds in which all are done
		loans            int // at most
	}{
		{"one, a command at a time", time.Millisecond, 20, 1, 1, 200, 11, 16},
		{"one", time.Millisecond, 20, 1, 4, 200, 11, 16},
		{"two", time.Millisecond, 20, 2, 4, 200, 21, 32},
		{"three, one of which is done first", time.Millisecond, 20, 3, 8, 100, 16, 40},
		{"far away", 80 * time.Millisecond, 20, 2, 4, 200, 24, 60},
		{"less than one a second", time.Millisecond, 0.5, 2, 4, 10, 41, 20},
		{"slower than its commands", 3 * time.Second, 20, 2, 4, 100, 50, 40},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var (
					d     = &desk{takes: test.takes}
					begun = time.Now()
					mu    sync.Mutex
					turns []time.Duration
					all   sync.WaitGroup
				)
				for i := range test.processes {
					p := registrar.NewPace(test.rate, d.lend)
					commands := make(chan bool, test.commands)
					for range test.commands / (1 + i/2) {
						commands <- true
					}
					close(commands)
					for range test.each {
						all.Go(func() {
							for range commands {
								if err := p.Wait(t.Context()); err != nil {
									t.Error(err)
								}
								mu.Lock()
								turns = append(turns, time.Since(begun))
								mu.Unlock()
								time.Sleep(10 * time.Millisecond)
							}
						})
					}
				}
				all.Wait()
				slices.Sort(turns)
				gap := time.Duration(float64(time.Second) / test.rate)
				for i := range turns {
					for _, n := range []int{1, 10, 100} { // so many turns later
						if i >= n && turns[i]-turns[i-n] < time.Duration(n)*gap-gap/2 {
							t.Fatalf("turns %d to %d within %s", i-n, i, turns[i]-turns[i-n])
						}
					}
				}
				last := turns[len(turns)-1]
				t.Logf("%d turns in %s, %d loans of %d", len(turns), last, d.asked, d.lent)
				if last > time.Duration(test.within)*time.Second || d.asked > test.loans {
					t.Errorf("%d turns in %s by %d loans, want %d s and %d", len(turns), last, d.asked, test.within, test.loans)
				}
			})
		})
	}
}

// Those who can't wait borrow nothing, and ask the lender once, not once each.
func TestPaceBorrowsNothingForWhoCanNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &desk{until: time.Now().Add(20 * time.Second)} // by another process
		p := registrar.NewPace(2, d.lend)
		var searches sync.WaitGroup
		for range 1000 {
			searches.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				if err := p.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
			})
		}
		searches.Wait()
		if d.asked != 1 || d.lent != 0 {
			t.Errorf("%d questions, %d turns", d.asked, d.lent)
		}
		begun := time.Now()
		if err := p.Wait(t.Context()); err != nil || time.Since(begun) != 20*time.Second {
			t.Errorf("a renewal waited for %s: %v", time.Since(begun), err)
		}
	})
}

var errNoDesk = errors.New("the database is away")

// Without the lender nothing goes.
func TestPaceWithoutItsLender(t *testing.T) {
	t.Parallel()
	p := registrar.NewPace(2, func(context.Context, registrar.Turns) (registrar.Loan, error) { return registrar.Loan{}, errNoDesk })
	for range 2 {
		if err := p.Wait(t.Context()); !errors.Is(err, errNoDesk) {
			t.Error(err)
		}
	}
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
