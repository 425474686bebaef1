package crypt

import (
	"errors"
	"fmt"
	"strings"
)

// wrapCost is the second choice of RFC 9106, section 4. A backup may lie in
// strangers' hands for years, so a guess shall cost more than at a sign-in.
var wrapCost = cost{memory: 64 * 1024, passes: 3, lanes: 4}

// wrapLabel begins a wrapped key, so that people and programs know what it is.
const wrapLabel = "keystead-key-1"

// ErrPassphrase is returned if a wrapped key does not open: the passphrase is
// wrong, or the text was changed. The two can't be told apart.
var ErrPassphrase = errors.New("wrong passphrase, or damaged key")

// WrapKey encrypts key with a passphrase (Argon2id, then AES-256-GCM) and returns
// one line of ASCII text that says how it was made. It fails for an empty
// passphrase only.
func WrapKey(key Key, passphrase string) (string, error) {
	if passphrase == "" {
		return "", errors.New("wrap key: the passphrase is empty")
	}
	s := stretched{cost: wrapCost, salt: newSalt()}
	s.secret = wrapBox(s, passphrase).Seal(key[:], wrapPlace(s))
	return wrapLabel + s.String(), nil
}

// UnwrapKey returns the key in a text from [WrapKey]. It fails with
// [ErrPassphrase] if the passphrase is not the one it was wrapped with, and with
// another error if the text is no wrapped key.
func UnwrapKey(text, passphrase string) (Key, error) {
	phc, labelled := strings.CutPrefix(strings.TrimSpace(text), wrapLabel)
	if !labelled {
		return Key{}, errors.New("unwrap key: the text is not a wrapped key")
	}
	s, err := parseStretched(phc)
	if err != nil {
		return Key{}, fmt.Errorf("unwrap key: %w", err)
	}
	key, err := wrapBox(s, passphrase).Open(s.secret, wrapPlace(s))
	if err != nil || len(key) != len(Key{}) {
		return Key{}, ErrPassphrase
	}
	return Key(key), nil
}

func wrapBox(s stretched, passphrase string) *Box {
	return NewBox(Key(s.derive(passphrase, s.salt, len(Key{}))))
}

// wrapPlace binds the sealed key to the parameters that stand before it.
func wrapPlace(s stretched) []byte { return []byte(wrapLabel + s.header(s.salt)) }
