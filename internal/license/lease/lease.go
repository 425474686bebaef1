// Package lease makes and reads signed leases: what installed software knows of its license while it can't ask.
//
// A lease is a JWS (RFC 7515) with Ed25519 (RFC 8037), signed by the product's current signing key. It carries a
// statement by which one of the product's two root keys names that key. Software pins the roots, so signing keys change
// without a release, and a root need not stay on the server: see [Keys].
package lease

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Terms say how long software goes without asking.
type Terms struct {
	Interval time.Duration // between checks
	Grace    time.Duration // how long after a check that was due silence does no harm
}

// HashKey is how a lease names a license key.
func HashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// Times sets when c is checked next and when it ends. bound is when the license stops running unless it is paid for;
// zero: never. A lease that says no ends as it is made.
func (c *Claims) Times(now time.Time, t Terms, bound time.Time) {
	now = now.Truncate(time.Second)
	c.IssuedAt, c.CheckAt, c.Expires = now, now, now
	if c.Status != Active {
		return
	}
	c.CheckAt = now.Add(t.Interval)
	c.Expires = c.CheckAt.Add(t.Grace)
	if !bound.IsZero() && bound.Before(c.Expires) {
		c.Expires = bound.Truncate(time.Second)
	}
	if c.CheckAt.After(c.Expires) {
		c.CheckAt = c.Expires
	}
}

// Active is the status of a lease that says yes.
const Active = "active"

// maxNonce bounds what a lease echoes.
const maxNonce = 128

// IsNonce reports whether software may ask for n to be echoed: 1 to 128 letters, digits, hyphens and underscores.
func IsNonce(n string) bool {
	if n == "" || len(n) > maxNonce {
		return false
	}
	for i := range len(n) {
		c := n[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
