package crypt_test

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/keystead/keystead/internal/crypt"
)

func TestBox(t *testing.T) {
	t.Parallel()
	box := crypt.NewBox(testKey(t))
	secret, place := []byte("sk_live_123"), []byte("gateway 7 secret")
	sealed := box.Seal(secret, place)

	if bytes.Contains(sealed, secret) {
		t.Error("the secret shows")
	}
	if bytes.Equal(sealed, box.Seal(secret, place)) {
		t.Error("the same secret seals to the same bytes")
	}
	if got, err := box.Open(sealed, place); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("Open = %q, %v", got, err)
	}
	refused := map[string]func() ([]byte, error){
		"another place":   func() ([]byte, error) { return box.Open(sealed, []byte("gateway 8 secret")) },
		"no place":        func() ([]byte, error) { return box.Open(sealed, nil) },
		"another key":     func() ([]byte, error) { return crypt.NewBox(crypt.NewKey()).Open(sealed, place) },
		"nothing":         func() ([]byte, error) { return box.Open(nil, place) },
		"version alone":   func() ([]byte, error) { return box.Open(sealed[:1], place) },
		"unknown version": func() ([]byte, error) { return box.Open(append([]byte{2}, sealed[1:]...), place) },
	}
	for name, open := range refused {
		if got, err := open(); !errors.Is(err, crypt.ErrSealed) || got != nil {
			t.Errorf("%s: Open = %q, %v, want ErrSealed", name, got, err)
		}
	}
}

func TestBoxOpensOnlyWhatItSealed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		plaintext := rapid.SliceOf(rapid.Byte()).Draw(t, "plaintext")
		place := rapid.SliceOf(rapid.Byte()).Draw(t, "place")
		box := crypt.NewBox(crypt.NewKey())
		sealed := box.Seal(plaintext, place)
		if got, err := box.Open(sealed, place); err != nil || !bytes.Equal(got, plaintext) {
			t.Fatalf("Open = %q, %v, want %q", got, err, plaintext)
		}

		bit := rapid.IntRange(0, 8*len(sealed)-1).Draw(t, "flipped bit")
		sealed[bit/8] ^= 1 << (bit % 8)
		if got, err := box.Open(sealed, place); err == nil {
			t.Fatalf("with bit %d flipped, Open = %q", bit, got)
		}
	})
}

func FuzzOpen(f *testing.F) {
	key, err := crypt.ParseMasterKey(hexKey)
	if err != nil {
		f.Fatal(err)
	}
	box := crypt.NewBox(key)
	f.Add([]byte{})
	f.Add([]byte{1})
	f.Add(box.Seal(nil, []byte("elsewhere")))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if got, err := box.Open(sealed, []byte("here")); err == nil {
			t.Errorf("opened %x as %q", sealed, got)
		}
	})
}
