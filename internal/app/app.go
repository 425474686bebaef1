// Package app builds the program from its configuration. It is the only room that knows all others: the rooms meet each
// other in [rooms], and the outside in the faces that are built here.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"
	_ "time/tzdata" // the store's zone must be known on a machine that has no zone files

	"github.com/keystead/keystead/internal/app/rooms"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/demo/builtin"
	"github.com/keystead/keystead/internal/registrar/account"
)

// Config says where the store is and how it is reached.
type Config struct {
	Dir         string      // folder of a SQLite store
	DatabaseURL string      // of a PostgreSQL store; exactly one of the two is set
	FilesDir    string      // of release files; empty: "files" in Dir
	MasterKey   string      // in hexadecimal; empty: the file master.key in Dir
	BaseURL     string      // written to the setting store.base_url when it is given
	TestMode    bool        // for a store that is created now: whether it is a test store for ever
	Version     string      // of the program, for the API's description
	Clock       clock.Clock // moved by the caller; nil: the system's, or in a test store its own, which stands still
	Now         time.Time   // where the own clock of a test store begins to stand; zero: at the present
	// Registry is the file of the registry that is built into test stores; empty: registry.json in Dir, and none without it.
	Registry string
	Logger   *slog.Logger
}

// App is the built program. Its rooms may be used at once; Start begins what runs by itself.
type App struct {
	*rooms.Rooms
	DB    *db.DB
	Facts Facts
	// Registry is the one that is built into a test store; nil: there is none.
	Registry *builtin.Registry

	log    *slog.Logger
	dir    string // empty on PostgreSQL
	key    crypt.Key
	lock   *folderLock
	public http.Handler
	local  http.Handler
}

// Open opens the store and builds the program. On SQLite the data folder belongs to this process until Close.
func Open(ctx context.Context, c Config) (_ *App, err error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	config := db.Config{Dir: c.Dir, URL: c.DatabaseURL, Clock: c.Clock, Logger: c.Logger}
	if c.Clock != nil {
		config.Wall = clock.System()
	}
	a := &App{log: c.Logger, dir: c.Dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close(context.WithoutCancel(ctx)))
		}
	}()
	if c.Dir != "" {
		if a.lock, err = lockFolder(c.Dir); err != nil {
			return nil, err
		}
	}
	key, err := masterKey(c)
	if err != nil {
		return nil, err
	}
	a.key = key
	files, err := filesDir(c)
	if err != nil {
		return nil, err
	}
	if a.DB, err = db.Open(ctx, config); err != nil {
		return nil, err
	}
	if a.Facts, err = readFacts(ctx, a.DB, c.TestMode); err != nil {
		return nil, err
	}
	if a.Facts.TestMode && c.Clock == nil {
		if c.Now.IsZero() {
			c.Now = a.DB.Wall().Now()
		}
		if err := a.DB.StandStill(ctx, c.Now); err != nil {
			return nil, err
		}
	}
	built := rooms.Config{Dir: c.Dir, Files: files, Key: key, TestMode: a.Facts.TestMode, Logger: c.Logger}
	a.Registry = simulator(a.DB, c, a.Facts.TestMode)
	if a.Registry != nil {
		built.Adapters = map[string]account.Maker{builtin.Adapter: a.Registry.Open}
	}
	built.StandIn = a.standIn
	if a.Rooms, err = rooms.Build(ctx, a.DB, built); err != nil {
		return nil, err
	}
	if a.Registry != nil {
		a.Registry.LogTo(a.Registrars.Frames)
	}
	if err := a.buildFaces(c); err != nil {
		return nil, err
	}
	if c.BaseURL != "" {
		if err := a.setBaseURL(ctx, c.BaseURL); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// Close stops what Start began, folds what is counted, and gives the store back. It may be called once or after a
// failed Open.
func (a *App) Close(ctx context.Context) error {
	var errs []error
	if a.Rooms != nil {
		errs = append(errs, a.Rooms.Close(ctx))
	}
	if a.DB != nil {
		errs = append(errs, a.DB.Close())
	}
	if a.lock != nil {
		errs = append(errs, a.lock.release())
	}
	return errors.Join(errs...)
}

// Dir is the data folder; empty on PostgreSQL.
func (a *App) Dir() string { return a.dir }

// simulator is the registry that is built into test stores; nil: this store has none.
func simulator(d *db.DB, c Config, testMode bool) *builtin.Registry {
	file := c.Registry
	if file == "" && c.Dir != "" {
		file = filepath.Join(c.Dir, "registry.json")
	}
	if !testMode || file == "" {
		return nil
	}
	return builtin.New(d, file)
}

// standIn is a registry that knows a copy of the store, and what the built-in one knows of it, for a dry run.
func (a *App) standIn(copied *db.DB, dir string) (account.Maker, error) {
	r := builtin.New(copied, filepath.Join(dir, "registry.json"))
	if a.Registry != nil {
		if err := a.Registry.CopyTo(r); err != nil {
			return nil, err
		}
	}
	return r.Open, nil
}

// masterKey takes the key that is given, or the one of the data folder, which is made at the first start.
func masterKey(c Config) (crypt.Key, error) {
	if c.MasterKey != "" {
		return crypt.ParseMasterKey(c.MasterKey)
	}
	if c.Dir == "" {
		return crypt.Key{}, errors.New("a PostgreSQL store needs its master key from outside: set KEYSTEAD_MASTER_KEY or KEYSTEAD_MASTER_KEY_FILE to 64 hexadecimal digits, the same for every process")
	}
	return crypt.LoadOrCreateMasterKey(filepath.Join(c.Dir, "master.key"))
}

func filesDir(c Config) (string, error) {
	dir := c.FilesDir
	if dir == "" {
		if c.Dir == "" {
			return "", errors.New("a PostgreSQL store needs a folder for release files: set --files")
		}
		dir = filepath.Join(c.Dir, "files")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("folder of release files: %w", err)
	}
	return dir, nil
}
