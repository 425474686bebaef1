package licensed

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	algorithm     = "EdDSA"
	leaseType     = "keystead-lease+jwt"
	statementType = "keystead-key+jwt"
)

// maxToken bounds what is read of a token.
const maxToken = 16384

// base64url is strict: one text for one value.
var base64url = base64.RawURLEncoding.Strict()

func decodePart(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("has line breaks") // which the decoder would pass over
	}
	return base64url.DecodeString(s)
}

// decodeKey reads a public key: the member x of its JWK.
func decodeKey(x string) (ed25519.PublicKey, error) {
	raw, err := decodePart(x)
	if err != nil || len(raw) != ed25519.PublicKeySize {
		return nil, errors.New("is not a public key of Ed25519: 32 bytes in base64url")
	}
	return raw, nil
}

// thumbprint is the identifier of a public key (RFC 7638).
func thumbprint(k ed25519.PublicKey) string {
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + base64url.EncodeToString(k) + `"}`))
	return base64url.EncodeToString(sum[:])
}

// token is a JWS in compact serialisation, taken apart but not verified.
type token struct {
	alg, kid, typ, statement string

	payload   []byte
	signed    string // what the signature is over
	signature []byte
}

func parse(compact string) (token, error) {
	if len(compact) > maxToken {
		return token{}, errors.New("is too long")
	}
	parts := strings.Split(compact, ".")
	if len(parts) != 3 {
		return token{}, errors.New("has not three parts")
	}
	var raw [3][]byte
	for i, part := range parts {
		var err error
		if raw[i], err = decodePart(part); err != nil {
			return token{}, errors.New("is not in base64url")
		}
	}
	head, err := readObject(raw[0])
	if err != nil {
		return token{}, err
	}
	if _, there := head["crit"]; there {
		return token{}, errors.New("has a member crit")
	}
	t := token{payload: raw[1], signature: raw[2], signed: compact[:len(parts[0])+1+len(parts[1])]}
	for name, v := range map[string]*string{"alg": &t.alg, "kid": &t.kid, "typ": &t.typ, "kst": &t.statement} {
		if *v, err = head.text(name); err != nil {
			return token{}, err
		}
	}
	return t, nil
}

func (t token) verifies(k ed25519.PublicKey) bool {
	return len(t.signature) == ed25519.SignatureSize && ed25519.Verify(k, []byte(t.signed), t.signature)
}

// object is a JSON object whose members are looked up by their exact names, as the decoder of structs does not. A
// member that is null is none.
type object map[string]json.RawMessage

func readObject(raw []byte) (object, error) {
	var o object
	if !utf8.Valid(raw) || json.Unmarshal(raw, &o) != nil || o == nil {
		return nil, errors.New("is not a JSON object")
	}
	for name, v := range o {
		if string(v) == "null" && name != "crit" {
			delete(o, name)
		}
	}
	return o, nil
}

// text returns a member that is a text, empty where there is none.
func (o object) text(name string) (string, error) {
	var s string
	if raw, there := o[name]; there && json.Unmarshal(raw, &s) != nil {
		return "", errors.New(name + " is not a text")
	}
	return s, nil
}

// integer returns a member that is a whole number.
func (o object) integer(name string) (n int64, there bool, err error) {
	raw, there := o[name]
	if !there {
		return 0, false, nil
	}
	n, err = strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return 0, true, errors.New(name + " is not a whole number")
	}
	return n, true, nil
}

// value reads a member of any other type into v, which stays as it is where there is none.
func (o object) value(name string, v any) error {
	if raw, there := o[name]; there && json.Unmarshal(raw, v) != nil {
		return errors.New(name + " has the wrong type")
	}
	return nil
}
