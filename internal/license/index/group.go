package index

import (
	"runtime"
	"sync"
)

// group lets concurrent callers share the cost of keeping their checks: while some are being kept, those who come
// gather, and go together next. One of them does the work for all, so that a caller who is alone waits for nobody.
type group struct {
	keep func([]Check) error
	most int // batches that may be kept at once

	mu   sync.Mutex
	open *batch // takes new checks
	busy int    // leaders at work or called to work
}

type batch struct {
	checks []Check
	led    bool // a member leads, or was called to
	// turn is made for the first who waits. What is sent there calls one member to lead; closed, err is final.
	turn chan struct{}
	err  error
}

func (g *group) init(most int, keep func([]Check) error) {
	g.keep, g.most, g.open = keep, most, &batch{}
}

// do keeps a check as part of a batch and returns the batch's verdict.
func (g *group) do(c Check) error {
	g.mu.Lock()
	b := g.open
	b.checks = append(b.checks, c)
	if !b.led && g.busy < g.most {
		b.led = true
		g.busy++
		g.mu.Unlock()
		return g.lead(b)
	}
	if b.turn == nil {
		b.turn = make(chan struct{}, 1)
	}
	turn := b.turn
	g.mu.Unlock()
	if _, called := <-turn; called {
		return g.lead(b)
	}
	return b.err
}

func (g *group) lead(b *batch) error {
	// Whoever is about to ask may join: one more member costs less than one more batch.
	runtime.Gosched()
	g.mu.Lock()
	g.open = &batch{}
	g.mu.Unlock()

	b.err = g.keep(b.checks)
	if b.turn != nil {
		close(b.turn)
	}

	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy--
	if next := g.open; len(next.checks) > 0 && !next.led {
		next.led = true
		g.busy++
		next.turn <- struct{}{} // somebody waits there: with no leader, everybody does
	}
	return b.err
}
