package shop

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/limit"
	"github.com/keystead/keystead/internal/text"
	"github.com/keystead/keystead/internal/web"
)

// Every try counts, also one that turns out right: what is counted only afterwards doesn't bound tries that are made
// at the same time.
var (
	// perCheckout bounds what one address (or /64) sends to the checkout.
	perCheckout = limit.Rate{Count: 60, Per: 15 * time.Minute}
	// perMailbox bounds the orders under one e-mail address, whoever types it: each of them has mails sent to it.
	perMailbox = limit.Rate{Count: 10, Per: time.Hour}
	// perCode bounds the coupon codes that one address tries.
	perCode = limit.Rate{Count: 20, Per: 15 * time.Minute}
	// perSecret bounds the links that one address tries.
	perSecret = limit.Rate{Count: 60, Per: 15 * time.Minute}
	// perDomain bounds the domains that one address asks about.
	perDomain = limit.Rate{Count: 30, Per: 15 * time.Minute}
	// perSearch bounds the names that one address looks for or puts into a cart: each is questions to registrars.
	perSearch = limit.Rate{Count: 60, Per: 15 * time.Minute}
)

const maxCounted = 100_000

// limits bound how often the forms of the shop can be sent, in memory and per process.
type limits struct {
	trustLoopback bool
	wall          clock.Clock
	checkouts     *limit.Limiter[netip.Addr]
	mailboxes     *limit.Limiter[string]
	codes         *limit.Limiter[netip.Addr]
	secrets       *limit.Limiter[netip.Addr]
	domains       *limit.Limiter[netip.Addr]
	searches      *limit.Limiter[netip.Addr]
}

func newLimits(trustLoopback bool, wall clock.Clock) *limits {
	return &limits{
		trustLoopback: trustLoopback, wall: wall,
		checkouts: limit.New[netip.Addr](perCheckout, maxCounted),
		mailboxes: limit.New[string](perMailbox, maxCounted),
		codes:     limit.New[netip.Addr](perCode, maxCounted),
		secrets:   limit.New[netip.Addr](perSecret, maxCounted),
		domains:   limit.New[netip.Addr](perDomain, maxCounted),
		searches:  limit.New[netip.Addr](perSearch, maxCounted),
	}
}

// spend counts one event of the sender of a request.
func (l *limits) spend(of *limit.Limiter[netip.Addr], r *http.Request) error {
	ip := web.ClientIP(r.Context())
	if l.exempt(ip) {
		return nil
	}
	return answer(of.Allow(limit.Network(ip), l.wall.Now()))
}

// mailbox counts an order under an e-mail address.
func (l *limits) mailbox(r *http.Request, email string) error {
	if l.exempt(web.ClientIP(r.Context())) {
		return nil
	}
	return answer(l.mailboxes.Allow(text.Fold(email), l.wall.Now()))
}

func (l *limits) exempt(ip netip.Addr) bool { return l.trustLoopback && ip.Unmap().IsLoopback() }

func answer(ok bool, wait time.Duration) error {
	if ok {
		return nil
	}
	return fail.Limited("Too many tries. Wait a little and try again.", wait)
}
