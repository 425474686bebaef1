package check

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"time"

	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/lease"
)

// AppendLease appends the signed lease that says what a answers, for one request: nonce is echoed.
func (s *Service) AppendLease(ctx context.Context, b []byte, a Answer, nonce string) ([]byte, error) {
	signer, c, err := s.claims(ctx, a, nonce)
	if err != nil {
		return b, err
	}
	c.Times(a.At, a.Terms, earlier(a.Until(), signer.Expires))
	return signer.AppendSigned(b, &c), nil
}

// claims are what a lease says of an answer, but for its times, and who signs it.
func (s *Service) claims(ctx context.Context, a Answer, nonce string) (*lease.Signer, lease.Claims, error) {
	signer, err := s.Keys.Signer(ctx, a.ProductID)
	if err != nil {
		return nil, lease.Claims{}, err
	}
	issuer, err := s.Issuer(ctx)
	if err != nil {
		return nil, lease.Claims{}, err
	}
	c := lease.Claims{
		Issuer: issuer, Product: signer.Product, License: a.ID, KeyHash: lease.HashKey(a.Key), ID: newID(),
		Status: lease.Active, Type: string(a.Type), Plan: a.PlanName, LicenseExpires: a.ExpiresAt, UpdatesUntil: a.UpdatesUntil,
		Entitlements: a.Entitlements, Details: a.Details, Nonce: nonce,
		ActivationLimit: a.ActivationLimit, ActivationsUsed: a.ActivationsUsed,
	}
	if a.Activated {
		c.Identifier = a.Identifier
	}
	if a.Reason != "" {
		c.Status = a.Reason
	}
	if a.Enforced != (license.Enforced{}) {
		enforced := a.Places.Only(a.Enforced)
		c.Places = lease.Places{Domains: enforced.Domains, IPs: enforced.IPs, Directories: enforced.Directories}.Encode()
	}
	return signer, c, nil
}

// newID names a lease.
func newID() string {
	var raw [12]byte
	_, _ = rand.Read(raw[:]) // the runtime ends the program if there is no randomness
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// earlier is the earlier of two instants, of which the zero one is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
