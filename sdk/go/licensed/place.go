package licensed

import (
	"net/netip"
	"path"
	"slices"
	"strings"
)

// mismatch returns the first of a lease's bindings that the place does not fit, or nothing. A license that is bound
// does not run where the place is unknown.
func (p Place) mismatch(l *Lease) Reason {
	switch {
	case len(l.Domains) > 0 && !slices.ContainsFunc(l.Domains, p.inDomain):
		return WrongDomain
	case len(l.IPs) > 0 && !slices.ContainsFunc(l.IPs, p.inNetwork):
		return WrongIP
	case len(l.Directories) > 0 && !slices.ContainsFunc(l.Directories, p.inDirectory):
		return WrongDirectory
	}
	return ""
}

func (p Place) inDomain(pattern string) bool {
	own, pattern := bareHost(strings.TrimSpace(p.Domain)), strings.ToLower(pattern)
	if parent, wild := strings.CutPrefix(pattern, "*."); wild {
		below, is := strings.CutSuffix(own, "."+parent)
		return is && below != ""
	}
	return own != "" && own == plainDomain(pattern)
}

// plainDomain writes a name as the server keeps it: www.example.com is example.com, so it is not below *.example.com.
func plainDomain(s string) string {
	s = strings.TrimRight(strings.ToLower(s), ".")
	for strings.HasPrefix(s, "www.") {
		s = s[len("www."):]
	}
	return s
}

func (p Place) inNetwork(pattern string) bool {
	own, err := netip.ParseAddr(strings.TrimSpace(p.IP))
	if err != nil {
		return false
	}
	own = own.Unmap().WithZone("")
	if network, err := netip.ParsePrefix(pattern); err == nil {
		return network.Contains(own)
	}
	one, err := netip.ParseAddr(pattern)
	return err == nil && one.Unmap() == own
}

func (p Place) inDirectory(pattern string) bool {
	return p.Directory != "" && plainDirectory(pattern) == plainDirectory(p.Directory)
}

// plainDirectory writes a path as the server keeps it. What is none, such as the id of a machine, stays as it is.
func plainDirectory(s string) string {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "/") {
		return path.Clean(s)
	}
	if trimmed := strings.TrimRight(s, `/\`); trimmed != "" {
		return trimmed
	}
	return s
}

// sameIdentifier compares an identifier with the form in which the server keeps it, which depends on the plan: of a
// domain the bare host, of a seat lower case, of others the text itself.
func sameIdentifier(own, kept string) bool {
	own = strings.TrimSpace(own)
	return own == kept || strings.ToLower(own) == kept || bareHost(own) == kept
}

// bareHost removes from an address what the server removes.
func bareHost(s string) string {
	if _, rest, found := strings.Cut(s, "://"); found {
		s = rest
	}
	if i := strings.IndexAny(s, `/?#\`); i >= 0 {
		s = s[:i]
	}
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		s = s[i+1:]
	}
	if a, err := netip.ParseAddrPort(s); err == nil {
		return a.Addr().WithZone("").Unmap().String()
	}
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return a.WithZone("").Unmap().String()
	}
	host, _, _ := strings.Cut(s, ":")
	return plainDomain(host)
}
