package license

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/keystead/keystead/internal/text"
)

const (
	// maxIdentifier is the most characters that an identifier has in its normal form.
	maxIdentifier = 255
	// maxRawIdentifier is the most that is read: an address may carry a long path that is cut off.
	maxRawIdentifier = 4096
	maxLabel         = 63  // of a host name
	maxHost          = 253 // without the last dot
)

// Normalize returns the form in which an identifier is stored and compared, so that the many ways to write one place
// are one activation. Normalizing a normal form changes nothing. What is not an identifier of the type is
// INVALID_REQUEST.
//
//   - domain: the host alone, without a leading "www.", in lower case, an international name in its ASCII form. An
//     IPv6 address loses its brackets.
//   - seat: lower case.
//   - device, instance: as it is, but for the space around it.
func Normalize(t ActivationType, identifier string) (string, error) {
	n, err := normalize(t, identifier)
	if err != nil {
		return "", malformed("identifier", err.Error())
	}
	return n, nil
}

func normalize(t ActivationType, identifier string) (string, error) {
	raw, err := text.Required(identifier, maxRawIdentifier)
	if err != nil {
		return "", err
	}
	switch t {
	case Domain:
		return normalizeDomain(raw)
	case Seat:
		raw = strings.ToLower(raw)
	case Device, Instance:
	}
	if utf8.RuneCountInString(raw) > maxIdentifier {
		return "", fmt.Errorf("is longer than %d characters", maxIdentifier)
	}
	return raw, nil
}

var (
	errNoHost  = errors.New("names no host")
	errBadHost = errors.New("is not a domain name or an IP address")
	errBadPort = errors.New("has a port that is not a number")
)

// normalizeDomain finds the host in whatever people and software pass for a domain.
func normalizeDomain(raw string) (string, error) {
	rest := cutScheme(raw)
	if i := strings.IndexAny(rest, `/?#\`); i >= 0 {
		rest = rest[:i]
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	rest = strings.TrimSpace(rest)
	if strings.HasPrefix(rest, "[") {
		return normalizeBracketed(rest)
	}
	if strings.Count(rest, ":") > 1 {
		return normalizeIPv6(rest)
	}
	host, port, _ := strings.Cut(rest, ":")
	if !isPort(port) {
		return "", errBadPort
	}
	return normalizeHost(host)
}

// cutScheme removes "https://" and the like, and the "//" of an address without a scheme.
func cutScheme(s string) string {
	scheme, rest, found := strings.Cut(s, "://")
	if !found {
		return strings.TrimPrefix(s, "//")
	}
	for _, c := range scheme {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' {
			return s // "://" stands further right, in a path or a query
		}
	}
	return rest
}

// normalizeBracketed reads "[2001:db8::1]:443".
func normalizeBracketed(s string) (string, error) {
	address, after, found := strings.Cut(s[1:], "]")
	if !found {
		return "", errBadHost
	}
	if after != "" && (after[0] != ':' || !isPort(after[1:])) {
		return "", errBadPort
	}
	return normalizeIPv6(address)
}

// normalizeIPv6 writes an address in its one short form. A zone says which of a machine's links is meant, nothing
// about the place, so it goes; an address of IPv4 in IPv6's clothes is the one of IPv4.
func normalizeIPv6(s string) (string, error) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return "", errBadHost
	}
	return a.WithZone("").Unmap().String(), nil
}

func isPort(s string) bool {
	if len(s) > 5 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// hostProfile maps international names as browsers do before they look them up. Which characters a name may hold is
// checked afterwards and more loosely, as networks at home and at work hold names that no registry would sell.
var hostProfile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false), idna.CheckHyphens(false))

func normalizeHost(host string) (string, error) {
	host = strings.ToLower(host)
	if !isASCII(host) || strings.Contains(host, "xn--") {
		mapped, err := hostProfile.ToASCII(host)
		if err != nil {
			return "", errBadHost
		}
		host = mapped
	}
	host = strings.TrimRight(host, ".")
	for {
		rest, found := strings.CutPrefix(host, "www.")
		if !found {
			break
		}
		host = rest
	}
	if host == "" {
		return "", errNoHost
	}
	if len(host) > maxHost {
		return "", fmt.Errorf("has a host name longer than %d characters", maxHost)
	}
	for label := range strings.SplitSeq(host, ".") {
		if !isLabel(label) {
			return "", errBadHost
		}
	}
	return host, nil
}

func isLabel(s string) bool {
	if s == "" || len(s) > maxLabel {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
