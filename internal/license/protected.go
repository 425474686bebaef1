package license

import (
	"net/netip"
	"strings"
)

// privateNames are the ends of names that no public network resolves (RFC 2606, RFC 6761, RFC 6762, RFC 8375).
var privateNames = []string{"localhost", "test", "local", "internal", "lan", "home.arpa", "example"}

// Protected reports whether a host, as [Normalize] writes a domain, is a place that the public can't reach: there a
// development license may run. Names without a dot are protected, and so are private, loopback, link-local and unique-local
// addresses. suffixes are domains below which the vendor allows it too.
func Protected(host string, suffixes []string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.Unmap()
		return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast()
	}
	if !strings.Contains(host, ".") {
		return host != ""
	}
	return under(host, privateNames) || under(host, suffixes)
}

// under reports whether a host is one of the domains or below one.
func under(host string, domains []string) bool {
	for _, d := range domains {
		if host == d || strings.HasSuffix(host, "."+d) {
			return true
		}
	}
	return false
}

// MayDevelopOn reports whether a development license may run on a host, given the suffixes that its vendor and the hosts that
// staff allow beside protected places.
func MayDevelopOn(host string, suffixes, allowed []string) bool {
	if Protected(host, suffixes) {
		return true
	}
	for _, a := range allowed {
		if domainFits(a, host) {
			return true
		}
	}
	return false
}
