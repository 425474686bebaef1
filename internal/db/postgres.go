package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db/query"
)

const (
	writeTries  = 10               // runs of one write before a serialization failure is given to the caller
	connectWait = 5 * time.Second  // how long a new connection may take, unless the URL says it
	askTime     = 10 * time.Second // how often the server is asked for the time

	// idleLimit is a setting of the server: for how long a transaction may stand still between two statements. The locks of a
	// process that is frozen, or cut off, would keep all others out for as long as it is.
	idleLimit = "idle_in_transaction_session_timeout"
	idleTime  = "60s"
)

func (d *DB) openPostgres(ctx context.Context, c Config) error {
	cfg, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return fmt.Errorf("database URL: %w", err)
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectWait
	}
	// Pages are answered in milliseconds; compiling their plans would take longer than running them.
	cfg.RuntimeParams["jit"] = "off"
	if cfg.RuntimeParams[idleLimit] == "" {
		cfg.RuntimeParams[idleLimit] = idleTime
	}
	pg := stdlib.OpenDB(*cfg)
	conns := c.Conns
	if conns == 0 {
		conns = max(16, 8*runtime.NumCPU())
	}
	pg.SetMaxOpenConns(conns)
	pg.SetMaxIdleConns(conns)
	if err := migrate(ctx, pg, Postgres, c.Schema); err != nil {
		return errors.Join(err, pg.Close())
	}
	if err := d.followServer(ctx, pg); err != nil {
		return errors.Join(err, pg.Close())
	}
	d.pg = pg
	return nil
}

// followServer asks the server for the time when that was long ago. An answer that took its time never puts the clock ahead:
// whoever is behind takes nobody's lease too early.
func (d *DB) followServer(ctx context.Context, on query.DBTX) error {
	if d.server == nil || d.server.Age() < askTime {
		return nil
	}
	return d.server.Follow(func() (time.Time, error) {
		var now clock.Instant
		if err := on.QueryRowContext(ctx, "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)").Scan(&now); err != nil {
			return time.Time{}, fmt.Errorf("the time of the database's server: %w", err)
		}
		return now.Time(), nil
	})
}

// settleIn is how every transaction begins: it learns what time it is elsewhere, and may take its time where it is patient.
func (d *DB) settleIn(ctx context.Context, on query.DBTX) error {
	if patient(ctx) {
		if _, err := on.ExecContext(ctx, "SET LOCAL "+idleLimit+" = 0"); err != nil {
			return err
		}
	}
	if err := d.followServer(ctx, on); err != nil {
		return err
	}
	return d.readStill(ctx, on)
}

// begin starts a transaction. Connections that ended while they were idle (the server was restarted, another took
// over) are found out here, before anything has happened: each is thrown away and the next one tried.
func (d *DB) begin(ctx context.Context, o *sql.TxOptions) (*sql.Tx, error) {
	for idle := d.pg.Stats().Idle; ; idle-- {
		t, err := d.pg.BeginTx(ctx, o)
		var ce *pgconn.ConnectError
		if err == nil || idle <= 0 || !died(err) || errors.As(err, &ce) {
			return t, err
		}
	}
}

func (d *DB) readPostgres(ctx context.Context, f func(tx *Tx) error) error {
	t, err := d.begin(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = t.Rollback() }() // nothing was written
	if err := d.settleIn(ctx, t); err != nil {
		return err
	}
	return f(d.newTx(t))
}

func (d *DB) writePostgres(ctx context.Context, f func(tx *Tx) error) error {
	for try := 1; ; try++ {
		tx, err := d.tryPostgres(ctx, f)
		if err == nil {
			for _, hook := range tx.onCommit {
				hook()
			}
			return nil
		}
		var pe *pgconn.PgError
		retry := errors.As(err, &pe) && (pe.Code == "40001" || pe.Code == "40P01") // serialization failure, deadlock
		if !retry || try == writeTries {
			return err
		}
		select {
		case <-time.After(time.Duration(rand.Int64N(int64(try) * int64(5*time.Millisecond)))):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (d *DB) tryPostgres(ctx context.Context, f func(tx *Tx) error) (*Tx, error) {
	t, err := d.begin(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return nil, err
	}
	defer func() { _ = t.Rollback() }() // does nothing after a commit
	if err := d.settleIn(ctx, t); err != nil {
		return nil, err
	}
	if relaxed(ctx) {
		if _, err := t.ExecContext(ctx, "SET LOCAL synchronous_commit = off"); err != nil {
			return nil, err
		}
	}
	tx := d.newTx(t)
	if err = f(tx); err == nil {
		err = t.Commit()
	}
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		err = ctx.Err() // why it was done
	}
	return tx, err
}

type patientKey struct{}

// Patient returns a context whose transactions may stand still for as long as they like between two statements, such as one that
// writes what it has read to a slow disk. It is for what keeps nobody out: reads, and filling a store that nobody uses yet.
func Patient(ctx context.Context) context.Context { return context.WithValue(ctx, patientKey{}, true) }

func patient(ctx context.Context) bool {
	is, _ := ctx.Value(patientKey{}).(bool)
	return is
}

// PgURL is the URL of a PostgreSQL store, for connections of a kind of their own (LISTEN). Empty on SQLite.
func (d *DB) PgURL() string { return d.pgURL }
