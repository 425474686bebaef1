package epp

import (
	"context"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/civil"
)

// Domain is what a registry says of a domain.
type Domain struct {
	Result
	Name        string
	ROID        string
	Statuses    []string // of RFC 5731, such as clientRenewProhibited
	RGP         []string // of RFC 3915, such as autoRenewPeriod
	Registrant  string
	Contacts    []DomainContact
	Nameservers []Nameserver
	Hosts       []string // below the domain
	Sponsor     string   // the client whose domain it is
	Creator     string
	Created     Moment
	Updated     Moment
	Expires     Moment // its Date is the guard of a renewal
	Transferred Moment
	AuthInfo    string
}

// DomainContact is a contact in a role: admin, billing, tech.
type DomainContact struct{ Role, ID string }

// Nameserver is a host to which a domain is delegated.
type Nameserver struct {
	Name string
	// Inline is set where a registry keeps hosts as attributes of domains, and not as objects of their own.
	Inline    bool
	Addresses []string // only of one that is inline
}

// Available is the answer to a check of one name.
type Available struct {
	Name   string
	Free   bool
	Reason string
}

// Created is the answer to a registration.
type Created struct {
	Result
	Name    string
	Created Moment
	Expires Moment
	Fee     Charged
}

// Renewed is the answer to a renewal.
type Renewed struct {
	Result
	Name    string
	Expires Moment // empty where a registry doesn't say
	Fee     Charged
}

// Check asks which names are free.
func (c *Client) Check(ctx context.Context, trid string, names ...string) ([]Available, error) {
	a, err := c.do(ctx, checkCommand(trid, names, nil))
	if err != nil {
		return nil, err
	}
	return a.availability(), nil
}

func checkCommand(trid string, names []string, ext func(*writer)) command {
	return command{verb: "check", trid: trid, ext: ext, body: func(w *writer) {
		w.open("domain:check", "xmlns:domain", nsDomain)
		for _, name := range names {
			w.name("domain:name", name)
		}
		w.close("domain:check")
	}}
}

func (a *answer) availability() []Available {
	var found []Available
	for _, cd := range a.data.child(nsDomain, "chkData").all(nsDomain, "cd") {
		name := cd.child(nsDomain, "name")
		found = append(found, Available{Name: name.content(), Free: boolean(name.attr("avail")), Reason: cd.value(nsDomain, "reason")})
	}
	return found
}

func boolean(s string) bool { return s == "1" || s == "true" }

// Info reads a domain. With authInfo, also one of another sponsor.
func (c *Client) Info(ctx context.Context, trid, name, authInfo string) (*Domain, error) {
	a, err := c.do(ctx, command{verb: "info", trid: trid, body: func(w *writer) {
		w.open("domain:info", "xmlns:domain", nsDomain)
		w.name("domain:name", name, "hosts", "all")
		if authInfo != "" {
			writeAuthInfo(w, "domain", authInfo)
		}
		w.close("domain:info")
	}})
	if err != nil {
		return nil, err
	}
	d := a.domain()
	if !strings.EqualFold(d.Name, name) {
		return nil, a.unreadable("info", "answer is about another domain")
	}
	return d, nil
}

func (a *answer) domain() *Domain {
	data := a.data.child(nsDomain, "infData")
	d := &Domain{
		Result: a.Result,
		Name:   data.value(nsDomain, "name"), ROID: data.value(nsDomain, "roid"),
		Registrant: data.value(nsDomain, "registrant"),
		Hosts:      data.values(nsDomain, "host"),
		Sponsor:    data.value(nsDomain, "clID"), Creator: data.value(nsDomain, "crID"),
		Created: moment(data.value(nsDomain, "crDate")), Updated: moment(data.value(nsDomain, "upDate")),
		Expires: moment(data.value(nsDomain, "exDate")), Transferred: moment(data.value(nsDomain, "trDate")),
		AuthInfo: data.child(nsDomain, "authInfo").value(nsDomain, "pw"),
	}
	for _, s := range data.all(nsDomain, "status") {
		d.Statuses = append(d.Statuses, s.attr("s"))
	}
	for _, s := range a.extension.child(nsRGP, "infData").all(nsRGP, "rgpStatus") {
		d.RGP = append(d.RGP, s.attr("s"))
	}
	for _, contact := range data.all(nsDomain, "contact") {
		d.Contacts = append(d.Contacts, DomainContact{Role: contact.attr("type"), ID: contact.content()})
	}
	ns := data.child(nsDomain, "ns")
	for _, name := range ns.values(nsDomain, "hostObj") {
		d.Nameservers = append(d.Nameservers, Nameserver{Name: name})
	}
	for _, host := range ns.all(nsDomain, "hostAttr") {
		d.Nameservers = append(d.Nameservers, Nameserver{Name: host.value(nsDomain, "hostName"), Inline: true, Addresses: host.values(nsDomain, "hostAddr")})
	}
	return d
}

