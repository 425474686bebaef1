package dbtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db"
)

// SQLiteDir gives a folder with a migrated, empty store that nobody has open.
func SQLiteDir(t testing.TB) string {
	t.Helper()
	template, err := liteTemplate()
	if err != nil {
		t.Fatalf("SQLite template: %v", err)
	}
	dir := t.TempDir()
	if err := copyFile(template, filepath.Join(dir, db.FileName)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// liteTemplate is the path of a migrated database file. It stays for later runs: under the race detector SQLite,
// which is translated from C, takes seconds to migrate.
var liteTemplate = sync.OnceValues(func() (string, error) {
	shared, err := sharedDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(shared, "sqlite-"+db.Fingerprint()+".db")
	// Whoever uses a template keeps it young: those of other schemas that nobody has used for an hour are removed below.
	now := clock.System().Now()
	if err := os.Chtimes(path, now, now); err == nil {
		return path, nil
	}
	unlock, err := lockFile(filepath.Join(shared, "sqlite.lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil {
		return path, nil // made while this process waited
	}
	removeOlder(filepath.Join(shared, "sqlite-*.db"), time.Hour)

	dir, err := os.MkdirTemp(shared, "making-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	d, err := db.Open(context.Background(), db.Config{Dir: dir, Clock: clock.NewTest(Start)})
	if err != nil {
		return "", err
	}
	if err := d.Close(); err != nil {
		return "", err
	}
	made := filepath.Join(dir, db.FileName)
	if _, err := os.Stat(made + "-wal"); !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("%s still has a write-ahead log after closing", made)
	}
	return path, os.Rename(made, path)
})

// removeOlder removes the templates of schemas that nobody tests any more.
func removeOlder(pattern string, age time.Duration) {
	old, _ := filepath.Glob(pattern) // the pattern is well-formed
	for _, path := range old {
		if info, err := os.Stat(path); err == nil && clock.System().Now().Sub(info.ModTime()) > age {
			_ = os.Remove(path)
		}
	}
}

func copyFile(from, to string) (err error) {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	_, err = io.Copy(dst, src)
	return err
}
