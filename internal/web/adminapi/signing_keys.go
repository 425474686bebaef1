package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/license/lease"
)

// KeySet are the keys with which leases of a product are signed.
type KeySet struct {
	Roots []RootKey    `json:"roots" nullable:"false"`
	Keys  []SigningKey `json:"keys" nullable:"false" doc:"By their serial"`
}

// RootKey states signing keys. Software pins its public part.
type RootKey struct {
	ID         string     `json:"id" example:"rot_01hx2b6yh4m3nq0r8s5t"`
	PublicKey  string     `json:"public_key" doc:"The base64url x of Ed25519 that software pins"`
	Spare      bool       `json:"spare"`
	OnServer   bool       `json:"on_server" doc:"Whether its private part is here"`
	CreatedAt  time.Time  `json:"created_at"`
	ExportedAt *time.Time `json:"exported_at"`
	RemovedAt  *time.Time `json:"removed_at" doc:"When its private part was taken off the server"`
}

// SigningKey signs leases, will or did.
type SigningKey struct {
	ID        string     `json:"id" example:"sgk_01hx2b6yh4m3nq0r8s5t"`
	RootID    string     `json:"root_id"`
	Serial    int64      `json:"serial"`
	PublicKey string     `json:"public_key"`
	State     string     `json:"state" enum:"reserve,current,retired"`
	ExpiresAt time.Time  `json:"expires_at" doc:"No lease that it signs is valid longer"`
	CreatedAt time.Time  `json:"created_at"`
	StartedAt *time.Time `json:"started_at"`
	RetiredAt *time.Time `json:"retired_at"`
}

func showKeys(set lease.Set) KeySet {
	shown := KeySet{Roots: make([]RootKey, len(set.Roots)), Keys: make([]SigningKey, len(set.Keys))}
	for i, r := range set.Roots {
		shown.Roots[i] = RootKey{
			ID: r.ID, PublicKey: r.PublicKey, Spare: r.Position > 1, OnServer: r.OnServer,
			CreatedAt: r.CreatedAt.UTC(), ExportedAt: utc(r.ExportedAt), RemovedAt: utc(r.RemovedAt),
		}
	}
	for i, k := range set.Keys {
		shown.Keys[i] = SigningKey{
			ID: k.ID, RootID: k.RootID, Serial: k.Serial, PublicKey: k.PublicKey, State: string(k.State),
			ExpiresAt: k.ExpiresAt.UTC(), CreatedAt: k.CreatedAt.UTC(), StartedAt: utc(k.StartedAt), RetiredAt: utc(k.RetiredAt),
		}
	}
	return shown
}

// KeyRotation is the body of POST /products/{id}/signing-keys/rotate.
type KeyRotation struct {
	Reason string `json:"reason,omitempty" maxLength:"10000" doc:"For the audit log"`
}

type rotateInput struct {
	ByID
	Body *KeyRotation
}

type rootInput struct {
	ByID
	Root string `path:"root" maxLength:"64"`
}

// ExportedRoot is the private part of a root.
type ExportedRoot struct {
	ID  string  `json:"id"`
	PEM *string `json:"pem" doc:"PKCS #8. Null in an answer that is given again for an idempotency key"`
}

func (r ExportedRoot) withoutSecrets() any {
	r.PEM = nil
	return r
}

// UsedRoot is the body of POST /products/{id}/root-keys/use.
type UsedRoot struct {
	PEM string `json:"pem" maxLength:"4000" doc:"As it was exported"`
}

type useRootInput struct {
	ByID
	Body UsedRoot
}

// signingKeys are the operations on keys. What touches a root's private part needs the scope that only owners give.
func (a *API) signingKeys() {
	keys := func(ctx context.Context, id string) (KeySet, error) {
		set, err := a.Keys.Of(ctx, id)
		return showKeys(set), err
	}
	add(a, route{Method: http.MethodGet, Path: "/products/{id}/signing-keys", Scope: "catalog:read", Tag: "Signing keys", Summary: "Show the root keys and signing keys of a product", Notes: "Their public parts. A product gets its keys when they are first asked for.", Codes: []string{"PRODUCT_NOT_FOUND"}},
		func(ctx context.Context, in *ByID) (KeySet, error) { return keys(ctx, in.ID) })
	add(a, route{Method: http.MethodPost, Path: "/products/{id}/signing-keys/rotate", Scope: "keys:write", Tag: "Signing keys", Summary: "Let the next key in reserve sign", Notes: "It happens by itself every 90 days. Leases that the old key has signed stay good until they end; software that has seen the new key accepts none of the old one any more.", Codes: []string{"PRODUCT_NOT_FOUND", "NO_ROOT_KEY"}},
		func(ctx context.Context, in *rotateInput) (KeySet, error) {
			reason := ""
			if in.Body != nil {
				reason = in.Body.Reason
			}
			if err := a.Keys.Rotate(ctx, in.ID, reason); err != nil {
				return KeySet{}, err
			}
			return keys(ctx, in.ID)
		})
	add(a, route{Method: http.MethodPost, Path: "/products/{id}/root-keys/{root}/export", Scope: "keys:write", Tag: "Signing keys", Summary: "Hand out the private part of a root key", Notes: "Whoever has it can sign leases of the product: keep it off every network.", Codes: []string{"PRODUCT_NOT_FOUND", "ROOT_NOT_FOUND"}},
		func(ctx context.Context, in *rootInput) (ExportedRoot, error) {
			raw, err := a.Keys.ExportRoot(ctx, in.ID, in.Root)
			return ExportedRoot{ID: in.Root, PEM: orNull(string(raw))}, err
		})
	add(a, route{Method: http.MethodPost, Path: "/products/{id}/root-keys/{root}/remove", Scope: "keys:write", Tag: "Signing keys", Summary: "Take the private part of a root key off the server", Notes: "It must have been exported. Nothing brings it back; software goes on trusting it.", Codes: []string{"PRODUCT_NOT_FOUND", "ROOT_NOT_FOUND", "ROOT_NOT_EXPORTED"}},
		func(ctx context.Context, in *rootInput) (KeySet, error) {
			if err := a.Keys.RemoveRoot(ctx, in.ID, in.Root); err != nil {
				return KeySet{}, err
			}
			return keys(ctx, in.ID)
		})
	add(a, route{Method: http.MethodPost, Path: "/products/{id}/root-keys/use", Scope: "keys:write", Tag: "Signing keys", Summary: "State signing keys with a root key that was removed", Notes: "The reserve is filled up; the root is not kept.", Codes: []string{"PRODUCT_NOT_FOUND"}},
		func(ctx context.Context, in *useRootInput) (KeySet, error) {
			if _, err := a.Keys.UseRoot(ctx, in.ID, []byte(in.Body.PEM)); err != nil {
				return KeySet{}, err
			}
			return keys(ctx, in.ID)
		})
}
