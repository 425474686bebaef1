package epp

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/registrar"
)

// Register implements registrar.Registrar: it makes the contact and the hosts, unless the registry has them, and then the domain.
func (r *Registrar) Register(ctx context.Context, transaction string, in registrar.Registration) registrar.Answer {
	create := Create{Name: in.Name, Years: in.Years, AuthInfo: newSecret(), Fee: feeFor(in.Price)}
	var failed *registrar.Answer
	if create.Nameservers, failed = r.hosts(ctx, transaction, in.Name, in.Nameservers); failed != nil {
		return *failed
	}
	id, failed := r.contact(ctx, transaction, in.Registrant)
	if failed != nil {
		return *failed
	}
	if id != "" {
		create.Registrant = id
		for _, role := range r.options.Roles {
			create.Contacts = append(create.Contacts, DomainContact{Role: role, ID: id})
		}
	}
	created, err := r.client.Create(ctx, transaction, create)
	if err != nil {
		return refusal(err)
	}
	r.hold(created.Fee)
	a := accepted(created.Result)
	a.Expiry = created.Expires.told()
	return a
}

const codeExists = 2302

// contact has the registry know a contact, and returns its id; empty where a registry has no contacts. The id follows from
// what the contact says: asking again finds the one that is there.
func (r *Registrar) contact(ctx context.Context, transaction string, in registrar.Contact) (id string, failed *registrar.Answer) {
	greeting, err := r.greeting(ctx)
	if err != nil {
		return "", undone(err)
	}
	if !slices.Contains(greeting.Objects, nsContact) {
		return "", nil
	}
	c, err := r.postal(in)
	if err != nil {
		return "", &registrar.Answer{Class: registrar.Fault, Message: err.Error()}
	}
	c.ID, c.AuthInfo = contactID(r.client.config.ClientID, c), newSecret()
	_, err = r.client.CreateContact(ctx, within(transaction, "c"), c)
	if err != nil && codeOf(err) != codeExists {
		return "", undone(err)
	}
	return c.ID, nil
}

// HolderID implements registrar.Holders.
func (r *Registrar) HolderID(ctx context.Context, in registrar.Contact) (id string, known bool) {
	greeting, err := r.greeting(ctx)
	if err != nil {
		return "", false
	}
	if !slices.Contains(greeting.Objects, nsContact) {
		return "", true
	}
	c, err := r.postal(in)
	if err != nil {
		return "", false
	}
	return contactID(r.client.config.ClientID, c), true
}

// codeOf is the code of the answer that an error is; 0: none.
func codeOf(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return 0
}

// undone is the answer where a step before the command failed: the command did not leave.
func undone(err error) *registrar.Answer {
	a := refusal(err)
	switch a.Class {
	case registrar.Unknown: // the step can be made again
		a.Class = registrar.Session
	case registrar.NotOurs, registrar.Status, registrar.Policy: // of the step, not of the domain
		a.Class = registrar.Fault
	default:
	}
	return &a
}

// contactID names a contact by what it says and by whose it is.
func contactID(client string, c Contact) string {
	sum := sha256.New()
	for _, part := range append([]string{client, c.Name, c.Company, c.City, c.Region, c.Postcode, c.Country, c.Phone, c.Email}, c.Street...) {
		sum.Write([]byte(part + "\x00"))
	}
	return "KS" + base32.StdEncoding.EncodeToString(sum.Sum(nil))[:14]
}

