package crypt

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
)

// sealedVersion is the first byte of what Seal returns. It says that a random
// nonce of 12 bytes follows, then AES-256-GCM's ciphertext and tag.
const sealedVersion = 1

// ErrSealed is returned for sealed data that can't be opened: of another key,
// bound to another place, damaged, or of an unknown version.
var ErrSealed = errors.New("sealed data can't be opened with this key")

// Box seals secrets that are stored. It is safe for concurrent use. One key can
// seal about four billion values before random nonces become a risk.
type Box struct {
	aead cipher.AEAD
}

// NewBox returns a box that seals and opens with key.
func NewBox(key Key) *Box {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(fmt.Sprintf("crypt: AES with a key of 32 bytes: %v", err))
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(fmt.Sprintf("crypt: GCM over AES: %v", err))
	}
	return &Box{aead: aead}
}

// Seal encrypts plaintext and binds it to aad, which says where it belongs
// ("gateway 7 secret") and must be given again to open it. Thus what is copied
// to another row does not open there. Two calls never give the same result.
func (b *Box) Seal(plaintext, aad []byte) []byte {
	return b.aead.Seal([]byte{sealedVersion}, nil, plaintext, aad)
}

// Open returns the plaintext of what [Box.Seal] returned. It fails with
// [ErrSealed], and then returns nothing of the plaintext.
func (b *Box) Open(sealed, aad []byte) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != sealedVersion {
		return nil, ErrSealed
	}
	plaintext, err := b.aead.Open(nil, nil, sealed[1:], aad)
	if err != nil {
		return nil, ErrSealed
	}
	return plaintext, nil
}
