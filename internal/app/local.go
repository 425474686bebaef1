package app

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/keystead/keystead/internal/backup"
	"github.com/keystead/keystead/internal/db"
	"github.com/keystead/keystead/internal/event"
	"github.com/keystead/keystead/internal/fail"
	"github.com/keystead/keystead/internal/job"
	"github.com/keystead/keystead/internal/recovery"
	"github.com/keystead/keystead/internal/web"
	"github.com/keystead/keystead/internal/web/adminapi"
	"github.com/keystead/keystead/internal/web/licenseapi"
)

// What commands reach besides the admin API. Like all of it, it is for whoever owns the store.
const (
	AboutPath  = "/local/about"  // GET: an [About]
	BackupPath = "/local/backup" // POST, [BackupRequest]: the backup itself
)

// About is what a command may want to know of a store and of the process that has it open.
type About struct {
	Version     string     `json:"version"` // of the program
	StoreID     string     `json:"store_id"`
	TestMode    bool       `json:"test_mode"`
	Engine      db.Engine  `json:"engine"`
	Schema      int64      `json:"schema"`
	KnownSchema int64      `json:"known_schema"` // to the program
	Now         time.Time  `json:"now"`
	LastEvent   *time.Time `json:"last_event"`
	LastBackup  *time.Time `json:"last_backup"`
	// Recovery is since when it is restored, and not confirmed; nil: it is not.
	Recovery   *recovery.Since `json:"recovery"`
	FailedJobs int             `json:"failed_jobs"`
	// PostgresVersion is server_version_num; 0 on SQLite.
	PostgresVersion int    `json:"postgres_version"`
	BaseURL         string `json:"base_url"`
	TimeZone        string `json:"time_zone"`
}

// BackupRequest says how a backup is written.
type BackupRequest struct {
	Passphrase string `json:"passphrase"`
	WithoutKey bool   `json:"without_key"`
}

// localRoutes puts what commands need beside the admin API: the license API and what stands above.
func (a *App) localRoutes(admin, licenses http.Handler, version string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(adminapi.Base+"/", admin)
	mux.Handle(licenseapi.OwnMount, licenses)
	mux.Handle("GET "+AboutPath, web.Handle(a.log, renderLocal, func(w http.ResponseWriter, r *http.Request) error {
		about, err := a.about(r.Context(), version)
		if err != nil {
			return err
		}
		return json.NewEncoder(w).Encode(about)
	}))
	mux.Handle("POST "+BackupPath, web.Handle(a.log, renderLocal, func(w http.ResponseWriter, r *http.Request) error {
		return a.serveBackup(w, r, version)
	}))
	return mux
}

// renderLocal is a web.Renderer for the commands of this program.
func renderLocal(w http.ResponseWriter, _ *http.Request, e *fail.Error) {
	w.WriteHeader(e.Kind.Status())
	p := adminapi.Problem{Status: e.Kind.Status(), Code: e.Code, Detail: e.Detail}
	if e.Err != nil {
		p.Detail += " (" + e.Err.Error() + ")" // the owner may know
	}
	_ = json.NewEncoder(w).Encode(p) // a command that was interrupted needs no answer
}

func (a *App) about(ctx context.Context, version string) (About, error) {
	settings, err := a.Settings.Get(ctx)
	if err != nil {
		return About{}, err
	}
	is := About{
		Version: version, StoreID: a.Facts.StoreID, TestMode: a.Facts.TestMode, Engine: a.DB.Engine(), Now: a.DB.Clock().Now(),
		BaseURL: settings.BaseURL, TimeZone: settings.TimeZone.String(),
	}
	if is.Schema, is.KnownSchema, err = a.DB.SchemaVersion(ctx); err != nil {
		return About{}, err
	}
	if is.LastEvent, err = a.latest(ctx, ""); err != nil {
		return About{}, err
	}
	if is.LastBackup, err = a.latest(ctx, backup.EventWritten); err != nil {
		return About{}, err
	}
	failed, _, err := a.Jobs.List(ctx, job.Filter{State: job.Failed})
	if err != nil {
		return About{}, err
	}
	is.FailedJobs = len(failed)
	err = a.DB.Read(ctx, func(tx *db.Tx) error {
		if tx.Engine() == db.Postgres {
			if err := tx.SQL().QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int").Scan(&is.PostgresVersion); err != nil {
				return err
			}
		}
		is.Recovery, err = recovery.Read(ctx, tx)
		return err
	})
	return is, err
}

// latest is when an event of a type happened last; nil: never.
func (a *App) latest(ctx context.Context, kind string) (*time.Time, error) {
	found, err := a.Events.Recent(ctx, "", event.Filter{Type: kind, Limit: 1})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0].OccurredAt, nil
}

// Source is the store as a backup reads it.
func (a *App) Source(version string) backup.Source {
	return backup.Source{
		DB: a.DB, Releases: a.Releases, Key: a.key, StoreID: a.Facts.StoreID, TestMode: a.Facts.TestMode, Version: version, Flush: a.Counts.Flush,
	}
}

// serveBackup streams a backup. An error in the middle breaks the connection, and what arrived is no backup.
func (a *App) serveBackup(w http.ResponseWriter, r *http.Request, version string) error {
	var in BackupRequest
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return fail.Malformed("INVALID_REQUEST", "The request can't be read.").Because(err)
	}
	if in.Passphrase == "" && !in.WithoutKey {
		return fail.Invalid("passphrase", backup.ErrNoPassphrase.Error())
	}
	web.Unhurried(w)
	w.Header().Set("Content-Type", "application/gzip")
	begun := &begunWriter{ResponseWriter: w}
	_, err := backup.Write(r.Context(), begun, a.Source(version), backup.Options{Passphrase: in.Passphrase, WithoutKey: in.WithoutKey}, nil)
	if err != nil && begun.begun {
		a.log.Error("backup failed", "err", err)
		panic(http.ErrAbortHandler)
	}
	return err
}

// begunWriter knows whether an answer has begun.
type begunWriter struct {
	http.ResponseWriter
	begun bool
}

func (b *begunWriter) Write(p []byte) (int, error) {
	b.begun = true
	return b.ResponseWriter.Write(p)
}
