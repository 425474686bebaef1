package lease

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the test vectors of the client libraries anew")

// vectors are what every client library must agree with.
const vectors = "../../../sdk/testdata"

func testKey(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("test key " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func x(k ed25519.PrivateKey) string { return EncodeKey(publicOf(k)) }

type leaseVector struct {
	Name    string          `json:"name"`
	Lease   string          `json:"lease"`
	Roots   []string        `json:"roots,omitempty"`
	Product string          `json:"product"`
	Nonce   string          `json:"nonce"`
	Key     string          `json:"key"`
	Time    int64           `json:"time"`
	Serial  int64           `json:"serial"`
	Error   string          `json:"error"`
	Claims  json.RawMessage `json:"claims,omitempty"`
}

type leaseVectors struct {
	Roots []string      `json:"roots"`
	Cases []leaseVector `json:"cases"`
}

const (
	licenseKey = "A1B2C3D4-E5F60718-293A4B5C-6D7E8F90"
	nonce      = "n-0123456789abcdef"
)

var noon = time.Date(2027, 3, 10, 12, 0, 0, 0, time.UTC)

// goodClaims are those of a lease that all is well with.
func goodClaims() Claims {
	c := Claims{
		Issuer: "https://licenses.example", Product: "widget", License: "lic_00000000000000000001", KeyHash: HashKey(licenseKey), ID: "7d3f",
		Status: Active, Type: "purchased", Plan: "Developer", LicenseExpires: noon.AddDate(1, 0, 0), UpdatesUntil: noon.AddDate(0, 6, 0),
		Entitlements: `{"feature.sso":true,"projects.max":25}`, Identifier: "example.com",
		Places:  Places{Domains: []string{"example.com", "*.example.org"}, IPs: []string{"192.0.2.7", "2001:db8::/32"}, Directories: []string{"/srv/www"}}.Encode(),
		Details: Details{Customer: Customer{Name: "Zoë \"Z\" Müller", Company: "Müller & Söhne <GmbH>"}, Addons: []Addon{{Name: "Support and Upgrade Pack", Due: "2028-03-10"}}}.Encode(),
		Nonce:   nonce, ActivationLimit: 5, ActivationsUsed: 2,
	}
	c.Times(noon, Terms{Interval: 7 * 24 * time.Hour, Grace: 3 * 24 * time.Hour}, time.Time{})
	return c
}

func statementFor(k ed25519.PrivateKey, serial int64) Statement {
	return Statement{Product: "widget", Key: publicOf(k), Serial: serial, NotBefore: noon.AddDate(0, -1, 0), Expires: noon.AddDate(2, 0, 0)}
}

// sign makes a lease with a header and a payload that nobody checks.
func sign(h map[string]any, payload []byte, k ed25519.PrivateKey) string {
	raw, err := json.Marshal(h)
	if err != nil {
		panic(err)
	}
	return string(appendToken(nil, base64url.EncodeToString(raw), payload, k))
}

func makeLeaseVectors() leaseVectors {
	root, spare, foreign := testKey("root"), testKey("spare"), testKey("foreign root")
	key, other := testKey("signing"), testKey("other signing")
	statement := State(root, statementFor(key, 3))
	claims := goodClaims()
	payload := claims.appendTo(nil)
	good := string(NewSigner(key, statement).AppendSigned(nil, &claims))
	head := func(change map[string]any) map[string]any {
		h := map[string]any{"alg": "EdDSA", "kid": Thumbprint(publicOf(key)), "typ": leaseType, "kst": statement}
		for name, v := range change {
			if v == nil {
				delete(h, name)
			} else {
				h[name] = v
			}
		}
		return h
	}
	withStatement := func(s string) string { return sign(head(map[string]any{"kst": s}), payload, key) }
	withClaims := func(change func(*Claims)) string {
		c := goodClaims()
		change(&c)
		return string(NewSigner(key, statement).AppendSigned(nil, &c))
	}
	rewritten := func(from, to string) string {
		return sign(head(nil), bytes.Replace(payload, []byte(from), []byte(to), 1), key)
	}
	parts := strings.Split(good, ".")
	otherProduct := statementFor(key, 3)
	otherProduct.Product = "gadget"
	early := statementFor(key, 3)
	early.Expires = claims.Expires.Add(-time.Second)
	late := statementFor(key, 3)
	late.NotBefore = claims.IssuedAt.Add(time.Second)

	v := leaseVectors{Roots: []string{x(root), x(spare)}}
	add := func(name, compact string, refused error, change ...func(*leaseVector)) {
		c := leaseVector{Name: name, Lease: compact, Product: "widget", Nonce: nonce, Key: licenseKey, Time: noon.Unix(), Serial: 3}
		for _, ch := range change {
			ch(&c)
		}
		if refused != nil {
			c.Error = string(refused.(Refusal)) //nolint:errorlint // a table of plain codes
		} else {
			payload, err := base64url.DecodeString(strings.Split(compact, ".")[1])
			if err != nil {
				panic(err)
			}
			c.Claims = payload
		}
		v.Cases = append(v.Cases, c)
	}
	asked := func(n string) func(*leaseVector) { return func(c *leaseVector) { c.Nonce = n } }
	at := func(t time.Time) func(*leaseVector) { return func(c *leaseVector) { c.Time = t.Unix() } }

	add("good", good, nil)
	add("good, signed under the spare root", withStatement(State(spare, statementFor(key, 3))), nil)
	add("good, of a key with a higher serial", withStatement(State(root, statementFor(key, 9))), nil)
	add("good, with the client's clock at 1970", good, nil, at(time.Unix(0, 0)))
	add("good, with the client's clock years ahead", good, nil, at(noon.AddDate(30, 0, 0)))
	add("good, kept: no nonce is expected", good, nil, asked(""), at(noon.Add(48*time.Hour)))
	add("good, kept, clock five minutes behind", good, nil, asked(""), at(noon.Add(-5*time.Minute)))
	add("good, any license", good, nil, func(c *leaseVector) { c.Key = "" })
	add("good, from a server that moved", withClaims(func(c *Claims) { c.Issuer = "https://elsewhere.example" }), nil)
	add("good, as little as a lease says", withClaims(func(c *Claims) {
		*c = Claims{Product: c.Product, License: c.License, KeyHash: c.KeyHash, ID: c.ID, IssuedAt: c.IssuedAt, CheckAt: c.CheckAt, Expires: c.Expires, Status: c.Status, Entitlements: "{}", Nonce: c.Nonce}
	}), nil)
	add("good, says suspended", withClaims(func(c *Claims) { c.Status = "suspended"; c.Times(noon, Terms{}, time.Time{}) }), nil)
	add("unknown members of header and claims are nothing", sign(head(map[string]any{"new": 1}), append(payload[:len(payload)-1:len(payload)-1], `,"new":{"a":1}}`...), key), nil)

	add("empty", "", Malformed)
	add("text", "not a lease", Malformed)
	add("a web page", "<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", Malformed)
	add("truncated in the signature", good[:len(good)-10], cutSignature(good[:len(good)-10]))
	add("truncated in the payload", parts[0]+"."+parts[1][:len(parts[1])/2], Malformed)
	add("without a signature", parts[0]+"."+parts[1]+".", BadSignature)
	add("four parts", good+".AAAA", Malformed)
	add("padded", parts[0]+"."+parts[1]+"=."+parts[2], Malformed)
	add("with a line break", parts[0]+"."+parts[1]+"\n."+parts[2], Malformed)
	add("last character holds other bits", good[:len(good)-1]+flipUnused(good), Malformed)
	add("too long", good+strings.Repeat("A", maxToken), Malformed)
	add("a crit member", sign(head(map[string]any{"crit": []string{"exp"}}), payload, key), Malformed)
	add("header is a list", base64url.EncodeToString([]byte("[]"))+"."+parts[1]+"."+parts[2], Malformed)

	add("alg none", sign(head(map[string]any{"alg": "none"}), payload, key), WrongAlg)
	add("alg none, no signature", strings.Join([]string{base64url.EncodeToString([]byte(`{"alg":"none","typ":"` + leaseType + `"}`)), parts[1], ""}, "."), WrongAlg)
	add("alg HS256", sign(head(map[string]any{"alg": "HS256"}), payload, key), WrongAlg)
	add("alg in lower case", sign(head(map[string]any{"alg": "eddsa"}), payload, key), WrongAlg)
	add("no alg", sign(head(map[string]any{"alg": nil}), payload, key), WrongAlg)
	add("typ JWT", sign(head(map[string]any{"typ": "JWT"}), payload, key), WrongType)
	add("a statement in a lease's place", statement, WrongType)
	add("no statement", sign(head(map[string]any{"kst": nil}), payload, key), BadStatement)
	add("statement of a foreign root", withStatement(State(foreign, statementFor(key, 3))), BadStatement)
	add("statement of a foreign root that claims to be ours", withStatement(sign(map[string]any{"alg": "EdDSA", "kid": Thumbprint(publicOf(root)), "typ": statementType}, payloadOf(statement), foreign)), BadStatement)
	add("statement signed by the signing key itself", withStatement(State(key, statementFor(key, 3))), BadStatement)
	add("a lease in its statement's place", withStatement(good), BadStatement)
	add("statement with alg none", withStatement(sign(map[string]any{"alg": "none", "kid": Thumbprint(publicOf(root)), "typ": statementType}, payloadOf(statement), root)), BadStatement)
	add("roots pinned by another program", good, BadStatement, func(c *leaseVector) { c.Roots = []string{x(foreign)} })
	add("statement for another product", withStatement(State(root, otherProduct)), WrongProduct)
	add("lease for another product", withClaims(func(c *Claims) { c.Product = "gadget" }), WrongProduct)
	add("asked for another product", good, WrongProduct, func(c *leaseVector) { c.Product = "gadget" })
	add("wrong kid", sign(head(map[string]any{"kid": Thumbprint(publicOf(other))}), payload, key), WrongKey)
	add("signed by a key without a statement", sign(head(nil), payload, other), BadSignature)
	add("signed by a root", sign(head(nil), payload, root), BadSignature)
	add("claims swapped for another lease's", parts[0]+"."+strings.Split(withClaims(func(c *Claims) { c.Type = "trial" }), ".")[1]+"."+parts[2], BadSignature)
	add("one bit of the payload changed", parts[0]+"."+swapFirst(parts[1])+"."+parts[2], BadSignature)
	add("signature of 63 bytes", parts[0]+"."+parts[1]+"."+base64url.EncodeToString(signatureOf(good)[:63]), BadSignature)

	add("no exp", rewritten(`"exp":`, `"exq":`), BadClaims)
	add("exp is text", rewritten(`"exp":`, `"exp":"soon","exq":`), BadClaims)
	add("no status", withClaims(func(c *Claims) { c.Status = "" }), BadClaims)
	add("no license", withClaims(func(c *Claims) { c.License = "" }), BadClaims)
	add("ends before it begins", withClaims(func(c *Claims) { c.CheckAt = c.IssuedAt.Add(-time.Hour); c.Expires = c.CheckAt }), BadClaims)
	add("next check after its end", withClaims(func(c *Claims) { c.CheckAt = c.Expires.Add(time.Second) }), BadClaims)
	add("claims are text", sign(head(nil), []byte(`"claims"`), key), BadClaims)

	add("made before the key was stated", withStatement(State(root, late)), StatementTime)
	add("valid beyond the statement", withStatement(State(root, early)), StatementTime)
	add("an older serial", withStatement(State(root, statementFor(key, 2))), OldSerial)
	add("of another license", good, OtherLicense, func(c *leaseVector) { c.Key = licenseKey + "1" })
	add("another request's nonce", good, WrongNonce, asked("n-other"))
	add("no nonce although one was sent", withClaims(func(c *Claims) { c.Nonce = "" }), WrongNonce)
	add("from the future, not asked for", good, FromFuture, asked(""), at(noon.Add(-5*time.Minute-time.Second)))
	return v
}

// cutSignature is what a cut signature is: its text may end in the middle of a byte, or be a shorter signature.
func cutSignature(compact string) error {
	if _, err := parse(compact); err != nil {
		return Malformed
	}
	return BadSignature
}

func payloadOf(compact string) []byte {
	t, err := parse(compact)
	if err != nil {
		panic(err)
	}
	return t.payload
}

func signatureOf(compact string) []byte {
	t, err := parse(compact)
	if err != nil {
		panic(err)
	}
	return t.signature
}

// flipUnused returns another last character that decodes to the same bytes for readers that are not strict.
func flipUnused(compact string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(letters[strings.IndexByte(letters, compact[len(compact)-1])^1])
}

func swapFirst(part string) string {
	raw, err := base64url.DecodeString(part)
	if err != nil {
		panic(err)
	}
	raw[len(raw)-2] ^= 1
	return base64url.EncodeToString(raw)
}

// agree compares a file of vectors with what this package makes.
func agree(t *testing.T, name string, made any) {
	t.Helper()
	raw, err := json.MarshalIndent(made, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	raw = append(raw, '\n')
	path := filepath.Join(vectors, name)
	if *update {
		if err := os.MkdirAll(vectors, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, raw) {
		t.Errorf("%s is not what this package makes: go test ./internal/license/lease -args -update", path)
	}
}

func TestVectors(t *testing.T) {
	t.Parallel()
	made := makeLeaseVectors()
	agree(t, "leases.json", made)
	seen := map[string]bool{}
	for _, c := range made.Cases {
		if seen[c.Name] {
			t.Errorf("two vectors are named %q", c.Name)
		}
		seen[c.Name] = true
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			e := Expected{Product: c.Product, KeyHash: HashKey(c.Key), Nonce: c.Nonce, Serial: c.Serial, Now: time.Unix(c.Time, 0)}
			if c.Key == "" {
				e.KeyHash = ""
			}
			roots := c.Roots
			if roots == nil {
				roots = made.Roots
			}
			for _, root := range roots {
				k, err := DecodeKey(root)
				if err != nil {
					t.Fatal(err)
				}
				e.Roots = append(e.Roots, k)
			}
			claims, _, err := Verify(c.Lease, e)
			var refused Refusal
			if errors.As(err, &refused); string(refused) != c.Error || (err == nil) != (c.Error == "") {
				t.Fatalf("refused as %v, want %q", err, c.Error)
			}
			if err == nil {
				var want, got any
				if err := errors.Join(json.Unmarshal(c.Claims, &want), json.Unmarshal(claims.appendTo(nil), &got)); err != nil {
					t.Fatal(err)
				}
				w, _ := json.Marshal(want)
				g, _ := json.Marshal(got)
				if c.Name != "unknown members of header and claims are nothing" && c.Name != "good, as little as a lease says" && !bytes.Equal(w, g) {
					t.Errorf("claims %s, want %s", g, w)
				}
			}
		})
	}
}
