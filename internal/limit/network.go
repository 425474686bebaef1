package limit

import "net/netip"

// Network is what one caller can't easily change, and so what is counted: the address, or the /64 of an IPv6 address.
func Network(ip netip.Addr) netip.Addr {
	ip = ip.Unmap()
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return ip
}
