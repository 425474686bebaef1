package licenseapi

import (
	"context"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/limit"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/web"
)

// maxCallers bounds the memory of the limits; beyond it, callers that have been quiet are forgotten first.
const maxCallers = 100_000

// endpoint is what calls are counted for, one by one.
type endpoint uint8

const (
	activateEndpoint endpoint = iota
	deactivateEndpoint
	validateEndpoint
	updatesEndpoint
	downloadsEndpoint
)

type caller struct {
	net      netip.Addr
	endpoint endpoint
}

// limits holds the callers' budgets for one set of settings.
type limits struct {
	perMinute, unknownPerHour int
	calls                     *limit.Limiter[caller]
	unknown                   *limit.Limiter[netip.Addr]
}

// limiter counts calls per address, in this process's memory. A change of the settings starts the counts afresh.
type limiter struct{ now atomic.Pointer[limits] }

func (l *limiter) at(s *setting.Settings) *limits {
	have := l.now.Load()
	if have != nil && have.perMinute == s.PerMinute && have.unknownPerHour == s.UnknownPerHour {
		return have
	}
	fresh := &limits{
		perMinute: s.PerMinute, unknownPerHour: s.UnknownPerHour,
		calls:   limit.New[caller](limit.Rate{Count: s.PerMinute, Per: time.Minute}, maxCallers),
		unknown: limit.New[netip.Addr](limit.Rate{Count: s.UnknownPerHour, Per: time.Hour}, maxCallers),
	}
	if l.now.CompareAndSwap(have, fresh) {
		return fresh
	}
	return l.at(s)
}

// callerNet is what one caller can't easily change: the address, or the /64 of an IPv6 address.
func callerNet(ip netip.Addr) netip.Addr {
	if ip.Is6() && !ip.Is4In6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return ip
}

// exempt reports whether the calls from an address are not counted.
func (a *api) exempt(ip netip.Addr, s *setting.Settings) bool {
	return a.unlimited || web.Within(ip, s.Exempt)
}

// limited wraps an endpoint with the limit on calls per address.
func (a *api) limited(e endpoint, h web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		ip := web.ClientIP(r.Context())
		s, err := a.settings.Get(r.Context())
		if err != nil {
			return err
		}
		if !a.exempt(ip, s) {
			if ok, wait := a.limiter.at(s).calls.Allow(caller{callerNet(ip), e}, a.wall.Now()); !ok {
				return rateLimited("Too many requests from this address.", wait)
			}
		}
		return h(w, r)
	}
}

// unknownKey answers a key that no license has. An address that tries many is told to wait instead: it learns
// nothing more. A known key from the same address is still answered, so nobody is locked out by a neighbour.
func (a *api) unknownKey(ctx context.Context, notFound error) error {
	s, err := a.settings.Get(ctx)
	if err != nil {
		return err
	}
	ip := web.ClientIP(ctx)
	if a.exempt(ip, s) {
		return notFound
	}
	if ok, wait := a.limiter.at(s).unknown.Allow(callerNet(ip), a.wall.Now()); !ok {
		return rateLimited("Too many unknown license keys from this address.", wait)
	}
	return notFound
}

func rateLimited(detail string, wait time.Duration) error {
	return &fail.Error{Kind: fail.KindLimited, Code: codeRateLimited, Detail: detail, RetryAfter: wait}
}
