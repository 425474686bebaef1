package licenseapi

import (
	"encoding/json"
	"net/http"

	"github.com/keystead/keystead/internal/license/lease"
)

// KeysPattern is where the signing keys of a product are published as a JWK set (RFC 7517): for readers other than the
// libraries, which trust pinned roots alone.
const KeysPattern = "/.well-known/keystead/{product}/jwks.json"

const keysEndpoint = "keys"

// publicKeys answers with the signing keys of the product whose slug is in the address.
func (a *api) publicKeys(w http.ResponseWriter, r *http.Request) error {
	product, err := a.catalog.ProductBySlug(r.Context(), r.PathValue("product"))
	if err != nil {
		return err
	}
	keys, err := a.keys.PublicKeys(r.Context(), product.ID)
	if err != nil {
		return err
	}
	body, err := json.Marshal(struct {
		Keys []lease.PublicKey `json:"keys"`
	}{keys})
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/jwk-set+json")
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("Access-Control-Allow-Origin", "*") // it is public anyway
	_, _ = w.Write(body)                      // a client that went away needs no answer
	return nil
}
