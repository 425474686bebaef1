package licensed

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	attemptsAtOnce = 5           // passwords that one address may try in a row
	attemptEvery   = time.Minute // after which it may try another
	maxAddresses   = 10_000      // that are remembered
)

// limiter slows down who guesses passwords.
type limiter struct {
	now func() time.Time

	mu    sync.Mutex
	tries map[string]tries // by address
}

// tries are what an address has spent.
type tries struct {
	free  time.Time // when it will have all its attempts again
	name  string    // of the administrator who was tried first
	mixed bool      // others were tried as well
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, tries: map[string]tries{}}
}

// allow counts an attempt at the password of name, and reports whether it may be made.
func (l *limiter) allow(address, name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if len(l.tries) >= maxAddresses {
		l.forget(now)
	}
	const burst = attemptsAtOnce * attemptEvery
	t := l.tries[address]
	if t.free.Before(now) || t.free.Sub(now) > burst { // a clock that was set back locks nobody out
		t = tries{free: now, name: name}
	}
	t.mixed = t.mixed || t.name != name
	t.free = t.free.Add(attemptEvery)
	if t.free.Sub(now) > burst {
		return false
	}
	l.tries[address] = t
	return true
}

// forgive gives an address that knew the password in the end all its attempts back; but only the last one where it has
// tried several names: who knows one password must not get to guess at another for ever.
func (l *limiter) forgive(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t, spent := l.tries[address]
	if !spent || !t.mixed {
		delete(l.tries, address)
		return
	}
	t.free = t.free.Add(-attemptEvery)
	l.tries[address] = t
}

// forget drops the addresses that have all their attempts, or all when an army is at work.
func (l *limiter) forget(now time.Time) {
	for a, t := range l.tries {
		if !t.free.After(now) {
			delete(l.tries, a)
		}
	}
	if len(l.tries) >= maxAddresses {
		clear(l.tries)
	}
}

// remoteAddress is who is counted: an IPv4 address, or the /64 of an IPv6 one.
func remoteAddress(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if network, err := a.Prefix(64); err == nil {
			return network.String()
		}
	}
	return a.String()
}
