package background

import (
	"context"
	"sync"
)

// Gate keeps the work of a loop out while somebody needs it to rest. The zero value is open.
type Gate struct {
	mu     sync.Mutex
	closed int // how many have closed it
	inside int
	left   chan struct{} // closed when nobody is inside any more; nil: nobody waits for that
}

// Enter reports whether the gate is open. If so, the caller leaves in the end.
func (g *Gate) Enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed > 0 {
		return false
	}
	g.inside++
	return true
}

// Bring lets one more in whom somebody brings who is inside, closed or not: that one leaves in the end, too.
func (g *Gate) Bring() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside++
}

// Leave ends what [Gate.Enter] or [Gate.Bring] began.
func (g *Gate) Leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside--; g.inside == 0 && g.left != nil {
		close(g.left)
		g.left = nil
	}
}

// Close closes the gate until open is called, which may be done again, and returns when nobody is inside. Several may have
// closed it at once. If ctx ends before, it stays open, and the error is why ctx ended.
func (g *Gate) Close(ctx context.Context) (open func(), err error) {
	open = sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.closed--
	})
	select {
	case <-g.close():
		return open, nil
	case <-ctx.Done():
		open()
		return nil, context.Cause(ctx)
	}
}

// close closes the gate and returns a channel that is closed when nobody is inside.
func (g *Gate) close() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed++
	if g.left == nil {
		g.left = make(chan struct{})
	}
	left := g.left
	if g.inside == 0 {
		close(left)
		g.left = nil
	}
	return left
}
