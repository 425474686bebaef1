package setting

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/keystead/keystead/internal/text"
)

// hostPort is a server by its name or address and its port.
func hostPort() kind[string, string] {
	wrong := errors.New("must be a server and its port, such as smtp.example.com:587")
	return kind[string, string]{name: Text, mistyped: wrong, show: same[string], parse: func(s string) (string, error) {
		s = strings.ToLower(strings.TrimSpace(s))
		if s == "" {
			return "", nil
		}
		host, port, err := net.SplitHostPort(s)
		if err != nil || !isHost(host) {
			return "", wrong
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "", wrong
		}
		return s, nil
	}}
}

// isHost reports whether s is an IP address or made of what names of hosts are made of.
func isHost(s string) bool {
	if net.ParseIP(s) != nil {
		return true
	}
	outside := func(r rune) bool { return r != '-' && r != '.' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }
	return s != "" && len(s) <= 253 && !strings.ContainsFunc(s, outside)
}

// email is one address, or none.
func email() kind[string, string] {
	return kind[string, string]{name: Text, mistyped: errNoText, show: same[string], parse: func(s string) (string, error) {
		if strings.TrimSpace(s) == "" {
			return "", nil
		}
		return text.Email(s)
	}}
}

const maxEmails = 20

// emails is a list of addresses.
func emails() kind[[]string, []string] {
	return kind[[]string, []string]{
		name: Emails, mistyped: errors.New("must be a list of e-mail addresses"), show: same[[]string],
		parse: func(list []string) ([]string, error) {
			if len(list) > maxEmails {
				return nil, fmt.Errorf("has more than %d addresses", maxEmails)
			}
			addresses := make([]string, 0, len(list))
			for _, s := range list {
				a, err := text.Email(s)
				if err != nil {
					return nil, fmt.Errorf("%q is not an e-mail address", strings.TrimSpace(s))
				}
				if !slices.ContainsFunc(addresses, func(b string) bool { return strings.EqualFold(a, b) }) {
					addresses = append(addresses, a)
				}
			}
			return addresses, nil
		},
	}
}

// webAddress is the address of a page, or none.
func webAddress() kind[string, string] {
	wrong := errors.New("must be the address of a page, such as https://example.com/terms")
	return kind[string, string]{name: Text, mistyped: wrong, show: same[string], parse: func(s string) (string, error) {
		s, err := text.Line(s, maxWebAddress)
		if err != nil || s == "" {
			return "", err
		}
		u, err := url.Parse(s)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || u.User != nil {
			return "", wrong
		}
		return s, nil
	}}
}

const maxWebAddress = 500
