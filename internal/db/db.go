// Package db is the one place where Keystead meets its database: SQLite in a folder, or PostgreSQL behind a URL.
//
// Both speak the same SQL, written once in PostgreSQL's dialect (queries/, generated into query/). A transaction is
// a function: [DB.Read] and [DB.Write] run it, commit when it returns nil, roll back otherwise. A write may run more
// than once (a serialization failure on PostgreSQL, a failed neighbour in SQLite's group commit), so the function
// sets its results afresh each time and has no effect outside the transaction; what must follow a commit goes to
// [Tx.OnCommit].
//
// A transaction in a context is joined: within [With], Read and Write run inside it, a Write as a savepoint.
package db

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keystead/keystead/internal/clock"
	"github.com/keystead/keystead/internal/db/query"
)

// Engine names the database behind a DB.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Config says where the store lives. Exactly one of Dir and URL is set.
type Config struct {
	Dir   string // folder of a SQLite store; the file in it is keystead.db
	URL   string // postgres://… of a PostgreSQL store
	Conns int    // most connections to PostgreSQL; 0: 8 for each processor, at least 16
	// LockWait is how long a write waits while another process holds the lock of a SQLite file; 0: 10 seconds.
	LockWait time.Duration
	// Schema is the version at which migrations stop, for what belongs to an older one; 0: the newest.
	Schema int64
	// Clock tells the store's time; nil: the real one. On PostgreSQL that is its server's, so that all processes of a store
	// agree on it, whatever their machines believe.
	Clock clock.Clock
	// Wall tells the real time, for what is no business of the store: sessions, tokens, leases. It differs from Clock only
	// in a test store, where Clock stands still; nil: Clock.
	Wall   clock.Clock
	Logger *slog.Logger
}

// DB is an open store. It is safe for concurrent use.
type DB struct {
	engine Engine
	clock  clock.Clock
	wall   clock.Clock     // nil: clock
	server *clock.Follower // the clock of PostgreSQL's server; nil: nobody goes by it
	still  *stillClock     // nil: the clock is not the store's own
	log    *slog.Logger
	lite   *lite   // nil on PostgreSQL
	pg     *sql.DB // nil on SQLite
	pgURL  string
	ids    idSource
	begun  atomic.Int64
	// attached is what rooms keep with the store.
	attached sync.Map
}

// Open opens the store, creates it when it does not exist, and migrates it to the schema of this program.
func Open(ctx context.Context, c Config) (*DB, error) {
	d := &DB{clock: c.Clock, wall: c.Wall, log: c.Logger, pgURL: c.URL}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	var err error
	switch {
	case c.Clock != nil:
	case c.URL != "":
		d.server = &clock.Follower{}
		d.clock = d.server
	default:
		d.clock = clock.System()
	}
	switch {
	case c.Dir != "" && c.URL != "":
		return nil, errors.New("a store is either a data folder or a database URL, not both")
	case c.URL != "":
		d.engine = Postgres
		err = d.openPostgres(ctx, c)
	case c.Dir != "":
		d.engine = SQLite
		d.lite, err = openLite(ctx, c, d.log)
	default:
		return nil, errors.New("no store given: set a data folder or a database URL")
	}
	if err != nil {
		return nil, fmt.Errorf("open the %s store: %w", d.engine, err)
	}
	return d, nil
}

// Close waits for the running transactions and closes the store. Closing again does nothing.
func (d *DB) Close() error {
	if d.lite != nil {
		return d.lite.close()
	}
	return d.pg.Close()
}

// Begun is how many transactions have begun since the store was opened, those not counted that joined another one: what a piece
// of work costs.
func (d *DB) Begun() int64 { return d.begun.Load() }

// Engine tells which database this is, for the few places where they differ.
func (d *DB) Engine() Engine { return d.engine }

// Clock tells the store's time, which transactions take their Now from. All business goes by it.
func (d *DB) Clock() clock.Clock { return d.clock }

// Wall tells the real time, which transactions take their Wall from: for secrets that run out, for limits, for leases. In
// a test store it goes on while the store's clock stands.
func (d *DB) Wall() clock.Clock {
	if d.wall == nil {
		return d.clock
	}
	return d.wall
}

