package catalog

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// UseBox names what seals the secrets of products. It belongs to building the program.
func (s *Service) UseBox(b *crypt.Box) { s.box = b }

// SetCheckSecret sets the secret that a product's software shares with the server to check over WHMCS's protocol, or
// takes it away where it is empty. Software that is out there knows it already: it has to be the one that was built in.
func (s *Service) SetCheckSecret(ctx context.Context, productID, secret string) error {
	secret, err := text.Line(secret, text.NameLength)
	if err != nil {
		return fail.Invalid("check_secret", err.Error())
	}
	return s.write(ctx, func(tx *db.Tx) error {
		if _, err := lockProduct(ctx, tx, productID); err != nil {
			return err
		}
		sealed := ""
		if secret != "" {
			sealed = base64.StdEncoding.EncodeToString(s.box.Seal([]byte(secret), secretPlace(productID)))
		}
		if err := tx.SetCheckSecret(ctx, query.SetCheckSecretParams{ID: productID, CheckSecret: sealed, UpdatedAt: tx.Stamp}); err != nil {
			return fmt.Errorf("check secret of %s: %w", productID, err)
		}
		state := map[bool]string{true: "set", false: "none"}[secret != ""]
		return record(ctx, tx, "product.updated", productID, map[string]any{"changed": []string{"check_secret"}}, "", state)
	})
}

// OpenCheckSecret returns the secret in a product's row; empty where it has none.
func (s *Service) OpenCheckSecret(productID, sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err == nil {
		raw, err = s.box.Open(raw, secretPlace(productID))
	}
	if err != nil {
		return "", fmt.Errorf("check secret of %s: %w", productID, err)
	}
	return string(raw), nil
}

func secretPlace(productID string) []byte { return []byte("check secret of " + productID) }
