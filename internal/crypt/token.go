package crypt

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// Token returns a new secret of 256 random bits for a session, a link or an API
// client: the prefix, then 43 characters that are safe in URLs, headers and
// cookies. The prefix tells people and secret scanners what it is.
func Token(prefix string) string {
	var raw [32]byte
	// Never fails: the runtime ends the program if there is no randomness.
	_, _ = rand.Read(raw[:])
	return prefix + base64.RawURLEncoding.EncodeToString(raw[:])
}

// HashToken returns what is stored in place of a token: its SHA-256 in
// hexadecimal. A token has too many bits to be guessed, so unlike a password it
// needs no salt and no slow hash, and its row is found by equality.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
