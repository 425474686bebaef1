package lease

import (
	"crypto/ed25519"
	"sync"
	"time"
)

// Signer signs the leases of one product with one key. It is safe for concurrent use.
type Signer struct {
	Product string    // slug
	Expires time.Time // of the key's statement: no lease lasts longer

	head    string
	private ed25519.PrivateKey
}

// NewSigner returns the signer with a key that a root has stated to be the product's.
func NewSigner(private ed25519.PrivateKey, statement string) *Signer {
	return &Signer{
		head:    encodeHeader(header{Alg: algorithm, Kid: Thumbprint(publicOf(private)), Typ: leaseType, Statement: statement}),
		private: private,
	}
}

var payloads = sync.Pool{New: func() any { b := make([]byte, 0, 1024); return &b }}

// AppendSigned appends the lease that says c.
func (s *Signer) AppendSigned(b []byte, c *Claims) []byte {
	kept, _ := payloads.Get().(*[]byte)
	payload := c.appendTo((*kept)[:0])
	b = appendToken(b, s.head, payload, s.private)
	*kept = payload
	payloads.Put(kept)
	return b
}
