package webhook

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// Whoever may add an endpoint could otherwise make this program ask what only it can reach: services of the machine and
// of its network, the metadata of its cloud. So each connection is looked at when its address is known, after names
// were resolved.

// reserved are the networks of the address space that lead nowhere, to neighbours, or to somewhere else than they say.
var reserved = networks(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4",
	"::/8", // IPv4 addresses in IPv6 clothes, 64:ff9b::/96 among them
	"100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
)

func networks(list ...string) []netip.Prefix {
	prefixes := make([]netip.Prefix, len(list))
	for i, s := range list {
		prefixes[i] = netip.MustParsePrefix(s)
	}
	return prefixes
}

// near reports whether an address is of this machine or of a private network.
func near(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsLoopback() || a.IsPrivate()
}

// permitted reports whether an address may be sent to: if it is public, if its network is allowed, or if it is near and
// the store is in test mode.
func permitted(a netip.Addr, testMode bool, allowed []netip.Prefix) bool {
	a = a.Unmap().WithZone("")
	within := func(p netip.Prefix) bool { return p.Contains(a) }
	if slices.ContainsFunc(allowed, within) || testMode && near(a) {
		return true
	}
	// A global unicast address is none of this machine, of the link, or of a group.
	return a.IsGlobalUnicast() && !a.IsPrivate() && !slices.ContainsFunc(reserved, within)
}

// refusedError says that an address is not permitted.
type refusedError struct{ addr netip.Addr }

func (e *refusedError) Error() string {
	return fmt.Sprintf("leads to %s, which is not a public address", e.addr)
}

// control is asked for each connection before it is made.
func (s *Service) control(ctx context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	allowed, err := s.allowed(ctx)
	if err != nil {
		return err
	}
	if !permitted(to.Addr(), s.testMode, allowed) {
		return &refusedError{to.Addr()}
	}
	return nil
}

const (
	timeout       = 10 * time.Second // for an attempt as a whole
	dialTimeout   = 5 * time.Second
	idleTimeout   = 30 * time.Second // how long a connection is kept for the next delivery
	maxHeaderSize = 32 << 10         // of an answer
)

// newClient returns a client that goes to the address itself and nowhere else: by no proxy, after no redirect.
func (s *Service) newClient() *http.Client {
	dialer := &net.Dialer{Timeout: dialTimeout, ControlContext: s.control}
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: dialTimeout, ForceAttemptHTTP2: true, DisableCompression: true,
			MaxIdleConnsPerHost: perEndpoint, MaxIdleConns: maxEndpoints, IdleConnTimeout: idleTimeout, MaxResponseHeaderBytes: maxHeaderSize,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
