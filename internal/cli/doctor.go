package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/keystead/keystead/internal/app"
	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/crypt"
	"github.com/keystead/keystead/internal/db"
)

type doctorCommand struct{ storeFlags }

// Help implements kong.HelpProvider.
func (doctorCommand) Help() string {
	return `Every check says ok, warn or fail, and what to do. It changes nothing and works while the server runs. The exit
status is 1 if a check failed.

Examples:

	keystead doctor --data /var/lib/keystead
	keystead doctor --database-url postgres://keystead@db/keystead --files /srv/releases`
}

// The verdicts of a check.
const (
	fine     = "ok"
	doubtful = "warn"
	broken   = "fail"
)

// diagnosis is everything that the doctor found, in order.
type diagnosis struct {
	t        *table
	failures int
}

func (d *diagnosis) add(verdict, what, format string, args ...any) {
	if verdict == broken {
		d.failures++
	}
	d.t.row(verdict, what, fmt.Sprintf(format, args...))
}

// Run looks at the machine first, and then at the store.
func (c *doctorCommand) Run(ctx context.Context, s *session) error {
	now := clock.System().Now()
	d := &diagnosis{t: newTable("", "CHECK", "FOUND")}
	if c.Data != "" {
		d.folder(c.Data)
		d.space(c.Data)
		d.fileTimes(c.Data, now)
	}
	config, err := c.config(s, s.quietLog())
	if err != nil {
		d.add(broken, "secrets", "%s", err)
	}
	d.masterKey(config)
	if d.failures == 0 {
		d.store(ctx, s, c, now)
	}
	if err := d.t.print(s.out); err != nil {
		return err
	}
	if d.failures > 0 {
		return fmt.Errorf("%d checks failed", d.failures)
	}
	return nil
}

// folder looks whether the data folder is there, is private, and can be written.
func (d *diagnosis) folder(dir string) {
	const what = "data folder"
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		d.add(broken, what, "%s. Is --data right? 'keystead serve' makes a store where there is none", err)
		return
	case !info.IsDir():
		d.add(broken, what, "%s is no folder", dir)
		return
	}
	probe, err := os.CreateTemp(dir, ".doctor-")
	if err == nil {
		err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	if err != nil {
		d.add(broken, what, "can't be written: %s. Run this as the user of the server, or give the folder to that user", err)
		return
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		d.add(doubtful, what, "others can look into %s (mode %04o). Make it private: chmod 700 %s", dir, mode, dir)
		return
	}
	d.add(fine, what, "%s is private and can be written", dir)
}

// The space below which the doctor worries: a full disk stops sales, activations and counts.
const (
	scarce = 1 << 30
	dire   = 100 << 20
)

func (d *diagnosis) space(dir string) {
	const what = "disk space"
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		d.add(doubtful, what, "can't be found out: %s", err)
		return
	}
	free := fs.Bavail * uint64(fs.Bsize)
	text := fmt.Sprintf("%.1f GB are free", float64(free)/1e9)
	switch {
	case free < dire:
		d.add(broken, what, "%s. Nothing can be stored on a full disk: make room now", text)
	case free < scarce:
		d.add(doubtful, what, "%s. Make room soon", text)
	default:
		d.add(fine, what, "%s", text)
	}
}

// fileTimes looks whether the clock was turned back: then files come from the future.
func (d *diagnosis) fileTimes(dir string, now time.Time) {
	const what = "clock and files"
	for _, name := range []string{db.FileName, db.FileName + "-wal"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			d.add(doubtful, what, "%s", err)
			return
		}
		if ahead := info.ModTime().Sub(now); ahead > time.Minute {
			d.add(broken, what, "%s was written %s from now. Set the clock of this machine", name, ahead.Round(time.Second))
			return
		}
	}
	d.add(fine, what, "the clock says %s, and no file is newer", now.Format(time.RFC3339))
}

func (d *diagnosis) masterKey(c app.Config) {
	const what = "master key"
	path := filepath.Join(c.Dir, masterKeyFile)
	switch {
	case c.MasterKey != "":
		if _, err := crypt.ParseMasterKey(c.MasterKey); err != nil {
			d.add(broken, what, "%s", err)
			return
		}
		d.add(fine, what, "comes from outside. Keep a copy apart from the store")
	case c.Dir == "":
		d.add(broken, what, "is missing: set KEYSTEAD_MASTER_KEY or --master-key-file")
	default:
		_, err := crypt.LoadMasterKey(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			d.add(broken, what, "%s is missing. If there is a backup, restore it: without the key the secrets in the store can't be read", path)
		case err != nil:
			d.add(broken, what, "%s", err)
		default:
			d.add(fine, what, "%s is readable by its owner alone", path)
		}
	}
}

