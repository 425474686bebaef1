package setting

import (
	"encoding/json"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/keystead/keystead/internal/money"
)

// Definition describes one setting for the settings page, the documentation and the admin API.
type Definition struct {
	Name        string // dotted: "store.time_zone"
	Label       string
	Description string
	Type        Type
	Choices     []string // of a Choice: the values that are allowed
	Default     any      // as All and the admin API show it

	// read checks a value and puts it into a snapshot.
	read func(raw json.RawMessage, into *Settings) error
	// show is the value in a snapshot as JSON marshals it.
	show func(from *Settings) any
}

// Type says what kind of value a setting takes, and so which form field it gets.
type Type string

// The types of settings.
const (
	Text     Type = "text"     // a line
	Lines    Type = "lines"    // text of several lines
	Number   Type = "number"   // a whole number
	Choice   Type = "choice"   // one of a few values
	Zone     Type = "zone"     // an IANA time zone
	Currency Type = "currency" // an ISO 4217 code
	Networks Type = "networks" // a list of addresses and networks in CIDR notation
)

// Settings is a snapshot of all settings. Treat it as immutable.
type Settings struct {
	StoreName string
	TimeZone  *time.Location
	Currency  money.Currency
	Address   string // of the seller, as on invoices; several lines
	BaseURL   string // without a slash at its end; empty: the address that was asked

	NumberFormat string // of invoices: {yyyy}, {mm}, {n}
	DueDays      int

	PerMinute      int // calls of the license API per address and endpoint
	UnknownPerHour int // unknown license keys per address
	Exempt         []netip.Prefix
	TrustedProxies []netip.Prefix

	LicenseDock string // the dialect of the LicenseDock mount: "1.0" or "1.9"

	RejectedDays     int // how long rejected activations are kept
	VerificationDays int // how long public verifications are kept
}

// definitions is every setting there is, in the order in which people read them.
var definitions = []Definition{
	define("store.name", "Name of the store", "Shown on pages, invoices and in authenticator apps.",
		line(1, 100), "Keystead", func(s *Settings) *string { return &s.StoreName }),
	define("store.time_zone", "Time zone", "Billing dates are days in this zone. Past dates keep the day they had.",
		zone(), "UTC", func(s *Settings) **time.Location { return &s.TimeZone }),
	define("store.currency", "Currency", "The currency of new customers and prices.",
		currency(), "EUR", func(s *Settings) *money.Currency { return &s.Currency }),
	define("store.address", "Address", "The seller on invoices: company, street, place, tax number.",
		lines(1000), "", func(s *Settings) *string { return &s.Address }),
	define("store.base_url", "Address of this site", "How customers reach the store, such as https://store.example.com. Links in pages and feeds begin with it. Empty: the address that was asked.",
		baseURL(), "", func(s *Settings) *string { return &s.BaseURL }),

	define("billing.number_format", "Invoice numbers", "{n} is the number, which runs on without gaps, {yyyy} the year and {mm} the month of the invoice. Invoices keep the number that they have.",
		numberFormat(), "INV-{yyyy}-{n}", func(s *Settings) *string { return &s.NumberFormat }),
	define("billing.due_days", "Days to pay", "An invoice is due this many days after it was issued.",
		number(0, 365), 14, func(s *Settings) *int { return &s.DueDays }),

	define("limits.per_minute", "Calls per minute", "How often one address may call each endpoint of the license API in a minute.",
		number(1, 100_000), 60, func(s *Settings) *int { return &s.PerMinute }),
	define("limits.unknown_per_hour", "Unknown keys per hour", "How many unknown license keys one address may try in an hour.",
		number(1, 100_000), 40, func(s *Settings) *int { return &s.UnknownPerHour }),
	define("limits.exempt", "Networks without limits", "Addresses and networks whose calls are not counted.",
		networks(), []string{}, func(s *Settings) *[]netip.Prefix { return &s.Exempt }),
	define("limits.trusted_proxies", "Trusted proxies", "Addresses and networks of your own proxies. Only from them is the client's address taken from X-Forwarded-For.",
		networks(), []string{}, func(s *Settings) *[]netip.Prefix { return &s.TrustedProxies }),

	define("compat.licensedock", "LicenseDock dialect", "Which version of LicenseDock the paths of software written for it answer like.",
		choice("1.0", "1.9"), "1.0", func(s *Settings) *string { return &s.LicenseDock }),

	define("logs.rejected_days", "Keep rejected activations", "Days after which a rejected activation is forgotten.",
		number(1, 3650), 90, func(s *Settings) *int { return &s.RejectedDays }),
	define("logs.verification_days", "Keep verifications", "Days after which a public verification is forgotten.",
		number(1, 3650), 90, func(s *Settings) *int { return &s.VerificationDays }),
}

// Definitions lists every setting, in the order in which people read them.
func Definitions() []Definition { return slices.Clone(definitions) }

func definition(name string) (Definition, bool) {
	for _, d := range definitions {
		if d.Name == name {
			return d, true
		}
	}
	return Definition{}, false
}

// define ties a kind of value to its field in the snapshot. V is the value in JSON, T the one in the snapshot.
func define[V, T any](name, label, description string, k kind[V, T], standard V, field func(*Settings) *T) Definition {
	return Definition{
		Name: name, Label: label, Description: description, Type: k.name, Choices: k.choices, Default: standard,
		read: func(raw json.RawMessage, into *Settings) error {
			var v V
			if err := strict(raw, &v); err != nil {
				return k.mistyped
			}
			t, err := k.parse(v)
			if err != nil {
				return err
			}
			*field(into) = t
			return nil
		},
		show: func(from *Settings) any { return k.show(*field(from)) },
	}
}

// standard is the settings of a store in which nothing was set.
var standard = sync.OnceValue(func() (s Settings) {
	for _, d := range definitions {
		raw, err := json.Marshal(d.Default)
		if err == nil {
			err = d.read(raw, &s)
		}
		if err != nil {
			panic("setting: default of " + d.Name + ": " + err.Error())
		}
	}
	return s
})
