package license

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"
)

// Place is where software says that it runs. Each part may be empty: it was not said.
type Place struct {
	Domain    string
	IP        string
	Directory string
}

// Places are what a license is bound to, or may be used at. An empty list is open: it matches nothing and nothing is
// refused by it, and the next check that names one binds it.
type Places struct {
	Domains     []string `json:"dom,omitempty"` // as [Normalize] writes them; *.example.com stands for all below example.com
	IPs         []string `json:"ips,omitempty"` // addresses, or networks such as 2001:db8::/32
	Directories []string `json:"dir,omitempty"`
}

// Enforced says which parts of a bound place must match.
type Enforced struct{ Domain, IP, Directory bool }

// Only leaves what is enforced.
func (p Places) Only(e Enforced) Places {
	if !e.Domain {
		p.Domains = nil
	}
	if !e.IP {
		p.IPs = nil
	}
	if !e.Directory {
		p.Directories = nil
	}
	return p
}

// Empty reports whether nothing is bound.
func (p Places) Empty() bool { return len(p.Domains)+len(p.IPs)+len(p.Directories) == 0 }

func (p Places) equal(o Places) bool {
	return slices.Equal(p.Domains, o.Domains) && slices.Equal(p.IPs, o.IPs) && slices.Equal(p.Directories, o.Directories)
}

// The reasons for which a place is refused.
const (
	WrongDomain    = "wrong_domain"
	WrongIP        = "wrong_ip"
	WrongDirectory = "wrong_directory"
)

// Refuse is why a check from a place is refused where the license is bound to p; empty if it is not. A part that is bound
// and enforced has to be said; one that is open refuses nothing.
func (p Places) Refuse(e Enforced, at Place) string {
	switch {
	case e.Domain && len(p.Domains) > 0 && !p.HasDomain(at.Domain):
		return WrongDomain
	case e.IP && len(p.IPs) > 0 && !p.HasIP(at.IP):
		return WrongIP
	case e.Directory && len(p.Directories) > 0 && !p.HasDirectory(at.Directory):
		return WrongDirectory
	}
	return ""
}

// HasDomain reports whether a domain, as software says it, is one of p's.
func (p Places) HasDomain(said string) bool {
	domain, err := normalize(Domain, said)
	return err == nil && slices.ContainsFunc(p.Domains, func(kept string) bool { return domainFits(kept, domain) })
}

func domainFits(kept, domain string) bool {
	if below, wild := strings.CutPrefix(kept, "*."); wild {
		return strings.HasSuffix(domain, "."+below)
	}
	return domain == kept
}

// HasIP reports whether an address is one of p's, or in one of its networks.
func (p Places) HasIP(said string) bool {
	ip, ok := parseIP(said)
	return ok && slices.ContainsFunc(p.IPs, func(kept string) bool { return ipFits(kept, ip) })
}

func ipFits(kept string, ip netip.Addr) bool {
	if network, err := netip.ParsePrefix(kept); err == nil {
		return network.Contains(ip)
	}
	one, ok := parseIP(kept)
	return ok && one == ip
}

func parseIP(s string) (netip.Addr, bool) {
	ip, err := netip.ParseAddr(strings.TrimSpace(s))
	return ip.Unmap().WithZone(""), err == nil
}

// HasDirectory reports whether a directory is one of p's.
func (p Places) HasDirectory(said string) bool {
	said = normalizeDirectory(said)
	return said != "" && slices.Contains(p.Directories, said)
}

// normalizeDirectory leaves the slash at the end out. What else software sends there, such as the id of a machine, stays
// as it is.
func normalizeDirectory(s string) string {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "/") {
		return path.Clean(s)
	}
	if trimmed := strings.TrimRight(s, `/\`); trimmed != "" {
		return trimmed
	}
	return s
}

// Normal is a place as it is stored: what is said but is no domain, or nothing, stays empty. Of an address only what is
// one counts.
func (at Place) Normal() Place {
	n := Place{Directory: normalizeDirectory(at.Directory)}
	n.Domain, _ = normalize(Domain, at.Domain)
	if ip, ok := parseIP(at.IP); ok {
		n.IP = ip.String()
	}
	return n
}

// bind adds the parts of a normal place to what is open. It reports whether anything was.
func (p Places) bind(at Place) (Places, bool) {
	bound := false
	set := func(list *[]string, value string) {
		if value != "" && len(*list) == 0 {
			*list, bound = []string{value}, true
		}
	}
	set(&p.Domains, at.Domain)
	set(&p.IPs, at.IP)
	set(&p.Directories, at.Directory)
	return p, bound
}

// Open reports whether a normal place has a part that would be bound.
func (p Places) Open(at Place) bool {
	_, open := p.bind(at)
	return open
}

func placesOf(domains, ips, directories string) (p Places, err error) {
	for _, part := range []struct {
		list   *[]string
		stored string
	}{{&p.Domains, domains}, {&p.IPs, ips}, {&p.Directories, directories}} {
		if *part.list, err = decodeList(part.stored); err != nil {
			return Places{}, err
		}
	}
	return p, nil
}

func decodeList(stored string) ([]string, error) {
	if stored == "[]" {
		return nil, nil
	}
	var list []string
	if err := json.Unmarshal([]byte(stored), &list); err != nil {
		return nil, fmt.Errorf("a stored list: %w", err)
	}
	return list, nil
}

func encodeList(list []string) string {
	if len(list) == 0 {
		return "[]"
	}
	raw, err := json.Marshal(list)
	if err != nil {
		panic(fmt.Sprintf("license: a list of texts: %v", err)) // strings always marshal
	}
	return string(raw)
}
