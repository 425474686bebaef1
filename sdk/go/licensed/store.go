package licensed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// FileStore keeps a license in files next to each other, named after the first:
//
//	license.json           the key
//	license.json.lease     the lease
//	license.json.lease.1   the lease before that, for when the newer is damaged
//	license.json.state     what is remembered of clocks and tries
//	license.json.request   the request for a lease file, while one is awaited
//	license.json.lock      held while the server is asked, so that of several processes one asks
//
// Each is replaced as a whole, so that a crash leaves the old or the new. Nothing in them must be kept from an
// administrator of the machine but the key; all are readable by their owner alone.
type FileStore struct{ path string }

// File returns a store of files. The directory is made when it is missing; it should be outside of what a web server
// serves.
func File(path string) *FileStore { return &FileStore{path: path} }

// Suffixes of the files' names.
const (
	keyFile     = ""
	leaseFile   = ".lease"
	reserveFile = ".lease.1"
	stateFile   = ".state"
	requestFile = ".request"
	lockFile    = ".lock"
)

// maxFile bounds what is read of a file that should be small.
const maxFile = 64 << 10

// memory is what is remembered between checks. Attempt and Next are readings of the own clock.
type memory struct {
	Seen     *int64 `json:"seen"`    // iat of the newest lease with our nonce
	Reading  *int64 `json:"reading"` // of the own clock when it came
	Serial   int64  `json:"serial"`  // the highest of a signing key
	Attempt  int64  `json:"attempt"` // when the server was asked last; 0: never
	Next     int64  `json:"next"`    // when it may be asked again; 0: whenever a check is due
	Failures int    `json:"failures"`
	Error    Reason `json:"error"` // of the last try; empty: it was answered
}

// contents are what the files hold, not verified.
type contents struct {
	key            string
	lease, reserve string
	memory         memory
	faults         []Fault
}

func (s *FileStore) read() contents {
	var c contents
	var key struct {
		Key string `json:"key"`
	}
	var lease, reserve struct {
		Lease string `json:"lease"`
	}
	note := func(code Reason, err error) {
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			c.faults = append(c.faults, Fault{code, err.Error()})
		}
	}
	err := s.load(keyFile, &key)
	if err == nil && key.Key == "" {
		err = fmt.Errorf("%s holds no key", s.name(keyFile))
	}
	note(KeyFile, err)
	c.key = key.Key
	note(LeaseFile, s.load(leaseFile, &lease))
	c.lease = lease.Lease
	if s.load(reserveFile, &reserve) == nil { // nobody misses a reserve
		c.reserve = reserve.Lease
	}
	err = s.load(stateFile, &c.memory)
	if err != nil || !c.memory.sane() {
		c.memory = memory{}
		if err == nil {
			err = fmt.Errorf("%s does not hold what this program wrote", s.name(stateFile))
		}
	}
	note(StateFile, err)
	for _, suffix := range []string{keyFile, leaseFile, stateFile} {
		if fi, err := os.Stat(s.path + suffix); err == nil {
			if what := exposed(fi); what != "" {
				c.faults = append(c.faults, Fault{Permissions, s.name(suffix) + " " + what})
			}
		}
	}
	return c
}

// sane keeps numbers that nobody wrote away from arithmetic.
func (m memory) sane() bool {
	const most = 1 << 40
	for _, n := range []*int64{m.Seen, m.Reading, &m.Serial, &m.Attempt, &m.Next} {
		if n != nil && (*n < 0 || *n > most) {
			return false
		}
	}
	return m.Failures >= 0 && (m.Seen == nil) == (m.Reading == nil)
}

func (s *FileStore) name(suffix string) string { return filepath.Base(s.path + suffix) }

// load reads a file as JSON. Its errors name the file but not its directory: they are shown on a page.
func (s *FileStore) load(suffix string, v any) error {
	raw, err := s.bytes(suffix)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return fmt.Errorf("%s is empty", s.name(suffix))
	}
	if json.Unmarshal(raw, v) != nil {
		return fmt.Errorf("%s does not hold what this program wrote", s.name(suffix))
	}
	return nil
}

