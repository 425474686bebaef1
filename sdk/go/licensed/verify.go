package licensed

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
)

// refusal is why a lease is not accepted. The codes are the same in all libraries.
type refusal string

// The refusals, in the order in which they are looked for.
const (
	malformed     refusal = "malformed"
	wrongAlg      refusal = "algorithm"
	wrongType     refusal = "type"
	badStatement  refusal = "statement"
	wrongProduct  refusal = "product"
	wrongKey      refusal = "key"
	badSignature  refusal = "signature"
	badClaims     refusal = "claims"
	statementTime refusal = "statement_time"
	oldSerial     refusal = "serial"
	otherLicense  refusal = "license_key"
	wrongNonce    refusal = "nonce"
	fromFuture    refusal = "future"
)

func (r refusal) Error() string { return string(r) }

// maxAhead is how many seconds a lease without our nonce may be ahead of the time.
const maxAhead = 300

// expected is what is known when a lease is read.
type expected struct {
	roots   []ed25519.PublicKey
	product string
	nonce   string // that was sent; empty: the lease is not the answer to a request
	key     string // empty: of any license
	serial  int64  // the highest seen
	time    int64
}

// verified is a lease that was accepted, and the serial of the key that signed it.
type verified struct {
	*Lease
	compact string
	serial  int64
}

// verify accepts a lease, or says why not with one [refusal].
func verify(compact string, x expected) (verified, error) {
	v, err := x.authenticate(compact)
	if err != nil {
		return verified{}, err
	}
	switch {
	case x.key != "" && v.KeyHash != hashKey(x.key):
		return verified{}, otherLicense
	case x.nonce != "" && subtle.ConstantTimeCompare([]byte(v.Nonce), []byte(x.nonce)) == 0:
		return verified{}, wrongNonce
	case x.nonce == "" && v.IssuedAt.Unix() > x.time+maxAhead:
		return verified{}, fromFuture
	}
	return v, nil
}

// authenticate makes sure that the product's current key has signed the lease, whatever it says.
func (x expected) authenticate(compact string) (verified, error) {
	t, err := parse(compact)
	if err != nil {
		return verified{}, fmt.Errorf("%w: %w", malformed, err)
	}
	if t.alg != algorithm {
		return verified{}, wrongAlg
	}
	if t.typ != leaseType {
		return verified{}, wrongType
	}
	s, err := readStatement(t.statement, x.roots)
	if err != nil {
		return verified{}, fmt.Errorf("%w: %w", badStatement, err)
	}
	if s.product != x.product {
		return verified{}, wrongProduct
	}
	if s.key == nil || thumbprint(s.key) != t.kid {
		return verified{}, wrongKey
	}
	if !t.verifies(s.key) {
		return verified{}, badSignature
	}
	l, err := readClaims(t.payload)
	if err != nil {
		return verified{}, fmt.Errorf("%w: %w", badClaims, err)
	}
	switch {
	case l.Product != x.product:
		return verified{}, wrongProduct
	case s.notBefore > l.IssuedAt.Unix() || l.ExpiresAt.Unix() > s.expires:
		return verified{}, statementTime
	case s.serial < x.serial:
		return verified{}, oldSerial
	}
	return verified{Lease: l, compact: compact, serial: s.serial}, nil
}

// hashKey is how a lease names a license key.
func hashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}
