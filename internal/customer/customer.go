// Package customer knows who buys: people and companies, how to reach them, and what the store owes them.
package customer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/patch"
	"github.com/keystead/keystead/internal/text"
)

// Customer is somebody who buys, or may.
type Customer struct {
	ID      string
	Email   string // unique in the store, regardless of case, but for guests
	Name    string
	Company string
	Country string // ISO 3166-1 alpha-2; empty: not known
	State   string // of the country, where taxes differ by it
	Address string // as on invoices; several lines
	TaxID   string
	// Language is that of mails and documents: one of [Languages]; empty: the store's.
	Language string
	// Currency is the one in which the customer usually pays.
	Currency money.Currency
	TimeZone string // IANA name; empty: the store's
	// Group is the client group whose prices count for the customer; empty: none.
	Group string
	// Credit is what the store owes the customer, one amount per currency, none of them zero.
	Credit      []money.Money
	HasPassword bool
	// Guest says that the customer ordered without signing in, under the address of another customer; see [TakeUp].
	Guest     bool
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// CreditIn returns what the store owes the customer in one currency.
func (c Customer) CreditIn(currency money.Currency) money.Money {
	for _, credit := range c.Credit {
		if credit.Currency == currency {
			return credit
		}
	}
	return money.New(0, currency)
}

// Languages are those in which customers can be written to.
var Languages = []string{"en", "de"}

// The lengths of fields, in characters. That of tax ids is generous: the longest in use have under 20.
const (
	maxTaxID   = 64
	maxState   = 64
	maxAddress = 1000
	maxGroup   = 64
)

// Input is what [Service.Create] needs. Only the e-mail address and the name are required.
type Input struct {
	Email    string
	Name     string
	Company  string
	Country  string
	State    string
	Address  string
	TaxID    string
	Language string
	Currency money.Currency // empty: the store's
	TimeZone string
	Group    string
}

// Validate reports everything that is wrong with in, after bringing it into the form in which it is stored.
func (in *Input) Validate() error {
	p := Patch{
		Email: &in.Email, Name: &in.Name, Company: &in.Company, Country: &in.Country, State: &in.State, Address: &in.Address,
		TaxID: &in.TaxID, Language: &in.Language, TimeZone: &in.TimeZone, Group: &in.Group,
	}
	if in.Currency != "" {
		p.Currency = &in.Currency
	}
	return p.Validate()
}

// Patch changes the fields that are not nil. A Version other than 0 is the one that the change was made from: if the
// customer has another by now, nothing changes.
type Patch struct {
	Email    *string
	Name     *string
	Company  *string
	Country  *string
	State    *string
	Address  *string
	TaxID    *string
	Language *string
	Currency *money.Currency
	TimeZone *string
	Group    *string
	Version  int64
}

// Validate reports everything that is wrong with p, after bringing its fields, in place, into the form in which they
// are stored.
func (p *Patch) Validate() error {
	var f fail.Fields
	tidy(&f, "email", p.Email, text.Email)
	tidy(&f, "name", p.Name, func(s string) (string, error) { return text.Required(s, text.NameLength) })
	tidy(&f, "company", p.Company, func(s string) (string, error) { return text.Line(s, text.NameLength) })
	tidy(&f, "country", p.Country, checkCountry)
	tidy(&f, "state", p.State, func(s string) (string, error) { return text.Line(s, maxState) })
	tidy(&f, "address", p.Address, func(s string) (string, error) { return text.Notes(s, maxAddress) })
	tidy(&f, "tax_id", p.TaxID, func(s string) (string, error) { return text.Line(s, maxTaxID) })
	tidy(&f, "language", p.Language, checkLanguage)
	if p.Currency != nil && !p.Currency.IsValid() {
		f.Add("currency", "is not a current ISO 4217 code")
	}
	tidy(&f, "time_zone", p.TimeZone, checkZone)
	tidy(&f, "group", p.Group, func(s string) (string, error) { return text.Line(s, maxGroup) })
	return f.Err()
}

// tidy replaces a field, if it is there, by its checked form.
func tidy(f *fail.Fields, name string, field *string, check func(string) (string, error)) {
	if field == nil {
		return
	}
	tidied, err := check(*field)
	if err != nil {
		f.Add(name, err.Error())
		return
	}
	*field = tidied
}

func checkCountry(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	if len(s) != 2 || s[0] < 'A' || s[0] > 'Z' || s[1] < 'A' || s[1] > 'Z' {
		return "", errors.New("is not a country code of two capital letters (ISO 3166-1)")
	}
	return s, nil
}

func checkLanguage(s string) (string, error) {
	if s != "" && !slices.Contains(Languages, s) {
		return "", fmt.Errorf("is not one of %s", strings.Join(Languages, ", "))
	}
	return s, nil
}

func checkZone(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	// "Local" is the zone of the machine, which means nothing to anybody else.
	if _, err := time.LoadLocation(s); err != nil || s == "Local" {
		return "", errors.New("is not the IANA name of a time zone, such as Europe/Berlin")
	}
	return s, nil
}

// applyTo returns what becomes of a customer, and what changes.
func (p Patch) applyTo(c Customer) (Customer, patch.Diff) {
	var d patch.Diff
	patch.Set(&d, "email", &c.Email, p.Email)
	patch.Set(&d, "name", &c.Name, p.Name)
	patch.Set(&d, "company", &c.Company, p.Company)
	patch.Set(&d, "country", &c.Country, p.Country)
	patch.Set(&d, "state", &c.State, p.State)
	patch.Set(&d, "address", &c.Address, p.Address)
	patch.Set(&d, "tax_id", &c.TaxID, p.TaxID)
	patch.Set(&d, "language", &c.Language, p.Language)
	patch.Set(&d, "currency", &c.Currency, p.Currency)
	patch.Set(&d, "time_zone", &c.TimeZone, p.TimeZone)
	patch.Set(&d, "group", &c.Group, p.Group)
	return c, d
}
