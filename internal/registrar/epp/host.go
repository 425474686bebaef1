package epp

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/registrar"
)

// CheckHosts asks which hosts the registry does not know yet (RFC 5732): those are free.
func (c *Client) CheckHosts(ctx context.Context, trid string, names ...string) ([]Available, error) {
	a, err := c.do(ctx, hostCommand("check", trid, false, names...))
	if err != nil {
		return nil, err
	}
	var found []Available
	for _, cd := range a.data.child(nsHost, "chkData").all(nsHost, "cd") {
		name := cd.child(nsHost, "name")
		found = append(found, Available{Name: name.content(), Free: boolean(name.attr("avail")), Reason: cd.value(nsHost, "reason")})
	}
	return found, nil
}

// CreateHost has the registry know a host outside of its own extensions, which needs no addresses there.
func (c *Client) CreateHost(ctx context.Context, trid, name string) (Result, error) {
	return c.plain(ctx, hostCommand("create", trid, true, name))
}

func hostCommand(verb, trid string, changes bool, names ...string) command {
	return command{verb: verb, trid: trid, changes: changes, body: func(w *writer) {
		w.open("host:"+verb, "xmlns:host", nsHost)
		for _, name := range names {
			w.name("host:name", name)
		}
		w.close("host:" + verb)
	}}
}

// hosts has the registry know the hosts to which a domain is to be delegated. Those that it lacks are made, but for hosts
// below the domain itself: they need addresses, which the store does not keep.
func (r *Registrar) hosts(ctx context.Context, transaction, domain string, names []string) (hosts []Nameserver, failed *registrar.Answer) {
	if len(names) == 0 {
		return nil, nil
	}
	greeting, err := r.greeting(ctx)
	if err != nil {
		return nil, undone(err)
	}
	if !slices.Contains(greeting.Objects, nsHost) {
		for _, name := range names {
			if below(name, domain) {
				return nil, lacksAddresses(name)
			}
			hosts = append(hosts, Nameserver{Name: name, Inline: true})
		}
		return hosts, nil
	}
	known, err := r.client.CheckHosts(ctx, within(transaction, "h"), names...)
	if err != nil {
		return nil, undone(err)
	}
	for i, name := range names {
		hosts = append(hosts, Nameserver{Name: name})
		missing := slices.ContainsFunc(known, func(a Available) bool { return a.Free && strings.EqualFold(a.Name, name) })
		if !missing {
			continue
		}
		if below(name, domain) {
			return nil, lacksAddresses(name)
		}
		_, err := r.client.CreateHost(ctx, within(transaction, fmt.Sprintf("h%d", i+1)), name)
		if err != nil && codeOf(err) != codeExists {
			failed := undone(err)
			failed.Message = "The registry does not know the nameserver " + name + " and does not take it: " + failed.Message
			return nil, failed
		}
	}
	return hosts, nil
}

// below reports whether a host lies in a domain.
func below(host, domain string) bool {
	host, domain = strings.ToLower(host), strings.ToLower(domain)
	return host == domain || strings.HasSuffix(host, "."+domain)
}

func lacksAddresses(name string) *registrar.Answer {
	return &registrar.Answer{
		Class:   registrar.Fault,
		Message: "The nameserver " + name + " lies below the domain itself. The registry needs its addresses for that: make the host at the registrar first.",
	}
}
