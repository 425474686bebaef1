package dbtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// sharedDir is a folder that all test processes of this user share: templates, and the running cluster.
func sharedDir() (string, error) {
	dir := filepath.Join(scratch(), "keystead-test-"+strconv.Itoa(os.Getuid()))
	// Others may pass through: PostgreSQL, which refuses to run as root, has its folder in here.
	if err := os.Mkdir(dir, 0o711); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || !info.IsDir() || int(stat.Uid) != os.Getuid() {
		return "", fmt.Errorf("%s does not belong to the user who runs the tests", dir)
	}
	return dir, nil
}

// scratch is memory where there is enough of it: PostgreSQL makes a database of 300 files, which takes 20 ms there and
// up to half a second on a slow disk.
func scratch() string {
	const memory, enough = "/dev/shm", 1 << 30
	var fs syscall.Statfs_t
	if err := syscall.Statfs(memory, &fs); err != nil || fs.Bavail*uint64(fs.Bsize) < enough {
		return os.TempDir()
	}
	return memory
}

// lockFile waits for the lock on path, which is let go by unlock or by the end of the process.
func lockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}