// Attach keeps a value with the store and returns it, or the one that is kept there for this key already. It is for rooms
// whose verbs are given nothing but a transaction. A key is of a type of the room's own, as those of a context are.
func (d *DB) Attach(key, value any) (kept any) {
	kept, _ = d.attached.LoadOrStore(key, value)
	return kept
}

// Attached returns what is kept with the transaction's store for this key, nil if that is nothing.
func (tx *Tx) Attached(key any) any {
	value, _ := tx.attached.Load(key)
	return value
}

// Tx is a running transaction: the generated queries and the instant at which it takes place.
type Tx struct {
	*query.Queries
	// Now is the transaction's instant: UTC, microseconds, taken once.
	Now time.Time
	// Stamp is Now as it is stored.
	Stamp clock.Instant
	// Wall is the same instant in real time; see [DB.Wall].
	Wall time.Time
	// WallStamp is Wall as it is stored.
	WallStamp clock.Instant

	engine   Engine
	raw      query.DBTX
	ids      *idSource
	attached *sync.Map
	onCommit []func()
	depth    int
}

func (d *DB) newTx(raw query.DBTX) *Tx {
	d.begun.Add(1)
	now := d.clock.Now().UTC().Truncate(time.Microsecond)
	wall := now
	if d.wall != nil {
		wall = d.wall.Now().UTC().Truncate(time.Microsecond)
	}
	return &Tx{
		Queries: query.New(raw), Now: now, Stamp: clock.FromTime(now), Wall: wall, WallStamp: clock.FromTime(wall),
		engine: d.engine, raw: raw, ids: &d.ids, attached: &d.attached,
	}
}

// NewID is [Tx.NewID] for what is written past the transactions of this package.
func (d *DB) NewID(prefix string) string { return prefix + "_" + d.ids.next(d.clock.Now()) }

// Engine tells which database the transaction runs on.
func (tx *Tx) Engine() Engine { return tx.engine }

// SQL gives the connection for statements that are put together at run time (list pages). They use $n.
func (tx *Tx) SQL() query.DBTX { return tx.raw }

// NewID returns a new identifier "prefix_…", unique, and later ones of this process sort after earlier ones.
func (tx *Tx) NewID(prefix string) string { return prefix + "_" + tx.ids.next(tx.Now) }

// OnCommit runs f after the transaction has committed, before its caller is answered. It is not run on rollback. The
// functions of transactions that commit at the same time run at the same time.
func (tx *Tx) OnCommit(f func()) { tx.onCommit = append(tx.onCommit, f) }

// Savepoint runs f so that its failure undoes only what f did. It returns f's error.
func (tx *Tx) Savepoint(ctx context.Context, f func() error) error {
	ctx = context.WithoutCancel(ctx)
	tx.depth++
	name := fmt.Sprintf("s%d", tx.depth)
	defer func() { tx.depth-- }()
	if _, err := tx.raw.ExecContext(ctx, "SAVEPOINT "+name); err != nil {
		return err
	}
	hooks := len(tx.onCommit)
	if err := f(); err != nil {
		tx.onCommit = tx.onCommit[:hooks]
		if _, rerr := tx.raw.ExecContext(ctx, "ROLLBACK TO SAVEPOINT "+name); rerr != nil {
			return errors.Join(err, tx.lose(rerr))
		}
		if _, rerr := tx.raw.ExecContext(ctx, "RELEASE SAVEPOINT "+name); rerr != nil {
			return errors.Join(err, tx.lose(rerr))
		}
		return err
	}
	if _, err := tx.raw.ExecContext(ctx, "RELEASE SAVEPOINT "+name); err != nil {
		return tx.lose(err)
	}
	return nil
}

// lose marks the transaction as one that can't be committed any more. PostgreSQL keeps that in mind by itself.
func (tx *Tx) lose(err error) error {
	if t, ok := tx.raw.(*liteTx); ok {
		t.lose(err)
	}
	return err
}

// lostError says that a whole transaction is gone, not only the savepoint in it.
type lostError struct{ err error }

