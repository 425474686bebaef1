package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/db/query"
)

const (
	secretPrefix = "whsec_"
	secretLength = 32 // bytes; the specification asks for 24 to 64
)

// newSecret returns a secret in the form in which receivers take it.
func newSecret() string {
	var raw [secretLength]byte
	_, _ = rand.Read(raw[:]) // never fails: the runtime ends the program if there is no randomness
	return secretPrefix + base64.StdEncoding.EncodeToString(raw[:])
}

// sign returns what proves that a message with this id was sent at that second by one who knows the secret.
func sign(secret, id string, second int64, payload []byte) (string, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil {
		return "", fmt.Errorf("webhook secret: %w", err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + strconv.FormatInt(second, 10) + "."))
	mac.Write(payload)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// signatures returns the signature of each secret, as receivers take them.
func signatures(secrets []string, id string, second int64, payload []byte) (string, error) {
	all := make([]string, len(secrets))
	for i, secret := range secrets {
		var err error
		if all[i], err = sign(secret, id, second, payload); err != nil {
			return "", err
		}
	}
	return strings.Join(all, " "), nil
}

// secrets opens those of an endpoint that sign at this time, by the clock of the machine.
func (s *Service) secrets(row query.WebhookEndpoint, wall time.Time) ([]string, error) {
	sealed := []string{row.Secret}
	if row.OldSecret != nil && wall.Before(row.OldSecretEndsAt.Time()) {
		sealed = append(sealed, *row.OldSecret)
	}
	all := make([]string, len(sealed))
	for i := range sealed {
		var err error
		if all[i], err = s.open(sealed[i], row.ID); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (s *Service) seal(secret, endpointID string) string {
	return base64.StdEncoding.EncodeToString(s.box.Seal([]byte(secret), place(endpointID)))
}

func (s *Service) open(sealed, endpointID string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err == nil {
		raw, err = s.box.Open(raw, place(endpointID))
	}
	if err != nil {
		return "", fmt.Errorf("secret of webhook endpoint %s: %w", endpointID, err)
	}
	return string(raw), nil
}

func place(endpointID string) []byte { return []byte("webhook " + endpointID) }
