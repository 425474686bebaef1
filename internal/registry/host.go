package registry

import (
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/text"
)

// aboutHosts reports whether a command is about hosts as objects.
func (v *verbs) aboutHosts() bool {
	return v.Check != nil && v.Check.Host != nil || v.Info != nil && v.Info.Host != nil ||
		v.Create != nil && v.Create.Host != nil || v.Delete != nil && v.Delete.Host != nil
}

// keepsHosts reports whether hosts are objects here: as the first extension has it.
func (r *Registry) keepsHosts() bool {
	x := r.state.Extensions[r.state.Default]
	return x == nil || x.Hosts != HostAttributes
}

// delegable reports what is wrong with the hosts that a domain is to be delegated to.
func (r *Registry) delegable(x *Extension, p *partsBody) *reply {
	var refused reply
	switch {
	case x.Hosts == HostObjects && len(p.Attributes) > 0:
		refused = refuse(codePolicy, "hosts are objects here")
	case x.Hosts == HostAttributes && len(p.Hosts) > 0:
		refused = refuse(codePolicy, "hosts are attributes of domains here")
	default:
		for _, host := range p.hosts() {
			if !validName(host) {
				refused = refuse(codeValueSyntax, "host "+host)
				return &refused
			}
			if x.Hosts == HostObjects && r.state.Hosts[host] == nil {
				refused = refuse(codeNotThere, "host "+host)
				return &refused
			}
		}
		return nil
	}
	return &refused
}

// belongs reports what keeps an account from making a host: one below a domain of this registry is its sponsor's to make,
// and has addresses (RFC 5732, section 3.2.1).
func (r *Registry) belongs(host string, addresses []string, by caller) *reply {
	x := r.extension(host)
	if x == nil || x.Hosts != HostObjects {
		return nil
	}
	labels := strings.Split(strings.TrimSuffix(host, "."+x.Name), ".")
	domain := labels[len(labels)-1] + "." + x.Name
	var refused reply
	switch d := r.state.Domains[domain]; {
	case d == nil:
		refused = refuse(codeNotThere, "domain "+domain)
	case d.Sponsor != by.account:
		refused = refuse(codeAuthorization, "below another registrar's domain")
	case len(addresses) == 0:
		refused = refuse(codeMissing, "addr")
	default:
		return nil
	}
	return &refused
}

func (r *Registry) checkHosts(names []string) reply {
	s := `<host:chkData xmlns:host="` + nsHost + `">`
	for _, name := range names {
		name = text.Fold(name)
		avail := "1"
		if r.state.Hosts[name] != nil {
			avail = "0"
		}
		s += `<host:cd><host:name avail="` + avail + `">` + escaped(name) + `</host:name></host:cd>`
	}
	return reply{code: codeOK, data: s + `</host:chkData>`}
}

func (r *Registry) infoHost(name string) reply {
	h := r.state.Hosts[name]
	if h == nil {
		return refuse(codeNotThere, name)
	}
	s := `<host:infData xmlns:host="` + nsHost + `">` + tag("host:name", name) + tag("host:roid", h.ROID) + `<host:status s="ok"/>`
	for _, addr := range h.Addresses {
		ip := "v4"
		if strings.Contains(addr, ":") {
			ip = "v6"
		}
		s += `<host:addr ip="` + ip + `">` + escaped(addr) + `</host:addr>`
	}
	return reply{code: codeOK, data: s + tag("host:clID", h.Sponsor) + tag("host:crID", h.Sponsor) + tag("host:crDate", stamp(h.Created)) + `</host:infData>`}
}

func (r *Registry) createHost(in *hostBody, by caller) reply {
	name := text.Fold(in.Name)
	if !validName(name) {
		return refuse(codeValueSyntax, "name")
	}
	if r.state.Hosts[name] != nil {
		return refuse(codeExists, name)
	}
	if refused := r.belongs(name, in.Addresses, by); refused != nil {
		return *refused
	}
	for _, addr := range in.Addresses {
		if len(addr) < 3 || len(addr) > 45 {
			return refuse(codeValueSyntax, "addr")
		}
	}
	h := &Host{Name: name, ROID: r.roid("H"), Sponsor: by.account, Addresses: in.Addresses, Created: r.now()}
	r.state.Hosts[name] = h
	r.state.Changes++
	return reply{code: codeOK, data: `<host:creData xmlns:host="` + nsHost + `">` + tag("host:name", name) + tag("host:crDate", stamp(h.Created)) + `</host:creData>`}
}

func (r *Registry) deleteHost(name string, by caller) reply {
	h := r.state.Hosts[name]
	switch {
	case h == nil:
		return refuse(codeNotThere, name)
	case h.Sponsor != by.account:
		return refuse(codeAuthorization, "another registrar's")
	}
	for _, d := range r.state.Domains {
		if slices.Contains(d.Hosts, name) {
			return refuse(codeAssociation, "a domain refers to it")
		}
	}
	delete(r.state.Hosts, name)
	r.state.Changes++
	return reply{code: codeOK}
}
