//go:build unix

package licensed

import (
	"errors"
	"os"
	"syscall"
)

// tryLock takes an advisory lock, which ends with the process that holds it.
func tryLock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the program's own setting
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return func() { _ = f.Close() }, nil
	}
	_ = f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return nil, errBusy
	}
	return nil, err
}

// syncDir makes sure that a new name is on the disk.
func syncDir(path string) error {
	d, err := os.Open(path) //nolint:gosec // the program's own setting
	if err != nil {
		return err
	}
	err = d.Sync()
	if closed := d.Close(); err == nil {
		err = closed
	}
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil // a file system that knows no such thing
	}
	return err
}

// exposed says what others may do with a file that is ours.
func exposed(fi os.FileInfo) string {
	if fi.Mode().Perm()&0o002 != 0 {
		return "may be written by everybody"
	}
	if fi.Mode().Perm()&0o004 != 0 {
		return "may be read by everybody"
	}
	if st, ok := fi.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() && st.Uid != 0 {
		return "belongs to another user"
	}
	return ""
}
