package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/keystead/keystead/internal/app"
	"github.com/keystead/keystead/internal/backup"
)

type backupCommand struct {
	storeFlags
	passphraseFlags
	WithoutKey bool   `name:"without-key" help:"Leave the master key out. Without it the secrets in the store can't be read again: keep it elsewhere."`
	File       string `arg:"" type:"path" placeholder:"FILE" help:"File to write, such as store.tar.gz. An existing one is replaced once the new one is whole."`
}

// Help implements kong.HelpProvider.
func (backupCommand) Help() string {
	return `The file holds everything: tables, release files, and the master key under a passphrase. It fits SQLite and
PostgreSQL alike and shows one state of the store, also while the server runs. It is read back before it gets its
name. 'keystead restore' makes a store of it.

Examples:

	KEYSTEAD_BACKUP_PASSPHRASE=… keystead backup --data /var/lib/keystead /backup/store.tar.gz
	keystead backup --data ./store --without-key store.tar.gz`
}

// Run writes a backup.
func (c *backupCommand) Run(ctx context.Context, s *session) error {
	in := app.BackupRequest{WithoutKey: c.WithoutKey}
	if !c.WithoutKey {
		var err error
		if in.Passphrase, err = c.passphrase(s, true); err != nil {
			return err
		}
	}
	return c.with(ctx, s, func(api *client) error {
		f, err := c.write(ctx, s, api, in)
		if err != nil {
			return err
		}
		for _, m := range f.Missing {
			s.say("warning: the content of a release file is not on the disk, so it is not in the backup: %s", m.SHA256)
		}
		key := "the master key under your passphrase"
		if c.WithoutKey {
			key = "no master key"
		}
		s.say("Backed up to %s: %d rows in %d tables, %d release files, %s.", c.File, f.Rows(), len(f.Tables), len(f.Files), key)
		return nil
	})
}

// write writes the file under another name, reads it back, and only then gives it its own.
func (c *backupCommand) write(ctx context.Context, s *session, api *client, in app.BackupRequest) (_ *backup.File, err error) {
	temp, err := os.CreateTemp(filepath.Dir(c.File), "."+filepath.Base(c.File)+".*.part")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temp.Name()))
		}
	}()
	answer, err := api.open(ctx, http.MethodPost, app.BackupPath, in)
	if err != nil {
		return nil, errors.Join(err, temp.Close())
	}
	bar := s.progress("Writing the backup")
	_, err = io.Copy(temp, bar.reader(answer))
	bar.end(err)
	if err := errors.Join(err, answer.Close(), temp.Sync(), temp.Close()); err != nil {
		return nil, fmt.Errorf("the backup broke off: %w", err)
	}
	bar = s.progress("Reading it back")
	f, err := backup.Check(temp.Name(), bar.to)
	bar.end(err)
	if err != nil {
		return nil, err
	}
	return f, errors.Join(os.Rename(temp.Name(), c.File), syncDir(filepath.Dir(c.File)))
}

// syncDir makes a new name in a folder survive a loss of power.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
