package lease

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

// Claims are what a lease says. Instants are whole seconds UTC; a zero one is left out.
type Claims struct {
	Issuer  string // the server's URL; information only
	Product string // slug
	License string // id
	KeyHash string // lower-case hex SHA-256 of the license key
	ID      string // of this lease

	IssuedAt time.Time
	CheckAt  time.Time // when the software asks again
	Expires  time.Time // until when silence does no harm

	Status string // active, or why not
	Type   string // of the license
	Plan   string

	LicenseExpires, UpdatesUntil time.Time // zero: never, or not known

	Entitlements string // a JSON object
	Identifier   string
	// Places is what the license is bound to, [Details] whom it is registered to and what was added to it: the members
	// of a JSON object, without braces, as [Places.Encode] and [Details.Encode] write them. They seldom change, and are
	// kept in that form.
	Places, Details string

	Nonce                            string
	ActivationLimit, ActivationsUsed int64 // a limit of 0 is none
}

// Places are what a license is bound to. nil: not bound.
type Places struct {
	Domains     []string `json:"dom,omitempty"`
	IPs         []string `json:"ips,omitempty"`
	Directories []string `json:"dir,omitempty"`
}

// Encode writes p as [Claims] keep it.
func (p Places) Encode() string { return members(p) }

// Details are what a license's administrator reads.
type Details struct {
	Customer Customer `json:"cus"`
	Addons   []Addon  `json:"adn,omitempty"`
}

// Customer is whom a license is registered to.
type Customer struct {
	Name    string `json:"name"`
	Company string `json:"company"`
}

// Addon is something that was bought for a license. Due is a civil date, empty where there is none.
type Addon struct {
	Name string `json:"name"`
	Due  string `json:"due"`
}

// Encode writes d as [Claims] keep it.
func (d Details) Encode() string { return members(d) }

// members writes v, a struct, as the members of a JSON object.
func members(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("license/lease: " + err.Error()) // strings always marshal
	}
	return string(raw[1 : len(raw)-1])
}

// appendTo appends the claims as JSON. Every answer is signed anew, so this does not reflect.
func (c *Claims) appendTo(b []byte) []byte {
	b = append(b, '{')
	b = appendText(b, "iss", c.Issuer)
	b = appendText(b, "aud", c.Product)
	b = appendText(b, "sub", c.License)
	b = appendText(b, "kfp", c.KeyHash)
	b = appendText(b, "jti", c.ID)
	b = appendInstant(b, "iat", c.IssuedAt)
	b = appendInstant(b, "nbf", c.IssuedAt)
	b = appendInstant(b, "chk", c.CheckAt)
	b = appendInstant(b, "exp", c.Expires)
	b = appendText(b, "sta", c.Status)
	b = appendText(b, "lty", c.Type)
	b = appendText(b, "pln", c.Plan)
	b = appendInstant(b, "lex", c.LicenseExpires)
	b = appendInstant(b, "upd", c.UpdatesUntil)
	b = append(b, `"ent":`...)
	b = append(b, c.Entitlements...)
	b = append(b, ',')
	b = appendText(b, "idt", c.Identifier)
	b = appendMembers(b, c.Places)
	b = appendMembers(b, c.Details)
	b = appendText(b, "nce", c.Nonce)
	b = append(b, `"acu":`...)
	b = strconv.AppendInt(b, c.ActivationsUsed, 10)
	b = append(b, `,"acl":`...)
	b = strconv.AppendInt(b, c.ActivationLimit, 10)
	return append(b, '}')
}

func appendMembers(b []byte, members string) []byte {
	if members == "" {
		return b
	}
	b = append(b, members...)
	return append(b, ',')
}

func appendInstant(b []byte, name string, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	b = append(b, '"')
	b = append(b, name...)
	b = append(b, `":`...)
	b = strconv.AppendInt(b, t.Unix(), 10)
	return append(b, ',')
}

// appendText appends a member that is left out where it is empty. What needs no escape, nearly all text, is copied.
func appendText(b []byte, name, v string) []byte {
	if v == "" {
		return b
	}
	b = append(b, '"')
	b = append(b, name...)
	b = append(b, `":`...)
	for i := range len(v) {
		if c := v[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			raw, err := json.Marshal(v)
			if err != nil {
				raw = []byte(`""`) // a string always marshals
			}
			b = append(b, raw...)
			return append(b, ',')
		}
	}
	b = append(b, '"')
	b = append(b, v...)
	return append(b, '"', ',')
}
