package licensed

import (
	"crypto/ed25519"
	"errors"
)

// statement is what a root key says of a signing key: that it may sign the leases of a product.
type statement struct {
	product            string
	key                ed25519.PublicKey // nil: what stands there is no key of Ed25519
	serial             int64
	notBefore, expires int64
}

// readStatement verifies a statement with the roots. Which time and product it is for is the reader's to compare.
func readStatement(compact string, roots []ed25519.PublicKey) (statement, error) {
	t, err := parse(compact)
	if err != nil {
		return statement{}, err
	}
	if t.alg != algorithm || t.typ != statementType {
		return statement{}, errors.New("is not a key statement signed with EdDSA")
	}
	signed := false
	for _, root := range roots {
		signed = signed || t.kid == thumbprint(root) && t.verifies(root)
	}
	if !signed {
		return statement{}, errors.New("is not signed by a pinned root")
	}
	claims, err := readObject(t.payload)
	if err != nil {
		return statement{}, err
	}
	var s statement
	if s.product, err = claims.text("aud"); err != nil {
		return statement{}, err
	}
	for name, v := range map[string]*int64{"ser": &s.serial, "nbf": &s.notBefore, "exp": &s.expires} {
		if *v, _, err = claims.integer(name); err != nil {
			return statement{}, err
		}
	}
	s.key = readJWK(claims["jwk"])
	return s, nil
}

// readJWK returns nil for what is not a public key of Ed25519 (RFC 8037).
func readJWK(raw []byte) ed25519.PublicKey {
	jwk, err := readObject(raw)
	if err != nil {
		return nil
	}
	kty, _ := jwk.text("kty")
	crv, _ := jwk.text("crv")
	x, _ := jwk.text("x")
	if kty != "OKP" || crv != "Ed25519" {
		return nil
	}
	k, err := decodeKey(x)
	if err != nil {
		return nil
	}
	return k
}
