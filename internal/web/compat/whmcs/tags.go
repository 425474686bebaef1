package whmcs

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/keystead/keystead/internal/civil"
	"github.com/keystead/keystead/internal/license/check"
)

// tags builds an answer: a flat list of tags, without a root, without anything between them.
type tags struct{ b []byte }

// add adds a tag. One whose value is empty is left out.
func (t *tags) add(name, value string) *tags {
	value = strings.TrimSpace(value)
	if value == "" {
		return t
	}
	t.b = append(t.b, '<')
	t.b = append(t.b, name...)
	t.b = append(t.b, '>')
	t.b = appendEscaped(t.b, value)
	t.b = append(t.b, '<', '/')
	t.b = append(t.b, name...)
	t.b = append(t.b, '>')
	return t
}

// appendEscaped appends a value on one line, with what would end it escaped.
func appendEscaped(b []byte, value string) []byte {
	if isPlain(value) {
		return append(b, value...)
	}
	for _, r := range value {
		switch {
		case r == '&':
			b = append(b, "&amp;"...)
		case r == '<':
			b = append(b, "&lt;"...)
		case r == '>':
			b = append(b, "&gt;"...)
		case r == '"':
			b = append(b, "&quot;"...)
		case r == '\'':
			b = append(b, "&#039;"...)
		case isControl(r), r == 0x85, r == 0x2028, r == 0x2029:
			b = append(b, ' ')
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

// isPlain reports whether a value is ASCII that needs no escape: nearly all are.
func isPlain(value string) bool {
	for i := range len(value) {
		switch c := value[i]; {
		case c < ' ', c > '~', c == '&', c == '<', c == '>', c == '"', c == '\'':
			return false
		}
	}
	return true
}

// describe adds what the software shows of a license.
func (t *tags) describe(q question, a check.Answer, account check.Account, zone *time.Location) {
	t.add("registeredname", account.Details.Customer.Name)
	t.add("companyname", account.Details.Customer.Company)
	t.add("email", account.Email)
	t.add("serviceid", strconv.FormatInt(account.Service, 10))
	t.add("productid", strconv.FormatInt(account.Product, 10))
	t.add("productname", a.ProductName)
	t.add("regdate", day(account.CreatedAt, zone))
	cycle, due := terms(a, account, zone)
	t.add("nextduedate", due)
	t.add("billingcycle", cycle)
	t.add("validdomain", validDomain(q, a))
	t.add("validip", validIP(q, a))
	t.add("validdirectory", validDirectory(q, a))
	t.add("configoptions", options(account.Entitlements))
	t.add("addons", addons(account.Details.Addons, civil.Of(a.At, zone)))
}