// postal puts a contact into the fields of RFC 5733. An address comes as lines, the last of which is the city with its
// postcode.
func (r *Registrar) postal(in registrar.Contact) (Contact, error) {
	c := Contact{
		Name: oneLine(in.Name), Company: oneLine(in.Company), Country: strings.ToUpper(strings.TrimSpace(in.Country)), Phone: dialled(in.Phone),
		Email: strings.TrimSpace(in.Email),
	}
	var lines []string
	for _, line := range in.Address {
		if line = oneLine(line); line != "" {
			lines = append(lines, line)
		}
	}
	if n := len(lines); n > 0 {
		c.Postcode, c.City = cityOf(lines[n-1])
		c.Street = lines[:n-1]
	}
	if len(c.Street) > 3 {
		c.Street = append(slices.Clone(c.Street[:2]), strings.Join(c.Street[2:], ", "))
	}
	if c.Name == "" {
		c.Name = c.Company
	}
	for _, field := range []*string{&c.Name, &c.City} {
		if *field == "" {
			*field = r.options.Missing
		}
	}
	if c.Country == "" && r.options.Missing != "" {
		c.Country = "ZZ"
	}
	if c.Name == "" || c.City == "" || len(c.Country) != 2 || c.Email == "" {
		return Contact{}, errors.New("the registrant needs a name, an address, a country and an email address")
	}
	for _, text := range append([]string{c.Name, c.Company, c.City}, c.Street...) {
		c.Local = c.Local || strings.ContainsFunc(text, func(r rune) bool { return r > 126 })
	}
	return c, nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// postcodeFirst is a line such as "10115 Berlin" or "1012 AB Amsterdam".
var postcodeFirst = regexp.MustCompile(`^([A-Z]{1,2}-)?([0-9][0-9A-Z-]{2,9}(?: [A-Z]{2})?) (\pL.*)$`)

// cityOf takes a postcode from the front of a line, where one is to be seen.
func cityOf(line string) (postcode, city string) {
	if m := postcodeFirst.FindStringSubmatch(line); m != nil {
		return m[2], m[3]
	}
	return "", line
}

// dialled writes a phone number as RFC 5733 wants it; empty where it has no country code.
func dialled(phone string) string {
	phone = strings.TrimSpace(phone)
	if wellDialled.MatchString(phone) {
		return phone
	}
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, phone)
	switch {
	case strings.HasPrefix(phone, "+"):
	case strings.HasPrefix(phone, "00"):
		digits = digits[2:]
	default:
		return ""
	}
	n := min(callingCode(digits), len(digits))
	if written := "+" + digits[:n] + "." + digits[n:]; wellDialled.MatchString(written) {
		return written
	}
	return ""
}

var wellDialled = regexp.MustCompile(`^\+[0-9]{1,3}\.[0-9]{1,14}$`)

// twoDigits are the country codes of two digits (ITU E.164); 1 and 7 have one, all others three.
var twoDigits = strings.Fields("20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98")

// callingCode is the length of the country code at the front.
func callingCode(digits string) int {
	switch {
	case strings.HasPrefix(digits, "1"), strings.HasPrefix(digits, "7"):
		return 1
	case len(digits) >= 2 && slices.Contains(twoDigits, digits[:2]):
		return 2
	default:
		return 3
	}
}

// Update implements registrar.Registrar. The nameservers that are asked for take the place of those that are there, and a
// status is only set or lifted where that changes something; so it reads first.
func (r *Registrar) Update(ctx context.Context, transaction string, in registrar.Update) registrar.Answer {
	now, err := r.client.Info(ctx, within(transaction, "i"), in.Name, "")
	if err != nil {
		a := refusal(err)
		if a.Class == registrar.Unknown {
			a.Class = registrar.Session // the command did not leave
		}
		return a
	}
	update := Update{Name: in.Name, AuthInfo: in.AuthCode}
	if in.Nameservers != nil {
		var have []string
		for _, host := range now.Nameservers {
			have = append(have, strings.ToLower(host.Name))
			if !containsFold(*in.Nameservers, host.Name) {
				update.Remove.Nameservers = append(update.Remove.Nameservers, host)
			}
		}
		var missing []string
		for _, name := range *in.Nameservers {
			if !containsFold(have, name) {
				missing = append(missing, name)
			}
		}
		var failed *registrar.Answer
		if update.Add.Nameservers, failed = r.hosts(ctx, transaction, in.Name, missing); failed != nil {
			return *failed
		}
	}
	for _, s := range in.AddStatuses {
		if !slices.Contains(now.Statuses, s) {
			update.Add.Statuses = append(update.Add.Statuses, s)
		}
	}
	for _, s := range in.RemoveStatuses {
		if slices.Contains(now.Statuses, s) {
			update.Remove.Statuses = append(update.Remove.Statuses, s)
		}
	}
	if in.Registrant != nil {
		id, failed := r.contact(ctx, transaction, *in.Registrant)
		if failed != nil {
			return *failed
		}
		if id != now.Registrant {
			update.Registrant = id
		}
	}
	if update.Add.empty() && update.Remove.empty() && update.Registrant == "" && update.AuthInfo == "" {
		return registrar.Answer{Class: registrar.Done, Message: "the registry has it like this already"}
	}
	a := outcome(r.client.Update(ctx, transaction, update))
	if a.Class == registrar.Done {
		a.AuthCode = in.AuthCode
	}
	return a
}

func containsFold(all []string, s string) bool {
	return slices.ContainsFunc(all, func(one string) bool { return strings.EqualFold(one, s) })
}
