package lease

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// What the two kinds of tokens say of themselves in their header.
const (
	algorithm     = "EdDSA"
	leaseType     = "keystead-lease+jwt"
	statementType = "keystead-key+jwt"
)

// maxToken bounds what is read of a token.
const maxToken = 16384

// base64url is the encoding of all parts of a token (RFC 7515, section 2). Strict: one text for one value.
var base64url = base64.RawURLEncoding.Strict()

// Thumbprint is the identifier of a public key (RFC 7638).
func Thumbprint(public ed25519.PublicKey) string {
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + EncodeKey(public) + `"}`))
	return base64url.EncodeToString(sum[:])
}

// EncodeKey writes a public key as libraries pin it: the member x of its JWK (RFC 8037).
func EncodeKey(public ed25519.PublicKey) string { return base64url.EncodeToString(public) }

// DecodeKey reads what [EncodeKey] wrote.
func DecodeKey(x string) (ed25519.PublicKey, error) {
	raw, err := base64url.DecodeString(x)
	if err != nil || len(raw) != ed25519.PublicKeySize {
		return nil, errors.New("is not a public key of Ed25519: 32 bytes in base64url")
	}
	return raw, nil
}

// JWK is a public key of Ed25519 (RFC 8037).
type JWK struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
}

func jwkOf(public ed25519.PublicKey) JWK {
	return JWK{Kty: "OKP", Crv: "Ed25519", X: EncodeKey(public)}
}

func (k JWK) key() (ed25519.PublicKey, error) {
	if k.Kty != "OKP" || k.Crv != "Ed25519" {
		return nil, errors.New("is not a key of Ed25519")
	}
	return DecodeKey(k.X)
}

// header is the protected header of a token.
type header struct {
	Alg       string          `json:"alg"`
	Kid       string          `json:"kid"`
	Typ       string          `json:"typ"`
	Statement string          `json:"kst,omitempty"`
	Crit      json.RawMessage `json:"crit,omitempty"`
}

// token is a JWS in compact serialisation (RFC 7515, section 7.1), taken apart but not verified.
type token struct {
	header    header
	payload   []byte
	signed    string // what the signature is over
	signature []byte
}

func parse(compact string) (token, error) {
	if len(compact) > maxToken {
		return token{}, fmt.Errorf("is longer than %d bytes", maxToken)
	}
	if strings.ContainsAny(compact, "\r\n") {
		return token{}, errors.New("has line breaks") // which the decoder would pass over
	}
	parts := strings.Split(compact, ".")
	if len(parts) != 3 {
		return token{}, errors.New("has not three parts")
	}
	head, err := base64url.DecodeString(parts[0])
	if err != nil {
		return token{}, fmt.Errorf("header: %w", err)
	}
	t := token{signed: compact[:len(parts[0])+1+len(parts[1])]}
	if err := json.Unmarshal(head, &t.header); err != nil {
		return token{}, fmt.Errorf("header: %w", err)
	}
	if t.header.Crit != nil {
		return token{}, errors.New("header: has a member crit")
	}
	if t.payload, err = base64url.DecodeString(parts[1]); err != nil {
		return token{}, fmt.Errorf("payload: %w", err)
	}
	if t.signature, err = base64url.DecodeString(parts[2]); err != nil {
		return token{}, fmt.Errorf("signature: %w", err)
	}
	return t, nil
}

func (t token) verifies(public ed25519.PublicKey) bool {
	return len(t.signature) == ed25519.SignatureSize && ed25519.Verify(public, []byte(t.signed), t.signature)
}

// appendToken appends the JWS of a payload, given its encoded header.
func appendToken(b []byte, head string, payload []byte, private ed25519.PrivateKey) []byte {
	start := len(b)
	b = append(b, head...)
	b = append(b, '.')
	b = base64url.AppendEncode(b, payload)
	signature := ed25519.Sign(private, b[start:])
	b = append(b, '.')
	return base64url.AppendEncode(b, signature)
}

func encodeHeader(h header) string {
	raw, err := json.Marshal(h)
	if err != nil {
		panic(fmt.Sprintf("license/lease: a header: %v", err)) // strings always marshal
	}
	return base64url.EncodeToString(raw)
}
