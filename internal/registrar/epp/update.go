package epp

import "context"

// Update changes a domain. Empty fields change nothing.
type Update struct {
	Name        string
	Add, Remove Parts
	Registrant  string
	AuthInfo    string
}

// Parts are what a domain can have several of.
type Parts struct {
	Nameservers []Nameserver
	Contacts    []DomainContact
	Statuses    []string // client…Prohibited, clientHold
}

func (p Parts) empty() bool {
	return len(p.Nameservers) == 0 && len(p.Contacts) == 0 && len(p.Statuses) == 0
}

// Update changes nameservers, contacts, locks, or what authorises a transfer.
func (c *Client) Update(ctx context.Context, trid string, in Update) (Result, error) {
	return c.plain(ctx, command{verb: "update", trid: trid, changes: true, body: func(w *writer) {
		w.open("domain:update", "xmlns:domain", nsDomain)
		w.name("domain:name", in.Name)
		writeParts(w, "domain:add", in.Add)
		writeParts(w, "domain:rem", in.Remove)
		if in.Registrant != "" || in.AuthInfo != "" {
			w.open("domain:chg")
			if in.Registrant != "" {
				w.token("domain:registrant", in.Registrant, 3, 16)
			}
			if in.AuthInfo != "" {
				writeAuthInfo(w, "domain", in.AuthInfo)
			}
			w.close("domain:chg")
		}
		w.close("domain:update")
	}})
}

func writeParts(w *writer, tag string, p Parts) {
	if p.empty() {
		return
	}
	w.open(tag)
	writeNameservers(w, p.Nameservers)
	writeContacts(w, p.Contacts)
	for _, status := range p.Statuses {
		w.open("domain:status", "s", status)
		w.close("domain:status")
	}
	w.close(tag)
}
