package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/keystead/keystead/internal/app"
	"github.com/keystead/keystead/internal/backup"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
)

type restoreCommand struct {
	storeFlags
	passphraseFlags
	File string `arg:"" type:"existingfile" placeholder:"FILE" help:"The backup."`
}

// Help implements kong.HelpProvider.
func (restoreCommand) Help() string {
	return `It restores into an empty folder or an empty database only. The backup may come from the other engine, and from an
older version of Keystead. It is checked whole before anything is written.

The restored store is in recovery: it checks licenses and shows its pages, but no mail, webhook or charge leaves it until
'keystead recovery confirm', or staff in the staff area, say so.

Everybody has to sign in again. Serve the copy or the original, never both. For a PostgreSQL store, the master key of
the backup is written to --master-key-file, unless that file has it already.

Examples:

	KEYSTEAD_BACKUP_PASSPHRASE=… keystead restore --data /var/lib/keystead /backup/store.tar.gz
	keystead restore --database-url postgres://keystead@db/keystead --files /srv/releases \
	  --master-key-file /etc/keystead/master.key /backup/store.tar.gz`
}

// Run restores a backup.
func (c *restoreCommand) Run(ctx context.Context, s *session) error {
	flags := c.storeFlags
	if _, err := os.Stat(flags.MasterKeyFile); errors.Is(err, os.ErrNotExist) {
		flags.MasterKeyFile = "" // it will be written
	}
	config, err := flags.config(s, s.quietLog())
	if err != nil {
		return err
	}
	if err := c.mayRestore(ctx, config); err != nil {
		return err
	}
	bar := s.progress("Checking the backup")
	f, err := backup.Check(c.File, bar.to)
	bar.end(err)
	if err != nil {
		return err
	}
	if latest := db.LatestSchema(); f.Schema > latest {
		return fmt.Errorf("the backup has schema %d and was made by a newer Keystead (%s); this one knows schema %d", f.Schema, f.Program, latest)
	}
	key, err := c.masterKey(s, f, config.MasterKey)
	if err != nil {
		return err
	}
	if c.remote() {
		err = c.intoDatabase(ctx, s, f, config, key)
	} else {
		err = c.intoFolder(ctx, s, f, config, key)
	}
	if err != nil {
		return err
	}
	s.say("Restored %d rows and %d release files as of %s. Everybody has to sign in again.\n\nNothing leaves the store yet: no mail, no webhook, no charge. See that no server still serves the original, look at the store, and then run 'keystead recovery confirm'.", f.Rows(), len(f.Files), when(&f.TakenAt))
	for _, m := range f.Missing {
		s.say("warning: the content of a release file was not in the backup: %s", m.SHA256)
	}
	return nil
}

// mayRestore refuses a place that is not empty, before anything else is done.
func (c *restoreCommand) mayRestore(ctx context.Context, config app.Config) error {
	if c.remote() {
		if c.Files == "" {
			return &usageError{"a PostgreSQL store needs a folder for release files: set --files"}
		}
		return backup.EmptyDatabase(ctx, config.DatabaseURL)
	}
	found, err := os.ReadDir(c.Data)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, f := range found {
		if f.Name() != app.LockFile && !strings.HasPrefix(f.Name(), stagingPrefix) {
			return fmt.Errorf("%s: %w", c.Data, backup.ErrNotEmpty)
		}
	}
	return nil
}

// masterKey is the key of the restored store: from the backup, or from outside.
func (c *restoreCommand) masterKey(s *session, f *backup.File, outside string) (crypt.Key, error) {
	if outside != "" {
		key, err := crypt.ParseMasterKey(outside)
		if err != nil {
			return crypt.Key{}, err
		}
		return key, f.Fits(key)
	}
	if !f.HasKey() {
		return crypt.Key{}, errors.New("the backup was made without the master key: set KEYSTEAD_MASTER_KEY or --master-key-file")
	}
	passphrase, err := c.passphrase(s, false)
	if err != nil {
		return crypt.Key{}, err
	}
	key, err := f.Unwrap(passphrase)
	if err != nil {
		return crypt.Key{}, fmt.Errorf("master key of the backup: %w", err)
	}
	return key, nil
}

// intoFolder makes the store in a folder inside of the data folder and moves it to its place when it is whole.
func (c *restoreCommand) intoFolder(ctx context.Context, s *session, f *backup.File, config app.Config, key crypt.Key) (err error) {
	unlock, err := app.LockFolder(c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := removeStaging(c.Data); err != nil {
		return err
	}
	staging, err := os.MkdirTemp(c.Data, stagingPrefix)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(staging)) }()
	files := c.Files
	if files == "" {
		files = filepath.Join(staging, filesFolder)
	}
	if err := os.MkdirAll(files, 0o700); err != nil {
		return err
	}
	if err := fill(ctx, s, f, db.Config{Dir: staging, Clock: clock.System(), Logger: config.Logger}, files); err != nil {
		return err
	}
	if config.MasterKey == "" { // otherwise it stays outside
		if err := crypt.SaveMasterKey(filepath.Join(staging, masterKeyFile), key); err != nil {
			return err
		}
	}
	// The database comes last: a folder without one is no store.
	for _, name := range []string{masterKeyFile, filesFolder, db.FileName} {
		err := os.Rename(filepath.Join(staging, name), filepath.Join(c.Data, name))
		if err != nil && (name == db.FileName || !errors.Is(err, os.ErrNotExist)) {
			return err
		}
	}
	return syncDir(c.Data)
}

const (
	filesFolder   = "files"
	stagingPrefix = ".restore-"
)

// removeStaging removes what a restore left that was killed. Nobody is at work there: the caller has the lock.
func removeStaging(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, stagingPrefix+"*"))
	if err != nil {
		return err
	}
	for _, path := range left {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

func (c *restoreCommand) intoDatabase(ctx context.Context, s *session, f *backup.File, config app.Config, key crypt.Key) error {
	if config.MasterKey == "" {
		if c.MasterKeyFile == "" {
			return &usageError{"a PostgreSQL store keeps its master key outside: set --master-key-file to where it shall be written"}
		}
		if err := crypt.SaveMasterKey(c.MasterKeyFile, key); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(c.Files, 0o700); err != nil {
		return err
	}
	return fill(ctx, s, f, db.Config{URL: config.DatabaseURL, Clock: clock.System(), Logger: config.Logger}, c.Files)
}

// fill makes the store at the schema of the backup, fills it, and brings it up to date.
func fill(ctx context.Context, s *session, f *backup.File, config db.Config, files string) (err error) {
	older := config
	older.Schema = f.Schema
	d, err := db.Open(ctx, older)
	if err != nil {
		return err
	}
	bar := s.progress("Restoring")
	err = f.Restore(ctx, d, files, bar.to)
	bar.end(err)
	if err := errors.Join(err, d.Close()); err != nil {
		return err
	}
	if d, err = db.Open(ctx, config); err != nil {
		return fmt.Errorf("bring the restored store up to date: %w", err)
	}
	return d.Close()
}
