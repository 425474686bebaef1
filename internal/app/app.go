// Package app builds the program from its configuration. It is the only room that knows all others; they meet each
// other here, through the interfaces that each declares.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	_ "time/tzdata" // the store's zone must be known on a machine that has no zone files

	"github.com/keystead/keystead/internal/billing"
	"github.com/keystead/keystead/internal/catalog"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/customer"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/license"
	"github.com/keystead/keystead/internal/license/index"
	"github.com/keystead/keystead/internal/money"
	"github.com/keystead/keystead/internal/order"
	"github.com/keystead/keystead/internal/payment"
	"github.com/keystead/keystead/internal/release"
	"github.com/keystead/keystead/internal/report"
	"github.com/keystead/keystead/internal/setting"
	"github.com/keystead/keystead/internal/signin"
	"github.com/keystead/keystead/internal/staff"
	"github.com/keystead/keystead/internal/token"
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
	Clock       clock.Clock // nil: the system's
	Logger      *slog.Logger
}

// App is the built program. Its rooms may be used at once; [App.Start] begins what runs by itself.
type App struct {
	DB        *db.DB
	Facts     Facts
	Settings  *setting.Service
	Events    *event.Log
	Jobs      *job.Queue
	Staff     *staff.Service
	SignIn    *signin.Service
	Tokens    *token.Service
	Customers *customer.Service
	Catalog   *catalog.Service
	Releases  *release.Service
	Licenses  *license.Service
	Checks    *index.Index
	Counts    *index.Counts
	Billing   *billing.Service
	Payments  *payment.Service
	Orders    *order.Service
	Reports   *report.Service

	log    *slog.Logger
	dir    string // empty on PostgreSQL
	key    crypt.Key
	lock   *folderLock
	public http.Handler
	local  http.Handler
}

// Open opens the store and builds the program. On SQLite the data folder belongs to this process until Close.
func Open(ctx context.Context, c Config) (_ *App, err error) {
	if c.Clock == nil {
		c.Clock = clock.System()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
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
	if a.DB, err = db.Open(ctx, db.Config{Dir: c.Dir, URL: c.DatabaseURL, Clock: c.Clock, Logger: c.Logger}); err != nil {
		return nil, err
	}
	if a.Facts, err = readFacts(ctx, a.DB, c.TestMode); err != nil {
		return nil, err
	}
	if err := a.buildRooms(ctx, c, key, files); err != nil {
		return nil, err
	}
	a.registerJobs()
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

func (a *App) buildRooms(ctx context.Context, c Config, key crypt.Key, files string) error {
	d := a.DB
	a.Settings = setting.New(d)
	a.Events = event.NewLog(d)
	a.Jobs = job.NewQueue(d, c.Logger)
	a.Staff = staff.New(d)
	a.Tokens = token.New(d)
	a.SignIn = signin.New(d, signin.Config{
		Box: crypt.NewBox(key.Derive("sign-in secrets")), Staff: a.Staff, Settings: a.Settings, TrustLoopback: a.Facts.TestMode,
	})
	a.Customers = customer.New(d, func(ctx context.Context, tx *db.Tx) (money.Currency, error) {
		s, err := setting.Load(ctx, tx)
		return s.Currency, err
	})
	a.Catalog = catalog.New(d)
	a.Releases = release.New(d, files)
	a.Licenses = license.New(d)
	a.Catalog.UseKeys(a.Licenses)
	a.Checks = index.New(d, a.Licenses, index.Options{Logger: c.Logger})
	a.Licenses.OnChange(a.Checks.Touch)
	a.Catalog.OnChange(a.Checks.NoteCatalogChange)
	counts, err := index.OpenCounts(ctx, d, index.CountOptions{Dir: c.Dir, Logger: c.Logger})
	if err != nil {
		return err
	}
	a.Counts = counts
	a.Licenses.ShowPending(counts.PendingIn)
	a.Billing = billing.New(d, invoiceTerms, enqueuer{a.Jobs})
	a.Billing.Register(billing.KindLicense, licenseIssuer{a.Licenses})
	a.Billing.CheckTargets(billing.KindLicense, a.Licenses.MissingLines)
	a.Payments = payment.New(d, a.Billing)
	a.Orders = order.New(d, a.Billing, a.Payments)
	a.Reports = report.New(d)
	return nil
}

// Start begins what runs by itself: jobs, the warming of the index, the feed of other processes' changes.
func (a *App) Start(ctx context.Context) {
	a.Checks.Start()
	a.Jobs.Start(ctx)
}

// Close stops what Start began, folds what is counted, and gives the store back. It may be called once or after a
// failed Open.
func (a *App) Close(ctx context.Context) error {
	var errs []error
	if a.Jobs != nil {
		a.Jobs.Stop()
	}
	if a.Checks != nil {
		a.Checks.Close()
	}
	if a.Counts != nil {
		errs = append(errs, a.Counts.Close(ctx))
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
