package domainname

import (
	"strings"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// The longest texts of a registrant, in characters.
const (
	addressLength = 1000
	phoneLength   = 64
)

// Lacking names what a registry wants to know of the holder of a new domain besides a name and an e-mail address, and is not
// there: it would not be asked without. Empty: it could be.
func (r Registrant) Lacking() (fields []string) {
	for _, f := range []struct{ name, value string }{{"address", r.Address}, {"country", r.Country}} {
		if strings.TrimSpace(f.value) == "" {
			fields = append(fields, f.name)
		}
	}
	return fields
}

// HolderNeeded is what is said of a field that is lacking.
const HolderNeeded = "is needed to register a domain"

// Tidy returns the registrant as registries are told of it, and what none of them takes: without a name, a postal address, a
// country and an e-mail address nobody holds a domain (RFC 5733, section 2.4).
func (r Registrant) Tidy() (Registrant, error) {
	var bad fail.Fields
	line := func(field string, s *string, limit int, clean func(string, int) (string, error)) {
		var err error
		*s, err = clean(*s, limit)
		bad.Check("registrant."+field, err)
	}
	line("name", &r.Name, text.NameLength, text.Required)
	line("company", &r.Company, text.NameLength, text.Line)
	line("phone", &r.Phone, phoneLength, text.Line)
	line("address", &r.Address, addressLength, text.Notes)
	if r.Address == "" {
		bad.Add("registrant.address", "is required")
	}
	r.Country = strings.ToUpper(strings.TrimSpace(r.Country))
	if len(r.Country) != 2 || strings.Trim(r.Country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		bad.Add("registrant.country", "is a country's two letters, such as DE")
	}
	email, err := text.Email(r.Email)
	bad.Check("registrant.email", err)
	r.Email = email
	return r, bad.Err()
}
