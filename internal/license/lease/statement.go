package lease

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Statement is what a root key says of a signing key: that it may sign the leases of a product.
type Statement struct {
	Product string // slug
	Key     ed25519.PublicKey
	Serial  int64
	// A lease made before NotBefore, or valid beyond Expires, is not the key's to sign.
	NotBefore, Expires time.Time
}

type statementClaims struct {
	Aud string `json:"aud"`
	JWK JWK    `json:"jwk"`
	Ser int64  `json:"ser"`
	Nbf int64  `json:"nbf"`
	Exp int64  `json:"exp"`
}

// State returns the token by which root states s.
func State(root ed25519.PrivateKey, s Statement) string {
	payload, err := json.Marshal(statementClaims{
		Aud: s.Product, JWK: jwkOf(s.Key), Ser: s.Serial, Nbf: s.NotBefore.Unix(), Exp: s.Expires.Unix(),
	})
	if err != nil {
		panic(fmt.Sprintf("license/lease: a statement: %v", err)) // strings and numbers always marshal
	}
	head := encodeHeader(header{Alg: algorithm, Kid: Thumbprint(publicOf(root)), Typ: statementType})
	return string(appendToken(nil, head, payload, root))
}

func publicOf(k ed25519.PrivateKey) ed25519.PublicKey {
	public, _ := k.Public().(ed25519.PublicKey)
	return public
}

// errKey is returned for a statement about a key that is none.
var errKey = errors.New("jwk is not a key of Ed25519")

// ReadStatement verifies a statement with the roots. Which time and product it is for is the reader's to compare.
func ReadStatement(compact string, roots []ed25519.PublicKey) (Statement, error) {
	t, err := parse(compact)
	if err != nil {
		return Statement{}, err
	}
	if t.header.Alg != algorithm || t.header.Typ != statementType {
		return Statement{}, errors.New("is not a key statement signed with EdDSA")
	}
	signed := false
	for _, root := range roots {
		signed = signed || t.header.Kid == Thumbprint(root) && t.verifies(root)
	}
	if !signed {
		return Statement{}, errors.New("is not signed by one of the roots")
	}
	var c statementClaims
	if err := json.NewDecoder(bytes.NewReader(t.payload)).Decode(&c); err != nil {
		return Statement{}, fmt.Errorf("claims: %w", err)
	}
	s := Statement{Product: c.Aud, Serial: c.Ser, NotBefore: time.Unix(c.Nbf, 0).UTC(), Expires: time.Unix(c.Exp, 0).UTC()}
	if s.Key, err = c.JWK.key(); err != nil {
		return s, errKey
	}
	return s, nil
}
