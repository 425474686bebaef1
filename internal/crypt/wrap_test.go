package crypt_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/keystead/keystead/internal/crypt"
)

func TestWrapKey(t *testing.T) {
	t.Parallel()
	key := testKey(t)
	text, err := crypt.WrapKey(key, "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(text, "keystead-key-1$argon2id$v=19$m=65536,t=3,p=4$") || strings.ContainsAny(text, " \n") {
		t.Errorf("text = %q", text)
	}
	if got, err := crypt.UnwrapKey(text+"\n", "correct horse"); err != nil || got != key {
		t.Errorf("unwrap: %v", err)
	}

	// The salt and the parameters are bound to the key.
	lighter := strings.Replace(text, "t=3", "t=4", 1)
	last := strings.LastIndexByte(text, '$')
	damaged := text[:last+5] + string('A'+(text[last+5]-'A'+1)%26) + text[last+6:]
	for name, attempt := range map[string]struct{ text, passphrase string }{
		"another passphrase": {text, "correct house"},
		"no passphrase":      {text, ""},
		"other parameters":   {lighter, "correct horse"},
		"damaged":            {damaged, "correct horse"},
	} {
		if _, err := crypt.UnwrapKey(attempt.text, attempt.passphrase); !errors.Is(err, crypt.ErrPassphrase) {
			t.Errorf("%s: %v, want ErrPassphrase", name, err)
		}
	}

	if _, err := crypt.WrapKey(key, ""); err == nil {
		t.Error("wrapped with an empty passphrase")
	}
}

func TestUnwrapKeyRefusesOtherText(t *testing.T) {
	t.Parallel()
	const salt, sealed = "c29tZXNhbHQ", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for _, text := range []string{
		"", hexKey, "keystead-key-1", "keystead-key-2$argon2id$v=19$m=256,t=1,p=1$" + salt + "$" + sealed,
		"$argon2id$v=19$m=256,t=1,p=1$" + salt + "$" + sealed,
		"keystead-key-1$argon2id$v=19$m=4294967295,t=1,p=1$" + salt + "$" + sealed,
		"keystead-key-1$argon2id$v=19$m=256,t=4294967295,p=1$" + salt + "$" + sealed,
		"keystead-key-1$argon2id$v=19$m=256,t=1,p=1$" + salt + "$!",
	} {
		if _, err := crypt.UnwrapKey(text, "x"); err == nil || errors.Is(err, crypt.ErrPassphrase) {
			t.Errorf("UnwrapKey(%q) = %v, want an error that is not about the passphrase", text, err)
		}
	}
}
