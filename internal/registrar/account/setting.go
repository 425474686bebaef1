package account

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/text"
)

// The adapters that every store has.
const (
	EPP    = "epp"
	REST   = "rest"
	Manual = "manual"
)

// Field is a setting of an adapter.
type Field struct {
	Name     string // "client_id"
	Label    string
	Help     string
	Required bool
	Lines    bool // it has several, such as a certificate

	check func(string) error
}

// Adapter is what a registrar can be reached by.
type Adapter struct {
	Name   string
	Label  string
	Fields []Field
	// Password says that it needs one, ClientKey that it can show a certificate.
	Password, ClientKey bool
}

var adapters = []Adapter{
	{
		Name: EPP, Label: "EPP", Password: true, ClientKey: true,
		Fields: []Field{
			{Name: "address", Label: "Address", Help: "Host and port of the registry, such as epp.registry.example:700.", Required: true, check: isAddress},
			{Name: "client_id", Label: "Client id", Help: "The login of the account: what the registry shows as the sponsor of its domains.", Required: true, check: between(3, 16)},
			{Name: "currency", Label: "Currency", Help: "That of the account, such as EUR. Prices are asked in it; without it none are.", check: isCurrency},
			{Name: "server_name", Label: "Name of the server", Help: "The name in the registry's certificate, where it is not the host of the address.", check: between(0, 255)},
			{Name: "ca", Label: "Certificate authority", Help: "In PEM: who signed the registry's certificate, where that is not an authority that this machine trusts.", Lines: true, check: isAuthority},
			{Name: "certificate", Label: "Client certificate", Help: "In PEM: what the registry wants to see, with its chain. Its private key is kept encrypted.", Lines: true, check: isCertificate},
			{Name: "sessions", Label: "Sessions", Help: "How many each process of the store has open at once (default 4).", check: wholeNumber(1, 64)},
			{Name: "per_second", Label: "Commands a second", Help: "At most, over all sessions and processes. Empty: as many as there are.", check: rate},
			{Name: "contact_roles", Label: "Roles of the contact", Help: "In which a registrant's contact is named besides: of admin, tech and billing (default all three). A dash: none.", check: isRoles},
			{Name: "rest_url", Label: "Plain interface", Help: "Address of an API beside EPP, for the renewal mode and the balance. Empty: there is none.", check: isURL},
		},
	},
	{
		Name: REST, Label: "Plain API", Password: true,
		Fields: []Field{
			{Name: "url", Label: "Address", Help: "Of the API, such as https://api.registrar.example/rest.", Required: true, check: isURL},
			{Name: "account", Label: "Account", Help: "The login.", Required: true, check: between(1, 64)},
			{Name: "currency", Label: "Currency", Help: "That of the balance, such as EUR. Without it the balance is not read.", check: isCurrency},
			{Name: "per_second", Label: "Requests a second", Help: "At most, over all processes. Empty: as many as there are.", check: rate},
			{Name: "grace_included", Label: "Grace in its dates", Help: "By how many days its expiry dates lie behind the registry's, because they count the grace period in (default 0).", check: wholeNumber(0, 120)},
			{Name: "settle_seconds", Label: "Settles within", Help: "Seconds after which a request without an answer has had its effect, or has none any more (default 120).", check: wholeNumber(1, 3600)},
		},
	},
	{
		Name: Manual, Label: "By hand",
		Fields: []Field{
			{Name: "place", Label: "Where", Help: "Address of the registrar's own pages, for staff.", check: isURL},
		},
	},
}

// Adapters are what registrars can be reached by, those last that this program was built with besides.
func (s *Service) Adapters() []Adapter {
	all := slices.DeleteFunc(slices.Clone(adapters), func(a Adapter) bool { return s.config.Makers[a.Name] != nil })
	for _, name := range slices.Sorted(maps.Keys(s.config.Makers)) {
		all = append(all, Adapter{Name: name, Label: name})
	}
	return all
}

func (s *Service) adapter(name string) (Adapter, bool) {
	all := s.Adapters()
	i := slices.IndexFunc(all, func(a Adapter) bool { return a.Name == name })
	if i < 0 {
		return Adapter{}, false
	}
	return all[i], true
}

// maxSetting is longer than any chain of certificates.
const maxSetting = 32 << 10

