package lease

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
)

// pemType is the block in which a root is handed out (PKCS #8, RFC 8410).
const pemType = "PRIVATE KEY"

// ExportRoot returns the private part of a root in PEM, to be kept off the server.
func (k *Keys) ExportRoot(ctx context.Context, productID, rootID string) ([]byte, error) {
	var out []byte
	err := k.db.Write(ctx, func(tx *db.Tx) error {
		root, err := k.rootOf(ctx, tx, productID, rootID)
		if err != nil {
			return err
		}
		private, err := k.open(*root.Sealed, root.ID)
		if err != nil {
			return err
		}
		der, err := x509.MarshalPKCS8PrivateKey(private)
		if err != nil {
			return fmt.Errorf("root %s: %w", rootID, err)
		}
		out = pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der})
		_, err = tx.MarkRootExported(ctx, query.MarkRootExportedParams{ID: rootID, ProductID: productID, ExportedAt: &tx.Stamp})
		if err != nil {
			return fmt.Errorf("root %s: %w", rootID, err)
		}
		return event.Audit(ctx, tx, event.Change{What: "root_key.exported", SubjectID: productID, After: rootID})
	})
	return out, err
}

// rootOf returns a root of the product whose private part is on the server, and holds the product's lock.
func (k *Keys) rootOf(ctx context.Context, tx *db.Tx, productID, rootID string) (query.ProductRoot, error) {
	if err := lock(ctx, tx, productID); err != nil {
		return query.ProductRoot{}, err
	}
	roots, err := tx.RootsOfProduct(ctx, productID)
	if err != nil {
		return query.ProductRoot{}, fmt.Errorf("roots of %s: %w", productID, err)
	}
	for _, r := range roots {
		if r.ID == rootID && r.Sealed != nil {
			return r, nil
		}
	}
	return query.ProductRoot{}, errNoRoot
}

// RemoveRoot takes the private part of a root off the server. It must have been exported.
func (k *Keys) RemoveRoot(ctx context.Context, productID, rootID string) error {
	return k.db.Write(ctx, func(tx *db.Tx) error {
		root, err := k.rootOf(ctx, tx, productID, rootID)
		if err != nil {
			return err
		}
		if root.ExportedAt == nil {
			return fail.Conflict(CodeNotExported, "Export the root key first: once it is off the server, nothing brings it back.")
		}
		if _, err := tx.RemoveRoot(ctx, query.RemoveRootParams{ID: rootID, ProductID: productID, RemovedAt: &tx.Stamp}); err != nil {
			return fmt.Errorf("root %s: %w", rootID, err)
		}
		return record(ctx, tx, "root_key.removed", productID, map[string]any{"root_id": rootID}, rootID, "")
	})
}

// UseRoot states keys for the reserve with a root that is not on the server, given in PEM as [Keys.ExportRoot] wrote it. It
// is not kept. How many were stated is returned.
func (k *Keys) UseRoot(ctx context.Context, productID string, given []byte) (int, error) {
	private, err := readRoot(given)
	if err != nil {
		return 0, fail.Invalid("root", err.Error())
	}
	stated := 0
	err = k.db.Write(ctx, func(tx *db.Tx) error {
		if err := lock(ctx, tx, productID); err != nil {
			return err
		}
		before, err := load(ctx, tx, productID)
		if err != nil {
			return err
		}
		root := stating{private: private}
		for _, r := range before.Roots {
			if r.PublicKey == EncodeKey(publicOf(private)) {
				root.id = r.ID
			}
		}
		if root.id == "" {
			return fail.Invalid("root", "is not one of this product's root keys")
		}
		if err := k.restock(ctx, tx, productID, &root); err != nil {
			return err
		}
		after, err := load(ctx, tx, productID)
		if err != nil {
			return err
		}
		stated = len(after.Keys) - len(before.Keys)
		return record(ctx, tx, "signing_key.stated", productID, map[string]any{"root_id": root.id, "keys": stated}, fmt.Sprintf("%d keys", stated), "")
	})
	return stated, err
}

func readRoot(given []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(given)
	if block == nil || block.Type != pemType {
		return nil, fmt.Errorf("is not in PEM: it begins with -----BEGIN %s-----", pemType)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("is not a private key in PKCS #8: %w", err)
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("is no key of Ed25519")
	}
	return private, nil
}

// PublicKey is an entry of a JWK set (RFC 7517).
type PublicKey struct {
	JWK
	Kid string `json:"kid"`
	Use string `json:"use"`
	Alg string `json:"alg"`
}

// PublicKeys lists the signing keys of a product for readers other than the libraries, which trust roots alone.
func (k *Keys) PublicKeys(ctx context.Context, productID string) ([]PublicKey, error) {
	set, err := k.Of(ctx, productID)
	if err != nil {
		return nil, err
	}
	list := make([]PublicKey, len(set.Keys))
	for i, key := range set.Keys {
		public, err := DecodeKey(key.PublicKey)
		if err != nil {
			return nil, fmt.Errorf("signing key %s: %w", key.ID, err)
		}
		list[i] = PublicKey{JWK: jwkOf(public), Kid: Thumbprint(public), Use: "sig", Alg: algorithm}
	}
	return list, nil
}
