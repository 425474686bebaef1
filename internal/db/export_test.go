package db

import (
	"context"
)

// Queued is how many writes wait for the group that comes after the running one.
func (d *DB) Queued() int { return len(d.lite.queue) }

// Prepare prepares a statement on a connection that reads.
func (d *DB) Prepare(ctx context.Context, q string) error {
	return d.Read(ctx, func(tx *Tx) error {
		s, err := tx.raw.PrepareContext(ctx, q)
		if err == nil {
			defer func() { _ = s.Close() }()
		}
		return err
	})
}

// ForgeVersion makes the store look as if a later program had migrated it.
func (d *DB) ForgeVersion(ctx context.Context, v int64) error {
	sqlDB := d.pg
	if d.lite != nil {
		sqlDB = d.lite.writeDB
	}
	_, err := sqlDB.ExecContext(ctx, "INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, $2)", v, true)
	return err
}

// Migrate runs the migrations again.
func (d *DB) Migrate(ctx context.Context) error {
	if d.lite != nil {
		return migrate(ctx, d.lite.writeDB, SQLite, 0)
	}
	return migrate(ctx, d.pg, Postgres, 0)
}
