package backup

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/keystead/keystead/internal/crypt"
)

// File is a backup that was checked from its first byte to its last: [Check] makes it.
type File struct {
	Manifest
	path    string
	wrapped string
}

// maxManifest bounds what is believed of a file before it is known to be a backup.
const maxManifest = 64 << 20

// Check reads a backup and compares everything in it with its checksum.
func Check(path string, progress Progress) (*File, error) {
	f := &File{path: path}
	err := f.walk(progress, func(m Manifest) error { f.Manifest = m; return nil }, func(e Entry, r io.Reader) error {
		c := &counter{hash: sha256.New()}
		var kept strings.Builder
		into := io.Writer(c)
		if e.Name == keyName {
			into = io.MultiWriter(c, &kept)
		}
		if _, err := io.Copy(into, r); err != nil {
			return err
		}
		if c.size != e.Size || c.sum() != e.SHA256 {
			return fmt.Errorf("%s is damaged: its checksum is not that of the manifest", e.Name)
		}
		if e.Name == keyName {
			f.wrapped = kept.String()
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s is no whole backup: %w", path, err)
	}
	return f, nil
}

// HasKey reports whether the master key is in the backup.
func (f *File) HasKey() bool { return f.wrapped != "" }

// Unwrap returns the master key of the backup. A wrong passphrase is [crypt.ErrPassphrase].
func (f *File) Unwrap(passphrase string) (crypt.Key, error) {
	key, err := crypt.UnwrapKey(f.wrapped, passphrase)
	if err != nil {
		return crypt.Key{}, err
	}
	return key, f.Fits(key)
}

// Fits reports whether key is the master key of the store that was backed up.
func (f *File) Fits(key crypt.Key) error {
	if keyCheck(key) != f.KeyCheck {
		return errors.New("this master key is not the one of the store that was backed up")
	}
	return nil
}

// walk goes through the archive. Its entries must be those of the manifest, in that order, and nothing may follow.
func (f *File) walk(progress Progress, head func(Manifest) error, entry func(Entry, io.Reader) error) error {
	file, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // only read
	info, err := file.Stat()
	if err != nil {
		return err
	}
	zip, err := gzip.NewReader(&meter{r: bufio.NewReaderSize(file, 1<<20), total: info.Size(), progress: progress})
	if err != nil {
		return err
	}
	archive := tar.NewReader(zip)
	m, err := readManifest(archive)
	if err != nil {
		return err
	}
	if err := head(m); err != nil {
		return err
	}
	for _, e := range m.entries() {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%s is missing", e.Name)
		}
		if err != nil {
			return err
		}
		if h.Name != e.Name || h.Size != e.Size || h.Typeflag != tar.TypeReg {
			return fmt.Errorf("%s stands where %s should", h.Name, e.Name)
		}
		if err := entry(e, archive); err != nil {
			return err
		}
	}
	if _, err := archive.Next(); !errors.Is(err, io.EOF) {
		return errors.Join(errors.New("something follows the last entry"), err)
	}
	// What follows the archive is padding, and the checksum of all of it.
	if _, err := io.Copy(io.Discard, zip); err != nil {
		return err
	}
	return zip.Close()
}

func readManifest(archive *tar.Reader) (m Manifest, err error) {
	h, err := archive.Next()
	if err != nil {
		return m, err
	}
	if h.Name != manifestName || h.Size > maxManifest {
		return m, errors.New("it does not begin with a manifest")
	}
	if err := json.NewDecoder(archive).Decode(&m); err != nil {
		return m, fmt.Errorf("manifest: %w", err)
	}
	if m.Format != Format {
		return m, fmt.Errorf("its form is %d, and this program reads form %d", m.Format, Format)
	}
	return m, m.check()
}

// check refuses a manifest that names what a backup can't have. Whoever restores uses the names.
func (m Manifest) check() error {
	for _, t := range m.Tables {
		known := slices.ContainsFunc(tables, func(k table) bool { return k.name == t.Table })
		if !known || t.Name != tablesPrefix+t.Table+tablesSuffix {
			return fmt.Errorf("it has a table that no store has: %s", t.Table)
		}
	}
	for _, f := range m.Files {
		if len(f.SHA256) != 2*sha256.Size || strings.Trim(f.SHA256, "0123456789abcdef") != "" || f.Name != filesPrefix+f.SHA256 {
			return fmt.Errorf("it has a file of a wrong name: %s", f.Name)
		}
	}
	if m.Key != nil && m.Key.Name != keyName {
		return fmt.Errorf("its master key has a wrong name: %s", m.Key.Name)
	}
	return nil
}

// entries are the parts of the archive in their order.
func (m Manifest) entries() []Entry {
	var all []Entry
	if m.Key != nil {
		all = append(all, *m.Key)
	}
	for _, t := range m.Tables {
		all = append(all, t.Entry)
	}
	return append(all, m.Files...)
}

// meter tells how far a file is read.
type meter struct {
	r           io.Reader
	done, total int64
	progress    Progress
}

func (m *meter) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	if m.done += int64(n); m.progress != nil {
		m.progress(m.done, m.total)
	}
	return n, err
}
