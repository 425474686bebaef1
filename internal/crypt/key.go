// Package crypt keeps secrets: the master key and the box that seals secrets at
// rest with it, random tokens, and passwords.
//
// It composes the standard library and golang.org/x/crypto and invents nothing:
// AES-256-GCM, HKDF-SHA-256 and Argon2id, with their parameters written beside
// what they made, so that they can be raised without a migration.
package crypt

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// Key is a secret of 256 bits. It does not show itself: formatted or logged, it
// is "[key]".
type Key [32]byte

// NewKey returns a random key.
func NewKey() Key {
	var k Key
	// Never fails: the runtime ends the program if there is no randomness.
	_, _ = rand.Read(k[:])
	return k
}

// Format hides the key from every verb of package fmt.
func (Key) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[key]") }

// LogValue hides the key from package slog.
func (Key) LogValue() slog.Value { return slog.StringValue("[key]") }

// Derive returns a key for one purpose, such as "session cookies", from which
// neither k nor the key of another purpose can be found (HKDF-Expand with
// SHA-256, RFC 5869). The same k and purpose always give the same key.
func (k Key) Derive(purpose string) Key {
	out, err := hkdf.Expand(sha256.New, k[:], "keystead "+purpose, len(k))
	if err != nil {
		// Only a length above 255 hashes is refused.
		panic(fmt.Sprintf("crypt: derive a key: %v", err))
	}
	return Key(out)
}

// ParseMasterKey reads a key written as 64 hexadecimal digits, the form of the
// key file and of the environment variable. White space around it is ignored.
// The error does not repeat the value.
func ParseMasterKey(s string) (Key, error) {
	raw, err := hex.DecodeString(strings.TrimSpace(s))
	if err != nil || len(raw) != len(Key{}) {
		return Key{}, errors.New("master key is not 64 hexadecimal digits")
	}
	return Key(raw), nil
}

// LoadOrCreateMasterKey returns the key in the file at path, and first creates
// the file with a random key if there is none. Of several processes that do so
// at the same time, all get the same key. See [LoadMasterKey] for what is
// refused and [SaveMasterKey] for how it is written.
func LoadOrCreateMasterKey(path string) (Key, error) {
	key, err := LoadMasterKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	err = SaveMasterKey(path, NewKey())
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return Key{}, err
	}
	return LoadMasterKey(path)
}

// othersMayUse has the permission bits that a key file must not have: anything
// for other users, writing for the group. Reading by the group is how some
// platforms hand out secrets.
const othersMayUse fs.FileMode = 0o027

// LoadMasterKey returns the key in the file at path. It refuses a file that is
// not a regular one, that other users can read, or whose content is not a key.
// A missing file is fs.ErrNotExist.
func LoadMasterKey(path string) (Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return Key{}, fmt.Errorf("master key: %w", err)
	}
	defer f.Close()

	info, err := f.Stat()
	if err != nil {
		return Key{}, fmt.Errorf("master key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return Key{}, fmt.Errorf("master key: %s is not a regular file", path)
	}
	if mode := info.Mode().Perm(); mode&othersMayUse != 0 {
		return Key{}, fmt.Errorf("master key: others can use %s (mode %04o); make it yours alone with: chmod 600 %s", path, mode, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, 1024))
	if err != nil {
		return Key{}, fmt.Errorf("master key: %w", err)
	}
	key, err := ParseMasterKey(string(text))
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// SaveMasterKey writes key to a new file at path, readable by its owner only.
// The file appears whole or not at all, and is on disk when the call returns.
// An existing file is left alone: fs.ErrExist. The directory must exist.
func SaveMasterKey(path string, key Key) error {
	dir := filepath.Dir(path)
	// CreateTemp gives mode 0600.
	temp, err := os.CreateTemp(dir, ".master-key-*")
	if err != nil {
		return fmt.Errorf("create master key: %w", err)
	}
	defer os.Remove(temp.Name())

	_, err = temp.WriteString(hex.EncodeToString(key[:]) + "\n")
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err != nil {
		return fmt.Errorf("create master key: %w", err)
	}
	// Unlike a rename, a link never replaces a key that is in use.
	if err := os.Link(temp.Name(), path); err != nil {
		return fmt.Errorf("create master key: %w", err)
	}
	if err := syncDir(dir); err != nil {
		return fmt.Errorf("create master key: %w", err)
	}
	return nil
}

// syncDir makes the name of a new file survive a loss of power.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
