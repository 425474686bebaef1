package epp

import (
	"context"
	"errors"
)

// Contact is a person or company that domains refer to (RFC 5733). Addresses are in the form "int": ASCII only;
// with Local they are in the form "loc".
type Contact struct {
	ID       string
	Local    bool
	Name     string
	Company  string
	Street   []string // up to 3
	City     string
	Region   string
	Postcode string
	Country  string // two letters
	Phone    string // +49.30123456
	Email    string
	AuthInfo string
}

// ContactState is what a registry says of a contact.
type ContactState struct {
	Result
	Contact
	ROID     string
	Statuses []string
	Sponsor  string
	Created  Moment
	Updated  Moment
}

// CheckContacts asks which ids are free.
func (c *Client) CheckContacts(ctx context.Context, trid string, ids ...string) ([]Available, error) {
	a, err := c.do(ctx, contactCommand("check", trid, false, func(w *writer) {
		for _, id := range ids {
			w.token("contact:id", id, 3, 16)
		}
	}))
	if err != nil {
		return nil, err
	}
	var found []Available
	for _, cd := range a.data.child(nsContact, "chkData").all(nsContact, "cd") {
		id := cd.child(nsContact, "id")
		found = append(found, Available{Name: id.content(), Free: boolean(id.attr("avail")), Reason: cd.value(nsContact, "reason")})
	}
	return found, nil
}

// InfoContact reads a contact.
func (c *Client) InfoContact(ctx context.Context, trid, id string) (*ContactState, error) {
	a, err := c.do(ctx, contactCommand("info", trid, false, func(w *writer) { w.token("contact:id", id, 3, 16) }))
	if err != nil {
		return nil, err
	}
	data := a.data.child(nsContact, "infData")
	if data.value(nsContact, "id") != id {
		return nil, a.unreadable("info", "answer is about another contact")
	}
	postal := data.child(nsContact, "postalInfo")
	addr := postal.child(nsContact, "addr")
	s := &ContactState{
		Result: a.Result,
		Contact: Contact{
			ID: id, Local: postal.attr("type") == "loc", Name: postal.value(nsContact, "name"), Company: postal.value(nsContact, "org"),
			Street: addr.values(nsContact, "street"), City: addr.value(nsContact, "city"), Region: addr.value(nsContact, "sp"),
			Postcode: addr.value(nsContact, "pc"), Country: addr.value(nsContact, "cc"), Phone: data.value(nsContact, "voice"),
			Email: data.value(nsContact, "email"), AuthInfo: data.child(nsContact, "authInfo").value(nsContact, "pw"),
		},
		ROID: data.value(nsContact, "roid"), Sponsor: data.value(nsContact, "clID"),
		Created: moment(data.value(nsContact, "crDate")), Updated: moment(data.value(nsContact, "upDate")),
	}
	for _, status := range data.all(nsContact, "status") {
		s.Statuses = append(s.Statuses, status.attr("s"))
	}
	return s, nil
}

// CreateContact makes a contact.
func (c *Client) CreateContact(ctx context.Context, trid string, in Contact) (Result, error) {
	return c.plain(ctx, contactCommand("create", trid, true, func(w *writer) {
		w.token("contact:id", in.ID, 3, 16)
		writePostal(w, in)
		writeReach(w, in)
		writeAuthInfo(w, "contact", in.AuthInfo)
	}))
}

// UpdateContact replaces what a contact says of a person. An empty AuthInfo leaves that as it is.
func (c *Client) UpdateContact(ctx context.Context, trid string, in Contact) (Result, error) {
	return c.plain(ctx, contactCommand("update", trid, true, func(w *writer) {
		w.token("contact:id", in.ID, 3, 16)
		w.open("contact:chg")
		writePostal(w, in)
		writeReach(w, in)
		if in.AuthInfo != "" {
			writeAuthInfo(w, "contact", in.AuthInfo)
		}
		w.close("contact:chg")
	}))
}

// DeleteContact removes a contact that no domain refers to.
func (c *Client) DeleteContact(ctx context.Context, trid, id string) (Result, error) {
	return c.plain(ctx, contactCommand("delete", trid, true, func(w *writer) { w.token("contact:id", id, 3, 16) }))
}

func contactCommand(verb, trid string, changes bool, body func(*writer)) command {
	return command{verb: verb, trid: trid, changes: changes, body: func(w *writer) {
		w.open("contact:"+verb, "xmlns:contact", nsContact)
		body(w)
		w.close("contact:" + verb)
	}}
}

func writePostal(w *writer, in Contact) {
	form := "int"
	if in.Local {
		form = "loc"
	}
	w.open("contact:postalInfo", "type", form)
	w.token("contact:name", in.Name, 1, 255)
	w.optional("contact:org", in.Company)
	w.open("contact:addr")
	if len(in.Street) > 3 {
		w.fail(errors.New("more than three lines of street"))
	}
	for _, line := range in.Street {
		w.token("contact:street", line, 0, 255)
	}
	w.token("contact:city", in.City, 1, 255)
	w.optional("contact:sp", in.Region)
	w.optional("contact:pc", in.Postcode)
	w.token("contact:cc", in.Country, 2, 2)
	w.close("contact:addr")
	w.close("contact:postalInfo")
}

func writeReach(w *writer, in Contact) {
	w.optional("contact:voice", in.Phone)
	w.token("contact:email", in.Email, 1, 255)
}