// validate tidies what staff entered and says what is wrong with it. before is what the registrar was; empty: it is new.
func (s *Service) validate(in *Input, before Account) error {
	var f fail.Fields
	var err error
	in.Name, err = text.Required(in.Name, 64)
	f.Check("name", err)
	if in.SyncMode == "" {
		in.SyncMode = SyncOn
	}
	if in.SyncMode != SyncOn && in.SyncMode != SyncNotify && in.SyncMode != SyncOff {
		f.Add("sync_mode", "is on, notify or off")
	}
	adapter, known := s.adapter(in.Adapter)
	if !known {
		f.Add("adapter", "is not one of those that there are")
		return f.Err()
	}
	settings := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(in.Settings)) {
		value := strings.TrimSpace(strings.ReplaceAll(in.Settings[name], "\r\n", "\n"))
		i := slices.IndexFunc(adapter.Fields, func(field Field) bool { return field.Name == name })
		switch {
		case s.config.Makers[in.Adapter] == nil && i < 0:
			f.Add("settings."+name, "is no setting of this adapter")
		case len(value) > maxSetting:
			f.Add("settings."+name, "is too long")
		case value != "":
			settings[name] = value
		}
	}
	for _, field := range adapter.Fields {
		switch value := settings[field.Name]; {
		case value == "" && field.Required:
			f.Add("settings."+field.Name, "is required")
		case value != "":
			f.Check("settings."+field.Name, field.check(value))
		}
	}
	in.Settings = settings
	if adapter.Password && in.Secret == "" && !(before.HasSecret && before.Adapter == in.Adapter) {
		f.Add("secret", "is required")
	}
	if adapter.Password && in.Secret == "" && before.HasSecret && before.Adapter == in.Adapter && !slices.Equal(placesOf(before.Settings), placesOf(settings)) {
		changed := "it would go to another address"
		if slices.Equal(addressesOf(before.Settings), addressesOf(settings)) {
			changed = "the settings say who is trusted with it"
		}
		f.Add("secret", "is to be entered again, as "+changed)
	}
	if in.Adapter == EPP && in.Secret != "" {
		f.Check("secret", between(6, 16)(in.Secret))
	}
	switch {
	case in.ClientKey == "":
	case !adapter.ClientKey || settings["certificate"] == "":
		f.Add("client_key", "belongs to a client certificate")
	default:
		if _, err := tls.X509KeyPair([]byte(settings["certificate"]), []byte(in.ClientKey)); err != nil {
			f.Add("client_key", "is not the private key of the client certificate, in PEM")
		}
	}
	return f.Err()
}

// placesOf are the settings that say who is shown the password: whoever may change those need not know it.
func placesOf(settings map[string]string) []string {
	return append(addressesOf(settings), settings["server_name"], settings["ca"])
}

func addressesOf(settings map[string]string) []string {
	return []string{settings["address"], settings["url"], settings["rest_url"]}
}

func isAddress(s string) error {
	host, port, err := net.SplitHostPort(s)
	if n, bad := strconv.Atoi(port); err != nil || host == "" || bad != nil || n < 1 || n > 65535 {
		return errors.New("is a host and a port, such as epp.registry.example:700")
	}
	return nil
}

func isURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return errors.New("is an address that begins with https://")
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return errors.New("begins with https:// except on this machine: the password goes there")
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func isCurrency(s string) error {
	if !money.Currency(s).IsValid() {
		return errors.New("is the code of a currency, such as EUR")
	}
	return nil
}

func isAuthority(s string) error {
	if !x509.NewCertPool().AppendCertsFromPEM([]byte(s)) {
		return errors.New("is a certificate in PEM")
	}
	return nil
}

func isCertificate(s string) error {
	if isAuthority(s) != nil {
		return errors.New("is a certificate in PEM, with its chain")
	}
	if strings.Contains(s, "PRIVATE KEY") {
		return errors.New("has a private key in it, which belongs into the field of its own")
	}
	return nil
}

func between(from, to int) func(string) error {
	return func(s string) error {
		if n := len([]rune(s)); n < from || n > to {
			return fmt.Errorf("has %d to %d characters", from, to)
		}
		return nil
	}
}

func wholeNumber(from, to int) func(string) error {
	return func(s string) error {
		if n, err := strconv.Atoi(s); err != nil || n < from || n > to {
			return fmt.Errorf("is a whole number from %d to %d", from, to)
		}
		return nil
	}
}

func rate(s string) error {
	if n, err := strconv.ParseFloat(s, 64); err != nil || !(n >= 0.01 && n <= 10_000) { // "NaN" is neither
		return errors.New("is a number from 0.01 to 10000")
	}
	return nil
}

func isRoles(s string) error {
	if s == "-" {
		return nil
	}
	for _, role := range strings.Fields(s) {
		if !slices.Contains(allRoles, role) {
			return errors.New("names some of admin, tech and billing, or is a dash")
		}
	}
	return nil
}

var allRoles = []string{"admin", "tech", "billing"}

// number is a setting that was checked; 0 where it is not set.
func number(settings map[string]string, name string) int {
	n, _ := strconv.Atoi(settings[name])
	return n
}

func perSecond(settings map[string]string) float64 {
	n, _ := strconv.ParseFloat(settings["per_second"], 64)
	return n
}

func roles(settings map[string]string) []string {
	switch named := strings.Fields(settings["contact_roles"]); {
	case len(named) == 0:
		return allRoles
	case named[0] == "-":
		return nil
	default:
		return named
	}
}
