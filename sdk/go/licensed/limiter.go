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

	mu   sync.Mutex
	free map[string]time.Time // when an address will have all its attempts again
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, free: map[string]time.Time{}}
}

// allow counts an attempt, and reports whether it may be made.
func (l *limiter) allow(address string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if len(l.free) >= maxAddresses {
		l.forget(now)
	}
	const burst = attemptsAtOnce * attemptEvery
	free := l.free[address]
	if free.Before(now) || free.Sub(now) > burst { // a clock that was set back locks nobody out
		free = now
	}
	free = free.Add(attemptEvery)
	if free.Sub(now) > burst {
		return false
	}
	l.free[address] = free
	return true
}

// forget drops the addresses that have all their attempts, or all when an army is at work.
func (l *limiter) forget(now time.Time) {
	for a, free := range l.free {
		if !free.After(now) {
			delete(l.free, a)
		}
	}
	if len(l.free) >= maxAddresses {
		clear(l.free)
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
