package licensed

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Lease is what the server has signed: the license as it was when the lease was made. Zero values stand for what the
// server left out.
type Lease struct {
	Issuer    string // the server's URL: information, never a reason to refuse
	Product   string
	LicenseID string
	KeyHash   string // lower-case hex SHA-256 of the license key
	ID        string // of the lease
	Nonce     string

	IssuedAt  time.Time
	NotBefore time.Time
	CheckAt   time.Time // when the server is asked next
	ExpiresAt time.Time // until when silence does no harm

	Status string // active, or the reason why not
	Type   string // of the license: purchased, leased, development, trial
	Plan   string

	LicenseExpires time.Time // zero: never
	UpdatesUntil   time.Time // zero: no end, or not applicable

	Entitlements map[string]any // bool, int64, float64 or string
	Identifier   string
	Domains      []string // what the license is bound to; nil: not bound
	IPs          []string
	Directories  []string
	Customer     Customer
	AddOns       []AddOn

	ActivationsUsed, ActivationLimit int64 // a limit of 0 is none
}

// Customer is whom a license is registered to.
type Customer struct {
	Name    string `json:"name"`
	Company string `json:"company"`
}

// AddOn is something that was bought for a license.
type AddOn struct {
	Name   string `json:"name"`
	Due    string `json:"due"` // YYYY-MM-DD, empty where nothing falls due
	Status string `json:"status"`
}

// Has reports whether the license includes a feature: an entitlement that is true, or a quantity above zero.
func (l *Lease) Has(feature string) bool {
	if l == nil {
		return false
	}
	switch v := l.Entitlements[feature].(type) {
	case bool:
		return v
	case int64:
		return v > 0
	}
	return false
}

// Quantity returns an entitlement that is a number, such as projects.max.
func (l *Lease) Quantity(name string) (n int64, ok bool) {
	if l == nil {
		return 0, false
	}
	n, ok = l.Entitlements[name].(int64)
	return n, ok
}

func (l *Lease) active() bool { return l.Status == statusActive }

const statusActive = "active"

// readClaims reads the payload of a lease whose signature was verified.
func readClaims(payload []byte) (*Lease, error) {
	o, err := readObject(payload)
	if err != nil {
		return nil, err
	}
	l := &Lease{}
	for name, v := range map[string]*string{
		"iss": &l.Issuer, "aud": &l.Product, "sub": &l.LicenseID, "kfp": &l.KeyHash, "jti": &l.ID, "sta": &l.Status,
		"lty": &l.Type, "pln": &l.Plan, "idt": &l.Identifier, "nce": &l.Nonce,
	} {
		if *v, err = o.text(name); err != nil {
			return nil, err
		}
	}
	for name, v := range map[string]*time.Time{
		"iat": &l.IssuedAt, "nbf": &l.NotBefore, "chk": &l.CheckAt, "exp": &l.ExpiresAt,
		"lex": &l.LicenseExpires, "upd": &l.UpdatesUntil,
	} {
		seconds, there, err := o.integer(name)
		if err != nil {
			return nil, err
		}
		if there {
			*v = time.Unix(seconds, 0).UTC()
		} else if name != "lex" && name != "upd" {
			return nil, errors.New(name + " is missing")
		}
	}
	for name, v := range map[string]*int64{"acu": &l.ActivationsUsed, "acl": &l.ActivationLimit} {
		if *v, _, err = o.integer(name); err != nil {
			return nil, err
		}
	}
	for name, v := range map[string]any{
		"dom": &l.Domains, "ips": &l.IPs, "dir": &l.Directories, "cus": &l.Customer, "adn": &l.AddOns,
	} {
		if err := o.value(name, v); err != nil {
			return nil, err
		}
	}
	if l.Entitlements, err = readEntitlements(o["ent"]); err != nil {
		return nil, err
	}
	if l.Product == "" || l.LicenseID == "" || l.KeyHash == "" || l.Status == "" {
		return nil, errors.New("a required claim is missing")
	}
	if l.ExpiresAt.Before(l.IssuedAt) || l.CheckAt.After(l.ExpiresAt) {
		return nil, errors.New("the times contradict each other")
	}
	return l, nil
}

// readEntitlements keeps whole numbers whole.
func readEntitlements(raw json.RawMessage) (map[string]any, error) {
	if raw == nil {
		return nil, nil
	}
	var ent map[string]any
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if err := d.Decode(&ent); err != nil {
		return nil, errors.New("ent is not an object")
	}
	for name, v := range ent {
		n, isNumber := v.(json.Number)
		if !isNumber {
			continue
		}
		if whole, err := n.Int64(); err == nil {
			ent[name] = whole
		} else if f, err := n.Float64(); err == nil {
			ent[name] = f
		}
	}
	return ent, nil
}
