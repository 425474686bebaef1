package crypt_test

import (
	"regexp"
	"testing"

	"github.com/keystead/keystead/internal/crypt"
)

func TestToken(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^ks_[A-Za-z0-9_-]{43}$`)
	seen := map[string]bool{}
	for range 1000 {
		token := crypt.Token("ks_")
		if !form.MatchString(token) || seen[token] {
			t.Fatalf("token %q is malformed or repeated", token)
		}
		seen[token] = true
	}
}

func TestHashToken(t *testing.T) {
	t.Parallel()
	// The test vector of FIPS 180 for "abc".
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got := crypt.HashToken("abc"); got != want {
		t.Errorf("HashToken = %s, want %s", got, want)
	}
}
