package account

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/keystead/keystead/internal/db/query"
)

// secrets are what is kept encrypted of a registrar.
type secrets struct {
	Password  string `json:"password,omitempty"`
	ClientKey string `json:"client_key,omitempty"` // PEM
}

// columns are the settings and the secrets of a registrar as they are stored. kept are those that it has had.
func (s *Service) columns(id string, in Input, kept secrets) (settings, secret string, err error) {
	if in.Secret != "" {
		kept.Password = in.Secret
	}
	if in.ClientKey != "" {
		kept.ClientKey = in.ClientKey
	}
	if in.Settings["certificate"] == "" {
		kept.ClientKey = ""
	}
	plain, err := json.Marshal(in.Settings)
	if err != nil {
		return "", "", fmt.Errorf("registrar %s: %w", in.Name, err)
	}
	if kept == (secrets{}) {
		return string(plain), "", nil
	}
	raw, err := json.Marshal(kept) //nolint:gosec // it is sealed right below, and goes nowhere else
	if err != nil {
		return "", "", errors.New("secrets of a registrar") // without what they are
	}
	return string(plain), base64.StdEncoding.EncodeToString(s.config.Box.Seal(raw, place(id))), nil
}

// unseal reads the secrets of a registrar.
func (s *Service) unseal(r query.Registrar) (secrets, error) {
	var kept secrets
	if r.Secret == "" {
		return kept, nil
	}
	sealed, err := base64.StdEncoding.DecodeString(r.Secret)
	if err == nil {
		sealed, err = s.config.Box.Open(sealed, place(r.ID))
	}
	if err == nil {
		err = json.Unmarshal(sealed, &kept)
	}
	if err != nil {
		return secrets{}, fmt.Errorf("secrets of the registrar %s can't be read: %w", r.Name, err)
	}
	return kept, nil
}

// place binds a secret to its registrar.
func place(id string) []byte { return []byte("registrar " + id) }
