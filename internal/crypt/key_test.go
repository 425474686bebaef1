package crypt_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/keystead/keystead/internal/crypt"
)

const hexKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

func testKey(t *testing.T) crypt.Key {
	t.Helper()
	key, err := crypt.ParseMasterKey(hexKey)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestParseMasterKey(t *testing.T) {
	t.Parallel()
	for _, s := range []string{hexKey, strings.ToUpper(hexKey), "  " + hexKey + "\r\n"} {
		key, err := crypt.ParseMasterKey(s)
		if err != nil || key[0] != 0 || key[31] != 31 {
			t.Errorf("ParseMasterKey(%q): %v", s, err)
		}
	}
	for _, s := range []string{"", "secret-in-the-clear", hexKey[2:], hexKey + "00", "0x" + hexKey[2:], hexKey[:62] + "zz"} {
		_, err := crypt.ParseMasterKey(s)
		if err == nil {
			t.Errorf("ParseMasterKey(%q) succeeded", s)
		} else if s != "" && strings.Contains(err.Error(), s) {
			t.Errorf("the error repeats the secret: %v", err)
		}
	}
}

func FuzzParseMasterKey(f *testing.F) {
	f.Add(hexKey)
	f.Add("\t" + strings.ToUpper(hexKey))
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		key, err := crypt.ParseMasterKey(s)
		if err == nil && fmt.Sprintf("%x", key[:]) != strings.ToLower(strings.TrimSpace(s)) {
			t.Errorf("ParseMasterKey(%q) = %x", s, key[:])
		}
	})
}

func TestKeyDoesNotShowItself(t *testing.T) {
	t.Parallel()
	key := testKey(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		if got := fmt.Sprintf(verb, key); got != "[key]" {
			t.Errorf("%s shows %q", verb, got)
		}
	}
	if got := fmt.Sprintf("%+v", struct{ Key crypt.Key }{key}); got != "{Key:[key]}" {
		t.Errorf("inside a struct: %q", got)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "key", key)
	if !strings.Contains(log.String(), `"key":"[key]"`) {
		t.Errorf("log: %s", log.String())
	}
}

func TestDerive(t *testing.T) {
	t.Parallel()
	key := testKey(t)
	cookies := key.Derive("cookies")
	if cookies != key.Derive("cookies") {
		t.Error("the same purpose gives different keys")
	}
	if cookies == key || cookies == key.Derive("search") || cookies == crypt.NewKey().Derive("cookies") {
		t.Error("purposes or keys share a derived key")
	}
}

func TestLoadOrCreateMasterKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "master.key")

	if _, err := crypt.LoadMasterKey(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("load of a missing file = %v", err)
	}
	created, err := crypt.LoadOrCreateMasterKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := crypt.LoadOrCreateMasterKey(path); err != nil || again != created {
		t.Errorf("second start: another key, %v", err)
	}
	if loaded, err := crypt.LoadMasterKey(path); err != nil || loaded != created {
		t.Errorf("load: another key, %v", err)
	}

	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v, want 0600", info.Mode(), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("directory has %v, %v, want the key alone", entries, err)
	}
}

func TestSaveMasterKeyNeverReplaces(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "master.key")
	key := testKey(t)
	if err := crypt.SaveMasterKey(path, key); err != nil {
		t.Fatal(err)
	}
	if err := crypt.SaveMasterKey(path, crypt.NewKey()); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second save = %v, want fs.ErrExist", err)
	}
	if got, err := crypt.LoadMasterKey(path); err != nil || got != key {
		t.Errorf("the first key is gone: %v", err)
	}
	if err := crypt.SaveMasterKey(filepath.Join(t.TempDir(), "none", "master.key"), key); err == nil {
		t.Error("saved into a directory that does not exist")
	}
}

func TestLoadMasterKeyRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		content string
		mode    fs.FileMode
		want    string
	}{
		{"read by all", hexKey, 0o644, "chmod 600"},
		{"read by others", hexKey, 0o604, "chmod 600"},
		{"written by the group", hexKey, 0o660, "chmod 600"},
		{"read by the group", hexKey, 0o640, ""},
		{"read-only", hexKey + "\n", 0o400, ""},
		{"empty", "", 0o600, "64 hexadecimal digits"},
		{"cut short", hexKey[:40], 0o600, "64 hexadecimal digits"},
		{"endless", strings.Repeat(hexKey, 100), 0o600, "64 hexadecimal digits"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "master.key")
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, tt.mode); err != nil {
				t.Fatal(err)
			}
			_, err := crypt.LoadOrCreateMasterKey(path)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error = %v, want one with %q", err, tt.want)
			case err != nil && tt.content != "" && strings.Contains(err.Error(), tt.content):
				t.Errorf("the error repeats the secret: %v", err)
			}
		})
	}
	if _, err := crypt.LoadMasterKey(t.TempDir()); err == nil {
		t.Error("loaded a directory")
	}
}

func TestProcessesThatStartTogetherShareAKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "master.key")
	keys := make([]crypt.Key, 16)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			var err error
			if keys[i], err = crypt.LoadOrCreateMasterKey(path); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, key := range keys {
		if key != keys[0] || key == (crypt.Key{}) {
			t.Fatal("two keys for one path")
		}
	}
}
