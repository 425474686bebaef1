//go:build !unix

package licensed

import (
	"errors"
	"io/fs"
	"os"
	"time"
)

// abandoned is how old a lock is that its process has left behind.
const abandoned = time.Minute

// tryLock makes a file that must not exist. Where a process ended without removing it, it counts for a minute.
func tryLock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_ = f.Close()
		return func() { _ = os.Remove(path) }, nil
	}
	if !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	// The machine's clock and not the library's: it is the one that dated the file.
	if fi, err := os.Stat(path); err == nil && time.Since(fi.ModTime()) > abandoned {
		_ = os.Remove(path)
	}
	return nil, errBusy
}

// syncDir does nothing: renaming is on the disk by itself, or can't be made so.
func syncDir(string) error { return nil }

// exposed says nothing: permission bits mean little here.
func exposed(os.FileInfo) string { return "" }