func (e *lostError) Error() string { return "transaction lost: " + e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

type txKey struct{}

// With returns a context in which Read and Write join tx.
func With(ctx context.Context, tx *Tx) context.Context { return context.WithValue(ctx, txKey{}, tx) }

// Joined reports whether Read and Write in ctx would join a transaction, for what must never be part of one.
func Joined(ctx context.Context) bool { return joined(ctx) != nil }

func joined(ctx context.Context) *Tx {
	tx, _ := ctx.Value(txKey{}).(*Tx)
	return tx
}

// Read runs f in a read-only transaction that sees one state of the store.
func (d *DB) Read(ctx context.Context, f func(tx *Tx) error) error {
	if tx := joined(ctx); tx != nil {
		return f(tx)
	}
	if d.lite != nil {
		return explain(d.lite.read(ctx, d, f))
	}
	return explain(d.readPostgres(ctx, f))
}

// Write runs f in a read-write transaction and returns after its commit is durable. f may run more than once.
func (d *DB) Write(ctx context.Context, f func(tx *Tx) error) error {
	if tx := joined(ctx); tx != nil {
		return tx.Savepoint(ctx, func() error { return f(tx) })
	}
	if d.lite != nil {
		return explain(d.lite.write(ctx, d, f))
	}
	return explain(d.writePostgres(ctx, f))
}

// Try runs f as [DB.Write] does and then takes everything back: what f finds is what would be, had it been written. What
// it asks for on commit does not happen.
func (d *DB) Try(ctx context.Context, f func(tx *Tx) error) error {
	err := d.Write(ctx, func(tx *Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		return errTried
	})
	if errors.Is(err, errTried) {
		return nil
	}
	return err
}

var errTried = errors.New("tried, and taken back")

// idSource makes identifiers: 45 bits of milliseconds, 55 bits of which the upper part counts within a millisecond
// and the rest is random, written in 20 letters of Crockford's base 32, so that they sort by age.
type idSource struct {
	mu     sync.Mutex
	millis int64
	low    uint64
}

const (
	idAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	idLowBits  = 55
)

func (s *idSource) next(now time.Time) string {
	var r [8]byte
	_, _ = rand.Read(r[:]) // never fails: crypto/rand ends the process instead
	random := uint64(r[0])<<32 | uint64(r[1])<<24 | uint64(r[2])<<16 | uint64(r[3])<<8 | uint64(r[4])
	s.mu.Lock()
	millis := now.UnixMilli()
	if millis > s.millis {
		s.millis, s.low = millis, random<<10|uint64(r[5])
	} else {
		// The same millisecond, or a clock that went back: go on from the last one, by a random step.
		s.low += random>>8 + 1
		if s.low >= 1<<idLowBits {
			s.millis++
			s.low = random
		}
	}
	m, low := uint64(s.millis), s.low
	s.mu.Unlock()
	return encodeID(m, low)
}

// resume lets identifiers go on after one that another process made last at an instant at which the clock still stands, and
// with room for those that it made after that one. An empty one, or a clock that has moved on, needs nothing.
func (s *idSource) resume(last string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.millis, s.low = 0, 0
	_, letters, _ := strings.Cut(last, "_")
	if len(letters) != 20 {
		return
	}
	var m, low uint64
	for i, c := range letters {
		digit := uint64(max(0, strings.IndexRune(idAlphabet, c)))
		if i < 9 {
			m = m<<5 | digit
		} else {
			low = low<<5 | digit
		}
	}
	s.millis, s.low = int64(m), low+1<<45
}

// FirstID is the lowest identifier with this prefix that can have been made at t or later.
func FirstID(prefix string, t time.Time) string {
	return prefix + "_" + encodeID(uint64(max(0, t.UnixMilli())), 0)
}

func encodeID(m, low uint64) string {
	var b [20]byte
	for i := 19; i >= 9; i-- {
		b[i] = idAlphabet[low&31]
		low >>= 5
	}
	for i := 8; i >= 0; i-- {
		b[i] = idAlphabet[m&31]
		m >>= 5
	}
	return string(b[:])
}
