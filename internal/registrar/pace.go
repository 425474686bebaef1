package registrar

import (
	"context"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/clock"
)

// Pace keeps commands as far apart as a registrar wants them. It is safe for concurrent use; nil keeps nothing apart.
//
// Where several processes serve a store, each borrows turns that no other one has, see [Lender]: as many as are wanted, and
// more of them the longer all are used, so that a process at work asks about once a second. One that dies loses what it had
// borrowed, which is no more than a second's turns.
type Pace struct {
	gap  time.Duration
	lend Lender // nil: all turns are this process's

	asking chan struct{} // held by the one who borrows

	mu      sync.Mutex
	next    time.Time // nothing before
	waiting int       // who want a turn now
	loan    loan
}

// loan is what was borrowed last.
type loan struct {
	until time.Time     // its turns end there; zero: nothing was borrowed yet
	n     int           // so many turns
	taken int           // so many of them were given out
	took  time.Duration // to borrow it
	after time.Time     // no other loan begins before
}

// Lender gives turns to a process: n of them, gap apart, that nobody else is given.
type Lender func(ctx context.Context, want Turns) (Loan, error)

// Turns are what is asked of a [Lender].
type Turns struct {
	N   int
	Gap time.Duration
	// Lead is how long from now the first may be at the soonest.
	Lead time.Duration
	// Patience is how long from now it may be at the latest: otherwise nothing is lent.
	Patience time.Duration
}

// Loan is what a [Lender] gives.
type Loan struct {
	// In is how long from now the first turn is. What was not lent would have begun then.
	In   time.Duration
	Lent bool
}

// Patient is the patience of those who wait as long as it takes.
const Patient = 100 * 365 * 24 * time.Hour

// NewPace returns a pace of so many commands a second; 0: as many as there are. lend lends its turns where other processes
// go by it, too; nil: none does.
func NewPace(perSecond float64, lend Lender) *Pace {
	if perSecond <= 0 {
		return nil
	}
	return &Pace{gap: time.Duration(float64(time.Second) / perSecond), lend: lend, asking: make(chan struct{}, 1)}
}

// PerSecond is how many commands a second go at most; 0: as many as there are.
func (p *Pace) PerSecond() float64 {
	if p == nil {
		return 0
	}
	return float64(time.Second) / float64(p.gap)
}

// Wait takes the next turn and waits for it. Who would have to wait longer than ctx lasts takes none, so that many who can't
// wait, such as searches, never stand before those who can. An error is that of ctx, or of the lender, and a turn that was
// taken is lost.
func (p *Pace) Wait(ctx context.Context) error {
	if p == nil {
		return nil
	}
	wait, err := p.take(ctx)
	if err != nil || wait <= 0 {
		return err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// take gives out the next turn, and borrows some where there is none. It says how far away the turn is.
func (p *Pace) take(ctx context.Context) (time.Duration, error) {
	p.want(1)
	defer p.want(-1)
	wait, ok, err := p.turn(ctx)
	if ok || err != nil {
		return wait, err
	}
	select {
	case p.asking <- struct{}{}:
		defer func() { <-p.asking }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	for {
		wait, ok, err := p.turn(ctx)
		if ok || err != nil {
			return wait, err
		}
		if err := p.borrow(ctx); err != nil {
			return 0, err
		}
	}
}

func (p *Pace) want(n int) {
	p.mu.Lock()
	p.waiting += n
	p.mu.Unlock()
}

// turn gives out the next turn, if there is one; an error says that it is farther away than ctx lasts.
func (p *Pace) turn(ctx context.Context) (wait time.Duration, ok bool, err error) {
	if err := ctx.Err(); err != nil {
		return 0, false, err
	}
	now := wall()
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.next
	if at.Before(now) {
		at = now
	}
	// Half a gap too late is in time: nobody's clock is better than that.
	if p.lend != nil && at.Add(p.gap/2).After(p.loan.until) {
		return 0, false, nil
	}
	wait = at.Sub(now)
	if wait > patience(ctx, now) {
		return 0, false, context.DeadlineExceeded
	}
	p.next = at.Add(p.gap)
	p.loan.taken++
	return wait, true, nil
}

// borrow asks for turns. After those that were lent last it is, unless somebody else was lent turns meanwhile.
func (p *Pace) borrow(ctx context.Context) error {
	asked := wall()
	p.mu.Lock()
	last, n := p.loan, p.demand(asked)
	p.mu.Unlock()
	within := patience(ctx, asked)
	if last.after.Sub(asked) > within {
		return context.DeadlineExceeded
	}
	given, err := p.lend(ctx, Turns{N: n, Gap: p.gap, Lead: 2 * last.took, Patience: within})
	if err != nil {
		return err
	}
	now := wall()
	from := now.Add(given.In)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !given.Lent {
		p.loan.after = from
		return context.DeadlineExceeded
	}
	if p.next.Before(from) {
		p.next = from
	}
	p.loan = loan{until: from.Add(time.Duration(n) * p.gap), n: n, took: now.Sub(asked)}
	return nil
}

// demand is how many turns are asked for: one for each who waits and, as long as all that are lent are used in time, twice as
// many as the last time; never more than a second's. p is locked.
func (p *Pace) demand(now time.Time) int {
	n := p.waiting
	if p.loan.taken == p.loan.n && now.Before(p.loan.until.Add(p.gap)) {
		n = max(n, 2*p.loan.n)
	}
	return max(1, min(n, int(time.Second/p.gap)))
}

func patience(ctx context.Context, now time.Time) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return max(0, deadline.Sub(now))
	}
	return Patient
}

// wall is the machine's time: a peer's seconds are, whatever day the store plays.
func wall() time.Time { return clock.System().Now() }
