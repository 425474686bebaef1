package registry

import (
	"slices"
	"strings"
)

func (r *Registry) checkContacts(ids []string) reply {
	s := `<contact:chkData xmlns:contact="` + nsContact + `">`
	for _, id := range ids {
		id = strings.TrimSpace(id)
		avail := "1"
		if r.state.Contacts[id] != nil {
			avail = "0"
		}
		s += `<contact:cd><contact:id avail="` + avail + `">` + escaped(id) + `</contact:id></contact:cd>`
	}
	return reply{code: codeOK, data: s + `</contact:chkData>`}
}

func (r *Registry) infoContact(id string, by caller) reply {
	c := r.state.Contacts[id]
	if c == nil {
		return refuse(codeNotThere, id)
	}
	var b strings.Builder
	b.WriteString(`<contact:infData xmlns:contact="` + nsContact + `">` + tag("contact:id", c.ID) + tag("contact:roid", c.ROID))
	if r.linked(id) {
		b.WriteString(`<contact:status s="linked"/>`)
	} else {
		b.WriteString(`<contact:status s="ok"/>`)
	}
	b.WriteString(`<contact:postalInfo type="` + escaped(c.Form) + `">` + tag("contact:name", c.Name) + filled("contact:org", c.Company) + `<contact:addr>`)
	for _, line := range c.Street {
		b.WriteString(tag("contact:street", line))
	}
	b.WriteString(tag("contact:city", c.City) + filled("contact:sp", c.Region) + filled("contact:pc", c.Postcode) + tag("contact:cc", c.Country) +
		`</contact:addr></contact:postalInfo>` + filled("contact:voice", c.Phone) + tag("contact:email", c.Email) +
		tag("contact:clID", c.Sponsor) + tag("contact:crID", c.Sponsor) + tag("contact:crDate", stamp(c.Created)) + stamped("contact:upDate", c.Updated))
	if c.Sponsor == by.account && c.AuthInfo != "" {
		b.WriteString("<contact:authInfo>" + tag("contact:pw", c.AuthInfo) + "</contact:authInfo>")
	}
	b.WriteString(`</contact:infData>`)
	return reply{code: codeOK, data: b.String()}
}

// linked reports whether a domain refers to a contact.
func (r *Registry) linked(id string) bool {
	for _, d := range r.state.Domains {
		if d.Registrant == id || slices.Contains(ids(d.Contacts), id) {
			return true
		}
	}
	return false
}

func (r *Registry) createContact(in *contactBody, by caller) reply {
	id := strings.TrimSpace(in.ID)
	switch {
	case len(id) < 3 || len(id) > 16:
		return refuse(codeValueSyntax, "id")
	case r.state.Contacts[id] != nil:
		return refuse(codeExists, id)
	case in.Postal == nil || in.Email == "" || in.AuthInfo == nil:
		return refuse(codeMissing, "postalInfo, email and authInfo")
	}
	c := &Contact{ID: id, ROID: r.roid("C"), Sponsor: by.account, Created: r.now()}
	if refused := c.fill(in); refused != nil {
		return *refused
	}
	r.state.Contacts[id] = c
	r.state.Changes++
	return reply{code: codeOK, data: `<contact:creData xmlns:contact="` + nsContact + `">` + tag("contact:id", id) +
		tag("contact:crDate", stamp(c.Created)) + `</contact:creData>`}
}

// fill takes over what was said.
func (c *Contact) fill(in *contactBody) *reply {
	if p := in.Postal; p != nil {
		if p.Name == "" || p.City == "" || len(p.Country) != 2 || p.Form != "int" && p.Form != "loc" {
			refused := refuse(codeMissing, "name, city, cc, type")
			return &refused
		}
		c.Form, c.Name, c.Company, c.Street = p.Form, p.Name, p.Company, p.Street
		c.City, c.Region, c.Postcode, c.Country = p.City, p.Region, p.Code, p.Country
	}
	c.Phone = in.Phone
	if in.Email != "" {
		c.Email = in.Email
	}
	if in.AuthInfo != nil {
		c.AuthInfo = *in.AuthInfo
	}
	return nil
}

func (r *Registry) ownContact(id string, by caller) (*Contact, reply) {
	c := r.state.Contacts[strings.TrimSpace(id)]
	if c == nil {
		return nil, refuse(codeNotThere, id)
	}
	if c.Sponsor != by.account {
		return nil, refuse(codeAuthorization, "another registrar's")
	}
	return c, reply{}
}

func (r *Registry) updateContact(id string, in *contactBody, by caller) reply {
	c, refused := r.ownContact(id, by)
	if c == nil {
		return refused
	}
	if in != nil {
		if refused := c.fill(in); refused != nil {
			return *refused
		}
	}
	c.Updated = r.now()
	r.state.Changes++
	return reply{code: codeOK}
}

func (r *Registry) deleteContact(id string, by caller) reply {
	c, refused := r.ownContact(id, by)
	if c == nil {
		return refused
	}
	if r.linked(c.ID) {
		return refuse(codeAssociation, "a domain refers to it")
	}
	delete(r.state.Contacts, c.ID)
	r.state.Changes++
	return reply{code: codeOK}
}
