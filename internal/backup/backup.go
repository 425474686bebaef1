// Package backup writes a store into one file and makes a store of such a file again, on either engine.
//
// # The file
//
// A backup is a tar archive, compressed with gzip:
//
//	manifest.json          what this is, and the checksum of everything that follows
//	master.key.wrapped     the master key under a passphrase; left out when that was asked for
//	tables/<name>.jsonl    a table: the names of its columns, then a row a line
//	files/<sha256>         a file of a release
//
// All tables are read in one transaction, so they agree with each other, also while a server works. Values look the
// same whatever the engine: numbers, text, null; true and false are 1 and 0.
//
// # What is left out
//
// Sessions: whoever had one signs in again. What a process of a store tells itself: the change feed of PostgreSQL, and
// how far the check log of a SQLite store has been folded. Whoever writes a backup folds it first.
package backup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/release"
)

// Format is the version of the file's form that this program writes. It reads no other.
const Format = 1

// Suffix is what the name of a backup should end in.
const Suffix = ".tar.gz"

// The names of the archive's entries.
const (
	manifestName = "manifest.json"
	keyName      = "master.key.wrapped"
	tablesPrefix = "tables/"
	tablesSuffix = ".jsonl"
	filesPrefix  = "files/"
)

// The codes of the events of this room.
const (
	EventWritten  = "store.backed_up"
	EventRestored = "store.restored"
)

// Manifest is what a backup says of itself.
type Manifest struct {
	Format   int       `json:"format"`
	Program  string    `json:"program"` // version of the program that wrote it
	StoreID  string    `json:"store_id"`
	TestMode bool      `json:"test_mode"`
	Engine   db.Engine `json:"engine"` // of the store that was written; the file fits both
	Schema   int64     `json:"schema"`
	TakenAt  time.Time `json:"taken_at"`
	// KeyCheck recognises the master key without telling it.
	KeyCheck string `json:"key_check"`
	// Key is the entry with the wrapped master key; nil when it was left out.
	Key     *Entry  `json:"key"`
	Tables  []Table `json:"tables"`
	Files   []Entry `json:"files"`
	Missing []Entry `json:"missing,omitempty"` // files that the store should have, but did not
}

// Entry is a part of the archive.
type Entry struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Table is an entry with the rows of a table.
type Table struct {
	Entry
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

// Rows is how many rows there are in all tables.
func (m Manifest) Rows() (n int64) {
	for _, t := range m.Tables {
		n += t.Rows
	}
	return n
}

// Source is the store that is backed up.
type Source struct {
	DB       *db.DB
	Releases *release.Service
	Key      crypt.Key
	StoreID  string
	TestMode bool
	Version  string // of the program
	// Flush brings everything into the tables that is answered for already.
	Flush func(ctx context.Context) error
}

// Options say how a backup is written.
type Options struct {
	// Passphrase wraps the master key.
	Passphrase string
	// WithoutKey leaves the master key out: then the passphrase is not used.
	WithoutKey bool
}

// ErrNoPassphrase says that nobody chose whether, and how, the master key is in the backup.
var ErrNoPassphrase = errors.New("a backup holds the master key and needs a passphrase for it")

// keyCheck is what recognises a master key.
func keyCheck(k crypt.Key) string {
	derived := k.Derive("backup: which key this is")
	return fmt.Sprintf("%x", derived[:8])
}

// Progress is told how far work is.
type Progress func(done, total int64)