// store asks the store itself, in the server or by opening it.
func (d *diagnosis) store(ctx context.Context, s *session, c *doctorCommand, now time.Time) {
	api, err := c.reach(ctx, s)
	if err != nil {
		d.add(broken, "store", "%s", explain(err))
		return
	}
	is, err := api.about(ctx)
	if err := errors.Join(err, api.close()); err != nil {
		d.add(broken, "store", "%s", explain(err))
		return
	}
	d.server(s, api, is)
	d.schema(is)
	d.database(is)
	d.lastEvent(is, now)
	d.zone(is)
	d.backups(is, now)
	d.jobs(is)
	d.address(is)
	if is.Recovery != nil {
		d.add(doubtful, "recovery", "the store was restored at %s as of %s and is in recovery: no mail, webhook or charge leaves it. See that no server still serves the original, then run: keystead recovery confirm", when(&is.Recovery.RestoredAt), when(&is.Recovery.TakenAt))
	}
}

func (d *diagnosis) server(s *session, api *client, is app.About) {
	const what = "server"
	switch {
	case !api.served() && is.Engine == db.SQLite:
		d.add(fine, what, "none runs on this folder now")
	case !api.served():
		d.add(fine, what, "the database is reached from here; servers are not asked")
	case is.Version != s.version:
		d.add(doubtful, what, "it is version %s, this program is %s. Restart the server", is.Version, s.version)
	default:
		d.add(fine, what, "runs and answers, version %s", is.Version)
	}
}

func (d *diagnosis) schema(is app.About) {
	if is.Schema != is.KnownSchema {
		d.add(broken, "schema", "is %d, the program knows %d. Run: keystead migrate", is.Schema, is.KnownSchema)
		return
	}
	d.add(fine, "schema", "%d, up to date", is.Schema)
}

// oldestPostgres is the first version of PostgreSQL that is supported, as the server numbers it.
const oldestPostgres = 150000

func (d *diagnosis) database(is app.About) {
	if is.Engine != db.Postgres {
		return
	}
	if is.PostgresVersion < oldestPostgres {
		d.add(broken, "PostgreSQL", "is version %d. Keystead needs 15 or newer", is.PostgresVersion/10000)
		return
	}
	d.add(fine, "PostgreSQL", "version %d.%d", is.PostgresVersion/10000, is.PostgresVersion%10000)
}

func (d *diagnosis) lastEvent(is app.About, now time.Time) {
	if is.TestMode {
		now = is.Now // its clock is its own
	}
	if is.LastEvent != nil && is.LastEvent.Sub(now) > time.Minute {
		d.add(broken, "clock and events", "the latest event is of %s, which is yet to come. Set the clock", is.LastEvent.Format(time.RFC3339))
		return
	}
	d.add(fine, "clock and events", "no event is of a time to come")
}

func (d *diagnosis) zone(is app.About) {
	if _, err := time.LoadLocation(is.TimeZone); err != nil {
		d.add(broken, "time zone", "%s. Set store.time_zone to another one", err)
		return
	}
	d.add(fine, "time zone", "%s", is.TimeZone)
}

// freshBackup is how old the last backup may be.
const freshBackup = 7 * 24 * time.Hour

func (d *diagnosis) backups(is app.About, now time.Time) {
	const what = "backup"
	switch {
	case is.TestMode:
		d.add(fine, what, "not needed: this is a test store")
	case is.LastBackup == nil:
		d.add(doubtful, what, "'keystead backup' never ran. If you have no backups of another kind, make one")
	case now.Sub(*is.LastBackup) > freshBackup:
		d.add(doubtful, what, "the last one is of %s. Make one every day", when(is.LastBackup))
	default:
		d.add(fine, what, "the last one is of %s", when(is.LastBackup))
	}
}

func (d *diagnosis) jobs(is app.About) {
	if is.FailedJobs > 0 {
		d.add(doubtful, "jobs", "%d have failed. Look at them in the staff area under Automation", is.FailedJobs)
		return
	}
	d.add(fine, "jobs", "none has failed")
}

func (d *diagnosis) address(is app.About) {
	const what = "address"
	switch {
	case is.TestMode:
	case is.BaseURL == "":
		d.add(doubtful, what, "store.base_url is not set, so links begin with whatever address was asked. Set it with --base-url")
	case !strings.HasPrefix(is.BaseURL, "https://"):
		d.add(doubtful, what, "%s is not encrypted. Put a proxy with TLS in front", is.BaseURL)
	default:
		d.add(fine, what, "%s", is.BaseURL)
	}
}