// Create is a registration.
type Create struct {
	Name        string
	Years       int
	Nameservers []Nameserver
	Registrant  string
	Contacts    []DomainContact
	AuthInfo    string
	Fee         *Fee // only for premium names
}

// Create registers a domain.
func (c *Client) Create(ctx context.Context, trid string, in Create) (*Created, error) {
	cmd := command{verb: "create", trid: trid, changes: true, ext: feeOf("create", in.Fee), body: func(w *writer) {
		w.open("domain:create", "xmlns:domain", nsDomain)
		w.name("domain:name", in.Name)
		w.period("domain:period", in.Years)
		writeNameservers(w, in.Nameservers)
		if in.Registrant != "" {
			w.token("domain:registrant", in.Registrant, 3, 16)
		}
		writeContacts(w, in.Contacts)
		writeAuthInfo(w, "domain", in.AuthInfo)
		w.close("domain:create")
	}}
	a, err := c.do(ctx, cmd)
	if err != nil {
		return nil, err
	}
	data := a.data.child(nsDomain, "creData")
	if data != nil && !strings.EqualFold(data.value(nsDomain, "name"), in.Name) {
		return nil, a.unreadable(cmd.verb, "answer is about another domain")
	}
	return &Created{
		Result: a.Result, Name: data.value(nsDomain, "name"), Created: moment(data.value(nsDomain, "crDate")),
		Expires: moment(data.value(nsDomain, "exDate")), Fee: a.charged("creData"),
	}, nil
}

// Renew is a renewal.
type Renew struct {
	Name  string
	Guard civil.Date // the date on which the domain expires now, as the registry says it
	Years int
	Fee   *Fee // only for premium names
}

// Renew adds years to a domain. The registry refuses it unless the guard is right, so that a renewal that was done
// and is sent once more does nothing.
func (c *Client) Renew(ctx context.Context, trid string, in Renew) (*Renewed, error) {
	cmd := command{verb: "renew", trid: trid, changes: true, ext: feeOf("renew", in.Fee), body: func(w *writer) {
		w.open("domain:renew", "xmlns:domain", nsDomain)
		w.name("domain:name", in.Name)
		w.token("domain:curExpDate", in.Guard.String(), 10, 10)
		w.period("domain:period", in.Years)
		w.close("domain:renew")
	}}
	a, err := c.do(ctx, cmd)
	if err != nil {
		return nil, err
	}
	data := a.data.child(nsDomain, "renData")
	if data != nil && !strings.EqualFold(data.value(nsDomain, "name"), in.Name) {
		return nil, a.unreadable(cmd.verb, "answer is about another domain")
	}
	return &Renewed{
		Result: a.Result, Name: data.value(nsDomain, "name"), Expires: moment(data.value(nsDomain, "exDate")),
		Fee: a.charged("renData"),
	}, nil
}

// Delete asks the registry to delete a domain, which most do after a time in which it can be restored.
func (c *Client) Delete(ctx context.Context, trid, name string) (Result, error) {
	return c.plain(ctx, command{verb: "delete", trid: trid, changes: true, body: func(w *writer) {
		w.open("domain:delete", "xmlns:domain", nsDomain)
		w.name("domain:name", name)
		w.close("domain:delete")
	}})
}

// plain runs a command whose answer has nothing but a result.
func (c *Client) plain(ctx context.Context, cmd command) (Result, error) {
	a, err := c.do(ctx, cmd)
	if err != nil {
		return Result{}, err
	}
	return a.Result, nil
}

func writeNameservers(w *writer, ns []Nameserver) {
	if len(ns) == 0 {
		return
	}
	inline := slices.ContainsFunc(ns, func(host Nameserver) bool { return host.Inline }) // all of one kind, says the schema
	w.open("domain:ns")
	for _, host := range ns {
		if !inline {
			w.name("domain:hostObj", host.Name)
			continue
		}
		w.open("domain:hostAttr")
		w.name("domain:hostName", host.Name)
		for _, addr := range host.Addresses {
			ip := "v4"
			if strings.Contains(addr, ":") {
				ip = "v6"
			}
			w.token("domain:hostAddr", addr, 3, 45, "ip", ip)
		}
		w.close("domain:hostAttr")
	}
	w.close("domain:ns")
}

func writeContacts(w *writer, contacts []DomainContact) {
	for _, contact := range contacts {
		w.token("domain:contact", contact.ID, 3, 16, "type", contact.Role)
	}
}

func writeAuthInfo(w *writer, prefix, password string) {
	w.open(prefix + ":authInfo")
	w.leaf(prefix+":pw", password)
	w.close(prefix + ":authInfo")
}
