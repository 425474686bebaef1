// Package callers bounds how often installed software may call, whatever protocol it speaks: calls per address and
// endpoint, and unknown license keys per address.
//
// The counts are in this process's memory. A change of the settings starts them afresh.
package callers

import (
	"context"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/limit"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/web"
)

// maxCallers bounds the memory of the limits; beyond it, callers that have been quiet are forgotten first.
const maxCallers = 100_000

// Limits are the limits of a store. They are safe for concurrent use. Nil counts nothing.
type Limits struct {
	settings *setting.Service
	clock    clock.Clock
	now      atomic.Pointer[limits]
}

// New returns limits that go by the settings of a store and by the machine's time.
func New(settings *setting.Service, wall clock.Clock) *Limits {
	return &Limits{settings: settings, clock: wall}
}

type caller struct {
	net      netip.Addr
	endpoint string
}

// limits holds the callers' budgets for one set of settings.
type limits struct {
	perMinute, unknownPerHour int
	calls                     *limit.Limiter[caller]
	unknown                   *limit.Limiter[netip.Addr]
}

func (l *Limits) at(s *setting.Settings) *limits {
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

// of returns the budgets that an address spends; nil if it is not counted.
func (l *Limits) of(ctx context.Context, ip netip.Addr) (*limits, error) {
	if l == nil {
		return nil, nil
	}
	s, err := l.settings.Get(ctx)
	if err != nil || web.Within(ip, s.Exempt) {
		return nil, err
	}
	return l.at(s), nil
}

// Call counts a call of an endpoint. Beyond the limit it counts nothing and returns how long to wait; else 0.
func (l *Limits) Call(ctx context.Context, ip netip.Addr, endpoint string) (time.Duration, error) {
	now, err := l.of(ctx, ip)
	if now == nil {
		return 0, err
	}
	_, wait := now.calls.Allow(caller{limit.Network(ip), endpoint}, l.clock.Now())
	return wait, nil
}

// Unknown counts a key that no license has. Beyond the limit it counts nothing and returns how long to wait: then the
// caller is not told that the key is unknown.
func (l *Limits) Unknown(ctx context.Context, ip netip.Addr) (time.Duration, error) {
	now, err := l.of(ctx, ip)
	if now == nil {
		return 0, err
	}
	_, wait := now.unknown.Allow(limit.Network(ip), l.clock.Now())
	return wait, nil
}

// MayGuess returns how long to wait until an address may name an unknown key; 0: it may now. It counts nothing.
func (l *Limits) MayGuess(ctx context.Context, ip netip.Addr) (time.Duration, error) {
	now, err := l.of(ctx, ip)
	if now == nil {
		return 0, err
	}
	_, wait := now.unknown.Peek(limit.Network(ip), l.clock.Now())
	return wait, nil
}
