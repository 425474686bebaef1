package lease

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Refusal is why a client does not accept a lease. The codes are the same in all libraries.
type Refusal string

// The refusals, in the order in which they are looked for.
const (
	Malformed     Refusal = "malformed"
	WrongAlg      Refusal = "algorithm"
	WrongType     Refusal = "type"
	BadStatement  Refusal = "statement"
	WrongProduct  Refusal = "product"
	WrongKey      Refusal = "key"
	BadSignature  Refusal = "signature"
	BadClaims     Refusal = "claims"
	StatementTime Refusal = "statement_time"
	OldSerial     Refusal = "serial"
	OtherLicense  Refusal = "license_key"
	WrongNonce    Refusal = "nonce"
	FromFuture    Refusal = "future"
)

func (r Refusal) Error() string { return "lease refused: " + string(r) }

// maxAhead is how far the server's clock may be ahead of a client's.
const maxAhead = 5 * time.Minute

// Expected is what a client knows when it reads a lease.
type Expected struct {
	Roots   []ed25519.PublicKey
	Product string // slug
	KeyHash string // empty: any license
	Nonce   string // that the lease must echo; empty: it was not asked for with one
	Serial  int64  // the highest that the client has seen
	Now     time.Time
}

// read is the JSON form of claims.
type read struct {
	Iss string          `json:"iss"`
	Aud string          `json:"aud"`
	Sub string          `json:"sub"`
	Kfp string          `json:"kfp"`
	Jti string          `json:"jti"`
	Iat *int64          `json:"iat"`
	Nbf *int64          `json:"nbf"`
	Chk *int64          `json:"chk"`
	Exp *int64          `json:"exp"`
	Sta string          `json:"sta"`
	Lty string          `json:"lty"`
	Pln string          `json:"pln"`
	Lex *int64          `json:"lex"`
	Upd *int64          `json:"upd"`
	Ent json.RawMessage `json:"ent"`
	Idt string          `json:"idt"`
	Nce string          `json:"nce"`
	Acu int64           `json:"acu"`
	Acl int64           `json:"acl"`
	Places
	Details
}

// Verify reads a lease as a client does: all that it says, and the serial of the key that signed it; or a [Refusal].
func Verify(compact string, x Expected) (Claims, int64, error) {
	t, err := parse(compact)
	if err != nil {
		return Claims{}, 0, fmt.Errorf("%w: %w", Malformed, err)
	}
	if t.header.Alg != algorithm {
		return Claims{}, 0, WrongAlg
	}
	if t.header.Typ != leaseType {
		return Claims{}, 0, WrongType
	}
	statement, err := ReadStatement(t.header.Statement, x.Roots)
	if err != nil && !errors.Is(err, errKey) {
		return Claims{}, 0, fmt.Errorf("%w: %w", BadStatement, err)
	}
	if statement.Product != x.Product {
		return Claims{}, 0, WrongProduct
	}
	if err != nil || Thumbprint(statement.Key) != t.header.Kid {
		return Claims{}, 0, WrongKey
	}
	if !t.verifies(statement.Key) {
		return Claims{}, 0, BadSignature
	}
	var r read
	if err := json.Unmarshal(t.payload, &r); err != nil {
		return Claims{}, 0, fmt.Errorf("%w: %w", BadClaims, err)
	}
	if !r.complete() {
		return Claims{}, 0, BadClaims
	}
	if err := x.accept(r, statement); err != nil {
		return Claims{}, 0, err
	}
	return r.claims(), statement.Serial, nil
}

func (r *read) complete() bool {
	for _, required := range []*int64{r.Iat, r.Nbf, r.Chk, r.Exp} {
		if required == nil {
			return false
		}
	}
	texts := []string{r.Aud, r.Sub, r.Kfp, r.Sta}
	return !slices.Contains(texts, "") && *r.Exp >= *r.Iat && *r.Chk <= *r.Exp
}

// accept compares a lease that its signature vouches for with what is expected.
func (x Expected) accept(r read, s Statement) error {
	switch {
	case r.Aud != x.Product:
		return WrongProduct
	case s.NotBefore.Unix() > *r.Iat || *r.Exp > s.Expires.Unix():
		return StatementTime
	case s.Serial < x.Serial:
		return OldSerial
	case x.KeyHash != "" && r.Kfp != x.KeyHash:
		return OtherLicense
	case x.Nonce != "" && r.Nce != x.Nonce:
		return WrongNonce
	case x.Nonce == "" && *r.Iat > x.Now.Add(maxAhead).Unix():
		return FromFuture
	}
	return nil
}

func (r *read) claims() Claims {
	return Claims{
		Issuer: r.Iss, Product: r.Aud, License: r.Sub, KeyHash: r.Kfp, ID: r.Jti,
		IssuedAt: instant(r.Iat), CheckAt: instant(r.Chk), Expires: instant(r.Exp),
		Status: r.Sta, Type: r.Lty, Plan: r.Pln, LicenseExpires: instant(r.Lex), UpdatesUntil: instant(r.Upd),
		Entitlements: string(r.Ent), Identifier: r.Idt, Places: r.Places.Encode(), Details: r.Details.Encode(), Nonce: r.Nce,
		ActivationsUsed: r.Acu, ActivationLimit: r.Acl,
	}
}

func instant(seconds *int64) time.Time {
	if seconds == nil {
		return time.Time{}
	}
	return time.Unix(*seconds, 0).UTC()
}
