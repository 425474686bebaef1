package release

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/query"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/text"
)

// incoming is the folder of files that are still being received. Whatever an interrupted program left there is
// never read.
const incoming = "incoming"

// whenFull is how long a client is told to wait when the disk is full: somebody has to make room.
const whenFull = time.Minute

// AddFile stores what r holds, at most maxSize bytes, and attaches it to a release under a cleaned name. The content
// lies at <first two hex digits>/<sha256>: equal content is stored once, and what is stored is never changed. It
// returns after file and row are durable.
func (s *Service) AddFile(ctx context.Context, releaseID, name string, r io.Reader, maxSize int64) (File, error) {
	name, err := CleanName(name)
	if err != nil {
		return File{}, fail.Invalid("name", err.Error())
	}
	// Ask first: receiving a large file only to refuse it wastes everyone's time.
	if err := s.db.Read(ctx, func(tx *db.Tx) error { return freeName(ctx, tx, releaseID, name) }); err != nil {
		return File{}, fmt.Errorf("add file to %s: %w", releaseID, err)
	}
	sum, size, err := s.keep(r, maxSize)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		full := fail.Unavailable("The disk is full: the file can't be stored.", err)
		full.RetryAfter = whenFull
		err = full
	}
	if err != nil {
		return File{}, fmt.Errorf("add file to %s: %w", releaseID, err)
	}
	var f File
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := freeName(ctx, tx, releaseID, name); err != nil {
			return err
		}
		row := query.InsertReleaseFileParams{ID: tx.NewID("fil"), ReleaseID: releaseID, Name: name, Size: size, Sha256: sum, CreatedAt: tx.Stamp}
		if err := tx.InsertReleaseFile(ctx, row); db.Duplicate(err) {
			return nameTaken().Because(err) // somebody was faster
		} else if err != nil {
			return err
		}
		f = fileFromRow(query.ReleaseFile(row))
		rel, err := load(ctx, tx, releaseID)
		if err != nil {
			return err
		}
		return tell(ctx, tx, "release.file_added", rel, event.Change{After: name + " sha256:" + sum}, name)
	})
	if err != nil {
		return File{}, fmt.Errorf("add file to %s: %w", releaseID, err)
	}
	return f, nil
}

func freeName(ctx context.Context, tx *db.Tx, releaseID, name string) error {
	r, err := load(ctx, tx, releaseID)
	if err != nil {
		return err
	}
	for _, f := range r.Files {
		if f.Name == name {
			return nameTaken()
		}
	}
	return nil
}

func nameTaken() *fail.Error {
	e := fail.Conflict(CodeFileExists, "The release has a file of this name. A file never changes: add it under another name.")
	e.Field = "name"
	return e
}

// keep receives content into a temporary file, makes it durable, and moves it to the place of its hash.
func (s *Service) keep(r io.Reader, maxSize int64) (sum string, size int64, err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return "", 0, err
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = root.Close() }()
	if err := root.MkdirAll(incoming, 0o700); err != nil {
		return "", 0, err
	}
	temp := incoming + "/" + rand.Text()
	defer func() { _ = root.Remove(temp) }() // gone already when all went well
	if sum, size, err = receive(root, temp, r, maxSize); err != nil {
		return "", 0, err
	}
	place := contentPath(sum)
	if there, err := root.Stat(place); err == nil && there.Size() == size {
		return sum, size, nil
	}
	dir := path.Dir(place)
	if err := root.MkdirAll(dir, 0o700); err != nil {
		return "", 0, err
	}
	// What may stand there is damaged: of another size than the content whose hash it carries.
	if err := root.Rename(temp, place); err != nil {
		return "", 0, err
	}
	return sum, size, errors.Join(syncDir(root, dir), syncDir(root, "."))
}

func receive(root *os.Root, temp string, r io.Reader, maxSize int64) (sum string, size int64, err error) {
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = f.Close() }() // a second close does nothing
	h := sha256.New()
	size, err = io.Copy(io.MultiWriter(f, h), io.LimitReader(r, maxSize+1))
	switch {
	case err != nil:
		return "", 0, err
	case size > maxSize:
		return "", 0, fail.New(fail.KindTooLarge, CodeFileTooLarge, fmt.Sprintf("The file is larger than %d bytes.", maxSize))
	case size == 0:
		return "", 0, fail.Invalid("file", "is empty")
	}
	if err := f.Sync(); err != nil {
		return "", 0, err
	}
	return hex.EncodeToString(h.Sum(nil)), size, f.Close()
}

// syncDir makes the entries of a folder durable.
func syncDir(root *os.Root, name string) error {
	d, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func contentPath(sum string) string { return sum[:2] + "/" + sum }

// Open returns a file's content, to be closed by the caller, and its row. A file whose content is not on the disk,
// or not of the size it was stored with, is FILE_NOT_FOUND with the cause for the log.
func (s *Service) Open(ctx context.Context, fileID string) (*os.File, File, error) {
	missing := fail.NotFound(CodeFileNotFound, "The file is not available.")
	if !text.IsID(fileID) {
		return nil, File{}, missing
	}
	var f File
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		row, err := tx.ReleaseFile(ctx, fileID)
		if db.NotFound(err) {
			return missing
		}
		f = fileFromRow(row)
		return err
	})
	if err != nil {
		return nil, File{}, err
	}
	content, err := s.open(f)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errDamaged) {
		return nil, File{}, missing.Because(fmt.Errorf("file %s: %w", f.ID, err))
	}
	if err != nil {
		return nil, File{}, fmt.Errorf("file %s: %w", f.ID, err)
	}
	return content, f, nil
}

var errDamaged = errors.New("the content on the disk has another size")

// open never leaves the folder of files, whatever the row says.
func (s *Service) open(f File) (*os.File, error) {
	if len(f.SHA256) != hex.EncodedLen(sha256.Size) {
		return nil, errDamaged
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	content, err := root.Open(contentPath(f.SHA256))
	if err != nil {
		return nil, err
	}
	info, err := content.Stat()
	if err == nil && (info.Size() != f.Size || !info.Mode().IsRegular()) {
		err = errDamaged
	}
	if err != nil {
		return nil, errors.Join(err, content.Close())
	}
	return content, nil
}