func (s *FileStore) bytes(suffix string) ([]byte, error) {
	path := s.path + suffix
	fi, err := os.Stat(path)
	if err != nil {
		return nil, s.reason(suffix, err)
	}
	switch {
	case !fi.Mode().IsRegular(): // reading a pipe would wait for ever
		return nil, fmt.Errorf("%s is not a file", s.name(suffix))
	case fi.Size() > maxFile:
		return nil, fmt.Errorf("%s is too large to be ours", s.name(suffix))
	}
	raw, err := os.ReadFile(path) //nolint:gosec // the program's own setting
	if err != nil {
		return nil, s.reason(suffix, err)
	}
	return raw, nil
}

func (s *FileStore) reason(suffix string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	var of *os.LinkError
	if errors.As(err, &of) {
		err = of.Err
	}
	return fmt.Errorf("%s: %w", s.name(suffix), err)
}

// save replaces a file as a whole: what was written is on the disk before it takes the name.
func (s *FileStore) save(suffix string, v any) error {
	raw, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return fmt.Errorf("%s: %w", s.name(suffix), err)
	}
	if err := replace(s.path+suffix, append(raw, '\n')); err != nil {
		return s.reason(suffix, err)
	}
	return nil
}

func replace(path string, raw []byte) error {
	// The name is known and the file is made anew, so that crashes leave no litter and nobody has put a link there.
	temporary := path + ".tmp"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the program's own setting
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		_ = os.Remove(temporary)
		return err
	}
	return syncDir(filepath.Dir(path))
}

func (s *FileStore) remove(suffix string) error {
	if err := os.Remove(s.path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s.reason(suffix, err)
	}
	return nil
}

// saveLease keeps a lease, and the one before as a reserve. A lease that says no leaves no reserve: damage to it must
// not bring back a yes.
func (s *FileStore) saveLease(l verified, before string) error {
	type file struct {
		Lease string `json:"lease"`
	}
	if l.active() {
		if before != "" && before != l.compact {
			if err := s.save(reserveFile, file{before}); err != nil {
				return err
			}
		}
		return s.save(leaseFile, file{l.compact})
	}
	if err := s.save(leaseFile, file{l.compact}); err != nil {
		return err
	}
	return s.remove(reserveFile)
}

func (s *FileStore) saveKey(key string) error {
	return s.save(keyFile, struct {
		Key string `json:"key"`
	}{key})
}

// marks tell whether the files changed since they were read.
type marks [4]os.FileInfo

func (s *FileStore) marks() marks {
	var m marks
	for i, suffix := range []string{keyFile, leaseFile, reserveFile, stateFile} {
		if fi, err := os.Stat(s.path + suffix); err == nil {
			m[i] = fi
		}
	}
	return m
}

func (m marks) same(n marks) bool {
	for i, a := range m {
		b := n[i]
		if (a == nil) != (b == nil) {
			return false
		}
		if a != nil && (!os.SameFile(a, b) || !a.ModTime().Equal(b.ModTime()) || a.Size() != b.Size() || a.Mode() != b.Mode()) {
			return false
		}
	}
	return true
}

// errBusy is returned by lock while another process holds it.
var errBusy = errors.New("another process is asking")

// lockPause is how long to wait before trying again for a lock that is held.
const lockPause = 25 * time.Millisecond

// lock keeps other processes from asking and writing until the returned function is called. [errBusy]: ctx ended first.
func (s *FileStore) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return nil, s.reason(lockFile, err)
	}
	for {
		unlock, err = tryLock(s.path + lockFile)
		if err == nil {
			return unlock, nil
		}
		if !errors.Is(err, errBusy) {
			return nil, s.reason(lockFile, err)
		}
		select {
		case <-ctx.Done():
			return nil, errBusy
		case <-time.After(lockPause):
		}
	}
}
