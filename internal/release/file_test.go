package release_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/db/dbtest"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/release"
)

// files is a release and the folder under it.
type files struct {
	*release.Service
	dir string
	id  string
}

func setupFiles(t *testing.T, s *dbtest.Store) files {
	t.Helper()
	addProduct(t, s, "prd_widget")
	f := files{dir: filepath.Join(t.TempDir(), "data", "files")}
	f.Service = release.New(s.DB, f.dir)
	r, err := f.Create(t.Context(), release.Input{ProductID: "prd_widget", Version: "1.0"})
	if err != nil {
		t.Fatal(err)
	}
	f.id = r.ID
	return f
}

func (f files) add(t *testing.T, name, content string) release.File {
	t.Helper()
	file, err := f.AddFile(t.Context(), f.id, name, strings.NewReader(content), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// stored lists the regular files under the folder, by path.
func (f files) stored(t *testing.T) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(f.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			path, err = filepath.Rel(f.dir, path)
			list = append(list, path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestAddFileStoresItUnderItsHash(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		f := setupFiles(t, s)
		first := f.add(t, "../../widget 1.0.zip", "content")
		second := f.add(t, "copy.zip", "content")
		sum := sha256.Sum256([]byte("content"))
		hash := hex.EncodeToString(sum[:])
		if first.Name != "widget 1.0.zip" || first.Size != 7 || first.SHA256 != hash || second.SHA256 != hash {
			t.Errorf("added %+v and %+v", first, second)
		}
		if got := f.stored(t); len(got) != 1 || got[0] != filepath.Join(hash[:2], hash) {
			t.Errorf("stored: %v", got)
		}
		content, row, err := f.Open(t.Context(), first.ID)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = content.Close() }()
		if b, err := io.ReadAll(content); err != nil || string(b) != "content" || row != first {
			t.Errorf("opened %q %+v, %v", b, row, err)
		}
		r, err := f.ByID(t.Context(), f.id)
		if err != nil || len(r.Files) != 2 {
			t.Fatalf("release: %+v, %v", r, err)
		}
		if d, ok := r.Download(); !ok || d != first {
			t.Errorf("download: %+v", d)
		}
		if p, _, err := f.List(t.Context(), release.Filter{ProductID: "prd_widget"}); err != nil || len(p) != 1 || len(p[0].Files) != 2 {
			t.Errorf("list: %+v, %v", p, err)
		}
	})
}

func TestAddFileRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		f := setupFiles(t, s)
		f.add(t, "widget.zip", "content")
		broken := errors.New("connection reset")
		for _, tt := range []struct {
			name, release, file string
			r                   io.Reader
			code                string
		}{
			{"a taken name", f.id, "widget.zip", strings.NewReader("other"), release.CodeFileExists},
			{"no name", f.id, "..", strings.NewReader("other"), fail.CodeInvalidInput},
			{"no release", "rel_none", "a.zip", strings.NewReader("other"), release.CodeNotFound},
			{"nothing", f.id, "a.zip", strings.NewReader(""), fail.CodeInvalidInput},
			{"too much", f.id, "a.zip", bytes.NewReader(make([]byte, 101)), release.CodeFileTooLarge},
			{"a broken upload", f.id, "a.zip", io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)), fail.CodeInternal},
			{"a full disk", f.id, "a.zip", io.MultiReader(strings.NewReader("half"), iotest.ErrReader(syscall.ENOSPC)), fail.CodeUnavailable},
		} {
			if _, err := f.AddFile(t.Context(), tt.release, tt.file, tt.r, 100); code(err) != tt.code {
				t.Errorf("%s: %v", tt.name, err)
			}
		}
		if got := f.stored(t); len(got) != 1 {
			t.Errorf("left over: %v", got)
		}
		if _, err := f.AddFile(t.Context(), f.id, "a.zip", bytes.NewReader(make([]byte, 100)), 100); err != nil {
			t.Errorf("exactly as large as allowed: %v", err)
		}
	})
}

func TestAddFileAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		f := setupFiles(t, s)
		var wg sync.WaitGroup
		codes := make(chan string, 6)
		for range cap(codes) {
			wg.Go(func() {
				_, err := f.AddFile(t.Context(), f.id, "same.zip", strings.NewReader("same"), 100)
				codes <- code(err)
			})
		}
		wg.Wait()
		close(codes)
		n := map[string]int{}
		for c := range codes {
			n[c]++
		}
		if n[""] != 1 || n[release.CodeFileExists] != cap(codes)-1 || len(f.stored(t)) != 1 {
			t.Errorf("results: %v, stored %v", n, f.stored(t))
		}
	})
}

func TestOpenWhatIsNotThere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, s *dbtest.Store) {
		f := setupFiles(t, s)
		file := f.add(t, "widget.zip", "content")
		place := filepath.Join(f.dir, file.SHA256[:2], file.SHA256)
		gone := func(why, id string) {
			t.Helper()
			if c, _, err := f.Open(t.Context(), id); code(err) != release.CodeFileNotFound || c != nil {
				t.Errorf("%s: %v", why, err)
			}
		}
		gone("no such file", "fil_none")

		if err := os.WriteFile(place, []byte("conte"), 0o600); err != nil {
			t.Fatal(err)
		}
		gone("cut short", file.ID)
		f.add(t, "again.zip", "content")
		if c, _, err := f.Open(t.Context(), file.ID); err != nil {
			t.Errorf("adding the content again does not repair it: %v", err)
		} else {
			_ = c.Close()
		}

		if err := os.Remove(place); err != nil {
			t.Fatal(err)
		}
		gone("removed", file.ID)
		outside := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(outside, []byte("secrets"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(outside, place); err != nil {
			t.Fatal(err)
		}
		if c, _, err := f.Open(t.Context(), file.ID); err == nil {
			_ = c.Close()
			t.Error("a link out of the folder was followed")
		}
		if err := os.RemoveAll(f.dir); err != nil {
			t.Fatal(err)
		}
		gone("no folder", file.ID)

		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.SQL().ExecContext(t.Context(), `UPDATE release_files SET sha256 = '../../etc/passwd' WHERE id = $1`, file.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		gone("a hash that is none", file.ID)
	})
}
