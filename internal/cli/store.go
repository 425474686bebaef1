package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/keystead/keystead/internal/app"
)

// storeFlags say which store a command is about.
type storeFlags struct {
	Data            string `type:"path" placeholder:"DIR" help:"Folder of the store: database, release files, master key."`
	DatabaseURL     string `name:"database-url" placeholder:"URL" help:"PostgreSQL database of the store, instead of a database in the folder."`
	DatabaseURLFile string `name:"database-url-file" type:"path" placeholder:"FILE" help:"File that holds the URL."`
	Files           string `type:"path" placeholder:"DIR" help:"Folder of release files, if it is not the one inside --data."`
	MasterKeyFile   string `name:"master-key-file" type:"path" placeholder:"FILE" help:"File of the master key, or set KEYSTEAD_MASTER_KEY to the key itself. A store in a folder makes its own."`
}

// masterKeyVariable holds the key itself. It has no flag: everybody on the machine can read those.
const masterKeyVariable = "KEYSTEAD_MASTER_KEY"

// Validate implements kong's check of flags.
func (f *storeFlags) Validate() error {
	switch {
	case f.DatabaseURL != "" && f.DatabaseURLFile != "":
		return errors.New("--database-url and --database-url-file both name the database")
	case f.Data == "" && !f.remote():
		return errors.New("no store given: set --data DIR, or --database-url URL")
	case f.Data != "" && f.remote():
		return errors.New("a store is either in --data or behind --database-url, not both")
	}
	return nil
}

// remote reports whether the store is a PostgreSQL database.
func (f *storeFlags) remote() bool { return f.DatabaseURL != "" || f.DatabaseURLFile != "" }

// config is how the store is opened.
func (f *storeFlags) config(s *session, log *slog.Logger) (app.Config, error) {
	c := app.Config{Dir: f.Data, DatabaseURL: f.DatabaseURL, FilesDir: f.Files, Logger: log, Version: s.version}
	var err error
	if f.DatabaseURLFile != "" {
		if c.DatabaseURL, err = secretFile(f.DatabaseURLFile); err != nil {
			return app.Config{}, fmt.Errorf("database URL: %w", err)
		}
	}
	if c.MasterKey = os.Getenv(masterKeyVariable); f.MasterKeyFile != "" {
		if c.MasterKey, err = secretFile(f.MasterKeyFile); err != nil {
			return app.Config{}, fmt.Errorf("master key: %w", err)
		}
	}
	return c, nil
}

// secretFile reads a secret that the platform put into a file, without the line end that editors add.
func secretFile(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return secret, nil
}

// inUseWait is how long a command waits for another process that has the folder but no socket: a server that starts or
// ends, or another command at work.
const inUseWait = 10 * time.Second

// reach connects to the store: to the server that runs on its folder, or by opening it. The caller closes the client.
func (f *storeFlags) reach(ctx context.Context, s *session) (*client, error) {
	c, err := f.config(s, s.quietLog())
	if err != nil {
		return nil, err
	}
	if c.Dir != "" {
		if _, err := os.Stat(c.Dir); err != nil {
			return nil, fmt.Errorf("there is no store: %w", err)
		}
	}
	wait := time.NewTimer(inUseWait)
	defer wait.Stop()
	for {
		if c.Dir != "" {
			if served := dialServer(ctx, c.Dir); served != nil {
				return served, nil
			}
		}
		a, err := app.Open(ctx, c)
		if !errors.Is(err, app.ErrInUse) {
			if err != nil {
				return nil, err
			}
			return openedHere(a), nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-wait.C:
			return nil, err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
